using System.Text.Json.Serialization;
using AIaaS.Projections.Agents;
using AIaaS.Projections.Budgets;
using AIaaS.Projections.Billing;
using AIaaS.Projections.Channels;
using AIaaS.Projections.Complaints;
using AIaaS.Projections.Customers;
using AIaaS.Projections.Handoffs;
using AIaaS.Projections.Knowledge;
using AIaaS.Projections.Leads;
using AIaaS.Projections.Metering;
using AIaaS.Projections.Orders;
using AIaaS.Projections.Payments;
using AIaaS.Projections.Tenants;
using AIaaS.Projections.Tools;

namespace AIaaS.Projections;

/// <summary>The JSON contracts of the documents. Members that a document lacks keep their defaults, so that older documents still read.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(UtcTime)])]
[JsonSerializable(typeof(RunDocument))]
[JsonSerializable(typeof(RunTimelineDocument))]
[JsonSerializable(typeof(ConversationDocument))]
[JsonSerializable(typeof(ArticleDocument))]
[JsonSerializable(typeof(SideEffectDocument))]
[JsonSerializable(typeof(OrderDocument))]
[JsonSerializable(typeof(ProductDocument))]
[JsonSerializable(typeof(CustomerDocument))]
[JsonSerializable(typeof(PaymentDocument))]
[JsonSerializable(typeof(LeadDocument))]
[JsonSerializable(typeof(ComplaintDocument))]
[JsonSerializable(typeof(HandoffDocument))]
[JsonSerializable(typeof(BudgetDocument))]
[JsonSerializable(typeof(BudgetPeriodDocument))]
[JsonSerializable(typeof(BudgetAlertDocument))]
[JsonSerializable(typeof(InvoiceDocument))]
[JsonSerializable(typeof(BillingNoteDocument))]
[JsonSerializable(typeof(DisputeDocument))]
[JsonSerializable(typeof(BillingAccountDocument))]
[JsonSerializable(typeof(Domain.Budgets.CostDay))]
[JsonSerializable(typeof(CostReportDocument))]
[JsonSerializable(typeof(TenantKpis))]
[JsonSerializable(typeof(UsageSlots))]
[JsonSerializable(typeof(Sagas.SagaDocument))]
[JsonSerializable(typeof(Bus.DeadLetterDocument))]
public sealed partial class Documents : JsonSerializerContext;
