using System.Collections.Immutable;
using System.Text.Json.Serialization;
using AIaaS.Api.Http;
using AIaaS.Api.Pricing;
using AIaaS.Domain;
using AIaaS.Domain.Billing;

namespace AIaaS.Api.Billing;

/// <summary>Re-rates a closed period.</summary>
/// <param name="DryRun">Whether the differences are only shown. Default: true.</param>
/// <param name="Tenant">May name the caller's own tenant; better left out.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record ReRateBody(bool DryRun = true, string? Tenant = null) : INamesTenant;

/// <summary>What a re-rating found.</summary>
/// <param name="Invoice">The invoice's id.</param>
/// <param name="Currency">ISO 4217.</param>
/// <param name="Before">What was billed for the period: by the invoice and its notes.</param>
/// <param name="After">What is owed for it, as it is known now.</param>
/// <param name="Difference">The difference.</param>
/// <param name="Lines">What differs, line by line.</param>
/// <param name="ThroughVersion">The last version of the usage log that is reflected.</param>
/// <param name="KnownAt">The log position up to which prices and rates are reflected.</param>
/// <param name="Note">The note's id; null where nothing differs, or on a dry run.</param>
/// <param name="Number">The note's number; null likewise.</param>
/// <param name="IsCredit">Whether the note is a credit note, or would be; null where nothing differs.</param>
internal sealed record ReRatedView(string Invoice, string Currency, decimal Before, decimal After, decimal Difference, ImmutableArray<NoteLine> Lines, long ThroughVersion, ulong KnownAt, string? Note, string? Number, bool? IsCredit);

/// <summary>Opens a dispute.</summary>
/// <param name="Line">The number of the line on the invoice.</param>
/// <param name="Reason">Why it is wrong.</param>
/// <param name="Tenant">May name the caller's own tenant; better left out.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record DisputeBody(int Line, string Reason, string? Tenant = null) : INamesTenant;

/// <summary>Accepts a dispute: takes either units or an amount off.</summary>
/// <param name="Reason">Why; it stands on the note.</param>
/// <param name="Quantity">The units to take off, above 0; null where an amount is.</param>
/// <param name="Amount">The amount to take off, above 0, in the invoice's currency; null where units are.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record AcceptDisputeBody(string Reason, decimal? Quantity = null, Money? Amount = null);

/// <summary>Rejects a dispute.</summary>
/// <param name="Reason">Why.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record RejectDisputeBody(string Reason);

/// <summary>A dispute after a command.</summary>
/// <param name="Invoice">The invoice's id.</param>
/// <param name="Dispute">The dispute.</param>
/// <param name="Note">The id of the note that follows from it; null for none.</param>
/// <param name="Number">That note's number; null for none.</param>
/// <param name="Credited">What that note gives back; null for none.</param>
internal sealed record DisputeView(string Invoice, LineDispute Dispute, string? Note, string? Number, Money? Credited);

/// <summary>The disputes about an invoice, with their history.</summary>
/// <param name="Invoice">The invoice's id.</param>
/// <param name="Disputes">In the order in which they were opened.</param>
internal sealed record DisputeList(string Invoice, ImmutableArray<LineDispute> Disputes);

/// <summary>A credit or debit note.</summary>
/// <param name="Number">Its number; null until it has one.</param>
/// <param name="State">How it stands.</param>
/// <param name="IsCredit">Whether it is a credit note.</param>
/// <param name="IssuedAt">When it got its number; null until then.</param>
/// <param name="Refund">The refund of its money; null for none.</param>
/// <param name="Paid">How it was paid; null until it is.</param>
/// <param name="Content">What it says; nothing of it ever changes.</param>
internal sealed record NoteView(string? Number, NoteState State, bool IsCredit, DateTimeOffset? IssuedAt, NoteRefundRequested? Refund, NotePaid? Paid, NoteContent Content);

/// <summary>A note after a command.</summary>
/// <param name="Note">The note's id.</param>
/// <param name="Number">Its number.</param>
/// <param name="State">How it stands.</param>
/// <param name="Amount">What it adds to what is owed.</param>
internal sealed record NoteStateView(string Note, string? Number, NoteState State, Money Amount);

/// <summary>A debit note that was paid.</summary>
/// <param name="Reference">How, in words: <c>bank transfer of 2026-02-10</c>.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record NotePaymentBody(string Reference);

