using System.Collections.Immutable;
using System.Text.Json.Serialization;
using AIaaS.Domain.Pricing;
using AIaaS.EventStore;

namespace AIaaS.Domain.Billing;

/// <summary>How a dispute stands.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<DisputeState>))]
public enum DisputeState
{
    /// <summary>It is to be decided.</summary>
    Open,

    /// <summary>Accepted: something is taken off, by a note.</summary>
    Accepted,

    /// <summary>Rejected with a reason.</summary>
    Rejected,

    /// <summary>Taken back by the tenant.</summary>
    Withdrawn,
}

/// <summary>Type <c>billing.dispute.opened</c> in <c>billingDisputes-{tenant}_{invoice}</c>: the tenant says that a line is wrong.</summary>
/// <param name="Dispute">The dispute's id.</param>
/// <param name="Line">The number of the line on the invoice.</param>
/// <param name="Reason">Why.</param>
/// <param name="Actor">Who says so.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record DisputeOpened(string Dispute, int Line, string Reason, string Actor, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>billing.dispute.accepted</c>: the platform takes something off. The note follows from it.</summary>
/// <param name="Dispute">The dispute's id.</param>
/// <param name="Adjustment">What is taken off.</param>
/// <param name="Actor">Who decided it.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record DisputeAccepted(string Dispute, InvoiceAdjustment Adjustment, string Actor, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>billing.dispute.rejected</c>: the line stays as it is.</summary>
/// <param name="Dispute">The dispute's id.</param>
/// <param name="Reason">Why.</param>
/// <param name="Actor">Who decided it.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record DisputeRejected(string Dispute, string Reason, string Actor, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>billing.dispute.withdrawn</c>: the tenant takes it back.</summary>
/// <param name="Dispute">The dispute's id.</param>
/// <param name="Actor">Who takes it back.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record DisputeWithdrawn(string Dispute, string Actor, DateTimeOffset At) : DomainEvent;

/// <summary>Says that a line of an invoice is wrong.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Invoice">The invoice's id.</param>
/// <param name="Billed">The invoice as it was issued; null where there is none.</param>
/// <param name="Dispute">The dispute's id.</param>
/// <param name="Line">The number of the line.</param>
/// <param name="Reason">Why.</param>
/// <param name="Actor">Who says so.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record OpenDispute(string Tenant, string Invoice, InvoiceDraft? Billed, string Dispute, int Line, string Reason, string Actor, DateTimeOffset At);

/// <summary>Accepts a dispute.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Invoice">The invoice's id.</param>
/// <param name="Billed">The invoice as it was issued.</param>
/// <param name="Current">The period as it was billed last, by the invoice or its last note.</param>
/// <param name="Dispute">The dispute's id.</param>
/// <param name="Quantity">The units to take off; null where an amount is.</param>
/// <param name="Amount">The amount to take off; null where units are.</param>
/// <param name="Reason">Why; it stands on the note.</param>
/// <param name="Actor">Who decides it.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record AcceptDispute(string Tenant, string Invoice, InvoiceDraft Billed, InvoiceDraft Current, string Dispute, decimal? Quantity, Money? Amount, string Reason, string Actor, DateTimeOffset At);

/// <summary>Rejects a dispute.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Invoice">The invoice's id.</param>
/// <param name="Dispute">The dispute's id.</param>
/// <param name="Reason">Why.</param>
/// <param name="Actor">Who decides it.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record RejectDispute(string Tenant, string Invoice, string Dispute, string Reason, string Actor, DateTimeOffset At);

/// <summary>Takes a dispute back.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Invoice">The invoice's id.</param>
/// <param name="Dispute">The dispute's id.</param>
/// <param name="Actor">Who takes it back.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record WithdrawDispute(string Tenant, string Invoice, string Dispute, string Actor, DateTimeOffset At);

