using FsCheck;
using FsCheck.Fluent;

namespace AIaaS.EventStore.Tests.Subscriptions;

public sealed class Tracking_what_is_done
{
    private static readonly DateTimeOffset At = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Test]
    public void stays_before_the_oldest_open_event()
    {
        var tracker = new PositionTracker(new(5));
        var first = tracker.Begin(new(7), At);
        var second = tracker.Begin(new(9), At.AddSeconds(1));
        tracker.Reached(new(20));
        tracker.Finish(second);
        tracker.Done.Should().Be(new LogPosition(5));
        tracker.Open.Should().Be((1, At));
        tracker.Finish(first);
        tracker.Done.Should().Be(new LogPosition(20));
        tracker.Open.Should().Be((0, null));
    }

    [Test]
    public void moves_with_notices_while_nothing_is_open()
    {
        var tracker = new PositionTracker(LogPosition.Start);
        tracker.Reached(new(20));
        tracker.Reached(new(10));
        tracker.Done.Should().Be(new LogPosition(20));
    }

    [Test]
    public void never_passes_an_unfinished_event_in_any_order_of_completion()
    {
        var cases = from gaps in Gen.Choose(1, 9).NonEmptyListOf()
                    from notices in Gen.Choose(0, 3).ListOf(gaps.Count)
                    from order in Gen.Shuffle(Enumerable.Range(0, gaps.Count).ToArray())
                    select (gaps: gaps.ToArray(), notices: notices.ToArray(), order);
        Prop.ForAll(cases.ToArbitrary(), sample =>
        {
            var tracker = new PositionTracker(LogPosition.Start);
            var position = 0UL;
            List<PositionTracker.Entry> entries = [];
            List<(ulong Position, ulong Upto)> expected = [];
            for (var i = 0; i < sample.gaps.Length; i++)
            {
                position += (ulong)sample.gaps[i];
                entries.Add(tracker.Begin(new(position), At));
                var upto = position;
                for (var n = 0; n < sample.notices[i]; n++)
                {
                    tracker.Reached(new(++upto));
                }

                expected.Add((position, upto));
                position = upto;
            }

            var finished = new HashSet<int>();
            foreach (var index in sample.order)
            {
                tracker.Finish(entries[index]);
                finished.Add(index);
                var firstOpen = Enumerable.Range(0, entries.Count).FirstOrDefault(i => !finished.Contains(i), -1);
                var done = firstOpen switch { -1 => expected[^1].Upto, 0 => 0UL, _ => expected[firstOpen - 1].Upto };
                if (tracker.Done.Value != done || (firstOpen >= 0 && tracker.Done.Value >= expected[firstOpen].Position))
                {
                    return false;
                }
            }

            return tracker.Finished == entries.Count && tracker.Open.Count == 0;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(Soak.Count(100, full: 10_000)));
    }
}
