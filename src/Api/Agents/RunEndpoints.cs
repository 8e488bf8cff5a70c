using System.Buffers;
using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Unicode;
using AIaaS.Api.Hosting;
using AIaaS.Api.Http;
using AIaaS.Api.OpenApi;
using AIaaS.Commands.Agents;
using AIaaS.Domain.Agents;
using AIaaS.EventStore;
using AIaaS.Projections;
using AIaaS.Projections.Agents;
using AIaaS.Queries.Agents;
using Microsoft.AspNetCore.Http.HttpResults;

namespace AIaaS.Api.Agents;

/// <summary>What to change in a fork.</summary>
/// <param name="FromStep">The first step that runs anew; what came before is taken over as recorded.</param>
/// <param name="Prompt">Another prompt for that step; null: unchanged.</param>
/// <param name="Tier">Another tier for that step; null: unchanged.</param>
/// <param name="Model">Another model for that step; null: unchanged.</param>
/// <param name="Tenant">May name the caller's own tenant; better left out.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record ForkBody(string FromStep, string? Prompt = null, Tier? Tier = null, string? Model = null, string? Tenant = null) : IValidated, INamesTenant
{
    public void Validate(Faults faults)
    {
        faults.Id("/fromStep", FromStep);
        if (Prompt is not null)
        {
            faults.Text("/prompt", Prompt, 1, Forker.MaxPromptLength);
        }

        if (Model is not null)
        {
            faults.Text("/model", Model, 1, 200);
        }
    }
}

/// <summary>A forked run.</summary>
/// <param name="Run">The new run.</param>
/// <param name="ForkedFrom">The run that it was forked from.</param>
/// <param name="FromStep">The first step that ran anew.</param>
/// <param name="Outcome">How it ended; null while it goes on.</param>
/// <param name="Answer">Its answer; null while it goes on.</param>
/// <param name="Citations">What the answer rests on.</param>
/// <param name="Status">Where to look for more.</param>
internal sealed record ForkView(string Run, string ForkedFrom, string FromStep, RunOutcome? Outcome, string? Answer, ImmutableArray<Citation> Citations, string Status);

/// <summary>A run to start by itself.</summary>
/// <param name="Workflow">The workflow.</param>
/// <param name="Input">Its input: <c>$.input</c>.</param>
/// <param name="Text">What it works on, as if a customer had written it.</param>
/// <param name="Customer">The customer's id at the tenant. It authenticates nobody.</param>
/// <param name="Tenant">May name the caller's own tenant; better left out.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record RunBody(string Workflow, JsonElement? Input = null, string? Text = null, string? Customer = null, string? Tenant = null) : IValidated, INamesTenant
{
    public void Validate(Faults faults)
    {
        faults.Id("/workflow", Workflow);
        if (Text is not null)
        {
            faults.Text("/text", Text, 0, 4_000);
        }

        if (Customer is not null)
        {
            faults.Text("/customer", Customer, 1, 200);
        }
    }
}

/// <summary>Something that a run waits for.</summary>
/// <param name="Signal">Unique in the run: a repetition changes nothing. Default: the idempotency key.</param>
/// <param name="Step">The step that waits; may be left out where only one does.</param>
/// <param name="Name">Of a named signal: its name.</param>
/// <param name="Accepted">Of an approval or a confirmation: yes or no.</param>
/// <param name="Payload">What comes with it.</param>
/// <param name="Tenant">May name the caller's own tenant; better left out.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record SignalBody(string? Signal = null, string? Step = null, string? Name = null, bool? Accepted = null, JsonElement? Payload = null, string? Tenant = null) : IValidated, INamesTenant
{
    public void Validate(Faults faults)
    {
        foreach (var (at, text) in new[] { ("/signal", Signal), ("/step", Step), ("/name", Name) })
        {
            if (text is not null)
            {
                faults.Text(at, text, 1, 200);
            }
        }
    }
}

