using System.Text.Json.Serialization.Metadata;
using AIaaS.EventStore;

namespace AIaaS.Projections;

/// <summary>
/// A read model as a pure function: which documents an event touches, and what it makes of each. No clock, no I/O, no draws.
/// The engine writes documents and position together, so that re-delivery and reordering between documents change nothing.
/// </summary>
/// <typeparam name="TDocument">The document, an immutable record.</typeparam>
public abstract class Projection<TDocument>
    where TDocument : class
{
    /// <summary>The read model's name: letters and digits.</summary>
    public abstract string Name { get; }

    /// <summary>Raised by one when the documents' form or meaning changes: the new version is built beside the old one.</summary>
    public abstract int Version { get; }

    /// <summary>The event types that it is made of, by prefix.</summary>
    public abstract IReadOnlyList<string> EventTypePrefixes { get; }

    /// <summary>The document's JSON contract.</summary>
    public abstract JsonTypeInfo<TDocument> Json { get; }

    /// <summary>The searchable fields.</summary>
    public abstract IReadOnlyDictionary<string, FieldKind> Fields { get; }

    /// <summary>The indexes.</summary>
    public abstract IReadOnlyList<IReadOnlyList<string>> Indexes { get; }

    /// <summary>The ids of the documents that an event touches; none for an event that does not concern the model. Ids begin with the tenant and a colon: <c>acme:…</c>.</summary>
    public abstract IEnumerable<string> KeysOf(EventEnvelope envelope);

    /// <summary>The document after the event; null to delete it.</summary>
    /// <remarks>
    /// A document gets each event once, and those of one stream in their order. Where several streams touch one document, an event
    /// that waited behind an unreadable one of its stream comes to it when it is replayed, behind what the other streams brought
    /// meanwhile: such a document must come out the same in either order, as sums and sketches do.
    /// </remarks>
    /// <param name="id">Which document.</param>
    /// <param name="document">The document before the event; null where there is none yet.</param>
    /// <param name="envelope">The event.</param>
    public abstract TDocument? Apply(string id, TDocument? document, EventEnvelope envelope);

    /// <summary>
    /// The document after several events in log order. The same as <see cref="Apply"/> one by one; overridden where a whole batch
    /// can be folded faster.
    /// </summary>
    /// <param name="id">Which document.</param>
    /// <param name="document">The document before the events; null where there is none yet.</param>
    /// <param name="envelopes">The events.</param>
    public virtual TDocument? Fold(string id, TDocument? document, IReadOnlyList<EventEnvelope> envelopes)
    {
        foreach (var envelope in envelopes)
        {
            document = Apply(id, document, envelope);
        }

        return document;
    }

    /// <summary>The schema of a collection of this model.</summary>
    internal CollectionSchema Schema(string collection) => new(collection, Indexes, Fields);
}
