using System.Text;
using AIaaS.Commands.Routing;
using AIaaS.Domain.Agents;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace Commands.Tests.Routing;

/// <summary>A server that speaks OpenAI's API and answers as the test says.</summary>
public abstract class With_a_model_server
{
    private const string Key = "test-key";
    private WebApplication server = null!;
    private Func<HttpContext, Task> answer = _ => Task.CompletedTask;

    protected const string Request = """{"model":"gpt-x","messages":[{"role":"user","content":"hi — “é”"}],"max_completion_tokens":9}""";

    protected int Calls { get; private set; }

    protected string? Received { get; private set; }

    protected string? Authorization { get; private set; }

    protected string? Path { get; private set; }

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        server = builder.Build();
        server.Run(async context =>
        {
            Calls++;
            using var reader = new StreamReader(context.Request.Body, new UTF8Encoding(false));
            (Received, Authorization, Path) = (await reader.ReadToEndAsync(), context.Request.Headers.Authorization.ToString(), context.Request.Path);
            await answer(context);
        });
        await server.StartAsync();
    }

    [OneTimeTearDown]
    public async Task StopAsync() => await server.DisposeAsync();

    [SetUp]
    public void Forget() => Calls = 0;

    protected OpenAiModel Model(TimeSpan? timeout = null) =>
        new(new OpenAiOptions { Name = "gpt-x", BaseUrl = new(server.Urls.Single() + "/v1"), ApiKey = Key, Timeout = timeout ?? TimeSpan.FromSeconds(20) }, TimeProvider.System);

    protected void Answers(Func<HttpContext, Task> with) => answer = with;

    protected void Answers(int status, string body, string type = "application/json", params (string Name, string Value)[] headers) => answer = async context =>
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = type;
        foreach (var (name, value) in headers)
        {
            context.Response.Headers[name] = value;
        }

        await context.Response.WriteAsync(body);
    };

    protected async Task<ModelCallException> FailureAsync(TimeSpan? timeout = null)
    {
        var thrown = (await Model(timeout).Awaiting(m => m.CompleteAsync(Request)).Should().ThrowAsync<ModelCallException>()).Which;
        thrown.ToString().Should().NotContain(Key);
        Calls.Should().BeLessThanOrEqualTo(1);
        return thrown;
    }

    protected static string Completion(string message = """{"role":"assistant","content":"Hello"}""", string finish = "stop", string usage = """{"prompt_tokens":10,"completion_tokens":5}""") =>
        $$"""{"id":"1","object":"chat.completion","choices":[{"index":0,"message":{{message}},"finish_reason":"{{finish}}"}],"usage":{{usage}}}""";
}

public sealed class A_remote_model_that_answers : With_a_model_server
{
    [Test]
    public async Task gives_its_content_and_gets_the_request_byte_for_byte()
    {
        Answers(200, Completion("""{"role":"assistant","content":"Hello “you”"}"""));
        (await Model().CompleteAsync(Request)).Content.Should().Be("Hello “you”");
        Received.Should().Be(Request);
        Authorization.Should().Be("Bearer test-key");
        Path.Should().Be("/v1/chat/completions");
        Calls.Should().Be(1);
    }

    [Test]
    public async Task is_metered_in_disjoint_classes()
    {
        Answers(200, Completion(usage: """{"prompt_tokens":100,"completion_tokens":50,"prompt_tokens_details":{"cached_tokens":64},"completion_tokens_details":{"reasoning_tokens":30}}"""));
        (await Model().CompleteAsync(Request)).Usage.Should().Be(new TokenUsage(36, 64, 0, 20, 30));
    }

    [Test]
    public async Task is_metered_without_details()
    {
        Answers(200, Completion(usage: """{"prompt_tokens":10,"completion_tokens":5,"prompt_tokens_details":null}"""));
        (await Model().CompleteAsync(Request)).Usage.Should().Be(new TokenUsage(10, 0, 0, 5, 0));
    }

    [Test]
    public void is_never_charged_more_input_than_the_bytes_of_the_request() =>
        ((IModelClient)Model()).MostInputTokens(Request).Should().Be(Encoding.UTF8.GetByteCount(Request));
}

public sealed class A_remote_model_that_refuses : With_a_model_server
{
    [TestCase(400, false, false)]
    [TestCase(401, false, false)]
    [TestCase(403, false, false)]
    [TestCase(404, false, false)]
    [TestCase(408, true, true)]
    [TestCase(409, true, false)]
    [TestCase(429, true, false)]
    [TestCase(500, true, true)]
    [TestCase(502, true, true)]
    [TestCase(503, true, false)]
    [TestCase(302, false, false)]
    public async Task says_by_its_status_whether_to_try_again(int status, bool retryable, bool unknown)
    {
        Answers(status, """{"error":{"message":"You sent test-key","type":"t","code":"some_code"}}""");
        var failure = await FailureAsync();
        (failure.Retryable, failure.Unknown, failure.RetryAfter).Should().Be((retryable, unknown, null));
        failure.Message.Should().Contain($"HTTP {status}").And.Contain("some_code");
        Calls.Should().Be(1);
    }

