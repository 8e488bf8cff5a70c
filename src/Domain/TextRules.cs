namespace AIaaS.Domain;

/// <summary>What texts of other people may hold. Half of a surrogate pair cannot be written as UTF-8: what was recorded would not be what came.</summary>
public static class TextRules
{
    /// <summary>Whether each surrogate is one of a pair.</summary>
    public static bool IsWellFormed(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsSurrogate(text[i]) && !(i + 1 < text.Length && char.IsSurrogatePair(text[i], text[++i])))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>What is wrong with a text of several lines; null where it is given and right, or not given.</summary>
    public static string? Fault(string name, string? value, int most) =>
        value is null ? null
        : value.Length == 0 || value.Length > most ? $"the {name} has {value.Length} characters; 1 to {most} are possible"
        : !IsWellFormed(value) || value.Any(c => char.IsControl(c) && c is not ('\n' or '\r' or '\t')) ? $"the {name} holds control characters or half of a surrogate pair"
        : null;
}
