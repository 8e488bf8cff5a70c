using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using AIaaS.Commands.Agents;
using AIaaS.Domain.Audit;
using AIaaS.EventStore;
using Microsoft.Extensions.DependencyInjection;

namespace AIaaS.Api.Tests;

public sealed class Values_that_no_client_should_send : ApiTest
{
    [TestCase("to=9999-12-31T23:59:59Z")]
    [TestCase("to=0001-01-01T00:00:00Z")]
    [TestCase("from=0001-01-01T00:00:00Z&to=0001-01-02T00:00:00Z")]
    [TestCase("granularity=hour&to=9999-12-31T23:59:59Z")]
    public async Task are_refused_as_the_ends_of_time(string query)
    {
        var tenant = await NewTenantAsync();
        (await GetAsync("/v1/kpis?" + query, tenant.Key)).ShouldBeProblem(400, "invalid-parameter");
    }

    [TestCase("""{ "\ud800": 1 }""")]
    [TestCase("""{ "text": "Hello", "\udc00": 1 }""")]
    public async Task are_refused_as_half_characters(string body)
    {
        var tenant = await NewTenantAsync();
        (await PostAsync("/v1/messages", tenant.Key, body)).ShouldBeProblem(400, "malformed-json");
    }

    [Test]
    public async Task are_named_as_half_characters_where_they_stand()
    {
        var tenant = await NewTenantAsync();
        var refused = (await PostAsync("/v1/messages", tenant.Key, """{ "text": "Hello \ud83d" }""")).ShouldBeProblem(422, "validation-failed");
        refused.Pointers.Should().Equal("/text");
        refused.Text.Should().Contain("half of a surrogate pair");
    }

    [Test]
    public async Task are_refused_as_numbers_in_the_place_of_names()
    {
        var tenant = await NewTenantAsync();
        (await PostAsync("/v1/articles/import", tenant.Key, """{ "articles": [ { "article": "a", "title": "A", "content": "x", "audience": 1 } ] }""")).ShouldBeProblem(422, "validation-failed").Pointers.Should().Equal("/articles/0/audience");
        var run = (await AskAsync(tenant)).Run;
        (await PostAsync($"/v1/runs/{run}/fork", tenant.Key, """{ "fromStep": "answer", "tier": 99 }""")).ShouldBeProblem(422, "validation-failed").Pointers.Should().Equal("/tier");
    }

    [TestCase("respond-async; reason=slow")]
    [TestCase("wait = 0")]
    [TestCase("wait=\"0\"")]
    public async Task are_taken_where_the_standard_allows_them_in_a_preference(string preference)
    {
        var tenant = await NewTenantAsync();
        var answer = await CallAsync(HttpMethod.Post, "/v1/messages", tenant.Key, Json("""{ "text": "Hello" }"""), headers: ("Prefer", preference));
        answer.Status.Should().Be(HttpStatusCode.Accepted);
        answer.Header("Preference-Applied").Should().BeOneOf("respond-async", "wait=0");
    }

    [Test]
    public async Task are_answered_by_a_problem_where_a_description_is_asked_for_that_there_is_not() =>
        (await GetAsync("/openapi/v2.json", null)).ShouldBeProblem(404, "not-found");
}

/// <summary>Whoever forges an episode can also make its hash chain anew; what comes of it must be a named difference.</summary>
public sealed class An_episode_that_was_forged_chain_and_all : ApiTest
{
    private static IEnumerable<TestCaseData> Forgeries =>
    [
        Forgery("agent.run.started", e => e["pins"] = null, "without pins"),
        Forgery("agent.run.started", e => e["pins"]!["workflow"] = null, "without a workflow's hash"),
        Forgery("knowledge.retrieved", e => e["passages"] = new JsonArray((JsonNode?)null), "with nothing for a passage"),
        Forgery("model.call.requested", e => e["worstCase"]!["currency"] = "XXX", "in a currency that is none"),
        Forgery("model.call.requested", e => e["worstCase"] = new JsonObject(), "without a price"),
        Forgery("model.call.completed", e => e["response"] = null, "without a response"),
        Forgery("agent.run.requested", e => e["run"] = "another", "of another run", changed: 0),
    ];

