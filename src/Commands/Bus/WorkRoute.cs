using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;

namespace AIaaS.Commands.Bus;

/// <summary>A kind of work: its queue, and who does it.</summary>
public abstract class WorkRoute
{
    private protected WorkRoute(string name, int concurrency) => (Name, Concurrency) = (name, concurrency);

    /// <summary>The queue's name without its prefix.</summary>
    public string Name { get; }

    /// <summary>How much of it is done at once in one process.</summary>
    public int Concurrency { get; }

    /// <summary>The queue's name.</summary>
    internal string QueueOf(BusOptions options) => $"{options.Prefix}.{Name}";

    /// <summary>The exchange's name.</summary>
    internal string EntityOf(BusOptions options) => QueueOf(options) + ".work";

    /// <summary>Reads a body.</summary>
    /// <exception cref="JsonException">It is no work of this kind.</exception>
    internal abstract IWork Read(string body);

    internal abstract bool HasHandler(IServiceProvider services);

    internal abstract Task PublishAsync(IWorkBus bus, IWork work, CancellationToken cancellationToken);

    internal abstract void Entitle(IBusFactoryConfigurator bus, BusOptions options);

    internal abstract void Publish(IRabbitMqBusFactoryConfigurator bus, BusOptions options);

    internal abstract void Consume(IReceiveEndpointConfigurator endpoint, IServiceProvider services, WorkAttempts attempts);
}

/// <summary>A kind of work: its queue, and who does it.</summary>
/// <typeparam name="TWork">The work.</typeparam>
public sealed class WorkRoute<TWork> : WorkRoute
    where TWork : class, IWork
{
    private readonly JsonTypeInfo<TWork> json;

    internal WorkRoute(string name, int concurrency, JsonTypeInfo<TWork> json)
        : base(name, concurrency) => this.json = json;

    internal override IWork Read(string body) => JsonSerializer.Deserialize(body, json) ?? throw new JsonException("It is null.");

    internal override bool HasHandler(IServiceProvider services) => services.GetService<IServiceProviderIsService>()?.IsService(typeof(IWorkHandler<TWork>)) == true;

    internal override Task PublishAsync(IWorkBus bus, IWork work, CancellationToken cancellationToken) => bus.PublishAsync((TWork)work, cancellationToken);

    internal override void Entitle(IBusFactoryConfigurator bus, BusOptions options) => bus.Message<TWork>(m => m.SetEntityName(EntityOf(options)));

    /// <summary>The queue is there before anybody takes from it: work that is published meanwhile waits in it.</summary>
    internal override void Publish(IRabbitMqBusFactoryConfigurator bus, BusOptions options) =>
        bus.Publish<TWork>(p => p.BindQueue(EntityOf(options), QueueOf(options), q => q.SetQuorumQueue(null)));

    internal override void Consume(IReceiveEndpointConfigurator endpoint, IServiceProvider services, WorkAttempts attempts) =>
        // Only when work comes: a handler may itself publish.
        endpoint.Handler<TWork>(context => attempts.DoAsync(context.Message, services.GetRequiredService<IWorkHandler<TWork>>(), context.MessageId ?? default, context.CancellationToken));
}
