using System.Collections.Immutable;

namespace AIaaS.Commands.Billing;

/// <summary>How invoices are made.</summary>
public sealed record BillingOptions
{
    /// <summary>Who bills: the name at the top of invoices. Default: <c>AIaaS</c>.</summary>
    public string SellerName { get; init; } = "AIaaS";

    /// <summary>The lines of the seller's address. Default: none.</summary>
    public ImmutableArray<string> SellerAddress { get; init; } = [];

    /// <summary>Where questions on invoices go; null for nowhere.</summary>
    public string? SellerEmail { get; init; }

    /// <summary>The seller's VAT id or tax number; null for none.</summary>
    public string? SellerTaxId { get; init; }

    /// <summary>What invoice numbers begin with. Default: <c>INV-</c>.</summary>
    public string NumberPrefix { get; init; } = "INV-";

    /// <summary>The folder with the fonts of PDF files, <c>DejaVuSans.ttf</c> and <c>DejaVuSans-Bold.ttf</c>; null: where the system has them.</summary>
    public string? FontFolder { get; init; }

    /// <summary>After how long it is looked up again what became of a payment that nobody knows of. Default: 15 min.</summary>
    public TimeSpan LookUpAfter { get; init; } = TimeSpan.FromMinutes(15);
}
