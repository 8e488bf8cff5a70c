using System.Collections.Immutable;
using System.Globalization;
using AIaaS.Domain.Agents;
using AIaaS.EventStore;

namespace AIaaS.Domain.Budgets;

/// <summary>The runs of a workflow on one tier.</summary>
/// <param name="Runs">Runs that completed.</param>
/// <param name="Answered">Of these, answered.</param>
/// <param name="HandedOff">Of these, handed to a person.</param>
/// <param name="Cut">Of these, cut.</param>
/// <param name="Failed">Of these, failed.</param>
/// <param name="Cost">What they cost, in USD.</param>
public readonly record struct TierCosts(long Runs, long Answered, long HandedOff, long Cut, long Failed, decimal Cost)
{
    /// <summary>Both together.</summary>
    public static TierCosts operator +(TierCosts a, TierCosts b) => new(a.Runs + b.Runs, a.Answered + b.Answered, a.HandedOff + b.HandedOff, a.Cut + b.Cut, a.Failed + b.Failed, a.Cost + b.Cost);

    /// <summary>One run.</summary>
    public static TierCosts Of(RunCompleted run)
    {
        ArgumentNullException.ThrowIfNull(run);
        return new(1, Is(RunOutcome.Answered), Is(RunOutcome.HandedOff), Is(RunOutcome.Cut), Is(RunOutcome.Failed), run.Cost.Amount);

        long Is(RunOutcome outcome) => run.Outcome == outcome ? 1 : 0;
    }
}

/// <summary>Costs of one kind on one day (UTC): a fold of what happened, whatever the order.</summary>
public sealed record CostDay
{
    /// <summary>The tenant.</summary>
    public required string Tenant { get; init; }

    /// <summary><c>run</c>: of runs; <c>workflow</c>: of the runs of one workflow; <c>model</c>: of the calls of one model; <c>day</c>: of all calls, also of tools.</summary>
    public required string Kind { get; init; }

    /// <summary>Which workflow or model; <c>*</c> for all.</summary>
    public required string Value { get; init; }

    /// <summary>The day's beginning, UTC.</summary>
    public required DateTimeOffset Day { get; init; }

    /// <summary>The costs.</summary>
    public CostCounts Costs { get; init; } = CostCounts.Empty;

    /// <summary>Of a workflow: its runs by the tier that gave the answer; <c>none</c> where no model was asked. Empty otherwise.</summary>
    public ImmutableSortedDictionary<string, TierCosts> Tiers { get; init; } = ImmutableSortedDictionary.Create<string, TierCosts>(StringComparer.Ordinal);

    /// <summary>Of a workflow: the tokens of its runs.</summary>
    public TokenUsage Tokens { get; init; }

    /// <summary>Of a day: answers that had to be asked for once more, because the one before could not be used.</summary>
    public long Retries { get; init; }

    /// <summary>Of a day: what those cost, in USD.</summary>
    public decimal RetryCost { get; init; }

    /// <summary>The beginning of the day (UTC) that a moment lies on.</summary>
    public static DateTimeOffset DayOf(DateTimeOffset at) => new(at.UtcTicks - (at.UtcTicks % TimeSpan.TicksPerDay), TimeSpan.Zero);
}

/// <summary>What a tenant's money went into.</summary>
/// <param name="Kind"><c>workflow</c> or <c>model</c>.</param>
/// <param name="Value">Which.</param>
/// <param name="Cost">What it cost that day, in USD.</param>
/// <param name="Share">As a part of all of that kind, 0 to 1.</param>
/// <param name="Count">How many runs or calls.</param>
public sealed record CostDriver(string Kind, string Value, decimal Cost, double Share, long Count);

/// <summary>Something to do about costs, with the numbers that speak for it.</summary>
/// <param name="Code"><c>cheaper-tier</c>, <c>no-cache-reads</c>, <c>retries</c> or <c>budget-runs-out</c>.</param>
/// <param name="Subject">Which workflow or budget; <c>*</c> for all.</param>
/// <param name="Saving">What it would save in the days that were looked at, in USD; null where that cannot be said.</param>
/// <param name="Text">In words.</param>
/// <param name="Figures">The numbers, by name.</param>
public sealed record CostRecommendation(string Code, string Subject, decimal? Saving, string Text, ImmutableSortedDictionary<string, decimal> Figures);

