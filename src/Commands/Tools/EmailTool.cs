using System.Globalization;
using System.Net.Security;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using AIaaS.Domain.Json;
using AIaaS.Domain.Tools;

namespace AIaaS.Commands.Tools;

/// <summary>A tool that sends a message. Its Message-ID derives from the idempotency key, so that the receiver can tell a repetition.</summary>
internal sealed class EmailTool : ITool
{
    private const int MaxText = 200_000;

    private readonly EmailAdapter adapter;
    private readonly ToolSecrets secrets;
    private readonly TimeProvider time;
    private readonly SmtpClient client;
    private readonly Template to;
    private readonly Template subject;
    private readonly Template text;

    public EmailTool(ToolManifest manifest, EmailAdapter adapter, ToolNetwork network, ToolSecrets secrets, TimeProvider time, RemoteCertificateValidationCallback? certificates = null)
    {
        (Manifest, this.adapter, this.secrets, this.time) = (manifest, adapter, secrets, time);
        client = new(network, certificates);
        (to, subject, text) = (Template.Parse(adapter.To), Template.Parse(adapter.Subject), Template.Parse(adapter.Text));
    }

    public ToolManifest Manifest { get; }

    /// <summary>Whether a text is one address that can stand in an envelope: ASCII, one <c>@</c>, nothing that quotes, groups or separates.</summary>
    public static bool IsAddress(string? text) =>
        text is { Length: >= 3 and <= 254 } && text.IndexOf('@') is > 0 and <= 64 and var at && at == text.LastIndexOf('@') && at < text.Length - 1
        && text.All(c => char.IsAsciiLetterOrDigit(c) || c == '@' || "!#$%&'*+-/=?^_`{|}~.".Contains(c, StringComparison.Ordinal));

    public async Task<ToolOutcome> InvokeAsync(ToolCall call, CancellationToken cancellationToken)
    {
        string? password = null;
        if (adapter.Password is { } name && (password = secrets.Find(call.Tenant, name)) is null)
        {
            return new ToolOutcome.Failed("secret-missing", $"The platform's setting Tools__Secrets__{call.Tenant}__{name} is missing.");
        }

        string recipient;
        byte[] message;
        var id = $"{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(call.IdempotencyKey)))[..40]}@{adapter.From[(adapter.From.IndexOf('@') + 1)..]}";
        try
        {
            var root = ToolTemplateRoot.Of(call);
            recipient = Rendered("recipient", to, root);
            if (!IsAddress(recipient))
            {
                return new ToolOutcome.Failed("invalid-request", "The recipient is no e-mail address.");
            }

            message = Message(recipient, Rendered("subject", subject, root), Rendered("text", text, root), id, call);
        }
        catch (ToolRequestException e)
        {
            return e.Outcome;
        }

        var (result, said) = await client.SendAsync(adapter, password, recipient, message, cancellationToken);
        return result switch
        {
            SmtpResult.Accepted => new ToolOutcome.Succeeded(JsonSerializer.SerializeToElement(new EmailSent(id, recipient), EmailJson.Default.EmailSent)),
            SmtpResult.Refused => new ToolOutcome.Failed("tool-error", $"The message was not sent: {said}"),
            SmtpResult.NotNow => new ToolOutcome.Failed("not-sent", $"The message was not sent: {said}", Retryable: true),
            SmtpResult.Unknown => new ToolOutcome.Unknown($"the message left, but the mail server did not say that it took it: {said}"),
            _ => throw new InvalidOperationException($"The result {result} is not known."),
        };
    }

    private static string Rendered(string what, Template template, JsonElement root)
    {
        var result = template.Render(root);
        return result.Error is { } error ? throw new ToolRequestException("invalid-request", $"The message's {what} cannot be made: {error}") : result.Value.ToText();
    }

    /// <summary>Headers in ASCII, the subject as encoded words (RFC 2047), the text in base64: no line of it can be taken for a header, a boundary or the end.</summary>
    private byte[] Message(string recipient, string title, string content, string id, ToolCall call)
    {
        if (title.Any(char.IsControl) || title.Length > 500)
        {
            throw new ToolRequestException("invalid-request", "The message's subject must be one line of at most 500 characters.");
        }

        if (content.Length > MaxText)
        {
            throw new ToolRequestException("invalid-request", $"The message's text has more than {MaxText} characters.");
        }

        var message = new StringBuilder();
        Header("Date", time.GetUtcNow().ToString("ddd, dd MMM yyyy HH:mm:ss '+0000'", CultureInfo.InvariantCulture));
        Header("From", $"<{adapter.From}>");
        Header("To", $"<{recipient}>");
        Header("Message-ID", $"<{id}>");
        Header("Subject", EncodedWords(title));
        Header("X-Request-Hash", call.RequestHash);
        Header("MIME-Version", "1.0");
        Header("Content-Type", "text/plain; charset=utf-8");
        Header("Content-Transfer-Encoding", "base64");
        message.Append("\r\n");
        var body = Convert.ToBase64String(Encoding.UTF8.GetBytes(content.ReplaceLineEndings("\r\n")));
        for (var i = 0; i < body.Length; i += 76)
        {
            message.Append(body.AsSpan(i, Math.Min(76, body.Length - i))).Append("\r\n");
        }

        return Encoding.ASCII.GetBytes(message.ToString());

        void Header(string name, string value) => message.Append(name).Append(": ").Append(value).Append("\r\n");
    }

    private static string EncodedWords(string text)
    {
        if (text.All(c => c is >= ' ' and <= '~') && text.Length <= 60 && !text.Contains("=?", StringComparison.Ordinal))
        {
            return text;
        }

        var words = new List<string>();
        var word = new List<byte>();
        Span<byte> bytes = stackalloc byte[4];
        foreach (var rune in text.EnumerateRunes())
        {
            var length = rune.EncodeToUtf8(bytes);
            if (word.Count + length > 45)
            {
                words.Add(Convert.ToBase64String([.. word]));
                word.Clear();
            }

            word.AddRange(bytes[..length]);
        }

        words.Add(Convert.ToBase64String([.. word]));
        return string.Join("\r\n ", words.Select(w => $"=?utf-8?B?{w}?="));
    }
}

/// <summary>A message that a mail server took.</summary>
/// <param name="MessageId">Its Message-ID, without brackets.</param>
/// <param name="To">The recipient.</param>
internal sealed record EmailSent(string MessageId, string To);

[System.Text.Json.Serialization.JsonSourceGenerationOptions(PropertyNamingPolicy = System.Text.Json.Serialization.JsonKnownNamingPolicy.CamelCase)]
[System.Text.Json.Serialization.JsonSerializable(typeof(EmailSent))]
internal sealed partial class EmailJson : System.Text.Json.Serialization.JsonSerializerContext;
