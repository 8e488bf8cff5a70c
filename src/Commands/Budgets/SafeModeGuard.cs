using System.Collections.Concurrent;
using AIaaS.Domain;
using AIaaS.Domain.Budgets;
using AIaaS.EventStore;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIaaS.Commands.Budgets;

/// <summary>What the plans of tenants say of the safe mode.</summary>
public interface ISafeModePlans
{
    /// <summary>The plan that a tenant is on at a moment, with all that the log says of it up to a position.</summary>
    ValueTask<SafeModeTerms> OfAsync(string tenant, DateTimeOffset at, LogPosition known, CancellationToken cancellationToken = default);
}

/// <summary>Enters and leaves the safe mode.</summary>
public sealed class SafeModeService : CommandService<SafeMode>
{
    /// <summary>Makes the service.</summary>
    public SafeModeService(IEventStore log, EventTypes types, IdSource ids)
        : base(log, types, ids)
    {
        On<WeighSafeMode>().In(c => SafeMode.Stream(c.Tenant)).Decide((mode, command) => mode.Weigh(command));
        On<LeaveSafeMode>().In(c => SafeMode.Stream(c.Tenant)).Decide((mode, command) => mode.Leave(command));
    }
}

/// <summary>
/// Follows what is granted and spent in the periods of budgets, and enters or leaves a tenant's safe mode where its plan's percentage is crossed; leaves it by a timer when the
/// period ends. A period is read from the log once, at its first event here, and followed in memory from then on.
/// </summary>
public sealed class SafeModeGuard(IEventStore log, EventTypes types, SafeModeService service, BudgetCatalog catalog, ISafeModePlans plans, TimeProvider time, ILogger<SafeModeGuard>? logger = null) : IEventHandler
{
    private const int MaxPeriods = 10_000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly ILogger logger = logger ?? NullLogger<SafeModeGuard>.Instance;
    private readonly ConcurrentDictionary<string, Figures> periods = new(StringComparer.Ordinal);

    /// <inheritdoc />
    public string Name => "safe-mode-guard";

    /// <inheritdoc />
    public EventFilter Filter { get; } = EventFilter.Types("budget.granted", "budget.settled", "budget.balanced", "budget.removed", "tenant.plan.", "timer.elapsed");

