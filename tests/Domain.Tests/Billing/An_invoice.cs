using System.Collections.Immutable;
using AIaaS.EventStore;
using Domain.Tests;

namespace AIaaS.Domain.Billing;

internal static class MadeInvoice
{
    public static readonly DateTimeOffset At = Bills.To.AddHours(2);

    public static InvoiceGenerated Generated(decimal total = 11.90m) => new(
        "i1",
        new(new("acme", "USD", new(1, Bills.From, Bills.To, Bills.From, Bills.To), [], [], [], [], null, 1), 0, -1, 0, 0, ImmutableArray<InvoiceLine>.Empty, total, 0m, 0m, total),
        Bills.Seller,
        Bills.Buyer,
        -1,
        At.AddDays(14),
        At);

    public static InvoiceNumbered Numbered() => new("i1", "INV-2026-000001", At.AddDays(14), At);

    public static InvoicePaymentAttempted Attempted(int attempt = 1) => new("i1", attempt, Invoice.PaymentId("acme", "i1", attempt), Money.Usd(11.90m), "pm_1", At);

    public static InvoicePaymentFailed Failed(int attempt, int dunning, DateTimeOffset? next) => new("i1", attempt, Invoice.PaymentId("acme", "i1", attempt), "declined", "The card was declined.", dunning, next, At);
}

public sealed class An_invoice_that_is_made : Given<Invoice>
{
    protected override object[] Events => [MadeInvoice.Generated()];

    [Test] public void is_a_draft() => State.State.Should().Be(InvoiceState.Draft);

    [Test] public void is_not_made_again() => When(i => i.Generate(new("acme", MadeInvoice.Generated(99m)))).ThenNothing();

    [Test] public void gets_a_number() => When(i => i.GiveNumber(new("acme", "i1", "INV-2026-000001", MadeInvoice.At))).Then(MadeInvoice.Numbered());

    [Test] public void is_not_paid_before_it_has_one() => When(i => i.Attempt(new("acme", "i1", "pm_1", null, MadeInvoice.At))).ThenRefused(InvoiceErrors.NotFound("i1"));
}

public sealed class An_invoice_of_nothing : Given<Invoice>
{
    protected override object[] Events => [MadeInvoice.Generated(0m)];

    [Test] public void is_paid_with_its_number() => When(i => i.GiveNumber(new("acme", "i1", "INV-2026-000001", MadeInvoice.At))).Then(MadeInvoice.Numbered(), new InvoicePaid("i1", Money.Usd(0m), null, "nothing to pay", MadeInvoice.At));
}

public sealed class An_issued_invoice : Given<Invoice>
{
    protected override object[] Events => [MadeInvoice.Generated(), MadeInvoice.Numbered()];

    [Test] public void keeps_its_number() => When(i => i.GiveNumber(new("acme", "i1", "INV-2026-000002", MadeInvoice.At))).ThenNothing();

    [Test] public void is_paid_by_an_attempt() => When(i => i.Attempt(new("acme", "i1", "pm_1", null, MadeInvoice.At))).Then(MadeInvoice.Attempted());

    [Test] public void needs_a_method() => When(i => i.Attempt(new("acme", "i1", "", null, MadeInvoice.At))).ThenRefused(InvoiceErrors.NoMethod("INV-2026-000001"));

    [Test]
    public void is_past_due_only_when_it_is_due()
    {
        When(i => i.PassDue(new("acme", "i1", MadeInvoice.At))).ThenNothing();
        When(i => i.PassDue(new("acme", "i1", MadeInvoice.At.AddDays(14)))).Then(new InvoicePastDue("i1", MadeInvoice.At.AddDays(14), MadeInvoice.At.AddDays(14)));
    }

    [Test] public void can_be_paid_in_another_way() => When(i => i.Record(new("acme", "i1", "bank transfer 7", MadeInvoice.At))).Then(new InvoicePaid("i1", Money.Usd(11.90m), null, "bank transfer 7", MadeInvoice.At));

