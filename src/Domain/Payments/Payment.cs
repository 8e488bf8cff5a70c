using System.Collections.Immutable;
using System.Text.Json.Serialization;
using AIaaS.EventStore;

namespace AIaaS.Domain.Payments;

/// <summary>Asks for money.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Payment">The payment's id.</param>
/// <param name="Operation">Charge or Authorize.</param>
/// <param name="Amount">How much.</param>
/// <param name="Method">The processor's token of the payment method.</param>
/// <param name="Customer">The customer's id at the tenant; null where unknown.</param>
/// <param name="Order">The order that is paid; null for none.</param>
/// <param name="Description">In words; null for none.</param>
/// <param name="Processor">The processor's name.</param>
/// <param name="Key">The idempotency key that the processor gets.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record RequestPayment(string Tenant, string Payment, PaymentOperation Operation, Money Amount, string Method, string? Customer, string? Order, string? Description, string Processor, string Key, DateTimeOffset At);

/// <summary>Takes what is held, or a part of it.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Payment">The payment's id.</param>
/// <param name="Amount">How much; null for all that is held.</param>
/// <param name="Key">The idempotency key that the processor gets.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record RequestCapture(string Tenant, string Payment, Money? Amount, string Key, DateTimeOffset At);

/// <summary>Gives a hold back.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Payment">The payment's id.</param>
/// <param name="Key">The idempotency key that the processor gets.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record RequestVoid(string Tenant, string Payment, string Key, DateTimeOffset At);

/// <summary>Gives money back.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Payment">The payment's id.</param>
/// <param name="Refund">The refund's id.</param>
/// <param name="Amount">How much; null for all that is left.</param>
/// <param name="Reason">Why; null where nobody said.</param>
/// <param name="Key">The idempotency key that the processor gets.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record RequestRefund(string Tenant, string Payment, string Refund, Money? Amount, string? Reason, string Key, DateTimeOffset At);

/// <summary>Records what the processor says of a payment: an answer, a webhook or a look-up, in whatever order they come.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Payment">The payment's id.</param>
/// <param name="Seen">What it says.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ObservePayment(string Tenant, string Payment, ProcessorPayment Seen, DateTimeOffset At);

/// <summary>Records that an operation has no outcome that anybody knows.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Payment">The payment's id.</param>
/// <param name="Operation">What was asked for.</param>
/// <param name="Refund">Which refund; null for the others.</param>
/// <param name="Reason">Why nobody knows.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record DoubtPayment(string Tenant, string Payment, PaymentOperation Operation, string? Refund, string Reason, DateTimeOffset At);

/// <summary>Records that the processor refused an operation.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Payment">The payment's id.</param>
/// <param name="Operation">What was asked for.</param>
/// <param name="Refund">Which refund; null for the others.</param>
/// <param name="Code">The processor's code.</param>
/// <param name="Reason">In words.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record DeclinePayment(string Tenant, string Payment, PaymentOperation Operation, string? Refund, string Code, string Reason, DateTimeOffset At);

/// <summary>Records what a person found out about an operation that has no outcome.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Payment">The payment's id.</param>
/// <param name="Operation">What was asked for.</param>
/// <param name="Refund">Which refund; null for the others.</param>
/// <param name="Succeeded">Whether the processor did it.</param>
/// <param name="Reason">How this was found out.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ResolvePayment(string Tenant, string Payment, PaymentOperation Operation, string? Refund, bool Succeeded, string Reason, DateTimeOffset At);

/// <summary>
/// A payment: what was asked for, and what the processor says became of it. What it says is joined, not replayed: of two things that it says
/// the one that is further along holds, so that webhooks may come twice, late and in any order.
/// </summary>
public sealed record Payment : IState<Payment>
{
    /// <summary>What the keys of payments for the platform's invoices begin with. Such a payment is the platform's money: only the invoice gives it back.</summary>
    public const string InvoiceKeys = "invoice/";

    /// <summary>The payment before it is asked for.</summary>
    public static Payment Initial { get; } = new();

    /// <summary>What was asked for; null before.</summary>
    public PaymentRequested? Request { get; init; }

    /// <summary>The processor's id of the payment; null until it gave one.</summary>
    public string? Reference { get; init; }

