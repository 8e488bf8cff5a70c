using System.Text.Json;
using AIaaS.Domain.Sagas;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;

namespace Domain.Tests.Sagas;

/// <summary>Others have opened a tool's circuit: a saga that needs the tool waits until it is let through, and is not worse off for it.</summary>
public sealed class Waiting_for_a_circuit : Given<Saga>
{
    private static readonly DateTimeOffset At = new(2026, 1, 31, 9, 30, 0, TimeSpan.Zero);
    private static readonly JsonElement Nothing = JsonElement.Parse("{}");
    private static readonly SagaDefinition Definition = SagaDefinition.On<SagaStarted>("order-placement", "1", _ => null, new SagaStep("charge", "charge_payment", _ => []) { Retries = 1 });

    protected override object[] Events => [new SagaStarted("order-placement", "1", Guid.Empty, Nothing, At), .. Enumerable.Range(1, 10).SelectMany(i => Refused(i, i < 10))];

    [Test]
    public void goes_on_however_often_the_tool_is_still_left_alone() =>
        SagaRules.Next(State, Definition).Should().BeOfType<SagaMove.Retry>().Which.After.Should().BeGreaterThanOrEqualTo(TimeSpan.FromSeconds(25));

    [Test]
    public void leaves_the_tries_of_a_call_that_is_let_through()
    {
        var waited = Waited(State, 10);
        var failed = Failed(11, "processor-unavailable").Aggregate(waited, (saga, e) => saga.Evolve(e));
        SagaRules.Next(failed, Definition).Should().BeOfType<SagaMove.Retry>().Which.After.Should().BeLessThan(TimeSpan.FromSeconds(2));
        var again = Failed(12, "processor-unavailable").Aggregate(Waited(failed, 11), (saga, e) => saga.Evolve(e));
        SagaRules.Next(again, Definition).Should().BeOfType<SagaMove.Compensate>();
    }

    private static IEnumerable<object> Refused(int number, bool waited) => waited ? [.. Failed(number, Saga.CircuitOpen), new TimerScheduled(Saga.RetryTimer, At), Elapsed(number)] : Failed(number, Saga.CircuitOpen);

    private static object[] Failed(int number, string code) =>
    [
        new ToolCallRequested($"charge/1/{number}", "charge", "charge_payment", "1.0.0", Nothing, "", "", true, true, null, At),
        new ToolCallFailed($"charge/1/{number}", "charge", "charge_payment", code, "no", true, 0, 0, At),
    ];

    private static Saga Waited(Saga saga, int number) => saga.Evolve(new TimerScheduled(Saga.RetryTimer, At)).Evolve(Elapsed(number));

    private static TimerElapsed Elapsed(int number) => new(Saga.RetryTimer, Guid.Empty, At.AddSeconds(number));
}
