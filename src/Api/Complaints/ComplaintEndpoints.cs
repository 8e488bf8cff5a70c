using System.Collections.Immutable;
using System.Text.Json.Serialization;
using AIaaS.Api.Http;
using AIaaS.Api.OpenApi;
using AIaaS.Commands.Complaints;
using AIaaS.Domain;
using AIaaS.Domain.Complaints;
using AIaaS.EventStore;
using AIaaS.Projections;
using AIaaS.Projections.Complaints;
using AIaaS.Queries.Complaints;
using Microsoft.AspNetCore.Http.HttpResults;

namespace AIaaS.Api.Complaints;

/// <summary>A complaint.</summary>
/// <param name="Category">What it is about.</param>
/// <param name="Text">What the customer says: 1 to 4,000 characters.</param>
/// <param name="Customer">The customer's id in your systems; null where unknown.</param>
/// <param name="Order">The order; null for none.</param>
/// <param name="Conversation">The conversation that it comes from; null for none.</param>
/// <param name="AtStake">The money that it is about; null for none.</param>
/// <param name="Tenant">May name the caller's own tenant; better left out.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record ComplaintBody(ComplaintCategory Category, string Text, string? Customer = null, string? Order = null, string? Conversation = null, Money? AtStake = null, string? Tenant = null) : INamesTenant;

/// <summary>Why a complaint is passed up.</summary>
/// <param name="Reason">1 to 500 characters.</param>
/// <param name="Tenant">May name the caller's own tenant; better left out.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record EscalationBody(string Reason, string? Tenant = null) : INamesTenant;

/// <summary>How a complaint was settled.</summary>
/// <param name="Resolution">1 to 4,000 characters.</param>
/// <param name="Tenant">May name the caller's own tenant; better left out.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record ComplaintResolutionBody(string Resolution, string? Tenant = null) : INamesTenant;

/// <summary>How long the business takes for a complaint, in hours: 0.001 to 2,000.</summary>
/// <param name="Critical">For critical ones.</param>
/// <param name="High">For high ones; not less than for critical ones.</param>
/// <param name="Medium">For medium ones; not less than for high ones.</param>
/// <param name="Low">For low ones; not less than for medium ones.</param>
/// <param name="Tenant">May name the caller's own tenant; better left out.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record DeadlinesBody(double Critical, double High, double Medium, double Low, string? Tenant = null) : INamesTenant;

/// <summary>How long the business takes for a complaint, in hours.</summary>
/// <param name="Critical">For critical ones.</param>
/// <param name="High">For high ones.</param>
/// <param name="Medium">For medium ones.</param>
/// <param name="Low">For low ones.</param>
internal sealed record DeadlinesView(double Critical, double High, double Medium, double Low)
{
    public static DeadlinesView Of(ComplaintDeadlines deadlines) => new(
        deadlines.Hours[ComplaintSeverity.Critical],
        deadlines.Hours[ComplaintSeverity.High],
        deadlines.Hours[ComplaintSeverity.Medium],
        deadlines.Hours[ComplaintSeverity.Low]);
}

/// <summary>A complaint after a command.</summary>
/// <param name="Complaint">The complaint's id.</param>
/// <param name="Status">How it stands.</param>
/// <param name="Severity">How bad it is.</param>
/// <param name="Reasons">Why it is that bad.</param>
/// <param name="Level">How far up it has gone, 0 to 3.</param>
/// <param name="Deadline">Until when it is to be resolved; null when there is no further deadline.</param>
internal sealed record ComplaintView(string Complaint, ComplaintStatus Status, ComplaintSeverity Severity, ImmutableArray<string> Reasons, int Level, DateTimeOffset? Deadline);

/// <summary>Complaints.</summary>
internal static class ComplaintEndpoints
{
    private const string ViewExample = """{ "complaint": "019c1d2e3f4a7b8c9d0e1f2a3b4c5d6e", "status": "Open", "severity": "High", "reasons": [ "Delivery is Medium.", "620 USD at stake: one step up." ], "level": 0, "deadline": "2026-02-01T09:30:00+00:00" }""";

