using System.Collections.Immutable;
using System.Text.Json.Serialization;
using AIaaS.EventStore;

namespace AIaaS.Domain.Billing;

/// <summary>Records what is owed for a period.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Generated">All that the invoice says.</param>
public sealed record GenerateInvoice(string Tenant, InvoiceGenerated Generated);

/// <summary>Gives an invoice its number.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Invoice">The invoice's id.</param>
/// <param name="Number">The number.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record NumberInvoice(string Tenant, string Invoice, string Number, DateTimeOffset At);

/// <summary>Begins an attempt to take the money.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Invoice">The invoice's id.</param>
/// <param name="Method">The processor's token of the payment method.</param>
/// <param name="Upto">Only where fewer attempts than this have been made; null for any.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record AttemptInvoicePayment(string Tenant, string Invoice, string Method, int? Upto, DateTimeOffset At)
{
    /// <summary>What credit of the tenant pays of it: the attempt is for that much less.</summary>
    public decimal Credit { get; init; }
}

/// <summary>Records what became of an attempt.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Invoice">The invoice's id.</param>
/// <param name="Attempt">Which one.</param>
/// <param name="Taken">Whether the money was taken; null: nobody knows yet.</param>
/// <param name="Code">The processor's code where it was not.</param>
/// <param name="Reason">Why it was not taken or is not known.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record SettleInvoicePayment(string Tenant, string Invoice, int Attempt, bool? Taken, string? Code, string? Reason, DateTimeOffset At);

/// <summary>Records that an attempt which counted as failed did take the money.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Invoice">The invoice's id.</param>
/// <param name="Attempt">Which one.</param>
/// <param name="Amount">What was taken.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record EnterLatePayment(string Tenant, string Invoice, int Attempt, Money Amount, DateTimeOffset At);

/// <summary>Records that it was paid in another way, for example by a bank transfer.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Invoice">The invoice's id.</param>
/// <param name="Reference">Which way, in words.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record RecordInvoicePayment(string Tenant, string Invoice, string Reference, DateTimeOffset At);

/// <summary>Records that the time to pay has passed.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Invoice">The invoice's id.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record MarkInvoicePastDue(string Tenant, string Invoice, DateTimeOffset At);

/// <summary>Gives the money up.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Invoice">The invoice's id.</param>
/// <param name="Reason">Why.</param>
/// <param name="Actor">Who decides it.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record WriteInvoiceOff(string Tenant, string Invoice, string Reason, string Actor, DateTimeOffset At);

/// <summary>Asks for money to be given back.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Invoice">The invoice's id.</param>
/// <param name="Refund">The refund's id.</param>
/// <param name="Amount">How much; null for all that is left.</param>
/// <param name="Reason">Why.</param>
/// <param name="Actor">Who decides it.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record RefundInvoice(string Tenant, string Invoice, string Refund, Money? Amount, string Reason, string Actor, DateTimeOffset At);

/// <summary>Records what became of a refund.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Invoice">The invoice's id.</param>
/// <param name="Refund">The refund's id.</param>
/// <param name="Given">Whether the money was given back.</param>
/// <param name="Code">The processor's code where it was not.</param>
/// <param name="Reason">Why it was not.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record SettleInvoiceRefund(string Tenant, string Invoice, string Refund, bool Given, string? Code, string? Reason, DateTimeOffset At);

/// <summary>Records that the processor gave money back that nobody here asked it for, for example after the cardholder complained at the bank.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Invoice">The invoice's id.</param>
/// <param name="Payment">The payment that it came from.</param>
/// <param name="Reference">The processor's id of the refund.</param>
/// <param name="Amount">How much.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ReverseInvoicePayment(string Tenant, string Invoice, string Payment, string Reference, Money Amount, DateTimeOffset At);

