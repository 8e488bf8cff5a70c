using System.Net;

namespace AIaaS.Api.Tests;

public sealed class Prices : ApiTest
{
    private const string PerUnit = """{ "meter": "tokens.output", "model": "PerUnit", "currency": "USD", "from": "2026-01-01T00:00:00Z", "unitAmount": 0.000002 }""";

    [Test]
    public async Task are_published_as_versions_that_do_not_change()
    {
        var id = NewId("price");
        (await PutAsync($"/v1/prices/{id}", PerUnit)).Body!["version"]!.GetValue<int>().Should().Be(1);
        (await PutAsync($"/v1/prices/{id}", PerUnit)).Body!["version"]!.GetValue<int>().Should().Be(1);
        var second = await PutAsync($"/v1/prices/{id}", PerUnit.Replace("0.000002", "0.000003", StringComparison.Ordinal));
        second.Body!["version"]!.GetValue<int>().Should().Be(2);
        var shown = await GetAsync($"/v1/prices/{id}?min-position={second.Header("Consistency-Token")}", RunningApi.AdminKey);
        shown.Body!["versions"]!.AsArray().Select(v => v!["price"]!["unitAmount"]!.GetValue<decimal>()).Should().Equal(0.000002m, 0.000003m);
    }

    [Test]
    public async Task can_be_shown_as_they_were_known_at_a_time()
    {
        var id = NewId("price");
        var first = await PutAsync($"/v1/prices/{id}", PerUnit);
        var known = (await GetAsync($"/v1/prices/{id}?min-position={first.Header("Consistency-Token")}", RunningApi.AdminKey)).Body!["versions"]![0]!["knownFrom"]!.GetValue<string>().Replace("+00:00", "Z", StringComparison.Ordinal);
        var second = await PutAsync($"/v1/prices/{id}", PerUnit.Replace("0.000002", "0.000003", StringComparison.Ordinal));
        (await GetAsync($"/v1/prices/{id}?known-at={known}&min-position={second.Header("Consistency-Token")}", RunningApi.AdminKey)).Body!["versions"]!.AsArray().Should().ContainSingle();
        (await GetAsync($"/v1/prices/{id}?known-at=2020-01-01T00:00:00Z", RunningApi.AdminKey)).ShouldBeProblem(404, "price-not-found");
    }

    [Test]
    public async Task are_listed_page_by_page()
    {
        await PutAsync($"/v1/prices/{NewId("price")}", PerUnit);
        var last = await PutAsync($"/v1/prices/{NewId("price")}", PerUnit);
        var first = (await GetAsync($"/v1/prices?limit=1&min-position={last.Header("Consistency-Token")}", RunningApi.AdminKey)).Body!;
        first["items"]!.AsArray().Should().ContainSingle().Which!["price"]!["id"]!.GetValue<string>().Should().Be("cost-pass-through");
        (await GetAsync($"/v1/prices?cursor={first["nextCursor"]}", RunningApi.AdminKey)).Body!["items"]!.AsArray().Count.Should().BeGreaterThanOrEqualTo(2);
    }

