using AIaaS.Commands.Payments;
using AIaaS.Domain;
using AIaaS.Domain.Payments;
using Commands.Tests.Support;

namespace Commands.Tests.Payments;

/// <summary>What every payment processor holds to.</summary>
public abstract class ProcessorContract
{
    private static int count;

    private protected TemporaryLog Log { get; private set; } = null!;

    private protected IPaymentProcessor Processor { get; private set; } = null!;

    /// <summary>A method that is declined.</summary>
    protected abstract string Declined { get; }

    /// <summary>A method whose money is taken and whose answer does not come.</summary>
    protected abstract string Silent { get; }

    [SetUp]
    public async Task Open()
    {
        Log = await TemporaryLog.OpenAsync();
        Processor = await StartAsync();
    }

    [TearDown]
    public async Task Close()
    {
        await StopAsync();
        await Log.DisposeAsync();
    }

    [Test]
    public async Task A_charge_takes_the_money()
    {
        var payment = Known(await Processor.RequestAsync(Request(), default));
        payment.Status.Should().Be(ProcessorStatus.Captured);
        payment.Captured.Should().Be(49.90m);
    }

    [Test]
    public async Task The_same_key_takes_it_once()
    {
        var request = Request();
        var first = Known(await Processor.RequestAsync(request, default));
        Known(await Processor.RequestAsync(request, default)).Should().BeEquivalentTo(first);
    }

    [Test]
    public async Task The_same_key_with_another_amount_is_refused()
    {
        var request = Request();
        await Processor.RequestAsync(request, default);
        (await Processor.RequestAsync(request with { Amount = Money.Usd(1) }, default)).Should().BeOfType<ProcessorAnswer.Refused>();
    }

    [Test]
    public async Task A_decline_takes_nothing()
    {
        var request = Request(method: Declined);
        Settled(await Processor.RequestAsync(request, default)).Should().Be(ProcessorStatus.Declined);
        var seen = Known(await Processor.LookUpAsync(request, default));
        seen.Status.Should().Be(ProcessorStatus.Declined);
        seen.Captured.Should().Be(0);
    }

    [Test]
    public async Task An_authorization_holds_and_a_capture_takes_a_part()
    {
        var request = Request(capture: false);
        var held = Known(await Processor.RequestAsync(request, default));
        held.Should().Match<ProcessorPayment>(p => p.Status == ProcessorStatus.Authorized && p.Captured == 0);
        var change = Change(request, held, 30, "capture");
        Known(await Processor.CaptureAsync(change, default)).Captured.Should().Be(30);
        Known(await Processor.CaptureAsync(change, default)).Captured.Should().Be(30);
        (await Processor.CaptureAsync(Change(request, held, 10, "capture-again"), default)).Should().BeOfType<ProcessorAnswer.Refused>();
    }

    [Test]
    public async Task A_void_gives_the_hold_back()
    {
        var request = Request(capture: false);
        var held = Known(await Processor.RequestAsync(request, default));
        Known(await Processor.VoidAsync(Change(request, held, 49.90m, "void"), default)).Status.Should().Be(ProcessorStatus.Voided);
        (await Processor.CaptureAsync(Change(request, held, 49.90m, "late"), default)).Should().BeOfType<ProcessorAnswer.Refused>();
    }

    [Test]
    public async Task Refunds_give_back_what_was_taken_and_no_more()
    {
        var request = Request();
        var taken = Known(await Processor.RequestAsync(request, default));
        var first = Change(request, taken, 20, "r1") with { Refund = "f1" };
        Known(await Processor.RefundAsync(first, default));
        Known(await Processor.RefundAsync(first, default));
        (await Processor.RefundAsync(Change(request, taken, 29.91m, "r2") with { Refund = "f2" }, default)).Should().BeOfType<ProcessorAnswer.Refused>();
        Known(await Processor.RefundAsync(Change(request, taken, 29.90m, "r3") with { Refund = "f3" }, default));
        var seen = Known(await Processor.LookUpAsync(request, default));
        seen.Refunds.Select(r => (r.Refund, r.Amount)).Should().BeEquivalentTo([("f1", 20m), ("f3", 29.90m)]);
    }

