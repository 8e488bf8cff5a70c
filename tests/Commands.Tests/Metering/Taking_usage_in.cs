using System.Globalization;
using System.Text;
using AIaaS.Commands.Metering;
using AIaaS.Domain;
using AIaaS.Domain.Metering;
using AIaaS.EventStore;
using Commands.Tests.Support;

namespace Commands.Tests.Metering;

/// <summary>A log of usage with one meter, and what it holds.</summary>
internal sealed class UsageWorld : IAsyncDisposable
{
    public const string Tenant = "acme";
    public const string Type = "com.example.upload";

    private TemporaryLog log = null!;

    public ManualTime Time { get; } = new();

    public EventTypes Types { get; } = DomainEventTypes.Create();

    public IEventStore Store => log.Store;

    public MeterService Meters { get; private set; } = null!;

    public UsageLog Usage { get; private set; } = null!;

    public static async Task<UsageWorld> OpenAsync()
    {
        var world = new UsageWorld();
        world.log = await TemporaryLog.OpenAsync(world.Time);
        world.Usage = world.NewUsageLog();
        await world.Meters.DeclareAsync(new(Tenant, new("uploaded_bytes", Type, Aggregation.Sum) { Value = "$.bytes" }, world.Time.GetUtcNow()), new(Tenant, "test"));
        return world;
    }

    /// <summary>Another process on the same log, or this one after a restart.</summary>
    public UsageLog NewUsageLog()
    {
        var registry = new MeterRegistry(Store, Types, Time);
        Meters ??= new(Store, Types, IdSource.From(Time), registry);
        return new(Store, registry, Time);
    }

    public Task<UsageAnswer[]> SendAsync(params (string Id, string Data)[] events) => SendAsync(Usage, events);

    public async Task<UsageAnswer[]> SendAsync(UsageLog usage, IEnumerable<(string Id, string Data)> events, DateTimeOffset? time = null)
    {
        using var batch = await usage.BeginAsync(Tenant, new EventMetadata { Tenant = Tenant });
        foreach (var (id, data) in events)
        {
            batch.Add("/shop", id, Type, null, time ?? Time.GetUtcNow().AddMinutes(-1), Encoding.UTF8.GetBytes(data));
        }

        await usage.RecordAsync(batch);
        return [.. Enumerable.Range(0, batch.Count).Select(i => batch[i])];
    }

    public async Task<List<UsageMetered>> RecordedAsync()
    {
        List<UsageMetered> all = [];
        await foreach (var recorded in Store.ReadStreamOrEmptyAsync(UsageMetered.Stream(Tenant)))
        {
            all.Add((UsageMetered)Types.Read(recorded.Type, recorded.Data.Span));
        }

        return all;
    }

    public async ValueTask DisposeAsync() => await log.DisposeAsync();

    public static string Bytes(int number) => string.Create(CultureInfo.InvariantCulture, $$"""{"bytes":{{number}}}""");
}

public sealed class Taking_usage_in
{
    private UsageWorld world = null!;

    [SetUp]
    public async Task Open() => world = await UsageWorld.OpenAsync();

    [TearDown]
    public async Task Close() => await world.DisposeAsync();

    [Test]
    public async Task records_each_event_once_and_numbers_it()
    {
        var first = await world.SendAsync(("a", UsageWorld.Bytes(1)), ("b", UsageWorld.Bytes(2)));
        first.Select(a => (a.Status, a.Sequence)).Should().Equal((UsageStatus.Accepted, 0), (UsageStatus.Accepted, 1));
        var second = await world.SendAsync(("b", UsageWorld.Bytes(2)), ("c", UsageWorld.Bytes(3)));
        second.Select(a => (a.Status, a.Sequence)).Should().Equal((UsageStatus.Duplicate, 1), (UsageStatus.Accepted, 2));
        (await world.RecordedAsync()).SelectMany(u => u.Readings).Sum(r => r.Value).Should().Be(6);
    }

    [Test]
    public async Task knows_what_came_before_a_restart()
    {
        await world.SendAsync(("a", UsageWorld.Bytes(1)));
        (await world.SendAsync(world.NewUsageLog(), [("a", UsageWorld.Bytes(1)), ("a", UsageWorld.Bytes(7)), ("b", UsageWorld.Bytes(1))])).Select(a => a.Status)
            .Should().Equal(UsageStatus.Duplicate, UsageStatus.Refused, UsageStatus.Accepted);
    }

