using System.Collections.Frozen;
using AIaaS.Commands.Knowledge;

namespace AIaaS.Commands.Routing;

/// <summary>The words of a message as the offline model compares them: lower case, stemmed; what has a form of its own stands for its kind.</summary>
internal static class OfflineWords
{
    private const int MaxWords = 600;

    private static readonly FrozenSet<string> Silent = "a an the of to in on at for and or is are am be been was were i me it its you we this that with so do does did have has had".Split(' ').ToFrozenSet(StringComparer.Ordinal);

    /// <summary>Whether a word counts only beside another one.</summary>
    public static bool SaysNothing(string word) => Silent.Contains(word);

    public static List<string> Read(string text)
    {
        var words = new List<string>();
        for (var i = 0; i < text.Length && words.Count < MaxWords;)
        {
            var start = i;
            while (i < text.Length && (char.IsLetterOrDigit(text[i]) || text[i] is '\'' or '’' or '@' or '#' or '_' || (text[i] is '.' && i > start && i + 1 < text.Length && char.IsLetterOrDigit(text[i + 1]))))
            {
                i++;
            }

            if (i > start)
            {
                words.Add(Kind(text.AsSpan(start, i - start)));
            }
            else
            {
                i++;
            }
        }

        return words;
    }

    private static string Kind(ReadOnlySpan<char> word)
    {
        if (word.Contains('@'))
        {
            return "<email>";
        }

        if (word.ContainsAnyInRange('0', '9'))
        {
            return word[0] == '#' || char.IsLetter(word[0]) ? "<code>" : "<number>";
        }

        Span<char> buffer = stackalloc char[TermReader.BufferSize];
        var length = 0;
        foreach (var c in word)
        {
            if (length < buffer.Length - 1 && char.IsLetter(c))
            {
                buffer[length++] = char.ToLowerInvariant(c);
            }
        }

        return length > 2 && !buffer[..length].ContainsAnyExceptInRange('a', 'z') ? buffer[..EnglishStemmer.Stem(buffer, length)].ToString() : buffer[..length].ToString();
    }
}
