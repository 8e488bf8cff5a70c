using System.Buffers;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace AIaaS.Domain.Json;

/// <summary>The types of JSON Schema, as a set.</summary>
[Flags]
internal enum SchemaTypes
{
    None = 0,
    Null = 1,
    Boolean = 2,
    Object = 4,
    Array = 8,
    Number = 16,
    String = 32,
    Integer = 64,
}

/// <summary>A bound on numbers.</summary>
internal sealed class NumberBound(string keyword, JsonElement value, bool isLower, bool isExclusive)
{
    private readonly ExactNumber exact = ExactNumber.Of(value);
    private readonly ShortNumber? brief = ShortNumber.Parse(JsonMarshal.GetRawUtf8Value(value));

    public string Keyword => keyword;

    public string Text { get; } = value.GetRawText();

    public string Words => (isLower, isExclusive) switch { (true, false) => "at least", (true, true) => "more than", (false, false) => "at most", _ => "less than" };

    public bool Holds(JsonElement number)
    {
        var raw = JsonMarshal.GetRawUtf8Value(number);
        var order = brief is { } bound && ShortNumber.Parse(raw) is { } given ? given.CompareTo(bound) : ExactNumber.Parse(raw).CompareTo(exact);
        return order == 0 ? !isExclusive : isLower == order > 0;
    }
}

/// <summary>What numbers must be a multiple of.</summary>
internal sealed class NumberDivisor(JsonElement value)
{
    private readonly ExactNumber exact = ExactNumber.Of(value);
    private readonly ShortNumber? brief = ShortNumber.Parse(JsonMarshal.GetRawUtf8Value(value));

    public string Text { get; } = value.GetRawText();

    public bool Divides(JsonElement number)
    {
        var raw = JsonMarshal.GetRawUtf8Value(number);
        return brief is { } divisor && ShortNumber.Parse(raw) is { } given ? given.IsMultipleOf(divisor) : ExactNumber.Parse(raw).IsMultipleOf(exact);
    }
}

/// <summary>A pattern of the schema.</summary>
internal sealed class SchemaPattern(string source, Regex regex)
{
    /// <summary>The longest text, in bytes, that is looked at without making a string of it.</summary>
    public const int MaxBytes = 512;

    private readonly SimplePattern? simple = SimplePattern.Of(source);

    public string Source => source;

    /// <summary>Whether a text of at most <see cref="MaxBytes"/>, in UTF-8 and without escapes, matches.</summary>
    public bool IsMatch(ReadOnlySpan<byte> text, SchemaRun run) => simple?.IsMatch(text) ?? IsRegexMatch(text, run);

    public bool IsMatch(string text, SchemaRun run)
    {
        run.Pay(text.Length / 64);
        return IsMatch(text.AsSpan(), run);
    }

    private bool IsRegexMatch(ReadOnlySpan<byte> text, SchemaRun run)
    {
        Span<char> characters = stackalloc char[text.Length];
        return IsMatch(characters[..Encoding.UTF8.GetChars(text, characters)], run);
    }

    private bool IsMatch(ReadOnlySpan<char> text, SchemaRun run)
    {
        try
        {
            return regex.IsMatch(text);
        }
        catch (RegexMatchTimeoutException)
        {
            run.Stop($"has a text that the pattern {source} took longer than {Patterns.Timeout.TotalMilliseconds:0} ms to look at. Send a shorter text, or write the pattern without nested repetitions, look-around and references.");
            return false;
        }
    }
}

/// <summary>What the keywords ask of a member, or of an array's items, by the schemas for them.</summary>
internal sealed record PatternSchema(SchemaPattern Pattern, SchemaNode Schema);

/// <summary>One schema with its keywords made ready. It is filled by the compiler and never changed afterwards.</summary>
internal sealed class SchemaNode(string location, SchemaResource resource)
{
    private const int ManyItems = 12;

    public string Location => location;

    public SchemaResource Resource => resource;

    /// <summary>The schema is true or false.</summary>
    public bool? Constant { get; set; }

    public SchemaTypes Types { get; set; }

    public JsonElement? Const { get; set; }

