using AIaaS.Commands.Knowledge;
using AIaaS.Commands.Routing;
using AIaaS.Domain;
using AIaaS.Domain.Agents;
using AIaaS.EventStore;

namespace AIaaS.Commands.Agents;

/// <summary>
/// The one door to everything that is not a function of a run's events. Live, it asks the world and what it hears becomes events; on a
/// replay it answers from those events.
/// </summary>
internal abstract class RunContext
{
    /// <summary>The business time of the next event.</summary>
    public abstract DateTimeOffset Now();

    /// <summary>What the run pins beyond its workflow.</summary>
    public abstract (System.Collections.Immutable.ImmutableSortedDictionary<string, string> Models, string PriceBook, string Engine) Pins();

    /// <summary>Searches.</summary>
    /// <exception cref="RetrievalFailedException">It cannot be searched now.</exception>
    public abstract ValueTask<Retrieval> RetrieveAsync(RetrieveNode node, string query, CancellationToken cancellationToken);

    /// <summary>The most that a call can cost; null where the model is not known or not priced.</summary>
    public abstract Money? WorstCase(string priceBook, string model, string request, int maxOutputTokens);

    /// <summary>What a completed call costs.</summary>
    public abstract Money Cost(string priceBook, string model, TokenUsage usage);

    /// <summary>Makes the call. It never throws for what the model did; the answer or the failure comes back as data.</summary>
    public abstract Task<CallOutcome> CallAsync(ModelCallRequested call, TimeSpan timeout, CancellationToken cancellationToken);

    /// <summary>Waits before another attempt.</summary>
    public abstract Task PauseAsync(TimeSpan delay, CancellationToken cancellationToken);

    /// <summary>Takes an event.</summary>
    public abstract void Record(DomainEvent @event);

    /// <summary>Makes what was taken durable.</summary>
    public abstract Task FlushAsync(CancellationToken cancellationToken);
}

/// <summary>What came of a call: an answer, or a failure.</summary>
internal readonly record struct CallOutcome(ModelAnswer? Answer, string Reason, bool Retryable, bool Unknown);

/// <summary>The articles cannot be searched now.</summary>
internal sealed class RetrievalFailedException(Exception inner) : Exception("The articles cannot be searched: " + inner.Message, inner);
