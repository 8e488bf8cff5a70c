using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace AIaaS.Api.Tests;

public sealed class Payments : ApiTest
{
    [Test]
    public async Task are_taken_and_given_back_in_parts()
    {
        var tenant = await NewTenantAsync();
        var paid = (await PayAsync(tenant, 50)).Body!;
        paid["status"]!.GetValue<string>().Should().Be("Captured");
        var id = paid["payment"]!.GetValue<string>();
        var back = await PostAsync($"/v1/payments/{id}/refunds", tenant.Key, """{ "amount": { "amount": 20, "currency": "USD" } }""");
        back.Body!["status"]!.GetValue<string>().Should().Be("PartiallyRefunded");
        (await PostAsync($"/v1/payments/{id}/refunds", tenant.Key, """{ "amount": { "amount": 30.01, "currency": "USD" } }""")).ShouldBeProblem(422, "refund-exceeds-captured");
        var shown = (await ReadAsync($"/v1/payments/{id}", tenant, back)).Body!;
        shown["refunded"]!.GetValue<decimal>().Should().Be(20);
        (await ReadAsync("/v1/payments?status=PartiallyRefunded", tenant, back)).Body!["items"]!.AsArray().Should().ContainSingle();
    }

    [Test]
    public async Task of_other_tenants_do_not_exist()
    {
        var id = (await PayAsync(await NewTenantAsync(), 50)).Body!["payment"]!.GetValue<string>();
        var other = await NewTenantAsync();
        (await GetAsync($"/v1/payments/{id}", other.Key)).ShouldBeProblem(404, "not-found");
        (await PostAsync($"/v1/payments/{id}/refunds", other.Key, "{}")).ShouldBeProblem(404, "payment-not-found");
    }

    [TestCase("""{ "amount": { "amount": -1, "currency": "USD" }, "method": "pm_card_visa" }""")]
    [TestCase("""{ "amount": { "amount": 0, "currency": "USD" }, "method": "pm_card_visa" }""")]
    [TestCase("""{ "amount": { "amount": 1.005, "currency": "USD" }, "method": "pm_card_visa" }""")]
    [TestCase("""{ "amount": { "amount": 1.5, "currency": "JPY" }, "method": "pm_card_visa" }""")]
    [TestCase("""{ "amount": { "amount": 1, "currency": "QQQ" }, "method": "pm_card_visa" }""")]
    [TestCase("""{ "amount": { "amount": 1, "currency": "USD" }, "method": "5555555555554444" }""")]
    [TestCase("""{ "amount": { "amount": 79228162514264337593543950335, "currency": "USD" }, "method": "pm_card_visa" }""")]
    public async Task that_cannot_be_are_refused(string body) => (await PostAsync("/v1/payments", (await NewTenantAsync()).Key, body)).ShouldBeProblem(422, "payment-invalid");

    [Test]
    public async Task that_are_declined_say_so() => (await PayAsync(await NewTenantAsync(), 5, "pm_card_visa_chargeDeclined")).Body!["status"]!.GetValue<string>().Should().Be("Declined");

    [Test]
    public async Task come_back_late_when_the_processor_gives_them_back()
    {
        var tenant = await NewTenantAsync();
        var id = (await PayAsync(tenant, 5, "sandbox_late_refund")).Body!["payment"]!.GetValue<string>();
        await UntilAsync(async () => (await GetAsync($"/v1/payments/{id}", tenant.Key)).Body!["status"]?.GetValue<string>() == "Refunded");
    }

