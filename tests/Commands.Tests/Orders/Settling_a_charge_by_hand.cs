using AIaaS.Domain.Orders;
using AIaaS.Domain.Payments;
using AIaaS.Domain.Sagas;
using AIaaS.EventStore;

namespace Commands.Tests.Orders;

/// <summary>An order whose charge did not answer: somebody looked at the processor's console, and settles it on the ledger.</summary>
public sealed class Settling_a_charge_by_hand
{
    private const string Placement = "order-placement";
    private SagaShop shop = null!;
    private string order = "";

    [SetUp]
    public async Task OpenAsync()
    {
        shop = await SagaShop.OpenAsync();
        order = await shop.PlaceAsync("sandbox_timeout_before_charge", "101", "101");
        (await shop.SagaAsync(Placement, order)).Status.Should().Be(SagaStatus.Unresolved);
    }

    [TearDown]
    public async Task CloseAsync() => await shop.DisposeAsync();

    [Test]
    public async Task without_its_output_still_lets_the_order_be_cancelled()
    {
        await ResolveAsync(succeeded: true);
        (await shop.OrderAsync(order)).Status.Should().Be(OrderStatus.Pending);
        await shop.DoAsync("cancel_pending_order", new { order_id = order, reason = "no longer needed" });
        await shop.RunSagasAsync();

        // The sandbox has nothing that it could give back: that is for a person, and is not passed over.
        var saga = await shop.SagaAsync("order-cancellation", order);
        saga.Find("payment")!.State.Should().Be(SagaCallState.Succeeded);
        (await shop.StockAsync("101")).Should().Be((5, 0), "what was reserved is free again");
        saga.Parked!.Step.Should().Be("refund");
    }

    [Test]
    public async Task is_told_to_the_payment()
    {
        await ResolveAsync(succeeded: true);
        var payment = await PaymentAsync();
        (payment.Status, payment.Unknown.Count).Should().Be((PaymentStatus.Captured, 0));
        (await shop.SagaAsync(Placement, order)).Output("charge").GetProperty("payment_id").GetString().Should().Be(payment.Request!.Payment);
    }

    [Test]
    public async Task as_failed_is_told_to_the_payment_too_and_undoes_the_order()
    {
        await ResolveAsync(succeeded: false);
        var payment = await PaymentAsync();
        (payment.Status, payment.Declined!.Reason).Should().Be((PaymentStatus.Declined, "looked at the console"));
        (await shop.OrderAsync(order)).Status.Should().Be(OrderStatus.Cancelled);
        (await shop.StockAsync("101")).Should().Be((5, 0));
    }

    [Test]
    public async Task does_not_overrule_what_the_processor_says()
    {
        var id = (await PaymentAsync()).Request!.Payment;
        var seen = new ProcessorPayment("sb_1", SagaShop.Tenant, id, ProcessorStatus.Captured, "USD", 20.2m, []);
        await shop.Payments.HandleAsync(new ObservePayment(SagaShop.Tenant, id, seen, DateTimeOffset.UnixEpoch), ShopWorld.Context);
        var settle = () => ResolveAsync(succeeded: false);
        (await settle.Should().ThrowAsync<DomainException>()).Which.Error.Code.Should().Be("payment-known-otherwise");
        (await shop.SagaAsync(Placement, order)).Status.Should().Be(SagaStatus.Unresolved);
    }

    private async Task ResolveAsync(bool succeeded)
    {
        var saga = await shop.SagaAsync(Placement, order);
        await shop.Resolution.ResolveAsync(new StreamName(Saga.Stream(SagaShop.Tenant, AIaaS.Commands.Sagas.SagaStarter.IdOf(Placement, order))), saga.Last!.Request.Call, succeeded, null, "looked at the console", new(SagaShop.Tenant, "bo", "resolve"));
        await shop.RunSagasAsync();
    }

    private async Task<Payment> PaymentAsync()
    {
        var key = (await shop.SagaAsync(Placement, order)).Find("charge")!.Request.IdempotencyKey;
        return (await shop.Payments.FindAsync(SagaShop.Tenant, AIaaS.Commands.Payments.PaymentService.PaymentId(SagaShop.Tenant, key)))!.State;
    }
}