    private const string DocumentExample = """
        {
          "complaint": "019c1d2e3f4a7b8c9d0e1f2a3b4c5d6e", "tenant": "acme", "status": "Open", "category": "Delivery", "severity": "High", "reasons": [ "Delivery is Medium.", "620 USD at stake: one step up." ],
          "text": "My tent came torn.", "customer": "c-4711", "order": "W1001", "conversation": "c1", "atStake": { "amount": 620, "currency": "USD" }, "level": 0, "deadline": "2026-02-01T09:30:00+00:00",
          "resolution": null, "late": null, "openedAt": "2026-01-31T09:30:00+00:00", "updatedAt": "2026-01-31T09:30:00+00:00"
        }
        """;

    private const string DeadlinesExample = """{ "critical": 4, "high": 24, "medium": 72, "low": 120 }""";

    public static void Map(RouteGroupBuilder v1)
    {
        var complaints = v1.MapGroup("/complaints").WithTags("Complaints");
        complaints.MapGet("", ListAsync)
            .Describe("listComplaints", "List complaints", "The newest first.")
            .ForTenants(Scopes.ComplaintsRead)
            .Query("status", "string", "Only those that stand so.", "Open", choices: Enum.GetNames<ComplaintStatus>())
            .Query("severity", "string", "Only those that are that bad.", "High", choices: Enum.GetNames<ComplaintSeverity>())
            .Query("category", "string", "Only those about this.", "Delivery", choices: Enum.GetNames<ComplaintCategory>())
            .Query("customer", "string", "Only those of one customer.", "c-4711")
            .Query("due-before", "string", "Only those with a deadline before this time.", "2026-02-01T00:00:00Z", "date-time")
            .Query("sort", "string", "openedAt, updatedAt or deadline, with '-' before it for the largest first. Default: -openedAt.", "deadline")
            .Paged().Fresh()
            .Example(response: $$"""{ "items": [ {{DocumentExample}} ], "nextCursor": null }""");
        complaints.MapGet("/{complaint}", GetAsync)
            .Describe("getComplaint", "Get a complaint", "With its severity, the reasons for it, and its deadline.")
            .ForTenants(Scopes.ComplaintsRead).Fresh()
            .Example(response: DocumentExample);
        complaints.MapPost("", OpenAsync)
            .Describe("openComplaint", "Open a complaint", "Its severity follows from category, money at stake (500 or more: one step up) and earlier complaints (two or more: one step up); its deadline from the severity.")
            .ForTenants(Scopes.ComplaintsWrite).Idempotent()
            .Example("""{ "category": "Delivery", "text": "My tent came torn.", "customer": "c-4711", "order": "W1001", "atStake": { "amount": 620, "currency": "USD" } }""", ViewExample);
        complaints.MapPost("/{complaint}/escalate", EscalateAsync)
            .Describe("escalateComplaint", "Escalate a complaint", "Passes it up one level, which gets half the time for its severity. A deadline that passes does the same by itself.")
            .ForTenants(Scopes.ComplaintsWrite).Idempotent()
            .Example("""{ "reason": "The customer threatens to leave." }""", ViewExample);
        complaints.MapPost("/{complaint}/resolve", ResolveAsync)
            .Describe("resolveComplaint", "Resolve a complaint", "Settles it, with what was done about it.")
            .ForTenants(Scopes.ComplaintsWrite).Idempotent()
            .Example("""{ "resolution": "A new tent is on its way." }""", ViewExample);
        var settings = v1.MapGroup("/complaint-deadlines").WithTags("Complaints");
        settings.MapGet("", GetDeadlinesAsync)
            .Describe("getComplaintDeadlines", "Get the deadlines", "How long the business takes for a complaint, by severity.")
            .ForTenants(Scopes.ComplaintsRead)
            .Example(response: DeadlinesExample);
        settings.MapPut("", SetDeadlinesAsync)
            .Describe("setComplaintDeadlines", "Set the deadlines", "Holds for complaints that are opened or escalated from now on.")
            .ForTenants(Scopes.ComplaintsWrite)
            .Example(DeadlinesExample, DeadlinesExample);
    }

