using System.Globalization;
using System.Numerics;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace AIaaS.Domain.Metering;

/// <summary>
/// What readings of one meter come to, exactly: the aggregate of any parts, merged in any order, is the aggregate of the whole. Unique counts keep
/// the items, percentiles how often each value was there.
/// </summary>
/// <param name="aggregation">How the readings become one number.</param>
[JsonConverter(typeof(MeterAggregateJson))]
public sealed class MeterAggregate(Aggregation aggregation)
{
    private HashSet<string>? items;
    private Dictionary<decimal, long>? values;

    /// <summary>How the readings become one number.</summary>
    public Aggregation Aggregation => aggregation;

    /// <summary>How many readings there are.</summary>
    public long Count { get; private set; }

    /// <summary>The newest reading's time in ticks (UTC) and its number in the log; -1 for none. Only of <see cref="Aggregation.Latest"/>.</summary>
    public (long Ticks, long Sequence) Newest { get; private set; } = (-1, -1);

    /// <summary>Ten to the 12th times the sum: all values have at most 12 decimals, so that it is exact.</summary>
    internal Int128 Scaled { get; private set; }

    /// <summary>The largest or the newest value; null before the first.</summary>
    internal decimal? Chosen { get; private set; }

    internal IReadOnlyCollection<string> Items => items ?? [];

    internal IReadOnlyDictionary<decimal, long> Values => values ??= [];

    /// <summary>Takes a reading in.</summary>
    /// <param name="reading">The reading.</param>
    /// <param name="time">The event's own time.</param>
    /// <param name="sequence">The event's number in the log.</param>
    public void Add(MeterReading reading, DateTimeOffset time, long sequence)
    {
        ArgumentNullException.ThrowIfNull(reading);
        Add(reading.Value, reading.Item, time.UtcTicks, sequence);
    }

    /// <summary>Takes a reading in.</summary>
    /// <param name="value">Its value.</param>
    /// <param name="item">Of a unique count: what the event names.</param>
    /// <param name="ticks">The event's own time in ticks, UTC.</param>
    /// <param name="sequence">The event's number in the log.</param>
    public void Add(decimal value, string? item, long ticks, long sequence)
    {
        switch (aggregation)
        {
            case Aggregation.Sum:
                Scaled = checked(Scaled + Exact.Scale(value));
                break;
            case Aggregation.Count:
                break;
            case Aggregation.UniqueCount:
                (items ??= new(StringComparer.Ordinal)).Add(item ?? "");
                break;
            case Aggregation.Max:
                Chosen = Chosen is { } most && most >= value ? most : value;
                break;
            case Aggregation.Latest:
                Choose((ticks, sequence), value);

                break;
            case Aggregation.Percentile:
                values ??= [];
                values[value] = values.GetValueOrDefault(value) + 1;
                break;
            default:
                throw new InvalidOperationException($"The aggregation {aggregation} is not known.");
        }

        Count++;
    }

    /// <summary>Takes what another one holds in; that one stays as it is.</summary>
    /// <exception cref="ArgumentException">It aggregates otherwise.</exception>
    public void Merge(MeterAggregate other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other.Aggregation != aggregation)
        {
            throw new ArgumentException($"What is aggregated by {other.Aggregation} cannot be merged into what is aggregated by {aggregation}.", nameof(other));
        }

        Count += other.Count;
        Scaled = checked(Scaled + other.Scaled);
        if (other.items is { } more)
        {
            (items ??= new(StringComparer.Ordinal)).UnionWith(more);
        }

        foreach (var (value, count) in other.values ?? [])
        {
            values ??= [];
            values[value] = values.GetValueOrDefault(value) + count;
        }

        if (other.Chosen is { } chosen)
        {
            if (aggregation == Aggregation.Latest)
            {
                Choose(other.Newest, chosen);
            }
            else if (!(Chosen >= chosen))
            {
                Chosen = chosen;
            }
        }
    }

    // Of several of one time the largest counts, and not the one that came last: what is owed does not depend on the order in which usage arrives.
    private void Choose((long Ticks, long Sequence) newest, decimal value)
    {
        if (newest.Ticks > Newest.Ticks || (newest.Ticks == Newest.Ticks && (value > Chosen || (value == Chosen && newest.Sequence > Newest.Sequence))))
        {
            (Newest, Chosen) = (newest, value);
        }
    }

    /// <summary>The number; null where there is none: the largest, newest or middle one of nothing. A sum of more than 28 digits is rounded to as many as a decimal holds, half to even.</summary>
    /// <param name="percentile">Of a percentile: which, above 0 and below 100.</param>
    /// <exception cref="ArgumentNullException">A percentile was not said.</exception>
    public decimal? Value(decimal? percentile = null) => aggregation switch
    {
        Aggregation.Sum => Exact.Unscale(Scaled),
        Aggregation.Count => Count,
        Aggregation.UniqueCount => items?.Count ?? 0,
        Aggregation.Max or Aggregation.Latest => Chosen,
        Aggregation.Percentile => NearestRank(percentile ?? throw new ArgumentNullException(nameof(percentile), "Say which percentile.")),
        _ => throw new InvalidOperationException($"The aggregation {aggregation} is not known."),
    };

    internal static MeterAggregate Of(Aggregation aggregation, long count, Int128 scaled, decimal? chosen, (long Ticks, long Sequence) newest, HashSet<string>? items, Dictionary<decimal, long>? values) =>
        new(aggregation) { Count = count, Scaled = scaled, Chosen = chosen, Newest = newest, items = items, values = values };

    private decimal? NearestRank(decimal percentile)
    {
        if (values is not { Count: > 0 })
        {
            return null;
        }

        var rank = (long)decimal.Ceiling(percentile / 100 * Count);
        long seen = 0;
        decimal at = 0;
        foreach (var (value, count) in values.OrderBy(v => v.Key))
        {
            at = value;
            seen += count;
            if (seen >= rank)
            {
                break;
            }
        }

        return at;
    }
}

