using System.Collections.Immutable;
using System.Text.Json;
using AIaaS.Api.Http;
using AIaaS.Api.OpenApi;
using AIaaS.Commands.Agents;
using AIaaS.Domain.Agents;
using AIaaS.EventStore;
using AIaaS.Projections.Agents;
using AIaaS.Queries;
using AIaaS.Queries.Agents;
using Microsoft.AspNetCore.Http.HttpResults;

namespace AIaaS.Api.Agents;

/// <summary>What agents can do: the workflows of a tenant, their versions, and how they are drawn.</summary>
internal static class WorkflowEndpoints
{
    private const string Hash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

    private const string Summary = $$"""{ "name": "faq_handling", "description": "Answers questions from the tenant's articles.", "hash": "{{Hash}}", "nodes": 6 }""";

    private const string ViewExample = $$"""
        {
          "name": "faq_handling", "description": "Answers questions from the tenant's articles.", "hash": "{{Hash}}",
          "definition": {
            "name": "faq_handling", "description": "Answers questions from the tenant's articles.", "limits": { "steps": 25, "costUsd": 0.10, "stepMs": 5000, "stepTokens": 10000 },
            "fallback": "A colleague will answer you here.", "nodes": [ { "type": "start", "id": "start", "next": "search", "maxVisits": null, "exhausted": null } ]
          },
          "canonical": "{}"
        }
        """;

    private const string SourceExample = """{ "source": "workflow: thank_you\nnodes:\n  - { id: start, type: start, next: done }\n  - { id: done, type: end, outcome: answered, text: Thank you. }\n", "activate": true, "reason": "a first workflow" }""";

    private const string ChangeExample = $$"""{ "version": "{{Hash}}", "activated": { "thank_you": "{{Hash}}" }, "warnings": [] }""";

    private const string FragmentExample = """{ "source": "fragment: search\nexits: [ found, nothing ]\nnodes:\n  - { id: find, type: retrieve, next: found, empty: nothing }\n", "reason": "shared by two workflows" }""";

    private const string OverlayExample = """{ "source": "overlay: faq_handling\nlimits: { cost_usd: 0.05 }\nchange:\n  answer: { tier: SLM_B }\n", "reason": "a stronger model" }""";

