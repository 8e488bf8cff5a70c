using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using AIaaS.Domain;
using AIaaS.Domain.Metering;
using AIaaS.EventStore;

namespace Domain.Tests.Metering;

public sealed class Writing_usage
{
    private static readonly DateTimeOffset At = new(2026, 1, 31, 9, 30, 0, 123, TimeSpan.Zero);

    private static readonly MeterDefinition[] Meters =
    [
        new("a.sum", "t", Aggregation.Sum) { Value = "$.n", Dimensions = Dimensions(("x", "$.a.b"), ("flag", "$.f"), ("num", "$.n")) },
        new("b_count", "t", Aggregation.Count),
        new("c_unique", "t", Aggregation.UniqueCount) { Value = "$.who" },
        new("d_max", "t", Aggregation.Max) { Value = "$['n']", Dimensions = Dimensions(("x", "$.list[0]")) },
        new("e_p", "t", Aggregation.Percentile) { Value = "$.n", Percentile = 95 },
    ];

    [TestCase("""{"n":1,"who":"ann"}""")]
    [TestCase("""{ "n" : 1.50 , "who" : "Ann & <Bob> 'é' 😀 \u00e9 \n \/ \\ \"", "a": { "b": "x\ty" }, "f": true, "list": [ "€", 2, null, {} ] }""")]
    [TestCase("""{"n":1e2,"who":7,"a":{"b":false},"\u0066":"escaped name","deep":[[[[1.0e+3]]]]}""")]
    [TestCase("""{"n":0,"who":"","a":null}""")]
    public void gives_the_bytes_that_its_contract_gives(string data)
    {
        var output = new ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(output);
        var meters = new MeterSet(Meters).Find("t")!;
        var error = UsageJson.Write(writer, "/s & é", "id<1>", meters, "subject \"q\"", At.AddDays(-1), Encoding.UTF8.GetBytes(data), At, out _);
        if (data.Contains("\"who\":\"\"", StringComparison.Ordinal))
        {
            error!.Code.Should().Be("value-invalid");
            return;
        }

        error.Should().BeNull();
        writer.Flush();
        var read = JsonSerializer.Deserialize(output.WrittenSpan, MeteringJson.Default.UsageMetered)!;
        Encoding.UTF8.GetString(output.WrittenSpan).Should().Be(JsonSerializer.Serialize(read, MeteringJson.Default.UsageMetered));
        output.WrittenSpan.Contains((byte)'\n').Should().BeFalse();
        using var sent = JsonDocument.Parse(data);
        JsonElement.DeepEquals(read.Data, sent.RootElement).Should().BeTrue();
        read.Readings.Select(r => r.Meter).Should().BeInAscendingOrder(StringComparer.Ordinal).And.HaveCount(5);
        read.Readings[4].Aggregation.Should().Be(Aggregation.Percentile);
    }

    [Test]
    public void of_the_catalogue_is_written_as_its_contract_writes_it()
    {
        var types = DomainEventTypes.Create();
        var example = (UsageMetered)types.All.Single(t => t.Name == UsageMetered.TypeName).Example;
        var output = new ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(output);
        var meter = new MeterDefinition("uploaded_bytes", example.Type, Aggregation.Sum) { Value = "$.bytes", Dimensions = Dimensions(("region", "$.region")) };
        UsageJson.Write(writer, example.Source, example.Id, new MeterSet([meter]).Find(example.Type)!, example.Subject, example.Time, Encoding.UTF8.GetBytes(example.Data.GetRawText()), example.At, out _).Should().BeNull();
        writer.Flush();
        output.WrittenMemory.ToArray().Should().Equal(types.Write(NamedId.Of("x"), example, new EventMetadata()).Data.ToArray());
    }

