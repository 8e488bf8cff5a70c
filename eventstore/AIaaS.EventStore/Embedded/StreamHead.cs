using AIaaS.EventStore.Embedded.Sqlite;

namespace AIaaS.EventStore.Embedded;

internal enum StreamState
{
    Live = 0,
    Deleted = 1,
    Tombstoned = 2,
}

/// <summary>A stream as the writer knows it.</summary>
internal sealed class StreamHead
{
    /// <summary>Selects a head by the stream's name, for <see cref="Read"/>.</summary>
    internal const string Select = "SELECT id, truncate_before, state, max_count, max_age, (SELECT max(version) FROM events WHERE stream = streams.id) FROM streams WHERE name = ?";

    internal required long Id { get; init; }

    internal required string Name { get; init; }

    /// <summary>The version of the last event ever written; -1 for none.</summary>
    internal required long Version { get; set; }

    /// <summary>Events below it are gone.</summary>
    internal required long TruncateBefore { get; set; }

    internal required StreamState State { get; set; }

    internal long? MaxCount { get; set; }

    internal TimeSpan? MaxAge { get; set; }

    /// <summary>Whether there are no events for a reader or writer.</summary>
    internal bool IsEmpty => State is not StreamState.Live || Version < 0;

    /// <summary>The first version that a reader sees, by deletion and count.</summary>
    internal long FirstKept => MaxCount is { } most ? Math.Max(TruncateBefore, Version - most + 1) : TruncateBefore;

    internal static StreamHead Read(string name, Statement row) => new()
    {
        Id = row.Int64(0),
        Name = name,
        TruncateBefore = row.Int64(1),
        State = (StreamState)row.Int64(2),
        MaxCount = row.Int64OrNull(3),
        MaxAge = row.Int64OrNull(4) is { } ticks ? TimeSpan.FromTicks(ticks) : null,
        Version = Math.Max(row.Int64OrNull(5) ?? -1, row.Int64(1) - 1),
    };

    internal bool Accepts(ExpectedVersion expected) => expected.Value switch
    {
        -2 => true,
        -4 => !IsEmpty,
        -1 => IsEmpty,

        // A deleted stream's versions go on, so its last one may be named too.
        var version => version == Version && Version >= 0,
    };

    internal WrongExpectedVersionException Conflict(ExpectedVersion expected) => Conflict(Name, expected, IsEmpty ? -1 : Version);

    internal static WrongExpectedVersionException Conflict(string stream, ExpectedVersion expected, long actual) => new(stream, expected, actual);
}
