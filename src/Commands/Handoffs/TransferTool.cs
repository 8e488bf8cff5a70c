using System.Text.Json;
using AIaaS.Commands.Tools;
using AIaaS.Domain.Handoffs;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;

namespace AIaaS.Commands.Handoffs;

/// <summary>Gives the conversation to a person (<c>transfer_to_human_agents</c>): an action that opens a hand-off, not a word in a text.</summary>
public sealed class TransferTool(HandoffService handoffs, IEventStore log, EventTypes types, TimeProvider time) : ITool
{
    private static readonly JsonElement Done = JsonSerializer.Deserialize<JsonElement>("\"Transfer successful\"");

    /// <inheritdoc />
    public ToolManifest Manifest { get; } = new(
        "transfer_to_human_agents",
        "1.0.0",
        "Transfers the customer to a person, with a summary of the issue: when the customer asks for one, or when the request cannot be handled with the other tools.",
        """
        {
          "type": "object",
          "properties": { "summary": { "type": "string", "minLength": 1, "description": "What the customer wants and what was tried." } },
          "required": ["summary"],
          "additionalProperties": false
        }
        """,
        """{ "type": "string" }""")
    {
        SideEffect = true,
        Idempotent = true,
    };

    /// <inheritdoc />
    public async Task<ToolOutcome> InvokeAsync(ToolCall call, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(call);
        var summary = call.Input.GetProperty("summary").GetString()!;
        var caller = new StreamName(call.Caller);
        var run = caller.Category == "agentRun" && caller.Tenant == call.Tenant ? await HandoffProcess.RequestOfAsync(log, types, call.Caller, cancellationToken) : null;
        var requested = new HandoffRequested(
            HandoffService.HandoffId(call.Tenant, call.Caller),
            run?.Conversation is { Length: > 0 } conversation ? conversation : null,
            run?.Run,
            call.Customer is { Length: > 0 } known ? known : run?.Customer,
            "transfer-requested",
            Handoff.GeneralQueue,
            HandoffPriority.Normal,
            HandoffProcess.Shortened(summary),
            time.GetUtcNow());
        try
        {
            await handoffs.OpenAsync(new RequestHandoff(call.Tenant, requested), new(call.Tenant, "tool:" + Manifest.Name, null, call.CorrelationId, call.Call), cancellationToken);
            return new ToolOutcome.Succeeded(Done);
        }
        catch (DomainException e)
        {
            return new ToolOutcome.Failed(e.Error.Code, e.Error.Message);
        }
    }
}
