using System.Collections.Immutable;
using AIaaS.Domain.Payments;
using AIaaS.EventStore;

namespace AIaaS.Domain.Leads;

/// <summary>Captures a lead.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Lead">The lead's id.</param>
/// <param name="Contact">How it can be reached and where it comes from.</param>
/// <param name="Facts">What is known for the qualification; null for nothing.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record CaptureLead(string Tenant, string Lead, LeadContact Contact, LeadFacts? Facts, DateTimeOffset At);

/// <summary>Scores a lead by what is known now.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Lead">The lead's id.</param>
/// <param name="Facts">What is known.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record QualifyLead(string Tenant, string Lead, LeadFacts Facts, DateTimeOffset At);

/// <summary>Moves a lead on by hand.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Lead">The lead's id.</param>
/// <param name="Status">Contacted, Qualified, Disqualified or Converted.</param>
/// <param name="Reason">Why; needed to disqualify.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ChangeLeadStatus(string Tenant, string Lead, LeadStatus Status, string? Reason, DateTimeOffset At);

/// <summary>Schedules a follow-up.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Lead">The lead's id.</param>
/// <param name="FollowUp">The follow-up's id.</param>
/// <param name="Due">When.</param>
/// <param name="Note">What for; null where nobody said.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ScheduleFollowUp(string Tenant, string Lead, string FollowUp, DateTimeOffset Due, string? Note, DateTimeOffset At);

/// <summary>Records that a follow-up's time has come.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Lead">The lead's id.</param>
/// <param name="FollowUp">The follow-up's id.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record RemindOfFollowUp(string Tenant, string Lead, string FollowUp, DateTimeOffset At);

/// <summary>Closes a follow-up.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Lead">The lead's id.</param>
/// <param name="FollowUp">The follow-up's id.</param>
/// <param name="Done">Whether it was done; false: called off.</param>
/// <param name="Note">What came of it; null where nobody said.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record CloseFollowUp(string Tenant, string Lead, string FollowUp, bool Done, string? Note, DateTimeOffset At);

/// <summary>Somebody who may become a customer: who, how much worth, how it stands, and when to get in touch.</summary>
public sealed record Lead : IState<Lead>
{
    /// <summary>The most follow-ups that are open at once.</summary>
    public const int MaxOpenFollowUps = 50;

    /// <summary>How far ahead a follow-up may lie.</summary>
    public static readonly TimeSpan MaxAhead = TimeSpan.FromDays(731);

    private const string TimerPrefix = "follow-up.";

    /// <summary>The lead before it is captured.</summary>
    public static Lead Initial { get; } = new();

    /// <summary>How it came; null before.</summary>
    public LeadCaptured? Captured { get; init; }

    /// <summary>How it stands.</summary>
    public LeadStatus Status { get; init; }

    /// <summary>How much it is worth; null until it is scored.</summary>
    public LeadScored? Score { get; init; }

    /// <summary>Follow-ups that are neither done nor called off, by id.</summary>
    public ImmutableDictionary<string, FollowUpScheduled> Open { get; init; } = ImmutableDictionary<string, FollowUpScheduled>.Empty;

    /// <summary>Follow-ups whose time has come, and those that are closed.</summary>
    public ImmutableHashSet<string> Past { get; init; } = [];

    /// <summary>The stream of a lead.</summary>
    public static StreamName Stream(string tenant, string lead) => StreamName.For("lead", tenant, lead);

    /// <summary>The follow-up that a timer stands for; null for another timer.</summary>
    public static string? FollowUpOf(string timer) => timer.StartsWith(TimerPrefix, StringComparison.Ordinal) ? timer[TimerPrefix.Length..] : null;

    /// <inheritdoc />
    public Lead Evolve(object @event) => @event switch
    {
        LeadCaptured e => this with { Captured = e },
        LeadScored e => this with { Score = e },
        LeadStatusChanged e => this with { Status = e.Status },
        FollowUpScheduled e => this with { Open = Open.SetItem(e.FollowUp, e) },
        FollowUpDue e => this with { Past = Past.Add(e.FollowUp) },
        FollowUpClosed e => this with { Open = Open.Remove(e.FollowUp), Past = Past.Add(e.FollowUp) },
        _ => this,
    };

    /// <summary>Captures it once.</summary>
    public Decision Capture(CaptureLead command)
    {
        if (Captured is not null)
        {
            return Captured.Contact == command.Contact ? Decision.Unchanged : LeadErrors.Exists(command.Lead);
        }

        var faults = Faults(command.Contact, command.Facts);
        if (faults.Count > 0)
        {
            return LeadErrors.Invalid(faults);
        }

        var captured = new LeadCaptured(command.Lead, command.Contact, command.At);
        return command.Facts is { } facts ? Decision.Of([captured, .. Scored(facts, command.Contact.Company, command.At)]) : captured;
    }

