using AIaaS.Domain.Tenants;

namespace Domain.Tests.Tenants;

public sealed class A_tenant_with_a_key : Given<Tenant>
{
    private static readonly DateTimeOffset At = new(2026, 1, 31, 9, 30, 0, TimeSpan.Zero);

    protected override object[] Events => [new TenantCreated("acme", "Acme", At), new ApiKeyIssued("k1", "shop", "hash", ["*"], At)];

    [Test]
    public void cannot_be_created_again() => When(t => t.Create(new("acme", "Acme", At))).ThenRefused(TenantErrors.Exists("acme"));

    [Test]
    public void can_revoke_it() => When(t => t.Revoke(new("acme", "k1", At))).Then(new ApiKeyRevoked("k1", At));

    [Test]
    public void cannot_revoke_a_key_that_it_does_not_have() => When(t => t.Revoke(new("acme", "k2", At))).ThenRefused(TenantErrors.UnknownKey("k2"));

    [Test]
    public void cannot_issue_the_same_key_again() => When(t => t.Issue(new("acme", "k1", "shop", "h", ["*"], At))).ThenRefused(TenantErrors.KeyExists("k1"));

    [Test]
    public void cannot_issue_a_key_without_scopes() => When(t => t.Issue(new("acme", "k2", "shop", "h", [], At))).ThenRefused(TenantErrors.InvalidScopes());
}
