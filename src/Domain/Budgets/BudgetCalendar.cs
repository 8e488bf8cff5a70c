using System.Globalization;

namespace AIaaS.Domain.Budgets;

/// <summary>A period of a budget.</summary>
/// <param name="Name"><c>2026-03-01</c>, <c>2026-W09</c>, <c>2026-03</c> or <c>2026</c>.</param>
/// <param name="From">When it begins, UTC.</param>
/// <param name="To">When the next one begins, UTC.</param>
public sealed record BudgetSpan(string Name, DateTimeOffset From, DateTimeOffset To);

/// <summary>How time is cut into the periods of a budget: at midnight in its time zone, whatever the clocks do there.</summary>
public static class BudgetCalendar
{
    /// <summary>Whether a text is the IANA name of a time zone.</summary>
    public static bool IsTimeZone(string? name) => name is { Length: >= 1 and <= 60 } && TimeZoneInfo.TryFindSystemTimeZoneById(name, out _);

    /// <summary>The period that a moment lies in.</summary>
    /// <exception cref="TimeZoneNotFoundException">The time zone is not known here.</exception>
    public static BudgetSpan Of(BudgetInterval interval, string timeZone, DateTimeOffset at)
    {
        var zone = TimeZoneInfo.FindSystemTimeZoneById(timeZone);
        var day = DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(at, zone).DateTime);

        // Where the clocks are set back over midnight, the second 23:30 lies behind the new day's beginning.
        if (at >= Midnight(day.AddDays(1), zone))
        {
            day = day.AddDays(1);
        }

        var (first, next) = interval switch
        {
            BudgetInterval.Day => (day, day.AddDays(1)),
            BudgetInterval.Week when day.AddDays(-(((int)day.DayOfWeek + 6) % 7)) is var monday => (monday, monday.AddDays(7)),
            BudgetInterval.Month when new DateOnly(day.Year, day.Month, 1) is var month => (month, month.AddMonths(1)),
            BudgetInterval.Year when new DateOnly(day.Year, 1, 1) is var year => (year, year.AddYears(1)),
            _ => throw new ArgumentOutOfRangeException(nameof(interval), interval, "Periods are a day, a week, a month or a year."),
        };
        return new(NameOf(interval, first), Midnight(first, zone), Midnight(next, zone));
    }

    private static string NameOf(BudgetInterval interval, DateOnly first) => interval switch
    {
        BudgetInterval.Day => first.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        BudgetInterval.Week => string.Create(CultureInfo.InvariantCulture, $"{ISOWeek.GetYear(first.ToDateTime(default)):0000}-W{ISOWeek.GetWeekOfYear(first.ToDateTime(default)):00}"),
        BudgetInterval.Month => first.ToString("yyyy-MM", CultureInfo.InvariantCulture),
        _ => first.ToString("yyyy", CultureInfo.InvariantCulture),
    };

    /// <summary>The first moment at which it is that day there, or a later one: clocks jump over midnights, come back to them, and have left out whole days.</summary>
    private static DateTimeOffset Midnight(DateOnly day, TimeZoneInfo zone)
    {
        var at = new DateTimeOffset(day.ToDateTime(default), TimeSpan.Zero).AddHours(-15);
        while (!IsOn(at))
        {
            at = at.AddHours(1);
        }

        // A new day may begin for a minute only, before the clocks are set back once more.
        at = at.AddHours(-2);
        while (!IsOn(at))
        {
            at = at.AddMinutes(1);
        }

        var (before, on) = (at.AddMinutes(-1).UtcTicks, at.UtcTicks);
        while (on - before > 1)
        {
            var middle = before + ((on - before) / 2);
            (before, on) = IsOn(new(middle, TimeSpan.Zero)) ? (before, middle) : (middle, on);
        }

        return new(on, TimeSpan.Zero);

        bool IsOn(DateTimeOffset moment) => DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(moment, zone).DateTime) >= day;
    }
}