    /// <summary>Whether the processor held the money at some time.</summary>
    public bool IsAuthorized { get; init; }

    /// <summary>Whether the hold was given back.</summary>
    public bool IsVoided { get; init; }

    /// <summary>What was taken, all in all; 0 for nothing.</summary>
    public decimal Captured { get; init; }

    /// <summary>Whether only a refund, or a person, told that money was taken.</summary>
    public bool IsCaptureImplied { get; init; }

    /// <summary>Why it was refused; null when it was not.</summary>
    public PaymentDeclined? Declined { get; init; }

    /// <summary>The capture that was asked for and has no outcome yet; null for none.</summary>
    public PaymentCaptureRequested? OpenCapture { get; init; }

    /// <summary>The void that was asked for and has no outcome yet; null for none.</summary>
    public PaymentVoidRequested? OpenVoid { get; init; }

    /// <summary>All captures and voids that were asked for, by their key.</summary>
    public ImmutableDictionary<string, decimal?> Asked { get; init; } = ImmutableDictionary<string, decimal?>.Empty;

    /// <summary>Refunds that were asked for, by id.</summary>
    public ImmutableDictionary<string, PaymentRefundRequested> RefundRequests { get; init; } = ImmutableDictionary<string, PaymentRefundRequested>.Empty;

    /// <summary>Refunds that were asked for and have no outcome yet.</summary>
    public ImmutableHashSet<string> OpenRefunds { get; init; } = [];

    /// <summary>What was given back, by the processor's id of each refund.</summary>
    public ImmutableDictionary<string, PaymentRefunded> Refunds { get; init; } = ImmutableDictionary<string, PaymentRefunded>.Empty;

    /// <summary>Refunds that the processor refused or that did not arrive, by its id of each.</summary>
    public ImmutableHashSet<string> FailedRefunds { get; init; } = [];

    /// <summary>Refunds that were asked for and refused, by our id, with what was said.</summary>
    public ImmutableDictionary<string, PaymentRefundDeclined> DeclinedRefunds { get; init; } = ImmutableDictionary<string, PaymentRefundDeclined>.Empty;

    /// <summary>The last refusal of a capture or void; null for none.</summary>
    public PaymentOperationRefused? Refusal { get; init; }

    /// <summary>Operations without an outcome that anybody knows, and since when; a refund stands there by its id.</summary>
    public ImmutableDictionary<string, DateTimeOffset> Unknown { get; init; } = ImmutableDictionary<string, DateTimeOffset>.Empty;

    /// <summary>What was given back, all in all.</summary>
    public decimal Refunded => Refunds.Values.Sum(r => r.Amount.Amount);

    /// <summary>What can still be given back: refunds without an outcome count as given.</summary>
    public decimal Refundable => Math.Max(0, Captured - Refunded - OpenRefunds.Sum(r => RefundRequests[r].Amount.Amount));

    /// <summary>How it stands.</summary>
    public PaymentStatus Status =>
        Captured > 0 ? Refunded <= 0 ? PaymentStatus.Captured : Refunded >= Captured ? PaymentStatus.Refunded : PaymentStatus.PartiallyRefunded
        : IsVoided ? PaymentStatus.Voided
        : IsAuthorized ? PaymentStatus.Authorized
        : Declined is not null ? PaymentStatus.Declined
        : Unknown.Count > 0 ? PaymentStatus.Unknown
        : PaymentStatus.Requested;

    /// <summary>The stream of a payment.</summary>
    public static StreamName Stream(string tenant, string payment) => StreamName.For("payment", tenant, payment);