    public JsonElement[]? Enum { get; set; }

    /// <summary>The enum, where it holds nothing but texts.</summary>
    public NameTable? EnumTexts { get; set; }

    // numbers
    public NumberBound[] Bounds { get; set; } = [];

    public NumberDivisor? MultipleOf { get; set; }

    // texts
    public int MinLength { get; set; }

    public int MaxLength { get; set; } = int.MaxValue;

    public SchemaPattern? Pattern { get; set; }

    // arrays
    public int MinItems { get; set; }

    public int MaxItems { get; set; } = int.MaxValue;

    public bool UniqueItems { get; set; }

    public SchemaNode[]? PrefixItems { get; set; }

    public SchemaNode? Items { get; set; }

    public SchemaNode? Contains { get; set; }

    public int MinContains { get; set; } = 1;

    public int MaxContains { get; set; } = int.MaxValue;

    // objects
    public int MinProperties { get; set; }

    public int MaxProperties { get; set; } = int.MaxValue;

    /// <summary>The names that properties, required and the dependent keywords speak of.</summary>
    public NameTable? Names { get; set; }

    /// <summary>By a name's number: the schema of the member, or null.</summary>
    public SchemaNode?[] Properties { get; set; } = [];

    /// <summary>The numbers of the names that must be there.</summary>
    public int[] Required { get; set; } = [];

    public PatternSchema[] PatternProperties { get; set; } = [];

    public SchemaNode? AdditionalProperties { get; set; }

    public SchemaNode? PropertyNames { get; set; }

    public (int Name, int[] Required)[] DependentRequired { get; set; } = [];

    public (int Name, SchemaNode Schema)[] DependentSchemas { get; set; } = [];

    // the same value
    public (string Keyword, SchemaNode Schema)[] AllOf { get; set; } = [];

    public SchemaNode[]? AnyOf { get; set; }

    public SchemaNode[]? OneOf { get; set; }

    public SchemaNode? Not { get; set; }

    public SchemaNode? If { get; set; }

    public SchemaNode? Then { get; set; }

    public SchemaNode? Else { get; set; }

    public SchemaNode? Dynamic { get; set; }

    /// <summary>The anchor to look up in the dynamic scope; null where the reference behaves like $ref.</summary>
    public string? DynamicAnchor { get; set; }

    public SchemaNode? UnevaluatedItems { get; set; }

    public SchemaNode? UnevaluatedProperties { get; set; }

    private bool HasObjectKeywords { get; set; }

    private bool HasArrayKeywords { get; set; }

    private bool HasTextKeywords { get; set; }

    private bool HasApplicators { get; set; }

    /// <summary>Notes which groups of keywords there are.</summary>
    public void Seal()
    {
        HasObjectKeywords = MinProperties > 0 || MaxProperties < int.MaxValue || Names is not null || PatternProperties.Length > 0 || AdditionalProperties is not null || PropertyNames is not null;
        HasArrayKeywords = MinItems > 0 || MaxItems < int.MaxValue || UniqueItems || PrefixItems is not null || Items is not null || Contains is not null;
        HasTextKeywords = MinLength > 0 || MaxLength < int.MaxValue || Pattern is not null;
        HasApplicators = AllOf.Length > 0 || AnyOf is not null || OneOf is not null || Not is not null || If is not null || Dynamic is not null || UnevaluatedItems is not null || UnevaluatedProperties is not null;
    }

