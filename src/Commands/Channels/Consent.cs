using System.Collections.Frozen;

namespace AIaaS.Commands.Channels;

/// <summary>
/// Reads a customer's reply to "shall I do this?". A change is made only on a plain yes: a yes with a condition, a correction or other numbers
/// than were proposed is neither yes nor no. No model takes part, so that no text can talk one into a yes.
/// </summary>
public static class Consent
{
    private const int LongestReply = 14;

    private static readonly FrozenSet<string> Yes = Set("yes yeah yep yup sure ok okay confirm confirmed correct right absolutely definitely certainly agreed approved y proceed affirmative");

    private static readonly FrozenSet<string> No = Set("no nope nah never stop n abort negative");

    private static readonly FrozenSet<string> Doubts = Set(
        "not dont don doesnt isnt wont cant cannot wouldnt shouldnt wasnt wrong but unless if wait except instead other another different later however maybe perhaps before after first what why how which who when where only rather actually hold until also and then");

    // What a plain yes may say besides.
    private static readonly FrozenSet<string> Fillers = Set(
        "i we please thanks thank you that is thats it its the this all do go ahead go now just so my me am want would like to of for with a an on in order orders item items cancel return exchange change changes refund refunded modify update address payment card charge submit make done good great perfect fine sounds looks exactly want everything details are is both book place send have can could should will id let lets s m d ll re");

    /// <summary>True for a plain yes, false for a no, null for anything else.</summary>
    /// <param name="reply">What the customer wrote.</param>
    /// <param name="proposed">What was proposed, in any form: only numbers that stand in it may stand in a yes.</param>
    public static bool? Read(string reply, string proposed)
    {
        var words = Words(reply);
        if (words.Count == 0)
        {
            return null;
        }

        // Who begins with a no has not agreed, whatever follows.
        if (No.Contains(words[0]) || (words.Count > 1 && words[0] is "do" or "please" && words[1] is "not" or "dont") || words[0] is "dont" || (words.Count > 1 && words[0] == "don" && words[1] == "t"))
        {
            return words[0] == "no" && words.Count > 1 && words[1] is "problem" or "objection" or "objections" or "worries" ? null : false;
        }

        if (words.Count > LongestReply || reply.Contains('?', StringComparison.Ordinal) || words.Exists(w => Doubts.Contains(w) || No.Contains(w)))
        {
            return null;
        }

        var agrees = words.Exists(Yes.Contains) || IsIn(words, "go", "ahead") || IsIn(words, "do", "it") || IsIn(words, "please", "do");
        return agrees && words.TrueForAll(w => Yes.Contains(w) || Fillers.Contains(w) || IsProposed(w, proposed)) ? true : null;
    }

    private static bool IsProposed(string word, string proposed) =>
        word.AsSpan().ContainsAnyInRange('0', '9') && Words(proposed).Contains(word);

    private static bool IsIn(List<string> words, string first, string second)
    {
        for (var i = 0; i + 1 < words.Count; i++)
        {
            if (words[i] == first && words[i + 1] == second)
            {
                return true;
            }
        }

        return false;
    }

    // A word with any sign beyond ASCII stays one that is in no list: look-alikes of "yes" are no yes.
    private static List<string> Words(string text)
    {
        var words = new List<string>();
        for (var i = 0; i < text.Length;)
        {
            var start = i;
            while (i < text.Length && (char.IsAsciiLetterOrDigit(text[i]) || text[i] is '\'' or '’' or '_' || text[i] > 0x7F))
            {
                i++;
            }

            if (i > start)
            {
                var word = text[start..i].Replace("'", "", StringComparison.Ordinal).Replace("’", "", StringComparison.Ordinal).ToLowerInvariant();
                if (word.Length > 0 && !IsEmoji(word))
                {
                    words.Add(word);
                }
            }
            else
            {
                i++;
            }
        }

        return words;
    }

    private static bool IsEmoji(string word) => word.All(c => char.IsSurrogate(c) || c is >= '\u2600' and <= '\u27BF' or '\uFE0F') && word is "👍" or "🙂" or "😊" or "🙏" or "✅";

    private static FrozenSet<string> Set(string words) => words.Split(' ', StringSplitOptions.RemoveEmptyEntries).ToFrozenSet(StringComparer.Ordinal);
}
