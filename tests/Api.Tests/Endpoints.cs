using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace AIaaS.Api.Tests;

public sealed class A_message : ApiTest
{
    [Test]
    public async Task is_answered_with_citations_and_what_it_cost()
    {
        var tenant = await NewTenantAsync();
        var answer = (await AskAsync(tenant)).Body;
        answer["outcome"]!.GetValue<string>().Should().Be("Answered");
        answer["answer"]!.GetValue<string>().Should().Contain("30 days");
        answer["citations"]![0]!["article"]!.GetValue<string>().Should().Be("returns");
        answer["tokens"]!["uncachedInput"]!.GetValue<long>().Should().BePositive();
        answer["cost"]!["amount"]!.GetValue<decimal>().Should().BePositive();
        answer["cost"]!["currency"]!.GetValue<string>().Should().Be("USD");
    }

    [Test]
    public async Task is_handed_off_with_a_reason_when_nothing_is_known()
    {
        var tenant = await NewTenantAsync();
        var answer = await PostAsync("/v1/messages", tenant.Key, """{ "text": "What is the airspeed of a swallow?" }""");
        answer.Status.Should().Be(HttpStatusCode.OK);
        answer.Body!["outcome"]!.GetValue<string>().Should().Be("HandedOff");
        answer.Body["reason"]!.GetValue<string>().Should().NotBeEmpty();
        answer.Body["answer"]!.GetValue<string>().Should().NotBeEmpty();
        answer.Body["citations"]!.AsArray().Should().BeEmpty();
    }

    [Test]
    public async Task never_shows_a_customer_what_is_for_staff()
    {
        var tenant = await NewTenantAsync();
        var token = await PutArticleAsync(tenant, "secret", "The secret door code of the warehouse is 4711.", "Staff");
        var answer = await AskAsync(tenant, "What is the secret door code of the warehouse?", token);
        answer.Body["outcome"]!.GetValue<string>().Should().Be("HandedOff");
        answer.Body.ToJsonString().Should().NotContain("4711");
        (await GetAsync($"/v1/runs/{answer.Run}/episode/export", tenant.Key)).Text.Should().NotContain("4711");
    }

    [Test]
    public async Task is_accepted_at_once_when_the_client_prefers_so()
    {
        var tenant = await NewTenantAsync();
        var accepted = await CallAsync(HttpMethod.Post, "/v1/messages", tenant.Key, Json("""{ "text": "What is the airspeed of a swallow?" }"""), null, ("Prefer", "respond-async"));
        accepted.Status.Should().Be(HttpStatusCode.Accepted);
        accepted.Header("Preference-Applied").Should().Be("respond-async");
        var run = accepted.Body!["run"]!.GetValue<string>();
        accepted.Header("Location").Should().Be("/v1/runs/" + run);
        JsonNode? document;
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        do
        {
            await Task.Delay(20, patience.Token);
            document = (await GetAsync(accepted.Header("Location") + "?min-position=" + accepted.Header("Consistency-Token"), tenant.Key)).Body;
        }
        while (document!["status"]!.GetValue<string>() != "completed");
        document["run"]!.GetValue<string>().Should().Be(run);
        document["outcome"]!.GetValue<string>().Should().Be("HandedOff");
    }

    [Test]
    public async Task joins_the_conversation_that_it_names()
    {
        var tenant = await NewTenantAsync();
        var first = await AskAsync(tenant);
        var second = await PostAsync($"/v1/conversations/{first.Conversation}/messages", tenant.Key, """{ "text": "Must I keep the receipt?", "customer": "c-1" }""");
        second.Status.Should().Be(HttpStatusCode.OK);
        second.Body!["conversation"]!.GetValue<string>().Should().Be(first.Conversation);
        var conversation = (await GetAsync($"/v1/conversations/{first.Conversation}?min-position={second.Header("Consistency-Token")}", tenant.Key)).Body!;
        conversation["messages"]!.AsArray().Select(m => m!["run"]!.GetValue<string>()).Should().Equal(first.Run, second.Body["run"]!.GetValue<string>());
        conversation["unanswered"]!.GetValue<int>().Should().Be(0);
        conversation["customer"]!.GetValue<string>().Should().Be("c-1");
        (await GetAsync("/v1/conversations?customer=c-1", tenant.Key)).Body!["items"]!.AsArray().Should().ContainSingle();
        (await GetAsync("/v1/conversations?customer=c-2", tenant.Key)).Body!["items"]!.AsArray().Should().BeEmpty();
    }

