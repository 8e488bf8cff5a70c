using System.Globalization;
using AIaaS.EventStore;

namespace AIaaS.Domain.Budgets;

/// <summary>Sets a budget up, or changes it.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Budget">The budget's id.</param>
/// <param name="Terms">What it is to say.</param>
/// <param name="Actor">Who says so.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record DefineBudget(string Tenant, string Budget, BudgetTerms Terms, string Actor, DateTimeOffset At);

/// <summary>Removes a budget.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Budget">The budget's id.</param>
/// <param name="Actor">Who says so.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record RemoveBudget(string Tenant, string Budget, string Actor, DateTimeOffset At);

/// <summary>A limit on what is spent, as a tenant set it up. Its money lies in its periods (<see cref="BudgetPeriod"/>).</summary>
public sealed record Budget : IState<Budget>
{
    /// <summary>The most that a limit can be.</summary>
    public const decimal MaxLimit = 1_000_000_000m;

    /// <summary>The most alerts of one budget.</summary>
    public const int MaxAlerts = 20;

    /// <summary>The budget before it is defined.</summary>
    public static Budget Initial { get; } = new();

    /// <summary>Its id; null before it is defined.</summary>
    public string? Id { get; init; }

    /// <summary>How often it was defined.</summary>
    public int Version { get; init; }

    /// <summary>What it says, or said before it was removed; null before it is defined.</summary>
    public BudgetTerms? Terms { get; init; }

    /// <summary>Whether it limits nothing any more.</summary>
    public bool Removed { get; init; }

    /// <summary>The stream of a budget.</summary>
    public static StreamName Stream(string tenant, string budget) => StreamName.For("budget", tenant, budget);

    /// <summary>Whether a text can be a budget's id: 1 to 60 lower-case letters, digits, <c>-</c> and <c>_</c>.</summary>
    public static bool IsId(string? text) => text is { Length: >= 1 and <= 60 } && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '_');

    /// <inheritdoc />
    public Budget Evolve(object @event) => @event switch
    {
        BudgetDefined e => this with { Id = e.Budget, Version = e.Version, Terms = e.Terms, Removed = false },
        BudgetRemoved => this with { Removed = true },
        _ => this,
    };

    /// <summary>Sets it up or changes it; the same again changes nothing. Whose spending it limits and how its periods lie stays for ever: what was spent in them would mean something else.</summary>
    public Decision Define(DefineBudget command)
    {
        var faults = Faults(command.Terms);
        if (faults.Count > 0)
        {
            return BudgetErrors.Invalid(faults);
        }

        if (Terms is { } known)
        {
            if (Fixed(known) != Fixed(command.Terms))
            {
                return BudgetErrors.Fixed(command.Budget, Fixed(known), Fixed(command.Terms));
            }

            if (!Removed && known.Name == command.Terms.Name && known.Hard == command.Terms.Hard && known.Limit == command.Terms.Limit && known.Alerts.SequenceEqual(command.Terms.Alerts))
            {
                return Decision.Unchanged;
            }
        }

        return new BudgetDefined(command.Budget, Version + 1, command.Terms, command.Actor, command.At);
    }

    /// <summary>Removes it; again changes nothing.</summary>
    public Decision Remove(RemoveBudget command) =>
        Id is null ? BudgetErrors.Unknown(command.Budget)
        : Removed ? Decision.Unchanged
        : new BudgetRemoved(command.Budget, command.Actor, command.At);

    private static string Fixed(BudgetTerms terms) => $"scope {terms.Scope}{(terms.Of is null ? "" : $" of '{terms.Of}'")}, interval {terms.Interval}, time zone {terms.TimeZone}";

    private static List<string> Faults(BudgetTerms terms)
    {
        List<string> faults = [];
        if (string.IsNullOrWhiteSpace(terms.Name) || terms.Name.Length > 200 || terms.Name.Any(char.IsControl))
        {
            faults.Add("the name must have 1 to 200 characters and no control characters");
        }

        if (!Enum.IsDefined(terms.Scope) || !Enum.IsDefined(terms.Interval))
        {
            faults.Add("the scope must be Tenant, Key, Workflow or Customer, and the interval Day, Week, Month or Year");
        }

        if (terms.Scope == BudgetScope.Tenant ? terms.Of is not null : terms.Of is not { Length: >= 1 and <= 200 } || terms.Of.Any(c => char.IsControl(c) || char.IsSurrogate(c)))
        {
            faults.Add(terms.Scope == BudgetScope.Tenant ? "a budget of the whole tenant is 'of' nothing" : $"'of' must name the {terms.Scope.ToString().ToLowerInvariant()}, in 1 to 200 characters");
        }

        if (!BudgetCalendar.IsTimeZone(terms.TimeZone))
        {
            faults.Add($"'{(terms.TimeZone is { Length: <= 60 } zone ? zone : "…")}' is no IANA time zone such as Europe/Berlin or UTC");
        }

        if (terms.Limit.Currency != "USD")
        {
            faults.Add($"the limit is in '{(terms.Limit.Currency is { Length: <= 10 } currency ? currency : "…")}'; calls are priced in USD, so it must be in USD");
        }
        else if (terms.Limit.Amount is <= 0 or > MaxLimit || decimal.Round(terms.Limit.Amount, 9) != terms.Limit.Amount)
        {
            faults.Add(string.Create(CultureInfo.InvariantCulture, $"the limit is {terms.Limit.Amount}; it must be above 0 and at most {MaxLimit:N0}, with at most 9 decimals"));
        }

        if (terms.Alerts.IsDefault || terms.Alerts.Length > MaxAlerts || terms.Alerts.Any(a => a is < 1 or > 1_000) || terms.Alerts.Zip(terms.Alerts.Skip(1)).Any(p => p.First >= p.Second))
        {
            faults.Add($"the alerts must be at most {MaxAlerts} percentages from 1 to 1,000, rising, none twice");
        }

        return faults;
    }
}

