using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using AIaaS.Domain.Tools;

namespace AIaaS.Commands.Tools;

/// <summary>How sending a message ended.</summary>
internal enum SmtpResult
{
    /// <summary>The server took it.</summary>
    Accepted,

    /// <summary>The server refused it for good; it was not sent.</summary>
    Refused,

    /// <summary>It was not sent; a later try may succeed.</summary>
    NotNow,

    /// <summary>The whole message left, and the server did not say whether it took it.</summary>
    Unknown,
}

/// <summary>
/// Sends one message (RFC 5321, with STARTTLS of RFC 3207 and AUTH of RFC 4954). What matters is the one moment that others blur: until the line with the single dot
/// has left, a lost connection means that nothing was sent; after it, and before the answer, nobody knows.
/// </summary>
internal sealed class SmtpClient(ToolNetwork network, RemoteCertificateValidationCallback? certificates = null)
{
    private const int MaxLine = 2_000;
    private const int MaxReplyLines = 100;

    /// <summary>Sends a message.</summary>
    /// <param name="server">Where to.</param>
    /// <param name="password">The user's password; null without a user.</param>
    /// <param name="to">The recipient.</param>
    /// <param name="message">Header and body, with CRLF line ends, without the closing dot.</param>
    /// <param name="cancellationToken">Ends it; what it means is the same as a lost connection.</param>
    public async Task<(SmtpResult Result, string Said)> SendAsync(EmailAdapter server, string? password, string to, ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        var sent = false;
        Session? session = null;
        try
        {
            session = new(await network.ConnectAsync(server.Host, server.Port, cancellationToken), server.Host, certificates);
            if (server.Security == MailSecurity.Tls)
            {
                await session.SecureAsync(cancellationToken);
            }

            await session.ExpectAsync(2, cancellationToken);
            var offers = await session.GreetAsync(cancellationToken);
            if (server.Security == MailSecurity.StartTls)
            {
                if (!offers.Contains("STARTTLS", StringComparer.OrdinalIgnoreCase))
                {
                    return (SmtpResult.Refused, "the mail server offers no STARTTLS, and nothing is sent in the clear");
                }

                await session.CommandAsync("STARTTLS", 2, cancellationToken);
                await session.SecureAsync(cancellationToken);
                offers = await session.GreetAsync(cancellationToken);
            }

            if (server.User is { } user)
            {
                await SignInAsync(session, offers, user, password ?? "", cancellationToken);
            }

            await session.CommandAsync($"MAIL FROM:<{server.From}>", 2, cancellationToken);
            await session.CommandAsync($"RCPT TO:<{to}>", 2, cancellationToken);
            await session.CommandAsync("DATA", 3, cancellationToken);
            await session.WriteAsync(Stuffed(message.Span), cancellationToken);

            // Said before the write: a write that fails half-way may still have brought the dot.
            sent = true;
            await session.WriteAsync(".\r\n"u8.ToArray(), cancellationToken);
            var said = await session.ExpectAsync(2, cancellationToken);
            await session.LeaveAsync(cancellationToken);
            return (SmtpResult.Accepted, said);
        }
        catch (SmtpRefusalException e)
        {
            return (e.Code >= 500 ? SmtpResult.Refused : e.Code >= 400 || !sent ? SmtpResult.NotNow : SmtpResult.Unknown, e.Message);
        }
        catch (AddressRefusedException e)
        {
            return (SmtpResult.Refused, e.Message);
        }
        catch (Exception e) when (e is IOException or SocketException or AuthenticationException)
        {
            return (sent ? SmtpResult.Unknown : SmtpResult.NotNow, e.Message);
        }
        finally
        {
            if (session is not null)
            {
                await session.DisposeAsync();
            }
        }
    }

    private static async Task SignInAsync(Session session, IReadOnlyCollection<string> offers, string user, string password, CancellationToken cancellationToken)
    {
        var ways = offers.FirstOrDefault(o => o.StartsWith("AUTH ", StringComparison.OrdinalIgnoreCase))?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];
        if (ways.Contains("PLAIN", StringComparer.OrdinalIgnoreCase))
        {
            await session.CommandAsync("AUTH PLAIN " + Base64($"\0{user}\0{password}"), 2, cancellationToken, secret: true);
        }
        else if (ways.Contains("LOGIN", StringComparer.OrdinalIgnoreCase))
        {
            await session.CommandAsync("AUTH LOGIN", 3, cancellationToken);
            await session.CommandAsync(Base64(user), 3, cancellationToken, secret: true);
            await session.CommandAsync(Base64(password), 2, cancellationToken, secret: true);
        }
        else
        {
            throw new SmtpRefusalException(504, "the mail server offers neither AUTH PLAIN nor AUTH LOGIN");
        }
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    /// <summary>A line that begins with a dot gets another one, so that none ends the message; the last line is ended.</summary>
    private static byte[] Stuffed(ReadOnlySpan<byte> message)
    {
        using var stuffed = new MemoryStream(message.Length + 64);
        var isLineStart = true;
        foreach (var b in message)
        {
            if (isLineStart && b == '.')
            {
                stuffed.WriteByte((byte)'.');
            }

            stuffed.WriteByte(b);
            isLineStart = b == '\n';
        }

        if (!isLineStart)
        {
            stuffed.Write("\r\n"u8);
        }

        return stuffed.ToArray();
    }

