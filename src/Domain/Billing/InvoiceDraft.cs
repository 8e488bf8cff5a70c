using System.Collections.Immutable;
using System.Text.Json.Serialization;
using AIaaS.Domain.Audit;
using AIaaS.Domain.Metering;
using AIaaS.Domain.Pricing;

namespace AIaaS.Domain.Billing;

/// <summary>What a line of an invoice is for.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<InvoiceLineKind>))]
public enum InvoiceLineKind
{
    /// <summary>The recurring fee of a plan, or its part for the time in which the plan held.</summary>
    Fee,

    /// <summary>What was used, by one version of a price.</summary>
    Usage,

    /// <summary>What an accepted dispute takes off; only in the notes of an invoice.</summary>
    Adjustment,

    /// <summary>What is taken off.</summary>
    Discount,

    /// <summary>A tax.</summary>
    Tax,
}

/// <summary>The period of an invoice.</summary>
/// <param name="Index">Its number among the tenant's periods.</param>
/// <param name="From">Its first moment.</param>
/// <param name="To">The first moment behind it.</param>
/// <param name="WholeFrom">Where it would begin if no other billing cycle had been before.</param>
/// <param name="WholeTo">Where it would end if no other billing cycle came behind.</param>
public sealed record InvoicePeriod(long Index, DateTimeOffset From, DateTimeOffset To, DateTimeOffset WholeFrom, DateTimeOffset WholeTo);

/// <summary>A version of a plan that held in the period.</summary>
/// <param name="From">Its first moment in the period.</param>
/// <param name="To">The first moment behind it.</param>
/// <param name="Plan">The plan.</param>
/// <param name="Version">Its version.</param>
/// <param name="Name">Its name.</param>
/// <param name="IsTrial">Whether nothing is charged for it.</param>
/// <param name="Seconds">How long it is.</param>
/// <param name="PeriodSeconds">How long the whole period is.</param>
/// <param name="Fee">Its recurring fee for a whole period.</param>
public sealed record InvoiceSegment(DateTimeOffset From, DateTimeOffset To, string Plan, int Version, string Name, bool IsTrial, long Seconds, long PeriodSeconds, Money Fee);

/// <summary>By which rate amounts of a currency became amounts of the invoice.</summary>
/// <param name="Base">ISO 4217: what is converted.</param>
/// <param name="Quote">ISO 4217: into what.</param>
/// <param name="Rate">Units of the quote currency for one of the base currency.</param>
/// <param name="From">The first moment at which the rate holds.</param>
/// <param name="At">The moment at which it was looked up: the period's end.</param>
public sealed record InvoiceRate(string Base, string Quote, decimal Rate, DateTimeOffset From, DateTimeOffset At);

/// <summary>What an invoice is calculated from, beside the usage.</summary>
/// <param name="Tenant">Who is billed.</param>
/// <param name="Currency">ISO 4217.</param>
/// <param name="Period">The period.</param>
/// <param name="Segments">The plans that held in it, in the order of time.</param>
/// <param name="Rates">The exchange rates that its lines need.</param>
/// <param name="Discounts">What is taken off, in this order.</param>
/// <param name="Taxes">The taxes.</param>
/// <param name="TaxExemption">Why no tax is charged; null where tax is charged.</param>
/// <param name="KnownAt">The log position up to which prices, plans and rates were known.</param>
public sealed record InvoiceBasis(
    string Tenant,
    string Currency,
    InvoicePeriod Period,
    ImmutableArray<InvoiceSegment> Segments,
    ImmutableArray<InvoiceRate> Rates,
    ImmutableArray<Discount> Discounts,
    ImmutableArray<TaxRate> Taxes,
    string? TaxExemption,
    ulong KnownAt)
{
    /// <summary>What accepted disputes take off, in the order in which it is applied; none on an invoice, since disputes come behind it.</summary>
    public ImmutableArray<InvoiceAdjustment> Adjustments { get; init; } = [];
}

