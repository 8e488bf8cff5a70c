using System.Text.Json.Serialization;
using AIaaS.Api.Audit;
using AIaaS.Api.Http;
using AIaaS.Api.OpenApi;
using AIaaS.Commands.Budgets;
using AIaaS.Domain;
using AIaaS.Domain.Budgets;
using AIaaS.EventStore;
using AIaaS.Projections;
using AIaaS.Projections.Budgets;
using AIaaS.Queries.Budgets;
using Microsoft.AspNetCore.Http.HttpResults;

namespace AIaaS.Api.Budgets;

/// <summary>A budget.</summary>
/// <param name="Interval">How long a period is: Day, Week (ISO, from Monday), Month or Year.</param>
/// <param name="Limit">The most of a period, in USD.</param>
/// <param name="Scope">Whose spending it limits. Cannot be changed later, nor can 'of', 'interval' and 'timeZone'.</param>
/// <param name="Of">The API key's id, the workflow's name or the customer's id; null for the whole tenant.</param>
/// <param name="TimeZone">IANA name of the time zone whose midnight begins a period.</param>
/// <param name="Hard">Whether a call that could exceed it is refused; false: it only alerts.</param>
/// <param name="Alerts">Percentages of the limit at which to alert, rising; null for 50, 80 and 100.</param>
/// <param name="Name">For people; null for the id.</param>
/// <param name="AcceptOverrun">Whether a limit below what is spent and reserved in this period is meant.</param>
/// <param name="Tenant">May name the caller's own tenant; better left out.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record BudgetBody(
    BudgetInterval Interval,
    Money Limit,
    BudgetScope Scope = BudgetScope.Tenant,
    string? Of = null,
    string TimeZone = "UTC",
    bool Hard = true,
    IReadOnlyList<int>? Alerts = null,
    string? Name = null,
    bool AcceptOverrun = false,
    string? Tenant = null) : INamesTenant;

/// <summary>A budget after a change.</summary>
/// <param name="Budget">The budget's id.</param>
/// <param name="Version">How often it was defined.</param>
/// <param name="Changed">False when it said just that already.</param>
/// <param name="Period">The current period.</param>
/// <param name="Settled">What is spent in it.</param>
/// <param name="Reserved">What is set aside for calls that are under way.</param>
/// <param name="Available">What is neither.</param>
internal sealed record BudgetView(string Budget, int Version, bool Changed, string Period, Money Settled, Money Reserved, Money Available);

/// <summary>Limits on what is spent.</summary>
internal static class BudgetEndpoints
{
    private const string Status = """
        {
          "budget": "support-daily", "version": 1, "name": "Support, daily", "scope": "Workflow", "of": "faq_handling", "interval": "Day", "timeZone": "Europe/Berlin", "hard": true,
          "limit": { "amount": 10, "currency": "USD" }, "alerts": [ 50, 80, 100 ], "period": "2026-01-31", "from": "2026-01-30T23:00:00+00:00", "to": "2026-01-31T23:00:00+00:00",
          "settled": { "amount": 5.1, "currency": "USD" }, "reserved": { "amount": 0.02, "currency": "USD" }, "available": { "amount": 4.88, "currency": "USD" },
          "open": 1, "calls": 312, "reached": [ 50 ], "exhausted": false
        }
        """;

    private const string Alert = """
        { "alert": "support-daily.2026-01-31.624", "budget": "support-daily", "period": "2026-01-31", "tenant": "acme", "kind": "threshold", "percent": 50, "amount": { "amount": 5.01, "currency": "USD" }, "limit": { "amount": 10, "currency": "USD" }, "at": "2026-01-31T09:30:00+00:00" }
        """;

