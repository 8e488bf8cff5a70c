using AIaaS.Domain.Pricing;

namespace AIaaS.Domain.Billing;

/// <summary>
/// A line of an invoice before it is known what was used: one version of a price, for as long as it held in one stretch of a plan. All usage of its meter in
/// that time, with its dimensions, is in it.
/// </summary>
/// <param name="From">The first moment at which it holds.</param>
/// <param name="To">The first moment behind it.</param>
/// <param name="Plan">The plan.</param>
/// <param name="PlanVersion">The plan's version.</param>
/// <param name="IsTrial">Whether nothing is charged for it.</param>
/// <param name="Share">The part of the whole billing period for which it holds: above 0, at most 1.</param>
/// <param name="Price">The version of the price.</param>
/// <param name="Unit">The unit of the meter's value, for people; empty where nobody said.</param>
/// <param name="Percentile">Of a meter that takes a percentile: which; null for the others.</param>
public sealed record LineSlot(DateTimeOffset From, DateTimeOffset To, string Plan, int PlanVersion, bool IsTrial, decimal Share, Price Price, string Unit, decimal? Percentile);
