using AIaaS.Domain.Customers;
using AIaaS.EventStore;

namespace AIaaS.Domain.Orders;

/// <summary>What can be refused of orders. The messages are the shop's own words.</summary>
public static class OrderErrors
{
    /// <summary>There is no such order, or nobody may know.</summary>
    public static DomainError NotFound { get; } = new("order-unknown", "Order not found", "The order's id begins with '#'.", 404);

    /// <summary>Only a pending order can be cancelled.</summary>
    public static DomainError NotCancellable { get; } = new("order-not-pending", "Non-pending order cannot be cancelled", "Look at the order's status first.");

    /// <summary>Only a pending order can be modified.</summary>
    public static DomainError NotModifiable { get; } = new("order-not-pending", "Non-pending order cannot be modified", "Look at the order's status first.");

    /// <summary>Only a delivered order can be returned.</summary>
    public static DomainError NotReturnable { get; } = new("order-not-delivered", "Non-delivered order cannot be returned", "Look at the order's status first.");

    /// <summary>Only a delivered order can be exchanged.</summary>
    public static DomainError NotExchangeable { get; } = new("order-not-delivered", "Non-delivered order cannot be exchanged", "Look at the order's status first.");

    /// <summary>A reason that the shop does not accept.</summary>
    public static DomainError InvalidReason { get; } = new("reason-invalid", "Invalid reason", $"Take one of: {string.Join(", ", Order.CancelReasons)}.");

    /// <summary>The payment method is the one that the order was paid with.</summary>
    public static DomainError SamePaymentMethod { get; } = new("payment-method-same", "The new payment method should be different from the current one", "Take another of the customer's payment methods.");

    /// <summary>The payments of the order have changed before.</summary>
    public static DomainError NotOnePayment { get; } = new("payment-not-single", "There should be exactly one payment for a pending order", "The way to pay can be changed once.");

    /// <summary>Money goes back to where it came from, or to a gift card.</summary>
    public static DomainError NotPaidWith { get; } = new("payment-method-not-original", "A refund goes to a payment method that the order was paid with, or to a gift card", "Take one that the order was paid with, or a gift card of the customer.");

    /// <summary>A return goes to the original payment method or to a gift card.</summary>
    public static DomainError NotOriginalPaymentMethod { get; } = new("payment-method-not-original", "Payment method should be the original payment method", "Take the original payment method, or a gift card of the customer.");

    /// <summary>Nothing was named.</summary>
    public static DomainError NoItems { get; } = new("items-missing", "No items given", "Name at least one item.");

    /// <summary>An item is named more often than it was ordered.</summary>
    public static DomainError SomeItemNotFound { get; } = new("order-item-unknown", "Some item not found", "Look at the order's items first.");

    /// <summary>The new item is the old one.</summary>
    public static DomainError SameItem { get; } = new("item-same", "The new item id should be different from the old item id", "Take another variant of the product.");

    /// <summary>A gift card has too little for the order.</summary>
    public static DomainError InsufficientForOrder { get; } = new("gift-card-insufficient", "Insufficient gift card balance to pay for the order", "Take another payment method.");

    /// <summary>A gift card has too little for the new item.</summary>
    public static DomainError InsufficientForItem { get; } = new("gift-card-insufficient", "Insufficient gift card balance to pay for the new item", "Take another payment method.");

    /// <summary>A gift card has too little for the difference.</summary>
    public static DomainError InsufficientForDifference { get; } = new("gift-card-insufficient", "Insufficient gift card balance to pay for the price difference", "Take another payment method.");

    /// <summary>The order is being changed at the moment.</summary>
    public static DomainError Unsettled { get; } = new("order-unsettled", "The order's last change is not settled yet", "Try again in a moment.", 409);

    /// <summary>There is an order of that id.</summary>
    public static DomainError Exists { get; } = new("order-exists", "There is such an order already", "Leave the id out: the shop then makes one.", 409);

    /// <summary>The order does not wait for its confirmation.</summary>
    public static DomainError NotPlacing { get; } = new("order-not-placing", "The order does not wait for stock and payment", "Look at the order's status first.");

    /// <summary>The order cannot be given up any more.</summary>
    public static DomainError PlacementOver { get; } = new("order-placement-over", "The order has been changed since it was confirmed", "Cancel it as a pending order.");

    /// <summary>What was paid is not what the order costs.</summary>
    public static DomainError NotPaidFor { get; } = new("order-not-paid", "The payment is not the one that the order waits for", "Confirm with the order's payment method and total.");

    /// <summary>No exchange is under way.</summary>
    public static DomainError NoExchange { get; } = new("order-not-exchanging", "No exchange of the order is under way at this step", "Look at the order's status first.");

    /// <summary>No return is under way.</summary>
    public static DomainError NoReturn { get; } = new("order-not-returning", "No return of the order is under way at this step", "Look at the order's status first.");

    /// <summary>What the order would cost cannot be.</summary>
    public static DomainError TooLarge { get; } = new("order-too-large", $"An order has at most {Order.MaxLines} items", "Place several orders.");

    /// <summary>Prices in several currencies.</summary>
    public static DomainError MixedCurrencies { get; } = new("currencies-mixed", "The prices are in more than one currency", "Place an order for each currency.");

    /// <summary>The texts of a modification differ from those of an exchange.</summary>
    public static DomainError ItemsNotFound(string item, bool exchange) =>
        new("order-item-unknown", exchange ? $"Number of {item} not found." : $"{item} not found", "Look at the order's items first.");

    /// <summary>As many new items as old ones are needed.</summary>
    public static DomainError ItemsDoNotMatch(bool exchange) =>
        new("items-not-matching", "The number of items to be exchanged should match" + (exchange ? "." : ""), "Name one new item for each old one.");

    /// <summary>The new item cannot be bought.</summary>
    public static DomainError NotAvailable(string item) =>
        new("item-not-available", $"New item {item} not found or available", "Take an available variant of the same product.");

    /// <summary>The order was imported before with other data.</summary>
    public static DomainError ImportedOtherwise(string order) =>
        new("order-imported-otherwise", $"Order '{order}' was imported before with other data; nothing was changed.", "Change the order by commands, or import into another tenant.", 409);

    /// <summary>The address cannot be used.</summary>
    public static DomainError InvalidAddress(IEnumerable<string> faults) => CustomerErrors.InvalidAddress(faults);
}