    /// <inheritdoc />
    public Payment Evolve(object @event) => @event switch
    {
        PaymentRequested e => this with { Request = e },
        PaymentAuthorized e => this with { IsAuthorized = true, Declined = null, Reference = e.Reference, Unknown = Known() },
        PaymentCaptureRequested e => this with { OpenCapture = e, Asked = Asked.SetItem(e.Key, e.Amount.Amount) },
        PaymentCaptured e => this with { Captured = e.Amount.Amount, IsCaptureImplied = e.Implied, Declined = null, IsVoided = false, Reference = e.Reference, OpenCapture = null, Unknown = Known(PaymentOperation.Capture) },
        PaymentDeclined e => this with { Declined = e, Reference = e.Reference ?? Reference, Unknown = Known() },
        PaymentVoidRequested e => this with { OpenVoid = e, Asked = Asked.SetItem(e.Key, null) },
        PaymentVoided e => this with { IsVoided = true, Declined = null, Reference = e.Reference, OpenVoid = null, Unknown = Known(PaymentOperation.Void) },
        PaymentUnknown e => this with { Unknown = Unknown.SetItem(Doubt(e.Operation, e.Refund), e.At) },
        PaymentOperationRefused e => this with
        {
            Refusal = e,
            OpenCapture = e.Operation == PaymentOperation.Capture ? null : OpenCapture,
            OpenVoid = e.Operation == PaymentOperation.Void ? null : OpenVoid,
            Unknown = Known(e.Operation),
        },
        PaymentRefundRequested e => this with { RefundRequests = RefundRequests.SetItem(e.Refund, e), OpenRefunds = OpenRefunds.Add(e.Refund) },
        PaymentRefunded e => this with
        {
            // The processor's own word on a refund that a person vouched for takes that one's place.
            Refunds = (e.Refund is null ? Refunds : Refunds.Remove(ByHand(e.Refund))).SetItem(e.Reference, e),
            OpenRefunds = e.Refund is null ? OpenRefunds : OpenRefunds.Remove(e.Refund),
            Unknown = e.Refund is null ? Unknown : Unknown.Remove(e.Refund),
        },
        PaymentRefundDeclined e => this with
        {
            Refunds = Refunds.RemoveRange([.. e.Reference is null ? [] : (string[])[e.Reference], .. e.Refund is null ? [] : (string[])[ByHand(e.Refund)]]),
            FailedRefunds = e.Reference is null ? FailedRefunds : FailedRefunds.Add(e.Reference),
            OpenRefunds = e.Refund is null ? OpenRefunds : OpenRefunds.Remove(e.Refund),
            DeclinedRefunds = e.Refund is null ? DeclinedRefunds : DeclinedRefunds.SetItem(e.Refund, e),
            Unknown = e.Refund is null ? Unknown : Unknown.Remove(e.Refund),
        },
        _ => this,
    };

    /// <summary>Asks for money once; the same again changes nothing.</summary>
    public Decision Ask(RequestPayment command)
    {
        var wanted = new PaymentRequested(command.Payment, command.Operation, Currencies.Normal(command.Amount), command.Method, command.Customer, command.Order, command.Description, command.Processor, command.Key, command.At);
        if (Request is { } first)
        {
            return wanted with { At = first.At, Processor = first.Processor } == first ? Decision.Unchanged : PaymentErrors.KeyReused();
        }

        var faults = Faults(command);
        return faults.Count > 0 ? PaymentErrors.Invalid(faults) : wanted;
    }

    /// <summary>Asks for what is held.</summary>
    public Decision Ask(RequestCapture command)
    {
        if (Request is not { } request)
        {
            return PaymentErrors.NotFound(command.Payment);
        }

        var amount = Currencies.Normal(command.Amount ?? request.Amount);
        if (Asked.TryGetValue(command.Key, out var before))
        {
            return before == amount.Amount ? Decision.Unchanged : PaymentErrors.KeyReused();
        }

        return FaultOf(amount, request.Amount) is { } fault ? PaymentErrors.Invalid([fault])
            : Status != PaymentStatus.Authorized || OpenVoid is not null ? PaymentErrors.NotAuthorized(command.Payment, Status)
            : OpenCapture is not null ? PaymentErrors.UnderWay(command.Payment, PaymentOperation.Capture)
            : amount > request.Amount ? PaymentErrors.MoreThanHeld(request.Amount)
            : new PaymentCaptureRequested(amount, command.Key, command.At);
    }

    /// <summary>Asks to give the hold back.</summary>
    public Decision Ask(RequestVoid command) =>
        Request is null ? PaymentErrors.NotFound(command.Payment)
        : Asked.TryGetValue(command.Key, out var before) ? before is null ? Decision.Unchanged : PaymentErrors.KeyReused()
        : IsVoided && Captured == 0 ? Decision.Unchanged
        : Status != PaymentStatus.Authorized || OpenCapture is not null ? PaymentErrors.NotAuthorized(command.Payment, Status)
        : OpenVoid is not null ? PaymentErrors.UnderWay(command.Payment, PaymentOperation.Void)
        : new PaymentVoidRequested(command.Key, command.At);

