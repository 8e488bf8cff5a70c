using System.Collections.Immutable;
using AIaaS.Domain;
using AIaaS.Domain.Customers;
using AIaaS.Domain.Orders;
using AIaaS.EventStore;
using FsCheck;
using FsCheck.Fluent;
using static Domain.Tests.Orders.ShopSamples;

namespace Domain.Tests.Orders;

/// <summary>Whatever is asked for, in whatever order: money is neither made nor lost, no gift card and no stock goes below nothing.</summary>
public sealed class Any_sequence_of_commands
{
    private static readonly string[] Methods = ["card", "gift", "gift2", "paypal", "stolen"];
    private static readonly string[] Items = ["b-small", "b-large", "b-gone", "l-desk", "l-floor"];

    [Test]
    public void keeps_money_and_stock_together() => Check.One(Config.QuickThrowOnFailure.WithMaxTest(Soak.Count(500, full: 5_000)), Prop.ForAll(
        Gen.ArrayOf(Gen.Zip(Gen.Choose(0, 12), Gen.Choose(0, 10_000))).ToArbitrary(),
        steps =>
        {
            var world = new World();
            foreach (var (kind, draw) in steps)
            {
                world.Step(kind, draw);
                world.Hold();
            }

            return true;
        }));

    private sealed class World
    {
        private Order order = AIaaS.Domain.Orders.Order.Initial;
        private Customer customer = Buyer;
        private Product bottle = Product.Initial.Evolve(Bottles);
        private Product lamp = Product.Initial.Evolve(Lamps);
        private readonly List<Settlement> open = [];
        private decimal placed;
        private int operations;

        public void Step(int kind, int draw)
        {
            var method = Methods[draw % Methods.Length];
            var item = Items[draw / 7 % Items.Length];
            var other = Items[draw / 41 % Items.Length];
            var operation = $"op{operations}";
            var products = new Dictionary<string, Product> { ["bottle"] = bottle, ["lamp"] = lamp };
            var byItem = Items.ToDictionary(i => i, i => i[0] == 'b' ? bottle : lamp);
            switch (kind)
            {
                case 0:
                    Ask(o => o.Place(new("acme", "#W1", customer, [new(item, draw % 4), new(other, 1)], byItem, method, null, At)));
                    break;
                case 1:
                    Ask(o => o.Confirm(new("acme", "#W1", o.Awaited?.Method ?? method, o.Awaited?.Amount ?? Money.Usd(draw), At)));
                    break;
                case 2:
                    Ask(o => o.Cancel(new("acme", "#W1", draw % 5 == 0 ? "why not" : "no longer needed", customer, operation, At)));
                    break;
                case 3:
                    Ask(o => o.ChangeItems(new("acme", "#W1", [item], [other], method, customer, products, operation, At)));
                    break;
                case 4:
                    Ask(o => o.ChangePayment(new("acme", "#W1", method, customer, operation, At)));
                    break;
                case 5:
                    SettleOne();
                    break;
                case 6:
                    Ask(o => o.CancelPlacement(new("acme", "#W1", "x", At)));
                    break;
                case 7:
                    Ask(o => o.RequestReturn(new("acme", "#W1", [item, other], method, customer, At)));
                    break;
                case 8:
                    Ask(o => o.RequestExchange(new("acme", "#W1", [item], [other], method, customer, products, At)));
                    break;
                case 9:
                    Ask(o => o.ReceiveExchange(new("acme", "#W1", customer, At)));
                    Ask(o => o.CompleteExchange(new("acme", "#W1", At)));
                    break;
                case 10:
                    Stock(p => p.Reserve(new("acme", "bottle", $"r{draw % 5}", [new(item, (draw % 7) - 1)], At)));
                    break;
                case 11:
                    Stock(p => p.Release(new("acme", "bottle", $"r{draw % 5}", At)));
                    break;
                default:
                    Stock(p => p.Commit(new("acme", "bottle", $"r{draw % 5}", At)));
                    if (order.Id is null && draw % 3 == 0)
                    {
                        Apply(Imported(draw % 2 == 0 ? OrderStatus.Delivered : OrderStatus.Pending, draw % 4 < 2 ? "gift2" : "card"));
                    }

                    break;
            }
        }

