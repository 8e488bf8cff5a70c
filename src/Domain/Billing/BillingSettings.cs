using System.Collections.Immutable;
using AIaaS.Domain.Customers;
using AIaaS.Domain.Payments;
using AIaaS.Domain.Pricing;

namespace AIaaS.Domain.Billing;

/// <summary>A tax on what is invoiced.</summary>
/// <param name="Name">As it stands on the invoice: <c>VAT 19 %</c>.</param>
/// <param name="Percent">0 to 100.</param>
public sealed record TaxRate(string Name, decimal Percent);

/// <summary>What is taken off invoices for some time: a percentage or an amount for each invoice.</summary>
/// <param name="Percent">Above 0, at most 100; null where an amount is taken off.</param>
/// <param name="Amount">Above 0, in the currency of the invoices; null where a percentage is taken off.</param>
/// <param name="From">The first moment: it counts for a period that begins then or later.</param>
/// <param name="To">The first moment at which it counts no more, by the beginning of the period; null for open.</param>
/// <param name="Reason">Why; it stands on the invoice.</param>
public sealed record Discount(decimal? Percent, Money? Amount, DateTimeOffset From, DateTimeOffset? To, string Reason)
{
    /// <summary>Whether it counts for a period.</summary>
    public bool Holds(BillingPeriod period) => From <= period.From && !(To <= period.From);
}

/// <summary>How a tenant is billed. What is not given is as if nobody had said anything.</summary>
public sealed record BillingSettings
{
    /// <summary>The most discounts.</summary>
    public const int MaxDiscounts = 20;

    /// <summary>The settings before anybody set them.</summary>
    public static BillingSettings Default { get; } = new();

    /// <summary>IANA name of the time zone in which periods begin and end.</summary>
    public string TimeZone { get; init; } = TimeZones.Utc;

    /// <summary>A moment at which a period begins; null: when the plan was started.</summary>
    public DateTimeOffset? Anchor { get; init; }

    /// <summary>Who is billed; null: the tenant's own name.</summary>
    public string? Name { get; init; }

    /// <summary>Where to; null where nobody said.</summary>
    public PostalAddress? Address { get; init; }

    /// <summary>Where invoices are sent; null where nobody said.</summary>
    public string? Email { get; init; }

    /// <summary>The tenant's VAT id or tax number; null where it has none.</summary>
    public string? VatId { get; init; }

    /// <summary>The taxes on the invoices.</summary>
    public ImmutableArray<TaxRate> Taxes { get; init; } = [];

    /// <summary>Why no tax is charged, as it stands on the invoice: <c>Reverse charge</c>; null where tax is charged.</summary>
    public string? TaxExemption { get; init; }

    /// <summary>What is taken off.</summary>
    public ImmutableArray<Discount> Discounts { get; init; } = [];

    /// <summary>The token of the means of payment; null where invoices are paid by transfer.</summary>
    public string? PaymentMethod { get; init; }

    /// <summary>Hours after a period's end until it is closed, so that late usage is in it; 0 to 720.</summary>
    public int GraceHours { get; init; }

    /// <summary>Days until an invoice is due; 0 for at once.</summary>
    public int DueDays { get; init; }

    /// <summary>Whether two settings say the same.</summary>
    public static bool Same(BillingSettings left, BillingSettings right)
    {
        ArgumentNullException.ThrowIfNull(left);
        ArgumentNullException.ThrowIfNull(right);
        return left.Taxes.SequenceEqual(right.Taxes) && left.Discounts.SequenceEqual(right.Discounts) && left with { Taxes = [], Discounts = [] } == right with { Taxes = [], Discounts = [] };
    }

