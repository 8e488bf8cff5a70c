using AIaaS.EventStore;

namespace AIaaS.Domain.Billing;

/// <summary>Type <c>billing.payment.planned</c>, in a saga's stream: the money of an invoice is to be taken.</summary>
/// <param name="Invoice">The invoice's id.</param>
/// <param name="Made">How many attempts had been made: a further one only where there are no more.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record InvoicePaymentPlanned(string Invoice, int Made, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>billing.payment.due-reached</c>, in a saga's stream: the time to pay an invoice has passed.</summary>
/// <param name="Invoice">The invoice's id.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record InvoiceDueReached(string Invoice, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>billing.payment.retry-awaited</c>, in a saga's stream: another attempt, or a look at what became of the last one, follows at that time. A timer stands beside it.</summary>
/// <param name="Invoice">The invoice's id.</param>
/// <param name="Made">How many attempts had been made: a further one only where there are no more.</param>
/// <param name="Due">When.</param>
public sealed record InvoiceRetryAwaited(string Invoice, int Made, DateTimeOffset Due) : DomainEvent;

/// <summary>Type <c>billing.payment.refund-planned</c>, in a saga's stream: money of an invoice is to be given back.</summary>
/// <param name="Invoice">The invoice's id.</param>
/// <param name="Refund">The refund's id.</param>
public sealed record InvoiceRefundPlanned(string Invoice, string Refund) : DomainEvent;

/// <summary>How the taking of an invoice's money stands: a saga, folded from its stream.</summary>
public sealed record InvoicePaymentSaga : IState<InvoicePaymentSaga>
{
    /// <summary>Before anything.</summary>
    public static InvoicePaymentSaga Initial { get; } = new();

    /// <summary>The invoice's id; null before.</summary>
    public string? Invoice { get; init; }

    /// <summary>How many attempts are to have been made when the next one is.</summary>
    public int Made { get; init; }

    /// <inheritdoc />
    public InvoicePaymentSaga Evolve(object @event) => @event switch
    {
        InvoicePaymentPlanned e => this with { Invoice = e.Invoice, Made = e.Made },
        InvoiceRetryAwaited e => this with { Invoice = e.Invoice, Made = e.Made },
        _ => this,
    };
}
