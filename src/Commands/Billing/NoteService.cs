using System.Collections.Concurrent;
using AIaaS.Domain.Billing;
using AIaaS.Domain.Tenants;
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
    private readonly ConcurrentDictionary<(bool IsCredit, int Year), Series> all = new();

    /// <summary>The number of a note: the one that it has, or the next.</summary>
    /// <param name="tenant">Whose note.</param>
    /// <param name="note">The note's id.</param>
    /// <param name="isCredit">Whether it is a credit note.</param>
    /// <param name="at">When it was made: decides the year.</param>
    /// <param name="context">On whose behalf.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<NoteNumberAssigned> AssignAsync(string tenant, string note, bool isCredit, DateTimeOffset at, CommandContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        var year = at.UtcDateTime.Year;
        var series = all.GetOrAdd((isCredit, year), _ => new());
        var stream = NoteNumberAssigned.Stream(isCredit, year);
        await series.Gate.WaitAsync(cancellationToken);
        try
        {
            while (true)
            {
                await foreach (var recorded in log.ReadStreamOrEmptyAsync(stream, ReadDirection.Forwards, series.Version + 1, long.MaxValue, cancellationToken))
                {
                    var assigned = (NoteNumberAssigned)types.Read(recorded.Type, recorded.Data.Span);
                    series.Given[(assigned.Tenant, assigned.Note)] = assigned;
                    series.Version = recorded.Version;
                }

                if (series.Given.TryGetValue((tenant, note), out var given))
                {
                    return given;
                }

                var next = series.Version + 2;
                var metadata = new EventMetadata { Tenant = Tenant.Platform, Actor = context.Actor, CorrelationId = context.CorrelationId, CausationId = context.CausationId };
                try
                {
                    await log.AppendAsync(stream, ExpectedVersion.Exact(series.Version), [types.Write(NamedId.Of("note-number", tenant, note), new NoteNumberAssigned(next, NoteNumberAssigned.TextOf(isCredit, year, next), tenant, note, at), metadata)], cancellationToken);
                }
                catch (WrongExpectedVersionException)
                {
                    // Another process gave the number to another note, or to this one.
                }
            }
        }
        finally
        {
            series.Gate.Release();
        }
    }

    private sealed class Series
    {
        public SemaphoreSlim Gate { get; } = new(1);

        public Dictionary<(string Tenant, string Note), NoteNumberAssigned> Given { get; } = [];

        public long Version { get; set; } = -1;
    }
}

/// <summary>Ids of what is billed, as they come from outside.</summary>
internal static class BillingIds
{
    /// <summary>Whether a text can be part of a stream's name.</summary>
    public static bool IsId(string? text) => text is { Length: >= 1 and <= 100 } && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');
}
