using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Text.Json;
using AIaaS.Domain.Agents;
using AIaaS.Domain.Tenants;
using AIaaS.EventStore;

namespace AIaaS.Commands.Agents;

/// <summary>Where workflows come from (configuration section <c>Workflows</c>).</summary>
public sealed record WorkflowOptions
{
    /// <summary>A folder whose <c>*.yaml</c> files (workflows, fragments and overlays) are loaded beside the shipped ones; a workflow or fragment of the same name takes a shipped one's place. Null: none.</summary>
    public string? Folder { get; init; }

    /// <summary>The environment that this process runs in, for overlays that are for one environment only; null: none.</summary>
    public string? Environment { get; init; }
}

/// <summary>
/// The workflows that can run now, for each tenant, and every version that ran before: each version is kept in the log, so that runs go on and
/// replay on the version that they pinned. What a tenant publishes, here or in another process, is loaded without a restart.
/// </summary>
public sealed class WorkflowCatalog
{
    private readonly TimeProvider time;
    private readonly Publisher publisher;
    private readonly AggregateStore states;
    private readonly string? environment;
    private readonly ImmutableArray<WorkflowDocument> documents;
    private readonly ImmutableHashSet<string> overlaid;
    private readonly ImmutableDictionary<string, CompiledWorkflow> current;
    private readonly ConcurrentDictionary<(string Tenant, string Hash), Workflow> byHash = new();
    private readonly ConcurrentDictionary<string, bool> published = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, TenantWorkflows> tenants = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, long> changed = new(StringComparer.Ordinal);

    /// <summary>Loads the shipped workflows and those of the folder.</summary>
    /// <exception cref="InvalidWorkflowException">A source has faults; it lists all of them, of all files.</exception>
    public WorkflowCatalog(IEventStore log, EventTypes types, IdSource ids, TimeProvider time, WorkflowOptions? options = null)
        : this(log, types, ids, time, [.. WorkflowFiles.Shipped, .. WorkflowFiles.In(options?.Folder)], options?.Environment)
    {
    }

    internal WorkflowCatalog(IEventStore log, EventTypes types, IdSource ids, TimeProvider time, IEnumerable<(string File, string Yaml)> sources, string? environment = null)
        : this(log, types, ids, time, [.. WorkflowFiles.Shipped.Where(d => d.Kind == WorkflowDocumentKind.Fragment), .. sources.Select(s => WorkflowDocument.Read(s.File, s.Yaml))], environment)
    {
    }

    private WorkflowCatalog(IEventStore log, EventTypes types, IdSource ids, TimeProvider time, ImmutableArray<WorkflowDocument> documents, string? environment)
    {
        (this.time, this.documents, this.environment) = (time, documents, environment);
        publisher = new(log, types, ids);
        states = new(log, types);
        overlaid = [.. documents.Where(d => d is { Kind: WorkflowDocumentKind.Overlay, Root: not null }).Select(d => (d.Root!.Find("tenant") as YamlText)?.Value).OfType<string>()];
        var faults = documents.SelectMany(d => d.Faults).ToList();
        foreach (var tenant in overlaid.Select(t => (string?)t).Prepend(null))
        {
            var compiler = new WorkflowCompiler(documents, tenant, environment);
            faults.AddRange(compiler.CompileAll().SelectMany(c => c.Faults));
            faults.AddRange(documents.Where(d => d.Kind == WorkflowDocumentKind.Overlay && d.Root is not null && !compiler.Names.Contains(d.Name))
                .Select(d => new WorkflowFault(d.File, 1, 1, $"The overlay changes the workflow '{d.Name}', which does not exist.", WorkflowSource.Suggest(d.Name, compiler.Names))));
        }

        if (faults.Count > 0)
        {
            throw new InvalidWorkflowException([.. faults.Distinct()]);
        }

        current = new WorkflowCompiler(documents, null, environment).CompileAll().ToImmutableDictionary(c => c.Document.Name, StringComparer.Ordinal);
        foreach (var workflow in current.Values)
        {
            byHash[(Tenant.Platform, workflow.Linked!.Hash)] = workflow.Linked;
        }
    }

