using System.Text.Json;
using AIaaS.Domain.Sagas;
using AIaaS.Domain.Tools;

namespace Domain.Tests.Sagas;

public sealed class Resuming_a_saga_whose_look_up_failed : Given<Saga>
{
    private static readonly DateTimeOffset At = new(2026, 1, 31, 9, 30, 0, TimeSpan.Zero);
    private static readonly JsonElement Nothing = JsonElement.Parse("{}");

    protected override object[] Events =>
    [
        new SagaStarted("order-cancellation", "1", Guid.Empty, Nothing, At),
        new ToolCallRequested("payment/1/1", "payment", "find_order_payment", "1.0.0", Nothing, "", "", false, true, null, At),
        new ToolCallFailed("payment/1/1", "payment", "find_order_payment", "tool-exception", "broken", true, 1, 1, At),
        new SagaParked("payment", "tool-exception", "broken", At),
    ];

    [Test]
    public void as_seen_to_by_other_means_is_refused_since_later_steps_need_what_it_finds() =>
        State.Resume("s1", true, "never mind", "ann", At).Error!.Code.Should().Be("saga-step-needed");

    [Test]
    public void as_to_be_tried_again_is_possible() => State.Resume("s1", false, "mended", "ann", At).Error.Should().BeNull();
}