/// <summary>Records that a refund whose outcome was recorded has another one: the processor's last word holds.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Invoice">The invoice's id.</param>
/// <param name="Refund">The refund's id.</param>
/// <param name="Given">Whether the money was given back.</param>
/// <param name="Code">The processor's code where it was not.</param>
/// <param name="Reason">Why it was not.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record CorrectInvoiceRefund(string Tenant, string Invoice, string Refund, bool Given, string? Code, string? Reason, DateTimeOffset At);

/// <summary>A refund of an invoice.</summary>
/// <param name="Refund">The refund's id.</param>
/// <param name="Amount">How much.</param>
/// <param name="Reason">Why.</param>
/// <param name="Actor">Who decided it.</param>
/// <param name="At">When.</param>
/// <param name="Given">Whether the money was given back; null: not settled yet.</param>
/// <param name="Trouble">Why it was not; null where it was, or is not settled.</param>
public sealed record InvoiceRefund(string Refund, Money Amount, string Reason, string Actor, DateTimeOffset At, bool? Given, string? Trouble)
{
    /// <summary>The payment that the money came from; null where that is not known.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Payment { get; init; }

    /// <summary>What of it had come in beyond what was needed, so that it is not missed.</summary>
    [JsonIgnore]
    public decimal Surplus { get; init; }
}

/// <summary>An invoice: what is owed never changes; what changes is how it stands.</summary>
public sealed record Invoice : IState<Invoice>
{
    /// <summary>After the first, second, … failed attempt the next one is made so many days later.</summary>
    public static readonly ImmutableArray<int> RetryDays = [1, 3, 5, 7];

    /// <summary>Who stands behind money that went back without anybody here having asked for it.</summary>
    public const string Processor = "payment-processor";

    /// <summary>The invoice before it is made.</summary>
    public static Invoice Initial { get; } = new();

    /// <summary>What is owed; null before.</summary>
    public InvoiceGenerated? Generated { get; init; }

    /// <summary>Its number; null until it has one.</summary>
    public string? Number { get; init; }

    /// <summary>When it got its number.</summary>
    public DateTimeOffset? IssuedAt { get; init; }

    /// <summary>How it stands.</summary>
    public InvoiceState State { get; init; }

    /// <summary>How many attempts to take the money were made.</summary>
    public int Attempts { get; init; }

    /// <summary>The attempt that is under way; null for none.</summary>
    public InvoicePaymentAttempted? Open { get; init; }

    /// <summary>What <see cref="Kept"/> was to be with the attempt that is under way; credit pays the rest.</summary>
    public decimal Planned { get; init; }

    /// <summary>How often nobody knew what had become of the attempt that is under way.</summary>
    public int Unsettled { get; init; }

    /// <summary>The last failure; null for none.</summary>
    public InvoicePaymentFailed? Failure { get; init; }

    /// <summary>How it was paid last; null until it is.</summary>
    public InvoicePaid? Paid { get; init; }

    /// <summary>All that came in for it, in the order in which it was entered.</summary>
    public ImmutableArray<InvoicePaid> Received { get; init; } = [];

    /// <summary>What of <see cref="Kept"/> is needed for it to be paid: what was there when it was; null until then.</summary>
    public decimal? Needed { get; init; }

    /// <summary>Why what paid it is not there any more; null for none.</summary>
    public string? ReversalReason { get; init; }

    /// <summary>Why the money was given up; null where it was not.</summary>
    public InvoiceWrittenOff? WrittenOff { get; init; }

    /// <summary>The refunds, in the order in which they were asked for.</summary>
    public ImmutableArray<InvoiceRefund> Refunds { get; init; } = [];

    /// <summary>The last payment of which something can be given back; null for none.</summary>
    public InvoicePaid? Refundable => Received.LastOrDefault(p => LeftOf(p) > 0m);

    /// <summary>How much of <see cref="Refundable"/> can be given back; 0 for none.</summary>
    public decimal RefundableAmount => Refundable is { } payment ? LeftOf(payment) : 0m;

