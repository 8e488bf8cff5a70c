using System.Runtime.CompilerServices;
using AIaaS.EventStore.Embedded.Sqlite;
using Microsoft.Extensions.Logging;

namespace AIaaS.EventStore.Embedded;

/// <summary>Competing consumers, with their state in the log's own file.</summary>
internal sealed class EmbeddedConsumerGroups(LogWriter writer, ReaderPool readers, TimeProvider time, ILogger log) : IConsumerGroups
{
    private readonly Lock gate = new();
    private readonly Dictionary<(string Stream, string Group), ConsumerGroup> loaded = [];
    private Exception? closed;

    /// <inheritdoc />
    public async Task CreateAsync(string stream, string group, ConsumerGroupSettings settings, CancellationToken cancellationToken = default)
    {
        if ((EventStoreLimits.NameFault(stream) ?? EventStoreLimits.NameFault(group)) is { } fault)
        {
            throw new ConsumerGroupException($"The group '{group}' on '{stream}' cannot be created: of one of these names, {fault}.");
        }

        if (settings.StartAfter < -1 || settings.MaxRetries is < 0 or > 100 || settings.MessageTimeout < TimeSpan.FromMilliseconds(100))
        {
            throw new ConsumerGroupException($"The group '{group}' on '{stream}' cannot be created with {settings}: StartAfter is -1 or more, MaxRetries 0 to 100, MessageTimeout 100 ms or more.");
        }

        _ = await writer.DoAsync(w =>
        {
            if (Find(w.Connection, stream, group) is not null)
            {
                throw new ConsumerGroupException($"The group '{group}' on stream '{stream}' exists already.");
            }

            using var insert = new Statement(w.Connection, "INSERT INTO consumer_groups (stream, name, max_retries, timeout_ms, done) VALUES (?, ?, ?, ?, ?)");
            insert.Bind(1, stream).Bind(2, group).Bind(3, settings.MaxRetries).Bind(4, (long)settings.MessageTimeout.TotalMilliseconds).Bind(5, settings.StartAfter);
            insert.Run();
            return true;
        });
    }

    /// <inheritdoc />
    public async Task DeleteAsync(string stream, string group, CancellationToken cancellationToken = default)
    {
        ConsumerGroup? running = null;
        try
        {
            _ = await writer.DoAsync(w =>
            {
                var found = Find(w.Connection, stream, group) ?? throw Missing(stream, group);
                lock (gate)
                {
                    // With the writer, so that a group of the same name which is created next is another one.
                    running = loaded.Remove((stream, group), out var known) ? known : running;
                }

                foreach (var sql in (ReadOnlySpan<string>)["DELETE FROM consumer_events WHERE consumer_group = ?", "DELETE FROM consumer_groups WHERE id = ?"])
                {
                    using var delete = new Statement(w.Connection, sql);
                    delete.Bind(1, found.Id).Run();
                }

                return true;
            });
        }
        finally
        {
            running?.End(new ConsumerGroupException($"The group '{group}' on stream '{stream}' was deleted."));
        }
    }

    /// <inheritdoc />
    public async IAsyncEnumerable<ConsumerDelivery> ConsumeAsync(string stream, string group, int bufferSize = 10, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        if (bufferSize is < 1 or > 1000)
        {
            throw new ConsumerGroupException($"A member of group '{group}' cannot hold {bufferSize} deliveries; bufferSize is 1 to 1,000.");
        }

        var running = await LoadAsync(stream, group, cancellationToken);
        var member = running.Join(bufferSize);
        try
        {
            await foreach (var delivery in member.Deliveries.Reader.ReadAllAsync(cancellationToken))
            {
                if (delivery.IsOpen)
                {
                    yield return delivery;
                }
            }
        }
        finally
        {
            running.Leave(member);
        }
    }

    /// <inheritdoc />
    public async Task<ConsumerGroupInfo> GetAsync(string stream, string group, CancellationToken cancellationToken = default) =>
        (await LoadAsync(stream, group, cancellationToken)).Info;

    /// <inheritdoc />
    public async IAsyncEnumerable<RecordedEvent> ReadParkedAsync(string stream, string group, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var running = await LoadAsync(stream, group, cancellationToken);
        foreach (var version in running.ParkedVersions)
        {
            if (await ReadAsync(stream, version, cancellationToken) is { } @event)
            {
                yield return @event;
            }
        }
    }

    /// <inheritdoc />
    public async Task ReplayParkedAsync(string stream, string group, CancellationToken cancellationToken = default) =>
        await (await LoadAsync(stream, group, cancellationToken)).ReplayParkedAsync();

    internal void Close(Exception reason)
    {
        List<ConsumerGroup> all;
        lock (gate)
        {
            closed = reason;
            all = [.. loaded.Values];
        }

        foreach (var group in all)
        {
            group.End(reason);
        }
    }

    private static ConsumerGroupException Missing(string stream, string group) => new($"There is no group '{group}' on stream '{stream}'. Create it first.");

    private static StoredGroup? Find(Connection connection, string stream, string group)
    {
        using var select = new Statement(connection, "SELECT id, max_retries, timeout_ms, done FROM consumer_groups WHERE stream = ? AND name = ?");
        select.Bind(1, stream).Bind(2, group);
        return select.Step()
            ? new(select.Int64(0), stream, group, (int)select.Int64(1), TimeSpan.FromMilliseconds(select.Int64(2)), select.Int64(3))
            : null;
    }

    private static List<StoredConsumerEvent> FindEvents(Connection connection, long group)
    {
        using var select = new Statement(connection, "SELECT version, state, retries FROM consumer_events WHERE consumer_group = ? ORDER BY version");
        select.Bind(1, group);
        List<StoredConsumerEvent> events = [];
        while (select.Step())
        {
            events.Add(new(select.Int64(0), (ConsumerEventState)select.Int64(1), (int)select.Int64(2)));
        }

        return events;
    }

    private async Task<ConsumerGroup> LoadAsync(string stream, string group, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            if (closed is not null)
            {
                throw closed;
            }

            if (loaded.TryGetValue((stream, group), out var running))
            {
                return running;
            }
        }

        // Through the writer, so that what was created or deleted just before is seen.
        cancellationToken.ThrowIfCancellationRequested();
        return await writer.DoAsync(w =>
        {
            var found = Find(w.Connection, stream, group) ?? throw Missing(stream, group);
            lock (gate)
            {
                if (closed is not null)
                {
                    throw closed;
                }

                if (!loaded.TryGetValue((stream, group), out var running))
                {
                    loaded.Add((stream, group), running = new(found, FindEvents(w.Connection, found.Id), writer, readers, time, log));
                }

                return running;
            }
        });
    }

    private async Task<RecordedEvent?> ReadAsync(string stream, long version, CancellationToken cancellationToken)
    {
        List<RecordedEvent> page = [];
        _ = await readers.ReadHereAsync(
            r => r.FindStream(stream) is { IsEmpty: false } head ? r.ReadStream(head, ReadDirection.Forwards, version, 1, long.MinValue, page) : null,
            cancellationToken);
        return page is [{ } only] && only.Version == version ? only : null;
    }
}

internal enum ConsumerEventState
{
    Again = 0,
    Done = 1,
    Parked = 2,
}

internal sealed record StoredGroup(long Id, string Stream, string Name, int MaxRetries, TimeSpan Timeout, long Done);

internal readonly record struct StoredConsumerEvent(long Version, ConsumerEventState State, int Retries);
