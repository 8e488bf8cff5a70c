using System.Text.Json;
using AIaaS.Commands.Tools;
using AIaaS.Domain;
using AIaaS.Domain.Customers;
using AIaaS.Domain.Payments;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;

namespace AIaaS.Commands.Payments;

/// <summary>What the payment tools have in common: reading input, the customer's guard, and the outcome.</summary>
internal abstract class PaymentTool(PaymentService payments, ToolManifest manifest) : ITool, IReconcilable, IResolvable
{
    public ToolManifest Manifest => manifest;

    protected PaymentService Payments => payments;

    public async Task<ToolOutcome> InvokeAsync(ToolCall call, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(call);
        try
        {
            return Outcome(await DoAsync(call, new(call.Tenant, "tool:" + manifest.Name, call.IdempotencyKey, call.CorrelationId, call.Call), cancellationToken));
        }
        catch (DomainException e)
        {
            return new ToolOutcome.Failed(e.Error.Code, e.Error.Message, e.Error.Status == 503) { Error = e.Error };
        }
    }

    public async Task<ToolOutcome?> ReconcileAsync(ToolCall call, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(call);
        if (await FindAsync(call, cancellationToken) is not { } found || !WasAsked(found.State, call))
        {
            // What was never recorded never left: the payment's own event comes before the processor hears of it.
            return new ToolOutcome.Failed("not-done", "The call ended before the processor was asked.");
        }

        var id = found.State.Request!.Payment;
        var (operation, refund) = OperationOf(call);
        var state = found.State;
        if (state.IsOpen(operation, refund))
        {
            state = (await payments.ReconcileAsync(id, new(call.Tenant, "tool:" + manifest.Name, null, call.CorrelationId, call.Call), cancellationToken)).State;
        }

        return state.IsOpen(operation, refund) ? null : Outcome(new(id, state, LogPosition.Start, operation, refund, null));
    }

    public async Task<JsonElement?> ResolveAsync(ToolCall call, bool succeeded, string reason, CommandContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(call);
        if (await FindAsync(call, cancellationToken) is not { } found || !WasAsked(found.State, call))
        {
            return succeeded ? throw new DomainException(PaymentErrors.NeverAsked()) : null;
        }

        var (operation, refund) = OperationOf(call);
        var resolved = await payments.ResolveAsync(found.State.Request!.Payment, operation, refund, succeeded, reason, context, cancellationToken);
        return (Outcome(resolved) as ToolOutcome.Succeeded)?.Output;
    }

    protected abstract Task<PaymentResult> DoAsync(ToolCall call, CommandContext context, CancellationToken cancellationToken);

    protected abstract (PaymentOperation Operation, string? Refund) OperationOf(ToolCall call);

    protected abstract Task<Loaded<Payment>?> FindAsync(ToolCall call, CancellationToken cancellationToken);

    /// <summary>Whether the payment holds what this call asked for.</summary>
    protected abstract bool WasAsked(Payment state, ToolCall call);

    protected static Money? MoneyOf(JsonElement input) => Text(input, "currency") is { } currency && input.TryGetProperty("amount", out var amount) && amount.ValueKind == JsonValueKind.Number
        ? amount.TryGetDecimal(out var value) ? new(value, currency) : throw new DomainException(PaymentErrors.Invalid(["the amount has more digits than any currency"]))
        : null;

    /// <summary>The payment that a call names, itself or, as a compensation, in the output of the call that it undoes.</summary>
    protected static string PaymentOf(JsonElement input) =>
        Text(input, "payment_id")
        ?? (input.TryGetProperty("output", out var output) && output.ValueKind == JsonValueKind.Object ? Text(output, "payment_id") : null)
        ?? throw new DomainException(PaymentErrors.NotFound(""));

    protected static string? Text(JsonElement input, string name) => input.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>A call on a customer's behalf touches that customer's payments alone.</summary>
    protected async Task<string> OwnAsync(ToolCall call, CancellationToken cancellationToken)
    {
        var id = PaymentOf(call.Input);
        var found = await payments.FindAsync(call.Tenant, id, cancellationToken) ?? throw new DomainException(PaymentErrors.NotFound(id));
        return call.Customer is null || found.State.Request!.Customer == call.Customer ? id : throw new DomainException(PaymentErrors.NotYours());
    }

