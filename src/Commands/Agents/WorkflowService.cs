using System.Collections.Immutable;
using AIaaS.Commands.Tools;
using AIaaS.Domain.Agents;
using AIaaS.EventStore;

namespace AIaaS.Commands.Agents;

/// <summary>A document of the language was compiled, with everything that it touches.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Name">The name of the workflow or fragment; of an overlay the workflow that it changes.</param>
/// <param name="Workflow">Of a workflow, or the one that an overlay changes: the linked workflow; null where there are faults, and of a fragment.</param>
/// <param name="Faults">What is wrong.</param>
/// <param name="Warnings">What is possible, but probably not meant: tools that are not there (yet).</param>
public sealed record WorkflowCheck(WorkflowDocumentKind Kind, string Name, Workflow? Workflow, ImmutableArray<WorkflowFault> Faults, ImmutableArray<string> Warnings);

/// <summary>A version of a workflow.</summary>
/// <param name="Version">Its hash.</param>
/// <param name="Workflow">The workflow's name.</param>
/// <param name="PublishedAt">When it was published.</param>
/// <param name="Active">Whether new runs are of this version.</param>
public sealed record WorkflowVersion(string Version, string Workflow, DateTimeOffset PublishedAt, bool Active);

/// <summary>What a change did.</summary>
/// <param name="Version">The version that was published; null of a fragment.</param>
/// <param name="Activated">The workflows that have another version now, with that version.</param>
/// <param name="Warnings">What is possible, but probably not meant.</param>
/// <param name="Position">The consistency token.</param>
public sealed record WorkflowChange(string? Version, ImmutableSortedDictionary<string, string> Activated, ImmutableArray<string> Warnings, LogPosition Position);

/// <summary>
/// A tenant's own workflows, fragments and overlays: checks, publishes, activates, rolls back. A change is compiled with everything that it
/// touches before anything is written; the workflows that use what was changed are linked anew.
/// </summary>
public sealed class WorkflowService
{
    private const int MaxTries = 5;

    private readonly WorkflowCatalog catalog;
    private readonly IToolRegistry? tools;
    private readonly TimeProvider time;
    private readonly Changes changes;

    /// <summary>Makes it; without a registry no tools are looked up.</summary>
    public WorkflowService(IEventStore log, EventTypes types, IdSource ids, TimeProvider time, WorkflowCatalog catalog, IToolRegistry? tools = null)
    {
        (this.catalog, this.tools, this.time) = (catalog, tools, time);
        changes = new(log, types, ids);
    }

    /// <summary>Compiles a document as it would be published; nothing is written.</summary>
    public async Task<WorkflowCheck> CheckAsync(string tenant, string source, CancellationToken cancellationToken = default)
    {
        var own = await catalog.OfAsync(tenant, cancellationToken);
        return Compile(tenant, own, source, "source.yaml").Check;
    }

    /// <summary>Publishes a tenant's own workflow, fragment or overlay. A fragment or an overlay is active at once; a workflow where it is said.</summary>
    /// <param name="kind">What it must be.</param>
    /// <param name="name">The name that it must have; of an overlay the name that it is kept under.</param>
    /// <param name="source">The YAML.</param>
    /// <param name="activate">Whether new runs are of the new version.</param>
    /// <param name="reason">Why.</param>
    /// <param name="context">On whose behalf.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="InvalidWorkflowException">It has faults, or something that uses it has with it.</exception>
    /// <exception cref="DomainException">There are too many documents, or others changed them during each try.</exception>
    public Task<WorkflowChange> PutAsync(WorkflowDocumentKind kind, string name, string source, bool activate, string reason, CommandContext context, CancellationToken cancellationToken = default) =>
        ChangeAsync(
            context,
            own =>
            {
                var (check, affected) = Compile(context.Tenant, own, source, FileOf(kind, name), name);
                if (check.Kind != kind)
                {
                    throw new InvalidWorkflowException([new(FileOf(kind, name), 1, 1, $"This is {Words(check.Kind)}; {Words(kind)} is expected here.", $"Begin with '{kind.ToString().ToLowerInvariant()}: …'.")]);
                }

                if (!check.Faults.IsEmpty)
                {
                    throw new InvalidWorkflowException(check.Faults);
                }

                if (kind != WorkflowDocumentKind.Overlay && check.Name != name)
                {
                    throw new InvalidWorkflowException([new(FileOf(kind, name), 1, 1, $"The {kind.ToString().ToLowerInvariant()} is named '{check.Name}', and is put as '{name}'.", "Use one name.")]);
                }

                var at = time.GetUtcNow();
                var put = new WorkflowSourcePut(KindOf(kind), name, source, kind == WorkflowDocumentKind.Workflow ? check.Workflow!.Hash : null, context.Actor ?? "", at);
                return kind == WorkflowDocumentKind.Workflow && !activate
                    ? new([put], null, [], check.Workflow, check.Warnings)
                    : new([put], null, affected, check.Workflow, check.Warnings);
            },
            reason,
            cancellationToken);

