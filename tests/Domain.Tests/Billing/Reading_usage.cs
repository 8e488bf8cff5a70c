using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using AIaaS.Domain.Metering;
using AIaaS.Domain.Pricing;

namespace AIaaS.Domain.Billing;

/// <summary>Which lines an event belongs to, read off its bytes.</summary>
public sealed class Reading_usage
{
    private static readonly UsageWindow January = new(Bills.From, Bills.To);

    private static readonly ImmutableArray<LineSlot> Slots =
    [
        Slot(Bills.PerUnit("all-bytes", "bytes", 1m)),
        Slot(Bills.PerUnit("eu-bytes", "bytes", 1m) with { Where = ImmutableSortedDictionary<string, string>.Empty.Add("region", "eu") }),
        Slot(Bills.PerUnit("eu-cold-bytes", "bytes", 1m) with { Where = ImmutableSortedDictionary<string, string>.Empty.Add("region", "eu").Add("class", "cöld \"x\"") }),
        Slot(Bills.PerUnit("users", "users", 1m)),
        Slot(Bills.PerUnit("late-bytes", "bytes", 1m)) with { From = Bills.From.AddDays(20) },
    ];

    private static readonly UsageSlots Found_in = new(Slots);

    [Test]
    public void finds_the_lines_by_meter_dimensions_and_time()
    {
        Found(Bills.Event(1, Bills.From.AddDays(1), Bills.Reading("bytes", 5m, ("region", "eu")))).Should().Equal((0, 5m), (1, 5m));
        Found(Bills.Event(2, Bills.From.AddDays(20), Bills.Reading("bytes", 5m, ("region", "us")))).Should().Equal((0, 5m), (4, 5m));
        Found(Bills.Event(3, Bills.From.AddDays(1), Bills.Reading("bytes", 0.000000000001m, ("class", "cöld \"x\""), ("region", "eu")))).Should().Equal((0, 0.000000000001m), (1, 0.000000000001m), (2, 0.000000000001m));
        Found(Bills.Event(4, Bills.From.AddDays(1), Bills.Reading("other", 5m))).Should().BeEmpty();
        Found(Bills.Event(5, Bills.From, Bills.Reading("bytes", 5m))).Should().ContainSingle("the period's first moment is in it");
        Found(Bills.Event(6, Bills.To, Bills.Reading("bytes", 5m))).Should().BeEmpty("the moment behind it is not");
        Found(Bills.Event(7, Bills.From.AddTicks(-1), Bills.Reading("bytes", 5m))).Should().BeEmpty();
    }

    [Test]
    public void counts_what_belongs_to_no_line()
    {
        var slots = new UsageSlots(Slots);
        var batch = new UsageReadings();
        slots.Read(Bills.Event(1, Bills.From, Bills.Reading("other", 5m)), 0, January, batch);
        slots.Read(Bills.Event(2, Bills.From), 1, January, batch);
        slots.Read(Bills.Event(3, Bills.To, Bills.Reading("other", 5m)), 2, January, batch);
        slots.Read(Bills.Event(4, Bills.From, Bills.Reading("bytes", 5m)), 3, January, batch);
        (batch.Inside, batch.Unpriced, batch.Count).Should().Be((3, 2, 4));
    }

    [Test]
    public void is_the_same_the_fast_way_and_the_slow_way()
    {
        var random = new Random(20260101);
        string[] meters = ["bytes", "users", "other"];
        for (var i = 0; i < 3_000; i++)
        {
            var readings = Enumerable.Range(0, random.Next(4)).Select(_ =>
            {
                var reading = Bills.Reading(meters[random.Next(3)], (decimal)random.Next() / (decimal)Math.Pow(10, random.Next(10)), [.. Dimensions(random)]);
                return reading.Meter == "users" ? reading with { Item = "u" + random.Next(5) + (random.Next(2) == 0 ? "" : "ü\n"), Aggregation = Aggregation.UniqueCount } : reading;
            }).ToImmutableArray();
            var data = Bills.Event(i, Bills.From.AddMinutes(random.Next(-20_000, 60_000)).ToOffset(TimeSpan.FromHours(random.Next(-5, 5))), readings);
            Same(data);
            Same(Reordered(data, random));
            Same(Encoding.UTF8.GetBytes("  " + Encoding.UTF8.GetString(data).Replace(",\"", " ,\n\"", StringComparison.Ordinal)));
        }
    }

    [Test]
    public void refuses_what_is_no_event([Values("", "null", "[]", "{}", "{", "{\"time\":1}", "{\"time\":\"2026-01-05T00:00:00Z\",\"readings\":[1]}")] string text)
    {
        var slots = new UsageSlots(Slots);
        FluentActions.Invoking(() => slots.Read(Encoding.UTF8.GetBytes(text), 0, January, new())).Should().Throw<JsonException>();
    }

    [Test]
    public void takes_an_event_with_two_readings_of_one_meter_as_one_leaf()
    {
        var slots = new UsageSlots(Slots);
        var data = Bills.Event(1, Bills.From, Bills.Reading("bytes", 5m, ("region", "eu")), Bills.Reading("bytes", 6m, ("region", "us")));
        var batch = new UsageReadings();
        slots.Read(data, 0, January, batch);
        var tally = new UsageTally(Slots.Length);
        tally.Add(batch);
        var line = tally.ToTotals(Slots, 0, 0).Lines[0];
        (line.Quantity, line.Events, line.Root).Should().Be((11m, 1L, Audit.MerkleTree.HashLeaf(data)));
    }

    private static IEnumerable<(string, string)> Dimensions(Random random)
    {
        if (random.Next(2) == 0)
        {
            yield return ("class", random.Next(2) == 0 ? "cöld \"x\"" : "hot");
        }

        if (random.Next(3) > 0)
        {
            yield return ("region", random.Next(2) == 0 ? "eu" : "us");
        }
    }

    private static byte[] Reordered(byte[] data, Random random)
    {
        using var document = JsonDocument.Parse(data);
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            foreach (var property in document.RootElement.EnumerateObject().OrderBy(_ => random.Next()))
            {
                property.WriteTo(writer);
            }

            writer.WriteEndObject();
        }

        return buffer.ToArray();
    }

    private static void Same(byte[] data)
    {
        var (fast, slow) = (new UsageReadings(), new UsageReadings());
        Found_in.Read(data, 3, January, fast);
        Found_in.ReadSlowly(data, 3, January, slow);
        fast.Matches.Should().Equal(slow.Matches, Encoding.UTF8.GetString(data));
        (fast.Inside, fast.Unpriced, fast.Leaf(0)).Should().Be((slow.Inside, slow.Unpriced, slow.Leaf(0)));
    }

    private static IEnumerable<(int, decimal)> Found(byte[] data)
    {
        var batch = new UsageReadings();
        new UsageSlots(Slots).Read(data, 0, January, batch);
        return batch.Matches.Select(m => (m.Slot, m.Value));
    }

    private static LineSlot Slot(Price price) => new(Bills.From, Bills.To, "team", 1, false, 1m, price, "", null);
}
