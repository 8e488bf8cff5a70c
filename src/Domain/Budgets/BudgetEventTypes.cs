using System.Text.Json.Serialization;
using AIaaS.Domain.Pricing;
using AIaaS.EventStore;

namespace AIaaS.Domain.Budgets;

/// <summary>The event types of budgets and quotas.</summary>
internal static class BudgetEventTypes
{
    private static readonly DateTimeOffset At = new(2026, 1, 31, 9, 30, 0, TimeSpan.Zero);

    public static EventTypes.Builder AddBudgets(this EventTypes.Builder types)
    {
        var json = BudgetJson.Default;
        var terms = new BudgetTerms("Support, daily", BudgetScope.Workflow, "faq_handling", BudgetInterval.Day, "Europe/Berlin", true, Money.Usd(10), [50, 80, 100]);
        var day = new DateTimeOffset(2026, 1, 30, 23, 0, 0, TimeSpan.Zero);
        var granted = new BudgetGranted("support-daily", "2026-01-31", 1, day, day.AddDays(1), Money.Usd(10), true, [50, 80, 100], At);
        var reserved = new BudgetReserved("019c1d2e3f4a7b8c9d0e1f2a3b4c5d6e", Money.Usd(0.0009m), "agentRun-acme_r1", 1, "answer/1/1", At.AddSeconds(65), At);
        return types
            .Add("budget.defined", json.BudgetDefined, "budget", new BudgetDefined("support-daily", 1, terms, "key:k7", At))
            .Add("budget.removed", json.BudgetRemoved, "budget", new BudgetRemoved("support-daily", "key:k7", At))
            .Add("budget.granted", json.BudgetGranted, "budgetPeriod", granted)
            .Add("budget.reserved", json.BudgetReserved, "budgetPeriod", reserved)
            .Add("budget.settled", json.BudgetSettled, "budgetPeriod", new BudgetSettled(reserved.Reservation, Money.Usd(0.0002m), Money.Usd(0.0007m), At))
            .Add("budget.released", json.BudgetReleased, "budgetPeriod", new BudgetReleased(reserved.Reservation, Money.Usd(0.0009m), "unknown", At))
            .Add("budget.threshold-reached", json.BudgetThresholdReached, "budgetPeriod", new BudgetThresholdReached(80, Money.Usd(8.1m), Money.Usd(10), At))
            .Add("budget.exhausted", json.BudgetExhausted, "budgetPeriod", new BudgetExhausted(Money.Usd(0.05m), Money.Usd(0.02m), Money.Usd(10), At))
            .Add("budget.balanced", json.BudgetBalanced, "budgetPeriod", new BudgetBalanced(granted, Money.Usd(8.1m), [reserved], [50, 80], false, At))
            .Add("quota.reached", json.QuotaReached, "quota", new QuotaReached(QuotaResource.Requests, QuotaWindow.Day, 80, 8_000, 10_000, At))
            .Add("quota.override.granted", json.QuotaOverrideGranted, "quotaOverrides", new QuotaOverrideGranted("019c1d2e3f4a7b8c9d0e1f2a3b4c5d6f", QuotaResource.Requests, QuotaWindow.Day, 20_000, At.AddDays(2), "platform", "A launch this weekend", At))
            .Add("quota.override.revoked", json.QuotaOverrideRevoked, "quotaOverrides", new QuotaOverrideRevoked("019c1d2e3f4a7b8c9d0e1f2a3b4c5d6f", "platform", At));
    }
}

/// <summary>The source-generated JSON contracts of the events of budgets and quotas.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(BudgetDefined))]
[JsonSerializable(typeof(BudgetRemoved))]
[JsonSerializable(typeof(BudgetGranted))]
[JsonSerializable(typeof(BudgetReserved))]
[JsonSerializable(typeof(BudgetSettled))]
[JsonSerializable(typeof(BudgetReleased))]
[JsonSerializable(typeof(BudgetThresholdReached))]
[JsonSerializable(typeof(BudgetExhausted))]
[JsonSerializable(typeof(BudgetBalanced))]
[JsonSerializable(typeof(QuotaReached))]
[JsonSerializable(typeof(QuotaOverrideGranted))]
[JsonSerializable(typeof(QuotaOverrideRevoked))]
internal sealed partial class BudgetJson : JsonSerializerContext;
