using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Serialization;
using AIaaS.Domain.Metering;
using AIaaS.Projections;
using AIaaS.Projections.Metering;

namespace AIaaS.Queries.Metering;

/// <summary>The stretches that usage is shown by, in the time zone that was asked for.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<UsageWindow>))]
public enum UsageWindow
{
    /// <summary>All of it.</summary>
    Total,

    /// <summary>By hours. The hour that a clock shows twice is two.</summary>
    Hour,

    /// <summary>By days, of 23 to 25 hours where clocks are changed.</summary>
    Day,

    /// <summary>By months.</summary>
    Month,
}

/// <summary>Which usage of a meter is wanted.</summary>
/// <param name="From">From when, on a quarter of an hour.</param>
/// <param name="To">Until when (exclusive), on a quarter of an hour.</param>
public sealed record UsageQuestion(DateTimeOffset From, DateTimeOffset To)
{
    /// <summary>By which stretches.</summary>
    public UsageWindow Window { get; init; } = UsageWindow.Total;

    /// <summary>In which time zone days and months begin.</summary>
    public TimeZoneInfo TimeZone { get; init; } = TimeZoneInfo.Utc;

    /// <summary>The dimensions that are told apart; the others are taken together.</summary>
    public ImmutableArray<string> GroupBy { get; init; } = [];

    /// <summary>Only usage whose dimensions have these values.</summary>
    public ImmutableSortedDictionary<string, string> Where { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
}

/// <summary>A meter's number in a window.</summary>
/// <param name="Start">The window's beginning, UTC.</param>
/// <param name="End">Its end (exclusive), UTC.</param>
/// <param name="Dimensions">The dimensions that were asked for; one that an event did not have is empty.</param>
/// <param name="Value">The number.</param>
/// <param name="Events">How many events are in it.</param>
public sealed record UsageRow(DateTimeOffset Start, DateTimeOffset End, ImmutableSortedDictionary<string, string> Dimensions, decimal Value, long Events);

/// <summary>A meter's usage. Windows without usage are left out.</summary>
/// <param name="Meter">The meter.</param>
/// <param name="Aggregation">How its readings become one number.</param>
/// <param name="Unit">The unit of the value.</param>
/// <param name="From">From when.</param>
/// <param name="To">Until when.</param>
/// <param name="Window">By which stretches.</param>
/// <param name="TimeZone">In which time zone, an IANA name.</param>
/// <param name="Rows">By window, then by dimensions.</param>
public sealed record UsageReport(string Meter, Aggregation Aggregation, string Unit, DateTimeOffset From, DateTimeOffset To, UsageWindow Window, string TimeZone, ImmutableArray<UsageRow> Rows);

/// <summary>How much was used.</summary>
public sealed class UsageQueries(ReadModel<UsageSlots> slots)
{
    /// <summary>The most rows of a report.</summary>
    public const int MaxRows = 50_000;

    private static readonly TimeSpan MaxRange = TimeSpan.FromDays(1_830);
    private static readonly TimeSpan MaxHours = TimeSpan.FromDays(100);

    /// <summary>A meter's usage by windows and dimensions, exactly: what is shown is what an invoice over the same events counts.</summary>
    /// <exception cref="InvalidQueryException">The stretch or a dimension is not possible, or there is too much to show.</exception>
    public async Task<QueryResult<UsageReport>> GetAsync(string tenant, MeterDefinition meter, UsageQuestion question, Consistency consistency = default, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(meter);
        ArgumentNullException.ThrowIfNull(question);
        Check(meter, question);
        if (await slots.IsBehindAsync(consistency, cancellationToken))
        {
            return QueryResult<UsageReport>.Behind;
        }

        // Counts are stored as sums of ones. What was read while the name stood for a meter of another kind is not a part of this number.
        var kind = meter.Aggregation == Aggregation.Count ? Aggregation.Sum : meter.Aggregation;
        var windows = new UsageWindows(question);
        var cells = new Dictionary<Cell, (ImmutableSortedDictionary<string, string> Dimensions, MeterAggregate Aggregate)>();
        var query = new DocumentQuery
        {
            Where =
            [
                new("tenant", Comparison.Equal, tenant),
                new("meter", Comparison.Equal, meter.Meter),
                new("from", Comparison.Greater, UtcTime.Text(question.From.AddDays(-1))),
                new("from", Comparison.Less, UtcTime.Text(question.To)),
            ],
            SortBy = "from",
            Limit = QueryRules.MaxLimit,
        };
        while (true)
        {
            var page = await slots.QueryAsync(query, cancellationToken);
            foreach (var document in page.Items)
            {
                Add(document);
            }

            if (page.NextCursor is not { } cursor)
            {
                break;
            }

            query = query with { Cursor = cursor };
        }

        return QueryResult<UsageReport>.Of(new(
            meter.Meter,
            meter.Aggregation,
            meter.Unit,
            question.From,
            question.To,
            question.Window,
            question.TimeZone.Id,
            [
                .. cells.OrderBy(c => c.Key)
                    .Select(c => new UsageRow(TimeZoneInfo.ConvertTime(windows[c.Key.Window].Start, question.TimeZone), TimeZoneInfo.ConvertTime(windows[c.Key.Window].End, question.TimeZone), c.Value.Dimensions, c.Value.Aggregate.Value(meter.Percentile) ?? 0, c.Value.Aggregate.Count)),
            ]));

        void Add(UsageSlots document)
        {
            if (!question.Where.All(w => (document.Dimensions.GetValueOrDefault(w.Key) ?? "") == w.Value))
            {
                return;
            }

            var values = question.GroupBy.Select(d => document.Dimensions.GetValueOrDefault(d) ?? "").ToImmutableArray();
            foreach (var (number, aggregate) in document.Slots)
            {
                var start = document.From + (number * UsageSlotsProjection.Slot);
                if (start < question.From || start >= question.To || aggregate.Aggregation != kind)
                {
                    continue;
                }

                var key = new Cell(windows.Of(start), values);
                if (!cells.TryGetValue(key, out var cell))
                {
                    if (cells.Count >= MaxRows)
                    {
                        throw new InvalidQueryException($"There are more than {MaxRows:#,##0} rows. Ask for a shorter time, larger windows, or fewer dimensions.");
                    }

                    cell = (question.GroupBy.ToImmutableSortedDictionary(d => d, d => document.Dimensions.GetValueOrDefault(d) ?? "", StringComparer.Ordinal), new(aggregate.Aggregation));
                    cells.Add(key, cell);
                }

                cell.Aggregate.Merge(aggregate);
            }
        }
    }

