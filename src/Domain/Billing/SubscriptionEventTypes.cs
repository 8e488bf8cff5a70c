using System.Text.Json.Serialization;
using AIaaS.Domain.Pricing;
using AIaaS.EventStore;

namespace AIaaS.Domain.Billing;

/// <summary>The event types of subscriptions.</summary>
internal static class SubscriptionEventTypes
{
    private static readonly DateTimeOffset At = new(2026, 1, 31, 9, 30, 0, TimeSpan.Zero);

    public static EventTypes.Builder AddSubscriptions(this EventTypes.Builder types)
    {
        var json = SubscriptionJson.Default;
        var cycle = new BillingCycle(At, At, "Europe/Berlin", BillingInterval.Month, 1, "EUR");
        var settings = new BillingSettings
        {
            TimeZone = "Europe/Berlin",
            Name = "Acme Outdoor GmbH",
            Address = new("Hauptstr. 1", "", "Berlin", "", "Germany", "10115"),
            Email = "billing@acme.example",
            VatId = "DE123456789",
            Taxes = [new("VAT 19 %", 19m)],
            Discounts = [new(10m, null, At, At.AddYears(1), "first year")],
            PaymentMethod = "pm_visa",
            GraceHours = 24,
            DueDays = 14,
        };
        return types
            .Add("tenant.plan.started", json.PlanStarted, Subscription.Category, new PlanStarted("team", 1, At, At.AddDays(14), cycle, "ordered on the web site", At))
            .Add("tenant.plan.changed", json.PlanChanged, Subscription.Category, new PlanChanged("business", 2, At, null, "more seats", At))
            .Add("tenant.plan.change-scheduled", json.PlanChangeScheduled, Subscription.Category, new PlanChangeScheduled("team", 1, At.AddDays(28), null, "fewer seats", At))
            .Add("tenant.plan.change-withdrawn", json.PlanChangeWithdrawn, Subscription.Category, new PlanChangeWithdrawn(At))
            .Add("tenant.plan.cancellation-scheduled", json.PlanCancellationScheduled, Subscription.Category, new PlanCancellationScheduled(At.AddDays(28), "closing the shop", At))
            .Add("tenant.plan.cancelled", json.PlanCancelled, Subscription.Category, new PlanCancelled(At.AddDays(28), "closing the shop", At.AddDays(28)))
            .Add("tenant.plan.resumed", json.PlanResumed, Subscription.Category, new PlanResumed(At))
            .Add("tenant.plan.trial-ended", json.TrialEnded, Subscription.Category, new TrialEnded("team", 1, At.AddDays(14)))
            .Add("tenant.billing.configured", json.BillingConfigured, Subscription.Category, new BillingConfigured(settings, cycle, At));
    }
}

/// <summary>The source-generated JSON contracts of the subscription events.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(PlanStarted))]
[JsonSerializable(typeof(PlanChanged))]
[JsonSerializable(typeof(PlanChangeScheduled))]
[JsonSerializable(typeof(PlanChangeWithdrawn))]
[JsonSerializable(typeof(PlanCancellationScheduled))]
[JsonSerializable(typeof(PlanCancelled))]
[JsonSerializable(typeof(PlanResumed))]
[JsonSerializable(typeof(TrialEnded))]
[JsonSerializable(typeof(BillingConfigured))]
internal sealed partial class SubscriptionJson : JsonSerializerContext;
