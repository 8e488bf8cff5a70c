using System.Collections.Immutable;
using System.Text.Json;
using AIaaS.Domain.Metering;
using AIaaS.EventStore;
using AIaaS.Projections.Metering;
using AIaaS.Queries;
using AIaaS.Queries.Metering;

namespace Queries.Tests;

/// <summary>Usage by windows against a fold of all events, over the two nights when clocks are changed.</summary>
public sealed class UsageQueriesTests : QueryFixture
{
    private static readonly string[] Zones = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"];
    private static readonly string[] Regions = ["eu", "us", "a,p"];
    private static readonly JsonElement Data = JsonDocument.Parse("{}").RootElement;

    private static readonly MeterDefinition[] Meters = [.. Enum.GetValues<Aggregation>().Select(a => new MeterDefinition(a.ToString().ToLowerInvariant(), "t", a) { Percentile = a == Aggregation.Percentile ? 90 : null, Dimensions = ImmutableSortedDictionary<string, string>.Empty.Add("region", "$.r").Add("plan", "$.p"), Unit = "u" })];

    private readonly List<UsageMetered> events = [];

    protected override async Task Given()
    {
        events.Clear();
        var random = new Random(20260329);
        (DateTimeOffset From, TimeSpan Span)[] stretches =
        [
            (new(2026, 3, 27, 0, 0, 0, TimeSpan.Zero), TimeSpan.FromDays(4)),
            (new(2026, 10, 23, 0, 0, 0, TimeSpan.Zero), TimeSpan.FromDays(4)),
        ];
        for (var i = 0; i < 1_500; i++)
        {
            var (from, span) = stretches[i % 2];
            var time = from + TimeSpan.FromTicks((long)(span.Ticks * random.NextDouble()));
            var dimensions = ImmutableSortedDictionary<string, string>.Empty.Add("region", Regions[random.Next(3)]);
            dimensions = random.Next(3) == 0 ? dimensions : dimensions.Add("plan", random.Next(2) == 0 ? "team" : "solo");
            var value = random.Next(1, 10_000) / 100m;
            events.Add(new("/s", "e" + i, "t", null, time, Data, [.. Meters.Select(m => new MeterReading(m.Meter, m.Aggregation is Aggregation.Count or Aggregation.UniqueCount ? 1 : value)
            {
                Aggregation = m.Aggregation is Aggregation.Sum or Aggregation.Count ? null : m.Aggregation,
                Item = m.Aggregation == Aggregation.UniqueCount ? "c" + random.Next(60) : null,
                Dimensions = dimensions,
            })], time));
        }

        foreach (var chunk in events.Chunk(200))
        {
            await AppendAsync(UsageMetered.Stream("acme"), chunk);
        }

        await AppendAsync(UsageMetered.Stream("other"), events[0]);
    }

    [Test]
    public async Task are_the_same_as_a_fold_of_all_events()
    {
        foreach (var zone in Zones.Select(TimeZoneInfo.FindSystemTimeZoneById))
        {
            foreach (var meter in Meters)
            {
                foreach (var window in Enum.GetValues<UsageWindow>())
                {
                    foreach (var from in (DateTimeOffset[])[new(2026, 3, 28, 5, 45, 0, TimeSpan.Zero), new(2026, 10, 24, 5, 45, 0, TimeSpan.Zero)])
                    {
                        var question = new UsageQuestion(from, from.AddDays(2)) { Window = window, TimeZone = zone, GroupBy = window == UsageWindow.Hour ? ["region"] : ["plan", "region"] };
                        var report = (await Get<UsageQueries>().GetAsync("acme", meter, question, Now)).Value!;
                        report.Rows.Select(r => (StartOf(r.Start, window, zone), string.Join('|', r.Dimensions.Values), r.Value, r.Events))
                            .Should().Equal(Naive(meter, question), $"{meter.Meter} by {window} in {zone.Id}");
                    }
                }
            }
        }
    }