    /// <summary>The workflows that run where a tenant has none of its own, by name.</summary>
    public IReadOnlyList<Workflow> All => [.. current.Values.Select(c => c.Linked!).OrderBy(w => w.Name, StringComparer.Ordinal)];

    /// <summary>The workflow of that name where a tenant has none of its own; null where there is none.</summary>
    public Workflow? Find(string name) => current.GetValueOrDefault(name)?.Linked;

    /// <summary>The YAML, comments and all, of such a workflow; null where there is none.</summary>
    public string? FindSource(string name) => current.GetValueOrDefault(name)?.Document.Yaml;

    /// <summary>Such a workflow.</summary>
    /// <exception cref="DomainException">There is none of that name.</exception>
    public Workflow Get(string name) => Find(name) ?? throw new DomainException(RunErrors.UnknownWorkflow(name, [.. current.Keys.Order(StringComparer.Ordinal)]));

    /// <summary>The fragments that are there for all tenants.</summary>
    internal IEnumerable<WorkflowDocument> Documents => documents;

    /// <summary>What runs for a tenant now.</summary>
    internal ValueTask<TenantWorkflows> OfAsync(string tenant, CancellationToken cancellationToken = default) =>
        tenants.TryGetValue(tenant, out var known) && known.Version >= changed.GetValueOrDefault(tenant, -1) ? new(known) : new(LoadAsync(tenant, cancellationToken));

    /// <summary>The version of a workflow that runs for a tenant now; null where there is no such workflow.</summary>
    public async ValueTask<Workflow?> FindAsync(string tenant, string name, CancellationToken cancellationToken = default) =>
        (await OfAsync(tenant, cancellationToken)).Active.GetValueOrDefault(name);

    /// <summary>The version of a workflow that runs for a tenant now.</summary>
    /// <exception cref="DomainException">There is no workflow of that name.</exception>
    public async ValueTask<Workflow> GetAsync(string tenant, string name, CancellationToken cancellationToken = default)
    {
        var active = (await OfAsync(tenant, cancellationToken)).Active;
        return active.GetValueOrDefault(name) ?? throw new DomainException(RunErrors.UnknownWorkflow(name, [.. active.Keys.Order(StringComparer.Ordinal)]));
    }

    /// <summary>A version of a workflow, of the tenant's own or of those for all; null where the log holds none.</summary>
    public async Task<Workflow?> FindVersionAsync(string tenant, string name, string hash, CancellationToken cancellationToken = default) =>
        await KeptAsync(tenant, name, hash, cancellationToken) ?? (tenant == Tenant.Platform ? null : await KeptAsync(Tenant.Platform, name, hash, cancellationToken));

    /// <summary>Keeps a version in the log before the first run of it; later calls cost nothing.</summary>
    internal ValueTask PublishAsync(Workflow workflow, CancellationToken cancellationToken) =>
        published.ContainsKey(workflow.Hash) ? ValueTask.CompletedTask : new(KeepAsync(Tenant.Platform, workflow, new(Tenant.Platform, "workflows"), cancellationToken));

    /// <summary>Keeps a version of a tenant's own.</summary>
    internal async Task KeepAsync(string tenant, Workflow workflow, CommandContext context, CancellationToken cancellationToken)
    {
        await publisher.HandleAsync(new PublishWorkflow(tenant, workflow, time.GetUtcNow()), context with { Tenant = tenant, IdempotencyKey = null }, cancellationToken);
        byHash[(tenant, workflow.Hash)] = workflow;
        published[workflow.Hash] = true;
    }