    /// <summary>Removes a tenant's own fragment or overlay; what used it is linked anew without it.</summary>
    /// <exception cref="InvalidWorkflowException">Something needs it.</exception>
    /// <exception cref="DomainException">There is none of that name.</exception>
    public Task<WorkflowChange> RemoveAsync(WorkflowDocumentKind kind, string name, string reason, CommandContext context, CancellationToken cancellationToken = default) =>
        ChangeAsync(
            context,
            own =>
            {
                var key = (KindOf(kind), name);
                if (!own.State.Documents.ContainsKey(key))
                {
                    throw new DomainException(WorkflowErrors.UnknownDocument(KindOf(kind), name));
                }

                var (affected, faults) = Affected(context.Tenant, own, Documents(own.State), Documents(own.State with { Documents = own.State.Documents.Remove(key) }), null);
                return faults.IsEmpty
                    ? new([], new(key.Item1, name, context.Actor ?? "", time.GetUtcNow()), affected, null, [])
                    : throw new InvalidWorkflowException(faults);
            },
            reason,
            cancellationToken);

    /// <summary>Makes a published version the active one; the workflows that run this one are linked with it.</summary>
    /// <exception cref="DomainException">There is no such workflow or version.</exception>
    public Task<WorkflowChange> ActivateAsync(string name, string version, string reason, CommandContext context, CancellationToken cancellationToken = default) =>
        ChangeAsync(context, async own => await VersionAsync(context.Tenant, own, name, version, false, cancellationToken), reason, cancellationToken);

    /// <summary>
    /// Makes the version active that was active before; where only one ever was, the one for all tenants. The workflows that run this one, and
    /// got their version together with it, go back with it; others are linked with what it is now.
    /// </summary>
    /// <exception cref="DomainException">There is nothing to go back to.</exception>
    public Task<WorkflowChange> RollBackAsync(string name, string reason, CommandContext context, CancellationToken cancellationToken = default) =>
        ChangeAsync(
            context,
            async own =>
            {
                var history = own.State.Activations.GetValueOrDefault(name, []);
                var before = Before(catalog.Find(name)?.Hash, history);
                return before is null
                    ? throw new DomainException(own.Active.ContainsKey(name) ? WorkflowErrors.NothingBefore(name) : RunErrors.UnknownWorkflow(name, [.. own.Active.Keys.Order(StringComparer.Ordinal)]))
                    : await VersionAsync(context.Tenant, own, name, before, true, cancellationToken);
            },
            reason,
            cancellationToken);

    /// <summary>Whether a text can be the name of a workflow, fragment or overlay.</summary>
    public static bool IsName(string text) => WorkflowSyntax.IsName(text) && text.Length <= WorkflowSyntax.MaxNameLength;

    /// <summary>The workflows that run for a tenant now, by name.</summary>
    public async Task<IReadOnlyList<Workflow>> ListAsync(string tenant, CancellationToken cancellationToken = default) =>
        [.. (await catalog.OfAsync(tenant, cancellationToken)).Active.Values.OrderBy(w => w.Name, StringComparer.Ordinal)];

