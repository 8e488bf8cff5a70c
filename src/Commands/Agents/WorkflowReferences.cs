using System.Text;

namespace AIaaS.Commands.Agents;

/// <summary>Finds the steps that expressions speak of (<c>$.steps.name</c>), without understanding the rest of them.</summary>
internal static class WorkflowReferences
{
    /// <summary>The steps in an expression: the name, and where it stands, from the dot or bracket on.</summary>
    public static IEnumerable<(string Step, int Index, int Length)> InExpression(string expression) => InRange(expression, 0, expression.Length);

    /// <summary>The steps in the expressions of a template.</summary>
    public static IEnumerable<(string Step, int Index, int Length)> InTemplate(string template) =>
        Expressions(template).SelectMany(e => InRange(template, e.From, e.To));

    /// <summary>An expression with its steps named anew.</summary>
    public static string Rename(string text, bool template, Func<string, string?> name)
    {
        StringBuilder? renamed = null;
        var done = 0;
        foreach (var (step, index, length) in template ? InTemplate(text) : InExpression(text))
        {
            if (name(step) is { } other)
            {
                renamed ??= new();
                renamed.Append(text, done, index - done).Append("['").Append(other).Append("']");
                done = index + length;
            }
        }

        return renamed is null ? text : renamed.Append(text, done, text.Length - done).ToString();
    }

    private static IEnumerable<(int From, int To)> Expressions(string template)
    {
        var at = 0;
        while ((at = template.IndexOf("{{", at, StringComparison.Ordinal)) >= 0)
        {
            var from = at + 2;
            var to = from;
            while (to < template.Length && !(template[to] == '}' && to + 1 < template.Length && template[to + 1] == '}'))
            {
                to = template[to] is '\'' or '"' ? Behind(template, to, template.Length) : to + 1;
            }

            yield return (from, Math.Min(to, template.Length));
            at = Math.Min(to, template.Length);
        }
    }

    private static IEnumerable<(string Step, int Index, int Length)> InRange(string text, int from, int to)
    {
        var at = from;
        while (at < to)
        {
            if (text[at] is '\'' or '"')
            {
                at = Behind(text, at, to);
                continue;
            }

            if (text[at] != '$')
            {
                at++;
                continue;
            }

            at++;
            if (Member(text, at, to) is not ("steps", _, var behind))
            {
                continue;
            }

            if (Member(text, behind, to) is { } step)
            {
                yield return (step.Name, behind, step.Behind - behind);
                at = step.Behind;
            }
        }
    }

    private static (string Name, int At, int Behind)? Member(string text, int at, int to)
    {
        if (at >= to)
        {
            return null;
        }

        if (text[at] == '.')
        {
            var end = at + 1;
            while (end < to && (char.IsLetterOrDigit(text[end]) || text[end] == '_'))
            {
                end++;
            }

            return end == at + 1 ? null : (text[(at + 1)..end], at, end);
        }

        if (text[at] != '[' || at + 1 >= to || text[at + 1] is not ('\'' or '"'))
        {
            return null;
        }

        var behind = Behind(text, at + 1, to);
        return behind < to && text[behind] == ']' ? (text[(at + 2)..(behind - 1)], at, behind + 1) : null;
    }

    /// <summary>The place behind a quoted text.</summary>
    private static int Behind(string text, int at, int to)
    {
        var quote = text[at];
        for (at++; at < to && text[at] != quote; at++)
        {
            if (text[at] == '\\')
            {
                at++;
            }
        }

        return Math.Min(at + 1, to);
    }
}
