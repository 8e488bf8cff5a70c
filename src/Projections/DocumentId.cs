using AIaaS.EventStore;

namespace AIaaS.Projections;

/// <summary>The ids of documents: <c>{tenant}:{id}</c>. A tenant's id has no colon, so that no id of one tenant is one of another.</summary>
public static class DocumentId
{
    /// <summary>The id of a tenant's document.</summary>
    public static string Of(string tenant, string id) => string.Concat(tenant, ":", id);

    /// <summary>The id of the document that stands for an event's stream; null for a stream of no tenant.</summary>
    public static string? OfStream(EventEnvelope envelope)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        var stream = new StreamName(envelope.Recorded.Stream);
        return stream.Tenant is { Length: > 0 } tenant ? Of(tenant, stream.Id) : null;
    }

    /// <summary>The same, of events that stand in the streams of runs and in others; null for one of another stream.</summary>
    public static string? OfRun(EventEnvelope envelope)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        return envelope.Recorded.Stream.StartsWith("agentRun-", StringComparison.Ordinal) ? OfStream(envelope) : null;
    }
}