    /// <summary>What came in and was not taken back from us. What is given back on purpose is not asked for again, so that it counts as kept, unless it was more than was needed.</summary>
    public decimal Kept => Received.Sum(p => p.Amount.Amount) - Refunds.Where(r => r.Given == true).Sum(r => r.Actor == Processor ? r.Amount.Amount : r.Surplus);

    /// <summary>What is to be paid of it now: all of it, less the credit that it was paid with before; 0 where it is paid or given up.</summary>
    public Money Due => Total with { Amount = Number is null || State is InvoiceState.Paid or InvoiceState.WrittenOff ? 0m : Pricing.Words.Normal(Needed is { } needed ? Math.Max(0m, needed - Kept) : Total.Amount) };

    /// <summary>What is to be paid for it by money or credit, whatever credit paid of it before.</summary>
    public Money Claim => Total with { Amount = Pricing.Words.Normal(Math.Max(0m, Total.Amount - Kept)) };

    /// <summary>What was given back or is about to be.</summary>
    public decimal Refunded => Refunds.Where(r => r.Given != false).Sum(r => r.Amount.Amount);

    /// <summary>What is owed, all in all.</summary>
    public Money Total => Generated is { } generated ? new(generated.Draft.Total, generated.Draft.Basis.Currency) : default;

    /// <summary>The stream of an invoice.</summary>
    public static StreamName Stream(string tenant, string invoice) => StreamName.For("invoice", tenant, invoice);

    /// <summary>The id of the invoice for the period that begins at a moment.</summary>
    public static string IdOf(string tenant, DateTimeOffset from) => NamedId.Of("invoice", tenant, from.UtcTicks.ToString(System.Globalization.CultureInfo.InvariantCulture)).ToString("N");

    /// <inheritdoc />
    public Invoice Evolve(object @event) => @event switch
    {
        InvoiceGenerated e => this with { Generated = e },
        InvoiceNumbered e => this with { Number = e.Number, IssuedAt = e.At, State = InvoiceState.Issued },
        InvoicePaymentAttempted e => this with { Open = e, Attempts = e.Attempt, Planned = Kept + e.Amount.Amount, Unsettled = 0, State = InvoiceState.Paying },
        InvoicePaymentUnsettled => this with { Unsettled = Unsettled + 1 },
        InvoicePaymentFailed e => this with { Open = null, Failure = e, State = InvoiceState.PastDue },
        InvoicePastDue => this with { State = InvoiceState.PastDue },
        InvoicePaid e when State is InvoiceState.Paid => this with { Received = Received.Add(e) },
        InvoicePaid e => this with { Open = null, Failure = null, ReversalReason = null, Paid = e, Received = Received.Add(e), Needed = NeededWith(e), State = InvoiceState.Paid },
        InvoicePaymentReversed e => this with { ReversalReason = e.Reason, State = InvoiceState.PastDue },
        InvoicePaymentRestored => this with { Failure = null, ReversalReason = null, State = InvoiceState.Paid },
        InvoiceWrittenOff e => this with { WrittenOff = e, State = InvoiceState.WrittenOff },
        InvoiceRefundRequested e => this with { Refunds = Refunds.Add(new(e.Refund, e.Amount, e.Reason, e.Actor, e.At, null, null) { Payment = e.Payment ?? Paid?.Payment }) },
        InvoiceRefunded e => With(e.Refund, true, null, Needed is { } needed ? Math.Max(0m, Kept - needed) : 0m),
        InvoiceRefundFailed e => With(e.Refund, false, $"{e.Reason} ({e.Code})"),
        InvoiceRefundReturned e => With(e.Refund, false, $"{e.Reason} ({e.Code})"),
        _ => this,
    };

    /// <summary>Records what is owed, once: whoever closes the period again gets the same invoice.</summary>
    public Decision Generate(GenerateInvoice command) => Generated is not null ? Decision.Unchanged : command.Generated;

