using System.Collections.Immutable;
using AIaaS.EventStore;

namespace AIaaS.Domain.Handoffs;

/// <summary>Asks for a person.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Requested">The event to record.</param>
public sealed record RequestHandoff(string Tenant, HandoffRequested Requested);

/// <summary>Takes a hand-off.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Handoff">The hand-off's id.</param>
/// <param name="Person">Who takes it.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ClaimHandoff(string Tenant, string Handoff, string Person, DateTimeOffset At);

/// <summary>Writes to the customer.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Handoff">The hand-off's id.</param>
/// <param name="Message">The message's id.</param>
/// <param name="Person">Who writes: the one who has it.</param>
/// <param name="Text">1 to 4,000 characters.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record AnswerHandoff(string Tenant, string Handoff, string Message, string Person, string Text, DateTimeOffset At);

/// <summary>Gives the conversation back to the agent.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Handoff">The hand-off's id.</param>
/// <param name="Person">Who has it.</param>
/// <param name="Note">For the record; null for none.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ReturnHandoff(string Tenant, string Handoff, string Person, string? Note, DateTimeOffset At);

/// <summary>Ends a hand-off.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Handoff">The hand-off's id.</param>
/// <param name="Person">Who closes it: the one who has it, or anybody while nobody has.</param>
/// <param name="Note">What came of it; null for none.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record CloseHandoff(string Tenant, string Handoff, string Person, string? Note, DateTimeOffset At);

/// <summary>A conversation that a person is to take over: one person at a time.</summary>
public sealed record Handoff : IState<Handoff>
{
    /// <summary>The queue of what names none.</summary>
    public const string GeneralQueue = "general";

    /// <summary>The longest summary or answer, in characters.</summary>
    public const int MaxTextLength = 4_000;

    /// <summary>The hand-off before it is asked for.</summary>
    public static Handoff Initial { get; } = new();

    /// <summary>What was asked for; null before.</summary>
    public HandoffRequested? Request { get; init; }

    /// <summary>How it stands.</summary>
    public HandoffState State { get; init; }

    /// <summary>Who has it, or had it last; null for nobody.</summary>
    public string? Person { get; init; }

    /// <summary>What was written to the customer, by message.</summary>
    public ImmutableDictionary<string, HandoffAnswered> Answers { get; init; } = ImmutableDictionary<string, HandoffAnswered>.Empty;

    /// <summary>The stream of a hand-off.</summary>
    public static StreamName Stream(string tenant, string handoff) => StreamName.For("handoff", tenant, handoff);

    /// <inheritdoc />
    public Handoff Evolve(object @event) => @event switch
    {
        HandoffRequested e => this with { Request = e },
        HandoffClaimed e => this with { State = HandoffState.Claimed, Person = e.Person },
        HandoffAnswered e => this with { Answers = Answers.SetItem(e.Message, e) },
        HandoffReturned e => this with { State = HandoffState.Returned, Person = e.Person },
        HandoffClosed e => this with { State = HandoffState.Closed, Person = e.Person },
        _ => this,
    };

    /// <summary>Asks once: what is there already stays as it is.</summary>
    public Decision Ask(RequestHandoff command) =>
        Request is not null ? Decision.Unchanged
        : Faults(command.Requested) is { Count: > 0 } faults ? HandoffErrors.Invalid(faults)
        : command.Requested;

    /// <summary>Takes it, if nobody has.</summary>
    public Decision Claim(ClaimHandoff command) =>
        Request is null ? HandoffErrors.NotFound(command.Handoff)
        : FaultOf("person", command.Person, 100, needed: true) is { } fault ? HandoffErrors.Invalid([fault])
        : State == HandoffState.Claimed ? Person == command.Person ? Decision.Unchanged : HandoffErrors.Claimed(Person!)
        : State != HandoffState.Open ? HandoffErrors.Ended(State)
        : new HandoffClaimed(command.Person, command.At);

    /// <summary>Writes to the customer; the same message again changes nothing.</summary>
    public Decision Answer(AnswerHandoff command) =>
        Request is null ? HandoffErrors.NotFound(command.Handoff)
        : FaultOf("text", command.Text, MaxTextLength, needed: true) is { } fault ? HandoffErrors.Invalid([fault])
        : Answers.TryGetValue(command.Message, out var first) ? first.Text == command.Text && first.Person == command.Person ? Decision.Unchanged : HandoffErrors.KeyReused()
        : NotHeld(command.Person) is { } refusal ? refusal
        : new HandoffAnswered(command.Message, command.Person, command.Text, command.At);

