using System.Text.Json;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;

namespace AIaaS.Commands.Tools;

/// <summary>A tool over aggregates of our own: a refusal of theirs is a failure with its code, and the call's key makes a repetition find its first events.</summary>
internal abstract class AggregateTool(ToolManifest manifest) : ITool
{
    public ToolManifest Manifest => manifest;

    public async Task<ToolOutcome> InvokeAsync(ToolCall call, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(call);
        try
        {
            return new ToolOutcome.Succeeded(await DoAsync(call, new(call.Tenant, "tool:" + manifest.Name, call.IdempotencyKey, call.CorrelationId, call.Call), cancellationToken));
        }
        catch (DomainException e)
        {
            return new ToolOutcome.Failed(e.Error.Code, e.Error.Message, e.Error.Status == 503 || e.Error.Code == "concurrent-change");
        }
    }

    protected abstract Task<JsonElement> DoAsync(ToolCall call, CommandContext context, CancellationToken cancellationToken);

    protected static string? Text(JsonElement input, string name) => input.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    protected static int? Number(JsonElement input, string name) => input.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number : null;
}
