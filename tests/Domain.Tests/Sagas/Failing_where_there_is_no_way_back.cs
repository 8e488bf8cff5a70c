using System.Text.Json;
using AIaaS.Domain.Sagas;
using AIaaS.Domain.Tools;

namespace Domain.Tests.Sagas;

public sealed class Failing_where_there_is_no_way_back : Given<Saga>
{
    private static readonly DateTimeOffset At = new(2026, 1, 31, 9, 30, 0, TimeSpan.Zero);
    private static readonly JsonElement Nothing = JsonElement.Parse("{}");
    private static readonly SagaDefinition Definition = SagaDefinition.On<SagaStarted>(
        "order-cancellation",
        "1",
        _ => null,
        new SagaStep("release", "release_stock", _ => []),
        new SagaStep("refund", "refund_payment", _ => []) { MustSucceed = true },
        new SagaStep("notify", "notify_customer", _ => []));

    protected override object[] Events =>
    [
        new SagaStarted("order-cancellation", "1", Guid.Empty, Nothing, At),
        Requested("release/1/1", "release") with { Compensation = "reserve_stock" },
        new ToolCallSucceeded("release/1/1", "release", "release_stock", Nothing, 1, 1, At),
        Requested("refund/1/1", "refund"),
        new ToolCallFailed("refund/1/1", "refund", "refund_payment", "refund-declined", "The card has expired.", false, 1, 1, At),
    ];

    private SagaParked Parked => new("refund", "refund-declined", "The card has expired.", At);

    [Test]
    public void is_handed_to_a_person_and_nothing_is_undone() =>
        SagaRules.Next(State, Definition).Should().Be(new SagaMove.Park("refund", "refund-declined", "The card has expired."));

    [Test]
    public void is_tried_again_when_a_person_says_so()
    {
        var parked = State.Evolve(Parked);
        parked.Status.Should().Be(SagaStatus.Parked);
        var resumed = parked.Resume("s1", false, "another card", "ann", At).Events.Aggregate(parked, (saga, e) => saga.Evolve(e));
        SagaRules.Next(resumed, Definition).Should().BeOfType<SagaMove.Call>().Which.Id.Should().Be("refund/1/2");
    }

    [Test]
    public void goes_on_behind_it_when_a_person_has_seen_to_it()
    {
        var parked = State.Evolve(Parked);
        var resumed = parked.Resume("s1", true, "sent by bank transfer", "ann", At).Events.Aggregate(parked, (saga, e) => saga.Evolve(e));
        SagaRules.Next(resumed, Definition).Should().BeOfType<SagaMove.Call>().Which.Step.Should().Be("notify");
    }

    private static ToolCallRequested Requested(string call, string step) => new(call, step, step, "1.0.0", Nothing, "", "", true, true, null, At);
}
