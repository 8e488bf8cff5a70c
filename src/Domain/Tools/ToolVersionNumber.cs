using System.Globalization;

namespace AIaaS.Domain.Tools;

/// <summary>A tool's version: three numbers, compared as numbers.</summary>
public readonly record struct ToolVersionNumber(int Major, int Minor, int Patch) : IComparable<ToolVersionNumber>
{
    /// <summary>Reads <c>1.0.0</c>; null where it is none. Zeros may not lead, so that a version is written in one way only.</summary>
    public static ToolVersionNumber? Read(string? text)
    {
        var parts = text is { Length: <= 29 } ? text.Split('.') : [];
        return parts.Length == 3 && Number(parts[0]) is { } major && Number(parts[1]) is { } minor && Number(parts[2]) is { } patch ? new(major, minor, patch) : null;
    }

    /// <inheritdoc />
    public int CompareTo(ToolVersionNumber other) => (Major, Minor, Patch).CompareTo((other.Major, other.Minor, other.Patch));

    private static int? Number(string text) =>
        text.Length is >= 1 and <= 9 && text.All(char.IsAsciiDigit) && (text.Length == 1 || text[0] != '0') ? int.Parse(text, CultureInfo.InvariantCulture) : null;
}