    [Test]
    public async Task A_charge_that_did_not_answer_is_found_by_its_key()
    {
        var request = Request(method: Silent);
        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(500));
        (await Processor.RequestAsync(request, patience.Token)).Should().BeOfType<ProcessorAnswer.Unknown>();
        Known(await Processor.LookUpAsync(request, default)).Captured.Should().Be(49.90m);
        Known(await Processor.RequestAsync(request, default)).Captured.Should().Be(49.90m);
    }

    [Test]
    public async Task Looking_up_takes_no_money()
    {
        var request = Request();
        var answer = await Processor.LookUpAsync(request, default);
        answer.Should().Match(a => a is ProcessorAnswer.NotFound || ((ProcessorAnswer.Known)a).Payment.Captured == 0);
    }

    [Test]
    public void A_webhook_without_a_signature_is_refused() => FluentActions.Invoking(() => Processor.Verify("{}"u8, null)).Should().Throw<WebhookRefusedException>();

    [Test]
    public void A_forged_webhook_is_refused() =>
        FluentActions.Invoking(() => Processor.Verify("{}"u8, WebhookSignature.Sign("whsec_of_somebody_else", "{}"u8, TimeProvider.System.GetUtcNow()))).Should().Throw<WebhookRefusedException>();

    private protected abstract Task<IPaymentProcessor> StartAsync();

    private protected virtual Task StopAsync() => Task.CompletedTask;

    private protected static ProcessorRequest Request(bool capture = true, string method = "pm_card_visa")
    {
        var number = Interlocked.Increment(ref count);
        return new("acme", $"p{number}", $"acme/r1/pay/1/{number}/charge_payment", capture, Money.Usd(49.90m), method, null, TimeProvider.System.GetUtcNow());
    }

    private protected static ProcessorChange Change(ProcessorRequest request, ProcessorPayment payment, decimal amount, string key) =>
        new(request.Tenant, request.Payment, payment.Reference, request.Key + "/" + key, Money.Usd(amount));

    private protected static ProcessorPayment Known(ProcessorAnswer answer) => answer.Should().BeOfType<ProcessorAnswer.Known>().Which.Payment;

    private static ProcessorStatus Settled(ProcessorAnswer answer) => answer switch
    {
        ProcessorAnswer.Known known => known.Payment.Status,
        ProcessorAnswer.Refused => ProcessorStatus.Declined,
        _ => ProcessorStatus.Pending,
    };
}

/// <summary>The sandbox holds to it.</summary>
public sealed class The_sandbox : ProcessorContract
{
    protected override string Declined => "pm_card_visa_chargeDeclined";

    protected override string Silent => "sandbox_timeout_after_charge";

    [Test]
    public async Task Keeps_its_books_over_a_restart()
    {
        var request = Request();
        var first = Known(await Processor.RequestAsync(request, default));
        Known(await (await StartAsync()).LookUpAsync(request, default)).Should().BeEquivalentTo(first);
    }

    [Test]
    public async Task Fails_before_the_charge_once_and_then_does_it()
    {
        var request = Request(method: "sandbox_error_before_charge");
        (await Processor.RequestAsync(request, default)).Should().BeOfType<ProcessorAnswer.Unavailable>();
        (await Processor.LookUpAsync(request, default)).Should().BeOfType<ProcessorAnswer.NotFound>();
        Known(await Processor.RequestAsync(request, default)).Captured.Should().Be(49.90m);
    }

    private protected override Task<IPaymentProcessor> StartAsync() =>
        Task.FromResult<IPaymentProcessor>(new SandboxProcessor(Log.Store, DomainEventTypes.Create(), TimeProvider.System, new()));
}

/// <summary>The Stripe adapter holds to it.</summary>
public sealed class The_Stripe_adapter : ProcessorContract
{
    private StripeServer server = null!;
    private HttpClient http = null!;

    protected override string Declined => "pm_card_visa_chargeDeclined";

    protected override string Silent => "slow_card";

    [Test]
    public async Task Takes_money_once_whatever_is_repeated()
    {
        var request = Request();
        await Processor.RequestAsync(request, default);
        await Processor.RequestAsync(request, default);
        await Processor.LookUpAsync(request, default);
        server.Taken.Should().Be(4_990);
    }

    [TestCase(500)]
    [TestCase(503)]
    [TestCase(409)]
    public async Task Does_not_know_what_became_of_a_refund_that_met_an_error(int status)
    {
        var request = Request();
        var payment = Known(await Processor.RequestAsync(request, default));
        server.Failing = status;
        (await Processor.RefundAsync(Change(request, payment, 1, "r"), default)).Should().BeOfType<ProcessorAnswer.Unknown>();
    }

    [TestCase(429)]
    [TestCase(401)]
    public async Task Knows_that_nothing_was_done_when_it_was_turned_away(int status)
    {
        server.Failing = status;
        (await Processor.RequestAsync(Request(), default)).Should().BeOfType<ProcessorAnswer.Unavailable>();
    }

    [Test]
    public async Task Knows_that_nothing_was_done_when_nobody_is_there()
    {
        var nobody = new StripeProcessor(http, TimeProvider.System, server.Options with { BaseUrl = new("http://127.0.0.1:1") });
        (await nobody.RequestAsync(Request(), default)).Should().BeOfType<ProcessorAnswer.Unavailable>();
    }