/// <summary>Sums without rounding.</summary>
internal static class Exact
{
    private const long Unit = 1_000_000_000_000;

    private static readonly UInt128[] Powers = [.. Enumerable.Range(0, UsageNumber.MaxDecimals + 1).Select(i => (UInt128)BigInteger.Pow(10, i))];

    /// <summary>Ten to the 12th times the value.</summary>
    /// <exception cref="OverflowException">It has more than 12 decimals.</exception>
    public static Int128 Scale(decimal value)
    {
        Span<int> bits = stackalloc int[4];
        _ = decimal.GetBits(value, bits);
        var scale = (bits[3] >> 16) & 0xFF;
        if (scale > UsageNumber.MaxDecimals)
        {
            var rounded = decimal.Round(value, UsageNumber.MaxDecimals);
            return rounded == value ? Scale(rounded) : throw new OverflowException($"{value.ToString(CultureInfo.InvariantCulture)} has more than {UsageNumber.MaxDecimals} decimals.");
        }

        // Not checked: a part whose highest bit is set is below zero as an int.
        var unscaled = new UInt128((uint)bits[2], ((ulong)(uint)bits[1] << 32) | (uint)bits[0]);
        var digits = checked(unscaled * Powers[UsageNumber.MaxDecimals - scale]);
        return bits[3] < 0 ? -(Int128)digits : (Int128)digits;
    }

    /// <summary>
    /// The value again, without trailing zeros. What has more digits than a decimal holds is rounded, half to even: a sum that could not be told would be one that
    /// can neither be shown nor invoiced, and a few events suffice to make one.
    /// </summary>
    public static decimal Unscale(Int128 scaled)
    {
        var (whole, part) = Int128.DivRem(scaled, Unit);
        return ((decimal)whole + ((decimal)(long)part / Unit)) / 1.0000000000000000000000000000m;
    }
}

/// <summary>An aggregate as JSON: only what its kind needs; sums as text of an integer, so that none is rounded.</summary>
public sealed class MeterAggregateJson : JsonConverter<MeterAggregate>
{
    /// <inheritdoc />
    public override MeterAggregate Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        using var json = JsonDocument.ParseValue(ref reader);
        var root = json.RootElement;
        HashSet<string>? items = null;
        if (root.TryGetProperty("items", out var stored))
        {
            items = new(stored.GetArrayLength(), StringComparer.Ordinal);
            foreach (var item in stored.EnumerateArray())
            {
                items.Add(item.GetString()!);
            }
        }

        Dictionary<decimal, long>? values = null;
        if (root.TryGetProperty("values", out var counts))
        {
            values = new(counts.GetArrayLength() / 2);
            decimal? value = null;
            foreach (var number in counts.EnumerateArray())
            {
                if (value is { } key)
                {
                    values.Add(key, number.GetInt64());
                    value = null;
                }
                else
                {
                    value = number.GetDecimal();
                }
            }
        }

        return MeterAggregate.Of(
            Enum.Parse<Aggregation>(root.GetProperty("aggregation").GetString()!),
            root.GetProperty("count").GetInt64(),
            root.TryGetProperty("sum", out var sum) ? Int128.Parse(sum.GetString()!, CultureInfo.InvariantCulture) : 0,
            root.TryGetProperty("chosen", out var chosen) ? chosen.GetDecimal() : null,
            root.TryGetProperty("ticks", out var ticks) ? (ticks.GetInt64(), root.GetProperty("sequence").GetInt64()) : (-1, -1),
            items,
            values);
    }

    /// <inheritdoc />
    public override void Write(Utf8JsonWriter writer, MeterAggregate value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(value);
        writer.WriteStartObject();
        writer.WriteString("aggregation"u8, value.Aggregation.ToString());
        writer.WriteNumber("count"u8, value.Count);
        if (value.Aggregation == Aggregation.Sum)
        {
            Span<char> text = stackalloc char[48];
            _ = value.Scaled.TryFormat(text, out var length, default, CultureInfo.InvariantCulture);
            writer.WriteString("sum"u8, text[..length]);
        }

        if (value.Chosen is { } chosen)
        {
            writer.WriteNumber("chosen"u8, chosen);
        }

        if (value.Newest.Sequence >= 0)
        {
            writer.WriteNumber("ticks"u8, value.Newest.Ticks);
            writer.WriteNumber("sequence"u8, value.Newest.Sequence);
        }

        if (value.Items.Count > 0)
        {
            writer.WriteStartArray("items"u8);
            foreach (var item in value.Items)
            {
                writer.WriteStringValue(item);
            }

            writer.WriteEndArray();
        }

        if (value.Values.Count > 0)
        {
            writer.WriteStartArray("values"u8);
            foreach (var (number, count) in value.Values)
            {
                writer.WriteNumberValue(number);
                writer.WriteNumberValue(count);
            }

            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }
}
