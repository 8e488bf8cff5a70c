using AIaaS.Api.Hosting;
using AIaaS.Commands.Payments;

namespace AIaaS.Api.Payments;

/// <summary>The settings of payments; what cannot be used stops the start.</summary>
internal static class PaymentSettings
{
    public static PaymentOptions Read(IConfiguration configuration)
    {
        var options = configuration.GetSection("Payments").Get<PaymentOptions>() ?? new();
        if (options.Stripe is { } stripe && (stripe.ApiKey.Length == 0 || string.IsNullOrWhiteSpace(stripe.WebhookSecret)))
        {
            throw new StartupException("Payments__Stripe needs Payments__Stripe__ApiKey (the secret key) and Payments__Stripe__WebhookSecret (the webhook endpoint's signing secret).");
        }

        if (options.Processor != SandboxProcessor.ProcessorName && !(options.Processor == StripeProcessor.ProcessorName && options.Stripe is not null))
        {
            throw new StartupException($"Payments__Processor={options.Processor} cannot be used. Possible are 'sandbox', and 'stripe' with Payments__Stripe__ApiKey and Payments__Stripe__WebhookSecret.");
        }

        return options.Timeout > TimeSpan.Zero && options.Timeout <= TimeSpan.FromSeconds(30)
            ? options
            : throw new StartupException($"Payments__Timeout={options.Timeout} is not between 0 and 30 seconds, which the payment tools have.");
    }
}
