using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AIaaS.Domain;
using AIaaS.Domain.Metering;

namespace AIaaS.Api.Tests;

public abstract class UsageTest : ApiTest
{
    protected const string Structured = "application/cloudevents+json";
    protected const string Batched = "application/cloudevents-batch+json";
    protected const string Type = "com.example.upload";

    protected static string Now => At(TimeSpan.FromMinutes(-1));

    protected static string At(TimeSpan from) => TimeProvider.System.GetUtcNow().Add(from).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    protected static string Event(string id, string data = """{"bytes":5,"region":"eu"}""", string? time = null, string more = "") =>
        $$"""{"specversion":"1.0","id":"{{id}}","source":"/shop","type":"{{Type}}","time":"{{time ?? Now}}","data":{{data}}{{more}}}""";

    /// <summary>A tenant with a meter of uploaded bytes.</summary>
    protected async Task<Tenant> NewMeteredTenantAsync(params string[] scopes)
    {
        var tenant = await NewTenantAsync(scopes);
        await DeclareAsync(tenant, "uploaded_bytes", """{ "eventType": "com.example.upload", "aggregation": "Sum", "value": "$.bytes", "dimensions": { "region": "$.region" }, "schema": { "type": "object", "required": [ "bytes" ] }, "unit": "bytes" }""");
        return tenant;
    }

    protected async Task<Response> DeclareAsync(Tenant tenant, string meter, string json)
    {
        var declared = await CallAsync(HttpMethod.Put, $"/v1/meters/{meter}", tenant.Key, Json(json));
        declared.Status.Should().Be(HttpStatusCode.OK, declared.Text);
        return declared;
    }

    protected Task<Response> SendAsync(Tenant tenant, string body, string mediaType = Batched, params (string Name, string Value)[] headers)
    {
        var content = new StringContent(body, Encoding.UTF8);
        content.Headers.ContentType = new(mediaType);
        return CallAsync(HttpMethod.Post, "/v1/usage/events", tenant.Key, content, idempotencyKey: "", headers);
    }

    protected static IEnumerable<string?> Statuses(Response response) => response.Body!["events"]!.AsArray().Select(e => e!["status"]!.GetValue<string>());

    protected async Task<decimal> TotalAsync(Tenant tenant, string meter, string? token, string query = "")
    {
        var report = await CallAsync(HttpMethod.Get, $"/v1/usage?meter={meter}{query}", tenant.Key, headers: ("Consistency-Token", token ?? "0"));
        report.Status.Should().Be(HttpStatusCode.OK, report.Text);
        return report.Body!["rows"]!.AsArray().Sum(r => r!["value"]!.GetValue<decimal>());
    }
}