/// <summary>A person's decision.</summary>
/// <param name="Approved">Yes or no.</param>
/// <param name="Step">The step that waits; may be left out where only one does.</param>
/// <param name="Note">Why; kept in the run's record.</param>
/// <param name="Tenant">May name the caller's own tenant; better left out.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record ApprovalBody(bool Approved, string? Step = null, string? Note = null, string? Tenant = null) : IValidated, INamesTenant
{
    public void Validate(Faults faults)
    {
        if (Step is not null)
        {
            faults.Text("/step", Step, 1, 200);
        }

        if (Note is not null)
        {
            faults.Text("/note", Note, 1, 2_000);
        }
    }
}

/// <summary>What comes with an approval.</summary>
/// <param name="Note">Why.</param>
internal sealed record ApprovalNote(string Note);

/// <summary>A run that goes on.</summary>
/// <param name="Run">The run.</param>
/// <param name="Status">Where to look for more.</param>
internal sealed record RunPending(string Run, string Status);

/// <summary>Runs, their episodes, replays and forks.</summary>
internal static class RunEndpoints
{
    private const int MaxEpisodeBytes = 16 * 1024 * 1024;

    private const string Id = "019c1d2e3f4a7b8c9d0e1f2a3b4c5d70";

    private const string RunExample = $$"""
        {
          "run": "{{Id}}", "tenant": "acme", "conversation": "019c1d2e3f4a7b8c9d0e1f2a3b4c5d6e", "message": "019c1d2e3f4a7b8c9d0e1f2a3b4c5d6f", "workflow": "faq_handling",
          "question": "Can I return my tent?", "status": "completed", "outcome": "Answered", "reason": "answered", "answer": "You can send an item back within 30 days.",
          "citations": [ { "article": "returns-policy", "title": "Returns", "quote": "You can send an item back within 30 days." } ],
          "tier": "SLM_A", "steps": 5, "modelCalls": 1, "tokens": { "uncachedInput": 412, "cacheRead": 0, "cacheWrite": 0, "output": 58, "reasoning": 0 },
          "cost": { "amount": 0.0000644, "currency": "USD" }, "durationMs": 4.8, "requestedAt": "2026-01-31T09:30:00+00:00", "completedAt": "2026-01-31T09:30:00.0048+00:00", "fork": null, "forked": false
        }
        """;

    private const string TimelineExample = $$"""
        {
          "run": "{{Id}}", "tenant": "acme", "workflow": "faq_handling", "requestedAt": "2026-01-31T09:30:00+00:00", "outcome": "Answered",
          "pins": { "workflow": "9f86d081884c7d65", "prompts": { "answer": "60303ae22b998861" }, "models": { "SLM_A": "offline-a" }, "priceBook": "2026-01", "engine": "1" },
          "entries": [
            {
              "version": 5, "type": "model.call.completed", "at": "2026-01-31T09:30:00.004+00:00", "sinceRequestMs": 4, "tookMs": 1.5, "step": "answer", "node": null, "call": "answer/1/1",
              "tier": "SLM_A", "model": "offline-a", "result": null, "detail": null, "tokens": { "uncachedInput": 412, "cacheRead": 0, "cacheWrite": 0, "output": 58, "reasoning": 0 },
              "cost": { "amount": 0.0000644, "currency": "USD" }
            }
          ]
        }
        """;

    private const string EpisodeExample = $$"""
        { "format": "aiaas.episode.v1", "stream": "agentRun-acme_{{Id}}", "workflow": "{}", "events": [ { "number": 0, "id": "019c1d2e-3f4a-7b8c-9d0e-1f2a3b4c5d70", "type": "agent.run.requested", "data": "{}", "metadata": "{}" } ] }
        """;

    private const string ReplayExample = $$"""
        { "run": "{{Id}}", "bitExact": false, "events": 12, "difference": { "number": 4, "type": "model.call.completed", "what": "the hash chain does not hold: the event was changed, or one before it was dropped, added or moved" } }
        """;

    private const string ForkExample = $$"""
        {
          "run": "019c1d2e3f4a7b8c9d0e1f2a3b4c5d71", "forkedFrom": "{{Id}}", "fromStep": "answer", "outcome": "Answered", "answer": "You can send an item back within 30 days.",
          "citations": [ { "article": "returns-policy", "title": "Returns", "quote": "You can send an item back within 30 days." } ], "status": "/v1/runs/019c1d2e3f4a7b8c9d0e1f2a3b4c5d71"
        }
        """;