    [TestCase("""{ "meter": "tokens.output", "model": "Graduated", "currency": "USD", "from": "2026-01-01T00:00:00Z", "tiers": [ { "upTo": 1000, "unitAmount": 2 }, { "upTo": 500, "unitAmount": 1 }, { "unitAmount": 1 } ] }""", "tier 2 goes up to 500 and tier 1 up to 1,000: they overlap", TestName = "tiers overlap")]
    [TestCase("""{ "meter": "tokens.output", "model": "Volume", "currency": "USD", "from": "2026-01-01T00:00:00Z", "tiers": [ { "from": 0, "upTo": 1000, "unitAmount": 2 }, { "from": 1500, "unitAmount": 1 } ] }""", "there is a gap", TestName = "tiers leave a gap")]
    [TestCase("""{ "meter": "tokens.output", "model": "PerUnit", "currency": "USD", "from": "2026-02-01T00:00:00Z", "to": "2026-01-01T00:00:00Z", "unitAmount": 1 }""", "it ends at 2026-01-01 00:00:00Z, before or when it starts at 2026-02-01 00:00:00Z", TestName = "ends before it starts")]
    [TestCase("""{ "meter": "tokens.output", "model": "PerUnit", "currency": "EURO", "from": "2026-01-01T00:00:00Z", "unitAmount": 1 }""", "'EURO' is no currency of ISO 4217", TestName = "no currency")]
    [TestCase("""{ "meter": "cost", "model": "Percentage", "currency": "EUR", "from": "2026-01-01T00:00:00Z", "percent": 110 }""", "a percentage of it is in USD and not in EUR", TestName = "wrong currency of a percentage")]
    [TestCase("""{ "meter": "tokens.output", "model": "PerUnit", "currency": "USD", "from": "2026-01-01T00:00:00Z", "unitAmount": -1 }""", "'unitAmount' is -1, less than 0", TestName = "negative")]
    [TestCase("""{ "meter": "tokens.output", "model": "PerUnit", "currency": "USD", "from": "2026-01-01T00:00:00Z", "unitAmount": 79228162514264337593543950335 }""", "more than 1,000,000,000", TestName = "absurd")]
    [TestCase("""{ "meter": "tokens.output", "model": "Package", "currency": "USD", "from": "2026-01-01T00:00:00Z", "unitAmount": 1 }""", "'packageSize' is 0", TestName = "package of nothing")]
    [TestCase("""{ "meter": "TOKENS", "model": "Flat", "currency": "usd", "from": "1990-01-01T00:00:00Z", "percent": 5, "minimum": -1 }""", "no meter's name; use lower-case letters, digits, '_' and '.'; 'usd' is no currency", TestName = "several faults at once")]
    public async Task that_cannot_be_are_refused_with_what_is_wrong(string body, string detail)
    {
        var refused = (await CallAsync(HttpMethod.Put, $"/v1/prices/{NewId("price")}", RunningApi.AdminKey, Json(body))).ShouldBeProblem(422, "price-invalid");
        refused.Body!["detail"]!.GetValue<string>().Should().Contain(detail);
    }

    [TestCase("NaN")]
    [TestCase("\"NaN\"")]
    [TestCase("Infinity")]
    [TestCase("1e400")]
    public async Task of_no_number_are_refused(string amount)
    {
        var refused = await CallAsync(HttpMethod.Put, $"/v1/prices/{NewId("price")}", RunningApi.AdminKey, Json(PerUnit.Replace("0.000002", amount, StringComparison.Ordinal)));
        ((int)refused.Status).Should().BeOneOf(400, 422);
        refused.Body!["detail"]!.GetValue<string>().Should().NotBeNullOrWhiteSpace();
    }

    [Test]
    public async Task that_come_with_the_product_do_not_change() =>
        (await CallAsync(HttpMethod.Put, "/v1/prices/cost-pass-through", RunningApi.AdminKey, Json(PerUnit))).ShouldBeProblem(409, "pricing-built-in");

    [Test]
    public async Task are_the_platforms_to_publish() => (await CallAsync(HttpMethod.Put, $"/v1/prices/{NewId("price")}", (await NewTenantAsync()).Key, Json(PerUnit))).ShouldBeProblem(403, "platform-key-needed");

    [Test]
    public async Task are_seen_by_tenants_whose_plan_has_them()
    {
        var tenant = await NewTenantAsync();
        var id = NewId("price");
        await PutAsync($"/v1/prices/{id}", PerUnit);
        (await GetAsync($"/v1/prices/{id}", tenant.Key)).ShouldBeProblem(404, "price-not-found");
        (await GetAsync("/v1/prices", tenant.Key)).Body!["items"]!.AsArray().Select(p => p!["price"]!["id"]!.GetValue<string>()).Should().Equal("cost-pass-through");
        (await GetAsync("/v1/plans", tenant.Key)).Body!["items"]!.AsArray().Select(p => p!["plan"]!["id"]!.GetValue<string>()).Should().Equal("pay-as-you-go");
    }

