using System.Collections.Immutable;
using System.Text.Json.Serialization;
using AIaaS.Domain.Agents;
using AIaaS.Domain.Audit;
using AIaaS.Domain.Bus;
using AIaaS.Domain.Channels;
using AIaaS.Domain.Complaints;
using AIaaS.Domain.Customers;
using AIaaS.Domain.Handoffs;
using AIaaS.Domain.Knowledge;
using AIaaS.Domain.Leads;
using AIaaS.Domain.Orders;
using AIaaS.Domain.Payments;
using AIaaS.Domain.Sagas;
using AIaaS.Domain.Tenants;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;

namespace AIaaS.Domain;

/// <summary>All event types of the product, each registered by hand with an example for the catalogue.</summary>
public static class DomainEventTypes
{
    private static readonly DateTimeOffset At = new(2026, 1, 31, 9, 30, 0, TimeSpan.Zero);

    /// <summary>Builds the registration.</summary>
    public static EventTypes Create()
    {
        var json = DomainJson.Default;
        var usage = new TokenUsage(412, 0, 0, 58, 0);
        var citation = new Citation("returns-policy", "Returns", "You can send an item back within 30 days.");
        var passage = new Passage("returns-policy", "Returns", "You can send an item back within 30 days.", 7.25);
        return PlatformEventTypes.Register(new EventTypes.Builder())
            .Add("http.request.accepted", json.RequestAccepted, "idempotency", new RequestAccepted(new('0', 64), "worker-1", At.AddSeconds(30), At))
            .Add("http.request.answered", json.RequestAnswered, "idempotency", new RequestAnswered(201, "/v1/tenants/acme", "1042", "{}", At))
            .Add("tenant.created", json.TenantCreated, "tenant", new TenantCreated("acme", "Acme Outdoor", At))
            .Add("tenant.api-key.issued", json.ApiKeyIssued, "tenant", new ApiKeyIssued("k7", "shop back end", new('0', 64), ["*"], At))
            .Add("tenant.api-key.revoked", json.ApiKeyRevoked, "tenant", new ApiKeyRevoked("k7", At))
            .Add("ingest.doc.processed", json.ArticleProcessed, "article", new ArticleProcessed("returns-policy", "Returns", "You can send an item back within 30 days.", Audience.Customer, new('0', 64), At))
            .Add("ingest.doc.removed", json.ArticleRemoved, "article", new ArticleRemoved("returns-policy", At))
            .Add("conversation.message.received", json.MessageReceived, "conversation", new MessageReceived("c1", "m1", null, "Can I return my tent?", "faq_handling", "r1", At))
            .Add("conversation.message.answered", json.MessageAnswered, "conversation", new MessageAnswered("m1", "r1", RunOutcome.Answered, "You can send an item back within 30 days.", [citation], At))
            .Add("conversation.message.asked", json.MessageAsked, "conversation", new MessageAsked("m1", "r1", "ask_number", 1, "What is the number of your order?", At))
            .Add("conversation.customer.authenticated", json.ConversationCustomerAuthenticated, "conversation", new ConversationCustomerAuthenticated("ada_lovelace_1815", "r1", At))
            .Add("conversation.message.staff-answered", json.StaffAnswered, "conversation", new StaffAnswered("m2", "h1", "key:k7", "We refund it to your new card.", At))
            .Add("conversation.message.for-staff", json.MessageForStaff, "conversation", new MessageForStaff("c1", "m3", "c-4711", "And by when?", "h1", At))
            .Add("conversation.handed-off", json.ConversationHandedOff, "conversation", new ConversationHandedOff("h1", At))
            .Add("conversation.returned", json.ConversationReturned, "conversation", new ConversationReturned("h1", At))
            .Add("agent.run.requested", json.RunRequested, "agentRun", new RunRequested("r1", "c1", "m1", "Can I return my tent?", "faq_handling", new('0', 64), null, At))
            .Add("agent.run.started", json.RunStarted, "agentRun", new RunStarted(new(new('0', 64), ImmutableSortedDictionary<string, string>.Empty.Add("answer", new('0', 64)), ImmutableSortedDictionary<string, string>.Empty.Add("SLM_A", "offline-a"), "2026-01", "1"), 25, Money.Usd(0.10m), At))
            .Add("agent.run.resumed", json.RunResumed, "agentRun", new RunResumed("worker-2", At))
            .Add("agent.run.claimed", json.RunClaimed, "agentRun", new RunClaimed("worker-2", At))
            .Add("agent.run.waiting", json.RunWaiting, "agentRun", new RunWaiting("approve", 1, WaitKind.Approval, null, "May this order be refunded?", null, null, null, At.AddHours(4), At))
            .Add("agent.run.signalled", json.RunSignalled, "agentRun", new RunSignalled("approve", 1, "s1", true, null, "k7", At))
            .Add("agent.run.timed-out", json.RunTimedOut, "agentRun", new RunTimedOut("approve", 1, At))
            .Add("agent.run.moved", json.RunMoved, "agentRun", new RunMoved(new('0', 64), new(new('1', 64), ImmutableSortedDictionary<string, string>.Empty, ImmutableSortedDictionary<string, string>.Empty, "2026-01", "2"), "k7", "the refund step was wrong", At))
            .Add("agent.customer.authenticated", json.CustomerAuthenticated, "agentRun", new CustomerAuthenticated("identify", "ada_lovelace_1815", "identify/1/1", At))
            .Add("knowledge.retrieved", json.KnowledgeRetrieved, "agentRun", new KnowledgeRetrieved("retrieve", "Can I return my tent?", [passage], 1042, At))
            .Add("model.call.requested", json.ModelCallRequested, "agentRun", new ModelCallRequested("answer/1/1", "answer", 1, Tier.SLM_A, "offline-a", "{}", Money.Usd(0.0009m), At))
            .Add("model.call.completed", json.ModelCallCompleted, "agentRun", new ModelCallCompleted("answer/1/1", "answer", Tier.SLM_A, "offline-a", "{}", usage, Money.Usd(0.0002m), At))
            .Add("model.call.failed", json.ModelCallFailed, "agentRun", new ModelCallFailed("answer/1/1", "answer", "timed out after 5,000 ms", true, true, At))
            .Add("agent.step.completed", json.StepCompleted, "agentRun", new StepCompleted("answer", "model", 3, "ok", "", "validate", At))
            .Add("agent.run.completed", json.RunCompleted, "agentRun", new RunCompleted(RunOutcome.Answered, "answered", "You can send an item back within 30 days.", [citation], "faq_handling", Tier.SLM_A, 5, 1, usage, Money.Usd(0.0002m), 4.8, false, At))
            .Add("workflow.published", json.WorkflowPublished, "workflow", new WorkflowPublished("faq_handling", new('0', 64), "{}", At))
            .Add("workflow.source.put", json.WorkflowSourcePut, "workflowSources", new WorkflowSourcePut("workflow", "faq_handling", "workflow: faq_handling\nnodes: []\n", new('0', 64), "k7", At))
            .Add("workflow.source.removed", json.WorkflowSourceRemoved, "workflowSources", new WorkflowSourceRemoved("overlay", "shorter_answers", "k7", At))
            .Add("workflow.activated", json.WorkflowActivated, "workflowSources", new WorkflowActivated("faq_handling", new('0', 64), "the new returns policy", "k7", At))
            .AddTools()
            .AddSagas()
            .AddDeadLetters()
            .AddCustomers()
            .AddOrders()
            .AddPayments()
            .AddLeads()
            .AddComplaints()
            .AddHandoffs()
            .Build();
    }
}

