namespace AIaaS.EventStore;

/// <summary>Something that the log refused or could not do. The message says how to mend it.</summary>
public abstract class EventStoreException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The stream is not at the expected version. Nothing was written. Load again and decide again.</summary>
public sealed class WrongExpectedVersionException(string stream, ExpectedVersion expected, long actual)
    : EventStoreException($"Stream '{stream}' is at {new ExpectedVersion(actual)}, not at the expected {expected}. Nothing was written: read it again and decide again.")
{
    /// <summary>The stream.</summary>
    public string Stream => stream;

    /// <summary>What the writer expected.</summary>
    public ExpectedVersion Expected => expected;

    /// <summary>The version of the last event; -1 where the stream has none.</summary>
    public long Actual => actual;
}

/// <summary>An append outside <see cref="EventStoreLimits"/>. Nothing was written.</summary>
public sealed class InvalidAppendException(string stream, IReadOnlyList<string> faults)
    : EventStoreException($"The append to '{stream}' is refused, nothing was written: {string.Join("; ", faults)}.")
{
    /// <summary>Each fault in words.</summary>
    public IReadOnlyList<string> Faults => faults;
}

/// <summary>The stream has no events: never written, or deleted (soft) and not written since.</summary>
public sealed class StreamNotFoundException(string stream) : EventStoreException($"There is no stream '{stream}'.")
{
    /// <summary>The stream.</summary>
    public string Stream => stream;
}

/// <summary>The stream was tombstoned: it can neither be read nor written any more.</summary>
public sealed class StreamTombstonedException(string stream) : EventStoreException($"Stream '{stream}' was deleted for good (tombstoned); its name cannot be used again.")
{
    /// <summary>The stream.</summary>
    public string Stream => stream;
}

/// <summary>The log cannot be reached now: the server is down or the connection lost. An append may or may not have been written; retry it with the same event ids and the same specific expected version.</summary>
public sealed class EventStoreUnavailableException(string message, Exception? inner = null) : EventStoreException(message, inner);

/// <summary>The log could not write: the disk is full or read-only. Nothing of the append was written; what was acknowledged before is safe.</summary>
public sealed class EventStoreReadOnlyException(string message, Exception? inner = null) : EventStoreException(message, inner);

/// <summary>The log could not be opened: damaged file, data folder in use by another process, wrong settings. The message says which and how to mend it.</summary>
public sealed class EventStoreOpenException(string message, Exception? inner = null) : EventStoreException(message, inner);

/// <summary>A consumer group that does not exist, exists already, or is not usable so.</summary>
public sealed class ConsumerGroupException(string message, Exception? inner = null) : EventStoreException(message, inner);