    /// <summary>All that is wrong with them; empty when nothing is.</summary>
    /// <param name="currency">What invoices are in.</param>
    public IReadOnlyList<string> Faults(string currency)
    {
        List<string> faults = [];
        AddIf(!TimeZones.IsKnown(TimeZone), $"there is no time zone '{PricingErrors.Shown(TimeZone)}'; use a name of the IANA database such as Europe/Berlin, or UTC");
        AddIf(Anchor is { Year: < 2000 or > 2100 }, $"the anchor {Anchor} is not from 2000 to 2100");
        foreach (var (name, value, most) in (ReadOnlySpan<(string, string?, int)>)[("name", Name, 200), ("e-mail address", Email, 254), ("VAT id", VatId, 30), ("reason of the tax exemption", TaxExemption, 200), ("payment method", PaymentMethod, 200)])
        {
            if (TextRules.Fault(name, value, most) is { } fault)
            {
                faults.Add(fault);
            }
        }

        AddIf(Email is { } email && (email.Count(c => c == '@') != 1 || email[0] == '@' || email[^1] == '@' || email.Any(char.IsWhiteSpace)), "the e-mail address has no form that mail can go to");
        AddIf(PaymentMethod is { } method && CardNumbers.IsCardNumber(method) && !CardNumbers.IsForTests(method), "the payment method is a card number; give the token that stands for it");
        AddIf(VatId is { } vat && !vat.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or ' ' or '.'), "the VAT id holds other characters than letters, digits, '-', '.' and spaces");
        faults.AddRange(Address?.Faults().Select(f => "of the address " + f) ?? []);
        AddIf(Taxes.Length > 5, $"there are {Taxes.Length} taxes; at most 5 are possible");
        AddIf(TaxExemption is not null && Taxes.Any(t => t.Percent > 0), "there are taxes and a reason why none is charged; give one of both");
        foreach (var tax in Taxes)
        {
            AddIf(string.IsNullOrWhiteSpace(tax.Name) || TextRules.Fault("name of a tax", tax.Name, 100) is not null, "a tax needs a name of at most 100 characters");
            AddIf(tax.Percent is < 0 or > 100 || tax.Percent.Scale > 6, $"the tax '{PricingErrors.Shown(tax.Name)}' is {Words.Of(tax.Percent)} %; 0 to 100 with at most 6 decimals is possible");
        }

        AddIf(Discounts.Length > MaxDiscounts, $"there are {Discounts.Length} discounts; at most {MaxDiscounts} are possible");
        foreach (var discount in Discounts)
        {
            AddIf(string.IsNullOrWhiteSpace(discount.Reason) || TextRules.Fault("reason", discount.Reason, 200) is not null, "a discount needs a reason of at most 200 characters");
            AddIf(discount.Percent is null == discount.Amount is null, "a discount is either a percentage or an amount");
            AddIf(discount.Percent is <= 0 or > 100 || discount.Percent?.Scale > 6, $"a discount of {Words.Of(discount.Percent ?? 0)} % is not possible; above 0 and at most 100 with at most 6 decimals is");
            AddIf(discount.To <= discount.From, $"a discount ends at {Words.Of(discount.To ?? default)}, before or when it starts at {Words.Of(discount.From)}");
            if (discount.Amount is { } amount)
            {
                AddIf(amount.Currency != currency, $"a discount is in '{PricingErrors.Shown(amount.Currency)}' and invoices are in {currency}");
                AddIf(amount.Amount <= 0 || amount.Amount > PriceRules.MaxAmount || (Currencies.Decimals(amount.Currency) is not null && amount.Round() != amount), $"a discount of {Words.Of(amount.Amount)} is not possible; above 0 and in whole minor units of the currency is");
            }
        }

        AddIf(GraceHours is < 0 or > 720, $"'graceHours' is {GraceHours}; 0 to 720 are possible");
        AddIf(DueDays is < 0 or > 365, $"'dueDays' is {DueDays}; 0 to 365 are possible");
        return faults;

        void AddIf(bool isWrong, string fault)
        {
            if (isWrong)
            {
                faults.Add(fault);
            }
        }
    }
}
