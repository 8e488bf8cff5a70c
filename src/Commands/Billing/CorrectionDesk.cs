using System.Collections.Immutable;
using AIaaS.Commands.Metering;
using AIaaS.Domain;
using AIaaS.Domain.Billing;
using AIaaS.Domain.Metering;
using AIaaS.EventStore;

namespace AIaaS.Commands.Billing;

/// <summary>An invoice with all that was billed for its period since.</summary>
/// <param name="Invoice">The invoice as it stands.</param>
/// <param name="Notes">Its notes as they stand, in their order.</param>
/// <param name="Position">The last position of any of them.</param>
public sealed record BilledInvoice(Invoice Invoice, ImmutableArray<BillingNote> Notes, LogPosition Position)
{
    /// <summary>What was billed.</summary>
    public BilledPeriod Period => new(Invoice.Generated!.Draft, [.. Notes.Select(n => n.Content!)]);
}

/// <summary>What became of a re-rating.</summary>
/// <param name="Result">What differs.</param>
/// <param name="Note">The note; null where nothing differs, or on a dry run.</param>
/// <param name="Position">The consistency token.</param>
public sealed record ReRated(ReRatingResult Result, BillingNote? Note, LogPosition Position);

/// <summary>
/// Corrects what was billed: re-rates closed periods and issues notes on what differs, decides disputes. An issued invoice never changes. Each of it may be done
/// again, by another process and after a crash at any point: what is there already is found, and only what is missing is done.
/// </summary>
public sealed class CorrectionDesk(
    IEventStore log,
    EventTypes types,
    PriceBooks prices,
    MeterRegistry meters,
    UsageFold usage,
    InvoiceService invoices,
    InvoiceCollector collector,
    NoteService notes,
    NoteNumbers numbers,
    DisputeService disputes,
    BillingDesk desk,
    ClosedPeriods closed,
    TimeProvider time)
{
    private const int MaxTries = 5;
    private const int MaxEventBytes = EventStoreLimits.MaxEventBytes - (8 * 1024);

    /// <summary>Usage older than this is not taken in, so that nothing comes late to periods that ended longer ago.</summary>
    public static TimeSpan LatestUsage { get; } = TimeSpan.FromDays(36);

    private readonly AggregateStore store = new(log, types);

    /// <summary>An invoice with its notes.</summary>
    /// <exception cref="DomainException">There is no such invoice of the tenant.</exception>
    public async Task<BilledInvoice> BilledAsync(string tenant, string invoice, CancellationToken cancellationToken = default) =>
        await FindAsync(tenant, invoice, cancellationToken) ?? throw new DomainException(InvoiceErrors.NotFound(invoice));

    /// <summary>An invoice with its notes; null where there is no such invoice of the tenant.</summary>
    public async Task<BilledInvoice?> FindAsync(string tenant, string invoice, CancellationToken cancellationToken = default)
    {
        if (await invoices.FindAsync(tenant, invoice, cancellationToken) is not { } loaded)
        {
            return null;
        }

        var found = ImmutableArray.CreateBuilder<BillingNote>();
        var position = loaded.Position;
        while ((await store.LoadAsync<BillingNote>(BillingNote.Stream(tenant, BillingNote.IdOf(tenant, invoice, found.Count + 1)), cancellationToken: cancellationToken)) is { State.Content: not null } note)
        {
            found.Add(note.State);
            position = note.Position > position ? note.Position : position;
        }

        return new(loaded.State, found.ToImmutable(), position);
    }

    /// <summary>The disputes about an invoice.</summary>
    /// <exception cref="DomainException">There is no such invoice of the tenant.</exception>
    public async Task<InvoiceDisputes> DisputesAsync(string tenant, string invoice, CancellationToken cancellationToken = default)
    {
        await invoices.GetAsync(tenant, invoice, cancellationToken);
        return (await disputes.LoadAsync(InvoiceDisputes.Stream(tenant, invoice), cancellationToken)).State;
    }

    /// <summary>What a re-rating would find now; nothing is written.</summary>
    /// <exception cref="DomainException">There is no such invoice, it cannot be re-rated, or an exchange rate is missing.</exception>
    public async Task<ReRated> LookAsync(string tenant, string invoice, CancellationToken cancellationToken = default)
    {
        var billed = await BilledAsync(tenant, invoice, cancellationToken);
        return new(await CalculateAsync(tenant, invoice, billed, cancellationToken), null, billed.Position);
    }

    /// <summary>Re-rates an invoice's period, and issues a note where something differs.</summary>
    /// <exception cref="DomainException">There is no such invoice, it cannot be re-rated, or an exchange rate is missing.</exception>
    public async Task<ReRated> ReRateAsync(string tenant, string invoice, CommandContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        for (var tries = 0; tries < MaxTries; tries++)
        {
            var billed = await BilledAsync(tenant, invoice, cancellationToken);
            foreach (var unfinished in billed.Notes.Where(n => n.Number is null))
            {
                await FinishAsync(tenant, unfinished.Content!.Note, context, cancellationToken);
            }

            var result = await CalculateAsync(tenant, invoice, billed, cancellationToken);
            if (result.IsSame)
            {
                return new(result, null, billed.Position);
            }

            var content = Content(tenant, billed, result, context.Actor);
            if (types.Write(Guid.Empty, new CreditNoteIssued(content), ReadOnlyMemory<byte>.Empty).Data.Length is var bytes and > MaxEventBytes)
            {
                throw new DomainException(NoteErrors.TooLarge(content.Lines.Length, bytes, MaxEventBytes));
            }

            var issued = await notes.HandleAsync(new IssueNote(tenant, content), Inner(context, tenant), cancellationToken);
            if (!issued.Events.IsEmpty)
            {
                // What is issued is finished even when the caller has left.
                var finished = await FinishAsync(tenant, content.Note, context, CancellationToken.None);
                return new(result, finished.State, finished.Position);
            }
        }

        throw new DomainException(NoteErrors.Busy(invoice));
    }

    /// <summary>Gives a note its number, and gives the money of a credit note back where its invoice was paid by a payment.</summary>
    public async Task<Loaded<BillingNote>> FinishAsync(string tenant, string note, CommandContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        var there = await notes.GetAsync(tenant, note, cancellationToken);
        var content = there.State.Content!;
        if (there.State.Number is null)
        {
            var number = await numbers.AssignAsync(tenant, note, there.State.IsCredit, content.At, context, cancellationToken);
            there = Of(await notes.HandleAsync(new NumberNote(tenant, note, number.Text, time.GetUtcNow()), Inner(context, tenant), cancellationToken));
        }

        if (!there.State.IsCredit || content.Amount >= 0m || there.State.State is NoteState.Refunded || (there.State.Refund is not null && there.State.State is not NoteState.Refunding))
        {
            return there;
        }

        var invoice = (await invoices.GetAsync(tenant, content.Invoice, cancellationToken)).State;
        if (there.State.Refund is null)
        {
            // What was not taken by a payment counts towards what is owed next.
            if (invoice.State is not InvoiceState.Paid || Math.Min(invoice.RefundableAmount, -content.Amount) is not (> 0m and var amount))
            {
                return there;
            }

            there = Of(await notes.HandleAsync(new RequestNoteRefund(tenant, note, RefundId(tenant, note), new(amount, content.Currency), time.GetUtcNow()), Inner(context, tenant), cancellationToken));
        }

        return there.State.Refund is { } refund ? await RefundAsync(tenant, there, refund, context, cancellationToken) : there;
    }

    /// <summary>Opens a dispute about a line of an invoice.</summary>
    /// <exception cref="DomainException">There is no such invoice or line, or it is disputed already.</exception>
    public async Task<CommandResult<InvoiceDisputes>> OpenAsync(string tenant, string invoice, string dispute, int line, string reason, CommandContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        var billed = (await invoices.GetAsync(tenant, invoice, cancellationToken)).State;
        return billed.Number is null ? throw new DomainException(NoteErrors.NotIssued(invoice))
            : await disputes.HandleAsync(new OpenDispute(tenant, invoice, billed.Generated!.Draft, dispute, line, reason, context.Actor, time.GetUtcNow()), context, cancellationToken);
    }

    /// <summary>Accepts a dispute and issues the note.</summary>
    /// <exception cref="DomainException">There is no such dispute, or what is to be taken off is wrong.</exception>
    public async Task<(InvoiceDisputes Disputes, ReRated ReRated)> AcceptAsync(string tenant, string invoice, string dispute, decimal? quantity, Money? amount, string reason, CommandContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        var billed = await BilledAsync(tenant, invoice, cancellationToken);
        Require(invoice, billed);
        var accepted = await disputes.HandleAsync(new AcceptDispute(tenant, invoice, billed.Period.Invoice, billed.Period.Current, dispute, quantity, amount, reason, context.Actor, time.GetUtcNow()), context with { Tenant = tenant }, cancellationToken);
        var rated = await ReRateAsync(tenant, invoice, context, CancellationToken.None);
        return (accepted.State, rated with { Position = rated.Position > accepted.Position ? rated.Position : accepted.Position });
    }

    /// <summary>
    /// Looks for what came late to a tenant's periods that ended in the last weeks, and bills it: by a note, or by the invoice of a period that had none.
    /// </summary>
    /// <returns>The invoices and notes that were made.</returns>
    public async Task<int> CatchUpAsync(string tenant, CommandContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        var made = 0;
        DomainException? trouble = null;
        var head = await usage.HeadAsync(tenant, cancellationToken);
        foreach (var period in await closed.OfAsync(tenant, time.GetUtcNow() - LatestUsage, cancellationToken))
        {
            try
            {
                made += await CatchUpAsync(period, head, context, cancellationToken) ? 1 : 0;
            }
            catch (DomainException e)
            {
                // What stands against one period stands against no other.
                trouble ??= e;
            }
        }

        return trouble is null ? made : throw trouble;
    }

    /// <summary>The meters of a tenant by name.</summary>
    internal async Task<ImmutableDictionary<string, MeterDefinition>> MetersAsync(string tenant, CancellationToken cancellationToken)
    {
        var (own, ofPlan) = await meters.DefinitionsAsync(tenant, cancellationToken);
        return BuiltInMeters.All.Concat(own.Meters.Values.Select(m => m.Definition)).Concat(ofPlan).GroupBy(m => m.Meter, StringComparer.Ordinal).ToImmutableDictionary(g => g.Key, g => g.Last(), StringComparer.Ordinal);
    }

    /// <summary>The id of the refund of a credit note.</summary>
    public static string RefundId(string tenant, string note) => NamedId.Of("note-refund", tenant, note).ToString("N");

    private static CommandContext Inner(CommandContext context, string tenant) => context with { Tenant = tenant, IdempotencyKey = null };

    private static Loaded<BillingNote> Of(CommandResult<BillingNote> result) => new(result.State, result.Version, result.Position);

    private static void Require(string invoice, BilledInvoice billed)
    {
        if (billed.Invoice.Number is not { } number)
        {
            throw new DomainException(NoteErrors.NotIssued(invoice));
        }

        // What is owed was given up as a whole.
        if (billed.Invoice.State is InvoiceState.WrittenOff)
        {
            throw new DomainException(InvoiceErrors.IsWrittenOff(number));
        }
    }

    private async Task<bool> CatchUpAsync(ClosedPeriod period, long head, CommandContext context, CancellationToken cancellationToken)
    {
        var invoice = Invoice.IdOf(period.Tenant, period.From);
        var there = await invoices.FindAsync(period.Tenant, invoice, cancellationToken);
        return there is { State.Number: not null, State.State: not InvoiceState.WrittenOff } ? (await ReRateAsync(period.Tenant, invoice, context, cancellationToken)).Note is not null
            : there is null && head > period.ThroughVersion && (await desk.InvoiceLateAsync(period.Tenant, period.From, context, cancellationToken)).Invoice is not null;
    }

    private async Task<Loaded<BillingNote>> RefundAsync(string tenant, Loaded<BillingNote> note, NoteRefundRequested refund, CommandContext context, CancellationToken cancellationToken)
    {
        var content = note.State.Content!;
        try
        {
            var refunded = await collector.RefundAsync(tenant, content.Invoice, refund.Refund, refund.Amount, $"Credit note {note.State.Number}", Inner(context, tenant), cancellationToken);
            // Where nobody knows yet, the invoice's own retries go on; their outcome comes back as its event.
            return refunded.State.Refunds.FirstOrDefault(r => r.Refund == refund.Refund)?.Given is { } given
                ? Of(await notes.HandleAsync(new SettleNoteRefund(tenant, content.Note, refund.Refund, given, time.GetUtcNow()), Inner(context, tenant), cancellationToken))
                : note;
        }
        catch (DomainException e) when (e.Error.Status is not (429 or 503))
        {
            // A refund that was asked for is settled by the invoice's own retries.
            return (await invoices.GetAsync(tenant, content.Invoice, cancellationToken)).State.Refunds.Any(r => r.Refund == refund.Refund) ? note : Of(await notes.HandleAsync(new SettleNoteRefund(tenant, content.Note, refund.Refund, false, time.GetUtcNow()), Inner(context, tenant), cancellationToken));
        }
    }

    private async Task<ReRatingResult> CalculateAsync(string tenant, string invoice, BilledInvoice billed, CancellationToken cancellationToken)
    {
        Require(invoice, billed);
        var current = billed.Period.Current;
        var accepted = (await disputes.LoadAsync(InvoiceDisputes.Stream(tenant, invoice), cancellationToken)).State.Adjustments;
        var (book, knownAt) = await prices.NowAsync(cancellationToken);
        var knowledge = ReRating.Knowledge(current, book, await MetersAsync(tenant, cancellationToken), knownAt);
        var slots = InvoiceCalculator.Slots(knowledge);
        var reused = await usage.HeadAsync(tenant, cancellationToken) <= current.ThroughVersion ? WhatIf.Reused(current, slots) : null;
        var totals = reused ?? await usage.NowAsync(tenant, slots, knowledge.Period.From, knowledge.Period.To, cancellationToken);
        return ReRating.Compare(billed.Period.Invoice, current, ReRating.Draft(knowledge, totals, accepted));
    }

    private NoteContent Content(string tenant, BilledInvoice billed, ReRatingResult result, string actor)
    {
        var invoice = billed.Invoice.Generated!;
        var sequence = billed.Notes.Length + 1;
        return new(
            BillingNote.IdOf(tenant, invoice.Invoice, sequence),
            invoice.Invoice,
            billed.Invoice.Number!,
            sequence,
            result.After.Basis.Currency,
            result.Lines,
            result.Amount,
            result.Before.Total,
            result.After.Total,
            result.Before.ThroughVersion,
            result.Before.Basis.KnownAt,
            result.After,
            invoice.Seller,
            invoice.Buyer,
            invoice.Branding,
            actor,
            time.GetUtcNow());
    }
}
