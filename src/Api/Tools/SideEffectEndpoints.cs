using System.Text.Json;
using System.Text.Json.Serialization;
using AIaaS.Api.Http;
using AIaaS.Api.OpenApi;
using AIaaS.Commands.Tools;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;
using AIaaS.Projections;
using AIaaS.Projections.Tools;
using AIaaS.Queries;
using AIaaS.Queries.Tools;
using Microsoft.AspNetCore.Http.HttpResults;

namespace AIaaS.Api.Tools;

/// <summary>What somebody found out about an unknown call.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ResolutionOutcome>))]
internal enum ResolutionOutcome
{
    /// <summary>The far side had done it.</summary>
    [JsonStringEnumMemberName("succeeded")]
    Succeeded,

    /// <summary>The far side had not done it, and never will.</summary>
    [JsonStringEnumMemberName("failed")]
    Failed,
}

/// <summary>How an unknown call is settled.</summary>
/// <param name="Outcome">Whether the far side had done it.</param>
/// <param name="Reason">How this was found out.</param>
/// <param name="Output">What it returned, where it had done it and that is known.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record ResolutionBody(ResolutionOutcome Outcome, string Reason, JsonElement? Output = null) : IValidated
{
    public void Validate(Faults faults) => faults.Text("/reason", Reason, 1, ToolResolution.MaxReason);
}

/// <summary>A call that was settled.</summary>
/// <param name="Id">Its id on the ledger.</param>
/// <param name="State">Always resolved.</param>
/// <param name="Succeeded">Whether the far side had done it.</param>
/// <param name="Reason">How this was found out.</param>
internal sealed record ResolutionView(string Id, ToolCallState State, bool Succeeded, string Reason);

/// <summary>The side-effect ledger.</summary>
internal static class SideEffectEndpoints
{
    private const string Id = "019c1d2e3f4a8b8c9d0e1f2a3b4c5d70";

    private const string Example = $$"""
        {
          "id": "{{Id}}", "tenant": "acme", "stream": "agentRun-acme_019c1d2e3f4a7b8c9d0e1f2a3b4c5d70", "caller": "agentRun", "run": "019c1d2e3f4a7b8c9d0e1f2a3b4c5d70", "call": "charge/1/1", "step": "charge",
          "tool": "charge_payment", "version": "1.0.0", "state": "unknown", "sideEffect": true, "idempotent": false, "requestHash": "9f86d081884c7d65", "idempotencyKey": "acme/019c1d2e3f4a7b8c9d0e1f2a3b4c5d70/charge/1/1/charge_payment",
          "compensates": null, "compensatedBy": null, "code": null, "reason": "no answer within 30,000 ms", "succeeded": null, "resolvedBy": null, "attempts": null, "requestedAt": "2026-01-31T09:30:00+00:00", "updatedAt": "2026-01-31T09:30:30+00:00"
        }
        """;

    public static void Map(RouteGroupBuilder v1)
    {
        var ledger = v1.MapGroup("/side-effects").WithTags("Side effects");
        ledger.MapGet("", ListAsync)
            .Describe("listSideEffects", "List tool calls", "Every call that a run, a saga or an operator made, newest first. state=unknown lists what is unresolved.")
            .ForTenants(Scopes.SideEffectsRead)
            .Query("state", "string", "Where they stand.", "unknown", choices: [.. Enum.GetNames<ToolCallState>().Select(n => n.ToLowerInvariant())])
            .Query("tool", "string", "Only calls of one tool.", "charge_payment")
            .Query("run", "string", "Only calls of one run, saga or operator's call.", "019c1d2e3f4a7b8c9d0e1f2a3b4c5d70")
            .Query("caller", "string", "Only calls of runs, of sagas, or of operators.", "saga", choices: ["agentRun", "saga", "toolCall"])
            .Query("sideEffect", "string", "true: only calls that change something in the world; false: only those that do not.", "true", choices: ["true", "false"])
            .Query("from", "string", "Requested at this time or later.", "2026-01-31T00:00:00Z", "date-time")
            .Query("to", "string", "Requested before this time.", "2026-02-01T00:00:00Z", "date-time")
            .Query("sort", "string", "requestedAt, updatedAt or tool, with '-' before it for the largest first. Default: -requestedAt.", "-requestedAt")
            .Paged().Fresh()
            .Example(response: $$"""{ "items": [ {{Example}} ], "nextCursor": null }""");
        ledger.MapGet("/{id}", GetAsync)
            .Describe("getSideEffect", "Get a tool call", "Where it stands.")
            .ForTenants(Scopes.SideEffectsRead).Fresh().Example(response: Example);
        ledger.MapPost("/{id}/resolution", ResolveAsync)
            .Describe("resolveSideEffect", "Settle an unknown tool call", "Records what was found out about a call whose outcome is unknown; the run or saga that waits for it goes on. Any other call is refused with 409.")
            .ForTenants(Scopes.SideEffectsWrite).Idempotent().Problem(404)
            .Example("""{ "outcome": "succeeded", "reason": "seen in the processor's console", "output": { "payment": "p1" } }""", $$"""{ "id": "{{Id}}", "state": "resolved", "succeeded": true, "reason": "seen in the processor's console" }""");
    }

    private static async Task<Ok<Page<SideEffectDocument>>> ListAsync(Caller caller, Freshness freshness, SideEffectQueries calls, HttpContext context, CancellationToken cancellationToken)
    {
        var query = new QueryReader(context);
        var filter = new SideEffectFilter
        {
            State = query.Choice<ToolCallState>("state"),
            Tool = query.Text("tool"),
            Run = query.Text("run"),
            Caller = query.Text("caller"),
            SideEffect = query.Flag("sideEffect"),
            From = query.Time("from"),
            To = query.Time("to"),
        };
        var page = query.Page();
        query.Done();
        return Answer.List(await calls.ListAsync(caller.Tenant, filter, page, freshness.Wanted, cancellationToken), freshness);
    }

    private static async Task<Ok<SideEffectDocument>> GetAsync(string id, Caller caller, Freshness freshness, SideEffectQueries calls, CancellationToken cancellationToken) =>
        Answer.One("tool call", id, await calls.GetAsync(caller.Tenant, Ids.Require("tool call", id), freshness.Wanted, cancellationToken), freshness);

    private static async Task<Ok<ResolutionView>> ResolveAsync(string id, JsonBody<ResolutionBody> body, Caller caller, Freshness freshness, SideEffectQueries calls, ToolResolution resolution, HttpContext context)
    {
        var found = await calls.GetAsync(caller.Tenant, Ids.Require("tool call", id), freshness.Wanted, CancellationToken.None);
        if (found is not { Status: QueryStatus.Found, Value: { } call })
        {
            throw found.Status == QueryStatus.Behind ? freshness.Behind() : Problems.NotFound("tool call", id);
        }

        var (outcome, reason, output) = body.Value;
        var key = $"{caller.Key}/{IdempotencyKey.Require(context)}";
        var result = await resolution.ResolveAsync(new StreamName(call.Stream), call.Call, outcome == ResolutionOutcome.Succeeded, output, reason, new(caller.Tenant, caller.Actor, key, Correlation.Of(context)), CancellationToken.None);
        Freshness.Answer(context, result.Position);
        return TypedResults.Ok(new ResolutionView(id, ToolCallState.Resolved, outcome == ResolutionOutcome.Succeeded, reason));
    }
}
