using System.Globalization;
using AIaaS.Domain.Billing;
using AIaaS.Domain.Payments;

namespace AIaaS.Api.Billing;

/// <summary>Numbers, dates and lines as they stand on an invoice, whatever it is written as.</summary>
internal static class InvoiceText
{
    /// <summary>An amount with all decimals of its currency: <c>1,234.50</c>.</summary>
    public static string Amount(decimal amount, string currency) =>
        amount.ToString("#,##0." + new string('0', Currencies.Decimals(currency) ?? 2), CultureInfo.InvariantCulture).TrimEnd('.');

    /// <summary>A number with all its decimals and no more.</summary>
    public static string Number(decimal number) => Domain.Pricing.Words.Of(number);

    /// <summary>A day, in the time zone of the invoice's dates: UTC.</summary>
    public static string Day(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    /// <summary>A moment; only the day where it is the first of one.</summary>
    public static string Moment(DateTimeOffset time) => time.UtcDateTime.TimeOfDay == TimeSpan.Zero ? Day(time) : time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>What it is called: <c>Invoice INV-2026-000042</c>, or <c>Preview</c>.</summary>
    public static string Title(InvoiceStatement invoice) => invoice.Number is { } number ? $"Invoice {number}" : invoice.Invoice is null ? "Invoice preview" : "Invoice draft";

    /// <summary>The lines that a reader wants to see: without prices of which nothing was used.</summary>
    public static IEnumerable<InvoiceLine> Shown(InvoiceStatement invoice) => invoice.Lines.Where(l => !l.IsEmpty);

    /// <summary>What was used, with its unit; nothing for other lines.</summary>
    public static string Quantity(InvoiceLine line) => line.Usage is { } use ? $"{Number(use.Quantity)} {use.Unit}".TrimEnd() : "";

    /// <summary>A name that a file can have.</summary>
    public static string FileName(InvoiceStatement invoice, string extension) =>
        new string([.. (invoice.Number ?? $"preview-{Day(invoice.Basis.Period.From)}").Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' ? c : '_')]) + "." + extension;

    /// <summary>How it stands, for people.</summary>
    public static string State(InvoiceState state) => state switch
    {
        InvoiceState.Draft => "draft",
        InvoiceState.Issued => "to be paid",
        InvoiceState.Paying => "payment under way",
        InvoiceState.PastDue => "past due",
        InvoiceState.Paid => "paid",
        InvoiceState.WrittenOff => "written off",
        _ => throw new InvalidOperationException($"The state {state} is not known."),
    };
}