    private static ToolOutcome Outcome(PaymentResult result)
    {
        var state = result.State;
        switch (result.Trouble)
        {
            case ProcessorAnswer.Unavailable unavailable:
                return new ToolOutcome.Failed("processor-unavailable", unavailable.Reason, Retryable: true);
            case ProcessorAnswer.Unknown unknown:
                return new ToolOutcome.Unknown(unknown.Reason);
            default:
                break;
        }

        var request = state.Request!;
        switch (result.Operation)
        {
            case PaymentOperation.Refund when state.Refunds.Values.FirstOrDefault(r => r.Refund == result.Refund) is { } refunded:
                return Success(state, refunded.Amount.Amount, result.Refund);
            case PaymentOperation.Refund:
                return state.DeclinedRefunds.TryGetValue(result.Refund!, out var declined)
                    ? new ToolOutcome.Failed("refund-declined", $"{declined.Reason} ({declined.Code})")
                    : new ToolOutcome.Failed("refund-declined", "The processor did not give the money back.");
            case PaymentOperation.Capture when state.Captured > 0:
                return Success(state, state.Captured, null);
            case PaymentOperation.Void when state.IsVoided:
                return Success(state, request.Amount.Amount, null);
            case PaymentOperation.Capture or PaymentOperation.Void:
                return new ToolOutcome.Failed("payment-operation-refused", state.Refusal is { } refusal ? $"{refusal.Reason} ({refusal.Code})" : "The processor refused it.");
            default:
                return state.Declined is { } no
                    ? new ToolOutcome.Failed("payment-declined", $"{no.Reason} ({no.Code})")
                    : Success(state, request.Amount.Amount, null);
        }
    }

    private static ToolOutcome.Succeeded Success(Payment state, decimal amount, string? refund)
    {
        var request = state.Request!;
        return new(JsonSerializer.SerializeToElement(
            new(request.Payment, state.Status, amount, request.Amount.Currency, state.Captured, state.Refunded, refund, request.Processor, state.Reference),
            PaymentToolJson.Default.PaymentToolOutput));
    }
}

/// <summary>Takes money at once (<c>charge_payment</c>) or holds it (<c>authorize_payment</c>).</summary>
internal sealed class RequestPaymentTool(PaymentService payments, PaymentOperation operation, AggregateStore? customers = null)
    : PaymentTool(payments, operation == PaymentOperation.Charge ? PaymentToolManifests.Charge : PaymentToolManifests.Authorize)
{
    protected override async Task<PaymentResult> DoAsync(ToolCall call, CommandContext context, CancellationToken cancellationToken)
    {
        var input = call.Input;
        var customer = Text(input, "customer_id") ?? call.Customer;
        var method = Text(input, "payment_method_id") ?? "";
        if (call.Customer is not null && (customer != call.Customer || !await IsOwnAsync(call.Tenant, call.Customer, method, cancellationToken)))
        {
            throw new DomainException(PaymentErrors.NotYours());
        }

        var amount = MoneyOf(input) ?? throw new DomainException(PaymentErrors.Invalid(["amount and currency are missing"]));
        return await Payments.RequestAsync(new(operation, amount, method, customer, Text(input, "order_id"), Text(input, "description")), context, cancellationToken);
    }

    protected override (PaymentOperation Operation, string? Refund) OperationOf(ToolCall call) => (operation, null);

    /// <summary>
    /// Whether a run may charge a payment method: one of a customer whom the shop knows must be their own, whatever was written or a model made of it. A gift
    /// card is no processor's to charge.
    /// </summary>
    private async Task<bool> IsOwnAsync(string tenant, string customer, string method, CancellationToken cancellationToken)
    {
        if (customers is null || customer.Length == 0)
        {
            return true;
        }

        var methods = (await customers.LoadAsync<Customer>(Customer.Stream(tenant, customer), cancellationToken: cancellationToken)).State.PaymentMethods;
        return methods.IsEmpty || methods.Any(m => m.Id == method && m.Source != PaymentSource.GiftCard);
    }

    protected override Task<Loaded<Payment>?> FindAsync(ToolCall call, CancellationToken cancellationToken) =>
        Payments.FindAsync(call.Tenant, PaymentService.PaymentId(call.Tenant, call.IdempotencyKey), cancellationToken);

    protected override bool WasAsked(Payment state, ToolCall call) => true;
}

