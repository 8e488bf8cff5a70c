namespace AIaaS.EventStore.Embedded;

/// <summary>
/// Something that the writer does inside one of its transactions. It may be applied again after a transaction failed.
/// </summary>
internal abstract class WriterOperation
{
    /// <summary>Events that it adds, to bound a transaction.</summary>
    internal virtual int Events => 0;

    /// <summary>Bytes that it adds.</summary>
    internal virtual long Bytes => 0;

    /// <summary>Does it. Throws an <see cref="EventStoreException"/> only before the first change to the file.</summary>
    internal abstract void Apply(LogWriter writer);

    /// <summary>Answers after the commit.</summary>
    internal abstract void Complete();

    /// <summary>Answers that it was refused or could not be done.</summary>
    internal abstract void Fail(Exception exception);
}

/// <summary>An operation whose answer is a value.</summary>
internal abstract class WriterOperation<T> : WriterOperation
{
    private readonly TaskCompletionSource<T> completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private T? answer;

    internal Task<T> Task => completion.Task;

    internal sealed override void Apply(LogWriter writer) => answer = Do(writer);

    internal sealed override void Complete() => completion.TrySetResult(answer!);

    internal sealed override void Fail(Exception exception) => completion.TrySetException(exception);

    protected abstract T Do(LogWriter writer);
}

/// <summary>An operation written as a function.</summary>
internal sealed class WriterFunction<T>(Func<LogWriter, T> function) : WriterOperation<T>
{
    protected override T Do(LogWriter writer) => function(writer);
}