    /// <inheritdoc />
    public string KeyOf(EventEnvelope envelope)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        return new StreamName(envelope.Recorded.Stream).Tenant;
    }

    /// <inheritdoc />
    public async Task HandleAsync(EventEnvelope envelope, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        var stream = new StreamName(envelope.Recorded.Stream);
        switch (envelope.Event)
        {
            case TimerElapsed timer when stream.Category == "safeMode":
                await LeaveAsync(envelope, timer.Timer, SafeModeEnd.PeriodTurned, Later(timer.Due), cancellationToken);
                break;
            case BudgetRemoved removed:
                await LeaveAsync(envelope, stream.Id, SafeModeEnd.BudgetRemoved, removed.At, cancellationToken);
                break;
            case BudgetGranted or BudgetSettled or BudgetBalanced when stream.Category == "budgetPeriod":
                await WeighAsync(envelope, stream, await FiguresAsync(envelope, cancellationToken), cancellationToken);
                break;
            default:
                if (envelope.Recorded.Type.StartsWith("tenant.plan.", StringComparison.Ordinal))
                {
                    await WeighAllAsync(envelope, stream.Tenant, cancellationToken);
                }

                break;
        }
    }

    private DateTimeOffset Later(DateTimeOffset due) => time.GetUtcNow() is var now && now > due ? now : due;

    private async Task<Figures> FiguresAsync(EventEnvelope envelope, CancellationToken cancellationToken)
    {
        var (name, version) = (envelope.Recorded.Stream, envelope.Recorded.Version);
        if (!periods.TryGetValue(name, out var known))
        {
            if (periods.Count >= MaxPeriods)
            {
                periods.Clear();
            }

            known = await ReadAsync(name, cancellationToken);
        }
        else if (version > known.Version)
        {
            known = envelope.Event switch
            {
                BudgetGranted e => known with { Version = version, Granted = e },
                BudgetSettled e => known with { Version = version, Settled = known.Settled + e.Amount },
                BudgetBalanced e => new(version, e.Granted, e.Settled),
                _ => known,
            };
        }

        return periods[name] = known;
    }

    private async Task<Figures> ReadAsync(string stream, CancellationToken cancellationToken)
    {
        var figures = new Figures(-1, null, Money.Usd(0));
        await foreach (var recorded in log.ReadStreamOrEmptyAsync(stream, cancellationToken: cancellationToken))
        {
            figures = recorded.Type is not ("budget.granted" or "budget.settled" or "budget.balanced") ? figures with { Version = recorded.Version } : types.Read(recorded) switch
            {
                BudgetGranted e => figures with { Version = recorded.Version, Granted = e },
                BudgetSettled e => figures with { Version = recorded.Version, Settled = figures.Settled + e.Amount },
                BudgetBalanced e => new(recorded.Version, e.Granted, e.Settled),
                _ => figures,
            };
        }

        return figures;
    }

    private async Task WeighAllAsync(EventEnvelope envelope, string tenant, CancellationToken cancellationToken)
    {
        foreach (var low in (await service.LoadAsync(SafeMode.Stream(tenant), cancellationToken)).State.Active.Values)
        {
            var stream = BudgetPeriod.Stream(tenant, low.Budget, low.Period);
            await WeighAsync(envelope, stream, periods[stream] = await ReadAsync(stream, cancellationToken), cancellationToken);
        }

        var begins = $"budgetPeriod-{tenant}_";
        foreach (var (stream, figures) in periods.Where(p => p.Key.StartsWith(begins, StringComparison.Ordinal)).ToList())
        {
            await WeighAsync(envelope, new(stream), figures, cancellationToken);
        }
    }

    private async Task WeighAsync(EventEnvelope envelope, StreamName stream, Figures figures, CancellationToken cancellationToken)
    {
        if (figures.Granted is not { } granted || granted.From > time.GetUtcNow())
        {
            return;
        }

        var now = time.GetUtcNow();
        if (!figures.IsNew && IsReached(await plans.OfAsync(stream.Tenant, now, LogPosition.Start, cancellationToken)) == figures.IsLow)
        {
            return;
        }

        // Where something may change, the plan and the budget are those that the log knows at this event.
        var terms = await plans.OfAsync(stream.Tenant, now, envelope.Recorded.Position, cancellationToken);

        await catalog.Ready.WaitAsync(cancellationToken);
        await catalog.WaitForAsync(envelope.Recorded.Position, Patience, cancellationToken);
        if (catalog.Find(stream.Tenant, granted.Budget) is not { State: { Removed: false, Terms: { } budget } })
        {
            return;
        }

        var command = new WeighSafeMode(stream.Tenant, granted.Budget, granted.Period, budget.Scope, budget.Of, figures.Settled, granted.Limit, granted.From, granted.To, terms, now);
        var result = await service.HandleAsync(command, Context(envelope, stream.Tenant), cancellationToken);
        periods[stream] = figures with { IsNew = false, IsLow = result.State.Active.GetValueOrDefault(granted.Budget)?.Period == granted.Period };
        Log(stream.Tenant, result.Events);

        bool IsReached(SafeModeTerms plan) => now < granted.To && plan.Percent is { } percent && figures.Settled.Amount * 100 >= granted.Limit.Amount * percent;
    }

    private async Task LeaveAsync(EventEnvelope envelope, string budget, SafeModeEnd reason, DateTimeOffset at, CancellationToken cancellationToken)
    {
        var tenant = new StreamName(envelope.Recorded.Stream).Tenant;
        var result = await service.HandleAsync(new LeaveSafeMode(tenant, budget, reason, at), Context(envelope, tenant), cancellationToken);
        foreach (var stream in periods.Keys.Where(s => s.StartsWith($"budgetPeriod-{tenant}_{budget}.", StringComparison.Ordinal)).ToList())
        {
            periods.TryRemove(stream, out _);
        }

        Log(tenant, result.Events);
    }

    private CommandContext Context(EventEnvelope envelope, string tenant) => new(tenant, Name, null, envelope.Metadata.CorrelationId, envelope.Recorded.Id.ToString("N"));

    private void Log(string tenant, IEnumerable<object> events)
    {
        foreach (var @event in events)
        {
            switch (@event)
            {
                case SafeModeEntered e:
                    logger.LogWarning("Tenant {Tenant} enters safe mode: {Settled} of {Limit} USD of budget {Budget} are spent, {Percent} percent is what plan {Plan} says", tenant, e.Settled.Amount, e.Limit.Amount, e.Budget, e.Percent, e.Plan);
                    break;
                case SafeModeLeft e:
                    logger.LogInformation("Tenant {Tenant} leaves safe mode as far as budget {Budget} is concerned: {Reason}", tenant, e.Budget, e.Reason);
                    break;
                default:
                    break;
            }
        }
    }

    /// <summary>How a period stands here.</summary>
    private sealed record Figures(long Version, BudgetGranted? Granted, Money Settled)
    {
        /// <summary>Whether it holds runs in safe mode, as far as this process has said so.</summary>
        public bool IsLow { get; init; }

        /// <summary>Whether this process has not weighed it yet: it may hold runs in safe mode since before.</summary>
        public bool IsNew { get; init; } = true;
    }
}
