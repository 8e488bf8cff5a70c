using AIaaS.Domain.Budgets;
using AIaaS.EventStore;

namespace AIaaS.Commands.Budgets;

/// <summary>A budget after a command.</summary>
/// <param name="Budget">The budget.</param>
/// <param name="Period">Its current period.</param>
/// <param name="Changed">Whether the command changed something.</param>
/// <param name="Position">The consistency token.</param>
public sealed record BudgetChanged(Budget Budget, BudgetPeriod Period, bool Changed, LogPosition Position);

/// <summary>Defines, changes and removes budgets.</summary>
public sealed class BudgetService : CommandService<Budget>
{
    /// <summary>The most budgets of a tenant.</summary>
    public const int MaxBudgets = 200;

    private readonly BudgetLedger ledger;
    private readonly TimeProvider time;

    /// <summary>Makes the service.</summary>
    public BudgetService(IEventStore log, EventTypes types, IdSource ids, BudgetLedger ledger, TimeProvider time)
        : base(log, types, ids)
    {
        (this.ledger, this.time) = (ledger, time);
        On<DefineBudget>().In(c => Budget.Stream(c.Tenant, Named(c.Budget))).Decide((budget, command) => budget.Define(command));
        On<RemoveBudget>().In(c => Budget.Stream(c.Tenant, Named(c.Budget))).Decide((budget, command) => budget.Remove(command));
    }

    /// <summary>
    /// Sets a budget up, or changes it; the same again changes nothing. Its current period is granted the money at once, in every process. A limit below what is spent and
    /// reserved in that period is refused unless the caller says that it is meant.
    /// </summary>
    /// <exception cref="DomainException">It cannot be defined so.</exception>
    public async Task<BudgetChanged> DefineAsync(string tenant, string budget, BudgetTerms terms, bool acceptOverrun, CommandContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(terms);
        ArgumentNullException.ThrowIfNull(context);
        await ledger.Catalog.Ready.WaitAsync(cancellationToken);
        var before = (await LoadAsync(Budget.Stream(tenant, Named(budget)), cancellationToken)).State;
        var command = new DefineBudget(tenant, budget, terms, context.Actor, time.GetUtcNow());
        var decision = before.Define(command);
        if (decision.Error is { } error)
        {
            throw new DomainException(error);
        }

        if (before.Id is null && ledger.Catalog.Of(tenant).Count() >= MaxBudgets)
        {
            throw new DomainException(BudgetErrors.TooMany(MaxBudgets));
        }

        // Only what leaves less room, or refuses where it did not, can leave out what is spent already: a limit that is raised, or sent again, is no overrun that anybody could mean.
        var leavesLess = before.Terms is { } known && !decision.Events.IsEmpty && (before.Removed || terms.Limit < known.Limit || (terms.Hard && !known.Hard));
        if (leavesLess && !acceptOverrun && await ledger.CurrentAsync(tenant, terms, budget, cancellationToken) is var period && period.Settled + period.Reserved > terms.Limit)
        {
            throw new DomainException(BudgetErrors.BelowSpent(budget, terms.Limit, period.Settled, period.Reserved));
        }

        var result = await TakeAsync(tenant, budget, HandleAsync(command, context, cancellationToken));
        var (granted, position) = await ledger.GrantAsync(tenant, budget, CancellationToken.None);
        return new(result.State, granted, !result.Events.IsEmpty, position > result.Position ? position : result.Position);
    }

    /// <summary>Removes a budget. What is reserved under it is still settled; defined again, its period goes on from what was spent.</summary>
    /// <exception cref="DomainException">There is none.</exception>
    public Task<CommandResult<Budget>> RemoveAsync(string tenant, string budget, CommandContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        return TakeAsync(tenant, budget, HandleAsync(new RemoveBudget(tenant, budget, context.Actor, time.GetUtcNow()), context, cancellationToken));
    }

    private async Task<CommandResult<Budget>> TakeAsync(string tenant, string budget, Task<CommandResult<Budget>> handling)
    {
        var result = await handling;
        ledger.Catalog.Took(tenant, budget, result.State, result.Version);
        return result;
    }

    private static string Named(string budget) => Budget.IsId(budget) ? budget : throw new DomainException(BudgetErrors.InvalidId(budget ?? ""));
}