    public bool Validate(JsonElement value, SchemaRun run, InstancePath? path, Evaluated? evaluated, int depth)
    {
        if (Constant is { } constant)
        {
            return constant || Fail(run, path, "", "false", "is not allowed here. Remove it.");
        }

        if (!run.Enter(depth))
        {
            return false;
        }

        var outerScope = run.Scope;
        if (run.IsDynamic && outerScope?.Resource != resource)
        {
            run.Scope = new(resource, outerScope);
        }

        var kind = value.ValueKind;
        var isValid = Types == SchemaTypes.None || HasType(kind, value) || FailType(value, run, path);
        if (isValid || run.Collects)
        {
            isValid &= Const is not { } constantValue || JsonEquality.AreEqual(value, constantValue, run) || FailConst(value, run, path);
            isValid = (isValid || run.Collects) && isValid & (Enum is null || IsInEnum(value, run) || FailEnum(value, run, path));
        }

        if (isValid || run.Collects)
        {
            switch (kind)
            {
                case JsonValueKind.Number when Bounds.Length > 0 || MultipleOf is not null:
                    isValid &= Numbers(value, run, path);
                    break;
                case JsonValueKind.String when HasTextKeywords:
                    isValid &= Texts(value, run, path);
                    break;
                case JsonValueKind.Array when HasArrayKeywords || UnevaluatedItems is not null || HasApplicators:
                    isValid &= Arrays(value, run, path, evaluated, depth);
                    break;
                case JsonValueKind.Object when HasObjectKeywords || UnevaluatedProperties is not null || HasApplicators:
                    isValid &= Objects(value, run, path, evaluated, depth);
                    break;
                default:
                    isValid &= !HasApplicators || Applicators(value, run, path, null, depth);
                    break;
            }
        }

        run.Scope = outerScope;
        return isValid && run.Exceeded is null;
    }

    private bool HasType(JsonValueKind kind, JsonElement value) => kind switch
    {
        JsonValueKind.Object => (Types & SchemaTypes.Object) != 0,
        JsonValueKind.Array => (Types & SchemaTypes.Array) != 0,
        JsonValueKind.String => (Types & SchemaTypes.String) != 0,
        JsonValueKind.Number => (Types & SchemaTypes.Number) != 0 || ((Types & SchemaTypes.Integer) != 0 && IsInteger(value)),
        JsonValueKind.True or JsonValueKind.False => (Types & SchemaTypes.Boolean) != 0,
        JsonValueKind.Null => (Types & SchemaTypes.Null) != 0,
        _ => false,
    };

    private static bool IsInteger(JsonElement value)
    {
        var raw = JsonMarshal.GetRawUtf8Value(value);
        return raw.IndexOfAny((byte)'.', (byte)'e', (byte)'E') < 0 || ExactNumber.Parse(raw).IsInteger;
    }

    private bool IsInEnum(JsonElement value, SchemaRun run)
    {
        if (EnumTexts is null)
        {
            foreach (var allowed in Enum!)
            {
                if (JsonEquality.AreEqual(value, allowed, run))
                {
                    return true;
                }
            }

            return false;
        }

        if (value.ValueKind is not JsonValueKind.String)
        {
            return false;
        }

        var raw = JsonMarshal.GetRawUtf8Value(value)[1..^1];
        return EnumTexts.Find(raw.Contains((byte)'\\') ? Encoding.UTF8.GetBytes(value.GetString()!) : raw) >= 0;
    }

    private bool Numbers(JsonElement value, SchemaRun run, InstancePath? path)
    {
        var isValid = true;
        foreach (var bound in Bounds)
        {
            if (!bound.Holds(value))
            {
                isValid = Fail(run, path, $"/{bound.Keyword}", bound.Keyword, $"must be {bound.Words} {bound.Text}, but is {Shown(value)}. Give a number that is.");
                if (!run.Collects)
                {
                    return false;
                }
            }
        }

        if (MultipleOf is { } divisor && !divisor.Divides(value))
        {
            isValid = Fail(run, path, "/multipleOf", "multipleOf", $"must be a multiple of {divisor.Text}, but is {Shown(value)}. Round it to one.");
        }

        return isValid;
    }

    private bool Texts(JsonElement value, SchemaRun run, InstancePath? path)
    {
        var isValid = true;
        var raw = JsonMarshal.GetRawUtf8Value(value)[1..^1];
        var isPlain = !raw.Contains((byte)'\\');
        if (MinLength > 0 || MaxLength < int.MaxValue)
        {
            var length = CodePoints(raw, isPlain, value);
            if (length < MinLength)
            {
                isValid = Fail(run, path, "/minLength", "minLength", $"must have at least {Counted(MinLength, "character")}, but has {length}. Give a longer text.");
            }
            else if (length > MaxLength)
            {
                isValid = Fail(run, path, "/maxLength", "maxLength", $"must have at most {Counted(MaxLength, "character")}, but has {length}. Shorten it.");
            }
        }

        if (Pattern is not null && (isValid || run.Collects) && !(isPlain && raw.Length <= SchemaPattern.MaxBytes ? Pattern.IsMatch(raw, run) : Pattern.IsMatch(value.GetString()!, run)))
        {
            isValid = Fail(run, path, "/pattern", "pattern", $"must match the pattern {Pattern.Source}, but is {Shown(value)}. Write it in that form.");
        }

        return isValid;
    }

