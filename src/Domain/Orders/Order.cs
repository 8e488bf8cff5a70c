using System.Collections.Immutable;
using AIaaS.Domain.Customers;
using AIaaS.EventStore;

namespace AIaaS.Domain.Orders;

/// <summary>An order and what the shop's rules allow to be done with it.</summary>
public sealed record Order : IState<Order>
{
    /// <summary>The most items of an order that is placed here.</summary>
    public const int MaxLines = 200;

    /// <summary>The reasons for which a pending order is cancelled.</summary>
    public static readonly ImmutableArray<string> CancelReasons = ["no longer needed", "ordered by mistake"];

    /// <summary>The order before it is placed or imported.</summary>
    public static Order Initial { get; } = new();

    /// <summary>The order's id; null when there is none.</summary>
    public string? Id { get; init; }

    /// <summary>The customer's id.</summary>
    public string Customer { get; init; } = "";

    /// <summary>Where it goes.</summary>
    public PostalAddress Address { get; init; } = new("", "", "", "", "", "");

    /// <summary>What was ordered.</summary>
    public ImmutableArray<OrderItem> Items { get; init; } = [];

    /// <summary>Where it stands.</summary>
    public OrderStatus Status { get; init; }

    /// <summary>What was sent.</summary>
    public ImmutableArray<Fulfillment> Fulfillments { get; init; } = [];

    /// <summary>What was paid and refunded, oldest first.</summary>
    public ImmutableArray<OrderPayment> Payments { get; init; } = [];

    /// <summary>Why it was cancelled.</summary>
    public string? CancelReason { get; init; }

    /// <summary>What is exchanged.</summary>
    public OrderExchange? Exchange { get; init; }

    /// <summary>What is returned.</summary>
    public OrderReturn? Return { get; init; }

    /// <summary>The payment that an order which is placing waits for.</summary>
    public OrderPayment? Awaited { get; init; }

    /// <summary>The lines that were changed or are to be exchanged.</summary>
    public ImmutableArray<ItemChange> Changes { get; init; } = [];

    /// <summary>The change that has to be paid, by a gift card or by what a saga does, and is not paid yet.</summary>
    public UnsettledChange? Unsettled { get; init; }

    /// <summary>The hash of what was imported; null for an order that was placed here.</summary>
    public string? ContentHash { get; init; }

    /// <summary>The stream of an order.</summary>
    public static StreamName Stream(string tenant, string order) => StreamName.For("order", tenant, ShopText.StreamId("order", order));

    /// <inheritdoc />
    public Order Evolve(object @event) => @event switch
    {
        OrderImported e => this with
        {
            Id = e.Order,
            Customer = e.Customer,
            Address = e.Address,
            Items = e.Items,
            Status = e.Status,
            Fulfillments = e.Fulfillments,
            Payments = e.Payments,
            CancelReason = e.CancelReason,
            Exchange = e.Exchange,
            Return = e.Return,
            ContentHash = e.ContentHash,
        },
        OrderPlaced e => this with
        {
            Id = e.Order,
            Customer = e.Customer,
            Address = e.Address,
            Items = e.Items,
            Status = OrderStatus.Placing,
            Awaited = new(OrderPaymentKind.Payment, e.Total, e.Method),
        },
        OrderConfirmed e => this with { Status = OrderStatus.Pending, Awaited = null, Payments = Payments.Add(e.Payment) },
        OrderPlacementCancelled e => this with { Status = OrderStatus.Cancelled, Awaited = null, CancelReason = e.Reason, Payments = Payments.AddRange(e.Refunds) },
        OrderCancelled e => this with { Status = OrderStatus.Cancelled, Awaited = null, CancelReason = e.Reason, Payments = Payments.AddRange(e.Refunds) },
        OrderAddressChanged e => this with { Address = e.Address },
        OrderItemsChanged e => Beginning(e.Settlement) with
        {
            Status = OrderStatus.PendingItemsModified,
            Items = Changed(e.Changes),
            Changes = e.Changes,
            Payments = Payments.Add(e.Payment),
        },
        OrderPaymentChanged e => Beginning(e.Settlement) with { Payments = Payments.Add(e.Payment).Add(e.Refund) },
        OrderChangeOpened e => this with { Unsettled = new(e.Operation, Status, Items, Payments) },
        OrderChangeSettled => this with { Unsettled = null },
        OrderChangeReverted => Unsettled is { } before
            ? this with { Unsettled = null, Status = before.Status, Items = before.Items, Payments = before.Payments, Changes = [] }
            : this,
        OrderReturnRequested e => this with { Status = OrderStatus.ReturnRequested, Return = e.Return },
        OrderReturnReceived => this with { Status = OrderStatus.ReturnReceived },
        OrderReturnCompleted e => this with { Status = OrderStatus.Returned, Payments = e.Refund.Amount.Amount > 0 ? Payments.Add(e.Refund) : Payments },
        OrderExchangeRequested e => this with { Status = OrderStatus.ExchangeRequested, Exchange = e.Exchange, Changes = e.Changes },
        OrderExchangeReceived => this with { Status = OrderStatus.ExchangeReceived },
        OrderExchangeCompleted e => this with
        {
            Status = OrderStatus.Exchanged,
            Items = Changed(Changes),
            Payments = e.Payment is null ? Payments : Payments.Add(e.Payment),
        },
        _ => this,
    };