    private const string PendingExample = $$"""{ "run": "{{Id}}", "status": "/v1/runs/{{Id}}" }""";

    public static void Map(RouteGroupBuilder v1)
    {
        var runs = v1.MapGroup("/runs").WithTags("Runs");
        runs.MapGet("", ListAsync)
            .Describe("listRuns", "List runs", "Newest first.")
            .ForTenants(Scopes.RunsRead)
            .Query("status", "string", "open, waiting or completed.", "waiting", choices: ["open", "waiting", "completed"])
            .Query("outcome", "string", "How it ended.", "Answered", choices: Enum.GetNames<RunOutcome>())
            .Query("reason", "string", "Why it ended so, as a stable code.", "answered")
            .Query("workflow", "string", "Only runs of one workflow.", "faq_handling")
            .Query("conversation", "string", "Only runs of one conversation.", "019c1d2e3f4a7b8c9d0e1f2a3b4c5d6e")
            .Query("tier", "string", "The tier that gave the answer.", "SLM_A", choices: Enum.GetNames<Tier>())
            .Query("forked", "string", "true: only forks; false: no forks.", "false", choices: ["true", "false"])
            .Query("from", "string", "Requested at this time or later.", "2026-01-31T00:00:00Z", "date-time")
            .Query("to", "string", "Requested before this time.", "2026-02-01T00:00:00Z", "date-time")
            .Query("sort", "string", "requestedAt, completedAt, durationMs or cost, with '-' before it for the largest first. Default: -requestedAt.", "-requestedAt")
            .Paged().Fresh()
            .Example(response: $$"""{ "items": [ {{RunExample}} ], "nextCursor": null }""");
        runs.MapPost("", StartAsync)
            .Describe("startRun", "Start a run", "Runs a workflow by itself, without a message and a conversation. It goes on by itself; GET /v1/runs/{run} says how far it is.")
            .ForTenants(Scopes.RunsWrite)
            .TakesIdempotencyKey()
            .Produces<RunPending>(202, "application/json")
            .Example("""{ "workflow": "order_tracking", "input": { "order_id": "#W1001" } }""", PendingExample);
        runs.MapPost("/{run}/signals", SignalAsync)
            .Describe("signalRun", "Tell a run what it waits for", "A signal, a person's decision, or the customer's answer, as GET /v1/runs/{run} names it under waits. When this is answered the signal is durable, and the run goes on by itself.")
            .ForTenants(Scopes.RunsWrite)
            .Idempotent().Problem(409)
            .Produces<RunPending>(202, "application/json")
            .Example("""{ "name": "parcel-back", "payload": { "parcel": "JD0014" } }""", PendingExample);
        runs.MapPost("/{run}/approval", ApproveAsync)
            .Describe("approveRun", "Approve or reject", "A person's decision on what a run waits for. Runs that wait: GET /v1/runs?status=waiting.")
            .ForTenants(Scopes.RunsWrite)
            .Idempotent().Problem(409)
            .Produces<RunPending>(202, "application/json")
            .Example("""{ "approved": true, "note": "The customer has waited long enough." }""", PendingExample);
        runs.MapGet("/{run}", GetAsync)
            .Describe("getRun", "Get a run", "How it ended, what it answered, and what it used.")
            .ForTenants(Scopes.RunsRead).Fresh().Example(response: RunExample);
        runs.MapGet("/{run}/episode", TimelineAsync)
            .Describe("getEpisode", "See what happened in a run", "The timeline of its recorded events.")
            .ForTenants(Scopes.RunsRead).Fresh().Example(response: TimelineExample);
        runs.MapGet("/{run}/episode/export", ExportAsync)
            .Describe("exportEpisode", "Export an episode", "The recorded events of a run, byte for byte, with the workflow that it pinned: everything that a replay needs, here or elsewhere.")
            .ForTenants(Scopes.RunsRead)
            .Produces<JsonElement>(200, "application/json").Example(response: EpisodeExample);
        runs.MapPost("/{run}/replay", ReplayAsync)
            .Describe("replayRun", "Replay a run", "Executes the run again from its recorded inputs, without network and clock, and compares every event byte for byte. It changes nothing. A difference names the first event that is not as recorded.")
            .ForTenants(Scopes.RunsRead).Problem(409).Example(response: ReplayExample);
        runs.MapPost("/{run}/fork", ForkAsync)
            .Describe("forkRun", "Fork a run", "What came before a step is taken over as recorded; from there it runs anew with another prompt, tier or model. The fork is a run of its own and is not counted among the tenant's KPIs.")
            .ForTenants(Scopes.RunsWrite)
            .TakesIdempotencyKey()
            .Header("Prefer", "respond-async: do not wait for the answer. wait=N: wait at most N seconds.", "respond-async")
            .Produces<ForkView>(201, "application/json").Produces<ForkView>(202, "application/json")
            .Example("""{ "fromStep": "answer", "tier": "SLM_B" }""", ForkExample);
        v1.MapGroup("/episodes").WithTags("Runs").MapPost("/replay", ReplayFileAsync)
            .Describe("replayEpisode", "Replay an exported episode", "Takes the file of an export. A tampered or truncated one is named with the first event that differs. It changes nothing.")
            .ForTenants(Scopes.RunsRead)
            .TakesUpTo(MaxEpisodeBytes)
            .Accepts<JsonElement>("application/json")
            .Produces<ReplayReport>(200, "application/json")
            .Example(EpisodeExample, ReplayExample);
    }

