using AIaaS.EventStore;
using AIaaS.Projections.Agents;
using AIaaS.Projections.Budgets;
using AIaaS.Projections.Billing;
using AIaaS.Projections.Channels;
using AIaaS.Projections.Complaints;
using AIaaS.Projections.Customers;
using AIaaS.Projections.Handoffs;
using AIaaS.Projections.Knowledge;
using AIaaS.Projections.Leads;
using AIaaS.Projections.Metering;
using AIaaS.Projections.Orders;
using AIaaS.Projections.Payments;
using AIaaS.Projections.Tenants;
using AIaaS.Projections.Tools;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AIaaS.Projections;

/// <summary>Registers the read models.</summary>
public static class ProjectionServices
{
    /// <summary>
    /// All read models, each as <see cref="ISubscription"/> and <see cref="IProjectionSubscription"/>, and as
    /// <see cref="ReadModel{TDocument}"/> for queries. Needs <see cref="IEventStore"/>, <see cref="EventTypes"/>,
    /// <see cref="IParkingLot"/>, <see cref="IReadModelStore"/>, <see cref="TimeProvider"/> and logging.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="options">The projections' settings; null for the defaults.</param>
    /// <param name="elsewhere">Whether another process builds the read models, so that this one only reads them.</param>
    public static IServiceCollection AddProjections(this IServiceCollection services, ProjectionOptions? options = null, bool elsewhere = false)
    {
        services.AddSingleton(new ProjectionsElsewhere(elsewhere));
        services.AddSingleton(options ?? new());
        return services
            .AddProjection<RunsProjection, RunDocument>()
            .AddProjection<RunTimelineProjection, RunTimelineDocument>()
            .AddProjection<ConversationsProjection, ConversationDocument>()
            .AddProjection<Sagas.SagasProjection, Sagas.SagaDocument>()
            .AddProjection<Bus.DeadLettersProjection, Bus.DeadLetterDocument>()
            .AddProjection<ArticlesProjection, ArticleDocument>()
            .AddProjection<SideEffectsProjection, SideEffectDocument>()
            .AddProjection<OrdersProjection, OrderDocument>()
            .AddProjection<ProductsProjection, ProductDocument>()
            .AddProjection<CustomersProjection, CustomerDocument>()
            .AddProjection<PaymentsProjection, PaymentDocument>()
            .AddProjection<LeadsProjection, LeadDocument>()
            .AddProjection<ComplaintsProjection, ComplaintDocument>()
            .AddProjection<HandoffsProjection, HandoffDocument>()
            .AddProjection<UsageSlotsProjection, UsageSlots>()
            .AddProjection<BudgetsProjection, BudgetDocument>()
            .AddProjection<BudgetPeriodsProjection, BudgetPeriodDocument>()
            .AddProjection<BudgetAlertsProjection, BudgetAlertDocument>()
            .AddProjection<InvoicesProjection, InvoiceDocument>()
            .AddProjection<BillingNotesProjection, BillingNoteDocument>()
            .AddProjection<DisputesProjection, DisputeDocument>()
            .AddProjection<BillingAccountsProjection, BillingAccountDocument>()
            .AddProjection<CostHistoryProjection, Domain.Budgets.CostDay>()
            .AddProjection<CostReportsProjection, CostReportDocument>()
            .AddProjection<TenantKpisHourlyProjection, TenantKpis>(KpiGranularity.Hour)
            .AddProjection<TenantKpisDailyProjection, TenantKpis>(KpiGranularity.Day);
    }

    /// <summary>One read model. Models of one document type are told apart by a key, as which their <see cref="ReadModel{TDocument}"/> is registered.</summary>
    public static IServiceCollection AddProjection<TProjection, TDocument>(this IServiceCollection services, object? key = null)
        where TProjection : Projection<TDocument>
        where TDocument : class
    {
        services.AddSingleton<TProjection>();
        services.AddKeyedSingleton(typeof(TProjection), (provider, _) => new ProjectionSubscription<TDocument>(
            provider.GetRequiredService<TProjection>(),
            provider.GetRequiredService<IEventStore>(),
            provider.GetRequiredService<EventTypes>(),
            provider.GetRequiredService<IReadModelStore>(),
            provider.GetRequiredService<IParkingLot>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<ProjectionSubscription<TDocument>>>(),
            provider.GetRequiredService<ProjectionOptions>()));
        services.AddSingleton<IProjectionSubscription>(provider => provider.GetRequiredKeyedService<ProjectionSubscription<TDocument>>(typeof(TProjection)));
        services.AddSingleton<ISubscription>(provider => provider.GetRequiredKeyedService<ProjectionSubscription<TDocument>>(typeof(TProjection)));
        services.AddKeyedSingleton(key, (provider, _) => new ReadModel<TDocument>(
            provider.GetRequiredService<TProjection>(),
            provider.GetRequiredService<IReadModelStore>(),
            ProgressOf<TProjection, TDocument>(provider)));
        return services;
    }

    private static IProjectionProgress ProgressOf<TProjection, TDocument>(IServiceProvider provider)
        where TProjection : Projection<TDocument>
        where TDocument : class =>
        provider.GetService<ProjectionsElsewhere>() is { Value: true }
            ? new StoredProgress(
                provider.GetRequiredService<TProjection>().Name,
                EventFilter.Types(provider.GetRequiredService<TProjection>().EventTypePrefixes),
                provider.GetRequiredService<IEventStore>(),
                provider.GetRequiredService<IReadModelStore>(),
                provider.GetRequiredService<TimeProvider>())
            : provider.GetRequiredKeyedService<ProjectionSubscription<TDocument>>(typeof(TProjection));
}