    [Test]
    public void is_given_up_with_a_reason()
    {
        When(i => i.WriteOff(new("acme", "i1", "", "platform", MadeInvoice.At))).ThenRefused(InvoiceErrors.Invalid(["money is given up with a reason"]));
        When(i => i.WriteOff(new("acme", "i1", "closed", "platform", MadeInvoice.At))).Then(new InvoiceWrittenOff("i1", "closed", "platform", MadeInvoice.At));
    }

    [Test] public void has_nothing_to_refund() => When(i => i.Refund(new("acme", "i1", "f1", null, "goodwill", "key:k1", MadeInvoice.At))).ThenRefused(InvoiceErrors.NothingToRefund("INV-2026-000001", InvoiceState.Issued));
}

public sealed class An_invoice_whose_money_is_being_taken : Given<Invoice>
{
    protected override object[] Events => [MadeInvoice.Generated(), MadeInvoice.Numbered(), MadeInvoice.Attempted()];

    [Test] public void is_not_taken_twice() => When(i => i.Attempt(new("acme", "i1", "pm_2", null, MadeInvoice.At))).ThenNothing();

    [Test] public void is_paid_when_it_was() => When(i => i.Settle(new("acme", "i1", 1, true, null, null, MadeInvoice.At))).Then(new InvoicePaid("i1", Money.Usd(11.90m), Invoice.PaymentId("acme", "i1", 1), null, MadeInvoice.At));

    [Test] public void waits_where_nobody_knows() => When(i => i.Settle(new("acme", "i1", 1, null, null, "no answer", MadeInvoice.At))).Then(new InvoicePaymentUnsettled("i1", 1, "no answer", MadeInvoice.At));

    [Test] public void is_past_due_and_tried_again_a_day_after_a_decline() => When(i => i.Settle(new("acme", "i1", 1, false, "declined", "The card was declined.", MadeInvoice.At))).Then(MadeInvoice.Failed(1, 1, MadeInvoice.At.AddDays(1)));

    [Test] public void hears_nothing_of_another_attempt() => When(i => i.Settle(new("acme", "i1", 2, true, null, null, MadeInvoice.At))).ThenNothing();

    [Test] public void is_not_given_up_meanwhile() => When(i => i.WriteOff(new("acme", "i1", "closed", "platform", MadeInvoice.At))).ThenRefused(InvoiceErrors.IsPaying("INV-2026-000001"));
}

public sealed class An_invoice_whose_card_is_declined_again_and_again : Given<Invoice>
{
    protected override object[] Events => [MadeInvoice.Generated(), MadeInvoice.Numbered(), .. Enumerable.Range(1, 4).SelectMany(i => new object[] { MadeInvoice.Attempted(i), MadeInvoice.Failed(i, i, MadeInvoice.At.AddDays(Invoice.RetryDays[i - 1])) }), MadeInvoice.Attempted(5)];

    [Test] public void is_tried_five_times_and_then_no_more() => When(i => i.Settle(new("acme", "i1", 5, false, "declined", "The card was declined.", MadeInvoice.At))).Then(MadeInvoice.Failed(5, 5, null));

}

public sealed class A_paid_invoice : Given<Invoice>
{
    protected override object[] Events =>
    [
        MadeInvoice.Generated(), MadeInvoice.Numbered(), MadeInvoice.Attempted(), new InvoicePaid("i1", Money.Usd(11.90m), Invoice.PaymentId("acme", "i1", 1), null, MadeInvoice.At),
        new InvoiceRefundRequested("i1", "f1", Money.Usd(10m), "goodwill", "key:k1", MadeInvoice.At),
    ];

    [Test] public void is_paid_once() => When(i => i.Attempt(new("acme", "i1", "pm_1", null, MadeInvoice.At))).ThenRefused(InvoiceErrors.IsPaid("INV-2026-000001"));

