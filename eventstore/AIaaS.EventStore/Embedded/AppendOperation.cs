namespace AIaaS.EventStore.Embedded;

/// <summary>Appends events to one stream, or finds them there already.</summary>
internal sealed class AppendOperation : WriterOperation<AppendResult>
{
    private readonly string stream;
    private readonly ExpectedVersion expected;
    private readonly IReadOnlyList<NewEvent> events;

    internal AppendOperation(string stream, ExpectedVersion expected, IReadOnlyList<NewEvent> events)
    {
        this.stream = stream;
        this.expected = expected;
        this.events = events;
        long bytes = 0;
        for (var i = 0; i < events.Count; i++)
        {
            bytes += events[i].Data.Length + events[i].Metadata.Length;
        }

        Bytes = bytes;
    }

    internal override int Events => events.Count;

    internal override long Bytes { get; }

    protected override AppendResult Do(LogWriter writer)
    {
        var head = writer.FindStream(stream);
        if (head is { State: StreamState.Tombstoned })
        {
            throw new StreamTombstonedException(stream);
        }

        if (expected.Value < -1)
        {
            if (writer.FindRecent(head, events) is { } recent)
            {
                return recent.Version >= 0 ? recent : throw Conflict(head);
            }

            if (expected.Value == ExpectedVersion.StreamExists.Value && head is not { IsEmpty: false })
            {
                throw Conflict(head);
            }
        }
        else if (head is null ? expected.Value != -1 : !head.Accepts(expected))
        {
            return (head is null ? null : writer.FindRepeated(head, expected, events)) ?? throw Conflict(head);
        }

        return writer.Write(head ?? writer.AddStream(stream), events);
    }

    private WrongExpectedVersionException Conflict(StreamHead? head) => head?.Conflict(expected) ?? StreamHead.Conflict(stream, expected, -1);
}
