using AIaaS.Domain.Tools;

namespace AIaaS.Commands.Payments;

/// <summary>The names and manifests of the payment tools. The processor does the work once under the call's idempotency key.</summary>
public static class PaymentToolManifests
{
    private const string Money = """
        "amount": { "type": "number", "exclusiveMinimum": 0, "description": "In units of the currency, not in cents." },
        "currency": { "type": "string", "pattern": "^[A-Z]{3}$", "description": "ISO 4217." }
        """;

    private const string Id = """{ "type": "string", "minLength": 1, "maxLength": 100, "pattern": "^[A-Za-z0-9._-]+$" }""";

    private const string Ask = $$"""
        {
          "type": "object",
          "properties": {
            {{Money}},
            "payment_method_id": { "type": "string", "minLength": 1, "maxLength": 200, "description": "The processor's token of the payment method; never a card number." },
            "customer_id": { "type": ["string", "null"], "minLength": 1, "maxLength": 200 },
            "order_id": { "type": ["string", "null"], "minLength": 1, "maxLength": 200 },
            "description": { "type": ["string", "null"], "minLength": 1, "maxLength": 500 }
          },
          "required": ["amount", "currency", "payment_method_id"],
          "additionalProperties": false
        }
        """;

    private const string Undo = """
        "input": { "type": "object", "description": "As a compensation: the input of the call that is undone." },
        "output": { "type": ["object", "null"], "description": "As a compensation: the output of the call that is undone." }
        """;

    private const string Output = $$"""
        {
          "type": "object",
          "properties": {
            "payment_id": {{Id}},
            "status": { "enum": ["Authorized", "Captured", "PartiallyRefunded", "Refunded", "Voided"] },
            "amount": { "type": "number", "description": "What this call held, took or gave back." },
            "currency": { "type": "string" },
            "captured": { "type": "number" },
            "refunded": { "type": "number" },
            "refund_id": { "type": ["string", "null"] },
            "processor": { "type": "string" },
            "reference": { "type": ["string", "null"] }
          },
          "required": ["payment_id", "status", "amount", "currency", "captured", "refunded", "refund_id", "processor", "reference"],
          "additionalProperties": false
        }
        """;

    /// <summary>Takes money at once; undone by <see cref="Refund"/>.</summary>
    public static ToolManifest Charge { get; } = new("charge_payment", "1.0.0", "Takes money from a customer's payment method at once.", Ask, Output)
    {
        SideEffect = true,
        Idempotent = true,
        Compensation = "refund_payment",
        Access = ToolAccess.Customer,
        Confirmation = true,
    };

    /// <summary>Holds money; undone by <see cref="Void"/>.</summary>
    public static ToolManifest Authorize { get; } = new("authorize_payment", "1.0.0", "Holds money on a customer's payment method, to be captured or voided later.", Ask, Output)
    {
        SideEffect = true,
        Idempotent = true,
        Compensation = "void_payment",
        Access = ToolAccess.Customer,
        Confirmation = true,
    };

    /// <summary>Takes what is held; undone by <see cref="Refund"/>.</summary>
    public static ToolManifest Capture { get; } = new(
        "capture_payment",
        "1.0.0",
        "Takes money that an authorized payment holds: all of it, or the amount given.",
        $$"""
        {
          "type": "object",
          "properties": { "payment_id": {{Id}}, {{Money}} },
          "required": ["payment_id"],
          "dependentRequired": { "amount": ["currency"] },
          "additionalProperties": false
        }
        """,
        Output)
    {
        SideEffect = true,
        Idempotent = true,
        Compensation = "refund_payment",
        Access = ToolAccess.Customer,
        Confirmation = true,
    };

    /// <summary>Gives money back.</summary>
    public static ToolManifest Refund { get; } = new(
        "refund_payment",
        "1.0.0",
        "Gives money of a captured payment back: all that is left, or the amount given.",
        $$"""
        {
          "type": "object",
          "properties": { "payment_id": {{Id}}, {{Money}}, "reason": { "type": ["string", "null"], "minLength": 1, "maxLength": 500 }, {{Undo}} },
          "anyOf": [ { "required": ["payment_id"] }, { "required": ["output"] } ],
          "dependentRequired": { "amount": ["currency"] },
          "additionalProperties": false
        }
        """,
        Output)
    {
        SideEffect = true,
        Idempotent = true,
        Access = ToolAccess.Customer,
        Confirmation = true,
    };

    /// <summary>Gives a hold back.</summary>
    public static ToolManifest Void { get; } = new(
        "void_payment",
        "1.0.0",
        "Gives the money that an authorized payment holds back, before it is captured.",
        $$"""
        {
          "type": "object",
          "properties": { "payment_id": {{Id}}, {{Undo}} },
          "anyOf": [ { "required": ["payment_id"] }, { "required": ["output"] } ],
          "additionalProperties": false
        }
        """,
        Output)
    {
        SideEffect = true,
        Idempotent = true,
        Access = ToolAccess.Customer,
    };
}