    private static int CodePoints(ReadOnlySpan<byte> raw, bool isPlain, JsonElement value)
    {
        if (!isPlain)
        {
            var text = value.GetString()!;
            return text.Length - text.Count(char.IsLowSurrogate);
        }

        if (Ascii.IsValid(raw))
        {
            return raw.Length;
        }

        var count = 0;
        foreach (var b in raw)
        {
            count += (b & 0xC0) == 0x80 ? 0 : 1;
        }

        return count;
    }

    private bool Arrays(JsonElement value, SchemaRun run, InstancePath? path, Evaluated? evaluated, int depth)
    {
        var count = value.GetArrayLength();
        var isValid = true;
        if (count < MinItems)
        {
            isValid = Fail(run, path, "/minItems", "minItems", $"must have at least {Counted(MinItems, "item")}, but has {count}. Add what is missing.");
        }
        else if (count > MaxItems)
        {
            isValid = Fail(run, path, "/maxItems", "maxItems", $"must have at most {Counted(MaxItems, "item")}, but has {count}. Remove some.");
        }

        if (!isValid && !run.Collects)
        {
            return false;
        }

        var own = UnevaluatedItems is null ? evaluated : new Evaluated(count);
        if (PrefixItems is not null || Items is not null || Contains is not null)
        {
            isValid &= ItemSchemas(value, count, run, path, own, depth);
        }

        if (UniqueItems && (isValid || run.Collects))
        {
            isValid &= AreUnique(value, count, run, path);
        }

        if (HasApplicators && (isValid || run.Collects))
        {
            isValid &= Applicators(value, run, path, own, depth);
            if (UnevaluatedItems is { } rest && (isValid || run.Collects))
            {
                isValid &= RestOfItems(rest, value, own!, run, path, depth);
                evaluated?.AddAll();
            }
        }

        return isValid;
    }

    private bool ItemSchemas(JsonElement value, int count, SchemaRun run, InstancePath? path, Evaluated? evaluated, int depth)
    {
        var isValid = true;
        var (index, contained) = (0, 0);
        foreach (var item in value.EnumerateArray())
        {
            var at = run.Collects ? new InstancePath(path, null, index) : null;
            var schema = PrefixItems is not null && index < PrefixItems.Length ? PrefixItems[index] : Items;
            if (schema is not null)
            {
                isValid &= schema.Validate(item, run, at, null, depth + 1);
                evaluated?.Add(index);
                if (!isValid && (!run.Collects || run.IsFull))
                {
                    return false;
                }
            }

            if (Contains is not null && Silently(run, Contains, item, null, depth))
            {
                contained++;
                evaluated?.Add(index);
            }

            index++;
            if (run.Exceeded is not null)
            {
                return false;
            }
        }

        if (Contains is not null && contained < MinContains)
        {
            isValid = Fail(run, path, MinContains == 1 ? "/contains" : "/minContains", "contains", $"must have at least {Counted(MinContains, "item")} that {(MinContains == 1 ? "meets" : "meet")} the schema in 'contains', but has {contained} of {count}. Add one that does.");
        }
        else if (contained > MaxContains)
        {
            isValid = Fail(run, path, "/maxContains", "maxContains", $"must have at most {Counted(MaxContains, "item")} that meet the schema in 'contains', but has {contained}. Remove some.");
        }

        return isValid;
    }