    /// <summary>Asks to give money back: never more, all refunds together, than was taken.</summary>
    public Decision Ask(RequestRefund command)
    {
        if (Request is not { } request)
        {
            return PaymentErrors.NotFound(command.Payment);
        }

        if (RefundRequests.TryGetValue(command.Refund, out var before))
        {
            return command.Amount is not { } again || Currencies.Normal(again) == before.Amount ? Decision.Unchanged : PaymentErrors.KeyReused();
        }

        // Whoever pays an invoice does not decide that the money goes back, and the invoice would not know of it.
        if (request.Key.StartsWith(InvoiceKeys, StringComparison.Ordinal) && !command.Key.StartsWith(InvoiceKeys, StringComparison.Ordinal))
        {
            return PaymentErrors.OfInvoice(command.Payment);
        }

        if (Captured <= 0)
        {
            return PaymentErrors.NotCaptured(command.Payment, Status);
        }

        if (Refundable <= 0)
        {
            return PaymentErrors.NothingLeft(command.Payment);
        }

        var amount = Currencies.Normal(command.Amount ?? new(Refundable, request.Amount.Currency));
        return FaultOf(amount, request.Amount) is { } fault ? PaymentErrors.Invalid([fault])
            : command.Reason?.Length > 500 ? PaymentErrors.Invalid([$"the reason has {command.Reason.Length} characters; at most 500 are possible"])
            : amount.Amount > Refundable ? PaymentErrors.MoreThanLeft(amount, new(Refundable, amount.Currency))
            : new PaymentRefundRequested(command.Refund, amount, command.Reason, command.Key, command.At);
    }

    /// <summary>Records what the processor says, as far as it is news.</summary>
    public Decision Observe(ObservePayment command)
    {
        if (Request is not { } request)
        {
            return PaymentErrors.NotFound(command.Payment);
        }

        var (seen, at) = (command.Seen, command.At);
        if (seen.Currency != request.Amount.Currency || seen.Captured < 0 || seen.Captured > request.Amount.Amount || seen.Refunds.Any(r => r.Amount <= 0))
        {
            return PaymentErrors.Contradiction(command.Payment, seen.Reference);
        }

        List<DomainEvent> events = [];
        var given = seen.Refunds.Where(r => r.Status is ProcessorRefundStatus.Done && !FailedRefunds.Contains(r.Reference) && !Refunds.ContainsKey(r.Reference)).ToArray();
        if (seen.Status is ProcessorStatus.Authorized or ProcessorStatus.Captured && !IsAuthorized && request.Operation == PaymentOperation.Authorize)
        {
            events.Add(new PaymentAuthorized(seen.Reference, request.Amount, at));
        }

        if (seen.Captured > Captured || (seen.Captured > 0 && IsCaptureImplied))
        {
            events.Add(new PaymentCaptured(seen.Reference, new(seen.Captured, request.Amount.Currency), false, at));
        }
        else if (given.Length > 0 && seen.Captured == 0 && Captured == 0)
        {
            events.Add(new PaymentCaptured(seen.Reference, OpenCapture?.Amount ?? request.Amount, true, at));
        }

        if (seen.Status == ProcessorStatus.Voided && !IsVoided && Captured == 0)
        {
            events.Add(new PaymentVoided(seen.Reference, at));
        }

        if (seen.Status == ProcessorStatus.Declined && Declined is null && !IsAuthorized && !IsVoided && Captured == 0)
        {
            events.Add(new PaymentDeclined(seen.Reference, seen.Code ?? "declined", seen.Reason ?? "The processor declined it.", at));
        }

        foreach (var refund in given)
        {
            events.Add(new PaymentRefunded(Own(refund), refund.Reference, new(refund.Amount, request.Amount.Currency), at));
        }

        foreach (var refund in seen.Refunds.Where(r => r.Status == ProcessorRefundStatus.Failed && !FailedRefunds.Contains(r.Reference)))
        {
            events.Add(new PaymentRefundDeclined(Own(refund), refund.Reference, refund.Code ?? "failed", refund.Reason ?? "The processor could not give the money back.", at));
        }

        return Decision.Of(events);
    }

