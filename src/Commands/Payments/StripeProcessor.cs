using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using AIaaS.Domain;
using AIaaS.Domain.Payments;

namespace AIaaS.Commands.Payments;

/// <summary>
/// Payments through Stripe's public REST API. A payment is a PaymentIntent, created first and confirmed second, both under keys of their own:
/// creating moves no money, so that creating it again under its key finds it, whatever became of the confirmation.
/// </summary>
public sealed class StripeProcessor : IPaymentProcessor
{
    /// <summary>The processor's name.</summary>
    public const string ProcessorName = "stripe";

    private const int MaxKeyLength = 255;
    private const int MaxAnswerBytes = 4 * 1024 * 1024;
    private const string Intents = "/v1/payment_intents";

    private readonly HttpClient http;
    private readonly TimeProvider time;
    private readonly StripeOptions settings;
    private readonly string[] secrets;

    /// <summary>Makes it.</summary>
    /// <param name="http">Without a base address or a time-out of its own; the caller's token ends a call.</param>
    /// <param name="time">The clock.</param>
    /// <param name="settings">The settings.</param>
    /// <exception cref="ArgumentException">A key or the webhook's secret is missing.</exception>
    public StripeProcessor(HttpClient http, TimeProvider time, StripeOptions settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        if (settings.ApiKey.Length == 0 || string.IsNullOrWhiteSpace(settings.WebhookSecret))
        {
            throw new ArgumentException("Stripe needs its secret key and the webhook endpoint's signing secret: Payments__Stripe__ApiKey and Payments__Stripe__WebhookSecret.", nameof(settings));
        }

        (this.http, this.time, this.settings) = (http, time, settings);
        secrets = settings.WebhookSecret.Split(' ', StringSplitOptions.RemoveEmptyEntries);
    }

    /// <inheritdoc />
    public string Name => ProcessorName;

    /// <inheritdoc />
    public string SignatureHeader => "Stripe-Signature";

    /// <inheritdoc />
    public async Task<ProcessorAnswer> RequestAsync(ProcessorRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        var (created, answer) = await CreateAsync(request, cancellationToken);
        return created is not { } intent ? answer! : await ChangeAsync($"{Intents}/{intent.Reference}/confirm", request.Key + ":confirm", [("payment_method", request.Method), ("off_session", "true")], request.Tenant, request.Payment, cancellationToken);
    }

    /// <inheritdoc />
    public Task<ProcessorAnswer> CaptureAsync(ProcessorChange change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(change);
        return ChangeAsync($"{Intents}/{Path(change.Reference)}/capture", change.Key, [("amount_to_capture", Minor(change.Amount))], change.Tenant, change.Payment, cancellationToken);
    }

    /// <inheritdoc />
    public Task<ProcessorAnswer> VoidAsync(ProcessorChange change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(change);
        return ChangeAsync($"{Intents}/{Path(change.Reference)}/cancel", change.Key, [], change.Tenant, change.Payment, cancellationToken);
    }

    /// <inheritdoc />
    public async Task<ProcessorAnswer> RefundAsync(ProcessorChange change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(change);
        var (json, answer) = await SendAsync(
            HttpMethod.Post,
            "/v1/refunds",
            change.Key,
            [("payment_intent", change.Reference), ("amount", Minor(change.Amount)), ("metadata[tenant]", change.Tenant), ("metadata[payment]", change.Payment), ("metadata[refund]", change.Refund ?? "")],
            cancellationToken);
        using (json)
        {
            return json is null ? answer! : Read(() =>
            {
                var refund = Refund(json.RootElement, change.Amount.Currency);
                return refund.Status == ProcessorRefundStatus.Failed
                    ? new ProcessorAnswer.Refused(refund.Code ?? "failed", refund.Reason ?? "The refund failed.")
                    : new ProcessorAnswer.Known(new(change.Reference, change.Tenant, change.Payment, ProcessorStatus.Captured, change.Amount.Currency, 0, [refund]));
            });
        }
    }

