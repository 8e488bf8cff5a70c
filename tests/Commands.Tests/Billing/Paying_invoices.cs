using System.Collections.Immutable;
using AIaaS.Domain;
using AIaaS.Domain.Billing;
using AIaaS.Domain.Payments;
using AIaaS.EventStore;

namespace Commands.Tests.Billing;

/// <summary>The way of an invoice from issue to payment, and back.</summary>
public sealed class Paying_invoices
{
    private static readonly string Id = Invoice.IdOf(BillingWorld.Tenant, BillingWorld.February.AddMonths(-1));

    private BillingWorld world = null!;

    [SetUp]
    public async Task Open() => world = await BillingWorld.OpenAsync();

    [TearDown]
    public async Task Close() => await world.DisposeAsync();

    [Test]
    public async Task Takes_the_money_at_once_by_the_subscriptions_method()
    {
        var invoice = await IssueAsync("pm_card_visa");
        invoice.State.Should().Be(InvoiceState.Paid);
        invoice.Attempts.Should().Be(1);
        (await world.Payments.FindAsync(BillingWorld.Tenant, invoice.Paid!.Payment!))!.State.Captured.Should().Be(49m);
    }

    [Test]
    public async Task Tries_a_declined_card_again_after_1_3_5_and_7_days_and_then_no_more()
    {
        var invoice = await IssueAsync("pm_card_visa_chargeDeclined");
        (invoice.State, invoice.Attempts, invoice.Failure!.Dunning).Should().Be((InvoiceState.PastDue, 1, 1));
        var attempts = 1;
        foreach (var days in Invoice.RetryDays)
        {
            world.Time.Advance(TimeSpan.FromDays(days) - TimeSpan.FromHours(1));
            await world.SettleAsync();
            (await world.InvoiceAsync(Id)).Attempts.Should().Be(attempts, "it is not the time yet");
            world.Time.Advance(TimeSpan.FromHours(1));
            await world.SettleAsync();
            invoice = await world.InvoiceAsync(Id);
            (invoice.State, invoice.Attempts, invoice.Failure!.Dunning).Should().Be((InvoiceState.PastDue, ++attempts, attempts));
        }

        invoice.Failure!.NextAttempt.Should().BeNull();
        world.Time.Advance(TimeSpan.FromDays(20));
        await world.SettleAsync();
        (await world.InvoiceAsync(Id)).Attempts.Should().Be(5);
    }

    [Test]
    public async Task Takes_the_new_card_when_the_old_one_was_declined()
    {
        await IssueAsync("pm_card_visa_chargeDeclined");
        await world.WriteAsync(Subscription.Stream(BillingWorld.Tenant), new BillingConfigured(new() { PaymentMethod = "pm_card_visa" }, null, world.Time.GetUtcNow()));
        world.Time.Advance(TimeSpan.FromDays(1));
        await world.SettleAsync();
        (await world.InvoiceAsync(Id)).State.Should().Be(InvoiceState.Paid);
    }

    [Test]
    public async Task Is_paid_by_hand_once()
    {
        await IssueAsync("pm_card_visa_chargeDeclined");
        (await world.Collector.TakeAsync(BillingWorld.Tenant, Id, "pm_card_visa", null, BillingWorld.Context)).State.State.Should().Be(InvoiceState.Paid);
        world.Time.Advance(TimeSpan.FromDays(30));
        await world.SettleAsync();
        var invoice = await world.InvoiceAsync(Id);
        (invoice.State, invoice.Attempts).Should().Be((InvoiceState.Paid, 2));
        (await FluentActions.Invoking(() => world.Collector.TakeAsync(BillingWorld.Tenant, Id, "pm_card_visa", null, BillingWorld.Context)).Should().ThrowAsync<DomainException>()).Which.Error.Code.Should().Be("invoice-paid");
    }

    [Test]
    public async Task Without_a_method_waits_until_it_is_due()
    {
        var invoice = await IssueAsync(null);
        (invoice.State, invoice.Attempts).Should().Be((InvoiceState.Issued, 0));
        world.Time.Advance(TimeSpan.FromDays(14));
        await world.SettleAsync();
        (await world.InvoiceAsync(Id)).State.Should().Be(InvoiceState.PastDue);
    }

    [Test]
    public async Task Settles_a_charge_whose_answer_did_not_come()
    {
        var invoice = await IssueAsync("sandbox_timeout_after_charge");
        invoice.State.Should().Be(InvoiceState.Paid, "the processor is asked what became of it");
    }

