using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using AIaaS.Domain.Json;
using AIaaS.Domain.Tools;

namespace AIaaS.Commands.Tools;

/// <summary>A tool behind an HTTP request. What its status means is said in <see cref="HttpOutcome"/>.</summary>
internal sealed class HttpTool : ITool, IReconcilable
{
    private readonly HttpAdapter adapter;
    private readonly ToolNetwork network;
    private readonly ToolSecrets secrets;
    private readonly TimeProvider time;
    private readonly UrlTemplate url;
    private readonly UrlTemplate? lookUp;
    private readonly ImmutableArray<(string Name, HeaderTemplate Value)> headers;
    private readonly JsonTemplate? body;

    public HttpTool(ToolManifest manifest, HttpAdapter adapter, ToolNetwork network, ToolSecrets secrets, TimeProvider time)
    {
        (Manifest, this.adapter, this.network, this.secrets, this.time) = (manifest, adapter, network, secrets, time);
        url = UrlTemplate.Parse(adapter.Url);
        lookUp = adapter.LookUp is { } text ? UrlTemplate.Parse(text) : null;
        headers = [.. (adapter.Headers ?? ImmutableSortedDictionary<string, string>.Empty).Select(h => (h.Key, HeaderTemplate.Parse(h.Value)))];
        body = adapter.Body is { } document ? JsonTemplate.Parse(document) : null;
    }

    public ToolManifest Manifest { get; }

    public async Task<ToolOutcome> InvokeAsync(ToolCall call, CancellationToken cancellationToken)
    {
        HttpRequestMessage request;
        try
        {
            request = Request(new(adapter.Method), url, call, withBody: adapter.Method is not ("GET" or "DELETE") || body is not null);
        }
        catch (ToolRequestException e)
        {
            return e.Outcome;
        }

        using (request)
        {
            return await HttpOutcome.OfAsync(request, network, Manifest, adapter.Statuses, time, cancellationToken);
        }
    }

    public async Task<ToolOutcome?> ReconcileAsync(ToolCall call, CancellationToken cancellationToken)
    {
        if (lookUp is null)
        {
            return null;
        }

        HttpRequestMessage request;
        try
        {
            request = Request(HttpMethod.Get, lookUp, call, withBody: false);
        }
        catch (ToolRequestException)
        {
            return null;
        }

        using (request)
        {
            var asking = Manifest with { SideEffect = false };
            return await HttpOutcome.OfAsync(request, network, asking, null, time, cancellationToken) switch
            {
                ToolOutcome.Succeeded found => found,
                ToolOutcome.Failed { Code: "not-found" } => new ToolOutcome.Failed("not-done", "The far side does not know the call."),
                _ => null,
            };
        }
    }

    private HttpRequestMessage Request(HttpMethod method, UrlTemplate address, ToolCall call, bool withBody)
    {
        var root = ToolTemplateRoot.Of(call);
        var request = new HttpRequestMessage(method, address.Render(root));
        HttpOutcome.AddPlatformHeaders(request, call);
        foreach (var (name, template) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, template.Render(name, root, call.Tenant, secrets));
        }

        if (withBody)
        {
            var content = call.Input;
            if (body is not null)
            {
                var made = body.Evaluate(root);
                content = made.Error is { } error ? throw new ToolRequestException("invalid-request", $"The body cannot be made: {error}") : made.Value.ToJson();
            }

            request.Content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(content, ToolOutputJson.Default.JsonElement));
            request.Content.Headers.ContentType = new("application/json");
        }

        return request;
    }
}

/// <summary>Sends a request and says what became of it.</summary>
internal static class HttpOutcome
{
    private const int MaxReason = 500;

    /// <summary>What the far side needs to do the work once, and the trace.</summary>
    public static void AddPlatformHeaders(HttpRequestMessage request, ToolCall call)
    {
        request.Headers.TryAddWithoutValidation("Idempotency-Key", call.IdempotencyKey);
        request.Headers.TryAddWithoutValidation("X-Request-Hash", call.RequestHash);
        request.Headers.TryAddWithoutValidation("Accept", "application/json");
        request.Headers.TryAddWithoutValidation("User-Agent", "AIaaS");
        if (Activity.Current is { IdFormat: ActivityIdFormat.W3C, Id: { } trace })
        {
            request.Headers.TryAddWithoutValidation("traceparent", trace);
        }
    }

    public static async Task<ToolOutcome> OfAsync(HttpRequestMessage request, ToolNetwork network, ToolManifest manifest, ImmutableSortedDictionary<string, string>? statuses, TimeProvider time, CancellationToken cancellationToken)
    {
        var client = manifest.SideEffect && !manifest.Idempotent ? network.Single : network.Shared;
        try
        {
            using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            return await ReadAsync(response, network, manifest, statuses, time, cancellationToken);
        }
        catch (HttpRequestException e)
        {
            return Broken(e, manifest);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested && e.InnerException is TimeoutException)
        {
            return new ToolOutcome.Failed("not-reachable", "The far side could not be connected to in time; nothing was sent.", Retryable: true);
        }
        catch (IOException e)
        {
            return Lost(e.Message, manifest);
        }
    }

