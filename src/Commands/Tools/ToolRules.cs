using AIaaS.Domain.Json;
using AIaaS.Domain.Tools;

namespace AIaaS.Commands.Tools;

/// <summary>What a tool's manifest and adapter must be.</summary>
public static class ToolRules
{
    /// <summary>The longest name.</summary>
    public const int MaxNameLength = 100;

    /// <summary>The longest description.</summary>
    public const int MaxDescriptionLength = 2_000;

    /// <summary>The longest schema, as JSON text.</summary>
    public const int MaxSchemaLength = 64 * 1024;

    /// <summary>The highest price of a call, in US dollars.</summary>
    public const decimal MaxPrice = 100_000m;

    private const int MaxHeaders = 20;

    // Those that the platform or the protocol sends itself.
    private static readonly HashSet<string> OwnHeaders = new(StringComparer.OrdinalIgnoreCase)
    {
        "Host", "Content-Length", "Content-Type", "Transfer-Encoding", "Connection", "Keep-Alive", "Upgrade", "TE", "Trailer", "Expect", "Idempotency-Key", "X-Request-Hash", "traceparent",
        "Proxy-Authorization", "Proxy-Connection", "webhook-id", "webhook-timestamp", "webhook-signature", "Mcp-Session-Id", "MCP-Protocol-Version",
    };

    // Where a plain value would be a secret in the log.
    private static readonly HashSet<string> SecretHeaders = new(StringComparer.OrdinalIgnoreCase) { "Authorization", "Cookie", "X-Api-Key", "Api-Key", "X-Auth-Token" };

    private static readonly string[] Meanings = ["succeeded", "failed", "retry", "unknown"];

