using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace AIaaS.Domain.Sagas;

/// <summary>What sets a saga off: the id of the saga that an event asks for, and what that saga works with.</summary>
/// <param name="Id">Unique among the sagas of the definition and tenant, so that an event sets one saga off however often it comes: in most cases the order's id.</param>
/// <param name="Input">What the saga works with.</param>
public sealed record SagaTrigger(string Id, JsonObject Input);

/// <summary>
/// Several steps in several places that all happen, or of which none is left standing. Declared in C#; pure: what it says depends on the
/// saga's own events alone.
/// </summary>
/// <param name="Name">Lower-case letters, digits, dashes.</param>
/// <param name="Version">Sagas under way stay on their version: a definition that changes gets a new one, and the old one stays registered until its sagas have ended.</param>
/// <param name="Trigger">The event type that sets it off.</param>
/// <param name="Start">Which saga an event of that type asks for; null for none.</param>
/// <param name="Steps">In order.</param>
public sealed record SagaDefinition(string Name, string Version, Type Trigger, Func<object, SagaTrigger?> Start, ImmutableArray<SagaStep> Steps)
{
    /// <summary>Whether new sagas start by it; false for a version that is kept for the sagas that are on it.</summary>
    public bool IsCurrent { get; init; } = true;

    /// <summary>A definition set off by events of one record.</summary>
    public static SagaDefinition On<TEvent>(string name, string version, Func<TEvent, SagaTrigger?> start, params ImmutableArray<SagaStep> steps)
        where TEvent : class => new(name, version, typeof(TEvent), e => start((TEvent)e), steps);

    /// <summary>The step of that name; null for none.</summary>
    public SagaStep? Find(string step)
    {
        foreach (var each in Steps)
        {
            if (each.Name == step)
            {
                return each;
            }
        }

        return null;
    }
}

/// <summary>One step of a saga: a call of a tool.</summary>
/// <param name="Name">Unique in the saga: lower-case letters, digits, dashes.</param>
/// <param name="Tool">The tool.</param>
/// <param name="Input">The tool's input, from what the saga knows by then.</param>
public sealed record SagaStep(string Name, string Tool, Func<Saga, JsonObject> Input)
{
    /// <summary>Whether the step is taken; null: always.</summary>
    public Func<Saga, bool>? When { get; init; }

    /// <summary>The step is not taken before this time; null: at once.</summary>
    public Func<Saga, DateTimeOffset>? NotBefore { get; init; }

    /// <summary>The tool that undoes the step; null: the one that the tool's manifest names, if any.</summary>
    public string? Compensation { get; init; }

    /// <summary>The compensation's input; null: <c>{"input": …, "output": …}</c> of the call that it undoes.</summary>
    public Func<Saga, SagaCall, JsonObject>? CompensationInput { get; init; }

    /// <summary>How often a failure that may pass, or an unknown outcome that may be asked for again, is tried anew: after 1 s, 5 s, 25 s. 0 to 3.</summary>
    public int Retries { get; init; } = 3;

    /// <summary>Whether the saga goes on when the step has failed for good, instead of undoing everything.</summary>
    public bool MayFail { get; init; }

    /// <summary>
    /// Whether there is no way back from here: when the step has failed for good, the saga is parked for a person instead of undoing what was done. For what
    /// somebody has been promised, such as their money.
    /// </summary>
    public bool MustSucceed { get; init; }
}