    private static async Task<Ok<Page<ComplaintDocument>>> ListAsync(Caller caller, Freshness freshness, ComplaintQueries complaints, HttpContext context, CancellationToken cancellationToken)
    {
        var query = new QueryReader(context);
        var filter = new ComplaintFilter
        {
            Status = query.Choice<ComplaintStatus>("status"),
            Severity = query.Choice<ComplaintSeverity>("severity"),
            Category = query.Choice<ComplaintCategory>("category"),
            Customer = query.Text("customer"),
            DueBefore = query.Time("due-before"),
        };
        var page = query.Page();
        query.Done();
        return Http.Answer.List(await complaints.ListAsync(caller.Tenant, filter, page, freshness.Wanted, cancellationToken), freshness);
    }

    private static async Task<Ok<ComplaintDocument>> GetAsync(string complaint, Caller caller, Freshness freshness, ComplaintQueries complaints, CancellationToken cancellationToken) =>
        Http.Answer.One("complaint", complaint, await complaints.GetAsync(caller.Tenant, Ids.Require("complaint", complaint), freshness.Wanted, cancellationToken), freshness);

    private static async Task<Ok<ComplaintView>> OpenAsync(JsonBody<ComplaintBody> body, Caller caller, ComplaintService complaints, HttpContext context)
    {
        var b = body.Value;
        var id = ComplaintService.ComplaintId(caller.Tenant, IdempotencyKey.Require(context));
        return View(id, await complaints.OpenAsync(id, new(b.Category, b.Text, b.Customer, b.Order, b.Conversation, b.AtStake), For(caller, context), CancellationToken.None), context);
    }

    private static async Task<Ok<ComplaintView>> EscalateAsync(string complaint, JsonBody<EscalationBody> body, Caller caller, ComplaintService complaints, HttpContext context) =>
        View(complaint, await complaints.EscalateAsync(Ids.Require("complaint", complaint), body.Value.Reason, null, For(caller, context), CancellationToken.None), context);

    private static async Task<Ok<ComplaintView>> ResolveAsync(string complaint, JsonBody<ComplaintResolutionBody> body, Caller caller, ComplaintService complaints, TimeProvider time, HttpContext context) =>
        View(complaint, await complaints.HandleAsync(new ResolveComplaint(caller.Tenant, Ids.Require("complaint", complaint), body.Value.Resolution, time.GetUtcNow()), For(caller, context), CancellationToken.None), context);

    private static async Task<Ok<DeadlinesView>> GetDeadlinesAsync(Caller caller, ComplaintDeadlineService deadlines, CancellationToken cancellationToken) =>
        TypedResults.Ok(DeadlinesView.Of(await deadlines.GetAsync(caller.Tenant, cancellationToken)));

    private static async Task<Ok<DeadlinesView>> SetDeadlinesAsync(JsonBody<DeadlinesBody> body, Caller caller, ComplaintDeadlineService deadlines, TimeProvider time, HttpContext context)
    {
        var b = body.Value;
        var hours = ImmutableSortedDictionary<ComplaintSeverity, double>.Empty.Add(ComplaintSeverity.Critical, b.Critical).Add(ComplaintSeverity.High, b.High).Add(ComplaintSeverity.Medium, b.Medium).Add(ComplaintSeverity.Low, b.Low);
        var result = await deadlines.HandleAsync(new SetComplaintDeadlines(caller.Tenant, hours, time.GetUtcNow()), new CommandContext(caller.Tenant, caller.Actor, null, Correlation.Of(context)), CancellationToken.None);
        Freshness.Answer(context, result.Position);
        return TypedResults.Ok(DeadlinesView.Of(result.State));
    }

    private static CommandContext For(Caller caller, HttpContext context) => new(caller.Tenant, caller.Actor, IdempotencyKey.Require(context), Correlation.Of(context));

    private static Ok<ComplaintView> View(string id, CommandResult<Complaint> result, HttpContext context)
    {
        Freshness.Answer(context, result.Position);
        var complaint = result.State;
        return TypedResults.Ok(new ComplaintView(id, complaint.Status, complaint.Opened!.Severity, complaint.Opened.Reasons, complaint.Level, complaint.Deadline));
    }
}
