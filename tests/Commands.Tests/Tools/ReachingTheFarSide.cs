using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using AIaaS.Commands.Tools;
using AIaaS.Domain.Tools;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace Commands.Tests.Tools;

/// <summary>A real server on a port of its own that answers as a test says, and keeps what it received.</summary>
internal sealed class FarSide : IAsyncDisposable
{
    private readonly WebApplication app;

    private FarSide(WebApplication app) => this.app = app;

    public List<(string Method, string Path, Dictionary<string, string> Headers, byte[] Body)> Received { get; } = [];

    public string Url => app.Urls.First();

    public static async Task<FarSide> StartAsync(RequestDelegate answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var side = new FarSide(app);
        app.Run(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            lock (side.Received)
            {
                side.Received.Add((context.Request.Method, context.Request.Path + context.Request.QueryString, context.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase), body.ToArray()));
            }

            await answer(context);
        });
        await app.StartAsync();
        return side;
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
        await app.StopAsync(now.Token);
        await app.DisposeAsync();
    }
}

/// <summary>A server that speaks bytes.</summary>
internal sealed class RawServer : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly Task accepting;
    private int connections;

    public RawServer(Func<NetworkStream, CancellationToken, Task> serve)
    {
        listener.Start();
        accepting = AcceptAsync(serve);
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    public int Connections => connections;

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Stop();
        await accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stop.Dispose();
    }

    private async Task AcceptAsync(Func<NetworkStream, CancellationToken, Task> serve)
    {
        var serving = new List<Task>();
        try
        {
            while (true)
            {
                var client = await listener.AcceptTcpClientAsync(stop.Token);
                Interlocked.Increment(ref connections);
                serving.Add(ServeAsync(client, serve));
            }
        }
        finally
        {
            await Task.WhenAll(serving).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ServeAsync(TcpClient client, Func<NetworkStream, CancellationToken, Task> serve)
    {
        using (client)
        {
            await serve(client.GetStream(), stop.Token);
        }
    }
}

/// <summary>Tools whose far side is a server on this machine, which the settings allow.</summary>
public abstract class ReachingTheFarSide
{
    internal ToolNetwork Network { get; private set; } = null!;

    internal ToolSecrets Secrets { get; } = new(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
    {
        ["Tools:Secrets:acme:CRM_TOKEN"] = "t0ken",
        ["Tools:Secrets:acme:HOOK"] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        ["Tools:Secrets:acme:MAIL"] = "pass word",
        ["Tools:Secrets:other:THEIRS"] = "not yours",
    }).Build());

    [SetUp]
    public void Open() => Network = new(new() { Allowed = [IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("::1/128")], MaxAnswerBytes = 64 * 1024, ConnectTimeout = TimeSpan.FromSeconds(2) });

    [TearDown]
    public void Close() => Network.Dispose();

    internal HttpTool Http(HttpAdapter adapter, bool sideEffect = true, bool idempotent = false) =>
        new(new("crm", "1.0.0", "The CRM.", "true", "true") { SideEffect = sideEffect, Idempotent = idempotent }, adapter, Network, Secrets, TimeProvider.System);

    internal static Task<ToolOutcome> CallAsync(ITool tool, string input = "{}", string tenant = "acme") =>
        tool.InvokeAsync(CallingATool.Call(input, tenant: tenant), CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(20));

    internal static RequestDelegate Answers(int status, string body = "{}", params (string Name, string Value)[] headers) => async context =>
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        foreach (var (name, value) in headers)
        {
            context.Response.Headers[name] = value;
        }

        await context.Response.WriteAsync(body);
    };
}

public sealed class A_call_over_http : ReachingTheFarSide
{
    [Test]
    public async Task sends_what_its_templates_say_and_what_the_far_side_needs_to_do_it_once()
    {
        await using var side = await FarSide.StartAsync(Answers(200, """{"id":"c1"}"""));
        using var activity = new System.Diagnostics.Activity("test").Start();
        var tool = Http(new("POST", side.Url + "/customers/{{ $.input.name }}?q={{ $.input.q }}")
        {
            Headers = ImmutableSortedDictionary<string, string>.Empty.Add("Authorization", "Bearer ${CRM_TOKEN}").Add("X-For", "{{ $.tenant }}"),
            Body = CallingATool.Json("""{"who":"{{ $.input.name }}","n":"{{ $.input.n }}"}"""),
        });
        var outcome = await CallAsync(tool, """{"name":"a/b c","q":"x&y=1","n":7}""");
        outcome.Should().BeOfType<ToolOutcome.Succeeded>().Which.Output.GetRawText().Should().Be("""{"id":"c1"}""");
        var (method, path, headers, body) = side.Received.Should().ContainSingle().Subject;
        (method, path).Should().Be(("POST", "/customers/a%2Fb%20c?q=x%26y%3D1"));
        headers["Authorization"].Should().Be("Bearer t0ken");
        headers["X-For"].Should().Be("acme");
        headers["Idempotency-Key"].Should().Be("acme/r1/step/1/1/tool");
        headers["X-Request-Hash"].Should().Be(new string('0', 64));
        headers["traceparent"].Should().Be(activity.Id);
        Encoding.UTF8.GetString(body).Should().Be("""{"who":"a/b c","n":7}""");
    }

