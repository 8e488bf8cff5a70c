using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using AIaaS.Domain.Metering;
using FsCheck;
using FsCheck.Fluent;

namespace Domain.Tests.Metering;

public sealed class Aggregating_readings
{
    private static readonly DateTimeOffset Start = new(2026, 1, 31, 9, 30, 0, TimeSpan.Zero);

    [TestCaseSource(nameof(All))]
    public void in_any_parts_and_order_comes_out_the_same(Aggregation aggregation) => Prop.ForAll(
        ArbMap.Default.ArbFor<(uint Value, byte Time, byte Part, int Order)[]>(),
        drawn =>
        {
            var readings = drawn.Select((d, i) => (Reading: new MeterReading("m", Value(d.Value)) { Item = $"item {d.Value % 7}" }, Time: Start.AddSeconds(d.Time), Sequence: (long)i, d.Part, d.Order)).ToArray();
            var whole = new MeterAggregate(aggregation);
            foreach (var r in readings)
            {
                whole.Add(r.Reading, r.Time, r.Sequence);
            }

            var parts = readings.OrderBy(r => r.Order).GroupBy(r => r.Part % 4).Select(g =>
            {
                var part = new MeterAggregate(aggregation);
                foreach (var r in g)
                {
                    part.Add(r.Reading, r.Time, r.Sequence);
                }

                return Again(part);
            });
            var merged = new MeterAggregate(aggregation);
            foreach (var part in parts.Reverse())
            {
                merged.Merge(part);
            }

            return merged.Value(95) == whole.Value(95) && merged.Value(50) == whole.Value(50) && merged.Count == whole.Count && Naive(aggregation, [.. readings.Select(r => (r.Reading, r.Time, r.Sequence))], 95) == whole.Value(95);
        }).QuickCheckThrowOnFailure();

    [Test]
    public void adds_up_what_a_double_would_lose()
    {
        var sum = new MeterAggregate(Aggregation.Sum);
        for (var i = 0; i < 10; i++)
        {
            sum.Add(0.1m, null, 0, i);
        }

        sum.Add(UsageNumber.Max, null, 0, 10);
        sum.Add(0.000000000001m, null, 0, 11);
        sum.Value().Should().Be(1_000_000_000_000_001.000000000001m);
    }

    [Test]
    public void comes_to_a_number_however_many_digits_it_has()
    {
        var sum = new MeterAggregate(Aggregation.Sum);
        for (var i = 0; i < 100_000; i++)
        {
            sum.Add(999_999_999_999_999.999999999999m, null, 0, i);
        }

        sum.Value().Should().Be(99_999_999_999_999_999_999.9999999m, "28 digits are what a decimal holds");
    }

    [Test]
    public void of_no_events_is_nothing_or_zero()
    {
        new MeterAggregate(Aggregation.Sum).Value().Should().Be(0);
        new MeterAggregate(Aggregation.UniqueCount).Value().Should().Be(0);
        new MeterAggregate(Aggregation.Max).Value().Should().BeNull();
        new MeterAggregate(Aggregation.Latest).Value().Should().BeNull();
        new MeterAggregate(Aggregation.Percentile).Value(50).Should().BeNull();
    }

    [Test]
    public void of_one_time_takes_the_largest_as_the_latest_whichever_came_last()
    {
        var (latest, other, parts) = (new MeterAggregate(Aggregation.Latest), new MeterAggregate(Aggregation.Latest), new MeterAggregate(Aggregation.Latest));
        latest.Add(new("m", 2), Start, 7);
        latest.Add(new("m", 1), Start, 8);
        latest.Value().Should().Be(2);
        other.Add(new("m", 1), Start, 7);
        other.Add(new("m", 2), Start, 8);
        other.Value().Should().Be(2);
        parts.Add(new("m", 1), Start, 9);
        parts.Merge(latest);
        parts.Value().Should().Be(2);
    }

    [Test]
    public void refuses_to_mix_kinds() => new MeterAggregate(Aggregation.Sum).Invoking(a => a.Merge(new(Aggregation.Max))).Should().Throw<ArgumentException>();

    private static IEnumerable<Aggregation> All => Enum.GetValues<Aggregation>();

    private static decimal Value(uint drawn) => (drawn % 1_000_000) / 1_000m;

    private static MeterAggregate Again(MeterAggregate aggregate) =>
        JsonSerializer.Deserialize(JsonSerializer.Serialize(aggregate, MeteringJson.Default.MeterAggregate), MeteringJson.Default.MeterAggregate)!;

    private static decimal? Naive(Aggregation aggregation, (MeterReading Reading, DateTimeOffset Time, long Sequence)[] readings, decimal percentile) => aggregation switch
    {
        Aggregation.Sum => readings.Sum(r => r.Reading.Value),
        Aggregation.Count => readings.Length,
        Aggregation.UniqueCount => readings.Select(r => r.Reading.Item).Distinct().Count(),
        _ when readings.Length == 0 => null,
        Aggregation.Max => readings.Max(r => r.Reading.Value),
        Aggregation.Latest => readings.OrderBy(r => r.Time).ThenBy(r => r.Reading.Value).Last().Reading.Value,
        _ => readings.Select(r => r.Reading.Value).Order().ElementAt((int)Math.Ceiling(percentile / 100 * readings.Length) - 1),
    };
}

