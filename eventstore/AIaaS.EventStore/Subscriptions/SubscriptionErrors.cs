namespace AIaaS.EventStore;

/// <summary>What a subscription refuses.</summary>
public static class SubscriptionErrors
{
    /// <summary>Parked events are handled by the running subscription only, since it alone knows what is on its way.</summary>
    public static DomainError NotRunning(string subscription) => new(
        "subscription-not-running",
        $"Subscription '{subscription}' does not run now, so its parked events cannot be replayed.",
        "Try again in a moment; GET /v1/subscriptions shows whether it runs and why not.",
        503);
}
