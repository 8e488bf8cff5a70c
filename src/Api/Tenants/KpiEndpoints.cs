using AIaaS.Api.Http;
using AIaaS.Api.OpenApi;
using AIaaS.Projections.Tenants;
using AIaaS.Queries.Tenants;
using Microsoft.AspNetCore.Http.HttpResults;

namespace AIaaS.Api.Tenants;

/// <summary>How a tenant's runs went.</summary>
internal static class KpiEndpoints
{
    private const string Numbers = """
        "runs": 40, "outcomes": { "Answered": 36, "Cut": 0, "Failed": 0, "HandedOff": 4 }, "successRate": 0.9, "latencyMs": { "p50": 4.1, "p90": 6.2, "p95": 7.0, "p99": 9.3 },
        "tokens": { "uncachedInput": 16480, "cacheRead": 0, "cacheWrite": 0, "output": 2320, "reasoning": 0 }, "modelCalls": 43, "cost": { "USD": 0.00258 },
        "tiers": { "SLM_A": 33, "SLM_B": 3, "none": 4 }, "workflows": { "faq_handling": { "runs": 40, "answered": 36 } }
        """;

    public static void Map(RouteGroupBuilder v1) => v1.MapGroup("/kpis").WithTags("KPIs").MapGet("", GetAsync)
        .Describe("getKpis", "Get KPIs", "Runs that ended in a range: how they ended, how long they took (percentiles off by at most 1 %), tokens, cost, tiers. The ends of the range are widened to full hours or days, UTC. Forks are not counted.")
        .ForTenants(Scopes.KpisRead)
        .Query("from", "string", "The beginning of the range. Default: 30 days, by hour 24 hours, before its end.", "2026-01-01T00:00:00Z", "date-time")
        .Query("to", "string", "Its end, exclusive. Default: now.", "2026-02-01T00:00:00Z", "date-time")
        .Query("granularity", "string", "hour or day. Default: day.", "day", choices: ["hour", "day"])
        .Fresh()
        .Example(response: $$"""
            {
              "total": { "from": "2026-01-01T00:00:00+00:00", "to": "2026-02-01T00:00:00+00:00", {{Numbers}} },
              "series": [ { "from": "2026-01-31T00:00:00+00:00", "to": "2026-02-01T00:00:00+00:00", {{Numbers}} } ]
            }
            """);

    private static async Task<Ok<KpiReport>> GetAsync(Caller caller, Freshness freshness, KpiQueries kpis, TimeProvider time, HttpContext context, CancellationToken cancellationToken)
    {
        var query = new QueryReader(context);
        var granularity = query.Choice<KpiGranularity>("granularity") ?? KpiGranularity.Day;
        var to = query.Time("to") ?? time.GetUtcNow();
        var from = query.Time("from");
        if (to < KpiQueries.Earliest || to > KpiQueries.Latest)
        {
            query.Fault("to", $"is not between {KpiQueries.Earliest:yyyy-MM-dd} and {KpiQueries.Latest:yyyy-MM-dd}");
        }
        else
        {
            from ??= to.AddDays(granularity == KpiGranularity.Day ? -30 : -1);
        }

        if (from >= to)
        {
            query.Fault("from", "is not before 'to'");
        }

        query.Done();
        return Answer.One("report", "", await kpis.GetAsync(caller.Tenant, from!.Value, to, granularity, freshness.Wanted, cancellationToken), freshness);
    }
}