    /// <inheritdoc />
    public async Task<ProcessorAnswer> LookUpAsync(ProcessorRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        var query = $"metadata['payment']:'{request.Payment}' AND metadata['tenant']:'{request.Tenant}'";
        var (json, answer) = await SendAsync(HttpMethod.Get, $"{Intents}/search?limit=1&query={Uri.EscapeDataString(query)}", null, null, cancellationToken);
        string? found = null;
        using (json)
        {
            if (json is null)
            {
                return NotChanged(answer!);
            }

            if (Read(() => null, () => found = json.RootElement.GetProperty("data").EnumerateArray().Select(i => i.GetProperty("id").GetString()).FirstOrDefault()) is { } unreadable)
            {
                return unreadable;
            }
        }

        if (found is not null)
        {
            return await LookUpAsync(request.Tenant, found, cancellationToken);
        }

        if (time.GetUtcNow() - request.At > settings.SearchDelay)
        {
            return new ProcessorAnswer.NotFound();
        }

        // Too new for the search to be sure: creating it again under its key moves no money and gives the one that there is.
        var (created, refused) = await CreateAsync(request, cancellationToken);
        return created is { } intent ? await LookUpAsync(request.Tenant, intent.Reference, cancellationToken) : NotChanged(refused!);
    }

    /// <inheritdoc />
    public async Task<ProcessorAnswer> LookUpAsync(string tenant, string reference, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(reference);
        var (json, answer) = await SendAsync(HttpMethod.Get, $"{Intents}/{Path(reference)}", null, null, cancellationToken);
        ProcessorPayment payment;
        using (json)
        {
            if (json is null)
            {
                return answer is ProcessorAnswer.Refused { Code: "resource_missing" } ? new ProcessorAnswer.NotFound() : NotChanged(answer!);
            }

            var read = Read(() => new ProcessorAnswer.Known(Intent(json.RootElement, null, null)));
            if (read is not ProcessorAnswer.Known known)
            {
                return read;
            }

            payment = known.Payment;
        }

        if (payment.Captured == 0)
        {
            return new ProcessorAnswer.Known(payment);
        }

        var refunds = ImmutableArray.CreateBuilder<ProcessorRefund>();
        var trouble = await AddAllAsync("/v1/refunds", reference, r => refunds.Add(Refund(r, payment.Currency)), cancellationToken)
            ?? await AddAllAsync("/v1/disputes", reference, d => refunds.AddRange(Dispute(d, payment)), cancellationToken);
        return trouble ?? new ProcessorAnswer.Known(payment with { Refunds = refunds.ToImmutable() });
    }

    /// <inheritdoc />
    public ProcessorNotification? Verify(ReadOnlySpan<byte> body, string? signature)
    {
        WebhookSignature.Check(secrets, body, signature, time.GetUtcNow(), settings.Tolerance);
        try
        {
            using var json = JsonDocument.Parse(body.ToArray());
            var root = json.RootElement;
            var id = root.GetProperty("id").GetString()!;
            var subject = root.GetProperty("data").GetProperty("object");
            var kind = Optional(subject, "object");
            var reference = kind == "payment_intent" ? Optional(subject, "id") : kind is "charge" or "refund" or "dispute" ? IdOf(subject, "payment_intent") : null;
            var tenant = subject.TryGetProperty("metadata", out var metadata) && metadata.ValueKind == JsonValueKind.Object ? Optional(metadata, "tenant") : null;

            // What the event shows may be older than what another one showed; the payment is looked up as it is now.
            return reference is null ? null : new(id, tenant, reference, null);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new WebhookRefusedException("The webhook's body cannot be read: " + e.Message);
        }
    }

    /// <summary>An amount as Stripe wants it. It has three currencies of its own way: ISK and UGX with two decimals that must be zero, MGA without any.</summary>
    internal static long ToStripe(Money money) => money.Currency switch
    {
        "ISK" or "UGX" => Currencies.ToMinor(money) * 100,
        "MGA" => decimal.Truncate(money.Amount) == money.Amount ? (long)money.Amount : throw new ArgumentException("Stripe takes whole MGA only.", nameof(money)),
        "BHD" or "JOD" or "KWD" or "OMR" or "TND" when Currencies.ToMinor(money) % 10 != 0 => throw new ArgumentException($"Stripe takes two decimals of {money.Currency} only.", nameof(money)),
        _ => Currencies.ToMinor(money),
    };

