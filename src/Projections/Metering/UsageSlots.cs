using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization.Metadata;
using AIaaS.Domain.Metering;
using AIaaS.EventStore;

namespace AIaaS.Projections.Metering;

/// <summary>
/// What a meter read in a stretch of time with one set of dimensions, by quarters of an hour. A quarter is the finest that any time zone shifts by, so that
/// windows of every zone are made of whole ones.
/// </summary>
public sealed record UsageSlots
{
    /// <summary>The tenant.</summary>
    public required string Tenant { get; init; }

    /// <summary>The meter.</summary>
    public required string Meter { get; init; }

    /// <summary>The values of its dimensions, by name.</summary>
    public ImmutableSortedDictionary<string, string> Dimensions { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>The beginning of the stretch: a day, or of unique counts and percentiles, which hold more, an hour (UTC).</summary>
    public DateTimeOffset From { get; init; }

    /// <summary>What was read, by the number of the quarter of an hour from the beginning.</summary>
    public ImmutableSortedDictionary<int, MeterAggregate> Slots { get; init; } = ImmutableSortedDictionary<int, MeterAggregate>.Empty;
}

/// <summary>
/// One document for each meter, set of dimensions, and day or hour. A name may come to mean another kind of meter, when a tenant changes its plan or its own meter makes
/// way for the plan's: readings of different kinds lie in different documents. What keeps all that it was given begins another document with each <see cref="MaxKept"/> events of the
/// tenant, so that none grows without end: it is read and written as a whole.
/// </summary>
public sealed class UsageSlotsProjection : Projection<UsageSlots>
{
    /// <summary>The length of a slot.</summary>
    public static readonly TimeSpan Slot = TimeSpan.FromMinutes(15);

    /// <summary>The most events of a document of a unique count or a percentile.</summary>
    public const int MaxKept = 5_000;

    private const int MaxKnown = 10_000;

    private readonly ConcurrentDictionary<Place, string> keys = new();

    /// <inheritdoc />
    public override string Name => "UsageSlots";

    /// <inheritdoc />
    public override int Version => 2;

    /// <inheritdoc />
    public override IReadOnlyList<string> EventTypePrefixes { get; } = [UsageMetered.TypeName];

    /// <inheritdoc />
    public override JsonTypeInfo<UsageSlots> Json => Documents.Default.UsageSlots;

    /// <inheritdoc />
    public override IReadOnlyDictionary<string, FieldKind> Fields { get; } = new Dictionary<string, FieldKind>
    {
        ["tenant"] = FieldKind.Text,
        ["meter"] = FieldKind.Text,
        ["from"] = FieldKind.Text,
    };

    /// <inheritdoc />
    public override IReadOnlyList<IReadOnlyList<string>> Indexes { get; } = [["tenant", "meter", "from"]];

    /// <inheritdoc />
    public override IEnumerable<string> KeysOf(EventEnvelope envelope)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        if (envelope.Event is not UsageMetered used || used.Readings.IsDefaultOrEmpty)
        {
            return [];
        }

        var tenant = envelope.Tenant;
        var keys = new string[used.Readings.Length];
        for (var i = 0; i < keys.Length; i++)
        {
            keys[i] = KeyOf(tenant, used.Readings[i], Start(used.Readings[i], used.Time), envelope.Recorded.Version);
        }

        return keys;
    }

    /// <inheritdoc />
    public override UsageSlots? Apply(string id, UsageSlots? document, EventEnvelope envelope) => Fold(id, document, [envelope]);

    /// <inheritdoc />
    public override UsageSlots? Fold(string id, UsageSlots? document, IReadOnlyList<EventEnvelope> envelopes)
    {
        ArgumentNullException.ThrowIfNull(envelopes);

        // Documents are never changed in place: each slot that is touched is copied once for the whole batch.
        var changed = new Dictionary<int, MeterAggregate>();
        foreach (var envelope in envelopes)
        {
            var used = (UsageMetered)envelope.Event;
            foreach (var reading in used.Readings)
            {
                var start = Start(reading, used.Time);
                if (document is null ? KeyOf(envelope.Tenant, reading, start, envelope.Recorded.Version) != id : reading.Meter != document.Meter || start != document.From || KeyOf(envelope.Tenant, reading, start, envelope.Recorded.Version) != id)
                {
                    continue;
                }

                document ??= new()
                {
                    Tenant = envelope.Tenant,
                    Meter = reading.Meter,
                    Dimensions = reading.Dimensions ?? ImmutableSortedDictionary<string, string>.Empty,
                    From = start,
                };
                var slot = (int)((used.Time.UtcTicks - start.UtcTicks) / Slot.Ticks);
                if (!changed.TryGetValue(slot, out var aggregate))
                {
                    aggregate = new(reading.Aggregation ?? Aggregation.Sum);
                    if (document.Slots.TryGetValue(slot, out var before))
                    {
                        aggregate.Merge(before);
                    }

                    changed.Add(slot, aggregate);
                }

                aggregate.Add(reading, used.Time, envelope.Recorded.Version);
                break;
            }
        }

        return document is null || changed.Count == 0 ? document : document with { Slots = document.Slots.SetItems(changed) };
    }

    private static DateTimeOffset Start(MeterReading reading, DateTimeOffset time)
    {
        var length = KeepsAll(reading) ? TimeSpan.TicksPerHour : TimeSpan.TicksPerDay;
        return new(time.UtcTicks - (time.UtcTicks % length), TimeSpan.Zero);
    }

    /// <summary>Unique counts and percentiles keep what they were given.</summary>
    private static bool KeepsAll(MeterReading reading) => reading.Aggregation is Aggregation.UniqueCount or Aggregation.Percentile;

    /// <summary>Asked twice for each event, and mostly for few documents.</summary>
    private string KeyOf(string tenant, MeterReading reading, DateTimeOffset start, long sequence)
    {
        var place = new Place(tenant, reading.Meter, start.UtcTicks / TimeSpan.TicksPerHour, reading.Dimensions, reading.Aggregation ?? Aggregation.Sum, KeepsAll(reading) ? sequence / MaxKept : null);
        if (keys.TryGetValue(place, out var known))
        {
            return known;
        }

        if (keys.Count >= MaxKnown)
        {
            keys.Clear();
        }

        return keys[place] = place.ToString();
    }

    /// <summary>What tells documents apart. Of equal sets of dimensions each is a place of its own, and all have the same text.</summary>
    private readonly record struct Place(string Tenant, string Meter, long Hour, ImmutableSortedDictionary<string, string>? Dimensions, Aggregation Kind, long? Part)
    {
        public override string ToString()
        {
            var kind = Kind == Aggregation.Sum ? "" : $":{Kind}";
            return string.Create(CultureInfo.InvariantCulture, $"{Tenant}:{Meter}:{Hour}:{HashOf(Dimensions)}{kind}{(Part is null ? "" : ":")}{Part}");
        }

        private static string HashOf(ImmutableSortedDictionary<string, string>? dimensions)
        {
            if (dimensions is null or { Count: 0 })
            {
                return "-";
            }

            var text = new StringBuilder();
            foreach (var (name, value) in dimensions)
            {
                text.Append(CultureInfo.InvariantCulture, $"{name}={value.Length}:{value};");
            }

            return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())).AsSpan(0, 12));
        }
    }
}
