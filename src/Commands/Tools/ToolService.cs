using AIaaS.Domain.Tools;
using AIaaS.EventStore;

namespace AIaaS.Commands.Tools;

/// <summary>Registers, deprecates and removes the tools of tenants.</summary>
public sealed class ToolService : CommandService<RegisteredTool>
{
    /// <summary>The most tools that a tenant can register.</summary>
    public const int MaxTools = 500;

    private readonly ToolRegistry registry;

    /// <summary>Makes the service.</summary>
    public ToolService(IEventStore log, EventTypes types, IdSource ids, ToolRegistry registry)
        : base(log, types, ids)
    {
        this.registry = registry;
        On<RegisterTool>().In(c => RegisteredTool.Stream(c.Tenant, c.Manifest.Name)).Decide((tool, command) => tool.Register(command));
        On<DeprecateTool>().In(c => RegisteredTool.Stream(c.Tenant, Named(c.Tool))).Decide((tool, command) => tool.Deprecate(command));
        On<RemoveTool>().In(c => RegisteredTool.Stream(c.Tenant, Named(c.Tool))).Decide((tool, command) => tool.Remove(command));
    }

    /// <summary>Registers a version of a tool; the same content again changes nothing.</summary>
    /// <exception cref="DomainException">Something is wrong with it, the version stands for another content, or the name is a tool's of the platform.</exception>
    public async Task<CommandResult<RegisteredTool>> RegisterAsync(RegisterTool command, CommandContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(command);
        var faults = ToolRules.Faults(command.Manifest).Concat(ToolRules.Faults(command.Adapter)).ToList();
        if (command.Manifest.Deprecated is not null)
        {
            faults.Add("a version is deprecated after it was registered");
        }

        if (faults.Count > 0)
        {
            throw new DomainException(ToolErrors.Invalid(faults));
        }

        if (registry.IsBuiltIn(command.Manifest.Name))
        {
            throw new DomainException(ToolErrors.NameTaken(command.Manifest.Name));
        }

        if (await registry.FindAsync(command.Tenant, command.Manifest.Name, cancellationToken: cancellationToken) is null && registry.Count(command.Tenant) >= MaxTools)
        {
            throw new DomainException(ToolErrors.TooManyTools(MaxTools));
        }

        return await TakeAsync(command.Tenant, command.Manifest.Name, HandleAsync(command, context, cancellationToken));
    }

    /// <summary>Says that a version should not be used any more.</summary>
    /// <exception cref="DomainException">There is none, or it is a tool of the platform.</exception>
    public Task<CommandResult<RegisteredTool>> DeprecateAsync(DeprecateTool command, CommandContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(command);
        return TakeAsync(command.Tenant, command.Tool, HandleAsync(command, context, cancellationToken));
    }

    /// <summary>Removes a version.</summary>
    /// <exception cref="DomainException">There is none, or it is a tool of the platform.</exception>
    public Task<CommandResult<RegisteredTool>> RemoveAsync(RemoveTool command, CommandContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(command);
        return TakeAsync(command.Tenant, command.Tool, HandleAsync(command, context, cancellationToken));
    }

    private async Task<CommandResult<RegisteredTool>> TakeAsync(string tenant, string tool, Task<CommandResult<RegisteredTool>> handling)
    {
        var result = await handling;
        registry.Took(tenant, tool, result);
        return result;
    }

    private string Named(string tool) => registry.IsBuiltIn(tool) ? throw new DomainException(ToolErrors.NameTaken(tool))
        : ToolRules.IsName(tool) ? tool : throw new DomainException(ToolErrors.Unknown(tool));
}
