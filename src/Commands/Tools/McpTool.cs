using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AIaaS.Domain.Tools;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using ModelContextProtocol;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace AIaaS.Commands.Tools;

/// <summary>A tool that an MCP server offers.</summary>
/// <param name="Name">Its name there.</param>
/// <param name="Description">What it does, in the server's words.</param>
/// <param name="Input">JSON Schema of the input, as JSON text.</param>
/// <param name="Output">JSON Schema of the output, as JSON text.</param>
/// <param name="SideEffect">Whether the server does not say that it only reads.</param>
/// <param name="Idempotent">Whether the server says that repeating a call changes nothing more.</param>
public sealed record McpToolOffer(string Name, string Description, string Input, string Output, bool SideEffect, bool Idempotent);

/// <summary>
/// Sessions with MCP servers: streamable HTTP through the tools' guarded network, or processes (stdio) that only the platform's settings name
/// (<c>Tools__McpServers__{name}__Command</c> and <c>__Arguments__0</c> …). A session is kept for as long as it works.
/// </summary>
public sealed class McpSessions(ToolNetwork network, ToolSecrets secrets, IConfiguration configuration, ILoggerFactory logging) : IAsyncDisposable
{
    private const int MaxSessions = 256;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, Task<McpClient>> sessions = new(StringComparer.Ordinal);
    private readonly Lock opening = new();

    /// <summary>What a server offers.</summary>
    /// <exception cref="McpUnreachableException">No session came about.</exception>
    public async Task<IReadOnlyList<McpToolOffer>> DiscoverAsync(string tenant, McpAdapter adapter, CancellationToken cancellationToken = default)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        IList<McpClientTool> tools;
        try
        {
            var client = await OpenAsync(tenant, adapter, limit.Token);
            tools = await client.ListToolsAsync(cancellationToken: limit.Token);
        }
        catch (Exception e) when (e is not McpUnreachableException && !cancellationToken.IsCancellationRequested)
        {
            await ForgetAsync(tenant, adapter);
            throw new McpUnreachableException(e.Message, e);
        }

        return
        [
            .. tools.Take(200).Select(t => new McpToolOffer(
                t.Name,
                t.Description,
                t.JsonSchema.GetRawText(),
                t.ReturnJsonSchema?.GetRawText() ?? "true",
                t.ProtocolTool.Annotations?.ReadOnlyHint is not true,
                t.ProtocolTool.Annotations?.IdempotentHint is true)),
        ];
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        foreach (var key in sessions.Keys)
        {
            await ForgetAsync(key);
        }
    }

    internal async Task<McpClient> OpenAsync(string tenant, McpAdapter adapter, CancellationToken cancellationToken)
    {
        var key = KeyOf(tenant, adapter);
        if (sessions.Count >= MaxSessions && !sessions.ContainsKey(key))
        {
            await ForgetAsync(sessions.Keys.First());
        }

        Task<McpClient> session;
        lock (opening)
        {
            session = sessions.GetOrAdd(key, _ => ConnectAsync(tenant, adapter));
        }

        try
        {
            return await session.WaitAsync(cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            sessions.TryRemove(KeyValuePair.Create(key, session));
            throw e as ToolRequestException ?? (Exception)new McpUnreachableException(Innermost<AddressRefusedException>(e) is { } refused ? refused.Message : e.Message, e);
        }
    }

    /// <summary>Ends a session that does not work any more.</summary>
    internal Task ForgetAsync(string tenant, McpAdapter adapter) => ForgetAsync(KeyOf(tenant, adapter));

    internal static T? Innermost<T>(Exception e)
        where T : Exception
    {
        for (Exception? inner = e; inner is not null; inner = inner.InnerException)
        {
            if (inner is T found)
            {
                return found;
            }
        }

        return null;
    }

    private static string KeyOf(string tenant, McpAdapter adapter) =>
        string.Join('\n', [tenant, adapter.Url ?? "", adapter.Server ?? "", .. (adapter.Headers ?? ImmutableSortedDictionary<string, string>.Empty).Select(h => $"{h.Key}: {h.Value}")]);

    private async Task ForgetAsync(string key)
    {
        if (!sessions.TryRemove(key, out var session))
        {
            return;
        }

        try
        {
            await (await session).DisposeAsync();
        }
        catch (Exception e) when (e is IOException or HttpRequestException or McpException or McpUnreachableException or ToolRequestException or InvalidOperationException or OperationCanceledException)
        {
            logging.CreateLogger<McpSessions>().LogDebug("A session with an MCP server did not end in order: {Reason}", e.Message);
        }
    }

    private async Task<McpClient> ConnectAsync(string tenant, McpAdapter adapter)
    {
        using var limit = new CancellationTokenSource(Patience);
        return await McpClient.CreateAsync(adapter.Server is { } server ? Process(server) : Http(tenant, adapter), new() { ClientInfo = new() { Name = "AIaaS", Version = "1" } }, logging, limit.Token);
    }

    private StdioClientTransport Process(string server)
    {
        var settings = configuration.GetSection("Tools:McpServers").GetSection(server);
        if (server.Contains(':', StringComparison.Ordinal) || settings["Command"] is not { Length: > 0 } command)
        {
            throw new ToolRequestException("unknown-server", $"The platform's settings name no MCP server '{server}' (Tools__McpServers__{server}__Command).");
        }

        // The process gets none of the platform's own settings: they hold its secrets.
        return new(
            new()
            {
                Name = server,
                Command = command,
                Arguments = [.. settings.GetSection("Arguments").GetChildren().Select(a => a.Value ?? "")],
                InheritEnvironmentVariables = false,
                EnvironmentVariables = new Dictionary<string, string?>(settings.GetSection("Environment").GetChildren().Select(v => KeyValuePair.Create(v.Key, v.Value))) { ["PATH"] = Environment.GetEnvironmentVariable("PATH") },
            },
            logging);
    }

    private HttpClientTransport Http(string tenant, McpAdapter adapter)
    {
        var root = ToolOutput.Null;
        return new(
            new()
            {
                Endpoint = UrlTemplate.Parse(adapter.Url!).Render(root),
                TransportMode = HttpTransportMode.StreamableHttp,
                EnableStandaloneGetStream = false,
                MaxReconnectionAttempts = 0,
                AdditionalHeaders = (adapter.Headers ?? ImmutableSortedDictionary<string, string>.Empty).ToDictionary(h => h.Key, h => HeaderTemplate.Parse(h.Value).Render(h.Key, root, tenant, secrets), StringComparer.OrdinalIgnoreCase),
            },
            new HttpClient(new BoundedAnswers(network), disposeHandler: true) { Timeout = Timeout.InfiniteTimeSpan },
            logging,
            ownsHttpClient: true);
    }

    /// <summary>Sends through the tools' network and ends answers that grow beyond its bound.</summary>
    private sealed class BoundedAnswers(ToolNetwork network) : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            using var copy = new HttpRequestMessage(request.Method, request.RequestUri) { Content = request.Content, Version = request.Version, VersionPolicy = request.VersionPolicy };
            foreach (var header in request.Headers)
            {
                copy.Headers.TryAddWithoutValidation(header.Key, header.Value);
            }

            var response = await network.Single.SendAsync(copy, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            var bounded = new StreamContent(new BoundedStream(await response.Content.ReadAsStreamAsync(cancellationToken), network.MaxAnswerBytes));
            foreach (var header in response.Content.Headers)
            {
                bounded.Headers.TryAddWithoutValidation(header.Key, header.Value);
            }

            response.Content = bounded;
            copy.Content = null;
            return response;
        }
    }
}

