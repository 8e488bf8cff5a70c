using System.Diagnostics;
using AIaaS.EventStore;
using AIaaS.EventStore.Embedded;
using AIaaS.EventStore.Embedded.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIaaS.Benchmarks;

/// <summary>What the log benchmarks share: 300-byte events, an embedded log, and bare SQLite with the same file, layout and fsync.</summary>
internal static class LogBench
{
    internal const int EventBytes = 300;

    private static readonly byte[] Metadata = "{\"$correlationId\":\"0197f3a2c4d87b6e9a10f2b3c4d5e6f7\",\"tenant\":\"acme\"}"u8.ToArray();

    internal static Task<IEventStore> OpenAsync(string folder) =>
        EventStoreEngines.OpenAsync(new() { DataFolder = folder }, TimeProvider.System, NullLoggerFactory.Instance);

    internal static NewEvent[] NewEvents(IdSource ids, int count)
    {
        var events = new NewEvent[count];
        for (var i = 0; i < count; i++)
        {
            events[i] = NewEvent(ids);
        }

        return events;
    }

    internal static NewEvent NewEvent(IdSource ids)
    {
        var data = new byte[EventBytes - Metadata.Length];
        data.AsSpan().Fill((byte)'x');
        return new(ids.NewId(), "agent.step.completed", data, Metadata);
    }

    internal static string Stream(int number) => $"agentRun-acme_{number:x32}";

    /// <summary>Bare SQLite: the log's own file, filled by one loop.</summary>
    internal sealed unsafe class Raw : IDisposable
    {
        private const string Columns = "position, stream, version, type, flags, recorded, id, metadata, data";

        private readonly Connection connection;
        private readonly Statement begin;
        private readonly Statement commit;
        private readonly Statement insert;
        private readonly byte[] id = new byte[16];
        private readonly byte[] data = new byte[EventBytes - Metadata.Length];
        private readonly Dictionary<int, long> versions = [];
        private long position;

        internal Raw(string folder)
        {
            var tuning = new Tuning();
            connection = LogFile.Open(folder, tuning).Writer();
            connection.Execute($"PRAGMA wal_autocheckpoint = {tuning.CheckpointPages}");
            begin = connection.Prepare("BEGIN IMMEDIATE");
            commit = connection.Prepare("COMMIT");
            insert = connection.Prepare($"INSERT INTO events ({Columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
        }

        internal void Commit(int stream, int rows)
        {
            begin.Run();
            var version = versions.GetValueOrDefault(stream);
            for (var i = 0; i < rows; i++)
            {
                BitConverter.TryWriteBytes(id, ++position);
                insert.Bind(1, position).Bind(2, stream).Bind(3, version++).Bind(4, 1).Bind(5, 1).Bind(6, 638000000000000000 + position);
                fixed (byte* idStart = id, metadata = Metadata, dataStart = data)
                {
                    insert.BindPinned(7, idStart, id.Length);
                    insert.BindPinned(8, metadata, Metadata.Length);
                    insert.BindPinned(9, dataStart, data.Length);
                    insert.Run();
                }
            }

            versions[stream] = version;
            commit.Run();
        }

        /// <summary>Reads all rows of a log's file, each into memory of its own.</summary>
        internal static (long Rows, TimeSpan Took) ReadAll(string folder)
        {
            using var connection = new Connection(Path.Combine(folder, LogFile.Name), Native.OpenReadOnly);
            using var select = new Statement(connection, $"SELECT {Columns} FROM events ORDER BY position");
            var started = Stopwatch.GetTimestamp();
            long rows = 0;
            while (select.Step())
            {
                _ = (select.Int64(0), select.Int64(1), select.Int64(2), select.Int64(3), select.Int64(4), select.Int64(5));
                _ = (select.Bytes(6).ToArray(), select.Bytes(7).ToArray(), select.Bytes(8).ToArray());
                rows++;
            }

            return (rows, Stopwatch.GetElapsedTime(started));
        }

        public void Dispose() => connection.Dispose();
    }
}

/// <summary>One writer that appends batches of 500, each when the one before it is durable. Making the events is not measured.</summary>
internal sealed class LogAppendBatch500 : IBenchmark
{
    private const int Batch = 500;
    private const int Batches = 400;
    private const int WarmUp = 50;

