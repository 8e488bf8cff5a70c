using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;

namespace AIaaS.Demo;

/// <summary>The API in a process of its own, on a loopback port.</summary>
internal sealed partial class ApiProcess : IAsyncDisposable
{
    private const int Terminate = 15;
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(20);

    private readonly Process process;
    private readonly StringBuilder output = new();

    private ApiProcess(Process process, Uri url)
    {
        (this.process, Url) = (process, url);
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public Uri Url { get; }

    /// <summary>Resident memory now, in MiB.</summary>
    public double ResidentMiB
    {
        get
        {
            process.Refresh();
            return process.WorkingSet64 / 1024.0 / 1024.0;
        }
    }

    /// <summary>A loopback port that nothing listens on.</summary>
    public static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    /// <summary>Starts it, and waits until it has started.</summary>
    /// <exception cref="DemoException">It ended, or did not start in time; the message holds what it said.</exception>
    public static Task<ApiProcess> StartAsync(string program, string folder, int port, string adminKey, CancellationToken cancellationToken) =>
        StartAsync([program], folder, port, adminKey, cancellationToken);

    /// <summary>Starts a program that serves as the API does, with arguments.</summary>
    public static async Task<ApiProcess> StartAsync(IReadOnlyList<string> command, string folder, int port, string adminKey, CancellationToken cancellationToken)
    {
        var url = new Uri($"http://127.0.0.1:{port}");
        var start = new ProcessStartInfo("dotnet", command)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment =
            {
                ["Urls"] = url.ToString(),
                ["DataFolder"] = folder,
                ["Admin__ApiKey"] = adminKey,
                ["Serilog__MinimumLevel__Default"] = "Warning",
            },
        };
        var api = new ApiProcess(Process.Start(start)!, url);
        try
        {
            await api.AwaitStartAsync(cancellationToken);
            return api;
        }
        catch
        {
            await api.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits until it ends.</summary>
    public Task WaitAsync(CancellationToken cancellationToken) => process.WaitForExitAsync(cancellationToken);

    /// <summary>What it wrote, at most the last lines.</summary>
    public string Said()
    {
        lock (output)
        {
            return output.ToString();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            if (OperatingSystem.IsWindows() || Signal(process.Id, Terminate) != 0)
            {
                process.Kill();
            }

            using var limit = new CancellationTokenSource(StopLimit);
            try
            {
                await process.WaitForExitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
            }
        }

        process.Dispose();
    }

    private async Task AwaitStartAsync(CancellationToken cancellationToken)
    {
        using var http = new HttpClient { BaseAddress = Url, Timeout = TimeSpan.FromSeconds(5) };
        var since = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(since) < StartLimit)
        {
            if (process.HasExited)
            {
                throw new DemoException($"The API ended at the start with exit code {process.ExitCode}:\n{Said()}");
            }

            try
            {
                using var answer = await http.GetAsync("/health/started", cancellationToken);
                if (answer.IsSuccessStatusCode)
                {
                    return;
                }
            }
            catch (HttpRequestException)
            {
                // It does not listen yet.
                await Task.Delay(50, cancellationToken);
            }

            await Task.Delay(50, cancellationToken);
        }

        throw new DemoException($"The API did not start within {StartLimit.TotalSeconds:0} seconds:\n{Said()}");
    }

    private void Keep(string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (output)
        {
            output.AppendLine(line);
            if (output.Length > 20_000)
            {
                output.Remove(0, 10_000);
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Signal(int process, int signal);
}

/// <summary>The demo cannot go on; the message says why.</summary>
internal sealed class DemoException(string message) : Exception(message);
