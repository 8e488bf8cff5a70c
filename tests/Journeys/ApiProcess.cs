using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using AIaaS.Api.Hosting;

namespace AIaaS.Journeys;

/// <summary>The program as users run it: a process of its own, on a data folder, reached over HTTP.</summary>
public sealed class ApiProcess : IAsyncDisposable
{
    public const string AdminKey = "the-administrator-of-the-journeys";

    private readonly Process process;
    private readonly Task<string> output;
    private readonly Task<string> errors;
    private bool isDisposed;

    private ApiProcess(Process process, Uri url)
    {
        this.process = process;
        output = process.StandardOutput.ReadToEndAsync();
        errors = process.StandardError.ReadToEndAsync();
        Client = new(new SocketsHttpHandler { MaxConnectionsPerServer = 64 }) { BaseAddress = url, Timeout = TimeSpan.FromMinutes(1) };
    }

    public HttpClient Client { get; }

    /// <summary>Starts it and waits until it serves.</summary>
    public static async Task<ApiProcess> StartAsync(string folder, params (string Name, string Value)[] settings)
    {
        var url = FreeUrl();
        var api = new ApiProcess(Launch(folder, url, settings), url);
        var since = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                using var response = await api.Client.GetAsync("/health/live");
                if (response.IsSuccessStatusCode)
                {
                    return api;
                }
            }
            catch (HttpRequestException) when (!api.process.HasExited && since.Elapsed < TimeSpan.FromMinutes(3))
            {
                await Task.Delay(50);
            }
            catch (HttpRequestException)
            {
                var text = api.process.HasExited ? await api.errors : "It does not answer.";
                await api.DisposeAsync();
                throw new InvalidOperationException("The API did not start: " + text);
            }
        }
    }

    /// <summary>Starts it where it must fail, and gives what it said.</summary>
    public static async Task<(int ExitCode, string Output, string Errors)> FailAsync(string folder, params (string Name, string Value)[] settings)
    {
        using var process = Launch(folder, FreeUrl(), settings);
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw new InvalidOperationException("The API should have ended and goes on: " + await output + await errors);
        }

        return (process.ExitCode, await output, await errors);
    }

    public async Task<(string Tenant, string Key)> NewTenantAsync(string tenant)
    {
        (await SendAsync(HttpMethod.Post, "/v1/tenants", AdminKey, new { tenant, name = tenant }, "create-" + tenant)).Status.Should().Be(HttpStatusCode.Created);
        var issued = await SendAsync(HttpMethod.Post, $"/v1/tenants/{tenant}/api-keys", AdminKey, new { name = "journey", scopes = (string[])["*"] }, "issue-" + tenant);
        return (tenant, issued.Body.GetProperty("apiKey").GetString()!);
    }

    /// <summary>Sends a request; throws <see cref="HttpRequestException"/> when the process is gone.</summary>
    public async Task<(HttpStatusCode Status, JsonElement Body, string? Token)> SendAsync(HttpMethod method, string path, string key, object? body = null, string? idempotencyKey = null, string? token = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        request.Headers.Authorization = new("Bearer", key);
        if (idempotencyKey is not null)
        {
            request.Headers.Add("Idempotency-Key", idempotencyKey);
        }

        if (token is not null)
        {
            request.Headers.Add("Consistency-Token", token);
        }

        using var response = await Client.SendAsync(request);
        var bytes = await response.Content.ReadAsByteArrayAsync();
        using var document = bytes.Length == 0 ? null : JsonDocument.Parse(bytes);
        return (response.StatusCode, document?.RootElement.Clone() ?? default, response.Headers.TryGetValues("Consistency-Token", out var tokens) ? tokens.First() : null);
    }

    /// <summary>All pages of a list.</summary>
    public async Task<List<JsonElement>> ListAsync(string path, string key, string? token = null)
    {
        List<JsonElement> all = [];
        string? cursor = null;
        do
        {
            var separator = path.Contains('?', StringComparison.Ordinal) ? '&' : '?';
            var (status, body, _) = await SendAsync(HttpMethod.Get, $"{path}{separator}limit=200{(cursor is null ? "" : "&cursor=" + Uri.EscapeDataString(cursor))}", key, token: token);
            status.Should().Be(HttpStatusCode.OK);
            all.AddRange(body.GetProperty("items").EnumerateArray().Select(e => e.Clone()));
            cursor = body.GetProperty("nextCursor").GetString();
        }
        while (cursor is not null);
        return all;
    }

    /// <summary>The whole of a stream; empty where there is none.</summary>
    public async Task<List<JsonElement>> ReadStreamAsync(string stream, string key)
    {
        List<JsonElement> all = [];
        long? from = 0;
        while (from is { } next)
        {
            var (status, body, _) = await SendAsync(HttpMethod.Get, $"/v1/streams/{stream}?limit=500&from={next}", key);
            if (status == HttpStatusCode.NotFound)
            {
                return all;
            }

            status.Should().Be(HttpStatusCode.OK);
            all.AddRange(body.GetProperty("events").EnumerateArray().Select(e => e.Clone()));
            from = body.GetProperty("next") is { ValueKind: JsonValueKind.Number } number ? number.GetInt64() : null;
        }

        return all;
    }

    /// <summary>SIGKILL: no handler runs, nothing is flushed.</summary>
    public async Task KillAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
    }

    /// <summary>SIGTERM, as an operator stops it.</summary>
    public async Task<int> StopAsync()
    {
        using var kill = Process.Start("kill", $"-TERM {process.Id}");
        await kill.WaitForExitAsync();
        await process.WaitForExitAsync();
        return process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (isDisposed)
        {
            return;
        }

        isDisposed = true;
        Client.Dispose();
        if (!process.HasExited)
        {
            process.Kill();
            await process.WaitForExitAsync();
        }

        await Task.WhenAll(output, errors);
        process.Dispose();
    }

    private static Process Launch(string folder, Uri url, params (string Name, string Value)[] settings)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet", ["exec", typeof(ApiHost).Assembly.Location])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment =
            {
                ["DataFolder"] = folder,
                ["Urls"] = url.ToString(),
                ["Admin__ApiKey"] = AdminKey,
            },
        };
        foreach (var (name, value) in settings)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start) ?? throw new InvalidOperationException("The process could not be started.");
    }

    private static Uri FreeUrl()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return new($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");
    }
}

/// <summary>A folder that is gone afterwards.</summary>
public sealed class DataFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("aiaas-journey-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
