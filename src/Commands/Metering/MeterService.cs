using AIaaS.Domain.Metering;
using AIaaS.EventStore;

namespace AIaaS.Commands.Metering;

/// <summary>Declares and retires a tenant's meters.</summary>
public sealed class MeterService : CommandService<MeterCatalog>
{
    private readonly MeterRegistry registry;

    /// <summary>Makes the service.</summary>
    public MeterService(IEventStore log, EventTypes types, IdSource ids, MeterRegistry registry)
        : base(log, types, ids)
    {
        this.registry = registry;
        On<DeclareMeter>().In(c => MeterCatalog.Stream(c.Tenant)).Decide((meters, command) => meters.Declare(command));
        On<RetireMeter>().In(c => MeterCatalog.Stream(c.Tenant)).Decide((meters, command) => meters.Retire(command));
    }

    /// <summary>Declares or changes a meter: it counts what comes after this.</summary>
    /// <exception cref="DomainException">The definition is none, or the tenant's plan has a meter of that name.</exception>
    public async Task<CommandResult<MeterCatalog>> DeclareAsync(DeclareMeter command, CommandContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(command);
        var (_, ofPlan) = await registry.DefinitionsAsync(command.Tenant, cancellationToken);
        if (ofPlan.Any(m => m.Meter == command.Definition.Meter))
        {
            throw new DomainException(MeterErrors.OfPlan(command.Definition.Meter));
        }

        var result = await HandleAsync(command, context, cancellationToken);
        registry.Forget(command.Tenant);
        return result;
    }

    /// <summary>Retires a meter.</summary>
    public async Task<CommandResult<MeterCatalog>> RetireAsync(RetireMeter command, CommandContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(command);
        var result = await HandleAsync(command, context, cancellationToken);
        registry.Forget(command.Tenant);
        return result;
    }
}