/// <summary>Takes what is held (<c>capture_payment</c>).</summary>
internal sealed class CapturePaymentTool(PaymentService payments) : PaymentTool(payments, PaymentToolManifests.Capture)
{
    protected override async Task<PaymentResult> DoAsync(ToolCall call, CommandContext context, CancellationToken cancellationToken) =>
        await Payments.CaptureAsync(await OwnAsync(call, cancellationToken), MoneyOf(call.Input), context, cancellationToken);

    protected override (PaymentOperation Operation, string? Refund) OperationOf(ToolCall call) => (PaymentOperation.Capture, null);

    protected override Task<Loaded<Payment>?> FindAsync(ToolCall call, CancellationToken cancellationToken) => Payments.FindAsync(call.Tenant, PaymentOf(call.Input), cancellationToken);

    protected override bool WasAsked(Payment state, ToolCall call) => state.Asked.ContainsKey(call.IdempotencyKey);
}

/// <summary>Gives money back (<c>refund_payment</c>); undoes a charge or capture.</summary>
internal sealed class RefundPaymentTool(PaymentService payments) : PaymentTool(payments, PaymentToolManifests.Refund)
{
    protected override async Task<PaymentResult> DoAsync(ToolCall call, CommandContext context, CancellationToken cancellationToken)
    {
        // As a compensation it gives back all that is left: the call that it undoes took the whole.
        var isCompensation = Text(call.Input, "payment_id") is null;
        return await Payments.RefundAsync(await OwnAsync(call, cancellationToken), isCompensation ? null : MoneyOf(call.Input), Text(call.Input, "reason") ?? (isCompensation ? "undone" : null), context, cancellationToken);
    }

    protected override (PaymentOperation Operation, string? Refund) OperationOf(ToolCall call) => (PaymentOperation.Refund, PaymentService.RefundId(call.Tenant, call.IdempotencyKey));

    protected override Task<Loaded<Payment>?> FindAsync(ToolCall call, CancellationToken cancellationToken) => Payments.FindAsync(call.Tenant, PaymentOf(call.Input), cancellationToken);

    protected override bool WasAsked(Payment state, ToolCall call) => state.RefundRequests.ContainsKey(PaymentService.RefundId(call.Tenant, call.IdempotencyKey));
}

/// <summary>Gives a hold back (<c>void_payment</c>); undoes an authorization.</summary>
internal sealed class VoidPaymentTool(PaymentService payments) : PaymentTool(payments, PaymentToolManifests.Void)
{
    protected override async Task<PaymentResult> DoAsync(ToolCall call, CommandContext context, CancellationToken cancellationToken) =>
        await Payments.VoidAsync(await OwnAsync(call, cancellationToken), context, cancellationToken);

    protected override (PaymentOperation Operation, string? Refund) OperationOf(ToolCall call) => (PaymentOperation.Void, null);

    protected override Task<Loaded<Payment>?> FindAsync(ToolCall call, CancellationToken cancellationToken) => Payments.FindAsync(call.Tenant, PaymentOf(call.Input), cancellationToken);

    protected override bool WasAsked(Payment state, ToolCall call) => state.Asked.ContainsKey(call.IdempotencyKey);
}

/// <summary>What the payment tools return.</summary>
internal sealed record PaymentToolOutput(string PaymentId, PaymentStatus Status, decimal Amount, string Currency, decimal Captured, decimal Refunded, string? RefundId, string Processor, string? Reference);

/// <summary>The source-generated JSON contract of what the payment tools return.</summary>
[System.Text.Json.Serialization.JsonSourceGenerationOptions(PropertyNamingPolicy = System.Text.Json.Serialization.JsonKnownNamingPolicy.SnakeCaseLower)]
[System.Text.Json.Serialization.JsonSerializable(typeof(PaymentToolOutput))]
internal sealed partial class PaymentToolJson : System.Text.Json.Serialization.JsonSerializerContext;
