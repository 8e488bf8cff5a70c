using System.Collections.Concurrent;
using System.Collections.Immutable;
using AIaaS.Commands.Bus;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;

namespace AIaaS.Commands.Tools;

/// <summary>
/// The tools: those that the platform brings, and those that tenants registered. The latter lie in memory; they are read from the start of the log each time that
/// the program starts and follow the log from then on, in every process alike.
/// </summary>
public sealed class ToolRegistry : LogFollower, IToolRegistry
{
    private readonly ToolAdapters adapters;
    private readonly ImmutableSortedDictionary<string, ImmutableArray<ITool>> builtIn;
    private readonly ConcurrentDictionary<string, ConcurrentDictionary<string, Held>> tenants = new(StringComparer.Ordinal);

    /// <summary>Makes the registry.</summary>
    /// <exception cref="ArgumentException">A tool of the platform has a manifest that cannot be used, or two have the same name and version.</exception>
    public ToolRegistry(IEnumerable<ITool> builtIn, ToolAdapters adapters, IEventStore log, EventTypes types, IParkingLot parking, TimeProvider time)
        : base(log, types, parking, time, "tool-registry", EventFilter.Streams("tool-"))
    {
        this.adapters = adapters;
        var tools = builtIn.ToList();
        foreach (var tool in tools)
        {
            if (ToolRules.Faults(tool.Manifest) is { Count: > 0 } faults)
            {
                throw new ArgumentException($"The tool '{tool.Manifest.Name}' cannot be used: {string.Join("; ", faults)}.", nameof(builtIn));
            }
        }

        if (tools.GroupBy(t => (t.Manifest.Name, t.Manifest.Version)).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            throw new ArgumentException($"The tool '{twice.Key.Name}' {twice.Key.Version} is there twice.", nameof(builtIn));
        }

        this.builtIn = tools.GroupBy(t => t.Manifest.Name).ToImmutableSortedDictionary(g => g.Key, g => Newest(g), StringComparer.Ordinal);
    }

    /// <summary>Whether a name belongs to a tool of the platform.</summary>
    public bool IsBuiltIn(string name) => builtIn.ContainsKey(name);

    /// <inheritdoc />
    public ITool? Find(string tenant, string name, string? version = null) =>
        builtIn.TryGetValue(name, out var own) ? Choose(own, version)
        : tenants.TryGetValue(tenant, out var tools) && tools.TryGetValue(name, out var held) ? Choose(held.Tools, version)
        : null;

    /// <summary>As <see cref="Find"/>, but what is not known here is looked up in the log: it may have been registered in another process a moment ago.</summary>
    public async Task<ITool?> FindAsync(string tenant, string name, string? version = null, CancellationToken cancellationToken = default)
    {
        if (Find(tenant, name, version) is { } known)
        {
            return known;
        }

        if (!ToolRules.IsName(name) || IsBuiltIn(name))
        {
            return null;
        }

        await ReadOnAsync(RegisteredTool.Stream(tenant, name), cancellationToken);
        return Find(tenant, name, version);
    }

    /// <inheritdoc />
    public IReadOnlyList<ToolManifest> List(string tenant) =>
    [
        .. builtIn.Values.Concat(tenants.TryGetValue(tenant, out var tools) ? tools.Values.Select(h => h.Tools) : [])
            .SelectMany(t => t).Select(t => t.Manifest)
            .OrderBy(m => m.Name, StringComparer.Ordinal).ThenByDescending(m => ToolVersionNumber.Read(m.Version)),
    ];

    /// <summary>How a registered tool's calls reach the far side; null for a tool of the platform.</summary>
    public ToolAdapter? AdapterOf(string tenant, string name, string version) =>
        tenants.TryGetValue(tenant, out var tools) && tools.TryGetValue(name, out var held) && held.State.Versions.TryGetValue(version, out var found) && !found.Removed ? found.Adapter : null;

    /// <summary>How many tools a tenant has registered and not removed.</summary>
    public int Count(string tenant) => tenants.TryGetValue(tenant, out var tools) ? tools.Values.Count(h => !h.Tools.IsEmpty) : 0;

    /// <summary>Takes what a command of this process has just written, ahead of the log.</summary>
    internal void Took(string tenant, string name, CommandResult<RegisteredTool> result) => Hold(tenant, name, result.State, result.Version);

    /// <inheritdoc />
    protected override void Take(RecordedEvent recorded, object @event)
    {
        ArgumentNullException.ThrowIfNull(recorded);
        var stream = new StreamName(recorded.Stream);
        var held = tenants.TryGetValue(stream.Tenant, out var tools) ? tools.GetValueOrDefault(stream.Id) : null;

        // What this process has written itself is known already.
        if (recorded.Version > (held?.Version ?? -1))
        {
            Hold(stream.Tenant, stream.Id, (held?.State ?? RegisteredTool.Initial).Evolve(@event), recorded.Version);
        }
    }

    private static ImmutableArray<ITool> Newest(IEnumerable<ITool> tools) => [.. tools.OrderByDescending(t => ToolVersionNumber.Read(t.Manifest.Version))];

    private static ITool? Choose(ImmutableArray<ITool> tools, string? version) =>
        version is not null ? tools.FirstOrDefault(t => t.Manifest.Version == version) : tools.FirstOrDefault(t => t.Manifest.Deprecated is null) ?? tools.FirstOrDefault();

    private void Hold(string tenant, string name, RegisteredTool tool, long version)
    {
        var tools = tenants.GetOrAdd(tenant, _ => new(StringComparer.Ordinal));
        var made = new Held(tool, version, Newest(tool.Versions.Values.Where(v => !v.Removed).Select(v => adapters.Make(v.Manifest, v.Adapter))));
        tools.AddOrUpdate(name, made, (_, held) => held.Version >= version ? held : made);
    }

    private sealed record Held(RegisteredTool State, long Version, ImmutableArray<ITool> Tools);
}
