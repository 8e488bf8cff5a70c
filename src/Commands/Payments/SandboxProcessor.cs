using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using AIaaS.Domain.Payments;
using AIaaS.EventStore;

namespace AIaaS.Commands.Payments;

/// <summary>
/// A processor that moves no real money: for development, demonstrations and tests. It plays the far side with durable books of its own,
/// does each key once, and fails in the ways that real processors fail, chosen by the payment method's token:
/// <c>pm_card_visa_chargeDeclined</c>, <c>sandbox_timeout_after_charge</c> and so on, see <see cref="Failures"/>. Any other token is good.
/// </summary>
public sealed class SandboxProcessor(IEventStore log, EventTypes types, TimeProvider time, PaymentOptions options) : IPaymentProcessor
{
    /// <summary>The processor's name.</summary>
    public const string ProcessorName = "sandbox";

    private const int MaxTries = 20;

    private readonly SandboxOptions settings = options.Sandbox;
    private readonly string secret = options.Sandbox.WebhookSecret is { Length: > 0 } given ? given : Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
    private readonly ConcurrentDictionary<string, byte> failedOnce = new(StringComparer.Ordinal);

    /// <summary>The payment methods that fail, and how. The card numbers are the published ones for tests.</summary>
    public static IReadOnlyDictionary<string, SandboxFailure> Failures { get; } = new Dictionary<string, SandboxFailure>(StringComparer.Ordinal)
    {
        ["4000000000000002"] = SandboxFailure.Decline,
        ["pm_card_chargeDeclined"] = SandboxFailure.Decline,
        ["pm_card_visa_chargeDeclined"] = SandboxFailure.Decline,
        ["4000000000009995"] = SandboxFailure.InsufficientFunds,
        ["pm_card_visa_chargeDeclinedInsufficientFunds"] = SandboxFailure.InsufficientFunds,
        ["sandbox_timeout_after_charge"] = SandboxFailure.TimeoutAfterCharge,
        ["sandbox_timeout_before_charge"] = SandboxFailure.TimeoutBeforeCharge,
        ["sandbox_error_before_charge"] = SandboxFailure.ErrorBeforeCharge,
        ["sandbox_duplicate_webhook"] = SandboxFailure.DuplicateWebhook,
        ["sandbox_late_refund"] = SandboxFailure.LateRefund,
        ["sandbox_slow"] = SandboxFailure.Slow,
        ["sandbox_refund_declined"] = SandboxFailure.RefundDeclined,
        ["sandbox_timeout_after_refund"] = SandboxFailure.TimeoutAfterRefund,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <inheritdoc />
    public string Name => ProcessorName;

    /// <inheritdoc />
    public string SignatureHeader => "Sandbox-Signature";

    /// <inheritdoc />
    public async Task<ProcessorAnswer> RequestAsync(ProcessorRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        var failure = FailureOf(request.Method, request.Amount.Amount);
        if (failure == SandboxFailure.Slow)
        {
            await Task.Delay(settings.Slowness, time, cancellationToken);
        }

        if (failure == SandboxFailure.TimeoutBeforeCharge)
        {
            return new ProcessorAnswer.Unknown("the sandbox did not answer in time");
        }

        if (failure == SandboxFailure.ErrorBeforeCharge && failedOnce.TryAdd(request.Key, 0))
        {
            return new ProcessorAnswer.Unavailable("the sandbox answered 503 before it did anything");
        }

        var stream = StreamOf(request.Tenant, request.Payment);
        var repeated = false;
        var result = await ChangeAsync(stream, request.Key, book =>
        {
            if (book.Last is { } last)
            {
                repeated = true;
                return book.Changes[0].Key == request.Key && book.Changes[0].Amount == request.Amount.Amount && last.Payment.Currency == request.Amount.Currency && last.Method == request.Method
                    ? (null, null)
                    : (null, new ProcessorAnswer.Refused("idempotency_key_reused", "The key was used before, with other parameters."));
            }

            var reference = "sb_" + NamedId.Of("sandbox", stream).ToString("N");
            ProcessorPayment payment = new(reference, request.Tenant, request.Payment, request.Capture ? ProcessorStatus.Captured : ProcessorStatus.Authorized, request.Amount.Currency, request.Capture ? request.Amount.Amount : 0, []);
            if (failure is SandboxFailure.Decline or SandboxFailure.InsufficientFunds)
            {
                payment = payment with
                {
                    Status = ProcessorStatus.Declined,
                    Captured = 0,
                    Code = failure == SandboxFailure.Decline ? "generic_decline" : "insufficient_funds",
                    Reason = failure == SandboxFailure.Decline ? "The card was declined." : "The card has insufficient funds.",
                };
            }

            return (new SandboxPaymentChanged(request.Key, payment, request.Amount.Amount, request.Method, request.Capture ? "Charge" : "Authorize", time.GetUtcNow()), null);
        }, cancellationToken);
        return failure == SandboxFailure.TimeoutAfterCharge && !repeated && result is ProcessorAnswer.Known ? new ProcessorAnswer.Unknown("the sandbox did not answer in time") : result;
    }

    /// <inheritdoc />
    public Task<ProcessorAnswer> CaptureAsync(ProcessorChange change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(change);
        return ChangeAsync(StreamOf(change.Tenant, change.Payment), change.Key, book => book.Last is not { } last || last.Payment.Reference != change.Reference ? (null, new ProcessorAnswer.NotFound())
            : last.Payment.Status != ProcessorStatus.Authorized ? (null, new ProcessorAnswer.Refused("payment_unexpected_state", $"The payment is {last.Payment.Status}; it cannot be captured."))
            : change.Amount.Currency != last.Payment.Currency || change.Amount.Amount <= 0 || change.Amount.Amount > last.Amount ? (null, new ProcessorAnswer.Refused("amount_too_large", "The amount is not possible."))
            : (Next(last, change.Key, "Capture", last.Payment with { Status = ProcessorStatus.Captured, Captured = change.Amount.Amount }), null), cancellationToken);
    }

    /// <inheritdoc />
    public Task<ProcessorAnswer> VoidAsync(ProcessorChange change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(change);
        return ChangeAsync(StreamOf(change.Tenant, change.Payment), change.Key, book => book.Last is not { } last || last.Payment.Reference != change.Reference ? (null, new ProcessorAnswer.NotFound())
            : last.Payment.Status != ProcessorStatus.Authorized ? (null, new ProcessorAnswer.Refused("payment_unexpected_state", $"The payment is {last.Payment.Status}; it cannot be canceled."))
            : (Next(last, change.Key, "Void", last.Payment with { Status = ProcessorStatus.Voided }), null), cancellationToken);
    }

    /// <inheritdoc />
    public async Task<ProcessorAnswer> RefundAsync(ProcessorChange change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(change);
        SandboxFailure? failure = null;
        var repeated = true;
        var result = await RefundAsync(change, "Refund", last =>
        {
            repeated = false;
            failure = FailureOf(last.Method, last.Amount);
            return failure == SandboxFailure.RefundDeclined ? new ProcessorAnswer.Refused("expired_or_canceled_card", "The card has expired or was canceled.") : null;
        }, cancellationToken);
        return failure == SandboxFailure.TimeoutAfterRefund && !repeated && result is ProcessorAnswer.Known ? new ProcessorAnswer.Unknown("the sandbox did not answer in time") : result;
    }

    /// <summary>Gives money back without being asked, as a bank does after a dispute.</summary>
    public Task<ProcessorAnswer> RefundLateAsync(ProcessorChange change, CancellationToken cancellationToken) => RefundAsync(change, "LateRefund", _ => null, cancellationToken);

    /// <inheritdoc />
    public async Task<ProcessorAnswer> LookUpAsync(ProcessorRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        var book = await ReadAsync(StreamOf(request.Tenant, request.Payment), cancellationToken);
        return book.Last is { } last && book.Changes[0].Key == request.Key ? new ProcessorAnswer.Known(last.Payment) : new ProcessorAnswer.NotFound();
    }

    /// <inheritdoc />
    public Task<ProcessorAnswer> LookUpAsync(string tenant, string reference, CancellationToken cancellationToken) =>
        Task.FromResult<ProcessorAnswer>(new ProcessorAnswer.Unavailable("the sandbox's webhooks tell all; there is nothing to look up"));

    /// <inheritdoc />
    public ProcessorNotification? Verify(ReadOnlySpan<byte> body, string? signature)
    {
        WebhookSignature.Check([secret], body, signature, time.GetUtcNow(), settings.Tolerance);
        try
        {
            using var json = JsonDocument.Parse(body.ToArray());
            var root = json.RootElement;
            var payment = root.GetProperty("payment");
            var refunds = payment.GetProperty("refunds").EnumerateArray().Select(r => new ProcessorRefund(Text(r, "reference")!, Text(r, "refund"), r.GetProperty("amount").GetDecimal(), Enum.Parse<ProcessorRefundStatus>(Text(r, "status")!))).ToImmutableArray();
            var read = new ProcessorPayment(Text(payment, "reference")!, Text(payment, "tenant")!, Text(payment, "id")!, Enum.Parse<ProcessorStatus>(Text(payment, "status")!), Text(payment, "currency")!, payment.GetProperty("captured").GetDecimal(), refunds, Text(payment, "code"), Text(payment, "reason"));
            return new(Text(root, "id")!, read.Tenant, read.Reference, read);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or ArgumentException)
        {
            throw new WebhookRefusedException("The webhook's body cannot be read: " + e.Message);
        }
    }

    /// <summary>The webhook that tells of a change, with its signature.</summary>
    internal (byte[] Body, string Signature) Webhook(Guid id, SandboxPaymentChanged changed)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            var payment = changed.Payment;
            json.WriteStartObject();
            json.WriteString("id", "sbe_" + id.ToString("N"));
            json.WriteString("type", "payment." + changed.Change);
            json.WriteStartObject("payment");
            json.WriteString("reference", payment.Reference);
            json.WriteString("tenant", payment.Tenant);
            json.WriteString("id", payment.Payment);
            json.WriteString("status", payment.Status.ToString());
            json.WriteString("currency", payment.Currency);
            json.WriteNumber("captured", payment.Captured);
            json.WriteString("code", payment.Code);
            json.WriteString("reason", payment.Reason);
            json.WriteStartArray("refunds");
            foreach (var refund in payment.Refunds)
            {
                json.WriteStartObject();
                json.WriteString("reference", refund.Reference);
                json.WriteString("refund", refund.Refund);
                json.WriteNumber("amount", refund.Amount);
                json.WriteString("status", refund.Status.ToString());
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndObject();
        }

        var body = buffer.ToArray();
        return (body, WebhookSignature.Sign(secret, body, time.GetUtcNow()));
    }