    [Test]
    public async Task of_a_plan_need_an_exchange_rate_into_its_currency()
    {
        var (price, plan) = (NewId("price"), NewId("plan"));
        await PutAsync($"/v1/prices/{price}", PerUnit.Replace("USD", "KWD", StringComparison.Ordinal));
        var body = $$"""{ "name": "Team", "currency": "BHD", "prices": [ "{{price}}" ] }""";
        (await CallAsync(HttpMethod.Put, $"/v1/plans/{plan}", RunningApi.AdminKey, Json(body))).ShouldBeProblem(422, "plan-invalid").Body!["detail"]!.GetValue<string>().Should().Contain("no exchange rate from KWD to BHD is published");
        (await PostAsync("/v1/exchange-rates", RunningApi.AdminKey, """{ "base": "KWD", "quote": "BHD", "rate": 1.23, "from": "2026-01-01T00:00:00Z", "reason": "test" }""")).Body!["rate"]!.GetValue<decimal>().Should().Be(1.23m);
        (await PutAsync($"/v1/plans/{plan}", body)).Body!["version"]!.GetValue<int>().Should().Be(1);
        (await PostAsync("/v1/exchange-rates", RunningApi.AdminKey, """{ "base": "KWD", "quote": "BHD", "rate": 123, "from": "2026-01-02T00:00:00Z" }""")).ShouldBeProblem(422, "exchange-rate-invalid");
        (await PostAsync("/v1/exchange-rates", RunningApi.AdminKey, """{ "base": "KWD", "quote": "KWD", "rate": 0, "from": "2026-01-02T00:00:00Z" }""")).ShouldBeProblem(422, "exchange-rate-invalid");
        (await GetAsync("/v1/exchange-rates?base=KWD&quote=BHD", RunningApi.AdminKey)).Body!["rates"]!.AsArray().Should().ContainSingle();
    }

    [Test]
    public async Task of_a_plan_must_be_there() => (await CallAsync(HttpMethod.Put, $"/v1/plans/{NewId("plan")}", RunningApi.AdminKey, Json("""{ "name": "", "currency": "USD", "recurringFee": -1, "prices": [ "nothing" ], "quotas": [ { "resource": "Runs", "window": "Moment", "limit": 1 } ] }""")))
        .ShouldBeProblem(422, "plan-invalid").Body!["detail"]!.GetValue<string>().Should().ContainAll("the name is missing", "'recurringFee' is -1", "there is no price 'nothing'", "the quota of Runs cannot be for a Moment");

    [Test]
    public async Task of_models_are_published_from_a_moment_on()
    {
        var published = await PostAsync("/v1/model-prices", RunningApi.AdminKey, """{ "from": "2090-01-01T00:00:00Z", "models": { "offline-a": { "uncachedInput": 1, "output": 4 } }, "reason": "test" }""");
        published.Body!["models"]!["offline-a"]!["reasoning"]!.GetValue<decimal>().Should().Be(4m, published.Text);
        var shown = (await GetAsync("/v1/model-prices", (await NewTenantAsync()).Key)).Body!;
        shown["versions"]!.AsArray().Last()!["version"]!.GetValue<string>().Should().StartWith("published-");
        shown["current"]!.GetValue<string>().Should().NotStartWith("published-");
        (await PostAsync("/v1/model-prices", RunningApi.AdminKey, """{ "from": "2090-01-01T00:00:00Z", "models": { "nobody": { "uncachedInput": -1, "output": 4 } } }""")).ShouldBeProblem(422, "model-prices-invalid");
    }

    private static string NewId(string what) => $"{what}-{RunningApi.Next()}";

    private async Task<Response> PutAsync(string path, string body)
    {
        var put = await CallAsync(HttpMethod.Put, path, RunningApi.AdminKey, Json(body));
        put.Status.Should().Be(HttpStatusCode.OK, put.Text);
        return put;
    }
}

