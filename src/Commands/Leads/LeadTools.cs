using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using AIaaS.Commands.Tools;
using AIaaS.Domain;
using AIaaS.Domain.Leads;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;

namespace AIaaS.Commands.Leads;

/// <summary>The names and manifests of the lead tools.</summary>
public static class LeadToolManifests
{
    private const string Facts = """
        "budget": { "type": ["object", "number", "null"], "minimum": 0, "description": "With its currency, or as a number with the currency beside it; without one: USD.", "properties": { "amount": { "type": "number", "minimum": 0 }, "currency": { "type": "string", "pattern": "^[A-Z]{3}$" } }, "required": ["amount", "currency"], "additionalProperties": false },
        "currency": { "type": ["string", "null"], "pattern": "^[A-Z]{3}$" },
        "authority": { "enum": ["unknown", "user", "influencer", "decision_maker", null] },
        "need": { "enum": ["unknown", "none", "vague", "clear", "urgent", null] },
        "timeline_days": { "type": ["integer", "null"], "minimum": 0, "maximum": 3650 },
        "company_size": { "type": ["integer", "null"], "minimum": 1, "maximum": 10000000 }
        """;

    private const string Id = """{ "type": "string", "minLength": 1, "maxLength": 100, "pattern": "^[A-Za-z0-9._-]+$" }""";

    private const string Output = $$"""
        {
          "type": "object",
          "properties": {
            "lead_id": {{Id}},
            "status": { "enum": ["New", "Contacted", "Qualified", "Disqualified", "Converted"] },
            "score": { "type": ["integer", "null"], "minimum": 0, "maximum": 100 },
            "reasons": { "type": "array", "items": { "type": "string" } }
          },
          "required": ["lead_id", "status", "score", "reasons"],
          "additionalProperties": false
        }
        """;

    /// <summary>Captures a lead and scores it by what is known.</summary>
    public static ToolManifest Capture { get; } = new(
        "capture_lead",
        "1.0.0",
        "Records somebody who may become a customer, and scores the lead from 0 to 100 with reasons.",
        $$"""
        {
          "type": "object",
          "properties": {
            "name": { "type": ["string", "null"], "maxLength": 200, "description": "Left out: the company or the address stands for it." },
            "email": { "type": ["string", "null"], "maxLength": 254 },
            "phone": { "type": ["string", "null"], "maxLength": 40 },
            "company": { "type": ["string", "null"], "maxLength": 200 },
            "interest": { "type": ["string", "null"], "maxLength": 2000 },
            "source": { "type": ["string", "null"], "maxLength": 50 },
            "customer_id": { "type": ["string", "null"], "maxLength": 200 },
            "conversation_id": { "type": ["string", "null"], "maxLength": 100 },
            {{Facts}}
          },
          "additionalProperties": false
        }
        """,
        Output)
    {
        SideEffect = true,
        Idempotent = true,
    };

    /// <summary>Scores a lead anew.</summary>
    public static ToolManifest Qualify { get; } = new(
        "qualify_lead",
        "1.0.0",
        "Scores a captured lead by what is known now: budget, authority, need, timeline and company size.",
        $$"""{ "type": "object", "properties": { "lead_id": {{Id}}, {{Facts}} }, "required": ["lead_id"], "additionalProperties": false }""",
        Output)
    {
        SideEffect = true,
        Idempotent = true,
    };

    /// <summary>Schedules a follow-up; undone by <see cref="CancelFollowUp"/>.</summary>
    public static ToolManifest ScheduleFollowUp { get; } = new(
        "schedule_follow_up",
        "1.0.0",
        "Schedules that somebody gets in touch with a lead, at a time or after so many hours.",
        $$"""
        {
          "type": "object",
          "properties": {
            "lead_id": {{Id}},
            "due": { "type": ["string", "null"], "description": "RFC 3339." },
            "in_hours": { "type": ["number", "null"], "exclusiveMinimum": 0, "maximum": 17520 },
            "note": { "type": ["string", "null"], "maxLength": 1000 }
          },
          "required": ["lead_id"],
          "anyOf": [ { "required": ["due"] }, { "required": ["in_hours"] } ],
          "additionalProperties": false
        }
        """,
        $$"""{ "type": "object", "properties": { "lead_id": {{Id}}, "follow_up_id": {{Id}}, "due": { "type": "string" } }, "required": ["lead_id", "follow_up_id", "due"], "additionalProperties": false }""")
    {
        SideEffect = true,
        Idempotent = true,
        Compensation = "cancel_follow_up",
    };

