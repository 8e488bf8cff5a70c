using System.Text.Json;
using AIaaS.Commands.Payments;
using AIaaS.Commands.Tools;
using AIaaS.Domain;
using AIaaS.Domain.Customers;
using AIaaS.Domain.Payments;
using AIaaS.EventStore;
using Commands.Tests.Support;

namespace Commands.Tests.Payments;

/// <summary>The payment tools on the sandbox.</summary>
public sealed class Paying_by_tools
{
    private readonly ManualTime time = new();
    private TemporaryLog log = null!;
    private SandboxProcessor sandbox = null!;
    private PaymentService payments = null!;
    private PaymentWebhooks webhooks = null!;

    [SetUp]
    public async Task Open()
    {
        log = await TemporaryLog.OpenAsync();
        var types = DomainEventTypes.Create();
        var options = new PaymentOptions();
        sandbox = new(log.Store, types, time, options);
        payments = new(log.Store, types, IdSource.From(time), [sandbox], options, time);
        webhooks = new(payments, time);
    }

    [TearDown]
    public async Task Close() => await log.DisposeAsync();

    [Test]
    public async Task A_charge_succeeds_once_for_each_key()
    {
        var tool = new RequestPaymentTool(payments, PaymentOperation.Charge);
        var first = Output(await tool.InvokeAsync(Call("k1", Charge()), default));
        var second = Output(await tool.InvokeAsync(Call("k1", Charge()), default));
        second.GetRawText().Should().Be(first.GetRawText());
        first.GetProperty("status").GetString().Should().Be("Captured");
    }

    [Test]
    public async Task A_decline_is_a_failure() =>
        (await new RequestPaymentTool(payments, PaymentOperation.Charge).InvokeAsync(Call("k1", Charge("pm_card_visa_chargeDeclined")), default))
            .Should().BeOfType<ToolOutcome.Failed>().Which.Code.Should().Be("payment-declined");

    [Test]
    public async Task A_charge_whose_answer_did_not_come_is_settled_by_looking_it_up() =>
        (await new RequestPaymentTool(payments, PaymentOperation.Charge).InvokeAsync(Call("k1", Charge("sandbox_timeout_after_charge")), default)).Should().BeOfType<ToolOutcome.Succeeded>();

    [Test]
    public async Task A_charge_that_may_not_have_left_stays_unknown_until_the_grace_is_over()
    {
        var tool = new RequestPaymentTool(payments, PaymentOperation.Charge);
        var call = Call("k1", Charge("sandbox_timeout_before_charge"));
        (await tool.InvokeAsync(call, default)).Should().BeOfType<ToolOutcome.Unknown>();
        (await tool.ReconcileAsync(call, default)).Should().BeNull();
        time.Advance(TimeSpan.FromMinutes(3));
        (await tool.ReconcileAsync(call, default)).Should().BeOfType<ToolOutcome.Failed>();
    }

    [Test]
    public async Task A_refund_whose_answer_did_not_come_is_found()
    {
        var id = await ChargedAsync("sandbox_timeout_after_refund");
        Output(await new RefundPaymentTool(payments).InvokeAsync(Call("k2", $$"""{ "payment_id": "{{id}}", "amount": 10, "currency": "USD" }"""), default)).GetProperty("amount").GetDecimal().Should().Be(10);
    }

    [Test]
    public async Task A_compensation_gives_everything_back()
    {
        var output = Output(await new RequestPaymentTool(payments, PaymentOperation.Charge).InvokeAsync(Call("k1", Charge()), default));
        var undone = Output(await new RefundPaymentTool(payments).InvokeAsync(Call("k2", $$"""{ "input": {}, "output": {{output.GetRawText()}} }"""), default));
        undone.GetProperty("status").GetString().Should().Be("Refunded");
    }

    [Test]
    public async Task An_authorization_is_captured_or_voided_not_both()
    {
        var id = Output(await new RequestPaymentTool(payments, PaymentOperation.Authorize).InvokeAsync(Call("k1", Charge()), default)).GetProperty("payment_id").GetString();
        Output(await new VoidPaymentTool(payments).InvokeAsync(Call("k2", $$"""{ "payment_id": "{{id}}" }"""), default)).GetProperty("status").GetString().Should().Be("Voided");
        (await new CapturePaymentTool(payments).InvokeAsync(Call("k3", $$"""{ "payment_id": "{{id}}" }"""), default)).Should().BeOfType<ToolOutcome.Failed>().Which.Code.Should().Be("payment-not-authorized");
    }

