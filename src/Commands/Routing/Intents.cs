using System.Collections.Frozen;

namespace AIaaS.Commands.Routing;

/// <summary>What needs no article: a greeting, or the wish to speak with a person. Plain rules over the words of a message.</summary>
internal static class Intents
{
    private const int LongestGreeting = 8;

    private static readonly FrozenSet<string> Greetings = Set("hi hello hey thanks thank bye goodbye cheers greetings thx morning afternoon evening");

    private static readonly FrozenSet<string> GreetingFillers = Set("good day there you so much very a lot for your help the that was perfect nice great ok okay all everyone team dear again have how are is it to see");

    private static readonly FrozenSet<string> Persons = Set("person human agent representative rep operator advisor adviser manager supervisor someone somebody staff colleague employee");

    private static readonly FrozenSet<string> Speaking = Set("speak talk chat talking speaking chatting");

    private static readonly FrozenSet<string> Passing = Set("transfer hand put connect pass get give switch forward escalate let");

    private static readonly FrozenSet<string> Wanting = Set("want need prefer like reach contact");

    private static readonly FrozenSet<string> Live = Set("human real live actual");

    public static bool IsGreeting(string text)
    {
        var words = Words(text);
        return words.Count is > 0 and <= LongestGreeting
            && words.Any(Greetings.Contains)
            && words.All(w => Greetings.Contains(w) || GreetingFillers.Contains(w));
    }

    /// <summary>Whether a message may be a greeting or thanks in any language: it is one by the rules, or it is short and asks nothing.</summary>
    public static bool MayBeSmallTalk(string text) =>
        IsGreeting(text) || (text.Length <= 60 && !text.AsSpan().ContainsAny("?？؟0123456789") && Words(text).Count <= LongestGreeting);

    public static bool AsksForPerson(string text)
    {
        var words = Words(text);
        for (var i = 0; i < words.Count; i++)
        {
            if (Persons.Contains(words[i]) && (words[i] != "person" || !Before(words, i, 1, w => w is "another" or "other" or "different")) && IsAskedFor(words, i))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsAskedFor(List<string> words, int person) =>
        (words.Count <= 3 && words[person] is "human" or "agent" or "representative" or "operator")
        || Before(words, person, 1, Live.Contains)
        || SpeakingWith(words, person)
        || PassMe(words, person)
        || (words[person] is "human" or "representative" or "agent" or "operator" && Before(words, person, 3, Wanting.Contains));

    // "speak to a person", "talk with one of your agents"
    private static bool SpeakingWith(List<string> words, int person)
    {
        for (var i = Math.Max(0, person - 7); i < person - 1; i++)
        {
            if (Speaking.Contains(words[i]) && words[i + 1] is "to" or "with")
            {
                return true;
            }
        }

        return false;
    }

    // "hand me to a person", "put me through to a manager"; not "transfer money to a person"
    private static bool PassMe(List<string> words, int person)
    {
        for (var i = Math.Max(0, person - 7); i < person - 1; i++)
        {
            if (Passing.Contains(words[i]) && words[i + 1] is "me" or "us" or "this")
            {
                return true;
            }
        }

        return false;
    }

    private static bool Before(List<string> words, int at, int within, Func<string, bool> test)
    {
        for (var i = Math.Max(0, at - within); i < at; i++)
        {
            if (test(words[i]))
            {
                return true;
            }
        }

        return false;
    }

    private static List<string> Words(string text)
    {
        var words = new List<string>();
        for (var i = 0; i < text.Length;)
        {
            var start = i;
            while (i < text.Length && char.IsLetterOrDigit(text[i]))
            {
                i++;
            }

            if (i > start)
            {
                words.Add(text[start..i].ToLowerInvariant());
            }
            else
            {
                i++;
            }
        }

        return words;
    }

    private static FrozenSet<string> Set(string words) => words.Split(' ').ToFrozenSet(StringComparer.Ordinal);
}
