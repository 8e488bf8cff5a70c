using AIaaS.Domain.Tools;
using AIaaS.Projections;
using AIaaS.Projections.Tools;

namespace AIaaS.Queries.Tools;

/// <summary>Which calls of the ledger are wanted; what is null does not restrict.</summary>
public sealed record SideEffectFilter
{
    /// <summary>Where they stand.</summary>
    public ToolCallState? State { get; init; }

    /// <summary>The tool.</summary>
    public string? Tool { get; init; }

    /// <summary>The run, saga or operator's call.</summary>
    public string? Run { get; init; }

    /// <summary>Who called: <c>agentRun</c>, <c>saga</c> or <c>toolCall</c>.</summary>
    public string? Caller { get; init; }

    /// <summary>Those that change something in the world, or those that do not.</summary>
    public bool? SideEffect { get; init; }

    /// <summary>Requested at this time or later.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Requested before this time.</summary>
    public DateTimeOffset? To { get; init; }
}

/// <summary>A tenant's side-effect ledger.</summary>
public sealed class SideEffectQueries(ReadModel<SideEffectDocument> calls)
{
    private static readonly Dictionary<string, string> Sorts = new(StringComparer.Ordinal) { ["requestedAt"] = "requestedAt", ["updatedAt"] = "updatedAt", ["tool"] = "tool" };

    /// <summary>One call.</summary>
    public Task<QueryResult<SideEffectDocument>> GetAsync(string tenant, string id, Consistency consistency = default, CancellationToken cancellationToken = default) =>
        calls.GetAsync(tenant, id, consistency, cancellationToken);

    /// <summary>Calls, newest first unless sorted by <c>requestedAt</c>, <c>updatedAt</c> or <c>tool</c>.</summary>
    /// <exception cref="InvalidQueryException">Sort order, page size or cursor are not possible.</exception>
    public Task<QueryResult<Page<SideEffectDocument>>> ListAsync(string tenant, SideEffectFilter filter, PageRequest page, Consistency consistency = default, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentNullException.ThrowIfNull(page);
        return calls.ListAsync(
            tenant,
            [
                Asking.Equal("state", filter.State?.ToString().ToLowerInvariant()),
                Asking.Equal("tool", filter.Tool),
                Asking.Equal("run", filter.Run),
                Asking.Equal("caller", filter.Caller),
                filter.SideEffect is { } sideEffect ? new("sideEffect", Comparison.Equal, sideEffect) : null,
                Asking.From("requestedAt", filter.From),
                Asking.Before("requestedAt", filter.To),
            ],
            Sorts,
            "-requestedAt",
            page,
            consistency,
            cancellationToken);
    }
}