    [Test]
    public async Task Looks_up_again_what_nobody_knows()
    {
        var invoice = await IssueAsync("sandbox_timeout_before_charge");
        (invoice.State, invoice.Attempts).Should().Be((InvoiceState.Paying, 1));
        world.Time.Advance(TimeSpan.FromMinutes(15));
        await world.SettleAsync();
        invoice = await world.InvoiceAsync(Id);
        (invoice.State, invoice.Attempts, invoice.Failure!.Code).Should().Be((InvoiceState.PastDue, 1, "not-done"), "the processor has nothing of it");
    }

    [Test]
    public async Task Is_paid_by_an_attempt_that_counted_as_failed_and_did_take_the_money()
    {
        await IssueAsync("sandbox_timeout_before_charge");
        world.Time.Advance(TimeSpan.FromMinutes(15));
        await world.SettleAsync();
        (await world.InvoiceAsync(Id)).Failure!.Code.Should().Be("not-done");
        await CapturedAsync(Invoice.PaymentId(BillingWorld.Tenant, Id, 1));
        await world.SettleAsync();
        var invoice = await world.InvoiceAsync(Id);
        (invoice.State, invoice.Paid?.Payment).Should().Be((InvoiceState.Paid, Invoice.PaymentId(BillingWorld.Tenant, Id, 1)));
        world.Time.Advance(TimeSpan.FromDays(30));
        await world.SettleAsync();
        (await world.InvoiceAsync(Id)).Attempts.Should().Be(1, "it is not charged a second time");
    }

    [Test]
    public async Task Has_credit_of_what_an_attempt_took_that_counted_as_failed_when_another_has_paid([Values] bool whileTheOtherIsUnderWay)
    {
        await IssueAsync("sandbox_timeout_before_charge");
        world.Time.Advance(TimeSpan.FromMinutes(15));
        await world.SettleAsync();
        var first = Invoice.PaymentId(BillingWorld.Tenant, Id, 1);
        if (whileTheOtherIsUnderWay)
        {
            await world.Invoices.HandleAsync(new AttemptInvoicePayment(BillingWorld.Tenant, Id, "pm_card_visa", null, world.Time.GetUtcNow()), BillingWorld.Context);
            await CapturedAsync(first);
            await world.SettleAsync();
            (await world.InvoiceAsync(Id)).State.Should().Be(InvoiceState.Paying, "the other one may yet fail");
            await world.Collector.TakeAsync(BillingWorld.Tenant, Id, null, null, BillingWorld.Context);
        }
        else
        {
            await world.Collector.TakeAsync(BillingWorld.Tenant, Id, "pm_card_visa", null, BillingWorld.Context);
            await CapturedAsync(first);
        }

        await world.SettleAsync();
        var invoice = await world.InvoiceAsync(Id);
        (invoice.State, invoice.Paid?.Payment).Should().Be((InvoiceState.Paid, Invoice.PaymentId(BillingWorld.Tenant, Id, 2)));
        invoice.Received.Select(p => (p.Payment, p.Amount)).Should().Equal((invoice.Paid!.Payment, Money.Usd(49m)), (first, Money.Usd(49m)));
        (await new Corrector(world).BalanceAsync()).Should().Be(-49m);
    }

    [Test]
    public async Task Goes_on_with_an_attempt_by_hand_whose_process_ended()
    {
        await IssueAsync(null);
        await world.Invoices.HandleAsync(new AttemptInvoicePayment(BillingWorld.Tenant, Id, "pm_card_visa", null, world.Time.GetUtcNow()), BillingWorld.Context);
        await world.SettleAsync();
        (await world.InvoiceAsync(Id)).State.Should().Be(InvoiceState.Paying);
        world.Time.Advance(TimeSpan.FromMinutes(15));
        await world.SettleAsync();
        var invoice = await world.InvoiceAsync(Id);
        (invoice.State, invoice.Attempts).Should().Be((InvoiceState.Paid, 1));
        (await world.Payments.FindAsync(BillingWorld.Tenant, invoice.Paid!.Payment!))!.State.Captured.Should().Be(49m);
    }

