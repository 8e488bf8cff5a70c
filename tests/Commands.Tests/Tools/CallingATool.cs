using System.Text.Json;
using AIaaS.Commands.Tools;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;
using AIaaS.EventStore.Tests;

namespace Commands.Tests.Tools;

/// <summary>A tool whose far side is a script: what it does at each attempt.</summary>
internal sealed class ScriptedTool(ToolManifest manifest, params Func<CancellationToken, Task<ToolOutcome>>[] script) : ITool
{
    private int calls;

    public ToolManifest Manifest => manifest;

    public int Calls => calls;

    public Task<ToolOutcome> InvokeAsync(ToolCall call, CancellationToken cancellationToken) =>
        script[Math.Min(Interlocked.Increment(ref calls) - 1, script.Length - 1)](cancellationToken);
}

/// <summary>An executor under a clock that is moved by hand.</summary>
public abstract class CallingATool
{
    internal static readonly ToolManifest Reading = new("look_up", "1.0.0", "Looks something up.", """{"type":"object"}""", "true");
    internal static readonly ToolManifest Writing = new("send", "1.0.0", "Sends something.", """{"type":"object"}""", "true") { SideEffect = true };
    internal static readonly ToolManifest Repeatable = Writing with { Name = "charge", Idempotent = true };

    private ToolTelemetry telemetry = null!;

    internal ManualTimeProvider Time { get; private set; } = null!;

    internal ToolExecutor Executor { get; private set; } = null!;

    internal static Func<CancellationToken, Task<ToolOutcome>> Gives(ToolOutcome outcome) => _ => Task.FromResult(outcome);

    internal static Func<CancellationToken, Task<ToolOutcome>> Succeeds(string json = """{"ok":true}""") => Gives(new ToolOutcome.Succeeded(Json(json)));

    internal static Func<CancellationToken, Task<ToolOutcome>> Busy => Gives(new ToolOutcome.Failed("busy", "busy", Retryable: true));

    internal static Func<CancellationToken, Task<ToolOutcome>> Silent => Gives(new ToolOutcome.Unknown("no answer"));

    internal static Func<CancellationToken, Task<ToolOutcome>> Hangs => async ended =>
    {
        await Task.Delay(Timeout.InfiniteTimeSpan, ended);
        return new ToolOutcome.Unknown("never");
    };

    internal static JsonElement Json(string text) => JsonSerializer.Deserialize<JsonElement>(text);

    internal static ToolCall Call(string input = "{}", string call = "step/1/1", string tenant = "acme") =>
        new(tenant, $"agentRun-{tenant}_r1", call, $"{tenant}/r1/{call}/tool", new('0', 64), Json(input), null, null);

    [SetUp]
    public void Make()
    {
        Time = new();
        telemetry = new();
        Executor = new(Time, telemetry);
    }

    [TearDown]
    public async Task Close()
    {
        await Executor.DisposeAsync();
        telemetry.Dispose();
    }

    internal Task<ToolResult> ExecuteAsync(ITool tool, ToolCall? call = null) => Executor.ExecuteAsync(tool, call ?? Call(), CancellationToken.None);

    /// <summary>Lets time pass until the call has ended.</summary>
    internal async Task<ToolResult> RunAsync(Task<ToolResult> call, TimeSpan? step = null)
    {
        for (var i = 0; i < 10_000 && !call.IsCompleted; i++)
        {
            await Task.Yield();
            await Task.Delay(1);
            if (!call.IsCompleted)
            {
                Time.Advance(step ?? TimeSpan.FromMilliseconds(100));
            }
        }

        return await call.WaitAsync(TimeSpan.FromSeconds(10));
    }
}

public sealed class A_call_that_succeeds : CallingATool
{
    [Test]
    public async Task takes_one_attempt()
    {
        var result = await ExecuteAsync(new ScriptedTool(Writing, Succeeds()));
        result.Attempts.Should().Be(1);
        result.Outcome.Should().BeOfType<ToolOutcome.Succeeded>().Which.Output.GetRawText().Should().Be("""{"ok":true}""");
    }

    [Test]
    public async Task with_another_output_than_its_schema_says_stays_a_success_that_is_flagged()
    {
        var result = await ExecuteAsync(new ScriptedTool(Writing with { Output = """{"type":"string"}""" }, Succeeds()));
        var output = result.Outcome.Should().BeOfType<ToolOutcome.Succeeded>().Which.Output;
        output.GetProperty("$code").GetString().Should().Be("output-invalid");
        output.GetProperty("$raw").GetRawText().Should().Be("""{"ok":true}""");
        result.Attempts.Should().Be(1);
    }

