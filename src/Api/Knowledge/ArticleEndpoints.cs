using System.Text.Json.Serialization;
using AIaaS.Api.Http;
using AIaaS.Api.OpenApi;
using AIaaS.Commands.Knowledge;
using AIaaS.Domain.Knowledge;
using AIaaS.Projections;
using AIaaS.Projections.Knowledge;
using AIaaS.Queries.Knowledge;
using Microsoft.AspNetCore.Http.HttpResults;

namespace AIaaS.Api.Knowledge;

/// <summary>An article.</summary>
/// <param name="Title">One line, at most 300 characters.</param>
/// <param name="Content">Plain text or Markdown, at most 200,000 characters; together with the title at most 1,000,000 bytes as the log keeps it, where a character outside ASCII takes 6 or 12.</param>
/// <param name="Audience">Who may be shown it; staff-only articles are never cited to a customer.</param>
/// <param name="Tenant">May name the caller's own tenant; better left out.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record ArticleBody(string Title, string Content, Audience Audience = Audience.Customer, string? Tenant = null) : IValidated, INamesTenant
{
    public void Validate(Faults faults) => Validate("", this, faults);

    internal static void Validate(string pointer, ArticleBody article, Faults faults)
    {
        faults.Text(pointer + "/title", article.Title, 1, Article.MaxTitleLength);
        if (article.Title.AsSpan().ContainsAny('\r', '\n'))
        {
            faults.Add(pointer + "/title", "has a line break; one line is needed");
        }

        faults.Text(pointer + "/content", article.Content, 1, Article.MaxContentLength);
    }
}

/// <summary>Articles to import.</summary>
/// <param name="Articles">1 to 1,000 articles; an id must not be there twice.</param>
/// <param name="Tenant">May name the caller's own tenant; better left out.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record ImportBody(IReadOnlyList<ImportedArticle> Articles, string? Tenant = null) : IValidated, INamesTenant
{
    private const int Most = 1_000;

    public void Validate(Faults faults)
    {
        if (Articles.Count is 0 or > Most)
        {
            faults.Add("/articles", $"has {Articles.Count} entries; 1 to {Most} are possible");
            return;
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < Articles.Count; i++)
        {
            var pointer = $"/articles/{i}";
            if (Articles[i] is not { } article)
            {
                faults.Add(pointer, "is null; an article is needed");
                continue;
            }

            if (!Article.IsId(article.Article))
            {
                faults.Add(pointer + "/article", $"is not an article's id: 1 to {Article.MaxIdLength} letters, digits, '.', '_', '-', '+', '(' and ')' are possible");
            }
            else if (!seen.Add(article.Article))
            {
                faults.Add(pointer + "/article", "is there twice; give each article once");
            }

            ArticleBody.Validate(pointer, new(article.Title, article.Content, article.Audience), faults);
        }
    }
}

/// <summary>An article of an import.</summary>
/// <param name="Article">Its id.</param>
/// <param name="Title">One line, at most 300 characters.</param>
/// <param name="Content">Plain text or Markdown, at most 200,000 characters; together with the title at most 1,000,000 bytes as the log keeps it, where a character outside ASCII takes 6 or 12.</param>
/// <param name="Audience">Who may be shown it.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record ImportedArticle(string Article, string Title, string Content, Audience Audience = Audience.Customer);

/// <summary>An article that was written.</summary>
/// <param name="Article">Its id.</param>
/// <param name="ContentHash">SHA-256 (hex) of title, content and audience.</param>
/// <param name="Changed">False when it was there already, just so.</param>
internal sealed record ArticleWritten(string Article, string ContentHash, bool Changed);

/// <summary>What an import did.</summary>
/// <param name="Written">Articles that were added or replaced.</param>
/// <param name="Unchanged">Articles that were there already, just so.</param>
internal sealed record ArticlesImported(int Written, int Unchanged);

/// <summary>The articles that a tenant's agents answer from.</summary>
internal static class ArticleEndpoints
{
    private const int MaxImportBytes = 8 * 1024 * 1024;

    private const string Hash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

