using AIaaS.Domain.Tools;
using AIaaS.EventStore;
using AIaaS.Projections;
using AIaaS.Projections.Tools;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AIaaS.Commands.Tools;

/// <summary>
/// Asks far sides that can tell what became of unknown calls, and settles those that it gets a certain answer for. It never repeats a call. It also lists as unknown
/// what an operator called and whose process ended in the middle.
/// </summary>
public sealed class ReconciliationJob(ReadModel<SideEffectDocument> ledger, ToolRegistry registry, ToolResolution resolution, OperatorCalls operators, TimeProvider time, ILogger<ReconciliationJob> logger) : BackgroundService
{
    private const int MaxCalls = 1_000;
    private const string Actor = "reconciliation";
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan LookUpLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestPause = TimeSpan.FromHours(1);

    private readonly Dictionary<string, (DateTimeOffset Next, int Tries)> asked = new(StringComparer.Ordinal);

    /// <summary>How old an unknown call must be: a far side may still be at work on a younger one, and would say that it knows nothing of it.</summary>
    public static TimeSpan MinAge { get; } = TimeSpan.FromSeconds(60);

    /// <summary>After this time an operator's call without outcome is one whose process ended: longer than any call may take.</summary>
    public static TimeSpan GiveUpAfter { get; } = TimeSpan.FromMinutes(15);

    /// <summary>Goes once through what is unresolved now.</summary>
    /// <returns>How many calls were settled.</returns>
    public async Task<int> RunOnceAsync(CancellationToken cancellationToken = default)
    {
        var settled = 0;
        var unknown = await ListAsync([new("state", Comparison.Equal, "unknown")], MinAge, cancellationToken);
        foreach (var gone in asked.Keys.Except(unknown.Select(c => c.Id)).ToList())
        {
            asked.Remove(gone);
        }

        foreach (var call in unknown)
        {
            var (next, tries) = asked.GetValueOrDefault(call.Id);
            if (time.GetUtcNow() < next)
            {
                continue;
            }

            if (await TryAsync(() => SettleAsync(call, cancellationToken), call, cancellationToken))
            {
                settled++;
            }
            else
            {
                var pause = Interval * Math.Pow(2, Math.Min(tries, 20));
                asked[call.Id] = (time.GetUtcNow() + (pause < LongestPause ? pause : LongestPause), tries + 1);
            }
        }

        foreach (var call in await ListAsync([new("state", Comparison.Equal, "requested"), new("caller", Comparison.Equal, "toolCall")], GiveUpAfter, cancellationToken))
        {
            await TryAsync(async () => await operators.GiveUpAsync(new(call.Stream), new(call.Tenant, Actor), cancellationToken) is not null, call, cancellationToken);
        }

        return settled;
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            await Task.Delay(Interval, time, stoppingToken);
            try
            {
                await RunOnceAsync(stoppingToken);
            }
            catch (Exception e) when (e is ReadModelStoreException or EventStoreException or InvalidQueryException)
            {
                logger.LogWarning("Unknown tool calls could not be looked at: {Reason}", e.Message);
            }
        }
    }

    private async Task<List<SideEffectDocument>> ListAsync(Condition[] where, TimeSpan age, CancellationToken cancellationToken)
    {
        var calls = new List<SideEffectDocument>();
        string? cursor = null;
        do
        {
            var page = await ledger.QueryAsync(new() { Where = [.. where, new("requestedAt", Comparison.Less, UtcTime.Text(time.GetUtcNow() - age))], SortBy = "requestedAt", Limit = 200, Cursor = cursor }, cancellationToken);
            calls.AddRange(page.Items);
            cursor = page.NextCursor;
        }
        while (cursor is not null && calls.Count < MaxCalls);
        return calls;
    }

    private async Task<bool> SettleAsync(SideEffectDocument call, CancellationToken cancellationToken)
    {
        var stream = new StreamName(call.Stream);
        if (await registry.FindAsync(call.Tenant, call.Tool, call.Version, cancellationToken) is not IReconcilable tool
            || await resolution.FindAsync(stream, call.Call, cancellationToken) is not { State: ToolCallState.Unknown, Requested: var requested })
        {
            return false;
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var timer = time.CreateTimer(static s => ((CancellationTokenSource)s!).Cancel(), limit, LookUpLimit, Timeout.InfiniteTimeSpan);
        var outcome = await tool.ReconcileAsync(new(call.Tenant, stream, call.Call, requested.IdempotencyKey, requested.RequestHash, requested.Input, null, null), limit.Token).WaitAsync(limit.Token);
        var context = new CommandContext(call.Tenant, Actor, $"reconciliation/{call.Id}");
        switch (outcome)
        {
            case ToolOutcome.Succeeded done:
                var output = done.Flag is null && ToolContent.Fault(done.Output) is null && new ToolSchema(((ITool)tool).Manifest.Output).Fault(done.Output) is null ? done.Output
                    : ToolOutput.Flagged("output-unusable", done.Flag ?? "what the look-up returned does not fit the tool's schema", null);
                await resolution.SettleAsync(stream, call.Call, true, output, "reconciliation: the far side has done it", context, cancellationToken);
                return true;
            case ToolOutcome.Failed { Retryable: false } failed:
                await resolution.SettleAsync(stream, call.Call, false, null, $"reconciliation: {failed.Reason}", context, cancellationToken);
                return true;
            default:
                return false;
        }
    }

    private async Task<bool> TryAsync(Func<Task<bool>> settle, SideEffectDocument call, CancellationToken cancellationToken)
    {
        try
        {
            return await settle();
        }
        catch (DomainException e) when (e.Error.Code == "side-effect-not-unknown")
        {
            return false;
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested && e is not (EventStoreException or ReadModelStoreException))
        {
            // One far side that misbehaves must not keep the others from being asked.
            logger.LogWarning("The unknown call {Call} of {Tool} could not be looked up: {Reason}", call.Id, call.Tool, e.Message);
            return false;
        }
    }
}
