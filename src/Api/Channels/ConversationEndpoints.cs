using System.Collections.Immutable;
using System.Text.Json.Serialization;
using AIaaS.Api.Http;
using AIaaS.Api.OpenApi;
using AIaaS.Commands.Channels;
using AIaaS.Domain;
using AIaaS.Domain.Agents;
using AIaaS.Projections;
using AIaaS.Projections.Channels;
using AIaaS.Queries.Channels;
using Microsoft.AspNetCore.Http.HttpResults;

namespace AIaaS.Api.Channels;

/// <summary>A customer's message.</summary>
/// <param name="Text">What the customer wrote: 1 to 4,000 characters.</param>
/// <param name="Customer">The customer's id in your systems; null where unknown.</param>
/// <param name="Workflow">The workflow that shall handle it; null: the one of the conversation's last message, or faq_handling in a new conversation.</param>
/// <param name="Tenant">May name the caller's own tenant; better left out.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record MessageBody(string Text, string? Customer = null, string? Workflow = null, string? Tenant = null) : IValidated, INamesTenant
{
    public void Validate(Faults faults)
    {
        faults.Text("/text", Text, 1, SendMessage.MaxTextLength);
        if (Customer is not null)
        {
            faults.Text("/customer", Customer, 1, 200);
        }

        if (Workflow is not null)
        {
            faults.Id("/workflow", Workflow);
        }
    }
}

/// <summary>The answer to a message.</summary>
/// <param name="Conversation">The conversation.</param>
/// <param name="Message">The message.</param>
/// <param name="Run">The run that answered it.</param>
/// <param name="Outcome">How the run ended; null while it waits for the customer.</param>
/// <param name="Reason">Why it ended so, as a stable code: answered (with citations), small-talk (a greeting or thanks with nothing asked: the only answer without citations), asked-for-person, no-evidence, unsupported-answer, low-confidence and others; waiting while it waits.</param>
/// <param name="Answer">What the customer is told, or asked; also set on a hand-off.</param>
/// <param name="Citations">What the answer rests on; empty on small talk and on a hand-off.</param>
/// <param name="Workflow">The workflow.</param>
/// <param name="Tier">The tier of the call that gave the answer; null where no model was asked.</param>
/// <param name="Steps">Steps done.</param>
/// <param name="ModelCalls">Model calls that completed.</param>
/// <param name="Tokens">Tokens of all calls, by class.</param>
/// <param name="Cost">Price of all calls.</param>
/// <param name="DurationMs">From the request to the end; to the question while it waits.</param>
/// <param name="Waiting">The step that waits for the customer's next message in the conversation; null where the run has ended.</param>
internal sealed record MessageAnswerView(
    string Conversation,
    string Message,
    string Run,
    RunOutcome? Outcome,
    string Reason,
    string Answer,
    ImmutableArray<Citation> Citations,
    string Workflow,
    Tier? Tier,
    int Steps,
    int ModelCalls,
    TokenUsage Tokens,
    Money Cost,
    double DurationMs,
    string? Waiting = null);

/// <summary>A message that is recorded, and answered later.</summary>
/// <param name="Conversation">The conversation.</param>
/// <param name="Message">The message.</param>
/// <param name="Run">The run that answers it; null where a person has the conversation.</param>
/// <param name="Status">Where to look for the answer.</param>
/// <param name="State">running: the run goes on. with-a-person: a hand-off of the conversation is open, no run was started, and the message waits for that person.</param>
/// <param name="Handoff">The hand-off; null where a run answers.</param>
internal sealed record MessagePending(string Conversation, string Message, string? Run, string Status, string State, string? Handoff = null)
{
    public const string Running = "running";
    public const string WithPerson = "with-a-person";
}

/// <summary>Customers' messages and what was answered.</summary>
internal static class ConversationEndpoints
{
    private const string BodyExample = """{ "text": "Can I return my tent?", "customer": "c-4711" }""";

    private const string AnswerExample = """
        {
          "conversation": "019c1d2e3f4a7b8c9d0e1f2a3b4c5d6e", "message": "019c1d2e3f4a7b8c9d0e1f2a3b4c5d6f", "run": "019c1d2e3f4a7b8c9d0e1f2a3b4c5d70",
          "outcome": "Answered", "reason": "answered", "answer": "You can send an item back within 30 days.",
          "citations": [ { "article": "returns-policy", "title": "Returns", "quote": "You can send an item back within 30 days." } ],
          "workflow": "faq_handling", "tier": "SLM_A", "steps": 5, "modelCalls": 1,
          "tokens": { "uncachedInput": 412, "cacheRead": 0, "cacheWrite": 0, "output": 58, "reasoning": 0 },
          "cost": { "amount": 0.0000644, "currency": "USD" }, "durationMs": 4.8
        }
        """;