    [Test]
    public async Task with_another_output_than_its_schema_says_is_a_failure_where_nothing_was_changed()
    {
        var tool = new ScriptedTool(Reading with { Output = """{"type":"string"}""" }, Succeeds());
        var result = await ExecuteAsync(tool);
        result.Outcome.Should().BeOfType<ToolOutcome.Failed>().Which.Code.Should().Be("invalid-output");
        tool.Calls.Should().Be(1);
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task with_an_output_too_large_for_an_event_does_not_carry_it(bool sideEffect)
    {
        var result = await ExecuteAsync(new ScriptedTool(sideEffect ? Writing : Reading, Succeeds($"\"{new string('x', ToolContent.MaxBytes)}\"")));
        (result.Outcome is ToolOutcome.Succeeded).Should().Be(sideEffect);
        if (result.Outcome is ToolOutcome.Succeeded done)
        {
            done.Output.GetProperty("$code").GetString().Should().Be("output-unusable");
            done.Output.GetRawText().Length.Should().BeLessThan(1_000);
        }
    }

    [TestCase("""{"a":"\ud800"}""")]
    [TestCase("""{"\udc00":1}""")]
    [TestCase("""{"a":1,"a":2}""")]
    public async Task with_an_output_that_no_event_could_hold_is_flagged(string output)
    {
        var result = await ExecuteAsync(new ScriptedTool(Writing, Succeeds(output)));
        result.Outcome.Should().BeOfType<ToolOutcome.Succeeded>().Which.Output.GetProperty("$code").GetString().Should().Be("output-unusable");
    }

    [Test]
    public async Task with_an_output_nested_too_deeply_is_flagged()
    {
        var result = await ExecuteAsync(new ScriptedTool(Writing, Succeeds(new string('[', 60) + new string(']', 60))));
        result.Outcome.Should().BeOfType<ToolOutcome.Succeeded>().Which.Output.GetProperty("$code").GetString().Should().Be("output-unusable");
    }
}

public sealed class A_call_with_an_input_that_does_not_fit : CallingATool
{
    [TestCase("[]")]
    [TestCase("\"text\"")]
    [TestCase("""{"a":"\ud800"}""")]
    public async Task does_not_leave(string input)
    {
        var tool = new ScriptedTool(Writing, Succeeds());
        var result = await ExecuteAsync(tool, Call(input));
        result.Outcome.Should().BeOfType<ToolOutcome.Failed>().Which.Code.Should().Be("invalid-input");
        result.Attempts.Should().Be(0);
        tool.Calls.Should().Be(0);
    }
}

public sealed class A_call_that_fails_for_now : CallingATool
{
    [Test]
    public async Task is_tried_three_times()
    {
        var tool = new ScriptedTool(Writing, Busy);
        var result = await RunAsync(ExecuteAsync(tool));
        (result.Attempts, tool.Calls).Should().Be((3, 3));
        result.Outcome.Should().BeOfType<ToolOutcome.Failed>().Which.Retryable.Should().BeTrue();
    }

    [Test]
    public async Task succeeds_at_a_later_attempt()
    {
        var result = await RunAsync(ExecuteAsync(new ScriptedTool(Writing, Busy, Succeeds())));
        (result.Attempts, result.Outcome is ToolOutcome.Succeeded).Should().Be((2, true));
    }

    [Test]
    public async Task waits_as_long_as_the_far_side_asks()
    {
        var start = Time.GetUtcNow();
        var tool = new ScriptedTool(Writing, Gives(new ToolOutcome.Failed("busy", "busy", true) { RetryAfter = TimeSpan.FromSeconds(5) }), Succeeds());
        var result = await RunAsync(ExecuteAsync(tool));
        result.Outcome.Should().BeOfType<ToolOutcome.Succeeded>();
        (Time.GetUtcNow() - start).Should().BeGreaterThanOrEqualTo(TimeSpan.FromSeconds(5));
    }

    [Test]
    public async Task is_left_to_its_caller_where_the_far_side_asks_for_a_long_wait()
    {
        var tool = new ScriptedTool(Writing, Gives(new ToolOutcome.Failed("busy", "busy", true) { RetryAfter = TimeSpan.FromMinutes(5) }));
        (await ExecuteAsync(tool)).Attempts.Should().Be(1);
    }

