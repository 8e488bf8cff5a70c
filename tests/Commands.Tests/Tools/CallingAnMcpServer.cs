using System.Text.Json;
using AIaaS.Commands.Tools;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Commands.Tests.Tools;

/// <summary>A real MCP server (streamable HTTP) made of the server parts of the official package.</summary>
internal sealed class McpSide : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly StreamableHttpServerTransport transport;
    private readonly McpServer server;
    private readonly CancellationTokenSource stop = new();
    private readonly Task running;

    private McpSide(WebApplication app, StreamableHttpServerTransport transport, McpServer server)
    {
        (this.app, this.transport, this.server) = (app, transport, server);
        running = server.RunAsync(stop.Token);
    }

    public string Url => app.Urls.First() + "/mcp";

    public List<string> Keys { get; } = [];

    public bool Dead { get; set; }

    public static async Task<McpSide> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        McpSide? side = null;
        var options = new McpServerOptions
        {
            ServerInfo = new() { Name = "catalogue", Version = "1" },
            ToolCollection =
            [
                McpServerTool.Create((string text, RequestContext<CallToolRequestParams> context) =>
                {
                    side!.Keys.Add(context.Params?.Meta?["idempotencyKey"]?.GetValue<string>() ?? "");
                    return "heard " + text;
                }, new() { Name = "echo", Description = "Says it again.", ReadOnly = true, Idempotent = true }),
                McpServerTool.Create(() => new Answer(7), new() { Name = "count", Description = "Counts.", UseStructuredContent = true }),
                McpServerTool.Create(string () => throw new InvalidOperationException("no"), new() { Name = "fail", Description = "Fails." }),
                McpServerTool.Create(() => new string('x', 200_000), new() { Name = "flood", Description = "Says too much." }),
            ],
        };
        var transport = new StreamableHttpServerTransport(NullLoggerFactory.Instance) { SessionId = "s1" };
        side = new(app, transport, McpServer.Create(transport, options, NullLoggerFactory.Instance, null));
        app.MapPost("/mcp", side.PostAsync);
        app.MapDelete("/mcp", () => Results.Ok());
        await app.StartAsync();
        return side;
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await transport.DisposeAsync();
        await server.DisposeAsync();
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        using var now = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
        await app.StopAsync(now.Token);
        await app.DisposeAsync();
        stop.Dispose();
    }

    private async Task PostAsync(HttpContext context)
    {
        var message = await JsonSerializer.DeserializeAsync(context.Request.Body, (System.Text.Json.Serialization.Metadata.JsonTypeInfo<JsonRpcMessage>)ModelContextProtocol.McpJsonUtilities.DefaultOptions.GetTypeInfo(typeof(JsonRpcMessage)), context.RequestAborted);
        if (Dead && message is JsonRpcRequest { Method: "tools/call" })
        {
            context.Abort();
            return;
        }

        context.Response.Headers["Mcp-Session-Id"] = "s1";
        context.Response.ContentType = "text/event-stream";
        if (!await transport.HandlePostRequestAsync(message!, context.Response.Body, context.RequestAborted))
        {
            context.Response.ContentType = null;
            context.Response.StatusCode = 202;
        }
    }

    private sealed record Answer(int Number);
}

public sealed class A_tool_of_an_mcp_server : ReachingTheFarSide
{
    private McpSide side = null!;
    private McpSessions sessions = null!;

    [SetUp]
    public async Task Serve()
    {
        side = await McpSide.StartAsync();
        sessions = new(Network, Secrets, new ConfigurationBuilder().Build(), NullLoggerFactory.Instance);
    }

    [TearDown]
    public async Task Stop()
    {
        await sessions.DisposeAsync();
        await side.DisposeAsync();
    }

    [Test]
    public async Task is_called_with_the_idempotency_key()
    {
        (await CallAsync(Tool("echo"), """{"text":"hello"}""")).Should().BeOfType<ToolOutcome.Succeeded>().Which.Output.GetString().Should().Be("heard hello");
        side.Keys.Should().Equal("acme/r1/step/1/1/tool");
    }

    [Test]
    public async Task gives_structured_content_where_it_has_some() =>
        (await CallAsync(Tool("count"))).Should().BeOfType<ToolOutcome.Succeeded>().Which.Output.GetProperty("number").GetInt32().Should().Be(7);

    [Test]
    public async Task that_says_that_it_failed_has_failed() =>
        (await CallAsync(Tool("fail"))).Should().BeOfType<ToolOutcome.Failed>().Which.Retryable.Should().BeFalse();

    [Test]
    public async Task that_is_not_there_has_failed() =>
        (await CallAsync(Tool("nothing"))).Should().BeOfType<ToolOutcome.Failed>().Which.Code.Should().Be("tool-error");

    [Test]
    public async Task that_answers_too_much_is_unknown() =>
        (await CallAsync(Tool("flood"))).Should().BeOfType<ToolOutcome.Unknown>();

    [Test]
    public async Task whose_server_hangs_up_is_unknown_and_is_reached_again_afterwards()
    {
        side.Dead = true;
        (await CallAsync(Tool("echo"), """{"text":"a"}""")).Should().BeOfType<ToolOutcome.Unknown>();
        side.Dead = false;
        (await CallAsync(Tool("echo"), """{"text":"b"}""")).Should().BeOfType<ToolOutcome.Succeeded>();
    }

    [Test]
    public async Task is_found_by_asking_the_server()
    {
        var offers = await sessions.DiscoverAsync("acme", new("any") { Url = side.Url });
        offers.Select(o => (o.Name, o.SideEffect, o.Idempotent)).Should().BeEquivalentTo([("echo", false, true), ("count", true, false), ("fail", true, false), ("flood", true, false)]);
        offers.Should().OnlyContain(o => ToolSchema.FaultOf(o.Input) == null && ToolSchema.FaultOf(o.Output) == null);
    }

    [Test]
    public async Task is_not_reached_inside()
    {
        using var guarded = new ToolNetwork(new());
        await using var closed = new McpSessions(guarded, Secrets, new ConfigurationBuilder().Build(), NullLoggerFactory.Instance);
        var outcome = await CallAsync(new McpTool(CallingATool.Writing, new("echo") { Url = side.Url }, closed));
        outcome.Should().BeOfType<ToolOutcome.Failed>().Which.Code.Should().Be("address-refused");
    }

    [Test]
    public async Task is_not_started_as_a_process_that_the_settings_do_not_name()
    {
        var outcome = await CallAsync(new McpTool(CallingATool.Writing, new("echo") { Server = "sh" }, sessions));
        outcome.Should().BeOfType<ToolOutcome.Failed>().Which.Code.Should().Be("unknown-server");
    }

    private McpTool Tool(string name) => new(CallingATool.Writing, new(name) { Url = side.Url }, sessions);
}