    public static void Map(RouteGroupBuilder v1)
    {
        var workflows = v1.MapGroup("/workflows").WithTags("Workflows");
        workflows.MapGet("", ListAsync)
            .Describe("listWorkflows", "List workflows", "Those that can run now, each with the hash that runs pin.")
            .ForTenants(Scopes.WorkflowsRead).Example(response: $$"""{ "workflows": [ {{Summary}} ] }""");
        workflows.MapGet("/schema", GetSchema)
            .Describe("getWorkflowSchema", "Get the schema of the workflow language", "JSON Schema (draft 2020-12) of workflows, fragments and overlays, for editors and checks.")
            .ForTenants(Scopes.WorkflowsRead)
            .Produces<JsonElement>(200, "application/schema+json")
            .Example(response: """{ "$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "urn:aiaas:schema:workflow:1" }""");
        workflows.MapGet("/{workflow}", GetAsync)
            .Describe("getWorkflow", "Get a workflow", "The version that runs now, or with `hash` one that ran before.")
            .ForTenants(Scopes.WorkflowsRead)
            .Query("hash", "string", "A version that a run pinned.", Hash)
            .Example(response: ViewExample);
        workflows.MapGet("/{workflow}/source", GetSourceAsync)
            .Describe("getWorkflowSource", "Get a workflow's source", "The YAML that the version that runs now comes from, comments and all: a start for one of your own.")
            .ForTenants(Scopes.WorkflowsRead)
            .Produces<string>(200, "application/yaml")
            .Example(response: "\"workflow: faq_handling\\nnodes:\\n  - { id: start, type: start, next: retrieve }\\n\"");
        workflows.MapGet("/{workflow}/versions", VersionsAsync)
            .Describe("listWorkflowVersions", "List the versions of a workflow", "Newest first. A version is the hash of the workflow with everything that it uses; it never changes.")
            .ForTenants(Scopes.WorkflowsRead)
            .Example(response: $$"""{ "versions": [ { "version": "{{Hash}}", "workflow": "faq_handling", "publishedAt": "2026-01-31T09:30:00+00:00", "active": true } ] }""");
        workflows.MapGet("/{workflow}/graph", GraphAsync)
            .Describe("getWorkflowGraph", "Draw a workflow", "As SVG or as Mermaid text; with `run` the path that a run took is highlighted, on the version that it pinned.")
            .ForTenants(Scopes.WorkflowsRead)
            .Query("format", "string", "svg or mermaid. Default: svg.", "svg", choices: ["svg", "mermaid"])
            .Query("version", "string", "A version; without it the one that runs now.", Hash)
            .Query("run", "string", "A run of the workflow.", "019c1d2e3f4a7b8c9d0e1f2a3b4c5d6f")
            .Produces<string>(200, "image/svg+xml")
            .Example(response: "\"<svg xmlns=\\\"http://www.w3.org/2000/svg\\\"/>\"");
        workflows.MapPost("/{workflow}/validate", ValidateAsync)
            .Describe("validateWorkflow", "Check a source", "Compiles a workflow, fragment or overlay with everything that it touches, and names each fault with line, column and a hint. It changes nothing.")
            .ForTenants(Scopes.WorkflowsRead)
            .Example(SourceExample, $$"""{ "valid": true, "kind": "workflow", "name": "thank_you", "version": "{{Hash}}", "faults": [], "warnings": [] }""");
        workflows.MapPut("/{workflow}", PutAsync)
            .Describe("putWorkflow", "Publish a workflow", "Checks, links and publishes a workflow of your own; one of the same name takes a shipped one's place. Runs that have begun stay on their version. The same source again changes nothing.")
            .ForTenants(Scopes.WorkflowsWrite).Problem(409, 422)
            .Example(SourceExample, ChangeExample);
        workflows.MapPost("/{workflow}/activate", ActivateAsync)
            .Describe("activateWorkflow", "Activate a version", "New runs are of this version from here on.")
            .ForTenants(Scopes.WorkflowsWrite).Idempotent()
            .Example($$"""{ "version": "{{Hash}}", "reason": "tested" }""", ChangeExample);
        workflows.MapPost("/{workflow}/rollback", RollBackAsync)
            .Describe("rollBackWorkflow", "Go back to the version before", "Activates the version that was active before this one; in the end the shipped one.")
            .ForTenants(Scopes.WorkflowsWrite).Idempotent()
            .Example("""{ "reason": "it hands off too much" }""", ChangeExample);

        workflows.MapPost("/{workflow}/dry-run", DryRunAsync)
            .Describe("dryRunWorkflow", "Try a source on recorded runs", "Executes the candidate on episodes without any effect. What it asks models, tools and the search for exactly as it was asked then is answered from the record; anything else is named as what it would do, and ends that episode's dry run.")
            .ForTenants(Scopes.WorkflowsRead).Problem(404, 422, 503)
            .Example(
                """{ "source": "workflow: thank_you\nnodes:\n  - { id: start, type: start, next: done }\n  - { id: done, type: end, outcome: answered, text: Thank you. }\n", "last": 10 }""",
                $$"""{ "version": "{{Hash}}", "same": 0, "other": 0, "diverging": 1, "episodes": [ { "run": "019c1d2e3f4a7b8c9d0e1f2a3b4c5d6f", "result": "Diverges", "step": "answer", "recorded": "Answered: answered", "candidate": null, "detail": "The candidate would ask the model 'offline-a' for something that was not asked then.", "wouldCall": [ { "step": "answer", "kind": "model", "name": "offline-a", "request": "{}" } ], "path": [ "start" ] } ], "warnings": [] }""");
        MapDocuments(v1, "fragment", WorkflowDocumentKind.Fragment, FragmentExample);
        MapDocuments(v1, "overlay", WorkflowDocumentKind.Overlay, OverlayExample);
        var runs = v1.MapGroup("/runs").WithTags("Runs");
        runs.MapPost("/{run}/move", MoveAsync)
            .Describe("moveRun", "Move a run to another version", "An open run goes on on another version of its workflow, where that has the steps that the run stands at and has been at, and everything that it can still read. Otherwise every reason is named.")
            .ForTenants(Scopes.RunsWrite).Idempotent().Problem(404, 409, 422)
            .Example($$"""{ "version": "{{Hash}}", "reason": "the refund step was wrong" }""", $$"""{ "run": "019c1d2e3f4a7b8c9d0e1f2a3b4c5d6f", "from": "{{Hash}}", "version": "{{Hash}}" }""");
        runs.MapGet("/{run}/graph", RunGraphAsync)
            .Describe("getRunGraph", "Draw the path of a run", "The run's workflow, in the version that it pinned, with the path that the run took.")
            .ForTenants(Scopes.RunsRead)
            .Query("format", "string", "svg or mermaid. Default: svg.", "svg", choices: ["svg", "mermaid"])
            .Produces<string>(200, "image/svg+xml")
            .Example(response: "\"<svg xmlns=\\\"http://www.w3.org/2000/svg\\\"/>\"");
    }