    [Test]
    public async Task refuses_and_shows_other_content_under_a_known_id()
    {
        await world.SendAsync(("a", UsageWorld.Bytes(1)));
        var answer = (await world.SendAsync(("a", UsageWorld.Bytes(2)))).Single();
        answer.Error!.Code.Should().Be("duplicate-conflict");
        answer.Error.Message.Should().Contain("number 0");
        (await world.RecordedAsync()).Should().ContainSingle().Which.Readings[0].Value.Should().Be(1);
    }

    [Test]
    public async Task refuses_another_time_under_a_known_id()
    {
        var at = world.Time.GetUtcNow().AddHours(-1);
        await world.SendAsync(world.Usage, [("a", UsageWorld.Bytes(1))], at);
        (await world.SendAsync(world.Usage, [("a", UsageWorld.Bytes(1))], at)).Single().Status.Should().Be(UsageStatus.Duplicate);
        (await world.SendAsync(world.Usage, [("a", UsageWorld.Bytes(1))], at.AddSeconds(1))).Single().Error!.Code.Should().Be("duplicate-conflict");
    }

    [Test]
    public async Task tells_repetitions_within_one_batch()
    {
        var answers = await world.SendAsync(("a", UsageWorld.Bytes(1)), ("a", UsageWorld.Bytes(1)), ("a", UsageWorld.Bytes(2)), ("b", UsageWorld.Bytes(1)));
        answers.Select(a => a.Status).Should().Equal(UsageStatus.Accepted, UsageStatus.Duplicate, UsageStatus.Refused, UsageStatus.Accepted);
        (await world.RecordedAsync()).Should().HaveCount(2);
    }

    [Test]
    public async Task lets_one_bad_event_of_ten_thousand_stand_alone()
    {
        var events = Enumerable.Range(0, 10_000).Select(i => ($"e{i}", i == 5_000 ? """{"bytes":-1}""" : UsageWorld.Bytes(i))).ToArray();
        var answers = await world.SendAsync(world.Usage, events);
        answers.Count(a => a.Status == UsageStatus.Accepted).Should().Be(9_999);
        answers[5_000].Error!.Code.Should().Be("value-invalid");
        answers[9_999].Sequence.Should().Be(9_998);
        (await world.SendAsync(world.Usage, events)).Count(a => a.Status == UsageStatus.Duplicate).Should().Be(9_999);
        (await world.RecordedAsync()).SelectMany(u => u.Readings).Sum(r => r.Value).Should().Be(Enumerable.Range(0, 10_000).Sum() - 5_000);
    }

    [Test]
    public async Task tells_what_another_process_recorded_a_moment_before()
    {
        var (other, time) = (world.NewUsageLog(), world.Time.GetUtcNow());
        await world.SendAsync(world.Usage, [("before", UsageWorld.Bytes(0))], time);
        await world.SendAsync(other, [("same", UsageWorld.Bytes(1)), ("changed", UsageWorld.Bytes(2))], time);

        // The first process has not read that, and its events would come to stand just where the other's do.
        var answers = await world.SendAsync(world.Usage, [("same", UsageWorld.Bytes(1)), ("changed", UsageWorld.Bytes(3))], time);
        answers.Select(a => (a.Status, a.Error?.Code)).Should().Equal((UsageStatus.Duplicate, null), (UsageStatus.Refused, "duplicate-conflict"));
        (await world.RecordedAsync()).Select(u => (u.Id, u.Readings[0].Value)).Should().Equal(("before", 0), ("same", 1), ("changed", 2));
    }

    [Test]
    public async Task by_two_processes_at_once_records_each_event_once()
    {
        UsageLog[] processes = [world.NewUsageLog(), world.NewUsageLog()];
        var batches = Enumerable.Range(0, 40).Select(b => Enumerable.Range(b * 5, 25).Select(i => ($"e{i % 150}", UsageWorld.Bytes(i % 150))).ToArray()).ToArray();
        var answers = (await Task.WhenAll(processes.SelectMany(p => batches.Select(b => Task.Run(() => world.SendAsync(p, b)))))).SelectMany(a => a).ToArray();
        answers.Should().OnlyContain(a => a.Status != UsageStatus.Refused);
        answers.Count(a => a.Status == UsageStatus.Accepted).Should().Be(150);
        answers.GroupBy(a => a.Id).Should().OnlyContain(g => g.Select(a => a.Sequence).Distinct().Count() == 1, "both name the same number");
        var recorded = await world.RecordedAsync();
        recorded.Select(u => u.Id).Should().OnlyHaveUniqueItems().And.HaveCount(150);
        recorded.SelectMany(u => u.Readings).Sum(r => r.Value).Should().Be(Enumerable.Range(0, 150).Sum());
    }