    private static bool RestOfItems(SchemaNode rest, JsonElement value, Evaluated evaluated, SchemaRun run, InstancePath? path, int depth)
    {
        var isValid = true;
        var index = 0;
        foreach (var item in value.EnumerateArray())
        {
            if (!evaluated[index])
            {
                isValid &= rest.Validate(item, run, run.Collects ? new(path, null, index) : null, null, depth + 1);
                if (!isValid && (!run.Collects || run.IsFull))
                {
                    return false;
                }
            }

            index++;
        }

        return isValid;
    }

    private bool AreUnique(JsonElement value, int count, SchemaRun run, InstancePath? path)
    {
        if (count < 2)
        {
            return true;
        }

        var seen = count > ManyItems ? new Dictionary<int, List<(int Index, JsonElement Item)>>() : null;
        var few = new List<(int Index, JsonElement Item)>(seen is null ? count : 0);
        var index = 0;
        foreach (var item in value.EnumerateArray())
        {
            var candidates = few;
            if (seen is not null && JsonEquality.Hash(item, run) is var hash && !seen.TryGetValue(hash, out candidates))
            {
                seen.Add(hash, candidates = []);
            }

            foreach (var (earlier, other) in candidates!)
            {
                if (JsonEquality.AreEqual(item, other, run))
                {
                    return Fail(run, path, "/uniqueItems", "uniqueItems", $"must not have equal items, but items {earlier} and {index} are the same. Remove one of them.");
                }
            }

            candidates.Add((index++, item));
            if (run.Exceeded is not null)
            {
                return false;
            }
        }

        return true;
    }

    private bool Objects(JsonElement value, SchemaRun run, InstancePath? path, Evaluated? evaluated, int depth)
    {
        var isValid = true;
        var own = evaluated;
        if (UnevaluatedProperties is not null)
        {
            own = new Evaluated(value.GetPropertyCount());
        }

        if (HasObjectKeywords)
        {
            isValid = Members(value, run, path, own, depth);
        }

        if (HasApplicators && (isValid || run.Collects))
        {
            isValid &= Applicators(value, run, path, own, depth);
            if (UnevaluatedProperties is { } rest && (isValid || run.Collects))
            {
                isValid &= RestOfMembers(rest, value, own!, run, path, depth);
                evaluated?.AddAll();
            }
        }

        return isValid;
    }

    private bool Members(JsonElement value, SchemaRun run, InstancePath? path, Evaluated? evaluated, int depth)
    {
        var isValid = true;
        if (MinProperties > 0 || MaxProperties < int.MaxValue)
        {
            var count = value.GetPropertyCount();
            if (count < MinProperties)
            {
                isValid = Fail(run, path, "/minProperties", "minProperties", $"must have at least {Counted(MinProperties, "member")}, but has {count}. Add what is missing.");
            }
            else if (count > MaxProperties)
            {
                isValid = Fail(run, path, "/maxProperties", "maxProperties", $"must have at most {Counted(MaxProperties, "member")}, but has {count}. Remove some.");
            }

            if (!isValid && !run.Collects)
            {
                return false;
            }
        }

        var names = Names?.Count ?? 0;
        var present = names <= 256 ? stackalloc bool[names] : new bool[names];
        var index = 0;
        foreach (var member in value.EnumerateObject())
        {
            isValid &= Member(member, index++, present, run, path, evaluated, depth);
            if ((!isValid && (!run.Collects || run.IsFull)) || run.Exceeded is not null)
            {
                return false;
            }
        }

        foreach (var name in Required)
        {
            if (!present[name])
            {
                isValid = Fail(run, path, "/required", "required", run.Collects ? $"must have the member {Quoted(Names!.Texts[name])}. Add it." : "");
                if (!run.Collects)
                {
                    return false;
                }
            }
        }

        foreach (var (name, required) in DependentRequired)
        {
            foreach (var other in required)
            {
                if (present[name] && !present[other])
                {
                    isValid = Fail(run, path, "/dependentRequired", "dependentRequired", run.Collects ? $"has the member {Quoted(Names!.Texts[name])} and must therefore have {Quoted(Names.Texts[other])} too. Add it, or remove {Quoted(Names.Texts[name])}." : "");
                    if (!run.Collects)
                    {
                        return false;
                    }
                }
            }
        }

        foreach (var (name, schema) in DependentSchemas)
        {
            if (present[name] && !schema.Validate(value, run, path, evaluated, depth + 1))
            {
                isValid = false;
                if (!run.Collects)
                {
                    return false;
                }
            }
        }

        return isValid;
    }

