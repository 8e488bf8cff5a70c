using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json;
using AIaaS.Domain.Agents;
using AIaaS.Domain.Tenants;
using AIaaS.EventStore;

namespace AIaaS.Commands.Agents;

/// <summary>Where workflows come from (configuration section <c>Workflows</c>).</summary>
public sealed record WorkflowOptions
{
    /// <summary>A folder whose <c>*.yaml</c> files are loaded beside the shipped workflows; one of the same name takes a shipped one's place. Null: none.</summary>
    public string? Folder { get; init; }
}

/// <summary>The workflows that can run now, and every version that ran before: each version is kept in the log, so that old episodes replay.</summary>
public sealed class WorkflowCatalog
{
    private readonly TimeProvider time;
    private readonly Publisher publisher;
    private readonly FrozenDictionary<string, Workflow> current;
    private readonly Dictionary<string, string> yamls = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Workflow> byHash = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> published = new(StringComparer.Ordinal);

    /// <summary>Loads the shipped workflows and those of the folder.</summary>
    /// <exception cref="InvalidWorkflowException">A source has faults; it lists all of them, of all files.</exception>
    public WorkflowCatalog(IEventStore log, EventTypes types, IdSource ids, TimeProvider time, WorkflowOptions? options = null)
        : this(log, types, ids, time, [.. WorkflowFiles.Shipped, .. WorkflowFiles.In(options?.Folder)])
    {
    }

    internal WorkflowCatalog(IEventStore log, EventTypes types, IdSource ids, TimeProvider time, IEnumerable<(string File, string Yaml)> sources)
        : this(log, types, ids, time, [.. WorkflowFiles.Shipped.Where(d => d.Kind == WorkflowDocumentKind.Fragment), .. sources.Select(s => WorkflowDocument.Read(s.File, s.Yaml))])
    {
    }

    private WorkflowCatalog(IEventStore log, EventTypes types, IdSource ids, TimeProvider time, ImmutableArray<WorkflowDocument> documents)
    {
        this.time = time;
        publisher = new(log, types, ids);
        var loaded = new Dictionary<string, Workflow>(StringComparer.Ordinal);
        var compiler = new WorkflowCompiler(documents, null, null);
        var faults = documents.SelectMany(d => d.Faults).Concat(compiler.CompileAll().SelectMany(c => c.Faults)).Distinct().ToImmutableArray();
        if (!faults.IsEmpty)
        {
            throw new InvalidWorkflowException(faults);
        }

        foreach (var workflow in compiler.CompileAll())
        {
            loaded[workflow.Document.Name] = workflow.Linked!;
            yamls[workflow.Document.Name] = workflow.Document.Yaml;
        }

        current = loaded.ToFrozenDictionary(StringComparer.Ordinal);
        foreach (var workflow in loaded.Values)
        {
            byHash[workflow.Hash] = workflow;
        }
    }

    /// <summary>The workflows that can run now, by name.</summary>
    public IReadOnlyList<Workflow> All => [.. current.Values.OrderBy(w => w.Name, StringComparer.Ordinal)];

    /// <summary>The version of a workflow that runs now; null where there is no such workflow.</summary>
    public Workflow? Find(string name) => current.GetValueOrDefault(name);

    /// <summary>The YAML, comments and all, that the version that runs now was loaded from; null where there is no such workflow.</summary>
    public string? FindSource(string name) => yamls.GetValueOrDefault(name);

    /// <summary>The workflow that runs now.</summary>
    /// <exception cref="DomainException">There is none of that name.</exception>
    public Workflow Get(string name) => Find(name) ?? throw new DomainException(RunErrors.UnknownWorkflow(name, [.. current.Keys.Order(StringComparer.Ordinal)]));

    /// <summary>The version that a run pinned; null where the log does not hold it.</summary>
    public async Task<Workflow?> FindVersionAsync(string name, string hash, CancellationToken cancellationToken = default)
    {
        if (byHash.TryGetValue(hash, out var known))
        {
            return known;
        }

        if (EventStoreLimits.NameFault(name) is not null)
        {
            return null;
        }

        var kept = await publisher.LoadAsync(WorkflowPublications.Stream(name), cancellationToken);
        if (!kept.State.Definitions.TryGetValue(hash, out var definition))
        {
            return null;
        }

        try
        {
            var workflow = Workflow.Read(definition);
            return byHash.GetOrAdd(hash, workflow);
        }
        catch (JsonException)
        {
            // A form that this version of the program cannot read is as good as none; the caller says so.
            return null;
        }
    }

    /// <summary>Keeps a version in the log before the first run of it; later calls cost nothing.</summary>
    internal ValueTask PublishAsync(Workflow workflow, CancellationToken cancellationToken) =>
        published.ContainsKey(workflow.Hash) ? ValueTask.CompletedTask : new(PublishOnceAsync(workflow, cancellationToken));

    private async Task PublishOnceAsync(Workflow workflow, CancellationToken cancellationToken)
    {
        await publisher.HandleAsync(new PublishWorkflow(workflow, time.GetUtcNow()), new CommandContext(Tenant.Platform, "workflows"), cancellationToken);
        published[workflow.Hash] = true;
    }

    private sealed class Publisher : CommandService<WorkflowPublications>
    {
        public Publisher(IEventStore log, EventTypes types, IdSource ids)
            : base(log, types, ids) =>
            On<PublishWorkflow>().In(c => WorkflowPublications.Stream(c.Workflow.Name)).Decide((kept, command) => kept.Publish(command));
    }
}
