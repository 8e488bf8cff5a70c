using System.Globalization;
using System.Text;
using System.Text.Json;

namespace AIaaS.Domain.Json;

/// <summary>Reads expressions, templates, and pure JSONPath queries. One instance reads one source.</summary>
internal sealed class ExpressionParser(string source, ExpressionLimits limits)
{
    private const long LargestInteger = 9_007_199_254_740_991;

    private static readonly string[] Words = ["and", "or", "not", "in", "true", "false", "null"];

    private readonly List<ReferencedPath> paths = [];
    private readonly int deepest = Math.Min(limits.MaxNesting, 128);
    private int at;
    private int depth;
    private int filters;

    public IReadOnlyList<ReferencedPath> Paths => paths;

    /// <summary>An expression that takes up the whole source.</summary>
    public Node Expression()
    {
        CheckLength();
        var node = Or();
        Space();
        return AtEnd ? node : throw Fault(at, $"'{Shown()}' is not expected here", Unexpected());
    }

    /// <summary>A query of RFC 9535 and nothing else.</summary>
    public PathNode Query()
    {
        CheckLength();
        if (!Take('$'))
        {
            throw Fault(at, "A query begins with $", "Write for example $.orders[0].id.");
        }

        var path = Segments(new Start(isRoot: true), 0, isStrict: true);
        return AtEnd ? path : throw Fault(at, $"'{Shown()}' is not expected here", "A query is $ and segments such as .name, [0], [*], ..name, [?@.x == 1].");
    }

    /// <summary>Text with expressions in double braces; the texts between them are literals.</summary>
    public Node[] Template()
    {
        CheckLength();
        var parts = new List<Node>();
        while (!AtEnd)
        {
            var open = source.IndexOf("{{", at, StringComparison.Ordinal);
            var end = open < 0 ? source.Length : open;
            if (end > at)
            {
                parts.Add(new Literal(ExpressionValue.From(source[at..end])));
            }

            at = end;
            if (open >= 0)
            {
                at += 2;
                parts.Add(Or());
                Space();
                if (!Take("}}"))
                {
                    throw Fault(AtEnd ? open : at, AtEnd ? "The '{{' is not closed" : $"'{Shown()}' is not expected here", "Write {{ expression }}; for two braces as text write {{ '{{' }}.");
                }
            }
        }

        return [.. parts];
    }

    private bool AtEnd => at >= source.Length;

    private char Next => at < source.Length ? source[at] : '\0';

    private void CheckLength()
    {
        if (source.Length > limits.MaxSourceLength)
        {
            throw Fault(limits.MaxSourceLength, $"The source has {source.Length} characters; at most {limits.MaxSourceLength} are allowed", "Split it into several steps.");
        }
    }

    // ---- the expression language

    private Node Or() => Nested(() =>
    {
        var operands = Chain(And, "or", "||");
        return operands.Count == 1 ? operands[0] : new Logical([.. operands.Select(Test)], isAnd: false);
    });

    private Node And()
    {
        var operands = Chain(NotWord, "and", "&&");
        return operands.Count == 1 ? operands[0] : new Logical([.. operands.Select(Test)], isAnd: true);
    }

    private List<Node> Chain(Func<Node> operand, string word, string sign)
    {
        var operands = new List<Node> { operand() };
        while (TakeWord(word) || TakeAfterSpace(sign))
        {
            operands.Add(operand());
        }

        return operands;
    }

    private Node NotWord() => TakeWord("not") ? new Not(Test(Nested(NotWord))) : Comparison();

    private Node Comparison()
    {
        var left = Sum();
        Space();
        var sign = Sign();
        if (sign is null)
        {
            return left;
        }

        var right = Sum();
        Space();
        var second = at;
        if (Sign() is { } again)
        {
            throw Fault(second, $"'{again}' follows a comparison", "Combine two comparisons with 'and', for example 1 < $.x and $.x < 5.");
        }

        return new Comparison(left, sign, right, filters > 0);
    }

    private string? Sign()
    {
        foreach (var sign in (string[])["==", "!=", "<=", ">=", "<", ">"])
        {
            if (Take(sign))
            {
                return sign;
            }
        }

        if (Next == '=')
        {
            throw Fault(at, "A single '=' compares nothing", "Write == to compare.");
        }

        return TakeWord("in") ? "in" : null;
    }

