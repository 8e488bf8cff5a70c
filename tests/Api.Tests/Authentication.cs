using System.Net;

namespace AIaaS.Api.Tests;

public sealed class A_request_without_a_valid_key : ApiTest
{
    [Test]
    public async Task is_refused_when_it_has_none()
    {
        var response = await GetAsync("/v1/runs", null);
        response.ShouldBeProblem(401, "unauthenticated").Header("WWW-Authenticate").Should().StartWith("Bearer");
    }

    [TestCase("aiaas_nobody_k_0000000000000000000000000000000000000000000000000000000000000000")]
    [TestCase("not-a-key")]
    [TestCase("aiaas___")]
    public async Task is_refused_when_it_is_unknown(string key) => (await GetAsync("/v1/runs", key)).ShouldBeProblem(401, "unauthenticated");

    [Test]
    public async Task is_refused_when_its_secret_is_another_one()
    {
        var tenant = await NewTenantAsync();
        (await GetAsync("/v1/runs", tenant.Key[..^1] + (tenant.Key[^1] == '0' ? '1' : '0'))).ShouldBeProblem(401, "unauthenticated");
    }

    [Test]
    public async Task learns_nothing_about_what_there_is() => (await GetAsync("/v1/nothing-here", null)).ShouldBeProblem(401, "unauthenticated");

    [Test]
    public async Task is_refused_once_the_key_is_revoked()
    {
        var tenant = await NewTenantAsync();
        (await GetAsync("/v1/runs", tenant.Key)).Status.Should().Be(HttpStatusCode.OK);
        var id = tenant.Key.Split('_')[2];
        (await CallAsync(HttpMethod.Delete, $"/v1/tenants/{tenant.Id}/api-keys/{id}", RunningApi.AdminKey)).Status.Should().Be(HttpStatusCode.NoContent);
        (await GetAsync("/v1/runs", tenant.Key)).ShouldBeProblem(401, "unauthenticated");
        (await CallAsync(HttpMethod.Delete, $"/v1/tenants/{tenant.Id}/api-keys/{id}", RunningApi.AdminKey)).Status.Should().Be(HttpStatusCode.NoContent);
    }
}

public sealed class A_key : ApiTest
{
    [Test]
    public async Task is_taken_from_its_own_header_too()
    {
        var tenant = await NewTenantAsync();
        (await CallAsync(HttpMethod.Get, "/v1/runs", null, null, null, ("X-Api-Key", tenant.Key))).Status.Should().Be(HttpStatusCode.OK);
    }

    [TestCase("runs:read", "/v1/runs", 200)]
    [TestCase("runs:read", "/v1/articles", 403)]
    [TestCase("articles:read", "/v1/articles", 200)]
    [TestCase("articles:read", "/v1/kpis", 403)]
    public async Task allows_only_what_its_scopes_say(string scope, string path, int status)
    {
        var tenant = await NewTenantAsync(scope);
        var response = await GetAsync(path, tenant.Key);
        ((int)response.Status).Should().Be(status);
        if (status == 403)
        {
            response.ShouldBeProblem(403, "missing-scope");
        }
    }

    [Test]
    public async Task of_a_tenant_does_not_administer_the_platform()
    {
        var tenant = await NewTenantAsync();
        (await PostAsync("/v1/tenants", tenant.Key, """{ "tenant": "other", "name": "Other" }""")).ShouldBeProblem(403, "platform-key-needed");
        (await GetAsync($"/v1/tenants/{tenant.Id}/api-keys", tenant.Key)).ShouldBeProblem(403, "platform-key-needed");
        (await PostAsync("/v1/subscriptions/projection-Runs/rebuild", tenant.Key)).ShouldBeProblem(403, "platform-key-needed");
    }

    [Test]
    public async Task of_the_platform_sees_no_tenants_content() => (await GetAsync("/v1/runs", RunningApi.AdminKey)).ShouldBeProblem(403, "tenant-key-needed");

