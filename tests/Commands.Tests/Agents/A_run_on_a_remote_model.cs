using System.Text.Json;
using AIaaS.Domain.Agents;
using Commands.Tests.Routing;
using Microsoft.AspNetCore.Http;

namespace Commands.Tests.Agents;

public sealed class A_run_on_a_remote_model : With_a_model_server
{
    [Test]
    public async Task goes_on_after_an_error_of_the_server_sends_what_it_recorded_and_replays_without_it()
    {
        var content = DecidedModel.Cited("returns-policy", "You can return an item within 30 days of delivery.", 0.9).Content;
        var completion =
            $$$"""
            {"id":"c1","object":"chat.completion","created":1,"model":"gpt-x","choices":[{"index":0,"message":{"role":"assistant","content":{{{JsonSerializer.Serialize(content)}}} },"finish_reason":"stop"}],"usage":{"prompt_tokens":412,"completion_tokens":58,"total_tokens":470}}
            """;
        var calls = 0;
        Answers(async context =>
        {
            context.Response.StatusCode = ++calls == 1 ? 503 : 200;
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync(calls == 1 ? """{"error":{"message":"overloaded"}}""" : completion);
        });
        await using var world = await RunWorld.OpenAsync(Model());
        var (accepted, run) = await world.AskAsync("How many days do I have to return an item?");

        (run.Outcome, run.ModelCalls, run.Usage.UncachedInput, run.Usage.Output).Should().Be((RunOutcome.Answered, 1, 412L, 58L));
        var events = await world.RunEventsAsync(accepted.Run);
        events.OfType<ModelCallRequested>().Should().HaveCount(2);
        Received.Should().Be(events.OfType<ModelCallRequested>().Last().Request, "what is recorded is what was sent");
        var report = await world.Replayer.ReplayAsync(await world.Episodes.ExportAsync(RunWorld.Tenant, accepted.Run));
        report.Difference.Should().BeNull();
        calls.Should().Be(2, "a replay asks nobody");
    }
}
