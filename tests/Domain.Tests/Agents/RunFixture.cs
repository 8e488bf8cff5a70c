using System.Collections.Immutable;
using AIaaS.Domain;
using AIaaS.Domain.Agents;
using AIaaS.Domain.Knowledge;

namespace Domain.Tests.Agents;

/// <summary>A run of a small workflow, event by event.</summary>
internal static class RunFixture
{
    public static readonly DateTimeOffset At = new(2026, 1, 31, 9, 30, 0, TimeSpan.Zero);

    public static readonly Workflow Definition = new(
        "test",
        "",
        new(),
        "Sorry.",
        [
            new StartNode("start", "retrieve"),
            new RetrieveNode("retrieve", Audience.Customer, 6, "answer", "bye"),
            new ModelNode("answer", Tier.SLM_A, "Answer.", 100, "check", "bye"),
            new ValidateNode("check", [new(GateKind.JsonSchema)], "done", "repair", "bye"),
            new ModelNode("repair", Tier.SLM_B, "Answer.", 100, "check") { MaxVisits = 1, Exhausted = "bye" },
            new EndNode("done", RunOutcome.Answered),
            new EndNode("bye", RunOutcome.HandedOff, "A colleague takes over."),
        ]);

    public static readonly RunRequested Requested = new("r1", "c1", "m1", "Can I return my tent?", "test", new('0', 64), null, At);

    public static readonly RunStarted Started = new(new(Definition.Hash, ImmutableSortedDictionary<string, string>.Empty, ImmutableSortedDictionary<string, string>.Empty, "2026-01", "1"), 25, Money.Usd(0.10m), At);

    public static readonly KnowledgeRetrieved Found = new("retrieve", "tent", [new("a1", "Returns", "Within 30 days.", 7)], 42, At);

    public static readonly KnowledgeRetrieved Nothing = Found with { Passages = [] };

    public static readonly StepCompleted AtRetrieve = Step("start", "start", 1, "retrieve");

    public static readonly StepCompleted AtAnswer = Step("retrieve", "retrieve", 2, "answer");

    public static readonly ModelCallRequested Called = new("answer/1/1", "answer", 1, Tier.SLM_A, "offline-a", "{}", Money.Usd(0.01m), At);

    public static readonly ModelCallCompleted Answered = new("answer/1/1", "answer", Tier.SLM_A, "offline-a", "{}", new(400, 0, 0, 50, 0), Money.Usd(0.002m), At);

    public static StepCompleted Step(string step, string node, int number, string? next, string result = "ok", string detail = "") => new(step, node, number, result, detail, next, At);

    public static ModelCallFailed Failed(bool retryable = true, bool unknown = false, int afterMs = 1) =>
        new("answer/1/1", "answer", "503", retryable, unknown, At.AddMilliseconds(afterMs));

    public static Run Fold(params object[] events) => events.Aggregate(Run.Initial, (run, @event) => run.Evolve(@event));

    public static RunMove Next(params object[] events) => RunRules.Next(Fold(events), Definition);
}