/// <summary>The usage behind a line, and how it became an amount.</summary>
/// <param name="Plan">The plan that held.</param>
/// <param name="PlanVersion">The plan's version.</param>
/// <param name="IsTrial">Whether nothing is charged for it.</param>
/// <param name="Share">The part of the whole period for which the price held.</param>
/// <param name="Price">The version of the price, as it was published.</param>
/// <param name="Unit">The unit of the quantity; empty where nobody said.</param>
/// <param name="Percentile">Of a meter that takes a percentile: which; null for the others.</param>
/// <param name="Aggregation">How the readings became the quantity.</param>
/// <param name="Quantity">The quantity.</param>
/// <param name="Steps">The arithmetic; the amounts of the steps add up to the amount.</param>
/// <param name="PriceAmount">The amount in the currency of the price, exact.</param>
/// <param name="Events">How many events.</param>
/// <param name="First">The number in the usage log of the first one; -1 for none.</param>
/// <param name="Last">The number in the usage log of the last one; -1 for none.</param>
/// <param name="Root">The root of the Merkle tree (RFC 6962) over the events' stored bytes, in the order of the usage log.</param>
/// <param name="BlockSize">Events in each of the tree's blocks.</param>
/// <param name="Blocks">The roots of the tree's blocks: they tell where other usage differs.</param>
public sealed record UsagePart(
    string Plan,
    int PlanVersion,
    bool IsTrial,
    decimal Share,
    Price Price,
    string Unit,
    decimal? Percentile,
    Aggregation Aggregation,
    decimal Quantity,
    ImmutableArray<RatedStep> Steps,
    Money PriceAmount,
    long Events,
    long First,
    long Last,
    MerkleHash Root,
    long BlockSize,
    ImmutableArray<MerkleHash> Blocks);

/// <summary>A line of an invoice. What was used names the part <see cref="Usage"/>; the other kinds say in <see cref="Arithmetic"/> how they come about.</summary>
/// <param name="Number">Its number on the invoice, from 1.</param>
/// <param name="Kind">What it is for.</param>
/// <param name="Description">In words.</param>
/// <param name="From">The first moment that it is for.</param>
/// <param name="To">The first moment behind it.</param>
/// <param name="Arithmetic">How the amount comes about, in words.</param>
/// <param name="Exact">The amount before it is rounded, in the currency of the invoice.</param>
/// <param name="Amount">The amount in whole minor units, rounded once, half to even; below zero for what is taken off.</param>
/// <param name="Usage">The usage behind it; null for the other kinds.</param>
public sealed record InvoiceLine(int Number, InvoiceLineKind Kind, string Description, DateTimeOffset From, DateTimeOffset To, string Arithmetic, decimal Exact, decimal Amount, UsagePart? Usage)
{
    /// <summary>Whether it says nothing but that a price was there: no usage and no amount.</summary>
    [JsonIgnore]
    public bool IsEmpty => Amount == 0 && Usage is { Events: 0 };
}

/// <summary>What a tenant owes for a period: a pure function of the basis and the usage.</summary>
/// <param name="Basis">What it is calculated from.</param>
/// <param name="FromVersion">The first version of the usage log that was looked at: all before are older than the period.</param>
/// <param name="ThroughVersion">The last version of the usage log that is in it; -1 for none. What came later is not.</param>
/// <param name="Events">Usage events of the period up to there.</param>
/// <param name="Unpriced">Those of them that no price of the plan is for.</param>
/// <param name="Lines">The lines.</param>
/// <param name="Subtotal">The sum of fees and usage.</param>
/// <param name="Discount">What is taken off, all in all, from 0 up.</param>
/// <param name="Tax">The taxes, all in all.</param>
/// <param name="Total">What is owed.</param>
public sealed record InvoiceDraft(
    InvoiceBasis Basis,
    long FromVersion,
    long ThroughVersion,
    long Events,
    long Unpriced,
    ImmutableArray<InvoiceLine> Lines,
    decimal Subtotal,
    decimal Discount,
    decimal Tax,
    decimal Total)
{
    /// <summary>The lines for usage, as they are before it is known what was used.</summary>
    [JsonIgnore]
    public ImmutableArray<LineSlot> Slots => [.. Lines.Where(l => l.Usage is not null).Select(l => new LineSlot(l.From, l.To, l.Usage!.Plan, l.Usage.PlanVersion, l.Usage.IsTrial, l.Usage.Share, l.Usage.Price, l.Usage.Unit, l.Usage.Percentile))];
}
