using System.Text.Json;
using System.Text.Json.Nodes;
using AIaaS.Commands.Payments;
using AIaaS.Commands.Tools;
using AIaaS.Domain.Orders;
using AIaaS.Domain.Payments;
using AIaaS.Domain.Sagas;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;

namespace AIaaS.Commands.Sagas;

/// <summary>Looks up what was charged and reserved for an order, in the events of the sagas that placed and changed it. For sagas and operators.</summary>
internal sealed class FindOrderPaymentTool(IEventStore log, EventTypes types) : ITool
{
    public const string ToolName = "find_order_payment";

    private readonly AggregateStore states = new(log, types);

    public ToolManifest Manifest { get; } = new(
        ToolName,
        "1.0.0",
        "Looks up the payments that were taken for an order and how much of each can be given back, and what was reserved when it was placed. payment_id is the newest of which something can be given back.",
        """{ "type": "object", "properties": { "order_id": { "type": "string", "minLength": 1, "maxLength": 100 } }, "required": ["order_id"], "additionalProperties": false }""",
        """
        {
          "type": "object",
          "properties": {
            "payment_id": { "type": ["string", "null"] },
            "items": { "type": "array" },
            "payments": { "type": "array", "items": { "type": "object", "properties": { "payment_id": { "type": "string" }, "payment_method_id": { "type": "string" }, "refundable": { "type": "number" } }, "required": ["payment_id", "payment_method_id", "refundable"] } }
          },
          "required": ["payment_id", "items", "payments"],
          "additionalProperties": false
        }
        """)
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

        var order = call.Input.GetProperty("order_id").GetString()!;
        var placement = await SagaAsync(call.Tenant, ShippedSagas.OrderPlacement.Name, order, cancellationToken);
        List<Saga> sagas = [placement];
        await foreach (var recorded in log.ReadStreamOrEmptyAsync(Order.Stream(call.Tenant, order), cancellationToken: cancellationToken))
        {
            if (types.Read(recorded) is OrderChangeOpened { Operation: var operation })
            {
                sagas.Add(await SagaAsync(call.Tenant, ShippedSagas.OrderChange.Name, $"{order}-{operation}", cancellationToken));
            }
        }

        var payments = new JsonArray();
        foreach (var saga in sagas)
        {
            if (saga.Find("charge") is { State: SagaCallState.Succeeded, Undone: false } charge && await PaymentAsync(call.Tenant, charge, cancellationToken) is { } payment)
            {
                payments.Add((JsonNode)payment);
            }
        }

        var newest = payments.LastOrDefault(p => p!["refundable"]!.GetValue<decimal>() > 0)?["payment_id"]?.GetValue<string>();
        var items = placement.Find("reserve") is { State: SagaCallState.Succeeded, Undone: false } reserved ? JsonNode.Parse(reserved.Request.Input.GetProperty("items").GetRawText()) : new JsonArray();
        return new ToolOutcome.Succeeded(JsonElement.Parse(new JsonObject { ["payment_id"] = newest, ["items"] = items, ["payments"] = payments }.ToJsonString()));
    }

    /// <summary>The payment that a call took. Where a person settled the call without its output, the payment's id still follows from the call.</summary>
    private async Task<JsonObject?> PaymentAsync(string tenant, SagaCall charge, CancellationToken cancellationToken)
    {
        var input = charge.Request.Input;
        var id = charge.Output is { ValueKind: JsonValueKind.Object } output && output.TryGetProperty("payment_id", out var given) && given.ValueKind == JsonValueKind.String
            ? given.GetString()!
            : PaymentService.PaymentId(tenant, charge.Request.IdempotencyKey);
        if (!PaymentService.IsId(id) || !input.TryGetProperty("payment_method_id", out var method) || method.ValueKind != JsonValueKind.String)
        {
            return null;
        }

        // Of a payment that is not in these books, the call alone tells what was taken.
        var payment = (await states.LoadAsync<Payment>(Payment.Stream(tenant, id), cancellationToken: cancellationToken)).State;
        var refundable = payment.Request is not null ? payment.Refundable : input.TryGetProperty("amount", out var amount) && amount.TryGetDecimal(out var taken) ? taken : 0;
        return new() { ["payment_id"] = id, ["payment_method_id"] = method.GetString(), ["refundable"] = refundable };
    }

    private async Task<Saga> SagaAsync(string tenant, string name, string id, CancellationToken cancellationToken)
    {
        var saga = Saga.Initial;
        await foreach (var recorded in log.ReadStreamOrEmptyAsync(Saga.Stream(tenant, SagaStarter.IdOf(name, id)), cancellationToken: cancellationToken))
        {
            saga = saga.Evolve(types.Read(recorded));
        }

        return saga;
    }
}
