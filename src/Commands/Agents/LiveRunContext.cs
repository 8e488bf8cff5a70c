using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using AIaaS.Commands.Knowledge;
using AIaaS.Commands.Routing;
using AIaaS.Domain;
using AIaaS.Domain.Agents;
using AIaaS.EventStore;

namespace AIaaS.Commands.Agents;

/// <summary>Asks the world, and appends what it hears to the run's stream.</summary>
internal sealed class LiveRunContext : RunContext
{
    private const int AppendTries = 5;

    private readonly RunEngine.Services services;
    private readonly string tenant;
    private readonly string stream;
    private readonly string worker;
    private readonly EventMetadata metadata;
    private readonly List<NewEvent> pending = new(8);
    private RunRequested? request;
    private DateTimeOffset since;
    private byte[] chain;
    private long version;
    private long number;

    public LiveRunContext(RunEngine.Services services, string tenant, string run, string worker, EventMetadata metadata, long version, byte[]? chain)
    {
        (this.services, this.tenant, this.worker, this.metadata, this.version) = (services, tenant, worker, metadata, version);
        stream = Run.Stream(tenant, run);
        this.chain = chain ?? EpisodeChain.Begin(stream);
        number = version + 1;
    }

    /// <summary>The request, for the telemetry of a run that was loaded.</summary>
    public RunRequested? Request
    {
        get => request;
        set => request = value;
    }

    /// <summary>The position of the last durable append; the start when there was none.</summary>
    public LogPosition Position { get; private set; }

    public override DateTimeOffset Now() => services.Time.GetUtcNow();

    public override (ImmutableSortedDictionary<string, string> Models, string PriceBook, string Engine) Pins() =>
        (services.Models.Tiers, services.Models.PricesAt(Now()).Version, RunRules.Version);

    public override async ValueTask<Retrieval> RetrieveAsync(RetrieveNode node, string query, CancellationToken cancellationToken)
    {
        try
        {
            return await services.Retriever.RetrieveAsync(tenant, query, node.Audience, node.Top, cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            throw new RetrievalFailedException(e);
        }
    }

    public override Money? WorstCase(string priceBook, string model, string request, int maxOutputTokens) =>
        services.Models.Find(model) is not null && services.Models.Prices(priceBook) is { } prices && prices.Knows(model)
            ? services.Models.WorstCase(prices, model, request, maxOutputTokens)
            : null;

    public override Money Cost(string priceBook, string model, TokenUsage usage) => services.Models.Prices(priceBook)!.Cost(model, usage);

    public override async Task<CallOutcome> CallAsync(ModelCallRequested call, TimeSpan timeout, CancellationToken cancellationToken)
    {
        if (services.Models.Find(call.Model) is not { } client)
        {
            return new(null, $"the model '{call.Model}' is not set up here", false, false);
        }

        if (timeout <= TimeSpan.Zero)
        {
            return new(null, "no time was left in the step", true, false);
        }

        using var span = services.Telemetry.StartCall(tenant, request!, call);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var timer = services.Time.CreateTimer(static s => ((CancellationTokenSource)s!).Cancel(), deadline, timeout, Timeout.InfiniteTimeSpan);
        try
        {
            var answer = await client.CompleteAsync(call.Request, deadline.Token);
            span?
                .SetTag("gen_ai.usage.input_tokens", answer.Usage.UncachedInput + answer.Usage.CacheRead + answer.Usage.CacheWrite)
                .SetTag("gen_ai.usage.output_tokens", answer.Usage.Output + answer.Usage.Reasoning);
            return new(answer, "", false, false);
        }
        catch (ModelCallException e)
        {
            span?.SetStatus(ActivityStatusCode.Error, e.Message);
            return new(null, Cut(e.Message), e.Retryable, e.Unknown);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            span?.SetStatus(ActivityStatusCode.Error, "timed out");
            return new(null, string.Create(CultureInfo.InvariantCulture, $"timed out after {timeout.TotalMilliseconds:0} ms"), true, true);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // A client that throws what it should not: whether the far side did the work is not known.
            span?.SetStatus(ActivityStatusCode.Error, e.Message);
            return new(null, Cut("the model's client failed: " + e.Message), true, true);
        }
    }

    public override async Task PauseAsync(TimeSpan delay, CancellationToken cancellationToken)
    {
        await FlushAsync(cancellationToken);
        await Task.Delay(delay, services.Time, cancellationToken);
    }

    public override void Record(DomainEvent @event)
    {
        var type = services.Types.Of(@event);
        var data = JsonSerializer.SerializeToUtf8Bytes(@event, type.Json);
        (chain, var linked) = EpisodeChain.Seal(chain, type.Name, data, metadata with { Schema = type.Schema });
        var id = NamedId.Of("run-event", stream, worker, number.ToString(CultureInfo.InvariantCulture));
        pending.Add(new(id, type.Name, data, linked));
        number++;
        switch (@event)
        {
            case RunRequested e:
                (request, since) = (e, e.At);
                break;
            case ModelCallCompleted e:
                services.Telemetry.Called(tenant, request!, e);
                break;
            case StepCompleted e:
                services.Telemetry.Stepped(tenant, request!, e, since == default ? e.At : since);
                since = e.At;
                break;
        }
    }

    public override async Task FlushAsync(CancellationToken cancellationToken)
    {
        if (pending.Count == 0)
        {
            return;
        }

        for (var tries = 1; ; tries++)
        {
            try
            {
                var result = await services.Log.AppendAsync(stream, ExpectedVersion.Exact(version), pending, cancellationToken);
                version = result.Version;
                Position = result.Position;
                pending.Clear();
                return;
            }
            catch (EventStoreUnavailableException) when (tries < AppendTries)
            {
                // The same ids at the same version: should the first try have come through, this one finds it.
                await Task.Delay(TimeSpan.FromMilliseconds(100 * (1 << tries)), services.Time, cancellationToken);
            }
        }
    }

    private static string Cut(string text) => text.Length <= 500 ? text : text[..500] + "…";
}