    private static async Task<Ok<Page<RunDocument>>> ListAsync(Caller caller, Freshness freshness, RunQueries runs, HttpContext context, CancellationToken cancellationToken)
    {
        var query = new QueryReader(context);
        var filter = new RunFilter
        {
            Status = query.Choice<RunStatus>("status"),
            Outcome = query.Choice<RunOutcome>("outcome"),
            Reason = query.Text("reason"),
            Workflow = query.Text("workflow"),
            Conversation = query.Text("conversation"),
            Tier = query.Choice<Tier>("tier"),
            Forked = query.Flag("forked"),
            From = query.Time("from"),
            To = query.Time("to"),
        };
        var page = query.Page();
        query.Done();
        return Answer.List(await runs.ListAsync(caller.Tenant, filter, page, freshness.Wanted, cancellationToken), freshness);
    }

    private static async Task<IResult> StartAsync(JsonBody<RunBody> body, Caller caller, HttpContext context, RunStarter starter, RequestsInFlight inFlight)
    {
        var key = IdempotencyKey.Require(context);
        using var entry = inFlight.Enter(caller.Tenant, key);
        var (workflow, input, text, customer, _) = body.Value;
        var accepted = await starter.StartAsync(new(workflow, input, text ?? "", customer), new(caller.Tenant, caller.Actor, key, Correlation.Of(context)), CancellationToken.None);
        return Pending(context, accepted.Run, accepted.Position);
    }

    private static async Task<IResult> SignalAsync(string run, JsonBody<SignalBody> body, Caller caller, HttpContext context, RunSignals signals)
    {
        Ids.Require("run", run);
        var key = IdempotencyKey.Require(context);
        var (signal, step, name, accepted, payload, _) = body.Value;
        var taken = await signals.SignalAsync(new(run, signal ?? key, step, accepted, payload, name), new(caller.Tenant, caller.Actor, key, Correlation.Of(context)), CancellationToken.None);
        return Pending(context, run, taken.Position);
    }

    private static async Task<IResult> ApproveAsync(string run, JsonBody<ApprovalBody> body, Caller caller, HttpContext context, RunSignals signals)
    {
        Ids.Require("run", run);
        var key = IdempotencyKey.Require(context);
        var payload = body.Value.Note is { } note ? JsonSerializer.SerializeToElement(new ApprovalNote(note), ApiJson.Default.ApprovalNote) : (JsonElement?)null;
        var taken = await signals.SignalAsync(new(run, key, body.Value.Step, body.Value.Approved, payload), new(caller.Tenant, caller.Actor, key, Correlation.Of(context)), CancellationToken.None);
        return Pending(context, run, taken.Position);
    }

