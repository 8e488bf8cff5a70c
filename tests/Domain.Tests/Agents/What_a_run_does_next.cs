using AIaaS.Domain.Agents;
using static Domain.Tests.Agents.RunFixture;

namespace Domain.Tests.Agents;

public sealed class What_a_run_does_next
{
    [Test]
    public void is_to_pin_what_it_depends_on_when_it_was_requested() => Next(Requested).Should().BeOfType<RunMove.Start>();

    [Test]
    public void is_to_leave_the_start_when_it_has_started() =>
        Next(Requested, Started).Should().BeOfType<RunMove.Leave>().Which.Next.Should().Be("retrieve");

    [Test]
    public void is_to_search_when_it_comes_to_a_retrieve_step() => Next(Requested, Started, AtRetrieve).Should().BeOfType<RunMove.Search>();

    [Test]
    public void is_to_go_on_with_what_it_found() =>
        Next(Requested, Started, AtRetrieve, Found).Should().BeOfType<RunMove.Leave>().Which.Next.Should().Be("answer");

    [Test]
    public void is_the_other_way_when_it_found_nothing()
    {
        var leave = Next(Requested, Started, AtRetrieve, Nothing).Should().BeOfType<RunMove.Leave>().Subject;
        (leave.Result, leave.Next).Should().Be(("failed", "bye"));
    }

    [Test]
    public void is_to_request_a_call_before_it_makes_it()
    {
        Next(Requested, Started, AtRetrieve, Found, AtAnswer).Should().BeOfType<RunMove.RequestCall>();
        Next(Requested, Started, AtRetrieve, Found, AtAnswer, Called).Should().BeOfType<RunMove.MakeCall>().Which.Call.Should().Be(Called);
    }

    [Test]
    public void is_to_give_a_call_up_whose_worker_stopped() =>
        Next(Requested, Started, AtRetrieve, Found, AtAnswer, Called, new RunResumed("w2", At)).Should().BeOfType<RunMove.GiveUpCall>();

    [Test]
    public void is_another_attempt_after_a_failure_that_may_pass() =>
        Next(Requested, Started, AtRetrieve, Found, AtAnswer, Called, Failed()).Should().BeOfType<RunMove.RequestCall>();

    [Test]
    public void is_to_take_the_way_for_failures_after_one_that_stays()
    {
        var leave = Next(Requested, Started, AtRetrieve, Found, AtAnswer, Called, Failed(retryable: false)).Should().BeOfType<RunMove.Leave>().Subject;
        (leave.Result, leave.Next).Should().Be(("failed", "bye"));
        leave.Detail.Should().StartWith("model-unavailable: ");
    }

    [Test]
    public void is_the_end_of_the_step_time_when_no_attempt_fits_into_it() =>
        Next(Requested, Started, AtRetrieve, Found, AtAnswer, Called, Failed(afterMs: 4_950)).Should().Be(new RunMove.End(RunOutcome.Cut, "step-time", null));

    [Test]
    public void is_to_check_the_answer() =>
        Next(Requested, Started, AtRetrieve, Found, AtAnswer, Called, Answered, Step("answer", "model", 3, "check")).Should().BeOfType<RunMove.Check>();

    [Test]
    public void is_to_end_with_the_reason_of_its_last_setback() =>
        Next(Requested, Started, AtRetrieve, Nothing, Step("retrieve", "retrieve", 2, "bye", "failed", "no-evidence: the search found nothing"), Step("bye", "end", 3, null))
            .Should().Be(new RunMove.End(RunOutcome.HandedOff, "no-evidence", "A colleague takes over."));

    [Test]
    public void is_nothing_when_it_has_ended() =>
        Next(Requested, Started, new RunCompleted(RunOutcome.Cut, "budget", "", [], "test", null, 0, 0, default, AIaaS.Domain.Money.Usd(0), 0, false, At)).Should().BeOfType<RunMove.Rest>();

    [Test]
    public void is_the_cut_at_the_step_limit() =>
        Next(Requested, Started with { StepLimit = 2 }, AtRetrieve, Found, AtAnswer).Should().Be(new RunMove.End(RunOutcome.Cut, "step-limit", null));

    [Test]
    public void is_the_cut_when_it_goes_in_circles()
    {
        var again = Step("check", "validate", 4, "answer", "rejected", "low-confidence: 0.1");
        Next(Requested, Started, AtRetrieve, Found, AtAnswer, Called, Answered, Step("answer", "model", 3, "check"), again, Answered with { Call = "answer/2/1" }, Step("answer", "model", 5, "check"))
            .Should().Be(new RunMove.End(RunOutcome.Cut, "oscillation", null));
    }

    [Test]
    public void leads_past_a_step_whose_visits_are_used_up()
    {
        var run = Fold(Requested, Started, Step("check", "validate", 1, "repair"));
        RunRules.Resolve(run, Definition, "repair").Should().Be("bye");
        RunRules.Resolve(Fold(Requested, Started), Definition, "repair").Should().Be("repair");
    }
}
