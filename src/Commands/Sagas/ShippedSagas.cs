using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using AIaaS.Commands.Leads;
using AIaaS.Commands.Orders;
using AIaaS.Commands.Payments;
using AIaaS.Domain.Customers;
using AIaaS.Domain.Leads;
using AIaaS.Domain.Orders;
using AIaaS.Domain.Sagas;

namespace AIaaS.Commands.Sagas;

/// <summary>The sagas that come with the product.</summary>
public static class ShippedSagas
{
    /// <summary>The tool that tells the customer how their order went; a tenant registers one of this name, by e-mail or webhook. Without one, nobody is told.</summary>
    public const string NotifyTool = "notify_customer";

    // An id that no payment has.
    private const string NoPayment = "none-was-taken-here";

    /// <summary>Places an order: looks the customer up, reserves the stock, takes the money, confirms, and tells the customer; else the order is cancelled.</summary>
    public static SagaDefinition OrderPlacement { get; } = SagaDefinition.On<OrderPlaced>(
        "order-placement",
        "1",
        e => new(e.Order, new()
        {
            ["order_id"] = e.Order,
            ["user_id"] = e.Customer,
            ["items"] = Items(e.Items.Select(i => i.Item)),
            ["amount"] = e.Total.Amount,
            ["currency"] = e.Total.Currency,
            ["payment_method_id"] = e.Method,
            ["gift_card"] = e.Source == PaymentSource.GiftCard,
        }),
        // The order itself is what is undone last: its placement came before every step.
        new SagaStep("customer", OrderTools.GetCustomer, s => new() { ["user_id"] = s.Node("user_id") })
        {
            Compensation = OrderTools.CancelPlacement,
            CompensationInput = (s, _) => new() { ["order_id"] = s.Node("order_id"), ["reason"] = s.Compensating?.Reason is { Length: > 0 } reason ? reason : "the shop could not go through with it" },
        },
        new SagaStep("reserve", OrderTools.ReserveStock, s => new() { ["reservation"] = s.Node("order_id"), ["items"] = s.Node("items") }),
        new SagaStep("gift-card", OrderTools.DebitGiftCard, s => new()
        {
            ["user_id"] = s.Node("user_id"),
            ["payment_method_id"] = s.Node("payment_method_id"),
            ["amount"] = s.Node("amount"),
            ["currency"] = s.Node("currency"),
            ["reference"] = s.Node("order_id"),
        })
        {
            When = s => Flag(s, "gift_card"),
        },
        new SagaStep("charge", PaymentToolManifests.Charge.Name, s => Charge(s, Amount(s)))
        {
            When = s => !Flag(s, "gift_card"),
        },
        new SagaStep("confirm", OrderTools.ConfirmOrder, s => new()
        {
            ["order_id"] = s.Node("order_id"),
            ["payment_method_id"] = s.Node("payment_method_id"),
            ["amount"] = s.Node("amount"),
            ["currency"] = s.Node("currency"),
        }),
        Notify("Your order is confirmed."));

