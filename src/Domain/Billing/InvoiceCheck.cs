using System.Collections.Immutable;
using AIaaS.Domain.Audit;
using AIaaS.Domain.Pricing;
using AIaaS.EventStore;

namespace AIaaS.Domain.Billing;

/// <summary>Where an invoice and the usage, or the invoice and its own arithmetic, differ.</summary>
/// <param name="Line">The number of the line; null for the invoice as a whole.</param>
/// <param name="Text">What differs, in words.</param>
public sealed record InvoiceDifference(int? Line, string Text);

/// <summary>
/// Checks an invoice against an export of the usage log alone: it reads the events in the order of the log, and then repeats all that the invoice says. Not for
/// several threads at once.
/// </summary>
public sealed class InvoiceCheck
{
    private readonly InvoiceStatement invoice;
    private readonly UsageTally tally;
    private readonly ImmutableArray<InvoiceLine> used;

    /// <summary>Begins a check.</summary>
    public InvoiceCheck(InvoiceStatement invoice)
    {
        ArgumentNullException.ThrowIfNull(invoice);
        this.invoice = invoice;
        Slots = new(invoice.ToDraft().Slots);
        Window = new(invoice);
        tally = new(Slots.Slots.Length);
        used = [.. invoice.Lines.Where(l => l.Usage is not null)];
    }

    /// <summary>Finds the lines that an event belongs to.</summary>
    public UsageSlots Slots { get; }

    /// <summary>Which events the invoice is for.</summary>
    public UsageWindow Window { get; }

    /// <summary>Events of the period that were taken in after the invoice was made: they are not in it, and that is right.</summary>
    public long Late => tally.Late;

    /// <summary>Events of the period that are in it.</summary>
    public long Events => tally.Events;

    /// <summary>Takes events in, in the order of the log.</summary>
    public void Add(UsageReadings batch) => tally.Add(batch);

    /// <summary>All that differs; empty for an invoice that is right.</summary>
    public ImmutableArray<InvoiceDifference> Differences()
    {
        List<InvoiceDifference> found = [];
        UsageTotals usage;
        InvoiceDraft again;
        try
        {
            usage = tally.ToTotals(Slots.Slots, invoice.FromVersion, invoice.ThroughVersion);
            again = InvoiceCalculator.Draft(invoice.Basis, usage);
        }
        catch (DomainException e)
        {
            return [new(null, e.Error.Message)];
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or ArithmeticException)
        {
            return [new(null, $"what stands on it cannot be calculated, so that the invoice itself was changed: {e.Message}")];
        }

        var lines = invoice.Lines;
        for (var i = 0; i < Math.Max(lines.Length, again.Lines.Length); i++)
        {
            if (i >= lines.Length || i >= again.Lines.Length || lines[i].Kind != again.Lines[i].Kind)
            {
                found.Add(new(i < lines.Length ? lines[i].Number : i + 1, i < lines.Length ? $"'{lines[i].Description}' is a {lines[i].Kind} line that the basis of the invoice does not give here" : $"the line '{again.Lines[i].Description}' is missing"));
                break;
            }

            Compare(lines[i], again.Lines[i], found);
        }

        if (usage.Unpriced != invoice.Unpriced)
        {
            found.Add(new(null, $"{Words.Of(usage.Unpriced)} events of the period belong to no line; the invoice says {Words.Of(invoice.Unpriced)}"));
        }

        Compare("subtotal", invoice.Subtotal, again.Subtotal, found);
        Compare("discount", invoice.Discount, again.Discount, found);
        Compare("tax", invoice.Tax, again.Tax, found);
        Compare("total", invoice.Total, again.Total, found);
        Sums(found);
        return [.. found];
    }

    /// <summary>Where a second look at the export can tell more: the usage lines whose events differ, with the first block that does.</summary>
    public ImmutableArray<BlockSearch> Searches()
    {
        var found = ImmutableArray.CreateBuilder<BlockSearch>();
        for (var i = 0; i < used.Length; i++)
        {
            var said = used[i].Usage!;
            if (!System.Numerics.BitOperations.IsPow2(said.BlockSize) || said.Events == 0)
            {
                continue;
            }

            var stated = new MerkleBlocks(said.BlockSize, said.Blocks);
            var seen = tally.BlocksOf(i, said.BlockSize);
            if (stated.Root == said.Root && seen.Size == said.BlockSize && stated.FirstDifference(seen) is { } block)
            {
                var differ = Enumerable.Range(0, Math.Min(stated.Roots.Length, seen.Roots.Length)).Count(b => stated.Roots[b] != seen.Roots[b]) + Math.Abs(stated.Roots.Length - seen.Roots.Length);
                found.Add(new(used[i].Number, i, block, said, tally.CountOf(i), differ));
            }
        }

        return found.ToImmutable();
    }