    [Test]
    public async Task opens_the_conversation_that_it_names_when_there_is_none()
    {
        var tenant = await NewTenantAsync();
        var answer = await PostAsync("/v1/conversations/chat-17.a/messages", tenant.Key, """{ "text": "Hello?" }""");
        answer.Body!["conversation"]!.GetValue<string>().Should().Be("chat-17.a");
        (await PostAsync("/v1/conversations/chat%2017/messages", tenant.Key, """{ "text": "Hello?" }""")).ShouldBeProblem(400, "invalid-id");
    }

    [Test]
    public async Task carries_correlation_trace_and_actor_into_its_events()
    {
        var tenant = await NewTenantAsync();
        const string Trace = "0af7651916cd43dd8448eb211c80319c";
        var answer = await CallAsync(HttpMethod.Post, "/v1/messages", tenant.Key, Json("""{ "text": "Hello?" }"""), null, ("X-Correlation-Id", "order-17"), ("traceparent", $"00-{Trace}-b7ad6b7169203331-01"));
        answer.Header("X-Correlation-Id").Should().Be("order-17");
        var events = (await GetAsync($"/v1/streams/agentRun-{tenant.Id}_{answer.Body!["run"]!.GetValue<string>()}", tenant.Key)).Body!["events"]!.AsArray();
        events.Should().NotBeEmpty();
        foreach (var metadata in events.Select(e => e!["metadata"]!))
        {
            metadata["$correlationId"]!.GetValue<string>().Should().Be("order-17");
            metadata["tenant"]!.GetValue<string>().Should().Be(tenant.Id);
            metadata["traceparent"]!.GetValue<string>().Should().Contain(Trace);
        }

        events[0]!["metadata"]!["actor"]!.GetValue<string>().Should().Be("key:" + tenant.Key.Split('_')[2]);
    }
}

public sealed class An_idempotency_key : ApiTest
{
    private const string Body = """{ "text": "Within how many days can I send an item back?" }""";

    [TestCase("/v1/messages", Body)]
    [TestCase("/v1/conversations/c/messages", Body)]
    [TestCase("/v1/articles/import", """{ "articles": [ { "article": "a", "title": "A", "content": "x" } ] }""")]
    [TestCase("/v1/runs/r/fork", """{ "fromStep": "answer" }""")]
    [TestCase("/v1/parked-events/replay", """{ "subscription": "projection-Runs" }""")]
    public async Task is_needed_where_something_changes(string path, string body)
    {
        var tenant = await NewTenantAsync();
        (await PostAsync(path, tenant.Key, body, idempotencyKey: "")).ShouldBeProblem(400, "idempotency-key-missing");
        (await PostAsync(path, tenant.Key, body, new string('x', 129))).ShouldBeProblem(400, "idempotency-key-invalid");
        (await PostAsync(path, tenant.Key, body, "with a space")).ShouldBeProblem(400, "idempotency-key-invalid");
    }

    [Test]
    public async Task is_not_needed_where_nothing_changes()
    {
        var tenant = await NewTenantAsync();
        var run = (await AskAsync(tenant)).Run;
        (await PostAsync($"/v1/runs/{run}/replay", tenant.Key, idempotencyKey: "")).Status.Should().Be(HttpStatusCode.OK);
    }

    [Test]
    public async Task makes_a_repeated_message_get_the_first_answer()
    {
        var tenant = await NewTenantAsync();
        var first = await PostAsync("/v1/messages", tenant.Key, Body, "repeat");
        var again = await PostAsync("/v1/messages", tenant.Key, Body, "repeat");
        again.Status.Should().Be(HttpStatusCode.OK);
        again.Text.Should().Be(first.Text);
        (await GetAsync($"/v1/runs?min-position={again.Header("Consistency-Token")}", tenant.Key)).Body!["items"]!.AsArray().Should().ContainSingle();
    }