    private const string Event = """
        {
          "position": "1042", "version": 3, "id": "019c1d2e-3f4a-7b8c-9d0e-1f2a3b4c5d6e", "type": "budget.settled", "recordedAt": "2026-01-31T09:30:00+00:00",
          "data": { "reservation": "019c1d2e3f4a7b8c9d0e1f2a3b4c5d6e", "amount": { "amount": 0.0002, "currency": "USD" }, "released": { "amount": 0.0007, "currency": "USD" }, "at": "2026-01-31T09:30:00+00:00" }, "dataBase64": null,
          "dataSha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "metadata": { "tenant": "acme", "actor": "budgets", "schema": 1 }
        }
        """;

    public static void Map(RouteGroupBuilder v1)
    {
        var budgets = v1.MapGroup("/budgets").WithTags("Budgets");
        budgets.MapGet("", ListAsync)
            .Describe("listBudgets", "List budgets", "Each with what is spent, reserved and available in its current period.")
            .ForTenants(Scopes.BudgetsRead)
            .Query("sort", "string", "budget or changedAt, with '-' before it for the largest first. Default: budget.", "budget")
            .Paged().Fresh()
            .Example(response: $$"""{ "items": [ {{Status}} ], "nextCursor": null }""");
        budgets.MapGet("/{budget}", GetAsync)
            .Describe("getBudget", "Get a budget", "With what is spent, reserved and available in its current period.")
            .ForTenants(Scopes.BudgetsRead).Fresh()
            .Example(response: Status);
        budgets.MapPut("/{budget}", PutAsync)
            .Describe("putBudget", "Define or change a budget", "The worst case of each model call and paid tool call is reserved before it leaves, and what it cost is settled after it. A hard budget is never exceeded: calls become smaller and cheaper, then runs end with the reason budget-exhausted. A change holds at once, also in the current period.")
            .ForTenants(Scopes.BudgetsWrite).Problem(409, 422)
            .Example("""{ "interval": "Day", "limit": { "amount": 10, "currency": "USD" }, "scope": "Workflow", "of": "faq_handling", "timeZone": "Europe/Berlin", "hard": true, "alerts": [ 50, 80, 100 ], "name": "Support, daily" }""", """{ "budget": "support-daily", "version": 1, "changed": true, "period": "2026-01-31", "settled": { "amount": 0, "currency": "USD" }, "reserved": { "amount": 0, "currency": "USD" }, "available": { "amount": 10, "currency": "USD" } }""");
        budgets.MapDelete("/{budget}", DeleteAsync)
            .Describe("deleteBudget", "Remove a budget", "It limits nothing any more. What was reserved under it is still settled; defined again, its period goes on from what was spent.")
            .ForTenants(Scopes.BudgetsWrite).Problem(404);
        budgets.MapGet("/{budget}/history", HistoryAsync)
            .Describe("getBudgetHistory", "Read a period of a budget", "Everything that became of its money, as recorded: grants, reservations, settlements, releases, thresholds. Without a period the current one.")
            .ForTenants(Scopes.BudgetsRead)
            .Query("period", "string", "The period: 2026-01-31, 2026-W05, 2026-01 or 2026; or definitions, for those of the budget itself.", "2026-01-31")
            .Query("from", "integer", "The version to begin at. Default: 0.", "0")
            .Query("limit", "integer", "The most events of the page, 1 to 500. Default: 100.", "100")
            .Problem(404)
            .Example(response: $$"""{ "stream": "budgetPeriod-acme_support-daily.2026-01-31", "events": [ {{Event}} ], "next": null }""");
        v1.MapGroup("/budget-alerts").WithTags("Budgets").MapGet("", AlertsAsync)
            .Describe("listBudgetAlerts", "List alerts of budgets", "The newest first: thresholds that were reached, once each, and that a hard budget refused a call.")
            .ForTenants(Scopes.BudgetsRead)
            .Query("budget", "string", "Only those of one budget.", "support-daily")
            .Query("sort", "string", "at, with '-' before it for the newest first. Default: -at.", "-at")
            .Paged().Fresh()
            .Example(response: $$"""{ "items": [ {{Alert}} ], "nextCursor": null }""");
    }