    /// <summary>Imports; the same data again changes nothing, other data is refused.</summary>
    public Decision Import(ImportOrder command) =>
        Id is null ? command.Imported
        : ContentHash == command.Imported.ContentHash ? Decision.Unchanged
        : OrderErrors.ImportedOtherwise(Id);

    /// <summary>Places the order: its prices are those of now; stock and payment come afterwards.</summary>
    public Decision Place(PlaceOrder command)
    {
        if (Id is not null)
        {
            return OrderErrors.Exists;
        }

        if (command.Customer.Id is not { } customer)
        {
            return CustomerErrors.NotFound;
        }

        if (command.Lines.IsEmpty)
        {
            return OrderErrors.NoItems;
        }

        if (command.Lines.FirstOrDefault(l => l.Quantity is < 1 or > Product.MaxQuantity) is { } faulty)
        {
            return ProductErrors.InvalidQuantity(faulty.Item);
        }

        if (command.Lines.Sum(l => (long)l.Quantity) > MaxLines)
        {
            return OrderErrors.TooLarge;
        }

        var items = ImmutableArray.CreateBuilder<OrderItem>();
        foreach (var wanted in command.Lines.GroupBy(l => l.Item, StringComparer.Ordinal))
        {
            if (!command.Products.TryGetValue(wanted.Key, out var product) || product.Id is null || product.Find(wanted.Key) is not { } variant)
            {
                return ProductErrors.ItemNotFound;
            }

            var quantity = wanted.Sum(l => l.Quantity);
            if (product.Free(variant) < quantity)
            {
                return ProductErrors.OutOfStock(wanted.Key, quantity, product.Free(variant));
            }

            items.AddRange(Enumerable.Repeat(new OrderItem(product.Name, product.Id, variant.Item, variant.Price, variant.Options), quantity));
        }

        if (command.Customer.Method(command.Method) is not { } method)
        {
            return CustomerErrors.PaymentMethodNotFound;
        }

        if (items.Select(i => i.Price.Currency).Distinct().Skip(1).Any())
        {
            return OrderErrors.MixedCurrencies;
        }

        var total = new Money(items.Sum(i => i.Price.Amount), items[0].Price.Currency);
        if (!Covers(method, total))
        {
            return OrderErrors.InsufficientForOrder;
        }

        var address = command.Address ?? command.Customer.Address;
        return address.Faults().ToArray() is { Length: > 0 } faults
            ? OrderErrors.InvalidAddress(faults)
            : new OrderPlaced(command.Order, customer, address, items.ToImmutable(), total, method.Id, method.Source, command.At);
    }

