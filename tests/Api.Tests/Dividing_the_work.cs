using AIaaS.Api.Hosting;

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
}