    public IReadOnlyList<Measure> Measures { get; } =
    [
        new("log.append.batch500", "events/s", Better.Higher, new(Value: 80_000, Ratio: 0.8), "bare SQLite inserts of the same rows in the same file layout, 500 to a transaction"),
    ];

    public async Task<IReadOnlyDictionary<string, Sample>> RunAsync(BenchmarkContext context, CancellationToken cancellationToken)
    {
        var floor = Floor(context.NewFolder("raw"));
        var ids = IdSource.From(context.Time);
        NewEvent[][] batches = [.. Enumerable.Range(0, WarmUp + Batches).Select(_ => LogBench.NewEvents(ids, Batch))];
        await using var store = await LogBench.OpenAsync(context.NewFolder("log"));
        await WriteAsync(store, 1, batches[..WarmUp]);
        var started = Stopwatch.GetTimestamp();
        await WriteAsync(store, 0, batches[WarmUp..]);
        var value = Batch * Batches / Stopwatch.GetElapsedTime(started).TotalSeconds;
        return new Dictionary<string, Sample> { ["log.append.batch500"] = new(value, floor) };
    }

    private static double Floor(string folder)
    {
        using var raw = new LogBench.Raw(folder);
        for (var i = 0; i < WarmUp; i++)
        {
            raw.Commit(1, Batch);
        }

        var started = Stopwatch.GetTimestamp();
        for (var i = 0; i < Batches; i++)
        {
            raw.Commit(0, Batch);
        }

        return Batch * Batches / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private static async Task WriteAsync(IEventStore store, int stream, NewEvent[][] batches)
    {
        var version = -1L;
        foreach (var batch in batches)
        {
            version = (await store.AppendAsync(LogBench.Stream(stream), ExpectedVersion.Exact(version), batch)).Version;
        }
    }
}

/// <summary>64 writers that append single events, each to its own stream.</summary>
internal sealed class LogAppendSingle64 : IBenchmark
{
    private const int Writers = 64;
    private const int EventsEach = 800;
    private const int SerialCommits = 1_000;

    public IReadOnlyList<Measure> Measures { get; } =
    [
        new("log.append.single64", "events/s", Better.Higher, new(Value: 20_000, Ratio: 6), "durable single-row commits of bare SQLite, one after the other"),
    ];

    public async Task<IReadOnlyDictionary<string, Sample>> RunAsync(BenchmarkContext context, CancellationToken cancellationToken)
    {
        var floor = Floor(context.NewFolder("raw"));
        var ids = IdSource.From(context.Time);
        await using var store = await LogBench.OpenAsync(context.NewFolder("log"));
        await WriteAsync(store, ids, EventsEach / 8, Writers);
        var started = Stopwatch.GetTimestamp();
        await WriteAsync(store, ids, EventsEach, 0);
        var value = Writers * EventsEach / Stopwatch.GetElapsedTime(started).TotalSeconds;
        return new Dictionary<string, Sample> { ["log.append.single64"] = new(value, floor) };
    }

    private static double Floor(string folder)
    {
        using var raw = new LogBench.Raw(folder);
        for (var i = 0; i < SerialCommits / 8; i++)
        {
            raw.Commit(i % Writers, 1);
        }

        var started = Stopwatch.GetTimestamp();
        for (var i = 0; i < SerialCommits; i++)
        {
            raw.Commit(i % Writers, 1);
        }

        return SerialCommits / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private static Task WriteAsync(IEventStore store, IdSource ids, int events, int firstStream) => Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
    {
        for (var i = 0; i < events; i++)
        {
            await store.AppendAsync(LogBench.Stream(firstStream + writer), ExpectedVersion.Exact(i - 1), [LogBench.NewEvent(ids)]);
        }
    })));
}

/// <summary>One writer, single events; and how long until a live subscriber has each.</summary>
internal sealed class LogAppendSerial : IBenchmark
{
    private const int Rounds = 10;
    private const int EventsEach = 150;

    public IReadOnlyList<Measure> Measures { get; } =
    [
        new("log.append.serial.p50", "ms", Better.Lower, new(Ratio: 1.4), "p50 of a durable single-row commit of bare SQLite"),
        new("log.live.p50", "ms", Better.Lower, new(Beyond: 1), "p50 of a durable single-row commit of bare SQLite"),
    ];

