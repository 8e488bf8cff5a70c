using System.Collections.Frozen;
using System.Globalization;

namespace AIaaS.Commands.Knowledge;

/// <summary>
/// Reads the terms of a text one after another, without allocation: runs of letters and digits in lower case, accents of Latin letters
/// taken off, English ones stemmed, stop words left out. Scripts written without spaces give one term a character.
/// </summary>
internal ref struct TermReader(ReadOnlySpan<char> text, Span<char> buffer)
{
    /// <summary>The buffer that a reader needs. What a longer word has beyond is left out.</summary>
    public const int BufferSize = 64;

    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> StopWords = new[]
    {
        "a", "about", "after", "all", "also", "am", "an", "and", "any", "are", "aren", "as", "at", "be", "because", "been", "being", "but",
        "by", "can", "cannot", "cant", "could", "couldn", "did", "didn", "didnt", "do", "does", "doesn", "doesnt", "doing", "don", "done", "dont", "for", "from", "get", "got",
        "had", "hadn", "has", "hasn", "hasnt", "have", "haven", "havent", "having", "he", "her", "here", "his", "how", "i", "if", "im", "in", "into", "is",
        "isn", "isnt", "it", "its", "ive", "just", "like", "me", "my", "no", "nor", "not", "of", "off", "on", "once", "may", "might", "must", "or", "our", "ours", "out", "please",
        "shall", "should", "so", "some", "such", "than", "that", "the", "their", "them", "then", "there", "these", "they", "this", "those", "to",
        "too", "us", "very", "was", "wasn", "we", "were", "weren", "what", "when", "where", "which", "while", "who", "whom",
        "why", "will", "with", "won", "wont", "would", "wouldn", "you", "your", "yours", "hi", "hello", "thanks", "thank",
    }.ToFrozenSet(StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();

    // U+00C0 to U+017F without accents, in lower case. The runtime's own normalization does nothing under invariant globalization.
    private const string Folded =
        "aaaaaaæceeeeiiiiðnooooo×ouuuuyþßaaaaaaæceeeeiiiiðnooooo÷ouuuuyþy" +
        "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkkllllllllllnnnnnnnnnoooooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";

    private readonly ReadOnlySpan<char> text = text;
    private readonly Span<char> buffer = buffer;
    private int next;

    /// <summary>The term that was read last; overwritten by the next one.</summary>
    public ReadOnlySpan<char> Term { get; private set; }

    /// <summary>Reads the next term.</summary>
    /// <returns>False at the end of the text.</returns>
    public bool Read()
    {
        while (next < text.Length)
        {
            var c = text[next];
            if (!char.IsLetterOrDigit(c))
            {
                next++;
                continue;
            }

            if (IsWithoutSpaces(c))
            {
                buffer[0] = c;
                Term = buffer[..1];
                next++;
                return true;
            }

            var length = ReadWord(out var ascii);
            if (StopWords.Contains(buffer[..length]))
            {
                continue;
            }

            Term = buffer[..(ascii ? EnglishStemmer.Stem(buffer, length) : length)];
            return true;
        }

        return false;
    }

    private int ReadWord(out bool ascii)
    {
        var length = 0;
        ascii = true;
        for (; next < text.Length; next++)
        {
            var c = text[next];
            if (char.IsAsciiLetter(c))
            {
                c = (char)(c | 0x20);
            }
            else if (char.IsAsciiDigit(c))
            {
                ascii = false;
            }
            else if (c is ',' or '.' && length > 0 && char.IsAsciiDigit(text[next - 1]) && next + 1 < text.Length && char.IsAsciiDigit(text[next + 1]))
            {
                if (c == ',')
                {
                    continue;
                }
            }
            else if (c is '\'' or '’')
            {
                SkipShortEnding();
                break;
            }
            else if (c >= 0x80 && char.GetUnicodeCategory(c) == UnicodeCategory.NonSpacingMark)
            {
                continue;
            }
            else if (char.IsLetterOrDigit(c) && !IsWithoutSpaces(c))
            {
                c = c is >= 'À' and <= 'ſ' ? Folded[c - 'À'] : char.ToLowerInvariant(c);
                ascii &= c < 0x80;
            }
            else
            {
                break;
            }

            // One place is left for the stemmer.
            if (length < BufferSize - 1)
            {
                buffer[length++] = c;
            }
        }

        return length;
    }

    // What follows an apostrophe (customer's, can't, we've) adds nothing; l'eau is two words.
    private void SkipShortEnding()
    {
        var end = next + 1;
        while (end < text.Length && char.IsLetter(text[end]))
        {
            end++;
        }

        next = end - next <= 3 ? end : next + 1;
    }

    private static bool IsWithoutSpaces(char c) =>
        c is (>= '\u0E00' and <= '\u0E7F') or (>= '\u3040' and <= '\u30FF') or (>= '\u3400' and <= '\u9FFF') or (>= '\uF900' and <= '\uFAFF');
}