    [Test]
    public async Task without_an_outcome_stand_on_the_ledger_and_are_settled_there()
    {
        const string body = """{ "amount": { "amount": 5, "currency": "USD" }, "method": "sandbox_timeout_before_charge" }""";
        var tenant = await NewTenantAsync();
        var asked = await PostAsync("/v1/payments", tenant.Key, body, "pay-1");
        asked.Body!["unresolved"].Should().NotBeNull();
        var open = (await ReadAsync("/v1/side-effects?state=unknown", tenant, asked)).Body!["items"]!.AsArray().Should().ContainSingle().Subject!;
        open["tool"]!.GetValue<string>().Should().Be("charge_payment");
        (await ReadAsync("/v1/payments?unresolved=true", tenant, asked)).Body!["items"]!.AsArray().Should().ContainSingle();

        var settled = await PostAsync($"/v1/side-effects/{open["id"]}/resolution", tenant.Key, """{ "outcome": "succeeded", "reason": "seen in the processor's console" }""");
        settled.Status.Should().Be(HttpStatusCode.OK, settled.Text);
        (await ReadAsync("/v1/payments?unresolved=true", tenant, settled)).Body!["items"]!.AsArray().Should().BeEmpty();
        (await ReadAsync($"/v1/payments/{asked.Body["payment"]}", tenant, settled)).Body!["status"]!.GetValue<string>().Should().Be("Captured");
        var again = (await PostAsync("/v1/payments", tenant.Key, body, "pay-1")).Body!;
        (again["payment"]!.GetValue<string>(), again["status"]!.GetValue<string>(), again["unresolved"]).Should().Be((asked.Body["payment"]!.GetValue<string>(), "Captured", null), "the same key tells what became of it");
    }

    [Test]
    public async Task and_their_settling_are_told_in_the_schemas_words_what_is_wrong()
    {
        var tenant = await NewTenantAsync();
        (await PostAsync("/v1/side-effects/x/resolution", tenant.Key, """{ "outcome": "maybe", "reason": "r" }""")).Text.Should().Contain("one of succeeded, failed is needed");
        (await PostAsync("/v1/payments", tenant.Key, """{ "amount": { "amount": 1e40, "currency": "USD" }, "method": "m" }""")).Text.Should().Contain("is out of range");
    }

    [Test]
    public async Task under_one_key_are_taken_once()
    {
        const string body = """{ "amount": { "amount": 5, "currency": "USD" }, "method": "sandbox_error_before_charge" }""";
        var tenant = await NewTenantAsync();
        var first = await PostAsync("/v1/payments", tenant.Key, body, "pay-1");
        var again = await PostAsync("/v1/payments", tenant.Key, body, "pay-1");
        again.Text.Should().Be(first.Text);
        (await ReadAsync("/v1/payments", tenant, again)).Body!["items"]!.AsArray().Should().ContainSingle().Which!["captured"]!.GetValue<decimal>().Should().Be(5);
    }

    [Test]
    public async Task need_the_scope() => (await PayAsync(await NewTenantAsync("payments:read"), 5)).ShouldBeProblem(403, "missing-scope");

    [Test]
    public async Task take_no_forged_webhook()
    {
        var tenant = await NewTenantAsync();
        var held = (await PostAsync("/v1/payments", tenant.Key, """{ "amount": { "amount": 5, "currency": "USD" }, "method": "pm_card_visa", "capture": false }""")).Body!;
        var body = $$"""{ "id": "e1", "payment": { "reference": "x", "tenant": "{{tenant.Id}}", "id": "{{held["payment"]}}", "status": "Captured", "currency": "USD", "captured": 5, "code": null, "reason": null, "refunds": [] } }""";
        (await WebhookAsync(body, Sign(body, "whsec_forged", 0))).ShouldBeProblem(400, "webhook-refused");
        (await WebhookAsync(body, Sign(body, "whsec_sandbox", -400))).ShouldBeProblem(400, "webhook-refused");
        (await WebhookAsync(body, "")).ShouldBeProblem(400, "webhook-refused");
        (await WebhookAsync(body.Replace("\"captured\": 5", "\"captured\": 500", StringComparison.Ordinal), Sign(body, "whsec_sandbox", 0))).ShouldBeProblem(400, "webhook-refused");
        var genuine = await WebhookAsync(body, Sign(body, "whsec_sandbox", 0));
        genuine.Body!["changed"]!.GetValue<bool>().Should().BeTrue();
        (await WebhookAsync(body, Sign(body, "whsec_sandbox", 0))).Body!["changed"]!.GetValue<bool>().Should().BeFalse();
    }

    [Test]
    public async Task know_only_their_own_processors() => (await CallAsync(HttpMethod.Post, "/v1/webhooks/payments/nobody", null, Json("{}"))).ShouldBeProblem(404, "not-found");

    private static string Sign(string body, string secret, int seconds)
    {
        var at = TimeProvider.System.GetUtcNow().AddSeconds(seconds).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        return $"t={at},v1={Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes($"{at}.{body}")))}";
    }

