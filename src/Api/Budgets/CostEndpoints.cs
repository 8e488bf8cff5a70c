using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json.Serialization;
using AIaaS.Api.Http;
using AIaaS.Api.OpenApi;
using AIaaS.Commands.Budgets;
using AIaaS.Domain.Budgets;
using AIaaS.Projections;
using AIaaS.Projections.Budgets;
using AIaaS.Queries.Budgets;
using Microsoft.AspNetCore.Http.HttpResults;

namespace AIaaS.Api.Budgets;

/// <summary>Which day is to be reported on.</summary>
/// <param name="Date">The day (UTC), 2026-01-30; null for yesterday.</param>
/// <param name="Tenant">May name the caller's own tenant; better left out.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record CostReportBody(string? Date = null, string? Tenant = null) : INamesTenant;

/// <summary>A report that is made.</summary>
/// <param name="Date">The day (UTC).</param>
/// <param name="Made">False when it was made before: it stays as it is.</param>
/// <param name="Alarms">How many costs have gone up.</param>
internal sealed record CostReportView(string Date, bool Made, int Alarms);

/// <summary>Whether runs are made cheaper.</summary>
/// <param name="On">Whether any budget runs low.</param>
/// <param name="Budgets">The budgets that run low, with the figures they had then; each for the runs that it limits.</param>
internal sealed record SafeModeView(bool On, ImmutableArray<SafeModeEntered> Budgets);

/// <summary>What things cost, and whether that is as usual.</summary>
internal static class CostEndpoints
{
    private const string Date = "yyyy-MM-dd";

    private const string Report = """
        {
          "tenant": "acme", "date": "2026-01-30", "alarms": 1,
          "report": {
            "date": "2026-01-30", "total": 12.5, "usual": 9.4, "historyDays": 28, "alpha": 0.01, "tested": 3, "notTested": [ "day *: 28 days before; 199 are needed" ],
            "findings": [ { "kind": "workflow", "value": "faq_handling", "before": 0.0031, "now": 0.0042, "effect": 0.3548, "excess": 0.99, "countBefore": 24100, "countNow": 900, "test": "rank-sum", "pValue": 0.0000002, "threshold": 0.0033, "text": "A run of the workflow 'faq_handling' cost 0.0042 USD, 0.0031 USD before (+35 %); that made the day 0.99 USD dearer." } ],
            "drivers": [ { "kind": "workflow", "value": "faq_handling", "cost": 3.78, "share": 0.302, "count": 900 } ],
            "recommendations": [ { "code": "no-cache-reads", "subject": "faq_handling", "saving": null, "text": "In 29 days 2100000 input tokens of the workflow 'faq_handling' came from no cache, and none from one.", "figures": { "cacheRead": 0, "uncachedInput": 2100000 } } ],
            "at": "2026-01-31T00:10:04+00:00"
          }
        }
        """;

    public static void Map(RouteGroupBuilder v1)
    {
        v1.MapGroup("/costs").WithTags("Costs").MapGet("", GetAsync)
            .Describe("getCosts", "Get costs", "What whole days (UTC) cost: by day (all calls, also of tools), by run (runs day by day), by workflow (its runs) or by model (its calls). Totals are exact; percentiles are of amounts cut to three, two or one significant digits where a day has more than 1,000 different ones. Forks are not counted.")
            .ForTenants(Scopes.KpisRead)
            .Query("by", "string", "By what. Default: day.", "workflow", choices: ["day", "run", "workflow", "model"])
            .Query("from", "string", "The first day. Default: 30 days before the end.", "2026-01-01", "date-time")
            .Query("to", "string", "The day after the last one. Default: tomorrow.", "2026-02-01", "date-time")
            .Query("format", "string", "json or csv; csv also by 'Accept: text/csv'. Default: json.", "json", choices: ["json", "csv"])
            .Fresh()
            .Produces<CostTable>(200, "application/json", "text/csv")
            .Example(response: """{ "by": "Workflow", "from": "2026-01-01T00:00:00+00:00", "to": "2026-02-01T00:00:00+00:00", "rows": [ { "value": "faq_handling", "count": 24100, "total": 74.71, "mean": 0.0031, "p50": 0.0029, "p95": 0.0061, "most": 0.019 } ] }""");
        var reports = v1.MapGroup("/cost-reports").WithTags("Costs");
        reports.MapGet("", ListAsync)
            .Describe("listCostReports", "List cost reports", "One for each day with costs, made some minutes after midnight (UTC): costs that have gone up, what the money went into, and what to do.")
            .ForTenants(Scopes.KpisRead)
            .Query("sort", "string", "date or alarms, with '-' before it for the newest or most first. Default: -date.", "-date")
            .Paged().Fresh()
            .Example(response: $$"""{ "items": [ {{Report}} ], "nextCursor": null }""");
        reports.MapGet("/{date}", ReportAsync)
            .Describe("getCostReport", "Get a day's cost report", "A cost stands among the findings when it is higher than in the 28 days before by a test whose chance of any false alarm in the report is at most 'alpha', and by at least 10 % and one cent.")
            .ForTenants(Scopes.KpisRead).Fresh()
            .Example(response: Report);
        reports.MapPost("", MakeAsync)
            .Describe("makeCostReport", "Make a day's cost report", "For a day (UTC) that has been over for ten minutes; the last of them when none is named. A report is made once: one that was made before stays as it is.")
            .ForTenants(Scopes.BudgetsWrite).Problem(422, 503)
            .Idempotent()
            .Example("""{ "date": "2026-01-30" }""", """{ "date": "2026-01-30", "made": true, "alarms": 1 }""");
        v1.MapGroup("/safe-mode").WithTags("Costs").MapGet("", SafeMode)
            .Describe("getSafeMode", "Get the safe mode", "Which budgets run low by the plan's percentage. Runs that begin under them take cheaper tiers, half the passages and no critic, until the period turns or the limit is raised.")
            .ForTenants(Scopes.BudgetsRead)
            .Example(response: """{ "on": true, "budgets": [ { "budget": "support-daily", "period": "2026-01-31", "scope": "Workflow", "of": "faq_handling", "settled": { "amount": 9.1, "currency": "USD" }, "limit": { "amount": 10, "currency": "USD" }, "percent": 90, "plan": "pro", "planVersion": 2, "until": "2026-01-31T23:00:00+00:00", "at": "2026-01-31T20:05:00+00:00" } ] }""");
    }