    private const string ConversationExample = """
        {
          "conversation": "019c1d2e3f4a7b8c9d0e1f2a3b4c5d6e", "tenant": "acme", "customer": "c-4711", "openedAt": "2026-01-31T09:30:00+00:00", "lastAt": "2026-01-31T09:30:00.005+00:00", "unanswered": 0,
          "messages": [
            {
              "message": "019c1d2e3f4a7b8c9d0e1f2a3b4c5d6f", "text": "Can I return my tent?", "workflow": "faq_handling", "run": "019c1d2e3f4a7b8c9d0e1f2a3b4c5d70", "receivedAt": "2026-01-31T09:30:00+00:00",
              "outcome": "Answered", "answer": "You can send an item back within 30 days.",
              "citations": [ { "article": "returns-policy", "title": "Returns", "quote": "You can send an item back within 30 days." } ], "answeredAt": "2026-01-31T09:30:00.005+00:00"
            }
          ]
        }
        """;

    public static void Map(RouteGroupBuilder v1)
    {
        var channels = v1.MapGroup("").WithTags("Conversations");
        Message(channels.MapPost("/messages", SendFirstAsync), "sendFirstMessage", "Send a message in a new conversation");
        Message(channels.MapPost("/conversations/{conversation}/messages", SendAsync), "sendMessage", "Send a message in a conversation");
        channels.MapGet("/conversations", ListAsync)
            .Describe("listConversations", "List conversations", "The one with the newest message first.")
            .ForTenants(Scopes.ConversationsRead)
            .Query("customer", "string", "Only those of one customer.", "c-4711")
            .Query("unanswered", "string", "true: only those with a message that waits for its answer.", "true", choices: ["true", "false"])
            .Query("from", "string", "Opened at this time or later.", "2026-01-31T00:00:00Z", "date-time")
            .Query("to", "string", "Opened before this time.", "2026-02-01T00:00:00Z", "date-time")
            .Query("sort", "string", "lastAt or openedAt, with '-' before it for the newest first. Default: -lastAt.", "-lastAt")
            .Paged().Fresh()
            .Example(response: $$"""{ "items": [ {{ConversationExample}} ], "nextCursor": null }""");
        channels.MapGet("/conversations/{conversation}", GetAsync)
            .Describe("getConversation", "Get a conversation", "With its messages and their answers, oldest first.")
            .ForTenants(Scopes.ConversationsRead)
            .Fresh()
            .Example(response: ConversationExample);
    }

    private static void Message(RouteHandlerBuilder endpoint, string name, string summary) => endpoint
        .Describe(name, summary, "The message is durable before anything is answered. The request waits for the answer; with `Prefer: respond-async`, or when the run takes longer than the server waits, it is answered with 202 and the run's location, and the run goes on. While a person has the conversation, from a hand-off until that is returned or closed, no run is started: the message is recorded for them and answered with 202, state with-a-person.")
        .ForTenants(Scopes.MessagesWrite)
        .TakesIdempotencyKey()
        .Header(Freshness.Header, "A position that a command answered with: the answer is searched for in what the articles were at least then.", "1042")
        .Header("Prefer", "respond-async: do not wait for the answer. wait=N: wait at most N seconds.", "respond-async")
        .Produces<MessageAnswerView>(200, "application/json")
        .Produces<MessagePending>(202, "application/json")
        .Example(BodyExample, AnswerExample)
        .WithMetadata(new StatusExample(202, """{ "conversation": "019c1d2e3f4a7b8c9d0e1f2a3b4c5d6e", "message": "019c1d2e3f4a7b8c9d0e1f2a3b4c5d6f", "run": "019c1d2e3f4a7b8c9d0e1f2a3b4c5d70", "status": "/v1/runs/019c1d2e3f4a7b8c9d0e1f2a3b4c5d70", "state": "running", "handoff": null }"""));

    private static Task<IResult> SendFirstAsync(JsonBody<MessageBody> body, Caller caller, Freshness freshness, HttpContext context, MessageDesk desk, CancellationToken cancellationToken) =>
        desk.HandleAsync(null, body.Value, caller, freshness, context, cancellationToken);

    private static Task<IResult> SendAsync(string conversation, JsonBody<MessageBody> body, Caller caller, Freshness freshness, HttpContext context, MessageDesk desk, CancellationToken cancellationToken) =>
        Ids.IsValid(conversation)
            ? desk.HandleAsync(conversation, body.Value, caller, freshness, context, cancellationToken)
            : throw new ProblemException(400, "invalid-id", "The conversation's id cannot be used.", "Use 1 to 100 letters, digits, '.', '_' or '-', or POST /v1/messages to open a new conversation.");

    private static async Task<Ok<Page<ConversationDocument>>> ListAsync(Caller caller, Freshness freshness, ConversationQueries conversations, HttpContext context, CancellationToken cancellationToken)
    {
        var query = new QueryReader(context);
        var filter = new ConversationFilter { Customer = query.Text("customer"), OnlyUnanswered = query.Flag("unanswered") == true, From = query.Time("from"), To = query.Time("to") };
        var page = query.Page();
        query.Done();
        return Answer.List(await conversations.ListAsync(caller.Tenant, filter, page, freshness.Wanted, cancellationToken), freshness);
    }

    private static async Task<Ok<ConversationDocument>> GetAsync(string conversation, Caller caller, Freshness freshness, ConversationQueries conversations, CancellationToken cancellationToken) =>
        Answer.One("conversation", conversation, await conversations.GetAsync(caller.Tenant, Ids.Require("conversation", conversation), freshness.Wanted, cancellationToken), freshness);
}
