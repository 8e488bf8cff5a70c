using AIaaS.Commands.Bus;
using AIaaS.Commands.Tools;
using AIaaS.Domain.Payments;
using AIaaS.EventStore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace AIaaS.Commands.Payments;

/// <summary>Registers payments.</summary>
public static class PaymentServices
{
    /// <summary>Adds the processors, the service, the webhooks and the tools. Needs the log, the event types, an id source, the clock, the checkpoint store and the parking lot.</summary>
    /// <param name="services">The services.</param>
    /// <param name="options">The settings; null for the defaults.</param>
    public static IServiceCollection AddPayments(this IServiceCollection services, PaymentOptions? options = null)
    {
        services.TryAddSingleton(options ?? new());
        services.AddSingleton<SandboxProcessor>();
        services.AddSingleton<IPaymentProcessor>(s => s.GetRequiredService<SandboxProcessor>());
        if (options?.Stripe is { } stripe)
        {
            services.AddSingleton<IPaymentProcessor>(s => new StripeProcessor(new(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(5), AllowAutoRedirect = false }) { Timeout = Timeout.InfiniteTimeSpan }, s.GetRequiredService<TimeProvider>(), stripe));
        }

        services.AddSingleton<PaymentService>();
        services.AddSingleton<PaymentCalls>();
        services.AddSingleton<PaymentWebhooks>();
        services.AddSingleton<SandboxWebhooks>();
        services.AddHandler<SandboxWebhooks>();
        services.AddSingleton<ITool>(s => new RequestPaymentTool(s.GetRequiredService<PaymentService>(), PaymentOperation.Charge, new AggregateStore(s.GetRequiredService<IEventStore>(), s.GetRequiredService<EventTypes>())));
        services.AddSingleton<ITool>(s => new RequestPaymentTool(s.GetRequiredService<PaymentService>(), PaymentOperation.Authorize, new AggregateStore(s.GetRequiredService<IEventStore>(), s.GetRequiredService<EventTypes>())));
        services.AddSingleton<ITool>(s => new CapturePaymentTool(s.GetRequiredService<PaymentService>()));
        services.AddSingleton<ITool>(s => new RefundPaymentTool(s.GetRequiredService<PaymentService>()));
        services.AddSingleton<ITool>(s => new VoidPaymentTool(s.GetRequiredService<PaymentService>()));
        return services;
    }
}