    /// <summary>A window and the values of the dimensions that are told apart, in the order of the question.</summary>
    private readonly record struct Cell(int Window, ImmutableArray<string> Values) : IComparable<Cell>
    {
        public bool Equals(Cell other) => Window == other.Window && Values.SequenceEqual(other.Values);

        public override int GetHashCode()
        {
            var hash = new HashCode();
            hash.Add(Window);
            foreach (var value in Values)
            {
                hash.Add(value, StringComparer.Ordinal);
            }

            return hash.ToHashCode();
        }

        public int CompareTo(Cell other)
        {
            var order = Window.CompareTo(other.Window);
            for (var i = 0; order == 0 && i < Values.Length; i++)
            {
                order = string.CompareOrdinal(Values[i], other.Values[i]);
            }

            return order;
        }
    }

    private static void Check(MeterDefinition meter, UsageQuestion question)
    {
        var slot = UsageSlotsProjection.Slot;
        if (question.From.UtcTicks % slot.Ticks != 0 || question.To.UtcTicks % slot.Ticks != 0)
        {
            throw new InvalidQueryException("from and to must lie on a quarter of an hour, for example 2026-01-31T09:15:00Z: usage is kept by quarters of an hour.");
        }

        if (question.From >= question.To)
        {
            throw new InvalidQueryException("from must lie before to.");
        }

        var most = question.Window == UsageWindow.Hour ? MaxHours : MaxRange;
        if (question.To - question.From > most)
        {
            throw new InvalidQueryException(string.Create(CultureInfo.InvariantCulture, $"From {UtcTime.Text(question.From)} to {UtcTime.Text(question.To)} are more than {most.TotalDays:#,##0} days, the most that can be shown by {question.Window}."));
        }

        foreach (var name in question.GroupBy.Concat(question.Where.Keys))
        {
            if (!meter.Dimensions.ContainsKey(name))
            {
                throw new InvalidQueryException($"The meter '{meter.Meter}' has no dimension '{name}'. {(meter.Dimensions.Count == 0 ? "It has none." : $"It has: {string.Join(", ", meter.Dimensions.Keys)}.")}");
            }
        }
    }
}

/// <summary>The windows of a stretch of time: runs of quarters of an hour that a clock in the time zone shows within one hour, day or month.</summary>
internal sealed class UsageWindows
{
    private readonly DateTimeOffset from;
    private readonly int[] windowOf;
    private readonly List<(DateTimeOffset Start, DateTimeOffset End)> windows = [];

    public UsageWindows(UsageQuestion question)
    {
        from = question.From;
        var slot = UsageSlotsProjection.Slot;
        if (question.Window == UsageWindow.Total)
        {
            windowOf = [];
            windows.Add((question.From, question.To));
            return;
        }

        windowOf = new int[(question.To - question.From).Ticks / slot.Ticks];
        (DateTime, TimeSpan)? current = null;
        for (var i = 0; i < windowOf.Length; i++)
        {
            var start = from + (i * slot);
            var local = TimeZoneInfo.ConvertTime(start, question.TimeZone);
            var key = question.Window switch
            {
                // The hour that is shown twice when clocks go back differs in its offset.
                UsageWindow.Hour => (local.Date.AddHours(local.Hour), local.Offset),
                UsageWindow.Day => (local.Date, TimeSpan.Zero),
                _ => (new DateTime(local.Year, local.Month, 1), TimeSpan.Zero),
            };
            if (key != current)
            {
                current = key;
                windows.Add((start, start));
            }

            windows[^1] = (windows[^1].Start, start + slot);
            windowOf[i] = windows.Count - 1;
        }
    }

    public (DateTimeOffset Start, DateTimeOffset End) this[int window] => windows[window];

    public int Of(DateTimeOffset slot) => windowOf.Length == 0 ? 0 : windowOf[(slot - from).Ticks / UsageSlotsProjection.Slot.Ticks];
}