/// <summary>A dispute about a line.</summary>
/// <param name="Dispute">Its id.</param>
/// <param name="Line">The number of the line on the invoice.</param>
/// <param name="Reason">Why the tenant holds it wrong.</param>
/// <param name="OpenedBy">Who said so.</param>
/// <param name="OpenedAt">When.</param>
/// <param name="State">How it stands.</param>
/// <param name="Adjustment">What is taken off; null where nothing is.</param>
/// <param name="Answer">Why it was decided so; null until then.</param>
/// <param name="ClosedBy">Who decided it or took it back; null until then.</param>
/// <param name="ClosedAt">When; null until then.</param>
public sealed record LineDispute(string Dispute, int Line, string Reason, string OpenedBy, DateTimeOffset OpenedAt, DisputeState State, InvoiceAdjustment? Adjustment, string? Answer, string? ClosedBy, DateTimeOffset? ClosedAt);

/// <summary>All disputes about one invoice, with what became of them.</summary>
public sealed record InvoiceDisputes : IState<InvoiceDisputes>
{
    /// <summary>The most disputes about one invoice.</summary>
    public const int Most = 200;

    /// <summary>Before the first.</summary>
    public static InvoiceDisputes Initial { get; } = new();

    /// <summary>The disputes, in the order in which they were opened.</summary>
    public ImmutableArray<LineDispute> All { get; init; } = [];

    /// <summary>What the accepted ones take off.</summary>
    public IEnumerable<InvoiceAdjustment> Adjustments => All.Select(d => d.Adjustment).OfType<InvoiceAdjustment>();

    /// <summary>The stream of the disputes about an invoice.</summary>
    public static StreamName Stream(string tenant, string invoice) => StreamName.For("billingDisputes", tenant, invoice);

    /// <inheritdoc />
    public InvoiceDisputes Evolve(object @event) => @event switch
    {
        DisputeOpened e => this with { All = All.Add(new(e.Dispute, e.Line, e.Reason, e.Actor, e.At, DisputeState.Open, null, null, null, null)) },
        DisputeAccepted e => With(e.Dispute, d => d with { State = DisputeState.Accepted, Adjustment = e.Adjustment, Answer = e.Adjustment.Reason, ClosedBy = e.Actor, ClosedAt = e.At }),
        DisputeRejected e => With(e.Dispute, d => d with { State = DisputeState.Rejected, Answer = e.Reason, ClosedBy = e.Actor, ClosedAt = e.At }),
        DisputeWithdrawn e => With(e.Dispute, d => d with { State = DisputeState.Withdrawn, ClosedBy = e.Actor, ClosedAt = e.At }),
        _ => this,
    };

    /// <summary>A dispute; null where there is none of that id.</summary>
    public LineDispute? Find(string dispute) => All.FirstOrDefault(d => d.Dispute == dispute);

    /// <summary>Opens a dispute; the same again changes nothing.</summary>
    public Decision Open(OpenDispute command)
    {
        ArgumentNullException.ThrowIfNull(command);
        if (command.Billed is not { } invoice)
        {
            return InvoiceErrors.NotFound(command.Invoice);
        }

        if (Find(command.Dispute) is { } there)
        {
            return there.Line == command.Line && there.Reason == command.Reason ? Decision.Unchanged : DisputeErrors.KeyReused();
        }

        return invoice.Lines.All(l => l.Number != command.Line) ? DisputeErrors.NoSuchLine(command.Line, invoice.Lines.Length)
            : ReasonFault(command.Reason) is { } fault ? DisputeErrors.Invalid([fault])
            : All.FirstOrDefault(d => d.State == DisputeState.Open && d.Line == command.Line) is { } open ? DisputeErrors.IsOpen(open.Dispute, command.Line)
            : All.Length >= Most ? DisputeErrors.TooMany(Most)
            : new DisputeOpened(command.Dispute, command.Line, command.Reason, command.Actor, command.At);
    }