    [Test]
    public async Task Enters_what_the_processor_gave_back_unasked_once()
    {
        var invoice = await IssueAsync("pm_card_visa");
        await GivenBackAsync(invoice.Paid!.Payment!);
        await world.SettleAsync();
        await GivenBackAsync(invoice.Paid.Payment!);
        await world.SettleAsync();
        invoice = await world.InvoiceAsync(Id);
        invoice.Refunds.Should().ContainSingle().Which.Should().Match<InvoiceRefund>(r => r.Amount == Money.Usd(20m) && r.Given == true && r.Actor == "payment-processor");
        (await FluentActions.Invoking(() => world.Collector.RefundAsync(BillingWorld.Tenant, Id, "f1", Money.Usd(30m), "goodwill", BillingWorld.Context)).Should().ThrowAsync<DomainException>()).Which.Error.Code.Should().Be("refund-too-large");
    }

    [Test]
    public async Task Enters_what_the_processor_gave_back_before_the_invoice_knew_that_it_was_paid()
    {
        await IssueAsync(null);
        var begun = await world.Invoices.HandleAsync(new AttemptInvoicePayment(BillingWorld.Tenant, Id, "pm_card_visa", null, world.Time.GetUtcNow()), BillingWorld.Context);
        var open = begun.State.Open!;
        await world.Payments.RequestAsync(new(PaymentOperation.Charge, open.Amount, open.Method, null, null, $"Invoice {begun.State.Number}"), BillingWorld.Context with { IdempotencyKey = Invoice.PaymentKey(Id, 1) });
        await GivenBackAsync(open.Payment);
        await world.SettleAsync();
        world.Time.Advance(TimeSpan.FromMinutes(15));
        await world.SettleAsync();
        var invoice = await world.InvoiceAsync(Id);
        (invoice.State, invoice.Refunded, invoice.Claim).Should().Be((InvoiceState.PastDue, 20m, Money.Usd(20m)));
    }

    [Test]
    public async Task Is_to_be_paid_again_where_the_processor_gave_all_of_it_back()
    {
        var invoice = await IssueAsync("pm_card_visa");
        var first = invoice.Paid!.Payment!;
        await GivenBackAsync(first, 49m);
        await world.SettleAsync();
        invoice = await world.InvoiceAsync(Id);
        (invoice.State, invoice.Attempts).Should().Be((InvoiceState.PastDue, 1), "a card whose owner complained is not charged again by itself");
        world.Time.Advance(TimeSpan.FromDays(30));
        await world.SettleAsync();
        (await world.InvoiceAsync(Id)).Attempts.Should().Be(1);
        (await world.Collector.TakeAsync(BillingWorld.Tenant, Id, "pm_card_visa_chargeDeclined", null, BillingWorld.Context)).State.State.Should().Be(InvoiceState.PastDue);
        world.Time.Advance(TimeSpan.FromDays(30));
        await world.SettleAsync();
        (await world.InvoiceAsync(Id)).Attempts.Should().Be(2);
        invoice = (await world.Collector.TakeAsync(BillingWorld.Tenant, Id, "pm_card_mastercard", null, BillingWorld.Context)).State;
        (invoice.State, invoice.Attempts).Should().Be((InvoiceState.Paid, 3));
        invoice.Paid!.Payment.Should().NotBe(first);
        await world.Collector.RefundAsync(BillingWorld.Tenant, Id, "f1", null, "cancelled", BillingWorld.Context);
        await world.SettleAsync();
        (await world.Payments.FindAsync(BillingWorld.Tenant, invoice.Paid.Payment!))!.State.Refunded.Should().Be(49m);
        (await world.InvoiceAsync(Id)).State.Should().Be(InvoiceState.Paid, "whoever gives back on purpose does not want it again");
    }

    [Test]
    public async Task Is_not_charged_by_a_retry_of_before_its_payment_was_taken_back()
    {
        await IssueAsync("pm_card_visa_chargeDeclined");
        await CapturedAsync(Invoice.PaymentId(BillingWorld.Tenant, Id, 1));
        await world.SettleAsync();
        await GivenBackAsync(Invoice.PaymentId(BillingWorld.Tenant, Id, 1), 49m);
        await world.SettleAsync();
        (await world.InvoiceAsync(Id)).State.Should().Be(InvoiceState.PastDue);
        var saga = "";
        await foreach (var recorded in world.Store.ReadAllAsync(filter: EventFilter.Types("billing.payment.planned")))
        {
            saga = recorded.Stream;
        }

        await world.WriteAsync(saga, new TimerScheduled("next-attempt", world.Time.GetUtcNow()));
        await world.SettleAsync();
        (await world.InvoiceAsync(Id)).Attempts.Should().Be(1);
    }