    [Test]
    public async Task is_stored_nowhere()
    {
        var tenant = await NewTenantAsync();
        var secret = tenant.Key.Split('_')[3];
        foreach (var file in Directory.EnumerateFiles(RunningApi.Folder, "*", SearchOption.AllDirectories).Where(f => !f.EndsWith(".lock", StringComparison.Ordinal)))
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var reader = new StreamReader(stream, System.Text.Encoding.Latin1);
            (await reader.ReadToEndAsync()).Should().NotContain(secret, file);
        }
    }
}

public sealed class A_tenant : ApiTest
{
    [Test]
    public async Task does_not_see_what_belongs_to_another()
    {
        var (mine, other) = (await NewTenantAsync(), await NewTenantAsync());
        var asked = await AskAsync(other);
        string[] paths =
        [
            $"/v1/runs/{asked.Run}", $"/v1/runs/{asked.Run}/episode", $"/v1/runs/{asked.Run}/episode/export", $"/v1/conversations/{asked.Conversation}",
            "/v1/articles/returns", $"/v1/streams/agentRun-{other.Id}_{asked.Run}", $"/v1/streams/tenant-{other.Id}_profile",
        ];
        foreach (var path in paths)
        {
            (await GetAsync(path, other.Key)).Status.Should().Be(HttpStatusCode.OK, path);
            ((int)(await GetAsync(path, mine.Key)).Status).Should().Be(404, path);
        }

        ((int)(await PostAsync($"/v1/runs/{asked.Run}/replay", mine.Key)).Status).Should().Be(404);
        ((int)(await PostAsync($"/v1/runs/{asked.Run}/fork", mine.Key, """{ "fromStep": "answer" }""")).Status).Should().Be(404);
        ((int)(await CallAsync(HttpMethod.Delete, "/v1/articles/returns", mine.Key)).Status).Should().Be(404);
        foreach (var list in (string[])["/v1/runs", "/v1/conversations", "/v1/articles"])
        {
            (await GetAsync($"{list}?min-position={asked.Token}", mine.Key)).Body!["items"]!.AsArray().Should().BeEmpty(list);
            (await GetAsync($"{list}?min-position={asked.Token}", other.Key)).Body!["items"]!.AsArray().Should().NotBeEmpty(list);
        }
    }

    [Test]
    public async Task cannot_be_named_by_the_body_of_another()
    {
        var (mine, other) = (await NewTenantAsync(), await NewTenantAsync());
        (await PostAsync("/v1/messages", mine.Key, $$"""{ "text": "Hello", "tenant": "{{other.Id}}" }""")).ShouldBeProblem(403, "tenant-mismatch");
        (await CallAsync(HttpMethod.Put, "/v1/articles/a", mine.Key, Json($$"""{ "title": "A", "content": "B", "tenant": "{{other.Id}}" }"""))).ShouldBeProblem(403, "tenant-mismatch");
        (await CallAsync(HttpMethod.Put, "/v1/articles/a", mine.Key, Json($$"""{ "title": "A", "content": "B", "tenant": "{{mine.Id}}" }"""))).Status.Should().Be(HttpStatusCode.OK);
    }

    [Test]
    public async Task may_use_the_same_idempotency_key_as_another()
    {
        var (mine, other) = (await NewTenantAsync(), await NewTenantAsync());
        var first = await PostAsync("/v1/messages", mine.Key, """{ "text": "Hello" }""", "shared-key");
        var second = await PostAsync("/v1/messages", other.Key, """{ "text": "Something else" }""", "shared-key");
        first.Status.Should().Be(HttpStatusCode.OK);
        second.Status.Should().Be(HttpStatusCode.OK);
        second.Body!["run"]!.GetValue<string>().Should().NotBe(first.Body!["run"]!.GetValue<string>());
    }

