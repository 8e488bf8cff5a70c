using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using AIaaS.Domain.Metering;

namespace AIaaS.Domain.Billing;

/// <summary>Finds the lines that an event belongs to, from the bytes of the event alone. One instance may be used by several threads.</summary>
public sealed class UsageSlots
{
    private static readonly (byte[] Name, Aggregation Value)[] Names = [.. Enum.GetValues<Aggregation>().Select(a => (Encoding.UTF8.GetBytes(a.ToString()), a))];

    private readonly long[] cuts;
    private readonly byte[][] meters;
    private readonly int[][][] byTimeAndMeter;
    private readonly (byte[] Name, byte[] Value)[][] where;

    /// <summary>Prepares the search.</summary>
    /// <param name="slots">The lines.</param>
    public UsageSlots(ImmutableArray<LineSlot> slots)
    {
        Slots = slots;
        cuts = [.. slots.SelectMany(s => new[] { s.From.UtcTicks, s.To.UtcTicks }).Distinct().Order()];
        string[] names = [.. slots.Select(s => s.Price.Meter).Distinct(StringComparer.Ordinal)];
        meters = [.. names.Select(Encoding.UTF8.GetBytes)];
        where = [.. slots.Select(s => WhereOf(s).Select(w => (Encoding.UTF8.GetBytes(w.Key), Encoding.UTF8.GetBytes(w.Value))).ToArray())];
        byTimeAndMeter =
        [
            .. Enumerable.Range(0, Math.Max(0, cuts.Length - 1)).Select(cut => names
                .Select(meter => Enumerable.Range(0, slots.Length).Where(i => slots[i].Price.Meter == meter && slots[i].From.UtcTicks <= cuts[cut] && slots[i].To.UtcTicks > cuts[cut]).ToArray())
                .ToArray()),
        ];
        Key = KeyOf(slots);
    }

    /// <summary>The lines.</summary>
    public ImmutableArray<LineSlot> Slots { get; }

    /// <summary>The same for lines that take in the same usage.</summary>
    public string Key { get; }

    /// <summary>
    /// Reads an event: which lines it belongs to, and with which values. The fast way reads only the event's time and readings; an event in another form than the
    /// log writes is read as a whole.
    /// </summary>
    /// <param name="data">The event's data as they are stored.</param>
    /// <param name="sequence">Its number in the log.</param>
    /// <param name="window">Which events are of interest.</param>
    /// <param name="into">Takes what is found.</param>
    /// <exception cref="JsonException">These are no data of an event.</exception>
    public void Read(ReadOnlySpan<byte> data, long sequence, in UsageWindow window, UsageReadings into)
    {
        ArgumentNullException.ThrowIfNull(into);
        var start = into.Begin(sequence);
        var fate = TryReadFast(data, sequence, window, into);
        if (fate is Fate.Unusual)
        {
            into.TakeBack(start);
            fate = ReadWhole(data, sequence, window, into);
        }

        into.End(data, fate, start);
    }

    /// <summary>As <see cref="Read"/>, always by reading the whole event.</summary>
    public void ReadSlowly(ReadOnlySpan<byte> data, long sequence, in UsageWindow window, UsageReadings into)
    {
        ArgumentNullException.ThrowIfNull(into);
        var start = into.Begin(sequence);
        into.End(data, ReadWhole(data, sequence, window, into), start);
    }

    private Fate TryReadFast(ReadOnlySpan<byte> data, long sequence, in UsageWindow window, UsageReadings into)
    {
        var reader = new Utf8JsonReader(data);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return Fate.Unusual;
        }