    public static void Map(RouteGroupBuilder v1)
    {
        var articles = v1.MapGroup("/articles").WithTags("Articles");
        articles.MapGet("", ListAsync)
            .Describe("listArticles", "List articles", "Without their content, by title.")
            .ForTenants(Scopes.ArticlesRead)
            .Query("audience", "string", "Only those of one audience.", "Customer", choices: Enum.GetNames<Audience>())
            .Query("sort", "string", "title, updatedAt or size, with '-' before it for the largest first. Default: title.", "title")
            .Paged().Fresh()
            .Example(response: $$"""{ "items": [ { "article": "returns-policy", "title": "Returns", "audience": "Customer", "contentHash": "{{Hash}}", "size": 41, "revision": 1, "updatedAt": "2026-01-31T09:30:00+00:00" } ], "nextCursor": null }""");
        articles.MapGet("/{article}", GetAsync)
            .Describe("getArticle", "Get an article", "With its content.")
            .ForTenants(Scopes.ArticlesRead).Fresh()
            .Example(response: $$"""{ "article": "returns-policy", "tenant": "acme", "title": "Returns", "content": "You can send an item back within 30 days.", "audience": "Customer", "contentHash": "{{Hash}}", "size": 41, "revision": 1, "updatedAt": "2026-01-31T09:30:00+00:00" }""");
        articles.MapPut("/{article}", PutAsync)
            .Describe("putArticle", "Add or replace an article", "The same content again changes nothing.")
            .ForTenants(Scopes.ArticlesWrite).StoresContent()
            .Example("""{ "title": "Returns", "content": "You can send an item back within 30 days.", "audience": "Customer" }""", $$"""{ "article": "returns-policy", "contentHash": "{{Hash}}", "changed": true }""");
        articles.MapDelete("/{article}", DeleteAsync)
            .Describe("deleteArticle", "Remove an article", "Runs that cited it keep what they cited.")
            .ForTenants(Scopes.ArticlesWrite);
        articles.MapPost("/import", ImportAsync)
            .Describe("importArticles", "Import articles", "Adds or replaces up to 1,000 articles, at most 8 MiB together. All are checked before the first is written.")
            .ForTenants(Scopes.ArticlesWrite).StoresContent()
            .TakesUpTo(MaxImportBytes)
            .Idempotent()
            .Example("""{ "articles": [ { "article": "returns-policy", "title": "Returns", "content": "You can send an item back within 30 days.", "audience": "Customer" } ] }""", """{ "written": 1, "unchanged": 0 }""");
    }

    private static async Task<Ok<Page<ArticleSummary>>> ListAsync(Caller caller, Freshness freshness, ArticleQueries articles, HttpContext context, CancellationToken cancellationToken)
    {
        var query = new QueryReader(context);
        var audience = query.Choice<Audience>("audience");
        var page = query.Page();
        query.Done();
        return Http.Answer.List(await articles.ListAsync(caller.Tenant, audience, page, freshness.Wanted, cancellationToken), freshness);
    }

    private static async Task<Ok<ArticleDocument>> GetAsync(string article, Caller caller, Freshness freshness, ArticleQueries articles, CancellationToken cancellationToken) =>
        Http.Answer.One("article", article, await articles.GetAsync(caller.Tenant, Known(article), freshness.Wanted, cancellationToken), freshness);

    private static async Task<Ok<ArticleWritten>> PutAsync(string article, JsonBody<ArticleBody> body, Caller caller, ArticleService articles, TimeProvider time, HttpContext context, CancellationToken cancellationToken)
    {
        if (!Article.IsId(article))
        {
            throw new ProblemException(400, "invalid-id", "The article's id cannot be used.", $"Use 1 to {Article.MaxIdLength} letters, digits, '.', '_', '-', '+', '(' and ')'.");
        }

        var (title, content, audience, _) = body.Value;
        var result = await articles.PutAsync(new(caller.Tenant, article, title, content, audience, time.GetUtcNow()), new(caller.Tenant, caller.Actor, null, Correlation.Of(context)), cancellationToken);
        Freshness.Answer(context, result.Position);
        return TypedResults.Ok(new ArticleWritten(article, result.State.ContentHash!, !result.Events.IsEmpty));
    }

    private static async Task<NoContent> DeleteAsync(string article, Caller caller, ArticleService articles, TimeProvider time, HttpContext context, CancellationToken cancellationToken)
    {
        var result = await articles.RemoveAsync(new(caller.Tenant, Known(article), time.GetUtcNow()), new(caller.Tenant, caller.Actor, null, Correlation.Of(context)), cancellationToken);
        Freshness.Answer(context, result.Position);
        return TypedResults.NoContent();
    }

    private static async Task<Ok<ArticlesImported>> ImportAsync(JsonBody<ImportBody> body, Caller caller, ArticleService articles, TimeProvider time, HttpContext context)
    {
        var at = time.GetUtcNow();
        var put = body.Value.Articles.Select(a => new PutArticle(caller.Tenant, a.Article, a.Title, a.Content, a.Audience, at)).ToArray();

        // Without the caller's key: each article is a command of its own, and the same content again writes nothing.
        var result = await articles.PutManyAsync(put, new(caller.Tenant, caller.Actor, null, Correlation.Of(context)), CancellationToken.None);
        Freshness.Answer(context, result.Position);
        return TypedResults.Ok(new ArticlesImported(result.Written, result.Unchanged));
    }

    private static string Known(string article) => Article.IsId(article) ? article : throw Problems.NotFound("article", article.Length > 100 ? article[..100] + "…" : article);
}