    /// <summary>Exchanges items: charges or gives back the difference in price, lets the new items go out, and puts those that came back on the shelf.</summary>
    public static SagaDefinition Exchange { get; } = SagaDefinition.On<OrderExchangeReceived>(
        "order-exchange",
        "1",
        e => new(e.Order, new()
        {
            ["order_id"] = e.Order,
            ["user_id"] = e.Customer,
            ["items"] = Items(e.Exchange.NewItems),
            ["received"] = Items(e.Exchange.Items),
            ["amount"] = e.Exchange.Difference.Amount,
            ["currency"] = e.Exchange.Difference.Currency,
            ["payment_method_id"] = e.Exchange.Method,
            ["gift_card"] = e.Source == PaymentSource.GiftCard,
        }),
        new SagaStep("reserve", OrderTools.ReserveStock, s => new() { ["reservation"] = s.Text("order_id") + "-exchange", ["items"] = s.Node("items") }),
        new SagaStep("gift-card-debit", OrderTools.DebitGiftCard, s => GiftCard(s, "payment_method_id", Amount(s), s.Text("order_id") + "-exchange")) { When = s => Flag(s, "gift_card") && Amount(s) > 0 },
        new SagaStep("charge", PaymentToolManifests.Charge.Name, s => Charge(s, Amount(s))) { When = s => !Flag(s, "gift_card") && Amount(s) > 0 },
        new SagaStep("payment", FindOrderPaymentTool.ToolName, s => new() { ["order_id"] = s.Node("order_id") }) { When = s => !Flag(s, "gift_card") && Amount(s) < 0 },
        new SagaStep("complete", OrderTools.CompleteExchange, s => new() { ["order_id"] = s.Node("order_id") }),
        new SagaStep("restock", OrderTools.Restock, s => new() { ["items"] = s.Node("received"), ["reference"] = s.Text("order_id") + "-exchange" }) { MustSucceed = true },
        // Money goes to the customer last: that cannot be undone.
        new SagaStep("gift-card-credit", OrderTools.CreditGiftCard, s => GiftCard(s, "payment_method_id", -Amount(s), s.Text("order_id") + "-exchange")) { When = s => Flag(s, "gift_card") && Amount(s) < 0, MustSucceed = true },
        new SagaStep("refund", PaymentToolManifests.Refund.Name, s => RefundTo(s, s.Text("payment_method_id"), -Amount(s), "price difference of an exchange")) { When = s => !Flag(s, "gift_card") && Amount(s) < 0, MustSucceed = true },
        Notify("Your exchange is on its way."));

    /// <summary>What follows a cancelled order, which stays cancelled: its stock is free again and what was charged goes back. Gift cards are settled with the cancellation itself.</summary>
    public static SagaDefinition Cancellation { get; } = SagaDefinition.On<OrderCancelled>(
        "order-cancellation",
        "1",
        e => new(e.Order, new()
        {
            ["order_id"] = e.Order,
            ["user_id"] = e.Customer,
        }),
        new SagaStep("payment", FindOrderPaymentTool.ToolName, s => new() { ["order_id"] = s.Node("order_id") }) { MustSucceed = true },
        new SagaStep("release", OrderTools.ReleaseStock, s => new() { ["reservation"] = s.Node("order_id"), ["items"] = JsonNode.Parse(s.Output("payment").GetProperty("items").GetRawText()) })
        {
            When = s => s.Find("payment") is { State: SagaCallState.Succeeded } found && found.Output.GetProperty("items").GetArrayLength() > 0,
            MustSucceed = true,
        },
        new SagaStep("refund", PaymentToolManifests.Refund.Name, s => new() { ["payment_id"] = PaymentOf(s), ["reason"] = "order cancelled" }) { When = s => PaymentOf(s) is not null, MustSucceed = true },
        Notify("Your order is cancelled and your money is on its way back."));