    /// <summary>Whether a text can name a tool.</summary>
    public static bool IsName(string? text) =>
        text is { Length: >= 1 and <= MaxNameLength } && char.IsAsciiLetterLower(text[0]) && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '_' or '.' or '-');

    /// <summary>All that is wrong with a manifest; empty when nothing is.</summary>
    public static IReadOnlyList<string> Faults(ToolManifest manifest)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        List<string> faults = [];
        Refuse(!IsName(manifest.Name), $"the name must begin with a lower-case letter and have 1 to {MaxNameLength} of the characters a-z, 0-9, '_', '.' and '-'");
        Refuse(ToolVersionNumber.Read(manifest.Version) is null, "the version must be three numbers, as in 1.0.0");
        Refuse(string.IsNullOrWhiteSpace(manifest.Description) || manifest.Description.Length > MaxDescriptionLength, $"the description must have 1 to {MaxDescriptionLength} characters");
        Refuse(ToolSchema.FaultOf(manifest.Input) is not null, $"the input's schema is none: {ToolSchema.FaultOf(manifest.Input)}");
        Refuse(ToolSchema.FaultOf(manifest.Output) is not null, $"the output's schema is none: {ToolSchema.FaultOf(manifest.Output)}");
        Refuse(manifest.Compensation is { } compensation && !IsName(compensation), "the compensation must be a tool's name");
        Refuse(manifest.Compensation is not null && !manifest.SideEffect, "a tool without side effects has nothing to compensate");
        Refuse(manifest.TimeoutMs is < 1 or > 600_000, "the time-out must be 1 to 600,000 ms");
        Refuse(manifest.Bulkhead is < 1 or > 1_000, "the bulkhead must be 1 to 1,000 calls");
        Refuse(!Enum.IsDefined(manifest.Access), "the access must be Public or Customer");
        Refuse(manifest.Price is { Currency: not "USD" }, "the price must be in USD, as all that budgets count");
        Refuse(manifest.Price is { Currency: "USD", Amount: <= 0 or > MaxPrice } || (manifest.Price is { } price && decimal.Round(price.Amount, 9) != price.Amount), $"the price must be above 0 and at most {MaxPrice} USD, with at most 9 decimals; leave it out for a tool that costs nothing");
        return faults;

        void Refuse(bool wrong, string fault)
        {
            if (wrong)
            {
                faults.Add(fault);
            }
        }
    }

    /// <summary>All that is wrong with an adapter; empty when nothing is.</summary>
    public static IReadOnlyList<string> Faults(ToolAdapter adapter)
    {
        ArgumentNullException.ThrowIfNull(adapter);
        List<string> faults = [];
        if (new object?[] { adapter.Http, adapter.Webhook, adapter.Mcp, adapter.Email }.Count(a => a is not null) != 1)
        {
            faults.Add("the adapter must be exactly one of http, webhook, mcp and email");
        }

        if (adapter.Http is { } http)
        {
            CheckHttp(http, faults);
        }

        if (adapter.Webhook is { } webhook)
        {
            CheckPlainUrl("the webhook's address", webhook.Url, faults);
            CheckSecret("the webhook's secret", webhook.Secret, faults);
            if (webhook.Type is { } type && (type.Length is 0 or > 200 || type.Any(c => c is <= ' ' or > '~')))
            {
                faults.Add("the webhook's type must have 1 to 200 printable ASCII characters");
            }
        }

        if (adapter.Mcp is { } mcp)
        {
            CheckMcp(mcp, faults);
        }

        if (adapter.Email is { } email)
        {
            CheckEmail(email, faults);
        }

        return faults;
    }

    private static void CheckHttp(HttpAdapter http, List<string> faults)
    {
        if (http.Method is not ("GET" or "POST" or "PUT" or "PATCH" or "DELETE"))
        {
            faults.Add("the method must be GET, POST, PUT, PATCH or DELETE");
        }

        if (http.Method == "GET" && http.Body is not null)
        {
            faults.Add("a GET has no body");
        }

        CheckUrl("the address", http.Url, faults);
        if (http.LookUp is { } lookUp)
        {
            CheckUrl("the address to look up", lookUp, faults);
        }

        CheckHeaders(http.Headers, faults);
        if (http.Body is { } body)
        {
            if (ToolContent.Fault(body) is { } fault)
            {
                faults.Add($"the body cannot be used: {fault}");
            }
            else if (!JsonTemplate.TryParse(body, out _, out var wrong))
            {
                faults.AddRange(wrong.Take(5).Select(w => $"the body cannot be used: {w}"));
            }
        }

        foreach (var (status, meaning) in http.Statuses ?? System.Collections.Immutable.ImmutableSortedDictionary<string, string>.Empty)
        {
            if (!int.TryParse(status, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var number) || number is < 200 or > 599 || status.Length != 3 || !Meanings.Contains(meaning))
            {
                faults.Add($"a status must be 200 to 599 and mean one of {string.Join(", ", Meanings)}; '{Shown(status)}: {Shown(meaning)}' does not");
            }
        }
    }

    private static void CheckMcp(McpAdapter mcp, List<string> faults)
    {
        if ((mcp.Url is null) == (mcp.Server is null))
        {
            faults.Add("the MCP adapter needs either a url or a server");
        }

        if (mcp.Url is { } url)
        {
            CheckPlainUrl("the MCP server's address", url, faults);
        }

        if (mcp.Server is { } server && !IsName(server))
        {
            faults.Add("the MCP server's name cannot be one");
        }

        if (mcp.Tool is not { Length: >= 1 and <= 200 } || mcp.Tool.Any(char.IsControl))
        {
            faults.Add("the tool's name at the MCP server must have 1 to 200 characters");
        }

        CheckHeaders(mcp.Headers, faults);
    }

    private static void CheckEmail(EmailAdapter email, List<string> faults)
    {
        if (Uri.CheckHostName(email.Host) is UriHostNameType.Unknown)
        {
            faults.Add("the mail server must be a host's name or address");
        }

        if (email.Port is < 1 or > 65_535)
        {
            faults.Add("the mail server's port must be 1 to 65,535");
        }

        if (!EmailTool.IsAddress(email.From))
        {
            faults.Add("the sender must be an e-mail address in ASCII");
        }

        foreach (var (what, text) in new[] { ("recipient", email.To), ("subject", email.Subject), ("text", email.Text) })
        {
            if (string.IsNullOrEmpty(text) || text.Length > 20_000)
            {
                faults.Add($"the message's {what} must have 1 to 20,000 characters");
            }
            else if (!Template.TryParse(text, out _, out var wrong))
            {
                faults.Add($"the message's {what} cannot be used: {wrong}");
            }
        }

        if ((email.User is null) != (email.Password is null))
        {
            faults.Add("user and password go together");
        }

        if (email.Password is { } password)
        {
            CheckSecret("the password", password, faults);
            if (email.Security == MailSecurity.None)
            {
                faults.Add("a password is not sent in the clear: use StartTls or Tls");
            }
        }

        if (email.User is { } user && (user.Length is 0 or > 200 || user.Any(char.IsControl)))
        {
            faults.Add("the user must have 1 to 200 characters");
        }

        if (!Enum.IsDefined(email.Security))
        {
            faults.Add("the security must be StartTls, Tls or None");
        }
    }

    private static void CheckHeaders(IReadOnlyDictionary<string, string>? headers, List<string> faults)
    {
        if (headers is null)
        {
            return;
        }

        if (headers.Count > MaxHeaders)
        {
            faults.Add($"at most {MaxHeaders} headers are possible");
        }

        foreach (var (name, value) in headers)
        {
            if (name.Length is 0 or > 100 || !name.All(c => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-.^_`|~".Contains(c, StringComparison.Ordinal)))
            {
                faults.Add($"'{Shown(name)}' cannot be a header's name");
            }
            else if (OwnHeaders.Contains(name))
            {
                faults.Add($"the header '{name}' is not the adapter's to set");
            }
            else if (value is null || value.Length > 2_000)
            {
                faults.Add($"the header '{name}' must have a value of at most 2,000 characters");
            }
            else if (!HeaderTemplate.TryParse(value, out var template, out var fault))
            {
                faults.Add($"the header '{name}' cannot be used: {fault}");
            }
            else if (SecretHeaders.Contains(name) && !template.HasSecret)
            {
                faults.Add($"the header '{name}' must name its secret, as in '${{CRM_TOKEN}}': adapters are kept in the log");
            }
        }
    }

    private static void CheckUrl(string what, string? url, List<string> faults)
    {
        if (url is null || url.Length > 2_000)
        {
            faults.Add($"{what} must have 1 to 2,000 characters");
        }
        else if (!UrlTemplate.TryParse(url, out _, out var fault))
        {
            faults.Add($"{what} cannot be used: {fault}");
        }
    }

    private static void CheckPlainUrl(string what, string? url, List<string> faults)
    {
        CheckUrl(what, url, faults);
        if (url?.Contains("{{", StringComparison.Ordinal) is true)
        {
            faults.Add($"{what} may hold no expressions");
        }
    }

    private static void CheckSecret(string what, string? name, List<string> faults)
    {
        if (!ToolSecrets.IsName(name))
        {
            faults.Add($"{what} is given by the name of a setting: 1 to 64 upper-case letters, digits and underscores, for the platform's Tools__Secrets__{{tenant}}__{{NAME}}");
        }
    }

    private static string Shown(string? text) => text is null ? "" : text.Length <= 50 ? text : text[..50] + "…";
}
