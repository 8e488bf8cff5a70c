using System.Text.Json.Serialization;
using AIaaS.Api.Http;
using AIaaS.Api.OpenApi;
using AIaaS.Commands.Handoffs;
using AIaaS.Domain.Handoffs;
using AIaaS.EventStore;
using AIaaS.Projections;
using AIaaS.Projections.Handoffs;
using AIaaS.Queries.Handoffs;
using Microsoft.AspNetCore.Http.HttpResults;

namespace AIaaS.Api.Handoffs;

/// <summary>Who takes a hand-off.</summary>
/// <param name="Person">Who, as your systems name them; null: the API key stands for the person.</param>
/// <param name="Tenant">May name the caller's own tenant; better left out.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record ClaimBody(string? Person = null, string? Tenant = null) : INamesTenant;

/// <summary>What a person writes to the customer.</summary>
/// <param name="Text">1 to 4,000 characters.</param>
/// <param name="Person">Who, as in the claim.</param>
/// <param name="Tenant">May name the caller's own tenant; better left out.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record HandoffAnswerBody(string Text, string? Person = null, string? Tenant = null) : INamesTenant;

/// <summary>How a hand-off ends.</summary>
/// <param name="Person">Who, as in the claim.</param>
/// <param name="Note">For the record; null for none.</param>
/// <param name="Tenant">May name the caller's own tenant; better left out.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record HandoffEndBody(string? Person = null, string? Note = null, string? Tenant = null) : INamesTenant;

/// <summary>A hand-off after a command.</summary>
/// <param name="Handoff">The hand-off's id.</param>
/// <param name="State">How it stands.</param>
/// <param name="Person">Who has it, or had it last.</param>
/// <param name="Message">The message that was written; null for the other commands.</param>
internal sealed record HandoffView(string Handoff, HandoffState State, string? Person, string? Message);

/// <summary>Conversations that persons take over.</summary>
internal static class HandoffEndpoints
{
    private const string ViewExample = """{ "handoff": "019c1d2e3f4a7b8c9d0e1f2a3b4c5d6e", "state": "Claimed", "person": "key:k7", "message": null }""";

    private const string DocumentExample = """
        {
          "handoff": "019c1d2e3f4a7b8c9d0e1f2a3b4c5d6e", "tenant": "acme", "state": "Claimed", "queue": "general", "priority": "Normal", "rank": 1, "reason": "asked-for-person", "summary": "Wants a refund to another card.",
          "conversation": "c1", "run": "r1", "customer": "c-4711", "person": "key:k7", "answers": [ { "message": "m2", "person": "key:k7", "text": "We refund it to your new card.", "at": "2026-01-31T09:40:00+00:00" } ], "messages": [ { "message": "m3", "text": "And by when?", "at": "2026-01-31T09:42:00+00:00" } ], "note": null,
          "requestedAt": "2026-01-31T09:30:00+00:00", "claimedAt": "2026-01-31T09:35:00+00:00", "updatedAt": "2026-01-31T09:42:00+00:00"
        }
        """;

    public static void Map(RouteGroupBuilder v1)
    {
        var handoffs = v1.MapGroup("/handoffs").WithTags("Handoffs");
        handoffs.MapGet("", ListAsync)
            .Describe("listHandoffs", "List hand-offs", "The one that waits longest first.")
            .ForTenants(Scopes.HandoffsRead)
            .Query("state", "string", "Only those that stand so.", "Open", choices: Enum.GetNames<HandoffState>())
            .Query("queue", "string", "Only those of one queue.", "general")
            .Query("person", "string", "Only those that one person has or had last.", "key:k7")
            .Query("conversation", "string", "Only those of one conversation.", "c1")
            .Query("sort", "string", "requestedAt, updatedAt or priority, with '-' before it for the largest first. Default: requestedAt.", "-priority")
            .Paged().Fresh()
            .Example(response: $$"""{ "items": [ {{DocumentExample}} ], "nextCursor": null }""");
        handoffs.MapGet("/{handoff}", GetAsync)
            .Describe("getHandoff", "Get a hand-off", "With what was written to the customer, and what the customer wrote since.")
            .ForTenants(Scopes.HandoffsRead).Fresh()
            .Example(response: DocumentExample);
        handoffs.MapPost("/{handoff}/claim", ClaimAsync)
            .Describe("claimHandoff", "Claim a hand-off", "One person at a time: while somebody has it, others are refused with 409.")
            .ForTenants(Scopes.HandoffsWrite).Idempotent()
            .Example("""{ "person": "agent-12" }""", ViewExample);
        handoffs.MapPost("/{handoff}/answer", AnswerAsync)
            .Describe("answerHandoff", "Write to the customer", "The text goes into the conversation as a staff message. Only who has claimed the hand-off can write.")
            .ForTenants(Scopes.HandoffsWrite).Idempotent()
            .Example("""{ "text": "We refund it to your new card.", "person": "agent-12" }""", ViewExample);
        handoffs.MapPost("/{handoff}/return", ReturnAsync)
            .Describe("returnHandoff", "Return a hand-off to the agent", "The agent has the conversation again: the customer's next message starts a run.")
            .ForTenants(Scopes.HandoffsWrite).Idempotent()
            .Example("""{ "person": "agent-12", "note": "The customer has another question about tents." }""", ViewExample);
        handoffs.MapPost("/{handoff}/close", CloseAsync)
            .Describe("closeHandoff", "Close a hand-off", "Nothing is left to do; the agent has the conversation again. While somebody has it, only they can.")
            .ForTenants(Scopes.HandoffsWrite).Idempotent()
            .Example("""{ "person": "agent-12", "note": "Refunded by hand" }""", ViewExample);
    }