public sealed class Plans_of_tenants : ApiTest
{
    [Test]
    public async Task are_what_they_go_without_until_they_choose()
    {
        var tenant = await NewTenantAsync();
        var shown = (await GetAsync("/v1/subscription", tenant.Key)).Body!;
        shown["plan"]!.GetValue<string>().Should().Be("pay-as-you-go");
        shown["since"].Should().BeNull();
        shown["period"]!["from"]!.GetValue<string>().Should().EndWith("-01T00:00:00+00:00");
        (await PostAsync("/v1/subscription/cancel", tenant.Key, "{}")).ShouldBeProblem(409, "subscription-not-started");
    }

    [Test]
    public async Task are_started_changed_cancelled_and_resumed()
    {
        var tenant = await NewTenantAsync();
        var (team, business) = (await NewPlanAsync(31m, """ "trialDays": 0, "features": [ "priority_support" ]"""), await NewPlanAsync(62m));
        var started = await PostAsync($"/v1/tenants/{tenant.Id}/subscription", RunningApi.AdminKey, $$"""{ "plan": "{{team}}", "reason": "ordered" }""");
        started.Body!["plan"]!.GetValue<string>().Should().Be(team, started.Text);
        started.Body!["features"]!.AsArray().Should().ContainSingle();

        var preview = (await PostAsync("/v1/subscription/preview-change", tenant.Key, $$"""{ "plan": "{{business}}" }""")).Body!;
        preview["before"]![0]!["total"]!.GetValue<decimal>().Should().Be(31m);
        preview["after"]![0]!["lines"]!.AsArray().Select(l => l!["plan"]!.GetValue<string>()).Should().EndWith(business);
        preview["after"]![1]!["total"]!.GetValue<decimal>().Should().Be(62m);
        Plan(await GetAsync("/v1/subscription", tenant.Key)).Should().Be(team);

        var scheduled = (await PostAsync("/v1/subscription/change", tenant.Key, $$"""{ "plan": "{{business}}", "when": "PeriodEnd" }""")).Body!;
        scheduled["plan"]!.GetValue<string>().Should().Be(team);
        scheduled["scheduled"]!["plan"]!.GetValue<string>().Should().Be(business);
        Plan(await PostAsync("/v1/subscription/change", tenant.Key, $$"""{ "plan": "{{business}}" }""")).Should().Be(business);

        (await PostAsync("/v1/subscription/cancel", tenant.Key, """{ "reason": "closing" }""")).Body!["scheduled"]!["plan"].Should().BeNull();
        (await PostAsync("/v1/subscription/change", tenant.Key, $$"""{ "plan": "{{team}}" }""")).ShouldBeProblem(409, "subscription-ending");
        (await PostAsync("/v1/subscription/resume", tenant.Key)).Body!["scheduled"].Should().BeNull();
        Plan(await PostAsync("/v1/subscription/cancel", tenant.Key, """{ "when": "AtOnce" }""")).Should().Be("pay-as-you-go");
        Plan(await PostAsync("/v1/subscription/resume", tenant.Key)).Should().Be(business);
    }

    [Test]
    public async Task can_be_tried_once()
    {
        var tenant = await NewTenantAsync();
        var plan = await NewPlanAsync(31m, """ "trialDays": 14""");
        var preview = (await PostAsync("/v1/subscription/preview-change", tenant.Key, $$"""{ "plan": "{{plan}}" }""")).Body!;
        var started = (await PostAsync("/v1/subscription/change", tenant.Key, $$"""{ "plan": "{{plan}}" }""")).Body!;
        started["trialUntil"]!.GetValue<DateTimeOffset>().Should().Be(started["since"]!.GetValue<DateTimeOffset>().AddDays(14));
        preview["after"]!.AsArray().SelectMany(p => p!["lines"]!.AsArray()).Single(l => l!["trial"]!.GetValue<bool>())!["amount"]!["amount"]!.GetValue<decimal>().Should().Be(0m);
        await PostAsync("/v1/subscription/cancel", tenant.Key, """{ "when": "AtOnce" }""");
        (await PostAsync("/v1/subscription/change", tenant.Key, $$"""{ "plan": "{{plan}}" }""")).Body!["trialUntil"].Should().BeNull();
    }

