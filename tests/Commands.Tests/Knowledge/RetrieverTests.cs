using AIaaS.Commands.Knowledge;
using AIaaS.Domain;
using AIaaS.Domain.Knowledge;
using AIaaS.EventStore;
using Commands.Tests.Support;

namespace Commands.Tests.Knowledge;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public abstract class With_articles_in_a_log
{
    protected static readonly DateTimeOffset At = new(2026, 1, 31, 9, 30, 0, TimeSpan.Zero);
    protected static readonly CommandContext Acme = new("acme", "test");
    protected static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    private readonly CancellationTokenSource ended = new();
    private readonly List<(Bm25Retriever Retriever, Task Running)> running = [];
    private TemporaryLog log = null!;

    protected IEventStore Log => log.Store;

    protected EventTypes Types { get; } = DomainEventTypes.Create();

    protected ArticleService Service { get; private set; } = null!;

    protected static PutArticle Put(string article, string title, string content, Audience audience = Audience.Customer, string tenant = "acme") =>
        new(tenant, article, title, content, audience, At);

    [SetUp]
    public async Task OpenAsync()
    {
        log = await TemporaryLog.OpenAsync();
        Service = new(Log, Types, IdSource.From(TimeProvider.System));
    }

    [TearDown]
    public async Task CloseAsync()
    {
        await ended.CancelAsync();
        foreach (var (retriever, task) in running)
        {
            await task.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            retriever.Dispose();
        }

        await log.DisposeAsync();
        ended.Dispose();
    }

    protected Bm25Retriever Start()
    {
        var retriever = new Bm25Retriever(Log, Types, new ParkingLot(Log), TimeProvider.System);
        running.Add((retriever, retriever.RunAsync(ended.Token)));
        return retriever;
    }
}

public sealed class An_article_that_was_put : With_articles_in_a_log
{
    [Test]
    public async Task is_found_once_the_index_has_passed_its_position()
    {
        var retriever = Start();
        var put = await Service.PutAsync(Put("returns", "Returns", "Send it back within 30 days."), Acme);
        (await retriever.WaitForAsync(put.Position, Soon)).Should().BeTrue();
        var found = await retriever.RetrieveAsync("acme", "return", Audience.Customer, 6);
        found.Passages.Single().Article.Should().Be("returns");
        found.IndexPosition.Should().BeGreaterThanOrEqualTo(put.Position.Value);
    }

    [Test]
    public async Task is_found_again_after_a_restart()
    {
        var put = await Service.PutAsync(Put("returns", "Returns", "Send it back within 30 days."), Acme);
        var retriever = Start();
        (await retriever.WaitForAsync(put.Position, Soon)).Should().BeTrue();
        (await retriever.RetrieveAsync("acme", "return", Audience.Customer, 6)).Passages.Should().ContainSingle();
        (await retriever.GetStatusAsync()).LagEvents.Should().Be(0);
    }

    [Test]
    public async Task is_not_found_by_another_tenant()
    {
        var retriever = Start();
        var put = await Service.PutAsync(Put("returns", "Returns", "Send it back within 30 days."), Acme);
        await retriever.WaitForAsync(put.Position, Soon);
        (await retriever.RetrieveAsync("other", "return", Audience.Staff, 6)).Passages.Should().BeEmpty();
    }

    [Test]
    public async Task is_gone_after_its_removal()
    {
        var retriever = Start();
        await Service.PutAsync(Put("returns", "Returns", "Send it back within 30 days."), Acme);
        var removed = await Service.RemoveAsync(new("acme", "returns", At), Acme);
        (await retriever.WaitForAsync(removed.Position, Soon)).Should().BeTrue();
        (await retriever.RetrieveAsync("acme", "return", Audience.Customer, 6)).Passages.Should().BeEmpty();
    }

    [Test]
    public async Task writes_nothing_when_it_comes_again_unchanged()
    {
        var first = await Service.PutAsync(Put("returns", "Returns", "Send it back."), Acme);
        var second = await Service.PutAsync(Put("returns", "Returns", "Send it back."), Acme);
        second.Events.Should().BeEmpty();
        second.Position.Should().Be(first.Position);
    }