    [Test]
    public async Task is_refused_with_another_payload()
    {
        var tenant = await NewTenantAsync();
        await PostAsync("/v1/messages", tenant.Key, Body, "reuse");
        (await PostAsync("/v1/messages", tenant.Key, """{ "text": "Something else" }""", "reuse")).ShouldBeProblem(422, "idempotency-key-reused");
        (await PostAsync("/v1/conversations/c/messages", tenant.Key, Body, "reuse")).ShouldBeProblem(422, "idempotency-key-reused");
        const string Import = """{ "articles": [ { "article": "a", "title": "A", "content": "x" } ] }""";
        (await PostAsync("/v1/articles/import", tenant.Key, Import, "import")).Status.Should().Be(HttpStatusCode.OK);
        (await PostAsync("/v1/articles/import", tenant.Key, Import.Replace("x", "y", StringComparison.Ordinal), "import")).ShouldBeProblem(422, "idempotency-key-reused");
    }

    [Test]
    public async Task makes_a_repeated_import_get_the_first_answer()
    {
        var tenant = await NewTenantAsync();
        const string Import = """{ "articles": [ { "article": "a", "title": "A", "content": "x" } ] }""";
        var first = await PostAsync("/v1/articles/import", tenant.Key, Import, "import");
        first.Body!["written"]!.GetValue<int>().Should().Be(1);
        var again = await PostAsync("/v1/articles/import", tenant.Key, Import, "import");
        again.Text.Should().Be(first.Text);
        again.Header("Consistency-Token").Should().Be(first.Header("Consistency-Token"));
        (await PostAsync("/v1/articles/import", tenant.Key, Import)).Body!["unchanged"]!.GetValue<int>().Should().Be(1);
    }

    [Test]
    public async Task does_once_what_is_asked_many_times_at_once()
    {
        var tenant = await NewTenantAsync();
        await PutArticleAsync(tenant);
        var responses = await Task.WhenAll(Enumerable.Range(0, 32).Select(_ => PostAsync("/v1/messages", tenant.Key, Body, "at-once")));
        var answered = responses.Where(r => r.Status == HttpStatusCode.OK).ToArray();
        answered.Should().NotBeEmpty();
        answered.Select(r => r.Body!["run"]!.GetValue<string>()).Distinct().Should().ContainSingle();
        foreach (var other in responses.Except(answered))
        {
            other.ShouldBeProblem(409, "request-in-flight").Header("Retry-After").Should().Be("1");
        }

        (await GetAsync($"/v1/runs?min-position={answered[0].Header("Consistency-Token")}", tenant.Key)).Body!["items"]!.AsArray().Should().ContainSingle();
    }

    [Test]
    public async Task does_other_things_once_too()
    {
        var tenant = await NewTenantAsync();
        var responses = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => PostAsync($"/v1/tenants/{tenant.Id}/api-keys", RunningApi.AdminKey, """{ "name": "k", "scopes": ["*"] }""", "issue-once-" + tenant.Id)));
        var issued = responses.Where(r => r.Status == HttpStatusCode.Created).ToArray();
        issued.Select(r => r.Body!["key"]!.GetValue<string>()).Distinct().Should().ContainSingle();
        issued.Count(r => r.Body!["apiKey"] is not null).Should().Be(1);
        responses.Except(issued).Should().AllSatisfy(r => r.ShouldBeProblem(409, "request-in-flight"));
        (await GetAsync($"/v1/tenants/{tenant.Id}/api-keys", RunningApi.AdminKey)).Body!["keys"]!.AsArray().Should().HaveCount(2);
    }
}

