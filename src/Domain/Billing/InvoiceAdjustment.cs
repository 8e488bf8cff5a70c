using System.Collections.Immutable;

namespace AIaaS.Domain.Billing;

/// <summary>
/// What an accepted dispute takes off an invoice. It goes into the calculation beside usage and prices, so that whatever becomes known later, the amount that is
/// owed is a function of what is known. It holds for the time of the disputed line: where a corrected price splits that line, for its parts in the order of time.
/// </summary>
/// <param name="Dispute">The dispute.</param>
/// <param name="Plan">The plan of the disputed line.</param>
/// <param name="PlanVersion">Its version.</param>
/// <param name="Price">The id of the price of a line for usage; null for a recurring fee.</param>
/// <param name="From">The first moment that the disputed line is for.</param>
/// <param name="To">The first moment behind it.</param>
/// <param name="Quantity">The units that are taken off, above 0; null where an amount is.</param>
/// <param name="Amount">The amount that is taken off, above 0, in the currency of the invoice; null where units are.</param>
/// <param name="Reason">Why; it stands on the note.</param>
public sealed record InvoiceAdjustment(string Dispute, string Plan, int PlanVersion, string? Price, DateTimeOffset From, DateTimeOffset To, decimal? Quantity, decimal? Amount, string Reason)
{
    /// <summary>The order in which adjustments are applied: that of what they say, not that in which they were decided.</summary>
    public static ImmutableArray<InvoiceAdjustment> InOrder(IEnumerable<InvoiceAdjustment> adjustments) =>
    [
        .. adjustments.OrderBy(a => a.Quantity is null).ThenBy(a => a.From).ThenBy(a => a.To)
            .ThenBy(a => a.Plan, StringComparer.Ordinal).ThenBy(a => a.PlanVersion).ThenBy(a => a.Price, StringComparer.Ordinal).ThenBy(a => a.Dispute, StringComparer.Ordinal),
    ];

    /// <summary>Whether it may touch a line.</summary>
    /// <param name="plan">The line's plan.</param>
    /// <param name="version">The plan's version.</param>
    /// <param name="price">The id of the line's price; null for a fee.</param>
    /// <param name="from">The line's first moment.</param>
    /// <param name="to">The first moment behind it.</param>
    public bool Touches(string plan, int version, string? price, DateTimeOffset from, DateTimeOffset to) =>
        Plan == plan && PlanVersion == version && Price == price && From < to && from < To;

    /// <summary>Whether it may touch a line of an invoice.</summary>
    /// <param name="line">The line.</param>
    /// <param name="basis">What the invoice is calculated from.</param>
    public bool Touches(InvoiceLine line, InvoiceBasis basis)
    {
        ArgumentNullException.ThrowIfNull(line);
        ArgumentNullException.ThrowIfNull(basis);
        return line.Kind switch
        {
            InvoiceLineKind.Usage => Touches(line.Usage!.Plan, line.Usage.PlanVersion, line.Usage.Price.Id, line.From, line.To),
            InvoiceLineKind.Fee => basis.Segments.FirstOrDefault(s => s.From <= line.From && line.To <= s.To) is { } segment && Touches(segment.Plan, segment.Version, null, line.From, line.To),
            _ => false,
        };
    }
}

/// <summary>
/// Applies adjustments: units are taken off the quantity of the line that was disputed, which then is rated anew; amounts off what is left of its amount. No line
/// goes below zero, and taking units off never makes a line dearer.
/// </summary>
internal sealed class Adjusting
{
    private readonly List<Open> lines = [];

    /// <summary>Adds a line that may be adjusted.</summary>
    /// <param name="plan">Its plan.</param>
    /// <param name="version">The plan's version.</param>
    /// <param name="price">The id of its price; null for a fee.</param>
    /// <param name="from">Its first moment.</param>
    /// <param name="to">The first moment behind it.</param>
    /// <param name="quantity">Its quantity; null for a fee.</param>
    /// <param name="amount">Its rounded amount.</param>
    /// <param name="rate">Its rounded amount for another quantity.</param>
    public void Add(string plan, int version, string? price, DateTimeOffset from, DateTimeOffset to, decimal? quantity, decimal amount, Func<decimal, decimal>? rate) =>
        lines.Add(new(plan, version, price, from, to, rate) { Quantity = quantity ?? 0m, Amount = amount });

    /// <summary>What an adjustment changes.</summary>
    /// <returns>The amount, not above zero, and how much of what was to be taken off was there.</returns>
    public (decimal Amount, decimal Taken) Apply(InvoiceAdjustment adjustment)
    {
        var left = adjustment.Quantity ?? adjustment.Amount ?? 0m;
        var (changed, taken) = (0m, 0m);
        foreach (var line in lines.Where(l => adjustment.Touches(l.Plan, l.Version, l.Price, l.From, l.To)).OrderBy(l => l.From).ThenBy(l => l.To))
        {
            if (left <= 0m)
            {
                break;
            }

            var before = line.Amount;
            if (adjustment.Quantity is not null)
            {
                var part = Math.Min(left, line.Quantity);
                if (part <= 0m || line.Rate is null)
                {
                    continue;
                }

                line.Quantity -= part;
                line.Amount = Math.Min(line.Amount, line.Rate(line.Quantity));
                (left, taken) = (left - part, taken + part);
            }
            else
            {
                var part = Math.Max(0m, Math.Min(left, line.Amount));
                line.Amount -= part;
                (left, taken) = (left - part, taken + part);
            }

            changed += line.Amount - before;
        }

        return (changed, taken);
    }

    private sealed record Open(string Plan, int Version, string? Price, DateTimeOffset From, DateTimeOffset To, Func<decimal, decimal>? Rate)
    {
        public decimal Quantity { get; set; }

        public decimal Amount { get; set; }
    }
}