    [Test]
    public async Task without_a_body_of_its_own_sends_the_input()
    {
        await using var side = await FarSide.StartAsync(Answers(204, ""));
        var outcome = await CallAsync(Http(new("PUT", side.Url)), """{"a":[1,2]}""");
        outcome.Should().BeOfType<ToolOutcome.Succeeded>().Which.Output.ValueKind.Should().Be(JsonValueKind.Null);
        Encoding.UTF8.GetString(side.Received[0].Body).Should().Be("""{"a":[1,2]}""");
    }

    [TestCase(400, "tool-error", false)]
    [TestCase(401, "unauthorized", false)]
    [TestCase(404, "not-found", false)]
    [TestCase(409, "conflict", false)]
    [TestCase(422, "tool-error", false)]
    [TestCase(429, "busy", true)]
    [TestCase(301, "redirected", false)]
    [TestCase(307, "redirected", false)]
    public async Task that_is_refused_is_a_failure_that_is_certain(int status, string code, bool retryable)
    {
        await using var side = await FarSide.StartAsync(Answers(status, "no such luck\r\n\u0007", ("Location", "http://169.254.169.254/")));
        var failed = (await CallAsync(Http(new("POST", side.Url)))).Should().BeOfType<ToolOutcome.Failed>().Subject;
        (failed.Code, failed.Retryable).Should().Be((code, retryable));
        failed.Reason.Should().Contain("no such luck").And.NotContainAny("\r", "\n", "\u0007");
        side.Received.Should().ContainSingle();
    }

    [TestCase(500)]
    [TestCase(502)]
    [TestCase(503)]
    [TestCase(302)]
    [TestCase(303)]
    public async Task whose_status_does_not_tell_is_unknown_where_it_may_have_done_something(int status)
    {
        await using var side = await FarSide.StartAsync(Answers(status));
        (await CallAsync(Http(new("POST", side.Url)))).Should().BeOfType<ToolOutcome.Unknown>();
        (await CallAsync(Http(new("POST", side.Url), sideEffect: false))).Should().BeOfType<ToolOutcome.Failed>();
    }

    [Test]
    public async Task is_asked_for_later_by_the_far_side()
    {
        await using var side = await FarSide.StartAsync(Answers(503, "{}", ("Retry-After", "7")));
        var failed = (await CallAsync(Http(new("POST", side.Url)))).Should().BeOfType<ToolOutcome.Failed>().Subject;
        (failed.Retryable, failed.RetryAfter).Should().Be((true, TimeSpan.FromSeconds(7)));
    }

    [TestCase("succeeded", typeof(ToolOutcome.Succeeded))]
    [TestCase("failed", typeof(ToolOutcome.Failed))]
    [TestCase("unknown", typeof(ToolOutcome.Unknown))]
    public async Task means_what_its_adapter_says_of_a_status(string meaning, Type outcome)
    {
        await using var side = await FarSide.StartAsync(Answers(409));
        var tool = Http(new("POST", side.Url) { Statuses = ImmutableSortedDictionary<string, string>.Empty.Add("409", meaning) });
        (await CallAsync(tool)).Should().BeOfType(outcome);
    }

