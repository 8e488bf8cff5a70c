using AIaaS.Domain.Tenants;

namespace Domain.Tests.Tenants;

public sealed class A_tenant_with_a_revoked_key : Given<Tenant>
{
    private static readonly DateTimeOffset At = new(2026, 1, 31, 9, 30, 0, TimeSpan.Zero);

    protected override object[] Events => [new TenantCreated("acme", "Acme", At), new ApiKeyIssued("k1", "shop", "hash", ["*"], At), new ApiKeyRevoked("k1", At)];

    [Test]
    public void has_no_key() => State.Keys.Should().BeEmpty();

    [Test]
    public void revokes_it_again_without_effect() => When(t => t.Revoke(new("acme", "k1", At))).ThenNothing();

    [Test]
    public void never_uses_its_id_again() => When(t => t.Issue(new("acme", "k1", "shop", "h", ["*"], At))).ThenRefused(TenantErrors.KeyExists("k1"));
}
