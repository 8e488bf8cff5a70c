using System.Text.Json.Serialization;
using AIaaS.Api.Http;
using AIaaS.Api.OpenApi;
using AIaaS.Commands.Payments;
using AIaaS.Domain;
using AIaaS.Domain.Payments;
using AIaaS.Projections;
using AIaaS.Projections.Payments;
using AIaaS.Queries.Payments;
using Microsoft.AspNetCore.Http.HttpResults;

namespace AIaaS.Api.Payments;

/// <summary>Asks for money.</summary>
/// <param name="Amount">How much.</param>
/// <param name="Method">The processor's token of the payment method; never a card number.</param>
/// <param name="Capture">Whether the money is taken at once; false: only held, to be captured or voided later.</param>
/// <param name="Customer">The customer's id in your systems; null where unknown.</param>
/// <param name="Order">The order that is paid; null for none.</param>
/// <param name="Description">In words; null for none.</param>
/// <param name="Tenant">May name the caller's own tenant; better left out.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record PaymentBody(Money Amount, string Method, bool Capture = true, string? Customer = null, string? Order = null, string? Description = null, string? Tenant = null) : INamesTenant;

/// <summary>How much of a payment.</summary>
/// <param name="Amount">How much; null for all that is left.</param>
/// <param name="Reason">Why; null where nobody says.</param>
/// <param name="Tenant">May name the caller's own tenant; better left out.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record PaymentAmountBody(Money? Amount = null, string? Reason = null, string? Tenant = null) : INamesTenant;

/// <summary>What became of an operation.</summary>
/// <param name="Payment">The payment's id.</param>
/// <param name="Status">How the payment stands.</param>
/// <param name="Amount">What was asked for.</param>
/// <param name="Captured">What was taken, all in all.</param>
/// <param name="Refunded">What was given back, all in all.</param>
/// <param name="Refund">The refund's id; null for the other operations.</param>
/// <param name="Processor">The processor.</param>
/// <param name="Reference">The processor's id of it; null until it gave one.</param>
/// <param name="DeclineReason">Why it was refused; null when it was not.</param>
/// <param name="Unresolved">Why the operation has no outcome yet; null when it has one.</param>
internal sealed record PaymentView(string Payment, PaymentStatus Status, Money Amount, decimal Captured, decimal Refunded, string? Refund, string Processor, string? Reference, string? DeclineReason, string? Unresolved);

/// <summary>A webhook that was taken in.</summary>
/// <param name="Received">Always true.</param>
/// <param name="Changed">Whether it told something that was not known.</param>
internal sealed record WebhookReceived(bool Received, bool Changed);

/// <summary>Payments, and the webhooks of their processors.</summary>
internal static class PaymentEndpoints
{
    private const int MaxWebhookBytes = 256 * 1024;

    private const string ViewExample = """{ "payment": "019c1d2e3f4a7b8c9d0e1f2a3b4c5d6e", "status": "Captured", "amount": { "amount": 49.90, "currency": "USD" }, "captured": 49.90, "refunded": 0, "refund": null, "processor": "sandbox", "reference": "sb_1", "declineReason": null, "unresolved": null }""";

    private const string DocumentExample = """
        {
          "payment": "019c1d2e3f4a7b8c9d0e1f2a3b4c5d6e", "tenant": "acme", "status": "PartiallyRefunded", "operation": "Charge", "amount": { "amount": 49.90, "currency": "USD" }, "captured": 49.90, "refunded": 10.00,
          "customer": "c-4711", "order": "W1001", "description": null, "processor": "sandbox", "reference": "sb_1", "declineReason": null, "unresolved": 0,
          "refunds": [ { "refund": "f1", "reference": "sbr_1", "amount": 10.00, "state": "refunded", "reason": "one item returned", "at": "2026-02-02T09:30:00+00:00" } ],
          "requestedAt": "2026-01-31T09:30:00+00:00", "updatedAt": "2026-02-02T09:30:00+00:00", "open": []
        }
        """;