    [Test]
    public async Task to_a_port_where_nobody_listens_was_not_sent()
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        var failed = (await CallAsync(Http(new("POST", $"http://127.0.0.1:{port}/")))).Should().BeOfType<ToolOutcome.Failed>().Subject;
        (failed.Code, failed.Retryable).Should().Be(("not-reachable", true));
    }

    [Test]
    public async Task to_a_name_that_is_none_was_not_sent()
    {
        var failed = (await CallAsync(Http(new("POST", "http://no-such-host.invalid/")))).Should().BeOfType<ToolOutcome.Failed>().Subject;
        (failed.Code, failed.Retryable).Should().Be(("not-reachable", true));
    }

    [Test]
    public async Task that_the_far_side_hangs_up_on_is_unknown_and_not_sent_again()
    {
        await using var server = new RawServer(async (stream, ended) => await stream.ReadAtLeastAsync(new byte[4096], 1, throwOnEndOfStream: false, ended));
        (await CallAsync(Http(new("POST", $"http://127.0.0.1:{server.Port}/")))).Should().BeOfType<ToolOutcome.Unknown>();
        server.Connections.Should().Be(1);
    }

    [Test]
    public async Task that_the_far_side_hangs_up_on_a_kept_connection_is_not_sent_again_by_the_client()
    {
        // The first request is answered and its connection kept; the second one finds it closed as soon as it is sent.
        var requests = 0;
        await using var server = new RawServer(async (stream, ended) =>
        {
            var buffer = new byte[4096];
            for (var first = true; await stream.ReadAtLeastAsync(buffer, 1, throwOnEndOfStream: false, ended) > 0; first = false)
            {
                Interlocked.Increment(ref requests);
                if (!first)
                {
                    return;
                }

                await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"u8.ToArray(), ended);
            }
        });
        var tool = Http(new("POST", $"http://127.0.0.1:{server.Port}/") { Body = CallingATool.Json("{}") });
        await CallAsync(tool);
        await CallAsync(tool);
        requests.Should().Be(2);
    }

    [Test]
    public async Task that_breaks_off_in_the_answer_is_a_success_without_output()
    {
        await using var server = new RawServer(async (stream, ended) =>
        {
            await stream.ReadAtLeastAsync(new byte[4096], 1, throwOnEndOfStream: false, ended);
            await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"half\":"u8.ToArray(), ended);
        });
        (await CallAsync(Http(new("POST", $"http://127.0.0.1:{server.Port}/")))).Should().BeOfType<ToolOutcome.Succeeded>().Which.Flag.Should().Contain("lost");
    }

    [Test]
    public async Task is_looked_up_by_its_key()
    {
        await using var side = await FarSide.StartAsync(c => (c.Request.Query["key"] == "acme/r1/step/1/1/tool" ? Answers(200, """{"done":true}""") : Answers(404))(c));
        var tool = Http(new("POST", side.Url) { LookUp = side.Url + "/calls?key={{ $.idempotencyKey }}" });
        (await tool.ReconcileAsync(CallingATool.Call(), CancellationToken.None)).Should().BeOfType<ToolOutcome.Succeeded>();
        (await tool.ReconcileAsync(CallingATool.Call() with { IdempotencyKey = "another" }, CancellationToken.None)).Should().BeOfType<ToolOutcome.Failed>().Which.Code.Should().Be("not-done");
    }

    [Test]
    public async Task stays_unknown_while_its_look_up_does_not_tell()
    {
        await using var side = await FarSide.StartAsync(Answers(500));
        (await Http(new("POST", side.Url) { LookUp = side.Url }).ReconcileAsync(CallingATool.Call(), CancellationToken.None)).Should().BeNull();
    }
}

public sealed class A_hostile_far_side : ReachingTheFarSide
{
    [Test]
    public async Task that_answers_without_end_is_not_read_to_the_end()
    {
        await using var side = await FarSide.StartAsync(async context =>
        {
            var block = new byte[64 * 1024];
            block.AsSpan().Fill((byte)' ');
            while (!context.RequestAborted.IsCancellationRequested)
            {
                await context.Response.Body.WriteAsync(block, context.RequestAborted);
            }
        });
        (await CallAsync(Http(new("POST", side.Url)))).Should().BeOfType<ToolOutcome.Succeeded>().Which.Flag.Should().Contain("more than");
    }

