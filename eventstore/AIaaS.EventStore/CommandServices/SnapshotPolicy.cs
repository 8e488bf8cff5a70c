using System.Text.Json.Serialization.Metadata;

namespace AIaaS.EventStore;

/// <summary>When the state of a long stream is stored, so that a load folds only what came after it.</summary>
/// <param name="Every">A snapshot is taken when so many events came since the last one.</param>
/// <param name="Schema">The version of the state's form and of its fold. Raise it when either changes: older snapshots are then ignored.</param>
/// <param name="Json">The state's source-generated contract.</param>
public sealed record SnapshotPolicy<TState>(int Every, int Schema, JsonTypeInfo<TState> Json)
    where TState : IState<TState>
{
    /// <summary>A snapshot keeps the ids of so many events before it, so that a repeated command is recognised without reading them. Default: 1,024.</summary>
    public int RecentEvents { get; init; } = 1_024;

    /// <summary>How many events before those a load reads backwards when it looks for a repeated command. Default: 1,024.</summary>
    public int LookBack { get; init; } = 1_024;

    /// <summary>The state's name in the snapshot; a renamed state ignores the old ones.</summary>
    public string Name { get; init; } = typeof(TState).Name;
}