    /// <summary>How a payment goes wrong; null: it does not.</summary>
    internal SandboxFailure? FailureOf(string method, decimal amount) =>
        Failures.TryGetValue(method, out var failure) ? failure
        : settings.FailureByAmount.TryGetValue(amount.ToString("0.###", CultureInfo.InvariantCulture), out var byAmount) ? byAmount
        : settings.Failure;

    private static StreamName StreamOf(string tenant, string payment) => StreamName.For("sandboxPayment", tenant, payment);

    private static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();

    private Task<ProcessorAnswer> RefundAsync(ProcessorChange change, string kind, Func<SandboxPaymentChanged, ProcessorAnswer?> refuse, CancellationToken cancellationToken)
    {
        var stream = StreamOf(change.Tenant, change.Payment);
        return ChangeAsync(stream, change.Key, book =>
        {
            if (book.Last is not { } last || last.Payment.Reference != change.Reference)
            {
                return (null, new ProcessorAnswer.NotFound());
            }

            if (refuse(last) is { } refused)
            {
                return (null, refused);
            }

            var left = last.Payment.Captured - last.Payment.Refunds.Sum(r => r.Amount);
            if (change.Amount.Currency != last.Payment.Currency || change.Amount.Amount <= 0 || change.Amount.Amount > left)
            {
                return (null, new ProcessorAnswer.Refused(left <= 0 ? "charge_already_refunded" : "amount_too_large", $"{left.ToString("0.###", CultureInfo.InvariantCulture)} {last.Payment.Currency} are left."));
            }

            var reference = "sbr_" + NamedId.Of("sandbox-refund", stream, change.Key).ToString("N");
            return (Next(last, change.Key, kind, last.Payment with { Refunds = last.Payment.Refunds.Add(new(reference, change.Refund, change.Amount.Amount, ProcessorRefundStatus.Done)) }), null);
        }, cancellationToken);
    }

    private SandboxPaymentChanged Next(SandboxPaymentChanged last, string key, string change, ProcessorPayment payment) => last with { Key = key, Change = change, Payment = payment, At = time.GetUtcNow() };

    /// <summary>Decides on the payment's books and writes them once; a key that stands there already changes nothing and gets the books as they are.</summary>
    private async Task<ProcessorAnswer> ChangeAsync(string stream, string key, Func<Book, (SandboxPaymentChanged? Change, ProcessorAnswer? Answer)> decide, CancellationToken cancellationToken)
    {
        for (var tries = 1; ; tries++)
        {
            var book = await ReadAsync(stream, cancellationToken);
            if (book.Changes.Count > 1 && book.Changes.Skip(1).Any(c => c.Key == key))
            {
                return new ProcessorAnswer.Known(book.Last!.Payment);
            }

            var (change, answer) = decide(book);
            if (change is null)
            {
                return answer ?? new ProcessorAnswer.Known(book.Last!.Payment);
            }

            var metadata = new EventMetadata { Tenant = change.Payment.Tenant, Actor = ProcessorName, CorrelationId = change.Payment.Reference, CausationId = change.Payment.Reference };
            try
            {
                await log.AppendAsync(stream, ExpectedVersion.Exact(book.Changes.Count - 1), [types.Write(NamedId.Of("sandbox-change", stream, key), change, metadata)], CancellationToken.None);
                return new ProcessorAnswer.Known(change.Payment);
            }
            catch (WrongExpectedVersionException) when (tries < MaxTries)
            {
                // Another request changed the payment meanwhile: decide again on what is there now.
            }
        }
    }

    private async Task<Book> ReadAsync(string stream, CancellationToken cancellationToken)
    {
        List<SandboxPaymentChanged> changes = [];
        await foreach (var recorded in log.ReadStreamOrEmptyAsync(stream, cancellationToken: cancellationToken))
        {
            changes.Add((SandboxPaymentChanged)types.Read(recorded));
        }

        return new(changes);
    }

    private sealed record Book(IReadOnlyList<SandboxPaymentChanged> Changes)
    {
        public SandboxPaymentChanged? Last => Changes.Count == 0 ? null : Changes[^1];
    }
}

/// <summary>Sends the sandbox's webhooks, at least once each: off its own books, so that a crash loses none.</summary>
public sealed class SandboxWebhooks(SandboxProcessor sandbox, PaymentWebhooks webhooks) : IEventHandler
{
    /// <inheritdoc />
    public string Name => "sandbox-webhooks";

    /// <inheritdoc />
    public EventFilter Filter { get; } = EventFilter.Types("sandbox.payment.");

    /// <inheritdoc />
    public string KeyOf(EventEnvelope envelope)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        return envelope.Recorded.Stream;
    }

    /// <inheritdoc />
    public async Task HandleAsync(EventEnvelope envelope, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        if (envelope.Event is not SandboxPaymentChanged changed)
        {
            return;
        }

        var failure = sandbox.FailureOf(changed.Method, changed.Amount);
        var (body, signature) = sandbox.Webhook(envelope.Recorded.Id, changed);
        for (var i = 0; i < (failure == SandboxFailure.DuplicateWebhook ? 2 : 1); i++)
        {
            await webhooks.ReceiveAsync(sandbox.Name, body, signature, cancellationToken);
        }

        var payment = changed.Payment;
        if (failure == SandboxFailure.LateRefund && payment.Captured > 0 && payment.Refunds.IsEmpty)
        {
            await sandbox.RefundLateAsync(new(payment.Tenant, payment.Payment, payment.Reference, "late/" + payment.Reference, new(payment.Captured, payment.Currency)), cancellationToken);
        }
    }
}