    /// <summary>
    /// Carries out a change of an order that was placed here: the new items are reserved and the new money comes in before the change holds; then the old items are
    /// free and the old money goes back. What cannot be supplied or paid is taken back.
    /// </summary>
    public static SagaDefinition OrderChange { get; } = SagaDefinition.On<OrderChangeOpened>(
        "order-change",
        "1",
        e => new(e.Order + "-" + e.Operation, new()
        {
            ["order_id"] = e.Order,
            ["user_id"] = e.Customer,
            ["operation"] = e.Operation,
            ["reserve"] = Items(e.Reserve),
            ["release"] = Items(e.Release),
            ["amount"] = e.Charge?.Amount.Amount ?? 0,
            ["currency"] = (e.Charge ?? e.Refund)?.Amount.Currency,
            ["payment_method_id"] = e.Charge?.Method,
            ["gift_card"] = e.ChargeSource == PaymentSource.GiftCard,
            ["back"] = e.Refund?.Amount.Amount ?? 0,
            ["back_payment_method_id"] = e.Refund?.Method,
            ["back_gift_card"] = e.RefundSource == PaymentSource.GiftCard,
        }),
        // The change itself is what is undone last: it came before every step.
        new SagaStep("order", OrderTools.GetOrder, s => new() { ["order_id"] = s.Node("order_id") })
        {
            Compensation = OrderTools.RevertOrderChange,
            CompensationInput = (s, _) => new() { ["order_id"] = s.Node("order_id"), ["operation"] = s.Node("operation"), ["reason"] = s.Compensating?.Reason is { Length: > 0 } reason ? reason : "the shop could not go through with it" },
        },
        new SagaStep("reserve", OrderTools.ReserveStock, s => new() { ["reservation"] = ChangeOf(s), ["items"] = s.Node("reserve") }) { When = s => Count(s, "reserve") > 0 },
        new SagaStep("gift-card-debit", OrderTools.DebitGiftCard, s => GiftCard(s, "payment_method_id", Amount(s), ChangeOf(s) + "-paid")) { When = s => Flag(s, "gift_card") && Amount(s) > 0 },
        new SagaStep("charge", PaymentToolManifests.Charge.Name, s => Charge(s, Amount(s))) { When = s => !Flag(s, "gift_card") && Amount(s) > 0 },
        new SagaStep("payment", FindOrderPaymentTool.ToolName, s => new() { ["order_id"] = s.Node("order_id") }) { When = s => !Flag(s, "back_gift_card") && Amount(s, "back") > 0 },
        new SagaStep("settle", OrderTools.SettleOrderChange, s => new() { ["order_id"] = s.Node("order_id"), ["operation"] = s.Node("operation") }),
        // From here on there is no way back.
        new SagaStep("release", OrderTools.ReduceReservation, s => new() { ["reservation"] = s.Node("order_id"), ["items"] = s.Node("release"), ["reference"] = ChangeOf(s) }) { When = s => Count(s, "release") > 0, MustSucceed = true },
        new SagaStep("gift-card-credit", OrderTools.CreditGiftCard, s => GiftCard(s, "back_payment_method_id", Amount(s, "back"), ChangeOf(s) + "-back")) { When = s => Flag(s, "back_gift_card") && Amount(s, "back") > 0, MustSucceed = true },
        new SagaStep("refund", PaymentToolManifests.Refund.Name, s => RefundTo(s, s.Text("back_payment_method_id"), Amount(s, "back"), "change of an order")) { When = s => !Flag(s, "back_gift_card") && Amount(s, "back") > 0, MustSucceed = true },
        Notify("Your order is changed."));

    /// <summary>What follows a return that the shop has received: the items are on the shelf again and the money goes back.</summary>
    public static SagaDefinition Return { get; } = SagaDefinition.On<OrderReturnReceived>(
        "order-return",
        "1",
        e => new(e.Order, new()
        {
            ["order_id"] = e.Order,
            ["user_id"] = e.Customer,
            ["items"] = Items(e.Return.Items),
            ["amount"] = e.Refund.Amount.Amount,
            ["currency"] = e.Refund.Amount.Currency,
            ["payment_method_id"] = e.Refund.Method,
            ["gift_card"] = e.Source == PaymentSource.GiftCard,
        }),
        new SagaStep("restock", OrderTools.Restock, s => new() { ["items"] = s.Node("items"), ["reference"] = s.Text("order_id") + "-return" }) { MustSucceed = true },
        new SagaStep("payment", FindOrderPaymentTool.ToolName, s => new() { ["order_id"] = s.Node("order_id") }) { When = s => !Flag(s, "gift_card") && Amount(s) > 0, MustSucceed = true },
        new SagaStep("gift-card-credit", OrderTools.CreditGiftCard, s => GiftCard(s, "payment_method_id", Amount(s), s.Text("order_id") + "-return")) { When = s => Flag(s, "gift_card") && Amount(s) > 0, MustSucceed = true },
        new SagaStep("refund", PaymentToolManifests.Refund.Name, s => RefundTo(s, s.Text("payment_method_id"), Amount(s), "return")) { When = s => !Flag(s, "gift_card") && Amount(s) > 0, MustSucceed = true },
        new SagaStep("complete", OrderTools.CompleteReturn, s => new() { ["order_id"] = s.Node("order_id") }) { MustSucceed = true },
        Notify("We have received what you returned, and your money is on its way back."));

