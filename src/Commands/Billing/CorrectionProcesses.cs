using AIaaS.Domain;
using AIaaS.Domain.Billing;
using AIaaS.EventStore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AIaaS.Commands.Billing;

/// <summary>Finishes what a crash left: the number and the refund of a note, the note of an accepted dispute, the outcome of a refund.</summary>
public sealed class NoteIssuer(CorrectionDesk desk, NoteService notes, TimeProvider time) : IEventHandler
{
    /// <inheritdoc />
    public string Name => "billing-notes";

    /// <inheritdoc />
    public EventFilter Filter { get; } = EventFilter.Types("billing.credit-note.issued", "billing.debit-note.issued", "billing.note.refund-requested", "billing.dispute.accepted", "billing.invoice.refunded", "billing.invoice.refund-failed", "billing.invoice.refund-returned");

    /// <inheritdoc />
    public string KeyOf(EventEnvelope envelope)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        return envelope.Tenant;
    }

    /// <inheritdoc />
    public async Task HandleAsync(EventEnvelope envelope, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        var stream = new StreamName(envelope.Recorded.Stream);
        var (tenant, id) = (stream.Tenant, stream.Id);
        var context = new CommandContext(tenant, Name, null, envelope.Metadata.CorrelationId, envelope.Recorded.Id.ToString("N"));
        switch (envelope.Event)
        {
            case CreditNoteIssued or DebitNoteIssued or NoteRefundRequested:
                await desk.FinishAsync(tenant, id, context, cancellationToken);
                break;
            case DisputeAccepted:
                await desk.ReRateAsync(tenant, id, context, cancellationToken);
                break;
            case InvoiceRefunded refunded:
                await SettleAsync(tenant, id, refunded.Refund, context, cancellationToken);
                break;
            case InvoiceRefundFailed failed:
                await SettleAsync(tenant, id, failed.Refund, context, cancellationToken);
                break;
            case InvoiceRefundReturned returned:
                await SettleAsync(tenant, id, returned.Refund, context, cancellationToken);
                break;
        }
    }

    // As the invoice has it now, not as the event had it: one that is delivered again must not undo a later one.
    private async Task SettleAsync(string tenant, string invoice, string refund, CommandContext context, CancellationToken cancellationToken)
    {
        var billed = await desk.BilledAsync(tenant, invoice, cancellationToken);
        if (billed.Invoice.Refunds.FirstOrDefault(r => r.Refund == refund)?.Given is not { } given)
        {
            return;
        }

        foreach (var note in billed.Notes.Where(n => n.Refund?.Refund == refund))
        {
            await notes.HandleAsync(new SettleNoteRefund(tenant, note.Content!.Note, refund, given, time.GetUtcNow()), context, cancellationToken);
        }
    }
}

/// <summary>Soon after the start and then once a day, bills what came late to periods that were closed.</summary>
public sealed partial class CorrectionJob(ClosedPeriods closed, CorrectionDesk desk, TimeProvider time, ILogger<CorrectionJob> logger) : BackgroundService
{
    private const string Actor = "corrections";

    /// <summary>How often it looks.</summary>
    public static TimeSpan Interval { get; } = TimeSpan.FromDays(1);

    /// <summary>How long after the start it looks first: a process that does not run for a whole day would never look otherwise.</summary>
    public static TimeSpan First { get; } = TimeSpan.FromMinutes(5);

    /// <summary>Looks once, at all tenants. What fails for one stops no other.</summary>
    /// <returns>The invoices and notes that were made.</returns>
    public async Task<int> RunOnceAsync(CancellationToken cancellationToken = default)
    {
        var made = 0;
        foreach (var tenant in await closed.TenantsAsync(null, cancellationToken))
        {
            try
            {
                made += await desk.CatchUpAsync(tenant, new(tenant, Actor), cancellationToken);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                LogFailure(e, tenant);
            }
        }

        return made;
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        for (var wait = First; ; wait = Interval)
        {
            await Task.Delay(wait, time, stoppingToken);
            try
            {
                await RunOnceAsync(stoppingToken);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                LogFailure(e, "");
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Late usage of the tenant '{Tenant}' could not be billed; it is tried again tomorrow")]
    private partial void LogFailure(Exception exception, string tenant);
}

/// <summary>The credit of tenants, read off their invoices and notes.</summary>
public sealed class TenantCredit(IEventStore log, EventTypes types, ClosedPeriods closed)
{
    /// <summary>The part of an invoice that the tenant's credit pays: what its own credit notes took off, and what is left over of invoices that are settled.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="invoice">The invoice's id.</param>
    /// <param name="total">What is invoiced.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<decimal> ForAsync(string tenant, string invoice, Money total, CancellationToken cancellationToken = default)
    {
        var ids = (await closed.OfAsync(tenant, DateTimeOffset.MinValue, cancellationToken)).Select(p => Invoice.IdOf(tenant, p.From)).Append(invoice).Distinct(StringComparer.Ordinal);
        List<BooksAccount> accounts = [];
        foreach (var id in ids)
        {
            if (await AccountAsync(Invoice.Stream(tenant, id), cancellationToken) is not { } account)
            {
                continue;
            }

            accounts.Add(account);
            for (var sequence = 1; await AccountAsync(BillingNote.Stream(tenant, BillingNote.IdOf(tenant, id, sequence)), cancellationToken) is { } note; sequence++)
            {
                accounts.Add(note);
            }
        }

        return Credit.For(accounts, invoice, total);
    }

    private async Task<BooksAccount?> AccountAsync(string stream, CancellationToken cancellationToken)
    {
        BooksAccount? account = null;
        await foreach (var recorded in log.ReadStreamOrEmptyAsync(stream, cancellationToken: cancellationToken))
        {
            account = (account ?? BooksAccount.Initial).Apply(types.Read(recorded), recorded.Recorded, recorded.Position.Value);
        }

        return account;
    }
}
