using System.Collections.Immutable;
using System.Globalization;
using AIaaS.Domain.Payments;
using AIaaS.EventStore;

namespace AIaaS.Domain.Complaints;

/// <summary>Opens a complaint.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Complaint">The complaint's id.</param>
/// <param name="Category">What it is about.</param>
/// <param name="Text">What the customer says.</param>
/// <param name="Customer">The customer's id at the tenant; null where unknown.</param>
/// <param name="Order">The order; null for none.</param>
/// <param name="Conversation">The conversation that it comes from; null for none.</param>
/// <param name="AtStake">The money that it is about; null for none.</param>
/// <param name="Earlier">How many complaints the customer had before.</param>
/// <param name="Deadlines">How long the tenant takes.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record OpenComplaint(string Tenant, string Complaint, ComplaintCategory Category, string Text, string? Customer, string? Order, string? Conversation, Money? AtStake, int Earlier, ComplaintDeadlines Deadlines, DateTimeOffset At);

/// <summary>Passes a complaint up one level.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Complaint">The complaint's id.</param>
/// <param name="Reason">Why; null for a deadline that has passed.</param>
/// <param name="Due">Of a deadline that has passed: which one; null when a person or an agent does it.</param>
/// <param name="Deadlines">How long the tenant takes.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record EscalateComplaint(string Tenant, string Complaint, string? Reason, DateTimeOffset? Due, ComplaintDeadlines Deadlines, DateTimeOffset At);

/// <summary>Settles a complaint.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Complaint">The complaint's id.</param>
/// <param name="Resolution">What was done about it.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ResolveComplaint(string Tenant, string Complaint, string Resolution, DateTimeOffset At);

/// <summary>Sets how long a tenant takes.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Hours">Hours by severity; all four.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record SetComplaintDeadlines(string Tenant, ImmutableSortedDictionary<ComplaintSeverity, double> Hours, DateTimeOffset At);

/// <summary>
/// The severity rule. A category begins at: safety critical; billing and privacy high; delivery and product medium; service and other low.
/// It goes up one step for 500 or more units of money at stake, and one step for the customer's third complaint or a later one.
/// </summary>
public static class ComplaintRule
{
    /// <summary>From so much at stake up, a complaint is worse by one step.</summary>
    public const decimal MuchMoney = 500;

    /// <summary>From so many earlier complaints up, a complaint is worse by one step.</summary>
    public const int ManyComplaints = 2;

    /// <summary>How bad a complaint is, and why.</summary>
    public static (ComplaintSeverity Severity, ImmutableArray<string> Reasons) Severity(ComplaintCategory category, Money? atStake, int earlier)
    {
        var severity = category switch
        {
            ComplaintCategory.Safety => ComplaintSeverity.Critical,
            ComplaintCategory.Billing or ComplaintCategory.Privacy => ComplaintSeverity.High,
            ComplaintCategory.Delivery or ComplaintCategory.Product => ComplaintSeverity.Medium,
            _ => ComplaintSeverity.Low,
        };
        List<string> reasons = [$"{category} is {severity}."];
        if (atStake is { Amount: >= MuchMoney } money)
        {
            reasons.Add(string.Create(CultureInfo.InvariantCulture, $"{money.Amount:0.###} {money.Currency} at stake: one step up."));
            severity++;
        }

        if (earlier >= ManyComplaints)
        {
            reasons.Add(string.Create(CultureInfo.InvariantCulture, $"{earlier} complaints before: one step up."));
            severity++;
        }

        return ((ComplaintSeverity)Math.Min((int)severity, (int)ComplaintSeverity.Critical), [.. reasons]);
    }
}

/// <summary>How long a tenant takes for a complaint, by severity.</summary>
public sealed record ComplaintDeadlines : IState<ComplaintDeadlines>
{
    /// <summary>What holds until a tenant sets something else: 4 hours, 1 day, 3 days, 5 days.</summary>
    public static ComplaintDeadlines Initial { get; } = new();

    /// <summary>Hours by severity.</summary>
    public ImmutableSortedDictionary<ComplaintSeverity, double> Hours { get; init; } = new Dictionary<ComplaintSeverity, double>
    {
        [ComplaintSeverity.Critical] = 4,
        [ComplaintSeverity.High] = 24,
        [ComplaintSeverity.Medium] = 72,
        [ComplaintSeverity.Low] = 120,
    }.ToImmutableSortedDictionary();