    private Node Sum() => Operators(Product, '+', '-', '+');

    private Node Product() => Operators(Unary, '*', '/', '%');

    private Node Operators(Func<Node> operand, char a, char b, char c)
    {
        var first = operand();
        var rest = new List<(char, Node)>();
        while (true)
        {
            Space();
            var sign = Next;
            if (sign == '\0' || (sign != a && sign != b && sign != c))
            {
                return rest.Count == 0 ? first : new Arithmetic(first, [.. rest]);
            }

            at++;
            rest.Add((sign, operand()));
        }
    }

    private Node Unary()
    {
        Space();
        if (Next == '!' && (at + 1 >= source.Length || source[at + 1] != '='))
        {
            at++;
            return new Not(Test(Nested(Unary)));
        }

        if (Next == '-' && (at + 1 >= source.Length || !char.IsAsciiDigit(source[at + 1])))
        {
            at++;
            return new Negation(Nested(Unary));
        }

        return Primary();
    }

    private Node Primary()
    {
        var start = at;
        switch (Next)
        {
            case '$':
                at++;
                return Segments(new Start(isRoot: true), start, isStrict: false);
            case '@' when filters > 0:
                at++;
                return Segments(new Start(isRoot: false), start, isStrict: false);
            case '@':
                throw Fault(at, "'@' stands outside of a filter", "Use $ for the document; @ is the item that a filter such as $.items[?@.price > 10] looks at.");
            case '(':
                at++;
                var inner = Or();
                Expect(')', "The parenthesis");
                return Continued(inner, start);
            case '[':
                at++;
                return new ArrayNode([.. List(']', Or, "The array")]);
            case '{':
                at++;
                return new ObjectNode([.. List('}', Member, "The object")]);
            case '"' or '\'':
                return new Literal(ExpressionValue.From(String()));
            case '-' or (>= '0' and <= '9'):
                return new Literal(NumberLiteral());
            case (>= 'a' and <= 'z') or (>= 'A' and <= 'Z') or '_':
                return Named();
            default:
                throw Fault(at, AtEnd ? "The expression ends where a value is expected" : $"'{Shown()}' begins no value", "A value is a path such as $.order.id, a text in quotes, a number, true, false, null, a function call, [a, b] or {name: value}.");
        }
    }

    private Node Named()
    {
        var start = at;
        var name = Identifier();
        switch (name)
        {
            case "true":
                return new Literal(ExpressionValue.True);
            case "false":
                return new Literal(ExpressionValue.False);
            case "null":
                return new Literal(ExpressionValue.Null);
        }

        var afterName = at;
        Space();
        if (!Take('('))
        {
            throw Fault(start, $"'{name}' is no value", Words.Contains(name) ? $"Put a value before or after '{name}'." : $"Write $.{name} for the document's member, \"{name}\" for a text, or {name}(…) for a function.");
        }

        at = afterName;
        var function = Function(name, start);
        Space();
        at++;
        var arguments = List(')', Or, $"The call of {name}");
        CheckCount(function, arguments.Count, start);
        return Continued(CallOf(function, arguments, start), start);
    }

    private Node CallOf(ExpressionFunction function, List<Node> arguments, int start)
    {
        switch (function.Name)
        {
            case "if":
                return new If(Test(arguments[0]), arguments[1], arguments[2]);
            case "coalesce":
                return new Coalesce([.. arguments]);
            case "exists" when arguments[0] is PathNode path:
                return new Exists(path);
            case "count" when filters > 0 && arguments[0] is PathNode path:
                return new NodeCount(path);
            case "value" when arguments[0] is PathNode path:
                return new NodeValue(path);
            case "match" or "search" or "matches" when arguments[1] is Literal { Value: { Kind: ExpressionValueKind.String } pattern }:
                var regex = Patterns.Compile(pattern.ToText(), PatternDialect.IRegexp, function.Name == "match", out var error);
                return regex is null
                    ? throw Fault(start, $"The pattern of {function.Name} is wrong: {error}", "See the guide to expressions for what a pattern may hold.")
                    : new Match(arguments[0], regex);
            default:
                return new Call(function.Apply!, [.. arguments]);
        }
    }

