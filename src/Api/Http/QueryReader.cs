using System.Globalization;
using AIaaS.Queries;

namespace AIaaS.Api.Http;

/// <summary>Reads query parameters strictly: unknown, doubled and malformed ones are refused, all at once.</summary>
internal sealed class QueryReader(HttpContext context)
{
    private readonly List<Fault> faults = [];
    private readonly HashSet<string> known = [Freshness.Parameter];

    public string? Text(string name, int max = 200)
    {
        known.Add(name);
        var values = context.Request.Query[name];
        if (values.Count > 1)
        {
            Fault(name, "is there more than once; give it once");
        }

        var value = values.Count > 0 ? values[0] : null;
        if (value?.Length > max)
        {
            Fault(name, $"has {value.Length} characters; at most {max} are possible");
            return null;
        }

        return string.IsNullOrEmpty(value) ? null : value;
    }

    public int Number(string name, int standard, int min, int max)
    {
        if (Text(name) is not { } text)
        {
            return standard;
        }

        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= min && value <= max)
        {
            return value;
        }

        Fault(name, $"is not a whole number from {min} to {max}");
        return standard;
    }

    public long Long(string name, long standard)
    {
        if (Text(name) is not { } text)
        {
            return standard;
        }

        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value))
        {
            return value;
        }

        Fault(name, "is not a whole number from 0 up");
        return standard;
    }

    public DateTimeOffset? Time(string name)
    {
        if (Text(name) is not { } text)
        {
            return null;
        }

        string[] forms = ["yyyy-MM-dd", "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd'T'HH:mmK"];
        if (DateTimeOffset.TryParseExact(text, forms, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var value))
        {
            return value;
        }

        Fault(name, "is not a time; RFC 3339 is needed, for example 2026-01-31T09:30:00Z (a '+' in a query is written %2B)");
        return null;
    }

    public T? Choice<T>(string name)
        where T : struct, Enum
    {
        if (Text(name) is not { } text)
        {
            return null;
        }

        if (!char.IsAsciiDigit(text[0]) && Enum.TryParse<T>(text, ignoreCase: true, out var value) && Enum.IsDefined(value))
        {
            return value;
        }

        Fault(name, $"is not one of {string.Join(", ", Enum.GetNames<T>())}");
        return null;
    }

    public bool? Flag(string name)
    {
        switch (Text(name))
        {
            case null:
                return null;
            case "true":
                return true;
            case "false":
                return false;
            default:
                Fault(name, "is neither true nor false");
                return null;
        }
    }

    /// <summary>Sort order and place in a list.</summary>
    public PageRequest Page() => new() { Sort = Text("sort"), Limit = Number("limit", 50, 1, 200), Cursor = Text("cursor", 2_000) };

    public void Fault(string name, string detail) => faults.Add(new("?" + name, detail));

    /// <summary>Refuses what was found, and parameters that nobody asked for.</summary>
    public void Done()
    {
        foreach (var name in context.Request.Query.Keys)
        {
            if (!known.Contains(name))
            {
                faults.Add(new("?" + (name.Length > 50 ? name[..50] : name), $"is not known here; known are: {string.Join(", ", known.Order(StringComparer.Ordinal))}"));
            }
        }

        if (faults.Count > 0)
        {
            throw Problems.InvalidParameter(faults);
        }
    }
}
