using System.Net;

namespace AIaaS.Journeys;

/// <summary>A start that cannot succeed ends with one message that says why and how to mend it, never with a stack trace.</summary>
public sealed class A_start_that_cannot_succeed
{
    [Test]
    public async Task names_a_data_folder_that_another_process_uses()
    {
        using var folder = new DataFolder();
        await using var first = await ApiProcess.StartAsync(folder.Path);
        Explains(await ApiProcess.FailAsync(folder.Path), folder.Path);
        using var alive = await first.Client.GetAsync("/health/ready");
        alive.StatusCode.Should().Be(HttpStatusCode.OK);
    }

    [Test]
    public async Task names_a_damaged_database_file()
    {
        using var folder = new DataFolder();
        await using (var first = await ApiProcess.StartAsync(folder.Path))
        {
            var (_, key) = await first.NewTenantAsync("acme");
            for (var i = 0; i < 30; i++)
            {
                (await first.SendAsync(HttpMethod.Put, $"/v1/articles/a{i}", key, new { title = "A", content = new string((char)('a' + (i % 26)), 20_000) })).Status.Should().Be(HttpStatusCode.OK);
            }

            (await first.StopAsync()).Should().Be(0);
        }

        var log = Path.Combine(folder.Path, "eventlog.db");
        await using (var file = new FileStream(log, FileMode.Open))
        {
            file.SetLength(file.Length / 2);
        }

        Explains(await ApiProcess.FailAsync(folder.Path), log);
    }

    [TestCase("foo")]
    [TestCase("http://127.0.0.1:99999")]
    [TestCase("ftp://127.0.0.1:8080")]
    public async Task names_an_address_that_is_none(string url)
    {
        using var folder = new DataFolder();
        Explains(await ApiProcess.FailAsync(folder.Path, ("Urls", url)), url);
        Directory.EnumerateFileSystemEntries(folder.Path).Should().BeEmpty("nothing is opened for a program that cannot listen");
    }

    [Test]
    public async Task names_an_engine_that_is_not_known()
    {
        using var folder = new DataFolder();
        Explains(await ApiProcess.FailAsync(folder.Path, ("EventStore__Engine", "papyrus")), "papyrus");
        Explains(await ApiProcess.FailAsync(folder.Path, ("ReadModels__Engine", "papyrus")), "papyrus");
    }

    [TestCase("EventStore__Engine", "eventstoredb", "EventStore__ConnectionString", "esdb://127.0.0.1:1?tls=false")]
    [TestCase("ReadModels__Engine", "mongodb", "ReadModels__ConnectionString", "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=1000")]
    public async Task names_a_server_that_cannot_be_reached_or_a_driver_that_is_not_built(string engine, string name, string setting, string server)
    {
        using var folder = new DataFolder();
        var isBuilt = name == "eventstoredb" ? EventStore.EventStoreEngines.Find(name) is not null : Projections.ReadModelEngines.Find(name) is not null;
        Explains(await ApiProcess.FailAsync(folder.Path, (engine, name), (setting, server)), isBuilt ? "127.0.0.1" : engine);
    }

    [Test]
    public async Task names_a_folder_that_cannot_be_made()
    {
        using var folder = new DataFolder();
        var file = Path.Combine(folder.Path, "file");
        await File.WriteAllTextAsync(file, "");
        Explains(await ApiProcess.FailAsync(Path.Combine(file, "data")), file);
    }

    [Test]
    public async Task names_a_read_only_folder()
    {
        const string ReadOnly = "/sys/kernel";
        if (!OperatingSystem.IsLinux() || !Directory.Exists(ReadOnly))
        {
            Assert.Ignore("This machine has no folder that even its administrator cannot write to.");
        }

        Explains(await ApiProcess.FailAsync(ReadOnly + "/aiaas"), ReadOnly);
    }

