namespace AIaaS.Commands.Routing;

/// <summary>
/// Counts tokens without a vocabulary. A run of letters gives one token for each five begun, a run of digits one for each three, a run of
/// other signs one for each two; white space belongs to what follows it; beyond ASCII each character is one. On English text and JSON that
/// comes near to what byte-pair encodings give. The offline models are metered by it.
/// </summary>
public static class TokenCounter
{
    /// <summary>Counts.</summary>
    public static long Count(ReadOnlySpan<char> text)
    {
        long tokens = 0;
        for (var i = 0; i < text.Length;)
        {
            var start = i;
            var c = text[i];
            if (c is ' ' or '\n' or '\t' or '\r')
            {
                i++;
            }
            else if (char.IsAsciiLetter(c))
            {
                while (i < text.Length && char.IsAsciiLetter(text[i]))
                {
                    i++;
                }

                tokens += (i - start + 4) / 5;
            }
            else if (char.IsAsciiDigit(c))
            {
                while (i < text.Length && char.IsAsciiDigit(text[i]))
                {
                    i++;
                }

                tokens += (i - start + 2) / 3;
            }
            else if (c < 0x80)
            {
                while (i < text.Length && text[i] is > ' ' and < '\x7F' && !char.IsAsciiLetterOrDigit(text[i]))
                {
                    i++;
                }

                i = Math.Max(i, start + 1);
                tokens += (i - start + 1) / 2;
            }
            else
            {
                i++;
                tokens++;
            }
        }

        return tokens;
    }
}
