using System.Collections.Immutable;
using AIaaS.Domain.Customers;
using AIaaS.Domain.Pricing;
using AIaaS.EventStore;

namespace AIaaS.Domain.Billing;

/// <summary>How much of a resource a tenant uses.</summary>
/// <param name="Resource">Of what.</param>
/// <param name="Window">In which stretch of time.</param>
/// <param name="Used">How much, now or in the stretch that runs.</param>
public sealed record UsageFigure(QuotaResource Resource, QuotaWindow Window, decimal Used);

/// <summary>Puts a tenant on a plan.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Plan">The plan.</param>
/// <param name="TrialDays">Days that nothing is charged for; null: as the plan has it, the first time.</param>
/// <param name="Settings">How the tenant is billed; null: as before.</param>
/// <param name="Reason">Why; null where nobody said.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record StartPlan(string Tenant, Plan Plan, int? TrialDays, BillingSettings? Settings, string? Reason, DateTimeOffset At);

/// <summary>Moves a tenant to another plan, or to another version of its plan.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Target">The plan.</param>
/// <param name="Current">The plan that it is on.</param>
/// <param name="Timing">When.</param>
/// <param name="Usage">What the tenant uses, as far as the quotas of the plan limit it.</param>
/// <param name="Reason">Why; null where nobody said.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ChangePlan(string Tenant, Plan Target, Plan Current, ChangeTiming Timing, ImmutableArray<UsageFigure> Usage, string? Reason, DateTimeOffset At);

/// <summary>Takes a tenant off its plan.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Timing">When.</param>
/// <param name="Reason">Why; null where nobody said.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record CancelPlan(string Tenant, ChangeTiming Timing, string? Reason, DateTimeOffset At);

/// <summary>Takes a cancellation back, or begins anew on the plan that was cancelled.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Plan">The plan that the tenant is on, or was on last; null where it never chose one.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ResumePlan(string Tenant, Plan? Plan, DateTimeOffset At);

/// <summary>Sets how a tenant is billed.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Settings">All settings.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ConfigureBilling(string Tenant, BillingSettings Settings, DateTimeOffset At);

/// <summary>Who pays, and by which means: what a tenant says of itself. What is null is as if nobody had said anything.</summary>
/// <param name="Name">Who is billed.</param>
/// <param name="Address">Where to.</param>
/// <param name="Email">Where invoices are sent.</param>
/// <param name="VatId">The VAT id or tax number.</param>
/// <param name="PaymentMethod">The token of the means of payment.</param>
public sealed record Payer(string? Name, PostalAddress? Address, string? Email, string? VatId, string? PaymentMethod);

/// <summary>Sets who pays, and leaves the other settings alone.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Payer">Who.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ChangePayer(string Tenant, Payer Payer, DateTimeOffset At);

/// <summary>Records what was scheduled and whose time has come.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="At">Until when.</param>
public sealed record RecordDuePlanChanges(string Tenant, DateTimeOffset At);

/// <summary>A stay on one version of a plan, until the next one begins.</summary>
/// <param name="From">Its first moment.</param>
/// <param name="Plan">The plan.</param>
/// <param name="Version">Its version.</param>
/// <param name="TrialUntil">The first moment at which something is charged; null for at once.</param>
public sealed record PlanStay(DateTimeOffset From, string Plan, int Version, DateTimeOffset? TrialUntil);

/// <summary>Which plans a tenant has been on, is on and will be on, in which billing periods, and how it is billed. Without any event: on the built-in plan.</summary>
public sealed record Subscription : IState<Subscription>
{
    /// <summary>The category of the streams.</summary>
    public const string Category = "subscription";

    /// <summary>The timer at a trial's end.</summary>
    public const string TrialTimer = "trial-end";

    /// <summary>The timer at a scheduled change.</summary>
    public const string ChangeTimer = "plan-change";

    /// <summary>The timer at a scheduled cancellation.</summary>
    public const string CancelTimer = "plan-cancel";

