using System.Collections.Immutable;
using AIaaS.Domain;
using AIaaS.Domain.Billing;
using AIaaS.Domain.Pricing;
using FsCheck;
using FsCheck.Fluent;

namespace Domain.Tests.Billing;

internal static class Some
{
    public static readonly DateTimeOffset At = Utc(2026, 1, 31, 9, 30);

    public static DateTimeOffset Utc(int year, int month, int day, int hour = 0, int minute = 0, int second = 0) => new(year, month, day, hour, minute, second, TimeSpan.Zero);

    public static BillingCycle Cycle(DateTimeOffset anchor, string zone = "UTC", BillingInterval interval = BillingInterval.Month, int count = 1) => new(anchor, anchor, zone, interval, count, "USD");

    public static Plan Plan(string id, decimal fee = 31m, int version = 1) => new(id, version, id, "USD") { RecurringFee = fee };

    public static Subscription After(params IEnumerable<object> events) => events.Aggregate(Subscription.Initial, (state, e) => state.Evolve(e));
}

public sealed class Billing_periods
{
    [Test]
    public void of_a_month_end_fall_on_the_last_day_of_shorter_months()
    {
        var periods = new BillingPeriods([Some.Cycle(Some.Utc(2026, 1, 31))]);
        var first = periods.At(Some.Utc(2026, 1, 31));
        Enumerable.Range(0, 4).Aggregate((List<BillingPeriod>)[first], (all, _) => [.. all, periods.Next(all[^1])]).Select(p => p.From)
            .Should().Equal(Some.Utc(2026, 1, 31), Some.Utc(2026, 2, 28), Some.Utc(2026, 3, 31), Some.Utc(2026, 4, 30), Some.Utc(2026, 5, 31));
    }

    [Test]
    public void of_a_leap_day_fall_on_the_twenty_eighth_in_other_years() =>
        new BillingPeriods([Some.Cycle(Some.Utc(2024, 2, 29), interval: BillingInterval.Year)]).At(Some.Utc(2025, 6, 1)).From.Should().Be(Some.Utc(2025, 2, 28));

    [Test]
    public void of_a_day_have_23_and_25_hours_when_clocks_change()
    {
        var periods = new BillingPeriods([Some.Cycle(Some.Utc(2026, 1, 1, 23), "Europe/Berlin", BillingInterval.Day)]);
        periods.At(Some.Utc(2026, 3, 29, 12)).WholeSeconds.Should().Be(23 * 3_600);
        periods.At(Some.Utc(2026, 10, 25, 12)).WholeSeconds.Should().Be(25 * 3_600);
    }

    [Test]
    public void begin_at_the_same_time_of_day_in_winter_and_summer()
    {
        var periods = new BillingPeriods([Some.Cycle(Some.Utc(2026, 1, 15, 14), "America/New_York")]);
        periods.At(Some.Utc(2026, 2, 20)).From.Should().Be(Some.Utc(2026, 2, 15, 14));
        periods.At(Some.Utc(2026, 7, 20)).From.Should().Be(Some.Utc(2026, 7, 15, 13));
    }

    [Test]
    public void that_begin_in_an_hour_that_clocks_skip_begin_an_hour_later() =>
        new BillingPeriods([Some.Cycle(Some.Utc(2026, 1, 1, 1, 30), "Europe/Berlin", BillingInterval.Day)]).At(Some.Utc(2026, 3, 29, 1, 30)).From.Should().Be(Some.Utc(2026, 3, 29, 1, 30));

    [Test]
    public void that_begin_in_an_hour_that_clocks_repeat_begin_in_the_first_one() =>
        new BillingPeriods([Some.Cycle(Some.Utc(2026, 1, 1, 1, 30), "Europe/Berlin", BillingInterval.Day)]).At(Some.Utc(2026, 10, 25, 12)).From.Should().Be(Some.Utc(2026, 10, 25, 0, 30));

    [Test]
    public void without_a_choice_are_calendar_months_in_UTC()
    {
        var period = Subscription.Initial.Periods.At(Some.Utc(2026, 2, 10));
        (period.From, period.To, period.Currency, period.IsWhole).Should().Be((Some.Utc(2026, 2, 1), Some.Utc(2026, 3, 1), "USD", true));
    }

    [Test]
    public void are_cut_short_where_another_cycle_begins_and_are_numbered_on()
    {
        var periods = new BillingPeriods([BillingCycle.Default(DateTimeOffset.MinValue), Some.Cycle(Some.Utc(2026, 3, 10), interval: BillingInterval.Year)]);
        var cut = periods.At(Some.Utc(2026, 3, 9));
        (cut.From, cut.To, cut.WholeTo, cut.IsWhole).Should().Be((Some.Utc(2026, 3, 1), Some.Utc(2026, 3, 10), Some.Utc(2026, 4, 1), false));
        var next = periods.Next(cut);
        (next.Index, next.From, next.To).Should().Be((cut.Index + 1, Some.Utc(2026, 3, 10), Some.Utc(2027, 3, 10)));
        periods.Previous(next).Should().Be(cut);
    }

    [Test]
    public void tile_the_time_without_gap_or_overlap()
    {
        var moments = Gen.Choose(0, 1_000_000_000).Select(s => Some.Utc(2005, 1, 1).AddSeconds(s));
        var cycles =
            from first in Gen.Choose(0, 500_000_000)
            from lengths in Gen.Choose(1, 50_000_000).ListOf()
            from rest in (from zone in Gen.Elements("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia", "America/Sao_Paulo", "Africa/Casablanca")
                          from interval in Gen.Elements(Enum.GetValues<BillingInterval>())
                          from count in Gen.Choose(1, 40)
                          from anchor in moments
                          select (zone, interval, count, anchor)).ListOf(lengths.Count + 1)
            select rest.Select((r, i) => Some.Cycle(r.anchor, r.zone, r.interval, r.count) with { From = Some.Utc(2005, 1, 1).AddSeconds(first + lengths.Take(i).Sum(l => (long)l)) }).ToImmutableArray();
        Prop.ForAll(cycles.Zip(moments).ToArbitrary(), c =>
        {
            var periods = new BillingPeriods(c.Item1);
            var period = periods.At(c.Item2);
            var next = periods.Next(period);
            return period.Contains(c.Item2) && period.From < period.To && period.WholeFrom <= period.From && period.To <= period.WholeTo
                && (period.From.Year < 1970 ? IsRefused(periods, period.From) : periods.At(period.From) == period) && periods.At(period.To.AddTicks(-1)) == period
                && next.From == period.To && next.Index == period.Index + 1 && periods.Previous(next) == period;
        }).QuickCheckThrowOnFailure();

        // A period of many years may begin before the time that periods are known of.
        static bool IsRefused(BillingPeriods periods, DateTimeOffset moment)
        {
            try
            {
                periods.At(moment);
                return false;
            }
            catch (ArgumentOutOfRangeException)
            {
                return true;
            }
        }
    }

    [TestCase("Mars/Olympus")]
    [TestCase("../../etc/passwd")]
    [TestCase("/etc/localtime")]
    [TestCase("CET-1")]
    [TestCase("")]
    public void know_no_such_time_zone(string name) => TimeZones.IsKnown(name).Should().BeFalse();
}