    /// <summary>The stream of a tenant's deadlines.</summary>
    public static StreamName Stream(string tenant) => StreamName.For("complaintRules", tenant, "deadlines");

    /// <summary>How long for a severity.</summary>
    public TimeSpan For(ComplaintSeverity severity) => TimeSpan.FromHours(Hours[severity]);

    /// <inheritdoc />
    public ComplaintDeadlines Evolve(object @event) => @event is ComplaintDeadlinesSet e ? this with { Hours = e.Hours } : this;

    /// <summary>Sets them; the same again changes nothing.</summary>
    public Decision Set(SetComplaintDeadlines command)
    {
        var hours = command.Hours;
        return Enum.GetValues<ComplaintSeverity>().Any(s => !hours.TryGetValue(s, out var h) || !(h is >= 0.001 and <= 2_000))
            ? ComplaintErrors.Invalid(["each severity needs 0.001 to 2,000 hours"])
            : hours[ComplaintSeverity.Critical] > hours[ComplaintSeverity.High] || hours[ComplaintSeverity.High] > hours[ComplaintSeverity.Medium] || hours[ComplaintSeverity.Medium] > hours[ComplaintSeverity.Low]
                ? ComplaintErrors.Invalid(["a worse complaint must not have more time than a lesser one"])
            : hours.SequenceEqual(Hours) ? Decision.Unchanged
            : new ComplaintDeadlinesSet(hours, command.At);
    }
}

/// <summary>A complaint: how bad, until when, how far up it has gone.</summary>
public sealed record Complaint : IState<Complaint>
{
    /// <summary>The last level that a complaint can be passed up to.</summary>
    public const int MaxLevel = 3;

    /// <summary>The longest text, in characters.</summary>
    public const int MaxTextLength = 4_000;

    /// <summary>The timer of the deadline.</summary>
    public const string DeadlineTimer = "deadline";

    /// <summary>The complaint before it is opened.</summary>
    public static Complaint Initial { get; } = new();

    /// <summary>What it is about; null before it is opened.</summary>
    public ComplaintOpened? Opened { get; init; }

    /// <summary>How far up it has gone.</summary>
    public int Level { get; init; }

    /// <summary>Until when it is to be resolved; null when there is no further deadline.</summary>
    public DateTimeOffset? Deadline { get; init; }

    /// <summary>How it was settled; null while it is not.</summary>
    public ComplaintResolved? Resolved { get; init; }

    /// <summary>How it stands.</summary>
    public ComplaintStatus Status => Resolved is not null ? ComplaintStatus.Resolved : Level > 0 ? ComplaintStatus.Escalated : ComplaintStatus.Open;

    /// <summary>The stream of a complaint.</summary>
    public static StreamName Stream(string tenant, string complaint) => StreamName.For("complaint", tenant, complaint);

    /// <inheritdoc />
    public Complaint Evolve(object @event) => @event switch
    {
        ComplaintOpened e => this with { Opened = e, Deadline = e.Deadline },
        ComplaintEscalated e => this with { Level = e.Level, Deadline = e.Deadline },
        ComplaintResolved e => this with { Resolved = e, Deadline = null },
        _ => this,
    };

    /// <summary>Opens it once, with a timer for its deadline.</summary>
    public Decision Open(OpenComplaint command)
    {
        if (Opened is { } first)
        {
            return first.Text == command.Text && first.Category == command.Category && first.Customer == command.Customer && first.Order == command.Order ? Decision.Unchanged : ComplaintErrors.KeyReused();
        }

        var faults = Faults(command);
        if (faults.Count > 0)
        {
            return ComplaintErrors.Invalid(faults);
        }

        var (severity, reasons) = ComplaintRule.Severity(command.Category, command.AtStake, command.Earlier);
        var deadline = command.At + command.Deadlines.For(severity);
        return Decision.Of(
            new ComplaintOpened(command.Complaint, command.Category, command.Text, command.Customer, command.Order, command.Conversation, command.AtStake, command.Earlier, severity, reasons, deadline, command.At),
            new TimerScheduled(DeadlineTimer, deadline));
    }

