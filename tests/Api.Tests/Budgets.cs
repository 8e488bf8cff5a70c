using System.Net;
using System.Net.Http.Json;

namespace AIaaS.Api.Tests;

/// <summary>Budgets over HTTP.</summary>
public sealed class Budgets : ApiTest
{
    private const string Daily = """{ "interval": "Day", "limit": { "amount": 10, "currency": "USD" } }""";

    private Task<Response> PutAsync(Tenant tenant, string budget, string json) => CallAsync(HttpMethod.Put, $"/v1/budgets/{budget}", tenant.Key, Json(json));

    [Test]
    public async Task are_defined_changed_and_removed()
    {
        var tenant = await NewTenantAsync();
        var put = await PutAsync(tenant, "daily", Daily);
        put.Status.Should().Be(HttpStatusCode.OK, put.Text);
        put.Body!["changed"]!.GetValue<bool>().Should().BeTrue();
        (await PutAsync(tenant, "daily", Daily)).Body!["changed"]!.GetValue<bool>().Should().BeFalse();
        var raised = await PutAsync(tenant, "daily", """{ "interval": "Day", "limit": { "amount": 20, "currency": "USD" } }""");
        raised.Body!["version"]!.GetValue<int>().Should().Be(2);
        var shown = await GetAsync($"/v1/budgets/daily?min-position={raised.Header("Consistency-Token")}", tenant.Key);
        shown.Body!["available"]!["amount"]!.GetValue<decimal>().Should().Be(20);
        var deleted = await CallAsync(HttpMethod.Delete, "/v1/budgets/daily", tenant.Key);
        deleted.Status.Should().Be(HttpStatusCode.NoContent);
        (await GetAsync($"/v1/budgets/daily?min-position={deleted.Header("Consistency-Token")}", tenant.Key)).ShouldBeProblem(404, "not-found");
        (await CallAsync(HttpMethod.Delete, "/v1/budgets/nothing", tenant.Key)).ShouldBeProblem(404, "unknown-budget");
    }

    [Test]
    public async Task show_what_a_message_has_cost_with_its_history()
    {
        var tenant = await NewTenantAsync();
        await PutAsync(tenant, "daily", Daily);
        var answered = await AskAsync(tenant);
        var run = await GetAsync($"/v1/runs/{answered.Run}?min-position={answered.Token}", tenant.Key);
        var cost = run.Body!["cost"]!["amount"]!.GetValue<decimal>();
        cost.Should().BePositive();
        decimal settled = 0;
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (settled != cost)
        {
            deadline.IsCancellationRequested.Should().BeFalse("what was reserved is settled off the log, at once");
            settled = (await GetAsync("/v1/budgets", tenant.Key)).Body!["items"]![0]!["settled"]!["amount"]!.GetValue<decimal>();
        }

        var history = await GetAsync("/v1/budgets/daily/history", tenant.Key);
        history.Body!["events"]!.AsArray().Select(e => e!["type"]!.GetValue<string>()).Should().StartWith("budget.granted").And.Contain("budget.reserved", "budget.settled");
        (await GetAsync("/v1/budgets/daily/history?period=definitions", tenant.Key)).Body!["events"]!.AsArray().Should().ContainSingle();
    }

    [Test]
    public async Task cut_a_run_by_name_and_alert()
    {
        var tenant = await NewTenantAsync();
        await PutAsync(tenant, "tiny", """{ "interval": "Month", "limit": { "amount": 0.000001, "currency": "USD" }, "timeZone": "Europe/Berlin" }""");
        var answered = await AskAsync(tenant);
        answered.Body["outcome"]!.GetValue<string>().Should().Be("Cut");
        answered.Body["reason"]!.GetValue<string>().Should().Be("budget-exhausted");
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while ((await GetAsync("/v1/budget-alerts?budget=tiny", tenant.Key)).Body!["items"]!.AsArray() is not [{ } alert] || alert["kind"]!.GetValue<string>() != "exhausted")
        {
            deadline.IsCancellationRequested.Should().BeFalse("the refusal shows as an alert");
        }
    }

    [TestCase("""{ "interval": "Day", "limit": { "amount": 10, "currency": "EUR" } }""", "USD")]
    [TestCase("""{ "interval": "Day", "limit": { "amount": -1, "currency": "USD" } }""", "above 0")]
    [TestCase("""{ "interval": "Day", "limit": { "amount": 99999999999, "currency": "USD" } }""", "at most")]
    [TestCase("""{ "interval": "Day", "limit": { "amount": 1, "currency": "USD" }, "timeZone": "Mars/Olympus" }""", "time zone")]
    [TestCase("""{ "interval": "Day", "limit": { "amount": 1, "currency": "USD" }, "scope": "Key" }""", "'of' must name")]
    [TestCase("""{ "interval": "Day", "limit": { "amount": 1, "currency": "USD" }, "alerts": [ 80, 80 ] }""", "rising")]
    public async Task that_make_no_sense_are_refused_with_what_is_wrong(string json, string said)
    {
        var tenant = await NewTenantAsync();
        (await PutAsync(tenant, "daily", json)).ShouldBeProblem(422, "budget-invalid").Body!["detail"]!.GetValue<string>().Should().Contain(said);
    }

    [TestCase("NO")]
    [TestCase("a.b")]
    public async Task need_an_id_that_can_be_one(string id)
    {
        var tenant = await NewTenantAsync();
        (await PutAsync(tenant, id, Daily)).ShouldBeProblem(422, "budget-invalid");
    }

