using System.Text.Json;

namespace AIaaS.Commands.Routing;

/// <summary>Finds the articles that a customer means, by their number or by their words in the records of an order or a product.</summary>
internal static class OfflineGoods
{
    private const int MaxDepth = 12;

    /// <summary>The articles that the customer names: by number; else those of the order whose name the text says.</summary>
    public static IEnumerable<string> Named(string text, JsonElement? records)
    {
        var (old, _) = ByNumber(text);
        if (old.Count > 0)
        {
            return old;
        }

        var goods = Read(records);
        var words = OfflineWords.Read(BeforeWish(text));
        var named = goods.Where(g => g.Name is not null && SaysName(words, g.Name)).ToList();
        return named.Count > 0 ? named.Select(g => g.Item)
            : OfflineExtractor.Says(text, "everything") || OfflineExtractor.Says(text, "all items") || OfflineExtractor.Says(text, "all of it") || OfflineExtractor.Says(text, "whole order") || OfflineExtractor.Says(text, "entire order") ? goods.Where(g => g.Name is not null).Select(g => g.Item)
            : [];
    }

    /// <summary>The articles that the customer wants instead: by number; else the one variant that is there and has what the text asks for, and in all else is as the old one.</summary>
    public static IEnumerable<string> Wanted(string text, JsonElement? records)
    {
        var (_, wanted) = ByNumber(text);
        if (wanted.Count > 0)
        {
            return wanted;
        }

        var goods = Read(records);
        var olds = Named(text, records).ToList();
        var words = OfflineWords.Read(AfterWish(text));
        var found = new List<string>();
        foreach (var old in goods.Where(g => g.Name is not null && olds.Contains(g.Item)).DistinctBy(g => g.Item))
        {
            var variants = goods.Where(g => g.Name is null && g.Item != old.Item && g.Options.Count == old.Options.Count && g.Options.Keys.All(old.Options.ContainsKey)).ToList();
            if (Best(old, variants, words) is { } best)
            {
                found.Add(best);
            }
        }

        return found;
    }

    /// <summary>The product whose name the text says, in a list of products or an order.</summary>
    public static string? ProductOf(string text, JsonElement? records)
    {
        var words = OfflineWords.Read(text);
        return Read(records).FirstOrDefault(g => g.Name is not null && g.Product is not null && SaysName(words, g.Name))?.Product ?? FromList(records, words);
    }

    /// <summary>The payment method that the customer means: by its id; else the one of that kind in the records.</summary>
    public static string? PaymentMethod(string text, JsonElement? records)
    {
        if (OfflineMentions.PaymentMethods(text).LastOrDefault() is { } given)
        {
            return given;
        }

        var methods = new List<(string Id, string Source)>();
        Visit(records ?? default, 0, element =>
        {
            if (Text(element, "source") is { } source && Text(element, "id") is { } id)
            {
                methods.Add((id, source));
            }
        });
        if (methods.Select(m => m.Id).Where(id => text.Contains(id, StringComparison.OrdinalIgnoreCase)).MaxBy(id => id.Length) is { } named)
        {
            return named;
        }

        var wanted = OfflineExtractor.Says(text, "gift card") ? "gift_card" : OfflineExtractor.Says(text, "paypal") ? "paypal" : OfflineExtractor.Says(text, "credit card") ? "credit_card" : null;
        var fitting = methods.Where(m => m.Source == wanted).Select(m => m.Id).Distinct(StringComparer.Ordinal).ToList();
        return fitting.Count == 1 ? fitting[0]
            : wanted is null && (OfflineExtractor.Says(text, "original payment") || OfflineExtractor.Says(text, "same payment") || OfflineExtractor.Says(text, "same card")) ? Original(records)
            : null;
    }

    private static string? Original(JsonElement? records)
    {
        string? original = null;
        Visit(records ?? default, 0, element => original ??= Text(element, "transaction_type") == "payment" ? Text(element, "payment_method_id") : null);
        return original;
    }