    [TestCase("Retry-After", "7", 7_000)]
    [TestCase("retry-after-ms", "250", 250)]
    public async Task says_when_to_come_again(string header, string value, int milliseconds)
    {
        Answers(429, "{}", headers: (header, value));
        (await FailureAsync()).RetryAfter.Should().Be(TimeSpan.FromMilliseconds(milliseconds));
    }

    [Test]
    public async Task says_by_a_date_when_to_come_again()
    {
        Answers(503, "{}", headers: ("Retry-After", TimeProvider.System.GetUtcNow().AddMinutes(5).ToString("R")));
        (await FailureAsync()).RetryAfter.Should().BeCloseTo(TimeSpan.FromMinutes(5), TimeSpan.FromSeconds(30));
    }

    [TestCase("soon")]
    [TestCase("-1")]
    [TestCase("NaN")]
    public async Task with_nonsense_for_a_time_is_as_one_without(string value)
    {
        Answers(429, "not json", "text/html", ("Retry-After", value));
        (await FailureAsync()).RetryAfter.Should().BeNull();
    }
}

public sealed class A_remote_model_whose_reply_is_unusable : With_a_model_server
{
    private static IEnumerable<TestCaseData> Replies()
    {
        yield return new("", "application/json", "empty", true);
        yield return new("{\"choices\":[", "application/json", "whole JSON", true);
        yield return new("<html>", "text/html", "not JSON but 'text/html'", true);
        yield return new("[]", "application/json", "no choices", true);
        yield return new("{\"choices\":[]}", "application/json", "no choices", true);
        yield return new("{\"choices\":[7]}", "application/json", "not a chat completion", true);
        yield return new("{\"choices\":[{\"finish_reason\":\"stop\"}]}", "application/json", "no message", true);
        yield return new(Completion("""{"content":null}"""), "application/json", "message is empty", true);
        yield return new(Completion("""{"content":[]}"""), "application/json", "message is empty", true);
        yield return new(Completion("""{"content":null,"refusal":"I cannot"}"""), "application/json", "refused", false);
        yield return new(Completion(finish: "length"), "application/json", "length", false);
        yield return new(Completion(finish: "content_filter"), "application/json", "content_filter", false);
        yield return new(Completion(usage: "null"), "application/json", "cannot be billed", true);
        yield return new(Completion(usage: """{"prompt_tokens":-1,"completion_tokens":5}"""), "application/json", "cannot be billed", true);
        yield return new(Completion(usage: """{"prompt_tokens":5,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":6}}"""), "application/json", "contradict", true);
    }

    [TestCaseSource(nameof(Replies))]
    public async Task fails_with_a_clear_reason_and_may_have_been_charged(string body, string type, string reason, bool retryable)
    {
        Answers(200, body, type);
        var failure = await FailureAsync();
        failure.Message.Should().Contain(reason);
        (failure.Retryable, failure.Unknown).Should().Be((retryable, true));
    }
}

public sealed class A_remote_model_that_does_not_answer : With_a_model_server
{
    [Test]
    public async Task in_time_may_have_done_the_work()
    {
        Answers(context => Task.Delay(Timeout.Infinite, context.RequestAborted));
        var failure = await FailureAsync(TimeSpan.FromMilliseconds(100));
        (failure.Retryable, failure.Unknown).Should().Be((true, true));
        failure.Message.Should().Contain("100 ms");
    }

    [Test]
    public async Task in_full_may_have_done_the_work()
    {
        Answers(async context =>
        {
            context.Response.ContentType = "application/json";
            context.Response.ContentLength = 1_000;
            await context.Response.WriteAsync("{\"choices\":");
            await context.Response.Body.FlushAsync();
            context.Abort();
        });
        var failure = await FailureAsync();
        (failure.Retryable, failure.Unknown).Should().Be((true, true));
    }

    [Test]
    public async Task within_its_body_in_time_may_have_done_the_work()
    {
        Answers(async context =>
        {
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync("{\"choices\":");
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        (await FailureAsync(TimeSpan.FromMilliseconds(200))).Unknown.Should().BeTrue();
    }

    [Test]
    public async Task because_nothing_listens_there_has_done_nothing()
    {
        var model = new OpenAiModel(new() { Name = "gpt-x", BaseUrl = new("http://127.0.0.1:1/v1"), ApiKey = "k" }, TimeProvider.System);
        (await model.Awaiting(m => m.CompleteAsync(Request)).Should().ThrowAsync<ModelCallException>())
            .Which.Should().Match<ModelCallException>(e => e.Retryable && !e.Unknown);
    }

    [Test]
    public async Task because_the_caller_gave_up_is_a_cancellation()
    {
        Answers(context => Task.Delay(Timeout.Infinite, context.RequestAborted));
        using var gone = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));
        await Model().Awaiting(m => m.CompleteAsync(Request, gone.Token)).Should().ThrowAsync<OperationCanceledException>();
    }
}
