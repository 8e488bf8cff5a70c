using System.Collections.Concurrent;
using System.Diagnostics;
using AIaaS.Commands.Budgets;
using AIaaS.Commands.Bus;
using AIaaS.Commands.Tools;
using AIaaS.Domain.Sagas;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIaaS.Commands.Sagas;

/// <summary>
/// Takes sagas on, step by step: what comes next is a function of the fold of a saga's events. A call is durable before it leaves, its outcome
/// after it; the outcome of one step and the request of the next one are one append. Kill the process anywhere: whoever takes the saga over
/// repeats an open call under its key where its tool is idempotent, and otherwise records that its outcome is unknown.
/// </summary>
public sealed partial class SagaWorker : IWorkHandler<ExecuteSaga>
{
    private const int MaxLost = 50;

    private readonly IEventStore log;
    private readonly EventTypes types;
    private readonly SagaCatalog catalog;
    private readonly IToolRegistry tools;
    private readonly IToolExecutor executor;
    private readonly WorkerHeartbeat heartbeat;
    private readonly IdSource ids;
    private readonly TimeProvider time;
    private readonly SagaTelemetry telemetry;
    private readonly ILogger logger;
    private readonly BudgetLedger? budgets;
    private readonly ConcurrentDictionary<string, TaskCompletionSource> active = new(StringComparer.Ordinal);

    /// <summary>Makes it.</summary>
    public SagaWorker(
        IEventStore log,
        EventTypes types,
        SagaCatalog catalog,
        IToolRegistry tools,
        IToolExecutor executor,
        WorkerHeartbeat heartbeat,
        IdSource ids,
        TimeProvider time,
        SagaTelemetry telemetry,
        ILogger<SagaWorker>? logger = null,
        BudgetLedger? budgets = null)
    {
        (this.log, this.types, this.catalog, this.tools, this.executor, this.heartbeat, this.ids, this.time, this.telemetry) = (log, types, catalog, tools, executor, heartbeat, ids, time, telemetry);
        (this.logger, this.budgets) = (logger ?? NullLogger<SagaWorker>.Instance, budgets);
    }

    /// <summary>How many sagas are at work in this process now.</summary>
    public int Active => active.Count;

    /// <inheritdoc />
    public Task HandleAsync(ExecuteSaga work, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(work);
        return ExecuteAsync(work.Tenant, work.Saga, work.LeftBy, cancellationToken);
    }

    /// <summary>
    /// Takes a saga on until it ends or has to wait. A saga that another living worker has is left to it. When the token is cancelled, it stops
    /// behind the call that is under way.
    /// </summary>
    /// <exception cref="DomainException">There is no such saga, or its definition is not here.</exception>
    public Task ExecuteAsync(string tenant, string saga, CancellationToken cancellationToken = default) => ExecuteAsync(tenant, saga, null, cancellationToken);

    private async Task ExecuteAsync(string tenant, string saga, string? leftBy, CancellationToken cancellationToken)
    {
        var stream = Saga.Stream(tenant, saga).Value;
        if (EventStoreLimits.NameFault(stream) is not null)
        {
            throw new DomainException(SagaErrors.Unknown(saga));
        }

        var mine = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        // Whoever is at it may have looked before what this call is about was written.
        while (!active.TryAdd(stream, mine))
        {
            if (active.TryGetValue(stream, out var other))
            {
                await other.Task.WaitAsync(cancellationToken);
            }
        }

        using var span = telemetry.Start(tenant, saga);
        try
        {
            IReadOnlyList<DomainEvent> carried = [];
            for (var conflicts = 0; ; conflicts++)
            {
                var session = new Session(this, tenant, saga, stream, leftBy, carried, cancellationToken);
                try
                {
                    await session.RunAsync();
                    return;
                }
                catch (WrongExpectedVersionException e) when (conflicts < MaxLost)
                {
                    // A timer, a resolution or another worker wrote in between: what stands there now decides, and an outcome that is known is kept.
                    carried = session.Outcomes;
                    Moved(logger, saga, e.Actual);
                }
            }
        }
        finally
        {
            active.TryRemove(stream, out _);
            mine.TrySetResult();
        }
    }

    /// <summary>Whether there is nothing to do for a saga now: it has ended, or waits for something.</summary>
    internal async Task<bool> IsAtRestAsync(string tenant, string saga, CancellationToken cancellationToken)
    {
        var state = Saga.Initial;
        await foreach (var recorded in log.ReadStreamOrEmptyAsync(Saga.Stream(tenant, saga), cancellationToken: cancellationToken))
        {
            state = state.Evolve(types.Read(recorded));
        }

        return state.Started is not { } started || catalog.Find(started.Name, started.Version) is { } definition && SagaRules.Next(state, definition) is SagaMove.Rest;
    }

    internal bool IsActive(string stream) => active.ContainsKey(stream);

    [LoggerMessage(LogLevel.Debug, "Saga {Saga} moved on to version {Version} meanwhile; it is read again.")]
    private static partial void Moved(ILogger logger, string saga, long version);

