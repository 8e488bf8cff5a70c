using System.Text;
using System.Text.Json.Serialization.Metadata;
using AIaaS.Domain.Knowledge;
using AIaaS.EventStore;

namespace AIaaS.Projections.Knowledge;

/// <summary>An article as it is shown.</summary>
public sealed record ArticleDocument
{
    /// <summary>The article's id.</summary>
    public required string Article { get; init; }

    /// <summary>The tenant.</summary>
    public required string Tenant { get; init; }

    /// <summary>The title.</summary>
    public string Title { get; init; } = "";

    /// <summary>The content: plain text or Markdown.</summary>
    public string Content { get; init; } = "";

    /// <summary>Who may be shown it.</summary>
    public Audience Audience { get; init; }

    /// <summary>SHA-256 (hex) of title, content and audience.</summary>
    public string ContentHash { get; init; } = "";

    /// <summary>The content's size in UTF-8 bytes.</summary>
    public int Size { get; init; }

    /// <summary>How often it was written.</summary>
    public int Revision { get; init; }

    /// <summary>When it was added or replaced last.</summary>
    public DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>One document an article.</summary>
public sealed class ArticlesProjection : Projection<ArticleDocument>
{
    /// <inheritdoc />
    public override string Name => "Articles";

    /// <inheritdoc />
    public override int Version => 1;

    /// <inheritdoc />
    public override IReadOnlyList<string> EventTypePrefixes { get; } = ["ingest.doc."];

    /// <inheritdoc />
    public override JsonTypeInfo<ArticleDocument> Json => Documents.Default.ArticleDocument;

    /// <inheritdoc />
    public override IReadOnlyDictionary<string, FieldKind> Fields { get; } = new Dictionary<string, FieldKind>
    {
        ["tenant"] = FieldKind.Text,
        ["title"] = FieldKind.Text,
        ["audience"] = FieldKind.Text,
        ["size"] = FieldKind.Number,
        ["updatedAt"] = FieldKind.Text,
    };

    /// <inheritdoc />
    public override IReadOnlyList<IReadOnlyList<string>> Indexes { get; } = [["tenant", "title"], ["tenant", "updatedAt"]];

    /// <inheritdoc />
    public override IEnumerable<string> KeysOf(EventEnvelope envelope) => DocumentId.OfStream(envelope) is { } id ? [id] : [];

    /// <inheritdoc />
    public override ArticleDocument? Apply(string id, ArticleDocument? document, EventEnvelope envelope) => envelope.Event switch
    {
        ArticleProcessed e => new()
        {
            Article = e.Article,
            Tenant = envelope.Tenant,
            Title = e.Title,
            Content = e.Content,
            Audience = e.Audience,
            ContentHash = e.ContentHash,
            Size = Encoding.UTF8.GetByteCount(e.Content),
            Revision = (document?.Revision ?? 0) + 1,
            UpdatedAt = e.At,
        },
        ArticleRemoved => null,
        _ => document,
    };
}