public sealed class Runs : ApiTest
{
    [Test]
    public async Task are_listed_filtered_and_paged()
    {
        var tenant = await NewTenantAsync();
        var answered = await AskAsync(tenant);
        var other = await AskAsync(tenant, "What is the airspeed of a swallow?", answered.Token);
        var position = "min-position=" + other.Token;
        async Task<string[]> List(string query) => [.. (await GetAsync($"/v1/runs?{position}&{query}", tenant.Key)).Body!["items"]!.AsArray().Select(r => r!["run"]!.GetValue<string>())];
        (await List("sort=requestedAt")).Should().Equal(answered.Run, other.Run);
        (await List("")).Should().Equal(other.Run, answered.Run);
        (await List("outcome=Answered")).Should().Equal(answered.Run);
        (await List("outcome=HandedOff&status=completed")).Should().Equal(other.Run);
        (await List($"conversation={answered.Conversation}")).Should().Equal(answered.Run);
        (await List("workflow=other")).Should().BeEmpty();
        (await List("from=2100-01-01T00:00:00Z")).Should().BeEmpty();
        (await List("status=open")).Should().BeEmpty();
        var first = (await GetAsync($"/v1/runs?{position}&limit=1", tenant.Key)).Body!;
        first["items"]![0]!["run"]!.GetValue<string>().Should().Be(other.Run);
        (await List($"limit=1&cursor={Uri.EscapeDataString(first["nextCursor"]!.GetValue<string>())}")).Should().Equal(answered.Run);
    }

    [Test]
    public async Task have_a_timeline()
    {
        var tenant = await NewTenantAsync();
        var asked = await AskAsync(tenant);
        var timeline = (await GetAsync($"/v1/runs/{asked.Run}/episode?min-position={asked.Token}", tenant.Key)).Body!;
        var types = timeline["entries"]!.AsArray().Select(e => e!["type"]!.GetValue<string>()).ToArray();
        types.Should().StartWith(["agent.run.requested", "agent.run.started"]).And.Contain(["knowledge.retrieved", "model.call.requested", "model.call.completed"]).And.EndWith("agent.run.completed");
        timeline["pins"]!["workflow"]!.GetValue<string>().Should().HaveLength(64);
    }

    [Test]
    public async Task replay_bit_exact_from_the_log_and_from_a_file()
    {
        var tenant = await NewTenantAsync();
        var asked = await AskAsync(tenant);
        (await PostAsync($"/v1/runs/{asked.Run}/replay", tenant.Key)).Body!["bitExact"]!.GetValue<bool>().Should().BeTrue();
        var file = await GetAsync($"/v1/runs/{asked.Run}/episode/export", tenant.Key);
        file.Header("Content-Disposition").Should().Contain(asked.Run);
        (await PostAsync("/v1/episodes/replay", tenant.Key, file.Text)).Body!["bitExact"]!.GetValue<bool>().Should().BeTrue();
    }

    [Test]
    public async Task name_the_first_event_that_was_tampered_with()
    {
        var tenant = await NewTenantAsync();
        var asked = await AskAsync(tenant);
        var episode = (await GetAsync($"/v1/runs/{asked.Run}/episode/export", tenant.Key)).Body!;
        var changed = episode.DeepClone();
        var data = changed["events"]![4]!["data"]!.GetValue<string>();
        changed["events"]![4]!["data"] = data[..^1] + " }";
        var report = (await PostAsync("/v1/episodes/replay", tenant.Key, changed.ToJsonString())).Body!;
        report["bitExact"]!.GetValue<bool>().Should().BeFalse();
        report["difference"]!["number"]!.GetValue<int>().Should().Be(4);
        var shortened = episode.DeepClone();
        var events = shortened["events"]!.AsArray();
        events.RemoveAt(events.Count - 1);
        report = (await PostAsync("/v1/episodes/replay", tenant.Key, shortened.ToJsonString())).Body!;
        report["difference"]!["number"]!.GetValue<int>().Should().Be(events.Count);
    }

    [Test]
    public async Task do_not_replay_what_is_no_episode_or_of_another_tenant()
    {
        var (mine, other) = (await NewTenantAsync(), await NewTenantAsync());
        var asked = await AskAsync(other);
        var file = await GetAsync($"/v1/runs/{asked.Run}/episode/export", other.Key);
        (await PostAsync("/v1/episodes/replay", mine.Key, file.Text)).ShouldBeProblem(403, "tenant-mismatch");
        (await PostAsync("/v1/episodes/replay", mine.Key, "{}")).ShouldBeProblem(422, "invalid-episode");
        (await PostAsync("/v1/episodes/replay", mine.Key, "")).ShouldBeProblem(422, "invalid-episode");
        (await PostAsync("/v1/runs/unknown/replay", mine.Key)).ShouldBeProblem(404, "unknown-run");
    }

