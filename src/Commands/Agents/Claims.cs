using System.Collections.Immutable;
using AIaaS.Commands.Knowledge;
using AIaaS.Domain.Agents;

namespace AIaaS.Commands.Agents;

/// <summary>
/// Whether passages carry what an answer claims. A claim is a sentence of the answer that holds a number or a word of its own (not only
/// words that any sentence may hold) and asks nothing. It is carried when every number in it stands in one of the passages, and at least half
/// of its own words do, compared by their stems.
/// </summary>
internal static class Claims
{
    /// <summary>The first claim of an answer that no passage carries; null where all are carried.</summary>
    public static string? Uncarried(string answer, ImmutableArray<Passage> passages)
    {
        HashSet<string>? known = null;
        Span<char> buffer = stackalloc char[TermReader.BufferSize];
        List<Sentence> sentences = [];
        Sentences.Split(answer, sentences);
        foreach (var sentence in sentences)
        {
            var text = sentence.Of(answer).Trim();
            if (text.EndsWith("?"))
            {
                continue;
            }

            known ??= Known(passages);
            var (own, carried, numbers) = (0, 0, true);
            var terms = new TermReader(text, buffer);
            while (terms.Read())
            {
                var isNumber = terms.Term.IndexOfAnyInRange('0', '9') >= 0;
                if (!isNumber && EnglishWords.IsGeneric(terms.Term))
                {
                    continue;
                }

                var stands = known.Contains(terms.Term.ToString());
                own++;
                carried += stands ? 1 : 0;
                numbers &= stands || !isNumber;
            }

            if (own > 0 && (!numbers || 2 * carried < own))
            {
                return text.ToString();
            }
        }

        return null;
    }

    private static HashSet<string> Known(ImmutableArray<Passage> passages)
    {
        HashSet<string> known = new(StringComparer.Ordinal);
        Span<char> buffer = stackalloc char[TermReader.BufferSize];
        foreach (var passage in passages)
        {
            foreach (var part in (ReadOnlySpan<string>)[passage.Title, passage.Text])
            {
                var terms = new TermReader(part, buffer);
                while (terms.Read())
                {
                    known.Add(terms.Term.ToString());
                }
            }
        }

        return known;
    }
}
