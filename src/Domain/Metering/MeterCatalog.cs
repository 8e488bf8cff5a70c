using System.Collections.Immutable;
using System.Text.Json;
using AIaaS.Domain.Json;
using AIaaS.EventStore;

namespace AIaaS.Domain.Metering;

/// <summary>Declares a meter, or changes one.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Definition">What it counts.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record DeclareMeter(string Tenant, MeterDefinition Definition, DateTimeOffset At);

/// <summary>Retires a meter.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Meter">The meter.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record RetireMeter(string Tenant, string Meter, DateTimeOffset At);

/// <summary>A meter that a tenant declared.</summary>
/// <param name="Definition">What it counts now.</param>
/// <param name="Version">From 1, one more with each change.</param>
/// <param name="IsRetired">Whether it counts no longer.</param>
/// <param name="At">When it was declared or changed last, or retired.</param>
public sealed record DeclaredMeter(MeterDefinition Definition, int Version, bool IsRetired, DateTimeOffset At);

/// <summary>The meters of a tenant's own.</summary>
public sealed record MeterCatalog : IState<MeterCatalog>
{
    /// <summary>The most meters of a tenant's own that count.</summary>
    public const int MaxMeters = 200;

    /// <summary>The catalogue before the first meter.</summary>
    public static MeterCatalog Initial { get; } = new();

    /// <summary>The meters by name, retired ones too.</summary>
    public ImmutableSortedDictionary<string, DeclaredMeter> Meters { get; init; } = ImmutableSortedDictionary.Create<string, DeclaredMeter>(StringComparer.Ordinal);

    /// <summary>The definitions of those that count.</summary>
    public IEnumerable<MeterDefinition> Counting => Meters.Values.Where(m => !m.IsRetired).Select(m => m.Definition);

    /// <summary>The stream of a tenant's meters.</summary>
    public static StreamName Stream(string tenant) => StreamName.For("meters", tenant, "declared");

    /// <summary>What a meter counts, built-in or declared, also when it is retired; null where there is none of that name.</summary>
    public MeterDefinition? Find(string meter) => BuiltInMeters.Find(meter) ?? Meters.GetValueOrDefault(meter)?.Definition;

    /// <inheritdoc />
    public MeterCatalog Evolve(object @event) => @event switch
    {
        MeterDeclared e => this with { Meters = Meters.SetItem(e.Definition.Meter, new(e.Definition, e.Version, false, e.At)) },
        MeterRetired e => this with { Meters = Meters.SetItem(e.Meter, Meters[e.Meter] with { IsRetired = true, At = e.At }) },
        _ => this,
    };

    /// <summary>Declares or changes a meter; the same again changes nothing.</summary>
    public Decision Declare(DeclareMeter command)
    {
        var definition = command.Definition;
        var faults = MeterRules.Faults(definition);
        if (faults.Count > 0)
        {
            return MeterErrors.Invalid(faults);
        }

        var there = Meters.GetValueOrDefault(definition.Meter);
        return there is { IsRetired: false } && MeterRules.AreSame(there.Definition, definition) ? Decision.Unchanged
            : there is not null && there.Definition.Aggregation != definition.Aggregation ? MeterErrors.OtherAggregation(definition.Meter, there.Definition.Aggregation, definition.Aggregation)
            : there is null or { IsRetired: true } && Counting.Count() >= MaxMeters ? MeterErrors.TooMany()
            : new MeterDeclared(definition, (there?.Version ?? 0) + 1, command.At);
    }

    /// <summary>Retires a meter; again changes nothing.</summary>
    public Decision Retire(RetireMeter command) =>
        BuiltInMeters.Find(command.Meter) is not null ? MeterErrors.BuiltIn(command.Meter)
        : Meters.GetValueOrDefault(command.Meter) is not { } there ? MeterErrors.NotFound(command.Meter)
        : there.IsRetired ? Decision.Unchanged
        : new MeterRetired(command.Meter, command.At);
}

/// <summary>What a meter must be.</summary>
public static class MeterRules
{
    /// <summary>The most dimensions of a meter.</summary>
    public const int MaxDimensions = 8;

    /// <summary>The longest schema, in characters.</summary>
    public const int MaxSchemaLength = 65_536;

    private const int MaxPathLength = 500;