    [Test]
    public async Task stay_on_their_version_until_they_are_moved()
    {
        var tenant = await NewTenantAsync();
        var plan = await NewPlanAsync(10m);
        await PostAsync("/v1/subscription/change", tenant.Key, $$"""{ "plan": "{{plan}}" }""");
        await CallAsync(HttpMethod.Put, $"/v1/plans/{plan}", RunningApi.AdminKey, Json("""{ "name": "Plan", "currency": "USD", "recurringFee": 20 }"""));
        (await GetAsync("/v1/subscription", tenant.Key)).Body!["version"]!.GetValue<int>().Should().Be(1);
        (await PostAsync($"/v1/tenants/{tenant.Id}/subscription", RunningApi.AdminKey, $$"""{ "plan": "{{plan}}", "version": 2 }""")).Body!["version"]!.GetValue<int>().Should().Be(2);
    }

    [Test]
    public async Task that_are_not_there_are_refused()
    {
        var tenant = await NewTenantAsync();
        (await PostAsync("/v1/subscription/change", tenant.Key, """{ "plan": "nothing" }""")).ShouldBeProblem(404, "plan-not-found");
        (await PostAsync("/v1/tenants/nobody/subscription", RunningApi.AdminKey, """{ "plan": "nothing" }""")).ShouldBeProblem(404, "unknown-tenant");
        (await PostAsync("/v1/subscription/change", await NewKeyAsync(tenant.Id, "billing:read"), """{ "plan": "nothing" }""")).ShouldBeProblem(403, "missing-scope");
    }

    [Test]
    public async Task are_billed_as_the_platform_sets_it_and_paid_by_whom_the_tenant_says()
    {
        var tenant = await NewTenantAsync();
        var path = $"/v1/tenants/{tenant.Id}/billing-settings";
        var set = await CallAsync(HttpMethod.Put, path, RunningApi.AdminKey, Json("""{ "timeZone": "Europe/Berlin", "taxes": [ { "name": "VAT 19 %", "percent": 19 } ], "discounts": [ { "percent": 10, "from": "2026-01-01T00:00:00Z", "reason": "first year" } ], "graceHours": 24 }"""));
        set.Status.Should().Be(HttpStatusCode.OK, set.Text);
        await CallAsync(HttpMethod.Put, "/v1/subscription/payer", tenant.Key, Json("""{ "name": "Acme GmbH", "vatId": "DE123456789", "paymentMethod": "pm_card_visa" }"""));
        var settings = (await GetAsync("/v1/subscription", tenant.Key)).Body!["settings"]!;
        settings["name"]!.GetValue<string>().Should().Be("Acme GmbH");
        settings["taxes"]![0]!["percent"]!.GetValue<decimal>().Should().Be(19m);
        settings["timeZone"]!.GetValue<string>().Should().Be("Europe/Berlin");
        (await CallAsync(HttpMethod.Put, path, RunningApi.AdminKey, Json("""{ "timeZone": "Mars/Olympus", "taxes": [ { "name": "T", "percent": 101 } ], "discounts": [ { "amount": { "amount": 5, "currency": "EUR" }, "from": "2026-01-01T00:00:00Z", "reason": "x" } ], "dueDays": -1 }""")))
            .ShouldBeProblem(422, "subscription-invalid").Body!["detail"]!.GetValue<string>().Should().ContainAll("no time zone 'Mars/Olympus'", "is 101 %", "a discount is in 'EUR' and invoices are in USD", "'dueDays' is -1");
    }

    private static string Plan(Response response) => response.Body!["plan"]?.GetValue<string>() ?? response.Text;

    private async Task<string> NewPlanAsync(decimal fee, string? more = null)
    {
        var id = $"plan-{RunningApi.Next()}";
        var put = await CallAsync(HttpMethod.Put, $"/v1/plans/{id}", RunningApi.AdminKey, Json($$"""{ "name": "Plan", "currency": "USD", "recurringFee": {{fee.ToString(System.Globalization.CultureInfo.InvariantCulture)}}{{(more is null ? "" : "," + more)}} }"""));
        put.Status.Should().Be(HttpStatusCode.OK, put.Text);
        return id;
    }
}