    [Test]
    public async Task cannot_be_put_into_another_tenants_stream() =>
        await Service.Awaiting(s => s.PutAsync(Put("returns", "Returns", "Send it back.", tenant: "other"), Acme)).Should().ThrowAsync<DomainException>();
}

public sealed class An_import : With_articles_in_a_log
{
    [Test]
    public async Task writes_what_is_new_and_says_where_it_ends()
    {
        var retriever = Start();
        await Service.PutAsync(Put("a3", "Title", "Text 3"), Acme);
        var put = await Service.PutManyAsync([.. Enumerable.Range(0, 100).Select(i => Put($"a{i}", "Title", $"Text {i}"))], Acme);
        (put.Written, put.Unchanged).Should().Be((99, 1));
        (await retriever.WaitForAsync(put.Position, Soon)).Should().BeTrue();
        retriever.CountArticles("acme").Should().Be(100);
    }

    [Test]
    public async Task with_a_faulty_article_names_it_and_writes_nothing()
    {
        (await Service.Awaiting(s => s.PutManyAsync([Put("good", "Title", "Text"), Put("bad", "", "")], Acme)).Should().ThrowAsync<DomainException>())
            .Which.Error.Message.Should().Contain("bad: the title").And.Contain("bad: the content");
        (await Service.LoadAsync(Article.Stream("acme", "good"))).Version.Should().Be(-1);
    }

    [Test]
    public async Task with_an_article_twice_is_refused() =>
        (await Service.Awaiting(s => s.PutManyAsync([Put("a", "T", "1"), Put("a", "T", "2")], Acme)).Should().ThrowAsync<DomainException>())
            .Which.Error.Message.Should().Contain("more than once");
}

public sealed class An_unreadable_article_event : With_articles_in_a_log
{
    [Test]
    public async Task parks_and_holds_up_only_its_own_article()
    {
        await Log.AppendAsync("article-acme_bad", ExpectedVersion.NoStream, [new(NamedId.Of("bad"), "ingest.doc.processed", "{}"u8.ToArray(), "{}"u8.ToArray())]);
        await Service.PutAsync(Put("good", "Good", "good words"), Acme);
        var behind = await Log.AppendAsync("article-acme_bad", ExpectedVersion.Exact(0), [Types.Write(NamedId.Of("next"), new ArticleProcessed("bad", "Bad", "bad words", Audience.Customer, "", At), new EventMetadata())]);
        var retriever = Start();
        (await retriever.WaitForAsync(behind.Position, Soon)).Should().BeTrue();

        (await retriever.RetrieveAsync("acme", "words", Audience.Customer, 6)).Passages.Select(p => p.Article).Should().Equal("good");
        (await retriever.GetStatusAsync()).Parked.Should().Be(2);
        (await new ParkingLot(Log).ListAsync(retriever.Name)).Should().HaveCount(2);
        (await retriever.ReplayParkedAsync()).Should().Be(0);
    }
}

public sealed class Waiting_for_the_index : With_articles_in_a_log
{
    [Test]
    public async Task ends_with_false_when_the_position_does_not_come()
    {
        var retriever = Start();
        (await retriever.WaitForAsync(new(ulong.MaxValue), TimeSpan.FromMilliseconds(30))).Should().BeFalse();
    }

    [Test]
    public async Task ends_when_the_caller_gives_up()
    {
        var retriever = Start();
        using var gone = new CancellationTokenSource();
        var waiting = retriever.WaitForAsync(new(ulong.MaxValue), Soon, gone.Token);
        await gone.CancelAsync();
        await FluentActions.Awaiting(() => waiting).Should().ThrowAsync<OperationCanceledException>();
    }

    [TestCase(0)]
    [TestCase(21)]
    public async Task A_search_for_too_few_or_too_many_passages_is_refused(int top) =>
        await Start().Awaiting(r => r.RetrieveAsync("acme", "x", Audience.Customer, top).AsTask()).Should().ThrowAsync<ArgumentOutOfRangeException>();
}
