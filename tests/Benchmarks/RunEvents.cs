using System.Collections.Immutable;
using AIaaS.Domain;
using AIaaS.Domain.Agents;
using AIaaS.EventStore;

namespace AIaaS.Benchmarks;

/// <summary>Events as FAQ runs leave them: ten tenants, a run a second.</summary>
internal sealed class RunEvents(EventTypes types, Random random)
{
    private const int EventsOfRun = 8;
    private const int EventsOfAppend = 800;

    private static readonly DateTimeOffset Begin = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Appends so many events.</summary>
    public async Task FillAsync(IEventStore log, int count, bool onlyCompletions, CancellationToken cancellationToken)
    {
        var pending = new Queue<Task>();
        var run = 0;
        for (var done = 0; done < count;)
        {
            // Only completions go into few streams, so that filling the log is quick; whole runs have a stream each.
            var tenant = $"tenant{run % 10}";
            var stream = StreamName.For("agentRun", tenant, NamedId.Of("run", run.ToString(System.Globalization.CultureInfo.InvariantCulture)).ToString("N"));
            var events = new List<NewEvent>(onlyCompletions ? EventsOfAppend : EventsOfRun);
            do
            {
                foreach (var @event in onlyCompletions ? [Completed(run)] : Run(run))
                {
                    events.Add(types.Write(NamedId.Of(stream, events.Count.ToString(System.Globalization.CultureInfo.InvariantCulture)), @event, new EventMetadata { Tenant = tenant, Actor = "engine" }));
                }

                run++;
            }
            while (onlyCompletions && events.Count < EventsOfAppend && done + events.Count < count);
            done += events.Count;
            pending.Enqueue(log.AppendAsync(stream, ExpectedVersion.NoStream, events, cancellationToken));
            if (pending.Count >= 256)
            {
                await pending.Dequeue();
            }
        }

        await Task.WhenAll(pending);
    }

    private object[] Run(int run)
    {
        var at = Begin.AddSeconds(run);
        var id = $"r{run}";
        return
        [
            new RunRequested(id, "c" + id, "m" + id, "Can I return my tent after three weeks?", "faq_handling", "", null, at),
            new RunStarted(new("9f2c", ImmutableSortedDictionary<string, string>.Empty, ImmutableSortedDictionary<string, string>.Empty, "2026-01", "1"), 25, Money.Usd(0.10m), at),
            new KnowledgeRetrieved("retrieve", "Can I return my tent?", [new("returns-policy", "Returns", "You can send an item back within 30 days.", 7.25)], 1042, at),
            new StepCompleted("retrieve", "retrieve", 2, "ok", "", "answer", at),
            new ModelCallRequested("answer/1/1", "answer", 1, Tier.SLM_A, "offline-a", "{}", Money.Usd(0.0009m), at),
            new ModelCallCompleted("answer/1/1", "answer", Tier.SLM_A, "offline-a", "{}", new(412, 0, 0, 58, 0), Money.Usd(0.0002m), at),
            new StepCompleted("answer", "model", 3, "ok", "", "validate", at),
            Completed(run),
        ];
    }

    private RunCompleted Completed(int run)
    {
        var isAnswered = random.Next(10) < 8;
        return new(
            isAnswered ? RunOutcome.Answered : RunOutcome.HandedOff,
            isAnswered ? "answered" : "no-evidence",
            "You can send an item back within 30 days.",
            isAnswered ? [new("returns-policy", "Returns", "within 30 days")] : [],
            "faq_handling",
            isAnswered ? (Tier)random.Next(3) : null,
            5,
            1,
            new(412, random.Next(50), 0, 58, 0),
            Money.Usd(random.Next(1, 900) / 1_000_000m),
            Math.Exp(random.NextDouble() * 6),
            false,
            Begin.AddSeconds(run));
    }
}
