using AIaaS.Domain.Agents;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;

namespace AIaaS.Commands.Agents;

/// <summary>The business times of a run's events.</summary>
internal static class RunEventTimes
{
    /// <summary>When it happened; null for an event that belongs to no run.</summary>
    public static DateTimeOffset? Of(DomainEvent @event) => @event switch
    {
        RunRequested e => e.At,
        RunStarted e => e.At,
        RunResumed e => e.At,
        RunClaimed e => e.At,
        RunWaiting e => e.At,
        RunSignalled e => e.At,
        RunTimedOut e => e.At,
        RunMoved e => e.At,
        CustomerAuthenticated e => e.At,
        KnowledgeRetrieved e => e.At,
        ModelCallRequested e => e.At,
        ModelCallCompleted e => e.At,
        ModelCallFailed e => e.At,
        ToolCallRequested e => e.At,
        ToolCallSucceeded e => e.At,
        ToolCallFailed e => e.At,
        ToolCallUnknown e => e.At,
        ToolCallResolved e => e.At,
        ToolCallCompensated e => e.At,
        ToolCallRefused e => e.At,
        StepCompleted e => e.At,
        RunCompleted e => e.At,
        _ => null,
    };

    /// <summary>The same event at another time; spans that it names stay.</summary>
    public static DomainEvent Move(DomainEvent @event, TimeSpan by) => @event switch
    {
        RunRequested e => e with { At = e.At + by },
        RunStarted e => e with { At = e.At + by },
        RunResumed e => e with { At = e.At + by },
        RunClaimed e => e with { At = e.At + by },
        RunWaiting e => e with { Until = e.Until + by, At = e.At + by },
        RunSignalled e => e with { At = e.At + by },
        RunTimedOut e => e with { At = e.At + by },
        RunMoved e => e with { At = e.At + by },
        CustomerAuthenticated e => e with { At = e.At + by },
        KnowledgeRetrieved e => e with { At = e.At + by },
        ModelCallRequested e => e with { At = e.At + by },
        ModelCallCompleted e => e with { At = e.At + by },
        ModelCallFailed e => e with { At = e.At + by },
        ToolCallRequested e => e with { At = e.At + by },
        ToolCallSucceeded e => e with { At = e.At + by },
        ToolCallFailed e => e with { At = e.At + by },
        ToolCallUnknown e => e with { At = e.At + by },
        ToolCallResolved e => e with { At = e.At + by },
        ToolCallCompensated e => e with { At = e.At + by },
        ToolCallRefused e => e with { At = e.At + by },
        StepCompleted e => e with { At = e.At + by },
        RunCompleted e => e with { At = e.At + by },
        _ => @event,
    };
}