    [Test]
    public async Task Reads_all_pages_of_refunds_also_those_of_the_console()
    {
        var request = Request();
        var payment = Known(await Processor.RequestAsync(request, default));
        for (var i = 0; i < 5; i++)
        {
            server.RefundInTheConsole(payment.Reference, 100);
        }

        Known(await Processor.LookUpAsync("acme", payment.Reference, default)).Refunds.Should().HaveCount(5).And.OnlyContain(r => r.Amount == 1 && r.Refund == null);
    }

    [TestCase("needs_response", true, ProcessorRefundStatus.Done)]
    [TestCase("under_review", true, ProcessorRefundStatus.Done)]
    [TestCase("lost", true, ProcessorRefundStatus.Done)]
    [TestCase("won", true, ProcessorRefundStatus.Failed)]
    [TestCase("needs_response", false, null)]
    [TestCase("warning_needs_response", false, null)]
    [TestCase("warning_closed", true, null)]
    [TestCase("prevented", false, null)]
    public async Task Reads_what_a_dispute_took(string status, bool isWithdrawn, ProcessorRefundStatus? expected)
    {
        var payment = Known(await Processor.RequestAsync(Request(), default));
        server.Dispute(payment.Reference, 100, status, isWithdrawn);
        var seen = Known(await Processor.LookUpAsync("acme", payment.Reference, default)).Refunds;
        seen.Select(r => (r.Refund, r.Amount, (ProcessorRefundStatus?)r.Status)).Should().Equal(expected is null ? [] : [(null, 1m, expected)]);
    }

    [Test]
    public async Task Reads_all_pages_of_disputes()
    {
        var payment = Known(await Processor.RequestAsync(Request(), default));
        for (var i = 0; i < 5; i++)
        {
            server.Dispute(payment.Reference, 100, i == 3 ? "warning_closed" : "lost", isWithdrawn: i != 3);
        }

        Known(await Processor.LookUpAsync("acme", payment.Reference, default)).Refunds.Should().HaveCount(4);
    }

    [TestCase("dispute", """{ "object": "dispute", "id": "dp_1", "payment_intent": "pi_7" }""")]
    [TestCase("payment_intent", """{ "object": "payment_intent", "id": "pi_7", "metadata": { "tenant": "acme" } }""")]
    [TestCase("charge", """{ "object": "charge", "id": "ch_1", "payment_intent": "pi_7", "metadata": {} }""")]
    [TestCase("refund", """{ "object": "refund", "id": "re_1", "payment_intent": { "id": "pi_7" } }""")]
    public void Takes_the_payment_from_a_webhook_about_a(string _, string subject)
    {
        var body = System.Text.Encoding.UTF8.GetBytes($$"""{ "id": "evt_1", "type": "x", "data": { "object": {{subject}} } }""");
        var notification = Processor.Verify(body, WebhookSignature.Sign(StripeServer.WebhookSecret, body, TimeProvider.System.GetUtcNow()));
        notification!.Reference.Should().Be("pi_7");
    }

    [TestCase(-301)]
    [TestCase(301)]
    public void Refuses_a_webhook_that_was_signed_at_another_time(int seconds) =>
        FluentActions.Invoking(() => Processor.Verify("{}"u8, WebhookSignature.Sign(StripeServer.WebhookSecret, "{}"u8, TimeProvider.System.GetUtcNow().AddSeconds(seconds)))).Should().Throw<WebhookRefusedException>().WithMessage("*seconds away*");

    [TestCase("")]
    [TestCase("t=1,v1=")]
    [TestCase("v1=00")]
    [TestCase("t=x,v1=5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd")]
    [TestCase("t=99999999999999999999,v1=5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd")]
    public void Refuses_a_signature_that_is_none(string signature) => FluentActions.Invoking(() => Processor.Verify("{}"u8, signature)).Should().Throw<WebhookRefusedException>();

    [TestCase(5, "ISK", 500)]
    [TestCase(5, "JPY", 5)]
    [TestCase(5.12, "USD", 512)]
    [TestCase(5.12, "KWD", 5120)]
    public void Sends_amounts_as_Stripe_counts_them(decimal amount, string currency, long expected) => StripeProcessor.ToStripe(new(amount, currency)).Should().Be(expected);

    private protected override async Task<IPaymentProcessor> StartAsync()
    {
        server = await StripeServer.StartAsync();
        http = new();
        return new StripeProcessor(http, TimeProvider.System, server.Options);
    }

    private protected override async Task StopAsync()
    {
        http.Dispose();
        await server.DisposeAsync();
    }
}