    /// <summary>Confirms that the order is paid; again, it changes nothing.</summary>
    public Decision Confirm(ConfirmOrder command)
    {
        if (Id is null)
        {
            return OrderErrors.NotFound;
        }

        var payment = new OrderPayment(OrderPaymentKind.Payment, command.Amount, command.Method);
        return IsPlacedHere && Status == OrderStatus.Pending && Payments.Contains(payment) ? Decision.Unchanged
            : Awaited is null ? OrderErrors.NotPlacing
            : payment != Awaited ? OrderErrors.NotPaidFor
            : new OrderConfirmed(Id, Customer, payment, command.At);
    }

    /// <summary>Gives the order up, as long as nothing else happened to it than its confirmation; again, it changes nothing.</summary>
    public Decision CancelPlacement(CancelPlacement command) =>
        Id is null ? OrderErrors.NotFound
        : !IsPlacedHere ? OrderErrors.NotPlacing
        : Status == OrderStatus.Cancelled ? Decision.Unchanged
        : Status == OrderStatus.Placing || (Status == OrderStatus.Pending && Unsettled is null && Payments is [{ Kind: OrderPaymentKind.Payment }])
            ? new OrderPlacementCancelled(Id, Customer, command.Reason, [.. Payments.Select(p => p with { Kind = OrderPaymentKind.Refund })], command.At)
        : OrderErrors.PlacementOver;

    /// <summary>Cancels it: what was paid goes back the way it came.</summary>
    public Decision Cancel(CancelOrder command)
    {
        if (Id is null)
        {
            return OrderErrors.NotFound;
        }

        if (Status != OrderStatus.Pending)
        {
            return OrderErrors.NotCancellable;
        }

        if (Unsettled is not null)
        {
            return OrderErrors.Unsettled;
        }

        if (!CancelReasons.Contains(command.Reason))
        {
            return OrderErrors.InvalidReason;
        }

        var refunds = ImmutableArray.CreateBuilder<OrderPayment>();
        var movements = ImmutableArray.CreateBuilder<GiftCardMovement>();
        foreach (var payments in Payments.GroupBy(p => (p.Method, p.Amount.Currency)))
        {
            var amount = new Money(payments.Sum(Signed), payments.Key.Currency);
            if (command.Customer.Method(payments.Key.Method) is not { } method)
            {
                return CustomerErrors.PaymentMethodNotFound;
            }

            if (amount.Amount > 0)
            {
                refunds.Add(new(OrderPaymentKind.Refund, amount, method.Id));
                if (method.Source == PaymentSource.GiftCard)
                {
                    movements.Add(new(method.Id, amount));
                }
            }
        }

        return new OrderCancelled(Id, Customer, command.Reason, refunds.ToImmutable(), new(command.Operation, Customer, movements.ToImmutable()), command.At);
    }

    /// <summary>Sends it somewhere else; the same address again changes nothing.</summary>
    public Decision ChangeAddress(ChangeOrderAddress command) =>
        Id is null ? OrderErrors.NotFound
        : Status != OrderStatus.Pending ? OrderErrors.NotModifiable
        : command.Address.Faults().ToArray() is { Length: > 0 } faults ? OrderErrors.InvalidAddress(faults)
        : command.Address == Address ? Decision.Unchanged
        : new OrderAddressChanged(Id, command.Address, command.At);

    /// <summary>Changes items into others of the same products, once.</summary>
    public Decision ChangeItems(ChangeOrderItems command)
    {
        if (Id is null)
        {
            return OrderErrors.NotFound;
        }

        if (Status != OrderStatus.Pending)
        {
            return OrderErrors.NotModifiable;
        }

        if (Unsettled is not null)
        {
            return OrderErrors.Unsettled;
        }

        if (Match(command.Items, command.NewItems, command.Products, exchange: false, out var changes) is { } error)
        {
            return error;
        }

        if (command.Customer.Method(command.Method) is not { } method)
        {
            return CustomerErrors.PaymentMethodNotFound;
        }

        var difference = Difference(changes);
        if (!Covers(method, difference))
        {
            return OrderErrors.InsufficientForItem;
        }

        var payment = difference.Amount > 0
            ? new OrderPayment(OrderPaymentKind.Payment, difference, method.Id)
            : new OrderPayment(OrderPaymentKind.Refund, Minus(difference), method.Id);
        if (IsPlacedHere)
        {
            var (charge, refund) = (difference.Amount > 0 ? payment : null, difference.Amount < 0 ? payment : null);
            return refund is not null && method.Source != PaymentSource.GiftCard && PaidWith(method.Id) < refund.Amount.Amount
                ? OrderErrors.NotPaidWith
                : Decision.Of(
                    Opened(command.Operation, Lines(changes.Select(c => c.To.Item)), Lines(changes.Select(c => c.From)), charge, refund, command.Customer, command.At),
                    new OrderItemsChanged(Id, changes, payment, new(command.Operation, Customer, []), command.At));
        }

        return new OrderItemsChanged(Id, changes, payment, new(command.Operation, Customer, OnGiftCard(method, difference)), command.At);
    }