    private static void CheckCount(ExpressionFunction function, int count, int start)
    {
        if (count < function.Least || count > function.Most)
        {
            throw Fault(start, $"{function.Name} is called with {count} argument{(count == 1 ? "" : "s")}", $"Write {function.Signature}.");
        }
    }

    private static ExpressionFunction Function(string name, int start)
    {
        if (ExpressionFunctions.All.TryGetValue(name, out var function))
        {
            return function;
        }

        var near = ExpressionFunctions.All.Keys.MinBy(k => Distance(k, name))!;
        throw Fault(start, $"There is no function '{name}'", Distance(near, name) <= 2 ? $"Did you mean {ExpressionFunctions.All[near].Signature}?" : $"There are: {string.Join(", ", ExpressionFunctions.All.Keys.Order(StringComparer.Ordinal))}.");
    }

    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var above = row[j];
                row[j] = Math.Min(Math.Min(above, row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }

        return row[b.Length];
    }

    private (string, Node) Member()
    {
        Space();
        var start = at;
        var name = Next switch
        {
            '"' or '\'' => String(),
            _ when IsNameFirst(Next) => Identifier(),
            _ => throw Fault(start, AtEnd ? "The object is not closed" : $"'{Shown()}' is no member's name", "Write {name: value} or {\"a name\": value}."),
        };
        Expect(':', $"The member '{name}'");
        return (name, Or());
    }

    private List<T> List<T>(char close, Func<T> item, string what)
    {
        var items = new List<T>();
        Space();
        if (Take(close))
        {
            return items;
        }

        while (true)
        {
            items.Add(item());
            Space();
            if (Take(close))
            {
                return items;
            }

            if (!Take(','))
            {
                throw Fault(at, AtEnd ? $"{what} is not closed" : $"'{Shown()}' is not expected here", $"Put a comma between items and '{close}' after the last one.");
            }
        }
    }

    // A value that may be followed by segments: first($.items).name.
    private Node Continued(Node value, int start) => Next is '.' or '[' ? Segments(value, start, isStrict: false) : value;

    // In a filter a path alone asks whether there is a node.
    private Node Test(Node node) => filters > 0 && node is PathNode path ? new Exists(path) : node;

    // ---- paths (RFC 9535)

    private PathNode Segments(Node start, int from, bool isStrict)
    {
        var segments = new List<Segment>();
        while (true)
        {
            var end = at;
            Space();
            if (Take(".."))
            {
                segments.Add(new(Next == '[' ? Bracketed(isStrict) : [Shorthand()], isDescendant: true));
            }
            else if (Take('.'))
            {
                segments.Add(new([Shorthand()], isDescendant: false));
            }
            else if (Next == '[')
            {
                segments.Add(new(Bracketed(isStrict), isDescendant: false));
            }
            else
            {
                at = end;
                if (source[from] == '$')
                {
                    paths.Add(new(source[from..end], from, [.. segments.Select(s => s.Name).TakeWhile(n => n is not null).Select(n => n!)]));
                }

                return new(start, [.. segments]);
            }
        }
    }

    private Selector Shorthand()
    {
        if (Take('*'))
        {
            return new WildcardSelector();
        }

        if (!IsNameFirst(Next))
        {
            throw Fault(at, AtEnd ? "The path ends in a dot" : $"'{Shown()}' begins no name", "Write .name, or [\"a name\"] for a name with other characters than letters, digits and _.");
        }

        return new NameSelector(MemberName());
    }

    private Selector[] Bracketed(bool isStrict)
    {
        at++;
        var selectors = new List<Selector>();
        do
        {
            Space();
            selectors.Add(Selector(isStrict));
            Space();
        }
        while (Take(','));
        if (!Take(']'))
        {
            throw Fault(at, AtEnd ? "The bracket of the path is not closed" : $"'{Shown()}' is not expected in the brackets of a path", "Write [\"name\"], [0], [*], [1:3], [?condition], or several of them with commas.");
        }

        return [.. selectors];
    }

