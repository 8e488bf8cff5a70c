using System.Collections.Concurrent;
using System.Diagnostics;
using AIaaS.Commands.Budgets;
using AIaaS.Commands.Bus;
using AIaaS.Commands.Channels;
using AIaaS.Commands.Knowledge;
using AIaaS.Commands.Routing;
using AIaaS.Commands.Tools;
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
    private static readonly TimeSpan ShortestLook = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan LongestLook = TimeSpan.FromMilliseconds(500);

    private readonly Services services;
    private readonly AggregateStore states;
    private readonly RunOptions options;
    private readonly ILogger logger;
    private readonly ConcurrentDictionary<string, Execution> active = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource stopping = new();
    private readonly WorkerHeartbeat? heartbeat;
    private readonly IWorkBus? bus;
    private readonly QuotaGate? quotas;
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
        ILogger<RunEngine>? logger = null,
        IToolRegistry? tools = null,
        IToolExecutor? executor = null,
        WorkerHeartbeat? heartbeat = null,
        IWorkBus? bus = null,
        BudgetLedger? budgets = null,
        QuotaGate? quotas = null,
        SafeModeRegistry? safeMode = null)
    {
        services = new(log, types, workflows, models, retriever, ids, time, telemetry, tools ?? new NoTools(), executor ?? new NoTools(), new(log, types, ids, time), budgets, safeMode);
        states = new(log, types);
        this.options = options ?? new();
        this.logger = logger ?? NullLogger<RunEngine>.Instance;
        this.heartbeat = heartbeat;
        this.bus = bus;
        this.quotas = quotas;
        process = heartbeat?.Worker ?? ids.NewId().ToString("N");
    }

    /// <summary>How many runs are being executed in this process now.</summary>
    public int Active => active.Count;

    /// <summary>
    /// Executes a run from wherever it is to its end, and returns how it ended. Safe to call twice: a run that is being executed here is
    /// waited for, one that has ended is only read. A run that waits for something from outside is waited for too.
    /// </summary>
    /// <exception cref="DomainException">There is no such run.</exception>
    public async Task<RunCompleted> ExecuteAsync(string tenant, string run, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            if ((await RestAsync(tenant, run, cancellationToken)).Completed is { } completed)
            {
                return completed;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), services.Time, cancellationToken);
        }
    }

    /// <summary>Executes a run from wherever it is until it has ended or waits for something from outside, and returns where it is then.</summary>
    /// <exception cref="DomainException">There is no such run.</exception>
    public async Task<Run> RestAsync(string tenant, string run, CancellationToken cancellationToken = default)
    {
        RequireName(run);
        var stream = Run.Stream(tenant, run);
        if (!options.Executes)
        {
            return await WatchToRestAsync(tenant, run, cancellationToken);
        }

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

            var execution = new Execution();
            if (!active.TryAdd(stream, execution))
            {
                continue;
            }

            _ = Task.Run(() => ResumeAsync(execution, tenant, run), CancellationToken.None);
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

    /// <summary>Goes on with a run for which something came from outside; in the background.</summary>
    internal void Wake(string tenant, string run)
    {
        if (!options.Executes)
        {
            HandOver(tenant, run);
            return;
        }

        if (active.TryGetValue(Run.Stream(tenant, run), out var running) && running.Poke())
        {
            return;
        }

        _ = Task.Run(
            async () =>
            {
                try
                {
                    await RestAsync(tenant, run, stopping.Token);
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    logger.LogWarning(e, "Run {Run} could not go on; the recovery takes it up", run);
                }
            },
            CancellationToken.None);
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

    /// <summary>Whether several workers can be on the log, each with a heartbeat.</summary>
    internal bool HasLease => heartbeat is not null && !options.OwnsLog;

    /// <summary>Whether the run is being executed in this process.</summary>
    internal bool IsActive(string stream) => active.ContainsKey(stream);

    internal async Task<Loaded<Run>> LoadAsync(string tenant, string run, CancellationToken cancellationToken)
    {
        RequireName(run);
        var loaded = await states.LoadAsync<Run>(Run.Stream(tenant, run), cancellationToken: cancellationToken);
        return loaded.State.Request is null ? throw new DomainException(RunErrors.UnknownRun(run)) : loaded;
    }

    private static void RequireName(string run)
    {
        if (EventStoreLimits.NameFault(run) is not null || run.Length > 100)
        {
            throw new DomainException(RunErrors.UnknownRun(run));
        }
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

        var request = (RunRequested)first[0];
        var stream = Run.Stream(tenant, request.Run);
        using var ticket = await AdmitAsync(tenant, stream, request.Fork is not null, cancellationToken);
        await services.Workflows.PublishAsync(workflow, cancellationToken);
        var context = new LiveRunContext(services, tenant, request.Run, process, metadata, -1, null);
        var machine = new RunMachine(Run.Initial, workflow, context);
        foreach (var @event in first)
        {
            machine.Take(@event);
        }

        if (!options.Executes)
        {
            await context.FlushAsync(cancellationToken);
            ticket?.Begun(context.Position);
            HandOver(tenant, request.Run);
            return new(null, context.Position);
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
        ticket?.Begun(accepted);
        var parent = Activity.Current?.Context ?? default;
        _ = Task.Run(() => FinishAsync(execution, tenant, request.Run, machine, context, calls, parent), CancellationToken.None);
        return new(execution.Completion, accepted);
    }

    /// <summary>Lets a run in by the tenant's quotas. One that is there already is told as that: its repetition begins nothing, and gets what it came to also where no other run is let in.</summary>
    private async Task<QuotaGate.RunTicket?> AdmitAsync(string tenant, StreamName stream, bool isFork, CancellationToken cancellationToken)
    {
        try
        {
            return quotas is null ? null : await quotas.AdmitRunAsync(tenant, isFork, cancellationToken);
        }
        catch (QuotaExceededException)
        {
            if (IsActive(stream))
            {
                throw new WrongExpectedVersionException(stream, ExpectedVersion.NoStream, 0);
            }

            await foreach (var recorded in services.Log.ReadStreamOrEmptyAsync(stream, ReadDirection.Forwards, 0, 1, cancellationToken))
            {
                throw new WrongExpectedVersionException(stream, ExpectedVersion.NoStream, recorded.Version);
            }

            throw;
        }
    }

    private async Task ResumeAsync(Execution execution, string tenant, string run)
    {
        var stream = Run.Stream(tenant, run);
        try
        {
            // Read behind the moment from which on a wake-up finds this execution: nothing that came meanwhile is missed.
            var (state, last, isFree) = await ReadAsync(tenant, run, stopping.Token);
            if (state is { Completed: null, IsResting: false } && !isFree && await IsElsewhereAsync(state, stopping.Token))
            {
                throw new WrongExpectedVersionException(stream, ExpectedVersion.Exact(last.Version), last.Version);
            }

            var workflow = await WorkflowOfAsync(tenant, state);
            if (state.Completed is not null || (workflow is not null && RunRules.Next(state, workflow) is RunMove.Rest))
            {
                End(execution, tenant, run, state);
                return;
            }

            if (state.Started is { } started)
            {
                await services.Models.LearnAsync(started.Pins.PriceBook, stopping.Token);
            }

            var before = EventMetadata.Read(last.Metadata.Span);
            var metadata = before with { Chain = null, CausationId = last.Id.ToString("N"), Actor = "runs" };
            var context = new LiveRunContext(services, tenant, run, process, metadata, last.Version, ChainOf(stream, before)) { Request = state.Request };
            var machine = new RunMachine(state, workflow ?? Missing(state.Request!.Workflow), context);
            var isOut = state.Cursors.Any(c => c.OpenCall is not null || c.Tool is { Unknown: false });
            if (state.Started is null)
            {
                logger.LogDebug("Run {Run} is taken up", run);
            }
            else if (isOut || !IsOutside(last))
            {
                machine.Take(new RunResumed(process, context.Now()));
                logger.LogInformation("Run {Run} is taken up again behind event {Version}", run, last.Version);
            }
            else if (state.Worker != process)
            {
                machine.Take(new RunClaimed(process, context.Now()));
            }

            if (workflow is null)
            {
                machine.Take(Lost(state, context));
                await context.FlushAsync(stopping.Token);
            }
            else if (state.Started is null)
            {
                await services.Workflows.PublishAsync(workflow, stopping.Token);
            }

            await FinishAsync(execution, tenant, run, machine, context, null, default);
        }
        catch (Exception e)
        {
            active.TryRemove(stream, out _);
            execution.Fail(e);
            if (e is not (OperationCanceledException or WrongExpectedVersionException or DomainException))
            {
                logger.LogError(e, "Run {Run} could not be taken up", run);
            }
        }
    }

    private async Task<Workflow?> WorkflowOfAsync(string tenant, Run run) => run.Started is { } started
        ? await services.Workflows.FindVersionAsync(tenant, run.Request!.Workflow, started.Pins.Workflow, stopping.Token)
        : await services.Workflows.FindAsync(tenant, run.Request!.Workflow, stopping.Token);

    /// <summary>Whether a run has something to do that another worker, which lives, is at.</summary>
    internal async Task<bool> IsHeldElsewhereAsync(string tenant, string run, CancellationToken cancellationToken)
    {
        var (state, _, isFree) = await ReadAsync(tenant, run, cancellationToken);
        return state is { Completed: null, IsResting: false } && !isFree && await IsElsewhereAsync(state, cancellationToken);
    }

    /// <summary>A run's state, its last event, and whether only what came from outside ended its rest: a run at rest has no worker.</summary>
    private async Task<(Run State, RecordedEvent Last, bool IsFree)> ReadAsync(string tenant, string run, CancellationToken cancellationToken)
    {
        var state = Run.Initial;
        var isFree = false;
        RecordedEvent? last = null;
        try
        {
            await foreach (var recorded in services.Log.ReadStreamAsync(Run.Stream(tenant, run), cancellationToken: cancellationToken))
            {
                state = state.Evolve(services.Types.Read(recorded));
                isFree = state.IsResting || (isFree && IsOutside(recorded));
                last = recorded;
            }
        }
        catch (StreamNotFoundException)
        {
            throw new DomainException(RunErrors.UnknownRun(run));
        }

        return state.Request is null ? throw new DomainException(RunErrors.UnknownRun(run)) : (state, last!, isFree);
    }

    private static bool IsOutside(RecordedEvent recorded) => recorded.Type is "agent.run.signalled" or "agent.run.timed-out" or "agent.run.moved" or "tool.call.resolved";

    private static byte[] ChainOf(string stream, EventMetadata last) => last.Chain is { Length: 64 } hex ? Convert.FromHexString(hex) : EpisodeChain.Begin(stream);

    /// <summary>Whether another worker, which lives, has the run.</summary>
    internal async ValueTask<bool> IsElsewhereAsync(Run run, CancellationToken cancellationToken) =>
        run.Worker is { } worker && await IsOtherAsync(worker, cancellationToken);

    /// <summary>Whether a worker is another one than this, and lives.</summary>
    internal async ValueTask<bool> IsOtherAsync(string worker, CancellationToken cancellationToken) =>
        heartbeat is not null && worker != process && await heartbeat.IsAliveAsync(worker, cancellationToken);

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

    private async Task FinishAsync(Execution execution, string tenant, string run, RunMachine machine, LiveRunContext context, bool? begun, ActivityContext parent)
    {
        var stream = Run.Stream(tenant, run);
        using var span = services.Telemetry.StartRun(tenant, machine.Run.Request!, parent);
        try
        {
            var calls = begun ?? await StepAsync(tenant, run, machine, context, call: false);
            while (calls)
            {
                calls = await StepAsync(tenant, run, machine, context, call: true);
            }

            if (machine.Run.Completed is { } completed)
            {
                span?.SetTag("outcome", completed.Outcome.ToString()).SetTag("tier", completed.Tier?.ToString());
            }

            End(execution, tenant, run, machine.Run);
        }
        catch (Exception e)
        {
            // The run stays open in the log; the recovery takes it up again, here or in another process.
            if (e is not (OperationCanceledException or WrongExpectedVersionException))
            {
                logger.LogError(e, "Run {Run} stopped; it will be taken up again", run);
            }

            span?.SetStatus(ActivityStatusCode.Error, e.Message);
            active.TryRemove(stream, out _);
            execution.Fail(e);
        }
    }

    /// <summary>Makes the calls that have to leave, and goes on to the next ones. What others wrote to the run meanwhile is taken in.</summary>
    private async Task<bool> StepAsync(string tenant, string run, RunMachine machine, LiveRunContext context, bool call)
    {
        if (call)
        {
            await machine.CallAsync(stopping.Token);
        }

        while (true)
        {
            try
            {
                return await machine.AdvanceAsync(stopping.Token);
            }
            catch (WrongExpectedVersionException)
            {
                var (state, last, _) = await ReadAsync(tenant, run, stopping.Token);
                if (state.Worker != process || state.Completed is not null || await WorkflowOfAsync(tenant, state) is not { } workflow)
                {
                    throw;
                }

                context.Rebase(last.Version, ChainOf(Run.Stream(tenant, run), EventMetadata.Read(last.Metadata.Span)));
                machine.Workflow = workflow;
                machine.Rebase(state);
            }
        }
    }

    private void End(Execution execution, string tenant, string run, Run state)
    {
        active.TryRemove(Run.Stream(tenant, run), out _);
        if (execution.Close() && state.Completed is null)
        {
            // Something came that this execution has not seen: who waits for it gets what comes of that.
            _ = GoOnAsync(execution, tenant, run);
            return;
        }

        execution.Succeed(state);
    }

    private async Task GoOnAsync(Execution execution, string tenant, string run)
    {
        try
        {
            execution.Succeed(await RestAsync(tenant, run, stopping.Token));
        }
        catch (Exception e)
        {
            execution.Fail(e);
            if (e is not OperationCanceledException)
            {
                logger.LogWarning(e, "Run {Run} could not go on; the recovery takes it up", run);
            }
        }
    }

    /// <summary>Gives a run to the processes that execute runs. Where the bus does not take it, they find it in the log.</summary>
    private void HandOver(string tenant, string run) => _ = Task.Run(
        async () =>
        {
            try
            {
                await (bus?.PublishAsync(new ExecuteRun(tenant, run), stopping.Token) ?? Task.CompletedTask);
            }
            catch (Exception e) when (e is BusUnavailableException or OperationCanceledException)
            {
                logger.LogDebug(e, "Run {Run} is not on the bus; a worker's recovery takes it up", run);
            }
        },
        CancellationToken.None);

    /// <summary>Waits until others have brought the run to its end, or to where it waits for something from outside.</summary>
    private async Task<Run> WatchToRestAsync(string tenant, string run, CancellationToken cancellationToken)
    {
        var pause = ShortestLook;
        for (var seen = -1L; ;)
        {
            var version = await VersionAsync(tenant, run, cancellationToken);
            if (version != seen)
            {
                if ((await LoadAsync(tenant, run, cancellationToken)).State is var state && (state.Completed is not null || state.IsResting))
                {
                    return state;
                }

                (seen, pause) = (version, ShortestLook);
            }

            await Task.Delay(pause, services.Time, cancellationToken);
            pause = pause * 1.5 < LongestLook ? pause * 1.5 : LongestLook;
        }
    }

    private async Task<long> VersionAsync(string tenant, string run, CancellationToken cancellationToken)
    {
        await foreach (var last in services.Log.ReadStreamOrEmptyAsync(Run.Stream(tenant, run), ReadDirection.Backwards, long.MaxValue, 1, cancellationToken))
        {
            return last.Version;
        }

        throw new DomainException(RunErrors.UnknownRun(run));
    }

    /// <summary>
    /// Waits while another worker moves the run on: until it has ended, its worker is lost, or, where workers show no sign of life, it has stood
    /// still for longer than the grace.
    /// </summary>
    private async Task WatchAsync(string tenant, string run, long version, CancellationToken cancellationToken)
    {
        var since = services.Time.GetTimestamp();
        while (services.Time.GetElapsedTime(since) < options.Grace)
        {
            var loaded = await LoadAsync(tenant, run, cancellationToken);
            if (loaded.State.Completed is not null || loaded.State.IsResting)
            {
                return;
            }

            if (loaded.Version > version)
            {
                (version, since) = (loaded.Version, services.Time.GetTimestamp());
            }
            else if (HasLease && !await IsElsewhereAsync(loaded.State, cancellationToken))
            {
                return;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), services.Time, cancellationToken);
        }
    }

    /// <summary>A run that has begun: it is durable at the position and goes on by itself; elsewhere where <see cref="Rest"/> is null.</summary>
    internal readonly record struct Begun(Task<Run>? Rest, LogPosition Position);

    /// <summary>What runs work with.</summary>
    internal sealed record Services(
        IEventStore Log,
        EventTypes Types,
        WorkflowCatalog Workflows,
        ModelCatalog Models,
        IRetriever Retriever,
        IdSource Ids,
        TimeProvider Time,
        RunTelemetry Telemetry,
        IToolRegistry Tools,
        IToolExecutor Executor,
        ConversationCustomers Customers,
        BudgetLedger? Budgets,
        SafeModeRegistry? SafeMode);

    private sealed class Execution
    {
        private readonly TaskCompletionSource<Run> completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly Lock gate = new();
        private bool isClosed;
        private bool isPoked;

        public Task<Run> Completion => completion.Task;

        public void Succeed(Run rest) => completion.TrySetResult(rest);

        public void Fail(Exception e)
        {
            completion.TrySetException(e);

            // Nobody may be waiting; the failure is logged where it happens.
            _ = completion.Task.Exception;
        }

        /// <summary>Says that something came for the run. False where the execution is over and will not see it.</summary>
        public bool Poke()
        {
            lock (gate)
            {
                isPoked = true;
                return !isClosed;
            }
        }

        /// <summary>Ends it; says whether something came that it may not have seen.</summary>
        public bool Close()
        {
            lock (gate)
            {
                isClosed = true;
                return isPoked;
            }
        }
    }
}
