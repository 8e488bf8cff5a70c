using System.Text.Json.Serialization;
using AIaaS.Api.Http;
using AIaaS.Api.Pricing;
using AIaaS.Domain;
using AIaaS.Domain.Billing;
using AIaaS.Domain.Customers;
using AIaaS.Domain.Pricing;

namespace AIaaS.Api.Billing;

/// <summary>A plan to change to.</summary>
/// <param name="Plan">The plan; its newest version is taken.</param>
/// <param name="When">AtOnce (the default) or PeriodEnd.</param>
/// <param name="Reason">Why.</param>
/// <param name="Tenant">May name the caller's own tenant; better left out.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record PlanChangeBody(string Plan, ChangeTiming? When = null, string? Reason = null, string? Tenant = null) : INamesTenant;

/// <summary>A cancellation.</summary>
/// <param name="When">PeriodEnd (the default) or AtOnce.</param>
/// <param name="Reason">Why.</param>
/// <param name="Tenant">May name the caller's own tenant; better left out.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record PlanCancellationBody(ChangeTiming? When = null, string? Reason = null, string? Tenant = null) : INamesTenant;

/// <summary>Who pays. What is left out is taken away.</summary>
/// <param name="Name">Who is billed.</param>
/// <param name="Address">Where to.</param>
/// <param name="Email">Where invoices are sent.</param>
/// <param name="VatId">The VAT id or tax number.</param>
/// <param name="PaymentMethod">The token of the means of payment.</param>
/// <param name="Tenant">May name the caller's own tenant; better left out.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record PayerBody(string? Name = null, PostalAddress? Address = null, string? Email = null, string? VatId = null, string? PaymentMethod = null, string? Tenant = null) : INamesTenant;

/// <summary>A plan that the platform puts a tenant on, or moves it to.</summary>
/// <param name="Plan">The plan.</param>
/// <param name="Version">Its version; left out for the newest.</param>
/// <param name="When">AtOnce (the default) or PeriodEnd; a tenant without a subscription starts at once.</param>
/// <param name="TrialDays">Days that nothing is charged for; left out for what the plan has. Only of a tenant without a subscription.</param>
/// <param name="Reason">Why.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record TenantPlanBody(string Plan, int? Version = null, ChangeTiming? When = null, int? TrialDays = null, string? Reason = null);

/// <summary>What is taken off invoices for some time: a percentage or an amount for each.</summary>
/// <param name="From">It counts for a period that begins then or later.</param>
/// <param name="Reason">Why; it stands on the invoice.</param>
/// <param name="Percent">Above 0, at most 100.</param>
/// <param name="Amount">An amount in the currency of the invoices.</param>
/// <param name="To">It counts for no period that begins then or later; left out for open.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record DiscountBody(DateTimeOffset From, string Reason, decimal? Percent = null, Money? Amount = null, DateTimeOffset? To = null);

/// <summary>How a tenant is billed. What is left out is as if nobody had said anything.</summary>
/// <param name="TimeZone">IANA name of the time zone in which periods begin and end; left out for UTC.</param>
/// <param name="Anchor">A moment at which a period begins.</param>
/// <param name="Name">Who is billed.</param>
/// <param name="Address">Where to.</param>
/// <param name="Email">Where invoices are sent.</param>
/// <param name="VatId">The VAT id or tax number.</param>
/// <param name="Taxes">The taxes on the invoices.</param>
/// <param name="TaxExemption">Why no tax is charged, as it stands on the invoice.</param>
/// <param name="Discounts">What is taken off.</param>
/// <param name="PaymentMethod">The token of the means of payment.</param>
/// <param name="GraceHours">Hours after a period's end until it is closed, 0 to 720.</param>
/// <param name="DueDays">Days until an invoice is due, 0 to 365.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record BillingSettingsBody(
    string? TimeZone = null,
    DateTimeOffset? Anchor = null,
    string? Name = null,
    PostalAddress? Address = null,
    string? Email = null,
    string? VatId = null,
    IReadOnlyList<TaxRate>? Taxes = null,
    string? TaxExemption = null,
    IReadOnlyList<DiscountBody>? Discounts = null,
    string? PaymentMethod = null,
    int? GraceHours = null,
    int? DueDays = null) : IValidated
{
    public void Validate(Faults faults)
    {
        Lists.NoNulls(faults, "/taxes", Taxes);
        Lists.NoNulls(faults, "/discounts", Discounts);
    }

    public BillingSettings Settings => new()
    {
        TimeZone = TimeZone ?? TimeZones.Utc,
        Anchor = Anchor?.ToUniversalTime(),
        Name = Name,
        Address = Address,
        Email = Email,
        VatId = VatId,
        Taxes = [.. Taxes ?? []],
        TaxExemption = TaxExemption,
        Discounts = [.. (Discounts ?? []).Select(d => new Discount(d.Percent, d.Amount, d.From.ToUniversalTime(), d.To?.ToUniversalTime(), d.Reason))],
        PaymentMethod = PaymentMethod,
        GraceHours = GraceHours ?? 0,
        DueDays = DueDays ?? 0,
    };
}

