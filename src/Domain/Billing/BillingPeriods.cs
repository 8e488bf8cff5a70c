using System.Collections.Immutable;
using AIaaS.Domain.Pricing;

namespace AIaaS.Domain.Billing;

/// <summary>How periods follow each other from a moment on, until the next cycle begins.</summary>
/// <param name="From">The first moment at which it counts.</param>
/// <param name="Anchor">A moment at which one of its periods begins; the others follow from its day and time of day in the time zone.</param>
/// <param name="TimeZone">IANA name of the time zone: <c>Europe/Berlin</c>.</param>
/// <param name="Interval">How long a period is.</param>
/// <param name="Count">So many intervals, from 1.</param>
/// <param name="Currency">ISO 4217: what invoices of its periods are in.</param>
public sealed record BillingCycle(DateTimeOffset From, DateTimeOffset Anchor, string TimeZone, BillingInterval Interval, int Count, string Currency)
{
    /// <summary>Calendar months in UTC, in US dollars: what holds where nobody chose anything.</summary>
    public static BillingCycle Default(DateTimeOffset from) => new(from, new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero), TimeZones.Utc, BillingInterval.Month, 1, "USD");
}

/// <summary>A stretch of time that one invoice is for.</summary>
/// <param name="Index">Its number among the tenant's periods; each one's is by 1 above that of the one before it.</param>
/// <param name="From">Its first moment.</param>
/// <param name="To">The first moment behind it.</param>
/// <param name="WholeFrom">Where it would begin if no other cycle had been before.</param>
/// <param name="WholeTo">Where it would end if no other cycle came behind.</param>
/// <param name="Currency">ISO 4217: what its invoice is in.</param>
public readonly record struct BillingPeriod(long Index, DateTimeOffset From, DateTimeOffset To, DateTimeOffset WholeFrom, DateTimeOffset WholeTo, string Currency)
{
    /// <summary>Whether it was cut short by a change of the cycle.</summary>
    public bool IsWhole => From == WholeFrom && To == WholeTo;

    /// <summary>The seconds of the whole period: what a recurring fee is for.</summary>
    public long WholeSeconds => Seconds(WholeFrom, WholeTo);

    /// <summary>Whether a moment lies in it.</summary>
    public bool Contains(DateTimeOffset moment) => From <= moment && moment < To;

    internal static long Seconds(DateTimeOffset from, DateTimeOffset to) => (to.UtcTicks - from.UtcTicks) / TimeSpan.TicksPerSecond;
}

/// <summary>
/// A tenant's billing periods: they tile the time without gap or overlap. A period begins at the anchor's day and time of day in the tenant's time zone; on the
/// last day of a month that has no such day, at the first of two moments of that name when clocks go back, and by so much later as clocks go forward over it.
/// </summary>
public sealed class BillingPeriods
{
    private readonly ImmutableArray<BillingCycle> cycles;
    private readonly long[] before;

    /// <summary>Makes the periods of cycles.</summary>
    /// <param name="cycles">In the order of their beginning; the first one counts for all time before the second. Of several that begin at one moment the last counts.</param>
    /// <exception cref="ArgumentException">There is none, they are out of order, or one names no time zone.</exception>
    public BillingPeriods(ImmutableArray<BillingCycle> cycles)
    {
        if (cycles.IsDefaultOrEmpty)
        {
            throw new ArgumentException("There must be a billing cycle.", nameof(cycles));
        }

        var kept = ImmutableArray.CreateBuilder<BillingCycle>();
        foreach (var cycle in cycles)
        {
            if (kept.Count > 0 && cycle.From < kept[^1].From)
            {
                throw new ArgumentException("The billing cycles are not in the order of their beginning.", nameof(cycles));
            }

            if (kept.Count > 0 && kept[^1].From == cycle.From)
            {
                kept.RemoveAt(kept.Count - 1);
            }

            kept.Add(cycle);
        }

        // The number of a period in its cycle, shifted so that numbers go on over the cycles.
        this.cycles = kept.ToImmutable();
        before = new long[this.cycles.Length];
        for (var i = 1; i < before.Length; i++)
        {
            var last = NumberAt(this.cycles[i - 1], this.cycles[i].From.AddTicks(-1));
            before[i] = before[i - 1] + last + 1 - NumberAt(this.cycles[i], this.cycles[i].From);
        }
    }