    /// <summary>Pays it in another way, once.</summary>
    public Decision ChangePayment(ChangeOrderPayment command)
    {
        if (Id is null)
        {
            return OrderErrors.NotFound;
        }

        if (Status != OrderStatus.Pending)
        {
            return OrderErrors.NotModifiable;
        }

        if (Unsettled is not null)
        {
            return OrderErrors.Unsettled;
        }

        if (command.Customer.Method(command.Method) is not { } method)
        {
            return CustomerErrors.PaymentMethodNotFound;
        }

        if (Payments is not [{ Kind: OrderPaymentKind.Payment } paid])
        {
            return OrderErrors.NotOnePayment;
        }

        if (paid.Method == method.Id)
        {
            return OrderErrors.SamePaymentMethod;
        }

        if (!Covers(method, paid.Amount))
        {
            return OrderErrors.InsufficientForOrder;
        }

        if (command.Customer.Method(paid.Method) is not { } before)
        {
            return CustomerErrors.PaymentMethodNotFound;
        }

        var (payment, back) = (paid with { Method = method.Id }, paid with { Kind = OrderPaymentKind.Refund });
        if (IsPlacedHere)
        {
            return Decision.Of(
                Opened(command.Operation, [], [], payment, back, command.Customer, command.At),
                new OrderPaymentChanged(Id, payment, back, new(command.Operation, Customer, []), command.At));
        }

        return new OrderPaymentChanged(
            Id,
            payment,
            back,
            new(command.Operation, Customer, [.. OnGiftCard(method, paid.Amount), .. OnGiftCard(before, Minus(paid.Amount))]),
            command.At);
    }

    /// <summary>Says what became of a change that had to be paid first; again, it changes nothing.</summary>
    public Decision Settle(SettleOrderChange command) =>
        Unsettled?.Operation != command.Operation ? Decision.Unchanged
        : command.Declined is null ? new OrderChangeSettled(Id!, command.Operation, command.At)
        : new OrderChangeReverted(Id!, command.Operation, command.Declined, command.At);

    /// <summary>Sends items back; the refund goes to the original payment method or to a gift card.</summary>
    public Decision RequestReturn(RequestReturn command) =>
        Id is null ? OrderErrors.NotFound
        : Status != OrderStatus.Delivered ? OrderErrors.NotReturnable
        : command.Customer.Method(command.Method) is not { } method ? CustomerErrors.PaymentMethodNotFound
        : method.Source != PaymentSource.GiftCard && (Payments.IsEmpty || Payments[0].Method != method.Id) ? OrderErrors.NotOriginalPaymentMethod
        : command.Items.IsEmpty ? OrderErrors.NoItems
        : TooMany(command.Items) is not null ? OrderErrors.SomeItemNotFound
        : new OrderReturnRequested(Id, Customer, new(command.Items.Sort(StringComparer.Ordinal), method.Id), command.At);

    /// <summary>The shop has received what is returned; again, it changes nothing.</summary>
    public Decision ReceiveReturn(ReceiveReturn command) =>
        Id is null ? OrderErrors.NotFound
        : Status is OrderStatus.ReturnReceived or OrderStatus.Returned ? Decision.Unchanged
        : Status != OrderStatus.ReturnRequested || Return is null ? OrderErrors.NoReturn
        : command.Customer.Method(Return.Method) is not { } method ? CustomerErrors.PaymentMethodNotFound
        : new OrderReturnReceived(Id, Customer, Return, RefundOf(Return), method.Source, command.At);

