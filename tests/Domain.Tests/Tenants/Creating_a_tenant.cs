using AIaaS.Domain.Tenants;

namespace Domain.Tests.Tenants;

public sealed class Creating_a_tenant : Given<Tenant>
{
    private static readonly DateTimeOffset At = new(2026, 1, 31, 9, 30, 0, TimeSpan.Zero);

    protected override object[] Events => [];

    [Test]
    public void records_it() => When(t => t.Create(new("acme-outdoor", " Acme ", At))).Then(new TenantCreated("acme-outdoor", "Acme", At));

    [TestCase("")]
    [TestCase("a")]
    [TestCase("Acme")]
    [TestCase("-acme")]
    [TestCase("acme-")]
    [TestCase("ac--me")]
    [TestCase("ac_me")]
    [TestCase("ac me")]
    [TestCase("äcme")]
    [TestCase("a1234567890123456789012345678901234567890")]
    public void with_an_id_that_is_no_slug_is_refused(string id) => When(t => t.Create(new(id, "Acme", At))).ThenRefused(TenantErrors.InvalidId(id));

    [Test]
    public void under_the_platforms_own_name_is_refused() => When(t => t.Create(new("platform", "Acme", At))).ThenRefused(TenantErrors.Reserved("platform"));

    [Test]
    public void without_a_name_is_refused() => When(t => t.Create(new("acme", " ", At))).ThenRefused(TenantErrors.InvalidName("The name is empty."));

    [Test]
    public void issues_no_keys_before_it_exists() => When(t => t.Issue(new("acme", "k1", "shop", "h", ["*"], At))).ThenRefused(TenantErrors.Unknown("acme"));
}