    [Test]
    public async Task that_announces_a_huge_answer_is_not_believed()
    {
        await using var server = new RawServer(async (stream, ended) =>
        {
            await stream.ReadAtLeastAsync(new byte[4096], 1, throwOnEndOfStream: false, ended);
            await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\n{"u8.ToArray(), ended);
            await stream.ReadAtLeastAsync(new byte[1], 1, throwOnEndOfStream: false, ended);
        });
        (await CallAsync(Http(new("POST", $"http://127.0.0.1:{server.Port}/")))).Should().BeOfType<ToolOutcome.Succeeded>().Which.Flag.Should().Contain("more than");
    }

    [Test]
    public async Task that_drips_its_answer_is_given_up()
    {
        await using var server = new RawServer(async (stream, ended) =>
        {
            await stream.ReadAtLeastAsync(new byte[4096], 1, throwOnEndOfStream: false, ended);
            await stream.WriteAsync("HTTP/1.1 200 OK\r\n"u8.ToArray(), ended);
            while (true)
            {
                await stream.WriteAsync("X: y\r\n"u8.ToArray(), ended);
                await Task.Delay(50, ended);
            }
        });
        await using var executor = new ToolExecutor(TimeProvider.System, new());
        var tool = new HttpTool(new("crm", "1.0.0", "The CRM.", "true", "true") { SideEffect = true, TimeoutMs = 500 }, new("POST", $"http://127.0.0.1:{server.Port}/"), Network, Secrets, TimeProvider.System);
        var result = await executor.ExecuteAsync(tool, CallingATool.Call(), CancellationToken.None);
        result.Outcome.Should().BeOfType<ToolOutcome.Unknown>();
        result.LatencyMs.Should().BeLessThan(5_000);
    }

    [Test]
    public async Task that_sends_no_utf8_gives_a_success_without_output()
    {
        await using var side = await FarSide.StartAsync(async context => await context.Response.Body.WriteAsync(new byte[] { (byte)'"', 0xC3, 0x28, (byte)'"' }));
        (await CallAsync(Http(new("POST", side.Url)))).Should().BeOfType<ToolOutcome.Succeeded>().Which.Flag.Should().Contain("UTF-8");
    }

    [Test]
    public async Task that_nests_its_answer_deeply_gives_a_success_without_output()
    {
        await using var side = await FarSide.StartAsync(Answers(200, new string('[', 10_000) + new string(']', 10_000)));
        (await CallAsync(Http(new("POST", side.Url)))).Should().BeOfType<ToolOutcome.Succeeded>().Which.Flag.Should().Contain("deeper");
    }

    [Test]
    public async Task that_leads_elsewhere_is_not_followed()
    {
        await using var inner = await FarSide.StartAsync(Answers(200, """{"secret":1}"""));
        await using var side = await FarSide.StartAsync(Answers(302, "", ("Location", inner.Url)));
        (await CallAsync(Http(new("GET", side.Url), sideEffect: false))).Should().BeOfType<ToolOutcome.Failed>();
        inner.Received.Should().BeEmpty();
    }
}

public sealed class A_hostile_input : ReachingTheFarSide
{
    [TestCase("\r\nX-Admin: 1")]
    [TestCase("\n")]
    [TestCase("\u0000")]
    [TestCase("é")]
    public async Task cannot_add_a_header(string value)
    {
        await using var side = await FarSide.StartAsync(Answers(200));
        var tool = Http(new("POST", side.Url) { Headers = ImmutableSortedDictionary<string, string>.Empty.Add("X-Name", "{{ $.input.name }}") });
        var outcome = await CallAsync(tool, JsonSerializer.Serialize(new { name = value }));
        outcome.Should().BeOfType<ToolOutcome.Failed>().Which.Code.Should().Be("invalid-request");
        side.Received.Should().BeEmpty();
    }

    [Test]
    public async Task cannot_name_a_secret()
    {
        await using var side = await FarSide.StartAsync(Answers(200));
        var tool = Http(new("POST", side.Url) { Headers = ImmutableSortedDictionary<string, string>.Empty.Add("X-Name", "{{ $.input.name }}") });
        await CallAsync(tool, """{"name":"${CRM_TOKEN}"}""");
        side.Received[0].Headers["X-Name"].Should().Be("${CRM_TOKEN}");
    }

    [TestCase("..")]
    [TestCase(".")]
    public async Task cannot_lead_to_another_path(string value)
    {
        await using var side = await FarSide.StartAsync(Answers(200));
        (await CallAsync(Http(new("POST", side.Url + "/a/{{ $.input.v }}/b")), JsonSerializer.Serialize(new { v = value }))).Should().BeOfType<ToolOutcome.Failed>();
        side.Received.Should().BeEmpty();
    }

    [TestCase("x/../../admin", "/a/x%2F..%2F..%2Fadmin/b")]
    [TestCase("?admin#", "/a/%3Fadmin%23/b")]
    public async Task stays_one_segment(string value, string path)
    {
        await using var side = await FarSide.StartAsync(Answers(200));
        await CallAsync(Http(new("POST", side.Url + "/a/{{ $.input.v }}/b")), JsonSerializer.Serialize(new { v = value }));
        side.Received[0].Path.Should().Be(path);
    }

