using System.Text.Json;
using System.Text.Json.Serialization;
using AIaaS.Api.Http;
using AIaaS.Commands.Agents;

namespace AIaaS.Api.Agents;

/// <summary>The workflows that can run now.</summary>
/// <param name="Workflows">By name.</param>
internal sealed record WorkflowList(IReadOnlyList<WorkflowSummary> Workflows);

/// <summary>A workflow in a list.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Description">What it is for.</param>
/// <param name="Hash">SHA-256 (hex) of its canonical form: what runs pin.</param>
/// <param name="Nodes">How many nodes it has, those of what it uses among them.</param>
internal sealed record WorkflowSummary(string Name, string Description, string Hash, int Nodes);

/// <summary>A workflow.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Description">What it is for.</param>
/// <param name="Hash">SHA-256 (hex) of its canonical form: what runs pin.</param>
/// <param name="Definition">The workflow.</param>
/// <param name="Canonical">Its canonical form, from which the hash is made.</param>
internal sealed record WorkflowView(string Name, string Description, string Hash, JsonElement Definition, string Canonical);

/// <summary>A source in the workflow language.</summary>
/// <param name="Source">The YAML, at most 131,072 characters.</param>
/// <param name="Activate">Of a workflow: whether new runs are of the new version.</param>
/// <param name="Reason">Why; kept with the activation.</param>
/// <param name="Tenant">May name the caller's own tenant; better left out.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record WorkflowBody(string Source, bool Activate = true, string? Reason = null, string? Tenant = null) : IValidated, INamesTenant
{
    public void Validate(Faults faults) => faults.Text("/reason", Reason, 0, 500);
}

/// <summary>The version to activate.</summary>
/// <param name="Version">Its hash.</param>
/// <param name="Reason">Why.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record ActivateWorkflowBody(string Version, string Reason) : IValidated
{
    public void Validate(Faults faults)
    {
        faults.Id("/version", Version);
        faults.Text("/reason", Reason, 1, 500);
    }
}

/// <summary>Going back to the version before.</summary>
/// <param name="Reason">Why.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record RollBackWorkflowBody(string Reason) : IValidated
{
    public void Validate(Faults faults) => faults.Text("/reason", Reason, 1, 500);
}

/// <summary>What a check found.</summary>
/// <param name="Valid">Whether it could be published.</param>
/// <param name="Kind">workflow, fragment or overlay.</param>
/// <param name="Name">Its name; of an overlay the workflow that it changes.</param>
/// <param name="Version">The version that it would be; null of a fragment, and where there are faults.</param>
/// <param name="Faults">Everything that is wrong, in the order of the source.</param>
/// <param name="Warnings">What is possible, but probably not meant.</param>
internal sealed record WorkflowCheckView(bool Valid, string Kind, string Name, string? Version, IReadOnlyList<WorkflowFault> Faults, IReadOnlyList<string> Warnings);

/// <summary>What a change did.</summary>
/// <param name="Version">The version that was published or activated; null of a fragment.</param>
/// <param name="Activated">The workflows that have another version now, with that version.</param>
/// <param name="Warnings">What is possible, but probably not meant.</param>
internal sealed record WorkflowChangeView(string? Version, IReadOnlyDictionary<string, string> Activated, IReadOnlyList<string> Warnings);

/// <summary>The versions of a workflow.</summary>
/// <param name="Versions">Newest first.</param>
internal sealed record WorkflowVersionList(IReadOnlyList<WorkflowVersion> Versions);

/// <summary>Fragments or overlays.</summary>
/// <param name="Items">By name.</param>
internal sealed record WorkflowSourceList(IReadOnlyList<WorkflowSourceView> Items);

/// <summary>A fragment or an overlay.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Own">Whether it is the tenant's own; false: it is there for all.</param>
/// <param name="Source">The YAML.</param>
internal sealed record WorkflowSourceView(string Name, bool Own, string Source);

/// <summary>A candidate, and the episodes to run it on.</summary>
/// <param name="Source">The YAML of the candidate.</param>
/// <param name="Runs">The runs whose episodes are used, 1 to 50; null for the last ones.</param>
/// <param name="Last">How many of the workflow's last runs, 1 to 50. Default: 10.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record DryRunBody(string Source, IReadOnlyList<string>? Runs = null, int? Last = null) : IValidated
{
    public const int Most = 50;

    public void Validate(Faults faults)
    {
        if (Runs is not null && Last is not null)
        {
            faults.Add("/last", "is given beside 'runs'; give one of them");
        }

        if (Runs is { Count: 0 or > Most })
        {
            faults.Add("/runs", $"has {Runs.Count} entries; 1 to {Most} are possible");
        }

        for (var i = 0; i < Math.Min(Runs?.Count ?? 0, Most); i++)
        {
            faults.Id($"/runs/{i}", Runs![i]);
        }

        if (Last is < 1 or > Most)
        {
            faults.Add("/last", $"is {Last}; 1 to {Most} are possible");
        }
    }
}

/// <summary>What a dry run found.</summary>
/// <param name="Version">The version that the candidate would be.</param>
/// <param name="Same">Episodes that end as they did.</param>
/// <param name="Other">Episodes that end otherwise.</param>
/// <param name="Diverging">Episodes where the candidate would do what was not done then.</param>
/// <param name="Episodes">Each of them.</param>
/// <param name="Warnings">What is possible, but probably not meant.</param>
internal sealed record DryRunView(string Version, int Same, int Other, int Diverging, IReadOnlyList<DryRunEpisode> Episodes, IReadOnlyList<string> Warnings);

/// <summary>The version to move a run to.</summary>
/// <param name="Version">Its hash.</param>
/// <param name="Reason">Why.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record MoveRunBody(string Version, string Reason) : IValidated
{
    public void Validate(Faults faults)
    {
        faults.Id("/version", Version);
        faults.Text("/reason", Reason, 1, 500);
    }
}

/// <summary>A run that was moved.</summary>
/// <param name="Run">The run.</param>
/// <param name="From">The version before.</param>
/// <param name="Version">The version now.</param>
internal sealed record MoveRunView(string Run, string From, string Version);
