using System.Text.Json;
using AIaaS.Api.Http;
using AIaaS.Api.OpenApi;
using AIaaS.Commands.Agents;
using Microsoft.AspNetCore.Http.HttpResults;

namespace AIaaS.Api.Agents;

/// <summary>The workflows that can run now.</summary>
/// <param name="Workflows">By name.</param>
internal sealed record WorkflowList(IReadOnlyList<WorkflowSummary> Workflows);

/// <summary>A workflow in a list.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Description">What it is for.</param>
/// <param name="Hash">SHA-256 (hex) of its canonical form: what runs pin.</param>
/// <param name="Nodes">How many nodes it has.</param>
internal sealed record WorkflowSummary(string Name, string Description, string Hash, int Nodes);

/// <summary>A workflow.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Description">What it is for.</param>
/// <param name="Hash">SHA-256 (hex) of its canonical form: what runs pin.</param>
/// <param name="Definition">The workflow.</param>
/// <param name="Canonical">Its canonical form, from which the hash is made.</param>
internal sealed record WorkflowView(string Name, string Description, string Hash, JsonElement Definition, string Canonical);

/// <summary>What agents can do.</summary>
internal static class WorkflowEndpoints
{
    private const string Summary = """{ "name": "faq_handling", "description": "Answers questions from the tenant's articles.", "hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "nodes": 6 }""";

    private const string ViewExample = """
        {
          "name": "faq_handling", "description": "Answers questions from the tenant's articles.", "hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
          "definition": {
            "name": "faq_handling", "description": "Answers questions from the tenant's articles.", "limits": { "steps": 25, "costUsd": 0.10, "stepMs": 5000, "stepTokens": 10000 },
            "fallback": "A colleague will answer you here.", "nodes": [ { "type": "start", "id": "start", "next": "search", "maxVisits": null, "exhausted": null } ]
          },
          "canonical": "{}"
        }
        """;

    public static void Map(RouteGroupBuilder v1)
    {
        var workflows = v1.MapGroup("/workflows").WithTags("Workflows");
        workflows.MapGet("", List)
            .Describe("listWorkflows", "List workflows", "Those that can run now, each with the hash that runs pin.")
            .ForTenants(Scopes.WorkflowsRead).Example(response: $$"""{ "workflows": [ {{Summary}} ] }""");
        workflows.MapGet("/{workflow}", GetAsync)
            .Describe("getWorkflow", "Get a workflow", "The version that runs now, or with `hash` one that ran before.")
            .ForTenants(Scopes.WorkflowsRead)
            .Query("hash", "string", "A version that a run pinned.", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")
            .Example(response: ViewExample);
        workflows.MapGet("/{workflow}/source", GetSource)
            .Describe("getWorkflowSource", "Get a workflow's source", "The YAML of the version that runs now, comments and all: a start for one of your own.")
            .ForTenants(Scopes.WorkflowsRead)
            .Produces<string>(200, "application/yaml")
            .Example(response: "\"workflow: faq_handling\\nnodes:\\n  - { id: start, type: start, next: retrieve }\\n\"");
    }

    private static ContentHttpResult GetSource(string workflow, WorkflowCatalog catalog) =>
        TypedResults.Text(catalog.FindSource(Ids.Require("workflow", workflow)) ?? throw Problems.NotFound("workflow", workflow), "application/yaml; charset=utf-8");

    private static Ok<WorkflowList> List(WorkflowCatalog catalog) =>
        TypedResults.Ok(new WorkflowList([.. catalog.All.Select(w => new WorkflowSummary(w.Name, w.Description, w.Hash, w.Nodes.Length))]));

    private static async Task<Ok<WorkflowView>> GetAsync(string workflow, WorkflowCatalog catalog, HttpContext context, CancellationToken cancellationToken)
    {
        var query = new QueryReader(context);
        var hash = query.Text("hash");
        query.Done();
        Ids.Require("workflow", workflow);
        var found = hash is null ? catalog.Find(workflow) : await catalog.FindVersionAsync(workflow, hash, cancellationToken);
        return found?.Name == workflow
            ? TypedResults.Ok(new WorkflowView(found.Name, found.Description, found.Hash, Parse(found.Canonical), found.Canonical))
            : throw Problems.NotFound("workflow", workflow);
    }

    private static JsonElement Parse(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }
}
