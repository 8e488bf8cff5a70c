using System.Collections.Immutable;
using AIaaS.Commands.Bus;
using AIaaS.Commands.Routing;
using AIaaS.Domain.Pricing;
using AIaaS.Domain.Tenants;
using AIaaS.EventStore;
using Microsoft.Extensions.Hosting;

namespace AIaaS.Commands.Pricing;

/// <summary>Publishes what the tokens of models cost, beside the versions of the configuration.</summary>
public sealed class ModelPriceService : CommandService<ModelPriceVersions>
{
    private readonly ModelCatalog models;
    private readonly ModelPriceWatch watch;
    private readonly TimeProvider time;

    /// <summary>Makes the service.</summary>
    public ModelPriceService(IEventStore log, EventTypes types, IdSource ids, ModelCatalog models, ModelPriceWatch watch, TimeProvider time)
        : base(log, types, ids)
    {
        (this.models, this.watch, this.time) = (models, watch, time);
        On<PublishModelPrices>().In(_ => ModelPricesPublished.Stream).Decide((versions, command) => versions.Publish(command));
    }

    /// <summary>Publishes the prices of some models; the others keep theirs. Known in this process when it answers.</summary>
    /// <exception cref="DomainException">They cannot be published; all faults at once.</exception>
    public async Task<CommandResult<ModelPriceVersions>> PublishAsync(DateTimeOffset from, ImmutableSortedDictionary<string, ModelTokenPrices> prices, string? reason, CommandContext context, CancellationToken cancellationToken = default)
    {
        await watch.ReadOnAsync(cancellationToken);
        var others = ImmutableSortedDictionary.CreateBuilder<string, ModelTokenPrices>(StringComparer.Ordinal);
        foreach (var model in models.Models)
        {
            // The newest that prices it and holds by then; a version of the configuration may price some models only.
            if ((models.Books.LastOrDefault(b => b.EffectiveFrom <= from && b.Knows(model)) ?? models.Books.LastOrDefault(b => b.Knows(model))) is { } book)
            {
                var price = book.Of(model);
                others.Add(model, new(price.UncachedInput, price.CacheRead, price.CacheWrite, price.Output, price.Reasoning));
            }
        }

        var result = await HandleAsync(new PublishModelPrices(from, prices, others.ToImmutable(), reason, time.GetUtcNow()), context with { Tenant = Tenant.Platform }, cancellationToken);
        await watch.ReadOnAsync(cancellationToken);
        return result;
    }
}

/// <summary>Follows the log, so that the model prices that are published in any process hold in this one.</summary>
public sealed class ModelPriceWatch : LogFollower
{
    private readonly ModelCatalog models;

    /// <summary>Makes the watch.</summary>
    public ModelPriceWatch(IEventStore log, EventTypes types, IParkingLot parking, TimeProvider time, ModelCatalog models)
        : base(log, types, parking, time, "model-prices", EventFilter.Streams($"modelPrices-{Tenant.Platform}_"))
    {
        this.models = models;
        models.ReadPublished = ReadOnAsync;
    }

    /// <summary>Reads what was published and is not known here yet.</summary>
    public Task ReadOnAsync(CancellationToken cancellationToken = default) => ReadOnAsync(ModelPricesPublished.Stream, cancellationToken);

    /// <inheritdoc />
    protected override void Take(RecordedEvent recorded, object @event)
    {
        if (@event is ModelPricesPublished e)
        {
            models.Take(new(e.Version, e.From, e.Models.ToDictionary(m => m.Key, m => new ModelPrice(m.Value.UncachedInput, m.Value.CacheRead, m.Value.CacheWrite, m.Value.Output, m.Value.Reasoning), StringComparer.Ordinal)));
        }
    }
}

/// <summary>Reads the published model prices before the first run starts. What cannot be read parks when the watch comes to it.</summary>
public sealed class ModelPriceLoading(ModelPriceWatch watch) : IHostedService
{
    /// <inheritdoc />
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            await watch.ReadOnAsync(cancellationToken);
        }
        catch (UnreadableEventException)
        {
            // The watch parks it, and says so.
        }
    }

    /// <inheritdoc />
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
