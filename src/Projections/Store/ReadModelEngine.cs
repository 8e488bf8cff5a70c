using System.Reflection;
using Microsoft.Extensions.Logging;

namespace AIaaS.Projections;

/// <summary>The settings of the read models (configuration section <c>ReadModels</c>).</summary>
public sealed record ReadModelOptions
{
    /// <summary><c>embedded</c> (default) or <c>mongodb</c>.</summary>
    public string Engine { get; init; } = "embedded";

    /// <summary>The data folder of the embedded engine; created where it is missing.</summary>
    public string DataFolder { get; init; } = "data";

    /// <summary>The connection string of MongoDB.</summary>
    public string ConnectionString { get; init; } = "mongodb://localhost:27017";

    /// <summary>The name of the database on MongoDB.</summary>
    public string Database { get; init; } = "aiaas";
}

/// <summary>Opens the read-model store on one engine. An assembly that holds an engine names it by <see cref="ReadModelEngineAttribute"/>.</summary>
public interface IReadModelEngine
{
    /// <summary>Opens the store, ready to use.</summary>
    /// <exception cref="ReadModelStoreException">It cannot be opened; the message says how to mend it.</exception>
    Task<IReadModelStore> OpenAsync(ReadModelOptions options, ILoggerFactory logging, CancellationToken cancellationToken = default);
}

/// <summary>Names the engine that an assembly holds.</summary>
/// <param name="name">The value of <see cref="ReadModelOptions.Engine"/> that selects it.</param>
/// <param name="engine">A type with a parameterless constructor that implements <see cref="IReadModelEngine"/>.</param>
[AttributeUsage(AttributeTargets.Assembly, AllowMultiple = true)]
public sealed class ReadModelEngineAttribute(string name, Type engine) : Attribute
{
    /// <summary>The name.</summary>
    public string Name => name;

    /// <summary>The type.</summary>
    public Type Engine => engine;
}

/// <summary>Finds an engine by name.</summary>
public static class ReadModelEngines
{
    private static readonly string[] Assemblies = ["AIaaS.Projections", "AIaaS.Projections.MongoDb"];

    /// <summary>The engine of that name; null where this build holds none (its driver was not on the package feed).</summary>
    public static IReadModelEngine? Find(string name) => Assemblies
        .Select(Load)
        .OfType<Assembly>()
        .SelectMany(a => a.GetCustomAttributes<ReadModelEngineAttribute>())
        .Where(a => a.Name == name)
        .Select(a => (IReadModelEngine)Activator.CreateInstance(a.Engine)!)
        .FirstOrDefault();

    private static Assembly? Load(string name)
    {
        try
        {
            return Assembly.Load(name);
        }
        catch (FileNotFoundException)
        {
            // A program that does not carry this adapter at all, such as a tool or a test.
            return null;
        }
    }

    /// <summary>Opens the store on the engine that the options name.</summary>
    /// <exception cref="ReadModelStoreException">No such engine in this build, or it cannot be opened.</exception>
    public static Task<IReadModelStore> OpenAsync(ReadModelOptions options, ILoggerFactory logging, CancellationToken cancellationToken = default) =>
        (Find(options.Engine) ?? throw new ReadModelStoreException(options.Engine is "mongodb"
            ? "ReadModels__Engine=mongodb, but this build holds no MongoDB driver: the package feed that it was built from does not carry MongoDB.Driver. Build on a feed that does ('make drivers build'), or set ReadModels__Engine=embedded."
            : $"ReadModels__Engine={options.Engine} is not known. Set it to 'embedded' or 'mongodb'."))
        .OpenAsync(options, logging, cancellationToken);
}
