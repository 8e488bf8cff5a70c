using System.Text.Json;
using System.Text.Json.Nodes;
using AIaaS.Commands.Tools;
using AIaaS.Domain.Sagas;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;

namespace AIaaS.Commands.Sagas;

/// <summary>Looks up what the placement of an order charged and reserved, in the events of its saga. For sagas and operators.</summary>
internal sealed class FindOrderPaymentTool(IEventStore log, EventTypes types) : ITool
{
    public const string ToolName = "find_order_payment";

    public ToolManifest Manifest { get; } = new(
        ToolName,
        "1.0.0",
        "Looks up the payment that was taken when an order was placed, and what was reserved for it.",
        """{ "type": "object", "properties": { "order_id": { "type": "string", "minLength": 1, "maxLength": 100 } }, "required": ["order_id"], "additionalProperties": false }""",
        """{ "type": "object", "properties": { "payment_id": { "type": ["string", "null"] }, "items": { "type": "array" } }, "required": ["payment_id", "items"], "additionalProperties": false }""")
    {
        Idempotent = true,
        Access = ToolAccess.Customer,
        TimeoutMs = 5_000,
    };

    public async Task<ToolOutcome> InvokeAsync(ToolCall call, CancellationToken cancellationToken)
    {
        if (call.Customer is not null)
        {
            return new ToolOutcome.Failed("not-yours", "This tool is not called on a customer's behalf.");
        }

        var stream = Saga.Stream(call.Tenant, SagaStarter.IdOf(ShippedSagas.OrderPlacement.Name, call.Input.GetProperty("order_id").GetString()!));
        var saga = Saga.Initial;
        await foreach (var recorded in log.ReadStreamOrEmptyAsync(stream, cancellationToken: cancellationToken))
        {
            saga = saga.Evolve(types.Read(recorded.Type, recorded.Data.Span));
        }

        var charge = saga.Find("charge");
        var payment = charge is { State: SagaCallState.Succeeded, Undone: false } && charge.Output.TryGetProperty("payment_id", out var id) ? id.GetString() : null;
        var items = saga.Find("reserve") is { State: SagaCallState.Succeeded, Undone: false } reserved ? JsonNode.Parse(reserved.Request.Input.GetProperty("items").GetRawText()) : new JsonArray();
        return new ToolOutcome.Succeeded(JsonElement.Parse(new JsonObject { ["payment_id"] = payment, ["items"] = items }.ToJsonString()));
    }
}