    [LoggerMessage(LogLevel.Error, "Saga {Saga} of tenant {Tenant} is parked: step {Step} could not be done or undone ({Code}: {Reason}). See to it, then POST /v1/sagas/{Id}/resume.")]
    private static partial void IsParked(ILogger logger, string saga, string tenant, string step, string code, string reason, string id);

    [LoggerMessage(LogLevel.Warning, "Call {Call} of saga {Saga} has an unknown outcome; the saga waits until it is resolved on the side-effect ledger: {Reason}")]
    private static partial void IsUnknown(ILogger logger, string call, string saga, string reason);

    /// <summary>A saga from one load of its stream on.</summary>
    private sealed class Session(SagaWorker owner, string tenant, string saga, string stream, string? leftBy, IReadOnlyList<DomainEvent> carried, CancellationToken stopping)
    {
        private readonly List<DomainEvent> pending = [];
        private Saga state = Saga.Initial;
        private long version = -1;
        private EventMetadata metadata = new();

        /// <summary>What is known of calls and not durable yet.</summary>
        public IReadOnlyList<DomainEvent> Outcomes => [.. pending.Where(e => e is ToolCallSucceeded or ToolCallFailed or ToolCallCompensated)];

        public async Task RunAsync()
        {
            await LoadAsync();
            if (state.Started is not { } started)
            {
                throw new DomainException(SagaErrors.Unknown(saga));
            }

            if (carried.Count > 0 && state.Calls.Any(c => c.Request.Call == CallOf(carried[0]) && c.State is SagaCallState.Requested or SagaCallState.Unknown))
            {
                foreach (var outcome in carried)
                {
                    // Where somebody has written meanwhile that nobody knows, the budgets are told that it costs nothing: then it does not.
                    Add(outcome is ToolCallSucceeded succeeded && state.Calls.Any(c => c.Request.Call == succeeded.Call && c.State == SagaCallState.Unknown) ? succeeded with { Cost = null } : outcome);
                }

                await FlushAsync();
            }

            if (state.EndedAt is not null || state.Worker is { } worker && worker != owner.heartbeat.Worker && worker != leftBy && await owner.heartbeat.IsAliveAsync(worker, stopping))
            {
                return;
            }

            var definition = owner.catalog.Find(started.Name, started.Version) ?? throw new DomainException(SagaErrors.UnknownDefinition(saga, started.Name, started.Version));
            await StepAsync(definition);
        }

        private static string? CallOf(DomainEvent outcome) => outcome switch
        {
            ToolCallSucceeded e => e.Call,
            ToolCallFailed e => e.Call,
            _ => null,
        };

        private async Task StepAsync(SagaDefinition definition)
        {
            while (true)
            {
                var move = SagaRules.Next(state, definition);
                if (move is SagaMove.Rest)
                {
                    await FlushAsync();
                    return;
                }

                if (stopping.IsCancellationRequested)
                {
                    await FlushAsync();
                    stopping.ThrowIfCancellationRequested();
                }

                if (state.Worker != owner.heartbeat.Worker)
                {
                    Add(new SagaClaimed(owner.heartbeat.Worker, Now));
                }

                switch (move)
                {
                    case SagaMove.Call call:
                        await CallAsync(call);
                        break;
                    case SagaMove.Make { Called: { State: SagaCallState.Requested, Request: { SideEffect: true, Idempotent: false } request } }:
                        NoteUnknown(request, "the worker that made the call stopped before its outcome was recorded");
                        break;
                    case SagaMove.Make make:
                        await FlushAsync();
                        await MakeAsync(make.Called.Request, owner.tools.Find(tenant, make.Called.Request.Tool, make.Called.Request.Version), isRepeated: true);
                        break;
                    case SagaMove.Skip skip:
                        Add(new SagaStepSkipped(skip.Step, skip.Reason, Now));
                        break;
                    case SagaMove.Wait wait:
                        Add(new TimerScheduled(wait.Timer, wait.Until));
                        break;
                    case SagaMove.Retry retry:
                        Add(new TimerScheduled(Saga.RetryTimer, Now + retry.After));
                        break;
                    case SagaMove.Compensate compensate:
                        Add(new SagaCompensating(compensate.Step, compensate.Code, compensate.Reason, Now));
                        break;
                    case SagaMove.Park park:
                        Add(new SagaParked(park.Step, park.Code, park.Reason, Now));
                        await FlushAsync();
                        owner.telemetry.Parked(tenant, state);
                        IsParked(owner.logger, saga, tenant, park.Step, park.Code, park.Reason, saga);
                        break;
                    case SagaMove.Complete:
                        await EndAsync(new SagaCompleted(Now));
                        break;
                    case SagaMove.EndCompensated:
                        await EndAsync(new SagaCompensated(Now));
                        break;
                    default:
                        throw new UnreachableException($"A saga cannot {move}.");
                }
            }
        }

        private DateTimeOffset Now => owner.time.GetUtcNow();

        private async Task EndAsync(DomainEvent end)
        {
            Add(end);
            await FlushAsync();
            owner.telemetry.Ended(tenant, state);
        }

