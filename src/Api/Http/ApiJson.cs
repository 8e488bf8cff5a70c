using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using AIaaS.Api.Agents;
using AIaaS.Api.Audit;
using AIaaS.Api.Billing;
using AIaaS.Api.Channels;
using AIaaS.Api.Complaints;
using AIaaS.Api.ControlPlane;
using AIaaS.Api.Handoffs;
using AIaaS.Api.Knowledge;
using AIaaS.Api.Leads;
using AIaaS.Api.Metering;
using AIaaS.Api.Orders;
using AIaaS.Api.Payments;
using AIaaS.Api.Pricing;
using AIaaS.Api.Tenants;
using AIaaS.Api.Tools;
using AIaaS.Commands.Agents;
using AIaaS.Domain.Pricing;
using AIaaS.Projections;
using AIaaS.Projections.Agents;
using AIaaS.Projections.Channels;
using AIaaS.Projections.Complaints;
using AIaaS.Projections.Customers;
using AIaaS.Projections.Handoffs;
using AIaaS.Projections.Knowledge;
using AIaaS.Projections.Leads;
using AIaaS.Projections.Orders;
using AIaaS.Projections.Payments;
using AIaaS.Projections.Tools;
using AIaaS.Queries.Knowledge;
using AIaaS.Queries.Metering;
using AIaaS.Queries.Orders;
using AIaaS.Queries.Tenants;

namespace AIaaS.Api.Http;