    /// <summary>Scores it; the same facts again change nothing.</summary>
    public Decision Qualify(QualifyLead command) =>
        Captured is null ? LeadErrors.NotFound(command.Lead)
        : Status == LeadStatus.Converted ? LeadErrors.Ended(command.Lead, Status)
        : Faults(null, command.Facts) is { Count: > 0 } faults ? LeadErrors.Invalid(faults)
        : Score?.Facts == command.Facts ? Decision.Unchanged
        : Decision.Of(Scored(command.Facts, Captured.Contact.Company, command.At));

    /// <summary>Moves it on by hand.</summary>
    public Decision Change(ChangeLeadStatus command)
    {
        if (Captured is null)
        {
            return LeadErrors.NotFound(command.Lead);
        }

        if (command.Status == Status)
        {
            return Decision.Unchanged;
        }

        if (TextRules.Fault("reason", command.Reason, 500) is { } fault)
        {
            return LeadErrors.Invalid([fault]);
        }

        if (command.Status == LeadStatus.Disqualified && string.IsNullOrWhiteSpace(command.Reason))
        {
            return LeadErrors.Invalid(["a lead is disqualified with a reason"]);
        }

        var isPossible = command.Status switch
        {
            LeadStatus.Contacted => Status is LeadStatus.New or LeadStatus.Disqualified,
            LeadStatus.Qualified => Status is LeadStatus.New or LeadStatus.Contacted or LeadStatus.Disqualified,
            LeadStatus.Disqualified => Status is LeadStatus.New or LeadStatus.Contacted or LeadStatus.Qualified,
            LeadStatus.Converted => Status == LeadStatus.Qualified,
            _ => false,
        };
        if (!isPossible)
        {
            return LeadErrors.NotPossible(Status, command.Status);
        }

        var changed = new LeadStatusChanged(command.Status, command.Reason, command.At);
        return command.Status is LeadStatus.Disqualified or LeadStatus.Converted
            ? Decision.Of([changed, .. Open.Keys.Order(StringComparer.Ordinal).SelectMany(f => Closed(f, false, null, command.At))])
            : changed;
    }

    /// <summary>Schedules a follow-up, with a timer beside it.</summary>
    public Decision Schedule(ScheduleFollowUp command)
    {
        if (Captured is null)
        {
            return LeadErrors.NotFound(command.Lead);
        }

        if (Open.TryGetValue(command.FollowUp, out var there))
        {
            return there.Due == command.Due && there.Note == command.Note ? Decision.Unchanged : LeadErrors.KeyReused();
        }

        List<string> faults = [];
        if (command.Due <= command.At || command.Due - command.At > MaxAhead)
        {
            faults.Add($"a follow-up must lie in the future, at most {MaxAhead.TotalDays:0} days ahead");
        }

        if (TextRules.Fault("note", command.Note, 1_000) is { } fault)
        {
            faults.Add(fault);
        }

        return Past.Contains(command.FollowUp) ? Decision.Unchanged
            : Status is LeadStatus.Converted or LeadStatus.Disqualified ? LeadErrors.Ended(command.Lead, Status)
            : faults.Count > 0 ? LeadErrors.Invalid(faults)
            : Open.Count >= MaxOpenFollowUps ? LeadErrors.TooMany(MaxOpenFollowUps)
            : Decision.Of(new FollowUpScheduled(command.FollowUp, command.Due, command.Note, command.At), new TimerScheduled(TimerPrefix + command.FollowUp, command.Due));
    }

    /// <summary>Records once that a follow-up's time has come.</summary>
    public Decision Remind(RemindOfFollowUp command) =>
        Open.ContainsKey(command.FollowUp) && !Past.Contains(command.FollowUp) ? new FollowUpDue(command.FollowUp, command.At) : Decision.Unchanged;

    /// <summary>Closes a follow-up; closing it again changes nothing.</summary>
    public Decision Close(CloseFollowUp command) =>
        Captured is null ? LeadErrors.NotFound(command.Lead)
        : TextRules.Fault("note", command.Note, 1_000) is { } fault ? LeadErrors.Invalid([fault])
        : Open.ContainsKey(command.FollowUp) ? Decision.Of(Closed(command.FollowUp, command.Done, command.Note, command.At))
        : Past.Contains(command.FollowUp) ? Decision.Unchanged
        : LeadErrors.UnknownFollowUp(command.FollowUp);

