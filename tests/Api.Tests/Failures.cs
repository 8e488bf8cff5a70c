using System.Text.Json.Nodes;
using AIaaS.Api.Http;
using AIaaS.EventStore;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Extensions.Logging;

namespace AIaaS.Api.Tests;

/// <summary>What the log gets of a request that ended with an exception.</summary>
public sealed class A_request_that_ends_with_a_failure
{
    private readonly List<(LogLevel Level, string Text, Exception? Exception)> logged = [];

    [SetUp]
    public void Forget() => logged.Clear();

    [Test]
    public async Task is_an_error_with_its_exception_in_the_log_where_nobody_expected_it()
    {
        var failure = new InvalidDataException("secret inner working");
        (await AnswerAsync(failure)).Should().Be(500);
        var line = logged.Should().ContainSingle().Subject;
        line.Level.Should().Be(LogLevel.Error);
        line.Exception.Should().BeSameAs(failure);
        line.Text.Should().Contain("POST").And.Contain("500").And.Contain("correlation-1");
    }

    [Test]
    public async Task is_one_line_of_warning_in_the_log_where_something_is_not_available_for_a_while()
    {
        (await AnswerAsync(new EventStoreUnavailableException("No node answers.\nTried 3 times.", new TimeoutException()))).Should().Be(503);
        var line = logged.Should().ContainSingle().Subject;
        line.Level.Should().Be(LogLevel.Warning);
        line.Exception.Should().BeNull("the stack of what is expected tells nothing and hides the rest");
        line.Text.Should().Be("POST /v1/orders/{order} answered with 503 temporary-reduced-capacity: No node answers. Tried 3 times.; correlation correlation-1");
    }

    [Test]
    public async Task is_such_a_line_for_a_command_that_says_itself_that_it_cannot_be_done_now()
    {
        (await AnswerAsync(new DomainException(new("pricing-behind", "The prices are not known yet.", "Try again.", 503)))).Should().Be(503);
        logged.Should().Equal((LogLevel.Warning, "POST /v1/orders/{order} answered with 503 pricing-behind: The prices are not known yet.; correlation correlation-1", null));
    }

    private async Task<int> AnswerAsync(Exception failure)
    {
        var context = new DefaultHttpContext();
        context.Request.Method = "POST";
        context.Request.Path = "/v1/orders/of-somebody";
        context.Request.Headers[Correlation.Header] = "correlation-1";
        context.Response.Body = new MemoryStream();
        context.SetEndpoint(new RouteEndpoint(_ => Task.CompletedTask, RoutePatternFactory.Parse("/v1/orders/{order}"), 0, null, null));
        await new ProblemWriter(_ => Task.FromException(failure), new Lines(logged)).InvokeAsync(context);
        context.Response.Body.Position = 0;
        (await JsonNode.ParseAsync(context.Response.Body))!["status"]!.GetValue<int>().Should().Be(context.Response.StatusCode);
        return context.Response.StatusCode;
    }

    private sealed class Lines(List<(LogLevel Level, string Text, Exception? Exception)> all) : ILogger<ProblemWriter>
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            all.Add((logLevel, formatter(state, exception), exception));
    }
}
