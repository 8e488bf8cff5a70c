using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace AIaaS.Domain.Json;

/// <summary>What a value of an expression is.</summary>
public enum ExpressionValueKind : byte
{
    /// <summary>A path that leads nowhere. It is falsy and equals null.</summary>
    Absent,

    /// <summary>JSON null.</summary>
    Null,

    /// <summary>True or false.</summary>
    Boolean,

    /// <summary>A number.</summary>
    Number,

    /// <summary>A text.</summary>
    String,

    /// <summary>An array.</summary>
    Array,

    /// <summary>An object.</summary>
    Object,
}

/// <summary>
/// A JSON value, or its absence. It is either a view of a parsed document, which is not copied, or was made by an expression.
/// A view lives as long as its document.
/// </summary>
public readonly struct ExpressionValue : IEquatable<ExpressionValue>
{
    // Deep documents are bounded where they are parsed; what they are written and read back with must not be stricter.
    private const int AnyDepth = 1_000_000;

    private static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = AnyDepth };

    private readonly JsonElement element;
    private readonly object? made;
    private readonly decimal number;

    private ExpressionValue(ExpressionValueKind kind, JsonElement element = default, object? made = null, decimal number = 0)
    {
        Kind = kind;
        this.element = element;
        this.made = made;
        this.number = number;
    }

    /// <summary>What a path gives that leads nowhere.</summary>
    public static ExpressionValue Absent => default;

    /// <summary>JSON null.</summary>
    public static ExpressionValue Null { get; } = new(ExpressionValueKind.Null);

    /// <summary>JSON true.</summary>
    public static ExpressionValue True { get; } = new(ExpressionValueKind.Boolean, number: 1);

    /// <summary>JSON false.</summary>
    public static ExpressionValue False { get; } = new(ExpressionValueKind.Boolean);

    /// <summary>What the value is.</summary>
    public ExpressionValueKind Kind { get; }

    /// <summary>Whether there is nothing: absent or null.</summary>
    public bool IsNothing => Kind is ExpressionValueKind.Absent or ExpressionValueKind.Null;

    /// <summary>Whether the value counts as true: everything but absent, null, false, zero, and an empty text, array or object.</summary>
    public bool IsTrue => Kind switch
    {
        ExpressionValueKind.Absent or ExpressionValueKind.Null => false,
        ExpressionValueKind.Boolean => number != 0,
        ExpressionValueKind.Number => !TryGetDecimal(out var value) || value != 0,
        ExpressionValueKind.String => made is string text ? text.Length > 0 : !element.ValueEquals(""),
        ExpressionValueKind.Array or ExpressionValueKind.Object => Count > 0,
        _ => throw new InvalidOperationException($"{Kind} is no kind of value."),
    };

    /// <summary>How many items an array, or members an object, has; 0 for anything else.</summary>
    public int Count => made switch
    {
        ExpressionValue[] items => items.Length,
        OrderedDictionary<string, ExpressionValue> members => members.Count,
        _ when Kind is ExpressionValueKind.Array => element.GetArrayLength(),
        _ when Kind is ExpressionValueKind.Object => element.GetPropertyCount(),
        _ => 0,
    };

    /// <summary>The value of a parsed document; an undefined element is absent.</summary>
    public static ExpressionValue From(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Undefined => Absent,
        JsonValueKind.Null => Null,
        JsonValueKind.True => True,
        JsonValueKind.False => False,
        JsonValueKind.Number => new(ExpressionValueKind.Number, element),
        JsonValueKind.String => new(ExpressionValueKind.String, element),
        JsonValueKind.Array => new(ExpressionValueKind.Array, element),
        JsonValueKind.Object => new(ExpressionValueKind.Object, element),
        _ => throw new ArgumentOutOfRangeException(nameof(element)),
    };

    /// <summary>A text; null becomes JSON null.</summary>
    public static ExpressionValue From(string? text) => text is null ? Null : new(ExpressionValueKind.String, made: text);

    /// <summary>A number.</summary>
    public static ExpressionValue From(decimal value) => new(ExpressionValueKind.Number, made: Decimal, number: value);

    /// <summary>True or false.</summary>
    public static ExpressionValue From(bool value) => value ? True : False;

    /// <summary>An array. Absent items become null.</summary>
    public static ExpressionValue Array(IEnumerable<ExpressionValue> items) =>
        new(ExpressionValueKind.Array, made: items.Select(i => i.Kind is ExpressionValueKind.Absent ? Null : i).ToArray());

    /// <summary>An object, for instance a run's state put together from documents without copying them. Absent members are left out; of two with one name the last counts.</summary>
    public static ExpressionValue Object(IEnumerable<KeyValuePair<string, ExpressionValue>> members)
    {
        var made = new OrderedDictionary<string, ExpressionValue>(StringComparer.Ordinal);
        foreach (var (name, value) in members)
        {
            if (value.Kind is not ExpressionValueKind.Absent)
            {
                made[name] = value;
            }
        }

        return new(ExpressionValueKind.Object, made: made);
    }

    /// <summary>The number, unless this is none or lies outside what a decimal holds.</summary>
    public bool TryGetDecimal(out decimal value)
    {
        value = number;
        return Kind is ExpressionValueKind.Number && (made is not null || element.TryGetDecimal(out value));
    }

    /// <summary>The text, unless this is none.</summary>
    public bool TryGetString([NotNullWhen(true)] out string? text)
    {
        text = Kind is ExpressionValueKind.String ? made as string ?? element.GetString()! : null;
        return text is not null;
    }

    /// <summary>The member of that name; absent where there is none or this is no object.</summary>
    public ExpressionValue Member(string name) => Kind switch
    {
        ExpressionValueKind.Object when made is OrderedDictionary<string, ExpressionValue> members => members.GetValueOrDefault(name),
        ExpressionValueKind.Object when element.TryGetProperty(name, out var value) => From(value),
        _ => Absent,
    };

    /// <summary>The item at that index, from the end where it is negative; absent where there is none or this is no array.</summary>
    public ExpressionValue Item(long index)
    {
        if (Kind is not ExpressionValueKind.Array)
        {
            return Absent;
        }

        var count = Count;
        var at = index < 0 ? index + count : index;
        return at < 0 || at >= count ? Absent : made is ExpressionValue[] items ? items[at] : From(element[(int)at]);
    }

    /// <summary>The items of an array; none for anything else.</summary>
    public IEnumerable<ExpressionValue> Items => Kind is not ExpressionValueKind.Array ? []
        : made as ExpressionValue[] ?? element.EnumerateArray().Select(From);

    /// <summary>The members of an object; none for anything else.</summary>
    public IEnumerable<KeyValuePair<string, ExpressionValue>> Members => Kind is not ExpressionValueKind.Object ? []
        : made as OrderedDictionary<string, ExpressionValue> ?? element.EnumerateObject().Select(p => KeyValuePair.Create(p.Name, From(p.Value)));

    /// <summary>The value as text: a text as it is, null and absent as nothing, anything else as JSON.</summary>
    public string ToText()
    {
        switch (Kind)
        {
            case ExpressionValueKind.Absent or ExpressionValueKind.Null:
                return "";
            case ExpressionValueKind.Boolean:
                return number != 0 ? "true" : "false";
            case ExpressionValueKind.Number:
                return made is null ? element.GetRawText() : number.ToString(CultureInfo.InvariantCulture);
            case ExpressionValueKind.String:
                return made as string ?? element.GetString()!;
            default:
                var buffer = new ArrayBufferWriter<byte>();
                Write(buffer);
                return System.Text.Encoding.UTF8.GetString(buffer.WrittenSpan);
        }
    }

    /// <summary>The value as JSON; absent becomes null. A view gives its element, which lives as long as its document.</summary>
    public JsonElement ToJson()
    {
        if (made is null && Kind is not (ExpressionValueKind.Absent or ExpressionValueKind.Null or ExpressionValueKind.Boolean))
        {
            return element;
        }

        var buffer = new ArrayBufferWriter<byte>();
        Write(buffer);
        var reader = new Utf8JsonReader(buffer.WrittenSpan, new JsonReaderOptions { MaxDepth = AnyDepth });
        return JsonElement.ParseValue(ref reader);
    }

    /// <summary>Writes the value as JSON; absent is written as null.</summary>
    public void WriteTo(Utf8JsonWriter writer)
    {
        switch (Kind)
        {
            case ExpressionValueKind.Absent or ExpressionValueKind.Null:
                writer.WriteNullValue();
                break;
            case ExpressionValueKind.Boolean:
                writer.WriteBooleanValue(number != 0);
                break;
            case ExpressionValueKind.Number when made is not null:
                writer.WriteNumberValue(number);
                break;
            case ExpressionValueKind.String when made is string text:
                writer.WriteStringValue(text);
                break;
            case ExpressionValueKind.Array when made is ExpressionValue[] items:
                writer.WriteStartArray();
                foreach (var item in items)
                {
                    item.WriteTo(writer);
                }

                writer.WriteEndArray();
                break;
            case ExpressionValueKind.Object when made is OrderedDictionary<string, ExpressionValue> members:
                writer.WriteStartObject();
                foreach (var (name, value) in members)
                {
                    writer.WritePropertyName(name);
                    value.WriteTo(writer);
                }

                writer.WriteEndObject();
                break;
            default:
                // Half a surrogate pair can be written by its escape alone.
                if (MayHoldSurrogate)
                {
                    writer.WriteRawValue(System.Runtime.InteropServices.JsonMarshal.GetRawUtf8Value(element), skipInputValidation: true);
                }
                else
                {
                    element.WriteTo(writer);
                }

                break;
        }
    }

    /// <summary>Whether both are the same JSON value; absent equals null.</summary>
    public bool Equals(ExpressionValue other) => IsNothing ? other.IsNothing : new Evaluation(Absent, ExpressionLimits.Default).AreEqual(this, other);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is ExpressionValue other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => Kind switch
    {
        ExpressionValueKind.Absent or ExpressionValueKind.Null => 0,
        ExpressionValueKind.Number => ExactNumber().GetHashCode(),
        ExpressionValueKind.String => string.GetHashCode(made as string ?? element.GetString(), StringComparison.Ordinal),
        ExpressionValueKind.Boolean => number != 0 ? 1 : 2,
        _ => HashCode.Combine(Kind, Count),
    };

    /// <summary>The same JSON value.</summary>
    public static bool operator ==(ExpressionValue left, ExpressionValue right) => left.Equals(right);

    /// <summary>Another JSON value.</summary>
    public static bool operator !=(ExpressionValue left, ExpressionValue right) => !left.Equals(right);

    /// <inheritdoc/>
    public override string ToString() => ToText();

    internal ExactNumber ExactNumber() => made is not null ? Json.ExactNumber.Of(number) : Json.ExactNumber.Of(element);

    /// <summary>How many characters or bytes the value takes up, roughly; what a bound on output counts.</summary>
    internal long Size => made switch
    {
        null when Kind is ExpressionValueKind.Number or ExpressionValueKind.String or ExpressionValueKind.Array or ExpressionValueKind.Object =>
            System.Runtime.InteropServices.JsonMarshal.GetRawUtf8Value(element).Length,
        string text => text.Length,
        ExpressionValue[] items => items.Sum(i => i.Size + 1),
        OrderedDictionary<string, ExpressionValue> members => members.Sum(m => m.Key.Length + m.Value.Size + 2),
        _ => 8,
    };

    /// <summary>What it costs to read the value once, in characters; for a container that was made, in items.</summary>
    internal long Weight => made switch
    {
        null => Size,
        string text => text.Length,
        _ => Count,
    };

    /// <summary>What it costs to find a member or an item, in those that are passed.</summary>
    internal int Breadth => made is null ? Count : 0;

    /// <summary>Whether the document has an escape in it that may be half a surrogate pair.</summary>
    internal bool MayHoldSurrogate => made is null && Kind is (ExpressionValueKind.String or ExpressionValueKind.Array or ExpressionValueKind.Object)
        && System.Runtime.InteropServices.JsonMarshal.GetRawUtf8Value(element) is var raw && (raw.IndexOf("\\ud"u8) >= 0 || raw.IndexOf("\\uD"u8) >= 0);

    private static readonly object Decimal = new();

    private void Write(ArrayBufferWriter<byte> buffer)
    {
        using var writer = new Utf8JsonWriter(buffer, Readable);
        WriteTo(writer);
    }
}
