using System.Text.Json.Serialization;
using AIaaS.EventStore;

namespace AIaaS.Domain.Leads;

/// <summary>The event types of leads.</summary>
internal static class LeadEventTypes
{
    private static readonly DateTimeOffset At = new(2026, 1, 31, 9, 30, 0, TimeSpan.Zero);

    public static EventTypes.Builder AddLeads(this EventTypes.Builder types)
    {
        var json = LeadJson.Default;
        var facts = new LeadFacts(Money.Usd(5_000), LeadAuthority.DecisionMaker, LeadNeed.Clear, 60, 40);
        return types
            .Add("lead.captured", json.LeadCaptured, "lead", new LeadCaptured("l1", new("Ada Lovelace", "ada@example.com", null, "Analytical Engines", "chat", "Tents for 40 people", null, "c1"), At))
            .Add("lead.scored", json.LeadScored, "lead", new LeadScored(facts, 80, LeadScore.Of(facts, "Analytical Engines"), At))
            .Add("lead.status-changed", json.LeadStatusChanged, "lead", new LeadStatusChanged(LeadStatus.Qualified, "80 of 100 points.", At))
            .Add("lead.follow-up.scheduled", json.FollowUpScheduled, "lead", new FollowUpScheduled("f1", At.AddDays(3), "Ask about the number of tents", At))
            .Add("lead.follow-up.due", json.FollowUpDue, "lead", new FollowUpDue("f1", At.AddDays(3)))
            .Add("lead.follow-up.closed", json.FollowUpClosed, "lead", new FollowUpClosed("f1", true, "Wants an offer", At.AddDays(3)));
    }
}

/// <summary>The source-generated JSON contracts of the lead events.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(LeadCaptured))]
[JsonSerializable(typeof(LeadScored))]
[JsonSerializable(typeof(LeadStatusChanged))]
[JsonSerializable(typeof(FollowUpScheduled))]
[JsonSerializable(typeof(FollowUpDue))]
[JsonSerializable(typeof(FollowUpClosed))]
internal sealed partial class LeadJson : JsonSerializerContext;
