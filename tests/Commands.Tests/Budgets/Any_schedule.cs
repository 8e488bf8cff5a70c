using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using AIaaS.Commands.Agents;
using AIaaS.Commands.Budgets;
using AIaaS.Commands.Knowledge;
using AIaaS.Commands.Metering;
using AIaaS.Commands.Routing;
using AIaaS.Commands.Tools;
using AIaaS.Domain;
using AIaaS.Domain.Agents;
using AIaaS.Domain.Budgets;
using AIaaS.Domain.Knowledge;
using AIaaS.Domain.Metering;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;
using Commands.Tests.Agents;
using Microsoft.Extensions.Logging.Abstractions;

namespace Commands.Tests.Budgets;

/// <summary>
/// Random schedules of real runs in two processes that race for the same runs and budgets on one log, each of which stops dead behind or before a random append, over and
/// over: a hard budget is never exceeded, no reservation is left open, and budget, usage and what the log bills are one number.
/// </summary>
public sealed class Any_schedule
{
    private const int PerLog = 25;
    private const int First = 20260301;

    private const string Yaml =
        """
        workflow: work
        nodes:
          - { id: start, type: start, next: fan }
          - { id: fan, type: parallel, branches: [think, buy], join: meet }
          - { id: think, type: model, task: agent, tier: LLM, tools: [buy], max_tool_calls: 3, max_output_tokens: 400, next: meet, failed: meet }
          - { id: buy, type: tool, tool: buy, input: { n: 1 }, next: meet, failed: meet }
          - { id: meet, type: join, next: end }
          - { id: end, type: end, outcome: answered, text: "Done." }
        """;

    private static readonly int Schedules = Soak.Count(300, full: 10_000);

    [Test]
    public async Task keeps_every_hard_budget_leaves_nothing_reserved_and_gives_one_number_everywhere()
    {
        ConcurrentDictionary<string, int> seen = new();
        var chunks = Enumerable.Range(0, (Schedules + PerLog - 1) / PerLog);
        await Parallel.ForEachAsync(chunks, new ParallelOptions { MaxDegreeOfParallelism = 2 }, async (chunk, _) =>
        {
            var folder = Directory.CreateDirectory(Path.Combine(Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath(), Path.GetRandomFileName()));
            try
            {
                await using var log = await EventStoreEngines.OpenAsync(new() { DataFolder = folder.FullName }, TimeProvider.System, NullLoggerFactory.Instance, cancellationToken: CancellationToken.None);
                for (var i = chunk * PerLog; i < Math.Min(Schedules, (chunk + 1) * PerLog); i++)
                {
                    var schedule = new Schedule(log, First + i);
                    try
                    {
                        foreach (var what in await schedule.PlayAsync())
                        {
                            seen.AddOrUpdate(what, 1, static (_, n) => n + 1);
                        }
                    }
                    catch (Exception e)
                    {
                        throw new InvalidOperationException($"Schedule {First + i}: {e.Message}", e);
                    }
                }
            }
            finally
            {
                folder.Delete(recursive: true);
            }
        });
        await TestContext.Out.WriteLineAsync($"{Schedules} schedules: " + string.Join(", ", seen.OrderBy(s => s.Key, StringComparer.Ordinal).Select(s => $"{s.Value} {s.Key}")));
        seen.Keys.Should().Contain(["crash", "budget-exhausted", "degraded", "settled", "unknown", "tool-refused", "alert"], "the schedules are to meet all of this");
    }

    private sealed class Schedule(IEventStore log, int seed)
    {
        private readonly Random random = new(seed);
        private readonly string tenant = $"t{seed}";
        private readonly EventTypes types = DomainEventTypes.Create();
        private readonly Checkpoints checkpoints = new();
        private readonly TestTools tools = new TestTools().Changes("buy", m => m with { Price = Money.Usd(0.0007m) });
        private readonly List<string> met = [];

        public async Task<List<string>> PlayAsync()
        {
            checkpoints.Start = await log.GetHeadAsync();
            var runs = Enumerable.Range(0, random.Next(2, 6)).Select(i => $"run-{i}").ToArray();
            await DefineAsync();
            for (var crashes = random.Next(0, 4); crashes > 0; crashes--)
            {
                await using var one = new Process(this, new CrashingLog(log, random.Next(1, 40), random.Next(2) == 0));
                await using var other = new Process(this, new CrashingLog(log, random.Next(1, 40), random.Next(2) == 0));
                await Task.WhenAll(runs.Select(r => (random.Next(3) switch
                {
                    0 => one.TryRunAsync(r),
                    1 => other.TryRunAsync(r),
                    _ => Task.WhenAll(one.TryRunAsync(r), other.TryRunAsync(r)),
                })));
                if (one.IsGone || other.IsGone)
                {
                    met.Add("crash");
                }
            }

            await using var last = new Process(this, log);
            await Task.WhenAll(runs.Select(last.RunAsync));
            var head = await log.GetHeadAsync();
            await BudgetWorld.UntilAsync(async () => last.Settlement.Position >= head && last.Settlement.Open == 0 && (await OpenAsync()).Count == 0, "no reservation is open");
            await CheckAsync(last);
            return met;
        }