public sealed class A_number_of_usage
{
    [TestCase("0", "0")]
    [TestCase("-0", "0")]
    [TestCase("1e3", "1000")]
    [TestCase("1.50", "1.5")]
    [TestCase("1000000000000000", "1000000000000000")]
    [TestCase("1e15", "1000000000000000")]
    [TestCase("0.000000000001", "0.000000000001")]
    [TestCase("1E-12", "0.000000000001")]
    [TestCase("0.0000000000010000000000000000000000", "0.000000000001")]
    [TestCase("0e400", "0")]
    public void is_read_exactly(string json, string expected)
    {
        UsageNumber.TryRead(Encoding.ASCII.GetBytes(json), out var value).Should().BeNull();
        value.Should().Be(decimal.Parse(expected, CultureInfo.InvariantCulture));
    }

    [TestCase("-1", "negative")]
    [TestCase("-1e-12", "negative")]
    [TestCase("1000000000000000.1", "more than")]
    [TestCase("1e16", "more than")]
    [TestCase("1e400", "more than")]
    [TestCase("9999999999999999999999999999999999", "more than")]
    [TestCase("0.0000000000001", "decimals")]
    [TestCase("1e-13", "decimals")]
    [TestCase("1e-400", "decimals")]
    [TestCase("1.00000000000000000000000000000000000000001", "decimals")]
    public void that_is_absurd_is_refused(string json, string because) => UsageNumber.TryRead(Encoding.ASCII.GetBytes(json), out _).Should().Contain(because);

    [Test]
    public void of_any_size_within_bounds_comes_through() => Prop.ForAll(
        ArbMap.Default.ArbFor<(uint, uint, byte)>(),
        drawn =>
        {
            var value = Math.Round(drawn.Item1 + (drawn.Item2 / 4_294_967_296m), drawn.Item3 % 13);
            return UsageNumber.TryRead(Encoding.ASCII.GetBytes(value.ToString(CultureInfo.InvariantCulture)), out var read) is null && read == value;
        }).QuickCheckThrowOnFailure();
}

public sealed class Declaring_a_meter
{
    private static readonly DateTimeOffset At = new(2026, 1, 31, 9, 30, 0, TimeSpan.Zero);

    private static readonly MeterDefinition Uploads = new("uploaded_bytes", "com.example.upload", Aggregation.Sum) { Value = "$.bytes", Unit = "bytes" };

    [Test]
    public void says_all_that_is_wrong_at_once()
    {
        using var schema = JsonDocument.Parse("""{ "type": "nothing" }""");
        var faults = MeterRules.Faults(new("Uploads", "aiaas.run", Aggregation.Percentile) { Value = "bytes", Dimensions = ImmutableSortedDictionary<string, string>.Empty.Add("No", "$["), Schema = schema.RootElement });
        faults.Should().HaveCount(7);
        string.Join('\n', faults).Should().ContainAll("Uploads", "aiaas.", "percentile is missing", "value is not JSONPath", "dimension 'No' is not possible", "schema is none");
    }

    [TestCase("runs")]
    [TestCase("tokens.output")]
    public void of_a_built_in_name_is_refused(string name) => MeterRules.Faults(Uploads with { Meter = name }).Should().ContainSingle().Which.Should().Contain("meter of the platform");

    [Test]
    public void again_changes_nothing() => After(Uploads).Declare(new("acme", Uploads with { }, At)).Events.Should().BeEmpty();

    [Test]
    public void otherwise_is_its_next_version() => After(Uploads).Declare(new("acme", Uploads with { Unit = "B" }, At)).Events.OfType<MeterDeclared>().Single().Version.Should().Be(2);

    [Test]
    public void with_another_aggregation_is_refused() => After(Uploads).Declare(new("acme", Uploads with { Aggregation = Aggregation.Max }, At)).Error!.Code.Should().Be("meter-aggregation-fixed");

    [Test]
    public void with_a_value_for_a_count_is_refused() => MeterCatalog.Initial.Declare(new("acme", Uploads with { Aggregation = Aggregation.Count }, At)).Error!.Message.Should().Contain("a count has no value");

    [Test]
    public void that_was_retired_lets_it_count_again()
    {
        var retired = After(Uploads).Evolve(new MeterRetired(Uploads.Meter, At));
        retired.Counting.Should().BeEmpty();
        retired.Find(Uploads.Meter).Should().NotBeNull("what it counted can still be asked for");
        retired.Declare(new("acme", Uploads, At)).Events.OfType<MeterDeclared>().Single().Version.Should().Be(2);
    }

    [Test]
    public void of_the_platform_is_possible_for_it_alone()
    {
        MeterCatalog.Initial.Retire(new("acme", "runs", At)).Error!.Code.Should().Be("meter-built-in");
        BuiltInMeters.All.Select(m => (m.Meter, m.EventType)).Should().OnlyHaveUniqueItems();
        BuiltInMeters.All.Should().OnlyContain(m => m.Dimensions.Count <= MeterRules.MaxDimensions);
    }

    private static MeterCatalog After(MeterDefinition definition) => MeterCatalog.Initial.Evolve(new MeterDeclared(definition, 1, At));
}