    private static async Task<IResult> GetAsync(Caller caller, Freshness freshness, CostQueries costs, TimeProvider time, HttpContext context, CancellationToken cancellationToken)
    {
        var query = new QueryReader(context);
        var by = query.Choice<CostGrouping>("by") ?? CostGrouping.Day;
        var to = CostDay.DayOf(query.Time("to") ?? time.GetUtcNow().AddDays(1));
        var from = query.Time("from") is { } given ? CostDay.DayOf(given) : to.Year > 1 ? to.AddDays(-30) : to;
        var format = query.Text("format");
        if (format is not (null or "json" or "csv"))
        {
            query.Fault("format", "is not one of json, csv");
        }

        if (from >= to || to - from > TimeSpan.FromDays(CostQueries.MaxDays))
        {
            query.Fault("from", $"must be 1 to {CostQueries.MaxDays} days before 'to'");
        }

        query.Done();
        var table = Http.Answer.One("costs", "", await costs.GetAsync(caller.Tenant, by, from, to, freshness.Wanted, cancellationToken), freshness);
        var isCsv = format is null ? context.Request.Headers.Accept.ToString().StartsWith("text/csv", StringComparison.OrdinalIgnoreCase) : format == "csv";
        return isCsv ? TypedResults.Text(Table(table.Value!), "text/csv; charset=utf-8", Encoding.UTF8) : table;
    }

    private static async Task<Ok<Page<CostReportDocument>>> ListAsync(Caller caller, Freshness freshness, CostQueries costs, HttpContext context, CancellationToken cancellationToken)
    {
        var query = new QueryReader(context);
        var page = query.Page();
        query.Done();
        return Http.Answer.List(await costs.ReportsAsync(caller.Tenant, page, freshness.Wanted, cancellationToken), freshness);
    }

    private static async Task<Ok<CostReportDocument>> ReportAsync(string date, Caller caller, Freshness freshness, CostQueries costs, CancellationToken cancellationToken) =>
        Http.Answer.One("cost-report", date, await costs.ReportAsync(caller.Tenant, Ids.Require("date", date), freshness.Wanted, cancellationToken), freshness);

    private static async Task<Ok<CostReportView>> MakeAsync(JsonBody<CostReportBody> body, Caller caller, CostReporter reporter, TimeProvider time, HttpContext context)
    {
        var day = CostDay.DayOf((time.GetUtcNow() - CostReportJob.After).AddDays(-1));
        if (body.Value.Date is { } text && !DateTimeOffset.TryParseExact(text, Date, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out day))
        {
            throw new ProblemException(400, "invalid-parameter", "'date' is no day.", "Give a day such as 2026-01-30, or leave it out for yesterday.");
        }

        var result = await reporter.MakeAsync(caller.Tenant, day, new(caller.Tenant, caller.Actor, null, Correlation.Of(context)), CancellationToken.None);
        Freshness.Answer(context, result.Position);
        return TypedResults.Ok(new CostReportView(day.UtcDateTime.ToString(Date, CultureInfo.InvariantCulture), !result.Events.IsEmpty, result.State.Made!.Findings.Length));
    }

    private static Ok<SafeModeView> SafeMode(Caller caller, SafeModeRegistry registry, TimeProvider time)
    {
        var now = time.GetUtcNow();
        ImmutableArray<SafeModeEntered> low = [.. registry.Of(caller.Tenant).Active.Values.Where(b => now < b.Until)];
        return TypedResults.Ok(new SafeModeView(!low.IsEmpty, low));
    }

    private static string Table(CostTable table)
    {
        var text = new StringBuilder("value,count,total,mean,p50,p95,most\r\n");
        foreach (var row in table.Rows)
        {
            Csv.Row(text, row.Value, Csv.Plain(row.Count), Csv.Plain(row.Total), Csv.Plain(row.Mean), Csv.Plain(row.P50), Csv.Plain(row.P95), Csv.Plain(row.Most));
        }

        return text.ToString();
    }
}