    [Test]
    public async Task fork_from_a_step_with_one_thing_changed()
    {
        var tenant = await NewTenantAsync();
        var asked = await AskAsync(tenant);
        var fork = await PostAsync($"/v1/runs/{asked.Run}/fork", tenant.Key, """{ "fromStep": "answer", "tier": "SLM_B" }""", "fork");
        fork.Status.Should().Be(HttpStatusCode.Created);
        var run = fork.Body!["run"]!.GetValue<string>();
        run.Should().NotBe(asked.Run);
        (await PostAsync($"/v1/runs/{asked.Run}/fork", tenant.Key, """{ "fromStep": "answer", "tier": "SLM_B" }""", "fork")).Body!["run"]!.GetValue<string>().Should().Be(run);
        (await PostAsync($"/v1/runs/{asked.Run}/fork", tenant.Key, """{ "fromStep": "answer", "tier": "LLM" }""", "fork")).ShouldBeProblem(422, "idempotency-key-reused");
        var document = (await GetAsync($"/v1/runs/{run}?min-position={fork.Header("Consistency-Token")}", tenant.Key)).Body!;
        document["fork"]!["run"]!.GetValue<string>().Should().Be(asked.Run);
        document["tier"]!.GetValue<string>().Should().Be("SLM_B");
        (await PostAsync($"/v1/runs/{run}/replay", tenant.Key)).Body!["bitExact"]!.GetValue<bool>().Should().BeTrue();
        (await GetAsync($"/v1/kpis?min-position={fork.Header("Consistency-Token")}", tenant.Key)).Body!["total"]!["runs"]!.GetValue<int>().Should().Be(1);
    }

    [Test]
    public async Task do_not_fork_where_they_cannot()
    {
        var tenant = await NewTenantAsync();
        var asked = await AskAsync(tenant);
        (await PostAsync($"/v1/runs/{asked.Run}/fork", tenant.Key, """{ "fromStep": "dance" }""")).ShouldBeProblem(422, "unknown-step");
        (await PostAsync($"/v1/runs/{asked.Run}/fork", tenant.Key, """{ "fromStep": "answer", "model": "unheard-of" }""")).ShouldBeProblem(422, "unknown-model");
        (await PostAsync($"/v1/runs/{asked.Run}/fork", tenant.Key, """{ "fromStep": "answer", "tier": "XXL" }""")).ShouldBeProblem(422, "validation-failed").Pointers.Should().Equal("/tier");
        (await PostAsync("/v1/runs/unknown/fork", tenant.Key, """{ "fromStep": "answer" }""")).ShouldBeProblem(404, "unknown-run");
    }
}

public sealed class Kpis : ApiTest
{
    [Test]
    public async Task count_runs_as_soon_as_their_position_is_asked_for()
    {
        var tenant = await NewTenantAsync();
        var first = await AskAsync(tenant);
        var second = await AskAsync(tenant, "What is the airspeed of a swallow?", first.Token);
        foreach (var granularity in (string[])["hour", "day"])
        {
            var kpis = (await GetAsync($"/v1/kpis?granularity={granularity}&min-position={second.Token}", tenant.Key)).Body!;
            kpis["total"]!["runs"]!.GetValue<int>().Should().Be(2);
            kpis["total"]!["outcomes"]!["Answered"]!.GetValue<int>().Should().Be(1);
            kpis["total"]!["successRate"]!.GetValue<double>().Should().Be(0.5);
            kpis["series"]!.AsArray().Sum(s => s!["runs"]!.GetValue<int>()).Should().Be(2);
        }
    }

    [Test]
    public async Task are_empty_where_nothing_was()
    {
        var tenant = await NewTenantAsync();
        var kpis = (await GetAsync("/v1/kpis?from=2020-01-01&to=2020-02-01", tenant.Key)).Body!;
        kpis["total"]!["runs"]!.GetValue<int>().Should().Be(0);
        kpis["total"]!["successRate"].Should().BeNull();
        kpis["series"]!.AsArray().Should().BeEmpty();
    }
}

