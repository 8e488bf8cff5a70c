using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using AIaaS.Api.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace AIaaS.Api.Tests;

public sealed class A_body_that_is_not_as_it_should_be : ApiTest
{
    private static readonly string TooDeep = """{ "text": """ + new string('[', 40) + new string(']', 40) + " }";

    private static IEnumerable<TestCaseData> Malformed =>
    [
        new TestCaseData("").SetArgDisplayNames("empty"),
        new TestCaseData("{").SetArgDisplayNames("cut off"),
        new TestCaseData("""{ "text": "Hello" } x""").SetArgDisplayNames("trailing garbage"),
        new TestCaseData("""{ "text": "Hello" } { "text": "Hello" }""").SetArgDisplayNames("two values"),
        new TestCaseData("""{ "text": "Hello", }""").SetArgDisplayNames("trailing comma"),
        new TestCaseData("""{ 'text': 'Hello' }""").SetArgDisplayNames("single quotes"),
        new TestCaseData("""{ /* c */ "text": "Hello" }""").SetArgDisplayNames("comment"),
        new TestCaseData("text=Hello").SetArgDisplayNames("a form"),
        new TestCaseData(TooDeep).SetArgDisplayNames("nested too deep"),
    ];

    private static IEnumerable<TestCaseData> Wrong =>
    [
        new TestCaseData("null", new[] { "" }).SetArgDisplayNames("null"),
        new TestCaseData("[]", new[] { "" }).SetArgDisplayNames("an array"),
        new TestCaseData("\"Hello\"", new[] { "" }).SetArgDisplayNames("text"),
        new TestCaseData("{}", new[] { "/text" }).SetArgDisplayNames("nothing in it"),
        new TestCaseData("""{ "text": null }""", new[] { "/text" }).SetArgDisplayNames("null text"),
        new TestCaseData("""{ "text": 5, "customer": [], "foo": 1 }""", new[] { "/text", "/customer", "/foo" }).SetArgDisplayNames("several faults of form"),
        new TestCaseData("""{ "text": "a", "text": "b" }""", new[] { "/text" }).SetArgDisplayNames("a doubled member"),
        new TestCaseData("""{ "Text": "a" }""", new[] { "/Text", "/text" }).SetArgDisplayNames("another case"),
        new TestCaseData("""{ "text": "  ", "customer": "", "workflow": "a b" }""", new[] { "/text", "/customer", "/workflow" }).SetArgDisplayNames("several faults of content"),
        new TestCaseData("""{ "text": "a\u0000b" }""", new[] { "/text" }).SetArgDisplayNames("a control character"),
    ];

    [TestCaseSource(nameof(Malformed))]
    public async Task is_refused_when_it_is_no_json(string body)
    {
        var tenant = await NewTenantAsync();
        (await PostAsync("/v1/messages", tenant.Key, body)).ShouldBeProblem(400, "malformed-json");
    }

    [TestCaseSource(nameof(Wrong))]
    public async Task has_all_its_faults_named_with_their_places(string body, string[] pointers)
    {
        var tenant = await NewTenantAsync();
        (await PostAsync("/v1/messages", tenant.Key, body)).ShouldBeProblem(422, "validation-failed").Pointers.Should().Equal(pointers);
    }

    [Test]
    public async Task has_its_faults_told_in_the_words_of_the_schema()
    {
        var tenant = await NewTenantAsync();
        (await PostAsync("/v1/payments", tenant.Key, """{ "amount": { "amount": 1e40, "currency": "USD" }, "method": "m" }""")).Body!.ToJsonString().Should().Contain("is out of range; a smaller number is needed");
        (await PostAsync("/v1/payments", tenant.Key, """{ "amount": { "amount": "5", "currency": "USD" }, "method": "m" }""")).Body!.ToJsonString().Should().Contain("is text; a number is needed");
        (await PostAsync("/v1/side-effects/019c1d2e3f4a8b8c9d0e1f2a3b4c5d70/resolution", tenant.Key, """{ "outcome": "Maybe", "reason": "x" }""")).Body!.ToJsonString().Should().Contain("one of succeeded, failed is needed");
    }