    private bool Member(JsonProperty member, int index, Span<bool> present, SchemaRun run, InstancePath? path, Evaluated? evaluated, int depth)
    {
        var raw = JsonMarshal.GetRawUtf8PropertyName(member);
        var isPlain = !raw.Contains((byte)'\\');
        var name = isPlain ? raw : Encoding.UTF8.GetBytes(member.Name);
        var at = run.Collects ? new InstancePath(path, member.Name, 0) : null;
        var isKnown = false;
        var isValid = true;
        if (Names is not null)
        {
            var number = Names.Find(name);
            if (number >= 0)
            {
                present[number] = true;
                if (Properties[number] is { } schema)
                {
                    isKnown = true;
                    isValid = schema.Validate(member.Value, run, at, null, depth + 1);
                }
            }
        }

        foreach (var (pattern, schema) in PatternProperties)
        {
            if (name.Length <= SchemaPattern.MaxBytes ? pattern.IsMatch(name, run) : pattern.IsMatch(member.Name, run))
            {
                isKnown = true;
                isValid &= schema.Validate(member.Value, run, at, null, depth + 1);
            }
        }

        if (!isKnown && AdditionalProperties is not null)
        {
            isKnown = true;
            isValid &= AdditionalProperties.Constant is false
                ? FailAdditional(member.Name, run, at)
                : AdditionalProperties.Validate(member.Value, run, at, null, depth + 1);
        }

        if (isKnown)
        {
            evaluated?.Add(index);
        }

        if (PropertyNames is not null && (isValid || run.Collects))
        {
            isValid &= PropertyNames.Validate(NameAsValue(member.Name), run, at, null, depth + 1);
        }

        return isValid;
    }

    private static bool RestOfMembers(SchemaNode rest, JsonElement value, Evaluated evaluated, SchemaRun run, InstancePath? path, int depth)
    {
        var isValid = true;
        var index = 0;
        foreach (var member in value.EnumerateObject())
        {
            if (!evaluated[index++])
            {
                isValid &= rest.Validate(member.Value, run, run.Collects ? new(path, member.Name, 0) : null, null, depth + 1);
                if (!isValid && (!run.Collects || run.IsFull))
                {
                    return false;
                }
            }
        }

        return isValid;
    }

    private bool Applicators(JsonElement value, SchemaRun run, InstancePath? path, Evaluated? evaluated, int depth)
    {
        var isValid = true;
        foreach (var (_, schema) in AllOf)
        {
            isValid &= schema.Validate(value, run, path, evaluated, depth + 1);
            if (!isValid && !run.Collects)
            {
                return false;
            }
        }

        if (Dynamic is not null)
        {
            isValid &= DynamicTarget(run).Validate(value, run, path, evaluated, depth + 1);
        }

        if (AnyOf is not null && (isValid || run.Collects))
        {
            isValid &= Any(AnyOf, value, run, path, evaluated, depth);
        }

        if (OneOf is not null && (isValid || run.Collects))
        {
            isValid &= One(OneOf, value, run, path, evaluated, depth);
        }

        if (Not is not null && (isValid || run.Collects) && Silently(run, Not, value, null, depth))
        {
            isValid = Fail(run, path, "/not", "not", $"must not meet the schema in 'not', but {Shown(value, run)} does. Give another value.");
        }

        if (If is not null && (isValid || run.Collects))
        {
            var holds = Silently(run, If, value, evaluated, depth);
            isValid &= (holds ? Then : Else)?.Validate(value, run, path, evaluated, depth + 1) ?? true;
        }

        return isValid;
    }

    private SchemaNode DynamicTarget(SchemaRun run)
    {
        var target = Dynamic!;
        if (DynamicAnchor is not null)
        {
            for (var scope = run.Scope; scope is not null; scope = scope.Outer)
            {
                target = scope.Resource.DynamicNodes.GetValueOrDefault(DynamicAnchor) ?? target;
            }
        }

        return target;
    }

