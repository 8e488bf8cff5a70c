using System.Collections.Immutable;
using AIaaS.Domain.Agents;
using AIaaS.Domain.Knowledge;

namespace AIaaS.Commands.Knowledge;

/// <summary>Searches a tenant's articles.</summary>
public interface IRetriever
{
    /// <summary>The best passages, best first. For <see cref="Audience.Customer"/> staff-only articles are not even looked at.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="query">Words in natural language.</param>
    /// <param name="audience">Who will see the passages.</param>
    /// <param name="top">The most passages, 1 to 20.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    ValueTask<Retrieval> RetrieveAsync(string tenant, string query, Audience audience, int top, CancellationToken cancellationToken = default);
}

/// <summary>What a search found.</summary>
/// <param name="Passages">Best first; ties by article id, so that the order is always the same.</param>
/// <param name="IndexPosition">The log position that the index reflected.</param>
public sealed record Retrieval(ImmutableArray<Passage> Passages, ulong IndexPosition);