    /// <summary>Accepts a dispute: takes units or an amount off the line, at most what is there; the same again changes nothing.</summary>
    public Decision Accept(AcceptDispute command)
    {
        ArgumentNullException.ThrowIfNull(command);
        if (Find(command.Dispute) is not { } dispute)
        {
            return DisputeErrors.NotFound(command.Dispute);
        }

        if (dispute.State == DisputeState.Accepted && dispute.Adjustment is { } there && there.Quantity == command.Quantity && there.Amount == command.Amount?.Amount && there.Reason == command.Reason)
        {
            return Decision.Unchanged;
        }

        if (dispute.State != DisputeState.Open)
        {
            return DisputeErrors.IsClosed(dispute);
        }

        var line = command.Billed.Lines.First(l => l.Number == dispute.Line);
        List<string> faults = [];
        if (ReasonFault(command.Reason) is { } fault)
        {
            faults.Add(fault);
        }

        if (line.Kind is not (InvoiceLineKind.Usage or InvoiceLineKind.Fee))
        {
            faults.Add($"line {line.Number} is a {line.Kind.ToString().ToLowerInvariant()}, which follows the other lines; accept a dispute about one of those");
        }
        else if (command.Quantity is null == command.Amount is null)
        {
            faults.Add("give either a quantity or an amount to take off");
        }
        else if (command.Quantity is not null && line.Kind == InvoiceLineKind.Fee)
        {
            faults.Add($"line {line.Number} is a fee and has no quantity; give an amount");
        }

        if (command.Quantity is <= 0m)
        {
            faults.Add($"the quantity {Words.Of(command.Quantity.Value)} is not above 0: it is what is taken off");
        }

        if (command.Amount is { } amount)
        {
            if (amount.Currency != command.Billed.Basis.Currency)
            {
                faults.Add($"the amount is in '{NoteErrors.Shown(amount.Currency)}' and the invoice in {command.Billed.Basis.Currency}");
            }
            else if (amount.Amount <= 0m || amount.Round() != amount)
            {
                faults.Add($"the amount {Words.Of(amount.Amount)} is not above 0 and in whole minor units of {amount.Currency}: it is what is taken off");
            }
        }

        if (faults.Count > 0)
        {
            return DisputeErrors.Invalid(faults);
        }

        var segment = command.Billed.Basis.Segments.First(s => s.From <= line.From && line.To <= s.To);
        var adjustment = new InvoiceAdjustment(
            dispute.Dispute,
            line.Usage?.Plan ?? segment.Plan,
            line.Usage?.PlanVersion ?? segment.Version,
            line.Usage?.Price.Id,
            line.From,
            line.To,
            command.Quantity is { } quantity ? Words.Normal(quantity) : null,
            command.Amount is { } money ? Words.Normal(money.Amount) : null,
            command.Reason);
        var (left, isQuantity) = Left(command.Current, adjustment);
        return (adjustment.Quantity ?? adjustment.Amount) > left
            ? DisputeErrors.BeyondLine(line.Number, adjustment.Quantity ?? adjustment.Amount ?? 0m, left, isQuantity ? "units" : command.Billed.Basis.Currency)
            : new DisputeAccepted(dispute.Dispute, adjustment, command.Actor, command.At);
    }

    /// <summary>Rejects a dispute; the same again changes nothing.</summary>
    public Decision Reject(RejectDispute command)
    {
        ArgumentNullException.ThrowIfNull(command);
        return Find(command.Dispute) is not { } dispute ? DisputeErrors.NotFound(command.Dispute)
            : dispute.State == DisputeState.Rejected && dispute.Answer == command.Reason ? Decision.Unchanged
            : dispute.State != DisputeState.Open ? DisputeErrors.IsClosed(dispute)
            : ReasonFault(command.Reason) is { } fault ? DisputeErrors.Invalid([fault])
            : new DisputeRejected(dispute.Dispute, command.Reason, command.Actor, command.At);
    }

    /// <summary>Takes a dispute back; again changes nothing.</summary>
    public Decision Withdraw(WithdrawDispute command)
    {
        ArgumentNullException.ThrowIfNull(command);
        return Find(command.Dispute) is not { } dispute ? DisputeErrors.NotFound(command.Dispute)
            : dispute.State == DisputeState.Withdrawn ? Decision.Unchanged
            : dispute.State != DisputeState.Open ? DisputeErrors.IsClosed(dispute)
            : new DisputeWithdrawn(dispute.Dispute, command.Actor, command.At);
    }