public sealed class Articles : ApiTest
{
    [Test]
    public async Task are_put_read_replaced_listed_and_removed()
    {
        var tenant = await NewTenantAsync();
        var token = await PutArticleAsync(tenant, "doc_a_(general)_1");
        var article = (await GetAsync($"/v1/articles/doc_a_(general)_1?min-position={token}", tenant.Key)).Body!;
        article["revision"]!.GetValue<int>().Should().Be(1);
        var same = await CallAsync(HttpMethod.Put, "/v1/articles/doc_a_(general)_1", tenant.Key, JsonContent.Create(new { title = article["title"]!.GetValue<string>(), content = article["content"]!.GetValue<string>() }));
        same.Body!["changed"]!.GetValue<bool>().Should().BeFalse();
        token = await PutArticleAsync(tenant, "doc_a_(general)_1", "Another content.", "Staff");
        article = (await GetAsync($"/v1/articles/doc_a_(general)_1?min-position={token}", tenant.Key)).Body!;
        article["content"]!.GetValue<string>().Should().Be("Another content.");
        (await GetAsync("/v1/articles?audience=Staff", tenant.Key)).Body!["items"]!.AsArray().Should().ContainSingle();
        (await GetAsync("/v1/articles?audience=Customer", tenant.Key)).Body!["items"]!.AsArray().Should().BeEmpty();
        var removed = await CallAsync(HttpMethod.Delete, "/v1/articles/doc_a_(general)_1", tenant.Key);
        removed.Status.Should().Be(HttpStatusCode.NoContent);
        (await GetAsync($"/v1/articles/doc_a_(general)_1?min-position={removed.Header("Consistency-Token")}", tenant.Key)).ShouldBeProblem(404, "not-found");
        (await CallAsync(HttpMethod.Delete, "/v1/articles/doc_a_(general)_1", tenant.Key)).ShouldBeProblem(404, "article-unknown");
    }

    [Test]
    public async Task are_refused_with_all_faults_named()
    {
        var tenant = await NewTenantAsync();
        (await CallAsync(HttpMethod.Put, "/v1/articles/a", tenant.Key, JsonContent.Create(new { title = new string('x', 301), content = "" }))).ShouldBeProblem(422, "validation-failed").Pointers.Should().Equal("/title", "/content");
        (await CallAsync(HttpMethod.Put, "/v1/articles/a%20b", tenant.Key, JsonContent.Create(new { title = "x", content = "y" }))).ShouldBeProblem(400, "invalid-id");
        (await PostAsync("/v1/articles/import", tenant.Key, """{ "articles": [] }""")).ShouldBeProblem(422, "validation-failed").Pointers.Should().Equal("/articles");
    }

    [Test]
    public async Task are_imported_in_bodies_beyond_the_usual_limit()
    {
        var tenant = await NewTenantAsync();
        var articles = Enumerable.Range(0, 20).Select(i => new { article = $"a{i}", title = $"Article {i}", content = new string('x', 100_000) });
        (await CallAsync(HttpMethod.Post, "/v1/articles/import", tenant.Key, JsonContent.Create(new { articles }))).Body!["written"]!.GetValue<int>().Should().Be(20);
    }
}

public sealed class An_auditor : ApiTest
{
    [Test]
    public async Task reads_any_stream_of_the_own_tenant_page_by_page()
    {
        var tenant = await NewTenantAsync();
        var asked = await AskAsync(tenant);
        var stream = $"agentRun-{tenant.Id}_{asked.Run}";
        var all = (await GetAsync($"/v1/streams/{stream}", tenant.Key)).Body!;
        all["next"].Should().BeNull();
        var versions = all["events"]!.AsArray().Select(e => e!["version"]!.GetValue<long>()).ToArray();
        versions.Should().BeInAscendingOrder().And.StartWith(0);
        var page = (await GetAsync($"/v1/streams/{stream}?limit=4", tenant.Key)).Body!;
        page["events"]!.AsArray().Should().HaveCount(4);
        page["next"]!.GetValue<long>().Should().Be(4);
        var backwards = (await GetAsync($"/v1/streams/{stream}?limit=2&direction=backwards", tenant.Key)).Body!;
        backwards["events"]!.AsArray().Select(e => e!["version"]!.GetValue<long>()).Should().Equal(versions[^1], versions[^2]);
        backwards["next"]!.GetValue<long>().Should().Be(versions[^3]);
        foreach (var other in (string[])[$"conversation-{tenant.Id}_{asked.Conversation}", $"article-{tenant.Id}_returns", $"tenant-{tenant.Id}_profile"])
        {
            (await GetAsync($"/v1/streams/{other}", tenant.Key)).Status.Should().Be(HttpStatusCode.OK, other);
        }
    }