public sealed class Usage_that_is_sent : UsageTest
{
    [Test]
    public async Task as_a_batch_is_answered_event_by_event()
    {
        var tenant = await NewMeteredTenantAsync();
        var answer = await SendAsync(tenant, $"[{Event("a")},{Event("a")},{Event("b", "{\"bytes\":-1}")},{Event("c", "{}")},7,{Event("d")}]");
        answer.Status.Should().Be(HttpStatusCode.OK);
        Statuses(answer).Should().Equal("accepted", "duplicate", "refused", "refused", "refused", "accepted");
        (answer.Body!["accepted"]!.GetValue<int>(), answer.Body["duplicate"]!.GetValue<int>(), answer.Body["refused"]!.GetValue<int>()).Should().Be((2, 1, 3));
        answer.Body["position"]!.GetValue<string>().Should().Be(answer.Header("Consistency-Token"));
        answer.Body["events"]![2]!["code"]!.GetValue<string>().Should().Be("value-invalid");
        answer.Body["events"]![2]!["hint"]!.GetValue<string>().Should().NotBeEmpty();
        answer.Body["events"]![3]!["code"]!.GetValue<string>().Should().Be("data-invalid");
        (await TotalAsync(tenant, "uploaded_bytes", answer.Header("Consistency-Token"))).Should().Be(10);
    }

    [Test]
    public async Task in_each_mode_is_the_same_event()
    {
        var tenant = await NewMeteredTenantAsync();
        var time = Now;
        Statuses(await SendAsync(tenant, Event("a", """{"bytes":5}""", time), Structured)).Should().Equal("accepted");
        Statuses(await SendAsync(tenant, "[" + Event("a", """{ "bytes" : 5 }""", time) + "]")).Should().Equal("duplicate");
        Statuses(await SendAsync(tenant, """{ "bytes": 5 }""", "application/json", ("ce-specversion", "1.0"), ("ce-id", "a"), ("ce-source", "%2Fshop"), ("ce-type", Type), ("ce-time", time))).Should().Equal("duplicate");
        (await SendAsync(tenant, """{ "bytes": 6 }""", "application/json", ("ce-specversion", "1.0"), ("ce-id", "a"), ("ce-source", "/shop"), ("ce-type", Type), ("ce-time", time))).ShouldBeProblem(422, "duplicate-conflict");
    }

    [TestCase("""{"id":"a","source":"/s","type":"com.example.upload","data":{"bytes":1}}""", "attribute-missing")]
    [TestCase("""{"specversion":"0.3","id":"a","source":"/s","type":"com.example.upload","data":{"bytes":1}}""", "specversion-unsupported")]
    [TestCase("""{"specversion":"1.0","id":"","source":"/s","type":"com.example.upload","data":{"bytes":1}}""", "attribute-invalid")]
    [TestCase("""{"specversion":"1.0","id":"a","source":"/s","type":"aiaas.run","data":{}}""", "type-reserved")]
    [TestCase("""{"specversion":"1.0","id":"a","source":"/s","type":"com.example.else","data":{}}""", "type-unknown")]
    [TestCase("""{"specversion":"1.0","id":"a","source":"/s","type":"com.example.upload","time":"2026-01-31T09:30:00","data":{"bytes":1}}""", "attribute-invalid")]
    [TestCase("""{"specversion":"1.0","id":"a","source":"/s","type":"com.example.upload","time":"2020-01-31T09:30:00Z","data":{"bytes":1}}""", "time-too-old")]
    [TestCase("""{"specversion":"1.0","id":"a","source":"/s","type":"com.example.upload","time":"2999-01-31T09:30:00Z","data":{"bytes":1}}""", "time-in-future")]
    [TestCase("""{"specversion":"1.0","id":"a","source":"/s","type":"com.example.upload","data_base64":"AA=="}""", "attribute-invalid")]
    [TestCase("""{"specversion":"1.0","id":"a","source":"/s","type":"com.example.upload","datacontenttype":"text/xml","data":"<a/>"}""", "attribute-invalid")]
    [TestCase("""{"specversion":"1.0","id":"a","id":"b","source":"/s","type":"com.example.upload","data":{"bytes":1}}""", "member-twice")]
    [TestCase("""{"specversion":"1.0","id":"a","source":"/s","type":"com.example.upload","data":{"bytes":1,"bytes":2}}""", "member-twice")]
    [TestCase("""{"specversion":"1.0","id":"a","source":"/s","type":"com.example.upload","Data":{},"data":{"bytes":1}}""", "attribute-invalid")]
    [TestCase("""{"specversion":"1.0","id":"a","source":"/s","type":"com.example.upload","tenant":"another","data":{"bytes":1}}""", "attribute-invalid")]
    [TestCase("""{"specversion":"1.0","id":"\ud83d","source":"/s","type":"com.example.upload","data":{"bytes":1}}""", "data-invalid")]
    [TestCase("""{"specversion":"1.0","id":"a","source":"/s","type":"com.example.upload","data":{"bytes":1e400}}""", "value-invalid")]
    [TestCase("""{"specversion":"1.0","id":"a","source":"/s","type":"com.example.upload","data":{"bytes":"Infinity"}}""", "value-invalid")]
    [TestCase("""[]""", "not-an-event")]
    public async Task alone_and_wrong_is_refused_with_the_reason(string body, string code)
    {
        var tenant = await NewMeteredTenantAsync();
        (await SendAsync(tenant, body, Structured)).ShouldBeProblem(422, code);
        var batch = await SendAsync(tenant, $"[{Event("good")},{body}]");
        Statuses(batch).Should().Equal("accepted", "refused");
        batch.Body!["events"]![1]!["code"]!.GetValue<string>().Should().Be(code);
    }

    [Test]
    public async Task whose_time_is_written_with_escapes_is_taken_as_any_other()
    {
        var tenant = await NewMeteredTenantAsync();
        var answer = await SendAsync(tenant, Event("a", time: Now.Replace("Z", "\\u002B00:00", StringComparison.Ordinal)), Structured);
        Statuses(answer).Should().Equal(["accepted"], answer.Text);
    }

    [Test]
    public async Task with_what_is_no_number_refuses_itself_alone()
    {
        var tenant = await NewMeteredTenantAsync();
        var answer = await SendAsync(tenant, $$$"""
            [{{{Event("a", """{"bytes":NaN}""")}}},{{{Event("b", """{"bytes":1,"region":"NaN \" Infinity"}""")}}},{{{Event("c", """{"bytes":1,"more":[{"x":-Infinity}]}""")}}},{{{Event("d")}}},{{{Event("e", """{"bytes":Infinity}""")}}},NaN]
            """);
        answer.Status.Should().Be(HttpStatusCode.OK, answer.Text);
        Statuses(answer).Should().Equal("refused", "accepted", "refused", "accepted", "refused", "refused");
        answer.Body!["events"]!.AsArray().Select(e => e!["code"]?.GetValue<string>()).Should().Equal("data-invalid", null, "data-invalid", null, "data-invalid", "not-an-event");
        (await TotalAsync(tenant, "uploaded_bytes", answer.Header("Consistency-Token"))).Should().Be(6);
        (await SendAsync(tenant, """{ "bytes": NaN }""", "application/json", ("ce-specversion", "1.0"), ("ce-id", "f"), ("ce-source", "/shop"), ("ce-type", Type))).ShouldBeProblem(422, "data-invalid");
        (await SendAsync(tenant, "[{NaN:1}]")).ShouldBeProblem(400, "malformed-json");
    }

    [Test]
    public async Task that_is_no_json_is_refused_as_a_whole()
    {
        var tenant = await NewMeteredTenantAsync();
        var answer = await SendAsync(tenant, $"[{Event("a")},{{]");
        answer.ShouldBeProblem(400, "malformed-json");
        (await SendAsync(tenant, "[" + new string('[', 600), Batched)).ShouldBeProblem(400, "malformed-json");
        (await SendAsync(tenant, "{}", Batched)).ShouldBeProblem(422, "not-a-batch");
        (await SendAsync(tenant, "{}", "application/json")).ShouldBeProblem(415, "unsupported-media-type");
        Statuses(await SendAsync(tenant, $"[{Event("a")}]")).Should().Equal("accepted");
    }

    [Test]
    public async Task too_deep_or_too_large_refuses_itself_alone()
    {
        var tenant = await NewMeteredTenantAsync();
        var deep = Event("deep", $$"""{"bytes":1,"x":{{new string('[', 40)}}{{new string(']', 40)}}}""");
        var large = Event("large", $$"""{"bytes":1,"x":"{{new string('x', 70_000)}}"}""");
        var answer = await SendAsync(tenant, $"[{deep},{large},{Event("good")}]");
        answer.Body!["events"]!.AsArray().Select(e => e!["code"]?.GetValue<string>()).Should().Equal("data-too-deep", "data-too-large", null);
    }

    [Test]
    public async Task ten_thousand_at_once_with_one_bad_stands_but_for_that_one()
    {
        var tenant = await NewMeteredTenantAsync();
        var time = Now;
        var events = Enumerable.Range(0, 10_000).Select(i => Event($"e{i}", i == 7_777 ? """{"bytes":"NaN"}""" : """{"bytes":1}""", time)).ToArray();
        var answer = await SendAsync(tenant, $"[{string.Join(',', events)}]", Batched, ("Prefer", "return=minimal"));
        answer.Body!["accepted"]!.GetValue<int>().Should().Be(9_999);
        answer.Body["events"]!.AsArray().Should().ContainSingle().Which!["id"]!.GetValue<string>().Should().Be("e7777");
        (await TotalAsync(tenant, "uploaded_bytes", answer.Header("Consistency-Token"))).Should().Be(9_999);
        (await SendAsync(tenant, $"[{string.Join(',', events)},{Event("one more")}]")).ShouldBeProblem(422, "too-many-events");
    }

    [Test]
    public async Task again_and_in_another_order_gives_the_same_sums()
    {
        var tenant = await NewMeteredTenantAsync();
        var random = new Random(7);
        var events = Enumerable.Range(1, 60).Select(i => Event($"e{i}", $$"""{"bytes":{{i}},"region":"{{(i % 2 == 0 ? "eu" : "us")}}"}""", At(TimeSpan.FromMinutes(-20 * i)))).ToArray();
        string? token = null;
        foreach (var chunk in events.Concat(events).OrderBy(_ => random.Next()).Chunk(7))
        {
            token = (await SendAsync(tenant, $"[{string.Join(',', chunk)}]")).Header("Consistency-Token");
        }

        (await TotalAsync(tenant, "uploaded_bytes", token)).Should().Be(60 * 61 / 2);
        (await TotalAsync(tenant, "uploaded_bytes", token, "&window=hour&group-by=region")).Should().Be(60 * 61 / 2);
        (await TotalAsync(tenant, "uploaded_bytes", token, "&dimension.region=eu")).Should().Be(30 * 31);
    }

    [Test]
    public async Task needs_its_scope_and_stays_with_its_tenant()
    {
        var tenant = await NewMeteredTenantAsync();
        (await SendAsync(tenant with { Key = await NewKeyAsync(tenant.Id, "usage:read") }, Event("a"), Structured)).ShouldBeProblem(403, "missing-scope");
        var other = await NewMeteredTenantAsync();
        await SendAsync(tenant, Event("a"), Structured);
        Statuses(await SendAsync(other, Event("a"), Structured)).Should().Equal("accepted");
    }
}