    [TestCaseSource(nameof(Forgeries))]
    public async Task is_named_by_an_event(string type, Action<JsonNode> change, int? changed)
    {
        var tenant = await NewTenantAsync();
        var episode = (await GetAsync($"/v1/runs/{(await AskAsync(tenant)).Run}/episode/export", tenant.Key)).Body!;
        var first = Rewrite(episode, type, change);
        var report = await CallAsync(HttpMethod.Post, "/v1/episodes/replay", tenant.Key, Json(episode.ToJsonString()));
        report.Status.Should().Be(HttpStatusCode.OK, report.Text);
        report.Body!["bitExact"]!.GetValue<bool>().Should().BeFalse();
        report.Body["difference"]!["number"]!.GetValue<int>().Should().BeLessThanOrEqualTo(changed ?? (first + 2));
        report.Text.Should().NotContain("AIaaS.").And.NotContain("System.");
    }

    private static TestCaseData Forgery(string type, Action<JsonNode> change, string name, int? changed = null) =>
        new TestCaseData(type, change, changed).SetArgDisplayNames(name);

    private static int Rewrite(JsonNode episode, string type, Action<JsonNode> change)
    {
        var chain = EpisodeChain.Begin(episode["stream"]!.GetValue<string>());
        var first = -1;
        foreach (var @event in episode["events"]!.AsArray())
        {
            var name = @event!["type"]!.GetValue<string>();
            if (name == type && first < 0)
            {
                first = @event["number"]!.GetValue<int>();
                var data = JsonNode.Parse(@event["data"]!.GetValue<string>())!;
                change(data);
                @event["data"] = data.ToJsonString();
            }

            var metadata = EventMetadata.Read(Encoding.UTF8.GetBytes(@event["metadata"]!.GetValue<string>()));
            (chain, var linked) = EpisodeChain.Seal(chain, name, Encoding.UTF8.GetBytes(@event["data"]!.GetValue<string>()), metadata);
            @event["metadata"] = Encoding.UTF8.GetString(linked);
        }

        return first;
    }
}

public sealed class A_request_whose_process_died_before_it_answered : ApiTest
{
    [Test]
    public async Task is_answered_when_it_is_repeated_at_once_where_the_log_belongs_to_one_process()
    {
        const string Body = """{ "articles": [ { "article": "a", "title": "A", "content": "x" } ] }""";
        var tenant = await NewTenantAsync();
        var services = RunningApi.Host.App.Services;
        var now = services.GetRequiredService<TimeProvider>().GetUtcNow();
        var stream = StreamName.For("idempotency", tenant.Id, Convert.ToHexStringLower(SHA256.HashData("died"u8)));
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes("POST /v1/articles/import\n" + Body)));
        var accepted = services.GetRequiredService<EventTypes>().Write(NamedId.Of(stream), new RequestAccepted(hash, "the one that died", now.AddSeconds(30), now), new EventMetadata { Tenant = tenant.Id });
        await services.GetRequiredService<IEventStore>().AppendAsync(stream, ExpectedVersion.NoStream, [accepted]);

        var answer = await PostAsync("/v1/articles/import", tenant.Key, Body, idempotencyKey: "died");

        answer.Status.Should().Be(HttpStatusCode.OK, answer.Text);
        answer.Body!["written"]!.GetValue<int>().Should().Be(1);
    }
}

public sealed class The_source_of_a_workflow : ApiTest
{
    [Test]
    public async Task is_the_yaml_that_was_loaded()
    {
        var tenant = await NewTenantAsync();
        var source = await GetAsync("/v1/workflows/faq_handling/source", tenant.Key);
        source.MediaType.Should().Be("application/yaml");
        var loaded = WorkflowLoader.Load("faq_handling.yaml", source.Text);
        loaded.Workflow!.Hash.Should().Be((await GetAsync("/v1/workflows/faq_handling", tenant.Key)).Body!["hash"]!.GetValue<string>());
        (await GetAsync("/v1/workflows/nothing/source", tenant.Key)).ShouldBeProblem(404, "not-found");
    }
}