    /// <summary>Gives it its number, once. Where nothing is owed it is paid with that.</summary>
    public Decision GiveNumber(NumberInvoice command) =>
        Generated is null ? InvoiceErrors.NotFound(command.Invoice)
        : Number is not null ? Decision.Unchanged
        : Total.Amount == 0m ? Decision.Of(new InvoiceNumbered(command.Invoice, command.Number, Generated.DueAt, command.At), new InvoicePaid(command.Invoice, Total, null, "nothing to pay", command.At))
        : new InvoiceNumbered(command.Invoice, command.Number, Generated.DueAt, command.At);

    /// <summary>Begins an attempt to take the money; one that is under way goes on.</summary>
    public Decision Attempt(AttemptInvoicePayment command) =>
        Generated is null || Number is null ? InvoiceErrors.NotFound(command.Invoice)
        : State is InvoiceState.Paid ? InvoiceErrors.IsPaid(Number)
        : State is InvoiceState.WrittenOff ? InvoiceErrors.IsWrittenOff(Number)
        : Open is not null || Attempts >= command.Upto ? Decision.Unchanged
        : command.Credit >= Claim.Amount ? new InvoicePaid(command.Invoice, Total with { Amount = 0m }, null, "paid by credit", command.At)
        : string.IsNullOrWhiteSpace(command.Method) || command.Method.Length > 200 ? InvoiceErrors.NoMethod(Number)
        : new InvoicePaymentAttempted(command.Invoice, Attempts + 1, PaymentId(command.Tenant, command.Invoice, Attempts + 1), Total with { Amount = Pricing.Words.Normal(Claim.Amount - Math.Max(0m, command.Credit)) }, command.Method, command.At);

    /// <summary>Records what became of the attempt that is under way; of another one nothing.</summary>
    public Decision Settle(SettleInvoicePayment command) =>
        Open is not { } open || open.Attempt != command.Attempt ? Decision.Unchanged
        : command.Taken switch
        {
            true => Followed(command.Invoice, ReversalReason ?? "", command.At, new InvoicePaid(command.Invoice, open.Amount, open.Payment, null, command.At)),
            null => new InvoicePaymentUnsettled(command.Invoice, open.Attempt, command.Reason ?? "", command.At),
            false => Followed(command.Invoice, "", command.At, new InvoicePaymentFailed(
                command.Invoice,
                open.Attempt,
                open.Payment,
                command.Code ?? "",
                command.Reason ?? "",
                (Failure?.Dunning ?? 0) + 1,
                // Whose payment was taken back from us is not charged by itself.
                Needed is null && open.Attempt <= RetryDays.Length ? command.At.AddDays(RetryDays[open.Attempt - 1]) : null,
                command.At)),
        };

    /// <summary>Records once that an attempt which counted as failed did take the money: it pays the invoice, or is credit where something else has. Where another attempt is under way, it is known later which.</summary>
    public Decision Enter(EnterLatePayment command) =>
        PaymentId(command.Tenant, command.Invoice, command.Attempt) is var payment && (Open is not null || Received.Any(p => p.Payment == payment))
            ? Decision.Unchanged
            : Followed(command.Invoice, ReversalReason ?? "", command.At, new InvoicePaid(command.Invoice, command.Amount, payment, null, command.At));

    /// <summary>Records that it was paid in another way.</summary>
    public Decision Record(RecordInvoicePayment command) =>
        Generated is null || Number is null ? InvoiceErrors.NotFound(command.Invoice)
        : State is InvoiceState.Paid ? (Paid is { Payment: null } paid && paid.Reference == command.Reference ? Decision.Unchanged : InvoiceErrors.IsPaid(Number))
        : State is InvoiceState.Paying ? InvoiceErrors.IsPaying(Number)
        : TextRules.Fault("reference", command.Reference, 200) is { } fault ? InvoiceErrors.Invalid([fault])
        : new InvoicePaid(command.Invoice, State is InvoiceState.WrittenOff ? Claim : Due, null, command.Reference, command.At);