/// <summary>A billing period.</summary>
/// <param name="From">Its first moment.</param>
/// <param name="To">The first moment behind it.</param>
/// <param name="Whole">Whether it was not cut short by a change of the billing cycle.</param>
/// <param name="Currency">What its invoice is in.</param>
internal sealed record PeriodView(DateTimeOffset From, DateTimeOffset To, bool Whole, string Currency)
{
    public static PeriodView Of(BillingPeriod period) => new(period.From, period.To, period.IsWhole, period.Currency);
}

/// <summary>A change of the plan that is to come.</summary>
/// <param name="Plan">The plan; null for the end of the subscription.</param>
/// <param name="Version">Its version; null for the end of the subscription.</param>
/// <param name="Due">When.</param>
/// <param name="Reason">Why; null where nobody said.</param>
internal sealed record ScheduledPlanView(string? Plan, int? Version, DateTimeOffset Due, string? Reason);

/// <summary>The plan that a tenant is on, and how it is billed.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Plan">The plan.</param>
/// <param name="Version">Its version.</param>
/// <param name="Name">Its name, for people.</param>
/// <param name="Since">Since when the tenant is on it; null for what it is on without a choice.</param>
/// <param name="TrialUntil">Until when nothing is charged; null where something is.</param>
/// <param name="Period">The billing period that runs.</param>
/// <param name="Scheduled">The change or end that is to come; null for none.</param>
/// <param name="Quotas">The limits of the plan.</param>
/// <param name="Features">What else it includes.</param>
/// <param name="Settings">How the tenant is billed.</param>
internal sealed record TenantPlanView(string Tenant, string Plan, int Version, string Name, DateTimeOffset? Since, DateTimeOffset? TrialUntil, PeriodView Period, ScheduledPlanView? Scheduled, IReadOnlyList<QuotaLimit> Quotas, IReadOnlyList<string> Features, BillingSettings Settings);

/// <summary>A part of a recurring fee.</summary>
/// <param name="From">The first moment of the stay on the plan.</param>
/// <param name="To">The first moment behind it.</param>
/// <param name="Plan">The plan.</param>
/// <param name="Version">Its version.</param>
/// <param name="Trial">Whether nothing is charged for it.</param>
/// <param name="Seconds">How long it is.</param>
/// <param name="PeriodSeconds">How long the whole period is.</param>
/// <param name="Fee">The fee for the whole period.</param>
/// <param name="Amount">What this part costs.</param>
/// <param name="Text">How it comes about.</param>
internal sealed record FeeLineView(DateTimeOffset From, DateTimeOffset To, string Plan, int Version, bool Trial, long Seconds, long PeriodSeconds, Money Fee, Money Amount, string Text);

/// <summary>A billing period in a preview.</summary>
/// <param name="Period">The period.</param>
/// <param name="Lines">A line for each stretch on a plan.</param>
/// <param name="Total">What they come to.</param>
internal sealed record PeriodPreviewView(PeriodView Period, IReadOnlyList<FeeLineView> Lines, decimal Total);

/// <summary>What a change of the plan would mean for the recurring fees. Usage is charged beside them, by the plan that held when it was.</summary>
/// <param name="Before">The period that runs and the next one, as they are.</param>
/// <param name="After">The same time with the change.</param>
internal sealed record PlanChangePreviewView(IReadOnlyList<PeriodPreviewView> Before, IReadOnlyList<PeriodPreviewView> After);
