using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json.Serialization;
using AIaaS.Api.Audit;
using AIaaS.Api.Http;
using AIaaS.Api.OpenApi;
using AIaaS.Commands.Budgets;
using AIaaS.Commands.Tenants;
using AIaaS.Domain.Budgets;
using AIaaS.Domain.Pricing;
using AIaaS.EventStore;
using Microsoft.AspNetCore.Http.HttpResults;

namespace AIaaS.Api.Budgets;

/// <summary>How a quota stands.</summary>
/// <param name="Resource">Of what.</param>
/// <param name="Window">In which stretch, UTC.</param>
/// <param name="Limit">The most.</param>
/// <param name="Used">What is used.</param>
/// <param name="Remaining">What is left.</param>
/// <param name="ResetsAt">When the window ends; null of what is limited at any one moment.</param>
/// <param name="OverriddenUntil">Until when another limit than the plan's holds; null where the plan's does.</param>
internal sealed record QuotaView(QuotaResource Resource, QuotaWindow Window, long Limit, long Used, long Remaining, DateTimeOffset? ResetsAt, DateTimeOffset? OverriddenUntil);

/// <summary>A tenant's quotas.</summary>
/// <param name="Items">In the order of the plan.</param>
internal sealed record QuotaList(ImmutableArray<QuotaView> Items);

/// <summary>What became of a tenant's quotas.</summary>
/// <param name="Events">Notices and overrides, the newest first.</param>
/// <param name="Next">The position to read on from; null when this was the last page.</param>
internal sealed record QuotaHistory(IReadOnlyList<StreamEvent> Events, string? Next);

/// <summary>Another limit for a while.</summary>
/// <param name="Resource">Of what.</param>
/// <param name="Window">In which stretch.</param>
/// <param name="Limit">The most.</param>
/// <param name="Until">Until when, at most 366 days ahead.</param>
/// <param name="Reason">Why.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record QuotaOverrideBody(QuotaResource Resource, QuotaWindow Window, long Limit, DateTimeOffset Until, string Reason) : IValidated
{
    public void Validate(Faults faults) => faults.Text("/reason", Reason, 1, 500);
}

/// <summary>An override.</summary>
/// <param name="Override">Its id.</param>
/// <param name="Resource">Of what.</param>
/// <param name="Window">In which stretch.</param>
/// <param name="Limit">The most.</param>
/// <param name="Until">Until when.</param>
/// <param name="Author">Who granted it.</param>
/// <param name="Reason">Why.</param>
/// <param name="GrantedAt">When.</param>
/// <param name="Holds">Whether it holds now.</param>
internal sealed record QuotaOverrideView(string Override, QuotaResource Resource, QuotaWindow Window, long Limit, DateTimeOffset Until, string Author, string Reason, DateTimeOffset GrantedAt, bool Holds);

/// <summary>A tenant's overrides.</summary>
/// <param name="Items">In the order in which they were granted.</param>
internal sealed record QuotaOverrideList(ImmutableArray<QuotaOverrideView> Items);

/// <summary>
/// Counts the requests of tenants that have quotas, and refuses what is above them with 429; every answer to such a tenant says what is left
/// (draft-ietf-httpapi-ratelimit-headers).
/// </summary>
internal sealed class QuotaHeaders(RequestDelegate next, QuotaGate quotas)
{
    public async Task InvokeAsync(HttpContext context)
    {
        if (Caller.Find(context) is { IsPlatform: false } caller)
        {
            QuotaGate.TenantQuotas? entered = null;
            try
            {
                entered = await quotas.EnterAsync(caller.Tenant, context.RequestAborted);
                if (entered is not null)
                {
                    context.Response.OnStarting(static s =>
                    {
                        var (context, entered) = ((HttpContext, QuotaGate.TenantQuotas))s;
                        Write(context.Response, entered.Status());
                        return Task.CompletedTask;
                    }, (context, entered));
                    if (context.GetEndpoint()?.Metadata.GetMetadata<StoresContent>() is not null)
                    {
                        await quotas.StoreAsync(caller.Tenant, context.RequestAborted);
                    }
                }
            }
            catch (QuotaExceededException) when (entered is null)
            {
                Write(context.Response, await quotas.StatusAsync(caller.Tenant, context.RequestAborted));
                throw;
            }
        }

        await next(context);
    }