    /// <summary>An amount of Stripe's.</summary>
    internal static decimal FromStripe(long amount, string currency) => currency switch
    {
        "ISK" or "UGX" => amount / 100m,
        "MGA" => amount,
        _ => Currencies.FromMinor(amount, currency).Amount,
    };

    private static string Minor(Money money) => ToStripe(money).ToString(CultureInfo.InvariantCulture);

    private static string Path(string reference) => Uri.EscapeDataString(reference);

    private static string? Optional(JsonElement element, string name) => element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>The id of what a member names, whether it is expanded or not.</summary>
    private static string? IdOf(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) ? value.ValueKind == JsonValueKind.Object ? Optional(value, "id") : value.ValueKind == JsonValueKind.String ? value.GetString() : null : null;

    private static ProcessorPayment Intent(JsonElement intent, string? tenant, string? payment)
    {
        var currency = intent.GetProperty("currency").GetString()!.ToUpperInvariant();
        var metadata = intent.TryGetProperty("metadata", out var given) && given.ValueKind == JsonValueKind.Object ? given : default;
        var error = intent.TryGetProperty("last_payment_error", out var last) && last.ValueKind == JsonValueKind.Object ? last : default;
        var status = intent.GetProperty("status").GetString();
        var received = intent.TryGetProperty("amount_received", out var amount) && amount.ValueKind == JsonValueKind.Number ? amount.GetInt64() : 0;
        return new(
            intent.GetProperty("id").GetString()!,
            tenant ?? (metadata.ValueKind == JsonValueKind.Object ? Optional(metadata, "tenant") : null) ?? "",
            payment ?? (metadata.ValueKind == JsonValueKind.Object ? Optional(metadata, "payment") : null) ?? "",
            status switch
            {
                "succeeded" => ProcessorStatus.Captured,
                "requires_capture" => ProcessorStatus.Authorized,
                "canceled" => ProcessorStatus.Voided,
                "requires_action" => ProcessorStatus.Declined,
                "requires_payment_method" when error.ValueKind == JsonValueKind.Object => ProcessorStatus.Declined,
                _ => ProcessorStatus.Pending,
            },
            currency,
            FromStripe(received, currency),
            [],
            status == "requires_action" ? "authentication_required" : error.ValueKind == JsonValueKind.Object ? Optional(error, "decline_code") ?? Optional(error, "code") : null,
            status == "requires_action" ? "The bank wants the customer to authenticate this payment." : error.ValueKind == JsonValueKind.Object ? Optional(error, "message") : null);
    }

    /// <summary>All pages of a list of what belongs to a payment; null, or why they cannot be read.</summary>
    private async Task<ProcessorAnswer?> AddAllAsync(string list, string reference, Action<JsonElement> add, CancellationToken cancellationToken)
    {
        for (string? after = null; ;)
        {
            var (page, failure) = await SendAsync(HttpMethod.Get, $"{list}?limit=100&payment_intent={Path(reference)}{(after is null ? "" : "&starting_after=" + Path(after))}", null, null, cancellationToken);
            using (page)
            {
                if (page is null)
                {
                    return NotChanged(failure!);
                }

                string? last = null;
                if (Read(() => null, () =>
                    {
                        foreach (var item in page.RootElement.GetProperty("data").EnumerateArray())
                        {
                            add(item);
                            last = item.GetProperty("id").GetString();
                        }

                        after = page.RootElement.TryGetProperty("has_more", out var more) && more.GetBoolean() ? last : null;
                    }) is { } unreadable)
                {
                    return unreadable;
                }

                if (after is null)
                {
                    return null;
                }
            }
        }
    }

