using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace AIaaS.Domain.Tools;

/// <summary>
/// How a registered tool's calls reach the far side: exactly one member is set. Texts are templates over <c>$.input</c>, <c>$.tenant</c>, <c>$.customer</c>,
/// <c>$.idempotencyKey</c> and <c>$.requestHash</c>. Secrets are named, never given: <c>${NAME}</c> in a header stands for the platform's
/// setting <c>Tools__Secrets__{tenant}__{NAME}</c>.
/// </summary>
/// <param name="Http">An HTTP request.</param>
/// <param name="Webhook">A signed POST (Standard Webhooks).</param>
/// <param name="Mcp">A tool of an MCP server.</param>
/// <param name="Email">A message by SMTP.</param>
public sealed record ToolAdapter(HttpAdapter? Http = null, WebhookAdapter? Webhook = null, McpAdapter? Mcp = null, EmailAdapter? Email = null);

/// <summary>An HTTP request.</summary>
/// <param name="Method">GET, POST, PUT, PATCH or DELETE.</param>
/// <param name="Url">http or https. Expressions may stand in path and query, where they are escaped; never in scheme, host or port.</param>
public sealed record HttpAdapter(string Method, string Url)
{
    /// <summary>Headers beside those that the platform sends itself.</summary>
    public ImmutableSortedDictionary<string, string>? Headers { get; init; }

    /// <summary>The body, JSON whose texts are templates; null sends the input itself, where the method has a body.</summary>
    public JsonElement? Body { get; init; }

    /// <summary>What a status means where it means something else than usual: <c>succeeded</c>, <c>failed</c>, <c>retry</c> (it did nothing, ask again) or <c>unknown</c>.</summary>
    public ImmutableSortedDictionary<string, string>? Statuses { get; init; }

    /// <summary>Where a GET tells what became of a call: 200 with its output when it was done, 404 when it was not. Null where nothing does.</summary>
    public string? LookUp { get; init; }
}

/// <summary>A POST of <c>{"type", "timestamp", "data"}</c>, signed as Standard Webhooks say.</summary>
/// <param name="Url">http or https, without expressions.</param>
/// <param name="Secret">The name of the setting that holds the secret (<c>whsec_…</c>).</param>
public sealed record WebhookAdapter(string Url, string Secret)
{
    /// <summary>The type of the message; null: the tool's name.</summary>
    public string? Type { get; init; }
}

/// <summary>A tool of an MCP server.</summary>
/// <param name="Tool">The tool's name there.</param>
public sealed record McpAdapter(string Tool)
{
    /// <summary>The server's address (streamable HTTP); null where <c>server</c> is given.</summary>
    public string? Url { get; init; }

    /// <summary>The name of a server that the platform's settings start as a process (stdio); null where <c>url</c> is given.</summary>
    public string? Server { get; init; }

    /// <summary>Headers beside those of the protocol.</summary>
    public ImmutableSortedDictionary<string, string>? Headers { get; init; }
}

/// <summary>How a mail server is spoken to.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<MailSecurity>))]
public enum MailSecurity
{
    /// <summary>In the clear first, then TLS by STARTTLS; without TLS nothing is sent.</summary>
    StartTls,

    /// <summary>TLS from the first byte.</summary>
    Tls,

    /// <summary>In the clear; no password can be given.</summary>
    None,
}

/// <summary>A message by SMTP.</summary>
/// <param name="Host">The mail server.</param>
/// <param name="Port">Its port.</param>
/// <param name="From">The sender's address.</param>
/// <param name="To">The recipient's address: a template.</param>
/// <param name="Subject">A template.</param>
/// <param name="Text">The text: a template.</param>
public sealed record EmailAdapter(string Host, int Port, string From, string To, string Subject, string Text)
{
    /// <summary>How the server is spoken to.</summary>
    public MailSecurity Security { get; init; }

    /// <summary>The user; null to send without signing in.</summary>
    public string? User { get; init; }

    /// <summary>The name of the setting that holds the password.</summary>
    public string? Password { get; init; }
}