    [Test]
    public void gives_back_what_is_left_and_no_more()
    {
        When(i => i.Refund(new("acme", "i1", "f2", null, "goodwill", "key:k1", MadeInvoice.At))).Then(new InvoiceRefundRequested("i1", "f2", Money.Usd(1.90m), "goodwill", "key:k1", MadeInvoice.At) { Payment = Invoice.PaymentId("acme", "i1", 1) });
        When(i => i.Refund(new("acme", "i1", "f2", Money.Usd(1.91m), "goodwill", "key:k1", MadeInvoice.At))).ThenRefused(InvoiceErrors.TooMuch("INV-2026-000001", Money.Usd(1.91m), 1.90m));
    }

    [Test]
    public void gives_back_with_a_reason_and_in_its_currency() =>
        When(i => i.Refund(new("acme", "i1", "f2", new Money(1m, "EUR"), " ", "key:k1", MadeInvoice.At))).ThenRefused(InvoiceErrors.Invalid(["money is given back with a reason", "the amount is in EUR and the invoice in USD"]));

    [Test] public void asks_for_a_refund_once() => When(i => i.Refund(new("acme", "i1", "f1", Money.Usd(10m), "goodwill", "key:k1", MadeInvoice.At))).ThenNothing();

    [Test]
    public void records_what_became_of_it_once()
    {
        When(i => i.SettleRefund(new("acme", "i1", "f1", true, null, null, MadeInvoice.At))).Then(new InvoiceRefunded("i1", "f1", Money.Usd(10m), MadeInvoice.At));
        State.Evolve(new InvoiceRefunded("i1", "f1", Money.Usd(10m), MadeInvoice.At)).SettleRefund(new("acme", "i1", "f1", true, null, null, MadeInvoice.At)).Should().Be(Decision.Unchanged);
        State.Evolve(new InvoiceRefundFailed("i1", "f1", "no", "No.", MadeInvoice.At)).Refunded.Should().Be(0m);
    }

    [Test]
    public void learns_that_a_refund_had_another_outcome()
    {
        var (given, not) = (new CorrectInvoiceRefund("acme", "i1", "f1", true, null, null, MadeInvoice.At), new CorrectInvoiceRefund("acme", "i1", "f1", false, "closed", "The card was closed.", MadeInvoice.At));
        When(i => i.CorrectRefund(not)).ThenNothing();
        var refunded = State.Evolve(new InvoiceRefunded("i1", "f1", Money.Usd(10m), MadeInvoice.At));
        refunded.CorrectRefund(given).Should().Be(Decision.Unchanged);
        refunded.CorrectRefund(not).Events.Should().Equal(new InvoiceRefundReturned("i1", "f1", Money.Usd(10m), "closed", "The card was closed.", MadeInvoice.At));
        var returned = refunded.Evolve(new InvoiceRefundReturned("i1", "f1", Money.Usd(10m), "closed", "The card was closed.", MadeInvoice.At));
        (returned.State, returned.Refunded, returned.RefundableAmount).Should().Be((InvoiceState.Paid, 0m, 11.90m));
        returned.CorrectRefund(given).Events.Should().Equal(new InvoiceRefunded("i1", "f1", Money.Usd(10m), MadeInvoice.At));
    }
}

public sealed class An_invoice_whose_payment_was_reversed : Given<Invoice>
{
    private static readonly string Payment = Invoice.PaymentId("acme", "i1", 1);

    private static readonly string Other = Invoice.PaymentId("acme", "i1", 2);

    private static readonly string Reversal = Invoice.ReversalId("acme", Payment, "re_2");

    private const string Reason = "given back by the payment processor without being asked (re_2)";