    /// <summary>A tenant that never chose a plan.</summary>
    public static Subscription Initial { get; } = new();

    /// <summary>How it is billed.</summary>
    public BillingSettings Settings { get; init; } = BillingSettings.Default;

    /// <summary>The billing cycles that have begun or are certain to, in the order of their beginning.</summary>
    public ImmutableArray<BillingCycle> Cycles { get; init; } = [BillingCycle.Default(DateTimeOffset.MinValue)];

    /// <summary>The stays on plans that have begun, in the order of their beginning.</summary>
    public ImmutableArray<PlanStay> Stays { get; init; } = [new(DateTimeOffset.MinValue, BuiltInPricing.PayAsYouGo.Id, BuiltInPricing.PayAsYouGo.Version, null)];

    /// <summary>The change that is to come; null for none.</summary>
    public PlanChangeScheduled? Change { get; init; }

    /// <summary>The cancellation that is to come; null for none.</summary>
    public PlanCancellationScheduled? Cancellation { get; init; }

    /// <summary>The plan that was cancelled last; null where none was, or another one was begun since.</summary>
    public PlanStay? Cancelled { get; init; }

    /// <summary>Whether the tenant is on a plan of its own choice.</summary>
    public bool IsStarted { get; init; }

    /// <summary>Whether it has had a trial: there is one for each tenant.</summary>
    public bool HasHadTrial { get; init; }

    /// <summary>Until when a trial runs whose end is not recorded; null for none.</summary>
    public DateTimeOffset? OpenTrial { get; init; }

    /// <summary>The stay that began last.</summary>
    public PlanStay Current => Stays[^1];

    /// <summary>The billing periods, with what is scheduled.</summary>
    public BillingPeriods Periods => new(WithScheduled().Cycles);

    /// <summary>The stream of a tenant's subscription.</summary>
    public static StreamName Stream(string tenant) => StreamName.For(Category, tenant, "plan");

    /// <inheritdoc />
    public Subscription Evolve(object @event) => @event switch
    {
        PlanStarted e => Begun(new(e.From, e.Plan, e.Version, e.TrialUntil), e.Cycle) with { IsStarted = true, HasHadTrial = HasHadTrial || e.TrialUntil is not null, OpenTrial = e.TrialUntil, Change = null, Cancellation = null, Cancelled = null },
        PlanChanged e => Begun(new(e.From, e.Plan, e.Version, Current.TrialUntil > e.From ? Current.TrialUntil : null), e.Cycle) with { IsStarted = true, Change = null, Cancelled = null },
        PlanChangeScheduled e => this with { Change = e },
        PlanChangeWithdrawn => this with { Change = null },
        PlanCancellationScheduled e => this with { Cancellation = e },
        PlanCancelled e => Begun(Initial.Current with { From = e.From }, Calendar(e.From, Settings)) with { IsStarted = false, OpenTrial = null, Change = null, Cancellation = null, Cancelled = Current },
        PlanResumed => this with { Cancellation = null },
        TrialEnded => this with { OpenTrial = null },
        BillingConfigured e => (e.Cycle is { } cycle ? this with { Cycles = Added(Cycles, cycle) } : this) with { Settings = e.Settings },
        _ => this,
    };

    /// <summary>The stay that a moment lies in, with what is scheduled.</summary>
    public PlanStay PlanAt(DateTimeOffset moment)
    {
        var stays = WithScheduled().Stays;
        return stays.LastOrDefault(s => s.From <= moment) ?? stays[0];
    }

