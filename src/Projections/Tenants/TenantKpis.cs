using System.Collections.Immutable;
using AIaaS.Domain.Agents;

namespace AIaaS.Projections.Tenants;

/// <summary>
/// What a tenant's runs were in a stretch of time: counts, latencies, tokens, money. Two stretches add up to the one that spans both.
/// Forked runs are not counted.
/// </summary>
public sealed record TenantKpis
{
    /// <summary>The tenant.</summary>
    public required string Tenant { get; init; }

    /// <summary>The beginning of the stretch.</summary>
    public required DateTimeOffset From { get; init; }

    /// <summary>The end of the stretch (exclusive).</summary>
    public required DateTimeOffset To { get; init; }

    /// <summary>Runs that completed.</summary>
    public long Runs { get; init; }

    /// <summary>Of these, answered.</summary>
    public long Answered { get; init; }

    /// <summary>Of these, handed to a person.</summary>
    public long HandedOff { get; init; }

    /// <summary>Of these, cut by loop safety or a budget.</summary>
    public long Cut { get; init; }

    /// <summary>Of these, failed.</summary>
    public long Failed { get; init; }

    /// <summary>Runs by the tier that gave the answer; <c>none</c> where no model was asked.</summary>
    public ImmutableSortedDictionary<string, long> Tiers { get; init; } = ImmutableSortedDictionary<string, long>.Empty;

    /// <summary>Runs by workflow.</summary>
    public ImmutableSortedDictionary<string, WorkflowKpis> Workflows { get; init; } = ImmutableSortedDictionary<string, WorkflowKpis>.Empty;

    /// <summary>Tokens by class.</summary>
    public TokenUsage Tokens { get; init; }

    /// <summary>Model calls that completed.</summary>
    public long ModelCalls { get; init; }

    /// <summary>Price of all calls, by currency.</summary>
    public ImmutableSortedDictionary<string, decimal> Cost { get; init; } = ImmutableSortedDictionary<string, decimal>.Empty;

    /// <summary>Durations in milliseconds.</summary>
    public DdSketch Latency { get; init; } = DdSketch.Empty;

    /// <summary>Answered runs as a part of all, 0 to 1; null where there is none.</summary>
    public double? SuccessRate() => Runs == 0 ? null : Answered / (double)Runs;

    /// <summary>Both together, over the stretch that spans both.</summary>
    public TenantKpis Merge(TenantKpis other)
    {
        var builder = new Builder(this);
        builder.Add(other);
        return builder.Build();
    }

    /// <summary>Gathers many runs before they become a document.</summary>
    public sealed class Builder
    {
        private readonly string tenant;
        private readonly DdSketch.Builder latency;
        private readonly Dictionary<string, long> tiers;
        private readonly Dictionary<string, WorkflowKpis> workflows;
        private readonly Dictionary<string, decimal> cost;
        private DateTimeOffset from;
        private DateTimeOffset to;
        private long runs;
        private long answered;
        private long handedOff;
        private long cut;
        private long failed;
        private long modelCalls;
        private TokenUsage tokens;

        /// <summary>Begins with what a document holds.</summary>
        public Builder(TenantKpis start)
        {
            ArgumentNullException.ThrowIfNull(start);
            tenant = start.Tenant;
            (from, to) = (start.From, start.To);
            latency = new(DdSketch.Empty);
            tiers = new(StringComparer.Ordinal);
            workflows = new(StringComparer.Ordinal);
            cost = new(StringComparer.Ordinal);
            Add(start);
        }

        /// <summary>Adds a run.</summary>
        public void Add(RunCompleted run)
        {
            ArgumentNullException.ThrowIfNull(run);

            // First, since it refuses what is no duration: nothing is half added then.
            latency.Add(run.DurationMs);
            runs++;
            switch (run.Outcome)
            {
                case RunOutcome.Answered: answered++; break;
                case RunOutcome.HandedOff: handedOff++; break;
                case RunOutcome.Cut: cut++; break;
                case RunOutcome.Failed: failed++; break;
                default: throw new InvalidOperationException($"The outcome {run.Outcome} is not known.");
            }

            var tier = run.Tier switch { null => "none", Tier.SLM_A => "SLM_A", Tier.SLM_B => "SLM_B", Tier.LLM => "LLM", _ => throw new InvalidOperationException($"The tier {run.Tier} is not known.") };
            Count(tiers, tier, 1);
            var workflow = workflows.GetValueOrDefault(run.Workflow);
            workflows[run.Workflow] = new(workflow.Runs + 1, workflow.Answered + (run.Outcome is RunOutcome.Answered ? 1 : 0));
            tokens += run.Usage;
            modelCalls += run.ModelCalls;
            cost[run.Cost.Currency] = cost.GetValueOrDefault(run.Cost.Currency) + run.Cost.Amount;
        }

        /// <summary>Adds the runs of another stretch.</summary>
        public void Add(TenantKpis other)
        {
            ArgumentNullException.ThrowIfNull(other);
            from = other.From < from ? other.From : from;
            to = other.To > to ? other.To : to;
            latency.Add(other.Latency);
            runs += other.Runs;
            answered += other.Answered;
            handedOff += other.HandedOff;
            cut += other.Cut;
            failed += other.Failed;
            modelCalls += other.ModelCalls;
            tokens += other.Tokens;
            foreach (var (tier, count) in other.Tiers)
            {
                Count(tiers, tier, count);
            }

            foreach (var (name, counts) in other.Workflows)
            {
                var workflow = workflows.GetValueOrDefault(name);
                workflows[name] = new(workflow.Runs + counts.Runs, workflow.Answered + counts.Answered);
            }

            foreach (var (currency, amount) in other.Cost)
            {
                cost[currency] = cost.GetValueOrDefault(currency) + amount;
            }
        }

        /// <summary>The document of what was added.</summary>
        public TenantKpis Build() => new()
        {
            Tenant = tenant,
            From = from,
            To = to,
            Runs = runs,
            Answered = answered,
            HandedOff = handedOff,
            Cut = cut,
            Failed = failed,
            ModelCalls = modelCalls,
            Tokens = tokens,
            Tiers = tiers.ToImmutableSortedDictionary(StringComparer.Ordinal),
            Workflows = workflows.ToImmutableSortedDictionary(StringComparer.Ordinal),
            Cost = cost.ToImmutableSortedDictionary(StringComparer.Ordinal),
            Latency = latency.Build(),
        };

        private static void Count(Dictionary<string, long> counts, string key, long by) => counts[key] = counts.GetValueOrDefault(key) + by;
    }
}

/// <summary>The runs of one workflow.</summary>
/// <param name="Runs">Runs that completed.</param>
/// <param name="Answered">Of these, answered.</param>
public readonly record struct WorkflowKpis(long Runs, long Answered);
