using System.Globalization;
using AIaaS.EventStore;

namespace AIaaS.Domain.Metering;

/// <summary>What a usage event must be.</summary>
public static class UsageRules
{
    /// <summary>The longest CloudEvents type, in characters.</summary>
    public const int MaxTypeLength = 200;

    /// <summary>The longest CloudEvents id, in characters.</summary>
    public const int MaxIdLength = 200;

    /// <summary>The longest CloudEvents source or subject, in characters.</summary>
    public const int MaxSourceLength = 500;

    /// <summary>The most bytes of an event's data.</summary>
    public const int MaxDataBytes = 65_536;

    /// <summary>How deeply an event's data may be nested.</summary>
    public const int MaxDepth = 32;

    /// <summary>The most members of one object in an event's data.</summary>
    public const int MaxMembers = 1_000;

    /// <summary>How many steps the schemas and paths of an event's meters may take, whatever its data; about one for each schema that is applied and each value that is looked at.</summary>
    public const int FreeSteps = 2_000;

    /// <summary>How many more for each byte of its data.</summary>
    public const int StepsPerByte = 4;

    /// <summary>The longest item of a unique count and the longest value of a dimension, in bytes of UTF-8.</summary>
    public const int MaxTextBytes = 400;

    /// <summary>How far back an event's time may lie. Ids are remembered longer than that, so that none comes back unrecognised.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromDays(35);

    /// <summary>How far ahead an event's time may lie: clocks differ.</summary>
    public static readonly TimeSpan MaxAhead = TimeSpan.FromMinutes(5);

    /// <summary>How long an id is remembered, from when it was recorded.</summary>
    public static readonly TimeSpan Remembered = MaxAge + TimeSpan.FromDays(1);

    /// <summary>What is wrong with an event's attributes; null when nothing is.</summary>
    /// <param name="source">CloudEvents source.</param>
    /// <param name="id">CloudEvents id.</param>
    /// <param name="type">CloudEvents type.</param>
    /// <param name="subject">CloudEvents subject; null where there is none.</param>
    /// <param name="time">CloudEvents time; null where there is none.</param>
    /// <param name="now">When it came in.</param>
    public static DomainError? Refusal(string source, string id, string type, string? subject, DateTimeOffset? time, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(type);
        return Text("source", source, MaxSourceLength) ?? Text("id", id, MaxIdLength) ?? Text("type", type, MaxTypeLength) ?? (subject is null ? null : Text("subject", subject, MaxSourceLength))
            ?? (type.StartsWith(BuiltInMeters.Reserved, StringComparison.Ordinal) ? UsageErrors.TypeReserved(type)
            : time is { } ahead && ahead - now > MaxAhead ? UsageErrors.TimeAhead(ahead, now)
            : time is { } old && now - old > MaxAge ? UsageErrors.TimeTooOld(old, now)
            : null);
    }

    private static DomainError? Text(string attribute, string value, int most)
    {
        if (value.Length == 0 || value.Length > most)
        {
            return UsageErrors.Attribute(attribute, value.Length == 0 ? "is empty" : $"has {value.Length} characters; at most {most} are possible");
        }

        var hasText = false;
        foreach (var c in value)
        {
            if (char.IsControl(c) || char.IsSurrogate(c) && !TextRules.IsWellFormed(value))
            {
                return UsageErrors.Attribute(attribute, "holds a control character or half of a surrogate pair");
            }

            hasText |= !char.IsWhiteSpace(c);
        }

        return hasText ? null : UsageErrors.Attribute(attribute, "is blank");
    }
}

/// <summary>Why a usage event is refused.</summary>
public static class UsageErrors
{
    /// <summary>An attribute has no possible value.</summary>
    public static DomainError Attribute(string attribute, string fault) => new("attribute-invalid", $"The attribute '{attribute}' {fault}.", "See CloudEvents 1.0 for the attributes: id, source, specversion and type are needed; subject, time, datacontenttype, dataschema and data may be there.");

    /// <summary>Attributes that must be there are not.</summary>
    public static DomainError Missing(IEnumerable<string> attributes) => new("attribute-missing", $"Missing: {string.Join(", ", attributes)}.", "Send the attributes id, source, specversion and type with each event.");