    /// <summary>Which plans hold in a billing period, in the order of time, without gap or overlap; a trial is a segment of its own.</summary>
    public ImmutableArray<PlanSegment> PlanSegments(BillingPeriod period)
    {
        var stays = WithScheduled().Stays;
        var segments = ImmutableArray.CreateBuilder<PlanSegment>();
        for (var i = 0; i < stays.Length; i++)
        {
            var from = Later(stays[i].From, period.From);
            var to = i + 1 < stays.Length ? Earlier(stays[i + 1].From, period.To) : period.To;
            var charged = stays[i].TrialUntil is { } trial ? Earlier(Later(trial, from), to) : from;
            Add(stays[i], from, charged, true);
            Add(stays[i], charged, to, false);
        }

        return segments.ToImmutable();

        void Add(PlanStay stay, DateTimeOffset from, DateTimeOffset to, bool isTrial)
        {
            if (from < to)
            {
                segments.Add(new(from, to, stay.Plan, stay.Version, isTrial, BillingPeriod.Seconds(from, to), period.WholeSeconds));
            }
        }
    }

    /// <summary>Puts the tenant on a plan that it is not on.</summary>
    public Decision Start(StartPlan command)
    {
        ArgumentNullException.ThrowIfNull(command);
        var (now, due) = CaughtUp(command.At);
        List<string> faults = [.. command.Settings?.Faults(command.Plan.Currency) ?? []];
        AddReason(faults, command.Reason);
        if (command.TrialDays is < 0 or > 365)
        {
            faults.Add($"'trialDays' is {command.TrialDays}; 0 to 365 are possible");
        }

        if (faults.Count > 0)
        {
            return PlanErrors.Invalid(faults);
        }

        if (now.IsStarted)
        {
            return now.Current.Plan == command.Plan.Id && now.Current.Version == command.Plan.Version && command.Settings is null ? Decision.Of(due) : PlanErrors.Exists(now.Current);
        }

        var settings = command.Settings ?? now.Settings;
        if (command.Settings is { } given)
        {
            due.Add(new BillingConfigured(given, null, command.At));
        }

        return Decision.Of([.. due, .. now.Started(command.Plan, settings, command.TrialDays, command.Reason, command.At)]);
    }

    /// <summary>Moves the tenant to another plan or version; what it is on already changes nothing but takes back a scheduled change.</summary>
    public Decision ChangeTo(ChangePlan command)
    {
        ArgumentNullException.ThrowIfNull(command);
        var (now, due) = CaughtUp(command.At);
        List<string> faults = [];
        AddReason(faults, command.Reason);
        if (faults.Count > 0)
        {
            return PlanErrors.Invalid(faults);
        }

        if (now.Cancellation is { } cancellation)
        {
            return PlanErrors.CancellationScheduled(cancellation.Due);
        }

        var target = command.Target;
        if (target.Id == now.Current.Plan && target.Version == now.Current.Version)
        {
            return now.Change is null ? Decision.Of(due) : Decision.Of([.. due, new PlanChangeWithdrawn(command.At), new TimerCancelled(ChangeTimer)]);
        }

        if (Unfit(command) is { Count: > 0 } reasons)
        {
            return PlanErrors.DoesNotFit(target, reasons);
        }

        if (target.Id == BuiltInPricing.PayAsYouGo.Id)
        {
            return PlanErrors.CancelInstead(target.Id);
        }

        if (now.Settings.Discounts.FirstOrDefault(d => d.Amount is { } amount && amount.Currency != target.Currency && !(d.To <= command.At)) is { } discount)
        {
            return PlanErrors.DiscountCurrency(target, discount.Amount!.Value.Currency);
        }

        if (command.Timing == ChangeTiming.AtOnce)
        {
            return Decision.Of([.. due, .. now.Change is null ? [] : (DomainEvent[])[new TimerCancelled(ChangeTimer)], .. now.IsStarted ? [now.Changed(target, command.Reason, command.At)] : now.Started(target, now.Settings, null, command.Reason, command.At)]);
        }

        var end = now.EndOfPeriod(command.At);
        return now.Change is { } there && there.Plan == target.Id && there.Version == target.Version ? Decision.Of(due)
            : Decision.Of([.. due, new PlanChangeScheduled(target.Id, target.Version, end, now.CycleFor(target, end), command.Reason, command.At), new TimerScheduled(ChangeTimer, end)]);
    }

