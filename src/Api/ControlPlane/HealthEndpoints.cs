using AIaaS.Api.Hosting;
using AIaaS.Api.OpenApi;
using AIaaS.Commands.Bus;
using AIaaS.EventStore;
using AIaaS.Projections;

namespace AIaaS.Api.ControlPlane;

/// <summary>How the process stands.</summary>
/// <param name="Status">ok; degraded: it takes requests, but work waits for a part that cannot be reached; or failing.</param>
/// <param name="Checks">Each part that was looked at: ok, or what is wrong.</param>
/// <param name="Roles">What this process does: api, projections, sagas, workers.</param>
internal sealed record HealthReport(string Status, IReadOnlyDictionary<string, string> Checks, string Roles);

/// <summary>
/// live: the process answers (restart it when it does not). ready: log and read models can be reached and no subscription stalls
/// (send no requests when not); without the bus, work waits and requests are taken all the same. started: the subscriptions have caught up once.
/// </summary>
internal static class HealthEndpoints
{
    private const string Bus = "bus";

    private const string HealthExample = """{ "status": "ok", "checks": { "log": "ok", "readModels": "ok", "subscriptions": "ok", "bus": "ok" }, "roles": "api,projections,sagas,workers" }""";

    public static void Map(WebApplication app)
    {
        var health = app.MapGroup("/health").WithTags("Health");
        Add(health, "", "health", "Is everything well?", "The same as ready.", ReadyAsync);
        Add(health, "/live", "live", "Is the process alive?", "It answers as long as the process does.", (context, _) => Task.FromResult(Report(context, [])));
        Add(health, "/ready", "ready", "Can it take requests?", "The log and the read models can be reached, and no subscription stalls. While the bus cannot be reached the answer is 200 with status degraded: requests are taken, and work waits in the log.", ReadyAsync);
        Add(health, "/started", "started", "Has it started?", "The subscriptions have caught up once since the start.", StartedAsync);
    }

    private static void Add(RouteGroupBuilder group, string path, string name, string summary, string description, Func<HttpContext, CancellationToken, Task<IResult>> check) =>
        group.MapGet(path, check)
            .Describe(name, summary, description)
            .Produces<HealthReport>(200, "application/json")
            .Produces<HealthReport>(503, "application/json")
            .Example(response: HealthExample);

    private static async Task<IResult> ReadyAsync(HttpContext context, CancellationToken cancellationToken)
    {
        var services = context.RequestServices;
        var log = services.GetRequiredService<IEventStore>();
        var models = services.GetRequiredService<IReadModelStore>();
        var operations = services.GetRequiredService<IOperations>();
        return Report(context, new()
        {
            ["log"] = await TryAsync(
                async t =>
                {
                    await log.GetHeadAsync(t);
                    return null;
                },
                cancellationToken),
            ["readModels"] = await TryAsync(
                async t =>
                {
                    await models.GetActiveAsync("runs", t);
                    return null;
                },
                cancellationToken),
            ["subscriptions"] = await TryAsync(
                async t => (await operations.StatusAsync(t)).Where(s => s.State == SubscriptionState.Stalled).Select(s => s.Name).ToArray() is { Length: > 0 } stalled
                    ? "stalled: " + string.Join(", ", stalled)
                    : null,
                cancellationToken),
            [Bus] = services.GetService<IWorkBus>()?.Fault ?? "ok",
        });
    }

    private static async Task<IResult> StartedAsync(HttpContext context, CancellationToken cancellationToken)
    {
        var startup = context.RequestServices.GetRequiredService<StartupProgress>();
        var operations = context.RequestServices.GetRequiredService<IOperations>();
        return Report(context, new() { ["subscriptions"] = await TryAsync(t => startup.MissingAsync(operations, t), cancellationToken) });
    }

    private static async Task<string> TryAsync(Func<CancellationToken, Task<string?>> check, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(2));
        try
        {
            return await check(patience.Token) ?? "ok";
        }
        catch (Exception e) when (e is EventStoreException or ReadModelStoreException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return "cannot be reached";
        }
    }

    private static IResult Report(HttpContext context, Dictionary<string, string> checks)
    {
        var ok = checks.All(c => c.Value == "ok" || c.Key == Bus);
        return Results.Json(new HealthReport(!ok ? "failing" : checks.Values.All(c => c == "ok") ? "ok" : "degraded", checks, RoleRules.Text(context.RequestServices.GetRequiredService<Settings>().Roles)), Http.ApiJson.Plain.HealthReport, statusCode: ok ? 200 : 503);
    }
}
