namespace AIaaS.Domain.Payments;

/// <summary>Tells card numbers from tokens, so that none is ever recorded.</summary>
public static class CardNumbers
{
    /// <summary>Whether a text is what a card number looks like: 12 to 19 digits, spaces and dashes aside, with a right check digit (Luhn).</summary>
    public static bool IsCardNumber(string text)
    {
        var (sum, count) = (0, 0);
        for (var i = text.Length - 1; i >= 0; i--)
        {
            if (text[i] is ' ' or '-')
            {
                continue;
            }

            if (!char.IsAsciiDigit(text[i]))
            {
                return false;
            }

            var digit = text[i] - '0';
            if (count++ % 2 == 1)
            {
                digit = digit > 4 ? digit * 2 - 9 : digit * 2;
            }

            sum += digit;
        }

        return count is >= 12 and <= 19 && sum % 10 == 0;
    }

    /// <summary>Whether it is one of the numbers that stand for no card: the published test numbers that the sandbox knows.</summary>
    public static bool IsForTests(string text) => text is "4242424242424242" or "4000000000000002" or "4000000000009995" or "4000000000000069";
}
