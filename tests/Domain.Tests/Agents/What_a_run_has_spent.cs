using AIaaS.Domain;
using AIaaS.Domain.Agents;
using static Domain.Tests.Agents.RunFixture;

namespace Domain.Tests.Agents;

public sealed class What_a_run_has_spent
{
    [Test]
    public void is_the_price_of_the_calls_that_completed()
    {
        var run = Fold(Requested, Started, AtRetrieve, Found, AtAnswer, Called, Answered);
        (run.Cost, run.Available, run.ModelCalls).Should().Be((Money.Usd(0.002m), Money.Usd(0.098m), 1));
        run.Usage.Total.Should().Be(450);
    }

    [Test]
    public void counts_the_worst_case_of_a_call_whose_outcome_is_unknown()
    {
        var run = Fold(Requested, Started, AtRetrieve, Found, AtAnswer, Called, Failed(unknown: true));
        (run.Cost, run.Available).Should().Be((Money.Usd(0), Money.Usd(0.09m)));
    }

    [Test]
    public void leaves_out_a_call_that_failed_for_certain() =>
        Fold(Requested, Started, AtRetrieve, Found, AtAnswer, Called, Failed()).Available.Should().Be(Money.Usd(0.10m));

    [Test]
    public void does_not_begin_anew_with_another_step()
    {
        var run = Fold(Requested, Started, AtRetrieve, Found, AtAnswer, Called, Answered, Step("answer", "model", 3, "check"));
        run.Cost.Should().Be(Money.Usd(0.002m));
        run.StepTokens.Should().Be(0);
        run.NextCall.Should().Be("check/1/1");
    }
}
