using AIaaS.Api.Http;
using AIaaS.Api.OpenApi;
using AIaaS.Commands.Billing;
using AIaaS.Commands.Pricing;
using AIaaS.Domain.Pricing;
using AIaaS.EventStore;
using AIaaS.Projections;
using Microsoft.AspNetCore.Http.HttpResults;

namespace AIaaS.Api.Pricing;

/// <summary>What is sold, and for how much.</summary>
internal static class PricingEndpoints
{
    private const string PriceExample = """{ "id": "output-tokens", "version": 1, "meter": "tokens.output", "model": "Graduated", "currency": "USD", "from": "2026-02-01T00:00:00+00:00", "to": null, "where": null, "unitAmount": 0, "packageSize": 0, "tiers": [ { "upTo": 1000000, "unitAmount": 0.000002, "flatAmount": 0 }, { "upTo": null, "unitAmount": 0.0000015, "flatAmount": 0 } ], "percent": 0, "freeAllowance": 10000, "minimum": null, "description": "Output tokens" }""";

    private const string PriceViewExample = $$"""{ "price": {{PriceExample}}, "reason": "prices of 2026", "publishedAt": "2026-01-31T09:30:00+00:00", "knownFrom": "2026-01-31T09:30:00+00:00" }""";

    private const string PlanExample = """{ "id": "team", "version": 1, "name": "Team", "currency": "USD", "recurringFee": 49, "interval": "Month", "intervalCount": 1, "prices": [ "output-tokens" ], "meters": [], "quotas": [ { "resource": "Runs", "window": "Month", "limit": 10000 } ], "features": [ "priority_support" ], "trialDays": 14, "isPrivate": false, "safeModePercent": 90 }""";

    private const string PlanViewExample = $$"""{ "plan": {{PlanExample}}, "reason": "plans of 2026", "publishedAt": "2026-01-31T09:30:00+00:00", "knownFrom": "2026-01-31T09:30:00+00:00" }""";

    private const string RateViewExample = """{ "base": "EUR", "quote": "USD", "rate": 1.0842, "from": "2026-01-31T00:00:00+00:00", "reason": "reference rate of the ECB", "publishedAt": "2026-01-31T09:30:00+00:00", "knownFrom": "2026-01-31T09:30:00+00:00" }""";

    private const string KnownAt = "known-at";

    public static void Map(RouteGroupBuilder v1)
    {
        var prices = v1.MapGroup("/prices").WithTags("Prices");
        Known(prices.MapGet("", ListPricesAsync)
            .Describe("listPrices", "List prices", "The newest version of each, by id. A tenant sees those of its plan."))
            .Paged()
            .Example(response: $$"""{ "items": [ {{PriceViewExample}} ], "nextCursor": null }""");
        Known(prices.MapGet("/{price}", GetPriceAsync)
            .Describe("getPrice", "Get a price", "All its versions. Of those that hold at the time of some usage the highest counts."))
            .Example(response: $$"""{ "versions": [ {{PriceViewExample}} ] }""");
        prices.MapPut("/{price}", PutPriceAsync)
            .Describe("publishPrice", "Publish a price", "As the next version: a version never changes, and a correction is another one, with the same 'from' or an earlier one. The same content again changes nothing. Tiers go from the lowest up; the last one has no end.")
            .ForPlatform().Problem(409)
            .Example(
                """{ "meter": "tokens.output", "model": "Graduated", "currency": "USD", "from": "2026-02-01T00:00:00Z", "tiers": [ { "upTo": 1000000, "unitAmount": 0.000002 }, { "unitAmount": 0.0000015 } ], "freeAllowance": 10000, "description": "Output tokens", "reason": "prices of 2026" }""",
                PriceExample);

        var plans = v1.MapGroup("/plans").WithTags("Plans");
        Known(plans.MapGet("", ListPlansAsync)
            .Describe("listPlans", "List plans", "The newest version of each, by id. A tenant sees the version that it is on."))
            .Paged()
            .Example(response: $$"""{ "items": [ {{PlanViewExample}} ], "nextCursor": null }""");
        Known(plans.MapGet("/{plan}", GetPlanAsync)
            .Describe("getPlan", "Get a plan", "All its versions; a tenant sees the one that it is on."))
            .Example(response: $$"""{ "versions": [ {{PlanViewExample}} ] }""");
        plans.MapPut("/{plan}", PutPlanAsync)
            .Describe("publishPlan", "Publish a plan", "As the next version; tenants stay on theirs until they are moved. The same content again changes nothing. Its prices must be published before it, and so must exchange rates into its currency.")
            .ForPlatform().Problem(409)
            .Example(
                """{ "name": "Team", "currency": "USD", "recurringFee": 49, "prices": [ "output-tokens" ], "quotas": [ { "resource": "Runs", "window": "Month", "limit": 10000 } ], "features": [ "priority_support" ], "trialDays": 14, "safeModePercent": 90, "reason": "plans of 2026" }""",
                PlanExample);

        var rates = v1.MapGroup("/exchange-rates").WithTags("Prices");
        Known(rates.MapGet("", ListRatesAsync)
            .Describe("listExchangeRates", "List exchange rates", "All of them, or those of a pair of currencies."))
            .Query("base", "string", "Only those of this currency.", "EUR")
            .Query("quote", "string", "Only those into this currency.", "USD")
            .Example(response: $$"""{ "rates": [ {{RateViewExample}} ] }""");
        rates.MapPost("", PostRateAsync)
            .Describe("publishExchangeRate", "Publish an exchange rate", "It holds from 'from' until another one does. Another one from the same moment corrects it. One that is more than twice as large or small as the one before must be confirmed.")
            .ForPlatform().Idempotent()
            .Example("""{ "base": "EUR", "quote": "USD", "rate": 1.0842, "from": "2026-01-31T00:00:00Z", "reason": "reference rate of the ECB" }""", RateViewExample);
    }