    /// <summary>Records that the time to pay has passed, where it has and the money is not there.</summary>
    public Decision PassDue(MarkInvoicePastDue command) =>
        State is InvoiceState.Issued && Generated!.DueAt <= command.At ? new InvoicePastDue(command.Invoice, Generated.DueAt, command.At) : Decision.Unchanged;

    /// <summary>Gives the money up.</summary>
    public Decision WriteOff(WriteInvoiceOff command) =>
        Generated is null || Number is null ? InvoiceErrors.NotFound(command.Invoice)
        : State is InvoiceState.WrittenOff ? Decision.Unchanged
        : State is InvoiceState.Paid ? InvoiceErrors.IsPaid(Number)
        : State is InvoiceState.Paying ? InvoiceErrors.IsPaying(Number)
        : string.IsNullOrWhiteSpace(command.Reason) ? InvoiceErrors.Invalid(["money is given up with a reason"])
        : TextRules.Fault("reason", command.Reason, 500) is { } fault ? InvoiceErrors.Invalid([fault])
        : new InvoiceWrittenOff(command.Invoice, command.Reason, command.Actor, command.At);

    /// <summary>Asks for money to be given back: never more, all refunds together, than was paid.</summary>
    public Decision Refund(RefundInvoice command)
    {
        if (Generated is null || Number is null)
        {
            return InvoiceErrors.NotFound(command.Invoice);
        }

        if (Refunds.Any(r => r.Refund == command.Refund))
        {
            return Decision.Unchanged;
        }

        if (Received.LastOrDefault(p => p.Payment is not null) is not { } last)
        {
            return InvoiceErrors.NothingToRefund(Number, State);
        }

        var from = Refundable ?? last;
        var left = LeftOf(from);
        var amount = command.Amount ?? new(left, from.Amount.Currency);
        List<string> faults = [];
        if (string.IsNullOrWhiteSpace(command.Reason))
        {
            faults.Add("money is given back with a reason");
        }
        else if (TextRules.Fault("reason", command.Reason, 500) is { } fault)
        {
            faults.Add(fault);
        }

        if (amount.Currency != from.Amount.Currency)
        {
            faults.Add($"the amount is in {amount.Currency} and the invoice in {from.Amount.Currency}");
        }
        else if (Payments.Currencies.Fault(amount) is { } amountFault && left > 0)
        {
            faults.Add(amountFault);
        }

        return faults.Count > 0 ? InvoiceErrors.Invalid(faults)
            : amount.Amount > left || left <= 0 ? InvoiceErrors.TooMuch(Number, amount, left)
            : new InvoiceRefundRequested(command.Invoice, command.Refund, amount, command.Reason, command.Actor, command.At) { Payment = from.Payment };
    }

    /// <summary>Records once that the processor gave money back unasked: it is to be paid again. Of a payment that did not pay this invoice nothing.</summary>
    public Decision Reverse(ReverseInvoicePayment command)
    {
        var refund = ReversalId(command.Tenant, command.Payment, command.Reference);
        var reason = $"given back by the payment processor without being asked ({command.Reference})";
        return !Received.Any(p => p.Payment == command.Payment) ? Decision.Unchanged
            : Refunds.Any(r => r.Refund == refund) ? Followed(command.Invoice, reason, command.At)
            : Followed(
                command.Invoice,
                reason,
                command.At,
                new InvoiceRefundRequested(command.Invoice, refund, command.Amount, reason, Processor, command.At) { Payment = command.Payment },
                new InvoiceRefunded(command.Invoice, refund, command.Amount, command.At));
    }

