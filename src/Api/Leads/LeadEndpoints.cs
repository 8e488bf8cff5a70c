using System.Text.Json.Serialization;
using AIaaS.Api.Http;
using AIaaS.Api.OpenApi;
using AIaaS.Commands.Leads;
using AIaaS.Domain;
using AIaaS.Domain.Leads;
using AIaaS.EventStore;
using AIaaS.Projections;
using AIaaS.Projections.Leads;
using AIaaS.Queries.Leads;
using Microsoft.AspNetCore.Http.HttpResults;

namespace AIaaS.Api.Leads;

/// <summary>A lead.</summary>
/// <param name="Contact">How it can be reached and where it comes from.</param>
/// <param name="Facts">What is known for the qualification; null for nothing.</param>
/// <param name="Tenant">May name the caller's own tenant; better left out.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record LeadBody(LeadContactBody Contact, LeadQualificationBody? Facts = null, string? Tenant = null) : INamesTenant;

/// <summary>How a lead can be reached and where it comes from.</summary>
/// <param name="Name">The person's name.</param>
/// <param name="Source">Where the lead comes from: chat, web, …</param>
/// <param name="Email">An address; null where unknown.</param>
/// <param name="Phone">A number; null where unknown.</param>
/// <param name="Company">The company; null where unknown.</param>
/// <param name="Interest">What for, in words; null where unknown.</param>
/// <param name="Customer">The customer's id in your systems; null where unknown.</param>
/// <param name="Conversation">The conversation that it comes from; null for none.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record LeadContactBody(string Name, string Source, string? Email = null, string? Phone = null, string? Company = null, string? Interest = null, string? Customer = null, string? Conversation = null)
{
    public LeadContact Contact => new(Name, Email, Phone, Company, Source, Interest, Customer, Conversation);
}

/// <summary>What is known for the qualification.</summary>
/// <param name="Budget">What can be spent; null where unknown.</param>
/// <param name="Authority">Who decides.</param>
/// <param name="Need">How much it is needed.</param>
/// <param name="TimelineDays">Within how many days it is to be bought; null where unknown.</param>
/// <param name="CompanySize">How many people work there; null where unknown.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record LeadQualificationBody(Money? Budget = null, LeadAuthority Authority = LeadAuthority.Unknown, LeadNeed Need = LeadNeed.Unknown, int? TimelineDays = null, int? CompanySize = null)
{
    public LeadFacts Facts => new(Budget, Authority, Need, TimelineDays, CompanySize);
}

/// <summary>What is known of a lead.</summary>
/// <param name="Facts">What is known.</param>
/// <param name="Tenant">May name the caller's own tenant; better left out.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record LeadFactsBody(LeadQualificationBody Facts, string? Tenant = null) : INamesTenant;

/// <summary>How a lead stands.</summary>
/// <param name="Status">Contacted, Qualified, Disqualified or Converted.</param>
/// <param name="Reason">Why; needed to disqualify.</param>
/// <param name="Tenant">May name the caller's own tenant; better left out.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record LeadStatusBody(LeadStatus Status, string? Reason = null, string? Tenant = null) : INamesTenant;

/// <summary>A follow-up.</summary>
/// <param name="Due">When.</param>
/// <param name="Note">What for; null where nobody says.</param>
/// <param name="Tenant">May name the caller's own tenant; better left out.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record FollowUpBody(DateTimeOffset Due, string? Note = null, string? Tenant = null) : INamesTenant;

/// <summary>What came of a follow-up.</summary>
/// <param name="Done">Whether it was done; false: called off.</param>
/// <param name="Note">What came of it; null where nobody says.</param>
/// <param name="Tenant">May name the caller's own tenant; better left out.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record FollowUpClosedBody(bool Done, string? Note = null, string? Tenant = null) : INamesTenant;

/// <summary>A lead after a command.</summary>
/// <param name="Lead">The lead's id.</param>
/// <param name="Status">How it stands.</param>
/// <param name="Score">0 to 100; null until it is scored.</param>
/// <param name="FollowUp">The follow-up that was scheduled or closed; null for the other commands.</param>
internal sealed record LeadView(string Lead, LeadStatus Status, int? Score, string? FollowUp);