        private async Task DefineAsync()
        {
            await using var parts = new BudgetParts(log, types, checkpoints: checkpoints, settles: false);
            await parts.Service.DefineAsync(tenant, "all", Terms((decimal)random.Next(10, 200) / 10_000, hard: true), false, BudgetWorld.As(tenant));
            if (random.Next(2) == 0)
            {
                await parts.Service.DefineAsync(tenant, "key", Terms((decimal)random.Next(10, 100) / 10_000, hard: true, BudgetScope.Key, "k0"), false, BudgetWorld.As(tenant));
            }

            if (random.Next(2) == 0)
            {
                await parts.Service.DefineAsync(tenant, "flow", Terms((decimal)random.Next(1, 50) / 10_000, hard: false, BudgetScope.Workflow, "work"), false, BudgetWorld.As(tenant));
            }
        }

        private static BudgetTerms Terms(decimal limit, bool hard, BudgetScope scope = BudgetScope.Tenant, string? of = null) => BudgetWorld.Terms(limit, hard, scope, of, BudgetInterval.Year, 10, 50, 90);

        private async Task<List<BudgetReserved>> OpenAsync()
        {
            List<BudgetReserved> open = [];
            foreach (var (_, events) in await PeriodsAsync())
            {
                open.AddRange(events.Aggregate(BudgetPeriod.Initial, (s, e) => s.Evolve(e)).Open.Values);
            }

            return open;
        }

        private async Task<Dictionary<string, List<object>>> PeriodsAsync()
        {
            Dictionary<string, List<object>> periods = [];
            await foreach (var e in log.ReadAllAsync(from: checkpoints.Start, filter: EventFilter.Streams($"budgetPeriod-{tenant}_")))
            {
                var budget = BudgetPeriod.Names(new StreamName(e.Stream).Id).Budget;
                if (!periods.TryGetValue(budget, out var events))
                {
                    periods[budget] = events = [];
                }

                events.Add(types.Read(e.Type, e.Data.Span));
            }

            return periods;
        }

        private async Task CheckAsync(Process process)
        {
            // What the log bills, run by run; and the same events as usage, each handed over twice.
            Dictionary<string, decimal> billed = [];
            var metering = new UsageMetering(new UsageLog(log, new MeterRegistry(log, types, TimeProvider.System), TimeProvider.System), log, types);
            Dictionary<string, string> actors = [];
            await foreach (var e in log.ReadAllAsync(from: checkpoints.Start, filter: EventFilter.Streams($"agentRun-{tenant}_")))
            {
                var envelope = EventEnvelope.Read(types, e);
                await metering.HandleAsync(envelope, CancellationToken.None);
                await metering.HandleAsync(envelope, CancellationToken.None);
                var run = new StreamName(e.Stream).Id;
                if (e.Version == 0)
                {
                    actors[run] = envelope.Metadata.Actor!;
                }

                billed[run] = billed.GetValueOrDefault(run) + (envelope.Event switch
                {
                    ModelCallCompleted c => c.Cost.Amount,
                    ToolCallSucceeded { Cost: { } cost } => cost.Amount,
                    _ => 0,
                });
                Note(envelope.Event);
            }

            decimal usage = 0;
            await foreach (var e in log.ReadStreamOrEmptyAsync(UsageMetered.Stream(tenant)))
            {
                usage += ((UsageMetered)types.Read(e.Type, e.Data.Span)).Readings.Where(r => r.Meter == BuiltInMeters.Cost).Sum(r => r.Value);
            }

            var periods = await PeriodsAsync();
            foreach (var (budget, events) in periods)
            {
                var state = BudgetPeriod.Initial;
                HashSet<int> alerted = [];
                foreach (var e in events)
                {
                    state = state.Evolve(e);
                    if (state.Granted!.Hard)
                    {
                        state.Available.Amount.Should().BeGreaterThanOrEqualTo(0, "the hard budget '{0}' is never exceeded", budget);
                    }

                    if (e is BudgetThresholdReached alert)
                    {
                        alerted.Add(alert.Percent).Should().BeTrue("'{0}' alerts at {1} % once", budget, alert.Percent);
                        met.Add("alert");
                    }
                }

                state.Open.Should().BeEmpty();
                state.Reserved.Amount.Should().Be(0);
                events.OfType<BudgetReserved>().Select(r => r.Reservation).Should().OnlyHaveUniqueItems();
                var own = billed.Where(b => budget != "key" || actors[b.Key] == "key:k0").Sum(b => b.Value);
                state.Settled.Amount.Should().Be(own, "what the budget '{0}' has settled is what is billed", budget);
                met.Add("settled");
            }

            usage.Should().Be(billed.Values.Sum(), "the usage is what is billed");
            foreach (var run in billed.Keys)
            {
                await process.ReplaysAsync(run);
            }
        }