/// <summary>Type <c>cost.report.made</c> in <c>costReport-{tenant}_{date}</c>: a tenant's costs of a day against their history. One for each day.</summary>
/// <param name="Date">The day (UTC), <c>2026-01-30</c>.</param>
/// <param name="Total">What the day cost, in USD.</param>
/// <param name="Usual">What a day of the history cost in the mean, in USD.</param>
/// <param name="HistoryDays">How many days of history there are, of those that were asked for.</param>
/// <param name="Alpha">The most that the chance of any false alarm in this report is.</param>
/// <param name="Tested">How many series were tested.</param>
/// <param name="NotTested">Series with too few costs, and why.</param>
/// <param name="Findings">Costs that have gone up.</param>
/// <param name="Drivers">What the money went into, the dearest first.</param>
/// <param name="Recommendations">What to do.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record CostReportMade(
    string Date,
    decimal Total,
    decimal Usual,
    int HistoryDays,
    double Alpha,
    int Tested,
    ImmutableArray<string> NotTested,
    ImmutableArray<CostFinding> Findings,
    ImmutableArray<CostDriver> Drivers,
    ImmutableArray<CostRecommendation> Recommendations,
    DateTimeOffset At) : DomainEvent
{
    internal static CostReportMade Example(DateTimeOffset at) => new(
        "2026-01-30",
        12.5m,
        9.4m,
        28,
        0.01,
        3,
        ["day *: 28 days before; 199 are needed"],
        [new("workflow", "faq_handling", 0.0031m, 0.0042m, 0.3548, 0.99m, 24_100, 900, "rank-sum", 0.0000002, 0.0033, "A run of the workflow 'faq_handling' cost 0.0042 USD, 0.0031 USD before (+35 %); that made the day 0.99 USD dearer.")],
        [new("workflow", "faq_handling", 3.78m, 0.302, 900)],
        [new("no-cache-reads", "faq_handling", null, "2100000 input tokens of the workflow 'faq_handling' came from no cache, and none from one.", ImmutableSortedDictionary.Create<string, decimal>(StringComparer.Ordinal).Add("cacheRead", 0).Add("uncachedInput", 2_100_000))],
        at);
}

/// <summary>Makes a day's report.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Report">What it says.</param>
public sealed record MakeCostReport(string Tenant, CostReportMade Report);

/// <summary>A tenant's report of a day; made once.</summary>
public sealed record CostReport : IState<CostReport>
{
    /// <summary>No report yet.</summary>
    public static CostReport Initial { get; } = new();

    /// <summary>What it says; null before it is made.</summary>
    public CostReportMade? Made { get; init; }

    /// <summary>The stream of a day's report.</summary>
    public static StreamName Stream(string tenant, string date) => StreamName.For("costReport", tenant, date);

    /// <inheritdoc />
    public CostReport Evolve(object @event) => @event is CostReportMade e ? this with { Made = e } : this;

    /// <summary>Makes it; again changes nothing.</summary>
    public Decision Make(MakeCostReport command)
    {
        ArgumentNullException.ThrowIfNull(command);
        return Made is null ? command.Report : Decision.Unchanged;
    }
}

/// <summary>How a budget stands, for a forecast.</summary>
/// <param name="Budget">The budget's id.</param>
/// <param name="Settled">What is spent in the current period.</param>
/// <param name="Limit">The most of it.</param>
/// <param name="From">When the period began.</param>
/// <param name="To">When the next one begins.</param>
public sealed record BudgetPace(string Budget, decimal Settled, decimal Limit, DateTimeOffset From, DateTimeOffset To);

/// <summary>Makes a tenant's report of a day out of its cost history. Pure.</summary>
public static class CostReporting
{
    private const int MostDrivers = 10;
    private const long LeastTokens = 100_000;