    /// <summary>All that is wrong with a lead; empty when nothing is.</summary>
    public static IReadOnlyList<string> Faults(LeadContact? contact, LeadFacts? facts)
    {
        List<string> faults = [];
        if (contact is not null)
        {
            AddIf(string.IsNullOrWhiteSpace(contact.Name), "the name is missing");
            foreach (var (name, value, most) in (ReadOnlySpan<(string, string?, int)>)
                [("name", contact.Name, 200), ("e-mail address", contact.Email, 254), ("phone number", contact.Phone, 40), ("company", contact.Company, 200), ("source", contact.Source, 50), ("interest", contact.Interest, 2_000), ("customer's id", contact.Customer, 200), ("conversation's id", contact.Conversation, 100)])
            {
                if (TextRules.Fault(name, value, most) is { } fault)
                {
                    faults.Add(fault);
                }
            }

            AddIf(contact.Email is { } email && !IsEmail(email), "the e-mail address has no form that mail can go to");
            AddIf(contact.Phone is { } phone && (phone.Count(char.IsAsciiDigit) is < 5 or > 20 || phone.Any(c => !char.IsAsciiDigit(c) && c is not ('+' or '-' or ' ' or '(' or ')' or '/' or '.'))), "the phone number must have 5 to 20 digits");
            AddIf(contact.Email is null && contact.Phone is null && contact.Customer is null && contact.Conversation is null, "the lead cannot be reached: give an e-mail address, a phone number, a customer or a conversation");
        }

        if (facts is not null)
        {
            AddIf(facts.Budget is { } budget && (budget.Amount < 0 || budget.Amount > 1_000_000_000_000m || Currencies.Decimals(budget.Currency) is null), "the budget must be an amount from 0 up in a currency of ISO 4217");
            AddIf(facts.TimelineDays is < 0 or > 3_650, "the timeline must be 0 to 3,650 days");
            AddIf(facts.CompanySize is < 1 or > 10_000_000, "the company's size must be 1 to 10,000,000 people");
            AddIf(!Enum.IsDefined(facts.Authority) || !Enum.IsDefined(facts.Need), "authority or need is not one of the possible values");
        }

        return faults;

        void AddIf(bool isWrong, string fault)
        {
            if (isWrong)
            {
                faults.Add(fault);
            }
        }
    }

    private static bool IsEmail(string text)
    {
        var at = text.IndexOf('@', StringComparison.Ordinal);
        return at is > 0 and <= 64 && at == text.LastIndexOf('@') && text.IndexOf('.', at) > at + 1 && text[^1] != '.' && !text.Any(c => c is <= ' ' or '<' or '>' or ',' or ';' or '"' or '\x7f');
    }

    private static IEnumerable<DomainEvent> Closed(string followUp, bool done, string? note, DateTimeOffset at) =>
        [new FollowUpClosed(followUp, done, note, at), new TimerCancelled(TimerPrefix + followUp)];

    private List<DomainEvent> Scored(LeadFacts facts, string? company, DateTimeOffset at)
    {
        var reasons = LeadScore.Of(facts, company);
        var score = reasons.Sum(r => r.Points);
        List<DomainEvent> events = [new LeadScored(facts, score, reasons, at)];
        if (facts.Need == LeadNeed.None && Status != LeadStatus.Disqualified)
        {
            events.Add(new LeadStatusChanged(LeadStatus.Disqualified, "Does not need it.", at));
            events.AddRange(Open.Keys.Order(StringComparer.Ordinal).SelectMany(f => Closed(f, false, null, at)));
        }
        else if (facts.Need != LeadNeed.None && score >= LeadScore.Qualified && Status != LeadStatus.Qualified)
        {
            events.Add(new LeadStatusChanged(LeadStatus.Qualified, $"{score} of 100 points.", at));
        }

        return events;
    }
}

/// <summary>What a lead refuses.</summary>
public static class LeadErrors
{
    /// <summary>Something is wrong with it; all faults at once.</summary>
    public static DomainError Invalid(IReadOnlyList<string> faults) => new("lead-invalid", "This cannot be kept of a lead: " + string.Join("; ", faults) + ".", "Correct what is named and send it again.");

    /// <summary>There is no such lead.</summary>
    public static DomainError NotFound(string lead) => new("lead-not-found", $"There is no lead '{(lead.Length <= 60 ? lead : lead[..60] + "…")}'.", "List the leads to see their ids.", 404);

    /// <summary>It was captured with other data.</summary>
    public static DomainError Exists(string lead) => new("idempotency-key-reused", $"Lead '{lead}' was captured under this key before, with other data.", "Use a new key for a new lead.");

    /// <summary>A key that was used for something else.</summary>
    public static DomainError KeyReused() => new("idempotency-key-reused", "This idempotency key was used before, for another follow-up.", "Use a new key for a new follow-up.");

    /// <summary>It is at its end.</summary>
    public static DomainError Ended(string lead, LeadStatus status) => new("lead-ended", $"Lead '{lead}' is {status}.", "Move a disqualified lead back to Contacted first; a converted one is a customer now.", 409);

    /// <summary>It cannot move there from where it is.</summary>
    public static DomainError NotPossible(LeadStatus from, LeadStatus to) => new("lead-status-not-possible", $"A lead that is {from} cannot become {to}.", "Leads go from New over Contacted to Qualified and then Converted; any of them but a converted one can be Disqualified, and from there be Contacted again.", 409);

    /// <summary>Too many follow-ups.</summary>
    public static DomainError TooMany(int most) => new("too-many-follow-ups", $"The lead has {most} open follow-ups.", "Close some of them first.", 409);

    /// <summary>There is no such follow-up.</summary>
    public static DomainError UnknownFollowUp(string followUp) => new("follow-up-not-found", $"There is no follow-up '{(followUp.Length <= 60 ? followUp : followUp[..60] + "…")}'.", "Look at the lead to see its follow-ups.", 404);
}