    public async Task<IReadOnlyDictionary<string, Sample>> RunAsync(BenchmarkContext context, CancellationToken cancellationToken)
    {
        var ids = IdSource.From(context.Time);
        using var raw = new LogBench.Raw(context.NewFolder("raw"));
        await using var store = await LogBench.OpenAsync(context.NewFolder("log"));
        List<double> commits = [];
        List<double> appends = [];
        List<double> live = [];
        var version = -1L;

        // In turns, so that both see the same mood of the disk. The first round warms up.
        for (var round = 0; round <= Rounds; round++)
        {
            for (var i = 0; i < EventsEach; i++)
            {
                var started = Stopwatch.GetTimestamp();
                raw.Commit(1, 1);
                Add(commits, round, started);
            }

            for (var i = 0; i < EventsEach; i++)
            {
                NewEvent[] events = [LogBench.NewEvent(ids)];
                var started = Stopwatch.GetTimestamp();
                version = (await store.AppendAsync(LogBench.Stream(1), ExpectedVersion.Exact(version), events, cancellationToken)).Version;
                Add(appends, round, started);
            }
        }

        await using var subscription = store.SubscribeToAllAsync(LogPosition.End, EventFilter.Streams("agentRun-"), cancellationToken).GetAsyncEnumerator(cancellationToken);
        await NextAsync(subscription, SubscriptionMessageKind.CaughtUp);
        for (var i = 0; i < Rounds * EventsEach; i++)
        {
            NewEvent[] events = [LogBench.NewEvent(ids)];
            var next = Task.Run(() => NextAsync(subscription, SubscriptionMessageKind.Event), cancellationToken);
            var started = Stopwatch.GetTimestamp();
            version = (await store.AppendAsync(LogBench.Stream(1), ExpectedVersion.Exact(version), events, cancellationToken)).Version;
            live.Add(Stopwatch.GetElapsedTime(started, await next).TotalMilliseconds);
        }

        var floor = Figures.Percentile([.. commits], 0.5);
        return new Dictionary<string, Sample>
        {
            ["log.append.serial.p50"] = new(Figures.Percentile([.. appends], 0.5), floor),
            ["log.live.p50"] = new(Figures.Percentile([.. live], 0.5), floor),
        };
    }

    private static void Add(List<double> times, int round, long started)
    {
        var took = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        if (round > 0)
        {
            times.Add(took);
        }
    }

    private static async Task<long> NextAsync(IAsyncEnumerator<SubscriptionMessage> subscription, SubscriptionMessageKind kind)
    {
        do
        {
            _ = await subscription.MoveNextAsync();
        }
        while (subscription.Current.Kind != kind);

        return Stopwatch.GetTimestamp();
    }
}

/// <summary>A subscription that catches up with the whole log.</summary>
internal sealed class LogCatchUp : IBenchmark
{
    private const int Events = 400_000;
    private const int Streams = 2_000;

    public IReadOnlyList<Measure> Measures { get; } =
    [
        new("log.catchup", "events/s", Better.Higher, new(Value: 250_000), "rows read by bare SQLite from the same file, each into memory of its own"),
    ];

    public async Task<IReadOnlyDictionary<string, Sample>> RunAsync(BenchmarkContext context, CancellationToken cancellationToken)
    {
        var ids = IdSource.From(context.Time);
        var folder = context.NewFolder("log");
        await using (var store = await LogBench.OpenAsync(folder))
        {
            for (var i = 0; i < Events / 200; i++)
            {
                await store.AppendAsync(LogBench.Stream(i % Streams), ExpectedVersion.Any, LogBench.NewEvents(ids, 200), cancellationToken);
            }
        }

        await using var opened = await LogBench.OpenAsync(folder);
        await ReadAsync(opened, Events / 10, cancellationToken);
        var (rows, took) = LogBench.Raw.ReadAll(folder);
        var started = Stopwatch.GetTimestamp();
        await ReadAsync(opened, Events, cancellationToken);
        var value = Events / Stopwatch.GetElapsedTime(started).TotalSeconds;
        return new Dictionary<string, Sample> { ["log.catchup"] = new(value, rows / took.TotalSeconds) };
    }

    private static async Task ReadAsync(IEventStore store, int count, CancellationToken cancellationToken)
    {
        var events = 0;
        await foreach (var message in store.SubscribeToAllAsync(cancellationToken: cancellationToken))
        {
            if (message.Kind is SubscriptionMessageKind.Event && ++events == count)
            {
                return;
            }
        }
    }
}
