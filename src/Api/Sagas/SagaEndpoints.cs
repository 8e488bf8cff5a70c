using System.Text.Json.Serialization;
using AIaaS.Api.Http;
using AIaaS.Api.OpenApi;
using AIaaS.Commands.Sagas;
using AIaaS.Domain.Sagas;
using AIaaS.EventStore;
using AIaaS.Projections;
using AIaaS.Projections.Sagas;
using AIaaS.Queries.Sagas;
using Microsoft.AspNetCore.Http.HttpResults;

namespace AIaaS.Api.Sagas;

/// <summary>What a person did about a parked saga.</summary>
/// <param name="Undone">true: the step was done, or undone, by other means; false: it is to be tried again.</param>
/// <param name="Reason">What was done, for the record.</param>
/// <param name="Tenant">May name the caller's own tenant; better left out.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record ResumeSagaBody(bool Undone, string Reason, string? Tenant = null) : IValidated, INamesTenant
{
    public void Validate(Faults faults) => faults.Text("/reason", Reason, 1, 1_000);
}

/// <summary>A saga that goes on.</summary>
/// <param name="Saga">The saga.</param>
/// <param name="State">How it stands.</param>
internal sealed record SagaResumedView(string Saga, SagaStatus State);

/// <summary>Sagas: what several tools do together or not at all.</summary>
internal static class SagaEndpoints
{
    private const string Example = """
        {
          "saga": "order-placement.W1001", "tenant": "acme", "name": "order-placement", "version": "1", "state": "compensating", "step": "charge", "reason": "charge: The card was declined.",
          "done": 2, "due": null, "startedAt": "2026-01-31T09:30:00+00:00", "endedAt": null
        }
        """;

    private const string TimelineExample = """
        {
          "saga": "order-placement.W1001",
          "entries": [ { "version": 3, "type": "tool.call.failed", "recordedAt": "2026-01-31T09:30:00+00:00", "step": "charge", "call": "charge/1/1", "data": { "call": "charge/1/1", "step": "charge", "code": "payment-declined" } } ]
        }
        """;

    public static void Map(RouteGroupBuilder v1)
    {
        var sagas = v1.MapGroup("/sagas").WithTags("Sagas");
        sagas.MapGet("", ListAsync)
            .Describe("listSagas", "List sagas", "Newest first.")
            .ForTenants(Scopes.OperationsRead)
            .Query("state", "string", "How they stand.", "parked", choices: ["running", "compensating", "unresolved", "parked", "completed", "compensated"])
            .Query("name", "string", "Only those of one definition.", "order-placement")
            .Query("sort", "string", "startedAt or endedAt, with '-' before it for the newest first. Default: -startedAt.", "-startedAt")
            .Paged().Fresh()
            .Example(response: $$"""{ "items": [ {{Example}} ], "nextCursor": null }""");
        sagas.MapGet("/{saga}", GetAsync)
            .Describe("getSaga", "Get a saga", "How it stands, and why.")
            .ForTenants(Scopes.OperationsRead).Fresh().Example(response: Example);
        sagas.MapGet("/{saga}/timeline", TimelineAsync)
            .Describe("getSagaTimeline", "See what happened in a saga", "All its events: calls and their outcomes, waits, what was undone and why. The newest are always there.")
            .ForTenants(Scopes.OperationsRead).Problem(404).Example(response: TimelineExample);
        sagas.MapPost("/{saga}/resume", ResumeAsync)
            .Describe("resumeSaga", "Let a parked saga go on", "A saga is parked when a compensation, or a step that must succeed, failed at each try. See to it, then say whether that step is seen to now (undone: true) or is to be tried again. A step that only looks something up can only be tried again.")
            .ForTenants(Scopes.OperationsWrite).Idempotent().Problem(404, 409)
            .Example("""{ "undone": true, "reason": "refunded in the processor's console" }""", """{ "saga": "order-placement.W1001", "state": "compensating" }""");
    }

    private static async Task<Ok<Page<SagaDocument>>> ListAsync(Caller caller, Freshness freshness, SagaQueries sagas, HttpContext context, CancellationToken cancellationToken)
    {
        var query = new QueryReader(context);
        var state = query.Choice<SagaStatus>("state");
        var name = query.Text("name");
        var page = query.Page();
        query.Done();
        return Http.Answer.List(await sagas.ListAsync(caller.Tenant, state, name, page, freshness.Wanted, cancellationToken), freshness);
    }

    private static async Task<Ok<SagaDocument>> GetAsync(string saga, Caller caller, Freshness freshness, SagaQueries sagas, CancellationToken cancellationToken) =>
        Http.Answer.One("saga", saga, await sagas.GetAsync(caller.Tenant, saga, freshness.Wanted, cancellationToken), freshness);

    private static async Task<Ok<SagaTimeline>> TimelineAsync(string saga, Caller caller, SagaQueries sagas, CancellationToken cancellationToken) =>
        TypedResults.Ok(await sagas.TimelineAsync(caller.Tenant, saga, cancellationToken) ?? throw Problems.NotFound("saga", saga.Length > 100 ? saga[..100] + "…" : saga));

    private static async Task<Ok<SagaResumedView>> ResumeAsync(string saga, JsonBody<ResumeSagaBody> body, Caller caller, SagaService sagas, TimeProvider time, HttpContext context, CancellationToken cancellationToken)
    {
        if (EventStoreLimits.NameFault(Saga.Stream(caller.Tenant, saga)) is not null)
        {
            throw Problems.NotFound("saga", saga.Length > 100 ? saga[..100] + "…" : saga);
        }

        var (undone, reason, _) = body.Value;
        var result = await sagas.HandleAsync(new ResumeSaga(caller.Tenant, saga, undone, reason, caller.Actor, time.GetUtcNow()), new(caller.Tenant, caller.Actor, context.Request.Headers["Idempotency-Key"], Correlation.Of(context)), cancellationToken);
        Freshness.Answer(context, result.Position);
        return TypedResults.Ok(new SagaResumedView(saga, result.State.Status));
    }
}