    [Test]
    public async Task waits_the_same_time_when_it_is_made_again_under_its_key()
    {
        var first = await DurationAsync("step/1/1");
        var again = await DurationAsync("step/1/1");
        var other = await DurationAsync("step/1/2");
        again.Should().Be(first);
        other.Should().NotBe(first);
    }

    private async Task<double> DurationAsync(string call)
    {
        // A millisecond at a time, so that the waits can be told apart.
        var executor = new ToolExecutor(Time, new());
        var result = await RunAsync(executor.ExecuteAsync(new ScriptedTool(Writing, Busy, Succeeds()), Call(call: call), CancellationToken.None), TimeSpan.FromMilliseconds(1));
        return result.LatencyMs;
    }
}

public sealed class A_call_that_is_refused : CallingATool
{
    [Test]
    public async Task is_not_tried_again()
    {
        var tool = new ScriptedTool(Writing, Gives(new ToolOutcome.Failed("tool-error", "no")));
        (await ExecuteAsync(tool)).Attempts.Should().Be(1);
    }

    [Test]
    public async Task by_a_domain_rule_keeps_its_code()
    {
        var tool = new ScriptedTool(Writing, _ => throw new DomainException(new("order-shipped", "The order has left.", "Return it instead.")));
        var failed = (await ExecuteAsync(tool)).Outcome.Should().BeOfType<ToolOutcome.Failed>().Subject;
        (failed.Code, failed.Reason, failed.Retryable).Should().Be(("order-shipped", "The order has left.", false));
    }

    [Test]
    public async Task again_and_again_does_not_open_the_circuit()
    {
        var tool = new ScriptedTool(Writing, Gives(new ToolOutcome.Failed("tool-error", "no")));
        for (var i = 0; i < 20; i++)
        {
            await ExecuteAsync(tool, Call(call: $"step/1/{i}"));
        }

        tool.Calls.Should().Be(20);
    }
}

public sealed class A_call_whose_outcome_is_unknown : CallingATool
{
    [Test]
    public async Task is_not_tried_again()
    {
        var tool = new ScriptedTool(Writing, Silent, Succeeds());
        (await RunAsync(ExecuteAsync(tool))).Outcome.Should().BeOfType<ToolOutcome.Unknown>();
        tool.Calls.Should().Be(1);
    }

    [Test]
    public async Task is_tried_again_where_the_far_side_does_the_work_once_a_key()
    {
        var tool = new ScriptedTool(Repeatable, Silent, Succeeds());
        (await RunAsync(ExecuteAsync(tool))).Outcome.Should().BeOfType<ToolOutcome.Succeeded>();
    }

    [Test]
    public async Task is_tried_again_where_nothing_is_changed()
    {
        var tool = new ScriptedTool(Reading, Silent, Succeeds());
        (await RunAsync(ExecuteAsync(tool))).Outcome.Should().BeOfType<ToolOutcome.Succeeded>();
    }

    [Test]
    public async Task stays_unknown_when_the_far_side_cannot_be_asked_again()
    {
        var tool = new ScriptedTool(Repeatable, Silent, Busy, Busy);
        (await RunAsync(ExecuteAsync(tool))).Outcome.Should().BeOfType<ToolOutcome.Unknown>();
    }

    [Test]
    public async Task is_settled_by_a_refusal_for_the_same_key()
    {
        var tool = new ScriptedTool(Repeatable, Silent, Gives(new ToolOutcome.Failed("tool-error", "declined")));
        (await RunAsync(ExecuteAsync(tool))).Outcome.Should().BeOfType<ToolOutcome.Failed>();
    }

    [Test]
    public async Task because_the_tool_threw_is_unknown_too()
    {
        var tool = new ScriptedTool(Writing, _ => throw new InvalidOperationException("broken"));
        (await ExecuteAsync(tool)).Outcome.Should().BeOfType<ToolOutcome.Unknown>().Which.Reason.Should().Contain("broken");
    }
}

public sealed class A_call_that_takes_too_long : CallingATool
{
    [Test]
    public async Task is_unknown_where_it_may_have_done_something()
    {
        var result = await RunAsync(ExecuteAsync(new ScriptedTool(Writing, Hangs)), TimeSpan.FromSeconds(1));
        result.Outcome.Should().BeOfType<ToolOutcome.Unknown>().Which.Reason.Should().Contain("30,000 ms");
        result.LatencyMs.Should().BeInRange(30_000, 31_000);
    }