    private Task<Response> WebhookAsync(string body, string signature) => CallAsync(HttpMethod.Post, "/v1/webhooks/payments/sandbox", null, Json(body), "", ("Sandbox-Signature", signature));

    private Task<Response> PayAsync(Tenant tenant, decimal amount, string method = "pm_card_visa") =>
        PostAsync("/v1/payments", tenant.Key, $$"""{ "amount": { "amount": {{amount.ToString(CultureInfo.InvariantCulture)}}, "currency": "USD" }, "method": "{{method}}" }""");

    private Task<Response> ReadAsync(string path, Tenant tenant, Response after) => CallAsync(HttpMethod.Get, path, tenant.Key, headers: ("Consistency-Token", after.Header("Consistency-Token")!));

    private static async Task UntilAsync(Func<Task<bool>> holds)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!await holds())
        {
            await Task.Delay(50, deadline.Token);
        }
    }
}

public sealed class Leads_and_complaints : ApiTest
{
    [Test]
    public async Task leads_need_no_more_than_a_name_and_where_they_come_from()
    {
        var tenant = await NewTenantAsync();
        (await PostAsync("/v1/leads", tenant.Key, """{ "contact": { "name": "Ada", "source": "chat", "email": "ada@example.com" }, "facts": { "timelineDays": 10 } }""")).Status.Should().Be(HttpStatusCode.OK);
        (await PostAsync("/v1/leads", tenant.Key, """{ "contact": { "email": "ada@example.com" } }""")).ShouldBeProblem(422, "validation-failed").Pointers.Should().BeEquivalentTo("/contact/name", "/contact/source");
    }

    [Test]
    public async Task leads_are_scored_and_followed_up_when_the_time_has_come()
    {
        var tenant = await NewTenantAsync();
        var captured = await PostAsync("/v1/leads", tenant.Key, """
            { "contact": { "name": "Ada", "email": "ada@example.com", "phone": null, "company": null, "source": "web", "interest": null, "customer": null, "conversation": null },
              "facts": { "budget": { "amount": 12000, "currency": "USD" }, "authority": "DecisionMaker", "need": "Clear", "timelineDays": 10, "companySize": 20 } }
            """);
        captured.Body!["score"]!.GetValue<int>().Should().Be(95);
        captured.Body!["status"]!.GetValue<string>().Should().Be("Qualified");
        var lead = captured.Body!["lead"]!.GetValue<string>();
        var due = TimeProvider.System.GetUtcNow().AddSeconds(1).ToString("O");
        var scheduled = await PostAsync($"/v1/leads/{lead}/follow-ups", tenant.Key, $$"""{ "due": "{{due}}" }""");
        scheduled.Status.Should().Be(HttpStatusCode.OK);

        // A saga schedules a follow-up of its own for each lead: before or behind this one.
        var followUp = scheduled.Body!["followUp"]!.GetValue<string>();
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while ((await GetAsync($"/v1/leads/{lead}", tenant.Key)).Body!["followUps"]?.AsArray().SingleOrDefault(f => f!["followUp"]!.GetValue<string>() == followUp)?["state"]!.GetValue<string>() != "due")
        {
            await Task.Delay(50, deadline.Token);
        }

        (await GetAsync("/v1/leads?due=true", tenant.Key)).Body!["items"]!.AsArray().Should().ContainSingle();
    }

    [Test]
    public async Task a_complaint_is_passed_up_by_itself_when_its_deadline_passes()
    {
        var tenant = await NewTenantAsync();
        (await CallAsync(HttpMethod.Put, "/v1/complaint-deadlines", tenant.Key, Json("""{ "critical": 0.001, "high": 24, "medium": 72, "low": 120 }"""))).Status.Should().Be(HttpStatusCode.OK);
        var opened = await PostAsync("/v1/complaints", tenant.Key, """{ "category": "Service", "text": "Nobody answers.", "customer": "c1" }""");
        opened.Body!["severity"]!.GetValue<string>().Should().Be("Low");
        var id = opened.Body!["complaint"]!.GetValue<string>();
        (await PostAsync($"/v1/complaints/{id}/escalate", tenant.Key, """{ "reason": "She called again." }""")).Body!["level"]!.GetValue<int>().Should().Be(1);
        var resolved = await PostAsync($"/v1/complaints/{id}/resolve", tenant.Key, """{ "resolution": "We called her." }""");
        resolved.Body!["status"]!.GetValue<string>().Should().Be("Resolved");
        (await PostAsync($"/v1/complaints/{id}/escalate", tenant.Key, """{ "reason": "Again." }""")).ShouldBeProblem(409, "complaint-resolved");
        var critical = (await PostAsync("/v1/complaints", tenant.Key, """{ "category": "Safety", "text": "It burnt." }""")).Body!["complaint"]!.GetValue<string>();
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while ((await GetAsync($"/v1/complaints/{critical}", tenant.Key)).Body!["level"]?.GetValue<int>() is null or 0)
        {
            await Task.Delay(200, deadline.Token);
        }
    }
}