    /// <summary>Records that a refund with an outcome has another one; of one without an outcome nothing. Where what paid the invoice is there again, it is paid as before.</summary>
    public Decision CorrectRefund(CorrectInvoiceRefund command) =>
        Refunds.FirstOrDefault(r => r.Refund == command.Refund) is not { Given: { } given } refund || given == command.Given ? Decision.Unchanged
        : command.Given ? Followed(command.Invoice, "", command.At, new InvoiceRefunded(command.Invoice, refund.Refund, refund.Amount, command.At))
        : Followed(command.Invoice, "", command.At, new InvoiceRefundReturned(command.Invoice, refund.Refund, refund.Amount, command.Code ?? "", command.Reason ?? "", command.At));

    /// <summary>Records what became of a refund.</summary>
    public Decision SettleRefund(SettleInvoiceRefund command) =>
        Refunds.FirstOrDefault(r => r.Refund == command.Refund) is not { Given: null } refund ? Decision.Unchanged
        : command.Given ? new InvoiceRefunded(command.Invoice, refund.Refund, refund.Amount, command.At)
        : new InvoiceRefundFailed(command.Invoice, refund.Refund, command.Code ?? "", command.Reason ?? "", command.At);

    /// <summary>The idempotency key of an attempt's payment.</summary>
    public static string PaymentKey(string invoice, int attempt) => $"{Payments.Payment.InvoiceKeys}{invoice}/attempt/{attempt.ToString(System.Globalization.CultureInfo.InvariantCulture)}";

    /// <summary>The invoice that a payment is for, by the payment's key; null for a payment that is for none.</summary>
    public static string? OfPaymentKey(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return key.StartsWith(Payments.Payment.InvoiceKeys, StringComparison.Ordinal) && key.Split('/') is [_, var invoice, "attempt", _] ? invoice : null;
    }

    /// <summary>The id of a refund that the processor made without being asked.</summary>
    public static string ReversalId(string tenant, string payment, string reference) => NamedId.Of("invoice-reversal", tenant, payment, reference).ToString("N");

    /// <summary>The id of an attempt's payment.</summary>
    public static string PaymentId(string tenant, string invoice, int attempt) => NamedId.Of("payment", tenant, PaymentKey(invoice, attempt)).ToString("N");

    /// <summary>Events, and behind them that the invoice is to be paid again, or is paid as before: it is as long as what paid it is there.</summary>
    private Decision Followed(string invoice, string reason, DateTimeOffset at, params DomainEvent[] events)
    {
        var then = events.Aggregate(this, (state, e) => state.Evolve(e));
        return then switch
        {
            { State: InvoiceState.Paid } or { State: InvoiceState.WrittenOff } when then.Kept < then.Needed && (then.State is InvoiceState.Paid || then.Kept < Kept) => Decision.Of([.. events, new InvoicePaymentReversed(invoice, reason, at)]),
            { State: InvoiceState.PastDue or InvoiceState.WrittenOff, Open: null } when then.Kept >= then.Needed => Decision.Of([.. events, new InvoicePaymentRestored(invoice, then.Paid!.At, at)]),
            _ => Decision.Of(events),
        };
    }

    private decimal LeftOf(InvoicePaid paid) =>
        paid.Payment is { } payment ? paid.Amount.Amount - Refunds.Where(r => r.Given != false && r.Payment == payment).Sum(r => r.Amount.Amount) : 0m;

    // What an attempt was to bring together with credit; of a later payment, what was needed before, so that a smaller one does not pay for all.
    private decimal NeededWith(InvoicePaid paid) => Math.Min(Total.Amount, Open is not null ? Planned : paid.Payment is not null && Needed is { } needed ? needed : Kept + paid.Amount.Amount);

    private Invoice With(string refund, bool given, string? trouble, decimal surplus = 0m) =>
        this with { Refunds = [.. Refunds.Select(r => r.Refund == refund ? r with { Given = given, Trouble = trouble, Surplus = Math.Min(surplus, r.Amount.Amount) } : r)] };
}

/// <summary>What invoices refuse.</summary>
public static class InvoiceErrors
{
    /// <summary>There is no such invoice.</summary>
    public static DomainError NotFound(string invoice) => new("invoice-not-found", $"There is no invoice '{(invoice.Length <= 60 ? invoice : invoice[..60] + "…")}'.", "List the invoices to see their ids.", 404);