    private static async Task<Ok<Page<BudgetStatus>>> ListAsync(Caller caller, Freshness freshness, BudgetQueries budgets, HttpContext context, CancellationToken cancellationToken)
    {
        var query = new QueryReader(context);
        var page = query.Page();
        query.Done();
        return Http.Answer.List(await budgets.ListAsync(caller.Tenant, page, freshness.Wanted, cancellationToken), freshness);
    }

    private static async Task<Ok<BudgetStatus>> GetAsync(string budget, Caller caller, Freshness freshness, BudgetQueries budgets, CancellationToken cancellationToken) =>
        Http.Answer.One("budget", budget, await budgets.GetAsync(caller.Tenant, Ids.Require("budget", budget), freshness.Wanted, cancellationToken), freshness);

    private static async Task<Ok<BudgetView>> PutAsync(string budget, JsonBody<BudgetBody> body, Caller caller, BudgetService budgets, HttpContext context)
    {
        var b = body.Value;
        var terms = new BudgetTerms(b.Name ?? budget, b.Scope, b.Of, b.Interval, b.TimeZone, b.Hard, b.Limit, [.. b.Alerts ?? [50, 80, 100]]);
        var changed = await budgets.DefineAsync(caller.Tenant, budget, terms, b.AcceptOverrun, new(caller.Tenant, caller.Actor, null, Correlation.Of(context)), CancellationToken.None);
        Freshness.Answer(context, changed.Position);
        var period = changed.Period;
        return TypedResults.Ok(new BudgetView(budget, changed.Budget.Version, changed.Changed, period.Granted?.Period ?? "", period.Settled, period.Reserved, period.Available));
    }

    private static async Task<NoContent> DeleteAsync(string budget, Caller caller, BudgetService budgets, HttpContext context)
    {
        var result = await budgets.RemoveAsync(caller.Tenant, Ids.Require("budget", budget), new(caller.Tenant, caller.Actor, null, Correlation.Of(context)), CancellationToken.None);
        Freshness.Answer(context, result.Position);
        return TypedResults.NoContent();
    }

    private static async Task<Ok<StreamPage>> HistoryAsync(string budget, Caller caller, BudgetLedger ledger, IEventStore log, TimeProvider time, HttpContext context, CancellationToken cancellationToken)
    {
        var query = new QueryReader(context);
        var period = query.Text("period");
        var from = query.Long("from", 0);
        var limit = query.Number("limit", 100, 1, 500);
        query.Done();
        await ledger.Catalog.Ready.WaitAsync(cancellationToken);
        if (!Budget.IsId(budget) || ledger.Catalog.Find(caller.Tenant, budget) is not { State.Terms: { } terms })
        {
            throw Problems.NotFound("budget", Ids.Require("budget", budget));
        }

        period ??= BudgetCalendar.Of(terms.Interval, terms.TimeZone, time.GetUtcNow()).Name;
        var stream = period == "definitions" ? Budget.Stream(caller.Tenant, budget) : BudgetPeriod.Stream(caller.Tenant, budget, Ids.Require("period", period, 20));
        List<StreamEvent> events = [];
        long? next = null;
        await foreach (var recorded in log.ReadStreamOrEmptyAsync(stream, ReadDirection.Forwards, from, limit + 1, cancellationToken))
        {
            if (events.Count == limit)
            {
                next = recorded.Version;
                break;
            }

            events.Add(StreamEndpoints.View(recorded, raw: false));
        }

        return TypedResults.Ok(new StreamPage(stream, events, next));
    }

    private static async Task<Ok<Page<BudgetAlertDocument>>> AlertsAsync(Caller caller, Freshness freshness, BudgetQueries budgets, HttpContext context, CancellationToken cancellationToken)
    {
        var query = new QueryReader(context);
        var budget = query.Text("budget");
        var page = query.Page();
        query.Done();
        return Http.Answer.List(await budgets.AlertsAsync(caller.Tenant, budget, page, freshness.Wanted, cancellationToken), freshness);
    }
}
