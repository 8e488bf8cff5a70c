namespace AIaaS.Api.Tests;

/// <summary>Re-rating, notes, disputes, balance and what-if over HTTP.</summary>
public sealed class Corrections : ApiTest
{
    [Test]
    public async Task of_an_invoice_that_is_not_there_say_so()
    {
        var tenant = await NewTenantAsync();
        (await PostAsync("/v1/invoices/none/re-rate", tenant.Key, "{}", idempotencyKey: "")).ShouldBeProblem(404, "invoice-not-found");
        (await PostAsync("/v1/invoices/none/disputes", tenant.Key, """{ "line": 1, "reason": "why" }""")).ShouldBeProblem(404, "invoice-not-found");
        (await GetAsync("/v1/invoices/none/disputes", tenant.Key)).ShouldBeProblem(404, "invoice-not-found");
        (await GetAsync("/v1/billing/notes/none", tenant.Key)).ShouldBeProblem(404, "billing-note-not-found");
    }

    [Test]
    public async Task are_issued_by_the_platform_alone()
    {
        var tenant = await NewTenantAsync();
        (await PostAsync("/v1/invoices/none/re-rate", tenant.Key, """{ "dryRun": false }""", idempotencyKey: "")).ShouldBeProblem(403, "dry-run-only");
        (await PostAsync($"/v1/tenants/{tenant.Id}/invoices/none/re-rate", tenant.Key, """{ "dryRun": false }""")).Status.Should().Be(System.Net.HttpStatusCode.Forbidden);
        (await PostAsync($"/v1/tenants/{tenant.Id}/invoices/none/re-rate", RunningApi.AdminKey, """{ "dryRun": false }""")).ShouldBeProblem(404, "invoice-not-found");
        (await PostAsync($"/v1/tenants/{tenant.Id}/billing/catch-up", RunningApi.AdminKey)).Body!["made"]!.GetValue<int>().Should().Be(0);
    }

    [Test]
    public async Task of_nothing_leave_empty_books()
    {
        var tenant = await NewTenantAsync();
        (await GetAsync("/v1/billing/balance", tenant.Key)).Body!["balances"]!.AsArray().Should().BeEmpty();
        var books = (await GetAsync("/v1/billing/books?known-at=2026-01-01T00:00:00Z&effective-before=2026-01-01T00:00:00Z&known-through=5", tenant.Key)).Body!;
        (books["entries"]!.AsArray().Count, books["knownThrough"]!.GetValue<ulong>()).Should().Be((0, 5UL));
        (await GetAsync("/v1/billing/books?known-at=yesterday&known-through=-1", tenant.Key)).ShouldBeProblem(400, "invalid-parameter").Pointers.Should().BeEquivalentTo("?known-at", "?known-through");
        (await GetAsync("/v1/billing/notes?state=Issued&credit=true", tenant.Key)).Body!["items"]!.AsArray().Should().BeEmpty();
        (await GetAsync("/v1/billing/disputes?state=Open", tenant.Key)).Body!["items"]!.AsArray().Should().BeEmpty();
        (await GetAsync("/v1/billing/disputes?state=Open", RunningApi.AdminKey)).Status.Should().Be(System.Net.HttpStatusCode.OK);
        (await GetAsync($"/v1/tenants/{tenant.Id}/billing/balance", RunningApi.AdminKey)).Body!["tenant"]!.GetValue<string>().Should().Be(tenant.Id);
    }

    [Test]
    public async Task need_the_scopes()
    {
        var tenant = await NewTenantAsync("leads:read");
        (await GetAsync("/v1/billing/balance", tenant.Key)).ShouldBeProblem(403, "missing-scope");
        (await PostAsync("/v1/billing/what-if", tenant.Key, "{}", idempotencyKey: "")).ShouldBeProblem(403, "missing-scope");
        var reader = await NewTenantAsync("billing:read");
        (await PostAsync("/v1/invoices/none/disputes", reader.Key, """{ "line": 1, "reason": "why" }""")).ShouldBeProblem(403, "missing-scope");
    }

    [Test]
    public async Task that_are_only_supposed_are_checked()
    {
        var tenant = await NewTenantAsync();
        (await PostAsync("/v1/billing/what-if", tenant.Key, "{}", idempotencyKey: "")).ShouldBeProblem(404, "no-closed-period");
        (await PostAsync("/v1/billing/what-if", tenant.Key, """{ "of": "other" }""", idempotencyKey: "")).Status.Should().Be(System.Net.HttpStatusCode.UnprocessableEntity);
        (await PostAsync("/v1/billing/what-if", tenant.Key, """{ "plan": "none" }""", idempotencyKey: "")).ShouldBeProblem(422, "what-if-invalid");
        const string Overlap = """{ "prices": { "bytes": { "meter": "bytes", "model": "Graduated", "currency": "USD", "from": "2026-01-01T00:00:00Z", "tiers": [ { "upTo": 100, "unitAmount": 1 }, { "upTo": 200, "unitAmount": 2, "from": 80 }, { "unitAmount": 1 } ] } } }""";
        (await PostAsync("/v1/billing/what-if", tenant.Key, Overlap, idempotencyKey: "")).ShouldBeProblem(422, "what-if-invalid").Body!["detail"]!.GetValue<string>().Should().Contain("bytes");
        (await PostAsync("/v1/billing/what-if", tenant.Key, """{ "proposedPlan": { "currency": "USD", "prices": [ "unknown" ] } }""", idempotencyKey: "")).ShouldBeProblem(422, "what-if-invalid").Body!["detail"]!.GetValue<string>().Should().Contain("unknown");
        (await PostAsync("/v1/billing/what-if", RunningApi.AdminKey, """{ "limit": 5 }""", idempotencyKey: "")).Status.Should().Be(System.Net.HttpStatusCode.OK);
    }
}
