using AIaaS.Commands.Tenants;
using AIaaS.Domain.Tenants;
using AIaaS.EventStore;
using Commands.Tests.Agents;

namespace Commands.Tests.Tenants;

public sealed class Keys_of_a_tenant
{
    private RunWorld world = null!;
    private IssuedApiKey issued = null!;

    [SetUp]
    public async Task Issue()
    {
        world = await RunWorld.OpenAsync();
        await world.Tenants.CreateAsync("acme", "Acme Outdoor", RunWorld.As());
        issued = await world.Tenants.IssueApiKeyAsync("acme", "shop", ["*"], RunWorld.As("issue-1"));
    }

    [TearDown]
    public async Task Close() => await world.DisposeAsync();

    [Test]
    public async Task stand_for_the_tenant() =>
        (await world.Tenants.VerifyApiKeyAsync(issued.ApiKey)).Should().BeEquivalentTo(new ApiKeyIdentity("acme", issued.Key, ["*"]));

    [Test]
    public async Task are_stored_only_as_hashes()
    {
        var secret = issued.ApiKey!.Split('_')[^1];
        await foreach (var e in world.Log.ReadStreamAsync(Tenant.Stream("acme")))
        {
            System.Text.Encoding.UTF8.GetString(e.Data.Span).Should().NotContain(secret);
        }
    }

    [Test]
    public async Task are_shown_once()
    {
        var again = await world.Tenants.IssueApiKeyAsync("acme", "shop", ["*"], RunWorld.As("issue-1"));
        (again.Key, again.ApiKey).Should().Be((issued.Key, null));
    }

    [Test]
    public async Task stop_working_at_once_when_revoked()
    {
        (await world.Tenants.VerifyApiKeyAsync(issued.ApiKey)).Should().NotBeNull();
        await world.Tenants.RevokeApiKeyAsync("acme", issued.Key, RunWorld.As());
        (await world.Tenants.VerifyApiKeyAsync(issued.ApiKey)).Should().BeNull();
        (await new TenantService(world.Log, world.Types, world.Ids, TimeProvider.System).VerifyApiKeyAsync(issued.ApiKey)).Should().BeNull();
    }

    [Test]
    public async Task are_refused_in_any_other_form()
    {
        var good = issued.ApiKey!;
        foreach (var bad in (string?[])[null, "", "aiaas", good + "0", good[..^1], good[..^1] + (good[^1] == '0' ? '1' : '0'), good.Replace("acme", "other", StringComparison.Ordinal), good.ToUpperInvariant(), good.Replace("aiaas_", "x_", StringComparison.Ordinal), new string('_', 150), new string('a', 10_000)])
        {
            (await world.Tenants.VerifyApiKeyAsync(bad)).Should().BeNull();
        }
    }

    [Test]
    public async Task need_a_tenant()
    {
        var issue = async () => await world.Tenants.IssueApiKeyAsync("nobody", "shop", ["*"], RunWorld.As());
        (await issue.Should().ThrowAsync<DomainException>()).Which.Error.Code.Should().Be("unknown-tenant");
        (await world.Tenants.FindAsync("nobody")).Should().BeNull();
        (await world.Tenants.FindAsync("acme"))!.Name.Should().Be("Acme Outdoor");
    }
}
