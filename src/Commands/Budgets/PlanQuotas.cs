using System.Collections.Immutable;
using AIaaS.Commands.Billing;
using AIaaS.Domain.Billing;
using AIaaS.Domain.Pricing;

namespace AIaaS.Commands.Budgets;

/// <summary>The quotas of the plan that a tenant is on.</summary>
internal sealed class PlanQuotas(TenantPlans plans) : IQuotaSource
{
    public ImmutableArray<QuotaLimit> LimitsOf(string tenant) => plans.Of(tenant).Quotas;
}

/// <summary>What a tenant has used, for the limits of a plan that it may go to.</summary>
internal sealed class QuotaFigures(QuotaGate quotas) : IUsageFigures
{
    public async ValueTask<ImmutableArray<UsageFigure>> OfAsync(string tenant, ImmutableArray<QuotaLimit> limits, CancellationToken cancellationToken = default) =>
        [.. (await quotas.FiguresAsync(tenant, limits, cancellationToken)).Select(f => new UsageFigure(f.Limit.Resource, f.Limit.Window, f.Used))];
}