/// <summary>What a tenant owes.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Balances">By currency; empty where nothing was ever billed.</param>
internal sealed record BalanceView(string Tenant, ImmutableArray<Balance> Balances);

/// <summary>A tenant's books.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="KnownAt">As they were known then; null for now.</param>
/// <param name="KnownThrough">As they were known at this position of the log; null for no such bound.</param>
/// <param name="EffectiveBefore">Only what is so since before then; null for all.</param>
/// <param name="Balances">What is owed, by currency.</param>
/// <param name="Entries">The entries, in the order in which they became known.</param>
internal sealed record BooksView(string Tenant, DateTimeOffset? KnownAt, ulong? KnownThrough, DateTimeOffset? EffectiveBefore, ImmutableArray<Balance> Balances, ImmutableArray<BooksLine> Entries);

/// <summary>A plan that is not published.</summary>
/// <param name="Currency">ISO 4217: what invoices are in.</param>
/// <param name="Prices">The ids of the prices that hold in it: published ones, and those that the question proposes.</param>
/// <param name="RecurringFee">For a whole billing period.</param>
/// <param name="Name">For people.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record ProposedPlanBody(string Currency, IReadOnlyList<string> Prices, decimal? RecurringFee = null, string? Name = null);

/// <summary>Another plan or other prices, under which closed periods are calculated.</summary>
/// <param name="From">Periods that begin then or later; null for all.</param>
/// <param name="To">Periods that end then or before; null for all.</param>
/// <param name="Plan">The id of a published plan that the tenants are put on; null for none.</param>
/// <param name="PlanVersion">Its version; null for the newest one.</param>
/// <param name="ProposedPlan">A plan that is not published, which the tenants are put on; null for none.</param>
/// <param name="Prices">Prices that are not published, by their ids. One with the id of a published price takes its place from its first moment on.</param>
/// <param name="Rates">Exchange rates that are not published.</param>
/// <param name="Of">The platform: one tenant; null for all.</param>
/// <param name="After">The platform, of all tenants: where the page begins, the last answer's 'nextAfter'; null for the first page.</param>
/// <param name="Limit">The platform, of all tenants: the most tenants of a page, 1 to 200. Default: 50.</param>
/// <param name="Tenant">May name the caller's own tenant; better left out.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record WhatIfBody(
    DateTimeOffset? From = null,
    DateTimeOffset? To = null,
    string? Plan = null,
    int? PlanVersion = null,
    ProposedPlanBody? ProposedPlan = null,
    IReadOnlyDictionary<string, PriceBody>? Prices = null,
    IReadOnlyList<ProposedRate>? Rates = null,
    string? Of = null,
    string? After = null,
    int? Limit = null,
    string? Tenant = null) : INamesTenant, IValidated
{
    private const string ProposedId = "proposed";

    public void Validate(Faults faults)
    {
        if (From >= To)
        {
            faults.Add("/to", "is not behind 'from'");
        }

        if (Limit is < 1 or > 200)
        {
            faults.Add("/limit", $"is {Limit}; 1 to 200 are possible");
        }

        if (Of is not null && !Domain.Tenants.Tenant.IsSlug(Of))
        {
            faults.Add("/of", "is not a tenant's id");
        }

        foreach (var (id, price) in Prices ?? new Dictionary<string, PriceBody>())
        {
            if (price is null)
            {
                faults.Add($"/prices/{(id.Length > 60 ? id[..60] + "…" : id)}", "is null");
            }
            else
            {
                price.Validate(faults);
            }
        }

        Lists.NoNulls(faults, "/proposedPlan/prices", ProposedPlan?.Prices);
        Lists.NoNulls(faults, "/rates", Rates);
    }

    public WhatIfChange Change()
    {
        var prices = (Prices ?? new Dictionary<string, PriceBody>()).Select(p => p.Value.Command(p.Key, default)).ToList();
        return new()
        {
            Plan = Plan,
            PlanVersion = PlanVersion,
            ProposedPlan = ProposedPlan is { } plan ? new(ProposedId, 0, plan.Name ?? "Proposed", plan.Currency) { RecurringFee = plan.RecurringFee ?? 0m, Prices = [.. plan.Prices] } : null,
            Prices = [.. prices.Select(p => p.Price)],
            TierStarts = prices.ToImmutableDictionary(p => p.Price.Id, p => p.TierStarts ?? [], StringComparer.Ordinal),
            Rates = [.. Rates ?? []],
        };
    }
}
