using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Threading.RateLimiting;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;
using Polly;
using Polly.Retry;

namespace AIaaS.Commands.Tools;

/// <summary>
/// Makes calls: schema check, then for each tenant, tool and version a bulkhead, one time-out for all attempts, at most three attempts with growing waits,
/// and a circuit. What left and did not answer is unknown, and is tried again only where that cannot do harm.
/// </summary>
public sealed class ToolExecutor(TimeProvider time, ToolTelemetry telemetry) : IToolExecutor, IAsyncDisposable
{
    /// <summary>The most attempts of one call.</summary>
    public const int MaxAttempts = 3;

    /// <summary>The longest that a far side's <c>Retry-After</c> is waited for within one call.</summary>
    public static readonly TimeSpan LongestRetryAfter = TimeSpan.FromSeconds(10);

    /// <summary>The limit of calls that a customer waits for (<see cref="ToolCall.TimeLimit"/>).</summary>
    public static readonly TimeSpan CriticalPath = TimeSpan.FromSeconds(5);

    private const int QueuedPerPermit = 8;
    private const int MaxLines = 10_000;
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(200);
    private static readonly ResiliencePropertyKey<Attempts> AttemptsKey = new("attempts");
    private static readonly TimeSpan IdleAfter = TimeSpan.FromMinutes(5);

    private readonly ConcurrentDictionary<(string Tenant, string Tool, string Version), Line> lines = new();
    private readonly ConditionalWeakTable<ITool, Schemas> schemas = [];

    /// <inheritdoc />
    public async Task<ToolResult> ExecuteAsync(ITool tool, ToolCall call, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(tool);
        ArgumentNullException.ThrowIfNull(call);
        var manifest = tool.Manifest;
        var start = time.GetTimestamp();
        using var span = telemetry.Start(manifest, call);
        var attempts = new Attempts();
        var outcome = InputFault(tool, call.Input) is { } refused ? refused : await CallAsync(tool, manifest, call, attempts, cancellationToken);
        var result = new ToolResult(Cut(Checked(tool, manifest, outcome)), attempts.Made, Math.Round(time.GetElapsedTime(start).TotalMilliseconds, 3));
        telemetry.Ended(span, manifest, call.Tenant, result);
        return result;
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        foreach (var line in lines.Values)
        {
            await line.Bulkhead.DisposeAsync();
        }
    }