    /// <summary>Gives it back to the agent.</summary>
    public Decision Return(ReturnHandoff command) =>
        Request is null ? HandoffErrors.NotFound(command.Handoff)
        : FaultOf("note", command.Note, MaxTextLength) is { } fault ? HandoffErrors.Invalid([fault])
        : State == HandoffState.Returned && Person == command.Person ? Decision.Unchanged
        : NotHeld(command.Person) is { } refusal ? refusal
        : new HandoffReturned(command.Person, command.Note, command.At);

    /// <summary>Ends it.</summary>
    public Decision Close(CloseHandoff command) =>
        Request is null ? HandoffErrors.NotFound(command.Handoff)
        : (FaultOf("person", command.Person, 100, needed: true) ?? FaultOf("note", command.Note, MaxTextLength)) is { } fault ? HandoffErrors.Invalid([fault])
        : State == HandoffState.Closed ? Person == command.Person ? Decision.Unchanged : HandoffErrors.Ended(State)
        : State == HandoffState.Claimed && Person != command.Person ? HandoffErrors.Claimed(Person!)
        : new HandoffClosed(command.Person, command.Note, command.At);

    /// <summary>All that is wrong with a request; empty when nothing is.</summary>
    public static IReadOnlyList<string> Faults(HandoffRequested requested)
    {
        List<string> faults = [];
        foreach (var fault in (ReadOnlySpan<string?>)
            [FaultOf("conversation", requested.Conversation, 100), FaultOf("customer", requested.Customer, 200), FaultOf("reason", requested.Reason, 200, needed: true), FaultOf("summary", requested.Summary, MaxTextLength, needed: true)])
        {
            if (fault is not null)
            {
                faults.Add(fault);
            }
        }

        if (!IsQueue(requested.Queue))
        {
            faults.Add("the queue must have 1 to 60 lower-case letters, digits, '-' or '_'");
        }

        if (!Enum.IsDefined(requested.Priority))
        {
            faults.Add("the priority is not one of the possible values");
        }

        return faults;
    }

    /// <summary>Whether a text can be a queue's name.</summary>
    public static bool IsQueue(string? text) => text is { Length: >= 1 and <= 60 } && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '_');

    private static string? FaultOf(string name, string? value, int most, bool needed = false)
    {
        if (string.IsNullOrWhiteSpace(value))
        {
            return needed || value is not null ? $"the {name} is missing" : null;
        }

        return TextRules.Fault(name, value, most);
    }

    private DomainError? NotHeld(string person) =>
        State is HandoffState.Returned or HandoffState.Closed ? HandoffErrors.Ended(State)
        : State == HandoffState.Open ? HandoffErrors.NotClaimed()
        : Person != person ? HandoffErrors.Claimed(Person!)
        : null;
}

/// <summary>What a hand-off refuses.</summary>
public static class HandoffErrors
{
    /// <summary>Something is wrong with it; all faults at once.</summary>
    public static DomainError Invalid(IReadOnlyList<string> faults) => new("handoff-invalid", "This cannot be kept of a hand-off: " + string.Join("; ", faults) + ".", "Correct what is named and send it again.");

    /// <summary>There is no such hand-off.</summary>
    public static DomainError NotFound(string handoff) => new("handoff-not-found", $"There is no hand-off '{(handoff.Length <= 60 ? handoff : handoff[..60] + "…")}'.", "List the hand-offs to see their ids.", 404);

    /// <summary>Somebody else has it.</summary>
    public static DomainError Claimed(string person) => new("handoff-claimed", $"'{person}' has this hand-off.", "Take another one, or ask them to close or return it.", 409);

    /// <summary>Nobody has it.</summary>
    public static DomainError NotClaimed() => new("handoff-not-claimed", "Nobody has this hand-off.", "Claim it first.", 409);

    /// <summary>It is over.</summary>
    public static DomainError Ended(HandoffState state) => new("handoff-ended", $"This hand-off is {state}.", "A new message of the customer may open a new one.", 409);

    /// <summary>A key that was used for something else.</summary>
    public static DomainError KeyReused() => new("idempotency-key-reused", "This idempotency key was used before, for another answer.", "Use a new key for a new answer.");
}
