using System.Globalization;
using System.Text.Json;
using AIaaS.Domain.Metering;
using AIaaS.EventStore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AIaaS.Commands.Metering;

/// <summary>
/// Counts API requests by tenant, route and status, and records each second's counts as usage: one event for each route and status that was asked for.
/// What a crash loses is the last second at most, in the customer's favour; an orderly stop loses nothing.
/// </summary>
public sealed partial class RequestMeter(UsageLog usage, IdSource ids, TimeProvider time, ILogger<RequestMeter> log) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    private readonly Lock gate = new();
    private readonly SemaphoreSlim flushing = new(1);
    private readonly List<(string Tenant, PlatformUsage Usage)> left = [];
    private Dictionary<(string Tenant, string Route, int Status), long> counts = [];
    private long number;

    /// <summary>The CloudEvents source of what this process counts: <c>aiaas/api/</c> and the process's id.</summary>
    public string Source { get; } = "aiaas/api/" + ids.NewId().ToString("N");

    /// <summary>Counts a request.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="route">Method and route template, such as <c>GET /v1/runs/{run}</c>: never the path itself.</param>
    /// <param name="status">The answer's HTTP status.</param>
    public void Count(string tenant, string route, int status)
    {
        lock (gate)
        {
            ref var count = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(counts, (tenant, route, status), out _);
            count++;
        }
    }

    /// <summary>Records what was counted since the last time.</summary>
    public async Task FlushAsync()
    {
        await flushing.WaitAsync();
        try
        {
            Dictionary<(string Tenant, string Route, int Status), long> counted;
            lock (gate)
            {
                (counted, counts) = (counts, []);
            }

            var now = time.GetUtcNow();
            foreach (var ((tenant, route, status), requests) in counted)
            {
                left.Add((tenant, new(Source, (++number).ToString(CultureInfo.InvariantCulture), BuiltInMeters.ApiRequest, null, now, Data(route, status, requests))));
            }

            // What could not be recorded stays as it is, with its ids: whatever became of it, it is counted once.
            foreach (var of in left.GroupBy(u => u.Tenant, StringComparer.Ordinal).ToArray())
            {
                await usage.RecordAsync(of.Key, of.Select(u => u.Usage), new EventMetadata { Tenant = of.Key, Actor = "request-meter" });
                left.RemoveAll(u => u.Tenant == of.Key);
            }
        }
        finally
        {
            flushing.Release();
        }
    }

    /// <inheritdoc />
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await TryFlushAsync();
    }

    /// <inheritdoc />
    public override void Dispose()
    {
        base.Dispose();
        flushing.Dispose();
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            await TryFlushAsync();
        }
    }

    private static byte[] Data(string route, int status, long requests)
    {
        using var data = new MemoryStream();
        using (var writer = new Utf8JsonWriter(data))
        {
            writer.WriteStartObject();
            writer.WriteString("route"u8, route);
            writer.WriteNumber("status"u8, status);
            writer.WriteNumber("requests"u8, requests);
            writer.WriteEndObject();
        }

        return data.ToArray();
    }

    private async Task TryFlushAsync()
    {
        try
        {
            await FlushAsync();
        }
        catch (Exception e)
        {
            NotRecorded(log, e);
        }
    }

    [LoggerMessage(LogLevel.Warning, "API requests could not be recorded as usage; they are kept and recorded with the next ones.")]
    private static partial void NotRecorded(ILogger log, Exception error);
}