    [Test]
    public async Task Is_paid_as_before_when_the_bank_decided_for_us()
    {
        var invoice = await IssueAsync("pm_card_visa");
        await GivenBackAsync(invoice.Paid!.Payment!, 49m);
        await world.SettleAsync();
        await GivenBackAsync(invoice.Paid.Payment!, 49m, ProcessorRefundStatus.Failed);
        await world.SettleAsync();
        var restored = await world.InvoiceAsync(Id);
        (restored.State, restored.Paid, restored.RefundableAmount).Should().Be((InvoiceState.Paid, invoice.Paid, 49m));
    }

    [Test]
    public async Task Refuses_a_refund_of_what_the_processor_gave_back_before()
    {
        var invoice = await IssueAsync("pm_card_visa");
        await GivenBackAsync(invoice.Paid!.Payment!, 49m);
        var refunded = await world.Collector.RefundAsync(BillingWorld.Tenant, Id, "f1", Money.Usd(9m), "goodwill", BillingWorld.Context);
        refunded.State.Refunds.Should().ContainSingle().Which.Given.Should().BeFalse("it does not stay open for ever");
        await world.SettleAsync();
        (await world.InvoiceAsync(Id)).Claim.Should().Be(Money.Usd(49m));
    }

    [Test]
    public async Task Learns_that_a_refund_did_not_arrive([Values] bool isKnownBeforeTheInvoiceIs)
    {
        var invoice = await IssueAsync("pm_card_visa");
        var payment = invoice.Paid!.Payment!;
        if (isKnownBeforeTheInvoiceIs)
        {
            // The refund is asked for and made, and fails, and only then whoever asked comes to record that it was made.
            await world.Invoices.HandleAsync(new RefundInvoice(BillingWorld.Tenant, Id, "f1", Money.Usd(9m), "goodwill", "key:k1", world.Time.GetUtcNow()), BillingWorld.Context);
            await world.Payments.RefundAsync(payment, Money.Usd(9m), "goodwill", BillingWorld.Context with { IdempotencyKey = $"invoice/{Id}/refund/f1" });
            await NotArrivedAsync(payment);
            await world.Invoices.HandleAsync(new SettleInvoiceRefund(BillingWorld.Tenant, Id, "f1", true, null, null, world.Time.GetUtcNow()), BillingWorld.Context);
        }
        else
        {
            await world.Collector.RefundAsync(BillingWorld.Tenant, Id, "f1", Money.Usd(9m), "goodwill", BillingWorld.Context);
            await world.SettleAsync();
            (await world.InvoiceAsync(Id)).Refunded.Should().Be(9m);
            await NotArrivedAsync(payment);
        }

        await world.SettleAsync();
        invoice = await world.InvoiceAsync(Id);
        (invoice.State, invoice.Refunded, invoice.RefundableAmount).Should().Be((InvoiceState.Paid, 0m, 49m));
        invoice.Refunds.Should().ContainSingle().Which.Trouble.Should().Be("The card was closed. (closed)");
    }

    [Test]
    public async Task Is_not_refunded_behind_the_invoices_back()
    {
        var invoice = await IssueAsync("pm_card_visa");
        var refund = () => world.Payments.RefundAsync(invoice.Paid!.Payment!, Money.Usd(1m), "mine", BillingWorld.Context with { IdempotencyKey = "http/acme/r1" });
        (await refund.Should().ThrowAsync<DomainException>()).Which.Error.Code.Should().Be("payment-of-invoice");
    }

    [Test]
    public async Task Pays_with_nothing_where_nothing_is_owed()
    {
        await world.SubscribeAsync(new() { Discounts = [new(100m, null, BillingWorld.February.AddMonths(-1), null, "Free")], PaymentMethod = "pm_card_visa" });
        world.Time.Advance(TimeSpan.FromDays(1));
        await world.SettleAsync();
        var invoice = await world.InvoiceAsync(Id);
        (invoice.State, invoice.Attempts).Should().Be((InvoiceState.Paid, 0));
    }