/// <summary>What can be refused of budgets.</summary>
public static class BudgetErrors
{
    /// <summary>The code of a call that a budget has no money for.</summary>
    public const string ExhaustedCode = "budget-exhausted";

    /// <summary>All that is wrong with a definition.</summary>
    public static DomainError Invalid(IReadOnlyList<string> faults) =>
        new("budget-invalid", "The budget cannot be defined: " + string.Join("; ", faults) + ".", "Change what is named and send it again.");

    /// <summary>There is no such budget.</summary>
    public static DomainError Unknown(string budget) => new("unknown-budget", $"There is no budget '{Shown(budget)}'.", "GET /v1/budgets lists the budgets.", 404);

    /// <summary>A text that cannot be a budget's id.</summary>
    public static DomainError InvalidId(string budget) =>
        new("budget-invalid", $"'{Shown(budget)}' cannot be a budget's id.", "Use 1 to 60 lower-case letters, digits, '-' and '_'.");

    /// <summary>Some of a budget never changes.</summary>
    public static DomainError Fixed(string budget, string known, string asked) =>
        new("budget-fixed", $"The budget '{budget}' has {known}; that cannot become {asked}, since what was spent under it would mean something else.", "Define another budget under another id.", 409);

    /// <summary>A limit below what is spent and promised already.</summary>
    public static DomainError BelowSpent(string budget, Money limit, Money settled, Money reserved) =>
        new("budget-below-spent", string.Create(CultureInfo.InvariantCulture, $"In this period {settled.Amount} USD of the budget '{budget}' are spent and {reserved.Amount} USD are reserved; the limit would be {limit.Amount} USD."), "Choose a higher limit, or send \"acceptOverrun\": true: no further call is then made in this period.", 409);

    /// <summary>A tenant has as many budgets as it can.</summary>
    public static DomainError TooMany(int most) => new("budgets-exhausted", $"There are {most} budgets, the most that are possible.", "Remove budgets that are not used.", 409);

    /// <summary>A call that a hard budget has no money for.</summary>
    public static DomainError Exhausted(string budget, string period, Money asked, Money available) =>
        new(ExhaustedCode, string.Create(CultureInfo.InvariantCulture, $"{available.Amount} USD are left in the budget '{budget}' ({period}); the call can cost {asked.Amount} USD."), "Raise the budget, or wait for its next period.", 429);

    /// <summary>An amount that cannot be.</summary>
    public static DomainError InvalidAmount(Money amount) =>
        new("amount-invalid", string.Create(CultureInfo.InvariantCulture, $"The amount is {amount.Amount} {amount.Currency}; budgets count in USD, from 0 up."), "Give an amount in USD of 0 or more.");

    private static string Shown(string text) => text.Length <= 100 ? text : text[..100] + "…";
}