    [Test]
    public async Task gets_the_exact_bytes_with_their_hash()
    {
        var tenant = await NewTenantAsync();
        var recorded = (await GetAsync($"/v1/streams/tenant-{tenant.Id}_profile?raw=true", tenant.Key)).Body!["events"]![0]!;
        var bytes = Convert.FromBase64String(recorded["dataBase64"]!.GetValue<string>());
        Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes)).Should().Be(recorded["dataSha256"]!.GetValue<string>());
        JsonNode.DeepEquals(JsonNode.Parse(bytes), recorded["data"]).Should().BeTrue();
    }

    [TestCase("platform-admin")]
    [TestCase("checkpoint-run-recovery")]
    [TestCase("parked-projection-Runs")]
    [TestCase("workflow-platform_faq_handling")]
    [TestCase("$all")]
    [TestCase("nothing")]
    public async Task does_not_read_the_platforms_own_streams(string stream)
    {
        var tenant = await NewTenantAsync();
        (await GetAsync($"/v1/streams/{stream}", tenant.Key)).ShouldBeProblem(404, "not-found");
        (await GetAsync($"/v1/streams/agentRun-{tenant.Id}_unknown", tenant.Key)).ShouldBeProblem(404, "not-found");
    }
}

public sealed class Operating : ApiTest
{
    [Test]
    public async Task shows_each_subscription_with_its_lag()
    {
        var list = (await GetAsync("/v1/subscriptions", RunningApi.AdminKey)).Body!;
        list["subscriptions"]!.AsArray().Select(s => s!["name"]!.GetValue<string>()).Should().Contain(["article-search", "run-recovery", "projection-Runs", "projection-Articles"]);
        foreach (var subscription in list["subscriptions"]!.AsArray())
        {
            subscription!["lagEvents"]!.GetValue<long>().Should().BeGreaterOrEqualTo(0);
            subscription["lagSeconds"]!.GetValue<double>().Should().BeGreaterOrEqualTo(0);
            subscription["state"]!.GetValue<string>().Should().BeOneOf("live", "catching-up");
            subscription["restarts"]!.GetValue<int>().Should().Be(0);
        }
    }

    [Test]
    public async Task rebuilds_a_read_model_while_it_is_used()
    {
        var tenant = await NewTenantAsync();
        var asked = await AskAsync(tenant);
        var rebuild = await PostAsync("/v1/subscriptions/projection-Runs/rebuild", RunningApi.AdminKey);
        rebuild.Status.Should().Be(HttpStatusCode.Accepted);
        (await GetAsync($"/v1/runs/{asked.Run}?min-position={asked.Token}", tenant.Key)).Status.Should().Be(HttpStatusCode.OK);
        var again = await AskAsync(tenant, token: asked.Token);
        (await GetAsync($"/v1/runs?min-position={again.Token}", tenant.Key)).Body!["items"]!.AsArray().Should().HaveCount(2);
        (await PostAsync("/v1/subscriptions/article-search/rebuild", RunningApi.AdminKey)).ShouldBeProblem(404, "not-found");
    }

    [TestCase("/health")]
    [TestCase("/health/live")]
    [TestCase("/health/ready")]
    [TestCase("/health/started")]
    public async Task is_told_that_all_is_well(string path)
    {
        var health = await GetAsync(path, null);
        health.Status.Should().Be(HttpStatusCode.OK, health.Text);
        health.Body!["status"]!.GetValue<string>().Should().Be("ok");
    }
}