    /// <summary>Calls a follow-up off.</summary>
    public static ToolManifest CancelFollowUp { get; } = new(
        "cancel_follow_up",
        "1.0.0",
        "Calls a scheduled follow-up off.",
        $$"""
        {
          "type": "object",
          "properties": { "lead_id": {{Id}}, "follow_up_id": {{Id}}, "input": { "type": "object" }, "output": { "type": ["object", "null"] } },
          "anyOf": [ { "required": ["lead_id", "follow_up_id"] }, { "required": ["output"] } ],
          "additionalProperties": false
        }
        """,
        $$"""{ "type": "object", "properties": { "lead_id": {{Id}}, "follow_up_id": {{Id}} }, "required": ["lead_id", "follow_up_id"], "additionalProperties": false }""")
    {
        SideEffect = true,
        Idempotent = true,
    };
}

/// <summary>What the lead tools share.</summary>
internal abstract class LeadTool(LeadService leads, TimeProvider time, ToolManifest manifest) : AggregateTool(manifest)
{
    protected LeadService Leads => leads;

    protected TimeProvider Time => time;

    protected static LeadFacts? FactsOf(JsonElement input)
    {
        Money? budget = null;
        var given = input.TryGetProperty("budget", out var value) ? value : default;
        if (given.ValueKind == JsonValueKind.Number)
        {
            budget = given.TryGetDecimal(out var plain) ? new(plain, Text(input, "currency") ?? "USD") : throw new DomainException(LeadErrors.Invalid(["the budget has more digits than can be kept"]));
        }
        else if (given.ValueKind == JsonValueKind.Object)
        {
            budget = given.GetProperty("amount").TryGetDecimal(out var amount) ? new(amount, given.GetProperty("currency").GetString()!) : throw new DomainException(LeadErrors.Invalid(["the budget has more digits than can be kept"]));
        }

        var facts = new LeadFacts(
            budget,
            Text(input, "authority") switch { "user" => LeadAuthority.User, "influencer" => LeadAuthority.Influencer, "decision_maker" => LeadAuthority.DecisionMaker, _ => LeadAuthority.Unknown },
            Text(input, "need") switch { "none" => LeadNeed.None, "vague" => LeadNeed.Vague, "clear" => LeadNeed.Clear, "urgent" => LeadNeed.Urgent, _ => LeadNeed.Unknown },
            Number(input, "timeline_days"),
            Number(input, "company_size"));
        return facts == new LeadFacts(null, LeadAuthority.Unknown, LeadNeed.Unknown, null, null) ? null : facts;
    }

    protected static JsonElement Output(string id, Lead lead) => JsonSerializer.SerializeToElement(
        new(id, lead.Status, lead.Score?.Score, lead.Score is { } score ? [.. score.Reasons.Select(r => string.Create(CultureInfo.InvariantCulture, $"{r.Factor} {r.Points}/{r.Of}: {r.Reason}"))] : []),
        LeadToolJson.Default.LeadToolOutput);

    /// <summary>A lead that came from a customer is that customer's; one of nobody's is open to whoever has its id.</summary>
    protected async Task OwnAsync(ToolCall call, string lead, CancellationToken cancellationToken)
    {
        if (call.Customer is not null && (await leads.LoadAsync(Lead.Stream(call.Tenant, lead), cancellationToken)).State.Captured?.Contact.Customer is { } customer && customer != call.Customer)
        {
            throw new DomainException(new("not-yours", "This lead belongs to another customer.", "Use a lead of this conversation.", 403));
        }
    }
}

/// <summary><c>capture_lead</c>.</summary>
internal sealed class CaptureLeadTool(LeadService leads, TimeProvider time) : LeadTool(leads, time, LeadToolManifests.Capture)
{
    protected override async Task<JsonElement> DoAsync(ToolCall call, CommandContext context, CancellationToken cancellationToken)
    {
        var input = call.Input;
        var id = LeadService.LeadId(call.Tenant, call.IdempotencyKey);
        var customer = Text(input, "customer_id") ?? (call.Customer is { Length: > 0 } authenticated ? authenticated : null);
        if (call.Customer is not null && (customer ?? "") != call.Customer)
        {
            throw new DomainException(new("not-yours", "A lead is captured for the customer of this conversation only.", "Leave customer_id out.", 403));
        }

        var contact = new LeadContact(Text(input, "name") ?? Text(input, "company") ?? Text(input, "email") ?? Text(input, "phone") ?? "", Text(input, "email"), Text(input, "phone"), Text(input, "company"), Text(input, "source") ?? "chat", Text(input, "interest"), customer, Text(input, "conversation_id"));
        var result = await Leads.HandleAsync(new CaptureLead(call.Tenant, id, contact, FactsOf(input), Time.GetUtcNow()), context, cancellationToken);
        return Output(id, result.State);
    }
}