    // 1.90 was given back for good will before.
    private static readonly object[] Before =
    [
        MadeInvoice.Generated(), MadeInvoice.Numbered(), MadeInvoice.Attempted(), new InvoicePaid("i1", Money.Usd(11.90m), Payment, null, MadeInvoice.At),
        new InvoiceRefundRequested("i1", "f1", Money.Usd(1.90m), "goodwill", "key:k1", MadeInvoice.At), new InvoiceRefunded("i1", "f1", Money.Usd(1.90m), MadeInvoice.At),
    ];

    protected override object[] Events => [.. Before, .. Reversed(10m)];

    [Test]
    public void is_to_be_paid_again_and_what_was_given_on_purpose_is_not()
    {
        Of(Before).Reverse(Reverse(10m)).Events.Should().Equal(Reversed(10m));
        (State.State, State.Claim, State.RefundableAmount).Should().Be((InvoiceState.PastDue, Money.Usd(10m), 0m));
        var statement = InvoiceStatement.Of(State);
        (statement.Payment, statement.PaidAt, statement.Trouble).Should().Be((null, null, Reason));
    }

    [Test]
    public void is_to_be_paid_again_by_the_part_that_went()
    {
        var partly = Of([.. Before, .. Reversed(4m)]);
        (partly.State, partly.Claim, partly.RefundableAmount).Should().Be((InvoiceState.PastDue, Money.Usd(4m), 6m));
        partly.Attempt(new("acme", "i1", "pm_1", null, MadeInvoice.At)).Events.Should().Equal(MadeInvoice.Attempted(2) with { Amount = Money.Usd(4m) });
        partly.Record(new("acme", "i1", "bank transfer 7", MadeInvoice.At)).Events.Should().Equal(new InvoicePaid("i1", Money.Usd(4m), null, "bank transfer 7", MadeInvoice.At));
    }

    [Test]
    public void is_the_same_in_whatever_order_money_went()
    {
        object[] purpose = Before[^2..];
        var late = Of([.. Before[..^2], .. Reversed(10m), .. purpose]);
        (late.State, late.Claim, late.Kept).Should().Be((State.State, State.Claim, State.Kept));
    }

    [Test] public void can_be_given_up() => When(i => i.WriteOff(new("acme", "i1", "fraud", "platform", MadeInvoice.At))).Then(new InvoiceWrittenOff("i1", "fraud", "platform", MadeInvoice.At));

    [Test] public void has_nothing_to_refund() => When(i => i.Refund(new("acme", "i1", "f2", Money.Usd(1m), "goodwill", "key:k1", MadeInvoice.At))).ThenRefused(InvoiceErrors.TooMuch("INV-2026-000001", Money.Usd(1m), 0m));

    [Test]
    public void says_that_nothing_is_left_where_all_of_it_is_asked_for() =>
        State.Refund(new("acme", "i1", "f2", null, "goodwill", "key:k1", MadeInvoice.At)).Error!.Message.Should().Be("All that payments brought for invoice INV-2026-000001 has been given back or is on its way back.");

    [Test] public void is_reversed_once() => When(i => i.Reverse(Reverse(10m))).ThenNothing();

    [Test]
    public void is_not_charged_by_itself_after_a_decline_by_hand() =>
        Of([.. Events, MadeInvoice.Attempted(2)]).Settle(new("acme", "i1", 2, false, "declined", "The card was declined.", MadeInvoice.At)).Events.Should().Equal(MadeInvoice.Failed(2, 1, null));

    [Test]
    public void is_paid_as_before_when_the_money_comes_back()
    {
        When(i => i.CorrectRefund(Returned)).Then(CameBack, Restored);
        var restored = Of([.. Events, CameBack, Restored]);
        (restored.State, restored.Paid?.Payment, restored.RefundableAmount).Should().Be((InvoiceState.Paid, Payment, 10m));
        restored.CorrectRefund(Returned).Should().Be(Decision.Unchanged);
        Of([.. Events, new InvoiceWrittenOff("i1", "fraud", "platform", MadeInvoice.At)]).CorrectRefund(Returned).Events.Should().Equal([CameBack, Restored], "it was given up, and is paid");
    }

