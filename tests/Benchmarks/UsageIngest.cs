using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using AIaaS.Demo;

namespace AIaaS.Benchmarks;

/// <summary>
/// Usage events in over HTTP as CloudEvents: the real API in a process of its own on the embedded engines, a meter with a schema and two dimensions, each
/// event new, each answered for, durable. The load generator shares the machine, and the read model of usage follows meanwhile.
/// </summary>
internal sealed class UsageIngest : IBenchmark
{
    private const string AdminKey = "benchmark-0123456789-benchmark";
    private const string Path = "/v1/usage/events";
    private const int BatchSize = 500;
    private const int BatchClients = 4;
    private const int SingleClients = 32;
    // Until the code of the server is compiled as it stays: it compiles behind the load, on the same two cores. The floor has little code, and no profiles.
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan FloorWarmUp = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Time = TimeSpan.FromSeconds(5);

    public IReadOnlyList<Measure> Measures { get; } =
    [
        new("usage.ingest.batch500", "events/s", Better.Higher, new(40_000), "a bare Kestrel endpoint that reads the same bodies and gives answers of the same size"),
        new("usage.ingest.single32", "events/s", Better.Higher, new(6_000), "a bare Kestrel endpoint that reads the same bodies and gives answers of the same size"),
    ];

    public async Task<IReadOnlyDictionary<string, Sample>> RunAsync(BenchmarkContext context, CancellationToken cancellationToken)
    {
        Rate batches;
        Rate singles;
        await using (var api = await ApiProcess.StartAsync(System.IO.Path.Combine(AppContext.BaseDirectory, "AIaaS.Api.dll"), context.NewFolder("data"), ApiProcess.FreePort(), AdminKey, cancellationToken))
        {
            var key = await OpenTenantAsync(api, cancellationToken);
            batches = await MeasureAsync(api.Url, key, BatchClients, BatchSize, Path, WarmUp, context.Time, cancellationToken);
            singles = await MeasureAsync(api.Url, key, SingleClients, 1, Path, WarmUp, context.Time, cancellationToken);
            context.Say($"batches {batches.PerSecond:#,##0} events/s, single ones {singles.PerSecond:#,##0}/s");
            context.Say($"resident after it: {api.ResidentMiB:0} MiB");
        }

        var (batchFloor, singleFloor) = (await FloorAsync(BatchClients, BatchSize, batches.AnswerBytes), await FloorAsync(SingleClients, 1, singles.AnswerBytes));
        return new Dictionary<string, Sample>
        {
            ["usage.ingest.batch500"] = new(batches.PerSecond, batchFloor.PerSecond),
            ["usage.ingest.single32"] = new(singles.PerSecond, singleFloor.PerSecond),
        };

        async Task<Rate> FloorAsync(int clients, int size, int answerBytes)
        {
            await using var bare = await ApiProcess.StartAsync([typeof(UsageIngest).Assembly.Location, "child", BareKestrel.TaskName, answerBytes.ToString(CultureInfo.InvariantCulture)], context.Folder, ApiProcess.FreePort(), "none", cancellationToken);
            return await MeasureAsync(bare.Url, "none", clients, size, "/v1/messages", FloorWarmUp, context.Time, cancellationToken);
        }
    }

