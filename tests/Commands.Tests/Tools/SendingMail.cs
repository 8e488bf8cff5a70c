using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using AIaaS.Commands.Tools;
using AIaaS.Domain.Tools;

namespace Commands.Tests.Tools;

/// <summary>A small mail server that speaks RFC 5321, with STARTTLS and AUTH, and misbehaves where a test says so.</summary>
internal sealed class MailServer : IAsyncDisposable
{
    private readonly RawServer server;
    private readonly X509Certificate2? certificate;

    public MailServer(bool tls = true)
    {
        certificate = tls ? Certificate() : null;
        server = new(ServeAsync);
    }

    public int Port => server.Port;

    public List<(string From, string To, string Data, string? User, bool Secure)> Messages { get; } = [];

    /// <summary>What is answered to a command instead of the usual; null closes the connection.</summary>
    public Dictionary<string, string?> Instead { get; } = new(StringComparer.OrdinalIgnoreCase);

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        certificate?.Dispose();
    }

    private static X509Certificate2 Certificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256);
        using var made = request.CreateSelfSigned(new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero), new(2100, 1, 1, 0, 0, 0, TimeSpan.Zero));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pfx), null);
    }

    private async Task ServeAsync(NetworkStream plain, CancellationToken ended)
    {
        Stream stream = plain;
        string? user = null;
        var (from, to) = ("", "");
        try
        {
            if (!await SayAsync("CONNECT", "220 mail.test ready"))
            {
                return;
            }

            while (await LineAsync(stream, ended) is { } line)
            {
                var command = line.Split(' ', ':')[0].ToUpperInvariant();
                var secure = stream is SslStream;
                switch (command)
                {
                    case "EHLO":
                        if (!await SayAsync(command, $"250-mail.test\r\n250-8BITMIME\r\n{(secure || certificate is null ? "250 AUTH PLAIN LOGIN" : "250 STARTTLS")}"))
                        {
                            return;
                        }

                        break;
                    case "STARTTLS":
                        await SayAsync(command, "220 go ahead");
                        var ssl = new SslStream(stream);
                        await ssl.AuthenticateAsServerAsync(certificate!);
                        stream = ssl;
                        break;
                    case "AUTH":
                        user = Encoding.UTF8.GetString(Convert.FromBase64String(line.Split(' ')[2]));
                        if (!await SayAsync(command, "235 welcome"))
                        {
                            return;
                        }

                        break;
                    case "MAIL":
                        from = line[(line.IndexOf('<') + 1)..line.IndexOf('>')];
                        if (!await SayAsync(command, "250 ok"))
                        {
                            return;
                        }

                        break;
                    case "RCPT":
                        to = line[(line.IndexOf('<') + 1)..line.IndexOf('>')];
                        if (!await SayAsync(command, "250 ok"))
                        {
                            return;
                        }

                        break;
                    case "DATA":
                        if (!await SayAsync(command, "354 go on"))
                        {
                            return;
                        }

                        var data = new StringBuilder();
                        while (await LineAsync(stream, ended) is { } text && text != ".")
                        {
                            data.Append(text.StartsWith('.') ? text[1..] : text).Append("\r\n");
                        }

                        lock (Messages)
                        {
                            Messages.Add((from, to, data.ToString(), user, secure));
                        }

                        if (!await SayAsync(".", "250 taken"))
                        {
                            return;
                        }

                        break;
                    case "QUIT":
                        await SayAsync(command, "221 bye");
                        return;
                    default:
                        await SayAsync(command, "500 what?");
                        break;
                }
            }
        }
        finally
        {
            await stream.DisposeAsync();
        }

        async Task<bool> SayAsync(string command, string usual)
        {
            if (Instead.TryGetValue(command, out var other) && other is null)
            {
                return false;
            }

            var reply = Encoding.ASCII.GetBytes((other ?? usual) + "\r\n");
            await stream.WriteAsync(reply, ended);
            return true;
        }
    }

    private static async Task<string?> LineAsync(Stream stream, CancellationToken ended)
    {
        var line = new List<byte>();
        var one = new byte[1];
        while (await stream.ReadAtLeastAsync(one, 1, throwOnEndOfStream: false, ended) == 1)
        {
            if (one[0] == '\n')
            {
                return Encoding.UTF8.GetString([.. line]).TrimEnd('\r');
            }

            line.Add(one[0]);
        }

        return null;
    }
}

public sealed class A_message_by_mail : ReachingTheFarSide
{
    private MailServer server = null!;

    [SetUp]
    public void Serve() => server = new();

    [TearDown]
    public async Task Stop() => await server.DisposeAsync();