    private static void Write(HttpResponse response, ImmutableArray<QuotaStatus> quotas)
    {
        if (quotas.IsEmpty)
        {
            return;
        }

        var (policy, limit) = (new StringBuilder(), new StringBuilder());
        foreach (var quota in quotas)
        {
            var (resource, window) = (quota.Limit.Resource, quota.Limit.Window);
            var name = $"{resource}-{window}".ToLowerInvariant();
            var comma = policy.Length == 0 ? "" : ", ";
            var unit = resource switch { QuotaResource.StorageBytes => ";qu=\"content-bytes\"", QuotaResource.ConcurrentRuns => ";qu=\"concurrent-requests\"", _ => "" };
            policy.Append(CultureInfo.InvariantCulture, $"{comma}\"{name}\";q={Integer(quota.Limit.Limit)}{unit}");
            limit.Append(CultureInfo.InvariantCulture, $"{comma}\"{name}\";r={Integer(quota.Remaining)}");
            if (quota.Resets is { } resets)
            {
                var now = response.HttpContext.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow();
                policy.Append(CultureInfo.InvariantCulture, $";w={(resets - QuotaSpan.Of(window, now).From).TotalSeconds:0}");
                limit.Append(CultureInfo.InvariantCulture, $";t={Math.Max(0, Math.Ceiling((resets - now).TotalSeconds)):0}");
            }
        }

        response.Headers["RateLimit-Policy"] = policy.ToString();
        response.Headers["RateLimit"] = limit.ToString();
    }

    /// <summary>As RFC 9651 takes it: at most 15 digits.</summary>
    private static long Integer(long value) => Math.Min(value, 999_999_999_999_999);
}

/// <summary>Quotas of plans, and overrides of them.</summary>
internal static class QuotaEndpoints
{
    private const string Quota = """{ "resource": "Requests", "window": "Day", "limit": 10000, "used": 8012, "remaining": 1988, "resetsAt": "2026-02-01T00:00:00+00:00", "overriddenUntil": null }""";

    private const string Override = """{ "override": "019c1d2e3f4a7b8c9d0e1f2a3b4c5d6f", "resource": "Requests", "window": "Day", "limit": 20000, "until": "2026-02-02T00:00:00+00:00", "author": "platform", "reason": "A launch this weekend", "grantedAt": "2026-01-31T09:30:00+00:00", "holds": true }""";

    private const string Event = """
        {
          "position": "1042", "version": 0, "id": "019c1d2e-3f4a-7b8c-9d0e-1f2a3b4c5d6e", "type": "quota.reached", "recordedAt": "2026-01-31T09:30:00+00:00",
          "data": { "resource": "Requests", "window": "Day", "percent": 80, "used": 8000, "limit": 10000, "at": "2026-01-31T09:30:00+00:00" }, "dataBase64": null,
          "dataSha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "metadata": { "tenant": "acme", "actor": "quotas", "schema": 1 }
        }
        """;

    public static void Map(RouteGroupBuilder v1)
    {
        var quotas = v1.MapGroup("/quotas").WithTags("Quotas");
        quotas.MapGet("", ListAsync)
            .Describe("listQuotas", "List quotas", "The limits of the tenant's plan and what of them is used. What is above them is refused with 429 and Retry-After; every answer says in RateLimit-Policy and RateLimit what is left.")
            .ForTenants(Scopes.BudgetsRead)
            .Example(response: $$"""{ "items": [ {{Quota}} ] }""");
        quotas.MapGet("/history", HistoryAsync)
            .Describe("getQuotaHistory", "Read the history of quotas", "Notices at 80 % and 100 %, once for each window, and overrides: as recorded, the newest first.")
            .ForTenants(Scopes.BudgetsRead)
            .Query("before", "string", "The position to read on from: 'next' of the last page. Leave it out for the newest.", "1042")
            .Query("limit", "integer", "The most events of the page, 1 to 500. Default: 100.", "100")
            .Example(response: $$"""{ "events": [ {{Event}} ], "next": null }""");
        var overrides = v1.MapGroup("/tenants/{tenant}/quota-overrides").WithTags("Quotas");
        overrides.MapPost("", GrantAsync)
            .Describe("grantQuotaOverride", "Override a quota for a while", "Instead of the plan's limit, until its time is up; the newest of several holds.")
            .ForPlatform().Idempotent().Problem(404, 422)
            .Produces<QuotaOverrideView>(201, "application/json")
            .Example("""{ "resource": "Requests", "window": "Day", "limit": 20000, "until": "2026-02-02T00:00:00Z", "reason": "A launch this weekend" }""", Override);
        overrides.MapGet("", ListOverridesAsync)
            .Describe("listQuotaOverrides", "List a tenant's overrides", "Those that were granted and not revoked, also when their time is up.")
            .ForPlatform().Problem(404)
            .Example(response: $$"""{ "items": [ {{Override}} ] }""");
        overrides.MapDelete("/{override}", RevokeAsync)
            .Describe("revokeQuotaOverride", "Revoke an override", "The plan's limit holds again.")
            .ForPlatform().Problem(404);
    }