    [Test]
    public async Task names_a_port_that_is_in_use()
    {
        using var folder = new DataFolder();
        using var other = new DataFolder();
        await using var first = await ApiProcess.StartAsync(folder.Path);
        Explains(await ApiProcess.FailAsync(other.Path, ("Urls", first.Client.BaseAddress!.ToString())), "port");
        Directory.GetFiles(other.Path, "*-wal").Should().BeEmpty("the stores are closed");
    }

    [TestCase("Runs__MaxWaitSeconds", "soon")]
    [TestCase("Admin__ApiKey", "short")]
    [TestCase("OTEL_EXPORTER_OTLP_ENDPOINT", "nonsense")]
    [TestCase("Workflows__Folder", "/nowhere/to/be/found")]
    public async Task names_a_setting_that_cannot_be_used(string name, string value)
    {
        using var folder = new DataFolder();
        Explains(await ApiProcess.FailAsync(folder.Path, (name, value)), name == "OTEL_EXPORTER_OTLP_ENDPOINT" ? "OTLP" : name.Split('_')[0]);
    }

    private static void Explains((int ExitCode, string Output, string Errors) end, string what)
    {
        end.ExitCode.Should().NotBe(0);
        end.Errors.Should().Contain(what);
        (end.Errors + end.Output).Should().NotContain("   at ").And.NotContain("Unhandled exception");
    }
}

public sealed class A_process_that_is_asked_to_stop
{
    [Test]
    public async Task ends_its_runs_and_goes_on_where_it_was()
    {
        using var folder = new DataFolder();
        string key;
        string run;
        await using (var first = await ApiProcess.StartAsync(folder.Path))
        {
            (_, key) = await first.NewTenantAsync("acme");
            var (status, body, _) = await first.SendAsync(HttpMethod.Post, "/v1/messages", key, new { text = "Hello?" }, "m1");
            status.Should().Be(HttpStatusCode.OK);
            run = body.GetProperty("run").GetString()!;
            (await first.StopAsync()).Should().Be(0);
        }

        await using var second = await ApiProcess.StartAsync(folder.Path);
        var (_, subscriptions, _) = await second.SendAsync(HttpMethod.Get, "/v1/subscriptions", key);
        var (found, document, _) = await second.SendAsync(HttpMethod.Get, $"/v1/runs/{run}", key, token: subscriptions.GetProperty("head").GetString());
        found.Should().Be(HttpStatusCode.OK);
        document.GetProperty("status").GetString().Should().Be("completed");
    }

    [Test]
    public async Task shows_a_key_that_it_made_only_at_its_first_start()
    {
        using var folder = new DataFolder();
        var (_, first, _) = await StartOnceAsync(folder.Path);
        var (_, second, _) = await StartOnceAsync(folder.Path);
        first.Should().MatchRegex("aiaas_platform_[0-9a-f]{64}");
        second.Should().NotContain("aiaas_platform_");
    }

    // A port that cannot be had ends the start after the key was made.
    private static async Task<(int ExitCode, string Output, string Errors)> StartOnceAsync(string folder) =>
        await ApiProcess.FailAsync(folder, ("Admin__ApiKey", ""), ("Urls", "http://192.0.2.1:1"));
}

public sealed class A_start_without_the_broker
{
    [Test]
    public async Task serves_and_says_that_work_waits()
    {
        using var folder = new DataFolder();
        await using var api = await ApiProcess.StartAsync(folder.Path, ("Bus__Engine", "rabbitmq"), ("Bus__RabbitMq__Port", "1"));
        using var health = await api.Client.GetAsync("/health");
        health.StatusCode.Should().Be(HttpStatusCode.OK);
        using var report = System.Text.Json.JsonDocument.Parse(await health.Content.ReadAsStringAsync());
        report.RootElement.GetProperty("status").GetString().Should().Be("degraded");
        report.RootElement.GetProperty("checks").GetProperty("bus").GetString().Should().Contain("RabbitMQ").And.Contain("Bus__RabbitMq__Host");
    }
}
