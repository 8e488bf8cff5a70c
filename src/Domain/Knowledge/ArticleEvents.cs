using System.Text.Json.Serialization;
using AIaaS.EventStore;

namespace AIaaS.Domain.Knowledge;

/// <summary>Who may be shown an article.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Audience>))]
public enum Audience
{
    /// <summary>Customers and staff.</summary>
    Customer,

    /// <summary>Staff only: never retrieved for a customer's message, never cited to one.</summary>
    Staff,
}

/// <summary>Type <c>ingest.doc.processed</c>, stream <c>article-{tenant}_{article}</c>: an article was added or replaced.</summary>
/// <param name="Article">The article's id: 1 to 100 of ASCII letters, digits, <c>.</c>, <c>_</c>, <c>-</c>, <c>+</c>, <c>(</c>, <c>)</c>.</param>
/// <param name="Title">One line, at most 300 characters.</param>
/// <param name="Content">Plain text or Markdown, at most 200,000 characters.</param>
/// <param name="Audience">Who may be shown it.</param>
/// <param name="ContentHash">SHA-256 (hex) of title, content and audience.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ArticleProcessed(string Article, string Title, string Content, Audience Audience, string ContentHash, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>ingest.doc.removed</c>: an article was removed.</summary>
/// <param name="Article">The article's id.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ArticleRemoved(string Article, DateTimeOffset At) : DomainEvent;