    private static async Task<Ok<QuotaList>> ListAsync(Caller caller, QuotaGate quotas, HttpContext context, CancellationToken cancellationToken)
    {
        new QueryReader(context).Done();
        var status = await quotas.StatusAsync(caller.Tenant, cancellationToken);
        return TypedResults.Ok(new QuotaList([.. status.Select(q => new QuotaView(q.Limit.Resource, q.Limit.Window, q.Limit.Limit, q.Used, q.Remaining, q.Resets, q.Override?.Until))]));
    }

    private static async Task<Ok<QuotaHistory>> HistoryAsync(Caller caller, IEventStore log, HttpContext context, CancellationToken cancellationToken)
    {
        var query = new QueryReader(context);
        var before = query.Text("before");
        var limit = query.Number("limit", 100, 1, 500);
        query.Done();
        var from = before is null ? LogPosition.End
            : LogPosition.TryParse(before, out var position) ? position
            : throw Problems.InvalidParameter(new Fault("?before", "is no position; give the 'next' of the last page"));
        List<StreamEvent> events = [];
        string? next = null;
        var filter = EventFilter.Streams($"quota-{caller.Tenant}_", $"quotaOverrides-{caller.Tenant}_");
        await foreach (var recorded in log.ReadAllAsync(ReadDirection.Backwards, from, filter, limit + 1, cancellationToken))
        {
            if (events.Count == limit)
            {
                next = recorded.Position.ToString();
                break;
            }

            events.Add(StreamEndpoints.View(recorded, raw: false));
        }

        return TypedResults.Ok(new QuotaHistory(events, next));
    }

    private static async Task<IResult> GrantAsync(string tenant, JsonBody<QuotaOverrideBody> body, Caller caller, TenantService tenants, QuotaOverrideService overrides, TimeProvider time, HttpContext context)
    {
        await RequireAsync(tenant, tenants);
        var b = body.Value;
        var id = QuotaOverrideService.OverrideId(tenant, IdempotencyKey.Require(context));
        var command = new GrantQuotaOverride(tenant, id, b.Resource, b.Window, b.Limit, b.Until.ToUniversalTime(), caller.Actor, b.Reason, time.GetUtcNow());
        var result = await overrides.HandleAsync(command, new(tenant, caller.Actor, null, Correlation.Of(context)), CancellationToken.None);
        Freshness.Answer(context, result.Position);
        return TypedResults.Created($"/v1/tenants/{tenant}/quota-overrides", View(result.State.Granted.Find(g => g.Override == id)!, time));
    }

    private static async Task<Ok<QuotaOverrideList>> ListOverridesAsync(string tenant, TenantService tenants, QuotaOverrideService overrides, TimeProvider time, CancellationToken cancellationToken)
    {
        await RequireAsync(tenant, tenants);
        var loaded = await overrides.LoadAsync(QuotaOverrides.Stream(tenant), cancellationToken);
        return TypedResults.Ok(new QuotaOverrideList([.. loaded.State.Granted.Select(g => View(g, time))]));
    }

    private static async Task<NoContent> RevokeAsync(string tenant, string @override, Caller caller, TenantService tenants, QuotaOverrideService overrides, TimeProvider time, HttpContext context)
    {
        await RequireAsync(tenant, tenants);
        var result = await overrides.HandleAsync(new RevokeQuotaOverride(tenant, Ids.Require("override", @override), caller.Actor, time.GetUtcNow()), new(tenant, caller.Actor, null, Correlation.Of(context)), CancellationToken.None);
        Freshness.Answer(context, result.Position);
        return TypedResults.NoContent();
    }

    private static async Task RequireAsync(string tenant, TenantService tenants)
    {
        if (await tenants.FindAsync(tenant) is null)
        {
            throw Problems.NotFound("tenant", tenant.Length > 60 ? tenant[..60] + "…" : tenant);
        }
    }

    private static QuotaOverrideView View(QuotaOverrideGranted granted, TimeProvider time) =>
        new(granted.Override, granted.Resource, granted.Window, granted.Limit, granted.Until, granted.Author, granted.Reason, granted.At, granted.Until > time.GetUtcNow());
}