    /// <summary>The report of a day.</summary>
    /// <param name="day">The day's beginning, UTC.</param>
    /// <param name="history">The tenant's costs of that day and of those before.</param>
    /// <param name="budgets">The tenant's budgets as they stand now.</param>
    /// <param name="options">The settings.</param>
    /// <param name="now">Now.</param>
    public static CostReportMade Make(DateTimeOffset day, IReadOnlyCollection<CostDay> history, IReadOnlyCollection<BudgetPace> budgets, CostGuardOptions options, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(history);
        ArgumentNullException.ThrowIfNull(budgets);
        ArgumentNullException.ThrowIfNull(options);
        var from = day.AddDays(-options.HistoryDays);
        var today = history.Where(d => d.Day == day).ToList();
        var window = history.Where(d => d.Day >= from && d.Day <= day).ToList();
        var series = window.Where(d => d.Kind != "day").GroupBy(d => (d.Kind, d.Value)).Where(g => g.Any(d => d.Day == day)).OrderBy(g => g.Key.Kind, StringComparer.Ordinal).ThenBy(g => g.Key.Value, StringComparer.Ordinal)
            .Select(g => new CostSeries(g.Key.Kind, g.Key.Value, Sum(g.Where(d => d.Day < day)), Sum(g.Where(d => d.Day == day)))).ToList();
        var totals = history.Where(d => d.Kind == "day" && d.Day < day && d.Day >= day.AddDays(-options.DayHistory)).ToDictionary(d => d.Day, d => d.Costs.Total);
        var daysBefore = totals.Count == 0 ? 0 : (int)(day - totals.Keys.Min()).TotalDays;
        var before = Enumerable.Range(1, daysBefore).Select(i => totals.GetValueOrDefault(day.AddDays(-i))).ToList();
        var total = today.Where(d => d.Kind == "day").Sum(d => d.Costs.Total);
        var verdict = CostDrift.Judge(series, before, total, options, $"{history.FirstOrDefault()?.Tenant} {day.UtcTicks}");
        var usual = before.Take(options.HistoryDays).ToList();
        return new(
            day.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
            total,
            usual.Count == 0 ? 0 : decimal.Round(usual.Sum() / usual.Count, 12),
            usual.Count,
            options.Alpha,
            verdict.Tested,
            verdict.NotTested,
            [.. verdict.Findings.Select(f => f with { Before = decimal.Round(f.Before, 12), Now = decimal.Round(f.Now, 12), Excess = decimal.Round(f.Excess, 12) })],
            [.. Drivers(today, "workflow"), .. Drivers(today, "model")],
            [.. Recommend(window, budgets, options, now)],
            now);
    }

    private static CostCounts Sum(IEnumerable<CostDay> days)
    {
        var builder = new CostCounts.Builder(CostCounts.Empty);
        foreach (var one in days)
        {
            builder.Add(one.Costs);
        }

        return builder.Build();
    }

    private static IEnumerable<CostDriver> Drivers(List<CostDay> today, string kind)
    {
        var all = today.Where(d => d.Kind == kind && d.Costs.Total > 0).ToList();
        var total = all.Sum(d => d.Costs.Total);
        return all.OrderByDescending(d => d.Costs.Total).ThenBy(d => d.Value, StringComparer.Ordinal).Take(MostDrivers)
            .Select(d => new CostDriver(kind, d.Value, d.Costs.Total, Math.Round((double)(d.Costs.Total / total), 4), d.Costs.N));
    }