/// <summary>People who may become customers.</summary>
internal static class LeadEndpoints
{
    private const string ViewExample = """{ "lead": "019c1d2e3f4a7b8c9d0e1f2a3b4c5d6e", "status": "Qualified", "score": 80, "followUp": null }""";

    private const string Facts = """{ "budget": { "amount": 5000, "currency": "USD" }, "authority": "DecisionMaker", "need": "Clear", "timelineDays": 60, "companySize": 40 }""";

    private const string Contact = """{ "name": "Ada Lovelace", "email": "ada@example.com", "phone": null, "company": "Analytical Engines", "source": "chat", "interest": "Tents for 40 people", "customer": null, "conversation": "c1" }""";

    private const string DocumentExample = $$"""
        {
          "lead": "019c1d2e3f4a7b8c9d0e1f2a3b4c5d6e", "tenant": "acme", "status": "Qualified", "statusReason": "80 of 100 points.", "contact": {{Contact}}, "customer": null, "score": 80,
          "reasons": [ { "factor": "budget", "points": 15, "of": 25, "reason": "A budget of 5000 USD: 1,000 or more." } ], "facts": {{Facts}},
          "followUps": [ { "followUp": "f1", "due": "2026-02-03T09:30:00+00:00", "note": "Ask about the number of tents", "state": "scheduled" } ], "dueFollowUps": 0,
          "capturedAt": "2026-01-31T09:30:00+00:00", "updatedAt": "2026-01-31T09:30:00+00:00"
        }
        """;

    public static void Map(RouteGroupBuilder v1)
    {
        var leads = v1.MapGroup("/leads").WithTags("Leads");
        leads.MapGet("", ListAsync)
            .Describe("listLeads", "List leads", "The newest first.")
            .ForTenants(Scopes.LeadsRead)
            .Query("status", "string", "Only those that stand so.", "Qualified", choices: Enum.GetNames<LeadStatus>())
            .Query("customer", "string", "Only those of one customer.", "c-4711")
            .Query("min-score", "integer", "Only those with this score or more, 0 to 100.", "60")
            .Query("due", "string", "true: only those with a follow-up whose time has come.", "true", choices: ["true", "false"])
            .Query("sort", "string", "capturedAt, updatedAt or score, with '-' before it for the largest first. Default: -capturedAt.", "-score")
            .Paged().Fresh()
            .Example(response: $$"""{ "items": [ {{DocumentExample}} ], "nextCursor": null }""");
        leads.MapGet("/{lead}", GetAsync)
            .Describe("getLead", "Get a lead", "With its score, the reasons for it, and its follow-ups.")
            .ForTenants(Scopes.LeadsRead).Fresh()
            .Example(response: DocumentExample);
        leads.MapPost("", CaptureAsync)
            .Describe("captureLead", "Capture a lead", "Scored from 0 to 100 where facts are given: budget 25, authority 25, need 25, timeline 15, company 10. From 60 up it is qualified; without a need it is disqualified.")
            .ForTenants(Scopes.LeadsWrite).Idempotent()
            .Example($$"""{ "contact": {{Contact}}, "facts": {{Facts}} }""", ViewExample);
        leads.MapPost("/{lead}/qualification", QualifyAsync)
            .Describe("qualifyLead", "Score a lead", "By what is known now; the same facts again change nothing.")
            .ForTenants(Scopes.LeadsWrite).Idempotent()
            .Example($$"""{ "facts": {{Facts}} }""", ViewExample);
        leads.MapPost("/{lead}/status", ChangeAsync)
            .Describe("changeLeadStatus", "Move a lead on", "From New over Contacted to Qualified and Converted; or Disqualified with a reason, which calls its follow-ups off.")
            .ForTenants(Scopes.LeadsWrite).Idempotent()
            .Example("""{ "status": "Contacted" }""", ViewExample);
        leads.MapPost("/{lead}/follow-ups", ScheduleAsync)
            .Describe("scheduleFollowUp", "Schedule a follow-up", "When its time has come, the lead shows up with due=true.")
            .ForTenants(Scopes.LeadsWrite).Idempotent()
            .Example("""{ "due": "2026-02-03T09:30:00Z", "note": "Ask about the number of tents" }""", ViewExample);
        leads.MapPost("/{lead}/follow-ups/{followUp}/close", CloseAsync)
            .Describe("closeFollowUp", "Close a follow-up", "Done, or called off.")
            .ForTenants(Scopes.LeadsWrite).Idempotent()
            .Example("""{ "done": true, "note": "Wants an offer" }""", ViewExample);
    }

