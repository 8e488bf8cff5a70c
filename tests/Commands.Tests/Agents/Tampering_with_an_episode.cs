using System.Collections.Immutable;
using System.Text;
using AIaaS.Commands.Agents;
using AIaaS.EventStore;
using FsCheck;
using FsCheck.Fluent;

namespace Commands.Tests.Agents;

public sealed class Tampering_with_an_episode
{
    private static readonly int Cases = Soak.Count(500, full: 20_000);

    private RunWorld world = null!;
    private Episode episode = null!;

    [OneTimeSetUp]
    public async Task Record()
    {
        world = await RunWorld.OpenAsync();
        var (accepted, _) = await world.AskAsync("How many days do I have to return an item?");
        episode = await world.Episodes.ExportAsync(RunWorld.Tenant, accepted.Run);
    }

    [OneTimeTearDown]
    public async Task Close() => await world.DisposeAsync();

    [Test]
    public void by_any_bit_of_any_data_names_that_event() => Holds((pick, place) =>
    {
        var number = pick % episode.Events.Length;
        var data = episode.Events[number].Data.ToArray();
        data[place % data.Length] ^= (byte)(1 << (place / 7 % 8));
        return Named(episode with { Events = episode.Events.SetItem(number, episode.Events[number] with { Data = data }) }) == number;
    });

    [Test]
    public void by_any_bit_of_any_metadata_names_that_event() => Holds((pick, place) =>
    {
        var number = pick % episode.Events.Length;
        var metadata = episode.Events[number].Metadata.ToArray();
        metadata[place % metadata.Length] ^= (byte)(1 << (place / 7 % 8));
        return Named(episode with { Events = episode.Events.SetItem(number, episode.Events[number] with { Metadata = metadata }) }) == number;
    });

    [Test]
    public void by_another_author_in_the_metadata_names_that_event()
    {
        var metadata = EventMetadata.Read(episode.Events[3].Metadata.Span) with { Actor = "somebody-else" };
        Named(episode with { Events = episode.Events.SetItem(3, episode.Events[3] with { Metadata = metadata.ToUtf8() }) }).Should().Be(3);
    }

    [Test]
    public void by_dropping_an_event_names_its_place() => Holds((pick, _) =>
    {
        var number = pick % episode.Events.Length;
        return Named(episode with { Events = episode.Events.RemoveAt(number) }) == number;
    });

    [Test]
    public void by_cutting_off_the_end_names_the_first_missing_event() => Holds((pick, _) =>
    {
        var kept = pick % episode.Events.Length;
        return Named(episode with { Events = episode.Events[..kept] }) == kept;
    });

    [Test]
    public void by_doubling_an_event_names_the_copy() => Holds((pick, _) =>
    {
        var number = pick % episode.Events.Length;
        return Named(episode with { Events = episode.Events.Insert(number + 1, episode.Events[number]) }) == number + 1;
    });

    [Test]
    public void by_swapping_two_events_names_the_first_of_them() => Holds((pick, place) =>
    {
        var (one, other) = (pick % episode.Events.Length, place % episode.Events.Length);
        if (one == other)
        {
            return true;
        }

        var events = episode.Events.SetItem(one, episode.Events[other]).SetItem(other, episode.Events[one]);
        return Named(episode with { Events = events }) == Math.Min(one, other);
    });

    [Test]
    public void by_swapping_and_numbering_anew_names_the_first_of_them() => Holds((pick, _) =>
    {
        var number = pick % (episode.Events.Length - 1);
        var events = episode.Events
            .SetItem(number, episode.Events[number + 1] with { Number = number })
            .SetItem(number + 1, episode.Events[number] with { Number = number + 1 });
        return Named(episode with { Events = events }) == number;
    });

    [Test]
    public void by_another_tenant_in_the_metadata_names_that_event()
    {
        for (var number = 0; number < episode.Events.Length; number++)
        {
            var metadata = EventMetadata.Read(episode.Events[number].Metadata.Span) with { Tenant = "other" };
            Named(episode with { Events = episode.Events.SetItem(number, episode.Events[number] with { Metadata = metadata.ToUtf8() }) }).Should().Be(number);
        }
    }

    [Test]
    public void by_passing_it_off_as_another_run_names_the_first_event() =>
        Named(episode with { Stream = episode.Stream.Replace("acme", "other", StringComparison.Ordinal) }).Should().Be(0);

    [Test]
    public async Task with_the_hash_chain_made_anew_is_still_found_where_a_result_was_changed()
    {
        var last = episode.Events.Length - 1;
        var text = Encoding.UTF8.GetString(episode.Events[last].Data.Span).Replace("\"steps\":5", "\"steps\":4", StringComparison.Ordinal);
        text.Should().NotBe(Encoding.UTF8.GetString(episode.Events[last].Data.Span));
        var forged = Chained(episode with { Events = episode.Events.SetItem(last, episode.Events[last] with { Data = Encoding.UTF8.GetBytes(text) }) });
        Replayer.VerifyRecord(forged).Should().BeNull();
        var report = await world.Replayer.ReplayAsync(forged);
        report.BitExact.Should().BeFalse();
        report.Difference!.Number.Should().Be(last);
        report.Difference.What.Should().Contain("differ from byte");
    }

    [Test]
    public async Task is_not_what_export_and_import_do()
    {
        var read = Episode.FromJson(episode.ToJson());
        (await world.Replayer.ReplayAsync(read)).BitExact.Should().BeTrue();
        read.ToJson().Should().Equal(episode.ToJson());
    }

    private static Episode Chained(Episode changed)
    {
        var chain = EpisodeChain.Begin(changed.Stream);
        var events = ImmutableArray.CreateBuilder<EpisodeEvent>();
        foreach (var e in changed.Events)
        {
            (chain, var metadata) = EpisodeChain.Seal(chain, e.Type, e.Data.Span, EventMetadata.Read(e.Metadata.Span));
            events.Add(e with { Metadata = metadata });
        }

        return changed with { Events = events.ToImmutable() };
    }

    private static long? Named(Episode changed) => Replayer.VerifyRecord(changed)?.Number;

    private static void Holds(Func<int, int, bool> property)
    {
        var numbers = Gen.Choose(0, 1_000_000);
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(Cases), Prop.ForAll(numbers.ToArbitrary(), numbers.ToArbitrary(), property));
    }
}