    [Test]
    public async Task twice_and_in_any_order_gives_the_same_sums()
    {
        var random = new Random(4711);
        var events = Enumerable.Range(0, 300).Select(i => ($"e{i}", UsageWorld.Bytes(i))).ToArray();
        var sent = events.Concat(events).OrderBy(_ => random.Next()).Chunk(17).ToArray();
        foreach (var (chunk, i) in sent.Select((c, i) => (c, i)))
        {
            // Now and then the process starts anew.
            await world.SendAsync(i % 9 == 0 ? world.NewUsageLog() : world.Usage, chunk);
        }

        (await world.RecordedAsync()).SelectMany(u => u.Readings).Sum(r => r.Value).Should().Be(Enumerable.Range(0, 300).Sum());
    }

    [TestCase(6, "time-in-future")]
    [TestCase(4, null)]
    [TestCase(-34 * 24 * 60, null)]
    [TestCase(-36 * 24 * 60, "time-too-old")]
    public async Task takes_times_within_the_window(int minutes, string? code) =>
        (await world.SendAsync(world.Usage, [("a", UsageWorld.Bytes(1))], world.Time.GetUtcNow().AddMinutes(minutes))).Single().Error?.Code.Should().Be(code);

    [TestCase("", "/shop", "attribute-invalid")]
    [TestCase("  ", "/shop", "attribute-invalid")]
    [TestCase("a\u0000", "/shop", "attribute-invalid")]
    [TestCase("a", "", "attribute-invalid")]
    public async Task refuses_attributes_without_a_possible_value(string id, string source, string code)
    {
        using var batch = await world.Usage.BeginAsync(UsageWorld.Tenant, new EventMetadata());
        batch.Add(source, id, UsageWorld.Type, null, null, "{\"bytes\":1}"u8);
        batch.Add("/shop", "r", "aiaas.run", null, null, "{}"u8);
        batch.Add("/shop", "u", "com.example.unknown", null, null, "{}"u8);
        await world.Usage.RecordAsync(batch);
        batch[0].Error!.Code.Should().Be(code);
        batch[1].Error!.Code.Should().Be("type-reserved");
        batch[2].Error!.Code.Should().Be("type-unknown");
    }

    [Test]
    public async Task without_a_time_is_recognised_at_any_later_time()
    {
        await SendAsync();
        world.Time.Advance(TimeSpan.FromHours(5));
        (await SendAsync()).Should().Be(UsageStatus.Duplicate);

        async Task<UsageStatus> SendAsync()
        {
            using var batch = await world.Usage.BeginAsync(UsageWorld.Tenant, new EventMetadata());
            batch.Add("/shop", "a", UsageWorld.Type, null, null, "{\"bytes\":1}"u8);
            await world.Usage.RecordAsync(batch);
            return batch[0].Status;
        }
    }

    [Test]
    public async Task counts_by_the_meters_that_hold_when_it_comes()
    {
        await world.SendAsync(("a", UsageWorld.Bytes(1)));
        await world.Meters.DeclareAsync(new(UsageWorld.Tenant, new("uploads", UsageWorld.Type, Aggregation.Count), world.Time.GetUtcNow()), new(UsageWorld.Tenant, "test"));
        await world.SendAsync(world.NewUsageLog(), [("b", UsageWorld.Bytes(1))]);
        (await world.RecordedAsync()).Select(u => u.Readings.Length).Should().Equal(1, 2);
    }

    [Test]
    public async Task measured_by_the_platform_is_there_once_however_old_it_is()
    {
        var usage = new PlatformUsage("aiaas/storage", "s1", BuiltInMeters.Storage, null, world.Time.GetUtcNow().AddDays(-400), "{\"bytes\":5}"u8.ToArray());
        await world.Usage.RecordAsync(UsageWorld.Tenant, [usage], new EventMetadata());
        await world.NewUsageLog().RecordAsync(UsageWorld.Tenant, [usage], new EventMetadata());
        world.Time.Advance(TimeSpan.FromDays(100));
        await world.Usage.RecordAsync(UsageWorld.Tenant, [usage], new EventMetadata());
        await world.NewUsageLog().RecordAsync(UsageWorld.Tenant, [usage], new EventMetadata());
        (await world.RecordedAsync()).Should().ContainSingle();
    }
}
