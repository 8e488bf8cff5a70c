using System.Net;
using System.Text.Json.Nodes;
using AIaaS.Api.OpenApi;

namespace AIaaS.Api.Tests;

public sealed class The_description_of_the_API : ApiTest
{
    [Test]
    public async Task is_served_without_faults()
    {
        var served = await GetAsync("/openapi/v1.json", null);
        served.Status.Should().Be(HttpStatusCode.OK);
        OpenApiLint.Check(served.Body!).Should().BeEmpty();
        served.Body!.ToJsonString().Should().NotContain("null where string", "a reference in a comment is no text");
        served.Body!["openapi"]!.GetValue<string>().Should().StartWith("3.1");
    }

    [Test]
    public async Task is_the_same_served_and_written_to_a_file()
    {
        var served = (await GetAsync("/openapi/v1.json", null)).Body;
        JsonNode.DeepEquals(served, JsonNode.Parse(await OpenApiFile.TextAsync(RunningApi.Host.App.Services))).Should().BeTrue();
    }

    [Test]
    public async Task has_a_page_to_browse_it()
    {
        (await GetAsync("/docs/index.html", null)).MediaType.Should().Be("text/html");
        (await GetAsync("/", null)).Status.Should().Be(HttpStatusCode.OK);
    }

    [Test]
    public async Task knows_every_route_under_v1()
    {
        var paths = ((await GetAsync("/openapi/v1.json", null)).Body!["paths"]!.AsObject()).Select(p => p.Key);
        paths.Should().Contain(["/v1/messages", "/v1/conversations/{conversation}/messages", "/v1/runs/{run}/episode/export", "/v1/episodes/replay", "/v1/kpis", "/v1/articles/{article}", "/v1/workflows/{workflow}", "/v1/streams/{stream}", "/v1/subscriptions", "/v1/parked-events", "/v1/tenants/{tenant}/api-keys/{key}"]);
    }
}

public sealed class A_description_with_a_fault : ApiTest
{
    private static readonly (string What, Action<JsonObject> Break, string Says)[] Faults =
    [
        ("no operation id", o => o.Remove("operationId"), "has no operationId"),
        ("a doubled operation id", o => o["operationId"] = "listRuns", "is used twice"),
        ("no summary", o => o["summary"] = " ", "has no summary"),
        ("no tag", o => o["tags"] = new JsonArray(), "has no tag"),
        ("no security", o => o.Remove("security"), "says nothing about security"),
        ("no path parameter", o => o["parameters"] = new JsonArray(), "the path parameter {run} is not described"),
        ("no success", o => o["responses"]!.AsObject().Remove("200"), "has no 2xx response"),
        ("a plain error", o => o["responses"]!["404"]!.AsObject().Remove("content"), "response 404 is not described as application/problem+json"),
        ("no example", o => Content(o).Remove("example"), "has no example"),
        ("an example that lacks something", o => Content(o)["example"]!.AsObject().Remove("run"), "lacks 'run'"),
        ("an example with something unknown", o => Content(o)["example"]!["color"] = "red", "has 'color'"),
        ("an example of another type", o => Content(o)["example"]!["steps"] = "five", "is string, not integer"),
        ("an example with an impossible value", o => Content(o)["example"]!["outcome"] = "Great", "fits none"),
        ("a reference that leads nowhere", o => Content(o)["schema"] = new JsonObject { ["$ref"] = "#/components/schemas/Nothing" }, "leads nowhere"),
    ];

    private static IEnumerable<TestCaseData> Cases => Faults.Select((f, i) => new TestCaseData(i).SetArgDisplayNames(f.What));

    [TestCaseSource(nameof(Cases))]
    public async Task is_refused_with_the_place_of_the_fault(int fault)
    {
        var (_, damage, says) = Faults[fault];
        var document = (await GetAsync("/openapi/v1.json", null)).Body!;
        damage(document["paths"]!["/v1/runs/{run}"]!["get"]!.AsObject());
        OpenApiLint.Check(document).Should().Contain(f => f.Contains(says, StringComparison.Ordinal));
    }

    private static JsonObject Content(JsonObject operation) => operation["responses"]!["200"]!["content"]!["application/json"]!.AsObject();
}
