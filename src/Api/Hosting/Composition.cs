using AIaaS.Api.Audit;
using AIaaS.Api.ControlPlane;
using AIaaS.Api.Http;
using AIaaS.Domain;
using AIaaS.EventStore;

namespace AIaaS.Api.Hosting;

/// <summary>The composition root: the one place that knows all parts.</summary>
internal static class Composition
{
    public static void AddServices(IServiceCollection services, IConfiguration configuration, Settings settings)
    {
        _ = configuration;
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
        AddKernel(services);
        AddHttp(services);
    }

    public static void MapEndpoints(WebApplication app)
    {
        HealthEndpoints.Map(app);
        var v1 = app.MapGroup("/v1");
        StreamEndpoints.Map(v1);
        SubscriptionEndpoints.Map(v1);
    }

    private static void AddKernel(IServiceCollection services)
    {
        services.AddSingleton<IParkingLot>(s => new ParkingLot(s.GetRequiredService<IEventStore>()));
        services.AddSingleton<ICheckpointStore>(s => new CheckpointStore(s.GetRequiredService<IEventStore>(), s.GetRequiredService<IdSource>()));
        services.AddSingleton(s => new SubscriptionHost(s.GetServices<ISubscription>(), s.GetRequiredService<TimeProvider>(), logger: s.GetRequiredService<ILogger<SubscriptionHost>>()));
        services.AddHostedService(s => s.GetRequiredService<SubscriptionHost>());
        services.AddSingleton<IOperations, Operations>();
    }

    private static void AddHttp(IServiceCollection services)
    {
        services.AddSingleton<RequestsInFlight>();
        services.AddSingleton<RepeatedRequests>();
        services.AddSingleton(s => new CachedApiKeys((_, _) => default, s.GetRequiredService<PlatformKey>(), s.GetRequiredService<TimeProvider>()));
        services.AddSingleton<IApiKeys>(s => s.GetRequiredService<CachedApiKeys>());
    }
}