    private bool Any(SchemaNode[] schemas, JsonElement value, SchemaRun run, InstancePath? path, Evaluated? evaluated, int depth)
    {
        var matched = false;
        foreach (var schema in schemas)
        {
            // What is evaluated is the sum of all alternatives that hold, so that none may be left out where it is asked for.
            if (Silently(run, schema, value, evaluated, depth))
            {
                matched = true;
                if (evaluated is null)
                {
                    break;
                }
            }
        }

        return matched || FailAlternatives("anyOf", schemas, value, run, path, depth);
    }

    private bool One(SchemaNode[] schemas, JsonElement value, SchemaRun run, InstancePath? path, Evaluated? evaluated, int depth)
    {
        var first = -1;
        for (var i = 0; i < schemas.Length; i++)
        {
            if (Silently(run, schemas[i], value, evaluated, depth))
            {
                if (first >= 0)
                {
                    return Fail(run, path, "/oneOf", "oneOf", $"must meet exactly one of {schemas.Length} alternatives, but meets numbers {first + 1} and {i + 1}. Change it so that only one of them fits.");
                }

                first = i;
            }
        }

        return first >= 0 || FailAlternatives("oneOf", schemas, value, run, path, depth);
    }

    // Whether a schema holds, without its errors; what it evaluated counts only if it does.
    private static bool Silently(SchemaRun run, SchemaNode schema, JsonElement value, Evaluated? evaluated, int depth)
    {
        var own = evaluated is null ? null : new Evaluated(evaluated.Count);
        run.Pay(own is null ? 0 : own.Count / 64);
        var collects = run.Collects;
        run.Collects = false;
        var holds = schema.Validate(value, run, null, own, depth + 1);
        run.Collects = collects;
        if (holds && own is not null)
        {
            evaluated!.Add(own);
        }

        return holds;
    }

    // ---- errors

    // The errors of the alternative that comes nearest stand beside the sentence that none fits.
    private bool FailAlternatives(string keyword, SchemaNode[] schemas, JsonElement value, SchemaRun run, InstancePath? path, int depth)
    {
        if (!run.Collects || run.IsFull || run.Exceeded is not null)
        {
            return false;
        }

        // Alternatives within alternatives within alternatives: to look for the nearest at each level would multiply.
        if (run.Alternatives == 3)
        {
            return Fail(run, path, $"/{keyword}", keyword, $"meets none of the {Counted(schemas.Length, "alternative")} of {keyword}. Change it so that it meets one of them.");
        }

        run.Alternatives++;
        var found = run.Errors;
        (int Number, List<JsonSchemaError> Errors) nearest = (0, []);
        for (var i = 0; i < schemas.Length; i++)
        {
            run.Errors = [];
            schemas[i].Validate(value, run, path, null, depth + 1);
            if (i == 0 || Distance(run.Errors, path) < Distance(nearest.Errors, path))
            {
                nearest = (i + 1, run.Errors);
            }
        }

        run.Alternatives--;
        run.Errors = found;
        Fail(run, path, $"/{keyword}", keyword, $"meets none of the {Counted(schemas.Length, "alternative")} of {keyword}. {(schemas.Length > 1 ? $"Number {Math.Max(1, nearest.Number)} comes nearest; to meet it mend" : "To meet it mend")} what is said next.");
        foreach (var error in nearest.Errors.TakeWhile(_ => !run.IsFull))
        {
            run.Errors.Add(error);
        }

        return false;
    }

    // A wrong type, constant or choice of the value itself means another alternative; else fewer errors are nearer.
    private static int Distance(List<JsonSchemaError> errors, InstancePath? path)
    {
        var here = InstancePath.Text(path);
        return errors.Count + errors.Count(e => e.Keyword is "type" && e.InstanceLocation == here) * 1_000 + errors.Count(e => e.Keyword is "const" or "enum") * 100;
    }