    private async Task<ToolOutcome> CallAsync(ITool tool, ToolManifest manifest, ToolCall call, Attempts attempts, CancellationToken cancellationToken)
    {
        var line = LineOf(manifest, call.Tenant);
        var limit = TimeSpan.FromMilliseconds(manifest.TimeoutMs);
        if (call.TimeLimit < limit)
        {
            limit = call.TimeLimit.Value;
        }

        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var timer = time.CreateTimer(static s => ((CancellationTokenSource)s!).Cancel(), ended, limit, Timeout.InfiniteTimeSpan);
        var lease = line.Bulkhead.AttemptAcquire();
        try
        {
            if (!lease.IsAcquired)
            {
                lease.Dispose();
                lease = await line.Bulkhead.AcquireAsync(1, ended.Token);
            }

            if (!lease.IsAcquired)
            {
                return new ToolOutcome.Failed("bulkhead-full", $"The tool '{manifest.Name}' has as many calls open and waiting as it may have.", Retryable: true);
            }

            var context = ResilienceContextPool.Shared.Get(call.IdempotencyKey, ended.Token);
            context.Properties.Set(AttemptsKey, attempts);
            context.Properties.Set(ToolCircuit.Caller, cancellationToken);
            try
            {
                var outcome = await line.Pipeline.ExecuteAsync(static (c, s) => AttemptAsync(s, c.CancellationToken), context, (this, tool, manifest, call, attempts));
                return attempts.Conclude(outcome, manifest);
            }
            finally
            {
                ResilienceContextPool.Shared.Return(context);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested && ended.IsCancellationRequested)
        {
            return attempts.TimedOut(manifest, limit);
        }
        finally
        {
            // A tool that does not heed its cancellation keeps its place until it has really ended.
            if (attempts.Running is { IsCompleted: false } running)
            {
                _ = running.ContinueWith(static (_, s) => ((RateLimitLease)s!).Dispose(), lease, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            }
            else
            {
                lease.Dispose();
            }
        }
    }

    private static async ValueTask<ToolOutcome> AttemptAsync((ToolExecutor Executor, ITool Tool, ToolManifest Manifest, ToolCall Call, Attempts Attempts) s, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (s.Attempts.Made++ > 0)
        {
            s.Executor.Retried(s.Manifest, s.Call.Tenant);
        }

        s.Attempts.IsOut = true;
        var running = InvokeAsync(s.Tool, s.Call, cancellationToken);
        s.Attempts.Running = running;
        var outcome = await running.WaitAsync(cancellationToken);
        s.Attempts.IsOut = false;
        s.Attempts.WasUnknown |= outcome is ToolOutcome.Unknown;
        return outcome;
    }

    private void Retried(ToolManifest manifest, string tenant) => telemetry.Retried(manifest, tenant);

    private static async Task<ToolOutcome> InvokeAsync(ITool tool, ToolCall call, CancellationToken cancellationToken)
    {
        try
        {
            return await tool.InvokeAsync(call, cancellationToken) ?? After(tool.Manifest, "the tool returned nothing");
        }
        catch (DomainException e)
        {
            return new ToolOutcome.Failed(e.Error.Code, e.Error.Message, e.Error.Status is 503 || e.Error.Code == "concurrent-change");
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            return After(tool.Manifest, "the tool failed: " + e.Message);
        }
    }

    private static ToolOutcome After(ToolManifest manifest, string reason) =>
        manifest.SideEffect ? new ToolOutcome.Unknown(reason) : new ToolOutcome.Failed("tool-exception", reason, Retryable: true);

    private ToolOutcome.Failed? InputFault(ITool tool, JsonElement input)
    {
        if (ToolContent.Fault(input) is { } fault)
        {
            return new("invalid-input", $"The input of '{tool.Manifest.Name}' cannot be used: {fault}.");
        }

        return schemas.GetValue(tool, static t => new(t.Manifest)).Input.Fault(input) is { } wrong
            ? new("invalid-input", $"The input does not fit the schema of '{tool.Manifest.Name}': {wrong}.")
            : null;
    }

    /// <summary>
    /// An output that cannot be used: the work of a tool with side effects is done all the same, so that stays a success, with the output wrapped and a
    /// code that says so; of any other tool it is a failure.
    /// </summary>
    private ToolOutcome Checked(ITool tool, ToolManifest manifest, ToolOutcome outcome)
    {
        if (outcome is not ToolOutcome.Succeeded { Output: var output } succeeded)
        {
            return outcome;
        }

        if (output.ValueKind == JsonValueKind.Undefined)
        {
            output = ToolOutput.Null;
        }

        if (ToolContent.Fault(output) is { } fault)
        {
            return manifest.SideEffect
                ? new ToolOutcome.Succeeded(ToolOutput.Flagged("output-unusable", fault, null))
                : new ToolOutcome.Failed("invalid-output", $"The output of '{manifest.Name}' cannot be used: {fault}.");
        }

        if (succeeded.Flag is not null)
        {
            return manifest.SideEffect
                ? new ToolOutcome.Succeeded(ToolOutput.Flagged("output-unusable", succeeded.Flag, output))
                : new ToolOutcome.Failed("invalid-output", $"The output of '{manifest.Name}' cannot be used: {succeeded.Flag}.");
        }

        return schemas.GetValue(tool, static t => new(t.Manifest)).Output.Fault(output) is not { } wrong
            ? new ToolOutcome.Succeeded(output)
            : manifest.SideEffect
                ? new ToolOutcome.Succeeded(ToolOutput.Flagged("output-invalid", wrong, output))
                : new ToolOutcome.Failed("invalid-output", $"The output does not fit the schema of '{manifest.Name}': {wrong}.");
    }

    private static ToolOutcome Cut(ToolOutcome outcome) => outcome switch
    {
        ToolOutcome.Failed { Reason.Length: > 1_000 } f => f with { Reason = f.Reason[..1_000] + "…" },
        ToolOutcome.Unknown { Reason.Length: > 1_000 } u => u with { Reason = u.Reason[..1_000] + "…" },
        _ => outcome,
    };

    private Line LineOf(ToolManifest manifest, string tenant)
    {
        var now = time.GetUtcNow();
        if (!lines.TryGetValue((tenant, manifest.Name, manifest.Version), out var line))
        {
            if (lines.Count >= MaxLines)
            {
                foreach (var idle in lines.Where(l => now - l.Value.Used > IdleAfter && l.Value.Bulkhead.GetStatistics() is { CurrentQueuedCount: 0 } s && s.CurrentAvailablePermits == l.Value.Permits).ToList())
                {
                    lines.TryRemove(idle);
                }
            }

            line = lines.GetOrAdd((tenant, manifest.Name, manifest.Version), static (_, s) => new(s.manifest, s.time), (manifest, time));
        }

        line.Used = now;
        return line;
    }

    /// <summary>Half to all of the exponential wait; which part is drawn from the call's key, so that a replayed call waits alike and calls do not meet.</summary>
    private static TimeSpan DelayBefore(string key, int attempt)
    {
        Span<byte> bytes = stackalloc byte[16];
        NamedId.Of("tool-retry", key, attempt.ToString(CultureInfo.InvariantCulture)).TryWriteBytes(bytes);
        return FirstDelay * Math.Pow(2, attempt - 1) * (0.5 + bytes[0] / 510.0);
    }

    private sealed class Schemas(ToolManifest manifest)
    {
        public ToolSchema Input { get; } = new(manifest.Input);

        public ToolSchema Output { get; } = new(manifest.Output);
    }

    /// <summary>What has become of a call's attempts up to now.</summary>
    private sealed class Attempts
    {
        public int Made { get; set; }

        /// <summary>Whether an attempt has left and not come back.</summary>
        public bool IsOut { get; set; }

        public bool WasUnknown { get; set; }

        public Task<ToolOutcome>? Running { get; set; }

        public ToolOutcome? Last { get; set; }

        /// <summary>
        /// After an attempt that may have done the work, only a success, or a refusal by the far side's own rules for the same key, tells what is so.
        /// That it could not be asked again does not.
        /// </summary>
        public ToolOutcome Conclude(ToolOutcome outcome, ToolManifest manifest) =>
            manifest.SideEffect && WasUnknown && outcome is ToolOutcome.Failed failed && (failed.Retryable || failed.Code == "unauthorized")
                ? new ToolOutcome.Unknown($"an earlier attempt did not answer, and the last one only said: {failed.Reason}")
                : outcome;

        public ToolOutcome TimedOut(ToolManifest manifest, TimeSpan limit)
        {
            var reason = string.Create(CultureInfo.InvariantCulture, $"no answer within {limit.TotalMilliseconds:N0} ms");
            return manifest.SideEffect && (IsOut || WasUnknown) ? new ToolOutcome.Unknown(reason)
                : !IsOut && Last is ToolOutcome.Failed failed ? failed
                : new ToolOutcome.Failed("timed-out", reason, Retryable: true);
        }
    }

    /// <summary>What stands before one tool of one tenant.</summary>
    private sealed class Line
    {
        public Line(ToolManifest manifest, TimeProvider time)
        {
            Permits = manifest.Bulkhead;
            Bulkhead = new(new() { PermitLimit = Permits, QueueLimit = Permits * QueuedPerPermit, QueueProcessingOrder = QueueProcessingOrder.OldestFirst });
            var mayRepeatUnknown = manifest.Idempotent || !manifest.SideEffect;
            Pipeline = new ResiliencePipelineBuilder<ToolOutcome> { TimeProvider = time }
                .AddRetry(new RetryStrategyOptions<ToolOutcome>
                {
                    MaxRetryAttempts = MaxAttempts - 1,
                    ShouldHandle = args =>
                    {
                        if (args.Context.Properties.TryGetValue(AttemptsKey, out var attempts))
                        {
                            attempts.Last = args.Outcome.Result;
                        }

                        return new(args.Outcome.Result switch
                        {
                            ToolOutcome.Failed { Retryable: true, Code: not ToolCircuit.OpenCode } f => f.RetryAfter is null || f.RetryAfter <= LongestRetryAfter,
                            ToolOutcome.Unknown => mayRepeatUnknown,
                            _ => false,
                        });
                    },
                    DelayGenerator = args => new((args.Outcome.Result as ToolOutcome.Failed)?.RetryAfter ?? DelayBefore(args.Context.OperationKey ?? "", args.AttemptNumber + 1)),
                })
                .AddStrategy(_ => new ToolCircuit(time), new CircuitOptions())
                .Build();
        }

        public int Permits { get; }

        public DateTimeOffset Used { get; set; }

        public ConcurrencyLimiter Bulkhead { get; }

        public ResiliencePipeline<ToolOutcome> Pipeline { get; }
    }

    private sealed class CircuitOptions : ResilienceStrategyOptions;
}