    [Test]
    public async Task is_a_failure_where_nothing_is_changed()
    {
        var result = await RunAsync(ExecuteAsync(new ScriptedTool(Reading, Hangs)), TimeSpan.FromSeconds(1));
        result.Outcome.Should().BeOfType<ToolOutcome.Failed>().Which.Retryable.Should().BeTrue();
    }

    [Test]
    public async Task is_given_up_at_the_callers_own_limit()
    {
        var result = await RunAsync(ExecuteAsync(new ScriptedTool(Reading, Hangs), Call() with { TimeLimit = ToolExecutor.CriticalPath }), TimeSpan.FromSeconds(1));
        result.LatencyMs.Should().BeInRange(5_000, 6_000);
    }

    [Test]
    public async Task is_given_up_even_if_the_tool_does_not_heed_it_and_keeps_its_place_until_it_ends()
    {
        var end = new TaskCompletionSource<ToolOutcome>(TaskCreationOptions.RunContinuationsAsynchronously);
        var tool = new ScriptedTool(Writing with { Bulkhead = 1 }, _ => end.Task, Succeeds());
        (await RunAsync(ExecuteAsync(tool), TimeSpan.FromSeconds(1))).Outcome.Should().BeOfType<ToolOutcome.Unknown>();
        var next = await RunAsync(ExecuteAsync(tool, Call(call: "step/1/2")), TimeSpan.FromSeconds(1));
        (next.Attempts, tool.Calls).Should().Be((0, 1));
        end.SetResult(new ToolOutcome.Unknown("late"));
        (await RunAsync(ExecuteAsync(tool, Call(call: "step/1/3")))).Outcome.Should().BeOfType<ToolOutcome.Succeeded>();
    }

    [Test]
    public async Task after_a_failure_that_is_certain_keeps_that_failure()
    {
        var tool = new ScriptedTool(Writing with { TimeoutMs = 50 }, Busy, Succeeds());
        var result = await RunAsync(ExecuteAsync(tool), TimeSpan.FromMilliseconds(10));
        result.Outcome.Should().BeOfType<ToolOutcome.Failed>().Which.Code.Should().Be("busy");
        tool.Calls.Should().Be(1);
    }

    [Test]
    public async Task is_not_an_outcome_when_the_worker_stops()
    {
        using var stop = new CancellationTokenSource();
        var call = Executor.ExecuteAsync(new ScriptedTool(Writing, Hangs), Call(), stop.Token);
        await stop.CancelAsync();
        await FluentActions.Awaiting(() => call).Should().ThrowAsync<OperationCanceledException>();
    }
}

public sealed class A_tool_that_failed_five_times_in_a_row : CallingATool
{
    private ScriptedTool tool = null!;

    [SetUp]
    public async Task Fail()
    {
        tool = new(Writing, Silent, Silent, Silent, Silent, Silent, Succeeds());
        for (var i = 0; i < 5; i++)
        {
            await ExecuteAsync(tool, Call(call: $"step/1/{i}"));
        }
    }

    [Test]
    public async Task is_left_alone()
    {
        var result = await ExecuteAsync(tool);
        (result.Attempts, tool.Calls).Should().Be((0, 5));
        var failed = result.Outcome.Should().BeOfType<ToolOutcome.Failed>().Subject;
        (failed.Code, failed.Retryable).Should().Be(("circuit-open", true));
    }

    [Test]
    public async Task is_tried_again_after_sixty_seconds()
    {
        Time.Advance(TimeSpan.FromSeconds(59));
        (await ExecuteAsync(tool)).Attempts.Should().Be(0);
        Time.Advance(TimeSpan.FromSeconds(1));
        (await ExecuteAsync(tool)).Outcome.Should().BeOfType<ToolOutcome.Succeeded>();
        (await ExecuteAsync(tool)).Outcome.Should().BeOfType<ToolOutcome.Succeeded>();
    }

