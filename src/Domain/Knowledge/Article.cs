using System.Security.Cryptography;
using System.Text;
using AIaaS.EventStore;

namespace AIaaS.Domain.Knowledge;

/// <summary>Adds an article or replaces it.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Article">The article's id.</param>
/// <param name="Title">One line.</param>
/// <param name="Content">Plain text or Markdown.</param>
/// <param name="Audience">Who may be shown it.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record PutArticle(string Tenant, string Article, string Title, string Content, Audience Audience, DateTimeOffset At);

/// <summary>Removes an article.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Article">The article's id.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record RemoveArticle(string Tenant, string Article, DateTimeOffset At);

/// <summary>An article that a tenant's agents answer from.</summary>
public sealed record Article : IState<Article>
{
    /// <summary>The longest id.</summary>
    public const int MaxIdLength = 100;

    /// <summary>The longest title, in characters.</summary>
    public const int MaxTitleLength = 300;

    /// <summary>The longest content, in characters.</summary>
    public const int MaxContentLength = 200_000;

    /// <summary>The most bytes that title and content may need in the log, where signs beyond ASCII take six.</summary>
    public const int MaxRecordedBytes = 1_000_000;

    /// <summary>The article before it is added.</summary>
    public static Article Initial { get; } = new();

    /// <summary>The hash of what it holds now; null when there is no article.</summary>
    public string? ContentHash { get; init; }

    /// <summary>The stream of an article.</summary>
    public static StreamName Stream(string tenant, string article) => StreamName.For("article", tenant, article);

    /// <inheritdoc />
    public Article Evolve(object @event) => @event switch
    {
        ArticleProcessed e => this with { ContentHash = e.ContentHash },
        ArticleRemoved => Initial,
        _ => this,
    };

    /// <summary>Adds or replaces it; the same content again changes nothing.</summary>
    public Decision Put(PutArticle command)
    {
        var faults = Faults(command);
        if (faults.Count > 0)
        {
            return ArticleErrors.Invalid(faults);
        }

        var hash = Hash(command.Title, command.Content, command.Audience);
        return hash == ContentHash
            ? Decision.Unchanged
            : new ArticleProcessed(command.Article, command.Title, command.Content, command.Audience, hash, command.At);
    }

    /// <summary>Removes it.</summary>
    public Decision Remove(RemoveArticle command) =>
        ContentHash is null ? ArticleErrors.Unknown(command.Article) : new ArticleRemoved(command.Article, command.At);

    /// <summary>All that is wrong with an article; empty when nothing is.</summary>
    public static IReadOnlyList<string> Faults(PutArticle command)
    {
        List<string> faults = [];
        if (!IsId(command.Article))
        {
            faults.Add($"the id must have 1 to {MaxIdLength} characters of A-Z, a-z, 0-9 and . _ - + ( )");
        }

        if (string.IsNullOrWhiteSpace(command.Title) || command.Title.Length > MaxTitleLength || command.Title.Any(char.IsControl))
        {
            faults.Add($"the title must be one line of 1 to {MaxTitleLength} characters");
        }

        if (string.IsNullOrWhiteSpace(command.Content))
        {
            faults.Add("the content is empty");
        }
        else if (command.Content.Length > MaxContentLength)
        {
            faults.Add($"the content has {command.Content.Length} characters; at most {MaxContentLength} are possible, so split the article");
        }
        else if (RecordedBytes(command.Title ?? "") + RecordedBytes(command.Content) is var bytes && bytes > MaxRecordedBytes)
        {
            faults.Add($"title and content need {bytes} bytes in the log; at most {MaxRecordedBytes} are possible, so split the article");
        }

        if (!TextRules.IsWellFormed(command.Title ?? "") || !TextRules.IsWellFormed(command.Content ?? ""))
        {
            faults.Add("title or content holds half of a surrogate pair, which is not text");
        }

        if (!Enum.IsDefined(command.Audience))
        {
            faults.Add($"the audience must be {nameof(Audience.Customer)} or {nameof(Audience.Staff)}");
        }

        return faults;
    }

    /// <summary>Whether a text can be an article's id.</summary>
    public static bool IsId(string? text) =>
        text is { Length: >= 1 and <= MaxIdLength } && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' or '+' or '(' or ')');

    /// <summary>SHA-256 in hex over title, content and audience, each led by its length.</summary>
    public static string Hash(string title, string content, Audience audience)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> length = stackalloc byte[4];
        foreach (var part in (ReadOnlySpan<string>)[title, content, audience.ToString()])
        {
            var bytes = Encoding.UTF8.GetBytes(part);
            System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(length, bytes.Length);
            hash.AppendData(length);
            hash.AppendData(bytes);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static int RecordedBytes(string text)
    {
        var bytes = 0;
        foreach (var c in text)
        {
            bytes += c is '\n' or '\r' or '\t' or '\\' ? 2 : c is < ' ' or >= '\x7F' or '"' or '\'' or '<' or '>' or '&' or '+' or '`' ? 6 : 1;
        }

        return bytes;
    }
}

/// <summary>What can be refused of an article.</summary>
public static class ArticleErrors
{
    /// <summary>The article is not one that can be kept; all faults at once.</summary>
    public static DomainError Invalid(IReadOnlyList<string> faults) =>
        new("article-invalid", "The article cannot be kept: " + string.Join("; ", faults) + ".", "Change what is named and send it again.");

    /// <summary>There is no such article.</summary>
    public static DomainError Unknown(string article) =>
        new("article-unknown", $"There is no article '{article}'.", "List the articles to see their ids.", 404);
}
