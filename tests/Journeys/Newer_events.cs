using System.Net;
using System.Text.Json;
using AIaaS.EventStore;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIaaS.Journeys;

/// <summary>A newer version of the program has written to the log, and this one is started again.</summary>
public sealed class An_event_of_a_newer_version
{
    [Test]
    public async Task parks_with_what_follows_in_its_stream_and_stops_nothing_else()
    {
        using var folder = new DataFolder();
        string key;
        await using (var before = await ApiProcess.StartAsync(folder.Path))
        {
            (_, key) = await before.NewTenantAsync("acme");
            foreach (var article in (string[])["newer", "plain"])
            {
                (await before.SendAsync(HttpMethod.Put, "/v1/articles/" + article, key, new { title = "Title", content = "First." })).Status.Should().Be(HttpStatusCode.OK);
            }

            (await before.StopAsync()).Should().Be(0);
        }

        var stream = StreamName.For("article", "acme", "newer");
        await using (var log = await EventStoreEngines.OpenAsync(new() { DataFolder = folder.Path }, TimeProvider.System, NullLoggerFactory.Instance))
        {
            await log.AppendAsync(stream, ExpectedVersion.Any, [new(NamedId.Of(stream), "ingest.doc.translated", "{}"u8.ToArray(), """{"tenant":"acme"}"""u8.ToArray())]);
        }

        await using var after = await ApiProcess.StartAsync(folder.Path);
        var parked = await UntilParkedAsync(after, key);
        parked.GetProperty("stream").GetString().Should().Be(stream.Value);
        parked.GetProperty("type").GetString().Should().Be("ingest.doc.translated");
        parked.GetProperty("reason").GetString().Should().Contain("not registered");

        var (_, replayed, _) = await after.SendAsync(HttpMethod.Post, "/v1/parked-events/replay", key, new { subscription = "projection-Articles" }, "again");
        replayed.GetProperty("handled").GetInt32().Should().Be(0);
        replayed.GetProperty("stillParked").GetInt32().Should().Be(1);

        var (put, _, token) = await after.SendAsync(HttpMethod.Put, "/v1/articles/plain", key, new { title = "Title", content = "Second." });
        put.Should().Be(HttpStatusCode.OK);
        var (_, plain, _) = await after.SendAsync(HttpMethod.Get, "/v1/articles/plain", key, token: token);
        plain.GetProperty("content").GetString().Should().Be("Second.");
    }

    private static async Task<JsonElement> UntilParkedAsync(ApiProcess api, string key)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            var (_, body, _) = await api.SendAsync(HttpMethod.Get, "/v1/parked-events?subscription=projection-Articles", key);
            if (body.GetProperty("parkedEvents") is var parked && parked.GetArrayLength() > 0)
            {
                return parked[0].Clone();
            }

            await Task.Delay(20, patience.Token);
        }
    }
}