    /// <summary>
    /// What a dispute took of a payment, and whether that came back. Inquiries take nothing (docs.stripe.com/api/disputes/object: statuses, and <c>balance_transactions</c>,
    /// which is empty where no money was withdrawn). The amount is the bank's, and can differ from the payment's by the rate of the day.
    /// </summary>
    private static IEnumerable<ProcessorRefund> Dispute(JsonElement dispute, ProcessorPayment payment)
    {
        var status = Optional(dispute, "status");
        var isWithdrawn = !dispute.TryGetProperty("balance_transactions", out var moved) || moved.ValueKind != JsonValueKind.Array || moved.GetArrayLength() > 0;
        if (!isWithdrawn || status is not ("needs_response" or "under_review" or "lost" or "won"))
        {
            return [];
        }

        var amount = string.Equals(Optional(dispute, "currency"), payment.Currency, StringComparison.OrdinalIgnoreCase) ? FromStripe(dispute.GetProperty("amount").GetInt64(), payment.Currency) : payment.Captured;
        var reference = dispute.GetProperty("id").GetString()!;
        return [status == "won"
            ? new(reference, null, Math.Min(amount, payment.Captured), ProcessorRefundStatus.Failed, "dispute_won", "The bank decided for the seller.")
            : new(reference, null, Math.Min(amount, payment.Captured), ProcessorRefundStatus.Done)];
    }

    private static ProcessorRefund Refund(JsonElement refund, string currency) => new(
        refund.GetProperty("id").GetString()!,
        refund.TryGetProperty("metadata", out var metadata) && metadata.ValueKind == JsonValueKind.Object && Optional(metadata, "refund") is { Length: > 0 } id ? id : null,
        FromStripe(refund.GetProperty("amount").GetInt64(), currency),
        Optional(refund, "status") is "failed" or "canceled" ? ProcessorRefundStatus.Failed : ProcessorRefundStatus.Done,
        Optional(refund, "failure_reason"));

    /// <summary>A look-up changes nothing: what is not known of it is not known of the payment either, and can be asked again.</summary>
    private static ProcessorAnswer NotChanged(ProcessorAnswer answer) => answer switch
    {
        ProcessorAnswer.Unknown unknown => new ProcessorAnswer.Unavailable(unknown.Reason),
        ProcessorAnswer.Refused refused => new ProcessorAnswer.Unavailable($"{refused.Code}: {refused.Reason}"),
        _ => answer,
    };

    private static ProcessorAnswer Read(Func<ProcessorAnswer?> read) => Read(read, () => { })!;

    private static ProcessorAnswer? Read(Func<ProcessorAnswer?> read, Action first)
    {
        try
        {
            first();
            return read();
        }
        catch (Exception e) when (e is KeyNotFoundException or InvalidOperationException or FormatException or ArgumentException)
        {
            return new ProcessorAnswer.Unknown("Stripe's answer has another form than expected: " + e.Message);
        }
    }

    private async Task<(ProcessorPayment? Created, ProcessorAnswer? Answer)> CreateAsync(ProcessorRequest request, CancellationToken cancellationToken)
    {
        string amount;
        try
        {
            amount = Minor(request.Amount);
        }
        catch (ArgumentException e)
        {
            return (null, new ProcessorAnswer.Refused("amount_not_possible", e.Message));
        }

        var (json, answer) = await SendAsync(
            HttpMethod.Post,
            Intents,
            request.Key + ":create",
            [
                ("amount", amount),
                ("currency", request.Amount.Currency.ToLowerInvariant()),
                ("capture_method", request.Capture ? "automatic" : "manual"),
                ("automatic_payment_methods[enabled]", "true"),
                ("automatic_payment_methods[allow_redirects]", "never"),
                ("metadata[tenant]", request.Tenant),
                ("metadata[payment]", request.Payment),
                .. request.Description is { } description ? [("description", description)] : Array.Empty<(string, string)>(),
            ],
            cancellationToken);
        using (json)
        {
            if (json is null)
            {
                // Nothing was confirmed, so nothing was taken, whatever became of the creation.
                return (null, answer is ProcessorAnswer.Unknown unknown ? new ProcessorAnswer.Unavailable(unknown.Reason) : answer);
            }

            return Read(() => new ProcessorAnswer.Known(Intent(json.RootElement, request.Tenant, request.Payment))) is ProcessorAnswer.Known known
                ? (known.Payment, null)
                : (null, new ProcessorAnswer.Unavailable("Stripe's answer has another form than expected."));
        }
    }