    /// <summary>The versions of a workflow, newest first; empty where there is no such workflow.</summary>
    public async Task<IReadOnlyList<WorkflowVersion>> VersionsAsync(string tenant, string name, CancellationToken cancellationToken = default)
    {
        var own = await catalog.OfAsync(tenant, cancellationToken);
        var active = own.Active.GetValueOrDefault(name);
        if (!WorkflowSyntax.IsName(name))
        {
            return [];
        }

        var versions = (await catalog.VersionsAsync(tenant, name, cancellationToken)).Select(v => new WorkflowVersion(v.Hash, name, v.At, v.Hash == active?.Hash)).ToList();
        if (active is not null && versions.All(v => v.Version != active.Hash))
        {
            // A shipped version is kept in the log before its first run.
            versions.Add(new(active.Hash, name, time.GetUtcNow(), true));
        }

        return [.. versions.DistinctBy(v => v.Version).OrderByDescending(v => v.PublishedAt)];
    }

    /// <summary>The tenant's own documents of a kind, by name.</summary>
    public async Task<IReadOnlyList<WorkflowSourcePut>> DocumentsAsync(string tenant, WorkflowDocumentKind kind, CancellationToken cancellationToken = default) =>
        [.. (await catalog.OfAsync(tenant, cancellationToken)).State.Documents.Values.Where(d => d.Kind == KindOf(kind))];

    /// <summary>The YAML that a tenant's workflow comes from; null where there is none.</summary>
    public async Task<string?> FindSourceAsync(string tenant, string name, CancellationToken cancellationToken = default) =>
        (await catalog.OfAsync(tenant, cancellationToken)).State.Documents.GetValueOrDefault((WorkflowSources.WorkflowKind, name))?.Source ?? catalog.FindSource(name);

    /// <summary>The fragments that a tenant can use, with their source; the tenant's own first where there are two of one name.</summary>
    public async Task<IReadOnlyList<(string Name, bool Own, string Source)>> FragmentsAsync(string tenant, CancellationToken cancellationToken = default)
    {
        var own = (await DocumentsAsync(tenant, WorkflowDocumentKind.Fragment, cancellationToken)).Select(d => (d.Name, true, d.Source));
        var shipped = catalog.Documents.Where(d => d.Kind == WorkflowDocumentKind.Fragment).Select(d => (d.Name, false, d.Yaml));
        return [.. own.Concat(shipped).DistinctBy(f => f.Item1).OrderBy(f => f.Item1, StringComparer.Ordinal)];
    }

    /// <summary>The version before the active one. What was rolled back from is not gone forward to by rolling back again.</summary>
    private static string? Before(string? shipped, ImmutableList<WorkflowActivated> history)
    {
        List<string> stack = shipped is null ? [] : [shipped];
        foreach (var activated in history)
        {
            var at = stack.IndexOf(activated.Version);
            if (at >= 0)
            {
                stack.RemoveRange(at + 1, stack.Count - at - 1);
            }
            else
            {
                stack.Add(activated.Version);
            }
        }

        return stack.Count >= 2 ? stack[^2] : null;
    }

    /// <summary>Whether a linked workflow has this version of another one wherever it runs it.</summary>
    private static bool IsLinkedWith(Workflow outer, Workflow inner)
    {
        string Canonical(IEnumerable<WorkflowNode> nodes) => (outer with { Nodes = [outer.Start, .. nodes.OrderBy(n => n.Id, StringComparer.Ordinal)] }).Canonical;
        return outer.Nodes.OfType<SubWorkflowNode>().Where(n => n.Workflow == inner.Name).All(run =>
            Canonical(WorkflowLinker.Embed(run, inner).Skip(1)) == Canonical(outer.Nodes.Where(n => n.Id.StartsWith(run.Id + ".", StringComparison.Ordinal))));
    }

