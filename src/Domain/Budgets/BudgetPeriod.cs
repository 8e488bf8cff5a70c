using System.Collections.Immutable;
using AIaaS.EventStore;

namespace AIaaS.Domain.Budgets;

/// <summary>Grants a period its money by a version of its budget.</summary>
/// <param name="Budget">The budget.</param>
/// <param name="Version">The version of the budget.</param>
/// <param name="Terms">What it says.</param>
/// <param name="Span">The period.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record GrantBudget(string Budget, int Version, BudgetTerms Terms, BudgetSpan Span, DateTimeOffset At);

/// <summary>Sets the worst case of a call aside.</summary>
/// <param name="Reservation">Unique.</param>
/// <param name="Amount">The most that the call can cost.</param>
/// <param name="Caller">The stream of the run, saga or operator's call.</param>
/// <param name="CallerVersion">The version of that stream.</param>
/// <param name="Call">The call in that stream.</param>
/// <param name="Until">The deadline.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ReserveBudget(string Reservation, Money Amount, string Caller, long CallerVersion, string Call, DateTimeOffset Until, DateTimeOffset At);

/// <summary>Spends what a call has cost.</summary>
/// <param name="Reservation">The reservation.</param>
/// <param name="Amount">What the call has cost.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record SettleBudget(string Reservation, Money Amount, DateTimeOffset At);

/// <summary>Frees a reservation under which nothing was spent.</summary>
/// <param name="Reservation">The reservation.</param>
/// <param name="Reason">Why.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ReleaseBudget(string Reservation, string Reason, DateTimeOffset At);

/// <summary>The money of a budget for one period: what was granted, what is promised, what is spent.</summary>
public sealed record BudgetPeriod : IState<BudgetPeriod>
{
    /// <summary>The period before its money is granted.</summary>
    public static BudgetPeriod Initial { get; } = new();

    /// <summary>What was granted last; null before.</summary>
    public BudgetGranted? Granted { get; init; }

    /// <summary>What is spent.</summary>
    public Money Settled { get; init; } = Money.Usd(0);

    /// <summary>The reservations that are open, by their ids.</summary>
    public ImmutableDictionary<string, BudgetReserved> Open { get; init; } = ImmutableDictionary.Create<string, BudgetReserved>(StringComparer.Ordinal);

    /// <summary>What is promised: the sum of the open reservations.</summary>
    public Money Reserved { get; init; } = Money.Usd(0);

    /// <summary>Thresholds that are reached.</summary>
    public ImmutableSortedSet<int> Reached { get; init; } = [];

    /// <summary>Whether a call was refused since the last grant.</summary>
    public bool IsExhausted { get; init; }

    /// <summary>What is neither spent nor promised; below 0 where the limit was lowered under that, and of a soft budget that is exceeded.</summary>
    public Money Available => (Granted?.Limit ?? Money.Usd(0)) - Settled - Reserved;

    /// <summary>The stream of a period.</summary>
    public static StreamName Stream(string tenant, string budget, string period) => StreamName.For("budgetPeriod", tenant, $"{budget}.{period}");

    /// <summary>The budget and the period in the id of such a stream.</summary>
    public static (string Budget, string Period) Names(string id) => id.LastIndexOf('.') is var dot and > 0 ? (id[..dot], id[(dot + 1)..]) : (id, "");

    /// <inheritdoc />
    public BudgetPeriod Evolve(object @event) => @event switch
    {
        BudgetGranted e => this with { Granted = e, Reached = [.. Reached.Where(p => IsReached(p, Settled, e.Limit))], IsExhausted = false },
        BudgetReserved e => this with { Open = Open.SetItem(e.Reservation, e), Reserved = Reserved - AmountOf(e.Reservation) + e.Amount },
        BudgetSettled e => this with { Open = Open.Remove(e.Reservation), Reserved = Reserved - AmountOf(e.Reservation), Settled = Settled + e.Amount },
        BudgetReleased e => this with { Open = Open.Remove(e.Reservation), Reserved = Reserved - AmountOf(e.Reservation) },
        BudgetThresholdReached e => this with { Reached = Reached.Add(e.Percent) },
        BudgetExhausted => this with { IsExhausted = true },
        BudgetBalanced e => this with
        {
            Granted = e.Granted,
            Settled = e.Settled,
            Open = e.Open.ToImmutableDictionary(r => r.Reservation, StringComparer.Ordinal),
            Reserved = e.Open.Aggregate(Money.Usd(0), (sum, r) => sum + r.Amount),
            Reached = [.. e.Reached],
            IsExhausted = e.Exhausted,
        },
        _ => this,
    };