    [Test]
    public void is_not_paid_by_money_that_comes_back_while_another_attempt_is_under_way()
    {
        var paying = Of([.. Events, MadeInvoice.Attempted(2)]);
        paying.CorrectRefund(Returned).Events.Should().Equal(CameBack);
        paying = paying.Evolve(CameBack);
        paying.Settle(new("acme", "i1", 2, true, null, null, MadeInvoice.At)).Events.Should().Equal(new InvoicePaid("i1", Money.Usd(11.90m), Other, null, MadeInvoice.At));
        paying.Settle(new("acme", "i1", 2, false, "declined", "The card was declined.", MadeInvoice.At)).Events.Should().Equal(MadeInvoice.Failed(2, 1, null), Restored);
    }

    [Test]
    public void is_to_be_paid_again_where_more_went_while_an_attempt_was_under_way()
    {
        var attempted = Of([.. Before, .. Reversed(4m), MadeInvoice.Attempted(2) with { Amount = Money.Usd(4m) }]);
        var more = attempted.Reverse(Reverse(3m) with { Reference = "re_3" }).Events;
        more.Should().HaveCount(2);
        var then = more.Aggregate(attempted, (state, e) => state.Evolve(e));
        var paid = then.Settle(new("acme", "i1", 2, true, null, null, MadeInvoice.At)).Events;
        paid.Should().HaveCount(2).And.Subject.Last().Should().BeOfType<InvoicePaymentReversed>();
        paid.Aggregate(then, (state, e) => state.Evolve(e)).Claim.Should().Be(Money.Usd(3m));
    }

    [Test]
    public void knows_each_payment_and_what_is_left_of_it()
    {
        var again = Of([.. Events, MadeInvoice.Attempted(2) with { Amount = Money.Usd(10m) }, new InvoicePaid("i1", Money.Usd(10m), Other, null, MadeInvoice.At)]);
        again.Refund(new("acme", "i1", "f2", null, "cancelled", "key:k1", MadeInvoice.At)).Events.Should().Equal(new InvoiceRefundRequested("i1", "f2", Money.Usd(10m), "cancelled", "key:k1", MadeInvoice.At) { Payment = Other });
        again.CorrectRefund(Returned).Events.Should().Equal([CameBack], "it is paid; what came back is credit");
        again = again.Evolve(CameBack);
        var second = new ReverseInvoicePayment("acme", "i1", Payment, "re_9", Money.Usd(10m), MadeInvoice.At);
        again.Reverse(second).Events.Should().HaveCount(2, "the credit goes, and the other payment still pays it");
        again.Reverse(second with { Payment = Other }).Events.Should().HaveCount(2, "what the bank gave back to us pays it");
        again.Enter(new("acme", "i1", 1, Money.Usd(11.90m), MadeInvoice.At)).Should().Be(Decision.Unchanged, "it came in once");
    }

    [Test]
    public void is_to_be_paid_again_when_more_goes_after_it_was_given_up()
    {
        var givenUp = Of([.. Before, .. Reversed(4m), new InvoiceWrittenOff("i1", "fraud", "platform", MadeInvoice.At)]);
        givenUp.Reverse(Reverse(4m)).Events.Should().BeEmpty();
        var events = givenUp.Reverse(Reverse(6m) with { Reference = "re_3" }).Events;
        events.Should().HaveCount(3).And.Subject.Last().Should().BeOfType<InvoicePaymentReversed>();
        events.Aggregate(givenUp, (state, e) => state.Evolve(e)).State.Should().Be(InvoiceState.PastDue);
    }

