using Polly;

namespace AIaaS.Commands.Tools;

/// <summary>
/// Leaves a far side alone for a while after so many failures in a row; then lets one attempt through to see whether it is back. Polly's own
/// breaker counts a share of failures within a window, which a tool that is seldom called never fills.
/// </summary>
internal sealed class ToolCircuit(TimeProvider time) : ResilienceStrategy<ToolOutcome>
{
    /// <summary>The failures in a row that open the circuit.</summary>
    public const int FailuresToOpen = 5;

    /// <summary>The code of what it refuses.</summary>
    public const string OpenCode = "circuit-open";

    /// <summary>How long it stays open.</summary>
    public static readonly TimeSpan OpenFor = TimeSpan.FromSeconds(60);

    /// <summary>The caller's own cancellation: a call that it ends says nothing about the far side; one that the time-out ends does.</summary>
    public static readonly ResiliencePropertyKey<CancellationToken> Caller = new("caller");

    private readonly Lock sync = new();
    private int failures;
    private DateTimeOffset until;
    private bool trying;

    /// <summary>Whether an outcome speaks against the far side's health. What it refused by its own rules does not.</summary>
    public static bool IsFailure(ToolOutcome? outcome) => outcome is ToolOutcome.Unknown or ToolOutcome.Failed { Retryable: true };

    protected override async ValueTask<Outcome<ToolOutcome>> ExecuteCore<TState>(Func<ResilienceContext, TState, ValueTask<Outcome<ToolOutcome>>> callback, ResilienceContext context, TState state)
    {
        if (Refusal() is { } refusal)
        {
            return Outcome.FromResult<ToolOutcome>(refusal);
        }

        bool? failed = true;
        try
        {
            var outcome = await callback(context, state);
            failed = outcome.Result is { } result ? IsFailure(result) : WasStopped(context) ? null : true;
            return outcome;
        }
        catch (OperationCanceledException) when (WasStopped(context))
        {
            failed = null;
            throw;
        }
        finally
        {
            Count(failed);
        }
    }

    private static bool WasStopped(ResilienceContext context) => context.Properties.TryGetValue(Caller, out var caller) && caller.IsCancellationRequested;

    private ToolOutcome.Failed? Refusal()
    {
        lock (sync)
        {
            if (failures < FailuresToOpen)
            {
                return null;
            }

            var left = until - time.GetUtcNow();
            if (left <= TimeSpan.Zero && !trying)
            {
                trying = true;
                return null;
            }

            return new(OpenCode, $"The tool failed {FailuresToOpen} times in a row and is left alone for now.", Retryable: true) { RetryAfter = left > TimeSpan.Zero ? left : TimeSpan.FromSeconds(1) };
        }
    }

    private void Count(bool? failed)
    {
        lock (sync)
        {
            trying = false;
            if (failed is null)
            {
                return;
            }

            failures = failed.Value ? Math.Min(failures + 1, FailuresToOpen) : 0;
            if (failures == FailuresToOpen)
            {
                until = time.GetUtcNow() + OpenFor;
            }
        }
    }
}
