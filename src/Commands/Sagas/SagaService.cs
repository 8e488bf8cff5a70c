using AIaaS.Domain.Sagas;
using AIaaS.EventStore;

namespace AIaaS.Commands.Sagas;

/// <summary>A person has seen to what parked a saga.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Saga">The saga, <c>{name}.{id}</c>.</param>
/// <param name="Undone">Whether the step that could not be undone was undone by other means.</param>
/// <param name="Reason">What was done.</param>
/// <param name="Actor">Who.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ResumeSaga(string Tenant, string Saga, bool Undone, string Reason, string Actor, DateTimeOffset At);

/// <summary>What people do with sagas.</summary>
public sealed class SagaService : CommandService<Saga>
{
    /// <summary>Makes the service.</summary>
    public SagaService(IEventStore log, EventTypes types, IdSource ids)
        : base(log, types, ids) =>
        On<ResumeSaga>().In(c => Saga.Stream(c.Tenant, c.Saga)).Decide((saga, c) => saga.Resume(c.Saga, c.Undone, c.Reason, c.Actor, c.At));
}