    [Test]
    public async Task Gives_back_a_part_and_then_the_rest_with_reason_and_actor()
    {
        await IssueAsync("pm_card_visa");
        await world.Collector.RefundAsync(BillingWorld.Tenant, Id, "f1", Money.Usd(9m), "goodwill", BillingWorld.Context);
        await world.Collector.RefundAsync(BillingWorld.Tenant, Id, "f2", null, "cancelled", BillingWorld.Context);
        await world.SettleAsync();
        var invoice = await world.InvoiceAsync(Id);
        invoice.Refunds.Select(r => (r.Amount.Amount, r.Reason, r.Actor, r.Given)).Should().Equal((9m, "goodwill", "key:k1", true), (40m, "cancelled", "key:k1", true));
        (await world.Payments.FindAsync(BillingWorld.Tenant, invoice.Paid!.Payment!))!.State.Status.Should().Be(PaymentStatus.Refunded);
        (await FluentActions.Invoking(() => world.Collector.RefundAsync(BillingWorld.Tenant, Id, "f3", Money.Usd(1m), "more", BillingWorld.Context)).Should().ThrowAsync<DomainException>()).Which.Error.Code.Should().Be("refund-too-large");
    }

    [Test]
    public async Task Says_that_a_refund_was_declined()
    {
        await IssueAsync("sandbox_refund_declined");
        var refunded = await world.Collector.RefundAsync(BillingWorld.Tenant, Id, "f1", null, "goodwill", BillingWorld.Context);
        refunded.State.Refunds[0].Given.Should().BeFalse();
        refunded.State.Refunded.Should().Be(0m);
    }

    [Test]
    public async Task Goes_on_with_a_refund_whose_process_ended()
    {
        await IssueAsync("pm_card_visa");
        await world.Invoices.HandleAsync(new RefundInvoice(BillingWorld.Tenant, Id, "f1", null, "goodwill", "key:k1", world.Time.GetUtcNow()), BillingWorld.Context);
        await world.SettleAsync();
        (await world.InvoiceAsync(Id)).Refunds[0].Given.Should().BeTrue();
    }

    [Test]
    public async Task Takes_the_money_once_however_often_the_process_ends()
    {
        await world.SubscribeAsync(new() { PaymentMethod = "pm_card_visa" });
        world.Time.Advance(TimeSpan.FromDays(1));
        await world.Desk.CloseAsync(BillingWorld.Tenant, null, BillingWorld.Context);
        var random = new Random(99);
        for (var isDone = false; !isDone;)
        {
            try
            {
                await world.Again(new DyingLog(world.Store, random, 0.2)).SettleAsync();
                isDone = true;
            }
            catch (KilledException)
            {
                // The next process goes on.
            }
        }

        var invoice = await world.InvoiceAsync(Id);
        (invoice.State, invoice.Attempts).Should().Be((InvoiceState.Paid, 1));
        List<string> payments = [];
        await foreach (var recorded in world.Store.ReadAllAsync(filter: EventFilter.Types("payment.requested")))
        {
            payments.Add(recorded.Stream);
        }

        payments.Should().ContainSingle();
    }

    /// <summary>The processor tells that it gave money back without being asked, or that this came back.</summary>
    private Task GivenBackAsync(string payment, decimal amount = 20m, ProcessorRefundStatus status = ProcessorRefundStatus.Done) => SeenAsync(payment, new ProcessorRefund("dispute-1", null, amount, status));

    /// <summary>The processor tells that the one refund that was asked for did not arrive.</summary>
    private async Task NotArrivedAsync(string payment)
    {
        var given = (await world.Payments.FindAsync(BillingWorld.Tenant, payment))!.State.Refunds.Values.Single();
        await SeenAsync(payment, new ProcessorRefund(given.Reference, given.Refund, given.Amount.Amount, ProcessorRefundStatus.Failed, "closed", "The card was closed."));
    }

    /// <summary>The processor tells that it took the money.</summary>
    private Task CapturedAsync(string payment) => SeenAsync(payment);

    private async Task SeenAsync(string payment, params ImmutableArray<ProcessorRefund> refunds)
    {
        var reference = (await world.Payments.FindAsync(BillingWorld.Tenant, payment))!.State.Reference ?? "ch_late";
        ProcessorPayment seen = new(reference, BillingWorld.Tenant, payment, ProcessorStatus.Captured, "USD", 49m, refunds);
        await world.Payments.HandleAsync(new ObservePayment(BillingWorld.Tenant, payment, seen, world.Time.GetUtcNow()), BillingWorld.Context);
    }

    private async Task<Invoice> IssueAsync(string? method)
    {
        await world.SubscribeAsync(new() { PaymentMethod = method, DueDays = 14 });
        world.Time.Advance(TimeSpan.FromDays(1));
        await world.SettleAsync();
        return await world.InvoiceAsync(Id);
    }
}