/// <summary>The source-generated JSON contracts of the events: camel case, each field written even where it has no value, missing and unknown members refused so that a changed form is noticed.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(RequestAccepted))]
[JsonSerializable(typeof(RequestAnswered))]
[JsonSerializable(typeof(TenantCreated))]
[JsonSerializable(typeof(ApiKeyIssued))]
[JsonSerializable(typeof(ApiKeyRevoked))]
[JsonSerializable(typeof(ArticleProcessed))]
[JsonSerializable(typeof(ArticleRemoved))]
[JsonSerializable(typeof(MessageReceived))]
[JsonSerializable(typeof(MessageAnswered))]
[JsonSerializable(typeof(MessageAsked))]
[JsonSerializable(typeof(ConversationCustomerAuthenticated))]
[JsonSerializable(typeof(StaffAnswered))]
[JsonSerializable(typeof(MessageForStaff))]
[JsonSerializable(typeof(ConversationHandedOff))]
[JsonSerializable(typeof(ConversationReturned))]
[JsonSerializable(typeof(RunRequested))]
[JsonSerializable(typeof(RunStarted))]
[JsonSerializable(typeof(RunResumed))]
[JsonSerializable(typeof(RunClaimed))]
[JsonSerializable(typeof(RunWaiting))]
[JsonSerializable(typeof(RunSignalled))]
[JsonSerializable(typeof(RunTimedOut))]
[JsonSerializable(typeof(RunMoved))]
[JsonSerializable(typeof(CustomerAuthenticated))]
[JsonSerializable(typeof(KnowledgeRetrieved))]
[JsonSerializable(typeof(ModelCallRequested))]
[JsonSerializable(typeof(ModelCallCompleted))]
[JsonSerializable(typeof(ModelCallFailed))]
[JsonSerializable(typeof(StepCompleted))]
[JsonSerializable(typeof(RunCompleted))]
[JsonSerializable(typeof(WorkflowPublished))]
[JsonSerializable(typeof(System.Text.Json.JsonElement))]
[JsonSerializable(typeof(WorkflowSourcePut))]
[JsonSerializable(typeof(WorkflowSourceRemoved))]
[JsonSerializable(typeof(WorkflowActivated))]
public sealed partial class DomainJson : JsonSerializerContext;