        private void Note(object @event)
        {
            switch (@event)
            {
                case RunCompleted { Reason: "budget-exhausted" } e:
                    e.Detail.Should().Contain("budget '");
                    e.Outcome.Should().Be(RunOutcome.Cut);
                    met.Add("budget-exhausted");
                    break;
                case ModelCallRequested { Degraded: { } words } when words.StartsWith("budget-exhausted: ", StringComparison.Ordinal):
                    met.Add("degraded");
                    break;
                case ModelCallFailed { Unknown: true }:
                    met.Add("unknown");
                    break;
                case ToolCallRefused { Code: "budget-exhausted" }:
                    met.Add("tool-refused");
                    break;
            }
        }

        /// <summary>One process, from its start until it stops dead, or ends.</summary>
        private sealed class Process : IAsyncDisposable
        {
            private readonly Schedule schedule;
            private readonly IEventStore log;
            private readonly BudgetParts budgets;
            private readonly RunTelemetry telemetry = new();
            private readonly ToolTelemetry toolTelemetry = new();
            private readonly ToolExecutor executor;
            private readonly WorkflowCatalog workflows;
            private readonly RunEngine engine;
            private readonly RunStarter starter;
            private readonly EpisodeStore episodes;
            private readonly Replayer replayer;

            public Process(Schedule schedule, IEventStore log)
            {
                (this.schedule, this.log) = (schedule, log);
                var ids = IdSource.From(TimeProvider.System);
                var time = new FastTime();
                budgets = new(log, schedule.types, time, schedule.checkpoints);
                workflows = new(log, schedule.types, ids, TimeProvider.System, [("test.yaml", Yaml)]);
                executor = new(TimeProvider.System, toolTelemetry);
                var model = new Model();
                ModelCatalog models = new(OfflineModels.Tiers, OfflineModels.Tiers.Values.ToDictionary(m => m, IModelClient (_) => model), [OfflineModels.Prices]);
                engine = new(log, schedule.types, workflows, models, new NoArticles(), ids, time, telemetry, new() { Grace = TimeSpan.FromSeconds(1) }, null, schedule.tools, executor, null, null, budgets.Ledger);
                starter = new(engine, workflows, ids, time);
                episodes = new(log, schedule.types, workflows);
                replayer = new(schedule.types, workflows, models);
            }

            public BudgetSettlement Settlement => budgets.Settlement;

            public bool IsGone => log is CrashingLog { IsGone: true };

            public async Task RunAsync(string key)
            {
                var accepted = await starter.StartAsync(new("work", Text: key), new(schedule.tenant, $"key:k{key[^1] - '0' & 1}", key));
                await engine.ExecuteAsync(schedule.tenant, accepted.Run);
            }

            public async Task TryRunAsync(string key)
            {
                try
                {
                    await RunAsync(key);
                }
                catch (Exception e) when (e is ProcessGoneException or WrongExpectedVersionException or OperationCanceledException || IsGone)
                {
                    schedule.Met(e is ProcessGoneException ? "gone" : "lost");
                }
            }

            public async Task ReplaysAsync(string run) => (await replayer.ReplayAsync(await episodes.ExportAsync(schedule.tenant, run))).Difference.Should().BeNull("run {0} replays bit-exact", run);

            public async ValueTask DisposeAsync()
            {
                (log as CrashingLog)?.Stop();
                await engine.DisposeAsync();
                await budgets.DisposeAsync();
                await executor.DisposeAsync();
                telemetry.Dispose();
                toolTelemetry.Dispose();
            }
        }

        private void Met(string what)
        {
            lock (met)
            {
                met.Add(what);
            }
        }
    }

    /// <summary>Buys, says something, fails, or does not answer: as the request's length and the count of asked ones draw it.</summary>
    private sealed class Model : IModelClient
    {
        private int asked;

