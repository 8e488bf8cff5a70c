using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Serialization;
using AIaaS.Domain.Agents;
using AIaaS.EventStore;

namespace AIaaS.Domain.Budgets;

/// <summary>What a plan says of the safe mode.</summary>
/// <param name="Plan">The plan's id.</param>
/// <param name="Version">The plan's version.</param>
/// <param name="Percent">From which percentage of a spent budget on runs are made cheaper; null where the plan has no safe mode.</param>
public sealed record SafeModeTerms(string Plan, int Version, int? Percent);

/// <summary>Type <c>cost.safe-mode.entered</c> in <c>safeMode-{tenant}_state</c>: a budget runs low; runs that begin under it are made cheaper until its period turns.</summary>
/// <param name="Budget">The budget's id.</param>
/// <param name="Period">Its period.</param>
/// <param name="Scope">Whose runs the budget limits.</param>
/// <param name="Of">The API key's id, the workflow's name or the customer's id; null for the whole tenant.</param>
/// <param name="Settled">What is spent in the period.</param>
/// <param name="Limit">The most of the period.</param>
/// <param name="Percent">The plan's percentage that is reached.</param>
/// <param name="Plan">The plan's id.</param>
/// <param name="PlanVersion">The plan's version.</param>
/// <param name="Until">When the period ends: no run that begins from then on is made cheaper for it.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record SafeModeEntered(string Budget, string Period, BudgetScope Scope, string? Of, Money Settled, Money Limit, int Percent, string Plan, int PlanVersion, DateTimeOffset Until, DateTimeOffset At) : DomainEvent;

/// <summary>Why a budget no longer holds runs in safe mode.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<SafeModeEnd>))]
public enum SafeModeEnd
{
    /// <summary>Its next period has begun.</summary>
    PeriodTurned,

    /// <summary>Its limit was raised: less than the plan's percentage is spent.</summary>
    LimitRaised,

    /// <summary>The budget was removed.</summary>
    BudgetRemoved,

    /// <summary>The plan has another percentage, or no safe mode.</summary>
    PlanChanged,
}

/// <summary>Type <c>cost.safe-mode.left</c>: a budget no longer makes runs cheaper.</summary>
/// <param name="Budget">The budget's id.</param>
/// <param name="Period">The period that it had run low in.</param>
/// <param name="Reason">Why.</param>
/// <param name="Settled">What was spent in that period, as far as known.</param>
/// <param name="Limit">The most of that period, as far as known.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record SafeModeLeft(string Budget, string Period, SafeModeEnd Reason, Money Settled, Money Limit, DateTimeOffset At) : DomainEvent;

/// <summary>How a budget's period stands, for the safe mode.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Budget">The budget's id.</param>
/// <param name="Period">The period.</param>
/// <param name="Scope">Whose runs the budget limits.</param>
/// <param name="Of">Which key, workflow or customer; null for the whole tenant.</param>
/// <param name="Settled">What is spent.</param>
/// <param name="Limit">The most of it.</param>
/// <param name="From">When the period begins.</param>
/// <param name="Until">When the next one begins.</param>
/// <param name="Terms">What the tenant's plan says.</param>
/// <param name="At">Now, UTC.</param>
public sealed record WeighSafeMode(string Tenant, string Budget, string Period, BudgetScope Scope, string? Of, Money Settled, Money Limit, DateTimeOffset From, DateTimeOffset Until, SafeModeTerms Terms, DateTimeOffset At);

/// <summary>A budget no longer holds runs in safe mode.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Budget">The budget's id.</param>
/// <param name="Reason">Why.</param>
/// <param name="At">Now, UTC.</param>
public sealed record LeaveSafeMode(string Tenant, string Budget, SafeModeEnd Reason, DateTimeOffset At);

/// <summary>
/// A tenant's safe mode: the budgets that run low, each for the runs that it limits. A run asks once, when it starts, and keeps the answer to its end.
/// </summary>
public sealed record SafeMode : IState<SafeMode>
{
    /// <summary>No budget runs low.</summary>
    public static SafeMode Initial { get; } = new();

    /// <summary>The budgets that run low, by their ids.</summary>
    public ImmutableSortedDictionary<string, SafeModeEntered> Active { get; init; } = ImmutableSortedDictionary.Create<string, SafeModeEntered>(StringComparer.Ordinal);

    /// <summary>The stream of a tenant's safe mode.</summary>
    public static StreamName Stream(string tenant) => StreamName.For("safeMode", tenant, "state");

