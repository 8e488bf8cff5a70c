using AIaaS.Projections;
using AIaaS.Queries;
using Microsoft.AspNetCore.Http.HttpResults;

namespace AIaaS.Api.Http;

/// <summary>Answers to queries.</summary>
internal static class Answer
{
    /// <summary>What was asked for, or 404, or 503 when the read model is behind.</summary>
    public static Ok<T> One<T>(string what, string id, QueryResult<T> result, Freshness freshness)
        where T : class => result.Status switch
        {
            QueryStatus.Found => TypedResults.Ok(result.Value!),
            QueryStatus.NotFound => throw Problems.NotFound(what, id),
            QueryStatus.Behind => throw freshness.Behind(),
            _ => throw new InvalidOperationException($"The status {result.Status} is not known."),
        };

    /// <summary>A page, or 503 when the read model is behind.</summary>
    public static Ok<Page<T>> List<T>(QueryResult<Page<T>> result, Freshness freshness) => One("list", "", result, freshness);
}