    private Selector Selector(bool isStrict)
    {
        switch (Next)
        {
            case '"' or '\'':
                return new NameSelector(String());
            case '*':
                at++;
                return new WildcardSelector();
            case '?':
                at++;
                filters++;
                var condition = isStrict ? Nested(StrictOr) : Test(Or());
                filters--;
                return new FilterSelector(condition);
            default:
                return IndexOrSlice();
        }
    }

    private Selector IndexOrSlice()
    {
        var start = at;
        var first = Integer();
        Space(out var afterFirst);
        if (!Take(':'))
        {
            at = afterFirst;
            return first is { } index ? new IndexSelector(index) : throw Fault(start, AtEnd ? "The bracket of the path is not closed" : $"'{Shown()}' is no selector", "Write [\"name\"], [0], [*], [1:3] or [?condition].");
        }

        Space();
        var end = Integer();
        Space(out var afterEnd);
        long? step = null;
        if (Take(':'))
        {
            Space(out var afterColon);
            step = Integer();
            if (step is null)
            {
                at = afterColon;
            }
        }
        else
        {
            at = afterEnd;
        }

        return new SliceSelector(first, end, step ?? 1);
    }

    private long? Integer()
    {
        var start = at;
        Take('-');
        var digits = at;
        while (char.IsAsciiDigit(Next))
        {
            at++;
        }

        if (at == digits)
        {
            at = start;
            return null;
        }

        var text = source[start..at];
        if (text == "-0" || (text.Length > digits - start + 1 && source[digits] == '0') || text.Length > 17 || !long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) || Math.Abs(value) > LargestInteger)
        {
            throw Fault(start, $"'{(text.Length > 20 ? text[..20] + "…" : text)}' is no index", "An index is a whole number without leading zeros, between -(2^53-1) and 2^53-1.");
        }