    /// <summary>What follows a captured lead: somebody gets in touch within a day, and the CRM knows the contact where there is one.</summary>
    public static SagaDefinition LeadFollowUp { get; } = SagaDefinition.On<LeadCaptured>(
        "lead-follow-up",
        "1",
        e => new(e.Lead, new() { ["lead_id"] = e.Lead, ["customer"] = e.Contact.Customer }),
        new SagaStep("schedule", LeadToolManifests.ScheduleFollowUp.Name, s => new() { ["lead_id"] = s.Node("lead_id"), ["in_hours"] = 24 }),
        new SagaStep("crm", "crm_upsert_lead", s => new() { ["lead_id"] = s.Node("lead_id") }) { MayFail = true });

    /// <summary>All of them.</summary>
    public static ImmutableArray<SagaDefinition> All { get; } = [OrderPlacement, OrderChange, Exchange, Return, Cancellation, LeadFollowUp];

    private static SagaStep Notify(string text) => new("notify", NotifyTool, s => new() { ["user_id"] = s.Node("user_id"), ["order_id"] = s.Node("order_id"), ["text"] = text }) { MayFail = true };

    private static JsonArray Items(IEnumerable<string> items) =>
        [.. items.GroupBy(i => i, StringComparer.Ordinal).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => new JsonObject { ["item_id"] = g.Key, ["quantity"] = g.Count() })];

    private static JsonArray Items(IEnumerable<StockLine> lines) => [.. lines.Select(l => new JsonObject { ["item_id"] = l.Item, ["quantity"] = l.Quantity })];

    /// <summary>Names what one change of an order reserves and moves.</summary>
    private static string ChangeOf(Saga saga) => saga.Text("order_id") + "-" + saga.Text("operation");

    private static int Count(Saga saga, string name) => saga.Input.TryGetProperty(name, out var items) && items.ValueKind == JsonValueKind.Array ? items.GetArrayLength() : 0;

    private static JsonObject GiftCard(Saga saga, string method, decimal amount, string reference) => new()
    {
        ["user_id"] = saga.Node("user_id"),
        ["payment_method_id"] = saga.Node(method),
        ["amount"] = amount,
        ["currency"] = saga.Node("currency"),
        ["reference"] = reference,
    };

    /// <summary>
    /// Gives money back of the payment that was made with a payment method. Where none was taken here, as of an imported order, the refund fails and is a person's:
    /// what a customer has been promised is not passed over.
    /// </summary>
    private static JsonObject RefundTo(Saga saga, string method, decimal amount, string reason)
    {
        var payment = NoPayment;
        if (saga.Output("payment") is { ValueKind: JsonValueKind.Object } output && output.TryGetProperty("payments", out var payments))
        {
            foreach (var each in payments.EnumerateArray())
            {
                if (each.GetProperty("payment_method_id").GetString() == method && each.GetProperty("refundable").GetDecimal() >= amount)
                {
                    payment = each.GetProperty("payment_id").GetString()!;
                    break;
                }
            }
        }

        return new() { ["payment_id"] = payment, ["amount"] = amount, ["currency"] = saga.Node("currency"), ["reason"] = reason };
    }

    private static JsonObject Charge(Saga saga, decimal amount) => new()
    {
        ["amount"] = amount,
        ["currency"] = saga.Node("currency"),
        ["payment_method_id"] = saga.Node("payment_method_id"),
        ["customer_id"] = saga.Node("user_id"),
        ["order_id"] = saga.Node("order_id"),
    };

    private static string? PaymentOf(Saga saga) =>
        saga.Output("payment") is { ValueKind: JsonValueKind.Object } output && output.TryGetProperty("payment_id", out var id) && id.ValueKind == JsonValueKind.String ? id.GetString() : null;

    private static bool Flag(Saga saga, string name) => saga.Input.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;

    private static decimal Amount(Saga saga, string name = "amount") => saga.Input.GetProperty(name).GetDecimal();
}
