using AIaaS.Domain.Tenants;
using AIaaS.EventStore;

namespace AIaaS.Domain.Pricing;

/// <summary>Type <c>price.published</c> in <c>price-platform_{price}</c>: another version of a price. It never changes; a correction is the next version.</summary>
/// <param name="Price">The version, with its number.</param>
/// <param name="Reason">Why; null where nobody said.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record PricePublished(Price Price, string? Reason, DateTimeOffset At) : DomainEvent
{
    /// <summary>The stream of a price.</summary>
    public static StreamName Stream(string price) => StreamName.For("price", Tenant.Platform, price);
}

/// <summary>Type <c>plan.published</c> in <c>plan-platform_{plan}</c>: another version of a plan. Tenants stay on theirs until they are moved.</summary>
/// <param name="Plan">The version, with its number.</param>
/// <param name="Reason">Why; null where nobody said.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record PlanPublished(Plan Plan, string? Reason, DateTimeOffset At) : DomainEvent
{
    /// <summary>The stream of a plan.</summary>
    public static StreamName Stream(string plan) => StreamName.For("plan", Tenant.Platform, plan);
}

/// <summary>Type <c>exchange-rate.published</c> in <c>exchangeRate-platform_{base}-{quote}</c>: from a moment on, one unit of the base currency is worth so much of the other.</summary>
/// <param name="Base">ISO 4217: what is converted.</param>
/// <param name="Quote">ISO 4217: into what.</param>
/// <param name="Rate">Units of the quote currency for one of the base currency.</param>
/// <param name="From">The first moment at which it holds; until another one does.</param>
/// <param name="Reason">Why, or where it comes from; null where nobody said.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ExchangeRatePublished(string Base, string Quote, decimal Rate, DateTimeOffset From, string? Reason, DateTimeOffset At) : DomainEvent
{
    /// <summary>The stream of a pair of currencies.</summary>
    public static StreamName Stream(string @base, string quote) => StreamName.For("exchangeRate", Tenant.Platform, $"{@base}-{quote}");
}
