using System.Collections.Immutable;
using AIaaS.Domain.Audit;
using AIaaS.Domain.Billing;
using AIaaS.EventStore;

namespace AIaaS.Commands.Billing;

/// <summary>A usage event behind a line.</summary>
/// <param name="Sequence">Its number in the usage log.</param>
/// <param name="Data">Its exact bytes: the leaf of the line's tree.</param>
/// <param name="Leaf">SHA-256 over a zero byte and these bytes.</param>
public sealed record LineEvent(long Sequence, ReadOnlyMemory<byte> Data, MerkleHash Leaf);

/// <summary>Some of the usage events behind a line.</summary>
/// <param name="Events">In the order of the log.</param>
/// <param name="Next">The sequence to go on behind; null at the end.</param>
public sealed record LineEvents(ImmutableArray<LineEvent> Events, long? Next);

/// <summary>That an event is in a line.</summary>
/// <param name="Line">The line's number.</param>
/// <param name="Index">The event's place among the line's events, from 0.</param>
/// <param name="Events">How many events the line has: the size of its tree.</param>
/// <param name="Root">The root of its tree.</param>
/// <param name="Proof">The hashes that lead from the leaf to the root, the lowest first.</param>
public sealed record LineInclusion(int Line, long Index, long Events, MerkleHash Root, ImmutableArray<MerkleHash> Proof);

/// <summary>That an event is in an invoice.</summary>
/// <param name="Event">The event.</param>
/// <param name="Lines">In which lines, with a proof each.</param>
public sealed record EventProof(LineEvent Event, ImmutableArray<LineInclusion> Lines);

/// <summary>Shows the usage behind the lines of invoices, and proves that an event is in one.</summary>
public sealed class InvoiceProofs(UsageFold usage)
{
    // One page looks at so many events at most: a line may hold few of many.
    private const int MaxLooked = 50_000;

    // A proof reads all events of the period.
    private readonly SemaphoreSlim proving = new(1);

    /// <summary>The usage events behind a line, in the order of the log.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="invoice">The invoice.</param>
    /// <param name="line">The line's number.</param>
    /// <param name="after">Behind this event; -1 for the first.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="DomainException">The invoice has no such usage line.</exception>
    public async Task<LineEvents> EventsAsync(string tenant, Invoice invoice, int line, long after, int limit, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(invoice);
        var draft = invoice.Generated!.Draft;
        var found = draft.Lines.FirstOrDefault(l => l.Number == line && l.Usage is not null) ?? throw new DomainException(InvoiceErrors.NoSuchLine(invoice.Number ?? invoice.Generated.Invoice, line, draft.Lines.Length));
        var use = found.Usage!;
        var slots = ImmutableArray.Create(draft.Slots[draft.Lines.Where(l => l.Usage is not null).ToList().IndexOf(found)]);
        var events = ImmutableArray.CreateBuilder<LineEvent>();
        var looked = 0;
        long? next = null;
        await usage.ReadAsync(tenant, slots, draft.Basis.Period.From, draft.Basis.Period.To, Math.Max(use.First, after == long.MaxValue ? after : after + 1), use.Events == 0 ? -1 : use.Last, (recorded, matches, read) =>
        {
            if (matches.Count > 0)
            {
                events.Add(new(recorded.Version, recorded.Data, read.Leaf(0)));
            }

            next = recorded.Version < use.Last ? recorded.Version : null;
            return events.Count < limit && ++looked < MaxLooked;
        }, cancellationToken);
        return new(events.ToImmutable(), next);
    }

    /// <summary>Proves that an event is in the invoice.</summary>
    /// <exception cref="DomainException">It is in no line.</exception>
    public async Task<EventProof> ProveAsync(string tenant, Invoice invoice, long sequence, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(invoice);
        var draft = invoice.Generated!.Draft;
        var slots = draft.Slots;
        var lines = draft.Lines.Where(l => l.Usage is not null).ToList();
        LineEvent? asked = null;
        HashSet<int> wanted = [];
        if (sequence >= draft.FromVersion && sequence <= draft.ThroughVersion)
        {
            await usage.ReadAsync(tenant, slots, draft.Basis.Period.From, draft.Basis.Period.To, sequence, sequence, (recorded, matches, read) =>
            {
                asked = new(recorded.Version, recorded.Data, read.Leaf(0));
                wanted.UnionWith(matches.Select(m => m.Slot));
                return false;
            }, cancellationToken);
        }

        if (asked is null || wanted.Count == 0)
        {
            throw new DomainException(InvoiceErrors.NoSuchEvent(invoice.Number ?? invoice.Generated.Invoice, sequence));
        }

        await proving.WaitAsync(cancellationToken);
        try
        {
            int[] order = [.. wanted.Order()];
            var leaves = order.ToDictionary(s => s, s => new List<MerkleHash>((int)Math.Min(lines[s].Usage!.Events, int.MaxValue / 2)));
            var places = new Dictionary<int, int>();
            var (first, last) = (order.Min(s => lines[s].Usage!.First), order.Max(s => lines[s].Usage!.Last));
            await usage.ReadAsync(tenant, [.. order.Select(s => slots[s])], draft.Basis.Period.From, draft.Basis.Period.To, first, last, (recorded, matches, read) =>
            {
                for (var i = 0; i < matches.Count; i++)
                {
                    var slot = order[matches[i].Slot];
                    if (matches.Take(i).Any(m => m.Slot == matches[i].Slot))
                    {
                        continue;
                    }

                    if (recorded.Version == sequence)
                    {
                        places[slot] = leaves[slot].Count;
                    }

                    leaves[slot].Add(read.Leaf(0));
                }

                return true;
            }, cancellationToken);
            return new(asked, [.. order.Select(s => new LineInclusion(lines[s].Number, places[s], leaves[s].Count, lines[s].Usage!.Root, MerkleTree.InclusionProof(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(leaves[s]), places[s])))]);
        }
        finally
        {
            proving.Release();
        }
    }
}
