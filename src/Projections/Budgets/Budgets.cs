using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Serialization.Metadata;
using AIaaS.Domain;
using AIaaS.Domain.Budgets;
using AIaaS.EventStore;

namespace AIaaS.Projections.Budgets;

/// <summary>A budget as it is shown.</summary>
public sealed record BudgetDocument
{
    /// <summary>The budget's id.</summary>
    public required string Budget { get; init; }

    /// <summary>The tenant.</summary>
    public required string Tenant { get; init; }

    /// <summary>How often it was defined.</summary>
    public int Version { get; init; }

    /// <summary>What it says; null before it is defined.</summary>
    public BudgetTerms? Terms { get; init; }

    /// <summary>Whether it limits nothing any more.</summary>
    public bool Removed { get; init; }

    /// <summary>Who defined or removed it last.</summary>
    public string Actor { get; init; } = "";

    /// <summary>When.</summary>
    public DateTimeOffset ChangedAt { get; init; }
}

/// <summary>One document a budget.</summary>
public sealed class BudgetsProjection : Projection<BudgetDocument>
{
    /// <inheritdoc />
    public override string Name => "Budgets";

    /// <inheritdoc />
    public override int Version => 1;

    /// <inheritdoc />
    public override IReadOnlyList<string> EventTypePrefixes { get; } = ["budget.defined", "budget.removed"];

    /// <inheritdoc />
    public override JsonTypeInfo<BudgetDocument> Json => Documents.Default.BudgetDocument;

    /// <inheritdoc />
    public override IReadOnlyDictionary<string, FieldKind> Fields { get; } = new Dictionary<string, FieldKind>
    {
        ["tenant"] = FieldKind.Text,
        ["budget"] = FieldKind.Text,
        ["removed"] = FieldKind.Boolean,
        ["changedAt"] = FieldKind.Text,
    };

    /// <inheritdoc />
    public override IReadOnlyList<IReadOnlyList<string>> Indexes { get; } = [["tenant", "budget"], ["tenant", "changedAt"]];

    /// <inheritdoc />
    public override IEnumerable<string> KeysOf(EventEnvelope envelope) => DocumentId.OfStream(envelope) is { } id ? [id] : [];

    /// <inheritdoc />
    public override BudgetDocument? Apply(string id, BudgetDocument? document, EventEnvelope envelope)
    {
        var budget = document ?? new() { Budget = new StreamName(envelope.Recorded.Stream).Id, Tenant = envelope.Tenant };
        return envelope.Event switch
        {
            BudgetDefined e => budget with { Version = e.Version, Terms = e.Terms, Removed = false, Actor = e.Actor, ChangedAt = e.At },
            BudgetRemoved e => budget with { Removed = true, Actor = e.Actor, ChangedAt = e.At },
            _ => budget,
        };
    }
}

/// <summary>The money of a budget for one period, as it is shown.</summary>
public sealed record BudgetPeriodDocument
{
    /// <summary>The budget's id.</summary>
    public required string Budget { get; init; }

    /// <summary>The period.</summary>
    public required string Period { get; init; }

    /// <summary>The tenant.</summary>
    public required string Tenant { get; init; }

    /// <summary>When it begins.</summary>
    public DateTimeOffset From { get; init; }

    /// <summary>When the next one begins.</summary>
    public DateTimeOffset To { get; init; }

    /// <summary>The most of it.</summary>
    public Money Limit { get; init; } = Money.Usd(0);

    /// <summary>Whether a call that could exceed it is refused.</summary>
    public bool Hard { get; init; }

    /// <summary>What is spent.</summary>
    public Money Settled { get; init; } = Money.Usd(0);

    /// <summary>What is set aside for calls that are under way.</summary>
    public Money Reserved { get; init; } = Money.Usd(0);

    /// <summary>How many reservations are open.</summary>
    public int Open { get; init; }

    /// <summary>Calls that were settled.</summary>
    public long Calls { get; init; }

    /// <summary>Thresholds that are reached, in percent.</summary>
    public ImmutableArray<int> Reached { get; init; } = [];

    /// <summary>Whether a call was refused since the budget was granted last.</summary>
    public bool Exhausted { get; init; }

    /// <summary>When something became of it last.</summary>
    public DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>One document a period of a budget.</summary>
public sealed class BudgetPeriodsProjection : Projection<BudgetPeriodDocument>
{
    /// <inheritdoc />
    public override string Name => "BudgetPeriods";

    /// <inheritdoc />
    public override int Version => 1;

    /// <inheritdoc />
    public override IReadOnlyList<string> EventTypePrefixes { get; } = ["budget.granted", "budget.reserved", "budget.settled", "budget.released", "budget.threshold-reached", "budget.exhausted"];

    /// <inheritdoc />
    public override JsonTypeInfo<BudgetPeriodDocument> Json => Documents.Default.BudgetPeriodDocument;

    /// <inheritdoc />
    public override IReadOnlyDictionary<string, FieldKind> Fields { get; } = new Dictionary<string, FieldKind>
    {
        ["tenant"] = FieldKind.Text,
        ["budget"] = FieldKind.Text,
        ["from"] = FieldKind.Text,
    };

