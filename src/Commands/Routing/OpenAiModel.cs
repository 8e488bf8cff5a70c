using System.ClientModel;
using System.ClientModel.Primitives;
using System.Globalization;
using System.Text.Json;
using AIaaS.Domain.Agents;
using OpenAI;
using OpenAI.Chat;

namespace AIaaS.Commands.Routing;

/// <summary>
/// A model behind OpenAI's API or one that speaks it, through the official package. The request goes out byte for byte as it was recorded.
/// One call is one attempt: the package's own retries are off, since each attempt is an event of the run.
/// </summary>
public sealed class OpenAiModel : IModelClient
{
    private readonly ChatClient client;
    private readonly TimeSpan timeout;
    private readonly TimeProvider time;

    /// <summary>Makes a client.</summary>
    public OpenAiModel(OpenAiOptions options, TimeProvider time)
    {
        timeout = options.Timeout;
        this.time = time;
        client = new(options.Name, new ApiKeyCredential(options.ApiKey), new OpenAIClientOptions
        {
            Endpoint = options.BaseUrl,
            RetryPolicy = new ClientRetryPolicy(maxRetries: 0),
            NetworkTimeout = Timeout.InfiniteTimeSpan,
        });
    }

    /// <inheritdoc />
    public async Task<ModelAnswer> CompleteAsync(string request, CancellationToken cancellationToken = default)
    {
        using var limit = new CancellationTokenSource(timeout, time);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            using var body = BinaryContent.Create(BinaryData.FromString(request));
            var result = await client.CompleteChatAsync(body, new RequestOptions { CancellationToken = ended.Token, ErrorOptions = ClientErrorBehaviors.NoThrow });
            using var response = result.GetRawResponse();
            return response.Status == 200 ? ChatCompletionReader.Read(response, ModelTasks.OffersTools(request)) : throw Refused(response);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (OperationCanceledException e)
        {
            throw new ModelCallException(string.Create(CultureInfo.InvariantCulture, $"The model did not answer within {timeout.TotalMilliseconds:N0} ms."), retryable: true, unknown: true, e);
        }
        catch (HttpRequestException e) when (e.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError)
        {
            throw Broken("The model cannot be reached", unknown: false, e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or ClientResultException)
        {
            throw e.GetBaseException() is System.Net.Sockets.SocketException { SocketErrorCode: System.Net.Sockets.SocketError.ConnectionRefused }
                ? Broken("The model cannot be reached", unknown: false, e)
                : Broken("The connection to the model broke", unknown: true, e);
        }
    }

    private static ModelCallException Broken(string what, bool unknown, Exception e) => new($"{what}: {e.GetBaseException().Message}", retryable: true, unknown, e);

    private ModelCallException Refused(PipelineResponse response)
    {
        var status = response.Status;
        var reason = status switch
        {
            400 => "The model refused the request as malformed",
            401 or 403 => "The model refused the API key",
            404 => "The model or its URL is not known to the provider",
            408 => "The provider timed out",
            429 => "The provider limits the rate or the quota",
            >= 500 => "The provider failed",
            _ => "The provider answered with an unexpected status",
        };

        // A provider that failed or timed out may have done the work.
        return new($"{reason} (HTTP {status}{ErrorOf(response)}).", status is 408 or 409 or 429 or >= 500, unknown: status is 408 or 500 or 502 or 504, retryAfter: RetryAfter(response));
    }

    private TimeSpan? RetryAfter(PipelineResponse response)
    {
        if (response.Headers.TryGetValue("retry-after-ms", out var text) && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var ms) && ms is >= 0 and < 86_400_000)
        {
            return TimeSpan.FromMilliseconds(ms);
        }

        if (!response.Headers.TryGetValue("Retry-After", out text) || text is null)
        {
            return null;
        }

        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds))
        {
            return seconds is >= 0 and < 86_400 ? TimeSpan.FromSeconds(seconds) : null;
        }

        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) && at - time.GetUtcNow() is var wait && wait > TimeSpan.Zero ? wait : null;
    }

    // The provider's code, never its message: that may quote the request or the key.
    private static string ErrorOf(PipelineResponse response)
    {
        try
        {
            using var json = JsonDocument.Parse(response.Content.ToMemory());
            return json.RootElement.ValueKind == JsonValueKind.Object
                && json.RootElement.TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.Object
                && (Text(error, "code") ?? Text(error, "type")) is { Length: > 0 and <= 100 } code && code.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.')
                ? ", " + code
                : "";
        }
        catch (JsonException)
        {
            return "";
        }
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}