/// <summary><c>qualify_lead</c>.</summary>
internal sealed class QualifyLeadTool(LeadService leads, TimeProvider time) : LeadTool(leads, time, LeadToolManifests.Qualify)
{
    protected override async Task<JsonElement> DoAsync(ToolCall call, CommandContext context, CancellationToken cancellationToken)
    {
        var id = Text(call.Input, "lead_id")!;
        await OwnAsync(call, id, cancellationToken);
        var facts = FactsOf(call.Input) ?? throw new DomainException(LeadErrors.Invalid(["nothing is known to score it by"]));
        return Output(id, (await Leads.HandleAsync(new QualifyLead(call.Tenant, id, facts, Time.GetUtcNow()), context, cancellationToken)).State);
    }
}

/// <summary><c>schedule_follow_up</c>.</summary>
internal sealed class ScheduleFollowUpTool(LeadService leads, TimeProvider time) : LeadTool(leads, time, LeadToolManifests.ScheduleFollowUp)
{
    private static readonly string[] Forms = ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"];

    protected override async Task<JsonElement> DoAsync(ToolCall call, CommandContext context, CancellationToken cancellationToken)
    {
        var id = Text(call.Input, "lead_id")!;
        await OwnAsync(call, id, cancellationToken);
        var now = Time.GetUtcNow();
        DateTimeOffset due;
        if (Text(call.Input, "due") is { } text)
        {
            if (!DateTimeOffset.TryParseExact(text, Forms, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out due))
            {
                throw new DomainException(LeadErrors.Invalid(["'due' is not a time; RFC 3339 is needed, for example 2026-01-31T09:30:00Z"]));
            }
        }
        else if (call.Input.TryGetProperty("in_hours", out var hours) && hours.ValueKind == JsonValueKind.Number && hours.TryGetDouble(out var number) && number is > 0 and <= 17_520)
        {
            due = now + TimeSpan.FromHours(number);
        }
        else
        {
            throw new DomainException(LeadErrors.Invalid(["'due' or 'in_hours' is needed"]));
        }

        var followUp = LeadService.FollowUpId(call.Tenant, call.IdempotencyKey);
        var result = await Leads.HandleAsync(new ScheduleFollowUp(call.Tenant, id, followUp, due, Text(call.Input, "note"), now), context, cancellationToken);
        var at = result.State.Open.TryGetValue(followUp, out var open) ? open.Due : due;
        return JsonSerializer.SerializeToElement(new(id, followUp, at), LeadToolJson.Default.FollowUpToolOutput);
    }
}

/// <summary><c>cancel_follow_up</c>.</summary>
internal sealed class CancelFollowUpTool(LeadService leads, TimeProvider time) : LeadTool(leads, time, LeadToolManifests.CancelFollowUp)
{
    protected override async Task<JsonElement> DoAsync(ToolCall call, CommandContext context, CancellationToken cancellationToken)
    {
        var named = Text(call.Input, "lead_id") is null && call.Input.TryGetProperty("output", out var output) && output.ValueKind == JsonValueKind.Object ? output : call.Input;
        if (Text(named, "lead_id") is not { } id || Text(named, "follow_up_id") is not { } followUp)
        {
            throw new DomainException(LeadErrors.UnknownFollowUp(""));
        }

        await OwnAsync(call, id, cancellationToken);
        await Leads.HandleAsync(new CloseFollowUp(call.Tenant, id, followUp, false, null, Time.GetUtcNow()), context, cancellationToken);
        return JsonSerializer.SerializeToElement(new(id, followUp), LeadToolJson.Default.FollowUpCancelled);
    }
}

internal sealed record LeadToolOutput(string LeadId, LeadStatus Status, int? Score, IReadOnlyList<string> Reasons);

internal sealed record FollowUpToolOutput(string LeadId, string FollowUpId, DateTimeOffset Due);

internal sealed record FollowUpCancelled(string LeadId, string FollowUpId);

/// <summary>The source-generated JSON contracts of what the lead tools return.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(LeadToolOutput))]
[JsonSerializable(typeof(FollowUpToolOutput))]
[JsonSerializable(typeof(FollowUpCancelled))]
internal sealed partial class LeadToolJson : JsonSerializerContext;