    private bool FailType(JsonElement value, SchemaRun run, InstancePath? path)
    {
        if (!run.Collects)
        {
            return false;
        }

        var allowed = new List<string>();
        foreach (var (type, word) in new[] { (SchemaTypes.Object, "an object"), (SchemaTypes.Array, "an array"), (SchemaTypes.String, "a text"), (SchemaTypes.Number, "a number"), (SchemaTypes.Integer, "a whole number"), (SchemaTypes.Boolean, "true or false"), (SchemaTypes.Null, "null") })
        {
            if ((Types & type) != 0)
            {
                allowed.Add(word);
            }
        }

        var hint = value.ValueKind switch
        {
            JsonValueKind.String when (Types & (SchemaTypes.Number | SchemaTypes.Integer | SchemaTypes.Boolean | SchemaTypes.Null)) != 0 && (Types & SchemaTypes.Object) == 0 => "Write it without quotes.",
            JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False when (Types & SchemaTypes.String) != 0 => "Put it in quotes.",
            JsonValueKind.Number when (Types & SchemaTypes.Integer) != 0 => "Leave out the fraction.",
            JsonValueKind.Null => "Give a value, or leave the member out if it is not required.",
            _ when (Types & SchemaTypes.Array) != 0 => "Put it in brackets: [ … ].",
            _ => "Give a value of that type.",
        };
        return Fail(run, path, "/type", "type", $"must be {string.Join(" or ", allowed)}, but is {Described(value)}. {hint}");
    }

    private bool FailConst(JsonElement value, SchemaRun run, InstancePath? path) =>
        Fail(run, path, "/const", "const", run.Collects ? $"must be {Shown(Const!.Value)}, but is {Shown(value)}. Give exactly that value." : "");

    private bool FailEnum(JsonElement value, SchemaRun run, InstancePath? path) =>
        Fail(run, path, "/enum", "enum", run.Collects ? $"must be one of {string.Join(", ", Enum!.Take(20).Select(Shown))}{(Enum!.Length > 20 ? $" or {Enum.Length - 20} others" : "")}, but is {Shown(value)}. Choose one of them." : "");

    private bool FailAdditional(string name, SchemaRun run, InstancePath? at)
    {
        if (!run.Collects)
        {
            return false;
        }

        var known = Names is null ? [] : Names.Texts.Where((_, i) => Properties[i] is not null).ToArray();
        var hint = known.Length == 0 ? "Remove it." : $"Remove it, or use one of: {string.Join(", ", known.Take(20))}.";
        return Fail(run, at, "/additionalProperties", "additionalProperties", $"the member {Quoted(name)} is not allowed. {hint}");
    }

    private bool Fail(SchemaRun run, InstancePath? path, string keywordPath, string keyword, string message)
    {
        if (run.Collects && !run.IsFull && run.Exceeded is null)
        {
            run.Errors.Add(new(InstancePath.Text(path), location + keywordPath, keyword, message));
        }

        return false;
    }

    private static string Described(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String => $"the text {Shown(value)}",
        JsonValueKind.Number => $"the number {Shown(value)}",
        _ => Shown(value),
    };

    private static string Shown(JsonElement value, SchemaRun run) => run.Collects ? Shown(value) : "";

    private static string Shown(JsonElement value)
    {
        var raw = JsonMarshal.GetRawUtf8Value(value);
        var text = Encoding.UTF8.GetString(raw.Length > 200 ? raw[..200] : raw);
        return raw.Length > 200 || text.Length > 60 ? string.Concat(text.AsSpan(0, char.IsHighSurrogate(text[Math.Min(text.Length, 60) - 1]) ? 59 : Math.Min(text.Length, 60)), "…") : text;
    }

    private static string Quoted(string name) => name.Length > 60 ? $"\"{name[..60]}…\"" : $"\"{name}\"";

    private static string Counted(int count, string noun) => $"{count.ToString(CultureInfo.InvariantCulture)} {noun}{(count == 1 ? "" : "s")}";

    private static JsonElement NameAsValue(string name)
    {
        var buffer = new ArrayBufferWriter<byte>(name.Length + 16);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStringValue(name);
        }

        var reader = new Utf8JsonReader(buffer.WrittenSpan);
        return JsonElement.ParseValue(ref reader);
    }
}
