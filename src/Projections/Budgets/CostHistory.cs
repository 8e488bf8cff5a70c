using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using AIaaS.Domain.Agents;
using AIaaS.Domain.Budgets;
using AIaaS.Domain.Metering;
using AIaaS.EventStore;

namespace AIaaS.Projections.Budgets;

/// <summary>
/// A tenant's costs by day (UTC): of runs by the day that they ended on, of calls by the day that they were asked for on. One document for each kind, workflow or model, and day.
/// Forked runs are not counted.
/// </summary>
public sealed class CostHistoryProjection : Projection<CostDay>
{
    private const int LongestValue = 100;

    /// <inheritdoc />
    public override string Name => "CostHistory";

    /// <inheritdoc />
    public override int Version => 1;

    /// <inheritdoc />
    public override IReadOnlyList<string> EventTypePrefixes { get; } = ["agent.run.completed", UsageMetered.TypeName];

    /// <inheritdoc />
    public override JsonTypeInfo<CostDay> Json => Documents.Default.CostDay;

    /// <inheritdoc />
    public override IReadOnlyDictionary<string, FieldKind> Fields { get; } = new Dictionary<string, FieldKind>
    {
        ["tenant"] = FieldKind.Text,
        ["kind"] = FieldKind.Text,
        ["day"] = FieldKind.Text,
    };

    /// <inheritdoc />
    public override IReadOnlyList<IReadOnlyList<string>> Indexes { get; } = [["tenant", "kind", "day"], ["kind", "day"]];

    /// <inheritdoc />
    public override IEnumerable<string> KeysOf(EventEnvelope envelope)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        return envelope.Tenant is { Length: > 0 } ? [.. Parts(envelope).Select(p => p.Id).Distinct(StringComparer.Ordinal)] : [];
    }

    /// <inheritdoc />
    public override CostDay? Apply(string id, CostDay? document, EventEnvelope envelope) => Fold(id, document, [envelope]);

    /// <inheritdoc />
    public override CostDay? Fold(string id, CostDay? document, IReadOnlyList<EventEnvelope> envelopes)
    {
        ArgumentNullException.ThrowIfNull(envelopes);
        CostCounts.Builder? costs = null;
        var day = document;
        foreach (var envelope in envelopes)
        {
            foreach (var part in Parts(envelope).Where(p => p.Id == id))
            {
                day ??= new() { Tenant = envelope.Tenant, Kind = part.Kind, Value = part.Value, Day = part.Day };
                costs ??= new(day.Costs);
                costs.Add(part.Cost);
                if (part is { Kind: "workflow", Run: { } run })
                {
                    var tier = run.Tier?.ToString() ?? "none";
                    day = day with { Tiers = day.Tiers.SetItem(tier, day.Tiers.GetValueOrDefault(tier) + TierCosts.Of(run)), Tokens = day.Tokens + run.Usage };
                }
                else if (part.IsRetry)
                {
                    day = day with { Retries = day.Retries + 1, RetryCost = day.RetryCost + part.Cost };
                }
            }
        }

        return costs is null ? document : day! with { Costs = costs.Build() };
    }

    private static IEnumerable<Part> Parts(EventEnvelope envelope)
    {
        switch (envelope.Event)
        {
            case RunCompleted { Forked: false, Cost.Currency: "USD" } run:
                yield return Of("run", "*", run.At, run.Cost.Amount) with { Run = run };
                yield return Of("workflow", run.Workflow, run.At, run.Cost.Amount) with { Run = run };
                break;
            case UsageMetered used when !used.Readings.IsDefaultOrEmpty && used.Type.StartsWith(BuiltInMeters.Reserved, StringComparison.Ordinal):
                foreach (var reading in used.Readings)
                {
                    if (reading.Meter != BuiltInMeters.Cost)
                    {
                        continue;
                    }

                    var model = reading.Dimensions?.GetValueOrDefault("model");
                    yield return Of("day", "*", used.Time, reading.Value) with { IsRetry = model is not null && IsRetry(used.Data) };
                    if (model is { Length: > 0 })
                    {
                        yield return Of("model", model, used.Time, reading.Value);
                    }
                }

                break;
            default:
                break;
        }

        Part Of(string kind, string value, DateTimeOffset at, decimal cost)
        {
            var day = CostDay.DayOf(at);
            return new(IdOf(envelope.Tenant, kind, value, day), kind, value, day, cost);
        }
    }

    private static string IdOf(string tenant, string kind, string value, DateTimeOffset day)
    {
        var name = value.Length <= LongestValue ? value : value[..40] + "~" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(value)).AsSpan(0, 12));
        return DocumentId.Of(tenant, string.Create(CultureInfo.InvariantCulture, $"{kind}:{day.UtcDateTime:yyyy-MM-dd}:{name}"));
    }

    /// <summary>A call is named <c>{step}/{visit}/{attempt}</c>.</summary>
    private static bool IsRetry(JsonElement data) =>
        data.ValueKind == JsonValueKind.Object && data.TryGetProperty("call", out var call) && call.ValueKind == JsonValueKind.String
        && call.GetString() is { } name && name.LastIndexOf('/') is var slash and > 0 && int.TryParse(name.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var attempt) && attempt > 1;

    private readonly record struct Part(string Id, string Kind, string Value, DateTimeOffset Day, decimal Cost)
    {
        public RunCompleted? Run { get; init; }

        public bool IsRetry { get; init; }
    }
}

/// <summary>A tenant's cost report of a day, as it is shown.</summary>
public sealed record CostReportDocument
{
    /// <summary>The tenant.</summary>
    public required string Tenant { get; init; }

    /// <summary>The day (UTC), <c>2026-01-30</c>.</summary>
    public required string Date { get; init; }

    /// <summary>How many costs have gone up.</summary>
    public int Alarms { get; init; }

    /// <summary>What it says.</summary>
    public required CostReportMade Report { get; init; }
}

/// <summary>One document a report.</summary>
public sealed class CostReportsProjection : Projection<CostReportDocument>
{
    /// <inheritdoc />
    public override string Name => "CostReports";

    /// <inheritdoc />
    public override int Version => 1;

    /// <inheritdoc />
    public override IReadOnlyList<string> EventTypePrefixes { get; } = ["cost.report.made"];

    /// <inheritdoc />
    public override JsonTypeInfo<CostReportDocument> Json => Documents.Default.CostReportDocument;

    /// <inheritdoc />
    public override IReadOnlyDictionary<string, FieldKind> Fields { get; } = new Dictionary<string, FieldKind>
    {
        ["tenant"] = FieldKind.Text,
        ["date"] = FieldKind.Text,
        ["alarms"] = FieldKind.Number,
    };

    /// <inheritdoc />
    public override IReadOnlyList<IReadOnlyList<string>> Indexes { get; } = [["tenant", "date"], ["tenant", "alarms", "date"]];

    /// <inheritdoc />
    public override IEnumerable<string> KeysOf(EventEnvelope envelope) => DocumentId.OfStream(envelope) is { } id ? [id] : [];

    /// <inheritdoc />
    public override CostReportDocument? Apply(string id, CostReportDocument? document, EventEnvelope envelope)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        return envelope.Event is CostReportMade made
            ? new() { Tenant = envelope.Tenant, Date = made.Date, Alarms = made.Findings.Length, Report = made }
            : document;
    }
}
