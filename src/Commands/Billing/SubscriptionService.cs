using System.Collections.Immutable;
using AIaaS.Commands.Pricing;
using AIaaS.Domain.Billing;
using AIaaS.Domain.Pricing;
using AIaaS.EventStore;

namespace AIaaS.Commands.Billing;

/// <summary>How much a tenant uses of what the quotas of plans limit.</summary>
public interface IUsageFigures
{
    /// <summary>A figure for each quota whose use is known.</summary>
    ValueTask<ImmutableArray<UsageFigure>> OfAsync(string tenant, ImmutableArray<QuotaLimit> quotas, CancellationToken cancellationToken = default);
}

/// <summary>A billing period in a preview, with the recurring fees in it.</summary>
/// <param name="Period">The period.</param>
/// <param name="Lines">A line for each stretch on a plan.</param>
/// <param name="Total">What they come to.</param>
public sealed record PeriodPreview(BillingPeriod Period, ImmutableArray<FeeLine> Lines, decimal Total);

/// <summary>What a change of the plan would mean.</summary>
/// <param name="Before">The period that runs and the next one, as they are.</param>
/// <param name="After">The same time with the change: where it begins another billing cycle, in more periods.</param>
public sealed record ChangePreview(ImmutableArray<PeriodPreview> Before, ImmutableArray<PeriodPreview> After);

/// <summary>Puts tenants on plans, moves them and takes them off, and sets how they are billed.</summary>
public sealed class SubscriptionService : CommandService<Subscription>
{
    private readonly PriceCatalog catalog;
    private readonly SubscriptionCatalog subscriptions;
    private readonly IUsageFigures figures;
    private readonly TimeProvider time;

    /// <summary>Makes the service.</summary>
    public SubscriptionService(IEventStore log, EventTypes types, IdSource ids, PriceCatalog catalog, SubscriptionCatalog subscriptions, IUsageFigures figures, TimeProvider time)
        : base(log, types, ids)
    {
        (this.catalog, this.subscriptions, this.figures, this.time) = (catalog, subscriptions, figures, time);
        On<StartPlan>().In(c => Subscription.Stream(c.Tenant)).Decide((subscription, command) => subscription.Start(command));
        On<ChangePlan>().In(c => Subscription.Stream(c.Tenant)).Decide((subscription, command) => subscription.ChangeTo(command));
        On<CancelPlan>().In(c => Subscription.Stream(c.Tenant)).Decide((subscription, command) => subscription.Cancel(command));
        On<ResumePlan>().In(c => Subscription.Stream(c.Tenant)).Decide((subscription, command) => subscription.Resume(command));
        On<ConfigureBilling>().In(c => Subscription.Stream(c.Tenant)).Decide((subscription, command) => subscription.Configure(command));
        On<ChangePayer>().In(c => Subscription.Stream(c.Tenant)).Decide((subscription, command) => subscription.ChangePayer(command));
        On<RecordDuePlanChanges>().In(c => Subscription.Stream(c.Tenant)).Decide((subscription, command) => subscription.RecordDue(command));
    }

    /// <summary>A tenant's subscription, from the log.</summary>
    public async Task<Subscription> OfAsync(string tenant, CancellationToken cancellationToken = default) => (await LoadAsync(Subscription.Stream(tenant), cancellationToken)).State;

    /// <summary>The plan of a stay.</summary>
    /// <exception cref="DomainException">There is no such plan.</exception>
    public async Task<Plan> PlanOfAsync(string plan, int? version, CancellationToken cancellationToken = default) =>
        await catalog.FindPlanAsync(plan, version, cancellationToken) ?? throw new DomainException(PricingErrors.UnknownPlan(plan, version));

    /// <summary>Puts a tenant on a plan.</summary>
    /// <exception cref="DomainException">There is no such plan, the tenant is on one, or the settings are wrong.</exception>
    public async Task<CommandResult<Subscription>> StartAsync(string tenant, string plan, int? version, int? trialDays, BillingSettings? settings, string? reason, CommandContext context, CancellationToken cancellationToken = default) =>
        await KnownAsync(await HandleAsync(new StartPlan(tenant, await PlanOfAsync(plan, version, cancellationToken), trialDays, settings, reason, time.GetUtcNow()), context, cancellationToken), cancellationToken);

    /// <summary>Moves a tenant to another plan or version, as the platform wants it.</summary>
    /// <exception cref="DomainException">There is no such plan, or the tenant's use does not fit it.</exception>
    public async Task<CommandResult<Subscription>> ChangeAsync(string tenant, string plan, int? version, ChangeTiming timing, string? reason, CommandContext context, CancellationToken cancellationToken = default) =>
        await KnownAsync(await HandleAsync(await ChangeOfAsync(tenant, plan, version, timing, reason, cancellationToken), context, cancellationToken), cancellationToken);

    /// <summary>Moves a tenant to the newest version of another plan, as it chose itself.</summary>
    /// <exception cref="DomainException">There is no such plan that a tenant can choose, or its use does not fit it.</exception>
    public async Task<CommandResult<Subscription>> ChooseAsync(string tenant, string plan, ChangeTiming timing, string? reason, CommandContext context, CancellationToken cancellationToken = default) =>
        await KnownAsync(await HandleAsync(Chosen(await ChangeOfAsync(tenant, plan, null, timing, reason, cancellationToken)), context, cancellationToken), cancellationToken);