    private static RouteHandlerBuilder Known(RouteHandlerBuilder endpoint) => endpoint
        .ForTenantsAndPlatform(Scopes.BillingRead)
        .Query(KnownAt, "string", "As it was known at this time. Default: now.", "2026-02-01T00:00:00Z", "date-time")
        .Fresh();

    private static async Task<Ok<Page<PriceVersionView>>> ListPricesAsync(Caller caller, Freshness freshness, PriceCatalog catalog, TenantPlans plans, HttpContext context, CancellationToken cancellationToken)
    {
        var (query, at) = Reading(context);
        var page = query.Page();
        query.Done();
        var book = await BookAsync(catalog, at, freshness, cancellationToken);
        var own = caller.IsPlatform ? null : plans.Of(caller.Tenant).Prices.ToHashSet(StringComparer.Ordinal);
        var published = Published<PricePublished>(catalog, at).ToDictionary(p => (p.Event.Price.Id, p.Event.Price.Version), p => p);
        return Paged(book.Prices.Where(p => own?.Contains(p.Key) != false), page.Limit, page.Cursor, versions => View(versions[^1], published));
    }

    private static async Task<Ok<PriceVersionList>> GetPriceAsync(string price, Caller caller, Freshness freshness, PriceCatalog catalog, TenantPlans plans, HttpContext context, CancellationToken cancellationToken)
    {
        var (query, at) = Reading(context);
        query.Done();
        var book = await BookAsync(catalog, at, freshness, cancellationToken);
        var published = Published<PricePublished>(catalog, at).ToDictionary(p => (p.Event.Price.Id, p.Event.Price.Version), p => p);
        return book.Prices.TryGetValue(price, out var versions) && (caller.IsPlatform || plans.Of(caller.Tenant).Prices.Contains(price))
            ? TypedResults.Ok(new PriceVersionList([.. versions.Select(v => View(v, published))]))
            : throw new DomainException(PricingErrors.UnknownPrice(price));
    }

    private static async Task<Ok<Price>> PutPriceAsync(string price, JsonBody<PriceBody> body, Caller caller, PricingService pricing, TimeProvider time, HttpContext context)
    {
        var result = await pricing.PublishAsync(body.Value.Command(price, time.GetUtcNow()), Context(caller, context, null), CancellationToken.None);
        Freshness.Answer(context, result.Position);
        return TypedResults.Ok(result.State.All[^1]);
    }

    private static async Task<Ok<Page<PlanVersionView>>> ListPlansAsync(Caller caller, Freshness freshness, PriceCatalog catalog, TenantPlans plans, HttpContext context, CancellationToken cancellationToken)
    {
        var (query, at) = Reading(context);
        var page = query.Page();
        query.Done();
        var book = await BookAsync(catalog, at, freshness, cancellationToken);
        var own = caller.IsPlatform ? null : plans.Of(caller.Tenant);
        var published = Published<PlanPublished>(catalog, at).ToDictionary(p => (p.Event.Plan.Id, p.Event.Plan.Version), p => p);
        return Paged(book.Plans.Where(p => own is null || own.Id == p.Key), page.Limit, page.Cursor, versions => View(own ?? versions[^1], published));
    }

    private static async Task<Ok<PlanVersionList>> GetPlanAsync(string plan, Caller caller, Freshness freshness, PriceCatalog catalog, TenantPlans plans, HttpContext context, CancellationToken cancellationToken)
    {
        var (query, at) = Reading(context);
        query.Done();
        var book = await BookAsync(catalog, at, freshness, cancellationToken);
        var own = caller.IsPlatform ? null : plans.Of(caller.Tenant);
        var published = Published<PlanPublished>(catalog, at).ToDictionary(p => (p.Event.Plan.Id, p.Event.Plan.Version), p => p);
        return book.Plans.TryGetValue(plan, out var versions) && (own is null || own.Id == plan)
            ? TypedResults.Ok(new PlanVersionList([.. versions.Where(v => own is null || v.Version == own.Version).Select(v => View(v, published))]))
            : throw new DomainException(PricingErrors.UnknownPlan(plan, null));
    }