    [Test]
    public async Task Another_customers_payment_is_out_of_reach()
    {
        var id = await ChargedAsync("pm_card_visa");
        var call = Call("k2", $$"""{ "payment_id": "{{id}}" }""") with { Customer = "mallory" };
        (await new RefundPaymentTool(payments).InvokeAsync(call, default)).Should().BeOfType<ToolOutcome.Failed>().Which.Code.Should().Be("not-yours");
        (await new RequestPaymentTool(payments, PaymentOperation.Charge).InvokeAsync(Call("k3", Charge()) with { Customer = "mallory" }, default)).Should().BeOfType<ToolOutcome.Failed>().Which.Code.Should().Be("not-yours");
    }

    [TestCase("card_of_bob", "not-yours")]
    [TestCase("gift_card_of_ada", "not-yours")]
    [TestCase("card_of_ada", null)]
    public async Task A_run_charges_its_own_customers_card_only(string method, string? code)
    {
        var imported = new CustomerImported(
            "c1", "Ada", "Sample", "ada@example.com", new("1 Main Street", "", "Springfield", "IL", "USA", "62701"), [new("card_of_ada", PaymentSource.CreditCard, null, null, null), new("gift_card_of_ada", PaymentSource.GiftCard, null, null, new(500, "USD"))], [], "", DateTimeOffset.UnixEpoch);
        var types = DomainEventTypes.Create();
        await log.Store.AppendAsync(Customer.Stream("acme", "c1"), ExpectedVersion.Any, [types.Write(NamedId.Of("ada"), imported, new EventMetadata { Tenant = "acme" }.ToUtf8())]);
        var tool = new RequestPaymentTool(payments, PaymentOperation.Charge, new AggregateStore(log.Store, types));
        var outcome = await tool.InvokeAsync(Call("k1", Charge(method)) with { Customer = "c1" }, default);
        (outcome as ToolOutcome.Failed)?.Code.Should().Be(code);
        (outcome is ToolOutcome.Succeeded).Should().Be(code is null);
    }

    [Test]
    public async Task Another_tenants_payment_does_not_exist()
    {
        var id = await ChargedAsync("pm_card_visa");
        (await new RefundPaymentTool(payments).InvokeAsync(Call("k2", $$"""{ "payment_id": "{{id}}" }""") with { Tenant = "other" }, default)).Should().BeOfType<ToolOutcome.Failed>().Which.Code.Should().Be("payment-not-found");
    }

    [Test]
    public async Task A_webhook_that_comes_twice_or_from_before_changes_nothing()
    {
        var id = await ChargedAsync("sandbox_late_refund");
        var state = (await payments.FindAsync("acme", id))!.State;
        await sandbox.RefundLateAsync(new("acme", id, state.Reference!, "late", Money.Usd(5)), default);
        var changes = new List<SandboxPaymentChanged>();
        await foreach (var recorded in log.Store.ReadStreamAsync($"sandboxPayment-acme_{id}"))
        {
            changes.Add((SandboxPaymentChanged)DomainEventTypes.Create().Read(recorded.Type, recorded.Data.Span));
        }

        var (late, early) = (sandbox.Webhook(NamedId.Of("2"), changes[1]), sandbox.Webhook(NamedId.Of("1"), changes[0]));
        (await webhooks.ReceiveAsync("sandbox", late.Body, late.Signature, default)).Changed.Should().BeTrue();
        (await webhooks.ReceiveAsync("sandbox", late.Body, late.Signature, default)).Changed.Should().BeFalse();
        (await webhooks.ReceiveAsync("sandbox", early.Body, early.Signature, default)).Changed.Should().BeFalse();
        (await payments.FindAsync("acme", id))!.State.Refunded.Should().Be(5);
    }

    [Test]
    public async Task Twenty_charges_at_once_under_one_key_take_the_money_once()
    {
        var tool = new RequestPaymentTool(payments, PaymentOperation.Charge);
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => tool.InvokeAsync(Call("k1", Charge()), default)));
        outcomes.Should().AllBeOfType<ToolOutcome.Succeeded>();
        (await payments.FindAsync("acme", PaymentService.PaymentId("acme", "k1")))!.Version.Should().Be(1, "it was asked for and captured, and nothing else");
    }

    private static string Charge(string method = "pm_card_visa") => $$"""{ "amount": 49.90, "currency": "USD", "payment_method_id": "{{method}}", "customer_id": "c1" }""";

    private static ToolCall Call(string key, string input) => new("acme", "agentRun-acme_r1", "pay/1/1", key, new('0', 64), JsonSerializer.Deserialize<JsonElement>(input), null, null);

    private static JsonElement Output(ToolOutcome outcome) => outcome.Should().BeOfType<ToolOutcome.Succeeded>().Which.Output;

    private async Task<string> ChargedAsync(string method) =>
        Output(await new RequestPaymentTool(payments, PaymentOperation.Charge).InvokeAsync(Call("k1", Charge(method)), default)).GetProperty("payment_id").GetString()!;
}
