using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace AIaaS.Api.Tests;

public sealed class Workflows_over_http : ApiTest
{
    private const string Yaml = "workflow: thank_you\nnodes:\n  - { id: start, type: start, next: done }\n  - { id: done, type: end, outcome: answered, text: Thank you. }\n";

    private static string Body(string yaml) => new JsonObject { ["source"] = yaml }.ToJsonString();

    private Task<Response> SendAsync(HttpMethod method, string path, string key, string json) => CallAsync(method, path, key, new StringContent(json, Encoding.UTF8, "application/json"));

    [Test]
    public async Task are_published_drawn_tried_changed_and_rolled_back()
    {
        var tenant = await NewTenantAsync();
        var put = await SendAsync(HttpMethod.Put, "/v1/workflows/thank_you", tenant.Key, Body(Yaml));
        put.Status.Should().Be(HttpStatusCode.OK, put.Text);
        var version = put.Body!["version"]!.GetValue<string>();
        (await GetAsync("/v1/workflows/thank_you", tenant.Key)).Body!["hash"]!.GetValue<string>().Should().Be(version);
        (await GetAsync("/v1/workflows/thank_you/source", tenant.Key)).Text.Should().Be(Yaml);
        (await GetAsync("/v1/workflows/thank_you", (await NewTenantAsync()).Key)).ShouldBeProblem(404, "not-found");

        var asked = await PostAsync("/v1/messages", tenant.Key, """{ "text": "Hello", "workflow": "thank_you" }""");
        asked.Body!["answer"]!.GetValue<string>().Should().Be("Thank you.", asked.Text);
        var run = asked.Body["run"]!.GetValue<string>();
        var graph = await GetAsync($"/v1/runs/{run}/graph", tenant.Key);
        graph.MediaType.Should().Be("image/svg+xml");
        graph.Text.Should().Contain("taken");
        (await GetAsync($"/v1/workflows/thank_you/graph?format=mermaid&run={run}", tenant.Key)).Text.Should().StartWith("flowchart TD");
        (await GetAsync("/v1/workflows/thank_you/graph?format=png", tenant.Key)).ShouldBeProblem(400, "invalid-parameter");

        var dry = await PostAsync("/v1/workflows/thank_you/dry-run", tenant.Key, new JsonObject { ["source"] = Yaml.Replace("Thank you.", "Thanks.", StringComparison.Ordinal), ["runs"] = new JsonArray(run) }.ToJsonString());
        dry.Body!["other"]!.GetValue<int>().Should().Be(1, dry.Text);

        var second = await SendAsync(HttpMethod.Put, "/v1/workflows/thank_you", tenant.Key, Body(Yaml.Replace("Thank you.", "Thanks.", StringComparison.Ordinal)));
        second.Body!["version"]!.GetValue<string>().Should().NotBe(version);
        (await PostAsync("/v1/workflows/thank_you/rollback", tenant.Key, """{ "reason": "too short" }""")).Body!["version"]!.GetValue<string>().Should().Be(version);
        (await GetAsync("/v1/workflows/thank_you/versions", tenant.Key)).Body!["versions"]!.AsArray().Should().HaveCount(2);
        (await PostAsync($"/v1/runs/{run}/move", tenant.Key, new JsonObject { ["version"] = second.Body["version"]!.GetValue<string>(), ["reason"] = "no" }.ToJsonString())).ShouldBeProblem(422, "run-cannot-be-moved");
    }

    [Test]
    public async Task with_faults_name_each_with_line_and_column()
    {
        var tenant = await NewTenantAsync();
        var put = await SendAsync(HttpMethod.Put, "/v1/workflows/thank_you", tenant.Key, Body(Yaml.Replace("next: done", "next: don, nxt: x", StringComparison.Ordinal)));
        put.ShouldBeProblem(422, "invalid-workflow");
        put.Body!["errors"]![0]!["line"]!.GetValue<int>().Should().Be(3);
        put.Body["errors"]!.AsArray().Should().Contain(e => e!["column"]!.GetValue<int>() == 42 && e["hint"]!.GetValue<string>().Contains("next"));
        var check = await PostAsync("/v1/workflows/thank_you/validate", tenant.Key, Body("a: &a [x]\nb: [*a, *a]"));
        check.Body!["valid"]!.GetValue<bool>().Should().BeFalse();
        check.Body["faults"]![0]!["message"]!.GetValue<string>().Should().Contain("Anchors");
        (await SendAsync(HttpMethod.Put, "/v1/workflow-overlays/shorter", tenant.Key, Body("overlay: faq_handling\nchange: { nothing: { top: 1 } }\n"))).ShouldBeProblem(422, "invalid-workflow");
        var overlay = await SendAsync(HttpMethod.Put, "/v1/workflow-overlays/shorter", tenant.Key, Body("overlay: faq_handling\nchange: { retrieve: { top: 1 } }\n"));
        overlay.Body!["activated"]!["faq_handling"].Should().NotBeNull(overlay.Text);
        (await GetAsync("/v1/workflows/schema", tenant.Key)).Body!["$id"]!.GetValue<string>().Should().Be("urn:aiaas:schema:workflow:1");
        (await GetAsync("/v1/workflow-fragments", tenant.Key)).Text.Should().Contain("plan_route_work_verify_repair_commit");
        (await CallAsync(HttpMethod.Delete, "/v1/workflow-overlays/shorter", tenant.Key)).Status.Should().Be(HttpStatusCode.OK);
        (await SendAsync(HttpMethod.Put, "/v1/workflows/Thank%20you", tenant.Key, Body(Yaml))).ShouldBeProblem(400, "invalid-id");
    }
}