    /// <summary>Passes it up one level, and gives that level half the time for its severity. A deadline that was moved or settled meanwhile passes nothing up.</summary>
    public Decision Escalate(EscalateComplaint command)
    {
        if (Opened is null)
        {
            return ComplaintErrors.NotFound(command.Complaint);
        }

        var isOverdue = command.Due is not null;
        if (isOverdue && (Resolved is not null || Deadline != command.Due))
        {
            return Decision.Unchanged;
        }

        if (TextRules.Fault("reason", command.Reason, 500) is { } fault)
        {
            return ComplaintErrors.Invalid([fault]);
        }

        if (Resolved is not null || Level >= MaxLevel)
        {
            return Resolved is not null ? ComplaintErrors.Ended(command.Complaint) : ComplaintErrors.AtTheTop(command.Complaint);
        }

        DateTimeOffset? next = Level + 1 < MaxLevel ? command.At + command.Deadlines.For(Opened.Severity) / 2 : null;
        return Decision.Of(
            new ComplaintEscalated(Level + 1, isOverdue, command.Reason ?? "The deadline has passed.", next, command.At),
            next is { } due ? new TimerScheduled(DeadlineTimer, due) : new TimerCancelled(DeadlineTimer));
    }

    /// <summary>Settles it; settling it again changes nothing.</summary>
    public Decision Resolve(ResolveComplaint command) =>
        Opened is null ? ComplaintErrors.NotFound(command.Complaint)
        : string.IsNullOrWhiteSpace(command.Resolution) ? ComplaintErrors.Invalid(["say how it was resolved"])
        : TextRules.Fault("resolution", command.Resolution, MaxTextLength) is { } fault ? ComplaintErrors.Invalid([fault])
        : Resolved is not null ? Resolved.Resolution == command.Resolution ? Decision.Unchanged : ComplaintErrors.Ended(command.Complaint)
        : Decision.Of(new ComplaintResolved(command.Resolution, command.At > Opened.Deadline, command.At), new TimerCancelled(DeadlineTimer));

    /// <summary>All that is wrong with a complaint; empty when nothing is.</summary>
    public static IReadOnlyList<string> Faults(OpenComplaint command)
    {
        List<string> faults = [];
        if (string.IsNullOrWhiteSpace(command.Text))
        {
            faults.Add("the text is missing");
        }

        foreach (var (name, value, most) in (ReadOnlySpan<(string, string?, int)>)[("text", command.Text, MaxTextLength), ("customer's id", command.Customer, 200), ("order's id", command.Order, 200), ("conversation's id", command.Conversation, 100)])
        {
            if (TextRules.Fault(name, value, most) is { } fault)
            {
                faults.Add(fault);
            }
        }

        if (!Enum.IsDefined(command.Category))
        {
            faults.Add("the category is not one of the possible values");
        }

        if (command.AtStake is { } money && Currencies.Fault(money) is { } wrong)
        {
            faults.Add("of the money at stake, " + wrong);
        }

        return faults;
    }
}

/// <summary>What a complaint refuses.</summary>
public static class ComplaintErrors
{
    /// <summary>Something is wrong with it; all faults at once.</summary>
    public static DomainError Invalid(IReadOnlyList<string> faults) => new("complaint-invalid", "This cannot be kept of a complaint: " + string.Join("; ", faults) + ".", "Correct what is named and send it again.");

    /// <summary>There is no such complaint.</summary>
    public static DomainError NotFound(string complaint) => new("complaint-not-found", $"There is no complaint '{(complaint.Length <= 60 ? complaint : complaint[..60] + "…")}'.", "List the complaints to see their ids.", 404);

    /// <summary>A key that was used for something else.</summary>
    public static DomainError KeyReused() => new("idempotency-key-reused", "A complaint was opened under this idempotency key before, with other data.", "Use a new key for a new complaint.");

    /// <summary>It is settled.</summary>
    public static DomainError Ended(string complaint) => new("complaint-resolved", $"Complaint '{complaint}' is resolved.", "Open a new one.", 409);

    /// <summary>It is as far up as it can go.</summary>
    public static DomainError AtTheTop(string complaint) => new("complaint-at-the-top", $"Complaint '{complaint}' is at level {Complaint.MaxLevel.ToString(CultureInfo.InvariantCulture)} already, the last one.", "Resolve it.", 409);

    /// <summary>It belongs to another customer.</summary>
    public static DomainError NotYours() => new("not-yours", "This complaint belongs to another customer.", "Use a complaint of the customer who was authenticated in this conversation.", 403);
}