    [Test]
    public async Task does_not_get_answers_from_the_articles_of_another()
    {
        var (mine, other) = (await NewTenantAsync(), await NewTenantAsync());
        var token = await PutArticleAsync(other);
        (await AskAsync(mine, token: token)).Body["outcome"]!.GetValue<string>().Should().Be("HandedOff");
        (await AskAsync(other, token: token)).Body["outcome"]!.GetValue<string>().Should().Be("Answered");
    }
}

public sealed class Administering_tenants : ApiTest
{
    [Test]
    public async Task creates_one_once()
    {
        var tenant = await NewTenantAsync();
        (await GetAsync($"/v1/tenants/{tenant.Id}", RunningApi.AdminKey)).Body!["tenant"]!.GetValue<string>().Should().Be(tenant.Id);
        (await PostAsync("/v1/tenants", RunningApi.AdminKey, $$"""{ "tenant": "{{tenant.Id}}", "name": "Again" }""")).ShouldBeProblem(409, "tenant-exists");
    }

    [Test]
    public async Task names_all_faults_of_a_tenant_at_once() =>
        (await PostAsync("/v1/tenants", RunningApi.AdminKey, """{ "tenant": "Not A Slug", "name": "" }""")).ShouldBeProblem(422, "validation-failed").Pointers.Should().BeEquivalentTo("/tenant", "/name");

    [Test]
    public async Task does_not_let_anyone_be_the_platform() =>
        (await PostAsync("/v1/tenants", RunningApi.AdminKey, """{ "tenant": "platform", "name": "Us" }""")).ShouldBeProblem(422, "tenant-id-reserved");

    [Test]
    public async Task does_not_find_unknown_ones()
    {
        (await GetAsync("/v1/tenants/nobody", RunningApi.AdminKey)).ShouldBeProblem(404, "not-found");
        (await GetAsync("/v1/tenants/nobody/api-keys", RunningApi.AdminKey)).ShouldBeProblem(404, "not-found");
        (await PostAsync("/v1/tenants/nobody/api-keys", RunningApi.AdminKey, """{ "name": "k", "scopes": ["*"] }""")).ShouldBeProblem(404, "unknown-tenant");
        (await CallAsync(HttpMethod.Delete, "/v1/tenants/nobody/api-keys/k", RunningApi.AdminKey)).ShouldBeProblem(404, "unknown-tenant");
    }

    [Test]
    public async Task shows_a_key_once()
    {
        var tenant = await NewTenantAsync();
        const string Body = """{ "name": "k", "scopes": ["runs:read"] }""";
        var first = await PostAsync($"/v1/tenants/{tenant.Id}/api-keys", RunningApi.AdminKey, Body, "issue-" + tenant.Id);
        var again = await PostAsync($"/v1/tenants/{tenant.Id}/api-keys", RunningApi.AdminKey, Body, "issue-" + tenant.Id);
        first.Body!["apiKey"]!.GetValue<string>().Should().StartWith($"aiaas_{tenant.Id}_");
        again.Status.Should().Be(first.Status);
        again.Body!["key"]!.GetValue<string>().Should().Be(first.Body["key"]!.GetValue<string>());
        again.Body["apiKey"].Should().BeNull();
        var keys = (await GetAsync($"/v1/tenants/{tenant.Id}/api-keys", RunningApi.AdminKey));
        keys.Body!["keys"]!.AsArray().Should().HaveCount(2);
        keys.Text.Should().NotContain(first.Body["apiKey"]!.GetValue<string>().Split('_')[3]);
    }

    [Test]
    public async Task refuses_scopes_that_do_not_exist()
    {
        var tenant = await NewTenantAsync();
        (await PostAsync($"/v1/tenants/{tenant.Id}/api-keys", RunningApi.AdminKey, """{ "name": "k", "scopes": ["runs:read", "everything"] }""")).ShouldBeProblem(422, "validation-failed").Pointers.Should().Equal("/scopes/1");
    }
}
