namespace AIaaS.Commands.Orders;

/// <summary>
/// The names of the shop's tools. All are in-process, of version <c>1.0.0</c>, and idempotent under the call's idempotency key. A tool that
/// undoes another one takes its own input, or <c>{"input": …, "output": …}</c> of the call that it is to undo.
/// </summary>
public static class OrderTools
{
    /// <summary><c>{first_name, last_name, zip}</c> → the customer's id, a string. Authenticates.</summary>
    public const string FindCustomerByNameAndZip = "find_user_id_by_name_zip";

    /// <summary><c>{email}</c> → the customer's id, a string. Authenticates.</summary>
    public const string FindCustomerByEmail = "find_user_id_by_email";

    /// <summary><c>{user_id}</c> → the customer.</summary>
    public const string GetCustomer = "get_user_details";

    /// <summary><c>{order_id}</c> → the order.</summary>
    public const string GetOrder = "get_order_details";

    /// <summary><c>{product_id}</c> → the product with its variants. Public.</summary>
    public const string GetProduct = "get_product_details";

    /// <summary><c>{item_id}</c> → the variant. Public.</summary>
    public const string GetItem = "get_item_details";

    /// <summary><c>{}</c> → a string that holds a JSON object: product names and their ids, by name. Public.</summary>
    public const string ListProducts = "list_all_product_types";

    /// <summary><c>{expression}</c> → the value, a string. Public.</summary>
    public const string Calculate = "calculate";

    /// <summary><c>{order_id, reason}</c> → the order. To be confirmed.</summary>
    public const string CancelOrder = "cancel_pending_order";

    /// <summary><c>{order_id, address1, address2, city, state, country, zip}</c> → the order. To be confirmed.</summary>
    public const string ChangeOrderAddress = "modify_pending_order_address";

    /// <summary><c>{order_id, item_ids[], new_item_ids[], payment_method_id}</c> → the order. To be confirmed.</summary>
    public const string ChangeOrderItems = "modify_pending_order_items";

    /// <summary><c>{order_id, payment_method_id}</c> → the order. To be confirmed.</summary>
    public const string ChangeOrderPayment = "modify_pending_order_payment";

    /// <summary><c>{order_id, item_ids[], payment_method_id}</c> → the order. To be confirmed.</summary>
    public const string ReturnItems = "return_delivered_order_items";

    /// <summary><c>{order_id, item_ids[], new_item_ids[], payment_method_id}</c> → the order. To be confirmed.</summary>
    public const string ExchangeItems = "exchange_delivered_order_items";

    /// <summary><c>{user_id, address1, address2, city, state, country, zip}</c> → the customer. To be confirmed.</summary>
    public const string ChangeCustomerAddress = "modify_user_address";

    /// <summary>
    /// <c>{user_id, items: [{item_id, quantity}], payment_method_id, address?: {address1, …}, order_id?}</c> → <c>{order_id, user_id, status: "placing",
    /// items: [{item_id, quantity}], payment_method_id, payment_source, total, currency}</c>. To be confirmed. Undone by <see cref="CancelPlacement"/>.
    /// The event <c>order.placed</c> starts the placement.
    /// </summary>
    public const string PlaceOrder = "place_order";

    /// <summary>
    /// <c>{reservation, items: [{item_id, quantity}]}</c> → <c>{reservation, items}</c>; the reservation is the order's id, or any other name.
    /// All or nothing; fails when one item has too few. Undone by <see cref="ReleaseStock"/>.
    /// </summary>
    public const string ReserveStock = "reserve_stock";

    /// <summary><c>{reservation, items}</c> → <c>{reservation, items}</c>. What is not reserved is left alone; the reservation cannot be made again.</summary>
    public const string ReleaseStock = "release_stock";

    /// <summary><c>{reservation, items}</c> → <c>{reservation, items}</c>: what was reserved has left the shop.</summary>
    public const string CommitStock = "commit_stock";

    /// <summary>
    /// <c>{user_id, payment_method_id, amount, currency, reference}</c> → <c>{user_id, payment_method_id, amount, currency, reference, balance}</c>. Takes money from a gift card, once for each reference.
    /// Undone by <see cref="CreditGiftCard"/>.
    /// </summary>
    public const string DebitGiftCard = "debit_gift_card";

    /// <summary>As <see cref="DebitGiftCard"/>, the other way round; a debit is given back once.</summary>
    public const string CreditGiftCard = "credit_gift_card";

    /// <summary><c>{order_id, payment_method_id, amount, currency}</c> → the order, now <c>pending</c>. Undone by <see cref="CancelPlacement"/>.</summary>
    public const string ConfirmOrder = "confirm_order";

    /// <summary><c>{order_id, reason?}</c> → the order, now <c>cancelled</c>; of an order that is placing or that was confirmed and not touched since.</summary>
    public const string CancelPlacement = "cancel_order_placement";

    /// <summary><c>{order_id}</c> → <c>{order_id, user_id, items, new_items, payment_method_id, payment_source, difference, currency}</c>: the shop has received what is exchanged. The event <c>order.exchange.received</c> starts the exchange.</summary>
    public const string ReceiveExchange = "receive_exchange";

    /// <summary><c>{order_id}</c> → the order, now <c>exchanged</c>, with the price difference among its payments.</summary>
    public const string CompleteExchange = "complete_exchange";

    /// <summary><c>{order_id}</c> → the order, now <c>return received</c>: the shop has received what is returned. The event <c>order.return.received</c> starts the refund.</summary>
    public const string ReceiveReturn = "receive_return";

    /// <summary><c>{order_id}</c> → the order, now <c>returned</c>, with the refund among its payments.</summary>
    public const string CompleteReturn = "complete_return";

    /// <summary><c>{items: [{item_id, quantity}], reference}</c> → the same: items are on the shelf again, once for each reference.</summary>
    public const string Restock = "restock";

    /// <summary><c>{reservation, items, reference}</c> → the same: the reservation holds so much less, once for each reference; the rest of it stands.</summary>
    public const string ReduceReservation = "reduce_reservation";

    /// <summary><c>{order_id, operation}</c> → the order: a change of it is paid.</summary>
    public const string SettleOrderChange = "settle_order_change";

    /// <summary><c>{order_id, operation, reason?}</c> → the order, as it was before a change that could not be paid or supplied.</summary>
    public const string RevertOrderChange = "revert_order_change";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        FindCustomerByNameAndZip,
        FindCustomerByEmail,
        GetCustomer,
        GetOrder,
        GetProduct,
        GetItem,
        ListProducts,
        Calculate,
        CancelOrder,
        ChangeOrderAddress,
        ChangeOrderItems,
        ChangeOrderPayment,
        ReturnItems,
        ExchangeItems,
        ChangeCustomerAddress,
        PlaceOrder,
        ReserveStock,
        ReleaseStock,
        CommitStock,
        DebitGiftCard,
        CreditGiftCard,
        ConfirmOrder,
        CancelPlacement,
        ReceiveExchange,
        CompleteExchange,
        ReceiveReturn,
        CompleteReturn,
        Restock,
        ReduceReservation,
        SettleOrderChange,
        RevertOrderChange,
    ];
}