    [TestCase("1")]
    [TestCase("\"1\"")]
    [TestCase("99")]
    public async Task is_refused_with_the_possible_names_when_it_gives_a_number_for_one(string aggregation)
    {
        var tenant = await NewTenantAsync();
        var put = await CallAsync(HttpMethod.Put, "/v1/meters/uploads", tenant.Key, Json($$"""{ "eventType": "com.example.upload", "aggregation": {{aggregation}}, "value": "$.bytes" }"""));
        put.ShouldBeProblem(422, "validation-failed").Pointers.Should().Equal("/aggregation");
        put.Text.Should().Contain($"is not possible; one of {string.Join(", ", Enum.GetNames<Domain.Metering.Aggregation>())} is needed");
    }

    [Test]
    public async Task is_refused_with_the_possible_names_for_each_number_that_it_gives()
    {
        var tenant = await NewTenantAsync();
        var put = await CallAsync(HttpMethod.Put, "/v1/budgets/daily", tenant.Key, Json("""{ "interval": 0, "limit": { "amount": 10, "currency": "USD" }, "scope": 0 }"""));
        put.ShouldBeProblem(422, "validation-failed").Pointers.Should().Equal("/interval", "/scope");
        put.Text.Should().Contain("one of Day, Week, Month, Year is needed").And.Contain("one of Tenant, Key, Workflow, Customer is needed");
        (await GetAsync("/v1/budgets/daily", tenant.Key)).ShouldBeProblem(404, "not-found");
    }

    /// <summary>Every enumeration in every body: that a number is refused must not hang on whether somebody thought of it.</summary>
    [Test]
    public void takes_no_number_for_any_name()
    {
        var bodies = RunningApi.Host.App.Services.GetRequiredService<EndpointDataSource>().Endpoints
            .SelectMany(e => e.Metadata.OfType<IAcceptsMetadata>()).Select(a => a.RequestType).OfType<Type>().Where(t => ApiJson.Strict.GetTypeInfo(t) is not null);
        var enums = new HashSet<Type>();
        var open = new Queue<Type>(bodies);
        var seen = new HashSet<Type>();
        while (open.TryDequeue(out var next))
        {
            var type = Nullable.GetUnderlyingType(next) ?? next;
            if (!seen.Add(type))
            {
                continue;
            }

            if (type.IsEnum)
            {
                enums.Add(type);
            }

            var json = ApiJson.Strict.Options.GetTypeInfo(type);
            Type?[] parts = [.. json.Properties.Select(p => p.PropertyType), json.ElementType, json.KeyType];
            foreach (var part in parts.OfType<Type>())
            {
                open.Enqueue(part);
            }
        }

        enums.Should().Contain([typeof(Domain.Metering.Aggregation), typeof(Domain.Tools.ToolAccess)], "they are in bodies");
        enums.Where(Takes).Select(t => t.Name).Should().BeEmpty();

        static bool Takes(Type type)
        {
            try
            {
                JsonSerializer.Deserialize("1", ApiJson.Strict.Options.GetTypeInfo(type));
                return true;
            }
            catch (JsonException)
            {
                return false;
            }
        }
    }

    [Test]
    public async Task has_the_faults_of_its_parts_named_too()
    {
        var tenant = await NewTenantAsync();
        const string Body = """{ "articles": [ { "article": "a", "title": "A", "content": "x" }, { "article": "a b", "title": "", "content": "x" }, { "article": "a", "title": "A\nB", "content": "x" } ] }""";
        (await PostAsync("/v1/articles/import", tenant.Key, Body)).ShouldBeProblem(422, "validation-failed").Pointers
            .Should().BeEquivalentTo("/articles/1/article", "/articles/1/title", "/articles/2/article", "/articles/2/title");
        (await GetAsync("/v1/articles/a", tenant.Key)).ShouldBeProblem(404, "not-found");
    }