    /// <summary>Takes the tenant off its plan, at once or at the period's end; again changes nothing.</summary>
    public Decision Cancel(CancelPlan command)
    {
        ArgumentNullException.ThrowIfNull(command);
        var (now, due) = CaughtUp(command.At);
        List<string> faults = [];
        AddReason(faults, command.Reason);
        if (faults.Count > 0)
        {
            return PlanErrors.Invalid(faults);
        }

        if (!now.IsStarted)
        {
            return now.Cancelled is null ? PlanErrors.NotStarted() : Decision.Of(due);
        }

        if (now.Change is not null)
        {
            due.AddRange([new PlanChangeWithdrawn(command.At), new TimerCancelled(ChangeTimer)]);
        }

        if (command.Timing == ChangeTiming.PeriodEnd)
        {
            var end = now.EndOfPeriod(command.At);
            return now.Cancellation is not null ? Decision.Of(due) : Decision.Of([.. due, new PlanCancellationScheduled(end, command.Reason, command.At), new TimerScheduled(CancelTimer, end)]);
        }

        if (now.Cancellation is not null)
        {
            due.Add(new TimerCancelled(CancelTimer));
        }

        if (now.OpenTrial is not null)
        {
            due.Add(new TimerCancelled(TrialTimer));
        }

        return Decision.Of([.. due, new PlanCancelled(now.FirstMoment(command.At), command.Reason, command.At)]);
    }

    /// <summary>Takes a cancellation back that has not taken effect; after one that has, the plan begins anew, without a trial.</summary>
    public Decision Resume(ResumePlan command)
    {
        ArgumentNullException.ThrowIfNull(command);
        var (now, due) = CaughtUp(command.At);
        return now.Cancellation is not null ? Decision.Of([.. due, new PlanResumed(command.At), new TimerCancelled(CancelTimer)])
            : now.IsStarted ? Decision.Of(due)
            : now.Cancelled is null || command.Plan is null ? PlanErrors.NotStarted()
            : Decision.Of([.. due, .. now.Started(command.Plan, now.Settings, 0, null, command.At)]);
    }

    /// <summary>Sets how the tenant is billed. Another time zone or anchor counts from the next period on.</summary>
    public Decision Configure(ConfigureBilling command)
    {
        ArgumentNullException.ThrowIfNull(command);
        var (now, due) = CaughtUp(command.At);
        var cycle = now.Periods.CycleAt(command.At);
        if (command.Settings.Faults(cycle.Currency) is { Count: > 0 } faults)
        {
            return PlanErrors.Invalid(faults);
        }

        if (BillingSettings.Same(command.Settings, now.Settings))
        {
            return Decision.Of(due);
        }

        BillingCycle? changed = null;
        var end = now.EndOfPeriod(command.At);
        if (command.Settings.TimeZone != now.Settings.TimeZone || command.Settings.Anchor != now.Settings.Anchor)
        {
            changed = now.IsStarted
                ? cycle with { From = end, Anchor = AnchorOf(command.Settings) ?? cycle.Anchor, TimeZone = command.Settings.TimeZone }
                : Calendar(end, command.Settings);
        }

        due.Add(new BillingConfigured(command.Settings, changed, command.At));
        if (changed is not null && now.Change is { Cycle: { } planned } change)
        {
            due.Add(change with { Cycle = planned with { Anchor = AnchorOf(command.Settings) ?? planned.Anchor, TimeZone = command.Settings.TimeZone } });
        }

        return Decision.Of(due);
    }

    /// <summary>Sets who pays.</summary>
    public Decision ChangePayer(ChangePayer command)
    {
        ArgumentNullException.ThrowIfNull(command);
        var payer = command.Payer;
        return Configure(new(command.Tenant, Settings with { Name = payer.Name, Address = payer.Address, Email = payer.Email, VatId = payer.VatId, PaymentMethod = payer.PaymentMethod }, command.At));
    }

