using AIaaS;
using AIaaS.EventStore;
using AIaaS.EventStore.Embedded;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.Extensions.Logging.Abstractions;

namespace EventStore.Tests.Embedded;

/// <summary>Any sequence of appends, deletions, metadata and restarts leaves the log as a plain model in memory says.</summary>
public sealed class Random_use
{
    private static readonly int Sequences = Soak.Count(40, full: 500);

    [Test]
    public void leaves_the_log_as_the_model_says()
    {
        var step = Gen.Choose(0, 9).SelectMany(kind => Gen.Choose(0, 2).SelectMany(stream => Gen.Choose(1, 4).Select(count => new Step(kind, stream, count))));
        var property = Prop.ForAll(step.ListOf().Select(s => (IList<Step>)[.. s]).ToArbitrary(), (IList<Step> steps) => RunAsync([.. steps]));
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(Sequences).WithEndSize(60), property);
    }

    private static async Task<bool> RunAsync(List<Step> steps)
    {
        using var folder = new TempFolder();
        var ids = IdSource.From(TimeProvider.System);
        var store = Open(folder);
        Model[] models = [new("a"), new("b"), new("c")];
        (Model Model, ExpectedVersion Expected, NewEvent[] Events, AppendResult Result)? last = null;
        try
        {
            foreach (var (kind, which, count) in steps)
            {
                var model = models[which];
                switch (kind)
                {
                    case 0 or 1 or 2 or 3:
                        var events = Enumerable.Range(0, count).Select(_ => new NewEvent(ids.NewId(), "t", new byte[count], default, IsJson: false)).ToArray();
                        var expected = kind switch { 0 => ExpectedVersion.Any, 1 => ExpectedVersion.NoStream, 2 => ExpectedVersion.StreamExists, _ => ExpectedVersion.Exact(model.Version) };
                        if (await RefusedAsync(() => store.AppendAsync(model.Name, expected, events)) is { } refused)
                        {
                            refused.Should().Be(model.Refusal(expected));
                        }
                        else
                        {
                            model.Refusal(expected).Should().BeNull();
                            model.Append(events);
                            var read = await ListAsync(store.ReadStreamAsync(model.Name, ReadDirection.Backwards, long.MaxValue, 1));
                            last = (model, expected, events, new(model.Version, read[0].Position));
                        }

                        break;
                    case 4 when last is { } repeat && repeat.Model.Version == repeat.Result.Version && repeat.Model.IsLive && repeat.Expected.Value >= -1 && !(repeat.Model.MaxCount < repeat.Events.Length):
                        (await store.AppendAsync(repeat.Model.Name, repeat.Expected, repeat.Events)).Should().Be(repeat.Result with { Repeated = true });
                        break;
                    case 5:
                        var delete = await RefusedAsync(() => store.DeleteStreamAsync(model.Name, ExpectedVersion.Any));
                        delete.Should().Be(model.Refusal(ExpectedVersion.Any));
                        model.Delete();
                        last = null;
                        break;
                    case 6 when count == 4:
                        (await RefusedAsync(() => store.TombstoneStreamAsync(model.Name, ExpectedVersion.Any))).Should().Be(model.Refusal(ExpectedVersion.Any));
                        model.Tombstoned = true;
                        last = null;
                        break;
                    case 7:
                        // Only ever less: what more would bring back may be removed already.
                        var most = Math.Min(model.MaxCount ?? int.MaxValue, count * 2);
                        if (await RefusedAsync(() => store.SetStreamMetadataAsync(model.Name, new(MaxCount: most))) is null)
                        {
                            model.MaxCount = most;
                            last = null;
                        }

                        break;
                    case 8:
                        await store.DisposeAsync();
                        store = Open(folder);
                        break;
                    case 9:
                        await store.Scavenger.ScavengeAllAsync(default);
                        last = null;
                        break;
                    default:
                        break;
                }
            }

            foreach (var model in models)
            {
                var read = () => ListAsync(store.ReadStreamAsync(model.Name));
                if (model.Tombstoned)
                {
                    await read.Should().ThrowAsync<StreamTombstonedException>();
                }
                else if (!model.IsLive)
                {
                    await read.Should().ThrowAsync<StreamNotFoundException>();
                }
                else
                {
                    (await read()).Select(e => (e.Id, e.Version)).Should().Equal(model.Kept);
                }
            }

            await store.Scavenger.ScavengeAllAsync(default);
            var all = await ListAsync(store.ReadAllAsync());
            all.Select(e => e.Position).Should().BeInAscendingOrder().And.OnlyHaveUniqueItems();
            all.Select(e => (e.Id, e.Version)).Should().BeEquivalentTo(models.SelectMany(m => m.Kept), "what no stream keeps has left the whole log");
            return true;
        }
        finally
        {
            await store.DisposeAsync();
        }
    }

    private static EmbeddedEventStore Open(TempFolder folder) => EmbeddedEventStore.Open(folder.Path, new Tuning(), TimeProvider.System, NullLoggerFactory.Instance);

    private static async Task<string?> RefusedAsync(Func<Task> act)
    {
        try
        {
            await act();
            return null;
        }
        catch (EventStoreException e)
        {
            return e.GetType().Name;
        }
    }

    private static async Task<List<RecordedEvent>> ListAsync(IAsyncEnumerable<RecordedEvent> events)
    {
        List<RecordedEvent> list = [];
        await foreach (var @event in events)
        {
            list.Add(@event);
        }

        return list;
    }

    private sealed record Step(int Kind, int Stream, int Count);

    private sealed class Model(string name)
    {
        private readonly List<(Guid Id, long Version)> events = [];

        public string Name => name;

        public long Version { get; private set; } = -1;

        public bool IsLive { get; private set; }

        public bool Tombstoned { get; set; }

        public int? MaxCount { get; set; }

        public IEnumerable<(Guid Id, long Version)> Kept => Tombstoned ? [] : events.Skip(MaxCount is { } most ? Math.Max(0, events.Count - most) : 0);

        public string? Refusal(ExpectedVersion expected) =>
            Tombstoned ? nameof(StreamTombstonedException)
            : expected.Value switch { -2 => true, -4 => IsLive, -1 => !IsLive, _ => true } ? null
            : nameof(WrongExpectedVersionException);

        public void Append(NewEvent[] added)
        {
            IsLive = true;
            foreach (var @event in added)
            {
                events.Add((@event.Id, ++Version));
            }
        }

        public void Delete()
        {
            if (!Tombstoned)
            {
                IsLive = false;
                events.Clear();
            }
        }
    }
}
