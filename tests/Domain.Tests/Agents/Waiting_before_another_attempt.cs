using AIaaS.Domain.Agents;
using FsCheck;
using FsCheck.Fluent;

namespace Domain.Tests.Agents;

public sealed class Waiting_before_another_attempt
{
    [Test]
    public void grows_with_each_attempt_and_stays_within_its_jitter() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(Soak.Count(100, full: 10_000)), Prop.ForAll(Gen.Choose(0, 1_000_000).ToArbitrary(), Gen.Choose(1, 2).ToArbitrary(), (seed, failed) =>
        {
            var wait = RunRules.Backoff("run" + seed, "answer/1/" + failed, failed).TotalMilliseconds;
            var least = 100 * Math.Pow(2, failed - 1);
            return wait >= least && wait < least * 1.5;
        }));

    [Test]
    public void is_the_same_for_the_same_attempt_and_differs_between_runs()
    {
        RunRules.Backoff("r1", "answer/1/2", 1).Should().Be(RunRules.Backoff("r1", "answer/1/2", 1));
        Enumerable.Range(0, 50).Select(i => RunRules.Backoff("r" + i, "answer/1/2", 1)).Distinct().Should().HaveCountGreaterThan(10);
    }
}
