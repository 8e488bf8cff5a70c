using System.Text.Json.Serialization;
using AIaaS.Api.Http;
using AIaaS.Api.OpenApi;
using AIaaS.Commands.Bus;
using AIaaS.Domain.Bus;
using AIaaS.EventStore;
using AIaaS.Projections;
using AIaaS.Projections.Bus;
using AIaaS.Queries.Bus;
using Microsoft.AspNetCore.Http.HttpResults;

namespace AIaaS.Api.Bus;

/// <summary>The work of a dead letter as it is to be sent.</summary>
/// <param name="Body">The whole work as JSON text.</param>
/// <param name="Tenant">May name the caller's own tenant; better left out.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record DeadLetterBody(string Body, string? Tenant = null) : IValidated, INamesTenant
{
    public void Validate(Faults faults) => faults.Text("/body", Body, 1, 100_000);
}

/// <summary>A dead letter after a change.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Queue">The queue that it came from.</param>
/// <param name="Body">The work as it is to be sent.</param>
/// <param name="Replayed">Whether it is on its queue again.</param>
internal sealed record DeadLetterView(string Id, string Queue, string Body, bool Replayed);

/// <summary>Work that failed for good. A tenant sees its own; the platform's administrator, work that names no tenant.</summary>
internal static class DeadLetterEndpoints
{
    private const string Id = "9f86d081884c8d65ba2feaa0c55ad015";

    private const string Example = $$"""
        {
          "id": "{{Id}}", "tenant": "acme", "queue": "aiaas.execute-saga", "body": "{\"tenant\":\"acme\",\"saga\":\"order-placement.W1001\"}", "code": "exception", "error": "TimeoutException: No answer.",
          "attempts": 4, "received": 1, "fixed": false, "state": "open", "receivedAt": "2026-01-31T09:30:00+00:00", "keptUntil": "2026-02-07T09:30:00+00:00"
        }
        """;

    private const string ViewExample = $$"""{ "id": "{{Id}}", "queue": "aiaas.execute-saga", "body": "{\"tenant\":\"acme\",\"saga\":\"order-placement.W1001\"}", "replayed": true }""";

    public static void Map(RouteGroupBuilder v1)
    {
        var letters = v1.MapGroup("/dead-letters").WithTags("Operations");
        letters.MapGet("", ListAsync)
            .Describe("listDeadLetters", "List dead letters", "Work of the bus that failed at each try, or that was refused for good. Newest first; kept for seven days.")
            .ForTenantsAndPlatform(Scopes.OperationsRead)
            .Query("queue", "string", "Only those of one queue.", "aiaas.execute-saga")
            .Query("state", "string", "open or replayed.", "open", choices: ["open", "replayed"])
            .Query("sort", "string", "receivedAt, with '-' before it for the newest first. Default: -receivedAt.", "-receivedAt")
            .Paged().Fresh()
            .Example(response: $$"""{ "items": [ {{Example}} ], "nextCursor": null }""");
        letters.MapGet("/{id}", GetAsync)
            .Describe("getDeadLetter", "Get a dead letter", "The work, and why it could not be done.")
            .ForTenantsAndPlatform(Scopes.OperationsRead).Fresh().Example(response: Example);
        letters.MapPut("/{id}", FixAsync)
            .Describe("fixDeadLetter", "Change the work of a dead letter", "It must be work of the same queue and tenant. It is sent when it is replayed.")
            .ForTenantsAndPlatform(Scopes.OperationsWrite).Problem(404, 422)
            .Example("""{ "body": "{\"tenant\":\"acme\",\"saga\":\"order-placement.W1001\"}" }""", ViewExample);
        letters.MapPost("/{id}/replay", ReplayAsync)
            .Describe("replayDeadLetter", "Send a dead letter again", "It goes to its queue; when it fails again, the same dead letter is open again.")
            .ForTenantsAndPlatform(Scopes.OperationsWrite).Idempotent().Problem(404, 422, 503)
            .Example(response: ViewExample);
        letters.MapDelete("/{id}", DiscardAsync)
            .Describe("discardDeadLetter", "Give a dead letter up", "The work is not done.")
            .ForTenantsAndPlatform(Scopes.OperationsWrite).Problem(404);
    }

    private static async Task<Ok<Page<DeadLetterDocument>>> ListAsync(Caller caller, Freshness freshness, DeadLetterQueries letters, HttpContext context, CancellationToken cancellationToken)
    {
        var query = new QueryReader(context);
        var (queue, state) = (query.Text("queue"), query.Text("state"));
        var page = query.Page();
        query.Done();
        return Http.Answer.List(await letters.ListAsync(TenantOf(caller), queue, state, page, freshness.Wanted, cancellationToken), freshness);
    }

    private static async Task<Ok<DeadLetterDocument>> GetAsync(string id, Caller caller, Freshness freshness, DeadLetterQueries letters, CancellationToken cancellationToken) =>
        Http.Answer.One("dead letter", id, await letters.GetAsync(TenantOf(caller), id, freshness.Wanted, cancellationToken), freshness);

    private static async Task<Ok<DeadLetterView>> FixAsync(string id, JsonBody<DeadLetterBody> body, Caller caller, DeadLetterService letters, HttpContext context, CancellationToken cancellationToken) =>
        View(id, await letters.FixAsync(id, body.Value.Body, ContextOf(caller, context), cancellationToken), context);

    private static async Task<Ok<DeadLetterView>> ReplayAsync(string id, Caller caller, DeadLetterService letters, IWorkBus bus, HttpContext context, CancellationToken cancellationToken)
    {
        try
        {
            return View(id, await letters.ReplayAsync(id, bus, ContextOf(caller, context), cancellationToken), context);
        }
        catch (BusUnavailableException e)
        {
            throw new ProblemException(503, "bus-unavailable", "The bus does not take work now, so the dead letter stays as it is.", e.Message);
        }
    }

    private static async Task<NoContent> DiscardAsync(string id, Caller caller, DeadLetterService letters, HttpContext context, CancellationToken cancellationToken)
    {
        var result = await letters.DiscardAsync(id, ContextOf(caller, context), cancellationToken);
        Freshness.Answer(context, result.Position);
        return TypedResults.NoContent();
    }

    private static Ok<DeadLetterView> View(string id, CommandResult<DeadLetter> result, HttpContext context)
    {
        Freshness.Answer(context, result.Position);
        return TypedResults.Ok(new DeadLetterView(id, result.State.Queue!, result.State.Body, result.State.IsReplayed));
    }

    private static string TenantOf(Caller caller) => caller.IsPlatform ? DeadLetter.NoTenant : caller.Tenant;

    private static CommandContext ContextOf(Caller caller, HttpContext context) => new(TenantOf(caller), caller.Actor, null, Correlation.Of(context));
}
