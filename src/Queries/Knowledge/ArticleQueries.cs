using AIaaS.Domain.Knowledge;
using AIaaS.Projections;
using AIaaS.Projections.Knowledge;

namespace AIaaS.Queries.Knowledge;

/// <summary>An article in a list, without its content.</summary>
/// <param name="Article">The article's id.</param>
/// <param name="Title">The title.</param>
/// <param name="Audience">Who may be shown it.</param>
/// <param name="ContentHash">SHA-256 (hex) of title, content and audience.</param>
/// <param name="Size">The content's size in UTF-8 bytes.</param>
/// <param name="Revision">How often it was written.</param>
/// <param name="UpdatedAt">When it was added or replaced last.</param>
public sealed record ArticleSummary(string Article, string Title, Audience Audience, string ContentHash, int Size, int Revision, DateTimeOffset UpdatedAt);

/// <summary>A tenant's articles.</summary>
public sealed class ArticleQueries(ReadModel<ArticleDocument> articles)
{
    private static readonly Dictionary<string, string> Sorts = new(StringComparer.Ordinal) { ["title"] = "title", ["updatedAt"] = "updatedAt", ["size"] = "size" };

    /// <summary>One article with its content.</summary>
    public Task<QueryResult<ArticleDocument>> GetAsync(string tenant, string article, Consistency consistency = default, CancellationToken cancellationToken = default) =>
        articles.GetAsync(tenant, article, consistency, cancellationToken);

    /// <summary>Articles, by title unless sorted by <c>title</c>, <c>updatedAt</c> or <c>size</c>.</summary>
    /// <exception cref="InvalidQueryException">Sort order, page size or cursor are not possible.</exception>
    public async Task<QueryResult<Page<ArticleSummary>>> ListAsync(string tenant, Audience? audience, PageRequest page, Consistency consistency = default, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(page);
        var found = await articles.ListAsync(tenant, [Asking.Equal("audience", audience?.ToString())], Sorts, "title", page, consistency, cancellationToken);
        return new(
            found.Status,
            found.Value is { } list ? new([.. list.Items.Select(a => new ArticleSummary(a.Article, a.Title, a.Audience, a.ContentHash, a.Size, a.Revision, a.UpdatedAt))], list.NextCursor) : null,
            found.RetryAfter);
    }
}