    /// <summary>Records what was scheduled and whose time has come, once.</summary>
    public Decision RecordDue(RecordDuePlanChanges command)
    {
        ArgumentNullException.ThrowIfNull(command);
        return Decision.Of(CaughtUp(command.At).Due);
    }

    /// <summary>What stands against a change: usage beyond a quota that the target plan lowers.</summary>
    private static List<string> Unfit(ChangePlan command) =>
    [
        .. from quota in command.Target.Quotas
           let before = command.Current.Quotas.FirstOrDefault(q => q.Resource == quota.Resource && q.Window == quota.Window)
           where before is null || quota.Limit < before.Limit
           let used = command.Usage.Where(u => u.Resource == quota.Resource && u.Window == quota.Window).Select(u => u.Used).DefaultIfEmpty().Max()
           // What was used in a window that is over by then stands against nothing.
           where used > quota.Limit && (command.Timing == ChangeTiming.AtOnce || quota.Window == QuotaWindow.Moment)
           select $"{quota.Resource} {(quota.Window == QuotaWindow.Moment ? "now" : $"in this {quota.Window.ToString().ToLowerInvariant()}")} are {Words.Of(used)}, and it allows {Words.Of(quota.Limit)}",
    ];

    private static void AddReason(List<string> faults, string? reason)
    {
        if (TextRules.Fault("reason", reason, 500) is { } fault)
        {
            faults.Add(fault);
        }
    }

    private static BillingCycle Calendar(DateTimeOffset from, BillingSettings settings) =>
        BillingCycle.Default(from) with { TimeZone = settings.TimeZone, Anchor = AnchorOf(settings) ?? TimeZones.ToUtc(new(2000, 1, 1), TimeZones.Find(settings.TimeZone)) };

    private static ImmutableArray<BillingCycle> Added(ImmutableArray<BillingCycle> cycles, BillingCycle cycle) => [.. cycles.Where(c => c.From < cycle.From), cycle];

    private static DateTimeOffset Later(DateTimeOffset left, DateTimeOffset right) => left > right ? left : right;

    private static DateTimeOffset Earlier(DateTimeOffset left, DateTimeOffset right) => left < right ? left : right;

    private Subscription Begun(PlanStay stay, BillingCycle? cycle) => this with
    {
        Stays = [.. Stays.Where(s => s.From < stay.From), stay],
        Cycles = cycle is null ? Cycles : Added(Cycles, cycle),
    };

    // As if the timers of what is scheduled had elapsed: what is folded does not depend on how quickly they do.
    private Subscription WithScheduled()
    {
        var all = this;
        if (Change is { } change)
        {
            all = all.Evolve(new PlanChanged(change.Plan, change.Version, change.Due, change.Cycle, change.Reason, change.Due));
        }

        return Cancellation is { } cancellation ? all.Evolve(new PlanCancelled(cancellation.Due, cancellation.Reason, cancellation.Due)) : all;
    }

    private (Subscription Now, List<DomainEvent> Due) CaughtUp(DateTimeOffset at)
    {
        List<DomainEvent> due = [];
        if (OpenTrial <= at)
        {
            due.Add(new TrialEnded(PlanAt(OpenTrial.Value.AddTicks(-1)).Plan, PlanAt(OpenTrial.Value.AddTicks(-1)).Version, OpenTrial.Value));
        }

        if (Change is { } change && change.Due <= at)
        {
            due.Add(new PlanChanged(change.Plan, change.Version, change.Due, change.Cycle, change.Reason, change.Due));
        }

        if (Cancellation is { } cancellation && cancellation.Due <= at)
        {
            due.Add(new PlanCancelled(cancellation.Due, cancellation.Reason, cancellation.Due));
        }

        return (due.Aggregate(this, (state, e) => state.Evolve(e)), due);
    }