    // "exchange 111 for 222": what stands behind the turn is what is wanted.
    private static (List<string> Old, List<string> Wanted) ByNumber(string text)
    {
        List<string> old = [], wanted = [];
        var last = 0;
        var turned = false;
        foreach (var item in OfflineMentions.Items(text))
        {
            var at = text.IndexOf(item, last, StringComparison.Ordinal);
            var between = OfflineWords.Read(text[last..at]);
            turned = last > 0 && (between.Exists(w => w is "for" or "to" or "into" or "with" or "instead") || (turned && between.TrueForAll(w => w is "and" or "")));
            (turned ? wanted : old).Add(item);
            last = at + item.Length;
        }

        return (old, wanted);
    }

    private static string? Best(Goods old, List<Goods> variants, List<string> words)
    {
        var wishes = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (option, value) in variants.SelectMany(v => v.Options).Distinct())
        {
            var phrase = OfflineWords.Read(value);
            if (phrase.Count > 0 && OfflineExtractor.IndexOf(words, phrase) >= 0 && (!wishes.TryGetValue(option, out var other) || value.Length > other.Length))
            {
                wishes[option] = value;
            }
        }

        var fitting = wishes.Count == 0 ? [] : variants.Where(v => v.Available && v.Options.All(o => o.Value == wishes.GetValueOrDefault(o.Key, old.Options[o.Key]))).ToList();
        return fitting.Count == 1 ? fitting[0].Item : null;
    }

    private static string BeforeWish(string text) => Turn(text) is >= 0 and var at ? text[..at] : text;

    private static string AfterWish(string text) => Turn(text) is >= 0 and var at ? text[at..] : text;

    private static int Turn(string text)
    {
        var first = -1;
        foreach (var turn in (ReadOnlySpan<string>)[" for a ", " for the ", " for one ", " for an ", " to a ", " to the ", " to one ", " into ", " with a ", " with one ", " instead"])
        {
            var at = text.IndexOf(turn, StringComparison.OrdinalIgnoreCase);
            first = at >= 0 && (first < 0 || at < first) ? at : first;
        }

        return first;
    }

    private static bool SaysName(List<string> words, string name)
    {
        var phrase = OfflineWords.Read(name);
        return phrase.Count > 0 && (OfflineExtractor.IndexOf(words, phrase) >= 0 || (phrase.Count > 1 && words.Contains(phrase[^1])) || (phrase.Count > 1 && phrase[0].Length > 4 && words.Contains(phrase[0])));
    }

    private static string? FromList(JsonElement? records, List<string> words)
    {
        string? found = null;
        Visit(records ?? default, 0, element =>
        {
            foreach (var member in element.EnumerateObject())
            {
                if (member.Value.ValueKind == JsonValueKind.String && member.Value.GetString() is { Length: 10 } id && id.All(char.IsAsciiDigit) && !member.Name.Contains('_', StringComparison.Ordinal) && SaysName(words, member.Name))
                {
                    found ??= id;
                }
            }
        });
        return found;
    }

    private static List<Goods> Read(JsonElement? records)
    {
        var all = new List<Goods>();
        Visit(records ?? default, 0, element =>
        {
            if (Text(element, "item_id") is { } item)
            {
                var options = new Dictionary<string, string>(StringComparer.Ordinal);
                if (element.TryGetProperty("options", out var given) && given.ValueKind == JsonValueKind.Object)
                {
                    foreach (var option in given.EnumerateObject())
                    {
                        options[option.Name] = option.Value.ToString();
                    }
                }

                all.Add(new(item, Text(element, "name"), Text(element, "product_id"), options, !element.TryGetProperty("available", out var available) || available.ValueKind != JsonValueKind.False));
            }
        });
        return all;
    }

    private static void Visit(JsonElement element, int depth, Action<JsonElement> visit)
    {
        if (depth > MaxDepth)
        {
            return;
        }

        if (element.ValueKind == JsonValueKind.Object)
        {
            visit(element);
            foreach (var member in element.EnumerateObject())
            {
                Visit(member.Value, depth + 1, visit);
            }
        }
        else if (element.ValueKind == JsonValueKind.Array)
        {
            foreach (var item in element.EnumerateArray())
            {
                Visit(item, depth + 1, visit);
            }
        }
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private sealed record Goods(string Item, string? Name, string? Product, Dictionary<string, string> Options, bool Available);
}