    /// <summary>What a tenant's choice of the newest version of a plan would mean, without changing anything.</summary>
    /// <exception cref="DomainException">The change would be refused.</exception>
    public async Task<ChangePreview> PreviewAsync(string tenant, string plan, ChangeTiming timing, CancellationToken cancellationToken = default)
    {
        var before = await OfAsync(tenant, cancellationToken);
        var change = Chosen(await ChangeOfAsync(tenant, plan, null, timing, null, cancellationToken));
        var decision = before.ChangeTo(change);
        if (decision.Error is { } error)
        {
            throw new DomainException(error);
        }

        var after = decision.Events.Aggregate(before, (state, e) => state.Evolve(e));
        var end = before.Periods.Next(before.Periods.At(change.At)).To;
        return new(await PeriodsAsync(before, change.At, end, cancellationToken), await PeriodsAsync(after, change.At, end, cancellationToken));
    }

    /// <summary>Takes a tenant off its plan.</summary>
    /// <exception cref="DomainException">The tenant is on none of its own choice.</exception>
    public async Task<CommandResult<Subscription>> CancelAsync(string tenant, ChangeTiming timing, string? reason, CommandContext context, CancellationToken cancellationToken = default) =>
        await KnownAsync(await HandleAsync(new CancelPlan(tenant, timing, reason, time.GetUtcNow()), context, cancellationToken), cancellationToken);

    /// <summary>Takes a cancellation back, or begins anew on the plan that was cancelled.</summary>
    /// <exception cref="DomainException">Nothing was cancelled.</exception>
    public async Task<CommandResult<Subscription>> ResumeAsync(string tenant, CommandContext context, CancellationToken cancellationToken = default)
    {
        var before = await OfAsync(tenant, cancellationToken);
        var now = time.GetUtcNow();
        var last = before.PlanAt(now) is var stay && stay.Plan == BuiltInPricing.PayAsYouGo.Id ? before.Cancelled ?? before.Current : stay;
        return await KnownAsync(await HandleAsync(new ResumePlan(tenant, await PlanOfAsync(last.Plan, last.Version, cancellationToken), now), context, cancellationToken), cancellationToken);
    }

    /// <summary>Sets how a tenant is billed.</summary>
    /// <exception cref="DomainException">The settings are wrong; all faults at once.</exception>
    public async Task<CommandResult<Subscription>> ConfigureAsync(string tenant, BillingSettings settings, CommandContext context, CancellationToken cancellationToken = default) =>
        await KnownAsync(await HandleAsync(new ConfigureBilling(tenant, settings, time.GetUtcNow()), context, cancellationToken), cancellationToken);

    /// <summary>Sets who pays.</summary>
    /// <exception cref="DomainException">Something of it is wrong; all faults at once.</exception>
    public async Task<CommandResult<Subscription>> ChangePayerAsync(string tenant, Payer payer, CommandContext context, CancellationToken cancellationToken = default) =>
        await KnownAsync(await HandleAsync(new ChangePayer(tenant, payer, time.GetUtcNow()), context, cancellationToken), cancellationToken);

    // A private plan is none to a tenant that is not on it.
    private static ChangePlan Chosen(ChangePlan change) =>
        change.Target.IsPrivate && change.Target.Id != change.Current.Id ? throw new DomainException(PricingErrors.UnknownPlan(change.Target.Id, null)) : change;

    private async Task<ChangePlan> ChangeOfAsync(string tenant, string plan, int? version, ChangeTiming timing, string? reason, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var stay = (await OfAsync(tenant, cancellationToken)).PlanAt(now);
        var current = await PlanOfAsync(stay.Plan, stay.Version, cancellationToken);
        var target = await PlanOfAsync(plan, version, cancellationToken);
        return new(tenant, target, current, timing, await figures.OfAsync(tenant, target.Quotas, cancellationToken), reason, now);
    }

    private async Task<ImmutableArray<PeriodPreview>> PeriodsAsync(Subscription subscription, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken)
    {
        var periods = subscription.Periods;
        var previews = ImmutableArray.CreateBuilder<PeriodPreview>();
        for (var period = periods.At(from); period.From < to; period = periods.Next(period))
        {
            var segments = subscription.PlanSegments(period);
            Dictionary<(string, int), Plan> plans = [];
            foreach (var segment in segments)
            {
                plans[(segment.Plan, segment.Version)] = await PlanOfAsync(segment.Plan, segment.Version, cancellationToken);
            }

            var lines = Proration.Lines(period, segments, (plan, version) => plans[(plan, version)]);
            previews.Add(new(period, lines, lines.Sum(l => l.Amount.Amount)));
            if (previews.Count >= 12)
            {
                break;
            }
        }

        return previews.ToImmutable();
    }

    private async Task<CommandResult<Subscription>> KnownAsync(CommandResult<Subscription> result, CancellationToken cancellationToken)
    {
        await subscriptions.WaitForAsync(result.Position, PriceCatalog.Patience, cancellationToken);
        return result;
    }
}

/// <summary>Records what was scheduled when its time has come: off the timers that stand beside it.</summary>
public sealed class PlanTimers(SubscriptionService subscriptions) : IEventHandler
{
    /// <inheritdoc />
    public string Name => "plan-timers";

    /// <inheritdoc />
    public EventFilter Filter { get; } = EventFilter.Types("timer.elapsed");

    /// <inheritdoc />
    public string KeyOf(EventEnvelope envelope)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        return envelope.Recorded.Stream;
    }

    /// <inheritdoc />
    public Task HandleAsync(EventEnvelope envelope, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        var stream = new StreamName(envelope.Recorded.Stream);
        return envelope.Event is TimerElapsed elapsed && stream.Category == Subscription.Category && elapsed.Timer is Subscription.TrialTimer or Subscription.ChangeTimer or Subscription.CancelTimer
            ? subscriptions.HandleAsync(new RecordDuePlanChanges(stream.Tenant, elapsed.Due), new(stream.Tenant, Name, null, envelope.Metadata.CorrelationId, envelope.Recorded.Id.ToString("N")), cancellationToken)
            : Task.CompletedTask;
    }
}