    /// <summary>Records that nobody knows, where nobody does.</summary>
    public Decision Doubted(DoubtPayment command) =>
        Request is null ? PaymentErrors.NotFound(command.Payment)
        : !IsOpen(command.Operation, command.Refund) || Unknown.ContainsKey(Doubt(command.Operation, command.Refund)) ? Decision.Unchanged
        : new PaymentUnknown(command.Operation, command.Refund, command.Reason, command.At);

    /// <summary>Records a refusal, where the operation has no outcome yet.</summary>
    public Decision Refused(DeclinePayment command) =>
        Request is null ? PaymentErrors.NotFound(command.Payment)
        : !IsOpen(command.Operation, command.Refund) ? Decision.Unchanged
        : command.Operation switch
        {
            PaymentOperation.Charge or PaymentOperation.Authorize => new PaymentDeclined(null, command.Code, command.Reason, command.At),
            PaymentOperation.Refund => new PaymentRefundDeclined(command.Refund, null, command.Code, command.Reason, command.At),
            _ => new PaymentOperationRefused(command.Operation, command.Code, command.Reason, command.At),
        };

    /// <summary>Records what a person found out; what is known otherwise is not overruled, and the processor's word, when it comes, is.</summary>
    public Decision Resolved(ResolvePayment command)
    {
        if (Request is not { } request)
        {
            return PaymentErrors.NotFound(command.Payment);
        }

        if (!IsOpen(command.Operation, command.Refund))
        {
            return CameAbout(command.Operation, command.Refund) == command.Succeeded ? Decision.Unchanged : PaymentErrors.KnownOtherwise(command.Payment, Status, command.Succeeded);
        }

        var reference = Reference ?? Unnamed;
        return !command.Succeeded
            ? Refused(new(command.Tenant, command.Payment, command.Operation, command.Refund, "resolved-as-failed", command.Reason, command.At))
            : command.Operation switch
            {
                PaymentOperation.Authorize => new PaymentAuthorized(reference, request.Amount, command.At),
                PaymentOperation.Capture => new PaymentCaptured(reference, OpenCapture!.Amount, true, command.At),
                PaymentOperation.Void => new PaymentVoided(reference, command.At),
                PaymentOperation.Refund => new PaymentRefunded(command.Refund, ByHand(command.Refund!), RefundRequests[command.Refund!].Amount, command.At),
                _ => new PaymentCaptured(reference, request.Amount, true, command.At),
            };
    }

    /// <summary>Whether an operation was asked for under a key.</summary>
    public bool WasAsked(PaymentOperation operation, string? refund, string key) => operation switch
    {
        PaymentOperation.Capture or PaymentOperation.Void => Asked.ContainsKey(key),
        PaymentOperation.Refund => refund is not null && RefundRequests.ContainsKey(refund),
        _ => Request?.Key == key,
    };

    /// <summary>Whether an operation that was asked for was done.</summary>
    public bool CameAbout(PaymentOperation operation, string? refund) => operation switch
    {
        PaymentOperation.Authorize => IsAuthorized || Captured > 0,
        PaymentOperation.Void => IsVoided,
        PaymentOperation.Refund => Refunds.Values.Any(r => r.Refund == refund),
        _ => Captured > 0,
    };

    /// <summary>Whether an operation that was asked for has no outcome yet.</summary>
    public bool IsOpen(PaymentOperation operation, string? refund) => operation switch
    {
        PaymentOperation.Capture => OpenCapture is not null,
        PaymentOperation.Void => OpenVoid is not null,
        PaymentOperation.Refund => refund is not null && OpenRefunds.Contains(refund),
        _ => Status is PaymentStatus.Requested or PaymentStatus.Unknown,
    };

