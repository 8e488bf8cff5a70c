using System.Net;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;
using Microsoft.Extensions.DependencyInjection;

namespace AIaaS.Api.Tests;

public sealed class Tools_over_http : ApiTest
{
    private const string Crm = """{ "name": "crm", "version": "1.0.0", "description": "The CRM.", "input": { "type": "object", "required": ["q"] }, "output": true, "sideEffect": true, "adapter": { "http": { "method": "POST", "url": "http://127.0.0.1:9/x", "headers": { "Authorization": "Bearer ${CRM_TOKEN}" } } } }""";

    [Test]
    public async Task are_registered_shown_deprecated_and_removed()
    {
        var tenant = await NewTenantAsync();
        var registered = await PostAsync("/v1/tools", tenant.Key, Crm);
        registered.Status.Should().Be(HttpStatusCode.OK, registered.Text);
        var token = registered.Headers["Consistency-Token"];
        var shown = await GetAsync($"/v1/tools/crm?min-position={token}", tenant.Key);
        shown.Text.Should().Contain("Bearer ${CRM_TOKEN}");
        shown.Body!["versions"]![0]!["input"]!["required"]![0]!.GetValue<string>().Should().Be("q");
        (await PostAsync("/v1/tools", tenant.Key, Crm.Replace("The CRM.", "Another.", StringComparison.Ordinal))).ShouldBeProblem(409, "tool-version-taken");
        (await PostAsync("/v1/tools/crm/versions/1.0.0/deprecation", tenant.Key, """{ "instead": "version 2.0.0" }""")).Status.Should().Be(HttpStatusCode.OK);
        (await GetAsync("/v1/tools", tenant.Key)).Body!["items"]!.AsArray().Single(t => t!["name"]!.GetValue<string>() == "crm")!["deprecated"]!.GetValue<string>().Should().Be("version 2.0.0");
        (await CallAsync(HttpMethod.Delete, "/v1/tools/crm/versions/1.0.0", tenant.Key)).Status.Should().Be(HttpStatusCode.NoContent);
        (await GetAsync("/v1/tools/crm", tenant.Key)).ShouldBeProblem(404, "not-found");
    }

    [Test]
    public async Task of_another_tenant_are_not_seen()
    {
        var (tenant, other) = (await NewTenantAsync(), await NewTenantAsync());
        await PostAsync("/v1/tools", tenant.Key, Crm);
        (await GetAsync("/v1/tools/crm", other.Key)).ShouldBeProblem(404, "not-found");
        (await PostAsync("/v1/tools/crm/calls", other.Key, """{ "input": { "q": 1 } }""")).ShouldBeProblem(404, "unknown-tool");
    }

    [Test]
    public async Task that_hold_a_secret_are_refused()
    {
        var tenant = await NewTenantAsync();
        (await PostAsync("/v1/tools", tenant.Key, Crm.Replace("${CRM_TOKEN}", "abc", StringComparison.Ordinal))).ShouldBeProblem(422, "tool-invalid");
    }

    [TestCase("""{ "name": "crm" }""", 422)]
    [TestCase("""{ "name": 7, "version": "1.0.0", "description": "x", "input": true, "output": true, "adapter": {} }""", 422)]
    [TestCase("""{ "name": "crm", "version": "1.0.0", "description": "x", "input": true, "output": true, "adapter": { "shell": "rm" } }""", 422)]
    [TestCase("""{ "name": "crm", "version": "1.0.0", "description": "x", "input": true, "output": true, "adapter": {}, "tenant": "other" }""", 403)]
    public async Task that_are_none_are_refused(string body, int status)
    {
        var tenant = await NewTenantAsync();
        ((int)(await PostAsync("/v1/tools", tenant.Key, body)).Status).Should().Be(status);
    }

    [Test]
    public async Task are_called_and_stand_on_the_ledger()
    {
        var tenant = await NewTenantAsync();
        await PostAsync("/v1/tools", tenant.Key, Crm.Replace("Bearer ${CRM_TOKEN}", "x", StringComparison.Ordinal).Replace("Authorization", "X-A", StringComparison.Ordinal));
        var call = await PostAsync("/v1/tools/crm/calls", tenant.Key, """{ "input": { "q": 1 } }""", "call-1");
        call.Status.Should().Be(HttpStatusCode.OK, call.Text);
        (call.Body!["state"]!.GetValue<string>(), call.Body["code"]!.GetValue<string>()).Should().Be(("failed", "address-refused"));
        (await PostAsync("/v1/tools/crm/calls", tenant.Key, """{ "input": { "q": 1 } }""", "call-1")).Text.Should().Be(call.Text);
        var listed = await GetAsync($"/v1/side-effects?state=failed&tool=crm&min-position={call.Headers["Consistency-Token"]}", tenant.Key);
        listed.Body!["items"]!.AsArray().Should().ContainSingle().Which!["id"]!.GetValue<string>().Should().Be(call.Body["id"]!.GetValue<string>());
        (await PostAsync($"/v1/side-effects/{call.Body["id"]}/resolution", tenant.Key, """{ "outcome": "succeeded", "reason": "seen" }""")).ShouldBeProblem(409, "side-effect-not-unknown");
    }