/// <summary>The source-generated JSON contracts of requests and answers: camel case; members without a value are written as null.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    NumberHandling = JsonNumberHandling.Strict,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(StreamPage))]
[JsonSerializable(typeof(SubscriptionList))]
[JsonSerializable(typeof(ParkedEventList))]
[JsonSerializable(typeof(ReplayParkedBody))]
[JsonSerializable(typeof(ParkedEventsReplayed))]
[JsonSerializable(typeof(RebuildStarted))]
[JsonSerializable(typeof(HealthReport))]
[JsonSerializable(typeof(Sagas.ResumeSagaBody))]
[JsonSerializable(typeof(Sagas.SagaResumedView))]
[JsonSerializable(typeof(Projections.Sagas.SagaDocument))]
[JsonSerializable(typeof(Page<Projections.Sagas.SagaDocument>))]
[JsonSerializable(typeof(Queries.Sagas.SagaTimeline))]
[JsonSerializable(typeof(Bus.DeadLetterBody))]
[JsonSerializable(typeof(Bus.DeadLetterView))]
[JsonSerializable(typeof(Projections.Bus.DeadLetterDocument))]
[JsonSerializable(typeof(Page<Projections.Bus.DeadLetterDocument>))]
[JsonSerializable(typeof(JsonElement))]
[JsonSerializable(typeof(MessageBody))]
[JsonSerializable(typeof(MessageAnswerView))]
[JsonSerializable(typeof(MessagePending))]
[JsonSerializable(typeof(ConversationDocument))]
[JsonSerializable(typeof(Page<ConversationDocument>))]
[JsonSerializable(typeof(RunDocument))]
[JsonSerializable(typeof(Page<RunDocument>))]
[JsonSerializable(typeof(RunTimelineDocument))]
[JsonSerializable(typeof(ReplayReport))]
[JsonSerializable(typeof(ForkBody))]
[JsonSerializable(typeof(ForkView))]
[JsonSerializable(typeof(RunBody))]
[JsonSerializable(typeof(SignalBody))]
[JsonSerializable(typeof(ApprovalBody))]
[JsonSerializable(typeof(ApprovalNote))]
[JsonSerializable(typeof(RunPending))]
[JsonSerializable(typeof(WorkflowList))]
[JsonSerializable(typeof(WorkflowView))]
[JsonSerializable(typeof(WorkflowBody))]
[JsonSerializable(typeof(WorkflowCheckView))]
[JsonSerializable(typeof(WorkflowChangeView))]
[JsonSerializable(typeof(WorkflowVersionList))]
[JsonSerializable(typeof(ActivateWorkflowBody))]
[JsonSerializable(typeof(RollBackWorkflowBody))]
[JsonSerializable(typeof(WorkflowSourceList))]
[JsonSerializable(typeof(DryRunBody))]
[JsonSerializable(typeof(DryRunView))]
[JsonSerializable(typeof(MoveRunBody))]
[JsonSerializable(typeof(MoveRunView))]
[JsonSerializable(typeof(KpiReport))]
[JsonSerializable(typeof(ArticleBody))]
[JsonSerializable(typeof(ArticleDocument))]
[JsonSerializable(typeof(Page<ArticleSummary>))]
[JsonSerializable(typeof(ArticleWritten))]
[JsonSerializable(typeof(ImportBody))]
[JsonSerializable(typeof(ArticlesImported))]
[JsonSerializable(typeof(ToolBody))]
[JsonSerializable(typeof(ToolList))]
[JsonSerializable(typeof(ToolVersionsView))]
[JsonSerializable(typeof(ToolRegisteredView))]
[JsonSerializable(typeof(DeprecationBody))]
[JsonSerializable(typeof(ToolCallBody))]
[JsonSerializable(typeof(ToolCallView))]
[JsonSerializable(typeof(McpDiscoveryBody))]
[JsonSerializable(typeof(McpOfferList))]
[JsonSerializable(typeof(SideEffectDocument))]
[JsonSerializable(typeof(Page<SideEffectDocument>))]
[JsonSerializable(typeof(ResolutionBody))]
[JsonSerializable(typeof(ResolutionView))]
[JsonSerializable(typeof(PlaceOrderBody))]
[JsonSerializable(typeof(OrderPlacedView))]
[JsonSerializable(typeof(OrderDocument))]
[JsonSerializable(typeof(Page<OrderSummary>))]
[JsonSerializable(typeof(ProductDocument))]
[JsonSerializable(typeof(Page<ProductDocument>))]
[JsonSerializable(typeof(CustomerDocument))]
[JsonSerializable(typeof(TenantBody))]
[JsonSerializable(typeof(TenantView))]
[JsonSerializable(typeof(ApiKeyBody))]
[JsonSerializable(typeof(ApiKeyIssuedView))]
[JsonSerializable(typeof(ApiKeyList))]
[JsonSerializable(typeof(Budgets.BudgetBody))]
[JsonSerializable(typeof(Budgets.BudgetView))]
[JsonSerializable(typeof(Budgets.CostReportBody))]
[JsonSerializable(typeof(Budgets.CostReportView))]
[JsonSerializable(typeof(Budgets.SafeModeView))]
[JsonSerializable(typeof(Queries.Budgets.CostTable))]
[JsonSerializable(typeof(Projections.Budgets.CostReportDocument))]
[JsonSerializable(typeof(Page<Projections.Budgets.CostReportDocument>))]
[JsonSerializable(typeof(Budgets.QuotaList))]
[JsonSerializable(typeof(Budgets.QuotaHistory))]
[JsonSerializable(typeof(Budgets.QuotaOverrideBody))]
[JsonSerializable(typeof(Budgets.QuotaOverrideView))]
[JsonSerializable(typeof(Budgets.QuotaOverrideList))]
[JsonSerializable(typeof(Queries.Budgets.BudgetStatus))]
[JsonSerializable(typeof(Page<Queries.Budgets.BudgetStatus>))]
[JsonSerializable(typeof(Page<Projections.Budgets.BudgetAlertDocument>))]
[JsonSerializable(typeof(PaymentBody))]
[JsonSerializable(typeof(PaymentAmountBody))]
[JsonSerializable(typeof(PaymentView))]
[JsonSerializable(typeof(WebhookReceived))]
[JsonSerializable(typeof(PaymentDocument))]
[JsonSerializable(typeof(Page<PaymentDocument>))]
[JsonSerializable(typeof(LeadBody))]
[JsonSerializable(typeof(LeadFactsBody))]
[JsonSerializable(typeof(LeadStatusBody))]
[JsonSerializable(typeof(FollowUpBody))]
[JsonSerializable(typeof(FollowUpClosedBody))]
[JsonSerializable(typeof(LeadView))]
[JsonSerializable(typeof(LeadDocument))]
[JsonSerializable(typeof(Page<LeadDocument>))]
[JsonSerializable(typeof(ComplaintBody))]
[JsonSerializable(typeof(EscalationBody))]
[JsonSerializable(typeof(ComplaintResolutionBody))]
[JsonSerializable(typeof(DeadlinesBody))]
[JsonSerializable(typeof(DeadlinesView))]
[JsonSerializable(typeof(ComplaintView))]
[JsonSerializable(typeof(ComplaintDocument))]
[JsonSerializable(typeof(Page<ComplaintDocument>))]
[JsonSerializable(typeof(ClaimBody))]
[JsonSerializable(typeof(HandoffAnswerBody))]
[JsonSerializable(typeof(HandoffEndBody))]
[JsonSerializable(typeof(HandoffView))]
[JsonSerializable(typeof(ReRateBody))]
[JsonSerializable(typeof(ReRatedView))]
[JsonSerializable(typeof(DisputeBody))]
[JsonSerializable(typeof(AcceptDisputeBody))]
[JsonSerializable(typeof(RejectDisputeBody))]
[JsonSerializable(typeof(DisputeView))]
[JsonSerializable(typeof(DisputeList))]
[JsonSerializable(typeof(NoteView))]
[JsonSerializable(typeof(NoteStateView))]
[JsonSerializable(typeof(NotePaymentBody))]
[JsonSerializable(typeof(BalanceView))]
[JsonSerializable(typeof(BooksView))]
[JsonSerializable(typeof(CaughtUpView))]
[JsonSerializable(typeof(WhatIfBody))]
[JsonSerializable(typeof(Commands.Billing.WhatIfAnswer))]
[JsonSerializable(typeof(Projections.Billing.BillingNoteDocument))]
[JsonSerializable(typeof(Page<Projections.Billing.BillingNoteDocument>))]
[JsonSerializable(typeof(Projections.Billing.DisputeDocument))]
[JsonSerializable(typeof(Page<Projections.Billing.DisputeDocument>))]
[JsonSerializable(typeof(HandoffDocument))]
[JsonSerializable(typeof(Page<HandoffDocument>))]
[JsonSerializable(typeof(CloudEventBody))]
[JsonSerializable(typeof(UsageIngestView))]
[JsonSerializable(typeof(UsageReport))]
[JsonSerializable(typeof(MeterBody))]
[JsonSerializable(typeof(MeterView))]
[JsonSerializable(typeof(MeterList))]
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(PriceBody))]
[JsonSerializable(typeof(Price))]
[JsonSerializable(typeof(PriceVersionList))]
[JsonSerializable(typeof(Page<PriceVersionView>))]
[JsonSerializable(typeof(PlanBody))]
[JsonSerializable(typeof(Plan))]
[JsonSerializable(typeof(PlanVersionList))]
[JsonSerializable(typeof(Page<PlanVersionView>))]
[JsonSerializable(typeof(ExchangeRateBody))]
[JsonSerializable(typeof(ExchangeRateView))]
[JsonSerializable(typeof(ExchangeRateList))]
[JsonSerializable(typeof(ModelPricesBody))]
[JsonSerializable(typeof(ModelPricesView))]
[JsonSerializable(typeof(ModelPricesList))]
[JsonSerializable(typeof(PlanChangeBody))]
[JsonSerializable(typeof(PlanCancellationBody))]
[JsonSerializable(typeof(PayerBody))]
[JsonSerializable(typeof(TenantPlanBody))]
[JsonSerializable(typeof(BillingSettingsBody))]
[JsonSerializable(typeof(TenantPlanView))]
[JsonSerializable(typeof(PlanChangePreviewView))]
[JsonSerializable(typeof(Billing.ClosePeriodBody))]
[JsonSerializable(typeof(Billing.PeriodClosedView))]
[JsonSerializable(typeof(Billing.PayInvoiceBody))]
[JsonSerializable(typeof(Billing.RefundInvoiceBody))]
[JsonSerializable(typeof(Billing.InvoiceView))]
[JsonSerializable(typeof(Billing.OutsidePaymentBody))]
[JsonSerializable(typeof(Billing.WriteOffBody))]
[JsonSerializable(typeof(Billing.BrandingBody))]
[JsonSerializable(typeof(Billing.InvoiceProofView))]
[JsonSerializable(typeof(Billing.LineEventPage))]
[JsonSerializable(typeof(Domain.Billing.InvoiceStatement))]
[JsonSerializable(typeof(Page<Queries.Billing.InvoiceSummary>))]
internal sealed partial class ApiJson : JsonSerializerContext
{
    /// <summary>How answers are written: as they are, without escaping what only HTML would need escaped.</summary>
    public static ApiJson Plain => field ??= new(new(Default.Options!) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    /// <summary>How requests are read.</summary>
    public static ApiJson Strict => field ??= new(new(Default.Options!)
    {
        AllowDuplicateProperties = false,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        MaxDepth = JsonReading.MaxDepth,
        Converters = { new JsonStringEnumConverter(allowIntegerValues: false) },
    });
}
