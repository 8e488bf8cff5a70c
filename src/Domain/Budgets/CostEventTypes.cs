using System.Text.Json.Serialization;
using AIaaS.EventStore;

namespace AIaaS.Domain.Budgets;

/// <summary>The event types of the cost guard.</summary>
internal static class CostEventTypes
{
    private static readonly DateTimeOffset At = new(2026, 1, 31, 0, 5, 0, TimeSpan.Zero);

    public static EventTypes.Builder AddCostGuard(this EventTypes.Builder types)
    {
        var json = CostJson.Default;
        var until = new DateTimeOffset(2026, 1, 31, 23, 0, 0, TimeSpan.Zero);
        return types
            .Add("cost.safe-mode.entered", json.SafeModeEntered, "safeMode", new SafeModeEntered("support-daily", "2026-01-31", BudgetScope.Workflow, "faq_handling", Money.Usd(9.1m), Money.Usd(10), 90, "pro", 2, until, At))
            .Add("cost.safe-mode.left", json.SafeModeLeft, "safeMode", new SafeModeLeft("support-daily", "2026-01-31", SafeModeEnd.PeriodTurned, Money.Usd(9.8m), Money.Usd(10), until))
            .Add("cost.report.made", json.CostReportMade, "costReport", CostReportMade.Example(At));
    }
}

/// <summary>The source-generated JSON contracts of the events of the cost guard.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(SafeModeEntered))]
[JsonSerializable(typeof(SafeModeLeft))]
[JsonSerializable(typeof(CostReportMade))]
internal sealed partial class CostJson : JsonSerializerContext;