    private List<DomainEvent> Started(Plan plan, BillingSettings settings, int? trialDays, string? reason, DateTimeOffset at)
    {
        var from = FirstMoment(at);
        var days = trialDays ?? (HasHadTrial ? 0 : plan.TrialDays);
        DateTimeOffset? trial = days > 0 ? from.AddDays(days) : null;
        var started = new PlanStarted(plan.Id, plan.Version, from, trial, Cycle(plan, from, settings), reason, at);
        return trial is { } until ? [started, new TimerScheduled(TrialTimer, until)] : [started];
    }

    private PlanChanged Changed(Plan plan, string? reason, DateTimeOffset at)
    {
        var from = FirstMoment(at);
        return new(plan.Id, plan.Version, from, CycleFor(plan, from), reason, at);
    }

    // Changes count from whole seconds, and never from before the last one.
    private DateTimeOffset FirstMoment(DateTimeOffset at) => Later(WholeSecond(at), Current.From);

    // Periods begin and end with whole seconds too, so that no change counts from before the end of one that is closed.
    private static DateTimeOffset? AnchorOf(BillingSettings settings) => settings.Anchor is { } anchor ? WholeSecond(anchor) : null;

    private static DateTimeOffset WholeSecond(DateTimeOffset at) => at.AddTicks(-(at.UtcTicks % TimeSpan.TicksPerSecond)).ToUniversalTime();

    private DateTimeOffset EndOfPeriod(DateTimeOffset at) => new BillingPeriods(Cycles).At(at).To;

    // Null where the cycle goes on.
    private BillingCycle? CycleFor(Plan plan, DateTimeOffset from)
    {
        var cycle = new BillingPeriods(Cycles).CycleAt(from);
        return IsStarted && cycle.Interval == plan.Interval && cycle.Count == plan.IntervalCount && cycle.Currency == plan.Currency ? null : Cycle(plan, from, Settings);
    }

    private static BillingCycle Cycle(Plan plan, DateTimeOffset from, BillingSettings settings) => new(from, AnchorOf(settings) ?? from, settings.TimeZone, plan.Interval, plan.IntervalCount, plan.Currency);
}

/// <summary>What a subscription refuses.</summary>
public static class PlanErrors
{
    /// <summary>Something is wrong with what was sent; all faults at once.</summary>
    public static DomainError Invalid(IReadOnlyList<string> faults) => new("subscription-invalid", $"The subscription cannot be changed so: {string.Join("; ", faults)}.", "Correct what is named and send it again.");

    /// <summary>The tenant is on a plan.</summary>
    public static DomainError Exists(PlanStay current) => new("subscription-exists", $"The tenant is on version {current.Version} of the plan '{current.Plan}'.", "Change its plan instead.", 409);

    /// <summary>The tenant never chose a plan.</summary>
    public static DomainError NotStarted() => new("subscription-not-started", $"The tenant has chosen no plan; it is on '{BuiltInPricing.PayAsYouGo.Id}', which needs no subscription.", "Change to a plan first.", 409);

    /// <summary>A cancellation is to come.</summary>
    public static DomainError CancellationScheduled(DateTimeOffset due) => new("subscription-ending", $"The subscription ends at {Words.Of(due)}.", "Resume it first.", 409);

    /// <summary>The built-in plan is what is left without a subscription.</summary>
    public static DomainError CancelInstead(string plan) => new("plan-not-possible", $"'{plan}' is what a tenant without a subscription is on.", "Cancel the subscription instead.", 409);

    /// <summary>Usage is beyond what the plan allows.</summary>
    public static DomainError DoesNotFit(Plan plan, IReadOnlyList<string> reasons)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return new("plan-does-not-fit", $"Version {plan.Version} of the plan '{plan.Id}' does not fit: {string.Join("; ", reasons)}.", "Use less first, wait for the window to end, or choose a larger plan.", 409);
    }

    /// <summary>A discount is in another currency.</summary>
    public static DomainError DiscountCurrency(Plan plan, string currency)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return new("plan-not-possible", $"The plan '{plan.Id}' is in {plan.Currency}, and a discount of the tenant is in {currency}.", "End or replace the discount first.", 409);
    }
}