        int[][]? lines = null;
        var (hasTime, hasReadings, hasAt, isInside, isLate) = (false, false, false, false, false);
        long ticks = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("time"u8))
            {
                if (hasTime || hasReadings || !reader.Read() || reader.TokenType != JsonTokenType.String || !reader.TryGetDateTimeOffset(out var time))
                {
                    return Fate.Unusual;
                }

                hasTime = true;
                ticks = time.UtcTicks;
                isInside = ticks >= window.From && ticks < window.To;
                lines = isInside ? At(ticks) : null;
            }
            else if (reader.ValueTextEquals("readings"u8))
            {
                if (!hasTime || hasReadings || !reader.Read() || reader.TokenType != JsonTokenType.StartArray)
                {
                    return Fate.Unusual;
                }

                hasReadings = true;
                if (lines is null)
                {
                    reader.Skip();
                }
                else if (!TryReadReadings(ref reader, lines, ticks, into))
                {
                    return Fate.Unusual;
                }
            }
            else if (window.KnowsLate && reader.ValueTextEquals("at"u8))
            {
                if (hasAt || !reader.Read() || reader.TokenType != JsonTokenType.String || !reader.TryGetDateTimeOffset(out var at))
                {
                    return Fate.Unusual;
                }

                hasAt = true;
                isLate = window.IsLate(at.UtcTicks, sequence);
            }
            else if (!reader.Read())
            {
                return Fate.Unusual;
            }
            else
            {
                reader.Skip();
            }
        }

        return !hasTime || !hasReadings || (window.KnowsLate && !hasAt) || reader.TokenType != JsonTokenType.EndObject || reader.Read() ? Fate.Unusual
            : !isInside ? Fate.Outside
            : isLate ? Fate.Late
            : Fate.Inside;
    }

    private bool TryReadReadings(ref Utf8JsonReader reader, int[][] lines, long ticks, UsageReadings into)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
        {
            var meter = -1;
            var (hasMeter, hasValue, hasDimensions) = (false, false, false);
            decimal value = 0;
            string? item = null;
            var aggregation = Aggregation.Sum;
            Utf8JsonReader dimensions = default;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("meter"u8))
                {
                    if (hasMeter || !reader.Read() || reader.TokenType != JsonTokenType.String)
                    {
                        return false;
                    }

                    hasMeter = true;
                    meter = MeterOf(ref reader);
                }
                else if (reader.ValueTextEquals("value"u8))
                {
                    if (hasValue || !reader.Read() || reader.TokenType != JsonTokenType.Number || !reader.TryGetDecimal(out value))
                    {
                        return false;
                    }

                    hasValue = true;
                }
                else if (reader.ValueTextEquals("item"u8))
                {
                    if (item is not null || !reader.Read() || reader.TokenType != JsonTokenType.String)
                    {
                        return false;
                    }

                    item = reader.GetString();
                }
                else if (reader.ValueTextEquals("aggregation"u8))
                {
                    if (aggregation != Aggregation.Sum || !reader.Read() || reader.TokenType != JsonTokenType.String || !TryAggregation(ref reader, out aggregation))
                    {
                        return false;
                    }
                }
                else if (reader.ValueTextEquals("dimensions"u8))
                {
                    if (hasDimensions || !reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                    {
                        return false;
                    }

                    hasDimensions = true;
                    dimensions = reader;
                    reader.Skip();
                }
                else
                {
                    return false;
                }
            }

            if (reader.TokenType != JsonTokenType.EndObject || !hasMeter || !hasValue)
            {
                return false;
            }

            if (meter < 0)
            {
                continue;
            }

            foreach (var slot in lines[meter])
            {
                if (where[slot].Length == 0 || (hasDimensions && Fits(dimensions, where[slot])))
                {
                    into.Add(new(into.Count, slot, value, item, aggregation, ticks));
                }
            }
        }

        return reader.TokenType == JsonTokenType.EndArray;
    }

    private Fate ReadWhole(ReadOnlySpan<byte> data, long sequence, in UsageWindow window, UsageReadings into)
    {
        var usage = JsonSerializer.Deserialize(data, MeteringJson.Default.UsageMetered) ?? throw new JsonException("The event is null.");
        var ticks = usage.Time.UtcTicks;
        if (ticks < window.From || ticks >= window.To)
        {
            return Fate.Outside;
        }

        if (window.IsLate(usage.At.UtcTicks, sequence))
        {
            return Fate.Late;
        }

        if (At(ticks) is not { } lines || usage.Readings.IsDefault)
        {
            return Fate.Inside;
        }

        foreach (var reading in usage.Readings)
        {
            var name = Encoding.UTF8.GetBytes(reading.Meter);
            var meter = Array.FindIndex(meters, m => m.AsSpan().SequenceEqual(name));
            foreach (var slot in meter < 0 ? [] : lines[meter])
            {
                if (WhereOf(Slots[slot]).All(w => reading.Dimensions is { } dimensions && dimensions.TryGetValue(w.Key, out var found) && found == w.Value))
                {
                    into.Add(new(into.Count, slot, reading.Value, reading.Item, reading.Aggregation ?? Aggregation.Sum, ticks));
                }
            }
        }

        return Fate.Inside;
    }

    private static bool Fits(Utf8JsonReader dimensions, (byte[] Name, byte[] Value)[] wanted)
    {
        var found = 0;
        while (dimensions.Read() && dimensions.TokenType == JsonTokenType.PropertyName)
        {
            var index = -1;
            for (var i = 0; i < wanted.Length && index < 0; i++)
            {
                index = dimensions.ValueTextEquals(wanted[i].Name) ? i : -1;
            }

            dimensions.Read();
            if (index < 0)
            {
                dimensions.Skip();
            }
            else if (dimensions.TokenType == JsonTokenType.String && dimensions.ValueTextEquals(wanted[index].Value))
            {
                found++;
            }
            else
            {
                return false;
            }
        }

        return found == wanted.Length;
    }

    private static bool TryAggregation(ref Utf8JsonReader reader, out Aggregation aggregation)
    {
        foreach (var (name, value) in Names)
        {
            if (reader.ValueTextEquals(name))
            {
                aggregation = value;
                return true;
            }
        }

        aggregation = Aggregation.Sum;
        return false;
    }

    private int MeterOf(ref Utf8JsonReader reader)
    {
        for (var i = 0; i < meters.Length; i++)
        {
            if (reader.ValueTextEquals(meters[i]))
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>The lines that hold at a moment, by meter; null where none does.</summary>
    private int[][]? At(long ticks)
    {
        var found = Array.BinarySearch(cuts, ticks);
        var cut = found >= 0 ? found : ~found - 1;
        return cut >= 0 && cut < byTimeAndMeter.Length ? byTimeAndMeter[cut] : null;
    }

    private static ImmutableSortedDictionary<string, string> WhereOf(LineSlot slot) => slot.Price.Where ?? ImmutableSortedDictionary<string, string>.Empty;

    private static string KeyOf(ImmutableArray<LineSlot> slots)
    {
        var text = new StringBuilder();
        foreach (var slot in slots)
        {
            text.Append(CultureInfo.InvariantCulture, $"{slot.From.UtcTicks} {slot.To.UtcTicks} {slot.Price.Meter}");
            foreach (var (name, value) in WhereOf(slot))
            {
                text.Append(CultureInfo.InvariantCulture, $" {name.Length}:{name}={value.Length}:{value}");
            }

            text.Append('\n');
        }

        return text.ToString();
    }
}

/// <summary>Which usage is of interest.</summary>
/// <param name="From">The first moment, by the events' own time, in ticks (UTC).</param>
/// <param name="To">The first moment behind it.</param>
public readonly record struct UsageWindow(long From, long To)
{
    // What was taken in when the invoice was being made may have been written just after it, and the clock of the process that took it in may go before.
    private const long Slack = TimeSpan.TicksPerMinute;

    private readonly long madeAt = long.MaxValue;
    private readonly long through = long.MaxValue;

    /// <summary>The time of a period.</summary>
    public UsageWindow(DateTimeOffset from, DateTimeOffset to)
        : this(from.UtcTicks, to.UtcTicks)
    {
    }

    /// <summary>The usage of an invoice: what was taken in after it was made came late, and is not in it.</summary>
    public UsageWindow(InvoiceStatement invoice)
        : this(invoice.Basis.Period.From, invoice.Basis.Period.To) =>
        (madeAt, through) = (invoice.MadeAt.UtcTicks, invoice.ThroughVersion);

    /// <summary>Whether it tells late events apart.</summary>
    internal bool KnowsLate => madeAt != long.MaxValue;

    /// <summary>Whether an event that was taken in at that time came late.</summary>
    internal bool IsLate(long at, long sequence) => sequence > through ? at > madeAt - Slack : madeAt < long.MaxValue - Slack && at > madeAt + Slack;
}

/// <summary>Where an event belongs.</summary>
internal enum Fate
{
    /// <summary>Into the period.</summary>
    Inside,

    /// <summary>Into another period.</summary>
    Outside,

    /// <summary>Into the period, but it came after its invoice was made.</summary>
    Late,

    /// <summary>It has another form than the log writes.</summary>
    Unusual,
}

/// <summary>A value that belongs to a line.</summary>
/// <param name="Event">The event's place in the batch.</param>
/// <param name="Slot">The line.</param>
/// <param name="Value">The value.</param>
/// <param name="Item">Of a unique count: what the event names.</param>
/// <param name="Aggregation">How values become one number.</param>
/// <param name="Ticks">The event's own time.</param>
public readonly record struct UsageMatch(int Event, int Slot, decimal Value, string? Item, Aggregation Aggregation, long Ticks);

/// <summary>What was read of some events, in their order: leaf hashes of those that belong to a line, and the values. Not for several threads at once.</summary>
public sealed class UsageReadings
{
    private readonly List<UsageMatch> matches = [];
    private readonly List<long> sequences = [];
    private readonly Audit.MerkleLeaves leaves = new();
    private bool isOpen;
    private int openedAt;

    /// <summary>How many events were read.</summary>
    public int Count => sequences.Count - (isOpen ? 1 : 0);


    /// <summary>Events of the period that belong to no line.</summary>
    public long Unpriced { get; private set; }

    /// <summary>Events of the period.</summary>
    public long Inside { get; private set; }

    /// <summary>Events of the period that came after its invoice was made.</summary>
    public long Late { get; private set; }

    /// <summary>The values, in the order of the events.</summary>
    public IReadOnlyList<UsageMatch> Matches => matches;

    internal ReadOnlySpan<UsageMatch> MatchSpan => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(matches);

    /// <summary>An event's number in the log.</summary>
    public long Sequence(int index) => sequences[index];

    /// <summary>The leaf hash of an event that belongs to a line.</summary>
    public Audit.MerkleHash Leaf(int index) => leaves[index];

    /// <summary>Hashes what waits to be hashed together with others, so that whoever takes the leaves need not.</summary>
    public void Finish() => leaves.Finish();

    /// <summary>Empties it.</summary>
    public void Clear()
    {
        matches.Clear();
        sequences.Clear();
        leaves.Clear();
        (Unpriced, Inside, Late) = (0, 0, 0);
    }

    /// <summary>Gives up on an event that could not be read.</summary>
    public void Unreadable()
    {
        if (isOpen)
        {
            TakeBack(openedAt);
            End([], Fate.Outside, openedAt);
        }
    }

    internal int Begin(long sequence)
    {
        sequences.Add(sequence);
        isOpen = true;
        return openedAt = matches.Count;
    }

    internal void Add(UsageMatch match) => matches.Add(match);

    internal void TakeBack(int start) => matches.RemoveRange(start, matches.Count - start);

    internal void End(ReadOnlySpan<byte> data, Fate fate, int start)
    {
        isOpen = false;
        if (fate == Fate.Late)
        {
            TakeBack(start);
            Late++;
        }

        var isInLine = matches.Count > start;
        if (isInLine)
        {
            leaves.Add(data);
        }
        else
        {
            leaves.AddNone();
        }

        if (fate == Fate.Inside)
        {
            Inside++;
            Unpriced += isInLine ? 0 : 1;
        }
    }
}