public sealed class Handoffs : ApiTest
{
    [Test]
    public async Task are_opened_by_runs_claimed_by_one_and_answered_into_the_conversation()
    {
        var tenant = await NewTenantAsync();
        var asked = await AskAsync(tenant, "I want to talk to a human being, please.");
        asked.Body["outcome"]!.GetValue<string>().Should().Be("HandedOff");
        JsonNode? item = null;
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (item is null)
        {
            item = (await GetAsync("/v1/handoffs?state=Open&queue=general", tenant.Key)).Body!["items"]!.AsArray().FirstOrDefault();
            await Task.Delay(50, deadline.Token);
        }

        item["run"]!.GetValue<string>().Should().Be(asked.Run);
        var id = item["handoff"]!.GetValue<string>();
        (await PostAsync($"/v1/handoffs/{id}/answer", tenant.Key, """{ "text": "Hello", "person": "bo" }""")).ShouldBeProblem(409, "handoff-not-claimed");
        (await PostAsync($"/v1/handoffs/{id}/claim", tenant.Key, """{ "person": "bo" }""")).Status.Should().Be(HttpStatusCode.OK);
        (await PostAsync($"/v1/handoffs/{id}/claim", tenant.Key, """{ "person": "cy" }""")).ShouldBeProblem(409, "handoff-claimed");
        (await PostAsync($"/v1/handoffs/{id}/answer", tenant.Key, """{ "text": "Hello", "person": "cy" }""")).ShouldBeProblem(409, "handoff-claimed");
        var answered = await PostAsync($"/v1/handoffs/{id}/answer", tenant.Key, """{ "text": "Hello, this is Bo.", "person": "bo" }""");
        var conversation = await CallAsync(HttpMethod.Get, $"/v1/conversations/{asked.Conversation}", tenant.Key, headers: ("Consistency-Token", answered.Header("Consistency-Token")!));
        conversation.Body!["staff"]![0]!["text"]!.GetValue<string>().Should().Be("Hello, this is Bo.");
        var more = await PostAsync($"/v1/conversations/{asked.Conversation}/messages", tenant.Key, """{ "text": "How many days do I have to return an item?" }""");
        (more.Status, more.Body!["state"]!.GetValue<string>(), more.Body["handoff"]!.GetValue<string>(), more.Body["run"]).Should().Be((HttpStatusCode.Accepted, "with-a-person", id, null));
        var shown = await CallAsync(HttpMethod.Get, $"/v1/handoffs/{id}", tenant.Key, headers: ("Consistency-Token", more.Header("Consistency-Token")!));
        shown.Body!["messages"]![0]!["text"]!.GetValue<string>().Should().Be("How many days do I have to return an item?");
        (await PostAsync($"/v1/handoffs/{id}/return", tenant.Key, """{ "person": "bo" }""")).Body!["state"]!.GetValue<string>().Should().Be("Returned");
        (await PostAsync($"/v1/conversations/{asked.Conversation}/messages", tenant.Key, """{ "text": "How many days do I have to return an item?" }""")).Body!["run"].Should().NotBeNull("the agent has the conversation again");
        (await PostAsync($"/v1/handoffs/{id}/claim", tenant.Key, "{}")).ShouldBeProblem(409, "handoff-ended");
        (await PostAsync($"/v1/handoffs/{id}/claim", (await NewTenantAsync()).Key, "{}")).ShouldBeProblem(404, "handoff-not-found");
    }
}
