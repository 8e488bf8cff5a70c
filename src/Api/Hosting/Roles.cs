using AIaaS.Commands.Agents;
using AIaaS.Commands.Billing;
using AIaaS.Commands.Budgets;
using AIaaS.Commands.Knowledge;
using AIaaS.Commands.Pricing;
using AIaaS.Commands.Tools;
using AIaaS.EventStore;
using AIaaS.Projections;

namespace AIaaS.Api.Hosting;

/// <summary>What a process does. One process does it all unless it is told otherwise.</summary>
[Flags]
internal enum Roles
{
    None = 0,

    /// <summary>Serves /v1.</summary>
    Api = 1,

    /// <summary>Builds the read models.</summary>
    Projections = 2,

    /// <summary>Reacts to the log: process managers, sagas, timers, webhooks of the sandbox.</summary>
    Sagas = 4,

    /// <summary>Executes runs.</summary>
    Workers = 8,

    All = Api | Projections | Sagas | Workers,
}

/// <summary>Reads and applies <see cref="Roles"/>.</summary>
internal static class RoleRules
{
    private static readonly (string Name, Roles Role)[] Names = [("api", Roles.Api), ("projections", Roles.Projections), ("sagas", Roles.Sagas), ("workers", Roles.Workers)];

    /// <summary>Reads the setting <c>Roles</c>: names with commas between; nothing is all.</summary>
    /// <exception cref="StartupException">A role is not known.</exception>
    public static Roles Read(string? text)
    {
        var roles = Roles.None;
        foreach (var name in (text ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var role = Names.FirstOrDefault(n => n.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Role;
            roles |= role != Roles.None ? role : throw new StartupException($"Roles={text}: there is no role '{name}'. Use some of {string.Join(", ", Names.Select(n => n.Name))}, with commas between, or leave it out for all.");
        }

        return roles == Roles.None ? Roles.All : roles;
    }

    /// <summary>A part of the roles needs engines that several processes can share.</summary>
    /// <exception cref="StartupException">An engine belongs to one process.</exception>
    public static void Check(Roles roles, string log, string readModels)
    {
        if (roles == Roles.All)
        {
            return;
        }

        if (log == "embedded")
        {
            throw new StartupException($"Roles={Text(roles)} leaves work to other processes, but the embedded event log belongs to one process at a time. Set EventStore__Engine=eventstoredb, or leave Roles out.");
        }

        if (readModels == "embedded" && roles.HasFlag(Roles.Api) != roles.HasFlag(Roles.Projections))
        {
            throw new StartupException($"Roles={Text(roles)} has the read models built by another process than the one that reads them, but the embedded ones belong to one process at a time. Set ReadModels__Engine=mongodb, or give api and projections to the same process.");
        }
    }

    /// <summary>As the setting has it.</summary>
    public static string Text(Roles roles) => string.Join(',', Names.Where(n => roles.HasFlag(n.Role)).Select(n => n.Name));

    /// <summary>Whose work a subscription is.</summary>
    public static Roles Of(ISubscription subscription) => subscription switch
    {
        IProjectionSubscription => Roles.Projections,
        Bm25Retriever => Roles.Workers | Roles.Api,
        ToolRegistry or WorkflowWatch or BudgetCatalog or QuotaGate or SafeModeRegistry or PriceCatalog or SubscriptionCatalog or ModelPriceWatch => Roles.Workers | Roles.Api | Roles.Sagas,
        RunRecovery => Roles.Workers,
        _ => Roles.Sagas,
    };
}