        public async Task<ModelAnswer> CompleteAsync(string request, CancellationToken cancellationToken = default)
        {
            await Task.Yield();
            var draw = NamedId.Of("draw", request, Interlocked.Increment(ref asked).ToString(System.Globalization.CultureInfo.InvariantCulture)).ToByteArray()[3];
            TokenUsage usage = new(40 + draw, draw, 0, 10 + (draw / 8), draw % 3);
            return draw switch
            {
                < 20 => throw new ModelCallException("the provider is busy", retryable: true, unknown: false),
                < 40 => throw new ModelCallException("no answer", retryable: true, unknown: true),
                < 140 => new(ModelTasks.WriteAgent(new(null, [new("a", "buy", TestTools.Json("""{"n":2}"""))])), usage),
                _ => new(ModelTasks.WriteAgent(new("That is it.", [])), usage),
            };
        }
    }

    private sealed class NoArticles : IRetriever
    {
        public ValueTask<Retrieval> RetrieveAsync(string tenant, string query, Audience audience, int top, CancellationToken cancellationToken = default) => new(new Retrieval([], 0));
    }

    private sealed class Checkpoints : ICheckpointStore
    {
        public LogPosition Start { get; set; }

        public Task<LogPosition> LoadAsync(string subscription, CancellationToken cancellationToken = default) => Task.FromResult(Start);

        public Task StoreAsync(string subscription, LogPosition position, CancellationToken cancellationToken = default) => Task.CompletedTask;
    }

    /// <summary>Waits are short; the time of day is the real one.</summary>
    private sealed class FastTime : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            System.CreateTimer(callback, state, dueTime > TimeSpan.Zero && dueTime < TimeSpan.FromSeconds(2) ? dueTime / 50 : dueTime, period);
    }
}

/// <summary>The process is gone: nothing that it does reaches the log any more.</summary>
internal sealed class ProcessGoneException() : Exception("The process is gone.");

/// <summary>The log as a process sees it that stops dead at one of its appends: before it, or when it is durable and nobody has heard of it.</summary>
internal sealed class CrashingLog(IEventStore inner, int appends, bool before) : IEventStore
{
    private int left = appends;
    private volatile bool isGone;

    public bool IsGone => isGone;

    public IConsumerGroups ConsumerGroups => inner.ConsumerGroups;

    public void Stop() => isGone = true;

    public async Task<AppendResult> AppendAsync(string stream, ExpectedVersion expected, IReadOnlyList<NewEvent> events, CancellationToken cancellationToken = default)
    {
        Check();
        var number = Interlocked.Decrement(ref left);
        if (number < 0 || (number == 0 && before))
        {
            isGone = true;
        }

        Check();
        var result = await inner.AppendAsync(stream, expected, events, CancellationToken.None);
        isGone |= number == 0;
        Check();
        return result;
    }

    public async IAsyncEnumerable<RecordedEvent> ReadStreamAsync(string stream, ReadDirection direction = ReadDirection.Forwards, long from = 0, long maxCount = long.MaxValue, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        Check();
        await foreach (var e in inner.ReadStreamAsync(stream, direction, from, maxCount, cancellationToken))
        {
            yield return e;
        }
    }

    public IAsyncEnumerable<RecordedEvent> ReadAllAsync(ReadDirection direction = ReadDirection.Forwards, LogPosition from = default, EventFilter? filter = null, long maxCount = long.MaxValue, CancellationToken cancellationToken = default) =>
        inner.ReadAllAsync(direction, from, filter, maxCount, cancellationToken);

    public Task<LogPosition> GetHeadAsync(CancellationToken cancellationToken = default) => inner.GetHeadAsync(cancellationToken);

    public Task<StreamMetadata> GetStreamMetadataAsync(string stream, CancellationToken cancellationToken = default) => inner.GetStreamMetadataAsync(stream, cancellationToken);

    public Task SetStreamMetadataAsync(string stream, StreamMetadata metadata, CancellationToken cancellationToken = default)
    {
        Check();
        return inner.SetStreamMetadataAsync(stream, metadata, cancellationToken);
    }

    public Task DeleteStreamAsync(string stream, ExpectedVersion expected, CancellationToken cancellationToken = default) => inner.DeleteStreamAsync(stream, expected, cancellationToken);

    public Task TombstoneStreamAsync(string stream, ExpectedVersion expected, CancellationToken cancellationToken = default) => inner.TombstoneStreamAsync(stream, expected, cancellationToken);

    public IAsyncEnumerable<SubscriptionMessage> SubscribeToStreamAsync(string stream, long after = -1, CancellationToken cancellationToken = default) => inner.SubscribeToStreamAsync(stream, after, cancellationToken);

    public IAsyncEnumerable<SubscriptionMessage> SubscribeToAllAsync(LogPosition after = default, EventFilter? filter = null, CancellationToken cancellationToken = default) => inner.SubscribeToAllAsync(after, filter, cancellationToken);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private void Check()
    {
        if (isGone)
        {
            throw new ProcessGoneException();
        }
    }
}