    /// <summary>The faults of a source as a problem: each with its file, line and column.</summary>
    internal static ProblemException Faulty(ImmutableArray<WorkflowFault> faults) => new(
        422,
        "invalid-workflow",
        faults.Length == 1 ? faults[0].ToString() : $"The source has {faults.Length} faults.",
        "See 'errors' for each of them.",
        [.. faults.Take(200).Select(f => new Fault("/source", f.Message, f.Hint, f.File, f.Line, f.Column))]);

    private static void MapDocuments(RouteGroupBuilder v1, string word, WorkflowDocumentKind kind, string example)
    {
        var title = char.ToUpperInvariant(word[0]) + word[1..];
        var group = v1.MapGroup($"/workflow-{word}s").WithTags("Workflows");
        group.MapGet("", (Caller caller, WorkflowService service, CancellationToken cancellationToken) => SourcesAsync(kind, caller, service, cancellationToken))
            .Describe($"listWorkflow{title}s", $"List {word}s", kind == WorkflowDocumentKind.Fragment ? "Your own and those that are there for all: nodes that workflows can use." : "Your own: changes to workflows, shipped ones too.")
            .ForTenants(Scopes.WorkflowsRead)
            .Example(response: $$"""{ "items": [ { "name": "search", "own": true, "source": "{{word}}: search\n" } ] }""");
        group.MapPut("/{name}", (string name, JsonBody<WorkflowBody> body, Caller caller, WorkflowService service, HttpContext context, CancellationToken cancellationToken) => PutDocumentAsync(kind, name, body, caller, service, context, cancellationToken))
            .Describe($"putWorkflow{title}", $"Add or replace {(word[0] == 'o' ? "an" : "a")} {word}", "Everything that it touches is compiled first; the workflows that it changes are published and activated.")
            .ForTenants(Scopes.WorkflowsWrite).Problem(409, 422)
            .Example(example, ChangeExample);
        group.MapDelete("/{name}", (string name, Caller caller, WorkflowService service, HttpContext context, CancellationToken cancellationToken) => RemoveAsync(kind, name, caller, service, context, cancellationToken))
            .Describe($"removeWorkflow{title}", $"Remove {(word[0] == 'o' ? "an" : "a")} {word}", "The workflows that it changed are published and activated without it.")
            .ForTenants(Scopes.WorkflowsWrite).Problem(409, 422)
            .Example(response: ChangeExample);
    }

    private static async Task<Ok<DryRunView>> DryRunAsync(string workflow, JsonBody<DryRunBody> body, Caller caller, WorkflowService service, DryRunner runner, RunQueries queries, CancellationToken cancellationToken)
    {
        Ids.Require("workflow", workflow);
        var check = await service.CheckAsync(caller.Tenant, body.Value.Source, cancellationToken);
        if (!check.Faults.IsEmpty || check.Workflow is not { } candidate)
        {
            throw check.Faults.IsEmpty
                ? new ProblemException(422, "nothing-to-run", "A fragment cannot be run by itself.", "Send a workflow, or an overlay of one.")
                : Faulty(check.Faults);
        }

        var runs = body.Value.Runs ?? [.. (await queries.ListAsync(caller.Tenant, new RunFilter { Status = RunStatus.Completed, Workflow = workflow }, new PageRequest { Limit = body.Value.Last ?? 10 }, default, cancellationToken)).Value!.Items.Select(r => r.Run)];
        List<DryRunEpisode> episodes = [];
        foreach (var run in runs.Distinct())
        {
            episodes.Add(await runner.RunAsync(caller.Tenant, run, candidate, cancellationToken));
        }

        int Count(DryRunResult result) => episodes.Count(e => e.Result == result);
        return TypedResults.Ok(new DryRunView(candidate.Hash, Count(DryRunResult.Same), Count(DryRunResult.OtherOutcome), Count(DryRunResult.Diverges), episodes, check.Warnings));
    }

