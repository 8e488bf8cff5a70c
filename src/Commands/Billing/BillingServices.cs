using AIaaS.Commands.Bus;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace AIaaS.Commands.Billing;

/// <summary>Registers billing.</summary>
public static class BillingServices
{
    /// <summary>Adds invoices: what is owed, numbers, closing by timer, payment. Needs metering, pricing, payments and tenants.</summary>
    /// <param name="services">The services.</param>
    /// <param name="options">The settings; null for the defaults.</param>
    public static IServiceCollection AddInvoices(this IServiceCollection services, BillingOptions? options = null)
    {
        services.TryAddSingleton(options ?? new());
        services.AddSingleton<UsageFold>();
        services.AddSingleton<PriceBooks>();
        services.AddSingleton<InvoiceService>();
        services.AddSingleton<InvoiceNumbers>();
        services.AddSingleton<BrandingService>();
        services.AddSingleton<BillingCalendarService>();
        services.AddSingleton<BillingDesk>();
        services.AddSingleton<InvoiceCollector>();
        services.AddSingleton<InvoiceLooks>();
        services.AddSingleton<InvoiceProofs>();
        services.AddSingleton<InvoiceIssuer>();
        services.AddSingleton<InvoicePayments>();
        services.AddSingleton<InvoiceReconciler>();
        services.AddSingleton<BillingClock>();
        services.AddHandler<InvoiceIssuer>();
        services.AddHandler<InvoicePayments>();
        services.AddHandler<InvoiceReconciler>();
        services.AddHandler<BillingClock>();
        return services;
    }
}
