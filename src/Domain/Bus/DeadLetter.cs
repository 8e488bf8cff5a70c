using AIaaS.EventStore;

namespace AIaaS.Domain.Bus;

/// <summary>Work that could not be done, kept for a week so that it can be looked at, mended and sent again.</summary>
public sealed record DeadLetter : IState<DeadLetter>
{
    /// <summary>How long dead letters are kept.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromDays(7);

    /// <summary>The tenant of dead letters whose work names none that can be read.</summary>
    public const string NoTenant = "platform";

    /// <inheritdoc />
    public static DeadLetter Initial { get; } = new();

    /// <summary>The queue; null where there is no such dead letter, or no more.</summary>
    public string? Queue { get; init; }

    /// <summary>The work as it is to be sent.</summary>
    public string Body { get; init; } = "";

    /// <summary>Whether it is on its queue again and has not come back.</summary>
    public bool IsReplayed { get; init; }

    /// <summary>The stream of a dead letter.</summary>
    public static StreamName Stream(string tenant, string id) => StreamName.For("deadLetter", tenant, id);

    /// <summary>The id that the same work of the same queue always has.</summary>
    public static string IdOf(string queue, string body) => NamedId.Of("dead-letter", queue, body).ToString("N");

    /// <inheritdoc />
    public DeadLetter Evolve(object @event) => @event switch
    {
        DeadLetterReceived e => this with { Queue = e.Queue, Body = e.Body, IsReplayed = false },
        DeadLetterFixed e => this with { Body = e.Body },
        DeadLetterReplayed => this with { IsReplayed = true },
        DeadLetterDiscarded => Initial,
        _ => this,
    };

    /// <summary>Changes the work before it is sent again.</summary>
    public Decision Fix(string id, string body, string actor, DateTimeOffset at) =>
        Queue is null ? DeadLetterErrors.Unknown(id)
        : body == Body ? Decision.Unchanged
        : new DeadLetterFixed(body, actor, at);

    /// <summary>Notes that it was sent again.</summary>
    public Decision Replay(string id, string actor, DateTimeOffset at) =>
        Queue is null ? DeadLetterErrors.Unknown(id) : IsReplayed ? Decision.Unchanged : new DeadLetterReplayed(actor, at);

    /// <summary>Gives it up.</summary>
    public Decision Discard(string id, string actor, DateTimeOffset at) =>
        Queue is null ? DeadLetterErrors.Unknown(id) : new DeadLetterDiscarded(actor, at);
}

/// <summary>What dead letters refuse.</summary>
public static class DeadLetterErrors
{
    /// <summary>There is none of that id.</summary>
    public static DomainError Unknown(string id) => new("unknown-dead-letter", $"There is no dead letter '{(id.Length > 100 ? id[..100] + "…" : id)}'.", "GET /v1/dead-letters lists them; they are kept for seven days.", 404);

    /// <summary>The body is not work of the queue.</summary>
    public static DomainError Unreadable(string queue, string fault) => new("dead-letter-unreadable", $"The body is no work of queue '{queue}': {fault}", "PUT a body that is, then replay it.");

    /// <summary>The body names another tenant.</summary>
    public static DomainError OtherTenant(string tenant) => new("dead-letter-other-tenant", $"The body names another tenant than '{tenant}'.", "A dead letter stays with its tenant: leave the body's tenant as it is.", 403);
}
