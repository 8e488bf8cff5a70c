using System.Collections.Immutable;

namespace AIaaS.EventStore;

/// <summary>A state that is the fold of its stream's events. Pure: no clock, no I/O, no draws.</summary>
public interface IState<TSelf>
    where TSelf : IState<TSelf>
{
    /// <summary>The state before the first event.</summary>
    static abstract TSelf Initial { get; }

    /// <summary>The state after one more event; the same state for an event that does not concern it.</summary>
    TSelf Evolve(object @event);
}

/// <summary>The base of all event records, so that a decision can be written as the event itself.</summary>
public abstract record DomainEvent;

/// <summary>What a caller asked for and cannot have, as data: it becomes an RFC 9457 problem at the edge.</summary>
/// <param name="Code">Stable, lower-case, with dashes: the last part of the problem type: <c>budget-exhausted</c>.</param>
/// <param name="Message">What is wrong, with the actual values.</param>
/// <param name="Hint">How to mend it.</param>
/// <param name="Status">The HTTP status that fits: 400, 403, 404, 409, 422, 429 or 503.</param>
public sealed record DomainError(string Code, string Message, string Hint, int Status = 422);

/// <summary>A domain error on its way to the edge.</summary>
public sealed class DomainException(DomainError error) : Exception($"{error.Message} {error.Hint}")
{
    /// <summary>The error.</summary>
    public DomainError Error => error;
}

/// <summary>What a state decided on a command: events, nothing to do, or a refusal.</summary>
public readonly record struct Decision
{
    private readonly ImmutableArray<object> events;

    private Decision(ImmutableArray<object> events, DomainError? error)
    {
        this.events = events;
        Error = error;
    }

    /// <summary>Nothing to do: what was asked for is so already.</summary>
    public static Decision Unchanged { get; } = new([], null);

    /// <summary>The events to append, in order; empty when nothing changes or on a refusal.</summary>
    public ImmutableArray<object> Events => events.IsDefault ? [] : events;

    /// <summary>Why the command was refused; null when it was not.</summary>
    public DomainError? Error { get; }

    /// <summary>Several events, appended together.</summary>
    public static Decision Of(params IEnumerable<DomainEvent> events) => new([.. events], null);

    /// <summary>One event.</summary>
    public static implicit operator Decision(DomainEvent @event) => new([@event], null);

    /// <summary>A refusal.</summary>
    public static implicit operator Decision(DomainError error) => new([], error);
}
