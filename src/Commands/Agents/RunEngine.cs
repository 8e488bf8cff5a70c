using System.Collections.Concurrent;
using System.Diagnostics;
using AIaaS.Commands.Knowledge;
using AIaaS.Commands.Routing;
using AIaaS.Domain.Agents;
using AIaaS.EventStore;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIaaS.Commands.Agents;

/// <summary>
/// Executes runs. A run's state is the fold of its stream, what comes next is a function of that state, and what is not deterministic
/// goes through one recording context. After a crash any worker folds the stream and goes on; the expected version sees to it that
/// of two workers on one run only one gets through.
/// </summary>
public sealed class RunEngine : IAsyncDisposable
{
    private readonly Services services;
    private readonly AggregateStore states;
    private readonly RunOptions options;
    private readonly ILogger logger;
    private readonly ConcurrentDictionary<string, Execution> active = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource stopping = new();
    private readonly string process;

    /// <summary>Makes an engine.</summary>
    public RunEngine(
        IEventStore log,
        EventTypes types,
        WorkflowCatalog workflows,
        ModelCatalog models,
        IRetriever retriever,
        IdSource ids,
        TimeProvider time,
        RunTelemetry telemetry,
        RunOptions? options = null,
        ILogger<RunEngine>? logger = null)
    {
        services = new(log, types, workflows, models, retriever, ids, time, telemetry);
        states = new(log, types);
        this.options = options ?? new();
        this.logger = logger ?? NullLogger<RunEngine>.Instance;
        process = ids.NewId().ToString("N");
    }

    /// <summary>How many runs are being executed in this process now.</summary>
    public int Active => active.Count;

