using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using AIaaS.EventStore;
using AIaaS.Tests.Lines;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIaaS.Projections.MongoDb.Tests;

/// <summary>What the tests of this engine share: whether the driver was built, and where the server is.</summary>
public abstract class MongoDbTest
{
    [SetUp]
    public void NeedDriver()
    {
        if (ReadModelEngines.Find("mongodb") is null)
        {
            Assert.Ignore("This build holds no MongoDB driver: the package feed does not carry it.");
        }
    }

    protected static Uri Server
    {
        get
        {
            var address = Environment.GetEnvironmentVariable("AIAAS_TEST_MONGODB");
            if (string.IsNullOrEmpty(address))
            {
                Assert.Ignore("AIAAS_TEST_MONGODB is not set: this test needs a MongoDB. Set it to a connection string, for example mongodb://localhost:27017.");
            }

            return new(address!);
        }
    }

    protected static string NewDatabase() => "aiaas_test_" + IdSource.From(TimeProvider.System).NewId().ToString("N");

    protected static Task<IReadModelStore> Open(string connectionString, string database = "aiaas_test") =>
        ReadModelEngines.OpenAsync(new() { Engine = "mongodb", ConnectionString = connectionString, Database = database }, NullLoggerFactory.Instance);

    protected static int UnusedPort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}

public sealed class A_MongoDB_that_is_not_there_at_start : MongoDbTest
{
    [Test]
    public async Task is_named_with_address_and_way_out_within_seconds()
    {
        var port = UnusedPort();
        var clock = Stopwatch.StartNew();
        (await FluentActions.Awaiting(() => Open($"mongodb://somebody:hidden@127.0.0.1:{port}")).Should().ThrowAsync<ReadModelStoreException>())
            .WithMessage($"*127.0.0.1:{port}*ReadModels__ConnectionString*ReadModels__Engine=embedded*")
            .Which.Message.Should().NotContain("hidden");
        clock.Elapsed.Should().BeLessThan(TimeSpan.FromSeconds(20));
    }

    [Test]
    public async Task whose_name_nobody_knows_is_told_so() =>
        (await FluentActions.Awaiting(() => Open("mongodb://nowhere.invalid:27017")).Should().ThrowAsync<ReadModelStoreException>())
            .WithMessage("*nowhere.invalid*ReadModels__ConnectionString*")
            .Which.Message.Should().NotContain("ServerSelector").And.NotContain("no answer in time");

    [Test]
    public async Task that_accepts_connections_but_says_nothing_is_named_too()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var port = ((IPEndPoint)silent.LocalEndpoint).Port;
        (await FluentActions.Awaiting(() => Open($"mongodb://127.0.0.1:{port}")).Should().ThrowAsync<ReadModelStoreException>())
            .WithMessage($"*127.0.0.1:{port}*ReadModels__ConnectionString*")
            .Which.Message.Should().NotContain("ServerSelector", "the driver's own words help nobody who starts a program");
    }
}

public sealed class A_connection_string_that_is_none_of_MongoDB : MongoDbTest
{
    [TestCase("localhost:27017")]
    [TestCase("mongodb://")]
    [TestCase("")]
    public async Task is_refused_with_an_example(string text) =>
        (await FluentActions.Awaiting(() => Open(text)).Should().ThrowAsync<ReadModelStoreException>()).WithMessage("*ReadModels__ConnectionString*mongodb://host:27017*");

    [Test]
    public async Task does_not_show_its_password() =>
        (await FluentActions.Awaiting(() => Open("mongodb://somebody:hidden@[::bad")).Should().ThrowAsync<ReadModelStoreException>())
            .Which.Message.Should().NotContain("hidden");
}

public sealed class A_database_name_that_MongoDB_refuses : MongoDbTest
{
    [Test]
    public async Task is_named_with_its_setting() =>
        (await FluentActions.Awaiting(() => Open("mongodb://127.0.0.1:1", "a.b/c")).Should().ThrowAsync<ReadModelStoreException>()).WithMessage("*a.b/c*ReadModels__Database*");
}

public sealed class A_MongoDB_that_goes_away_and_comes_back : MongoDbTest
{
    private static readonly CollectionSchema Things = new("things_v1", [["name"]], new Dictionary<string, FieldKind> { ["name"] = FieldKind.Text });

    [Test]
    public async Task is_named_by_each_call_and_used_again_without_a_restart()
    {
        await using var line = new BreakableLine(Server.Host, Server.Port > 0 ? Server.Port : 27017);
        line.Mend();
        await using var store = await Open($"mongodb://127.0.0.1:{line.Port}/?directConnection=true&serverSelectionTimeoutMS=1500", NewDatabase());
        await store.EnsureAsync(Things);
        await store.WriteAsync("things_v1", [Put("a", 1, "one")], new(1));

        await line.CutAsync();
        Func<Task>[] calls =
        [
            () => store.GetAsync("things_v1", "a"),
            () => store.QueryAsync("things_v1", new()),
            () => store.GetPositionAsync("things_v1"),
            () => store.GetActiveAsync("things"),
            () => store.WriteAsync("things_v1", [Put("a", 2, "two")], new(2)),
        ];
        foreach (var call in calls)
        {
            (await call.Should().ThrowAsync<ReadModelStoreException>()).WithMessage($"*127.0.0.1:{line.Port}*cannot be reached*");
        }

        line.Mend();
        await Eventually(async () => (await store.GetPositionAsync("things_v1")) == new LogPosition(1));
        await store.WriteAsync("things_v1", [Put("a", 2, "two")], new(2));
        Encoding.UTF8.GetString((await store.GetAsync("things_v1", "a"))!.Json.Span).Should().Be("""{"name":"two"}""");
        (await store.GetPositionAsync("things_v1")).Should().Be(new LogPosition(2));
    }

    private static DocumentWrite Put(string id, ulong position, string name) => new(id, Encoding.UTF8.GetBytes($"{{\"name\":\"{name}\"}}"), new(position));

    private static async Task Eventually(Func<Task<bool>> condition)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            try
            {
                if (await condition())
                {
                    return;
                }
            }
            catch (ReadModelStoreException) when (!deadline.IsCancellationRequested)
            {
                await Task.Delay(50);
            }

            deadline.Token.ThrowIfCancellationRequested();
        }
    }
}