    // What of the line is there to be taken off, behind what was taken off before: by notes, and by what is accepted and not in a note yet.
    private (decimal Left, bool IsQuantity) Left(InvoiceDraft current, InvoiceAdjustment wanted)
    {
        var lines = current.Lines.Where(l => wanted.Touches(l, current.Basis)).ToList();
        var others = Adjustments.Where(a => a.Plan == wanted.Plan && a.PlanVersion == wanted.PlanVersion && a.Price == wanted.Price && a.From < wanted.To && wanted.From < a.To).ToList();
        if (wanted.Quantity is not null)
        {
            return (Math.Max(0m, lines.Sum(l => l.Usage?.Quantity ?? 0m) - others.Sum(a => a.Quantity ?? 0m)), true);
        }

        // What notes say was taken off, of those that have one; of the others what they ask for.
        var taken = others.Sum(a => Math.Abs(AmountOf(current, a.Dispute) ?? a.Amount ?? Proportion(lines, a)));
        return (Math.Max(0m, lines.Sum(l => l.Amount) - taken), false);
    }

    private static decimal? AmountOf(InvoiceDraft draft, string dispute)
    {
        var index = 0;
        foreach (var line in draft.Lines.Where(l => l.Kind == InvoiceLineKind.Adjustment))
        {
            if (draft.Basis.Adjustments[index++].Dispute == dispute)
            {
                return line.Amount;
            }
        }

        return null;
    }

    // Units that are taken off and not rated yet count by their part of the line.
    private static decimal Proportion(List<InvoiceLine> lines, InvoiceAdjustment adjustment)
    {
        var quantity = lines.Sum(l => l.Usage?.Quantity ?? 0m);
        return quantity == 0m ? 0m : lines.Sum(l => l.Amount) * Math.Min(1m, (adjustment.Quantity ?? 0m) / quantity);
    }

    private static string? ReasonFault(string? reason) => string.IsNullOrWhiteSpace(reason) ? "a reason is needed" : TextRules.Fault("reason", reason, 500);

    private InvoiceDisputes With(string dispute, Func<LineDispute, LineDispute> change) => this with { All = [.. All.Select(d => d.Dispute == dispute ? change(d) : d)] };
}

/// <summary>What disputes refuse.</summary>
public static class DisputeErrors
{
    /// <summary>Something is wrong with what was asked for; all faults at once.</summary>
    public static DomainError Invalid(IReadOnlyList<string> faults) => new("dispute-invalid", $"This cannot be done: {string.Join("; ", faults)}.", "Correct what is named and send it again.");

    /// <summary>There is no such dispute.</summary>
    public static DomainError NotFound(string dispute) => new("dispute-not-found", $"There is no dispute '{NoteErrors.Shown(dispute)}' about this invoice.", "List the disputes of the invoice to see their ids.", 404);

    /// <summary>The invoice has no such line.</summary>
    public static DomainError NoSuchLine(int line, int lines) => new("invoice-line-not-found", $"The invoice has no line {line}; its lines go from 1 to {lines}.", "Look at the invoice to see its lines.", 404);

    /// <summary>More than the line holds.</summary>
    public static DomainError BeyondLine(int line, decimal wanted, decimal left, string unit) => new("adjustment-beyond-line", $"{Words.Of(wanted)} {unit} are more than the {Words.Of(left)} {unit} that are left of line {line}.", "Take off that much or less.", 409);

    /// <summary>The line is disputed already.</summary>
    public static DomainError IsOpen(string dispute, int line) => new("dispute-open", $"The dispute '{NoteErrors.Shown(dispute)}' about line {line} is not decided yet.", "Wait until it is, or withdraw it.", 409);

    /// <summary>It is decided.</summary>
    public static DomainError IsClosed(LineDispute dispute)
    {
        ArgumentNullException.ThrowIfNull(dispute);
        return new("dispute-closed", $"The dispute '{NoteErrors.Shown(dispute.Dispute)}' is {dispute.State}{(dispute.Answer is { } answer ? $": {answer}" : "")}.", "Open another one where there is something new.", 409);
    }

    /// <summary>Too many disputes.</summary>
    public static DomainError TooMany(int most) => new("too-many-disputes", $"There are {most} disputes about this invoice.", "Get in touch with the platform.", 409);

    /// <summary>A key that was used for something else.</summary>
    public static DomainError KeyReused() => new("idempotency-key-reused", "This idempotency key was used before, for another dispute.", "Use a new key for a new dispute.");
}