    private static async Task<Ok<MoveRunView>> MoveAsync(string run, JsonBody<MoveRunBody> body, Caller caller, RunMover mover, HttpContext context)
    {
        var moved = await mover.MoveAsync(new(Ids.Require("run", run), body.Value.Version, body.Value.Reason), As(caller, context), CancellationToken.None);
        Freshness.Answer(context, moved.Position);
        return TypedResults.Ok(new MoveRunView(moved.Run, moved.From, moved.Version));
    }

    private static ContentHttpResult GetSchema() => TypedResults.Text(WorkflowSchema.Text, "application/schema+json; charset=utf-8");

    private static async Task<Ok<WorkflowList>> ListAsync(Caller caller, WorkflowService service, CancellationToken cancellationToken) =>
        TypedResults.Ok(new WorkflowList([.. (await service.ListAsync(caller.Tenant, cancellationToken)).Select(w => new WorkflowSummary(w.Name, w.Description, w.Hash, w.Nodes.Length))]));

    private static async Task<Ok<WorkflowView>> GetAsync(string workflow, Caller caller, WorkflowCatalog catalog, HttpContext context, CancellationToken cancellationToken)
    {
        var query = new QueryReader(context);
        var hash = query.Text("hash");
        query.Done();
        var found = await FindAsync(workflow, hash, caller, catalog, cancellationToken);
        return TypedResults.Ok(new WorkflowView(found.Name, found.Description, found.Hash, Parse(found.Canonical), found.Canonical));
    }

    private static async Task<ContentHttpResult> GetSourceAsync(string workflow, Caller caller, WorkflowService service, CancellationToken cancellationToken) =>
        TypedResults.Text(await service.FindSourceAsync(caller.Tenant, Ids.Require("workflow", workflow), cancellationToken) ?? throw Problems.NotFound("workflow", workflow), "application/yaml; charset=utf-8");

    private static async Task<Ok<WorkflowVersionList>> VersionsAsync(string workflow, Caller caller, WorkflowService service, CancellationToken cancellationToken)
    {
        var versions = await service.VersionsAsync(caller.Tenant, Ids.Require("workflow", workflow), cancellationToken);
        return versions.Count == 0 ? throw Problems.NotFound("workflow", workflow) : TypedResults.Ok(new WorkflowVersionList(versions));
    }

    private static async Task<IResult> GraphAsync(string workflow, Caller caller, WorkflowCatalog catalog, EpisodeStore episodes, EventTypes types, HttpContext context, CancellationToken cancellationToken)
    {
        var query = new QueryReader(context);
        var format = query.Text("format");
        Check(query, format);
        var (version, run) = (query.Text("version"), query.Text("run"));
        query.Done();
        Ids.Require("workflow", workflow);
        if (run is null)
        {
            return Drawn(await FindAsync(workflow, version, caller, catalog, cancellationToken), null, format);
        }

        var (drawn, path) = await PathAsync(run, caller, episodes, types, cancellationToken);
        return drawn.Name != workflow ? throw Problems.NotFound("run of this workflow", run)
            : Drawn(version is null ? drawn : await FindAsync(workflow, version, caller, catalog, cancellationToken), path, format);
    }

    private static async Task<IResult> RunGraphAsync(string run, Caller caller, EpisodeStore episodes, EventTypes types, HttpContext context, CancellationToken cancellationToken)
    {
        var query = new QueryReader(context);
        var format = query.Text("format");
        Check(query, format);
        query.Done();
        var (drawn, path) = await PathAsync(run, caller, episodes, types, cancellationToken);
        return Drawn(drawn, path, format);
    }

    private static void Check(QueryReader query, string? format)
    {
        if (format is not (null or "svg" or "mermaid"))
        {
            query.Fault("format", "must be 'svg' or 'mermaid'");
        }
    }

    private static async Task<(Workflow Workflow, RunPath Path)> PathAsync(string run, Caller caller, EpisodeStore episodes, EventTypes types, CancellationToken cancellationToken)
    {
        var episode = await episodes.ExportAsync(caller.Tenant, Ids.Require("run", run), cancellationToken);
        var canonical = episode.Workflow ?? throw new ProblemException(409, "run-not-started", "The run has not started, so that it has pinned no workflow yet.", "Try again in a moment.");
        return (Workflow.Read(canonical), RunPath.Of(episode.Events.Where(e => types.Knows(e.Type)).Select(e => types.Read(e.Type, e.Data.Span)).OfType<DomainEvent>()));
    }

