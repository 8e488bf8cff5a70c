using System.Collections.Concurrent;
using System.Collections.Immutable;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;

namespace AIaaS.Commands.Tools;

/// <summary>
/// The tools: those that the platform brings, and those that tenants registered. The latter lie in memory; they are read from the start of the log each time that
/// the program starts and follow the log from then on, in every process alike.
/// </summary>
public sealed class ToolRegistry : IToolRegistry, ISubscription
{
    private const string Streams = "tool-";

    private readonly IEventStore log;
    private readonly EventTypes types;
    private readonly IParkingLot parking;
    private readonly TimeProvider time;
    private readonly ToolAdapters adapters;
    private readonly ImmutableSortedDictionary<string, ImmutableArray<ITool>> builtIn;
    private readonly ConcurrentDictionary<string, ConcurrentDictionary<string, Held>> tenants = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, ImmutableList<ParkedEvent>> parked = new(StringComparer.Ordinal);
    private readonly PositionSignal reached = new();
    private Dictionary<Guid, ParkedEvent>? parkedBefore;
    private SubscriptionState state = SubscriptionState.Stopped;
    private string? lastError;

    /// <summary>Makes the registry.</summary>
    /// <exception cref="ArgumentException">A tool of the platform has a manifest that cannot be used, or two have the same name and version.</exception>
    public ToolRegistry(IEnumerable<ITool> builtIn, ToolAdapters adapters, IEventStore log, EventTypes types, IParkingLot parking, TimeProvider time)
    {
        (this.adapters, this.log, this.types, this.parking, this.time) = (adapters, log, types, parking, time);
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

    /// <inheritdoc />
    public string Name => "tool-registry";

    /// <summary>Everything in the log up to here is known.</summary>
    public LogPosition Position => reached.Reached;

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

        await ReadAsync(RegisteredTool.Stream(tenant, name), cancellationToken);
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

    /// <summary>Waits until the registry has passed a position.</summary>
    public Task<bool> WaitForAsync(LogPosition position, TimeSpan timeout, CancellationToken cancellationToken = default) => reached.WaitAsync(position, timeout, time, cancellationToken);

    /// <summary>Takes what a command of this process has just written, ahead of the log.</summary>
    internal void Took(string tenant, string name, CommandResult<RegisteredTool> result) => Hold(tenant, name, result.State, result.Version);

    /// <inheritdoc />
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        state = SubscriptionState.CatchingUp;
        try
        {
            parkedBefore ??= (await parking.ListAsync(Name, cancellationToken)).ToDictionary(p => p.EventId);
            await foreach (var message in log.SubscribeToAllAsync(Position, EventFilter.Streams(Streams), cancellationToken))
            {
                if (message.Event is { } recorded)
                {
                    await TakeAsync(recorded, cancellationToken);
                }

                reached.Advance(message.Position);
                if (message.Kind == SubscriptionMessageKind.CaughtUp)
                {
                    state = SubscriptionState.Live;
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            state = SubscriptionState.Stopped;
            throw;
        }
        catch (Exception e)
        {
            lastError = e.Message;
            state = SubscriptionState.Restarting;
            throw;
        }
    }

    /// <inheritdoc />
    public async Task<SubscriptionStatus> GetStatusAsync(CancellationToken cancellationToken = default)
    {
        var position = Position;
        var lag = await SubscriptionLag.MeasureAsync(log, position, EventFilter.Streams(Streams), cancellationToken);
        return new(Name, state, position, lag.Events, lag.Seconds(time), 0, parked.Values.Sum(p => p.Count), lastError);
    }

    /// <inheritdoc />
    public async Task<int> ReplayParkedAsync(string? key = null, CancellationToken cancellationToken = default)
    {
        var handled = 0;
        foreach (var stream in parked.Keys.Where(k => key is null || k == key).Order(StringComparer.Ordinal).ToList())
        {
            try
            {
                await ReadAsync(new StreamName(stream), cancellationToken);
            }
            catch (UnreadableEventException)
            {
                continue;
            }

            if (parked.TryRemove(stream, out var entries))
            {
                foreach (var entry in entries)
                {
                    await parking.RemoveAsync(entry, cancellationToken);
                    handled++;
                }
            }
        }

        return handled;
    }

    private static ImmutableArray<ITool> Newest(IEnumerable<ITool> tools) => [.. tools.OrderByDescending(t => ToolVersionNumber.Read(t.Manifest.Version))];

    private static ITool? Choose(ImmutableArray<ITool> tools, string? version) =>
        version is not null ? tools.FirstOrDefault(t => t.Manifest.Version == version) : tools.FirstOrDefault(t => t.Manifest.Deprecated is null) ?? tools.FirstOrDefault();

    private async Task TakeAsync(RecordedEvent recorded, CancellationToken cancellationToken)
    {
        var stream = new StreamName(recorded.Stream);
        if (parked.ContainsKey(stream))
        {
            await ParkAsync(recorded, "waits behind a parked event of the same tool", 0, cancellationToken);
            return;
        }

        try
        {
            var held = tenants.TryGetValue(stream.Tenant, out var tools) && tools.TryGetValue(stream.Id, out var found) ? found : null;
            if (held is null || recorded.Version == held.Version + 1)
            {
                Hold(stream.Tenant, stream.Id, (held?.State ?? RegisteredTool.Initial).Evolve(types.Read(recorded.Type, recorded.Data.Span)), recorded.Version);
            }
            else if (recorded.Version > held.Version)
            {
                await ReadAsync(stream, cancellationToken);
            }

            if (parkedBefore is not null && parkedBefore.Remove(recorded.Id, out var before))
            {
                await parking.RemoveAsync(before, cancellationToken);
            }
        }
        catch (UnreadableEventException e)
        {
            await ParkAsync(recorded, e.Message, 1, cancellationToken);
        }
    }

    private async Task ParkAsync(RecordedEvent recorded, string reason, int attempts, CancellationToken cancellationToken)
    {
        var entry = new ParkedEvent(Name, recorded.Stream, recorded.Position, recorded.Id, recorded.Stream, recorded.Version, recorded.Type, reason, attempts, time.GetUtcNow());
        await parking.ParkAsync(entry, cancellationToken);
        parked.AddOrUpdate(recorded.Stream, _ => [entry], (_, list) => list.Add(entry));
    }

    private async Task ReadAsync(StreamName stream, CancellationToken cancellationToken)
    {
        var tool = RegisteredTool.Initial;
        var version = -1L;
        await foreach (var recorded in log.ReadStreamOrEmptyAsync(stream, cancellationToken: cancellationToken))
        {
            tool = tool.Evolve(types.Read(recorded.Type, recorded.Data.Span));
            version = recorded.Version;
        }

        if (version >= 0)
        {
            Hold(stream.Tenant, stream.Id, tool, version);
        }
    }

    private void Hold(string tenant, string name, RegisteredTool tool, long version)
    {
        var tools = tenants.GetOrAdd(tenant, _ => new(StringComparer.Ordinal));
        var made = new Held(tool, version, Newest(tool.Versions.Values.Where(v => !v.Removed).Select(v => adapters.Make(v.Manifest, v.Adapter))));
        tools.AddOrUpdate(name, made, (_, held) => held.Version >= version ? held : made);
    }

    private sealed record Held(RegisteredTool State, long Version, ImmutableArray<ITool> Tools);
}
