using System.Collections.Immutable;
using System.Text.Json;
using AIaaS.EventStore;

namespace AIaaS.Projections.Tenants;

/// <summary>KPIs straight from the log, event by event and without a store: what the read model must be equal to.</summary>
public static class KpiFold
{
    /// <summary>The documents that the log gives, by id.</summary>
    public static async Task<ImmutableSortedDictionary<string, TenantKpis>> OfLogAsync(IEventStore log, EventTypes types, TenantKpisProjection projection, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(log);
        ArgumentNullException.ThrowIfNull(projection);
        var documents = new Dictionary<string, TenantKpis>(StringComparer.Ordinal);
        await foreach (var recorded in log.ReadAllAsync(ReadDirection.Forwards, LogPosition.Start, EventFilter.Types(projection.EventTypePrefixes), cancellationToken: cancellationToken))
        {
            var envelope = EventEnvelope.Read(types, recorded);
            foreach (var id in projection.KeysOf(envelope))
            {
                if (projection.Apply(id, documents.GetValueOrDefault(id), envelope) is { } document)
                {
                    documents[id] = document;
                }
            }
        }

        return documents.ToImmutableSortedDictionary(StringComparer.Ordinal);
    }

    /// <summary>Where the read model differs from a fold of the log; empty when they are equal.</summary>
    public static async Task<IReadOnlyList<string>> DifferencesAsync(IEventStore log, EventTypes types, IReadModelStore store, TenantKpisProjection projection, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        var expected = await OfLogAsync(log, types, projection, cancellationToken);
        var differences = new List<string>();
        if (await store.GetActiveAsync(projection.Name, cancellationToken) is not { } collection)
        {
            return ["The read model has no active collection yet."];
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        var query = new DocumentQuery { Limit = QueryRules.MaxLimit };
        DocumentPage page;
        do
        {
            page = await store.QueryAsync(collection, query, cancellationToken);
            query = query with { Cursor = page.NextCursor };
            foreach (var stored in page.Documents)
            {
                seen.Add(stored.Id);
                var actual = Text(JsonSerializer.Deserialize(stored.Json.Span, projection.Json)!, projection);
                if (!expected.TryGetValue(stored.Id, out var document))
                {
                    differences.Add($"{stored.Id}: in the read model, not in the log");
                }
                else if (Text(document, projection) is var text && text != actual)
                {
                    differences.Add($"{stored.Id}: the read model says {actual}, the log {text}");
                }
            }
        }
        while (page.NextCursor is not null);

        differences.AddRange(expected.Keys.Where(id => !seen.Contains(id)).Select(id => $"{id}: in the log, not in the read model"));
        return differences;
    }

    private static string Text(TenantKpis kpis, TenantKpisProjection projection) => JsonSerializer.Serialize(kpis, projection.Json);
}
