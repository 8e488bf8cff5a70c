using System.Collections.Immutable;
using System.Text.Json.Serialization;
using AIaaS.Api.Http;
using AIaaS.Domain;
using AIaaS.Domain.Audit;
using AIaaS.Domain.Billing;

namespace AIaaS.Api.Billing;

/// <summary>Closes a billing period.</summary>
/// <param name="At">A moment in the period; null: the first that has ended and is not closed, else the last one that is.</param>
/// <param name="Tenant">May name the caller's own tenant; better left out.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record ClosePeriodBody(DateTimeOffset? At = null, string? Tenant = null) : INamesTenant, IValidated
{
    public void Validate(Faults faults)
    {
        if (At is { UtcDateTime.Year: < 1971 or > 8999 })
        {
            faults.Add("/at", "is not from 1971 to 8999");
        }
    }
}

/// <summary>What became of a billing period.</summary>
/// <param name="From">The period's first moment.</param>
/// <param name="To">The first moment behind it.</param>
/// <param name="Invoice">The invoice's id; null where nothing was owed.</param>
/// <param name="Number">The invoice's number; null where nothing was owed.</param>
/// <param name="State">How the invoice stands; null where nothing was owed.</param>
/// <param name="Total">What is owed; null where nothing is.</param>
internal sealed record PeriodClosedView(DateTimeOffset From, DateTimeOffset To, string? Invoice, string? Number, InvoiceState? State, Money? Total);

/// <summary>Pays an invoice.</summary>
/// <param name="Method">The processor's token of the payment method, never a card number; null: the one of the subscription.</param>
/// <param name="Tenant">May name the caller's own tenant; better left out.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record PayInvoiceBody(string? Method = null, string? Tenant = null) : INamesTenant;

/// <summary>Gives money back.</summary>
/// <param name="Reason">Why.</param>
/// <param name="Amount">How much; null for all that is left.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record RefundInvoiceBody(string Reason, Money? Amount = null);

/// <summary>An invoice after a command.</summary>
/// <param name="Invoice">The invoice's id.</param>
/// <param name="Number">Its number.</param>
/// <param name="State">How it stands.</param>
/// <param name="Total">What it is for.</param>
/// <param name="Due">What is to be paid of it now, before credit; 0 where it is paid or given up.</param>
/// <param name="Refunded">What was given back or is about to be.</param>
/// <param name="Trouble">Why the last attempt to take the money failed; null where it did not.</param>
/// <param name="NextAttempt">When it is tried again; null: not by itself.</param>
/// <param name="Refund">The refund's id; null for the other commands.</param>
internal sealed record InvoiceView(string Invoice, string? Number, InvoiceState State, Money Total, Money Due, decimal Refunded, string? Trouble, DateTimeOffset? NextAttempt, string? Refund);

/// <summary>A payment that came in another way.</summary>
/// <param name="Reference">Which way, in words: <c>bank transfer of 2026-02-10</c>.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record OutsidePaymentBody(string Reference);

/// <summary>Gives the money of an invoice up.</summary>
/// <param name="Reason">Why.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record WriteOffBody(string Reason);

/// <summary>How a tenant's invoices look.</summary>
/// <param name="Name">The name at the top; null for the seller's.</param>
/// <param name="Colour">The colour of headings: # and six hexadecimal digits; null for black.</param>
/// <param name="Footer">What stands at the foot; null for nothing.</param>
/// <param name="Logo">The logo; null for none.</param>
/// <param name="Tenant">May name the caller's own tenant; better left out.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record BrandingBody(string? Name = null, string? Colour = null, string? Footer = null, BrandLogo? Logo = null, string? Tenant = null) : INamesTenant;

/// <summary>The proof of a line.</summary>
/// <param name="Line">The line's number.</param>
/// <param name="Description">What it is for.</param>
/// <param name="Events">How many events it has: the size of its tree.</param>
/// <param name="First">The number in the usage log of the first one; -1 for none.</param>
/// <param name="Last">The number in the usage log of the last one; -1 for none.</param>
/// <param name="Root">The root of the tree.</param>
/// <param name="BlockSize">Events in each of the tree's blocks.</param>
/// <param name="Blocks">The roots of the blocks; the tree over them is the whole tree.</param>
internal sealed record LineProof(int Line, string Description, long Events, long First, long Last, MerkleHash Root, long BlockSize, ImmutableArray<MerkleHash> Blocks);

/// <summary>That an event is in a line.</summary>
/// <param name="Line">The line's number.</param>
/// <param name="Index">The event's place among the line's events, from 0.</param>
/// <param name="Events">How many events the line has: the size of its tree.</param>
/// <param name="Root">The root of the tree.</param>
/// <param name="Proof">The hashes that lead from the leaf to the root, the lowest first.</param>
internal sealed record InclusionView(int Line, long Index, long Events, MerkleHash Root, ImmutableArray<MerkleHash> Proof);

/// <summary>That an event is in an invoice.</summary>
/// <param name="Sequence">The event's number in the usage log.</param>
/// <param name="Data">Its exact text.</param>
/// <param name="Leaf">SHA-256 over a zero byte and this text in UTF-8.</param>
/// <param name="Lines">In which lines, with a proof each.</param>
internal sealed record EventInclusionView(long Sequence, string Data, MerkleHash Leaf, ImmutableArray<InclusionView> Lines);

/// <summary>The proof of an invoice.</summary>
/// <param name="Invoice">The invoice's id.</param>
/// <param name="Number">Its number.</param>
/// <param name="Algorithm">How hashes are made: RFC 6962 with SHA-256.</param>
/// <param name="FromVersion">The first event of the usage log that was looked at.</param>
/// <param name="ThroughVersion">The last one.</param>
/// <param name="Lines">Each line with usage.</param>
/// <param name="Event">The event that was asked for; null where none was.</param>
internal sealed record InvoiceProofView(string Invoice, string? Number, string Algorithm, long FromVersion, long ThroughVersion, ImmutableArray<LineProof> Lines, EventInclusionView? Event);

/// <summary>A usage event behind a line.</summary>
/// <param name="Sequence">Its number in the usage log.</param>
/// <param name="Data">Its exact text: in UTF-8 the bytes of the leaf.</param>
/// <param name="Leaf">SHA-256 over a zero byte and these bytes.</param>
internal sealed record LineEventView(long Sequence, string Data, MerkleHash Leaf);

/// <summary>A page of the usage behind a line.</summary>
/// <param name="Items">In the order of the usage log.</param>
/// <param name="NextCursor">Where the next page begins; null at the end.</param>
internal sealed record LineEventPage(ImmutableArray<LineEventView> Items, string? NextCursor);
