using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using AIaaS.Domain.Json;

namespace AIaaS.Commands.Tools;

/// <summary>What of a call templates may see.</summary>
internal static class ToolTemplateRoot
{
    public static JsonElement Of(ToolCall call)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WritePropertyName("input");
            call.Input.WriteTo(writer);
            writer.WriteString("tenant", call.Tenant);
            writer.WriteString("customer", call.Customer);
            writer.WriteString("idempotencyKey", call.IdempotencyKey);
            writer.WriteString("requestHash", call.RequestHash);
            writer.WriteEndObject();
        }

        var reader = new Utf8JsonReader(buffer.WrittenSpan);
        return JsonElement.ParseValue(ref reader);
    }
}

/// <summary>A call cannot be made as its adapter says; nothing has left.</summary>
internal sealed class ToolRequestException(string code, string message) : Exception(message)
{
    public string Code => code;

    public ToolOutcome.Failed Outcome => new(code, Message);
}

/// <summary>An address with expressions in path and query. Each value is escaped, so that it stays one segment or one parameter.</summary>
internal sealed partial class UrlTemplate
{
    private readonly (string Literal, Expression? Expression)[] parts;

    private UrlTemplate((string, Expression?)[] parts) => this.parts = parts;

    public static bool TryParse(string text, [NotNullWhen(true)] out UrlTemplate? template, [NotNullWhen(false)] out string? fault)
    {
        template = null;
        var pieces = Braces().Split(text);
        var parts = new List<(string, Expression?)>();
        for (var i = 0; i < pieces.Length; i++)
        {
            if (i % 2 == 0)
            {
                parts.Add((pieces[i], null));
            }
            else if (Expression.TryParse(pieces[i].Trim(), out var expression, out var wrong))
            {
                parts.Add(("", expression));
            }
            else
            {
                fault = $"the expression '{pieces[i].Trim()}' cannot be read: {wrong}";
                return false;
            }
        }

        var sample = string.Concat(parts.Select(p => p.Item2 is null ? p.Item1 : "x"));
        if (!Uri.TryCreate(sample, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https") || uri.UserInfo.Length > 0 || uri.Fragment.Length > 0 || sample.Any(c => c <= ' ' || c == '\x7F'))
        {
            fault = "it is no http or https address; user, password and fragment may not stand in it";
            return false;
        }

        // Scheme, host and port must be whole in the first literal, up to the slash or question mark behind them.
        var authority = parts[0].Item1.IndexOf("://", StringComparison.Ordinal);
        if (parts.Count > 1 && (authority < 0 || parts[0].Item1.AsSpan(authority + 3).IndexOfAny('/', '?') < 0))
        {
            fault = "expressions may stand in its path and query only";
            return false;
        }

        template = new([.. parts]);
        fault = null;
        return true;
    }

    public static UrlTemplate Parse(string text) => TryParse(text, out var template, out var fault) ? template : throw new ArgumentException($"The address '{text}' cannot be used: {fault}.", nameof(text));

    /// <exception cref="ToolRequestException">A value cannot stand in an address.</exception>
    public Uri Render(JsonElement root)
    {
        var text = new StringBuilder();
        foreach (var (literal, expression) in parts)
        {
            if (expression is null)
            {
                text.Append(literal);
                continue;
            }

            var result = expression.Evaluate(root);
            if (result.Error is { } error)
            {
                throw new ToolRequestException("invalid-request", $"The address cannot be made: {error}");
            }

            if (result.Value.IsNothing)
            {
                throw new ToolRequestException("invalid-request", $"The address cannot be made: '{expression.Source}' has no value.");
            }

            text.Append(Uri.EscapeDataString(result.Value.ToText()));
        }

        var rendered = text.ToString();
        var path = rendered.AsSpan(rendered.IndexOf("://", StringComparison.Ordinal) + 3);
        path = path.IndexOf('?') is var query and >= 0 ? path[..query] : path;
        foreach (var segment in path.Split('/'))
        {
            if (path[segment] is "." or "..")
            {
                throw new ToolRequestException("invalid-request", "The address cannot be made: a value would lead to another path.");
            }
        }

        return Uri.TryCreate(rendered, UriKind.Absolute, out var uri) ? uri : throw new ToolRequestException("invalid-request", "The address cannot be made: the values give none.");
    }

    [GeneratedRegex(@"\{\{(.*?)\}\}", RegexOptions.Singleline | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Braces();
}

/// <summary>A header's value: a template in which <c>${NAME}</c> stands for a secret. What a template inserts is never looked at for secrets.</summary>
internal sealed partial class HeaderTemplate
{
    private readonly (Template? Text, string? Secret)[] parts;

    private HeaderTemplate((Template?, string?)[] parts) => this.parts = parts;

    public bool HasSecret => parts.Any(p => p.Secret is not null);

    public static bool TryParse(string text, [NotNullWhen(true)] out HeaderTemplate? template, [NotNullWhen(false)] out string? fault)
    {
        template = null;
        var pieces = Names().Split(text);
        var parts = new List<(Template?, string?)>();
        for (var i = 0; i < pieces.Length; i++)
        {
            if (i % 2 == 1)
            {
                parts.Add((null, pieces[i]));
            }
            else if (Template.TryParse(pieces[i], out var part, out var wrong))
            {
                parts.Add((part, null));
            }
            else
            {
                fault = wrong.ToString();
                return false;
            }
        }

        if (text.Any(char.IsControl))
        {
            fault = "it holds control characters";
            return false;
        }

        template = new([.. parts]);
        fault = null;
        return true;
    }

    public static HeaderTemplate Parse(string text) => TryParse(text, out var template, out var fault) ? template : throw new ArgumentException($"The header value '{text}' cannot be used: {fault}.", nameof(text));

    /// <exception cref="ToolRequestException">A secret is missing, or a value cannot stand in a header.</exception>
    public string Render(string name, JsonElement root, string tenant, ToolSecrets secrets)
    {
        var text = new StringBuilder();
        foreach (var (template, secret) in parts)
        {
            if (secret is not null)
            {
                text.Append(secrets.Find(tenant, secret) ?? throw new ToolRequestException("secret-missing", $"The platform's setting Tools__Secrets__{tenant}__{secret} is missing."));
                continue;
            }

            var result = template!.Render(root);
            if (result.Error is { } error)
            {
                throw new ToolRequestException("invalid-request", $"The header '{name}' cannot be made: {error}");
            }

            text.Append(result.Value.ToText());
        }

        var value = text.ToString();
        return value.All(c => c is >= ' ' and <= '~') ? value : throw new ToolRequestException("invalid-request", $"The header '{name}' cannot be made: its value holds line breaks, control characters or characters outside ASCII.");
    }

    [GeneratedRegex(@"\$\{([A-Z][A-Z0-9_]{0,63})\}", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Names();
}
