using AIaaS.Domain;
using AIaaS.Domain.Agents;
using AIaaS.EventStore;
using AIaaS.Projections;
using AIaaS.Queries;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Queries.Tests;

/// <summary>The read side as a program registers it, on embedded engines in a folder of its own.</summary>
public abstract class QueryFixture
{
    protected static readonly DateTimeOffset Start = new(2026, 1, 31, 9, 0, 0, TimeSpan.Zero);

    private static readonly TimeSpan Waiting = TimeSpan.FromSeconds(20);

    private readonly CancellationTokenSource stop = new();
    private readonly List<Task> running = [];
    private string folder = null!;
    private ServiceProvider provider = null!;

    protected IEventStore Log { get; private set; } = null!;

    protected Consistency Now { get; private set; }

    [SetUp]
    public async Task Open()
    {
        folder = Directory.CreateTempSubdirectory("aiaas-queries-").FullName;
        Log = await EventStoreEngines.OpenAsync(new() { DataFolder = folder }, TimeProvider.System, NullLoggerFactory.Instance);
        var store = await ReadModelEngines.OpenAsync(new() { DataFolder = folder }, NullLoggerFactory.Instance);
        provider = new ServiceCollection()
            .AddLogging()
            .AddSingleton(TimeProvider.System)
            .AddSingleton(_ => Log)
            .AddSingleton(DomainEventTypes.Create())
            .AddSingleton<IParkingLot, ParkingLot>()
            .AddSingleton(_ => store)
            .AddProjections()
            .AddQueries()
            .BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true });
        running.AddRange(provider.GetServices<ISubscription>().Select(s => Task.Run(() => s.RunAsync(stop.Token))));
        await Given();
        Now = new(await Log.GetHeadAsync(), Waiting);
    }

    [TearDown]
    public async Task Close()
    {
        await stop.CancelAsync();
        await Task.WhenAll(running).ContinueWith(_ => { }, TaskScheduler.Default);
        await provider.DisposeAsync();
        stop.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    protected abstract Task Given();

    protected T Get<T>()
        where T : notnull => provider.GetRequiredService<T>();

    protected Task AppendAsync(string stream, params object[] events)
    {
        var (types, ids) = (Get<EventTypes>(), IdSource.From(TimeProvider.System));
        return Log.AppendAsync(stream, ExpectedVersion.Any, [.. events.Select(e => types.Write(ids.NewId(), e, new EventMetadata()))]);
    }

    protected static RunRequested Requested(string run, int second, string conversation = "c1") =>
        new(run, conversation, "m-" + run, "Can I return my tent?", "faq_handling", "", null, Start.AddSeconds(second));

    protected static RunCompleted Completed(int second, RunOutcome outcome = RunOutcome.Answered, double ms = 5, decimal cost = 0.001m) =>
        new(outcome, "answered", "Yes.", [], "faq_handling", Tier.SLM_A, 5, 1, new(10, 0, 0, 5, 0), Money.Usd(cost), ms, false, Start.AddSeconds(second));
}