    [Test]
    public void is_not_paid_for_all_by_a_later_payment_of_a_part()
    {
        var attempted = Of([.. Before, .. Reversed(4m), MadeInvoice.Attempted(2) with { Amount = Money.Usd(4m) }, MadeInvoice.Failed(2, 1, null)]);
        var more = attempted.Reverse(Reverse(6m) with { Reference = "re_3" }).Events.Aggregate(attempted, (state, e) => state.Evolve(e));
        var late = more.Enter(new("acme", "i1", 2, Money.Usd(4m), MadeInvoice.At)).Events;
        late.Should().HaveCount(2).And.Subject.Last().Should().BeOfType<InvoicePaymentReversed>();
        late.Aggregate(more, (state, e) => state.Evolve(e)).Due.Should().Be(Money.Usd(6m));
    }

    [Test]
    public void is_due_without_the_credit_that_it_was_paid_with()
    {
        var paid = Of([MadeInvoice.Generated(), MadeInvoice.Numbered(), MadeInvoice.Attempted() with { Amount = Money.Usd(10m) }, new InvoicePaid("i1", Money.Usd(10m), Payment, null, MadeInvoice.At)]);
        paid.Due.Should().Be(Money.Usd(0m));
        var reversed = paid.Reverse(Reverse(3m)).Events.Aggregate(paid, (state, e) => state.Evolve(e));
        (reversed.Due, reversed.Claim).Should().Be((Money.Usd(3m), Money.Usd(4.90m)));
        reversed.Attempt(new("acme", "i1", "pm_1", null, MadeInvoice.At) { Credit = 1.90m }).Events.Should().Equal(MadeInvoice.Attempted(2) with { Amount = Money.Usd(3m) });
    }

    [Test]
    public void was_reversed_before_the_invoice_could_tell()
    {
        var old = Of([.. Before, .. Reversed(10m)[..2]]);
        old.State.Should().Be(InvoiceState.Paid);
        old.Reverse(Reverse(10m)).Events.Should().Equal(Reversed(10m)[2]);
    }

    private static Invoice Of(object[] events) => events.Aggregate(Invoice.Initial, (state, e) => state.Evolve(e));

    private static CorrectInvoiceRefund Returned => new("acme", "i1", Reversal, false, "returned", "The bank decided for the seller.", MadeInvoice.At);

    private static InvoiceRefundReturned CameBack => new("i1", Reversal, Money.Usd(10m), "returned", "The bank decided for the seller.", MadeInvoice.At);

    private static InvoicePaymentRestored Restored => new("i1", MadeInvoice.At, MadeInvoice.At);

    private static ReverseInvoicePayment Reverse(decimal amount) => new("acme", "i1", Payment, "re_2", Money.Usd(amount), MadeInvoice.At);

    private static DomainEvent[] Reversed(decimal amount) =>
    [
        new InvoiceRefundRequested("i1", Reversal, Money.Usd(amount), Reason, "payment-processor", MadeInvoice.At) { Payment = Payment },
        new InvoiceRefunded("i1", Reversal, Money.Usd(amount), MadeInvoice.At),
        new InvoicePaymentReversed("i1", Reason, MadeInvoice.At),
    ];
}

public sealed class An_invoice_whose_declined_attempt_took_the_money : Given<Invoice>
{
    private static readonly EnterLatePayment Late = new("acme", "i1", 1, Money.Usd(11.90m), MadeInvoice.At);

    private static readonly InvoicePaid Paid = new("i1", Money.Usd(11.90m), Invoice.PaymentId("acme", "i1", 1), null, MadeInvoice.At);

    protected override object[] Events => [MadeInvoice.Generated(), MadeInvoice.Numbered(), MadeInvoice.Attempted(), MadeInvoice.Failed(1, 1, MadeInvoice.At.AddDays(1))];

    [Test]
    public void is_paid_by_it_once()
    {
        When(i => i.Enter(Late)).Then(Paid);
        State.Evolve(Paid).Enter(Late).Should().Be(Decision.Unchanged);
    }

