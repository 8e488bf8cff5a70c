using AIaaS.Domain;
using AIaaS.Domain.Payments;

namespace Domain.Tests.Payments;

internal static class Some
{
    public static readonly DateTimeOffset At = new(2026, 1, 31, 9, 30, 0, TimeSpan.Zero);

    public static PaymentRequested Requested(PaymentOperation operation = PaymentOperation.Charge, decimal amount = 100) =>
        new("p1", operation, Money.Usd(amount), "pm_card_visa", "c1", null, null, "sandbox", "k1", At);

    public static RequestPayment Request(decimal amount = 100, string currency = "USD", string method = "pm_card_visa") =>
        new("acme", "p1", PaymentOperation.Charge, new(amount, currency), method, "c1", null, null, "sandbox", "k1", At);

    public static PaymentCaptured Captured(decimal amount = 100) => new("sb_1", Money.Usd(amount), false, At);

    public static RequestRefund Refund(decimal? amount, string id = "f1", string currency = "USD") => new("acme", "p1", id, amount is { } a ? new Money(a, currency) : null, null, "key-" + id, At);

    public static ProcessorPayment Seen(ProcessorStatus status, decimal captured = 0, params ProcessorRefund[] refunds) => new("sb_1", "acme", "p1", status, "USD", captured, [.. refunds]);

    public static Payment After(params IEnumerable<object> events) => events.Aggregate(Payment.Initial, (state, e) => state.Evolve(e));

    public static Payment Told(Payment payment, ProcessorPayment seen)
    {
        var decision = payment.Observe(new("acme", "p1", seen, At));
        decision.Error.Should().BeNull();
        return decision.Events.Aggregate(payment, (state, e) => state.Evolve(e));
    }
}

public sealed class Asking_for_money
{
    [Test]
    public void records_the_request() => Payment.Initial.Ask(Some.Request()).Events.Should().Equal(Some.Requested());

    [TestCase(0, "USD")]
    [TestCase(-1, "USD")]
    [TestCase(0.001, "USD")]
    [TestCase(1.5, "JPY")]
    [TestCase(1.2345, "KWD")]
    [TestCase(1_000_000, "USD")]
    [TestCase(10, "usd")]
    [TestCase(10, "XYZ")]
    public void refuses_amounts_that_the_currency_does_not_have(decimal amount, string currency) =>
        Payment.Initial.Ask(Some.Request(amount, currency)).Error!.Code.Should().Be("payment-invalid");

    [TestCase(0.01, "USD")]
    [TestCase(500, "JPY")]
    [TestCase(1.234, "KWD")]
    [TestCase(999_999.99, "USD")]
    public void takes_amounts_that_it_has(decimal amount, string currency) => Payment.Initial.Ask(Some.Request(amount, currency)).Error.Should().BeNull();

    [TestCase("5555555555554444")]
    [TestCase("5105-1051-0510-5100")]
    public void refuses_card_numbers_so_that_none_is_recorded(string number) => Payment.Initial.Ask(Some.Request(method: number)).Error!.Message.Should().Contain("card number").And.NotContain(number);

    [Test]
    public void again_changes_nothing() => Some.After(Some.Requested()).Ask(Some.Request(100.00m) with { At = Some.At.AddDays(1) }).Events.Should().BeEmpty();

    [Test]
    public void again_for_another_amount_is_refused() => Some.After(Some.Requested()).Ask(Some.Request(101)).Error.Should().Be(PaymentErrors.KeyReused());
}

public sealed class Giving_money_back : Given<Payment>
{
    protected override object[] Events => [Some.Requested(), Some.Captured(), new PaymentRefundRequested("f0", Money.Usd(60), null, "k0", Some.At)];

    [Test]
    public void of_which_a_part_is_on_its_way_leaves_only_the_rest() => When(p => p.Ask(Some.Refund(41))).ThenRefused(PaymentErrors.MoreThanLeft(Money.Usd(41), Money.Usd(40)));

    [Test]
    public void without_an_amount_gives_the_rest() => When(p => p.Ask(Some.Refund(null))).Then(new PaymentRefundRequested("f1", Money.Usd(40), null, "key-f1", Some.At));

    [Test]
    public void in_another_currency_is_refused() => When(p => p.Ask(Some.Refund(1, currency: "EUR"))).Decision.Error!.Code.Should().Be("payment-invalid");

    [TestCase(0)]
    [TestCase(-5)]
    [TestCase(0.001)]
    public void of_an_impossible_amount_is_refused(decimal amount) => When(p => p.Ask(Some.Refund(amount))).Decision.Error!.Code.Should().Be("payment-invalid");

    [Test]
    public void again_changes_nothing() => When(p => p.Ask(Some.Refund(60, "f0"))).ThenNothing();
}