    /// <summary>What happens to the workflows that run one which gets another version: without it they would go on with the version that they were linked with.</summary>
    private async Task<(ImmutableArray<(Workflow Workflow, string? Source)> Activate, ImmutableArray<string> Warnings)> AlongAsync(string tenant, TenantWorkflows own, Workflow workflow, bool back, CancellationToken cancellationToken)
    {
        var key = (WorkflowSources.WorkflowKind, workflow.Name);
        var documents = own.State.Versions.TryGetValue((workflow.Name, workflow.Hash), out var put) ? own.State.Documents.SetItem(key, put) : own.State.Documents.Remove(key);
        var (old, compiler) = (catalog.Compiler(tenant, Documents(own.State)), catalog.Compiler(tenant, Documents(own.State with { Documents = documents })));
        var current = own.State.Activations.GetValueOrDefault(workflow.Name)?[^1];
        var activate = ImmutableArray.CreateBuilder<(Workflow, string?)>();
        var warnings = ImmutableArray.CreateBuilder<string>();
        foreach (var outer in own.Active.Values.Where(w => w.Name != workflow.Name && w.Nodes.OfType<SubWorkflowNode>().Any(n => n.Workflow == workflow.Name)).OrderBy(w => w.Name, StringComparer.Ordinal))
        {
            var history = own.State.Activations.GetValueOrDefault(outer.Name, []);
            var (next, source) = (outer, (string?)null);
            if (back && current is not null && history is [.., var last] && last.IsWith(current) && Before(catalog.Find(outer.Name)?.Hash, history) is { } before
                && await catalog.FindVersionAsync(tenant, outer.Name, before, cancellationToken) is { } earlier)
            {
                next = earlier;
            }
            else if (compiler.Compile(outer.Name) is { Linked: { } linked } now && old.Compile(outer.Name)?.Linked?.Hash == outer.Hash)
            {
                (next, source) = (linked, catalog.Documents.Contains(now.Document) ? null : now.Document.Yaml);
            }

            if (next.Hash != outer.Hash)
            {
                activate.Add((next, source));
            }

            if (!IsLinkedWith(next, workflow))
            {
                warnings.Add($"The workflow '{next.Name}' runs '{workflow.Name}', but its version {next.Hash[..12]} stays linked with another version of it than {workflow.Hash[..12]}. Roll '{next.Name}' back too, or put it again.");
            }
        }

        return (activate.ToImmutable(), warnings.ToImmutable());
    }

    private async Task<Plan> VersionAsync(string tenant, TenantWorkflows own, string name, string version, bool back, CancellationToken cancellationToken)
    {
        if (!own.Active.ContainsKey(name) && !own.State.Versions.Keys.Any(v => v.Name == name))
        {
            throw new DomainException(RunErrors.UnknownWorkflow(name, [.. own.Active.Keys.Order(StringComparer.Ordinal)]));
        }

        var workflow = await catalog.FindVersionAsync(tenant, name, version, cancellationToken)
            ?? throw new DomainException(WorkflowErrors.UnknownVersion(name, version.Length > 100 ? version[..100] + "…" : version));
        var (along, warnings) = await AlongAsync(tenant, own, workflow, back, cancellationToken);
        return new([], null, [(workflow, null), .. along], workflow, [.. warnings, .. Warnings(tenant, workflow)]);
    }

    private Task<WorkflowChange> ChangeAsync(CommandContext context, Func<TenantWorkflows, Plan> plan, string reason, CancellationToken cancellationToken) =>
        ChangeAsync(context, own => Task.FromResult(plan(own)), reason, cancellationToken);