/// <summary>No session with an MCP server came about; nothing was called.</summary>
public sealed class McpUnreachableException(string message, Exception inner) : Exception(message, inner);

/// <summary>A tool of an MCP server. The idempotency key goes along as metadata of the request.</summary>
internal sealed class McpTool(ToolManifest manifest, McpAdapter adapter, McpSessions sessions) : ITool
{
    public ToolManifest Manifest => manifest;

    public async Task<ToolOutcome> InvokeAsync(ToolCall call, CancellationToken cancellationToken)
    {
        McpClient client;
        try
        {
            client = await sessions.OpenAsync(call.Tenant, adapter, cancellationToken);
        }
        catch (ToolRequestException e)
        {
            return e.Outcome;
        }
        catch (McpUnreachableException e)
        {
            return McpSessions.Innermost<AddressRefusedException>(e) is not null
                ? new ToolOutcome.Failed("address-refused", e.Message)
                : new ToolOutcome.Failed("not-reachable", $"No session with the MCP server came about; nothing was called: {e.Message}", Retryable: true);
        }

        if (call.Input.ValueKind != JsonValueKind.Object)
        {
            return new ToolOutcome.Failed("invalid-input", "The input of an MCP server's tool must be an object.");
        }

        try
        {
            var result = await client.CallToolAsync(
                new CallToolRequestParams
                {
                    Name = adapter.Tool,
                    Arguments = call.Input.EnumerateObject().ToDictionary(m => m.Name, m => m.Value, StringComparer.Ordinal),
                    Meta = new JsonObject { ["idempotencyKey"] = call.IdempotencyKey, ["requestHash"] = call.RequestHash },
                },
                cancellationToken);
            return result.IsError is true ? new ToolOutcome.Failed("tool-error", TextOf(result)) : Output(result);
        }
        catch (McpProtocolException e)
        {
            // The server answered, with an error of the protocol; an internal one may have come in the middle of the work.
            return e.ErrorCode == McpErrorCode.InternalError ? await LostAsync(call, e) : new ToolOutcome.Failed("tool-error", e.Message);
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            return await LostAsync(call, e);
        }
    }

    private static ToolOutcome.Succeeded Output(CallToolResult result) => result.StructuredContent is { } structured
        ? new(structured)
        : TextOf(result) is { Length: > 0 } text && text[0] is '{' or '[' && ToolOutput.Read(Encoding.UTF8.GetBytes(text), isJson: true) is { Flag: null } json ? json
        : new(JsonSerializer.SerializeToElement(TextOf(result), ToolOutputJson.Default.String));

    private static string TextOf(CallToolResult result) => string.Join('\n', result.Content.OfType<TextContentBlock>().Select(c => c.Text));

    private async Task<ToolOutcome> LostAsync(ToolCall call, Exception e)
    {
        await sessions.ForgetAsync(call.Tenant, adapter);
        if (e is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError })
        {
            return new ToolOutcome.Failed("not-reachable", $"The MCP server could not be connected to; nothing was called: {e.Message}", Retryable: true);
        }

        // The server has forgotten the session, and with it refused the call.
        return e is HttpRequestException { StatusCode: HttpStatusCode.NotFound } ? new ToolOutcome.Failed("session-lost", e.Message, Retryable: true)
            : manifest.SideEffect ? new ToolOutcome.Unknown($"the call left, but the MCP server's answer did not come: {e.Message}")
            : new ToolOutcome.Failed("no-answer", $"The MCP server's answer did not come: {e.Message}", Retryable: true);
    }
}
