using AIaaS.Domain.Customers;
using AIaaS.Domain.Orders;
using AIaaS.EventStore;

namespace AIaaS.Commands.Orders;

/// <summary>
/// Completes what spans streams: gift cards after a change of an order, a customer's list of orders, and what customers are found by.
/// In most cases it is done already when the event comes, and the same keys make it nothing; after a crash it is done here.
/// </summary>
public sealed class OrderFollowUps(Shop shop, EventTypes types) : IEventHandler
{
    /// <inheritdoc />
    public string Name => "order-follow-ups";

    /// <inheritdoc />
    public EventFilter Filter { get; } = EventFilter.Types([.. new[] { typeof(OrderCancelled), typeof(OrderItemsChanged), typeof(OrderPaymentChanged), typeof(OrderPlaced), typeof(CustomerAddressChanged) }.SelectMany(types.NamesOf)]);

    /// <inheritdoc />
    public string KeyOf(EventEnvelope envelope)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        return envelope.Recorded.Stream;
    }

    /// <inheritdoc />
    public async Task HandleAsync(EventEnvelope envelope, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        var context = new CommandContext(envelope.Tenant, Name, null, envelope.Metadata.CorrelationId, envelope.Recorded.Id.ToString("N"));
        switch (envelope.Event)
        {
            case OrderPlaced e:
                await shop.AddToCustomerAsync(envelope.Tenant, e.Order, e.Customer, e.At, context, cancellationToken);
                break;
            case CustomerAddressChanged e:
                await shop.RelinkAsync(context, e, envelope.Recorded.Version, cancellationToken);
                break;
            case var e when Shop.SettlementOf(e) is var (order, settlement):
                await shop.SettleAsync(context, order, settlement, cancellationToken);
                break;
        }
    }
}
