using System.Text.Json;
using System.Text.Json.Serialization;
using AIaaS.Commands.Tools;
using AIaaS.Domain;
using AIaaS.Domain.Complaints;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;

namespace AIaaS.Commands.Complaints;

/// <summary>The names and manifests of the complaint tools.</summary>
public static class ComplaintToolManifests
{
    private const string Id = """{ "type": "string", "minLength": 1, "maxLength": 100, "pattern": "^[A-Za-z0-9._-]+$" }""";

    private const string Output = $$"""
        {
          "type": "object",
          "properties": {
            "complaint_id": {{Id}},
            "status": { "enum": ["Open", "Escalated", "Resolved"] },
            "severity": { "enum": ["Low", "Medium", "High", "Critical"] },
            "level": { "type": "integer", "minimum": 0, "maximum": 3 },
            "deadline": { "type": ["string", "null"] },
            "reasons": { "type": "array", "items": { "type": "string" } }
          },
          "required": ["complaint_id", "status", "severity", "level", "deadline", "reasons"],
          "additionalProperties": false
        }
        """;

    /// <summary>Opens a complaint.</summary>
    public static ToolManifest Open { get; } = new(
        "open_complaint",
        "1.0.0",
        "Records a customer's complaint with its severity and the deadline for resolving it.",
        """
        {
          "type": "object",
          "properties": {
            "category": { "enum": ["safety", "billing", "privacy", "delivery", "product", "service", "other", null], "description": "Left out: other." },
            "text": { "type": "string", "minLength": 1, "maxLength": 4000 },
            "customer_id": { "type": ["string", "null"], "maxLength": 200 },
            "order_id": { "type": ["string", "null"], "maxLength": 200 },
            "conversation_id": { "type": ["string", "null"], "maxLength": 100 },
            "amount": { "type": ["number", "null"], "exclusiveMinimum": 0, "description": "The money at stake." },
            "currency": { "type": ["string", "null"], "pattern": "^[A-Z]{3}$" }
          },
          "required": ["text"],
          "dependentRequired": { "amount": ["currency"] },
          "additionalProperties": false
        }
        """,
        Output)
    {
        SideEffect = true,
        Idempotent = true,
    };

    /// <summary>Passes a complaint up.</summary>
    public static ToolManifest Escalate { get; } = new(
        "escalate_complaint",
        "1.0.0",
        "Passes a complaint up one level.",
        $$"""{ "type": "object", "properties": { "complaint_id": {{Id}}, "reason": { "type": "string", "minLength": 1, "maxLength": 500 } }, "required": ["complaint_id", "reason"], "additionalProperties": false }""",
        Output)
    {
        SideEffect = true,
        Idempotent = true,
    };
}

/// <summary><c>open_complaint</c>.</summary>
internal sealed class OpenComplaintTool(ComplaintService complaints) : AggregateTool(ComplaintToolManifests.Open)
{
    protected override async Task<JsonElement> DoAsync(ToolCall call, CommandContext context, CancellationToken cancellationToken)
    {
        var input = call.Input;
        var customer = Text(input, "customer_id") ?? (call.Customer is { Length: > 0 } authenticated ? authenticated : null);
        if (call.Customer is not null && (customer ?? "") != call.Customer)
        {
            throw new DomainException(ComplaintErrors.NotYours());
        }

        Money? atStake = null;
        if (input.TryGetProperty("amount", out var amount) && amount.ValueKind == JsonValueKind.Number && Text(input, "currency") is { } currency)
        {
            atStake = amount.TryGetDecimal(out var value) ? new(value, currency) : throw new DomainException(ComplaintErrors.Invalid(["the amount has more digits than any currency"]));
        }

        var category = Text(input, "category") is { } name && Enum.TryParse<ComplaintCategory>(name, ignoreCase: true, out var known) ? known : ComplaintCategory.Other;
        var id = ComplaintService.ComplaintId(call.Tenant, call.IdempotencyKey);
        return ComplaintOutput.Of(id, (await complaints.OpenAsync(id, new(category, Text(input, "text") ?? "", customer, Text(input, "order_id"), Text(input, "conversation_id"), atStake), context, cancellationToken)).State);
    }
}

/// <summary><c>escalate_complaint</c>.</summary>
internal sealed class EscalateComplaintTool(ComplaintService complaints) : AggregateTool(ComplaintToolManifests.Escalate)
{
    protected override async Task<JsonElement> DoAsync(ToolCall call, CommandContext context, CancellationToken cancellationToken)
    {
        var id = Text(call.Input, "complaint_id")!;
        if (call.Customer is not null && (await complaints.LoadAsync(Complaint.Stream(call.Tenant, id), cancellationToken)).State.Opened is { } opened && opened.Customer != call.Customer)
        {
            throw new DomainException(ComplaintErrors.NotYours());
        }

        return ComplaintOutput.Of(id, (await complaints.EscalateAsync(id, Text(call.Input, "reason"), null, context, cancellationToken)).State);
    }
}

/// <summary>What the complaint tools return.</summary>
internal sealed record ComplaintOutput(string ComplaintId, ComplaintStatus Status, ComplaintSeverity Severity, int Level, DateTimeOffset? Deadline, IReadOnlyList<string> Reasons)
{
    public static JsonElement Of(string id, Complaint complaint) => JsonSerializer.SerializeToElement(
        new(id, complaint.Status, complaint.Opened!.Severity, complaint.Level, complaint.Deadline, complaint.Opened.Reasons),
        ComplaintToolJson.Default.ComplaintOutput);
}

/// <summary>The source-generated JSON contract of what the complaint tools return.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ComplaintOutput))]
internal sealed partial class ComplaintToolJson : JsonSerializerContext;