        return value;
    }

    // ---- filters of a pure JSONPath query (RFC 9535, section 2.3.5)

    private enum Type
    {
        Value,
        Logical,
        Nodes,
    }

    private Node StrictOr() => StrictChain(() => StrictChain(StrictBasic, "&&", isAnd: true), "||", isAnd: false);

    private Node StrictChain(Func<Node> operand, string sign, bool isAnd)
    {
        var operands = new List<Node> { operand() };
        while (TakeAfterSpace(sign))
        {
            operands.Add(operand());
        }

        return operands.Count == 1 ? operands[0] : new Logical([.. operands], isAnd);
    }

    private Node StrictBasic()
    {
        Space();
        var start = at;
        if (Take('!'))
        {
            Space();
            start = at;
            return new Not(Next == '(' ? StrictParenthesis() : StrictTest(StrictOperand(out var tested), tested, start));
        }

        if (Next == '(')
        {
            return StrictParenthesis();
        }

        var left = StrictOperand(out var type);
        Space(out var afterLeft);
        var sign = ((string[])["==", "!=", "<=", ">=", "<", ">"]).FirstOrDefault(Take);
        if (sign is null)
        {
            at = afterLeft;
            return StrictTest(left, type, start);
        }

        Space();
        var second = at;
        var right = StrictOperand(out var rightType);
        return new Comparison(StrictValue(left, type, start), sign, StrictValue(right, rightType, second), isInFilter: true);
    }

    private Node StrictParenthesis()
    {
        at++;
        var inner = Nested(StrictOr);
        Expect(')', "The parenthesis");
        return inner;
    }

    private Node StrictOperand(out Type type)
    {
        type = Type.Value;
        var start = at;
        switch (Next)
        {
            case '$' or '@':
                type = Type.Nodes;
                at++;
                return Nested(() => Segments(new Start(source[start] == '$'), start, isStrict: true));
            case '"' or '\'':
                return new Literal(ExpressionValue.From(String()));
            case '-' or (>= '0' and <= '9'):
                return new Literal(NumberLiteral());
            case >= 'a' and <= 'z':
                var name = Identifier();
                switch (name)
                {
                    case "true":
                        return new Literal(ExpressionValue.True);
                    case "false":
                        return new Literal(ExpressionValue.False);
                    case "null":
                        return new Literal(ExpressionValue.Null);
                    default:
                        return Nested(() => StrictCall(name, start), out type);
                }

            default:
                throw Fault(at, AtEnd ? "The filter ends where a value is expected" : $"'{Shown()}' begins no value", "A value in a filter is @ or $ with a path, a text in quotes, a number, true, false, null or a function call.");
        }
    }

    private (Node, Type) StrictCall(string name, int start)
    {
        if (name is not ("length" or "count" or "value" or "match" or "search") || !Take('('))
        {
            throw Fault(start, $"There is no function '{name}' in JSONPath", "There are length, count, value, match and search, each followed by a parenthesis.");
        }

        var function = ExpressionFunctions.All[name];
        var arguments = List(')', () =>
        {
            Space();
            var from = at;
            var argument = StrictOperand(out var type);
            return name is not ("count" or "value") ? StrictValue(argument, type, from)
                : type is Type.Nodes ? argument
                : throw Fault(from, $"{name} takes a path", $"Write {name}(@.path).");
        }, $"The call of {name}");
        CheckCount(function, arguments.Count, start);
        if (name is "match" or "search" && arguments[1] is Literal { Value: { Kind: ExpressionValueKind.String } pattern } && Patterns.Compile(pattern.ToText(), PatternDialect.IRegexp, name == "match", out _) is null)
        {
            return (new Literal(ExpressionValue.False), Type.Logical);
        }

        return (CallOf(function, arguments, start), name is "match" or "search" ? Type.Logical : Type.Value);
    }

    private static Node StrictTest(Node node, Type type, int start) => type switch
    {
        Type.Nodes => new Exists((PathNode)node),
        Type.Logical => node,
        Type.Value => throw Fault(start, "A value alone is no condition", "Compare it, for example length(@.name) > 3."),
        _ => throw new InvalidOperationException(),
    };

    private static Node StrictValue(Node node, Type type, int start) => type switch
    {
        Type.Value => node,
        Type.Nodes when ((PathNode)node).IsSingular => node,
        Type.Nodes => throw Fault(start, "The path may lead to several nodes", "Compare a path of names and indexes only, or use value(…) or count(…)."),
        _ => throw Fault(start, "match and search give no value", "Use them as a condition of their own."),
    };

    // ---- characters

    private Node Nested(Func<Node> read)
    {
        Enter();
        var node = read();
        depth--;
        return node;
    }

    private Node Nested(Func<(Node, Type)> read, out Type type)
    {
        Enter();
        (var node, type) = read();
        depth--;
        return node;
    }

    private void Enter()
    {
        if (++depth > deepest)
        {
            throw Fault(at, $"The expression is nested more than {deepest} deep", "Split it into several steps.");
        }
    }

    private void Space()
    {
        while (Next is ' ' or '\t' or '\n' or '\r')
        {
            at++;
        }
    }

    private void Space(out int before)
    {
        before = at;
        Space();
    }

    private bool Take(char c)
    {
        if (Next != c || AtEnd)
        {
            return false;
        }

        at++;
        return true;
    }

    private bool Take(string text)
    {
        if (string.CompareOrdinal(source, at, text, 0, text.Length) != 0)
        {
            return false;
        }

        at += text.Length;
        return true;
    }

    private bool TakeAfterSpace(string text)
    {
        Space(out var before);
        if (Take(text))
        {
            return true;
        }

        at = before;
        return false;
    }

    private bool TakeWord(string word)
    {
        Space(out var before);
        if (Take(word) && !IsNamePart(Next))
        {
            return true;
        }

        at = before;
        return false;
    }

    private void Expect(char c, string what)
    {
        Space();
        if (!Take(c))
        {
            throw Fault(at, AtEnd ? $"{what} is not complete" : $"'{Shown()}' is not expected here", $"Write '{c}' here.");
        }
    }

    private static bool IsNameFirst(char c) => char.IsAsciiLetter(c) || c is '_' or >= '\u0080';

    private static bool IsNamePart(char c) => IsNameFirst(c) || char.IsAsciiDigit(c);

    private string Identifier()
    {
        var start = at;
        while (IsNamePart(Next))
        {
            at++;
        }

        return source[start..at];
    }

    private string MemberName()
    {
        var start = at;
        var name = Identifier();
        return HasLoneSurrogate(name) ? throw Fault(start, "The name holds half a surrogate pair", "Use whole characters.") : name;
    }

    private static bool HasLoneSurrogate(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsSurrogate(text[i]))
            {
                if (!char.IsHighSurrogate(text[i]) || i + 1 >= text.Length || !char.IsLowSurrogate(text[i + 1]))
                {
                    return true;
                }

                i++;
            }
        }

        return false;
    }

    private string String()
    {
        var start = at;
        var quote = source[at++];
        var text = new StringBuilder();
        while (true)
        {
            if (AtEnd)
            {
                throw Fault(start, "The text is not closed", $"Put {quote} at its end; within it write \\{quote} for the quote itself.");
            }

            var c = source[at++];
            if (c == quote)
            {
                var result = text.ToString();
                return HasLoneSurrogate(result) ? throw Fault(start, "The text holds half a surrogate pair", "Write both halves, for example \\uD83D\\uDE00.") : result;
            }

            if (c < ' ')
            {
                throw Fault(at - 1, "A text may hold no control character", "Write \\n for a line break and \\t for a tab.");
            }

            text.Append(c == '\\' ? Escaped(quote) : c);
        }
    }

    private char Escaped(char quote)
    {
        var c = AtEnd ? '\0' : source[at++];
        switch (c)
        {
            case 'b':
                return '\b';
            case 'f':
                return '\f';
            case 'n':
                return '\n';
            case 'r':
                return '\r';
            case 't':
                return '\t';
            case '/' or '\\':
                return c;
            case 'u' when at + 4 <= source.Length && int.TryParse(source.AsSpan(at, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var unit):
                at += 4;
                return (char)unit;
            default:
                return c == quote && !AtEnd ? c : c == quote
                    ? throw Fault(at - 1, "The text is not closed", $"Put {quote} at its end.")
                    : throw Fault(at - 1, "This is no escape", "Escapes are \\b \\f \\n \\r \\t \\/ \\\\ \\u0041 and the quote itself; a backslash is written \\\\.");
        }
    }

    private ExpressionValue NumberLiteral()
    {
        var start = at;
        Take('-');
        var digits = at;
        Digits(start);
        if (source[digits] == '0' && at > digits + 1)
        {
            throw Fault(start, "A number has no leading zeros", "Leave them out.");
        }

        var isWhole = true;
        if (Next == '.' && at + 1 < source.Length && char.IsAsciiDigit(source[at + 1]))
        {
            at++;
            isWhole = false;
            Digits(start);
        }

        if (Next is 'e' or 'E')
        {
            at++;
            isWhole = false;
            if (Next is '+' or '-')
            {
                at++;
            }

            Digits(start);
        }

        var text = source[start..at];
        if (isWhole && text.Length <= 20)
        {
            return ExpressionValue.From(decimal.Parse(text, CultureInfo.InvariantCulture));
        }

        var reader = new Utf8JsonReader(Encoding.ASCII.GetBytes(text));
        return ExpressionValue.From(JsonElement.ParseValue(ref reader));
    }

    private void Digits(int start)
    {
        if (!char.IsAsciiDigit(Next))
        {
            throw Fault(start, "This is no number", "Write for example 12, -3, 0.5 or 1e6.");
        }

        while (char.IsAsciiDigit(Next))
        {
            at++;
        }
    }

    private string Shown()
    {
        var end = at + 1;
        while (IsNamePart(source[at]) && end < source.Length && end - at < 20 && IsNamePart(source[end]))
        {
            end++;
        }

        return char.IsHighSurrogate(source[end - 1]) && end < source.Length ? source[at..(end + 1)] : source[at..end];
    }

    private string Unexpected() => Next switch
    {
        '&' or '|' => "Write && or ||, or the words and, or.",
        '}' or ']' or ')' => "It closes nothing that was opened.",
        '-' => "A member's name with a hyphen is written [\"a-b\"].",
        _ => "Put an operator between two values: == != < <= > >= in, and or not, + - * / %.",
    };

    private static ExpressionFaultException Fault(int position, string message, string hint) => new(new(position, message, hint));
}

/// <summary>What the parser found wrong. It never leaves this folder.</summary>
internal sealed class ExpressionFaultException(ExpressionFault fault) : Exception(fault.Message)
{
    public ExpressionFault Fault => fault;
}