    /// <summary>All that is wrong with a definition; empty when nothing is.</summary>
    public static IReadOnlyList<string> Faults(MeterDefinition definition)
    {
        ArgumentNullException.ThrowIfNull(definition);
        List<string> faults = [];
        if (!IsName(definition.Meter, 64, '.') || definition.Meter[^1] == '.')
        {
            faults.Add($"the name '{Shown(definition.Meter)}' is not possible: it has 1 to 64 lower-case letters, digits, '_' and '.', and begins with a letter");
        }
        else if (BuiltInMeters.Find(definition.Meter) is not null)
        {
            faults.Add($"'{definition.Meter}' is a meter of the platform; choose another name");
        }

        if (EventTypeFault(definition.EventType) is { } typeFault)
        {
            faults.Add(typeFault);
        }

        if (!Enum.IsDefined(definition.Aggregation))
        {
            faults.Add($"the aggregation must be one of {string.Join(", ", Enum.GetNames<Aggregation>())}");
        }
        else if (definition.Aggregation == Aggregation.Count)
        {
            AddIf(definition.Value is not null, "a count has no value: leave it out");
        }
        else if (definition.Value is null)
        {
            faults.Add($"the value is missing: {definition.Aggregation} needs a JSONPath, for example $.bytes");
        }

        AddPath("value", definition.Value);
        AddIf(definition.Percentile is not null && definition.Aggregation != Aggregation.Percentile, "a percentile belongs only to the aggregation Percentile");
        AddIf(definition.Aggregation == Aggregation.Percentile && definition.Percentile is null, "the percentile is missing: a number above 0 and below 100, for example 95");
        AddIf(definition.Percentile is { } p && (p <= 0 || p >= 100 || decimal.Round(p, 4) != p), "the percentile must be above 0 and below 100, with at most 4 decimals");
        AddIf(definition.Dimensions is null, "the dimensions are null: leave them out for none");
        AddIf(definition.Dimensions?.Count > MaxDimensions, $"there are {definition.Dimensions?.Count} dimensions; at most {MaxDimensions} are possible");
        foreach (var (name, path) in definition.Dimensions?.Take(MaxDimensions * 2) ?? [])
        {
            AddIf(!IsName(name, 40), $"the dimension '{Shown(name)}' is not possible: a name has 1 to 40 lower-case letters, digits and '_', and begins with a letter");
            AddPath($"dimension '{Shown(name)}'", path);
        }

        if (definition.Schema is { } schema)
        {
            var text = schema.GetRawText();
            if (text.Length > MaxSchemaLength)
            {
                faults.Add($"the schema has {text.Length} characters; at most {MaxSchemaLength} are possible");
            }
            else if (!JsonSchema.TryCompile(text, out _, out var found))
            {
                faults.AddRange(found.Select(f => $"the schema is none: {f}"));
            }
        }

        AddText("unit", definition.Unit, 40);
        AddText("description", definition.Description, 500);
        return faults;

        void AddIf(bool isWrong, string fault)
        {
            if (isWrong)
            {
                faults.Add(fault);
            }
        }

        void AddPath(string what, string? path)
        {
            if (path is null)
            {
                AddIf(what != "value", $"the path of the {what} is missing");
            }
            else if (path.Length > MaxPathLength)
            {
                faults.Add($"the path of the {what} has {path.Length} characters; at most {MaxPathLength} are possible");
            }
            else if (!JsonPath.TryParse(path, out _, out var fault))
            {
                faults.Add($"the path of the {what} is not JSONPath: {fault}");
            }
        }

        void AddText(string what, string? text, int most)
        {
            if (text is null)
            {
                faults.Add($"the {what} is null: leave it out for none");
            }
            else if (text.Length > 0 && TextRules.Fault(what, text, most) is { } fault)
            {
                faults.Add(fault);
            }
        }
    }

    /// <summary>Whether two definitions say the same.</summary>
    public static bool AreSame(MeterDefinition left, MeterDefinition right) => Text(left) == Text(right);

    private static string Text(MeterDefinition definition) => JsonSerializer.Serialize(definition, MeteringJson.Default.MeterDefinition);

    private static string? EventTypeFault(string? type) =>
        string.IsNullOrEmpty(type) || type.Length > UsageRules.MaxTypeLength || type.Any(c => char.IsWhiteSpace(c) || char.IsControl(c)) || !TextRules.IsWellFormed(type) ? $"the event type must have 1 to {UsageRules.MaxTypeLength} characters without white space, for example com.example.storage"
        : type.StartsWith(BuiltInMeters.Reserved, StringComparison.Ordinal) ? $"event types that begin with '{BuiltInMeters.Reserved}' are the platform's own; the built-in meters count them"
        : null;

    private static bool IsName(string? name, int most, char also = '_') =>
        name is { Length: > 0 } && name.Length <= most && char.IsAsciiLetterLower(name[0]) && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_' || c == also);

    private static string Shown(string? text) => text is null ? "" : text.Length <= 60 ? text : text[..60] + "…";
}

/// <summary>What the catalogue of meters refuses.</summary>
public static class MeterErrors
{
    /// <summary>Something is wrong with the definition; all faults at once.</summary>
    public static DomainError Invalid(IReadOnlyList<string> faults) => new("meter-invalid", "This is no meter: " + string.Join("; ", faults) + ".", "Correct what is named and send it again.");

    /// <summary>There is no such meter.</summary>
    public static DomainError NotFound(string meter) => new("meter-not-found", $"There is no meter '{(meter.Length <= 64 ? meter : meter[..64] + "…")}'.", "List the meters (GET /v1/meters) to see their names.", 404);

    /// <summary>It is one of the platform's.</summary>
    public static DomainError BuiltIn(string meter) => new("meter-built-in", $"'{meter}' is a meter of the platform.", "Only meters of your own can be changed.", 409);

    /// <summary>It is one of the plan's.</summary>
    public static DomainError OfPlan(string meter) => new("meter-of-plan", $"The plan has a meter '{meter}', and what it reads is the plan's.", "Declare a meter of another name.", 409);

    /// <summary>A meter aggregates as it did from the start.</summary>
    public static DomainError OtherAggregation(string meter, Aggregation now, Aggregation asked) => new("meter-aggregation-fixed", $"The meter '{meter}' is a {now} and cannot become a {asked}: what it read would no longer fit.", "Declare a meter of another name and retire this one.", 409);

    /// <summary>There are enough.</summary>
    public static DomainError TooMany() => new("too-many-meters", $"There are {MeterCatalog.MaxMeters} meters already.", "Retire one that is no longer needed.", 409);
}
