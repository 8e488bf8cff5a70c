using System.Text.Json.Serialization;
using MassTransit;

namespace AIaaS.Commands.Bus;

/// <summary>A piece of work that some worker is to take up. It says only what to look at: what there is to do stands in the log.</summary>
[ExcludeFromTopology]
public interface IWork
{
    /// <summary>Whose work it is.</summary>
    string Tenant { get; }
}

/// <summary>Take a saga on from where it is.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Saga">The saga, <c>{name}.{id}</c>.</param>
/// <param name="LeftBy">The worker that had it and was seen to be lost, or to have put it down: whoever gets the work need not watch that one's heartbeat anew.</param>
public sealed record ExecuteSaga(string Tenant, string Saga, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? LeftBy = null) : IWork;

/// <summary>Take a run on from where it is.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Run">The run.</param>
public sealed record ExecuteRun(string Tenant, string Run) : IWork;

/// <summary>
/// Hands work to workers: at least once, in no order. What is published is kept by the broker, not by us: the log says what is open, so
/// whatever a bus loses is published again.
/// </summary>
public interface IWorkBus
{
    /// <summary>Publishes work; completes when the broker has confirmed it.</summary>
    /// <exception cref="BusUnavailableException">The broker cannot be reached or did not confirm; the work may or may not come.</exception>
    Task PublishAsync<TWork>(TWork work, CancellationToken cancellationToken = default)
        where TWork : class, IWork;

    /// <summary>What is wrong with the bus now, in words; null when nothing is.</summary>
    string? Fault { get; }
}

/// <summary>Does work of one kind.</summary>
public interface IWorkHandler<in TWork>
    where TWork : class, IWork
{
    /// <summary>
    /// Does it, or finds that it is done; the same work may come twice. A <see cref="EventStore.DomainException"/> that no repetition changes makes it a dead letter at
    /// once, any other exception after its retries. When the token is cancelled, the handler stops where it can; another worker gets the work.
    /// </summary>
    Task HandleAsync(TWork work, CancellationToken cancellationToken);
}

/// <summary>The bus cannot be reached. The message says which and how to mend it.</summary>
public sealed class BusUnavailableException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The JSON contracts of work.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(ExecuteSaga))]
[JsonSerializable(typeof(ExecuteRun))]
internal sealed partial class WorkJson : JsonSerializerContext;