    [Test]
    public async Task is_sent_over_tls_by_a_signed_in_user()
    {
        var outcome = await CallAsync(Tool(), """{"to":"ada@example.com","title":"Grüße\tnot","text":"Hello\n.\nQUIT"}""");
        outcome.Should().BeOfType<ToolOutcome.Failed>("a tab is no part of a subject");
        var sent = (await CallAsync(Tool(), """{"to":"ada@example.com","title":"Grüße","text":"Hello\n.\nQUIT"}""")).Should().BeOfType<ToolOutcome.Succeeded>().Subject.Output;
        var (from, to, data, user, secure) = server.Messages.Should().ContainSingle().Subject;
        (from, to, user, secure).Should().Be(("shop@example.com", "ada@example.com", "\0shop\0pass word", true));
        data.Should().Contain($"Message-ID: <{sent.GetProperty("messageId").GetString()}>\r\n").And.Contain("Subject: =?utf-8?B?R3LDvMOfZQ==?=\r\n");
        Encoding.UTF8.GetString(Convert.FromBase64String(data[(data.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..])).Should().Be("Hello\r\n.\r\nQUIT");
    }

    [Test]
    public async Task has_the_same_id_when_it_is_sent_again()
    {
        await CallAsync(Tool(), """{"to":"ada@example.com","title":"a","text":"b"}""");
        await CallAsync(Tool(), """{"to":"ada@example.com","title":"a","text":"b"}""");
        server.Messages.Select(m => m.Data.Split("\r\n").Single(l => l.StartsWith("Message-ID"))).Distinct().Should().ContainSingle();
    }

    [TestCase("ada@example.com\r\nRCPT TO:<eve@example.com>")]
    [TestCase("ada@example.com>,<eve@example.com")]
    [TestCase("ada@example.com, eve@example.com")]
    [TestCase("ada@@example.com")]
    [TestCase("ada")]
    [TestCase("")]
    public async Task goes_to_one_address_only(string to)
    {
        var outcome = await CallAsync(Tool(), System.Text.Json.JsonSerializer.Serialize(new { to, title = "a", text = "b" }));
        outcome.Should().BeOfType<ToolOutcome.Failed>().Which.Retryable.Should().BeFalse();
        server.Messages.Should().BeEmpty();
    }

    [Test]
    public async Task cannot_get_another_header_by_its_subject()
    {
        (await CallAsync(Tool(), """{"to":"ada@example.com","title":"a\r\nBcc: eve@example.com","text":"b"}""")).Should().BeOfType<ToolOutcome.Failed>();
        server.Messages.Should().BeEmpty();
    }

    [TestCase("CONNECT", "421 not now", true)]
    [TestCase("AUTH", "535 wrong", false)]
    [TestCase("MAIL", "451 not now", true)]
    [TestCase("RCPT", "550 no such user", false)]
    [TestCase("DATA", "452 no space", true)]
    [TestCase(".", "554 looks like spam", false)]
    [TestCase(".", "451 try again", true)]
    [TestCase("MAIL", "what?", true)]
    public async Task that_the_server_refuses_was_not_sent(string command, string reply, bool retryable)
    {
        server.Instead[command] = reply;
        (await CallAsync(Tool(), """{"to":"ada@example.com","title":"a","text":"b"}""")).Should().BeOfType<ToolOutcome.Failed>().Which.Retryable.Should().Be(retryable);
    }

    [TestCase("CONNECT")]
    [TestCase("AUTH")]
    [TestCase("MAIL")]
    [TestCase("RCPT")]
    [TestCase("DATA")]
    public async Task was_not_sent_when_the_connection_is_lost_before_the_closing_dot(string command)
    {
        server.Instead[command] = null;
        (await CallAsync(Tool(), """{"to":"ada@example.com","title":"a","text":"b"}""")).Should().BeOfType<ToolOutcome.Failed>().Which.Retryable.Should().BeTrue();
    }

    [TestCase(null)]
    [TestCase("what?")]
    public async Task is_unknown_when_the_server_does_not_answer_the_closing_dot(string? reply)
    {
        server.Instead["."] = reply;
        (await CallAsync(Tool(), """{"to":"ada@example.com","title":"a","text":"b"}""")).Should().BeOfType<ToolOutcome.Unknown>();
    }

    [Test]
    public async Task is_sent_though_the_server_hangs_up_at_the_goodbye()
    {
        server.Instead["QUIT"] = null;
        (await CallAsync(Tool(), """{"to":"ada@example.com","title":"a","text":"b"}""")).Should().BeOfType<ToolOutcome.Succeeded>();
    }

    [Test]
    public async Task is_not_sent_in_the_clear_where_the_server_offers_no_tls()
    {
        await using var clear = new MailServer(tls: false);
        (await CallAsync(Tool(clear.Port), """{"to":"ada@example.com","title":"a","text":"b"}""")).Should().BeOfType<ToolOutcome.Failed>().Which.Reason.Should().Contain("STARTTLS");
        clear.Messages.Should().BeEmpty();
    }

    [Test]
    public async Task is_not_sent_to_a_server_whose_certificate_nobody_knows()
    {
        (await CallAsync(Tool(trusted: false), """{"to":"ada@example.com","title":"a","text":"b"}""")).Should().BeOfType<ToolOutcome.Failed>();
        server.Messages.Should().BeEmpty();
    }

    [Test]
    public async Task survives_replies_without_end()
    {
        await using var endless = new RawServer(async (stream, ended) =>
        {
            while (true)
            {
                await stream.WriteAsync("220-and so on\r\n"u8.ToArray(), ended);
            }
        });
        (await CallAsync(Tool(endless.Port), """{"to":"ada@example.com","title":"a","text":"b"}""")).Should().BeOfType<ToolOutcome.Failed>();
    }

    [Test]
    public async Task does_not_go_to_a_server_inside()
    {
        using var guarded = new ToolNetwork(new());
        var tool = new EmailTool(CallingATool.Writing, Adapter(server.Port), guarded, Secrets, TimeProvider.System);
        (await CallAsync(tool, """{"to":"ada@example.com","title":"a","text":"b"}""")).Should().BeOfType<ToolOutcome.Failed>().Which.Reason.Should().Contain("no address");
    }

    private EmailTool Tool(int? port = null, bool trusted = true) =>
        new(CallingATool.Writing, Adapter(port ?? server.Port), Network, Secrets, TimeProvider.System, trusted ? (_, _, _, _) => true : null);

    private static EmailAdapter Adapter(int port) =>
        new("127.0.0.1", port, "shop@example.com", "{{ $.input.to }}", "{{ $.input.title }}", "{{ $.input.text }}") { User = "shop", Password = "MAIL" };
}
