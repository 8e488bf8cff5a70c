using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;

namespace AIaaS.Commands.Tools;

/// <summary>
/// A tool in this process, with its input and output as records and their source-generated JSON contracts. What it refuses it says by a
/// <see cref="DomainException"/>. Work on our own streams passes <see cref="ToolCall.IdempotencyKey"/> on (<see cref="ContextOf"/>), so that a repeated call finds what
/// its first one did.
/// </summary>
/// <param name="manifest">What the platform knows about it.</param>
/// <param name="input">The input's JSON contract.</param>
/// <param name="output">The output's JSON contract.</param>
public abstract class InProcessTool<TInput, TOutput>(ToolManifest manifest, JsonTypeInfo<TInput> input, JsonTypeInfo<TOutput> output) : ITool
    where TInput : class
{
    /// <inheritdoc />
    public ToolManifest Manifest => manifest;

    /// <inheritdoc />
    public async Task<ToolOutcome> InvokeAsync(ToolCall call, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(call);
        TInput read;
        try
        {
            read = call.Input.Deserialize(input) ?? throw new JsonException("it is null");
        }
        catch (JsonException e)
        {
            return new ToolOutcome.Failed("invalid-input", $"The input of '{manifest.Name}' cannot be read: {e.Message}");
        }

        return new ToolOutcome.Succeeded(JsonSerializer.SerializeToElement(await DoAsync(read, call, cancellationToken), output));
    }

    /// <summary>On whose behalf a command of this call is handled.</summary>
    protected static CommandContext ContextOf(ToolCall call)
    {
        ArgumentNullException.ThrowIfNull(call);
        return new(call.Tenant, call.Caller, call.IdempotencyKey, call.CorrelationId);
    }

    /// <summary>Does the work.</summary>
    /// <exception cref="DomainException">It is refused; nothing was done.</exception>
    protected abstract Task<TOutput> DoAsync(TInput input, ToolCall call, CancellationToken cancellationToken);
}
