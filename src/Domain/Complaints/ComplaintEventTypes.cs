using System.Text.Json.Serialization;
using AIaaS.EventStore;

namespace AIaaS.Domain.Complaints;

/// <summary>The event types of complaints.</summary>
internal static class ComplaintEventTypes
{
    private static readonly DateTimeOffset At = new(2026, 1, 31, 9, 30, 0, TimeSpan.Zero);

    public static EventTypes.Builder AddComplaints(this EventTypes.Builder types)
    {
        var json = ComplaintJson.Default;
        return types
            .Add("complaint.opened", json.ComplaintOpened, "complaint", new ComplaintOpened("x1", ComplaintCategory.Delivery, "My tent came torn.", "c-4711", "#W1001", "c1", Money.Usd(620), 0, ComplaintSeverity.High, ["Delivery is Medium.", "620 USD at stake: one step up."], At.AddDays(1), At))
            .Add("complaint.escalated", json.ComplaintEscalated, "complaint", new ComplaintEscalated(1, true, "The deadline has passed.", At.AddHours(36), At.AddDays(1)))
            .Add("complaint.resolved", json.ComplaintResolved, "complaint", new ComplaintResolved("A new tent is on its way.", true, At.AddDays(2)))
            .Add("complaint.deadlines.set", json.ComplaintDeadlinesSet, "complaintRules", new ComplaintDeadlinesSet(ComplaintDeadlines.Initial.Hours, At));
    }
}

/// <summary>The source-generated JSON contracts of the complaint events.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(ComplaintOpened))]
[JsonSerializable(typeof(ComplaintEscalated))]
[JsonSerializable(typeof(ComplaintResolved))]
[JsonSerializable(typeof(ComplaintDeadlinesSet))]
internal sealed partial class ComplaintJson : JsonSerializerContext;