    private static IResult Drawn(Workflow workflow, RunPath? path, string? format) => format == "mermaid"
        ? TypedResults.Text(WorkflowDrawing.ToMermaid(workflow, path), "text/vnd.mermaid; charset=utf-8")
        : TypedResults.Text(WorkflowDrawing.ToSvg(workflow, path), "image/svg+xml; charset=utf-8");

    private static async Task<Ok<WorkflowCheckView>> ValidateAsync(string workflow, JsonBody<WorkflowBody> body, Caller caller, WorkflowService service, CancellationToken cancellationToken)
    {
        Ids.Require("workflow", workflow);
        var check = await service.CheckAsync(caller.Tenant, body.Value.Source, cancellationToken);
        return TypedResults.Ok(new WorkflowCheckView(check.Faults.IsEmpty, check.Kind.ToString().ToLowerInvariant(), check.Name, check.Workflow?.Hash, check.Faults, check.Warnings));
    }

    private static Task<Ok<WorkflowChangeView>> PutAsync(string workflow, JsonBody<WorkflowBody> body, Caller caller, WorkflowService service, HttpContext context, CancellationToken cancellationToken) =>
        PutDocumentAsync(WorkflowDocumentKind.Workflow, workflow, body, caller, service, context, cancellationToken);

    private static async Task<Ok<WorkflowChangeView>> PutDocumentAsync(WorkflowDocumentKind kind, string name, JsonBody<WorkflowBody> body, Caller caller, WorkflowService service, HttpContext context, CancellationToken cancellationToken)
    {
        if (!WorkflowService.IsName(name))
        {
            throw new ProblemException(400, "invalid-id", "The name cannot be used.", "Use up to 60 lower-case letters, digits and '_', beginning with a letter.");
        }

        return Answer(await service.PutAsync(kind, name, body.Value.Source, body.Value.Activate, body.Value.Reason ?? "published", As(caller, context), cancellationToken), context);
    }

    private static async Task<Ok<WorkflowChangeView>> RemoveAsync(WorkflowDocumentKind kind, string name, Caller caller, WorkflowService service, HttpContext context, CancellationToken cancellationToken) =>
        Answer(await service.RemoveAsync(kind, Ids.Require(kind.ToString().ToLowerInvariant(), name), "removed", As(caller, context), cancellationToken), context);

    private static async Task<Ok<WorkflowChangeView>> ActivateAsync(string workflow, JsonBody<ActivateWorkflowBody> body, Caller caller, WorkflowService service, HttpContext context) =>
        Answer(await service.ActivateAsync(Ids.Require("workflow", workflow), body.Value.Version, body.Value.Reason, As(caller, context), CancellationToken.None), context);

    private static async Task<Ok<WorkflowChangeView>> RollBackAsync(string workflow, JsonBody<RollBackWorkflowBody> body, Caller caller, WorkflowService service, HttpContext context) =>
        Answer(await service.RollBackAsync(Ids.Require("workflow", workflow), body.Value.Reason, As(caller, context), CancellationToken.None), context);

    private static async Task<Ok<WorkflowSourceList>> SourcesAsync(WorkflowDocumentKind kind, Caller caller, WorkflowService service, CancellationToken cancellationToken) =>
        TypedResults.Ok(new WorkflowSourceList(kind == WorkflowDocumentKind.Fragment
            ? [.. (await service.FragmentsAsync(caller.Tenant, cancellationToken)).Select(f => new WorkflowSourceView(f.Name, f.Own, f.Source))]
            : [.. (await service.DocumentsAsync(caller.Tenant, kind, cancellationToken)).Select(d => new WorkflowSourceView(d.Name, true, d.Source))]));

    private static async Task<Workflow> FindAsync(string workflow, string? version, Caller caller, WorkflowCatalog catalog, CancellationToken cancellationToken)
    {
        Ids.Require("workflow", workflow);
        var found = version is null ? await catalog.FindAsync(caller.Tenant, workflow, cancellationToken) : await catalog.FindVersionAsync(caller.Tenant, workflow, version, cancellationToken);
        return found?.Name == workflow ? found : throw Problems.NotFound(version is null ? "workflow" : "version of the workflow", version ?? workflow);
    }

    private static Ok<WorkflowChangeView> Answer(WorkflowChange change, HttpContext context)
    {
        Freshness.Answer(context, change.Position);
        return TypedResults.Ok(new WorkflowChangeView(change.Version, change.Activated, change.Warnings));
    }

    private static CommandContext As(Caller caller, HttpContext context) => new(caller.Tenant, caller.Actor, null, Correlation.Of(context));

    private static JsonElement Parse(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }
}
