using System.Collections.Immutable;

namespace AIaaS.EventStore;

/// <summary>What a command did.</summary>
/// <param name="State">The state of the stream right after it.</param>
/// <param name="Version">The version of the stream's last event right after it; -1 for a stream that is still empty.</param>
/// <param name="Position">The position of that event: the consistency token.</param>
/// <param name="Events">The events that the command wrote; empty where there was nothing to do.</param>
public sealed record CommandResult<TState>(TState State, long Version, LogPosition Position, ImmutableArray<object> Events)
{
    /// <summary>Whether the command had been done before under its idempotency key: nothing was written now, and this is the first result.</summary>
    public bool Repeated { get; init; }
}

/// <summary>A stream's state as it is now.</summary>
/// <param name="State">The fold of the stream's events; the initial state for a stream without events.</param>
/// <param name="Version">The version of the last event; -1 for none.</param>
/// <param name="Position">The position of the last event; the log's start for none.</param>
public sealed record Loaded<TState>(TState State, long Version, LogPosition Position);