    private async Task<WorkflowChange> ChangeAsync(CommandContext context, Func<TenantWorkflows, Task<Plan>> plan, string reason, CancellationToken cancellationToken)
    {
        for (var tries = 1; ; tries++)
        {
            var own = await catalog.OfAsync(context.Tenant, cancellationToken);
            var (puts, removed, activate, workflow, warnings) = await plan(own);
            if (workflow is not null)
            {
                await catalog.KeepAsync(context.Tenant, workflow, context, cancellationToken);
            }

            foreach (var (other, _) in activate)
            {
                await catalog.KeepAsync(context.Tenant, other, context, cancellationToken);
            }

            var at = time.GetUtcNow();
            var relinked = activate.Where(a => a.Source is not null && puts.All(p => p.Name != a.Workflow.Name || p.Version != a.Workflow.Hash))
                .Select(a => new WorkflowSourcePut(WorkflowSources.WorkflowKind, a.Workflow.Name, a.Source!, a.Workflow.Hash, context.Actor ?? "", at));
            var command = new ChangeWorkflows(
                context.Tenant,
                own.State.Revision,
                [.. puts, .. relinked],
                removed,
                [.. activate.Select(a => new WorkflowActivated(a.Workflow.Name, a.Workflow.Hash, reason, context.Actor ?? "", at) { Change = own.State.Revision })]);
            try
            {
                var result = await changes.HandleAsync(command, context with { IdempotencyKey = null }, cancellationToken);
                catalog.Changed(context.Tenant, result.Version);
                var activated = activate.Where(a => own.Active.GetValueOrDefault(a.Workflow.Name)?.Hash != a.Workflow.Hash).DistinctBy(a => a.Workflow.Name);
                return new(workflow?.Hash, activated.ToImmutableSortedDictionary(a => a.Workflow.Name, a => a.Workflow.Hash, StringComparer.Ordinal), warnings, result.Position);
            }
            catch (DomainException e) when (e.Error.Code == WorkflowErrors.ChangedMeanwhile().Code && tries < MaxTries)
            {
                // Another process changed them: compile again from what stands there now.
                catalog.Changed(context.Tenant, own.Version + 1);
            }
        }
    }

    private (WorkflowCheck Check, ImmutableArray<(Workflow Workflow, string? Source)> Affected) Compile(string tenant, TenantWorkflows own, string source, string file, string? name = null)
    {
        var document = WorkflowDocument.Read(file, source);
        if (!document.Faults.IsEmpty || document.Root is null)
        {
            return (new(document.Kind, document.Name, null, document.Faults, []), []);
        }

        if (document.Kind == WorkflowDocumentKind.Overlay)
        {
            var faults = new WorkflowSource();
            if (document.Root.Find("tenant") is YamlText other && other.Value != tenant)
            {
                faults.Fault(other, $"The overlay is for the tenant '{other.Value}'.", $"Leave 'tenant' out, or say '{tenant}'.");
            }

            if (document.Root.Find("overlay") is YamlText changed && !own.Active.ContainsKey(changed.Value))
            {
                faults.Fault(changed, $"There is no workflow '{changed.Value}'.", WorkflowSource.Suggest(changed.Value, [.. own.Active.Keys.Order(StringComparer.Ordinal)]));
            }

            if (faults.Count > 0)
            {
                return (new(document.Kind, document.Name, null, faults.Faults, []), []);
            }
        }

        var before = Documents(own.State);
        var key = (KindOf(document.Kind), name ?? document.Name);
        WorkflowDocument[] after = [.. before.Where(d => d.File != FileOf(document.Kind, key.Item2)), document];
        var (affected, broken) = Affected(tenant, own, before, after, document.Kind == WorkflowDocumentKind.Workflow ? document.Name : null);
        var compiled = document.Kind == WorkflowDocumentKind.Fragment ? null : catalog.Compiler(tenant, after).Compile(document.Name);
        ImmutableArray<WorkflowFault> all = [.. (compiled?.Faults ?? []).Concat(broken).Distinct()];
        return (new(document.Kind, document.Name, all.IsEmpty ? compiled?.Linked : null, all, all.IsEmpty && compiled?.Linked is { } linked ? Warnings(tenant, linked) : []), affected);
    }

