namespace AIaaS.Domain.Customers;

/// <summary>What the shop's ids and texts may hold, and how its ids become the names of streams.</summary>
public static class ShopText
{
    /// <summary>The longest id.</summary>
    public const int MaxIdLength = 100;

    /// <summary>
    /// The id in a stream's name for an id of the shop. A hash, so that any id makes a valid name, and no name of a customer stands
    /// in the name of a stream, which could never be forgotten.
    /// </summary>
    public static string StreamId(string kind, string id) => EventStore.NamedId.Of(kind, id).ToString("N");

    /// <summary>Whether a text can be an id: not empty, not long, one line of well-formed text without white space.</summary>
    public static bool IsId(string? text) => text is { Length: > 0 } && IsLine(text, MaxIdLength) && !text.Any(char.IsWhiteSpace);

    /// <summary>Whether a text is one line of well-formed text.</summary>
    public static bool IsLine(string? text, int longest) => text is not null && text.Length <= longest && !text.Any(char.IsControl) && TextRules.IsWellFormed(text);
}
