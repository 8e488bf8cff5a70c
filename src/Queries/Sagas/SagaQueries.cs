using System.Text.Json;
using AIaaS.Domain.Sagas;
using AIaaS.EventStore;
using AIaaS.Projections;
using AIaaS.Projections.Sagas;

namespace AIaaS.Queries.Sagas;

/// <summary>What happened in a saga.</summary>
/// <param name="Saga">The saga.</param>
/// <param name="Entries">Its events, oldest first.</param>
public sealed record SagaTimeline(string Saga, IReadOnlyList<SagaTimelineEntry> Entries);

/// <summary>An event of a saga.</summary>
/// <param name="Version">Its number in the saga's stream.</param>
/// <param name="Type">Its type.</param>
/// <param name="RecordedAt">When the log recorded it.</param>
/// <param name="Step">The step that it concerns; null for none.</param>
/// <param name="Call">The call that it concerns; null for none.</param>
/// <param name="Data">All of it.</param>
public sealed record SagaTimelineEntry(long Version, string Type, DateTimeOffset RecordedAt, string? Step, string? Call, JsonElement Data);

/// <summary>A tenant's sagas.</summary>
public sealed class SagaQueries(ReadModel<SagaDocument> sagas, IEventStore log)
{
    /// <summary>The most events of a timeline.</summary>
    public const int MaxEntries = 1_000;

    private static readonly Dictionary<string, string> Sorts = new(StringComparer.Ordinal) { ["startedAt"] = "startedAt", ["endedAt"] = "endedAt" };

    /// <summary>One saga.</summary>
    public Task<QueryResult<SagaDocument>> GetAsync(string tenant, string saga, Consistency consistency = default, CancellationToken cancellationToken = default) =>
        sagas.GetAsync(tenant, saga, consistency, cancellationToken);

    /// <summary>Sagas, newest first unless sorted by <c>startedAt</c> or <c>endedAt</c>.</summary>
    /// <exception cref="InvalidQueryException">Sort order, page size or cursor are not possible.</exception>
    public Task<QueryResult<Page<SagaDocument>>> ListAsync(string tenant, SagaStatus? state, string? name, PageRequest page, Consistency consistency = default, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(page);
        return sagas.ListAsync(
            tenant,
            [Asking.Equal("state", state is { } s ? JsonNamingPolicy.CamelCase.ConvertName(s.ToString()) : null), Asking.Equal("name", name)],
            Sorts,
            "-startedAt",
            page,
            consistency,
            cancellationToken);
    }

    /// <summary>What happened in a saga, from its stream; null where there is none.</summary>
    public async Task<SagaTimeline?> TimelineAsync(string tenant, string saga, CancellationToken cancellationToken = default)
    {
        var stream = Saga.Stream(tenant, saga);
        if (EventStoreLimits.NameFault(stream) is not null)
        {
            return null;
        }

        List<SagaTimelineEntry> entries = [];
        await foreach (var recorded in log.ReadStreamOrEmptyAsync(stream, maxCount: MaxEntries, cancellationToken: cancellationToken))
        {
            var data = JsonElement.Parse(recorded.Data.Span);
            entries.Add(new(recorded.Version, recorded.Type, recorded.Recorded, Text(data, "step"), Text(data, "call"), data));
        }

        return entries.Count == 0 ? null : new(saga, entries);
    }

    private static string? Text(JsonElement data, string name) => data.ValueKind == JsonValueKind.Object && data.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