    [TestCase("""{"who":"a"}""", "value-invalid", "it is missing")]
    [TestCase("""{"n":"5","who":"a"}""", "value-invalid", "the text '5'; a number is needed")]
    [TestCase("""{"n":"NaN","who":"a"}""", "value-invalid", "NaN")]
    [TestCase("""{"n":-1,"who":"a"}""", "value-invalid", "negative")]
    [TestCase("""{"n":1e16,"who":"a"}""", "value-invalid", "more than")]
    [TestCase("""{"n":1,"who":{}}""", "value-invalid", "an object")]
    [TestCase("""{"n":1,"who":"a","a":{"b":[1]}}""", "value-invalid", "an array")]
    [TestCase("""{"n":1,"who":"a","list":[{}]}""", "value-invalid", "an object")]
    [TestCase("""[1]""", "value-invalid", "it is missing")]
    [TestCase("""{"n":1,"who":"\ud83d"}""", "data-invalid", "surrogate")]
    public void that_a_meter_cannot_read_is_refused(string data, string code, string because)
    {
        using var writer = new Utf8JsonWriter(new ArrayBufferWriter<byte>());
        var error = UsageJson.Write(writer, "s", "i", new MeterSet(Meters).Find("t")!, null, At, Encoding.UTF8.GetBytes(data), At, out _)!;
        error.Code.Should().Be(code);
        error.Message.Should().Contain(because);
        error.Hint.Should().NotBeEmpty();
    }

    [Test]
    public void that_does_not_fit_the_schema_is_refused_with_all_that_is_wrong()
    {
        using var schema = JsonDocument.Parse("""{ "type": "object", "required": [ "bytes", "region" ], "properties": { "bytes": { "type": "integer" } } }""");
        var meters = new MeterSet([new("m", "t", Aggregation.Count) { Schema = schema.RootElement.Clone() }]).Find("t")!;
        using var writer = new Utf8JsonWriter(new ArrayBufferWriter<byte>());
        var error = UsageJson.Write(writer, "s", "i", meters, null, At, """{"bytes":"many"}"""u8, At, out _)!;
        error.Code.Should().Be("data-invalid");
        error.Message.Should().ContainAll("region", "/bytes");
    }