public sealed class Usage_that_is_asked_for : UsageTest
{
    [Test]
    public async Task comes_as_csv_too()
    {
        var tenant = await NewMeteredTenantAsync();
        var sent = await SendAsync(tenant, $"[{Event("a", """{"bytes":1.5,"region":"a,\"b\""}""")},{Event("b", """{"bytes":1,"region":"=1+1"}""")}]");
        var csv = await CallAsync(HttpMethod.Get, "/v1/usage?meter=uploaded_bytes&group-by=region", tenant.Key, headers: [("Accept", "text/csv"), ("Consistency-Token", sent.Header("Consistency-Token")!)]);
        csv.MediaType.Should().Be("text/csv");
        var lines = csv.Text.Split("\r\n");
        lines[0].Should().Be("start,end,region,value,events");
        lines[1..3].Should().Contain(l => l.EndsWith(",\"a,\"\"b\"\"\",1.5,1", StringComparison.Ordinal)).And.Contain(l => l.EndsWith(",'=1+1,1,1", StringComparison.Ordinal), "a spreadsheet would take it for a formula");
    }

    [TestCase("meter=nothing", 404, "meter-not-found")]
    [TestCase("", 400, "invalid-parameter")]
    [TestCase("meter=uploaded_bytes&time-zone=Nowhere", 400, "invalid-parameter")]
    [TestCase("meter=uploaded_bytes&from=2026-01-01T00:01:00Z", 400, "invalid-parameter")]
    [TestCase("meter=uploaded_bytes&group-by=colour", 400, "invalid-parameter")]
    [TestCase("meter=uploaded_bytes&from=2026-02-01&to=2026-01-01", 400, "invalid-parameter")]
    [TestCase("meter=uploaded_bytes&window=week", 400, "invalid-parameter")]
    [TestCase("meter=uploaded_bytes&from=0001-01-01&to=0001-01-02&time-zone=Europe/Berlin", 400, "invalid-parameter")]
    [TestCase("meter=uploaded_bytes&from=0001-01-01T00:00:00Z&to=0001-01-02T00:00:00Z&time-zone=America/New_York", 400, "invalid-parameter")]
    [TestCase("meter=uploaded_bytes&from=9999-12-30T00:00:00Z&to=9999-12-31T12:00:00Z&time-zone=Pacific/Auckland", 400, "invalid-parameter")]
    public async Task wrongly_is_refused(string query, int status, string code)
    {
        var tenant = await NewMeteredTenantAsync();
        (await GetAsync("/v1/usage?" + query, tenant.Key)).ShouldBeProblem(status, code);
    }

    [Test]
    public async Task as_an_export_is_what_the_log_holds()
    {
        var tenant = await NewMeteredTenantAsync();
        await SendAsync(tenant, $"[{string.Join(',', Enumerable.Range(0, 30).Select(i => Event($"e{i}")))}]");
        var all = await GetAsync("/v1/usage/events", tenant.Key);
        all.MediaType.Should().Be("application/x-ndjson");
        var lines = all.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        lines.Length.Should().BeGreaterThanOrEqualTo(30);
        lines.Select(l => JsonSerializer.Deserialize(l, MeteringJson.Default.UsageMetered)!).Count(u => u.Type == Type).Should().Be(30);
        var page = await GetAsync("/v1/usage/events?from-sequence=3&limit=2", tenant.Key);
        page.Text.Should().Be(lines[3] + "\n" + lines[4] + "\n");
        page.Header("Next-Sequence").Should().Be("5");
        (await GetAsync("/v1/usage/events?from-sequence=1000000", tenant.Key)).Header("Next-Sequence").Should().Be("1000000");
    }

    [Test]
    public async Task holds_the_runs_and_requests_of_the_platform()
    {
        var tenant = await NewTenantAsync();
        var answered = await AskAsync(tenant);
        var cost = answered.Body["cost"]!["amount"]!.GetValue<decimal>();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (await TotalAsync(tenant, "runs", null) < 1 || await TotalAsync(tenant, "api_requests", null, "&dimension.route=POST /v1/messages") < 1)
        {
            await Task.Delay(20, patience.Token);
        }

        (await TotalAsync(tenant, "cost", null)).Should().Be(cost);
        (await TotalAsync(tenant, "runs", null, "&dimension.outcome=Answered")).Should().Be(1);
        (await TotalAsync(tenant, "storage_bytes", null)).Should().BePositive();
    }
}

public sealed class Meters : UsageTest
{
    [Test]
    public async Task are_listed_with_those_of_the_platform()
    {
        var tenant = await NewMeteredTenantAsync();
        var meters = (await GetAsync("/v1/meters", tenant.Key)).Body!["meters"]!.AsArray();
        meters.Single(m => m!["meter"]!.GetValue<string>() == "uploaded_bytes")!["origin"]!.GetValue<string>().Should().Be("tenant");
        meters.Single(m => m!["meter"]!.GetValue<string>() == "cost")!["eventTypes"]!.AsArray().Should().HaveCount(2);
    }

    [Test]
    public async Task that_are_none_are_refused_with_all_faults()
    {
        var tenant = await NewTenantAsync();
        var refused = await CallAsync(HttpMethod.Put, "/v1/meters/Bad", tenant.Key, Json("""{ "eventType": "aiaas.x", "aggregation": "Sum", "value": "bytes" }"""));
        refused.ShouldBeProblem(422, "meter-invalid");
        refused.Body!["detail"]!.GetValue<string>().Should().ContainAll("Bad", "aiaas.", "JSONPath");
    }

    [Test]
    public async Task that_are_retired_count_no_longer()
    {
        var tenant = await NewMeteredTenantAsync();
        var sent = await SendAsync(tenant, Event("a"), Structured);
        (await CallAsync(HttpMethod.Delete, "/v1/meters/uploaded_bytes", tenant.Key)).Status.Should().Be(HttpStatusCode.NoContent);
        (await SendAsync(tenant, Event("b"), Structured)).ShouldBeProblem(422, "type-unknown");
        (await TotalAsync(tenant, "uploaded_bytes", sent.Header("Consistency-Token"))).Should().Be(5);
        (await CallAsync(HttpMethod.Delete, "/v1/meters/runs", tenant.Key)).ShouldBeProblem(409, "meter-built-in");
        (await CallAsync(HttpMethod.Delete, "/v1/meters/nothing", tenant.Key)).ShouldBeProblem(404, "meter-not-found");
    }

    [Test]
    public async Task of_a_plan_count_whatever_a_tenant_declares_under_their_name()
    {
        var tenant = await NewMeteredTenantAsync();
        var plan = $"plan-{RunningApi.Next()}";
        var put = await CallAsync(HttpMethod.Put, $"/v1/plans/{plan}", RunningApi.AdminKey, Json("""{ "name": "Plan", "currency": "USD", "recurringFee": 1, "meters": [ { "meter": "uploaded_bytes", "eventType": "com.example.upload", "aggregation": "Sum", "value": "$.stored" } ] }"""));
        put.Status.Should().Be(HttpStatusCode.OK, put.Text);
        var subscribed = await CallAsync(HttpMethod.Post, $"/v1/tenants/{tenant.Id}/subscription", RunningApi.AdminKey, Json($$"""{ "plan": "{{plan}}", "reason": "test" }"""));
        ((int)subscribed.Status).Should().BeInRange(200, 299, subscribed.Text);
        (await CallAsync(HttpMethod.Put, "/v1/meters/uploaded_bytes", tenant.Key, Json("""{ "eventType": "com.example.upload", "aggregation": "Sum", "value": "$.nothing" }"""))).ShouldBeProblem(409, "meter-of-plan");
        var sent = await SendAsync(tenant, Event("a", """{"bytes":0,"stored":7,"nothing":0}"""), Structured);
        (await TotalAsync(tenant, "uploaded_bytes", sent.Header("Consistency-Token"))).Should().Be(7);
        (await GetAsync("/v1/meters/uploaded_bytes", tenant.Key)).Body!["origin"]!.GetValue<string>().Should().Be("plan");
    }
}