public sealed class A_payment_of_an_invoice : Given<Payment>
{
    protected override object[] Events => [Some.Requested() with { Key = "invoice/i1/attempt/1" }, Some.Captured()];

    [Test]
    public void is_given_back_by_the_invoice() => When(p => p.Ask(Some.Refund(1) with { Key = "invoice/i1/refund/f1" })).Decision.Events.Should().ContainSingle();

    [Test]
    public void is_given_back_in_no_other_way() => When(p => p.Ask(Some.Refund(1))).ThenRefused(PaymentErrors.OfInvoice("p1"));
}

public sealed class A_payment_that_was_not_taken : Given<Payment>
{
    protected override object[] Events => [Some.Requested(PaymentOperation.Authorize), new PaymentAuthorized("sb_1", Money.Usd(100), Some.At)];

    [Test]
    public void gives_nothing_back() => When(p => p.Ask(Some.Refund(1))).ThenRefused(PaymentErrors.NotCaptured("p1", PaymentStatus.Authorized));

    [Test]
    public void is_not_captured_for_more_than_is_held() => When(p => p.Ask(new RequestCapture("acme", "p1", Money.Usd(101), "k2", Some.At))).ThenRefused(PaymentErrors.MoreThanHeld(Money.Usd(100)));

    [Test]
    public void is_voided_once_asked() => When(p => p.Ask(new RequestVoid("acme", "p1", "k2", Some.At))).Then(new PaymentVoidRequested("k2", Some.At));
}

public sealed class A_payment_that_nobody_knows_of : Given<Payment>
{
    protected override object[] Events => [Some.Requested(), new PaymentUnknown(PaymentOperation.Charge, null, "no answer", Some.At)];

    [Test]
    public void is_unknown() => State.Status.Should().Be(PaymentStatus.Unknown);

    [Test]
    public void is_settled_by_a_webhook_that_tells_of_the_charge() => Some.Told(State, Some.Seen(ProcessorStatus.Captured, 100)).Status.Should().Be(PaymentStatus.Captured);

    [Test]
    public void is_settled_by_a_webhook_that_tells_of_a_decline() => Some.Told(State, Some.Seen(ProcessorStatus.Declined)).Status.Should().Be(PaymentStatus.Declined);

    [Test]
    public void takes_no_word_in_another_currency() =>
        State.Observe(new("acme", "p1", Some.Seen(ProcessorStatus.Captured, 100) with { Currency = "EUR" }, Some.At)).Error!.Code.Should().Be("payment-contradiction");

    [Test]
    public void takes_no_word_of_more_than_was_asked_for() =>
        State.Observe(new("acme", "p1", Some.Seen(ProcessorStatus.Captured, 100.01m), Some.At)).Error!.Code.Should().Be("payment-contradiction");
}

public sealed class Settling_a_refund_by_hand
{
    private static readonly Payment Open = Some.After(Some.Requested(), Some.Captured(), new PaymentRefundRequested("f1", Money.Usd(30), null, "key-f1", Some.At), new PaymentUnknown(PaymentOperation.Refund, "f1", "no answer", Some.At));

    [Test]
    public void counts_it_as_given_back()
    {
        var settled = Settled(succeeded: true);
        (settled.Refunded, settled.Refundable, settled.Unknown.Count).Should().Be((30, 70, 0));
    }

    [Test]
    public void counts_it_once_when_the_processor_tells_of_it_later() =>
        Some.Told(Settled(succeeded: true), Some.Seen(ProcessorStatus.Captured, 100, new ProcessorRefund("re_1", "f1", 30, ProcessorRefundStatus.Done))).Refunded.Should().Be(30);

    [Test]
    public void is_overruled_when_the_processor_says_that_it_failed() =>
        Some.Told(Settled(succeeded: true), Some.Seen(ProcessorStatus.Captured, 100, new ProcessorRefund("re_1", "f1", 30, ProcessorRefundStatus.Failed))).Refunded.Should().Be(0);

    [Test]
    public void as_failed_leaves_the_money_to_be_given_back() => Settled(succeeded: false).Refundable.Should().Be(100);

    [Test]
    public void again_changes_nothing() => Settled(succeeded: true).Resolved(Found(succeeded: true)).Events.Should().BeEmpty();

    [Test]
    public void otherwise_than_it_was_settled_is_refused() => Settled(succeeded: true).Resolved(Found(succeeded: false)).Error!.Code.Should().Be("payment-known-otherwise");

    private static ResolvePayment Found(bool succeeded) => new("acme", "p1", PaymentOperation.Refund, "f1", succeeded, "looked", Some.At);

    private static Payment Settled(bool succeeded) => Open.Resolved(Found(succeeded)).Events.Aggregate(Open, (state, e) => state.Evolve(e));
}
