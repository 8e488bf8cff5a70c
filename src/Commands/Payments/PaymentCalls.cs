using System.Text.Json;
using System.Text.Json.Nodes;
using AIaaS.Commands.Tools;
using AIaaS.Domain;
using AIaaS.Domain.Payments;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;

namespace AIaaS.Commands.Payments;

/// <summary>
/// Payments that an operator makes. Each is a call of the payment tool that does it, so that it stands on the side-effect ledger like any other: what has no
/// outcome is listed there, looked up by itself, and can be settled by a person.
/// </summary>
public sealed class PaymentCalls(OperatorCalls calls, PaymentService payments)
{
    /// <summary>Takes or holds money.</summary>
    /// <exception cref="DomainException">It cannot be asked for so; nothing left.</exception>
    public Task<PaymentResult> RequestAsync(PaymentWish wish, CommandContext context)
    {
        ArgumentNullException.ThrowIfNull(wish);
        var input = With(wish.Amount, new()
        {
            ["payment_method_id"] = wish.Method,
            ["customer_id"] = wish.Customer,
            ["order_id"] = wish.Order,
            ["description"] = wish.Description,
        });
        return CallAsync(wish.Operation == PaymentOperation.Charge ? PaymentToolManifests.Charge : PaymentToolManifests.Authorize, wish.Operation, null, input, context);
    }

    /// <summary>Takes what is held, or a part of it.</summary>
    /// <exception cref="DomainException">It cannot be asked for so; nothing left.</exception>
    public Task<PaymentResult> CaptureAsync(string payment, Money? amount, CommandContext context) =>
        CallAsync(PaymentToolManifests.Capture, PaymentOperation.Capture, payment, With(amount, new() { ["payment_id"] = payment }), context);

    /// <summary>Gives a hold back.</summary>
    /// <exception cref="DomainException">It cannot be asked for so; nothing left.</exception>
    public Task<PaymentResult> VoidAsync(string payment, CommandContext context) =>
        CallAsync(PaymentToolManifests.Void, PaymentOperation.Void, payment, new() { ["payment_id"] = payment }, context);

    /// <summary>Gives money back: the amount, or all that is left.</summary>
    /// <exception cref="DomainException">It cannot be asked for so; nothing left.</exception>
    public Task<PaymentResult> RefundAsync(string payment, Money? amount, string? reason, CommandContext context) => reason is { Length: > 500 }
        ? throw new DomainException(PaymentErrors.Invalid([$"the reason has {reason.Length} characters; at most 500 are possible"]))
        : CallAsync(PaymentToolManifests.Refund, PaymentOperation.Refund, payment, With(amount, new() { ["payment_id"] = payment, ["reason"] = reason is "" ? null : reason }), context);

    private static JsonObject With(Money? amount, JsonObject input)
    {
        if (amount is { } money)
        {
            if (Currencies.Fault(money) is { } fault)
            {
                throw new DomainException(PaymentErrors.Invalid([fault]));
            }

            input["amount"] = money.Amount;
            input["currency"] = money.Currency;
        }

        return input;
    }

    private async Task<PaymentResult> CallAsync(ToolManifest tool, PaymentOperation operation, string? payment, JsonObject input, CommandContext context)
    {
        if (payment is not null && await payments.FindAsync(context.Tenant, payment) is null)
        {
            throw new DomainException(PaymentErrors.NotFound(payment));
        }

        // What leaves is heard out, even when whoever asked has gone. A processor that could not be reached is asked again under the same key.
        var call = await calls.CallAsync(tool.Name, tool.Version, JsonElement.Parse(input.ToJsonString()), retries: true, context);
        var key = call.Entry.Requested.IdempotencyKey;
        var id = payment ?? PaymentService.PaymentId(context.Tenant, key);
        var refund = operation == PaymentOperation.Refund ? PaymentService.RefundId(context.Tenant, key) : null;
        var found = await payments.FindAsync(context.Tenant, id);
        if (found is not { State: var state } || (call.Entry.Outcome is not ToolCallSucceeded && !state.WasAsked(operation, refund, key)))
        {
            throw new DomainException(call.Refusal ?? Refused(call.Entry.Outcome));
        }

        var position = found.Position > call.Position ? found.Position : call.Position;
        return new(id, state, position, operation, refund, !state.IsOpen(operation, refund) ? null : call.Entry.Outcome switch
        {
            ToolCallFailed { Retryable: true } e => new ProcessorAnswer.Unavailable(e.Reason),
            ToolCallUnknown e => new ProcessorAnswer.Unknown(e.Reason),
            _ => new ProcessorAnswer.Unknown("the processor may still be working on it"),
        });
    }

    private static DomainError Refused(DomainEvent? outcome) => outcome is ToolCallFailed e
        ? e.Retryable
            ? new("temporary-reduced-capacity", $"The payment processor cannot be asked now: {e.Reason}", "Nothing was done. Try again with the same Idempotency-Key.", 503)
            : new(e.Code, e.Reason, "Look at the payment, change the request, and send it under a new Idempotency-Key.")
        : new("payment-unresolved", "It is not known yet whether the request reached the processor.", "Look at the call on the side-effect ledger.", 409);
}