    [TestCase("""{"a":1,"b":2,"a":3}""", "member-twice")]
    [TestCase("""{"a":1,"\u0061":3}""", "member-twice")]
    [TestCase("""{"x":[{"a":{"b":1,"b":1}}]}""", "member-twice")]
    [TestCase("""{"x":[{"a":1},{"a":1}],"y":{"a":1},"a":{"a":{"a":1}}}""", null)]
    public void tells_doubled_members(string data, string? code)
    {
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(data));
        reader.Read();
        new UsageDataCheck().Pass(ref reader)?.Code.Should().Be(code);
        if (code is null)
        {
            var again = new Utf8JsonReader(Encoding.UTF8.GetBytes(data));
            again.Read();
            new UsageDataCheck().Pass(ref again).Should().BeNull();
        }
    }

    [Test]
    public void asks_no_more_of_an_event_than_its_data_allow()
    {
        var fan = string.Join(',', Enumerable.Range(1, 30).Select(i => $$"""  "a{{i}}": { "allOf": [ { "$ref": "#/$defs/a{{i - 1}}" }, { "$ref": "#/$defs/a{{i - 1}}" } ] } """));
        var schema = JsonElement.Parse($$"""{ "$defs": { "a0": {}, {{fan}} }, "$ref": "#/$defs/a30" }""");
        Refusal("{}", new MeterDefinition("a", "t", Aggregation.Count) { Schema = schema }).Message.Should().Contain("more than 2008 steps");

        // Each by itself would do; all together they do not.
        var wide = JsonElement.Parse($$"""{ "allOf": [ {{string.Join(',', Enumerable.Repeat("{}", 900))}} ] }""");
        var meters = Enumerable.Range(0, 3).Select(i => new MeterDefinition("m" + i, "t", Aggregation.Count) { Schema = wide }).ToArray();
        Written("{}", meters[..2]).Should().BeNull();
        Refusal("{}", meters).Message.Should().Contain("'m2'").And.Contain("steps");

        var nested = string.Concat(Enumerable.Repeat("[1,", 28)) + "1" + string.Concat(Enumerable.Repeat(",1]", 28));
        var path = Refusal(nested, new MeterDefinition("a", "t", Aggregation.Count) { Dimensions = Dimensions(("x", "$..*..*..*..*..*")) });
        (path.Code, path.Message).Should().Match<(string Code, string Message)>(e => e.Code == "value-invalid" && e.Message.Contains("steps"), "a path that was not followed to its end is no dimension that is missing");
        Written(nested, new MeterDefinition("a", "t", Aggregation.Max) { Value = "$[0]" }).Should().BeNull();

        static DomainError? Written(string data, params MeterDefinition[] meters)
        {
            using var writer = new Utf8JsonWriter(new ArrayBufferWriter<byte>());
            return UsageJson.Write(writer, "/s", "1", new MeterSet(meters).Find("t")!, null, At, Encoding.UTF8.GetBytes(data), At, out _);
        }

        static DomainError Refusal(string data, params MeterDefinition[] meters) => Written(data, meters) ?? throw new AssertionException("It is taken.");
    }

    [Test]
    public void tells_data_that_are_too_deep_or_too_many()
    {
        Check(new string('[', 33) + new string(']', 33)).Should().Be("data-too-deep");
        Check(new string('[', 32) + new string(']', 32)).Should().BeNull();
        Check($"\"{new string('x', UsageRules.MaxDataBytes)}\"").Should().Be("data-too-large");
        Check("{" + string.Join(',', Enumerable.Range(0, 1_002).Select(i => $"\"m{i}\":1")) + "}").Should().Be("data-too-large");

        static string? Check(string json)
        {
            var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(json), new JsonReaderOptions { MaxDepth = 512 });
            reader.Read();
            return new UsageDataCheck().Pass(ref reader)?.Code;
        }
    }

    [Test]
    public void identifies_it_by_content_whatever_its_white_space()
    {
        Identify("""{"n":1,"who":"a"}""", At.AddDays(-1)).Should().Be(Identify("""{ "n" : 1, "who" : "\u0061" }""", At.AddDays(-1)));
        Identify("""{"n":1,"who":"a"}""", At.AddDays(-1)).Content.Should().NotBe(Identify("""{"n":2,"who":"a"}""", At.AddDays(-1)).Content);
        Identify("""{"n":1,"who":"a"}""", At).Time.Should().Be(0, "it has the time of its arrival");

        static (string Content, long Time) Identify(string data, DateTimeOffset time)
        {
            var output = new ArrayBufferWriter<byte>();
            using var writer = new Utf8JsonWriter(output);
            UsageJson.Write(writer, "s", "i", new MeterSet(Meters).Find("t")!, null, time, Encoding.UTF8.GetBytes(data), At, out _).Should().BeNull();
            writer.Flush();
            var (content, ticks) = UsageJson.Identify(output.WrittenSpan);
            return (Encoding.UTF8.GetString(output.WrittenSpan[content.Type]) + Encoding.UTF8.GetString(output.WrittenSpan[content.Subject]) + Encoding.UTF8.GetString(output.WrittenSpan[content.Data]), ticks);
        }
    }

    [TestCase("""{"n":1,"who":"a"}""", null)]
    [TestCase("""{ "n" : 1, "who" : "<é>" }""", "a \"subject\" of é")]
    [TestCase("""{"data":{"type":"no","subject":"no"},"n":2,"who":"x"}""", "")]
    public void knows_its_content_as_it_is_written_as_well_as_when_it_is_read(string data, string? subject)
    {
        var output = new ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(output);
        UsageJson.Write(writer, "s \" é", "i", new MeterSet(Meters).Find("t")!, subject, At.AddDays(-1), Encoding.UTF8.GetBytes(data), At, out var content).Should().BeNull();
        writer.Flush();

        content.Should().Be(UsageJson.Identify(output.WrittenSpan).Content);
        Encoding.UTF8.GetString(output.WrittenSpan[content.Type]).Should().Be("\"t\"");
        JsonElement.Parse(output.WrittenSpan[content.Subject]).GetString().Should().Be(subject);
        JsonElement.DeepEquals(JsonElement.Parse(output.WrittenSpan[content.Data]), JsonElement.Parse(data)).Should().BeTrue();
    }

    private static ImmutableSortedDictionary<string, string> Dimensions(params (string Name, string Path)[] dimensions) =>
        dimensions.ToImmutableSortedDictionary(d => d.Name, d => d.Path, StringComparer.Ordinal);
}