    private static ToolOutcome Broken(HttpRequestException e, ToolManifest manifest)
    {
        for (Exception? inner = e; inner is not null; inner = inner.InnerException)
        {
            if (inner is AddressRefusedException)
            {
                return new ToolOutcome.Failed("address-refused", inner.Message);
            }
        }

        return e.HttpRequestError switch
        {
            HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError => new ToolOutcome.Failed("not-reachable", $"The far side could not be connected to; nothing was sent: {e.Message}", Retryable: true),
            HttpRequestError.SecureConnectionError => new ToolOutcome.Failed("not-secure", $"No secure connection came about; nothing was sent: {e.Message}", Retryable: true),
            _ => Lost(e.Message, manifest),
        };
    }

    private static ToolOutcome Lost(string reason, ToolManifest manifest) => manifest.SideEffect
        ? new ToolOutcome.Unknown($"the request was sent, but the answer did not come: {reason}")
        : new ToolOutcome.Failed("no-answer", $"The answer did not come: {reason}", Retryable: true);

    private static async Task<ToolOutcome> ReadAsync(HttpResponseMessage response, ToolNetwork network, ToolManifest manifest, ImmutableSortedDictionary<string, string>? statuses, TimeProvider time, CancellationToken cancellationToken)
    {
        var status = (int)response.StatusCode;
        var meaning = statuses?.GetValueOrDefault(status.ToString(CultureInfo.InvariantCulture));
        if (meaning == "succeeded" || (meaning is null && response.IsSuccessStatusCode))
        {
            return await SucceededAsync(response, network, cancellationToken);
        }

        var reason = $"HTTP {status}{await SaidAsync(response, cancellationToken)}";
        var retryAfter = RetryAfter(response.Headers.RetryAfter, time);
        return meaning switch
        {
            "failed" => new ToolOutcome.Failed("tool-error", reason),
            "retry" => new ToolOutcome.Failed("busy", reason, Retryable: true) { RetryAfter = retryAfter },
            "unknown" => Lost(reason, manifest),
            _ => status switch
            {
                401 or 403 or 407 => new ToolOutcome.Failed("unauthorized", reason),
                404 or 410 => new ToolOutcome.Failed("not-found", reason),
                408 or 425 or 429 => new ToolOutcome.Failed("busy", reason, Retryable: true) { RetryAfter = retryAfter },
                503 when retryAfter is not null => new ToolOutcome.Failed("busy", reason, Retryable: true) { RetryAfter = retryAfter },
                409 => new ToolOutcome.Failed("conflict", reason),
                >= 400 and < 500 => new ToolOutcome.Failed("tool-error", reason),

                // After a POST, 302 and 303 often say that the work was done and where to look; the other redirections say that it was not.
                302 or 303 => Lost(reason + "; redirections are not followed", manifest) is ToolOutcome.Unknown unknown ? unknown : new ToolOutcome.Failed("redirected", reason),
                >= 300 and < 400 => new ToolOutcome.Failed("redirected", reason + "; redirections are not followed"),
                _ => Lost(reason, manifest),
            },
        };
    }

    private static async Task<ToolOutcome> SucceededAsync(HttpResponseMessage response, ToolNetwork network, CancellationToken cancellationToken)
    {
        byte[]? bytes;
        try
        {
            bytes = await BodyAsync(response.Content, network.MaxAnswerBytes, cancellationToken);
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            // The status has said that the work was done.
            return new ToolOutcome.Succeeded(ToolOutput.Null) { Flag = "the connection was lost while the answer was read" };
        }

        return bytes is null ? new ToolOutcome.Succeeded(ToolOutput.Null) { Flag = $"the answer has more than {network.MaxAnswerBytes} bytes" }
            : bytes.Length == 0 ? new ToolOutcome.Succeeded(ToolOutput.Null)
            : ToolOutput.Read(bytes, response.Content.Headers.ContentType?.MediaType is not { } type || type.EndsWith("json", StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>The first words of what the far side said, on one line.</summary>
    private static async Task<string> SaidAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        try
        {
            await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
            var buffer = new byte[MaxReason];
            var length = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
            var text = string.Concat(Encoding.UTF8.GetString(buffer, 0, length).Select(c => char.IsControl(c) || char.IsSurrogate(c) ? ' ' : c)).Trim();
            return text.Length == 0 ? "" : ": " + text;
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            return "";
        }
    }

    private static async Task<byte[]?> BodyAsync(HttpContent content, int most, CancellationToken cancellationToken)
    {
        if (content.Headers.ContentLength > most)
        {
            return null;
        }

        await using var stream = await content.ReadAsStreamAsync(cancellationToken);
        using var buffer = new MemoryStream();
        var chunk = new byte[16 * 1024];
        while (await stream.ReadAsync(chunk, cancellationToken) is > 0 and var read)
        {
            if (buffer.Length + read > most)
            {
                return null;
            }

            await buffer.WriteAsync(chunk.AsMemory(0, read), cancellationToken);
        }

        return buffer.ToArray();
    }

    private static TimeSpan? RetryAfter(RetryConditionHeaderValue? header, TimeProvider time) => header switch
    {
        { Delta: { } delta } when delta >= TimeSpan.Zero => delta,
        { Date: { } date } => date - time.GetUtcNow() is var wait && wait > TimeSpan.Zero ? wait : TimeSpan.Zero,
        _ => null,
    };
}