        public void Hold()
        {
            customer.PaymentMethods.Where(m => m.Balance is not null).Should().OnlyContain(m => m.Balance!.Value.Amount >= 0);
            bottle.Variants.Should().OnlyContain(v => v.Stock >= 0 && bottle.Free(v) >= 0);
            bottle.Reserved.Values.All(n => n > 0).Should().BeTrue();
            if (order.Id is null)
            {
                return;
            }

            if (order.Status is not (OrderStatus.Cancelled or OrderStatus.Placing))
            {
                order.Paid().Should().Be(order.Total(), "an order that stands is paid for, {0}", order.Status);
            }
            else
            {
                order.Paid().Amount.Should().Be(0);
            }

            // What has come from gift cards is what the order's payments say, less what is still to be settled.
            var cards = customer.PaymentMethods.Sum(m => m.Balance?.Amount ?? 0);
            var paidByCards = order.Payments.Where(p => p.Method.StartsWith("gift", StringComparison.Ordinal)).Sum(p => p.Kind == OrderPaymentKind.Payment ? p.Amount.Amount : -p.Amount.Amount);
            var unsettled = open.Sum(s => s.Movements.Sum(m => m.Amount.Amount));
            (cards + paidByCards + unsettled).Should().Be(530 + placed);
        }

        private void SettleOne()
        {
            if (open.Count == 0)
            {
                return;
            }

            var settlement = open[0];
            open.RemoveAt(0);
            var moved = customer.Move(new("acme", settlement.Customer, settlement.Operation, settlement.Movements, At));
            customer = moved.Events.Aggregate(customer, (c, e) => c.Evolve(e));
            var settled = order.Settle(new("acme", "#W1", settlement.Operation, customer.Declined(settlement.Operation), At));
            order = settled.Events.Aggregate(order, (o, e) => o.Evolve(e));
        }

        private void Ask(Func<Order, Decision> decide)
        {
            foreach (var @event in decide(order).Events)
            {
                Apply(@event);
            }
        }

        private void Apply(object @event)
        {
            operations++;
            order = order.Evolve(@event);

            // What stands paid by a gift card from before, or is settled by the tools that debit one for a placement, was not taken from the balances here.
            placed += @event switch
            {
                OrderImported e => OnCards(e.Payments),
                OrderConfirmed e => OnCards([e.Payment]),
                OrderPlacementCancelled e => OnCards(e.Refunds),
                OrderExchangeCompleted { Payment: { } payment } => OnCards([payment]),
                _ => 0,
            };
            if (@event is OrderChangeOpened opened)
            {
                // What its saga does: gift cards bear it or do not, and the order hears of it.
                open.Add(new(opened.Operation, opened.Customer, [.. Movement(opened.Charge, -1), .. Movement(opened.Refund, 1)]));
            }

            if (@event is OrderCancelled or OrderItemsChanged or OrderPaymentChanged)
            {
                var settlement = @event switch
                {
                    OrderCancelled e => e.Settlement,
                    OrderItemsChanged e => e.Settlement,
                    OrderPaymentChanged e => e.Settlement,
                    _ => throw new InvalidOperationException(),
                };
                if (!settlement.Movements.IsEmpty)
                {
                    open.Add(settlement);
                }
            }
        }

        private void Stock(Func<Product, Decision> decide) => bottle = decide(bottle).Events.Aggregate(bottle, (p, e) => p.Evolve(e));

        private static ImmutableArray<GiftCardMovement> Movement(OrderPayment? payment, int sign) =>
            payment is not null && payment.Method.StartsWith("gift", StringComparison.Ordinal) ? [new(payment.Method, payment.Amount with { Amount = sign * payment.Amount.Amount })] : [];

        private static decimal OnCards(ImmutableArray<OrderPayment> payments) =>
            payments.Where(p => p.Method.StartsWith("gift", StringComparison.Ordinal)).Sum(p => p.Kind == OrderPaymentKind.Payment ? p.Amount.Amount : -p.Amount.Amount);
    }
}