    /// <summary>Something is wrong with what was asked for; all faults at once.</summary>
    public static DomainError Invalid(IReadOnlyList<string> faults) => new("invoice-request-invalid", $"This cannot be done: {string.Join("; ", faults)}.", "Correct what is named and send it again.");

    /// <summary>The period has not ended.</summary>
    public static DomainError PeriodOpen(DateTimeOffset from, DateTimeOffset to) => new("billing-period-open", $"The billing period from {Pricing.Words.Of(from)} ends at {Pricing.Words.Of(to)}; it cannot be closed before.", "Look at the preview until then.", 409);

    /// <summary>There is nothing to bill.</summary>
    public static DomainError NothingToBill(DateTimeOffset from, DateTimeOffset to) => new("nothing-to-bill", $"Nothing is owed for {Pricing.Words.Of(from)} to {Pricing.Words.Of(to)}: there was no plan with a fee and no usage.", "There is nothing to do.", 409);

    /// <summary>The tenant was not there yet.</summary>
    public static DomainError BeforeTenant(DateTimeOffset from) => new("billing-period-unknown", $"The tenant was not there in the billing period from {Pricing.Words.Of(from)}.", "Name a moment at which the tenant was there.", 404);

    /// <summary>The invoice has more lines than fit.</summary>
    public static DomainError TooLarge(int lines, int bytes, int most) => new("invoice-too-large", $"The invoice has {lines} lines and {bytes} bytes; at most {most} bytes are possible.", "Put fewer prices into the plan, or bill shorter periods.");

    /// <summary>It is paid.</summary>
    public static DomainError IsPaid(string number) => new("invoice-paid", $"Invoice {number} is paid.", "There is nothing to do; to give money back, ask for a refund.", 409);

    /// <summary>It was written off.</summary>
    public static DomainError IsWrittenOff(string number) => new("invoice-written-off", $"Invoice {number} was written off.", "It is not paid any more.", 409);

    /// <summary>An attempt is under way.</summary>
    public static DomainError IsPaying(string number) => new("invoice-paying", $"The money of invoice {number} is being taken.", "Wait until it is known what becomes of it.", 409);

    /// <summary>There is no method of payment.</summary>
    public static DomainError NoMethod(string number) => new("payment-method-missing", $"There is no payment method for invoice {number}.", "Name one, or set one for the subscription.");

    /// <summary>Nothing was paid that could be given back.</summary>
    public static DomainError NothingToRefund(string number, InvoiceState state) => new("nothing-to-refund", $"Invoice {number} is {state} and nothing was taken by a payment, so nothing can be given back.", "Money that came in another way is given back in that way.", 409);

    /// <summary>More than is left of the payment that it would come from.</summary>
    public static DomainError TooMuch(string number, Money amount, decimal left) => left <= 0m
        ? new("refund-too-large", $"All that payments brought for invoice {number} has been given back or is on its way back.", "Look at the invoice's refunds; nothing is left that could be asked for.", 409)
        : new("refund-too-large", $"{Pricing.Words.Of(amount.Amount)} {amount.Currency} is more than the {Pricing.Words.Of(left)} {amount.Currency} of invoice {number} that have not been given back.", "Ask for that much or less.", 409);

    /// <summary>No line of that number has usage.</summary>
    public static DomainError NoSuchLine(string number, int line, int lines) => new("invoice-line-not-found", $"Invoice {number} has no usage line {line}; its lines go from 1 to {lines}.", "Look at the invoice to see which lines are for usage.", 404);

    /// <summary>The event is in no line.</summary>
    public static DomainError NoSuchEvent(string number, long sequence) => new("invoice-event-not-found", $"The usage event {sequence} is in no line of invoice {number}.", "The lines' 'first' and 'last' tell where their events lie.", 404);
}
