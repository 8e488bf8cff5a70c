namespace AIaaS.EventStore;

/// <summary>What a writer believes of a stream when it appends. The numbers are EventStoreDB's.</summary>
/// <param name="Value">The version of the stream's last event, 0 or more; or one of the named negative values.</param>
public readonly record struct ExpectedVersion(long Value)
{
    /// <summary>Whatever the stream's state is.</summary>
    public static readonly ExpectedVersion Any = new(-2);

    /// <summary>The stream has no events: never written, or deleted (soft).</summary>
    public static readonly ExpectedVersion NoStream = new(-1);

    /// <summary>The stream has at least one event.</summary>
    public static readonly ExpectedVersion StreamExists = new(-4);

    /// <summary>The stream's last event has this version; -1 is the same as <see cref="NoStream"/>.</summary>
    public static ExpectedVersion Exact(long version) =>
        version >= -1 ? new(version) : throw new ArgumentOutOfRangeException(nameof(version), version, "A version is -1 (no stream) or more.");

    /// <inheritdoc />
    public override string ToString() => Value switch { -1 => "no stream", -2 => "any", -4 => "stream exists", _ => $"version {Value}" };
}