    /// <summary>What was returned is refunded; again, it changes nothing.</summary>
    public Decision CompleteReturn(CompleteReturn command) =>
        Id is null ? OrderErrors.NotFound
        : Status == OrderStatus.Returned ? Decision.Unchanged
        : Status != OrderStatus.ReturnReceived || Return is null ? OrderErrors.NoReturn
        : new OrderReturnCompleted(Id, Customer, RefundOf(Return), command.At);

    /// <summary>Sends items back for others of the same products; money moves when the shop has received them.</summary>
    public Decision RequestExchange(RequestExchange command)
    {
        if (Id is null)
        {
            return OrderErrors.NotFound;
        }

        if (Status != OrderStatus.Delivered)
        {
            return OrderErrors.NotExchangeable;
        }

        if (Match(command.Items, command.NewItems, command.Products, exchange: true, out var changes) is { } error)
        {
            return error;
        }

        if (command.Customer.Method(command.Method) is not { } method)
        {
            return CustomerErrors.PaymentMethodNotFound;
        }

        var difference = Difference(changes);
        return !Covers(method, difference)
            ? OrderErrors.InsufficientForDifference
            : new OrderExchangeRequested(
                Id,
                Customer,
                new(command.Items.Sort(StringComparer.Ordinal), command.NewItems.Sort(StringComparer.Ordinal), method.Id, difference),
                changes,
                method.Source,
                command.At);
    }

    /// <summary>The shop has received what is exchanged; again, it changes nothing.</summary>
    public Decision ReceiveExchange(ReceiveExchange command) =>
        Id is null ? OrderErrors.NotFound
        : Status is OrderStatus.ExchangeReceived or OrderStatus.Exchanged ? Decision.Unchanged
        : Status != OrderStatus.ExchangeRequested || Exchange is null || Changes.IsEmpty ? OrderErrors.NoExchange
        : command.Customer.Method(Exchange.Method) is not { } method ? CustomerErrors.PaymentMethodNotFound
        : new OrderExchangeReceived(Id, Customer, Exchange, method.Source, command.At);

    /// <summary>The difference is settled; again, it changes nothing.</summary>
    public Decision CompleteExchange(CompleteExchange command) =>
        Id is null ? OrderErrors.NotFound
        : Status == OrderStatus.Exchanged ? Decision.Unchanged
        : Status != OrderStatus.ExchangeReceived || Exchange is null ? OrderErrors.NoExchange
        : new OrderExchangeCompleted(Id, Customer, Exchange.Difference.Amount switch
        {
            0 => null,
            > 0 => new(OrderPaymentKind.Payment, Exchange.Difference, Exchange.Method),
            _ => new(OrderPaymentKind.Refund, Minus(Exchange.Difference), Exchange.Method),
        }, command.At);

    /// <summary>Whether it was placed here, so that its stock and money move here; an imported order's were moved elsewhere.</summary>
    private bool IsPlacedHere => Id is not null && ContentHash is null;

    /// <summary>What the items cost.</summary>
    public Money Total() => new(Items.Sum(i => i.Price.Amount), Currency);

    /// <summary>What was paid less what was refunded.</summary>
    public Money Paid() => new(Payments.Sum(Signed), Currency);

    private string Currency => Items.IsEmpty ? "USD" : Items[0].Price.Currency;

    private static decimal Signed(OrderPayment payment) => payment.Kind == OrderPaymentKind.Payment ? payment.Amount.Amount : -payment.Amount.Amount;

    private static Money Minus(Money amount) => amount with { Amount = -amount.Amount };

    private static bool Covers(PaymentMethod method, Money amount) =>
        method.Source != PaymentSource.GiftCard
        || (method.Balance is { } balance && balance.Currency == amount.Currency && balance.Amount >= amount.Amount);

    private static ImmutableArray<GiftCardMovement> OnGiftCard(PaymentMethod method, Money paid) =>
        method.Source == PaymentSource.GiftCard && paid.Amount != 0 ? [new(method.Id, Minus(paid))] : [];

