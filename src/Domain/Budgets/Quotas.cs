using System.Collections.Immutable;
using System.Globalization;
using AIaaS.Domain.Pricing;
using AIaaS.EventStore;

namespace AIaaS.Domain.Budgets;

/// <summary>Type <c>quota.reached</c> in <c>quota-{tenant}_{resource}.{window}</c>: so much of a quota is used. Once for each percentage and window.</summary>
/// <param name="Resource">Of what.</param>
/// <param name="Window">In which stretch.</param>
/// <param name="Percent">80 or 100.</param>
/// <param name="Used">How much was used.</param>
/// <param name="Limit">The most.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record QuotaReached(QuotaResource Resource, QuotaWindow Window, int Percent, long Used, long Limit, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>quota.override.granted</c> in <c>quotaOverrides-{tenant}_log</c>: another limit holds for a while.</summary>
/// <param name="Override">Its id.</param>
/// <param name="Resource">Of what.</param>
/// <param name="Window">In which stretch.</param>
/// <param name="Limit">The most, instead of the plan's.</param>
/// <param name="Until">When the plan's holds again.</param>
/// <param name="Author">Who granted it.</param>
/// <param name="Reason">Why.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record QuotaOverrideGranted(string Override, QuotaResource Resource, QuotaWindow Window, long Limit, DateTimeOffset Until, string Author, string Reason, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>quota.override.revoked</c>: the plan's limit holds again, before the override's time is up.</summary>
/// <param name="Override">Its id.</param>
/// <param name="Author">Who revoked it.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record QuotaOverrideRevoked(string Override, string Author, DateTimeOffset At) : DomainEvent;

/// <summary>Grants a tenant another limit for a while.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Override">Its id.</param>
/// <param name="Resource">Of what.</param>
/// <param name="Window">In which stretch.</param>
/// <param name="Limit">The most.</param>
/// <param name="Until">Until when.</param>
/// <param name="Author">Who grants it.</param>
/// <param name="Reason">Why.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record GrantQuotaOverride(string Tenant, string Override, QuotaResource Resource, QuotaWindow Window, long Limit, DateTimeOffset Until, string Author, string Reason, DateTimeOffset At);

/// <summary>Revokes an override.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Override">Its id.</param>
/// <param name="Author">Who revokes it.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record RevokeQuotaOverride(string Tenant, string Override, string Author, DateTimeOffset At);

/// <summary>Notes that so much of a quota is used.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Span">The window.</param>
/// <param name="Resource">Of what.</param>
/// <param name="Percent">80 or 100.</param>
/// <param name="Used">How much was used.</param>
/// <param name="Limit">The most.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ReachQuota(string Tenant, QuotaSpan Span, QuotaResource Resource, int Percent, long Used, long Limit, DateTimeOffset At);

/// <summary>A window of a quota, in UTC.</summary>
/// <param name="Window">Which kind.</param>
/// <param name="Name"><c>minute-20260301T0930</c>, <c>hour-20260301T09</c>, <c>day-2026-03-01</c>, <c>month-2026-03</c>; of what is limited at any one moment <c>moment-2026-03-01</c>: its notices are once a day.</param>
/// <param name="From">When it begins.</param>
/// <param name="To">When the next one begins.</param>
public sealed record QuotaSpan(QuotaWindow Window, string Name, DateTimeOffset From, DateTimeOffset To)
{
    /// <summary>The window that a moment lies in.</summary>
    public static QuotaSpan Of(QuotaWindow window, DateTimeOffset at)
    {
        var utc = at.ToUniversalTime();
        var day = new DateTimeOffset(utc.Date, TimeSpan.Zero);
        var (from, to, form) = window switch
        {
            QuotaWindow.Minute when day.AddMinutes((int)utc.TimeOfDay.TotalMinutes) is var minute => (minute, minute.AddMinutes(1), "'minute-'yyyyMMdd'T'HHmm"),
            QuotaWindow.Hour when day.AddHours(utc.Hour) is var hour => (hour, hour.AddHours(1), "'hour-'yyyyMMdd'T'HH"),
            QuotaWindow.Day => (day, day.AddDays(1), "'day-'yyyy-MM-dd"),
            QuotaWindow.Month when day.AddDays(1 - day.Day) is var month => (month, month.AddMonths(1), "'month-'yyyy-MM"),
            QuotaWindow.Moment => (day, day.AddDays(1), "'moment-'yyyy-MM-dd"),
            _ => throw new ArgumentOutOfRangeException(nameof(window), window, "The window is not known."),
        };
        return new(window, from.ToString(form, CultureInfo.InvariantCulture), from, to);
    }
}

/// <summary>The notices of one window of a quota.</summary>
public sealed record QuotaNotices : IState<QuotaNotices>
{
    /// <summary>The window before its first notice.</summary>
    public static QuotaNotices Initial { get; } = new();

    /// <summary>Percentages that were noticed.</summary>
    public ImmutableSortedSet<int> Reached { get; init; } = [];

    /// <summary>The stream of a window.</summary>
    public static StreamName Stream(string tenant, QuotaResource resource, string window) => StreamName.For("quota", tenant, $"{resource}.{window}");

    /// <inheritdoc />
    public QuotaNotices Evolve(object @event) => @event is QuotaReached e ? this with { Reached = Reached.Add(e.Percent) } : this;

