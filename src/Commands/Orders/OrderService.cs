using AIaaS.Domain.Orders;
using AIaaS.EventStore;

namespace AIaaS.Commands.Orders;

/// <summary>The commands of orders.</summary>
public sealed class OrderService : CommandService<Order>
{
    /// <summary>Makes the service.</summary>
    public OrderService(IEventStore log, EventTypes types, IdSource ids)
        : base(log, types, ids)
    {
        On<ImportOrder>().In(c => Order.Stream(c.Tenant, c.Imported.Order)).Decide((order, command) => order.Import(command));
        On<PlaceOrder>().In(c => Order.Stream(c.Tenant, c.Order)).Decide((order, command) => order.Place(command));
        On<ConfirmOrder>().In(c => Order.Stream(c.Tenant, c.Order)).Decide((order, command) => order.Confirm(command));
        On<CancelPlacement>().In(c => Order.Stream(c.Tenant, c.Order)).Decide((order, command) => order.CancelPlacement(command));
        On<CancelOrder>().In(c => Order.Stream(c.Tenant, c.Order)).Decide((order, command) => order.Cancel(command));
        On<ChangeOrderAddress>().In(c => Order.Stream(c.Tenant, c.Order)).Decide((order, command) => order.ChangeAddress(command));
        On<ChangeOrderItems>().In(c => Order.Stream(c.Tenant, c.Order)).Decide((order, command) => order.ChangeItems(command));
        On<ChangeOrderPayment>().In(c => Order.Stream(c.Tenant, c.Order)).Decide((order, command) => order.ChangePayment(command));
        On<SettleOrderChange>().In(c => Order.Stream(c.Tenant, c.Order)).Decide((order, command) => order.Settle(command));
        On<RequestReturn>().In(c => Order.Stream(c.Tenant, c.Order)).Decide((order, command) => order.RequestReturn(command));
        On<ReceiveReturn>().In(c => Order.Stream(c.Tenant, c.Order)).Decide((order, command) => order.ReceiveReturn(command));
        On<CompleteReturn>().In(c => Order.Stream(c.Tenant, c.Order)).Decide((order, command) => order.CompleteReturn(command));
        On<RequestExchange>().In(c => Order.Stream(c.Tenant, c.Order)).Decide((order, command) => order.RequestExchange(command));
        On<ReceiveExchange>().In(c => Order.Stream(c.Tenant, c.Order)).Decide((order, command) => order.ReceiveExchange(command));
        On<CompleteExchange>().In(c => Order.Stream(c.Tenant, c.Order)).Decide((order, command) => order.CompleteExchange(command));
    }

    /// <summary>The order as the log has it now; the initial state where there is none.</summary>
    public async Task<Order> FindAsync(string tenant, string order, CancellationToken cancellationToken = default) =>
        (await LoadAsync(Order.Stream(tenant, order), cancellationToken)).State;
}
