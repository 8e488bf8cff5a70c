using AIaaS;
using System.Diagnostics;
using System.Globalization;
using AIaaS.EventStore;
using Microsoft.Extensions.Logging.Abstractions;

namespace EventStore.Tests.Embedded;

public sealed class Killing_the_process_while_64_writers_append
{
    private static readonly int Kills = Soak.Count(4, full: 50);

    private readonly Dictionary<Guid, (string Stream, long Version)> acknowledged = [];
    private TempFolder folder = null!;

    [SetUp]
    public void MakeFolder() => folder = new();

    [TearDown]
    public void RemoveFolder() => folder.Dispose();

    [Test]
    public async Task keeps_each_acknowledged_event_once_and_in_order_and_none_half()
    {
        var random = new Random(20260131);
        for (var round = 0; round < Kills; round++)
        {
            await WriteAndKillAsync(round, random);
            await CheckAsync();
        }

        acknowledged.Should().NotBeEmpty();
    }

    private async Task WriteAndKillAsync(int round, Random random)
    {
        var program = System.IO.Path.Combine(AppContext.BaseDirectory, "CrashWriter.dll");
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet") { RedirectStandardOutput = true, ArgumentList = { program, folder.Path, round.ToString(CultureInfo.InvariantCulture) } };
        using var process = Process.Start(start)!;
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        var lines = 0;
        var killAfter = random.Next(1, 5_000);
        try
        {
            // What it still says after the kill was acknowledged before it.
            while (await process.StandardOutput.ReadLineAsync(deadline.Token) is { } line)
            {
                if (Acknowledge(line) && ++lines == killAfter)
                {
                    process.Kill();
                }
            }
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
        }

        lines.Should().BeGreaterThanOrEqualTo(killAfter, "the writer runs until it is killed");
    }

    private bool Acknowledge(string line)
    {
        var parts = line.Split(' ');
        if (parts is not [var stream, var first, var last, _, var ids])
        {
            return false;
        }

        var from = long.Parse(first, CultureInfo.InvariantCulture);
        var to = long.Parse(last, CultureInfo.InvariantCulture);
        var written = ids.Split(',');
        if (written.Length != to - from + 1 || !Guid.TryParseExact(written[^1], "N", out _))
        {
            // The pipe ended inside this line.
            return false;
        }

        for (var i = 0; i < written.Length; i++)
        {
            acknowledged.Add(Guid.ParseExact(written[i], "N"), (stream, from + i));
        }

        return true;
    }

    private async Task CheckAsync()
    {
        await using var store = await EventStoreEngines.OpenAsync(new() { DataFolder = folder.Path }, TimeProvider.System, NullLoggerFactory.Instance);
        Dictionary<string, long> versions = [];
        HashSet<Guid> seen = [];
        ulong position = 0;
        var found = 0;
        await foreach (var @event in store.ReadAllAsync())
        {
            // Plain conditions: at the full count these are tens of millions.
            Hold(@event.Position.Value > position, "no position is used twice", @event);
            position = @event.Position.Value;
            Hold(@event.Version == versions.GetValueOrDefault(@event.Stream, -1) + 1, "versions have no gap", @event);
            versions[@event.Stream] = @event.Version;
            Hold(seen.Add(@event.Id), "each event is there once", @event);
            Hold(@event.Data.Span.SequenceEqual(DataOf(@event.Id, @event.Data.Length)), "no event is half", @event);
            if (acknowledged.TryGetValue(@event.Id, out var promised))
            {
                Hold(promised == (@event.Stream, @event.Version), $"it is where it was acknowledged to be, {promised}", @event);
                found++;
            }
        }

        found.Should().Be(acknowledged.Count, "nothing acknowledged is lost");
        foreach (var (stream, last) in versions)
        {
            var read = 0L;
            await foreach (var @event in store.ReadStreamAsync(stream))
            {
                Hold(@event.Version == read++, "a stream has no gap", @event);
            }

            read.Should().Be(last + 1, "a stream and the whole log hold the same events");
        }
    }

    private static byte[] DataOf(Guid id, int length)
    {
        var data = new byte[length];
        new Random(id.GetHashCode()).NextBytes(data);
        return data;
    }

    private static void Hold(bool condition, string rule, RecordedEvent @event)
    {
        if (!condition)
        {
            throw new AssertionException($"Not so: {rule}; event {@event.Id}, {@event.Stream} version {@event.Version}, position {@event.Position}.");
        }
    }
}
