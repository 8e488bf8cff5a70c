namespace AIaaS.EventStore.Tests.Serialization;

public sealed class Reading_an_event_of_an_old_form
{
    [Test]
    public void brings_it_up_step_by_step() =>
        Shop.Types.Read("customer.renamed", """{"n":"Ada Byron"}"""u8).Should().Be(new Renamed("Ada", "Byron"));

    [Test]
    public void begins_at_the_step_of_its_form() =>
        Shop.Types.Read("customer.renamed.v2", """{"name":"Ada Byron"}"""u8).Should().Be(new Renamed("Ada", "Byron"));

    [Test]
    public void says_so_when_a_step_fails() =>
        FluentActions.Invoking(() => Shop.Types.Read("customer.renamed.v2", """{"name":"Ada"}"""u8))
            .Should().Throw<UnreadableEventException>().WithMessage("*customer.renamed.v2*two words*");

    [Test]
    public void finds_all_names_that_a_record_lies_under() =>
        Shop.Types.NamesOf(typeof(Renamed)).Should().Equal("customer.renamed.v3", "customer.renamed", "customer.renamed.v2");
}

public sealed class Reading_a_recorded_event
{
    private static readonly RecordedEvent Renaming = new(new Guid(1, 2, 3, [4, 5, 6, 7, 8, 9, 10, 11]), "customer-acme_1", 0, new(1), "customer.renamed", """{"n":"Ada Byron"}"""u8.ToArray(), default, true, DateTimeOffset.UnixEpoch);

    [Test]
    public void makes_it_once()
    {
        var recorded = Renaming with { };
        var first = Shop.Types.Read(recorded);
        Shop.Types.Read(recorded).Should().BeSameAs(first);
        EventEnvelope.Read(Shop.Types, recorded).Event.Should().BeSameAs(first);
    }

    [Test]
    public void reads_a_copy_with_other_data_anew()
    {
        var recorded = Renaming with { };
        Shop.Types.Read(recorded);
        Shop.Types.Read(recorded with { Data = """{"n":"Grace Hopper"}"""u8.ToArray() }).Should().Be(new Renamed("Grace", "Hopper"));
    }

    [Test]
    public void makes_no_other_event_of_it()
    {
        var recorded = Renaming with { };
        Shop.Types.Read(recorded);
        recorded.Should().Be(Renaming);
        recorded.GetHashCode().Should().Be(Renaming.GetHashCode());
    }
}

public sealed class Reading_an_event_that_cannot_be_read
{
    [TestCase("no.such.type", "{}", "*not registered*")]
    [TestCase("order.placed", "{", "*order.placed*")]
    [TestCase("order.placed", "null", "*null*")]
    [TestCase("order.placed", "[]", "*order.placed*")]
    [TestCase("order.placed", """{"order":"o1"}""", "*total*")]
    [TestCase("order.placed", """{"order":"o1","total":1,"more":2}""", "*more*")]
    [TestCase("customer.renamed", "[]", "*not a JSON object*")]
    public void names_the_type_and_the_fault(string type, string data, string message) =>
        FluentActions.Invoking(() => Shop.Types.Read(type, System.Text.Encoding.UTF8.GetBytes(data)))
            .Should().Throw<UnreadableEventException>().WithMessage(message);

    [Test]
    public void covers_its_metadata_too() =>
        FluentActions.Invoking(() => EventMetadata.Read("[1]"u8)).Should().Throw<UnreadableEventException>();
}

public sealed class Leaving_out_what_is_null
{
    [Test]
    public void reads_back_as_null_at_every_depth()
    {
        var moved = new Moved("c1", new("Mill Lane", null), null, null);
        var written = Shop.Types.Write(NamedId.Of("x"), moved, new EventMetadata());
        System.Text.Encoding.UTF8.GetString(written.Data.Span).Should().Be("""{"customer":"c1","to":{"street":"Mill Lane"}}""");
        Shop.Types.Read("customer.moved", written.Data.Span).Should().Be(moved);
    }

    [Test]
    public void still_misses_what_may_not_be_null() =>
        FluentActions.Invoking(() => Shop.Types.Read("customer.moved", """{"to":{"house":"7"}}"""u8))
            .Should().Throw<UnreadableEventException>().WithMessage("*street*");
}

public sealed class Registering_event_types
{
    [Test]
    public void takes_the_schema_version_from_the_name()
    {
        Shop.Types.Of(new Renamed("Ada", "Byron")).Schema.Should().Be(3);
        Shop.Types.Of(new Granted(1)).Schema.Should().Be(1);
    }

    [Test]
    public void refuses_a_name_twice() =>
        FluentActions.Invoking(() => new EventTypes.Builder().Add("a.b", ShopJson.Default.Granted, "x", new(1)).Add("a.b", ShopJson.Default.Released, "x", new("r")))
            .Should().Throw<ArgumentException>().WithMessage("*a.b*");

    [Test]
    public void refuses_upcasters_that_lead_nowhere() =>
        FluentActions.Invoking(() => new EventTypes.Builder().Upcast("a", "b", o => o).Build())
            .Should().Throw<InvalidOperationException>().WithMessage("*'b'*not registered*");

    [Test]
    public void refuses_upcasters_in_a_circle() =>
        FluentActions.Invoking(() => new EventTypes.Builder().Upcast("a", "b", o => o).Upcast("b", "a", o => o).Build())
            .Should().Throw<InvalidOperationException>().WithMessage("*circle*");

    [Test]
    public void gives_every_platform_type_an_example_that_reads_back_as_written()
    {
        foreach (var type in PlatformEventTypes.Register(new EventTypes.Builder()).Build().All)
        {
            var written = Shop.Types.Write(NamedId.Of("x"), type.Example, new EventMetadata());
            Shop.Types.Write(NamedId.Of("x"), Shop.Types.Read(type.Name, written.Data.Span), new EventMetadata()).Data.ToArray()
                .Should().Equal(written.Data.ToArray(), "{0} must not lose anything", type.Name);
        }
    }
}