    private static Accepted<RunPending> Pending(HttpContext context, string run, LogPosition position)
    {
        Freshness.Answer(context, position);
        var location = "/v1/runs/" + run;
        return TypedResults.Accepted(location, new RunPending(run, location));
    }

    private static async Task<Ok<RunDocument>> GetAsync(string run, Caller caller, Freshness freshness, RunQueries runs, CancellationToken cancellationToken) =>
        Answer.One("run", run, await runs.GetAsync(caller.Tenant, Ids.Require("run", run), freshness.Wanted, cancellationToken), freshness);

    private static async Task<Ok<RunTimelineDocument>> TimelineAsync(string run, Caller caller, Freshness freshness, EpisodeQueries episodes, CancellationToken cancellationToken) =>
        Answer.One("run", run, await episodes.GetTimelineAsync(caller.Tenant, Ids.Require("run", run), freshness.Wanted, cancellationToken), freshness);

    private static async Task<IResult> ExportAsync(string run, Caller caller, EpisodeStore episodes, CancellationToken cancellationToken)
    {
        var episode = await episodes.ExportAsync(caller.Tenant, Ids.Require("run", run), cancellationToken);
        return Results.Bytes(episode.ToJson(), "application/json; charset=utf-8", $"episode-{run}.json");
    }

    private static async Task<Ok<ReplayReport>> ReplayAsync(string run, Caller caller, EpisodeStore episodes, Replayer replayer, CancellationToken cancellationToken)
    {
        var episode = await episodes.ExportAsync(caller.Tenant, Ids.Require("run", run), cancellationToken);
        return TypedResults.Ok(await replayer.ReplayAsync(episode, cancellationToken));
    }

    private static async Task<IResult> ReplayFileAsync(Caller caller, HttpContext context, Replayer replayer, CancellationToken cancellationToken)
    {
        var (buffer, length) = await RequestBytes.ReadAsync(context);
        Episode episode;
        try
        {
            if (!Utf8.IsValid(buffer.AsSpan(0, length)))
            {
                throw new ProblemException(400, "malformed-json", "The body is not valid UTF-8.", "Send the file as the export wrote it.");
            }

            episode = Episode.FromJson(buffer.AsSpan(0, length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return episode.Tenant == caller.Tenant
            ? TypedResults.Ok(await replayer.ReplayAsync(episode, cancellationToken))
            : throw new ProblemException(403, "tenant-mismatch", "The episode is of another tenant than the API key.", "Replay it with a key of its tenant.");
    }

    private static async Task<IResult> ForkAsync(string run, JsonBody<ForkBody> body, Caller caller, HttpContext context, Forker forker, RunEngine engine, IEventStore log, RequestsInFlight inFlight, Settings settings, CancellationToken cancellationToken)
    {
        Ids.Require("run", run);
        var key = IdempotencyKey.Require(context);
        var wait = Preference.Of(context.Request, settings.MaxWait);
        using var entry = inFlight.Enter(caller.Tenant, key);
        var (step, prompt, tier, model, _) = body.Value;
        var accepted = await forker.ForkAsync(new(run, step, prompt, tier, model), new(caller.Tenant, caller.Actor, key, Correlation.Of(context)), CancellationToken.None);
        var location = "/v1/runs/" + accepted.Run;
        if (wait.Time > TimeSpan.Zero)
        {
            try
            {
                var completed = await engine.ExecuteAsync(caller.Tenant, accepted.Run, cancellationToken).WaitAsync(wait.Time, cancellationToken);
                Freshness.Answer(context, await log.GetHeadAsync(cancellationToken));
                return TypedResults.Created(location, new ForkView(accepted.Run, run, step, completed.Outcome, completed.Answer, completed.Citations, location));
            }
            catch (TimeoutException)
            {
                // The fork takes longer than the request may wait; it goes on.
            }
        }

        if (wait.Applied is { } applied)
        {
            context.Response.Headers["Preference-Applied"] = applied;
        }

        Freshness.Answer(context, accepted.Position);
        return TypedResults.Accepted(location, new ForkView(accepted.Run, run, step, null, null, [], location));
    }
}
