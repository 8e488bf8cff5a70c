using AIaaS.Queries.Agents;
using AIaaS.Queries.Budgets;
using AIaaS.Queries.Billing;
using AIaaS.Queries.Channels;
using AIaaS.Queries.Complaints;
using AIaaS.Queries.Customers;
using AIaaS.Queries.Handoffs;
using AIaaS.Queries.Knowledge;
using AIaaS.Queries.Leads;
using AIaaS.Queries.Metering;
using AIaaS.Queries.Orders;
using AIaaS.Queries.Payments;
using AIaaS.Queries.Tenants;
using AIaaS.Queries.Tools;
using Microsoft.Extensions.DependencyInjection;

namespace AIaaS.Queries;

/// <summary>Registers the queries.</summary>
public static class QueryServices
{
    /// <summary>All queries. Needs the read models (<c>AddProjections</c>).</summary>
    public static IServiceCollection AddQueries(this IServiceCollection services) => services
        .AddSingleton<RunQueries>()
        .AddSingleton<EpisodeQueries>()
        .AddSingleton<ConversationQueries>()
        .AddSingleton<ArticleQueries>()
        .AddSingleton<Sagas.SagaQueries>()
        .AddSingleton<Bus.DeadLetterQueries>()
        .AddSingleton<SideEffectQueries>()
        .AddSingleton<OrderQueries>()
        .AddSingleton<ProductQueries>()
        .AddSingleton<CustomerQueries>()
        .AddSingleton<PaymentQueries>()
        .AddSingleton<LeadQueries>()
        .AddSingleton<ComplaintQueries>()
        .AddSingleton<HandoffQueries>()
        .AddSingleton<UsageQueries>()
        .AddSingleton<UsageExport>()
        .AddSingleton<BudgetQueries>()
        .AddSingleton<InvoiceQueries>()
        .AddSingleton<CorrectionQueries>()
        .AddSingleton<BooksQueries>()
        .AddSingleton<CostQueries>()
        .AddSingleton<KpiQueries>();
}