    private static async Task<string> OpenTenantAsync(ApiProcess api, CancellationToken cancellationToken)
    {
        using var platform = new ShopClient(api.Url, AdminKey);
        await platform.CreateTenantAsync("bench", "Bench", cancellationToken);
        var key = await platform.IssueKeyAsync("bench", "bench", cancellationToken);
        using var http = new HttpClient { BaseAddress = api.Url, DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", key) } };
        using var meter = new StringContent(
            """{ "eventType": "com.example.upload", "aggregation": "Sum", "value": "$.bytes", "dimensions": { "region": "$.region", "plan": "$.plan" }, "schema": { "type": "object", "required": [ "bytes", "region" ], "properties": { "bytes": { "type": "integer", "minimum": 0 }, "region": { "enum": [ "eu", "us", "ap", "sa" ] } } }, "unit": "bytes" }""",
            Encoding.UTF8,
            "application/json");
        using var declared = await http.PutAsync("/v1/meters/uploaded_bytes", meter, cancellationToken);
        declared.EnsureSuccessStatusCode();
        return key;
    }

    private readonly record struct Rate(double PerSecond, int AnswerBytes);

    private static async Task<Rate> MeasureAsync(Uri url, string key, int clients, int size, string path, TimeSpan warmUp, TimeProvider time, CancellationToken cancellationToken)
    {
        using var http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = clients, PooledConnectionLifetime = Timeout.InfiniteTimeSpan })
        {
            BaseAddress = url,
            DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", key) },
        };
        long sequence = 0;
        var answerBytes = 0;
        var senders = Enumerable.Range(0, clients).Select(_ => new EventBytes(size, time.GetUtcNow())).ToArray();
        var expected = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{{\"accepted\":{size},\"duplicate\":0,\"refused\":0,"));
        await SendForAsync(warmUp);
        var perSecond = await SendForAsync(Time);
        return new(perSecond, answerBytes);

        async Task<double> SendForAsync(TimeSpan span)
        {
            var since = Stopwatch.GetTimestamp();
            var counts = await Task.WhenAll(senders.Select(sender => Task.Run(
                async () =>
                {
                    long count = 0;
                    while (Stopwatch.GetElapsedTime(since) < span)
                    {
                        await SendAsync(sender);
                        count += size;
                    }

                    return count;
                },
                cancellationToken)));
            return counts.Sum() / Stopwatch.GetElapsedTime(since).TotalSeconds;
        }

        async Task SendAsync(EventBytes sender)
        {
            using var content = new ByteArrayContent(sender.Next(Interlocked.Add(ref sequence, size) - size));
            content.Headers.ContentType = new(size == 1 ? "application/cloudevents+json" : "application/cloudevents-batch+json");
            using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = content };
            using var answer = await http.SendAsync(request, cancellationToken);
            var body = await answer.Content.ReadAsByteArrayAsync(cancellationToken);
            answerBytes = body.Length;
            if (!answer.IsSuccessStatusCode || (path == Path && !body.AsSpan().StartsWith(expected)))
            {
                throw new InvalidOperationException($"POST {path} was answered with {(int)answer.StatusCode}: {Encoding.UTF8.GetString(body)[..Math.Min(body.Length, 500)]}");
            }
        }
    }

    /// <summary>The body of a request, made once; only the ids are written anew each time.</summary>
    private sealed class EventBytes
    {
        private const int Digits = 12;

        private readonly byte[] bytes;
        private readonly int[] ids;

        public EventBytes(int size, DateTimeOffset now)
        {
            var text = new StringBuilder();
            ids = new int[size];
            text.Append(size == 1 ? "" : "[");
            for (var i = 0; i < size; i++)
            {
                text.Append(i == 0 ? "" : ",").Append("""{"specversion":"1.0","id":"bench-""");
                ids[i] = text.Length;
                text.Append('0', Digits).Append('"').Append(CultureInfo.InvariantCulture, $$""","source":"/bench/{{size}}","type":"com.example.upload","subject":"customer-{{i % 50}}","time":"{{now:yyyy-MM-dd'T'HH:mm:ss'Z'}}","datacontenttype":"application/json","data":{"bytes":{{1_000 + i}},"region":"{{(i % 4) switch { 0 => "eu", 1 => "us", 2 => "ap", _ => "sa" }}}","plan":"team" """).Append("}}");
            }

            bytes = Encoding.ASCII.GetBytes(text.Append(size == 1 ? "" : "]").ToString());
        }

        public byte[] Next(long first)
        {
            foreach (var id in ids)
            {
                _ = System.Buffers.Text.Utf8Formatter.TryFormat(first++, bytes.AsSpan(id, Digits), out _, new('D', Digits));
            }

            return bytes;
        }
    }
}