    private static async Task<Ok<Plan>> PutPlanAsync(string plan, JsonBody<PlanBody> body, Caller caller, PricingService pricing, TimeProvider time, HttpContext context)
    {
        var result = await pricing.PublishAsync(body.Value.Plan(plan), body.Value.Reason, time.GetUtcNow(), Context(caller, context, null), CancellationToken.None);
        Freshness.Answer(context, result.Position);
        return TypedResults.Ok(result.State.All[^1]);
    }

    private static async Task<Ok<ExchangeRateList>> ListRatesAsync(Freshness freshness, PriceCatalog catalog, HttpContext context, CancellationToken cancellationToken)
    {
        var (query, at) = Reading(context);
        var (from, to) = (query.Text("base", 3), query.Text("quote", 3));
        query.Done();
        await BookAsync(catalog, null, freshness, cancellationToken);
        return TypedResults.Ok(new ExchangeRateList([
            .. Published<ExchangeRatePublished>(catalog, at)
                .Where(p => (from is null || p.Event.Base == from) && (to is null || p.Event.Quote == to))
                .Select(p => new ExchangeRateView(p.Event.Base, p.Event.Quote, p.Event.Rate, p.Event.From, p.Event.Reason, p.Event.At, p.Recorded)),
        ]));
    }

    private static async Task<Ok<ExchangeRateView>> PostRateAsync(JsonBody<ExchangeRateBody> body, Caller caller, PricingService pricing, PriceCatalog catalog, TimeProvider time, HttpContext context)
    {
        var rate = body.Value;
        var result = await pricing.PublishAsync(new PublishExchangeRate(rate.Base, rate.Quote, rate.Rate, rate.From, rate.Confirmed == true, rate.Reason, time.GetUtcNow()), Context(caller, context, "platform:" + IdempotencyKey.Require(context)), CancellationToken.None);
        Freshness.Answer(context, result.Position);
        var (recorded, published) = Published<ExchangeRatePublished>(catalog, null).Last(p => p.Event.Base == rate.Base && p.Event.Quote == rate.Quote && p.Event.From == rate.From && p.Event.Rate == rate.Rate);
        return TypedResults.Ok(new ExchangeRateView(published.Base, published.Quote, published.Rate, published.From, published.Reason, published.At, recorded));
    }

    private static (QueryReader Query, DateTimeOffset? At) Reading(HttpContext context)
    {
        var query = new QueryReader(context);
        return (query, query.Time(KnownAt));
    }

    private static async Task<PriceBookView> BookAsync(PriceCatalog catalog, DateTimeOffset? at, Freshness freshness, CancellationToken cancellationToken) =>
        await catalog.WaitForAsync(freshness.Position, Freshness.Patience, cancellationToken) ? catalog.PricesAt(at) : throw freshness.Behind();

    private static IEnumerable<(DateTimeOffset Recorded, T Event)> Published<T>(PriceCatalog catalog, DateTimeOffset? at)
        where T : DomainEvent => catalog.Publications.Where(p => at is null || p.Recorded <= at).Select(p => (p.Recorded, Event: p.Event as T)).Where(p => p.Event is not null).Select(p => (p.Recorded, p.Event!));

    private static PriceVersionView View(Price price, Dictionary<(string, int), (DateTimeOffset Recorded, PricePublished Event)> published) =>
        published.TryGetValue((price.Id, price.Version), out var found) ? new(price, found.Event.Reason, found.Event.At, found.Recorded) : new(price, null, null, null);

    private static PlanVersionView View(Plan plan, Dictionary<(string, int), (DateTimeOffset Recorded, PlanPublished Event)> published) =>
        published.TryGetValue((plan.Id, plan.Version), out var found) ? new(plan, found.Event.Reason, found.Event.At, found.Recorded) : new(plan, null, null, null);

    // The cursor is the last id of the page before.
    private static Ok<Page<TView>> Paged<T, TView>(IEnumerable<KeyValuePair<string, T>> all, int limit, string? cursor, Func<T, TView> view)
        where TView : class
    {
        var found = all.Where(p => cursor is null || string.CompareOrdinal(p.Key, cursor) > 0).Take(limit + 1).ToList();
        return TypedResults.Ok(new Page<TView>([.. found.Take(limit).Select(p => view(p.Value))], found.Count > limit ? found[limit - 1].Key : null));
    }

    private static CommandContext Context(Caller caller, HttpContext context, string? key) => new("", caller.Actor, key, Correlation.Of(context));
}