    /// <summary>Grants the money by a version of the budget; one that is not newer changes nothing.</summary>
    public Decision Grant(GrantBudget command)
    {
        if (command.Version <= (Granted?.Version ?? 0))
        {
            return Decision.Unchanged;
        }

        var terms = command.Terms;
        var granted = new BudgetGranted(command.Budget, command.Span.Name, command.Version, command.Span.From, command.Span.To, terms.Limit, terms.Hard, terms.Alerts, command.At);
        return Decision.Of([granted, .. Evolve(granted).Thresholds(Settled, command.At)]);
    }

    /// <summary>Sets an amount aside. A hard budget refuses what it does not have; a soft one never does. The same reservation again changes nothing.</summary>
    public Decision Reserve(ReserveBudget command)
    {
        if (command.Amount.Currency != "USD" || command.Amount.Amount < 0)
        {
            return BudgetErrors.InvalidAmount(command.Amount);
        }

        if (Granted is not { } granted)
        {
            return BudgetErrors.Unknown("");
        }

        return Open.ContainsKey(command.Reservation) ? Decision.Unchanged
            : granted.Hard && command.Amount > Available ? BudgetErrors.Exhausted(granted.Budget, granted.Period, command.Amount, Available)
            : new BudgetReserved(command.Reservation, command.Amount, command.Caller, command.CallerVersion, command.Call, command.Until, command.At);
    }

    /// <summary>Notes that a call was refused; once between two grants.</summary>
    public Decision Exhaust(Money asked, DateTimeOffset at) =>
        IsExhausted || Granted is not { } granted ? Decision.Unchanged : new BudgetExhausted(asked, Available, granted.Limit, at);

    /// <summary>Spends what a call has cost. A reservation that is not open was settled or released before: nothing changes.</summary>
    public Decision Settle(SettleBudget command)
    {
        if (command.Amount.Currency != "USD" || command.Amount.Amount < 0)
        {
            return BudgetErrors.InvalidAmount(command.Amount);
        }

        return Open.TryGetValue(command.Reservation, out var reserved)
            ? Decision.Of([new BudgetSettled(command.Reservation, command.Amount, reserved.Amount - command.Amount, command.At), .. Thresholds(Settled + command.Amount, command.At)])
            : Decision.Unchanged;
    }

    /// <summary>Frees a reservation. One that is not open was settled or released before: nothing changes.</summary>
    public Decision Release(ReleaseBudget command) =>
        Open.TryGetValue(command.Reservation, out var reserved)
            ? new BudgetReleased(command.Reservation, reserved.Amount, command.Reason, command.At)
            : Decision.Unchanged;

    /// <summary>How it stands, as an event.</summary>
    public BudgetBalanced Balance(DateTimeOffset at) => new(Granted!, Settled, [.. Open.Values.OrderBy(r => r.Reservation, StringComparer.Ordinal)], [.. Reached], IsExhausted, at);

    private static bool IsReached(int percent, Money settled, Money limit) => settled.Amount * 100 >= limit.Amount * percent;

    private IEnumerable<DomainEvent> Thresholds(Money settled, DateTimeOffset at) => Granted is not { } granted
        ? []
        : granted.Alerts.Where(p => !Reached.Contains(p) && IsReached(p, settled, granted.Limit)).Select(p => new BudgetThresholdReached(p, settled, granted.Limit, at));

    private Money AmountOf(string reservation) => Open.TryGetValue(reservation, out var reserved) ? reserved.Amount : Money.Usd(0);
}
