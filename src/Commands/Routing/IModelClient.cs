using AIaaS.Domain.Agents;

namespace AIaaS.Commands.Routing;

/// <summary>
/// A model. The request is the JSON body of OpenAI's chat completions (<c>model</c>, <c>messages</c>, <c>max_completion_tokens</c>,
/// <c>temperature</c>, <c>response_format</c>), so that what is recorded is what was sent, whatever the provider is.
/// </summary>
public interface IModelClient
{
    /// <summary>Asks the model once. Retrying is the caller's: each attempt is an event of its own.</summary>
    /// <exception cref="ModelCallException">No usable answer.</exception>
    Task<ModelAnswer> CompleteAsync(string request, CancellationToken cancellationToken = default);

    /// <summary>
    /// No answer to this request is charged more input tokens than this. In general that is its bytes, since a token holds at least one;
    /// a model that counts by itself says it exactly.
    /// </summary>
    long MostInputTokens(string request) => System.Text.Encoding.UTF8.GetByteCount(request);
}

/// <summary>A model's answer.</summary>
/// <param name="Content">The content of the assistant's message, exactly.</param>
/// <param name="Usage">Its tokens.</param>
public sealed record ModelAnswer(string Content, TokenUsage Usage);

/// <summary>A model call that gave no usable answer.</summary>
/// <param name="reason">In words, without secrets.</param>
/// <param name="retryable">Whether another attempt may help.</param>
/// <param name="unknown">Whether the provider may have done (and charged) the work all the same.</param>
/// <param name="inner">The cause; null for none.</param>
/// <param name="retryAfter">How long the provider wants to be left alone; null where it does not say.</param>
public sealed class ModelCallException(string reason, bool retryable, bool unknown, Exception? inner = null, TimeSpan? retryAfter = null) : Exception(reason, inner)
{
    /// <summary>Whether another attempt may help.</summary>
    public bool Retryable => retryable;

    /// <summary>Whether the provider may have done (and charged) the work all the same.</summary>
    public bool Unknown => unknown;

    /// <summary>How long the provider wants to be left alone; null where it does not say.</summary>
    public TimeSpan? RetryAfter => retryAfter;
}
