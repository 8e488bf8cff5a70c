using AIaaS.Projections;
using AIaaS.Projections.Agents;

namespace AIaaS.Queries.Agents;

/// <summary>What happened in a run, step by step.</summary>
public sealed class EpisodeQueries(ReadModel<RunTimelineDocument> timelines)
{
    /// <summary>The timeline of a run.</summary>
    public Task<QueryResult<RunTimelineDocument>> GetTimelineAsync(string tenant, string run, Consistency consistency = default, CancellationToken cancellationToken = default) =>
        timelines.GetAsync(tenant, run, consistency, cancellationToken);
}
