namespace AIaaS.Commands.Payments;

/// <summary>How payments are made.</summary>
public sealed record PaymentOptions
{
    /// <summary>The processor of new payments: <c>sandbox</c> or <c>stripe</c>. Default: <c>sandbox</c>, which moves no real money.</summary>
    public string Processor { get; init; } = SandboxProcessor.ProcessorName;

    /// <summary>How long a processor may take for one answer. Default: 20 s, below the time-out of the payment tools.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How old an unknown operation must be before "the processor has nothing of it" counts as an answer. Default: 2 min.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>The sandbox.</summary>
    public SandboxOptions Sandbox { get; init; } = new();

    /// <summary>Stripe; null where it is not used.</summary>
    public StripeOptions? Stripe { get; init; }
}

/// <summary>How the sandbox behaves.</summary>
public sealed record SandboxOptions
{
    /// <summary>Signs its webhooks; null: each process draws one of its own, so that nobody outside can sign.</summary>
    public string? WebhookSecret { get; init; }

    /// <summary>How old a webhook's signature may be. Default: 5 min.</summary>
    public TimeSpan Tolerance { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a slow answer takes. Default: 2 s.</summary>
    public TimeSpan Slowness { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>A failure mode for all payments, whatever their method; null for none.</summary>
    public SandboxFailure? Failure { get; init; }

    /// <summary>Amounts, in units of the currency, that choose a failure mode, whatever the method.</summary>
    public IReadOnlyDictionary<string, SandboxFailure> FailureByAmount { get; init; } = new Dictionary<string, SandboxFailure>();
}

/// <summary>What can go wrong at the sandbox.</summary>
public enum SandboxFailure
{
    /// <summary>The card is declined.</summary>
    Decline,

    /// <summary>The card has not enough money.</summary>
    InsufficientFunds,

    /// <summary>The money is taken or held, and the answer never comes.</summary>
    TimeoutAfterCharge,

    /// <summary>Nothing is done, and the answer never comes.</summary>
    TimeoutBeforeCharge,

    /// <summary>The server fails before anything is done, at the first try of each key.</summary>
    ErrorBeforeCharge,

    /// <summary>Each webhook comes twice.</summary>
    DuplicateWebhook,

    /// <summary>After the charge, the processor gives the money back without being asked.</summary>
    LateRefund,

    /// <summary>The answer takes its time.</summary>
    Slow,

    /// <summary>Refunds are refused.</summary>
    RefundDeclined,

    /// <summary>The refund is made, and the answer never comes.</summary>
    TimeoutAfterRefund,
}

/// <summary>How Stripe is reached.</summary>
public sealed record StripeOptions
{
    /// <summary>The secret key.</summary>
    public string ApiKey { get; init; } = "";

    /// <summary>The webhook endpoint's signing secret; while it is rolled, several separated by spaces.</summary>
    public string WebhookSecret { get; init; } = "";

    /// <summary>Where its API is. Default: <c>https://api.stripe.com</c>.</summary>
    public Uri BaseUrl { get; init; } = new("https://api.stripe.com");

    /// <summary>The API version that requests and answers follow.</summary>
    public string ApiVersion { get; init; } = "2024-06-20";

    /// <summary>How old a webhook's signature may be. Default: 5 min, as Stripe's own libraries have it.</summary>
    public TimeSpan Tolerance { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long after a payment a search finds it for certain; Stripe says under a minute. Default: 1 h.</summary>
    public TimeSpan SearchDelay { get; init; } = TimeSpan.FromHours(1);
}