    /// <summary>Another version of CloudEvents.</summary>
    public static DomainError SpecVersion(string version) => new("specversion-unsupported", $"specversion is '{Shown(version)}'.", "Send CloudEvents 1.0: \"specversion\": \"1.0\".");

    /// <summary>Only the platform sends such events.</summary>
    public static DomainError TypeReserved(string type) => new("type-reserved", $"Events of type '{Shown(type)}' are the platform's own: it measures itself.", $"Use a type that does not begin with '{BuiltInMeters.Reserved}'.");

    /// <summary>No meter counts it.</summary>
    public static DomainError TypeUnknown(string type) => new("type-unknown", $"No meter counts events of type '{Shown(type)}'.", "Declare a meter for it (PUT /v1/meters/{meter}), or correct the type.");

    /// <summary>Its clock is ahead.</summary>
    public static DomainError TimeAhead(DateTimeOffset time, DateTimeOffset now) => new("time-in-future", $"The time {Text(time)} lies {Span(time - now)} ahead of ours, {Text(now)}; at most {UsageRules.MaxAhead.TotalMinutes:0} minutes are possible.", "Set the sender's clock, and send the time with its offset.");

    /// <summary>It comes too late.</summary>
    public static DomainError TimeTooOld(DateTimeOffset time, DateTimeOffset now) => new("time-too-old", $"The time {Text(time)} lies {Span(now - time)} back; at most {UsageRules.MaxAge.TotalDays:0} days are possible.", "Usage as old as that is settled by a correction of the invoice, not by an event.");

    /// <summary>Its data do not fit a schema.</summary>
    public static DomainError Schema(string meter, IEnumerable<string> faults) => new("data-invalid", $"The data do not fit the schema of the meter '{meter}': {string.Join("; ", faults)}.", "Correct what is named, or declare the meter anew with another schema.");

    /// <summary>A meter cannot read it.</summary>
    public static DomainError Value(string meter, string path, string fault) => new("value-invalid", $"The meter '{meter}' cannot read {path}: {fault}.", $"A value is a number from 0 to {UsageNumber.Max:0} with at most {UsageNumber.MaxDecimals} decimals; dimensions and items are texts of 1 to {UsageRules.MaxTextBytes} bytes, numbers, true or false.");

    /// <summary>A path of a meter cannot be followed.</summary>
    public static DomainError Path(string path, string fault) => new("value-invalid", $"The path {Shown(path)} of a meter cannot be followed: {fault}", "Declare the meter with a simpler path, or send fewer data.");

    /// <summary>The same source and id came with other content.</summary>
    public static DomainError Conflict(string source, string id, long sequence) => new("duplicate-conflict", $"An event of source '{Shown(source)}' with id '{Shown(id)}' is there already, with other content: number {sequence}. That one stands.", "Use a new id for a new event; to repeat an event, send it unchanged.", 409);

    /// <summary>NaN or an infinity, written as if JSON had them.</summary>
    public static DomainError NotANumber() => new("data-invalid", "The event holds NaN or Infinity, which are no numbers of JSON.", "Send a number; where there is none, leave the event out.");

    /// <summary>Data that are too much.</summary>
    public static DomainError TooLarge(string fault) => new("data-too-large", $"The data {fault}.", "Send what the meters need; keep the rest elsewhere.");

    /// <summary>Data that are too deep.</summary>
    public static DomainError TooDeep() => new("data-too-deep", $"The data are nested deeper than {UsageRules.MaxDepth} levels.", "Send them flatter.");

    /// <summary>A member is there twice.</summary>
    public static DomainError MemberTwice(string member) => new("member-twice", $"The member '{Shown(member)}' is there twice in one object, so that it cannot be said which one holds.", "Send each member once.");

    /// <summary>Text that no UTF-8 can hold.</summary>
    public static DomainError HalfPair() => new("data-invalid", "The event holds text with half of a surrogate pair, such as \\ud83d without its second half.", "Write such characters in UTF-8, or as both halves.");

    private static string Shown(string text) => text.Length <= 60 ? text : text[..60] + "…";

    private static string Text(DateTimeOffset time) => time.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static string Span(TimeSpan span) => span.TotalDays >= 2 ? $"{Math.Floor(span.TotalDays):0} days" : span.TotalHours >= 2 ? $"{Math.Floor(span.TotalHours):0} hours" : $"{Math.Ceiling(span.TotalMinutes):0} minutes";
}