    /// <summary>The workflows that a change gives another version: the named one, and those that are linked with what was changed. One that was rolled back stays where it is.</summary>
    private (ImmutableArray<(Workflow Workflow, string? Source)> Affected, ImmutableArray<WorkflowFault> Broken) Affected(string tenant, TenantWorkflows own, IEnumerable<WorkflowDocument> before, IEnumerable<WorkflowDocument> after, string? named)
    {
        var (old, compiler) = (catalog.Compiler(tenant, before), catalog.Compiler(tenant, after));
        var affected = ImmutableArray.CreateBuilder<(Workflow, string?)>();
        List<WorkflowFault> broken = [];
        foreach (var now in compiler.CompileAll())
        {
            var name = now.Document.Name;
            var was = old.Compile(name)?.Linked;
            if (now.Linked is null)
            {
                broken.AddRange(was is null && name != named ? [] : now.Faults);
            }
            else if (name == named || (was?.Hash != now.Linked.Hash && own.Active.GetValueOrDefault(name)?.Hash == was?.Hash))
            {
                var put = now.Document.Root is not null && !catalog.Documents.Contains(now.Document) ? now.Document.Yaml : null;
                affected.Insert(name == named ? 0 : affected.Count, (now.Linked, put));
            }
        }

        return (affected.ToImmutable(), [.. broken]);
    }

    private ImmutableArray<string> Warnings(string tenant, Workflow workflow)
    {
        if (tools is null)
        {
            return [];
        }

        var warnings = ImmutableArray.CreateBuilder<string>();
        var known = tools.List(tenant).Select(t => t.Name).Distinct().Order(StringComparer.Ordinal).ToArray();
        foreach (var node in workflow.Nodes)
        {
            foreach (var (name, version) in node switch
            {
                ToolNode tool => [(tool.Tool, tool.Version)],
                ModelNode { Tools: { } offered } => offered.Select(t => (t, (string?)null)),
                _ => Enumerable.Empty<(string, string?)>(),
            })
            {
                if (tools.Find(tenant, name, version) is null)
                {
                    warnings.Add($"The node '{node.Id}' calls the tool '{name}'{(version is null ? "" : $" in version {version}")}, which is not there. {WorkflowSource.Suggest(name, known)}");
                }
            }
        }

        return warnings.ToImmutable();
    }

    private static List<WorkflowDocument> Documents(WorkflowSources state) =>
        [.. state.Documents.Values.Select(d => WorkflowDocument.Read(FileOf(Enum.Parse<WorkflowDocumentKind>(d.Kind, ignoreCase: true), d.Name), d.Source))];

    private static string KindOf(WorkflowDocumentKind kind) => kind switch
    {
        WorkflowDocumentKind.Fragment => WorkflowSources.FragmentKind,
        WorkflowDocumentKind.Overlay => WorkflowSources.OverlayKind,
        _ => WorkflowSources.WorkflowKind,
    };

    private static string Words(WorkflowDocumentKind kind) => kind switch
    {
        WorkflowDocumentKind.Fragment => "a fragment",
        WorkflowDocumentKind.Overlay => "an overlay",
        _ => "a workflow",
    };

    private static string FileOf(WorkflowDocumentKind kind, string name) => kind switch
    {
        WorkflowDocumentKind.Fragment => $"fragments/{name}.yaml",
        WorkflowDocumentKind.Overlay => $"overlays/{name}.yaml",
        _ => $"{name}.yaml",
    };

    private sealed record Plan(
        ImmutableArray<WorkflowSourcePut> Puts,
        WorkflowSourceRemoved? Removed,
        ImmutableArray<(Workflow Workflow, string? Source)> Activate,
        Workflow? Workflow,
        ImmutableArray<string> Warnings);

    private sealed class Changes : CommandService<WorkflowSources>
    {
        public Changes(IEventStore log, EventTypes types, IdSource ids)
            : base(log, types, ids) =>
            On<ChangeWorkflows>().In(c => WorkflowSources.Stream(c.Tenant)).Decide((state, command) => state.Change(command));
    }
}