    private static void Compare(InvoiceLine said, InvoiceLine again, List<InvoiceDifference> found)
    {
        if (said.Usage is { } use && again.Usage is { } seen)
        {
            if (new MerkleBlocks(use.BlockSize, use.Blocks).Root != use.Root)
            {
                found.Add(new(said.Number, "the roots of its blocks do not give its root: the invoice itself was changed"));
            }

            if (use.Events != seen.Events)
            {
                var (more, fewer) = (seen.Events - use.Events, use.Events - seen.Events);
                found.Add(new(said.Number, more > 0
                    ? $"the usage has {Words.Of(more)} {(more == 1 ? "event" : "events")} more than the {Words.Of(use.Events)} of the invoice: added to the export, or left out of the invoice"
                    : $"the usage has {Words.Of(fewer)} {(fewer == 1 ? "event" : "events")} fewer than the {Words.Of(use.Events)} of the invoice: dropped from the export, or made up by the invoice"));
            }
            else if (use.Root != seen.Root)
            {
                found.Add(new(said.Number, $"its {Words.Of(use.Events)} events are not the ones of the invoice: at least one was changed, or they are in another order"));
            }

            if (use.Quantity != seen.Quantity)
            {
                found.Add(new(said.Number, $"the events give {Words.Of(seen.Quantity)} {use.Unit}".TrimEnd() + $"; the invoice says {Words.Of(use.Quantity)}"));
            }

            if (use.PriceAmount != seen.PriceAmount || !use.Steps.AsSpan().SequenceEqual(seen.Steps.AsSpan()))
            {
                found.Add(new(said.Number, $"by the price the events cost {Words.Of(seen.PriceAmount.Amount)} {seen.PriceAmount.Currency}; the invoice says {Words.Of(use.PriceAmount.Amount)} {use.PriceAmount.Currency}{(use.PriceAmount == seen.PriceAmount ? " with other steps" : "")}"));
            }
        }

        if (said.Number != again.Number)
        {
            found.Add(new(said.Number, $"it is line {again.Number.ToString(System.Globalization.CultureInfo.InvariantCulture)}"));
        }

        if (said.Description != again.Description)
        {
            found.Add(new(said.Number, $"it is for '{again.Description}'; the invoice says '{said.Description}'"));
        }

        if (said.From != again.From || said.To != again.To)
        {
            found.Add(new(said.Number, $"it is for {Words.Of(again.From)} to {Words.Of(again.To)}; the invoice says {Words.Of(said.From)} to {Words.Of(said.To)}"));
        }

        if (said.Exact != again.Exact)
        {
            found.Add(new(said.Number, $"before rounding it is {Words.Of(again.Exact)}; the invoice says {Words.Of(said.Exact)}"));
        }

        if (said.Amount != again.Amount)
        {
            found.Add(new(said.Number, $"the amount is {Words.Of(again.Amount)}; the invoice says {Words.Of(said.Amount)}"));
        }
        else if (said.Arithmetic != again.Arithmetic && said.Exact == again.Exact && said.Usage?.Quantity == again.Usage?.Quantity)
        {
            found.Add(new(said.Number, $"its arithmetic is '{again.Arithmetic}'; the invoice says '{said.Arithmetic}'"));
        }
    }

    private static void Compare(string name, decimal said, decimal again, List<InvoiceDifference> found)
    {
        if (said != again)
        {
            found.Add(new(null, $"the {name} is {Words.Of(again)}; the invoice says {Words.Of(said)}"));
        }
    }

    /// <summary>Whether the invoice adds up by itself: a changed line alone would otherwise only show where the usage is right.</summary>
    private void Sums(List<InvoiceDifference> found)
    {
        decimal Sum(params InvoiceLineKind[] kinds) => invoice.Lines.Where(l => kinds.Contains(l.Kind)).Sum(l => l.Amount);
        if (Sum(InvoiceLineKind.Fee, InvoiceLineKind.Usage, InvoiceLineKind.Adjustment) != invoice.Subtotal || -Sum(InvoiceLineKind.Discount) != invoice.Discount || Sum(InvoiceLineKind.Tax) != invoice.Tax || invoice.Subtotal - invoice.Discount + invoice.Tax != invoice.Total)
        {
            found.Add(new(null, "the amounts of the lines do not add up to the totals of the invoice"));
        }
    }
}