    [Test]
    public async Task cannot_be_called_with_a_key_that_only_reads_them()
    {
        var tenant = await NewTenantAsync("tools:read");
        (await GetAsync("/v1/tools", tenant.Key)).Status.Should().Be(HttpStatusCode.OK);
        (await PostAsync("/v1/tools/crm/calls", tenant.Key, """{ "input": {} }""")).ShouldBeProblem(403, "missing-scope");
        (await PostAsync("/v1/tools", tenant.Key, Crm)).ShouldBeProblem(403, "missing-scope");
        (await GetAsync("/v1/side-effects", tenant.Key)).ShouldBeProblem(403, "missing-scope");
    }

    [Test]
    public async Task of_an_mcp_server_inside_are_not_looked_for()
    {
        var tenant = await NewTenantAsync();
        (await PostAsync("/v1/tools/mcp/discovery", tenant.Key, """{ "url": "http://127.0.0.1:9/mcp" }""")).ShouldBeProblem(422, "mcp-server-unreachable");
        (await PostAsync("/v1/tools/mcp/discovery", tenant.Key, """{ "server": "sh" }""")).Status.Should().Be(HttpStatusCode.UnprocessableEntity);
    }
}

public sealed class An_unknown_side_effect : ApiTest
{
    [Test]
    public async Task is_listed_and_settled_by_its_tenant()
    {
        var (tenant, other) = (await NewTenantAsync(), await NewTenantAsync());
        var id = await UnknownAsync(tenant);
        (await GetAsync("/v1/side-effects?state=unknown", other.Key)).Body!["items"]!.AsArray().Should().BeEmpty();
        (await PostAsync($"/v1/side-effects/{id}/resolution", other.Key, """{ "outcome": "failed", "reason": "x" }""")).ShouldBeProblem(404, "not-found");
        (await PostAsync($"/v1/side-effects/{id}/resolution", tenant.Key, """{ "outcome": "maybe", "reason": "" }""")).Status.Should().Be(HttpStatusCode.UnprocessableEntity);

        var settled = await PostAsync($"/v1/side-effects/{id}/resolution", tenant.Key, """{ "outcome": "succeeded", "reason": "seen in the console", "output": { "payment": "p1" } }""", "resolve-1");
        settled.Status.Should().Be(HttpStatusCode.OK, settled.Text);
        (await PostAsync($"/v1/side-effects/{id}/resolution", tenant.Key, """{ "outcome": "succeeded", "reason": "seen in the console", "output": { "payment": "p1" } }""", "resolve-1")).Text.Should().Be(settled.Text);
        var shown = (await GetAsync($"/v1/side-effects/{id}?min-position={settled.Headers["Consistency-Token"]}", tenant.Key)).Body!;
        (shown["state"]!.GetValue<string>(), shown["succeeded"]!.GetValue<bool>(), shown["reason"]!.GetValue<string>()).Should().Be(("resolved", true, "seen in the console"));
        (await GetAsync("/v1/side-effects?state=unknown", tenant.Key)).Body!["items"]!.AsArray().Should().BeEmpty();
        (await PostAsync($"/v1/side-effects/{id}/resolution", tenant.Key, """{ "outcome": "failed", "reason": "no" }""")).ShouldBeProblem(409, "side-effect-not-unknown");
    }

    [TestCase("/v1/side-effects?state=nonsense")]
    [TestCase("/v1/side-effects?stat=unknown")]
    [TestCase("/v1/side-effects?cursor=%00")]
    [TestCase("/v1/side-effects?limit=0")]
    public async Task is_asked_for_rightly_or_not_at_all(string path) =>
        (await GetAsync(path, (await NewTenantAsync()).Key)).Status.Should().Be(HttpStatusCode.BadRequest);

    private async Task<string> UnknownAsync(Tenant tenant)
    {
        var services = RunningApi.Host.App.Services;
        var log = services.GetRequiredService<IEventStore>();
        var types = services.GetRequiredService<EventTypes>();
        var ids = services.GetRequiredService<IdSource>();
        var stream = StreamName.For("saga", tenant.Id, "order.1");
        var at = DateTimeOffset.UnixEpoch;
        var input = System.Text.Json.JsonSerializer.Deserialize<System.Text.Json.JsonElement>("{}");
        var metadata = new EventMetadata { Tenant = tenant.Id };
        var appended = await log.AppendAsync(stream, ExpectedVersion.NoStream,
        [
            types.Write(ids.NewId(), new ToolCallRequested("charge/1/1", "charge", "charge_anything", "1.0.0", input, new('0', 64), "key", true, false, null, at), metadata),
            types.Write(ids.NewId(), new ToolCallUnknown("charge/1/1", "charge", "charge_anything", "no answer", at), metadata),
        ]);
        var listed = (await GetAsync($"/v1/side-effects?state=unknown&run=order.1&caller=saga&min-position={appended.Position}", tenant.Key)).Body!;
        return listed["items"]!.AsArray().Should().ContainSingle().Which!["id"]!.GetValue<string>();
    }
}