    /// <summary>Notes a percentage; again changes nothing.</summary>
    public Decision Reach(ReachQuota command) =>
        Reached.Contains(command.Percent) ? Decision.Unchanged : new QuotaReached(command.Resource, command.Span.Window, command.Percent, command.Used, command.Limit, command.At);
}

/// <summary>The overrides of a tenant's quotas.</summary>
public sealed record QuotaOverrides : IState<QuotaOverrides>
{
    /// <summary>The longest that an override can hold.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromDays(366);

    /// <summary>A tenant before its first override.</summary>
    public static QuotaOverrides Initial { get; } = new();

    /// <summary>Those that were granted and not revoked, also when their time is up, in the order in which they were granted.</summary>
    public ImmutableList<QuotaOverrideGranted> Granted { get; init; } = [];

    /// <summary>The stream of a tenant's overrides.</summary>
    public static StreamName Stream(string tenant) => StreamName.For("quotaOverrides", tenant, "log");

    /// <inheritdoc />
    public QuotaOverrides Evolve(object @event) => @event switch
    {
        QuotaOverrideGranted e => this with { Granted = Granted.Add(e) },
        QuotaOverrideRevoked e => this with { Granted = Granted.RemoveAll(g => g.Override == e.Override) },
        _ => this,
    };

    /// <summary>The override that holds now; the newest of several. Null for none.</summary>
    public QuotaOverrideGranted? Find(QuotaResource resource, QuotaWindow window, DateTimeOffset at) =>
        Granted.FindLast(g => g.Resource == resource && g.Window == window && g.Until > at);

    /// <summary>Grants one.</summary>
    public Decision Grant(GrantQuotaOverride command)
    {
        List<string> faults = [];
        if (!Enum.IsDefined(command.Resource) || !Enum.IsDefined(command.Window) || !QuotaRules.IsPossible(command.Resource, command.Window))
        {
            faults.Add($"{command.Resource} cannot be limited by {command.Window}: storage and concurrent runs are limited at any one Moment, the others by Minute, Hour, Day or Month");
        }

        if (command.Limit < 0)
        {
            faults.Add($"the limit is {command.Limit}; it must be 0 or more");
        }

        if (command.Until <= command.At || command.Until > command.At + Longest)
        {
            faults.Add($"it would hold until {command.Until:u}; that must be ahead, and at most {Longest.TotalDays:0} days");
        }

        if (string.IsNullOrWhiteSpace(command.Reason) || command.Reason.Length > 500 || command.Reason.Any(char.IsControl))
        {
            faults.Add("the reason must have 1 to 500 characters and no control characters");
        }

        return faults.Count > 0 ? QuotaErrors.InvalidOverride(faults)
            : Granted.Exists(g => g.Override == command.Override) ? Decision.Unchanged
            : new QuotaOverrideGranted(command.Override, command.Resource, command.Window, command.Limit, command.Until, command.Author, command.Reason, command.At);
    }

    /// <summary>Revokes one.</summary>
    public Decision Revoke(RevokeQuotaOverride command) =>
        Granted.Exists(g => g.Override == command.Override) ? new QuotaOverrideRevoked(command.Override, command.Author, command.At) : QuotaErrors.UnknownOverride(command.Override);
}

/// <summary>What quotas can be.</summary>
public static class QuotaRules
{
    /// <summary>Percentages at which a quota says so.</summary>
    public static ImmutableArray<int> Notices { get; } = [80, 100];

    /// <summary>Whether a resource can be limited in a kind of window.</summary>
    public static bool IsPossible(QuotaResource resource, QuotaWindow window) =>
        resource is QuotaResource.StorageBytes or QuotaResource.ConcurrentRuns == (window == QuotaWindow.Moment);
}

/// <summary>What can be refused of quotas.</summary>
public static class QuotaErrors
{
    /// <summary>A quota is used up.</summary>
    public static DomainError Exceeded(QuotaLimit limit, long used, string? resets) => new(
        "quota-exceeded",
        string.Create(CultureInfo.InvariantCulture, $"{used:N0} of {limit.Limit:N0} {Words(limit.Resource)} {(limit.Window == QuotaWindow.Moment ? "at once" : "in the " + limit.Window.ToString().ToLowerInvariant())} are used."),
        resets is null ? "Wait until there is room, or ask for another plan." : $"Wait until {resets}, or ask for another plan.",
        429);

    /// <summary>All that is wrong with an override.</summary>
    public static DomainError InvalidOverride(IReadOnlyList<string> faults) => new("quota-override-invalid", "The override cannot be granted: " + string.Join("; ", faults) + ".", "Change what is named and send it again.");

    /// <summary>There is no such override.</summary>
    public static DomainError UnknownOverride(string id) => new("unknown-quota-override", $"There is no override '{(id.Length <= 100 ? id : id[..100] + "…")}'.", "GET the tenant's overrides for those that there are.", 404);

    private static string Words(QuotaResource resource) => resource switch
    {
        QuotaResource.Requests => "requests",
        QuotaResource.Tokens => "tokens",
        QuotaResource.Runs => "runs",
        QuotaResource.StorageBytes => "stored bytes",
        QuotaResource.ConcurrentRuns => "runs under way",
        _ => throw new ArgumentOutOfRangeException(nameof(resource), resource, "The resource is not known."),
    };
}
