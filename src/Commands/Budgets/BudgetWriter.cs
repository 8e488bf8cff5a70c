using AIaaS.Domain.Budgets;
using AIaaS.EventStore;

namespace AIaaS.Commands.Budgets;

/// <summary>The one writer of a budget's period in this process.</summary>
internal sealed class BudgetWriter(IEventStore log, EventTypes types, IdSource ids, TimeProvider time, string tenant, string budget, string period, string stream)
{
    private const int MaxBatch = 800;
    private const int MaxTries = 50;
    private const int AppendTries = 5;
    private const int BalanceEvery = 1_000;
    private const int MaxBalancedOpen = 500;

    private readonly Lock gate = new();
    private readonly byte[] plain = Metadata(tenant, null);
    private List<Item> queue = [];
    private GrantBudget? newest;
    private long used = time.GetTimestamp();
    private bool isWorking;
    private bool isRetired;

    // Only the loop below touches these.
    private BudgetPeriod state = BudgetPeriod.Initial;
    private long version = -1;
    private long balanced = -1;
    private LogPosition position;
    private bool isLoaded;

    public string Budget => budget;

    public string Period => period;

    /// <summary>Says what the budget grants by its newest known version. It is granted together with what is decided next.</summary>
    public void Grant(GrantBudget command)
    {
        lock (gate)
        {
            if (newest is null || newest.Version < command.Version)
            {
                newest = command;
            }
        }
    }

    /// <summary>Keeps the writer from being retired; false where it is already.</summary>
    public bool Use()
    {
        lock (gate)
        {
            used = time.GetTimestamp();
            return !isRetired;
        }
    }

    /// <summary>Retires the writer where nobody has used it for so long: two writers of one period in a process would only be in each other's way.</summary>
    public bool IsIdle(TimeSpan after)
    {
        lock (gate)
        {
            return isRetired |= !isWorking && queue.Count == 0 && time.GetElapsedTime(used) >= after;
        }
    }

    /// <summary>Has something decided on the period's state. When the task completes, what came of it is durable.</summary>
    public Task<Result> DoAsync(Func<BudgetPeriod, Decision> decide, string? correlation)
    {
        var item = new Item(decide, correlation);
        lock (gate)
        {
            queue.Add(item);
            if (isWorking)
            {
                return item.Done.Task;
            }

            isWorking = true;
        }

        _ = Task.Run(WorkAsync);
        return item.Done.Task;
    }

    private async Task WorkAsync()
    {
        while (true)
        {
            List<Item> batch;
            lock (gate)
            {
                if (queue.Count == 0)
                {
                    isWorking = false;
                    return;
                }

                if (queue.Count <= MaxBatch)
                {
                    (batch, queue) = (queue, []);
                }
                else
                {
                    batch = queue.GetRange(0, MaxBatch);
                    queue.RemoveRange(0, MaxBatch);
                }
            }

            try
            {
                await DecideAsync(batch);
            }
            catch (Exception e)
            {
                // What the log holds now is not known: it is read anew before the next decision.
                isLoaded = false;
                foreach (var item in batch)
                {
                    item.Done.TrySetException(e);
                    _ = item.Done.Task.Exception;
                }
            }
        }
    }

    private async Task DecideAsync(List<Item> batch)
    {
        var isFresh = !isLoaded;
        if (!isLoaded)
        {
            await LoadAsync();
        }

        for (var tries = 1; ; tries++)
        {
            var next = state;
            var written = new List<NewEvent>(batch.Count + 2);
            var isAllDone = true;
            if (newest is { } grant)
            {
                next = Take(next, next.Grant(grant), plain, written);
            }

            foreach (var item in batch)
            {
                var decision = item.Decide(next);
                item.Refused = decision.Error;
                isAllDone &= !decision.Events.IsEmpty;
                next = Take(next, decision, item.Correlation is null ? plain : Metadata(tenant, item.Correlation), written);
                item.State = next;
            }

            if (written.Count > 0)
            {
                if (version + written.Count - balanced >= BalanceEvery && next.Granted is not null && next.Open.Count <= MaxBalancedOpen)
                {
                    balanced = version + written.Count + 1;
                    next = Take(next, next.Balance(time.GetUtcNow()), plain, written);
                }

                try
                {
                    var result = await AppendAsync(written);
                    (state, version, position) = (next, result.Version, result.Position);
                }
                catch (WrongExpectedVersionException) when (tries < MaxTries)
                {
                    await ReadOnAsync();
                    isFresh = true;
                    continue;
                }
            }
            else if (!isAllDone && !isFresh && await ReadOnAsync())
            {
                // A refusal, or that there is nothing to do, may rest on what another process has changed since.
                isFresh = true;
                continue;
            }

            foreach (var item in batch)
            {
                item.Done.TrySetResult(new(item.State!, item.Refused, position));
            }

            return;
        }
    }

    private async Task<AppendResult> AppendAsync(List<NewEvent> written)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return await log.AppendAsync(stream, ExpectedVersion.Exact(version), written);
            }
            catch (EventStoreUnavailableException) when (tries < AppendTries)
            {
                // The same ids at the same version: should the first try have come through, this one finds it.
                await Task.Delay(TimeSpan.FromMilliseconds(100 * (1 << tries)), time);
            }
        }
    }

    private BudgetPeriod Take(BudgetPeriod period, Decision decision, byte[] metadata, List<NewEvent> written)
    {
        foreach (var @event in decision.Events)
        {
            written.Add(types.Write(ids.NewId(), @event, metadata));
            period = period.Evolve(@event);
        }

        return period;
    }

    /// <summary>Folds from where the state was struck last.</summary>
    private async Task LoadAsync()
    {
        (state, version, balanced, position) = (BudgetPeriod.Initial, -1, -1, LogPosition.Start);
        var from = 0L;
        await foreach (var recorded in log.ReadStreamOrEmptyAsync(stream, ReadDirection.Backwards, long.MaxValue))
        {
            if (recorded.Type == "budget.balanced")
            {
                from = recorded.Version;
                break;
            }
        }

        version = from - 1;
        await ReadOnAsync();
        isLoaded = true;
    }

    /// <summary>Folds what others have written since; says whether there was something.</summary>
    private async Task<bool> ReadOnAsync()
    {
        var before = version;
        await foreach (var recorded in log.ReadStreamOrEmptyAsync(stream, ReadDirection.Forwards, version + 1))
        {
            state = state.Evolve(types.Read(recorded));
            (version, position) = (recorded.Version, recorded.Position);
            balanced = recorded.Type == "budget.balanced" ? recorded.Version : balanced;
        }

        return version > before;
    }

    private static byte[] Metadata(string tenant, string? correlation) => new EventMetadata { Tenant = tenant, Actor = "budgets", CorrelationId = correlation, CausationId = correlation }.ToUtf8();

    /// <summary>What came of a command.</summary>
    /// <param name="State">The period's state behind it.</param>
    /// <param name="Refused">Why it was refused; null where it was not.</param>
    /// <param name="Position">The position of the period's last event.</param>
    internal readonly record struct Result(BudgetPeriod State, DomainError? Refused, LogPosition Position);

    private sealed class Item(Func<BudgetPeriod, Decision> decide, string? correlation)
    {
        public string? Correlation => correlation;

        public BudgetPeriod? State { get; set; }

        public DomainError? Refused { get; set; }

        public TaskCompletionSource<Result> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Decision Decide(BudgetPeriod period) => decide(period);
    }
}
