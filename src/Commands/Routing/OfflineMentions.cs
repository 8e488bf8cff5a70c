using System.Globalization;
using System.Text.RegularExpressions;

namespace AIaaS.Commands.Routing;

/// <summary>What a text names by a form of its own: orders, articles, addresses, people, money, days. All patterns run in linear time.</summary>
internal static partial class OfflineMentions
{
    public static IEnumerable<string> Orders(string text) => All(Order(), text).Select(m => "#" + m.Groups[1].Value.ToUpperInvariant());

    public static IEnumerable<string> Items(string text) => All(Item(), text).Select(m => m.Value);

    public static IEnumerable<string> Emails(string text) => All(Email(), text).Select(m => m.Value.TrimEnd('.'));

    public static IEnumerable<string> PaymentMethods(string text) => All(PaymentMethod(), text).Select(m => m.Value.ToLowerInvariant());

    public static IEnumerable<string> Phones(string text) => All(Phone(), text).Select(m => m.Value.Trim()).Where(p => p.Count(char.IsAsciiDigit) is >= 7 and <= 15);

    public static IEnumerable<string> Zips(string text) => All(Zip(), text).Select(m => m.Groups[1].Value);

    public static IEnumerable<string> Uuids(string text) => All(Uuid(), text).Select(m => m.Value.ToLowerInvariant());

    public static IEnumerable<decimal> Amounts(string text) => All(Amount(), text)
        .Select(m => (m.Groups[1].Success ? m.Groups[1] : m.Groups[2]).Value.Replace(",", "", StringComparison.Ordinal))
        .Where(t => decimal.TryParse(t, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out _))
        .Select(t => decimal.Parse(t, CultureInfo.InvariantCulture));

    public static IEnumerable<decimal> Numbers(string text) => All(Number(), text)
        .Where(m => decimal.TryParse(m.Value, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _))
        .Select(m => decimal.Parse(m.Value, CultureInfo.InvariantCulture));

    public static IEnumerable<string> Currencies(string text) => All(Currency(), text).Select(m => m.Value switch
    {
        "$" => "USD",
        "€" => "EUR",
        "£" => "GBP",
        var code => code,
    });

    public static IEnumerable<string> Dates(string text)
    {
        foreach (var match in All(IsoDate(), text))
        {
            if (DateOnly.TryParseExact(match.Value, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _))
            {
                yield return match.Value;
            }
        }

        foreach (var match in All(WordDate(), text))
        {
            if (DateOnly.TryParseExact($"{match.Groups[1].Value[..3]} {match.Groups[2].Value} {match.Groups[3].Value}", "MMM d yyyy", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day))
            {
                yield return day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
            }
        }
    }

    public static (string First, string Last)? Person(string text)
    {
        var match = Introduced().Match(text);
        match = match.Success ? match : BeforeZip().Match(text);
        return match.Success ? (match.Groups[1].Value, match.Groups[2].Value) : null;
    }

    /// <summary>A company that the text names by its form.</summary>
    public static string? Company(string text) => WorksFor().Match(text) is { Success: true } match ? match.Groups[1].Value.Trim() : null;

    public static OfflineAddress? Address(string text)
    {
        var match = Street().Match(text);
        return match.Success
            ? new(match.Groups["street"].Value.Trim(), match.Groups["unit"].Value.Trim(), match.Groups["city"].Value.Trim(), match.Groups["state"].Value, match.Groups["zip"].Value, match.Groups["country"].Success ? "USA" : null)
            : null;
    }

    private static IEnumerable<Match> All(Regex regex, string text)
    {
        for (var match = regex.Match(text); match.Success; match = match.NextMatch())
        {
            yield return match;
        }
    }

    [GeneratedRegex(@"(?:#|\b)([Ww]\d{4,10})\b", RegexOptions.NonBacktracking)]
    private static partial Regex Order();

