using System.Collections.Immutable;

namespace AIaaS.Domain.Billing;

/// <summary>
/// An invoice as it is handed out, and as <c>aiaas invoice verify</c> reads it. What is owed never changes; the state, the payment and the refunds tell how it
/// stands at the time.
/// </summary>
/// <param name="Invoice">The invoice's id; null for a preview.</param>
/// <param name="Number">Its number; null for a preview.</param>
/// <param name="State">How it stands.</param>
/// <param name="Seller">Who bills.</param>
/// <param name="Buyer">Who is billed.</param>
/// <param name="MadeAt">When it was made. Usage that was taken in later is not in it.</param>
/// <param name="IssuedAt">When it got its number; null until then.</param>
/// <param name="DueAt">When it is to be paid.</param>
/// <param name="Basis">What it is calculated from, beside the usage.</param>
/// <param name="FromVersion">The first version of the usage log that was looked at.</param>
/// <param name="ThroughVersion">The last version of the usage log that is in it; -1 for none.</param>
/// <param name="Events">Usage events of the period up to there.</param>
/// <param name="Unpriced">Those of them that no price of the plan is for.</param>
/// <param name="Lines">The lines.</param>
/// <param name="Subtotal">The sum of fees and usage.</param>
/// <param name="Discount">What is taken off, all in all.</param>
/// <param name="Tax">The taxes, all in all.</param>
/// <param name="Total">What is owed.</param>
/// <param name="Payment">The id of the payment that paid it; null for none.</param>
/// <param name="PaidAt">When it was paid; null until then.</param>
/// <param name="Refunds">What was given back or is about to be.</param>
/// <param name="Trouble">Why the last attempt to take the money failed, why its payment is gone, or why it was given up; null for none.</param>
/// <param name="NextAttempt">When it is tried again; null: not by itself.</param>
public sealed record InvoiceStatement(
    string? Invoice,
    string? Number,
    InvoiceState State,
    InvoiceParty Seller,
    InvoiceParty Buyer,
    DateTimeOffset MadeAt,
    DateTimeOffset? IssuedAt,
    DateTimeOffset DueAt,
    InvoiceBasis Basis,
    long FromVersion,
    long ThroughVersion,
    long Events,
    long Unpriced,
    ImmutableArray<InvoiceLine> Lines,
    decimal Subtotal,
    decimal Discount,
    decimal Tax,
    decimal Total,
    string? Payment,
    DateTimeOffset? PaidAt,
    ImmutableArray<InvoiceRefund> Refunds,
    string? Trouble,
    DateTimeOffset? NextAttempt)
{
    /// <summary>What is to be paid of it now, before credit; 0 for a preview, and where it is paid or given up.</summary>
    public decimal Due { get; init; }

    /// <summary>What is owed, and how it comes about.</summary>
    public InvoiceDraft ToDraft() => new(Basis, FromVersion, ThroughVersion, Events, Unpriced, Lines, Subtotal, Discount, Tax, Total);

    /// <summary>An invoice that was made.</summary>
    public static InvoiceStatement Of(Invoice invoice)
    {
        ArgumentNullException.ThrowIfNull(invoice);
        var made = invoice.Generated ?? throw new ArgumentException("The invoice was not made.", nameof(invoice));
        return Of(made.Invoice, invoice.Number, invoice.State, made.Seller, made.Buyer, made.At, made.DueAt, made.Draft) with
        {
            IssuedAt = invoice.IssuedAt,
            Payment = invoice.State == InvoiceState.Paid ? invoice.Paid?.Payment : null,
            PaidAt = invoice.State == InvoiceState.Paid ? invoice.Paid?.At : null,
            Refunds = invoice.Refunds,
            Due = invoice.Due.Amount,
            Trouble = invoice.State switch { InvoiceState.WrittenOff => invoice.WrittenOff?.Reason, InvoiceState.PastDue => invoice.Failure?.Reason ?? invoice.ReversalReason, _ => null },
            NextAttempt = invoice.State == InvoiceState.PastDue ? invoice.Failure?.NextAttempt : null,
        };
    }

    /// <summary>An invoice as it would be if it were made now.</summary>
    public static InvoiceStatement Preview(InvoiceParty seller, InvoiceParty buyer, DateTimeOffset at, DateTimeOffset dueAt, InvoiceDraft draft) =>
        Of(null, null, InvoiceState.Draft, seller, buyer, at, dueAt, draft);

    private static InvoiceStatement Of(string? invoice, string? number, InvoiceState state, InvoiceParty seller, InvoiceParty buyer, DateTimeOffset madeAt, DateTimeOffset dueAt, InvoiceDraft draft)
    {
        ArgumentNullException.ThrowIfNull(draft);
        return new(invoice, number, state, seller, buyer, madeAt, null, dueAt, draft.Basis, draft.FromVersion, draft.ThroughVersion, draft.Events, draft.Unpriced, draft.Lines, draft.Subtotal, draft.Discount, draft.Tax, draft.Total, null, null, [], null, null);
    }
}
