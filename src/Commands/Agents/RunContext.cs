using System.Collections.Immutable;
using System.Text.Json;
using AIaaS.Commands.Knowledge;
using AIaaS.Commands.Routing;
using AIaaS.Commands.Tools;
using AIaaS.Domain;
using AIaaS.Domain.Agents;
using AIaaS.Domain.Budgets;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;

namespace AIaaS.Commands.Agents;

/// <summary>
/// The one door to everything that is not a function of a run's events. Live, it asks the world and what it hears becomes events; on a
/// replay it answers from those events.
/// </summary>
internal abstract class RunContext
{
    /// <summary>The tenant whose run it is.</summary>
    public abstract string Tenant { get; }

    /// <summary>The worker that starts the run; null where the run names none.</summary>
    public abstract string? Worker { get; }

    /// <summary>The business time of the next event.</summary>
    public abstract DateTimeOffset Now();

    /// <summary>What the run pins beyond its workflow.</summary>
    public abstract (ImmutableSortedDictionary<string, string> Models, string PriceBook, string Engine) Pins();

    /// <summary>Whether the run that starts is made cheaper, since a budget that it falls under runs low.</summary>
    public abstract ValueTask<bool> SafeModeAsync(Run run, CancellationToken cancellationToken);

    /// <summary>The version of each tool that is there, of those asked for; and of their compensations.</summary>
    /// <param name="tools">Names, each with the version that the workflow asks for, or null for the newest.</param>
    public abstract ImmutableSortedDictionary<string, string>? PinTools(IReadOnlyCollection<(string Name, string? Version)> tools);

    /// <summary>Searches.</summary>
    /// <exception cref="RetrievalFailedException">It cannot be searched now.</exception>
    public abstract ValueTask<Retrieval> RetrieveAsync(RetrieveNode node, string query, CancellationToken cancellationToken);

    /// <summary>The most that a call can cost; null where the model is not known or not priced.</summary>
    public abstract Money? WorstCase(string priceBook, string model, string request, int maxOutputTokens);

    /// <summary>What a completed call costs.</summary>
    public abstract Money Cost(string priceBook, string model, TokenUsage usage);

    /// <summary>The manifests of the tools that a model is offered, in the order given; those that are not there are left out.</summary>
    public abstract ImmutableArray<ToolManifest> Offer(RunPins pins, ImmutableArray<string> tools);

    /// <summary>Makes the call. It never throws for what the model did; the answer or the failure comes back as data.</summary>
    public abstract Task<CallOutcome> CallAsync(ModelCallRequested call, TimeSpan timeout, CancellationToken cancellationToken);

    /// <summary>Sets the worst case of a call aside at all budgets that apply, before the call is asked for.</summary>
    public abstract ValueTask<RunReservation> ReserveAsync(Run run, CallNeed need, CancellationToken cancellationToken);

    /// <summary>Whether the guards let a tool call leave.</summary>
    public abstract ToolVerdict Guard(Run run, ToolWish wish);

    /// <summary>Makes a tool call. It never throws for what the tool did; the outcome comes back as data.</summary>
    public abstract Task<ToolResult> CallToolAsync(ToolCallRequested call, string customer, CancellationToken cancellationToken);

    /// <summary>Takes a customer for the run's conversation. False where it has another one.</summary>
    public abstract ValueTask<bool> AuthenticateAsync(Run run, string customer, CancellationToken cancellationToken);

    /// <summary>Which of the calls that are out came back first, on a replay; null live, where it shows by itself.</summary>
    public abstract string? Arrived();

    /// <summary>Waits before another attempt.</summary>
    public abstract Task PauseAsync(TimeSpan delay, CancellationToken cancellationToken);

    /// <summary>Takes an event.</summary>
    public abstract void Record(DomainEvent @event);

    /// <summary>Makes what was taken durable.</summary>
    public abstract Task FlushAsync(CancellationToken cancellationToken);
}

/// <summary>What came of a call: an answer, or a failure.</summary>
internal readonly record struct CallOutcome(ModelAnswer? Answer, string Reason, bool Retryable, bool Unknown);

/// <summary>A call that money is needed for.</summary>
/// <param name="Call">Its id.</param>
/// <param name="Tier">The tier; null for a tool.</param>
/// <param name="Request">The request's exact content; of a tool its hash.</param>
/// <param name="Amount">The most that it can cost.</param>
/// <param name="Lasts">The longest that it can take.</param>
/// <param name="At">When it is asked for.</param>
internal readonly record struct CallNeed(string Call, Tier? Tier, string Request, Money Amount, TimeSpan Lasts, DateTimeOffset At);

/// <summary>What the budgets said.</summary>
/// <param name="Holds">What is reserved; null where no budget applies.</param>
/// <param name="Refused">Which budget refused and what is left in it, in words; null where none did.</param>
/// <param name="Available">What is left in it; null where that is not known.</param>
internal readonly record struct RunReservation(ImmutableArray<BudgetHold>? Holds, string? Refused, Money? Available);

/// <summary>A tool call that a run wants to make.</summary>
/// <param name="Call">Its id.</param>
/// <param name="Tool">The tool.</param>
/// <param name="Version">The version; null where none is pinned.</param>
/// <param name="Input">The input.</param>
/// <param name="Hash">Hash of the three.</param>
/// <param name="Compensates">The call that it undoes; null for none.</param>
internal sealed record ToolWish(string Call, string Tool, string? Version, JsonElement Input, string Hash, string? Compensates);

/// <summary>What the guards said: what the manifest says of a call that may leave, or why it may not.</summary>
internal sealed record ToolVerdict(string? Code, string Reason)
{
    public bool SideEffect { get; init; }

    public bool Idempotent { get; init; }

    public bool Authenticates { get; init; }

    public string? Compensation { get; init; }

    public Money? Price { get; init; }

    public int TimeoutMs { get; init; }

    public static ToolVerdict Allow(ToolManifest manifest) => new(null, "")
    {
        SideEffect = manifest.SideEffect,
        Idempotent = manifest.Idempotent,
        Authenticates = manifest.Authenticates,
        Compensation = manifest.Compensation,
        Price = manifest.Price,
        TimeoutMs = manifest.TimeoutMs,
    };
}

/// <summary>The articles cannot be searched now.</summary>
internal sealed class RetrievalFailedException(Exception inner) : Exception("The articles cannot be searched: " + inner.Message, inner);
