using AIaaS.Api.Agents;
using AIaaS.Api.Audit;
using AIaaS.Api.Billing;
using AIaaS.Api.Budgets;
using AIaaS.Api.Bus;
using AIaaS.Api.Channels;
using AIaaS.Api.Complaints;
using AIaaS.Api.ControlPlane;
using AIaaS.Api.Customers;
using AIaaS.Api.Handoffs;
using AIaaS.Api.Http;
using AIaaS.Api.Knowledge;
using AIaaS.Api.Leads;
using AIaaS.Api.Metering;
using AIaaS.Api.Orders;
using AIaaS.Api.Payments;
using AIaaS.Api.Pricing;
using AIaaS.Api.Sagas;
using AIaaS.Api.Tenants;
using AIaaS.Api.Tools;
using AIaaS.Commands.Agents;
using AIaaS.Commands.Billing;
using AIaaS.Commands.Budgets;
using AIaaS.Commands.Bus;
using AIaaS.Commands.Complaints;
using AIaaS.Commands.Handoffs;
using AIaaS.Commands.Knowledge;
using AIaaS.Commands.Leads;
using AIaaS.Commands.Metering;
using AIaaS.Commands.Orders;
using AIaaS.Commands.Payments;
using AIaaS.Commands.Pricing;
using AIaaS.Commands.Routing;
using AIaaS.Commands.Sagas;
using AIaaS.Commands.Tools;
using AIaaS.Domain;
using AIaaS.EventStore;
using AIaaS.Projections;
using AIaaS.Queries;

namespace AIaaS.Api.Hosting;

/// <summary>The composition root: the one place that knows all parts.</summary>
internal static class Composition
{
    public static void AddServices(IServiceCollection services, IConfiguration configuration, Settings settings)
    {
        services.AddSingleton(settings);
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(s => IdSource.From(s.GetRequiredService<TimeProvider>()));
        services.AddSingleton(s => new WorkerId(s.GetRequiredService<IdSource>().NewId().ToString("N")));
        services.AddSingleton(_ => DomainEventTypes.Create());
        services.AddSingleton<Opened>();
        services.AddSingleton(s => s.GetRequiredService<Opened>().Log);
        services.AddSingleton(s => s.GetRequiredService<Opened>().ReadModels);
        services.AddSingleton(s => s.GetRequiredService<Opened>().PlatformKey);
        services.AddSingleton<StartupProgress>();
        BusSetup.Add(services, configuration, settings);
        AddKernel(services, settings.Roles);
        services.AddProjections(elsewhere: !settings.Roles.HasFlag(Roles.Projections)).AddQueries();
        services.AddSingleton(new RunOptions { OwnsLog = settings.OwnsLog, MaxActive = settings.MaxRuns, Executes = settings.Roles.HasFlag(Roles.Workers) });
        services.AddSingleton(new WorkflowOptions { Folder = configuration["Workflows:Folder"], Environment = configuration["Workflows:Environment"] });
        services.AddSingleton(new BudgetOptions { OwnsLog = settings.OwnsLog });
        services.AddBudgets();
        services.AddSingleton(CostGuardSettings.Read(configuration));
        services.AddCostGuard(reports: settings.Roles.HasFlag(Roles.Sagas));
        services.AddKnowledge().AddModels(configuration).AddRuns();
        services.AddOrders();
        services.AddTools(configuration);
        services.AddMetering();
        if (settings.Roles.HasFlag(Roles.Sagas))
        {
            services.AddHostedService(s => s.GetRequiredService<ReconciliationJob>());
        }

        services.AddPayments(PaymentSettings.Read(configuration)).AddLeads(LeadSettings.Read(configuration)).AddComplaints().AddHandoffs().AddInvoices(BillingSetup.Read(configuration));
        services.AddSagas(manage: settings.Roles.HasFlag(Roles.Sagas), work: settings.Roles.HasFlag(Roles.Workers)).AddShippedSagas();
        services.AddPricing().AddSubscriptions().AddModelPrices().AddCorrections();
        if (settings.Roles.HasFlag(Roles.Sagas))
        {
            services.AddHostedService(s => s.GetRequiredService<CorrectionJob>());
        }

        services.AddSingleton<MessageDesk>();
        services.AddHostedService<RunDrain>();
        AddHttp(services);
    }

    public static void MapEndpoints(WebApplication app)
    {
        HealthEndpoints.Map(app);
        if (!app.Services.GetRequiredService<Settings>().Roles.HasFlag(Roles.Api))
        {
            return;
        }

        var v1 = app.MapGroup("/v1");
        ConversationEndpoints.Map(v1);
        RunEndpoints.Map(v1);
        WorkflowEndpoints.Map(v1);
        ArticleEndpoints.Map(v1);
        ToolEndpoints.Map(v1);
        SideEffectEndpoints.Map(v1);
        OrderEndpoints.Map(v1);
        CustomerEndpoints.Map(v1);
        PaymentEndpoints.Map(v1);
        LeadEndpoints.Map(v1);
        BudgetEndpoints.Map(v1);
        CostEndpoints.Map(v1);
        QuotaEndpoints.Map(v1);
        ComplaintEndpoints.Map(v1);
        HandoffEndpoints.Map(v1);
        UsageEndpoints.Map(v1);
        MeterEndpoints.Map(v1);
        PricingEndpoints.Map(v1);
        ModelPriceEndpoints.Map(v1);
        PlanEndpoints.Map(v1);
        InvoiceEndpoints.Map(v1);
        CorrectionEndpoints.Map(v1);
        SagaEndpoints.Map(v1);
        DeadLetterEndpoints.Map(v1);
        KpiEndpoints.Map(v1);
        TenantEndpoints.Map(v1);
        StreamEndpoints.Map(v1);
        SubscriptionEndpoints.Map(v1);
    }

    private static void AddKernel(IServiceCollection services, Roles roles)
    {
        services.AddSingleton<IParkingLot>(s => new ParkingLot(s.GetRequiredService<IEventStore>()));
        services.AddSingleton<ICheckpointStore>(s => new CheckpointStore(s.GetRequiredService<IEventStore>(), s.GetRequiredService<IdSource>()));
        services.AddSingleton(s => new SubscriptionHost(s.GetServices<ISubscription>().Where(p => (RoleRules.Of(p) & roles) != 0), s.GetRequiredService<TimeProvider>(), logger: s.GetRequiredService<ILogger<SubscriptionHost>>()));
        services.AddHostedService(s => s.GetRequiredService<SubscriptionHost>());
        services.AddTimers();
        services.AddSingleton<IOperations, Operations>();
    }

    private static void AddHttp(IServiceCollection services)
    {
        services.AddSingleton<RequestsInFlight>();
        services.AddSingleton<RepeatedRequests>();
        services.AddSingleton<IApiKeys, ApiKeys>();
    }
}
