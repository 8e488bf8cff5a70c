using System.Reflection;
using Microsoft.Extensions.Logging;

namespace AIaaS.EventStore;

/// <summary>The settings of the log (configuration section <c>EventStore</c>).</summary>
public sealed record EventStoreOptions
{
    /// <summary><c>embedded</c> (default) or <c>eventstoredb</c>.</summary>
    public string Engine { get; init; } = "embedded";

    /// <summary>The data folder of the embedded engine; created where it is missing.</summary>
    public string DataFolder { get; init; } = "data";

    /// <summary>The connection string of EventStoreDB, for example <c>esdb://localhost:2113?tls=false</c>.</summary>
    public string ConnectionString { get; init; } = "esdb://localhost:2113?tls=false";
}

/// <summary>Opens the log on one engine. An assembly that holds an engine names it by <see cref="EventStoreEngineAttribute"/>.</summary>
public interface IEventStoreEngine
{
    /// <summary>Opens the log, ready to use.</summary>
    /// <exception cref="EventStoreOpenException">It cannot be opened; the message says how to mend it.</exception>
    Task<IEventStore> OpenAsync(EventStoreOptions options, TimeProvider time, ILoggerFactory logging, CancellationToken cancellationToken = default);
}

/// <summary>Names the engine that an assembly holds.</summary>
/// <param name="name">The value of <see cref="EventStoreOptions.Engine"/> that selects it.</param>
/// <param name="engine">A type with a parameterless constructor that implements <see cref="IEventStoreEngine"/>.</param>
[AttributeUsage(AttributeTargets.Assembly, AllowMultiple = true)]
public sealed class EventStoreEngineAttribute(string name, Type engine) : Attribute
{
    /// <summary>The name.</summary>
    public string Name => name;

    /// <summary>The type.</summary>
    public Type Engine => engine;
}

/// <summary>Finds an engine by name.</summary>
public static class EventStoreEngines
{
    private static readonly string[] Assemblies = ["AIaaS.EventStore", "AIaaS.EventStore.EventStoreDb"];

    /// <summary>The engine of that name; null where this build holds none (its driver was not on the package feed).</summary>
    public static IEventStoreEngine? Find(string name) => Assemblies
        .Select(Assembly.Load)
        .SelectMany(a => a.GetCustomAttributes<EventStoreEngineAttribute>())
        .Where(a => a.Name == name)
        .Select(a => (IEventStoreEngine)Activator.CreateInstance(a.Engine)!)
        .FirstOrDefault();

    /// <summary>Opens the log on the engine that the options name.</summary>
    /// <exception cref="EventStoreOpenException">No such engine in this build, or it cannot be opened.</exception>
    public static Task<IEventStore> OpenAsync(EventStoreOptions options, TimeProvider time, ILoggerFactory logging, CancellationToken cancellationToken = default) =>
        (Find(options.Engine) ?? throw new EventStoreOpenException(options.Engine is "eventstoredb"
            ? "EventStore__Engine=eventstoredb, but this build holds no EventStoreDB driver: the package feed that it was built from does not carry EventStore.Client.Grpc. Build on a feed that does ('make drivers build'), or set EventStore__Engine=embedded."
            : $"EventStore__Engine={options.Engine} is not known. Set it to 'embedded' or 'eventstoredb'."))
        .OpenAsync(options, time, logging, cancellationToken);
}
