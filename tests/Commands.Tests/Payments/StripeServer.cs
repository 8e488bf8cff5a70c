using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using AIaaS.Commands.Payments;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Commands.Tests.Payments;

/// <summary>
/// Speaks the part of Stripe's REST API that the adapter uses, as its reference describes it: form-encoded requests under a secret key, one answer
/// for each Idempotency-Key, errors with type and code. Methods named <c>slow_…</c> take the money and answer too late.
/// </summary>
internal sealed class StripeServer : IAsyncDisposable
{
    public const string ApiKey = "sk_test_1";
    public const string WebhookSecret = "whsec_test";

    private readonly WebApplication app;
    private readonly ConcurrentDictionary<string, (string Request, int Status, string Body)> answered = new();
    private readonly ConcurrentDictionary<string, JsonObject> intents = new();
    private readonly ConcurrentDictionary<string, JsonObject> refunds = new();
    private readonly ConcurrentDictionary<string, JsonObject> disputes = new();
    private int count;

    private StripeServer(WebApplication app) => this.app = app;

    public Uri Url => new(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    /// <summary>How much left each card, all payments together, in minor units.</summary>
    public long Taken => intents.Values.Sum(i => (long)i["amount_received"]!);

    /// <summary>While set, everything is answered with this status.</summary>
    public int? Failing { get; set; }

    /// <summary>Requests that came, all together.</summary>
    public int Requests { get; private set; }

    public StripeOptions Options => new() { ApiKey = ApiKey, WebhookSecret = WebhookSecret, BaseUrl = Url };

    public static async Task<StripeServer> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var server = new StripeServer(app);
        app.Run(server.HandleAsync);
        await app.StartAsync();
        return server;
    }

    public JsonObject RefundInTheConsole(string intent, long amount)
    {
        var refund = Refund(intent, amount, []);
        return refund;
    }