    private static List<CostRecommendation> Recommend(List<CostDay> window, IReadOnlyCollection<BudgetPace> budgets, CostGuardOptions options, DateTimeOffset now)
    {
        var recommendations = new List<CostRecommendation>();
        var days = options.HistoryDays + 1;
        foreach (var workflow in window.Where(d => d.Kind == "workflow").GroupBy(d => d.Value).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            var tiers = workflow.SelectMany(d => d.Tiers).GroupBy(t => t.Key, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.Aggregate(default(TierCosts), (sum, t) => sum + t.Value), StringComparer.Ordinal);
            foreach (var (dear, cheap) in new[] { ("LLM", "SLM_B"), ("SLM_B", "SLM_A") })
            {
                if (Cheaper(workflow.Key, dear, tiers.GetValueOrDefault(dear), cheap, tiers.GetValueOrDefault(cheap), options, days) is { } cheaper)
                {
                    recommendations.Add(cheaper);
                }
            }

            var tokens = workflow.Aggregate(default(TokenUsage), (sum, d) => sum + d.Tokens);
            if (tokens.CacheRead == 0 && tokens.UncachedInput >= LeastTokens)
            {
                recommendations.Add(new(
                    "no-cache-reads",
                    workflow.Key,
                    null,
                    string.Create(CultureInfo.InvariantCulture, $"In {days} days {tokens.UncachedInput} input tokens of the workflow '{workflow.Key}' came from no cache, and none from one. Put what is the same in every request (instructions, examples) first, and use a model whose provider caches beginnings."),
                    Figures(("uncachedInput", tokens.UncachedInput), ("cacheRead", 0))));
            }
        }

        var (retries, cost, all) = window.Where(d => d.Kind == "day").Aggregate((0L, 0m, 0m), (sum, d) => (sum.Item1 + d.Retries, sum.Item2 + d.RetryCost, sum.Item3 + d.Costs.Total));
        if (retries > 0 && cost >= options.LeastExcess)
        {
            recommendations.Add(new(
                "retries",
                "*",
                cost,
                string.Create(CultureInfo.InvariantCulture, $"In {days} days {retries} answers were asked for again, because the one before failed or could not be used: {cost:0.######} USD, {Part(cost, all):0.#} % of all. Look at the steps whose schema or labels the model misses."),
                Figures(("retries", retries), ("cost", cost), ("percent", decimal.Round(Part(cost, all), 2)))));
        }

        foreach (var budget in budgets.OrderBy(b => b.Budget, StringComparer.Ordinal))
        {
            var elapsed = (decimal)(now - budget.From).TotalDays;
            if (elapsed <= 0 || budget.Settled <= 0 || now >= budget.To || elapsed < 0.02m * (decimal)(budget.To - budget.From).TotalDays)
            {
                continue;
            }

            var rate = budget.Settled / elapsed;
            var left = Math.Max(0, budget.Limit - budget.Settled) / rate;
            if (left >= (decimal)(budget.To - now).TotalDays)
            {
                continue;
            }

            var spentOn = now.AddDays((double)left);
            recommendations.Add(new(
                "budget-runs-out",
                budget.Budget,
                null,
                string.Create(CultureInfo.InvariantCulture, $"At the rate of this period ({rate:0.######} USD a day) the budget '{budget.Budget}' will be spent by {spentOn.UtcDateTime:yyyy-MM-dd HH:mm} UTC; its period ends at {budget.To.UtcDateTime:yyyy-MM-dd HH:mm} UTC."),
                Figures(("settled", budget.Settled), ("limit", budget.Limit), ("ratePerDay", decimal.Round(rate, 9)), ("daysLeft", decimal.Round(left, 3)))));
        }

        return recommendations;
    }

    /// <summary>
    /// How alike the outcomes of two tiers are: the part of the dear tier's runs that would have come out the same, were its outcomes spread as the cheap one's are. It is no
    /// experiment: the runs were not given to the tiers at random.
    /// </summary>
    private static CostRecommendation? Cheaper(string workflow, string dear, TierCosts of, string cheap, TierCosts than, CostGuardOptions options, int days)
    {
        if (of.Runs < options.LeastRunsPerTier || than.Runs < options.LeastRunsPerTier)
        {
            return null;
        }

        var same = Alike(of.Answered, than.Answered) + Alike(of.HandedOff, than.HandedOff) + Alike(of.Cut, than.Cut) + Alike(of.Failed, than.Failed);
        var saving = of.Cost - (than.Cost / than.Runs * of.Runs);
        if (same < 0.95m || saving < options.LeastExcess)
        {
            return null;
        }

        return new(
            "cheaper-tier",
            workflow,
            decimal.Round(saving, 9),
            string.Create(CultureInfo.InvariantCulture, $"{same * 100:0.#} % of the {of.Runs} runs of the workflow '{workflow}' on {dear} ended as those on {cheap} do ({than.Runs} runs). On {cheap} they would have cost {saving:0.######} USD less in {days} days. The runs were not drawn at random: fork some of them on {cheap} before changing the workflow."),
            Figures(("samePercent", decimal.Round(same * 100, 2)), ("runs", of.Runs), ("runsCheaper", than.Runs), ("cost", of.Cost), ("meanCheaper", decimal.Round(than.Cost / than.Runs, 9))));

        decimal Alike(long a, long b) => Math.Min((decimal)a / of.Runs, (decimal)b / than.Runs);
    }

    private static decimal Part(decimal of, decimal all) => all == 0 ? 0 : of / all * 100;

    private static ImmutableSortedDictionary<string, decimal> Figures(params (string Name, decimal Value)[] figures) => figures.ToImmutableSortedDictionary(f => f.Name, f => f.Value, StringComparer.Ordinal);
}
