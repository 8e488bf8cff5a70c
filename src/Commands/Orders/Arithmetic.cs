using System.Globalization;

namespace AIaaS.Commands.Orders;

/// <summary>
/// Computes <c>+ - * /</c> with parentheses, exactly in decimals, rounded to two places at the end. Nothing else is understood; what
/// is too long, too deep or too large is refused.
/// </summary>
internal static class Arithmetic
{
    private const int MaxLength = 1_000;
    private const int MaxDepth = 50;
    private const string Allowed = "0123456789+-*/(). ";

    /// <summary>The value as text with one or two decimals; null with a reason where the text is no expression.</summary>
    public static string? Evaluate(string expression, out string? fault)
    {
        fault = expression.Length > MaxLength ? $"The expression is longer than {MaxLength} characters"
            : expression.AsSpan().ContainsAnyExcept(Allowed) ? "Invalid characters in expression"
            : null;
        if (fault is not null)
        {
            return null;
        }

        try
        {
            var reader = new Reader(expression);
            var value = decimal.Round(reader.Whole(), 2, MidpointRounding.ToEven);
            return (value == 0 ? 0m : value).ToString("0.0#", CultureInfo.InvariantCulture);
        }
        catch (FormatException e)
        {
            fault = e.Message;
        }
        catch (DivideByZeroException)
        {
            fault = "Division by zero";
        }
        catch (OverflowException)
        {
            fault = "The numbers are too large";
        }

        return null;
    }

    private ref struct Reader(string text)
    {
        private int at;
        private int depth;

        public decimal Whole()
        {
            var value = Sum();
            return at == text.Length ? value : throw Unexpected();
        }

        private decimal Sum()
        {
            var value = Product();
            while (true)
            {
                if (Take('+'))
                {
                    value += Product();
                }
                else if (Take('-'))
                {
                    value -= Product();
                }
                else
                {
                    return value;
                }
            }
        }

        private decimal Product()
        {
            var value = Factor();
            while (true)
            {
                if (Take('*'))
                {
                    value *= Factor();
                }
                else if (Take('/'))
                {
                    value /= Factor();
                }
                else
                {
                    return value;
                }
            }
        }

        private decimal Factor()
        {
            if (++depth > MaxDepth)
            {
                throw new FormatException("The expression is nested too deeply");
            }

            decimal value;
            if (Take('-'))
            {
                value = -Factor();
            }
            else if (Take('+'))
            {
                value = Factor();
            }
            else if (Take('('))
            {
                value = Sum();
                if (!Take(')'))
                {
                    throw Unexpected();
                }
            }
            else
            {
                value = Number();
            }

            depth--;
            return value;
        }

        private decimal Number()
        {
            var start = at;
            while (at < text.Length && (char.IsAsciiDigit(text[at]) || text[at] == '.'))
            {
                at++;
            }

            var digits = text.AsSpan(start, at - start);
            if (!digits.ContainsAnyInRange('0', '9') || digits.Count('.') > 1)
            {
                at = start;
                throw Unexpected();
            }

            var value = decimal.Parse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture);
            Blanks();
            return value;
        }

        private bool Take(char sign)
        {
            Blanks();
            if (at >= text.Length || text[at] != sign)
            {
                return false;
            }

            at++;
            Blanks();
            return true;
        }

        private void Blanks()
        {
            while (at < text.Length && text[at] == ' ')
            {
                at++;
            }
        }

        private readonly FormatException Unexpected() => new(at >= text.Length
            ? "The expression ends too early"
            : $"'{text[at]}' at character {at + 1} of the expression is not expected");
    }
}
