using AIaaS.Commands.Routing;
using Commands.Tests.Support;

namespace Commands.Tests.Routing;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public abstract class Behind_a_breaker_and_a_bulkhead
{
    private protected ManualTime Time { get; } = new();

    private protected Scripted Inner { get; } = new();

    protected ResilientModel Model(int concurrency = 10) => new("gpt-x", Inner, concurrency, Time);

    protected static Task<ModelCallException> FailureOf(ResilientModel model) => Catch(() => model.CompleteAsync("{}"));

    private static async Task<ModelCallException> Catch(Func<Task> call) => (await call.Should().ThrowAsync<ModelCallException>()).Which;

    private protected sealed class Scripted : IModelClient
    {
        public int Calls { get; private set; }

        public Func<Task<ModelAnswer>> Answer { get; set; } = () => Task.FromResult(new ModelAnswer("ok", default));

        public Task<ModelAnswer> CompleteAsync(string request, CancellationToken cancellationToken = default)
        {
            Calls++;
            return Answer();
        }

        public void Fails(bool retryable) => Answer = () => Task.FromException<ModelAnswer>(new ModelCallException("no", retryable, false));
    }
}

public sealed class A_model_that_failed_five_times : Behind_a_breaker_and_a_bulkhead
{
    [Test]
    public async Task is_left_alone_for_a_minute_and_tried_again_then()
    {
        await using var model = Model();
        Inner.Fails(retryable: true);
        for (var i = 0; i < ResilientModel.FailuresToOpen; i++)
        {
            (await FailureOf(model)).Message.Should().Be("no");
        }

        var left = await FailureOf(model);
        left.Message.Should().Contain("left alone");
        (left.Retryable, left.Unknown).Should().Be((true, false));
        left.RetryAfter.Should().BePositive();
        Inner.Calls.Should().Be(ResilientModel.FailuresToOpen);

        Time.Advance(ResilientModel.OpenFor + TimeSpan.FromSeconds(1));
        Inner.Answer = () => Task.FromResult(new ModelAnswer("back", default));
        (await model.CompleteAsync("{}")).Content.Should().Be("back");
    }

    [Test]
    public async Task by_the_callers_fault_is_not_left_alone()
    {
        await using var model = Model();
        Inner.Fails(retryable: false);
        for (var i = 0; i < 20; i++)
        {
            (await FailureOf(model)).Message.Should().Be("no");
        }
    }
}

public sealed class A_model_that_failed_four_times : Behind_a_breaker_and_a_bulkhead
{
    [Test]
    public async Task is_asked_a_fifth_time()
    {
        await using var model = Model();
        Inner.Fails(retryable: true);
        for (var i = 0; i < ResilientModel.FailuresToOpen; i++)
        {
            (await FailureOf(model)).Message.Should().Be("no");
        }

        Inner.Calls.Should().Be(ResilientModel.FailuresToOpen);
    }
}

public sealed class More_calls_at_a_time_than_allowed : Behind_a_breaker_and_a_bulkhead
{
    [Test]
    public async Task fail_at_once_and_may_be_tried_again()
    {
        await using var model = Model(concurrency: 1);
        var open = new TaskCompletionSource<ModelAnswer>();
        Inner.Answer = () => open.Task;
        var first = model.CompleteAsync("{}");
        var second = await FailureOf(model);
        second.Message.Should().Contain("MaxConcurrency");
        (second.Retryable, second.Unknown).Should().Be((true, false));
        open.SetResult(new("done", default));
        (await first).Content.Should().Be("done");
        Inner.Answer = () => Task.FromResult(new ModelAnswer("next", default));
        (await model.CompleteAsync("{}")).Content.Should().Be("next");
    }
}
