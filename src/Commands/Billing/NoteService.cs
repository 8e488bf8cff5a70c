using AIaaS.Domain.Billing;
using AIaaS.EventStore;

namespace AIaaS.Commands.Billing;

/// <summary>Records credit and debit notes, and how they stand.</summary>
public sealed class NoteService : CommandService<BillingNote>
{
    /// <summary>Makes the service.</summary>
    public NoteService(IEventStore log, EventTypes types, IdSource ids)
        : base(log, types, ids)
    {
        On<IssueNote>().In(c => BillingNote.Stream(c.Tenant, Named(c.Content.Note))).Decide((note, command) => note.Issue(command));
        On<NumberNote>().In(c => BillingNote.Stream(c.Tenant, Named(c.Note))).Decide((note, command) => note.GiveNumber(command));
        On<RequestNoteRefund>().In(c => BillingNote.Stream(c.Tenant, Named(c.Note))).Decide((note, command) => note.RequestRefund(command));
        On<SettleNoteRefund>().In(c => BillingNote.Stream(c.Tenant, Named(c.Note))).Decide((note, command) => note.SettleRefund(command));
        On<PayNote>().In(c => BillingNote.Stream(c.Tenant, Named(c.Note))).Decide((note, command) => note.Pay(command));
    }

    /// <summary>A note as it stands.</summary>
    /// <exception cref="DomainException">There is none.</exception>
    public async Task<Loaded<BillingNote>> GetAsync(string tenant, string note, CancellationToken cancellationToken = default) =>
        BillingIds.IsId(note) && await LoadAsync(BillingNote.Stream(tenant, note), cancellationToken) is { State.Content: not null } loaded ? loaded : throw new DomainException(NoteErrors.NotFound(note ?? ""));

    private static string Named(string note) => BillingIds.IsId(note) ? note : throw new DomainException(NoteErrors.NotFound(note ?? ""));
}

/// <summary>Records disputes about invoices.</summary>
public sealed class DisputeService : CommandService<InvoiceDisputes>
{
    /// <summary>Makes the service.</summary>
    public DisputeService(IEventStore log, EventTypes types, IdSource ids)
        : base(log, types, ids)
    {
        On<OpenDispute>().In(c => InvoiceDisputes.Stream(c.Tenant, Named(c.Invoice))).Decide((disputes, command) => disputes.Open(command));
        On<AcceptDispute>().In(c => InvoiceDisputes.Stream(c.Tenant, Named(c.Invoice))).Decide((disputes, command) => disputes.Accept(command));
        On<RejectDispute>().In(c => InvoiceDisputes.Stream(c.Tenant, Named(c.Invoice))).Decide((disputes, command) => disputes.Reject(command));
        On<WithdrawDispute>().In(c => InvoiceDisputes.Stream(c.Tenant, Named(c.Invoice))).Decide((disputes, command) => disputes.Withdraw(command));
    }

    /// <summary>The id of the dispute that is opened under a key.</summary>
    public static string DisputeId(string tenant, string key) => NamedId.Of("billing-dispute", tenant, key).ToString("N");

    private static string Named(string invoice) => BillingIds.IsId(invoice) ? invoice : throw new DomainException(InvoiceErrors.NotFound(invoice ?? ""));
}

/// <summary>
/// Gives notes their numbers: credit notes and debit notes each one after the other in each year, without gaps. A number is an event that names its note, so that
/// one that was given is found again after a crash, whichever process asks.
/// </summary>
public sealed class NoteNumbers(IEventStore log, EventTypes types)
{
    private readonly NumberSeries<NoteNumberAssigned> numbers = new(log, types, e => (e.Tenant, e.Note));

    /// <summary>The number of a note: the one that it has, or the next.</summary>
    /// <param name="tenant">Whose note.</param>
    /// <param name="note">The note's id.</param>
    /// <param name="isCredit">Whether it is a credit note.</param>
    /// <param name="at">When it was made: decides the year.</param>
    /// <param name="context">On whose behalf.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public Task<NoteNumberAssigned> AssignAsync(string tenant, string note, bool isCredit, DateTimeOffset at, CommandContext context, CancellationToken cancellationToken = default)
    {
        var year = at.UtcDateTime.Year;
        return numbers.AssignAsync(NoteNumberAssigned.Stream(isCredit, year), tenant, note, "note-number", next => new(next, NoteNumberAssigned.TextOf(isCredit, year, next), tenant, note, at), context, cancellationToken);
    }
}

/// <summary>Ids of what is billed, as they come from outside.</summary>
internal static class BillingIds
{
    /// <summary>Whether a text can be part of a stream's name.</summary>
    public static bool IsId(string? text) => text is { Length: >= 1 and <= 100 } && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');
}
