using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using AIaaS.Domain.Metering;

namespace Domain.Tests.Metering;

/// <summary>Usage is read and written by hand; the general contract of the same members says what has to come out.</summary>
public sealed class Reading_usage
{
    private static readonly JsonSerializerOptions General = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectRequiredConstructorParameters = true,
    };

    [TestCase("""{"source":"/s","id":"i","type":"t","subject":null,"time":"2026-01-31T09:30:00+00:00","data":{"n":1},"readings":[],"at":"2026-01-31T09:30:01+00:00"}""")]
    [TestCase("""{"at":"2026-01-31T09:30:01.1234567Z","readings":[{"value":1.50,"meter":"b","dimensions":{"z":"1","a":"é \u00e9"}},{"meter":"c","value":1e2,"aggregation":"Percentile","item":"x"}],"source":"/é","id":"","type":"t","subject":"s\n","time":"2026-01-31T11:30:00+02:00","data":null}""")]
    [TestCase("""{"source":"/s","id":"i","type":"t","subject":"one","subject":"two","time":"2026-01-31T09:30:00Z","data":[1,{"x":[]}],"readings":[{"meter":"a","value":1,"dimensions":{}},{"meter":"a","value":2,"dimensions":null,"item":null,"aggregation":null},{"meter":"a","value":3,"dimensions":{"a":"1","a":"2"}}],"at":"2026-01-31T09:30:01Z"}""")]
    [TestCase("""{"\u0073ource":"/s","id":"i","type":"t","subject":"","time":"2026-01-31T09:30:00Z","data":0,"readings":[{"meter":"","value":79228162514264337593543950335}],"at":"2026-01-31T09:30:01Z"}""")]
    [TestCase("""{"source":null,"id":null,"type":null,"subject":null,"time":"2026-01-31T09:30:00Z","data":"text","readings":[{"meter":"a","value":0.10}],"at":"2026-01-31T09:30:01Z"}""")]
    public void gives_what_the_general_contract_gives(string json)
    {
        var expected = JsonSerializer.Serialize(JsonSerializer.Deserialize<Plain>(json, General), General);
        for (var again = 0; again < 2; again++)
        {
            var read = JsonSerializer.Deserialize(json, MeteringJson.Default.UsageMetered);
            JsonSerializer.Serialize(read, MeteringJson.Default.UsageMetered).Should().Be(expected);
        }
    }

    [Test]
    public void a_subject_may_be_missing_as_nullable_members_of_all_events_may() =>
        JsonSerializer.Deserialize("""{"source":"/s","id":"i","type":"t","time":"2026-01-31T09:30:00Z","data":1,"readings":[],"at":"2026-01-31T09:30:01Z"}""", MeteringJson.Default.UsageMetered)!.Subject.Should().BeNull();

    [Test]
    public void null_is_no_event() => JsonSerializer.Deserialize("null", MeteringJson.Default.UsageMetered).Should().BeNull();

    [TestCase("""[]""")]
    [TestCase("""{}""")]
    [TestCase("""{"source":"/s","id":"i","type":"t","subject":null,"time":"2026-01-31T09:30:00Z","data":1,"readings":[]}""")]
    [TestCase("""{"source":"/s","id":"i","type":"t","subject":null,"time":"2026-01-31T09:30:00Z","data":1,"readings":[],"at":"2026-01-31T09:30:01Z","more":1}""")]
    [TestCase("""{"source":1,"id":"i","type":"t","subject":null,"time":"2026-01-31T09:30:00Z","data":1,"readings":[],"at":"2026-01-31T09:30:01Z"}""")]
    [TestCase("""{"source":"/s","id":"i","type":"t","subject":null,"time":"yesterday","data":1,"readings":[],"at":"2026-01-31T09:30:01Z"}""")]
    [TestCase("""{"source":"/s","id":"i","type":"t","subject":null,"time":"2026-01-31T09:30:00Z","data":1,"readings":null,"at":"2026-01-31T09:30:01Z"}""")]
    [TestCase("""{"source":"/s","id":"i","type":"t","subject":null,"time":"2026-01-31T09:30:00Z","data":1,"readings":[{"meter":"a"}],"at":"2026-01-31T09:30:01Z"}""")]
    [TestCase("""{"source":"/s","id":"i","type":"t","subject":null,"time":"2026-01-31T09:30:00Z","data":1,"readings":[{"meter":"a","value":"1"}],"at":"2026-01-31T09:30:01Z"}""")]
    [TestCase("""{"source":"/s","id":"i","type":"t","subject":null,"time":"2026-01-31T09:30:00Z","data":1,"readings":[{"meter":"a","value":1,"unit":"x"}],"at":"2026-01-31T09:30:01Z"}""")]
    [TestCase("""{"source":"/s","id":"i","type":"t","subject":null,"time":"2026-01-31T09:30:00Z","data":1,"readings":[{"meter":"a","value":1,"aggregation":"Most"}],"at":"2026-01-31T09:30:01Z"}""")]
    [TestCase("""{"source":"/s","id":"i","type":"t","subject":null,"time":"2026-01-31T09:30:00Z","data":1,"readings":[{"meter":"a","value":1,"dimensions":{"x":1}}],"at":"2026-01-31T09:30:01Z"}""")]
    [TestCase("""{"source":"/s","id":"i","type":"t","subject":null,"time":"2026-01-31T09:30:00Z","data":1,"readings":[{"meter":"a","value":1,"dimensions":{"x":["y"]}}],"at":"2026-01-31T09:30:01Z"}""")]
    public void refuses_what_the_general_contract_refuses(string json)
    {
        FluentActions.Invoking(() => JsonSerializer.Deserialize<Plain>(json, General)).Should().Throw<JsonException>();
        FluentActions.Invoking(() => JsonSerializer.Deserialize(json, MeteringJson.Default.UsageMetered)).Should().Throw<JsonException>();
    }

    [Test]
    public void tells_texts_and_dimensions_apart_however_many_were_read_before()
    {
        // More than are remembered, so that each place is taken by several, and texts whose parts make up the same letters.
        for (var i = 0; i < 3_000; i++)
        {
            var split = i % 4;
            var usage = new UsageMetered("/s" + i, "i", "t" + (i % 700), null, DateTimeOffset.UnixEpoch, JsonSerializer.SerializeToElement(i), [new("m" + (i % 900), i) { Dimensions = ImmutableSortedDictionary.CreateRange([KeyValuePair.Create("abcde"[..split], "abcde"[split..]), KeyValuePair.Create("n" + (i % 800), "")]) }], DateTimeOffset.UnixEpoch);
            var read = JsonSerializer.Deserialize(JsonSerializer.SerializeToUtf8Bytes(usage, MeteringJson.Default.UsageMetered), MeteringJson.Default.UsageMetered)!;
            (read.Source, read.Type, read.Readings[0].Meter).Should().Be((usage.Source, usage.Type, usage.Readings[0].Meter));
            read.Readings[0].Dimensions.Should().Equal(usage.Readings[0].Dimensions);
        }
    }

    private sealed record Plain(string Source, string Id, string Type, string? Subject, DateTimeOffset Time, JsonElement Data, ImmutableArray<PlainReading> Readings, DateTimeOffset At);

    private sealed record PlainReading(string Meter, decimal Value)
    {
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public Aggregation? Aggregation { get; init; }

        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public string? Item { get; init; }

        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public ImmutableSortedDictionary<string, string>? Dimensions { get; init; }
    }
}
