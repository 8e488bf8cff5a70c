using System.Globalization;

namespace AIaaS.EventStore;

/// <summary>
/// An event's place in the whole log. Positions grow strictly and are not dense; they are also the consistency token
/// that a command answers with and a query may wait for.
/// </summary>
/// <param name="Value">0 lies before the first event. EventStoreDB: the commit position.</param>
public readonly record struct LogPosition(ulong Value) : IComparable<LogPosition>
{
    /// <summary>Before the first event.</summary>
    public static readonly LogPosition Start;

    /// <summary>Behind the last event, wherever that is when it is asked.</summary>
    public static readonly LogPosition End = new(ulong.MaxValue);

    /// <inheritdoc />
    public int CompareTo(LogPosition other) => Value.CompareTo(other.Value);

    /// <summary>Comparison by place in the log.</summary>
    public static bool operator <(LogPosition left, LogPosition right) => left.Value < right.Value;

    /// <summary>Comparison by place in the log.</summary>
    public static bool operator >(LogPosition left, LogPosition right) => left.Value > right.Value;

    /// <summary>Comparison by place in the log.</summary>
    public static bool operator <=(LogPosition left, LogPosition right) => left.Value <= right.Value;

    /// <summary>Comparison by place in the log.</summary>
    public static bool operator >=(LogPosition left, LogPosition right) => left.Value >= right.Value;

    /// <summary>The position as text, as it stands in HTTP headers and queries.</summary>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    public static bool TryParse(string? text, out LogPosition position)
    {
        var read = ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value);
        position = new(value);
        return read;
    }
}
