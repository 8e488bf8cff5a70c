using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;
using AIaaS.Domain.Metering;
using AIaaS.EventStore;

namespace AIaaS.Commands.Metering;

/// <summary>What became of a usage event.</summary>
public enum UsageStatus
{
    /// <summary>It is recorded.</summary>
    Accepted,

    /// <summary>It was recorded before, just so.</summary>
    Duplicate,

    /// <summary>It is not recorded.</summary>
    Refused,
}

/// <summary>What became of a usage event.</summary>
/// <param name="Source">Its source; null where it could not be read.</param>
/// <param name="Id">Its id; null where it could not be read.</param>
/// <param name="Status">What became of it.</param>
/// <param name="Sequence">Its number in the tenant's usage; -1 for a refused one.</param>
/// <param name="Error">Why it was refused; null otherwise.</param>
public readonly record struct UsageAnswer(string? Source, string? Id, UsageStatus Status, long Sequence, DomainError? Error);

/// <summary>Usage events of one request on their way into the log. It is given back (disposed) when its answers have been read.</summary>
public sealed class UsageBatch : IDisposable
{
    private readonly UsageLog owner;
    private readonly UsageBuffer buffer = new();
    private readonly Utf8JsonWriter writer;
    private readonly List<UsageEntry> entries = [];

    internal UsageBatch(UsageLog owner)
    {
        this.owner = owner;
        writer = new(buffer, new JsonWriterOptions { SkipValidation = true });
    }

    /// <summary>The tenant.</summary>
    public string Tenant { get; private set; } = "";

    /// <summary>When it came in.</summary>
    public DateTimeOffset At { get; private set; }

    /// <summary>How many events it has.</summary>
    public int Count => entries.Count;

    /// <summary>How far the log must be seen for all events of the batch; known when it is recorded.</summary>
    public LogPosition Position { get; internal set; }

    /// <summary>What became of an event.</summary>
    public UsageAnswer this[int index]
    {
        get
        {
            var entry = entries[index];
            return new(entry.Source, entry.Name, entry.Status, entry.Status == UsageStatus.Refused ? -1 : entry.Sequence, entry.Error);
        }
    }

    /// <summary>Whether the platform measured it itself: such usage is never refused for its age, and what is there already stands.</summary>
    internal bool IsOfPlatform { get; private set; }

    internal ReadOnlyMemory<byte> Metadata { get; private set; }

    internal Span<UsageEntry> Entries => CollectionsMarshal.AsSpan(entries);

    private MeterSet Meters { get; set; } = MeterSet.BuiltIn;

    /// <summary>Adds an event, or its refusal.</summary>
    /// <param name="source">CloudEvents source.</param>
    /// <param name="id">CloudEvents id.</param>
    /// <param name="type">CloudEvents type.</param>
    /// <param name="subject">CloudEvents subject; null where there is none.</param>
    /// <param name="time">CloudEvents time; null where there is none: then it is now.</param>
    /// <param name="data">CloudEvents data as JSON, valid UTF-8 and looked through (<see cref="UsageDataCheck"/>); empty for none.</param>
    public void Add(string source, string id, string type, string? subject, DateTimeOffset? time, ReadOnlySpan<byte> data)
    {
        if (!IsOfPlatform && UsageRules.Refusal(source, id, type, subject, time, At) is { } refusal)
        {
            Refuse(source, id, refusal);
            return;
        }

        if (Meters.Find(type) is not { } meters)
        {
            Refuse(source, id, UsageErrors.TypeUnknown(type));
            return;
        }

        var start = buffer.Length;
        if (UsageJson.Write(writer, source, id, meters, subject, time?.ToUniversalTime() ?? At, data, At, out var content) is { } error)
        {
            writer.Reset();
            buffer.Length = start;
            Refuse(source, id, error);
            return;
        }

        writer.Flush();
        writer.Reset();
        var record = buffer.Written(start, buffer.Length - start);
        entries.Add(new()
        {
            Key = UsageKey.Of(NamedId.Of("usage", Tenant, source, id)),
            Source = source,
            Name = id,
            Content = UsageHash.Of(content, record.Span),
            // As when the record is read again: an event of the very time of its arrival counts as one without a time of its own.
            Time = time is { } own && own.UtcTicks != At.UtcTicks ? own.UtcTicks : 0,
            Start = start,
            Length = record.Length,
        });
    }

    /// <summary>Adds the refusal of an event that could not even be read.</summary>
    public void Refuse(string? source, string? id, DomainError error) =>
        entries.Add(new() { Source = source, Name = id, Status = UsageStatus.Refused, Error = error });

    /// <inheritdoc />
    public void Dispose() => owner.TakeBack(this);

    internal void Begin(string tenant, MeterSet meters, EventMetadata metadata, DateTimeOffset at, bool isOfPlatform)
    {
        (Tenant, Meters, Metadata, At, IsOfPlatform, Position) = (tenant, meters, metadata.ToUtf8(), at, isOfPlatform, default);
        entries.Clear();
        writer.Reset();
        buffer.Length = 0;
    }

    internal bool IsSmall => buffer.Capacity <= 1 << 20;

    internal NewEvent Event(in UsageEntry entry, uint writtenBy) => new(entry.Key.EventId(writtenBy), UsageMetered.TypeName, buffer.Written(entry.Start, entry.Length), Metadata);

    internal void End() => writer.Dispose();
}

/// <summary>
/// What (tenant, source, id) of a usage event come down to: 12 bytes that begin the id of its event in the log. The last 4 bytes of that id tell the writers
/// apart. A log takes events that it finds at their place under the same ids for a repetition, whatever they say, and two processes may be sent one id with
/// different content in one moment.
/// </summary>
internal readonly record struct UsageKey
{
    private readonly Guid bytes;

    private UsageKey(Guid bytes) => this.bytes = bytes;

    /// <summary>The key of an event in the log.</summary>
    public static UsageKey Of(Guid eventId) => new(With(eventId, 0));

    /// <summary>The id in the log, of the event as this writer writes it.</summary>
    public Guid EventId(uint writtenBy) => With(bytes, writtenBy);

    private static Guid With(Guid id, uint last)
    {
        BinaryPrimitives.WriteUInt32BigEndian(MemoryMarshal.AsBytes(new Span<Guid>(ref id))[12..], last);
        return id;
    }
}

/// <summary>A usage event of a batch.</summary>
internal struct UsageEntry
{
    public UsageKey Key;
    public string? Source;
    public string? Name;
    public ulong Content;
    public long Time;
    public int Start;
    public int Length;
    public UsageStatus Status;
    public long Sequence;
    public DomainError? Error;
}

/// <summary>Bytes that can be taken back.</summary>
internal sealed class UsageBuffer : IBufferWriter<byte>
{
    private byte[] bytes = new byte[4_096];

    public int Length { get; set; }

    public int Capacity => bytes.Length;

    public void Advance(int count) => Length += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return bytes.AsMemory(Length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return bytes.AsSpan(Length);
    }

    public ReadOnlyMemory<byte> Written(int start, int length) => bytes.AsMemory(start, length);

    private void Reserve(int size)
    {
        size = Math.Max(size, 256);
        if (bytes.Length - Length < size)
        {
            Array.Resize(ref bytes, Math.Max(bytes.Length * 2, Length + size));
        }
    }
}