    [Test]
    public async Task have_days_of_23_and_25_hours_and_an_hour_twice()
    {
        var berlin = TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin");
        (await DayAsync(new(2026, 3, 29, 0, 0, 0, TimeSpan.FromHours(1)))).Should().Be(TimeSpan.FromHours(23));
        (await DayAsync(new(2026, 10, 25, 0, 0, 0, TimeSpan.FromHours(2)))).Should().Be(TimeSpan.FromHours(25));
        var hours = (await Get<UsageQueries>().GetAsync("acme", Meters[0], new(new(2026, 10, 25, 0, 0, 0, TimeSpan.Zero), new(2026, 10, 25, 2, 0, 0, TimeSpan.Zero)) { Window = UsageWindow.Hour, TimeZone = berlin }, Now)).Value!.Rows;
        hours.Select(h => (h.Start.Hour, h.Start.Offset.TotalHours)).Should().Equal((2, 2), (2, 1));

        async Task<TimeSpan> DayAsync(DateTimeOffset start)
        {
            var rows = (await Get<UsageQueries>().GetAsync("acme", Meters[0], new(start.AddDays(-1), start.AddDays(2)) { Window = UsageWindow.Day, TimeZone = berlin }, Now)).Value!.Rows;
            return rows.Where(r => r.Start == start).Select(r => r.End - r.Start).Single();
        }
    }

    [Test]
    public async Task can_be_held_to_values_of_dimensions()
    {
        var from = new DateTimeOffset(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);
        var report = (await Get<UsageQueries>().GetAsync("acme", Meters[0], new(from, from.AddDays(60)) { Where = ImmutableSortedDictionary<string, string>.Empty.Add("region", "a,p") }, Now)).Value!;
        report.Rows.Single().Events.Should().Be(events.Count(e => e.Time.Month == 3 && e.Readings[0].Dimensions!["region"] == "a,p"));
    }

    [Test]
    public async Task tell_apart_dimensions_whatever_signs_are_in_them()
    {
        var from = new DateTimeOffset(2026, 5, 1, 0, 0, 0, TimeSpan.Zero);
        await AppendAsync(UsageMetered.Stream("signs"), Event("a\u001fb", "c"), Event("a", "b\u001fc"), Event(null, "c"));
        var rows = (await Get<UsageQueries>().GetAsync("signs", Meters[0], new(from, from.AddDays(1)) { GroupBy = ["plan", "region"] }, await NewestAsync())).Value!.Rows;
        rows.Select(r => (r.Dimensions["plan"], r.Dimensions["region"], r.Value)).Should().Equal(("", "c", 7), ("a", "b\u001fc", 7), ("a\u001fb", "c", 7));
        var without = (await Get<UsageQueries>().GetAsync("signs", Meters[0], new(from, from.AddDays(1)) { Where = ImmutableSortedDictionary<string, string>.Empty.Add("plan", "") }, await NewestAsync())).Value!.Rows;
        without.Single().Events.Should().Be(1, "a dimension that an event did not have is empty");

        UsageMetered Event(string? plan, string region)
        {
            var dimensions = ImmutableSortedDictionary<string, string>.Empty.Add("region", region);
            return new("/s", $"{plan} {region}", "t", null, from.AddHours(9), Data, [new("sum", 7) { Dimensions = plan is null ? dimensions : dimensions.Add("plan", plan) }], from);
        }
    }

    [Test]
    public async Task count_what_was_read_by_a_meter_of_their_kind()
    {
        var from = new DateTimeOffset(2026, 5, 1, 0, 0, 0, TimeSpan.Zero);
        await AppendAsync(UsageMetered.Stream("moved"), [.. new[] { (1, 5m, (Aggregation?)null), (2, 3m, Aggregation.Max), (3, 2m, null), (4, 4m, Aggregation.Max) }.Select(e => new UsageMetered("/s", "e" + e.Item1, "t", null, from.AddHours(9).AddSeconds(e.Item1), Data, [new("seats", e.Item2) { Aggregation = e.Item3 }], from))]);
        (await AskAsync(Aggregation.Sum)).Should().Be((7, 2), "a name can come to mean another kind of meter when the plan changes");
        (await AskAsync(Aggregation.Max)).Should().Be((4, 2));

        async Task<(decimal, long)> AskAsync(Aggregation aggregation)
        {
            var row = (await Get<UsageQueries>().GetAsync("moved", new("seats", "t", aggregation), new(from, from.AddDays(1)), await NewestAsync())).Value!.Rows.Single();
            return (row.Value, row.Events);
        }
    }

