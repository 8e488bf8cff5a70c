using System.Net;
using System.Text.Json.Nodes;
using AIaaS.EventStore;
using Microsoft.Extensions.DependencyInjection;

namespace AIaaS.Api.Tests;

public sealed class An_event_that_cannot_be_read : ApiTest
{
    [Test]
    public async Task is_parked_listed_for_its_tenant_alone_and_stays_parked_when_replayed_in_vain()
    {
        var (tenant, other) = (await NewTenantAsync(), await NewTenantAsync());
        var log = RunningApi.Host.App.Services.GetRequiredService<IEventStore>();
        var stream = StreamName.For("article", tenant.Id, "broken");
        await log.AppendAsync(stream, ExpectedVersion.NoStream, [new(NamedId.Of(stream), "ingest.doc.processed", "{\"nonsense\": true}"u8.ToArray(), default)]);

        var parked = await UntilParkedAsync(tenant, "projection-Articles");
        parked["stream"]!.GetValue<string>().Should().Be(stream.Value);
        parked["reason"]!.GetValue<string>().Should().NotBeEmpty();
        (await GetAsync("/v1/parked-events", other.Key)).Body!["parkedEvents"]!.AsArray().Should().BeEmpty();
        (await GetAsync("/v1/parked-events?subscription=projection-Articles", RunningApi.AdminKey)).Body!["parkedEvents"]!.AsArray().Should().ContainSingle();

        (await PostAsync("/v1/parked-events/replay", other.Key, $$"""{ "subscription": "projection-Articles", "key": {{parked["key"]!.ToJsonString()}} }""")).ShouldBeProblem(404, "not-found");
        var replayed = await PostAsync("/v1/parked-events/replay", tenant.Key, """{ "subscription": "projection-Articles" }""");
        replayed.Status.Should().Be(HttpStatusCode.OK, replayed.Text);
        replayed.Body!["handled"]!.GetValue<int>().Should().Be(0);
        replayed.Body["stillParked"]!.GetValue<int>().Should().Be(1);

        var token = await PutArticleAsync(tenant, "whole");
        (await GetAsync($"/v1/articles/whole?min-position={token}", tenant.Key)).Status.Should().Be(HttpStatusCode.OK, "only its own key stops");
    }

    [Test]
    public async Task is_told_to_the_administrator_alone_by_who_could_not_read_it_with_its_time()
    {
        var tenant = await NewTenantAsync();
        var begun = TimeProvider.System.GetUtcNow();
        var log = RunningApi.Host.App.Services.GetRequiredService<IEventStore>();
        var stream = StreamName.For("agentRun", tenant.Id, "broken");
        await log.AppendAsync(stream, ExpectedVersion.NoStream, [new(NamedId.Of(stream), "agent.run.completed", "{\"nonsense\": true}"u8.ToArray(), default)]);

        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        JsonNode? failed;
        while ((failed = (await SubscriptionsAsync(RunningApi.AdminKey)).FirstOrDefault(s => TimeOf(s) >= begun)) is null)
        {
            await Task.Delay(20, patience.Token);
        }

        failed["lastError"]!.GetValue<string>().Should().NotBeEmpty();
        TimeOf(failed)!.Value.Offset.Should().Be(TimeSpan.Zero);
        TimeOf(failed).Should().BeOnOrBefore(TimeProvider.System.GetUtcNow());
        (await SubscriptionsAsync(RunningApi.AdminKey)).Should().OnlyContain(s => s["lastError"] == null == (s["lastErrorAt"] == null));
        (await SubscriptionsAsync(tenant.Key)).Should().OnlyContain(s => s["lastError"] == null && s["lastErrorAt"] == null);
    }

    private static DateTimeOffset? TimeOf(JsonNode subscription) => subscription["lastErrorAt"]?.GetValue<DateTimeOffset>();

    private async Task<List<JsonNode>> SubscriptionsAsync(string key) => [.. (await GetAsync("/v1/subscriptions", key)).Body!["subscriptions"]!.AsArray().OfType<JsonNode>()];

    private async Task<JsonNode> UntilParkedAsync(Tenant tenant, string subscription)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (true)
        {
            var parked = (await GetAsync($"/v1/parked-events?subscription={subscription}", tenant.Key)).Body!["parkedEvents"]!.AsArray();
            if (parked.Count > 0)
            {
                return parked[0]!;
            }

            await Task.Delay(20, patience.Token);
        }
    }
}