    /// <inheritdoc />
    public SafeMode Evolve(object @event) => @event switch
    {
        SafeModeEntered e => this with { Active = Active.SetItem(e.Budget, e) },
        SafeModeLeft e => this with { Active = Active.Remove(e.Budget) },
        _ => this,
    };

    /// <summary>Whether a run that starts now is made cheaper.</summary>
    /// <param name="workflow">The run's workflow.</param>
    /// <param name="customer">Whom it is for; null where unknown.</param>
    /// <param name="key">The API key that asked for it; null where none did.</param>
    /// <param name="at">Now.</param>
    public bool Covers(string? workflow, string? customer, string? key, DateTimeOffset at)
    {
        foreach (var low in Active.Values)
        {
            if (at < low.Until && low.Scope switch
            {
                BudgetScope.Tenant => true,
                BudgetScope.Key => low.Of == key,
                BudgetScope.Workflow => low.Of == workflow,
                BudgetScope.Customer => low.Of == customer,
                _ => throw new InvalidOperationException($"The scope {low.Scope} is not known."),
            })
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Enters when the plan's percentage of a budget is reached, and leaves when it is not any more; the same figures again change nothing.</summary>
    public Decision Weigh(WeighSafeMode command)
    {
        ArgumentNullException.ThrowIfNull(command);
        var known = Active.GetValueOrDefault(command.Budget);
        var isReached = command.At < command.Until && command.Terms.Percent is { } percent && command.Settled.Amount * 100 >= command.Limit.Amount * percent;
        if (known is not null && known.Period == command.Period)
        {
            return isReached ? Decision.Unchanged : Leave(known, ReasonOf(known, command), command.Settled, command.Limit, command.At);
        }

        // What comes late of a period that is over says nothing of the one that has begun.
        if (known is not null && command.From < known.Until)
        {
            return Decision.Unchanged;
        }

        List<DomainEvent> events = [];
        if (known is not null)
        {
            events.Add(new SafeModeLeft(known.Budget, known.Period, SafeModeEnd.PeriodTurned, known.Settled, known.Limit, command.At));
        }

        if (isReached)
        {
            events.Add(new SafeModeEntered(command.Budget, command.Period, command.Scope, command.Of, command.Settled, command.Limit, command.Terms.Percent!.Value, command.Terms.Plan, command.Terms.Version, command.Until, command.At));
            events.Add(new TimerScheduled(command.Budget, command.Until));
        }

        return Decision.Of(events);
    }

    /// <summary>Leaves, as far as a budget is concerned; again changes nothing. The end of a period ends nothing before its time.</summary>
    public Decision Leave(LeaveSafeMode command)
    {
        ArgumentNullException.ThrowIfNull(command);
        return Active.GetValueOrDefault(command.Budget) is not { } known || (command.Reason == SafeModeEnd.PeriodTurned && command.At < known.Until)
            ? Decision.Unchanged
            : Leave(known, command.Reason, known.Settled, known.Limit, command.At);
    }

    private static SafeModeEnd ReasonOf(SafeModeEntered known, WeighSafeMode command) =>
        command.At >= command.Until ? SafeModeEnd.PeriodTurned
        : command.Terms.Percent != known.Percent ? SafeModeEnd.PlanChanged
        : SafeModeEnd.LimitRaised;

    private static Decision Leave(SafeModeEntered known, SafeModeEnd reason, Money settled, Money limit, DateTimeOffset at) => reason == SafeModeEnd.PeriodTurned
        ? new SafeModeLeft(known.Budget, known.Period, reason, settled, limit, at)
        : Decision.Of(new SafeModeLeft(known.Budget, known.Period, reason, settled, limit, at), new TimerCancelled(known.Budget));
}

/// <summary>What the safe mode changes in a run. Pure: a replay comes to the same.</summary>
public static class SafeModeRules
{
    /// <summary>What events say where the safe mode has changed something.</summary>
    public const string Code = "safe-mode";

    /// <summary>The tier that a step is done on: one cheaper, where the run has pinned a model for that one.</summary>
    public static Tier Cheaper(Tier tier, RunPins pins)
    {
        ArgumentNullException.ThrowIfNull(pins);
        return tier > Tier.SLM_A && pins.Models.ContainsKey((tier - 1).ToString()) ? tier - 1 : tier;
    }

    /// <summary>How many passages a search brings: half of them, at least one.</summary>
    public static int Passages(int wanted) => Math.Max(1, wanted / 2);

    /// <summary>What a call's event says.</summary>
    public static string Words(Tier wanted, Tier taken) => string.Create(CultureInfo.InvariantCulture, $"{Code}: {taken} instead of {wanted}, since a budget runs low");
}
