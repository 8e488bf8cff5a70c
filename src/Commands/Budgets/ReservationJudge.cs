using System.Collections.Immutable;
using AIaaS.Domain;
using AIaaS.Domain.Agents;
using AIaaS.Domain.Budgets;
using AIaaS.Domain.Sagas;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;

namespace AIaaS.Commands.Budgets;

/// <summary>What is to be done with an open reservation.</summary>
/// <param name="Settle">What its call has cost; null where nothing is to be settled.</param>
/// <param name="Release">Why it is to be released; null where it is not.</param>
internal readonly record struct ReservationVerdict(Money? Settle, string? Release)
{
    /// <summary>Its call is under way, or may still leave.</summary>
    public static ReservationVerdict Wait { get; }
}

/// <summary>
/// Says of an open reservation what its caller's stream proves. A run reserves before it asks for a call, and the request, which names the reservation, can only be appended
/// right behind the version that the reservation names: so once that stream has moved on without naming it, no call can be made under it any more, whatever a
/// worker that was thought dead still tries. Nothing is released on a clock's word alone.
/// </summary>
internal static class ReservationJudge
{
    public static async Task<ReservationVerdict> JudgeAsync(IEventStore log, EventTypes types, BudgetReserved reserved, CancellationToken cancellationToken)
    {
        // Runs reserve before their request stands in the stream; all others after it.
        var isNamed = new StreamName(reserved.Caller).Category != "agentRun";
        var hasMoved = false;
        var hasEnded = false;
        try
        {
            await foreach (var recorded in log.ReadStreamOrEmptyAsync(reserved.Caller, ReadDirection.Forwards, reserved.CallerVersion + 1, cancellationToken: cancellationToken))
            {
                hasMoved = true;
                if (!IsOfInterest(recorded.Type))
                {
                    continue;
                }

                switch (types.Read(recorded))
                {
                    case ModelCallRequested e:
                        isNamed |= Names(e.Reserved, reserved);
                        break;
                    case ToolCallRequested e:
                        isNamed |= Names(e.Reserved, reserved);
                        break;
                    case ModelCallCompleted e when isNamed && e.Call == reserved.Call:
                        return new(e.Cost, null);
                    case ModelCallFailed e when isNamed && e.Call == reserved.Call:
                        return new(null, e.Unknown ? "unknown" : "failed");
                    case ToolCallSucceeded e when isNamed && e.Call == reserved.Call:
                        return new(e.Cost ?? Money.Usd(0), null);
                    case ToolCallFailed e when isNamed && e.Call == reserved.Call:
                        return new(null, "failed");
                    case ToolCallUnknown e when isNamed && e.Call == reserved.Call:
                        return new(null, "unknown");
                    case RunCompleted or SagaCompleted or SagaCompensated:
                        hasEnded = true;
                        break;
                }
            }
        }
        catch (StreamTombstonedException)
        {
            return new(null, "caller-ended");
        }

        return hasEnded ? new(null, "caller-ended")
            : hasMoved && !isNamed ? new(null, "not-made")
            : ReservationVerdict.Wait;
    }

    private static bool IsOfInterest(string type) =>
        type.StartsWith("model.call.", StringComparison.Ordinal) || type.StartsWith("tool.call.", StringComparison.Ordinal) || type is "agent.run.completed" or "saga.completed" or "saga.compensated";

    private static bool Names(ImmutableArray<BudgetHold>? holds, BudgetReserved reserved) => holds is { IsDefault: false } named && named.Any(h => h.Reservation == reserved.Reservation);
}