    public void Dispute(string intent, long amount, string status, bool isWithdrawn)
    {
        var id = $"dp_{Interlocked.Increment(ref count):000}";
        disputes[id] = new() { ["id"] = id, ["object"] = "dispute", ["amount"] = amount, ["currency"] = "usd", ["payment_intent"] = intent, ["status"] = status, ["balance_transactions"] = isWithdrawn ? new JsonArray(new JsonObject { ["amount"] = -amount }) : [] };
    }

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync();
        await app.DisposeAsync();
    }

    private async Task HandleAsync(HttpContext context)
    {
        Requests++;
        var request = context.Request;
        if (Failing is { } failing)
        {
            context.Response.StatusCode = failing;
            return;
        }

        if (request.Headers.Authorization != "Bearer " + ApiKey || string.IsNullOrEmpty(request.Headers["Stripe-Version"]))
        {
            await WriteAsync(context, 401, Error("invalid_request_error", "api_key_invalid", "Invalid API Key provided."));
            return;
        }

        var path = request.Path.Value!;
        if (request.Method == "GET")
        {
            var (status, body) = Get(path, request.Query);
            await WriteAsync(context, status, body);
            return;
        }

        request.ContentType.Should().Be("application/x-www-form-urlencoded");
        var form = (await request.ReadFormAsync()).ToDictionary(p => p.Key, p => p.Value.ToString());
        var key = request.Headers["Idempotency-Key"].ToString();
        key.Length.Should().BeInRange(1, 255);
        var content = path + "?" + string.Join('&', form.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => $"{p.Key}={p.Value}"));
        var isNew = false;
        var answer = answered.GetOrAdd(key, _ =>
        {
            isNew = true;
            var (status, body) = Post(path, form);
            return (content, status, body.ToJsonString());
        });
        if (answer.Request != content)
        {
            await WriteAsync(context, 400, Error("idempotency_error", null, "Keys for idempotent requests can only be used with the same parameters."));
            return;
        }

        if (isNew && form.GetValueOrDefault("payment_method")?.StartsWith("slow_", StringComparison.Ordinal) == true)
        {
            // The client gives up long before.
            await Task.Delay(TimeSpan.FromMinutes(1), context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return;
        }

        await WriteAsync(context, answer.Status, JsonNode.Parse(answer.Body)!.AsObject());
    }

    private static async Task WriteAsync(HttpContext context, int status, JsonObject body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(body.ToJsonString());
    }

    private static JsonObject Error(string type, string? code, string message, string? declineCode = null) =>
        new() { ["error"] = new JsonObject { ["type"] = type, ["code"] = code, ["decline_code"] = declineCode, ["message"] = message } };

    private (int, JsonObject) Get(string path, IQueryCollection query)
    {
        if (path == "/v1/payment_intents/search")
        {
            // Nothing is found by search within a minute of its creation.
            return (200, new() { ["object"] = "search_result", ["data"] = new JsonArray(), ["has_more"] = false });
        }

        if (path is "/v1/refunds" or "/v1/disputes")
        {
            var data = (path == "/v1/refunds" ? refunds : disputes).Values.Where(r => (string?)r["payment_intent"] == query["payment_intent"]).OrderBy(r => (string?)r["id"], StringComparer.Ordinal).ToList();
            var after = query["starting_after"].ToString();
            var rest = after.Length == 0 ? data : [.. data.SkipWhile(r => (string?)r["id"] != after).Skip(1)];
            return (200, new() { ["object"] = "list", ["data"] = new JsonArray([.. rest.Take(2).Select(r => r.DeepClone())]), ["has_more"] = rest.Count > 2 });
        }

        return intents.TryGetValue(path.Split('/')[3], out var intent) ? (200, (JsonObject)intent.DeepClone()) : (404, Error("invalid_request_error", "resource_missing", "No such payment_intent."));
    }

    private (int, JsonObject) Post(string path, Dictionary<string, string> form)
    {
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (path == "/v1/payment_intents")
        {
            var id = $"pi_{Interlocked.Increment(ref count)}";
            var intent = new JsonObject
            {
                ["id"] = id,
                ["object"] = "payment_intent",
                ["amount"] = long.Parse(form["amount"]),
                ["amount_received"] = 0,
                ["currency"] = form["currency"],
                ["capture_method"] = form["capture_method"],
                ["status"] = "requires_confirmation",
                ["metadata"] = Metadata(form),
                ["last_payment_error"] = null,
            };
            intents[id] = intent;
            return (200, (JsonObject)intent.DeepClone());
        }

        if (path == "/v1/refunds")
        {
            var (intent, amount) = (intents[form["payment_intent"]], long.Parse(form["amount"]));
            var left = (long)intent["amount_received"]! - refunds.Values.Where(r => (string?)r["payment_intent"] == form["payment_intent"]).Sum(r => (long)r["amount"]!);
            return left <= 0 ? (400, Error("invalid_request_error", "charge_already_refunded", "Charge has already been refunded."))
                : amount > left ? (400, Error("invalid_request_error", "amount_too_large", "Refund amount is greater than unrefunded amount on charge."))
                : (200, (JsonObject)Refund(form["payment_intent"], amount, Metadata(form)).DeepClone());
        }

        if (!intents.TryGetValue(parts[2], out var known))
        {
            return (404, Error("invalid_request_error", "resource_missing", "No such payment_intent."));
        }

        switch (parts[3], (string)known["status"]!)
        {
            case ("confirm", "requires_confirmation") when form["payment_method"].Contains("Declined", StringComparison.Ordinal):
                known["status"] = "requires_payment_method";
                known["last_payment_error"] = new JsonObject { ["code"] = "card_declined", ["decline_code"] = "generic_decline", ["message"] = "Your card was declined." };
                return (402, Error("card_error", "card_declined", "Your card was declined.", "generic_decline"));
            case ("confirm", "requires_confirmation"):
                var isManual = (string)known["capture_method"]! == "manual";
                known["status"] = isManual ? "requires_capture" : "succeeded";
                known["amount_received"] = isManual ? 0 : (long)known["amount"]!;
                break;
            case ("capture", "requires_capture"):
                known["status"] = "succeeded";
                known["amount_received"] = long.Parse(form["amount_to_capture"]);
                break;
            case ("cancel", "requires_capture"):
                known["status"] = "canceled";
                break;
            default:
                return (400, Error("invalid_request_error", "payment_intent_unexpected_state", $"This PaymentIntent's status is {known["status"]}."));
        }

        return (200, (JsonObject)known.DeepClone());
    }

    private JsonObject Refund(string intent, long amount, JsonObject metadata)
    {
        var refund = new JsonObject { ["id"] = $"re_{Interlocked.Increment(ref count):000}", ["object"] = "refund", ["amount"] = amount, ["payment_intent"] = intent, ["status"] = "succeeded", ["metadata"] = metadata };
        refunds[(string)refund["id"]!] = refund;
        return refund;
    }

    private static JsonObject Metadata(Dictionary<string, string> form) => new(
        form.Where(p => p.Key.StartsWith("metadata[", StringComparison.Ordinal)).Select(p => KeyValuePair.Create(p.Key["metadata[".Length..^1], (JsonNode?)p.Value)));
}