    [Test]
    public async Task is_refused_when_it_is_not_utf8()
    {
        var tenant = await NewTenantAsync();
        using var latin = new ByteArrayContent([.. """{ "text": "Gr"""u8, 0xFC, 0xDF, .. """e" }"""u8]);
        latin.Headers.ContentType = new("application/json");
        (await CallAsync(HttpMethod.Post, "/v1/messages", tenant.Key, latin)).ShouldBeProblem(400, "malformed-json");
        using var utf16 = new StringContent("""{ "text": "Hello" }""", Encoding.Unicode, "application/json");
        (await CallAsync(HttpMethod.Post, "/v1/messages", tenant.Key, utf16)).ShouldBeProblem(415, "unsupported-media-type");
        using var unnamed = new ByteArrayContent(Encoding.Unicode.GetBytes("""{ "text": "Hello" }"""));
        unnamed.Headers.ContentType = new("application/json");
        (await CallAsync(HttpMethod.Post, "/v1/messages", tenant.Key, unnamed)).ShouldBeProblem(400, "malformed-json");
    }

    [TestCase("text/plain")]
    [TestCase("application/x-www-form-urlencoded")]
    [TestCase("multipart/form-data")]
    [TestCase(null)]
    public async Task is_refused_when_it_is_of_another_media_type(string? type)
    {
        var tenant = await NewTenantAsync();
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes("""{ "text": "Hello" }"""));
        content.Headers.ContentType = type is null ? null : new MediaTypeHeaderValue(type);
        (await CallAsync(HttpMethod.Post, "/v1/messages", tenant.Key, content)).ShouldBeProblem(415, "unsupported-media-type");
    }

    [Test]
    public async Task is_refused_when_it_is_compressed()
    {
        var tenant = await NewTenantAsync();
        using var content = Json("""{ "text": "Hello" }""");
        content.Headers.ContentEncoding.Add("gzip");
        (await CallAsync(HttpMethod.Post, "/v1/messages", tenant.Key, content)).ShouldBeProblem(415, "unsupported-media-type");
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task is_refused_when_it_is_larger_than_one_mebibyte(bool announced)
    {
        var tenant = await NewTenantAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/messages") { Content = Json($$"""{ "text": "{{new string('x', 1024 * 1024)}}" }""") };
        request.Headers.Authorization = new("Bearer", tenant.Key);
        request.Headers.Add("Idempotency-Key", "large-" + RunningApi.Next());
        request.Headers.TransferEncodingChunked = !announced;
        request.Headers.ExpectContinue = true;
        using var response = await Client.SendAsync(request);
        response.StatusCode.Should().Be(HttpStatusCode.RequestEntityTooLarge);
        response.Content.Headers.ContentType!.MediaType.Should().Be("application/problem+json");
        (await response.Content.ReadAsStringAsync()).Should().Contain("urn:aiaas:problem:request-too-large");
    }

    [Test]
    public async Task is_taken_with_a_byte_order_mark_and_any_text()
    {
        var tenant = await NewTenantAsync();
        using var content = new ByteArrayContent([0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes("""{ "text": "Grüße 👋 \u4f60\ud83d\ude00" }""")]);
        content.Headers.ContentType = new("application/json");
        var answer = await CallAsync(HttpMethod.Post, "/v1/messages", tenant.Key, content);
        answer.Status.Should().Be(HttpStatusCode.OK);
        var run = await GetAsync($"/v1/runs/{answer.Body!["run"]!.GetValue<string>()}?min-position={answer.Header("Consistency-Token")}", tenant.Key);
        run.Body!["question"]!.GetValue<string>().Should().Be("Grüße 👋 \u4f60\ud83d\ude00");
    }
}

public sealed class A_request_that_cannot_be_answered : ApiTest
{
    [Test]
    public async Task says_that_there_is_nothing_at_the_path()
    {
        var tenant = await NewTenantAsync();
        (await GetAsync("/v1/nothing", tenant.Key)).ShouldBeProblem(404, "not-found");
        (await GetAsync("/nothing", null)).ShouldBeProblem(404, "not-found");
        (await GetAsync("/v1/conversations/%2e%2e%2fetc", tenant.Key)).ShouldBeProblem(404, "not-found");
    }

    [Test]
    public async Task says_which_methods_are_possible()
    {
        var tenant = await NewTenantAsync();
        (await CallAsync(HttpMethod.Delete, "/v1/runs", tenant.Key)).ShouldBeProblem(405, "method-not-allowed").Header("Allow").Should().Be("GET,POST");
    }

    [TestCase("/v1/runs?limit=0", "?limit")]
    [TestCase("/v1/runs?limit=201", "?limit")]
    [TestCase("/v1/runs?limit=x", "?limit")]
    [TestCase("/v1/runs?outcome=Great", "?outcome")]
    [TestCase("/v1/runs?outcome=1", "?outcome")]
    [TestCase("/v1/runs?status=open&status=completed", "?status")]
    [TestCase("/v1/runs?from=yesterday", "?from")]
    [TestCase("/v1/runs?forked=maybe", "?forked")]
    [TestCase("/v1/runs?nonsense=1", "?nonsense")]
    [TestCase("/v1/runs?min-position=-1", "?min-position")]
    [TestCase("/v1/runs?min-position=abc", "?min-position")]
    [TestCase("/v1/kpis?granularity=minute", "?granularity")]
    [TestCase("/v1/kpis?from=2026-02-01&to=2026-01-01", "?from")]
    [TestCase("/v1/articles?audience=Everyone", "?audience")]
    public async Task names_the_query_parameter(string path, string pointer)
    {
        var tenant = await NewTenantAsync();
        (await GetAsync(path, tenant.Key)).ShouldBeProblem(400, "invalid-parameter").Pointers.Should().Equal(pointer);
    }

    [Test]
    public async Task names_all_wrong_query_parameters_at_once()
    {
        var tenant = await NewTenantAsync();
        (await GetAsync("/v1/runs?limit=x&outcome=y&z=1", tenant.Key)).ShouldBeProblem(400, "invalid-parameter").Pointers.Should().Equal("?outcome", "?limit", "?z");
    }

    [TestCase("/v1/runs?cursor=nonsense")]
    [TestCase("/v1/runs?sort=color")]
    [TestCase("/v1/kpis?from=0001-01-01&to=2026-01-01&granularity=hour")]
    public async Task says_what_of_the_query_is_impossible(string path)
    {
        var tenant = await NewTenantAsync();
        (await GetAsync(path, tenant.Key)).ShouldBeProblem(400, "invalid-parameter");
    }

    [Test]
    public async Task says_that_a_position_is_not_reached_yet()
    {
        var tenant = await NewTenantAsync();
        (await GetAsync("/v1/runs?min-position=999999999", tenant.Key)).ShouldBeProblem(503, "temporary-reduced-capacity").Header("Retry-After").Should().NotBeNull();
    }

    [Test]
    public async Task names_an_unknown_workflow()
    {
        var tenant = await NewTenantAsync();
        (await PostAsync("/v1/messages", tenant.Key, """{ "text": "Hello", "workflow": "dancing" }""")).ShouldBeProblem(422, "unknown-workflow");
        (await GetAsync("/v1/workflows/dancing", tenant.Key)).ShouldBeProblem(404, "not-found");
        (await GetAsync("/v1/workflows/faq_handling?hash=0000", tenant.Key)).ShouldBeProblem(404, "not-found");
    }

    [Test]
    public async Task never_shows_a_correlation_id_that_is_no_id()
    {
        (await CallAsync(HttpMethod.Get, "/health/live", null, null, null, ("X-Correlation-Id", "order-17.a_b"))).Header("X-Correlation-Id").Should().Be("order-17.a_b");
        (await CallAsync(HttpMethod.Get, "/health/live", null, null, null, ("X-Correlation-Id", "{\"evil\": 1}"))).Header("X-Correlation-Id").Should().NotContain("evil");
    }

    [Test]
    public async Task is_answered_when_it_is_no_http()
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, RunningApi.Host.Url.Port);
        await client.GetStream().WriteAsync("NONSENSE\r\n\r\n"u8.ToArray());
        using var reader = new StreamReader(client.GetStream(), Encoding.ASCII);
        (await reader.ReadLineAsync()).Should().StartWith("HTTP/1.1 400");
        (await GetAsync("/health/live", null)).Status.Should().Be(HttpStatusCode.OK);
    }
}
