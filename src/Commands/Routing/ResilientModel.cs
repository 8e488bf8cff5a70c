using System.Threading.RateLimiting;
using Polly;
using Polly.CircuitBreaker;

namespace AIaaS.Commands.Routing;

/// <summary>
/// Stands before a remote model: a bulkhead that lets so many calls through at a time, and a circuit breaker that leaves a failing provider
/// alone for a while. It does not retry: that is the run's, where each attempt is an event.
/// </summary>
public sealed class ResilientModel : IModelClient, IAsyncDisposable
{
    /// <summary>The failures that open the circuit.</summary>
    public const int FailuresToOpen = 5;

    /// <summary>How long it stays open.</summary>
    public static readonly TimeSpan OpenFor = TimeSpan.FromSeconds(60);

    private readonly string name;
    private readonly IModelClient inner;
    private readonly ConcurrencyLimiter bulkhead;
    private readonly ResiliencePipeline<ModelAnswer> circuit;

    /// <summary>Stands before a model.</summary>
    public ResilientModel(string name, IModelClient inner, int maxConcurrency, TimeProvider time)
    {
        this.name = name;
        this.inner = inner;
        bulkhead = new(new ConcurrencyLimiterOptions { PermitLimit = maxConcurrency, QueueLimit = 0 });
        circuit = new ResiliencePipelineBuilder<ModelAnswer> { TimeProvider = time }
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions<ModelAnswer>
            {
                // What the caller did wrong says nothing about the provider's health.
                ShouldHandle = new PredicateBuilder<ModelAnswer>().Handle<ModelCallException>(e => e.Retryable),
                FailureRatio = 0.5,
                MinimumThroughput = FailuresToOpen,
                SamplingDuration = TimeSpan.FromSeconds(60),
                BreakDuration = OpenFor,
            })
            .Build();
    }

    /// <inheritdoc />
    public long MostInputTokens(string request) => inner.MostInputTokens(request);

    /// <inheritdoc />
    public async Task<ModelAnswer> CompleteAsync(string request, CancellationToken cancellationToken = default)
    {
        using var lease = bulkhead.AttemptAcquire();
        if (!lease.IsAcquired)
        {
            throw new ModelCallException($"The model '{name}' has as many calls open as its MaxConcurrency allows.", retryable: true, unknown: false);
        }

        try
        {
            return await circuit.ExecuteAsync(static async (call, ended) => await call.inner.CompleteAsync(call.request, ended), (inner, request), cancellationToken);
        }
        catch (BrokenCircuitException e)
        {
            throw new ModelCallException($"The model '{name}' failed too often and is left alone for now.", retryable: true, unknown: false, e, e.RetryAfter);
        }
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync() => bulkhead.DisposeAsync();
}