    private static async Task<Ok<Page<HandoffDocument>>> ListAsync(Caller caller, Freshness freshness, HandoffQueries handoffs, HttpContext context, CancellationToken cancellationToken)
    {
        var query = new QueryReader(context);
        var filter = new HandoffFilter { State = query.Choice<HandoffState>("state"), Queue = query.Text("queue"), Person = query.Text("person"), Conversation = query.Text("conversation") };
        var page = query.Page();
        query.Done();
        return Http.Answer.List(await handoffs.ListAsync(caller.Tenant, filter, page, freshness.Wanted, cancellationToken), freshness);
    }

    private static async Task<Ok<HandoffDocument>> GetAsync(string handoff, Caller caller, Freshness freshness, HandoffQueries handoffs, CancellationToken cancellationToken) =>
        Http.Answer.One("hand-off", handoff, await handoffs.GetAsync(caller.Tenant, Known(handoff), freshness.Wanted, cancellationToken), freshness);

    private static async Task<Ok<HandoffView>> ClaimAsync(string handoff, JsonBody<ClaimBody> body, Caller caller, HandoffService handoffs, TimeProvider time, HttpContext context) =>
        View(handoff, null, await handoffs.HandleAsync(new ClaimHandoff(caller.Tenant, Known(handoff), body.Value.Person ?? caller.Actor, time.GetUtcNow()), For(caller, context), CancellationToken.None), context);

    private static async Task<Ok<HandoffView>> AnswerAsync(string handoff, JsonBody<HandoffAnswerBody> body, Caller caller, HandoffService handoffs, TimeProvider time, HttpContext context)
    {
        var message = NamedId.Of("staff-message", caller.Tenant, handoff, IdempotencyKey.Require(context)).ToString("N");
        return View(handoff, message, await handoffs.AnswerAsync(new(caller.Tenant, Known(handoff), message, body.Value.Person ?? caller.Actor, body.Value.Text, time.GetUtcNow()), For(caller, context), CancellationToken.None), context);
    }

    private static async Task<Ok<HandoffView>> ReturnAsync(string handoff, JsonBody<HandoffEndBody> body, Caller caller, HandoffService handoffs, TimeProvider time, HttpContext context) =>
        View(handoff, null, await handoffs.ReturnAsync(new(caller.Tenant, Known(handoff), body.Value.Person ?? caller.Actor, body.Value.Note, time.GetUtcNow()), For(caller, context), CancellationToken.None), context);

    private static async Task<Ok<HandoffView>> CloseAsync(string handoff, JsonBody<HandoffEndBody> body, Caller caller, HandoffService handoffs, TimeProvider time, HttpContext context) =>
        View(handoff, null, await handoffs.CloseAsync(new(caller.Tenant, Known(handoff), body.Value.Person ?? caller.Actor, body.Value.Note, time.GetUtcNow()), For(caller, context), CancellationToken.None), context);

    private static string Known(string handoff) => Ids.Require("hand-off", handoff);

    private static CommandContext For(Caller caller, HttpContext context) => new(caller.Tenant, caller.Actor, IdempotencyKey.Require(context), Correlation.Of(context));

    private static Ok<HandoffView> View(string handoff, string? message, CommandResult<Handoff> result, HttpContext context)
    {
        Freshness.Answer(context, result.Position);
        return TypedResults.Ok(new HandoffView(handoff, result.State.State, result.State.Person, message));
    }
}