    /// <summary>The period that a moment lies in.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The moment is before 1970 or behind 9000.</exception>
    public BillingPeriod At(DateTimeOffset moment)
    {
        if (moment.UtcDateTime.Year is < 1970 or > 9000)
        {
            throw new ArgumentOutOfRangeException(nameof(moment), moment, "Billing periods are known from 1970 to 9000.");
        }

        var i = cycles.Length - 1;
        while (i > 0 && cycles[i].From > moment)
        {
            i--;
        }

        var number = NumberAt(cycles[i], moment);
        var (from, to) = (StartOf(cycles[i], number), StartOf(cycles[i], number + 1));
        var (first, last) = (from, to);
        if (i > 0 && cycles[i].From > first)
        {
            first = cycles[i].From;
        }

        if (i < cycles.Length - 1 && cycles[i + 1].From < last)
        {
            last = cycles[i + 1].From;
        }

        return new(before[i] + number, first.ToUniversalTime(), last.ToUniversalTime(), from, to, cycles[i].Currency);
    }

    /// <summary>The period behind one.</summary>
    public BillingPeriod Next(BillingPeriod period) => At(period.To);

    /// <summary>The period before one.</summary>
    public BillingPeriod Previous(BillingPeriod period) => At(period.From.AddTicks(-1));

    /// <summary>The number of the period that a moment lies in.</summary>
    public long Index(DateTimeOffset moment) => At(moment).Index;

    /// <summary>The cycle that counts at a moment.</summary>
    public BillingCycle CycleAt(DateTimeOffset moment)
    {
        var i = cycles.Length - 1;
        while (i > 0 && cycles[i].From > moment)
        {
            i--;
        }

        return cycles[i];
    }

    // The number in its cycle of the period that a moment lies in; 0 for the one that begins at the anchor.
    private static long NumberAt(BillingCycle cycle, DateTimeOffset moment)
    {
        var zone = TimeZones.Find(cycle.TimeZone);
        var anchor = TimeZoneInfo.ConvertTime(cycle.Anchor, zone).DateTime;
        var local = TimeZoneInfo.ConvertTime(moment, zone).DateTime;
        var guess = cycle.Interval switch
        {
            BillingInterval.Day => (long)Math.Floor((local - anchor).TotalDays / cycle.Count),
            BillingInterval.Week => (long)Math.Floor((local - anchor).TotalDays / (7d * cycle.Count)),
            BillingInterval.Month => Floor((((local.Year - anchor.Year) * 12) + local.Month - anchor.Month), cycle.Count),
            BillingInterval.Year => Floor(local.Year - anchor.Year, cycle.Count),
            _ => throw new InvalidOperationException($"The interval {cycle.Interval} is not known."),
        };
        while (StartOf(cycle, guess) > moment)
        {
            guess--;
        }

        while (StartOf(cycle, guess + 1) <= moment)
        {
            guess++;
        }

        return guess;
    }

    private static DateTimeOffset StartOf(BillingCycle cycle, long number)
    {
        var zone = TimeZones.Find(cycle.TimeZone);
        var anchor = TimeZoneInfo.ConvertTime(cycle.Anchor, zone).DateTime;
        var steps = checked((int)(number * cycle.Count));
        var local = cycle.Interval switch
        {
            BillingInterval.Day => anchor.AddDays(steps),
            BillingInterval.Week => anchor.AddDays(7d * steps),
            BillingInterval.Month => anchor.AddMonths(steps),
            BillingInterval.Year => anchor.AddYears(steps),
            _ => throw new InvalidOperationException($"The interval {cycle.Interval} is not known."),
        };
        return TimeZones.ToUtc(local, zone);
    }

    private static long Floor(int number, int by) => (long)Math.Floor(number / (double)by);
}

/// <summary>Time zones by their IANA names.</summary>
public static class TimeZones
{
    /// <summary>Universal time.</summary>
    public const string Utc = "UTC";

    /// <summary>Whether there is a time zone of this name.</summary>
    public static bool IsKnown(string? name) =>
        name is { Length: >= 3 and <= 50 }
        && (name == Utc || name.Contains('/', StringComparison.Ordinal))
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '_' or '-' or '+')
        && name[0] != '/' && name[^1] != '/'
        && TimeZoneInfo.TryFindSystemTimeZoneById(name, out _);

    /// <summary>The time zone of a name.</summary>
    /// <exception cref="TimeZoneNotFoundException">There is none.</exception>
    public static TimeZoneInfo Find(string name) => name == Utc ? TimeZoneInfo.Utc : TimeZoneInfo.FindSystemTimeZoneById(name);

    /// <summary>The moment at which clocks of a zone show a time: the first of two; where they skip it, as much later as they skip.</summary>
    public static DateTimeOffset ToUtc(DateTime local, TimeZoneInfo zone)
    {
        ArgumentNullException.ThrowIfNull(zone);
        var offset = zone.IsInvalidTime(local) ? zone.GetUtcOffset(local.AddDays(-1))
            : zone.IsAmbiguousTime(local) ? zone.GetAmbiguousTimeOffsets(local).Max()
            : zone.GetUtcOffset(local);
        return new DateTimeOffset(local, offset).ToUniversalTime();
    }
}