    public static void Map(RouteGroupBuilder v1)
    {
        var payments = v1.MapGroup("/payments").WithTags("Payments");
        payments.MapGet("", ListAsync)
            .Describe("listPayments", "List payments", "The newest first.")
            .ForTenants(Scopes.PaymentsRead)
            .Query("status", "string", "Only those that stand so.", "Captured", choices: Enum.GetNames<PaymentStatus>())
            .Query("customer", "string", "Only those of one customer.", "c-4711")
            .Query("order", "string", "Only those of one order.", "W1001")
            .Query("unresolved", "string", "true: only those with an operation whose outcome nobody knows.", "true", choices: ["true", "false"])
            .Query("from", "string", "Asked for at this time or later.", "2026-01-31T00:00:00Z", "date-time")
            .Query("to", "string", "Asked for before this time.", "2026-02-01T00:00:00Z", "date-time")
            .Query("sort", "string", "requestedAt or updatedAt, with '-' before it for the newest first. Default: -requestedAt.", "-requestedAt")
            .Paged().Fresh()
            .Example(response: $$"""{ "items": [ {{DocumentExample}} ], "nextCursor": null }""");
        payments.MapGet("/{payment}", GetAsync)
            .Describe("getPayment", "Get a payment", "With its refunds.")
            .ForTenants(Scopes.PaymentsRead).Fresh()
            .Example(response: DocumentExample);
        payments.MapPost("", AskAsync)
            .Describe("requestPayment", "Take or hold money", "The request is durable before the processor hears of it. A decline is an answer (status Declined); an outcome that nobody knows stands in 'unresolved' and on the side-effect ledger, and is settled by the processor's webhook, by the reconciliation that runs by itself, or by a person (POST /v1/side-effects/{id}/resolution).")
            .ForTenants(Scopes.PaymentsWrite).Idempotent()
            .Example("""{ "amount": { "amount": 49.90, "currency": "USD" }, "method": "pm_card_visa", "customer": "c-4711", "order": "W1001" }""", ViewExample);
        payments.MapPost("/{payment}/capture", CaptureAsync)
            .Describe("capturePayment", "Capture a payment", "Takes what is held, or a part of it.")
            .ForTenants(Scopes.PaymentsWrite).Idempotent()
            .Example("""{ "amount": { "amount": 49.90, "currency": "USD" } }""", ViewExample);
        payments.MapPost("/{payment}/void", VoidAsync)
            .Describe("voidPayment", "Void a payment", "Gives back what is held.")
            .ForTenants(Scopes.PaymentsWrite).Idempotent()
            .Example(response: ViewExample);
        payments.MapPost("/{payment}/refunds", RefundAsync)
            .Describe("refundPayment", "Refund a payment", "Gives back all that is left, or a part of it: never more, all refunds together, than was taken.")
            .ForTenants(Scopes.PaymentsWrite).Idempotent()
            .Example("""{ "amount": { "amount": 10.00, "currency": "USD" }, "reason": "one item returned" }""", ViewExample);
        payments.MapPost("/{payment}/reconcile", ReconcileAsync)
            .Describe("reconcilePayment", "Reconcile a payment", "Asks the processor what became of the payment's open operations and records it. Moves no money.")
            .ForTenants(Scopes.PaymentsWrite).Idempotent()
            .Example(response: ViewExample);
        v1.MapPost("/webhooks/payments/{processor}", ReceiveAsync).WithTags("Payments")
            .Describe("receivePaymentWebhook", "Take a processor's webhook", "For payment processors. It needs no API key: its signature proves where it comes from. The same webhook may come again, late and in any order.")
            .WithMetadata(new NoApiKey())
            .TakesUpTo(MaxWebhookBytes)
            .Accepts<System.Text.Json.JsonElement>("application/json")
            .Header("Stripe-Signature", "The signature, from the processor 'stripe'.", "t=1769851800,v1=5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd")
            .Header("Sandbox-Signature", "The signature, from the processor 'sandbox'.", "t=1769851800,v1=5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd")
            .Problem(400, 404, 503)
            .Example("""{ "id": "evt_1", "object": "event", "type": "payment_intent.succeeded", "data": { "object": { "object": "payment_intent", "id": "pi_1" } } }""", """{ "received": true, "changed": true }""");
    }

    private static async Task<Ok<Page<PaymentDocument>>> ListAsync(Caller caller, Freshness freshness, PaymentQueries payments, HttpContext context, CancellationToken cancellationToken)
    {
        var query = new QueryReader(context);
        var filter = new PaymentFilter
        {
            Status = query.Choice<PaymentStatus>("status"),
            Customer = query.Text("customer"),
            Order = query.Text("order"),
            OnlyUnresolved = query.Flag("unresolved") == true,
            From = query.Time("from"),
            To = query.Time("to"),
        };
        var page = query.Page();
        query.Done();
        return Http.Answer.List(await payments.ListAsync(caller.Tenant, filter, page, freshness.Wanted, cancellationToken), freshness);
    }