    private static Money Difference(ImmutableArray<ItemChange> changes) =>
        new(changes.Sum(c => c.To.Price.Amount - c.FromPrice.Amount), changes[0].FromPrice.Currency);

    private static ImmutableArray<StockLine> Lines(IEnumerable<string> items) =>
        [.. items.GroupBy(i => i, StringComparer.Ordinal).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => new StockLine(g.Key, g.Count()))];

    private decimal PaidWith(string method) => Payments.Where(p => p.Method == method).Sum(Signed);

    private OrderChangeOpened Opened(string operation, ImmutableArray<StockLine> reserve, ImmutableArray<StockLine> release, OrderPayment? charge, OrderPayment? refund, Customer customer, DateTimeOffset at) =>
        new(Id!, Customer, operation, reserve, release, charge, charge is null ? null : customer.Method(charge.Method)?.Source, refund, refund is null ? null : customer.Method(refund.Method)?.Source, at);

    private OrderPayment RefundOf(OrderReturn returned)
    {
        var lines = Items.ToList();
        var amount = 0m;
        foreach (var item in returned.Items)
        {
            if (lines.FindIndex(l => l.Item == item) is var line and >= 0)
            {
                amount += lines[line].Price.Amount;
                lines.RemoveAt(line);
            }
        }

        return new(OrderPaymentKind.Refund, new(amount, Currency), returned.Method);
    }

    private Order Beginning(Settlement settlement) => settlement.CanBeDeclined
        ? this with { Unsettled = new(settlement.Operation, Status, Items, Payments) }
        : this;

    private ImmutableArray<OrderItem> Changed(ImmutableArray<ItemChange> changes)
    {
        var items = Items.ToBuilder();
        foreach (var change in changes)
        {
            items[change.Line] = change.To;
        }

        return items.ToImmutable();
    }

    private string? TooMany(ImmutableArray<string> items) =>
        items.FirstOrDefault(i => items.Count(other => other == i) > Items.Count(line => line.Item == i));

    private DomainError? Match(ImmutableArray<string> items, ImmutableArray<string> newItems, IReadOnlyDictionary<string, Product> products, bool exchange, out ImmutableArray<ItemChange> changes)
    {
        changes = [];
        if (items.IsEmpty)
        {
            return OrderErrors.NoItems;
        }

        if (TooMany(items) is { } unknown)
        {
            return OrderErrors.ItemsNotFound(unknown, exchange);
        }

        if (items.Length != newItems.Length)
        {
            return OrderErrors.ItemsDoNotMatch(exchange);
        }

        var matched = new bool[Items.Length];
        var builder = ImmutableArray.CreateBuilder<ItemChange>(items.Length);
        for (var i = 0; i < items.Length; i++)
        {
            if (items[i] == newItems[i])
            {
                return OrderErrors.SameItem;
            }

            var line = Enumerable.Range(0, Items.Length).First(l => !matched[l] && Items[l].Item == items[i]);
            matched[line] = true;
            var old = Items[line];
            if (!products.TryGetValue(old.Product, out var product) || product.Id is null)
            {
                return ProductErrors.NotFound;
            }

            if (product.Find(newItems[i]) is not { } variant)
            {
                return ProductErrors.VariantNotFound;
            }

            if (!product.IsAvailable(variant))
            {
                return OrderErrors.NotAvailable(newItems[i]);
            }

            if (variant.Price.Currency != old.Price.Currency)
            {
                return OrderErrors.MixedCurrencies;
            }

            builder.Add(new(line, old.Item, old.Price, old with { Item = variant.Item, Price = variant.Price, Options = variant.Options }));
        }

        changes = builder.ToImmutable();
        return null;
    }
}

/// <summary>How an order was before a change that has to be paid first.</summary>
/// <param name="Operation">The change.</param>
/// <param name="Status">The status before.</param>
/// <param name="Items">The items before.</param>
/// <param name="Payments">The payments before.</param>
public sealed record UnsettledChange(string Operation, OrderStatus Status, ImmutableArray<OrderItem> Items, ImmutableArray<OrderPayment> Payments);
