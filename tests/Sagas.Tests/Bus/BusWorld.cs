using System.Collections.Concurrent;
using AIaaS.Commands.Bus;
using AIaaS.Domain;
using AIaaS.Domain.Bus;
using AIaaS.EventStore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Sagas.Tests.Support;

namespace Sagas.Tests.Bus;

/// <summary>A bus with its log, and a handler that a test decides.</summary>
internal sealed class BusWorld : IAsyncDisposable
{
    private readonly TemporaryFolder? folder;
    private readonly ServiceProvider services;
    private readonly WorkBus bus;

    private BusWorld(TemporaryFolder? folder, IEventStore log, BusOptions options, Func<ExecuteSaga, int, CancellationToken, Task> handle)
    {
        this.folder = folder;
        Log = log;
        services = new ServiceCollection()
            .AddLogging(l => l.AddProvider(new Warned(Warnings)))
            .AddSingleton(TimeProvider.System)
            .AddSingleton(IdSource.From(TimeProvider.System))
            .AddSingleton(DomainEventTypes.Create())
            .AddSingleton(log)
            .AddSingleton(options)
            .AddSingleton<IWorkHandler<ExecuteSaga>>(new Decided(this, handle))
            .AddWorkBus()
            .BuildServiceProvider();
        bus = services.GetRequiredService<WorkBus>();
    }

    public IEventStore Log { get; }

    public IWorkBus Bus => bus;

    public DeadLetterService DeadLetters => services.GetRequiredService<DeadLetterService>();

    /// <summary>What was logged as a warning or worse.</summary>
    public ConcurrentQueue<string> Warnings { get; } = new();

    /// <summary>How often each saga's work came to the handler.</summary>
    public ConcurrentDictionary<string, int> Tries { get; } = new(StringComparer.Ordinal);

    /// <summary>The work that the handler did without an exception, in the order in which it was done.</summary>
    public ConcurrentQueue<ExecuteSaga> Done { get; } = new();

    public static async Task<BusWorld> StartAsync(BusOptions options, Func<ExecuteSaga, int, CancellationToken, Task>? handle = null, IEventStore? log = null)
    {
        var folder = log is null ? new TemporaryFolder() : null;
        log ??= await EventStoreEngines.OpenAsync(new() { DataFolder = folder!.Path }, TimeProvider.System, NullLoggerFactory.Instance);
        var world = new BusWorld(folder, log, options, handle ?? ((_, _, _) => Task.CompletedTask));
        await world.bus.StartAsync(CancellationToken.None);
        return world;
    }

    public Task ConnectedAsync() => Eventually.BeAsync(() => Bus.Fault is null, "the bus is connected");

    public async Task<List<DeadLetterReceived>> DeadLettersOfAsync(string tenant)
    {
        List<DeadLetterReceived> found = [];
        await foreach (var e in Log.ReadAllAsync(filter: EventFilter.Streams($"deadLetter-{tenant}_")))
        {
            if (e.Type == "deadletter.received")
            {
                found.Add((DeadLetterReceived)services.GetRequiredService<EventTypes>().Read(e.Type, e.Data.Span));
            }
        }

        return found;
    }

    public Task StopAsync() => bus.StopAsync(CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await services.DisposeAsync();
        if (folder is not null)
        {
            await Log.DisposeAsync();
            folder.Dispose();
        }
    }

    private sealed class Decided(BusWorld world, Func<ExecuteSaga, int, CancellationToken, Task> handle) : IWorkHandler<ExecuteSaga>
    {
        public async Task HandleAsync(ExecuteSaga work, CancellationToken cancellationToken)
        {
            var attempt = world.Tries.AddOrUpdate(work.Saga, 1, (_, n) => n + 1);
            await handle(work, attempt, cancellationToken);
            world.Done.Enqueue(work);
        }
    }

    private sealed class Warned(ConcurrentQueue<string> all) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => all.Enqueue(formatter(state, exception));

        public void Dispose()
        {
        }
    }
}