    [Test]
    public async Task does_not_stand_for_another_tenants_secret()
    {
        await using var side = await FarSide.StartAsync(Answers(200));
        var tool = Http(new("POST", side.Url) { Headers = ImmutableSortedDictionary<string, string>.Empty.Add("Authorization", "${THEIRS}") });
        (await CallAsync(tool)).Should().BeOfType<ToolOutcome.Failed>().Which.Code.Should().Be("secret-missing");
        side.Received.Should().BeEmpty();
    }
}

public sealed class Addresses_that_tools_may_not_reach
{
    private readonly ToolNetwork network = new(new());

    [OneTimeTearDown]
    public void Close() => network.Dispose();

    [TestCase("127.0.0.1")]
    [TestCase("127.8.8.8")]
    [TestCase("0.0.0.0")]
    [TestCase("10.1.2.3")]
    [TestCase("172.16.0.1")]
    [TestCase("172.31.255.255")]
    [TestCase("192.168.1.1")]
    [TestCase("169.254.169.254")]
    [TestCase("100.64.0.1")]
    [TestCase("224.0.0.1")]
    [TestCase("255.255.255.255")]
    [TestCase("::1")]
    [TestCase("::")]
    [TestCase("::ffff:127.0.0.1")]
    [TestCase("::ffff:a00:1")]
    [TestCase("::127.0.0.1")]
    [TestCase("64:ff9b::7f00:1")]
    [TestCase("2002:7f00:1::")]
    [TestCase("2002:a9fe:a9fe::1")]
    [TestCase("2001::1")]
    [TestCase("fe80::1")]
    [TestCase("fe80::1%1")]
    [TestCase("fec0::1")]
    [TestCase("fd00::1")]
    [TestCase("fc00::1")]
    [TestCase("ff02::1")]
    public void are_the_private_and_local_ones(string address) => network.Allows(IPAddress.Parse(address)).Should().BeFalse();

    [TestCase("8.8.8.8")]
    [TestCase("172.32.0.1")]
    [TestCase("100.128.0.1")]
    [TestCase("2606:4700:4700::1111")]
    [TestCase("64:ff9b::808:808")]
    public void are_not_the_public_ones(string address) => network.Allows(IPAddress.Parse(address)).Should().BeTrue();

    [TestCase("http://127.0.0.1:{0}/")]
    [TestCase("http://localhost:{0}/")]
    [TestCase("http://[::ffff:127.0.0.1]:{0}/")]
    [TestCase("http://2130706433:{0}/")]
    [TestCase("http://0x7f.1:{0}/")]
    [TestCase("http://0177.0.0.1:{0}/")]
    public async Task are_refused_however_they_are_written(string form)
    {
        await using var side = await FarSide.StartAsync(ReachingTheFarSide.Answers(200));
        var url = string.Format(System.Globalization.CultureInfo.InvariantCulture, form, new Uri(side.Url).Port);
        var tool = new HttpTool(CallingATool.Writing, new("POST", url), network, new(new ConfigurationBuilder().Build()), TimeProvider.System);
        (await tool.InvokeAsync(CallingATool.Call(), CancellationToken.None)).Should().BeOfType<ToolOutcome.Failed>().Which.Code.Should().Be("address-refused");
        side.Received.Should().BeEmpty();
    }
}

public sealed class A_webhook : ReachingTheFarSide
{
    [Test]
    public void is_signed_as_the_public_vector_says() =>
        WebhookTool.Sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, """{"test": 2432232314}"""u8).Should().Be("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");

    [Test]
    public async Task carries_a_signature_over_what_is_sent_and_the_same_id_when_repeated()
    {
        await using var side = await FarSide.StartAsync(Answers(204, ""));
        var tool = new WebhookTool(CallingATool.Writing, new(side.Url, "HOOK"), Network, Secrets, TimeProvider.System);
        await CallAsync(tool, """{"a":1}""");
        await CallAsync(tool, """{"a":1}""");
        var (first, second) = (side.Received[0], side.Received[1]);
        first.Headers["webhook-id"].Should().Be(second.Headers["webhook-id"]).And.StartWith("msg_");
        first.Headers["webhook-signature"].Should().Be(WebhookTool.Sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", first.Headers["webhook-id"], long.Parse(first.Headers["webhook-timestamp"]), first.Body));
        JsonDocument.Parse(first.Body).RootElement.GetProperty("data").GetRawText().Should().Be("""{"a":1}""");
    }
}