    [Test]
    public async Task of_one_tenant_are_not_seen_by_another_and_need_their_scope()
    {
        var tenant = await NewTenantAsync();
        await PutAsync(tenant, "daily", Daily);
        var other = await NewTenantAsync("budgets:read");
        (await GetAsync("/v1/budgets/daily", other.Key)).ShouldBeProblem(404, "not-found");
        (await PutAsync(other, "daily", Daily)).ShouldBeProblem(403, "missing-scope");
    }
}

/// <summary>Quotas over HTTP.</summary>
public sealed class Quotas : ApiTest
{
    private async Task<Response> OverrideAsync(string tenant, string json) => await CallAsync(HttpMethod.Post, $"/v1/tenants/{tenant}/quota-overrides", RunningApi.AdminKey, Json(json));

    [Test]
    public async Task refuse_what_is_above_them_and_say_so_in_every_answer()
    {
        var tenant = await NewTenantAsync();
        (await GetAsync("/v1/quotas", tenant.Key)).Header("RateLimit").Should().BeNull("a tenant without quotas hears nothing of them");
        var until = TimeProvider.System.GetUtcNow().AddHours(1).ToString("O");
        var granted = await OverrideAsync(tenant.Id, $$"""{ "resource": "Requests", "window": "Month", "limit": 4, "until": "{{until}}", "reason": "a test" }""");
        granted.Status.Should().Be(HttpStatusCode.Created, granted.Text);

        Response answer;
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        do
        {
            answer = await GetAsync("/v1/quotas", tenant.Key);
            deadline.IsCancellationRequested.Should().BeFalse("the limit comes to hold");
        }
        while (answer.Header("RateLimit") is null);

        answer.Header("RateLimit-Policy").Should().MatchRegex("^\"requests-month\";q=4;w=[0-9]+$");
        answer.Header("RateLimit").Should().MatchRegex("^\"requests-month\";r=[0-3];t=[0-9]+$");
        while (answer.Status == HttpStatusCode.OK)
        {
            answer = await GetAsync("/v1/quotas", tenant.Key);
        }

        answer.ShouldBeProblem(429, "quota-exceeded");
        int.Parse(answer.Header("Retry-After")!).Should().BePositive();
        answer.Header("RateLimit").Should().Contain(";r=0;");

        var list = await GetAsync($"/v1/tenants/{tenant.Id}/quota-overrides", RunningApi.AdminKey);
        var id = list.Body!["items"]![0]!["override"]!.GetValue<string>();
        (await CallAsync(HttpMethod.Delete, $"/v1/tenants/{tenant.Id}/quota-overrides/{id}", RunningApi.AdminKey)).Status.Should().Be(HttpStatusCode.NoContent);
        while ((await GetAsync("/v1/quotas/history", tenant.Key)) is var history && (history.Status != HttpStatusCode.OK || !history.Text.Contains("\"percent\":100", StringComparison.Ordinal)))
        {
            deadline.IsCancellationRequested.Should().BeFalse("the plan's limits hold again, and the notices are there");
        }
    }

    [Test]
    public async Task give_a_message_that_was_sent_again_its_first_answer_also_when_they_are_used_up()
    {
        var tenant = await NewTenantAsync();
        var token = await PutArticleAsync(tenant);
        var until = TimeProvider.System.GetUtcNow().AddHours(1).ToString("O");
        (await OverrideAsync(tenant.Id, $$"""{ "resource": "Runs", "window": "Month", "limit": 1, "until": "{{until}}", "reason": "a test" }""")).Status.Should().Be(HttpStatusCode.Created);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while ((await GetAsync("/v1/quotas", tenant.Key)).Header("RateLimit") is null)
        {
            deadline.IsCancellationRequested.Should().BeFalse("the limit comes to hold");
        }

        var first = await SendAsync("m1", "How many days?");
        first.Status.Should().Be(HttpStatusCode.OK, first.Text);
        (await SendAsync("m2", "How many days?")).ShouldBeProblem(429, "quota-exceeded");
        var again = await SendAsync("m1", "How many days?");
        again.Status.Should().Be(HttpStatusCode.OK, "nothing begins: {0}", again.Text);
        again.Body!["run"]!.GetValue<string>().Should().Be(first.Body!["run"]!.GetValue<string>());
        (await SendAsync("m1", "Another question")).ShouldBeProblem(422, "idempotency-key-reused");

        Task<Response> SendAsync(string key, string text) => CallAsync(HttpMethod.Post, "/v1/messages", tenant.Key, JsonContent.Create(new { text }), key, ("Consistency-Token", token));
    }

    [Test]
    public async Task are_overridden_by_the_platform_alone()
    {
        var tenant = await NewTenantAsync();
        var json = $$"""{ "resource": "Requests", "window": "Moment", "limit": -4, "until": "2020-01-01T00:00:00Z", "reason": "a test" }""";
        (await OverrideAsync(tenant.Id, json)).ShouldBeProblem(422, "quota-override-invalid").Text.Should().ContainAll("Moment", "0 or more", "ahead");
        (await CallAsync(HttpMethod.Post, $"/v1/tenants/{tenant.Id}/quota-overrides", tenant.Key, Json(json))).ShouldBeProblem(403, "platform-key-needed");
        (await OverrideAsync("nobody", json)).ShouldBeProblem(404, "not-found");
    }
}

/// <summary>Reports of costs over HTTP.</summary>
public sealed class A_cost_report : ApiTest
{
    [Test]
    public async Task of_a_day_before_everything_is_refused()
    {
        var tenant = await NewTenantAsync();
        (await CallAsync(HttpMethod.Post, "/v1/cost-reports", tenant.Key, Json("""{ "date": "0001-01-01" }"""))).ShouldBeProblem(422, "no-such-day");
    }
}
