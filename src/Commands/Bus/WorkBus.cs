using System.Collections.Immutable;
using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using AIaaS.EventStore;
using MassTransit;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIaaS.Commands.Bus;

/// <summary>The bus on MassTransit: within this process, or through RabbitMQ.</summary>
public sealed partial class WorkBus : IWorkBus, IHostedService, IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan ReportFirst = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan ReportEvery = TimeSpan.FromSeconds(30);

    private readonly BusOptions options;
    private readonly ImmutableArray<WorkRoute> routes;
    private readonly DeadLetterService deadLetters;
    private readonly TimeProvider time;
    private readonly BusTelemetry telemetry;
    private readonly ILogger logger;
    private readonly IBusControl bus;
    private readonly List<WorkAttempts> attempts = [];
    private readonly CancellationTokenSource stopping = new();
    private Task running = Task.CompletedTask;
    private bool started;
    private bool stopped;

    /// <summary>Makes it; the program's host starts and stops it. Work is only taken of kinds that have a handler.</summary>
    /// <exception cref="BusOptionsException">The settings cannot be used.</exception>
    public WorkBus(BusOptions options, IEnumerable<WorkRoute> routes, DeadLetterService deadLetters, IServiceProvider services, TimeProvider time, BusTelemetry telemetry, ILoggerFactory? logging = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        (this.options, this.deadLetters, this.time, this.telemetry) = (options, deadLetters, time, telemetry);
        this.routes = [.. routes];
        logger = logging?.CreateLogger<WorkBus>() ?? NullLogger<WorkBus>.Instance;
        LogContext.ConfigureCurrentLogContext(logging);
        Check(options);
        bus = options.Engine == "rabbitmq" ? OverRabbitMq(services) : InMemory(services);
    }

    /// <inheritdoc />
    public string? Fault => options.Engine != "rabbitmq" ? null
        : !started ? Unreachable
        : bus.CheckHealth() is { Status: not BusHealthStatus.Healthy } health ? $"{Unreachable} ({health.Description})" : null;

    private string Unreachable => $"RabbitMQ at {options.RabbitMq.Host}:{options.RabbitMq.Port}{(options.RabbitMq.VirtualHost == "/" ? "" : $" ({options.RabbitMq.VirtualHost})")} cannot be reached. Start it or set Bus__RabbitMq__Host, __Port, __VirtualHost, __Username and __Password; until then work waits in the log.";

    /// <inheritdoc />
    public async Task PublishAsync<TWork>(TWork work, CancellationToken cancellationToken = default)
        where TWork : class, IWork
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, stopping.Token);
        using var timer = time.CreateTimer(static s => ((CancellationTokenSource)s!).Cancel(), patience, options.ConfirmWithin, Timeout.InfiniteTimeSpan);
        try
        {
            if (options.Engine == "rabbitmq" && !started)
            {
                throw new BusUnavailableException(Unreachable);
            }

            // The transport may ignore the token while it tries to connect.
            await bus.Publish(work, context => Mandatory(context), patience.Token).WaitAsync(patience.Token);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested && e is not BusUnavailableException)
        {
            throw new BusUnavailableException(options.Engine == "rabbitmq" ? $"{Unreachable} {e.GetType().Name}: {e.Message}" : $"The bus within the process took no work: {e.Message}", e);
        }
    }

    /// <inheritdoc />
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (options.Engine == "rabbitmq")
        {
            running = ConnectAsync(stopping.Token);
            return;
        }

        await bus.StartAsync(cancellationToken);
        started = true;
    }

    /// <inheritdoc />
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await stopping.CancelAsync();
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!started || stopped)
        {
            return;
        }

        // The host is stopped by the signal, and again by whoever disposes of it.
        stopped = true;
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(Patience);
            await bus.StopAsync(limit.Token).WaitAsync(limit.Token);
        }
        catch (Exception e)
        {
            // What it still had comes again from the broker or from the log.
            NotStopped(logger, e);
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        attempts.ForEach(a => a.Dispose());
        stopping.Dispose();
    }

    private static void Mandatory<TWork>(PublishContext<TWork> context)
        where TWork : class
    {
        if (context.TryGetPayload<RabbitMqSendContext>(out var rabbit))
        {
            rabbit.Mandatory = true;
        }
    }

    private static void Check(BusOptions options)
    {
        if (options.Engine is not ("memory" or "rabbitmq"))
        {
            throw new BusOptionsException($"Bus__Engine={options.Engine} is not known. Set it to 'memory' or 'rabbitmq'.");
        }

        List<System.ComponentModel.DataAnnotations.ValidationResult> faults = [];
        Validator.TryValidateObject(options, new(options), faults, validateAllProperties: true);
        Validator.TryValidateObject(options.RabbitMq, new(options.RabbitMq), faults, validateAllProperties: true);
        if (faults.Count > 0)
        {
            throw new BusOptionsException("The settings of the bus (Bus__…) cannot be used: " + string.Join(" ", faults.Select(f => f.ErrorMessage)));
        }
    }

    private IBusControl InMemory(IServiceProvider services) => MassTransit.Bus.Factory.CreateUsingInMemory(cfg =>
    {
        foreach (var route in routes)
        {
            route.Entitle(cfg, options);
            if (TakesWork(route, services))
            {
                cfg.ReceiveEndpoint(route.QueueOf(options), e => Configure(e, route, services));
            }
        }
    });

    private IBusControl OverRabbitMq(IServiceProvider services) => MassTransit.Bus.Factory.CreateUsingRabbitMq(cfg =>
    {
        var at = options.RabbitMq;
        cfg.DeployPublishTopology = true;
        cfg.Host(at.Host, at.Port, at.VirtualHost, host =>
        {
            host.Username(at.Username);
            host.Password(at.Password);
            host.PublisherConfirmation = true;
            host.RequestedConnectionTimeout(TimeSpan.FromSeconds(5));
            host.Heartbeat(TimeSpan.FromSeconds(10));
        });
        foreach (var route in routes)
        {
            route.Entitle(cfg, options);
            route.Publish(cfg, options);
            if (TakesWork(route, services))
            {
                cfg.ReceiveEndpoint(route.QueueOf(options), e =>
                {
                    e.SetQuorumQueue();
                    // The route binds it when work is published or the bus starts, whether or not anybody takes from it.
                    e.ConfigureConsumeTopology = false;
                    Configure(e, route, services);
                });
            }
        }
    });

    private bool TakesWork(WorkRoute route, IServiceProvider services) => options.TakesWork && route.HasHandler(services);

    private void Configure(IReceiveEndpointConfigurator endpoint, WorkRoute route, IServiceProvider services)
    {
        var queue = route.QueueOf(options);
        var concurrency = options.Concurrency ?? route.Concurrency;
        var taken = Math.Min(concurrency * 4, 1_000);
        endpoint.PrefetchCount = taken;
        endpoint.ConcurrentMessageLimit = taken;
        endpoint.ThrowOnSkippedMessages();
        endpoint.ConfigureError(pipe => pipe.UseFilter(new ToDeadLetters(this, queue)));
        var tries = new WorkAttempts(queue, concurrency, options, time, telemetry, logger, stopping.Token);
        attempts.Add(tries);
        route.Consume(endpoint, services, tries);
    }

    private async Task ConnectAsync(CancellationToken cancellationToken)
    {
        var reported = false;
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                var starting = bus.StartAsync(cancellationToken);
                while (await Task.WhenAny(starting, Task.Delay(reported ? ReportEvery : ReportFirst, time, cancellationToken)) != starting)
                {
                    // A start that ignores the token must not keep the program from ending.
                    cancellationToken.ThrowIfCancellationRequested();
                    NotReached(logger, Unreachable, null);
                    reported = true;
                }

                await starting;
                started = true;
                Connected(logger, options.RabbitMq.Host, options.RabbitMq.Port);
                return;
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                if (!reported)
                {
                    NotReached(logger, Unreachable, e);
                    reported = true;
                }

                await Task.Delay(TimeSpan.FromSeconds(2), time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>Keeps a message that failed for good in the log; only then is it taken off its queue.</summary>
    private async Task KeepAsync(string queue, ExceptionReceiveContext context)
    {
        var failed = context.Exception as WorkFailedException;
        var cause = failed?.InnerException ?? context.Exception;
        var code = cause is DomainException refused ? refused.Error.Code : "exception";
        var error = cause is DomainException ? cause.Message : $"{cause.GetType().Name}: {cause.Message}";
        var body = BodyOf(context);
        var message = context.TransportHeaders.Get<string>("MessageId") ?? NamedId.Of(body).ToString("N");
        while (true)
        {
            try
            {
                var id = await deadLetters.ReceiveAsync(queue, body, code, error, failed?.Attempts ?? 1, message, stopping.Token);
                telemetry.DeadLetter(queue);
                DeadLetter(logger, queue, id, failed?.Attempts ?? 1, cause);
                return;
            }
            catch (Exception e) when (!stopping.IsCancellationRequested)
            {
                NotKept(logger, queue, e);
                await Task.Delay(TimeSpan.FromSeconds(2), time, stopping.Token);
            }
        }
    }

    /// <summary>The work alone; all that came, where no work can be made out.</summary>
    private static string BodyOf(ExceptionReceiveContext context)
    {
        // Not GetString(): that of a body which came over the wire gives the name of its type.
        var whole = System.Text.Encoding.UTF8.GetString(context.Body.GetBytes());
        try
        {
            using var json = JsonDocument.Parse(whole);
            return json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("message", out var message) ? message.GetRawText() : whole;
        }
        catch (JsonException)
        {
            return whole;
        }
    }

    [LoggerMessage(LogLevel.Information, "The bus is connected to RabbitMQ at {Host}:{Port}.")]
    private static partial void Connected(ILogger logger, string host, int port);

    [LoggerMessage(LogLevel.Warning, "{Message}")]
    private static partial void NotReached(ILogger logger, string message, Exception? error);

    [LoggerMessage(LogLevel.Warning, "The bus did not stop in time; what it still had comes again.")]
    private static partial void NotStopped(ILogger logger, Exception error);

    [LoggerMessage(LogLevel.Error, "Work of queue {Queue} failed for good and is dead letter {Id} after {Attempts} tries.")]
    private static partial void DeadLetter(ILogger logger, string queue, string id, int attempts, Exception error);

    [LoggerMessage(LogLevel.Warning, "Work of queue {Queue} that failed for good could not be recorded as a dead letter; that is tried again.")]
    private static partial void NotKept(ILogger logger, string queue, Exception error);

    private sealed class ToDeadLetters(WorkBus owner, string queue) : IFilter<ExceptionReceiveContext>
    {
        public Task Send(ExceptionReceiveContext context, IPipe<ExceptionReceiveContext> next) =>
            owner.stopping.IsCancellationRequested ? Task.FromException(context.Exception) : owner.KeepAsync(queue, context);

        public void Probe(ProbeContext context) => context.CreateFilterScope("deadLetters");
    }
}

/// <summary>The settings of the bus cannot be used. The message says why and how to mend it.</summary>
public sealed class BusOptionsException(string message) : Exception(message);