    [Test] public void waits_for_another_attempt_that_is_under_way() => State.Evolve(MadeInvoice.Attempted(2)).Enter(Late).Should().Be(Decision.Unchanged);

    [Test]
    public void has_credit_of_it_where_another_has_paid()
    {
        var other = new InvoicePaid("i1", Money.Usd(11.90m), null, "bank transfer 7", MadeInvoice.At);
        var paid = State.Evolve(other);
        paid.Enter(Late).Events.Should().Equal(Paid);
        var both = paid.Evolve(Paid);
        (both.State, both.Paid, both.Needed, both.RefundableAmount).Should().Be((InvoiceState.Paid, other, 11.90m, 11.90m));
        var refunded = both.Evolve(new InvoiceRefundRequested("i1", "f1", Money.Usd(11.90m), "paid twice", "platform", MadeInvoice.At) { Payment = Paid.Payment }).Evolve(new InvoiceRefunded("i1", "f1", Money.Usd(11.90m), MadeInvoice.At));
        refunded.Kept.Should().Be(11.90m, "what was paid twice and went back does not pay it");
        both.Reverse(new("acme", "i1", Paid.Payment!, "re_1", Money.Usd(11.90m), MadeInvoice.At)).Events.Should().HaveCount(2, "the transfer still pays it");
    }
}

public sealed class A_billing_calendar : Given<BillingCalendar>
{
    protected override object[] Events => [new BillingPeriodScheduled(Bills.From, Bills.To, Bills.To.AddHours(1), Bills.From)];

    [Test] public void schedules_a_period_once() => When(c => c.Schedule(new("acme", Bills.From, Bills.To, Bills.To.AddHours(1), Bills.To))).ThenNothing();

    [Test]
    public void moves_the_timer_when_the_period_changes()
    {
        var end = Bills.To.AddDays(-3);
        When(c => c.Schedule(new("acme", Bills.From, end, end, Bills.From))).Then(new BillingPeriodScheduled(Bills.From, end, end, Bills.From), new TimerScheduled(BillingCalendar.CloseTimer, end));
    }

    [Test]
    public void closes_a_period_once()
    {
        var closed = new BillingPeriodClosed(Bills.From, Bills.To, "i1", 5, Bills.To);
        When(c => c.Close(new("acme", Bills.From, Bills.To, "i1", 5, Bills.To))).Then(closed);
        State.Evolve(closed).Close(new("acme", Bills.From, Bills.To, "i1", 9, Bills.To)).Should().Be(Decision.Unchanged);
        State.Evolve(closed).Next.Should().BeNull();
    }
}

/// <summary>What may stand at the top of an invoice.</summary>
public sealed class Branding_an_invoice
{
    private static readonly byte[] Png = [0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10, 0, 0, 0, 13, (byte)'I', (byte)'H', (byte)'D', (byte)'R', 0, 0, 0, 8, 0, 0, 0, 8, 8];

    [Test]
    public void takes_a_name_a_colour_a_footer_and_a_picture() =>
        new Branding { Name = "Acme", Colour = "#1a4F8b", Footer = "Thank you.\nBank: 1", Logo = new("image/png", Png) }.Faults().Should().BeEmpty();

    [Test]
    public void refuses_all_that_is_wrong_at_once() =>
        new Branding { Name = new('x', 300), Colour = "red", Footer = "\u0001", Logo = new("image/svg+xml", [1]) }.Faults().Should().HaveCount(4);

    [Test]
    public void refuses_what_is_no_picture_or_too_large()
    {
        new Branding { Logo = new("image/jpeg", Png) }.Faults().Should().ContainSingle();
        new Branding { Logo = new("image/png", new byte[300 * 1024]) }.Faults().Should().ContainSingle();
        var wide = Png.ToArray();
        wide[18] = 0x7F;
        new Branding { Logo = new("image/png", wide) }.Faults().Should().ContainSingle().Which.Should().Contain("pixels");
    }
}