    /// <summary>All versions of a workflow that were ever published, of the tenant's own and of those for all.</summary>
    internal async Task<IReadOnlyList<WorkflowPublished>> VersionsAsync(string tenant, string name, CancellationToken cancellationToken)
    {
        List<WorkflowPublished> all = [];
        foreach (var owner in (string[])[Tenant.Platform, tenant])
        {
            all.AddRange((await publisher.LoadAsync(WorkflowPublications.Stream(owner, name), cancellationToken)).State.Versions);
        }

        return all;
    }

    /// <summary>Takes note that a tenant's workflows were changed.</summary>
    internal void Changed(string tenant, long version) => changed.AddOrUpdate(tenant, version, (_, known) => Math.Max(known, version));

    /// <summary>Forgets what was loaded: a process that has not followed the log for a while may have missed changes.</summary>
    internal void Forget() => tenants.Clear();

    /// <summary>Everything that a tenant's workflows are compiled from; with a change applied.</summary>
    internal WorkflowCompiler Compiler(string tenant, IEnumerable<WorkflowDocument> own) => new([.. documents, .. own], tenant, environment);

    private async Task<TenantWorkflows> LoadAsync(string tenant, CancellationToken cancellationToken)
    {
        var loaded = Tenant.IsSlug(tenant) ? await states.LoadAsync<WorkflowSources>(WorkflowSources.Stream(tenant), cancellationToken: cancellationToken) : new(WorkflowSources.Initial, -1, LogPosition.Start);
        var active = (overlaid.Contains(tenant) ? new WorkflowCompiler(documents, tenant, environment).CompileAll() : current.Values)
            .ToImmutableDictionary(c => c.Document.Name, c => c.Linked!, StringComparer.Ordinal).ToBuilder();
        foreach (var (name, history) in loaded.State.Activations)
        {
            var version = history[^1].Version;
            if (active.GetValueOrDefault(name)?.Hash != version)
            {
                active[name] = await FindVersionAsync(tenant, name, version, cancellationToken) ?? throw new DomainException(RunErrors.WorkflowVersionMissing(name, version));
            }
        }

        var result = new TenantWorkflows(loaded.State, loaded.Version, active.ToImmutable());
        if (tenants.Count > 10_000)
        {
            tenants.Clear();
        }

        // Where another request loaded a newer state meanwhile, that one stays.
        return tenants.AddOrUpdate(tenant, result, (_, other) => other.Version > result.Version ? other : result);
    }

    private async Task<Workflow?> KeptAsync(string owner, string name, string hash, CancellationToken cancellationToken)
    {
        if (byHash.TryGetValue((owner, hash), out var known))
        {
            return known.Name == name ? known : null;
        }

        if (!WorkflowSyntax.IsName(name) || name.Length > 100 || (owner != Tenant.Platform && !Tenant.IsSlug(owner)))
        {
            return null;
        }

        var kept = await publisher.LoadAsync(WorkflowPublications.Stream(owner, name), cancellationToken);
        if (!kept.State.Definitions.TryGetValue(hash, out var definition))
        {
            return null;
        }

        try
        {
            var workflow = Workflow.Read(definition);
            published[hash] = true;
            return byHash.GetOrAdd((owner, hash), workflow);
        }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            // A form that this version of the program cannot read is as good as none; the caller says so.
            return null;
        }
    }

    private sealed class Publisher : CommandService<WorkflowPublications>
    {
        public Publisher(IEventStore log, EventTypes types, IdSource ids)
            : base(log, types, ids) =>
            On<PublishWorkflow>().In(c => WorkflowPublications.Stream(c.Tenant, c.Workflow.Name)).Decide((kept, command) => kept.Publish(command));
    }
}

/// <summary>What runs for one tenant.</summary>
/// <param name="State">What the tenant wrote and activated.</param>
/// <param name="Version">The version of the stream that this reflects.</param>
/// <param name="Active">The workflows, by name.</param>
internal sealed record TenantWorkflows(WorkflowSources State, long Version, ImmutableDictionary<string, Workflow> Active);