    private static async Task<Ok<Page<LeadDocument>>> ListAsync(Caller caller, Freshness freshness, LeadQueries leads, HttpContext context, CancellationToken cancellationToken)
    {
        var query = new QueryReader(context);
        var score = query.Number("min-score", -1, 0, 100);
        var filter = new LeadFilter { Status = query.Choice<LeadStatus>("status"), Customer = query.Text("customer"), MinScore = score < 0 ? null : score, OnlyDue = query.Flag("due") == true };
        var page = query.Page();
        query.Done();
        return Http.Answer.List(await leads.ListAsync(caller.Tenant, filter, page, freshness.Wanted, cancellationToken), freshness);
    }

    private static async Task<Ok<LeadDocument>> GetAsync(string lead, Caller caller, Freshness freshness, LeadQueries leads, CancellationToken cancellationToken) =>
        Http.Answer.One("lead", lead, await leads.GetAsync(caller.Tenant, Ids.Require("lead", lead), freshness.Wanted, cancellationToken), freshness);

    private static async Task<Ok<LeadView>> CaptureAsync(JsonBody<LeadBody> body, Caller caller, LeadService leads, TimeProvider time, HttpContext context)
    {
        var id = LeadService.LeadId(caller.Tenant, IdempotencyKey.Require(context));
        return View(id, null, await leads.HandleAsync(new CaptureLead(caller.Tenant, id, body.Value.Contact.Contact, body.Value.Facts?.Facts, time.GetUtcNow()), For(caller, context), CancellationToken.None), context);
    }

    private static async Task<Ok<LeadView>> QualifyAsync(string lead, JsonBody<LeadFactsBody> body, Caller caller, LeadService leads, TimeProvider time, HttpContext context) =>
        View(lead, null, await leads.HandleAsync(new QualifyLead(caller.Tenant, Ids.Require("lead", lead), body.Value.Facts.Facts, time.GetUtcNow()), For(caller, context), CancellationToken.None), context);

    private static async Task<Ok<LeadView>> ChangeAsync(string lead, JsonBody<LeadStatusBody> body, Caller caller, LeadService leads, TimeProvider time, HttpContext context) =>
        View(lead, null, await leads.HandleAsync(new ChangeLeadStatus(caller.Tenant, Ids.Require("lead", lead), body.Value.Status, body.Value.Reason, time.GetUtcNow()), For(caller, context), CancellationToken.None), context);

    private static async Task<Ok<LeadView>> ScheduleAsync(string lead, JsonBody<FollowUpBody> body, Caller caller, LeadService leads, TimeProvider time, HttpContext context)
    {
        var id = LeadService.FollowUpId(caller.Tenant, IdempotencyKey.Require(context));
        return View(lead, id, await leads.HandleAsync(new ScheduleFollowUp(caller.Tenant, Ids.Require("lead", lead), id, body.Value.Due.ToUniversalTime(), body.Value.Note, time.GetUtcNow()), For(caller, context), CancellationToken.None), context);
    }

    private static async Task<Ok<LeadView>> CloseAsync(string lead, string followUp, JsonBody<FollowUpClosedBody> body, Caller caller, LeadService leads, TimeProvider time, HttpContext context) =>
        View(lead, followUp, await leads.HandleAsync(new CloseFollowUp(caller.Tenant, Ids.Require("lead", lead), Ids.Require("follow-up", followUp), body.Value.Done, body.Value.Note, time.GetUtcNow()), For(caller, context), CancellationToken.None), context);

    private static CommandContext For(Caller caller, HttpContext context) => new(caller.Tenant, caller.Actor, IdempotencyKey.Require(context), Correlation.Of(context));

    private static Ok<LeadView> View(string lead, string? followUp, CommandResult<Lead> result, HttpContext context)
    {
        Freshness.Answer(context, result.Position);
        return TypedResults.Ok(new LeadView(lead, result.State.Status, result.State.Score?.Score, followUp));
    }
}
