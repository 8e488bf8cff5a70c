using System.Net;

namespace AIaaS.Journeys;

public sealed class A_log_that_lost_events
{
    [Test]
    public async Task leaves_no_write_ahead_log_when_it_was_stopped_cleanly()
    {
        using var folder = new DataFolder();
        for (var round = 0; round < 2; round++)
        {
            await using var api = await ApiProcess.StartAsync(folder.Path);
            await UseAsync(api, $"t{round}");
            (await api.StopAsync()).Should().Be(0);
            Directory.GetFiles(folder.Path).Select(Path.GetFileName).Should().BeEquivalentTo("eventlog.db", "eventlog.head", "eventlog.lock", "eventlog.owner", "read-models.db");
        }
    }

    [TestCase("half")]
    [TestCase("empty")]
    [TestCase("deleted")]
    public async Task because_its_write_ahead_log_was_damaged_after_a_kill_ends_the_start_with_a_message(string how)
    {
        using var folder = new DataFolder();
        await using (var api = await ApiProcess.StartAsync(folder.Path))
        {
            await UseAsync(api, "acme");
            await api.KillAsync();
        }

        var log = Path.Combine(folder.Path, "eventlog.db");
        if (how == "deleted")
        {
            File.Delete(log + "-wal");
        }
        else
        {
            await using var file = new FileStream(log + "-wal", FileMode.Open);
            file.SetLength(how == "half" ? file.Length / 2 : 0);
        }

        for (var attempt = 0; attempt < 2; attempt++)
        {
            Explains(await ApiProcess.FailAsync(folder.Path), log, "lost its newest events", "backup");
        }
    }

    [Test]
    public async Task is_noticed_by_the_read_models_and_goes_on_only_when_they_are_deleted()
    {
        using var folder = new DataFolder();
        var (log, older) = (Path.Combine(folder.Path, "eventlog.db"), Path.Combine(folder.Path, "older.db"));
        await RunAsync("first");
        File.Copy(log, older);
        await RunAsync("second");
        File.Move(older, log, overwrite: true);
        Explains(await ApiProcess.FailAsync(folder.Path), log, "eventlog.head");

        File.Delete(Path.Combine(folder.Path, "eventlog.head"));
        for (var attempt = 0; attempt < 2; attempt++)
        {
            Explains(await ApiProcess.FailAsync(folder.Path), folder.Path, "read model", "read-models.db", "backup");
        }

        File.Delete(Path.Combine(folder.Path, "read-models.db"));
        await using var api = await ApiProcess.StartAsync(folder.Path);
        using var ready = await api.Client.GetAsync("/health/ready");
        ready.StatusCode.Should().Be(HttpStatusCode.OK);

        async Task RunAsync(string tenant)
        {
            await using var running = await ApiProcess.StartAsync(folder.Path);
            await UseAsync(running, tenant);
            (await running.StopAsync()).Should().Be(0);
        }
    }

    /// <summary>Writes, follows, and asks for what is and what is not there.</summary>
    private static async Task UseAsync(ApiProcess api, string tenant)
    {
        var (_, key) = await api.NewTenantAsync(tenant);
        var (sent, body, token) = await api.SendAsync(HttpMethod.Post, "/v1/messages", key, new { text = "Hello?" }, "m1");
        sent.Should().Be(HttpStatusCode.OK);
        var (seen, _, _) = await api.SendAsync(HttpMethod.Get, $"/v1/runs/{body.GetProperty("run").GetString()}", key, token: token);
        seen.Should().Be(HttpStatusCode.OK);
        (await api.ReadStreamAsync($"run-{tenant}_missing", key)).Should().BeEmpty();
    }

    private static void Explains((int ExitCode, string Output, string Errors) end, params string[] what)
    {
        end.ExitCode.Should().NotBe(0);
        end.Errors.Should().ContainAll(what);
        (end.Errors + end.Output).Should().NotContain("   at ").And.NotContain("Unhandled exception");
    }
}