    /// <summary>The server said no, or said something that is no reply.</summary>
    private sealed class SmtpRefusalException(int code, string said) : Exception(said)
    {
        public int Code => code;
    }

    private sealed class Session(Stream stream, string host, RemoteCertificateValidationCallback? certificates) : IAsyncDisposable
    {
        private readonly byte[] buffer = new byte[4_096];
        private Stream stream = stream;
        private int from;
        private int to;

        public async Task SecureAsync(CancellationToken cancellationToken)
        {
            if (from < to)
            {
                throw new SmtpRefusalException(0, "the mail server sent something in the clear that would count behind TLS");
            }

            var secure = new SslStream(stream, leaveInnerStreamOpen: false, certificates);
            stream = secure;
            await secure.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = host, EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13 }, cancellationToken);
        }

        public async Task<IReadOnlyList<string>> GreetAsync(CancellationToken cancellationToken)
        {
            await WriteAsync("EHLO aiaas.invalid\r\n"u8.ToArray(), cancellationToken);
            var (code, lines) = await ReplyAsync(cancellationToken);
            return code / 100 == 2 ? [.. lines.Skip(1)] : throw new SmtpRefusalException(code, Said(code, lines));
        }

        public async Task CommandAsync(string command, int expected, CancellationToken cancellationToken, bool secret = false)
        {
            if (command.AsSpan().IndexOfAny('\r', '\n', '\0') >= 0)
            {
                throw new SmtpRefusalException(553, secret ? "the user or password holds a line break" : "an address holds a line break");
            }

            await WriteAsync(Encoding.UTF8.GetBytes(command + "\r\n"), cancellationToken);
            await ExpectAsync(expected, cancellationToken);
        }

        public async Task<string> ExpectAsync(int expected, CancellationToken cancellationToken)
        {
            var (code, lines) = await ReplyAsync(cancellationToken);
            return code / 100 == expected ? Said(code, lines) : throw new SmtpRefusalException(code, Said(code, lines));
        }

        public async Task WriteAsync(byte[] bytes, CancellationToken cancellationToken)
        {
            await stream.WriteAsync(bytes, cancellationToken);
            await stream.FlushAsync(cancellationToken);
        }

        /// <summary>The message is taken: whether the goodbye arrives does not matter.</summary>
        public async Task LeaveAsync(CancellationToken cancellationToken)
        {
            try
            {
                await WriteAsync("QUIT\r\n"u8.ToArray(), cancellationToken);
            }
            catch (Exception e) when (e is IOException or OperationCanceledException)
            {
                return;
            }
        }

        public ValueTask DisposeAsync() => stream.DisposeAsync();

        private static string Said(int code, IReadOnlyList<string> lines)
        {
            var text = string.Concat(string.Join(' ', lines).Select(c => char.IsControl(c) ? ' ' : c));
            return string.Create(CultureInfo.InvariantCulture, $"{code} {(text.Length <= 500 ? text : text[..500] + "…")}");
        }

        private async Task<(int Code, List<string> Lines)> ReplyAsync(CancellationToken cancellationToken)
        {
            var lines = new List<string>();
            while (true)
            {
                var line = await LineAsync(cancellationToken);
                if (line.Length < 3 || !int.TryParse(line.AsSpan(0, 3), NumberStyles.None, CultureInfo.InvariantCulture, out var code) || code is < 200 or > 599 || (line.Length > 3 && line[3] is not (' ' or '-')))
                {
                    throw new SmtpRefusalException(0, "the mail server sent something that is no reply");
                }

                lines.Add(line.Length > 4 ? line[4..] : "");
                if (line.Length == 3 || line[3] == ' ')
                {
                    return (code, lines);
                }

                if (lines.Count >= MaxReplyLines)
                {
                    throw new SmtpRefusalException(0, "the mail server's reply does not end");
                }
            }
        }

        private async Task<string> LineAsync(CancellationToken cancellationToken)
        {
            var line = new StringBuilder();
            while (true)
            {
                if (from == to)
                {
                    (from, to) = (0, await stream.ReadAsync(buffer, cancellationToken));
                    if (to == 0)
                    {
                        throw new EndOfStreamException("the mail server closed the connection");
                    }
                }

                var c = (char)buffer[from++];
                if (c == '\n')
                {
                    return line.ToString().TrimEnd('\r');
                }

                if (line.Append(c).Length > MaxLine)
                {
                    throw new SmtpRefusalException(0, "the mail server sent a line without end");
                }
            }
        }
    }
}