    private static async Task<Ok<PaymentDocument>> GetAsync(string payment, Caller caller, Freshness freshness, PaymentQueries payments, CancellationToken cancellationToken) =>
        Http.Answer.One("payment", payment, await payments.GetAsync(caller.Tenant, Ids.Require("payment", payment), freshness.Wanted, cancellationToken), freshness);

    // An operation that may have begun is carried to its end even when the client leaves.
    private static async Task<Ok<PaymentView>> AskAsync(JsonBody<PaymentBody> body, Caller caller, PaymentCalls calls, TimeProvider time, HttpContext context)
    {
        var b = body.Value;
        var operation = b.Capture ? PaymentOperation.Charge : PaymentOperation.Authorize;
        var faults = Payment.Faults(new(caller.Tenant, "", operation, b.Amount, b.Method, b.Customer, b.Order, b.Description, "", "", time.GetUtcNow()));
        return faults.Count > 0
            ? throw new EventStore.DomainException(PaymentErrors.Invalid(faults))
            : View(await calls.RequestAsync(new(operation, b.Amount, b.Method, b.Customer, b.Order, b.Description), For(caller, context)), context);
    }

    private static async Task<Ok<PaymentView>> CaptureAsync(string payment, JsonBody<PaymentAmountBody> body, Caller caller, PaymentCalls calls, HttpContext context) =>
        View(await calls.CaptureAsync(Ids.Require("payment", payment), body.Value.Amount, For(caller, context)), context);

    private static async Task<Ok<PaymentView>> VoidAsync(string payment, Caller caller, PaymentCalls calls, HttpContext context) =>
        View(await calls.VoidAsync(Ids.Require("payment", payment), For(caller, context)), context);

    private static async Task<Ok<PaymentView>> RefundAsync(string payment, JsonBody<PaymentAmountBody> body, Caller caller, PaymentCalls calls, HttpContext context) =>
        View(await calls.RefundAsync(Ids.Require("payment", payment), body.Value.Amount, body.Value.Reason, For(caller, context)), context);

    private static async Task<Ok<PaymentView>> ReconcileAsync(string payment, Caller caller, PaymentService payments, HttpContext context) =>
        View(await payments.ReconcileAsync(Ids.Require("payment", payment), For(caller, context), CancellationToken.None), context);

    private static async Task<Ok<WebhookReceived>> ReceiveAsync(string processor, PaymentWebhooks webhooks, PaymentService payments, HttpContext context, CancellationToken cancellationToken)
    {
        var header = payments.Processor(processor)?.SignatureHeader ?? throw Problems.NotFound("payment processor", processor.Length > 60 ? processor[..60] + "…" : processor);
        var (buffer, length) = await RequestBytes.ReadAsync(context);
        try
        {
            var received = await webhooks.ReceiveAsync(processor, buffer.AsMemory(0, length), context.Request.Headers[header] is [{ } signature] ? signature : null, cancellationToken);
            return TypedResults.Ok(new WebhookReceived(true, received.Changed));
        }
        catch (WebhookRefusedException e)
        {
            throw new ProblemException(400, "webhook-refused", e.Message, "Sign the exact bytes of the body with the endpoint's secret, and send it within minutes.");
        }
        finally
        {
            System.Buffers.ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static EventStore.CommandContext For(Caller caller, HttpContext context) =>
        new(caller.Tenant, caller.Actor, $"http/{caller.Tenant}/{IdempotencyKey.Require(context)}", Correlation.Of(context));

    private static Ok<PaymentView> View(PaymentResult result, HttpContext context)
    {
        if (result.Trouble is ProcessorAnswer.Unavailable { Reason: var reason } && result.State.Status is PaymentStatus.Requested)
        {
            throw Problems.Busy($"The payment processor cannot be reached: {reason}.", "Nothing was done. Try again with the same Idempotency-Key.");
        }

        Freshness.Answer(context, result.Position);
        if (result.Trouble is not null)
        {
            IdempotencyKey.LeaveOpen(context);
        }

        var state = result.State;
        return TypedResults.Ok(new PaymentView(
            result.Payment,
            state.Status,
            state.Request!.Amount,
            state.Captured,
            state.Refunded,
            result.Refund,
            state.Request.Processor,
            state.Reference,
            state.Declined?.Reason ?? (result.Refund is { } refund && state.DeclinedRefunds.TryGetValue(refund, out var declined) ? declined.Reason : result.Operation is PaymentOperation.Capture or PaymentOperation.Void ? state.Refusal?.Reason : null),
            result.Trouble switch { ProcessorAnswer.Unknown u => u.Reason, ProcessorAnswer.Unavailable u => u.Reason, _ => null }));
    }
}
