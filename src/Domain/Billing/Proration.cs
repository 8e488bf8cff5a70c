using System.Collections.Immutable;
using AIaaS.Domain.Pricing;

namespace AIaaS.Domain.Billing;

/// <summary>A stretch of a billing period in which one version of a plan held.</summary>
/// <param name="From">Its first moment.</param>
/// <param name="To">The first moment behind it.</param>
/// <param name="Plan">The plan.</param>
/// <param name="Version">Its version.</param>
/// <param name="IsTrial">Whether nothing is charged for it.</param>
/// <param name="Seconds">How long it is.</param>
/// <param name="PeriodSeconds">How long the whole period is.</param>
public sealed record PlanSegment(DateTimeOffset From, DateTimeOffset To, string Plan, int Version, bool IsTrial, long Seconds, long PeriodSeconds)
{
    /// <summary>The part of the whole period that it is: above 0, at most 1.</summary>
    public decimal Share => (decimal)Seconds / PeriodSeconds;
}

/// <summary>The part of a recurring fee that a segment costs.</summary>
/// <param name="Segment">The segment.</param>
/// <param name="Fee">The fee for the whole period.</param>
/// <param name="Amount">What the segment costs, in whole minor units of the currency.</param>
/// <param name="Text">In words: <c>49 × 1,209,600 of 2,678,400 seconds</c>.</param>
public sealed record FeeLine(PlanSegment Segment, Money Fee, Money Amount, string Text);

/// <summary>Splits recurring fees to the second.</summary>
public static class Proration
{
    /// <summary>
    /// A line for each segment, in their order. A fee is split by the seconds over the whole period, by largest remainder, so that the parts of one fee add up to
    /// it exactly; of a trial the part is left out.
    /// </summary>
    /// <param name="period">The period.</param>
    /// <param name="segments">Its segments, from <see cref="Subscription.PlanSegments"/>.</param>
    /// <param name="plan">Gives a version of a plan.</param>
    public static ImmutableArray<FeeLine> Lines(BillingPeriod period, ImmutableArray<PlanSegment> segments, Func<string, int, Plan> plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        // The cells of the whole period: what was before it began to count, the segments, and what comes behind.
        List<decimal> weights =
        [
            BillingPeriod.Seconds(period.WholeFrom, segments.IsEmpty ? period.WholeTo : segments[0].From),
            .. segments.Select(s => (decimal)s.Seconds),
            segments.IsEmpty ? 0 : BillingPeriod.Seconds(segments[^1].To, period.WholeTo),
        ];
        Dictionary<Money, ImmutableArray<Money>> split = [];
        var lines = ImmutableArray.CreateBuilder<FeeLine>(segments.Length);
        for (var i = 0; i < segments.Length; i++)
        {
            var segment = segments[i];
            var found = plan(segment.Plan, segment.Version);
            var fee = new Money(found.RecurringFee, found.Currency);
            if (!split.TryGetValue(fee, out var parts))
            {
                split.Add(fee, parts = Shares.Split(fee, weights));
            }

            lines.Add(segment.IsTrial ? new(segment, fee, new(0m, fee.Currency), $"{Words.Of(fee.Amount)}, free in the trial")
                : new(segment, fee, parts[i + 1], segment.Seconds == segment.PeriodSeconds ? Words.Of(fee.Amount) : $"{Words.Of(fee.Amount)} × {Words.Of(segment.Seconds)} of {Words.Of(segment.PeriodSeconds)} seconds"));
        }

        return lines.MoveToImmutable();
    }
}