    /// <summary>
    /// Executes a run from wherever it is to its end, and returns how it ended. Safe to call twice: a run that is being executed here is
    /// waited for, one that has ended is only read.
    /// </summary>
    /// <exception cref="DomainException">There is no such run.</exception>
    public async Task<RunCompleted> ExecuteAsync(string tenant, string run, CancellationToken cancellationToken = default)
    {
        var stream = Run.Stream(tenant, run);
        while (true)
        {
            if (active.TryGetValue(stream, out var running))
            {
                try
                {
                    return await running.Completion.WaitAsync(cancellationToken);
                }
                catch (WrongExpectedVersionException)
                {
                    // Another worker has the run: what it wrote is read below.
                }
            }

            var loaded = await LoadAsync(tenant, run, cancellationToken);
            if (loaded.State.Completed is { } completed)
            {
                return completed;
            }

            var execution = new Execution();
            if (!active.TryAdd(stream, execution))
            {
                continue;
            }

            _ = Task.Run(() => ResumeAsync(execution, tenant, run, loaded), CancellationToken.None);
            try
            {
                return await execution.Completion.WaitAsync(cancellationToken);
            }
            catch (WrongExpectedVersionException lost)
            {
                await WatchAsync(tenant, run, lost.Actual, cancellationToken);
            }
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        foreach (var execution in active.Values)
        {
            await ((Task)execution.Completion).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        stopping.Dispose();
    }

    internal Services Parts => services;

    internal RunOptions Options => options;

    /// <summary>Whether the run is being executed in this process.</summary>
    internal bool IsActive(string stream) => active.ContainsKey(stream);

    internal async Task<Loaded<Run>> LoadAsync(string tenant, string run, CancellationToken cancellationToken)
    {
        if (EventStoreLimits.NameFault(run) is not null || run.Length > 100)
        {
            throw new DomainException(RunErrors.UnknownRun(run));
        }

        var loaded = await states.LoadAsync<Run>(Run.Stream(tenant, run), cancellationToken: cancellationToken);
        return loaded.State.Request is null ? throw new DomainException(RunErrors.UnknownRun(run)) : loaded;
    }

    /// <summary>
    /// Begins a run: everything up to its first model call becomes durable in one append to a stream that must be new. Then it goes on
    /// in the background.
    /// </summary>
    /// <exception cref="WrongExpectedVersionException">The run is there already.</exception>
    internal async Task<Begun> BeginAsync(string tenant, Workflow workflow, IReadOnlyList<DomainEvent> first, EventMetadata metadata, CancellationToken cancellationToken)
    {
        if (active.Count >= options.MaxActive)
        {
            throw new DomainException(RunErrors.TooManyRuns(options.MaxActive));
        }

        await services.Workflows.PublishAsync(workflow, cancellationToken);
        var request = (RunRequested)first[0];
        var stream = Run.Stream(tenant, request.Run);
        var context = new LiveRunContext(services, tenant, request.Run, Worker(), metadata, -1, null);
        var machine = new RunMachine(Run.Initial, workflow, context);
        foreach (var @event in first)
        {
            machine.Take(@event);
        }

        // Taken before the first append: from then on the recovery may see the run, and must see that somebody has it.
        var execution = new Execution();
        if (!active.TryAdd(stream, execution))
        {
            throw new WrongExpectedVersionException(stream, ExpectedVersion.NoStream, 0);
        }

        bool calls;
        try
        {
            calls = await machine.AdvanceAsync(cancellationToken);
        }
        catch (Exception e)
        {
            active.TryRemove(stream, out _);
            execution.Fail(e);
            throw;
        }

        var accepted = context.Position;
        var parent = Activity.Current?.Context ?? default;
        _ = Task.Run(() => FinishAsync(execution, tenant, stream, machine, context, calls, parent), CancellationToken.None);
        return new(execution.Completion, accepted);
    }

    private async Task ResumeAsync(Execution execution, string tenant, string run, Loaded<Run> loaded)
    {
        var stream = Run.Stream(tenant, run);
        try
        {
            var state = loaded.State;
            RecordedEvent? last = null;
            await foreach (var recorded in services.Log.ReadStreamAsync(stream, ReadDirection.Backwards, loaded.Version, 1, stopping.Token))
            {
                last = recorded;
            }

            var before = EventMetadata.Read(last!.Metadata.Span);
            var metadata = before with { Chain = null, CausationId = last.Id.ToString("N"), Actor = "runs" };
            var chain = before.Chain is { Length: 64 } hex ? Convert.FromHexString(hex) : EpisodeChain.Begin(stream);
            var context = new LiveRunContext(services, tenant, run, Worker(), metadata, loaded.Version, chain) { Request = state.Request };
            var workflow = state.Started is { } started
                ? await services.Workflows.FindVersionAsync(state.Request!.Workflow, started.Pins.Workflow, stopping.Token)
                : services.Workflows.Find(state.Request!.Workflow);
            var machine = new RunMachine(state, workflow ?? Missing(state.Request!.Workflow), context);
            machine.Take(new RunResumed(process, context.Now()));
            if (workflow is null)
            {
                machine.Take(Lost(state, context));
                await context.FlushAsync(stopping.Token);
            }
            else if (state.Started is null)
            {
                await services.Workflows.PublishAsync(workflow, stopping.Token);
            }

            logger.LogInformation("Run {Run} is taken up again behind event {Version}", run, loaded.Version);
            var calls = await machine.AdvanceAsync(stopping.Token);
            await FinishAsync(execution, tenant, stream, machine, context, calls, default);
        }
        catch (Exception e)
        {
            active.TryRemove(stream, out _);
            execution.Fail(e);
            if (e is not (OperationCanceledException or WrongExpectedVersionException))
            {
                logger.LogError(e, "Run {Run} could not be taken up", run);
            }
        }
    }

    private static Workflow Missing(string name) => new(name, "", new(), "", []);

    private static RunCompleted Lost(Run run, LiveRunContext context)
    {
        var at = context.Now();
        return new(
            RunOutcome.Failed,
            "workflow-unavailable",
            "Sorry, I could not finish this. A colleague will take over and answer you here.",
            [],
            run.Request!.Workflow,
            run.Answer?.Tier,
            run.Steps,
            run.ModelCalls,
            run.Usage,
            run.Cost,
            (at - run.Request.At).TotalMilliseconds,
            run.Request.Fork is not null,
            at);
    }

    private async Task FinishAsync(Execution execution, string tenant, string stream, RunMachine machine, LiveRunContext context, bool calls, ActivityContext parent)
    {
        using var span = services.Telemetry.StartRun(tenant, machine.Run.Request!, parent);
        try
        {
            while (calls)
            {
                await machine.CallAsync(stopping.Token);
                calls = await machine.AdvanceAsync(stopping.Token);
            }

            var completed = machine.Run.Completed!;
            span?.SetTag("outcome", completed.Outcome.ToString()).SetTag("tier", completed.Tier?.ToString());
            active.TryRemove(stream, out _);
            execution.Succeed(completed);
        }
        catch (Exception e)
        {
            // The run stays open in the log; the recovery takes it up again, here or in another process.
            if (e is not (OperationCanceledException or WrongExpectedVersionException))
            {
                logger.LogError(e, "Run {Run} stopped; it will be taken up again", machine.Run.Request!.Run);
            }

            span?.SetStatus(ActivityStatusCode.Error, e.Message);
            active.TryRemove(stream, out _);
            execution.Fail(e);
        }
    }

    /// <summary>Waits while another worker moves the run on: until it has ended, or has stood still for longer than the grace.</summary>
    private async Task WatchAsync(string tenant, string run, long version, CancellationToken cancellationToken)
    {
        var since = services.Time.GetTimestamp();
        while (services.Time.GetElapsedTime(since) < options.Grace)
        {
            var loaded = await LoadAsync(tenant, run, cancellationToken);
            if (loaded.State.Completed is not null)
            {
                return;
            }

            if (loaded.Version > version)
            {
                (version, since) = (loaded.Version, services.Time.GetTimestamp());
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), services.Time, cancellationToken);
        }
    }

    private string Worker() => services.Ids.NewId().ToString("N");

    /// <summary>A run that has begun: it is durable at the position and completes by itself.</summary>
    internal readonly record struct Begun(Task<RunCompleted> Completion, LogPosition Position);

    /// <summary>What runs work with.</summary>
    internal sealed record Services(
        IEventStore Log,
        EventTypes Types,
        WorkflowCatalog Workflows,
        ModelCatalog Models,
        IRetriever Retriever,
        IdSource Ids,
        TimeProvider Time,
        RunTelemetry Telemetry);

    private sealed class Execution
    {
        private readonly TaskCompletionSource<RunCompleted> completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<RunCompleted> Completion => completion.Task;

        public void Succeed(RunCompleted completed) => completion.TrySetResult(completed);

        public void Fail(Exception e)
        {
            completion.TrySetException(e);

            // Nobody may be waiting; the failure is logged where it happens.
            _ = completion.Task.Exception;
        }
    }
}