    /// <summary>All that is wrong with what is asked for; empty when nothing is.</summary>
    public static IReadOnlyList<string> Faults(RequestPayment command)
    {
        List<string> faults = [];
        if (Currencies.Fault(command.Amount) is { } fault)
        {
            faults.Add(fault);
        }

        if (string.IsNullOrWhiteSpace(command.Method) || command.Method.Length > 200 || command.Method.Any(c => c is <= ' ' or > '~'))
        {
            faults.Add("the payment method must be the processor's token of it: 1 to 200 visible ASCII characters");
        }
        else if (CardNumbers.IsCardNumber(command.Method) && !CardNumbers.IsForTests(command.Method))
        {
            faults.Add("the payment method is a card number, which must not be sent or kept here; send the processor's token of the card");
        }

        foreach (var (name, value, most) in (ReadOnlySpan<(string, string?, int)>)[("customer's id", command.Customer, 200), ("order's id", command.Order, 200), ("description", command.Description, 500)])
        {
            if (value is not null && (value.Length == 0 || value.Length > most || value.Any(char.IsControl) || !TextRules.IsWellFormed(value)))
            {
                faults.Add($"the {name} must have 1 to {most} characters without control characters");
            }
        }

        return faults;
    }

    private static string? FaultOf(Money amount, Money asked) =>
        Currencies.Fault(amount) ?? (amount.Currency == asked.Currency ? null : $"the payment is in {asked.Currency}, not in {amount.Currency}");

    /// <summary>Under what name an operation stands among those without a known outcome.</summary>
    public static string Doubt(PaymentOperation operation, string? refund) => refund ?? operation.ToString();

    // What stands for the processor's ids where only a person's word is known.
    private const string Unnamed = "by-hand";

    private static string ByHand(string refund) => "by-hand/" + refund;

    private string? Own(ProcessorRefund refund) => refund.Refund is { } id && RefundRequests.ContainsKey(id) ? id : null;

    private ImmutableDictionary<string, DateTimeOffset> Known(params ReadOnlySpan<PaymentOperation> operations)
    {
        var unknown = Unknown.Remove(nameof(PaymentOperation.Charge)).Remove(nameof(PaymentOperation.Authorize));
        foreach (var operation in operations)
        {
            unknown = unknown.Remove(operation.ToString());
        }

        return unknown;
    }
}

/// <summary>How a payment stands at its processor.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ProcessorStatus>))]
public enum ProcessorStatus
{
    /// <summary>It is known there and nothing has happened yet.</summary>
    Pending,

    /// <summary>The money is held.</summary>
    Authorized,

    /// <summary>The money was taken.</summary>
    Captured,

    /// <summary>It was refused.</summary>
    Declined,

    /// <summary>The hold was given back.</summary>
    Voided,
}

/// <summary>How a refund stands at its processor.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ProcessorRefundStatus>))]
public enum ProcessorRefundStatus
{
    /// <summary>The money is on its way back, or there.</summary>
    Done,

    /// <summary>It did not come about, or did not arrive.</summary>
    Failed,
}

/// <summary>A refund as its processor sees it.</summary>
/// <param name="Reference">The processor's id of it.</param>
/// <param name="Refund">Our id of it; null for one that we did not ask for.</param>
/// <param name="Amount">How much, in units of the currency.</param>
/// <param name="Status">How it stands.</param>
/// <param name="Code">The processor's code for a failure.</param>
/// <param name="Reason">The failure in words.</param>
public sealed record ProcessorRefund(string Reference, string? Refund, decimal Amount, ProcessorRefundStatus Status, string? Code = null, string? Reason = null);

/// <summary>A payment as its processor sees it: all of it, or what one answer told.</summary>
/// <param name="Reference">The processor's id of it.</param>
/// <param name="Tenant">The tenant that it was made for.</param>
/// <param name="Payment">Our id of it.</param>
/// <param name="Status">How it stands.</param>
/// <param name="Currency">ISO 4217.</param>
/// <param name="Captured">What was taken, all in all, in units of the currency; 0 where nothing was, or where this answer does not tell.</param>
/// <param name="Refunds">The refunds that this answer tells of.</param>
/// <param name="Code">The processor's code for a refusal.</param>
/// <param name="Reason">The refusal in words.</param>
public sealed record ProcessorPayment(string Reference, string Tenant, string Payment, ProcessorStatus Status, string Currency, decimal Captured, ImmutableArray<ProcessorRefund> Refunds, string? Code = null, string? Reason = null);