    [Test]
    public async Task are_exact_over_documents_that_hold_a_part_of_the_items_each()
    {
        var from = new DateTimeOffset(2026, 5, 1, 0, 0, 0, TimeSpan.Zero);
        var projection = new UsageSlotsProjection();
        var made = Enumerable.Range(0, UsageSlotsProjection.MaxKept + 400).Select(i => new UsageMetered("/s", "e" + i, "t", null, from.AddHours(9), Data,
        [
            new("percentile", i) { Aggregation = Aggregation.Percentile },
            new("sum", 1),
            new("uniquecount", 1) { Aggregation = Aggregation.UniqueCount, Item = "c" + (i % (UsageSlotsProjection.MaxKept + 100)) },
        ], from)).ToList();
        foreach (var chunk in made.Chunk(500))
        {
            await AppendAsync(UsageMetered.Stream("many"), chunk);
        }

        var question = new UsageQuestion(from, from.AddDays(1));
        (await ValueAsync(Aggregation.UniqueCount)).Should().Be(UsageSlotsProjection.MaxKept + 100);
        (await ValueAsync(Aggregation.Percentile)).Should().Be(Math.Ceiling(0.9m * made.Count) - 1);
        (await ValueAsync(Aggregation.Sum)).Should().Be(made.Count);
        var (before, behind) = (await KeysAsync(UsageSlotsProjection.MaxKept - 1), await KeysAsync(UsageSlotsProjection.MaxKept));
        before[0].Should().NotBe(behind[0]);
        before[1].Should().Be(behind[1], "a sum is one number, however much is added");
        before[2].Should().NotBe(behind[2]);

        async Task<decimal> ValueAsync(Aggregation aggregation) => (await Get<UsageQueries>().GetAsync("many", Meters.Single(m => m.Aggregation == aggregation), question, await NewestAsync())).Value!.Rows.Single().Value;

        async Task<string[]> KeysAsync(long version)
        {
            await foreach (var recorded in Log.ReadStreamAsync(UsageMetered.Stream("many"), ReadDirection.Forwards, version, 1))
            {
                return [.. projection.KeysOf(EventEnvelope.Read(Get<EventTypes>(), recorded))];
            }

            throw new AssertionException("There is no such event.");
        }
    }

    [Test]
    public async Task export_the_stored_bytes()
    {
        var export = Get<UsageExport>();
        var range = await export.RangeAsync("acme", 10, 3);
        range.Next.Should().Be(13);
        List<byte[]> lines = [];
        await foreach (var line in export.ReadAsync("acme", range))
        {
            lines.Add(line.ToArray());
        }

        lines.Should().HaveCount(3);
        lines[0].Should().Equal(Get<EventTypes>().Write(Guid.Empty, events[10], new EventMetadata()).Data.ToArray());
        (await export.RangeAsync("nobody", 0, 10)).Next.Should().Be(0);
    }

    private async Task<Consistency> NewestAsync() => new(await Log.GetHeadAsync(), TimeSpan.FromSeconds(20));

    private static DateTime StartOf(DateTimeOffset start, UsageWindow window, TimeZoneInfo zone)
    {
        var local = TimeZoneInfo.ConvertTime(start, zone);
        return window switch { UsageWindow.Total => default, UsageWindow.Hour => local.UtcDateTime.AddTicks(-(local.TimeOfDay.Ticks % TimeSpan.TicksPerHour)), UsageWindow.Day => local.Date, _ => new(local.Year, local.Month, 1) };
    }

    private List<(DateTime, string, decimal, long)> Naive(MeterDefinition meter, UsageQuestion question) =>
    [
        .. events.Select((e, i) => (Event: e, Sequence: i, Reading: e.Readings.Single(r => r.Meter == meter.Meter)))
            .Where(e => e.Event.Time >= question.From && e.Event.Time < question.To)
            .GroupBy(e => (Start: StartOf(e.Event.Time, question.Window, question.TimeZone), Group: string.Join('|', question.GroupBy.Select(d => e.Reading.Dimensions!.GetValueOrDefault(d) ?? ""))))
            .OrderBy(g => g.Key.Start).ThenBy(g => g.Key.Group.Replace('|', '\u001f'), StringComparer.Ordinal)
            .Select(g => (g.Key.Start, g.Key.Group, Value(meter, [.. g.Select(e => (e.Reading, e.Event.Time, e.Sequence))]), (long)g.Count())),
    ];

    private static decimal Value(MeterDefinition meter, (MeterReading Reading, DateTimeOffset Time, int Sequence)[] readings) => meter.Aggregation switch
    {
        Aggregation.Sum or Aggregation.Count => readings.Sum(r => r.Reading.Value),
        Aggregation.UniqueCount => readings.Select(r => r.Reading.Item).Distinct().Count(),
        Aggregation.Max => readings.Max(r => r.Reading.Value),
        Aggregation.Latest => readings.MaxBy(r => (r.Time, r.Reading.Value)).Reading.Value,
        _ => readings.Select(r => r.Reading.Value).Order().ElementAt((int)Math.Ceiling(meter.Percentile!.Value / 100 * readings.Length) - 1),
    };
}