    [Test]
    public async Task is_still_called_for_other_tenants() =>
        (await ExecuteAsync(tool, Call(tenant: "other"))).Outcome.Should().BeOfType<ToolOutcome.Succeeded>();
}

public sealed class A_tool_that_does_not_answer : CallingATool
{
    [Test]
    public async Task is_left_alone_after_five_calls()
    {
        var tool = new ScriptedTool(Writing, Hangs);
        for (var i = 0; i < 5; i++)
        {
            await RunAsync(ExecuteAsync(tool, Call(call: $"step/1/{i}")), TimeSpan.FromSeconds(10));
        }

        (await ExecuteAsync(tool)).Outcome.Should().BeOfType<ToolOutcome.Failed>().Which.Code.Should().Be("circuit-open");
    }

    [Test]
    public async Task is_not_blamed_for_calls_that_its_callers_end()
    {
        var tool = new ScriptedTool(Writing, Hangs);
        for (var i = 0; i < 6; i++)
        {
            using var stop = new CancellationTokenSource();
            var call = Executor.ExecuteAsync(tool, Call(call: $"step/1/{i}"), stop.Token);
            await stop.CancelAsync();
            await FluentActions.Awaiting(() => call).Should().ThrowAsync<OperationCanceledException>();
        }

        tool.Calls.Should().Be(6);
    }
}

public sealed class A_tool_that_fails_now_and_then : CallingATool
{
    [Test]
    public async Task is_not_left_alone()
    {
        var tool = new ScriptedTool(Writing, Silent, Silent, Silent, Silent, Succeeds(), Silent, Silent, Silent, Silent, Succeeds());
        for (var i = 0; i < 10; i++)
        {
            await ExecuteAsync(tool, Call(call: $"step/1/{i}"));
        }

        tool.Calls.Should().Be(10);
    }
}

public sealed class More_calls_at_once_than_the_bulkhead_lets_through : CallingATool
{
    [Test]
    public async Task wait_and_are_refused_beyond_the_queue()
    {
        var gate = new TaskCompletionSource<ToolOutcome>(TaskCreationOptions.RunContinuationsAsynchronously);
        var tool = new ScriptedTool(Writing with { Bulkhead = 2 }, _ => gate.Task);
        var calls = Enumerable.Range(0, 30).Select(i => ExecuteAsync(tool, Call(call: $"step/1/{i}"))).ToArray();
        tool.Calls.Should().Be(2);
        gate.SetResult(new ToolOutcome.Succeeded(Json("1")));
        var results = await Task.WhenAll(calls);
        results.Count(r => r.Outcome is ToolOutcome.Succeeded).Should().Be(18);
        results.Where(r => r.Outcome is ToolOutcome.Failed).Should().OnlyContain(r => r.Attempts == 0 && ((ToolOutcome.Failed)r.Outcome).Code == "bulkhead-full");
    }
}

public sealed class The_hash_of_a_request
{
    [Test]
    public void does_not_depend_on_the_order_of_members() =>
        ToolRequest.Hash("t", "1.0.0", CallingATool.Json("""{"b":1,"a":{"y":2,"x":3}}""")).Should().Be(ToolRequest.Hash("t", "1.0.0", CallingATool.Json("""{ "a":{"x":3,"y":2},"b":1 }""")));

    [TestCase("t", "1.0.1", """{"a":1}""")]
    [TestCase("u", "1.0.0", """{"a":1}""")]
    [TestCase("t", "1.0.0", """{"a":2}""")]
    [TestCase("t", "1.0.0", """{"a":"1"}""")]
    public void tells_calls_apart(string tool, string version, string input) =>
        ToolRequest.Hash(tool, version, CallingATool.Json(input)).Should().NotBe(ToolRequest.Hash("t", "1.0.0", CallingATool.Json("""{"a":1}""")));

    // Computed by another program: what is recorded must not change.
    [TestCase("t", "1.0.0", "{}", 1, "9cdeb861013c150c1ff26e1b791ecaace22805a4ff161517a36b18e60d5a9164")]
    [TestCase("t", "1.0.0", """{"b":1,"a":{"y":[1,null],"x":3}}""", 1, "dc9489fafdc1be5be12ec3de268b70932a84224f53f1d8e6ef3170ca67fe738d")]
    [TestCase("größe", "", "x", 2_000, "3e9e4832e8cdca44127ba2c88c9556eb4bb91d4df629e08181915ba10cd13289")]
    public void is_that_of_the_record(string tool, string version, string input, int times, string hash)
    {
        var json = times == 1 ? CallingATool.Json(input) : CallingATool.Json($"\"{string.Concat(Enumerable.Repeat(input, times))}\"");
        ToolRequest.Hash(tool, version, json).Should().Be(hash);
    }
}
