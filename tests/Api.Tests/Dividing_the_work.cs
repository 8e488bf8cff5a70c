using System.Runtime.CompilerServices;
using AIaaS.Api.Bus;
using AIaaS.Api.Hosting;
using AIaaS.Commands.Agents;
using AIaaS.Commands.Bus;
using AIaaS.Commands.Knowledge;
using AIaaS.Commands.Tools;
using AIaaS.EventStore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace AIaaS.Api.Tests;

public sealed class The_roles_of_a_process
{
    [TestCase(null, "api,projections,sagas,workers")]
    [TestCase("", "api,projections,sagas,workers")]
    [TestCase("workers, API", "api,workers")]
    [TestCase("sagas", "sagas")]
    public void are_read_from_the_setting(string? setting, string roles) => RoleRules.Text(RoleRules.Read(setting)).Should().Be(roles);

    [Test]
    public void that_are_not_known_are_named() =>
        FluentActions.Invoking(() => RoleRules.Read("api,cook")).Should().Throw<StartupException>().WithMessage("*'cook'*api, projections, sagas, workers*");

    [Test]
    public void cannot_be_divided_on_a_log_of_one_process() =>
        FluentActions.Invoking(() => RoleRules.Check(Roles.Api | Roles.Projections, "embedded", "embedded")).Should().Throw<StartupException>().WithMessage("*eventstoredb*");

    [Test]
    public void cannot_have_read_models_of_one_process_built_by_another() =>
        FluentActions.Invoking(() => RoleRules.Check(Roles.Api | Roles.Workers, "eventstoredb", "embedded")).Should().Throw<StartupException>().WithMessage("*mongodb*");

    [Test]
    public void may_leave_read_models_out_that_nobody_reads_here() =>
        FluentActions.Invoking(() => RoleRules.Check(Roles.Workers | Roles.Sagas, "eventstoredb", "embedded")).Should().NotThrow();

    [TestCase("api")]
    [TestCase("api,projections")]
    [TestCase("workers")]
    [TestCase("sagas")]
    [TestCase("api,workers")]
    public void cannot_hand_work_over_within_one_process(string roles) =>
        FluentActions.Invoking(() => BusSetup.Check(RoleRules.Read(roles), null)).Should().Throw<StartupException>().WithMessage("*Bus__Engine=rabbitmq*");

    [TestCase("projections")]
    [TestCase("api,sagas,workers")]
    [TestCase(null)]
    public void need_no_broker_where_no_work_is_handed_over(string? roles) =>
        FluentActions.Invoking(() => BusSetup.Check(RoleRules.Read(roles), "memory")).Should().NotThrow();

    /// <summary>What lies in the memory of a process must follow the log there: the tools and workflows of tenants, and the search.</summary>
    [TestCase(typeof(WorkflowWatch), "api,sagas,workers")]
    [TestCase(typeof(Bm25Retriever), "api,workers")]
    [TestCase(typeof(ToolRegistry), "api,sagas,workers")]
    public void follow_the_log_for_what_they_keep_in_memory(Type kept, string roles) =>
        RoleRules.Text(RoleRules.Of((ISubscription)RuntimeHelpers.GetUninitializedObject(kept))).Should().Be(roles);

    /// <summary>What the bus carries is worked on by workers, and by nobody else.</summary>
    [TestCase("workers", true)]
    [TestCase("sagas", false)]
    [TestCase("api", false)]
    [TestCase(null, true)]
    public void have_what_the_bus_carries_worked_on_by_workers(string? roles, bool works)
    {
        var configuration = new ConfigurationBuilder().Build();
        var settings = Settings.Read(configuration) with { Roles = RoleRules.Read(roles) };
        var services = new ServiceCollection();
        Composition.AddServices(services, configuration, settings);

        services.Any(s => s.ServiceType == typeof(IWorkHandler<ExecuteSaga>)).Should().Be(works);
        services.Select(s => s.ImplementationInstance).OfType<BusOptions>().Single().TakesWork.Should().Be(works);
    }
}