/// <summary>Reads a chat completion. A reply that is not whole is a failed call that may have been charged.</summary>
internal static class ChatCompletionReader
{
    public static ModelAnswer Read(PipelineResponse response, bool tools)
    {
        if (!response.Headers.TryGetValue("Content-Type", out var type) || type is null || !type.StartsWith("application/json", StringComparison.OrdinalIgnoreCase))
        {
            throw Unusable($"The reply is not JSON but '{type ?? "of no content type"}'");
        }

        if (response.Content.ToMemory().IsEmpty)
        {
            throw Unusable("The reply is empty");
        }

        try
        {
            using var json = JsonDocument.Parse(response.Content.ToMemory());
            return Read(json.RootElement, tools);
        }
        catch (JsonException e)
        {
            throw Unusable("The reply is not whole JSON", inner: e);
        }
        catch (InvalidOperationException e)
        {
            throw Unusable("The reply is not a chat completion", inner: e);
        }
    }

    private static ModelAnswer Read(JsonElement reply, bool tools)
    {
        if (reply.ValueKind != JsonValueKind.Object || !reply.TryGetProperty("choices", out var choices) || choices.ValueKind != JsonValueKind.Array || choices.GetArrayLength() == 0)
        {
            throw Unusable("The reply holds no choices");
        }

        var choice = choices[0];
        var message = choice.TryGetProperty("message", out var m) && m.ValueKind == JsonValueKind.Object ? m : throw Unusable("The reply holds no message");
        var finish = choice.TryGetProperty("finish_reason", out var f) && f.ValueKind == JsonValueKind.String ? f.GetString() : null;
        if (finish == "length")
        {
            throw Unusable("The answer was cut at max_completion_tokens (finish_reason length)", retryable: false);
        }

        if (finish == "content_filter")
        {
            throw Unusable("The provider's content filter held the answer back (finish_reason content_filter)", retryable: false);
        }

        if (message.TryGetProperty("refusal", out var refusal) && refusal.ValueKind == JsonValueKind.String && refusal.GetString() is { Length: > 0 })
        {
            throw Unusable("The model refused to answer", retryable: false);
        }

        // With tools the message's form is kept whole, so that a text which looks like a call stays a text.
        if (tools)
        {
            return new(ModelTasks.WriteMessage(message), Usage(reply));
        }

        if (!message.TryGetProperty("content", out var content) || content.ValueKind != JsonValueKind.String || content.GetString() is not { Length: > 0 } text)
        {
            throw Unusable("The reply's message is empty");
        }

        return new(text, Usage(reply));
    }

    private static TokenUsage Usage(JsonElement reply)
    {
        if (!reply.TryGetProperty("usage", out var usage) || usage.ValueKind != JsonValueKind.Object
            || Number(usage, "prompt_tokens") is not { } input || Number(usage, "completion_tokens") is not { } output)
        {
            throw Unusable("The reply does not say how many tokens it used, so it cannot be billed");
        }

        var cached = Detail(usage, "prompt_tokens_details", "cached_tokens");
        var reasoning = Detail(usage, "completion_tokens_details", "reasoning_tokens");
        return cached <= input && reasoning <= output
            ? new(input - cached, cached, 0, output - reasoning, reasoning)
            : throw Unusable("The reply's token counts contradict each other");
    }

    private static long Detail(JsonElement usage, string details, string name) =>
        usage.TryGetProperty(details, out var part) && part.ValueKind == JsonValueKind.Object ? Number(part, name) ?? 0 : 0;

    private static long? Number(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) && number >= 0 ? number : null;

    // A reply came, so the provider did the work.
    private static ModelCallException Unusable(string reason, bool retryable = true, Exception? inner = null) => new(reason + ".", retryable, unknown: true, inner);
}