    /// <inheritdoc />
    public override IReadOnlyList<IReadOnlyList<string>> Indexes { get; } = [["tenant", "budget", "from"], ["tenant", "from"]];

    /// <inheritdoc />
    public override IEnumerable<string> KeysOf(EventEnvelope envelope) => DocumentId.OfStream(envelope) is { } id ? [id] : [];

    /// <inheritdoc />
    public override BudgetPeriodDocument? Apply(string id, BudgetPeriodDocument? document, EventEnvelope envelope)
    {
        var (budget, name) = BudgetPeriod.Names(new StreamName(envelope.Recorded.Stream).Id);
        var period = document ?? new() { Budget = budget, Period = name, Tenant = envelope.Tenant };
        return envelope.Event switch
        {
            BudgetGranted e => period with { From = e.From, To = e.To, Limit = e.Limit, Hard = e.Hard, Reached = [.. period.Reached.Where(p => period.Settled.Amount * 100 >= e.Limit.Amount * p)], Exhausted = false, UpdatedAt = e.At },
            BudgetReserved e => period with { Reserved = period.Reserved + e.Amount, Open = period.Open + 1, UpdatedAt = e.At },
            BudgetSettled e => period with { Settled = period.Settled + e.Amount, Reserved = period.Reserved - e.Amount - e.Released, Open = period.Open - 1, Calls = period.Calls + 1, UpdatedAt = e.At },
            BudgetReleased e => period with { Reserved = period.Reserved - e.Amount, Open = period.Open - 1, UpdatedAt = e.At },
            BudgetThresholdReached e => period with { Reached = [.. period.Reached.Append(e.Percent).Order()], UpdatedAt = e.At },
            BudgetExhausted e => period with { Exhausted = true, UpdatedAt = e.At },
            _ => period,
        };
    }
}

/// <summary>What a budget has to say to its tenant.</summary>
public sealed record BudgetAlertDocument
{
    /// <summary>The alert's id.</summary>
    public required string Alert { get; init; }

    /// <summary>The budget.</summary>
    public required string Budget { get; init; }

    /// <summary>The period.</summary>
    public required string Period { get; init; }

    /// <summary>The tenant.</summary>
    public required string Tenant { get; init; }

    /// <summary><c>threshold</c>, or <c>exhausted</c>: a call was refused.</summary>
    public string Kind { get; init; } = "threshold";

    /// <summary>Of a threshold: its percentage; null otherwise.</summary>
    public int? Percent { get; init; }

    /// <summary>Of a threshold: what is spent; of a refusal: what was available.</summary>
    public Money Amount { get; init; } = Money.Usd(0);

    /// <summary>The most of the period.</summary>
    public Money Limit { get; init; } = Money.Usd(0);

    /// <summary>When.</summary>
    public DateTimeOffset At { get; init; }
}

/// <summary>One document an alert.</summary>
public sealed class BudgetAlertsProjection : Projection<BudgetAlertDocument>
{
    /// <inheritdoc />
    public override string Name => "BudgetAlerts";

    /// <inheritdoc />
    public override int Version => 1;

    /// <inheritdoc />
    public override IReadOnlyList<string> EventTypePrefixes { get; } = ["budget.threshold-reached", "budget.exhausted"];

    /// <inheritdoc />
    public override JsonTypeInfo<BudgetAlertDocument> Json => Documents.Default.BudgetAlertDocument;

    /// <inheritdoc />
    public override IReadOnlyDictionary<string, FieldKind> Fields { get; } = new Dictionary<string, FieldKind>
    {
        ["tenant"] = FieldKind.Text,
        ["budget"] = FieldKind.Text,
        ["at"] = FieldKind.Text,
    };

    /// <inheritdoc />
    public override IReadOnlyList<IReadOnlyList<string>> Indexes { get; } = [["tenant", "at"], ["tenant", "budget", "at"]];

    /// <inheritdoc />
    public override IEnumerable<string> KeysOf(EventEnvelope envelope)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        return DocumentId.OfStream(envelope) is { } id ? [string.Create(CultureInfo.InvariantCulture, $"{id}.{envelope.Recorded.Version}")] : [];
    }

    /// <inheritdoc />
    public override BudgetAlertDocument? Apply(string id, BudgetAlertDocument? document, EventEnvelope envelope)
    {
        var stream = new StreamName(envelope.Recorded.Stream).Id;
        var (budget, period) = BudgetPeriod.Names(stream);
        var alert = document ?? new() { Alert = string.Create(CultureInfo.InvariantCulture, $"{stream}.{envelope.Recorded.Version}"), Budget = budget, Period = period, Tenant = envelope.Tenant };
        return envelope.Event switch
        {
            BudgetThresholdReached e => alert with { Percent = e.Percent, Amount = e.Settled, Limit = e.Limit, At = e.At },
            BudgetExhausted e => alert with { Kind = "exhausted", Amount = e.Available, Limit = e.Limit, At = e.At },
            _ => alert,
        };
    }
}
