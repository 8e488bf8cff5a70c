using System.Text.Json.Serialization.Metadata;
using AIaaS.Domain.Bus;
using AIaaS.EventStore;

namespace AIaaS.Projections.Bus;

/// <summary>A dead letter as it is shown.</summary>
public sealed record DeadLetterDocument
{
    /// <summary>Its id.</summary>
    public required string Id { get; init; }

    /// <summary>The tenant.</summary>
    public required string Tenant { get; init; }

    /// <summary>The queue that it came from.</summary>
    public string Queue { get; init; } = "";

    /// <summary>The work as it is to be sent.</summary>
    public string Body { get; init; } = "";

    /// <summary>Why it could not be done, as a stable code.</summary>
    public string Code { get; init; } = "";

    /// <summary>Why it could not be done.</summary>
    public string Error { get; init; } = "";

    /// <summary>Tries that were made, all arrivals together.</summary>
    public int Attempts { get; init; }

    /// <summary>How often it arrived.</summary>
    public int Received { get; init; }

    /// <summary>Whether the work was changed by a person.</summary>
    public bool Fixed { get; init; }

    /// <summary><c>open</c>, or <c>replayed</c> while it is on its queue again.</summary>
    public string State { get; init; } = "open";

    /// <summary>When it arrived last.</summary>
    public DateTimeOffset ReceivedAt { get; init; }

    /// <summary>Until when it is kept.</summary>
    public DateTimeOffset KeptUntil { get; init; }
}

/// <summary>One document a dead letter.</summary>
public sealed class DeadLettersProjection : Projection<DeadLetterDocument>
{
    /// <inheritdoc />
    public override string Name => "DeadLetters";

    /// <inheritdoc />
    public override int Version => 1;

    /// <inheritdoc />
    public override IReadOnlyList<string> EventTypePrefixes { get; } = ["deadletter."];

    /// <inheritdoc />
    public override JsonTypeInfo<DeadLetterDocument> Json => Documents.Default.DeadLetterDocument;

    /// <inheritdoc />
    public override IReadOnlyDictionary<string, FieldKind> Fields { get; } = new Dictionary<string, FieldKind>
    {
        ["tenant"] = FieldKind.Text,
        ["queue"] = FieldKind.Text,
        ["state"] = FieldKind.Text,
        ["receivedAt"] = FieldKind.Text,
    };

    /// <inheritdoc />
    public override IReadOnlyList<IReadOnlyList<string>> Indexes { get; } = [["tenant", "receivedAt"]];

    /// <inheritdoc />
    public override IEnumerable<string> KeysOf(EventEnvelope envelope) => DocumentId.OfStream(envelope) is { } id ? [id] : [];

    /// <inheritdoc />
    public override DeadLetterDocument? Apply(string id, DeadLetterDocument? document, EventEnvelope envelope)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        return envelope.Event switch
        {
            DeadLetterReceived e => (document ?? new() { Id = e.Id, Tenant = envelope.Tenant }) with
            {
                Queue = e.Queue,
                Body = e.Body,
                Code = e.Code,
                Error = e.Error,
                Attempts = (document?.Attempts ?? 0) + e.Attempts,
                Received = (document?.Received ?? 0) + 1,
                Fixed = false,
                State = "open",
                ReceivedAt = e.At,
                KeptUntil = e.At + DeadLetter.Kept,
            },
            DeadLetterFixed e => document is null ? null : document with { Body = e.Body, Fixed = true },
            DeadLetterReplayed => document is null ? null : document with { State = "replayed" },
            DeadLetterDiscarded => null,
            _ => document,
        };
    }
}
