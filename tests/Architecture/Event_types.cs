using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using AIaaS.Api.Cli;
using AIaaS.Domain;
using AIaaS.EventStore;

namespace AIaaS.Architecture;

public sealed partial class Event_types
{
    private static EventTypes Registered { get; } = DomainEventTypes.Create();

    private static IEnumerable<EventType> OfTheProduct => Registered.All.Where(t => t.Clr.Assembly == typeof(DomainEventTypes).Assembly);

    private static IEnumerable<TestCaseData> Product => OfTheProduct.Select(t => new TestCaseData(t).SetArgDisplayNames(t.Name));

    private static IEnumerable<TestCaseData> All => Registered.All.Select(t => new TestCaseData(t).SetArgDisplayNames(t.Name));

    [Test]
    public void are_registered_for_every_event_record_of_the_domain() =>
        typeof(DomainEventTypes).Assembly.GetTypes()
            .Where(t => typeof(DomainEvent).IsAssignableFrom(t) && !t.IsAbstract)
            .Should().BeSubsetOf(Registered.All.Select(t => t.Clr));

    [TestCaseSource(nameof(All))]
    public void have_an_example_that_survives_writing_and_reading(EventType type)
    {
        type.Example.Should().BeOfType(type.Clr);
        var first = JsonSerializer.Serialize(type.Example, type.Json);
        var read = JsonSerializer.Deserialize(first, type.Json);
        JsonSerializer.Serialize(read, type.Json).Should().Be(first);
    }

    [TestCaseSource(nameof(All))]
    public void read_back_through_the_registration(EventType type)
    {
        var written = Registered.Write(NamedId.Of(type.Name), type.Example, new EventMetadata { Tenant = "acme" });
        Registered.Read(written.Type, written.Data.Span).Should().BeOfType(type.Clr);
    }

    [TestCaseSource(nameof(All))]
    public void are_named_in_dotted_lower_case_words(EventType type) => type.Name.Should().MatchRegex(@"^[a-z]+(-[a-z]+)*(\.[a-z]+(-[a-z]+)*)+(\.v[2-9][0-9]*)?$");

    [TestCaseSource(nameof(All))]
    public void go_to_streams_with_a_category_of_letters(EventType type) => type.Category.Should().MatchRegex("^[a-z][A-Za-z]*$");

    [Test]
    public void of_one_category_belong_to_one_capability() =>
        OfTheProduct
            // Whoever calls a tool, a run or a saga, records the call in its own stream.
            .Where(t => !t.Name.StartsWith("tool.call.", StringComparison.Ordinal))
            // A process manager of any capability keeps what it knows in the stream of its saga.
            .Where(t => t.Category != "saga")
            .GroupBy(t => t.Category)
            .Select(g => (Category: g.Key, Capabilities: g.Select(t => t.Clr.Namespace).Distinct().Count()))
            .Where(g => g.Capabilities > 1)
            .Should().BeEmpty();

    [Test]
    public void of_the_product_never_go_to_the_streams_of_the_platform() =>
        OfTheProduct.Where(t => PlatformStreams.Contains(t.Category + "-x")).Select(t => t.Name).Should().BeEmpty();

    [TestCaseSource(nameof(Product))]
    public void are_named_in_the_documentation_of_their_record(EventType type)
    {
        var summary = DomainDocumentation.Value.Descendants("member").Single(m => (string)m.Attribute("name")! == "T:" + type.Clr.FullName).Element("summary")!.Value;
        summary.Should().Contain($"Type {type.Name}");
    }

    [TestCaseSource(nameof(Product))]
    public void say_what_each_of_their_fields_means(EventType type)
    {
        var member = DomainDocumentation.Value.Descendants("member").Single(m => (string)m.Attribute("name")! == "T:" + type.Clr.FullName);
        var described = member.Elements("param").Where(p => p.Value.Trim().Length > 0).Select(p => (string)p.Attribute("name")!);
        type.Clr.GetConstructors(BindingFlags.Instance | BindingFlags.Public).MaxBy(c => c.GetParameters().Length)!
            .GetParameters().Select(p => p.Name!).Should().BeSubsetOf(described);
    }

    [Test]
    public void stand_in_the_catalogue_as_they_are() =>
        Repository.Read("docs/events.md").Should().Be(EventCatalog.Render(), "docs/events.md is written by 'make catalog'");

    [TestCaseSource(nameof(All))]
    public void have_a_section_of_the_catalogue(EventType type) =>
        Headings().Matches(Repository.Read("docs/events.md")).Select(m => m.Groups[1].Value).Should().Contain(type.Name);

    private static Lazy<XDocument> DomainDocumentation { get; } = new(() => XDocument.Parse(
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "AIaaS.Domain.xml"), Encoding.UTF8)));

    [GeneratedRegex("^## (.+)$", RegexOptions.Multiline)]
    private static partial Regex Headings();
}