    [GeneratedRegex(@"\b\d{10}\b", RegexOptions.NonBacktracking)]
    private static partial Regex Item();

    [GeneratedRegex(@"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+", RegexOptions.NonBacktracking)]
    private static partial Regex Email();

    [GeneratedRegex(@"\b(?:gift_card|credit_card|paypal)_\d{3,12}\b", RegexOptions.NonBacktracking | RegexOptions.IgnoreCase)]
    private static partial Regex PaymentMethod();

    [GeneratedRegex(@"\+?\d[\d ()/-]{6,18}\d", RegexOptions.NonBacktracking)]
    private static partial Regex Phone();

    [GeneratedRegex(@"(?:^|[^\d#$.A-Za-z_-])(\d{5})(?:[^\d]|$)", RegexOptions.NonBacktracking)]
    private static partial Regex Zip();

    [GeneratedRegex(@"\b[0-9a-fA-F]{32}\b", RegexOptions.NonBacktracking)]
    private static partial Regex Uuid();

    [GeneratedRegex(@"[$€£] ?(\d[\d,]*(?:\.\d{1,2})?)|\b(\d[\d,]*(?:\.\d{1,2})?) ?(?:USD|EUR|GBP|dollars?|euros?|pounds?)\b", RegexOptions.NonBacktracking)]
    private static partial Regex Amount();

    [GeneratedRegex(@"\b\d{1,9}(?:\.\d{1,4})?\b", RegexOptions.NonBacktracking)]
    private static partial Regex Number();

    [GeneratedRegex(@"[$€£]|\b(?:USD|EUR|GBP|CHF)\b", RegexOptions.NonBacktracking)]
    private static partial Regex Currency();

    [GeneratedRegex(@"\b\d{4}-\d{2}-\d{2}\b", RegexOptions.NonBacktracking)]
    private static partial Regex IsoDate();

    [GeneratedRegex(@"\b(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]* (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})\b", RegexOptions.NonBacktracking)]
    private static partial Regex WordDate();

    [GeneratedRegex(@"\b(?:[Mm]y (?:full )?name is|[Ii] am|[Ii]['’]m|[Tt]his is|[Nn]ame:|[Ii]t is|[Ii]t['’]s) ([A-Z][a-z'’-]+) ([A-Z][A-Za-z'’-]+)", RegexOptions.NonBacktracking)]
    private static partial Regex Introduced();

    [GeneratedRegex(@"\b([A-Z][a-z'’-]+) ([A-Z][A-Za-z'’-]+)[ ,.;]*(?:and )?(?:my |in |at |from |with )?(?:the )?(?:zip(?: ?code)?|postcode|postal code)?(?: is|:)?[ ,]*\d{5}\b", RegexOptions.NonBacktracking)]
    private static partial Regex BeforeZip();

    [GeneratedRegex(@"\b(?:work (?:for|at)|company is|company called|on behalf of|representing|Company:|from) ((?:[A-Z][\w&'-]*)(?: (?:[A-Z][\w&'-]*|&|of|and))*)", RegexOptions.NonBacktracking)]
    private static partial Regex WorksFor();

    [GeneratedRegex(@"(?<street>\d{1,6} [A-Za-z][A-Za-z .'-]{2,60}?)\s*,\s*(?:(?<unit>(?:Suite|Apt\.?|Apartment|Unit|Floor|#) ?[\w-]{1,10})\s*,\s*)?(?:in )?(?<city>[A-Z][A-Za-z .'-]{1,40}?)\s*,\s*(?<state>[A-Z]{2})\s*,?\s*(?:zip(?: code)? )?(?<zip>\d{5})\b(?<country>\s*,?\s*(?:USA|US|United States))?", RegexOptions.NonBacktracking)]
    private static partial Regex Street();
}

/// <summary>An address as a customer writes it.</summary>
internal sealed record OfflineAddress(string Street, string Unit, string City, string State, string Zip, string? Country);
