using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using AIaaS.Domain.Tools;

namespace AIaaS.Commands.Tools;

/// <summary>A tool behind a webhook, signed as Standard Webhooks say; the receiver tells repetitions by <c>webhook-id</c>, which derives from the idempotency key.</summary>
internal sealed class WebhookTool : ITool
{
    private readonly WebhookAdapter adapter;
    private readonly ToolNetwork network;
    private readonly ToolSecrets secrets;
    private readonly TimeProvider time;
    private readonly Uri url;

    public WebhookTool(ToolManifest manifest, WebhookAdapter adapter, ToolNetwork network, ToolSecrets secrets, TimeProvider time)
    {
        (Manifest, this.adapter, this.network, this.secrets, this.time) = (manifest, adapter, network, secrets, time);
        url = UrlTemplate.Parse(adapter.Url).Render(ToolOutput.Null);
    }

    public ToolManifest Manifest { get; }

    /// <summary>The id that a receiver sees of a call.</summary>
    public static string IdOf(string idempotencyKey) => "msg_" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(idempotencyKey)))[..32];

    /// <summary>The signature of a message: <c>v1,{base64 of HMAC-SHA256 over id.timestamp.body}</c>.</summary>
    /// <exception cref="FormatException">The secret is not <c>whsec_</c> with base64 behind it.</exception>
    public static string Sign(string secret, string id, long timestamp, ReadOnlySpan<byte> body)
    {
        const string prefix = "whsec_";
        var key = secret.StartsWith(prefix, StringComparison.Ordinal) ? Convert.FromBase64String(secret[prefix.Length..]) : throw new FormatException("The secret of a webhook begins with 'whsec_'.");
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);
        hmac.AppendData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{id}.{timestamp}.")));
        hmac.AppendData(body);
        return "v1," + Convert.ToBase64String(hmac.GetHashAndReset());
    }

    public async Task<ToolOutcome> InvokeAsync(ToolCall call, CancellationToken cancellationToken)
    {
        if (secrets.Find(call.Tenant, adapter.Secret) is not { } secret)
        {
            return new ToolOutcome.Failed("secret-missing", $"The platform's setting Tools__Secrets__{call.Tenant}__{adapter.Secret} is missing.");
        }

        var now = time.GetUtcNow();
        var body = Body(call, now);
        var id = IdOf(call.IdempotencyKey);
        string signature;
        try
        {
            signature = Sign(secret, id, now.ToUnixTimeSeconds(), body);
        }
        catch (FormatException)
        {
            return new ToolOutcome.Failed("secret-invalid", $"The platform's setting Tools__Secrets__{call.Tenant}__{adapter.Secret} is no secret of a webhook: 'whsec_' with base64 behind it.");
        }

        using var request = new HttpRequestMessage(HttpMethod.Post, url);
        HttpOutcome.AddPlatformHeaders(request, call);
        request.Headers.Add("webhook-id", id);
        request.Headers.Add("webhook-timestamp", now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture));
        request.Headers.TryAddWithoutValidation("webhook-signature", signature);
        request.Content = new ByteArrayContent(body);
        request.Content.Headers.ContentType = new("application/json");
        return await HttpOutcome.OfAsync(request, network, Manifest, null, time, cancellationToken);
    }

    private byte[] Body(ToolCall call, DateTimeOffset now)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("type", adapter.Type ?? Manifest.Name);
            writer.WriteString("timestamp", now.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
            writer.WritePropertyName("data");
            call.Input.WriteTo(writer);
            writer.WriteEndObject();
        }

        return buffer.ToArray();
    }
}