        private async Task CallAsync(SagaMove.Call call)
        {
            if (owner.tools.Find(tenant, call.Tool) is not { } tool)
            {
                Add(new ToolCallRefused(call.Id, call.Step, call.Tool, call.Input, "unknown-tool", $"There is no tool '{call.Tool}'.", Now));
                return;
            }

            var manifest = tool.Manifest;
            var request = new ToolCallRequested(
                call.Id,
                call.Step,
                manifest.Name,
                manifest.Version,
                call.Input,
                ToolRequest.Hash(manifest.Name, manifest.Version, call.Input),
                ToolRequest.Key(tenant, saga, call.Id, manifest.Name),
                manifest.SideEffect,
                manifest.Idempotent,
                call.Undoes?.Request.Call,
                Now)
            {
                Compensation = call.Undoes is null ? call.Compensation ?? manifest.Compensation : null,
                Price = manifest.Price,
            };
            Add(request);
            await FlushAsync();
            await MakeAsync(request, tool, isRepeated: false);
        }

        private async Task MakeAsync(ToolCallRequested request, ITool? tool, bool isRepeated)
        {
            if (tool is null)
            {
                NoteUnknown(request, $"version {request.Version} of the tool is no longer there to ask again");
                return;
            }

            if (request.Price is { } price && owner.budgets is { } budgets)
            {
                // The request is durable: its outcome settles what is reserved, or says that nothing left.
                var until = Now + TimeSpan.FromMilliseconds(tool.Manifest.TimeoutMs) + budgets.Grace;
                var wish = new BudgetWish(new(tenant), price, stream, version, request.Call, request.At, until, metadata.CorrelationId)
                {
                    IsRequested = true,
                    Repetition = state.Calls.Find(c => c.Request.Call == request.Call)?.Unknowns ?? 0,
                };
                var verdict = await budgets.ReserveAsync(wish, CancellationToken.None);
                if (verdict.Refused is { } refused)
                {
                    Add(new ToolCallFailed(request.Call, request.Step, request.Tool, refused.Code, refused.Message, false, 0, 0, Now));
                    return;
                }
            }

            // Not cancelled with the program: a call that has left should be heard out. The tool's own limit ends it.
            var call = new ToolCall(tenant, stream, request.Call, request.IdempotencyKey, request.RequestHash, request.Input, null, metadata.CorrelationId);
            var result = await owner.executor.ExecuteAsync(tool, call, CancellationToken.None);
            switch (result.Outcome)
            {
                case ToolOutcome.Succeeded succeeded:
                    Add(new ToolCallSucceeded(request.Call, request.Step, request.Tool, succeeded.Output, result.Attempts, result.LatencyMs, Now) { Cost = request.Price });
                    if (request.Compensates is { } undone && state.Calls.Find(c => c.Request.Call == undone)?.Request is { } done)
                    {
                        Add(new ToolCallCompensated(done.Call, done.Step, done.Tool, request.Call, Now));
                    }

                    break;
                case ToolOutcome.Failed failed when isRepeated && request.SideEffect && result.SaysNothingOfBefore:
                    NoteUnknown(request, $"an earlier attempt left no outcome, and asking again only said: {failed.Reason}");
                    break;
                case ToolOutcome.Failed failed:
                    Add(new ToolCallFailed(request.Call, request.Step, request.Tool, failed.Code, failed.Reason, failed.Retryable, result.Attempts, result.LatencyMs, Now));
                    break;
                case ToolOutcome.Unknown unknown:
                    NoteUnknown(request, unknown.Reason);
                    break;
                default:
                    throw new UnreachableException($"A call cannot end as {result.Outcome}.");
            }
        }

        private void NoteUnknown(ToolCallRequested request, string reason)
        {
            Add(new ToolCallUnknown(request.Call, request.Step, request.Tool, reason, Now));
            IsUnknown(owner.logger, request.Call, saga, reason);
        }

        private void Add(DomainEvent @event)
        {
            pending.Add(@event);
            state = state.Evolve(@event);
        }

        private async Task LoadAsync()
        {
            await foreach (var recorded in owner.log.ReadStreamOrEmptyAsync(stream, cancellationToken: stopping))
            {
                if (version < 0)
                {
                    var first = EventMetadata.Read(recorded.Metadata.Span);
                    metadata = new() { CorrelationId = first.CorrelationId, CausationId = recorded.Id.ToString("N"), Tenant = tenant, Actor = "saga", TraceParent = first.TraceParent, Region = first.Region };
                }

                state = state.Evolve(owner.types.Read(recorded));
                version = recorded.Version;
            }
        }

        private async Task FlushAsync()
        {
            if (pending.Count == 0)
            {
                return;
            }

            var beside = metadata.ToUtf8();
            var written = new NewEvent[pending.Count];
            for (var i = 0; i < written.Length; i++)
            {
                written[i] = owner.types.Write(owner.ids.NewId(), pending[i], beside);
            }

            version = (await owner.log.AppendAsync(stream, ExpectedVersion.Exact(version), written, CancellationToken.None)).Version;
            pending.Clear();
        }
    }
}