    private async Task<ProcessorAnswer> ChangeAsync(string path, string key, IReadOnlyList<(string Name, string Value)> form, string tenant, string payment, CancellationToken cancellationToken)
    {
        var (json, answer) = await SendAsync(HttpMethod.Post, path, key, form, cancellationToken);
        using (json)
        {
            return json is null ? answer! : Read(() =>
            {
                var intent = Intent(json.RootElement, tenant, payment);
                return intent.Status == ProcessorStatus.Pending
                    ? new ProcessorAnswer.Unknown($"Stripe is still working on payment {intent.Reference}")
                    : new ProcessorAnswer.Known(intent);
            });
        }
    }

    private async Task<(JsonDocument? Json, ProcessorAnswer? Answer)> SendAsync(HttpMethod method, string path, string? key, IReadOnlyList<(string Name, string Value)>? form, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, new Uri(settings.BaseUrl, path));
        request.Headers.Authorization = new("Bearer", settings.ApiKey);
        request.Headers.Add("Stripe-Version", settings.ApiVersion);
        if (key is not null)
        {
            request.Headers.TryAddWithoutValidation("Idempotency-Key", Bounded(key));
        }

        if (form is not null)
        {
            request.Content = new FormUrlEncodedContent(form.Select(p => KeyValuePair.Create(p.Name, p.Value)));
        }

        try
        {
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            await response.Content.LoadIntoBufferAsync(MaxAnswerBytes, cancellationToken);
            var bytes = await response.Content.ReadAsByteArrayAsync(cancellationToken);
            return response.IsSuccessStatusCode ? (JsonDocument.Parse(bytes), null) : (null, Error(response.StatusCode, bytes));
        }
        catch (HttpRequestException e) when (e.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError or HttpRequestError.ProxyTunnelError)
        {
            return (null, new ProcessorAnswer.Unavailable("Stripe cannot be reached: " + e.Message));
        }
        catch (Exception e) when (e is HttpRequestException or IOException or JsonException)
        {
            return (null, new ProcessorAnswer.Unknown("Stripe's answer did not come through: " + e.Message));
        }
        catch (OperationCanceledException) when (key is not null)
        {
            return (null, new ProcessorAnswer.Unknown("Stripe did not answer in time"));
        }
    }

    private static string Bounded(string key) =>
        key.Length <= MaxKeyLength && key.All(c => c is > ' ' and < '\x7f') ? key : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));

    private static ProcessorAnswer Error(HttpStatusCode status, byte[] body)
    {
        var (type, code, message) = ("", "", "");
        try
        {
            using var json = JsonDocument.Parse(body);
            if (json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.Object)
            {
                type = Optional(error, "type") ?? "";
                code = Optional(error, "decline_code") ?? Optional(error, "code") ?? "";
                message = Optional(error, "message") ?? "";
            }
        }
        catch (JsonException)
        {
            // A proxy's page: the status alone tells.
            message = "";
        }

        var reason = message.Length == 0 ? $"Stripe answered {(int)status}" : message.Length <= 500 ? message : message[..500];
        return (int)status switch
        {
            402 => new ProcessorAnswer.Refused(code.Length == 0 ? "card_declined" : code, reason),
            429 => new ProcessorAnswer.Unavailable(reason),
            409 => new ProcessorAnswer.Unknown(reason),
            >= 500 => new ProcessorAnswer.Unknown(reason),
            401 or 403 => new ProcessorAnswer.Unavailable("Stripe does not take the secret key: " + reason),
            _ => new ProcessorAnswer.Refused(code.Length > 0 ? code : type.Length > 0 ? type : "refused", reason),
        };
    }
}
