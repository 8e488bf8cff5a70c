using System.Text.Json;
using AIaaS.Domain.Agents;
using AIaaS.Projections;
using AIaaS.Projections.Agents;

namespace AIaaS.Queries.Agents;

/// <summary>Which runs of a tenant are wanted; what is null does not restrict.</summary>
public sealed record RunFilter
{
    /// <summary>Open or completed.</summary>
    public RunStatus? Status { get; init; }

    /// <summary>How it ended.</summary>
    public RunOutcome? Outcome { get; init; }

    /// <summary>Why it ended so.</summary>
    public string? Reason { get; init; }

    /// <summary>The workflow.</summary>
    public string? Workflow { get; init; }

    /// <summary>The conversation.</summary>
    public string? Conversation { get; init; }

    /// <summary>The tier that gave the answer.</summary>
    public Tier? Tier { get; init; }

    /// <summary>Requested at this time or later.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Requested before this time.</summary>
    public DateTimeOffset? To { get; init; }

    /// <summary>Forks only, or no forks.</summary>
    public bool? Forked { get; init; }
}

/// <summary>A tenant's runs.</summary>
public sealed class RunQueries(ReadModel<RunDocument> runs)
{
    private static readonly Dictionary<string, string> Sorts = new(StringComparer.Ordinal)
    {
        ["requestedAt"] = "requestedAt",
        ["completedAt"] = "completedAt",
        ["durationMs"] = "durationMs",
        ["cost"] = "cost.amount",
    };

    /// <summary>One run.</summary>
    public Task<QueryResult<RunDocument>> GetAsync(string tenant, string run, Consistency consistency = default, CancellationToken cancellationToken = default) =>
        runs.GetAsync(tenant, run, consistency, cancellationToken);

    /// <summary>Runs, newest first unless sorted by <c>requestedAt</c>, <c>completedAt</c>, <c>durationMs</c> or <c>cost</c>.</summary>
    /// <exception cref="InvalidQueryException">Sort order, page size or cursor are not possible.</exception>
    public Task<QueryResult<Page<RunDocument>>> ListAsync(string tenant, RunFilter filter, PageRequest page, Consistency consistency = default, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentNullException.ThrowIfNull(page);
        return runs.ListAsync(
            tenant,
            [
                Asking.Equal("status", filter.Status is { } status ? JsonNamingPolicy.CamelCase.ConvertName(status.ToString()) : null),
                Asking.Equal("outcome", filter.Outcome?.ToString()),
                Asking.Equal("reason", filter.Reason),
                Asking.Equal("workflow", filter.Workflow),
                Asking.Equal("conversation", filter.Conversation),
                Asking.Equal("tier", filter.Tier?.ToString()),
                Asking.From("requestedAt", filter.From),
                Asking.Before("requestedAt", filter.To),
                filter.Forked is { } forked ? new("forked", Comparison.Equal, forked) : null,
            ],
            Sorts,
            "-requestedAt",
            page,
            consistency,
            cancellationToken);
    }
}
