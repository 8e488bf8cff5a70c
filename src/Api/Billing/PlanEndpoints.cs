using AIaaS.Api.Http;
using AIaaS.Api.OpenApi;
using AIaaS.Commands.Billing;
using AIaaS.Commands.Tenants;
using AIaaS.Domain.Billing;
using AIaaS.Domain.Tenants;
using AIaaS.EventStore;
using Microsoft.AspNetCore.Http.HttpResults;

namespace AIaaS.Api.Billing;

/// <summary>The plan that a tenant is on.</summary>
internal static class PlanEndpoints
{
    private const string Settings = """{ "timeZone": "Europe/Berlin", "anchor": null, "name": "Acme Outdoor GmbH", "address": { "address1": "Hauptstr. 1", "address2": "", "city": "Berlin", "state": "", "country": "Germany", "zip": "10115" }, "email": "billing@acme.example", "vatId": "DE123456789", "taxes": [ { "name": "VAT 19 %", "percent": 19 } ], "taxExemption": null, "discounts": [ { "percent": 10, "amount": null, "from": "2026-02-01T00:00:00+00:00", "to": null, "reason": "first year" } ], "paymentMethod": "pm_card_visa", "graceHours": 24, "dueDays": 14 }""";

    private const string ViewExample = $$"""
        {
          "tenant": "acme", "plan": "team", "version": 1, "name": "Team", "since": "2026-01-31T09:30:00+00:00", "trialUntil": "2026-02-14T09:30:00+00:00",
          "period": { "from": "2026-01-31T09:30:00+00:00", "to": "2026-02-28T09:30:00+00:00", "whole": true, "currency": "USD" }, "scheduled": null,
          "quotas": [ { "resource": "Runs", "window": "Month", "limit": 10000 } ], "features": [ "priority_support" ], "settings": {{Settings}}
        }
        """;

    private const string LineExample = """{ "from": "2026-02-14T09:30:00+00:00", "to": "2026-02-28T09:30:00+00:00", "plan": "business", "version": 1, "trial": false, "seconds": 1209600, "periodSeconds": 2419200, "fee": { "amount": 99, "currency": "USD" }, "amount": { "amount": 49.5, "currency": "USD" }, "text": "99 × 1,209,600 of 2,419,200 seconds" }""";

    private const string PreviewExample = $$"""{ "before": [], "after": [ { "period": { "from": "2026-01-31T09:30:00+00:00", "to": "2026-02-28T09:30:00+00:00", "whole": true, "currency": "USD" }, "lines": [ {{LineExample}} ], "total": 49.5 } ] }""";

    public static void Map(RouteGroupBuilder v1)
    {
        var own = v1.MapGroup("/subscription").WithTags("Plans");
        own.MapGet("", GetAsync)
            .Describe("getSubscription", "Get the subscription", "The plan that the tenant is on, its billing period, and how it is billed. Without a choice it is on 'pay-as-you-go': calendar months, calls at cost.")
            .ForTenants(Scopes.BillingRead)
            .Example(response: ViewExample);
        own.MapPost("/change", ChangeAsync)
            .Describe("changePlan", "Change the plan", "To the newest version of a plan, at once with fees split to the second, or at the end of the billing period. Refused with the reasons where what is used does not fit. A plan with another interval or currency begins a new billing cycle. Changing to the plan that the tenant is on takes a scheduled change back.")
            .ForTenants(Scopes.BillingWrite).Idempotent().Problem(404)
            .Example("""{ "plan": "business", "when": "AtOnce", "reason": "more customers" }""", ViewExample);
        own.MapPost("/preview-change", PreviewAsync)
            .Describe("previewPlanChange", "Preview a change of the plan", "The recurring fees line by line, as they are and as they would be. Changes nothing.")
            .ForTenants(Scopes.BillingRead).Problem(404, 409, 422)
            .Example("""{ "plan": "business", "when": "AtOnce" }""", PreviewExample);
        own.MapPost("/cancel", CancelAsync)
            .Describe("cancelPlan", "Cancel the subscription", "At the end of the billing period, or at once. Afterwards the tenant pays what it uses by 'pay-as-you-go'.")
            .ForTenants(Scopes.BillingWrite).Idempotent()
            .Example("""{ "when": "PeriodEnd", "reason": "closing the shop" }""", ViewExample);
        own.MapPost("/resume", ResumeAsync)
            .Describe("resumePlan", "Resume the subscription", "Takes back a cancellation that has not taken effect; after one that has, the plan begins anew, without a trial.")
            .ForTenants(Scopes.BillingWrite).Idempotent()
            .Example(response: ViewExample);
        own.MapPut("/payer", PutPayerAsync)
            .Describe("putPayer", "Set who pays", "Name, address, VAT id and means of payment, as they stand on invoices.")
            .ForTenants(Scopes.BillingWrite)
            .Example("""{ "name": "Acme Outdoor GmbH", "address": { "address1": "Hauptstr. 1", "address2": "", "city": "Berlin", "state": "", "country": "Germany", "zip": "10115" }, "email": "billing@acme.example", "vatId": "DE123456789", "paymentMethod": "pm_card_visa" }""", ViewExample);

        var tenants = v1.MapGroup("/tenants/{tenant}").WithTags("Plans");
        tenants.MapGet("/subscription", GetOfAsync)
            .Describe("getTenantSubscription", "Get a tenant's subscription", "The plan that the tenant is on, its billing period, and how it is billed.")
            .ForPlatform()
            .Example(response: ViewExample);
        tenants.MapPost("/subscription", PostOfAsync)
            .Describe("setTenantPlan", "Put a tenant on a plan", "Starts a subscription, or moves the tenant to another plan or version. Refused with the reasons where what it uses does not fit.")
            .ForPlatform().Idempotent().Problem(404)
            .Example("""{ "plan": "team", "version": 1, "trialDays": 14, "reason": "ordered on the web site" }""", ViewExample);
        tenants.MapPut("/billing-settings", PutSettingsAsync)
            .Describe("putBillingSettings", "Set how a tenant is billed", "All settings: time zone and anchor of the periods, who pays, taxes, discounts, grace time for late usage, and when invoices are due. Another time zone or anchor counts from the next period on.")
            .ForPlatform()
            .Example("""{ "timeZone": "Europe/Berlin", "name": "Acme Outdoor GmbH", "taxes": [ { "name": "VAT 19 %", "percent": 19 } ], "discounts": [ { "percent": 10, "from": "2026-02-01T00:00:00Z", "reason": "first year" } ], "graceHours": 24, "dueDays": 14 }""", ViewExample);
    }

    private static async Task<Ok<TenantPlanView>> GetAsync(Caller caller, SubscriptionService subscriptions, TimeProvider time, CancellationToken cancellationToken) =>
        TypedResults.Ok(await ViewAsync(caller.Tenant, await subscriptions.OfAsync(caller.Tenant, cancellationToken), subscriptions, time, cancellationToken));

    private static async Task<Ok<TenantPlanView>> ChangeAsync(JsonBody<PlanChangeBody> body, Caller caller, SubscriptionService subscriptions, TimeProvider time, HttpContext context) =>
        await AnswerAsync(caller.Tenant, await subscriptions.ChooseAsync(caller.Tenant, body.Value.Plan, body.Value.When ?? ChangeTiming.AtOnce, body.Value.Reason, For(caller, context), CancellationToken.None), subscriptions, time, context);

    private static async Task<Ok<PlanChangePreviewView>> PreviewAsync(JsonBody<PlanChangeBody> body, Caller caller, SubscriptionService subscriptions, CancellationToken cancellationToken)
    {
        var preview = await subscriptions.PreviewAsync(caller.Tenant, body.Value.Plan, body.Value.When ?? ChangeTiming.AtOnce, cancellationToken);
        return TypedResults.Ok(new PlanChangePreviewView([.. preview.Before.Select(View)], [.. preview.After.Select(View)]));
    }

    private static async Task<Ok<TenantPlanView>> CancelAsync(JsonBody<PlanCancellationBody> body, Caller caller, SubscriptionService subscriptions, TimeProvider time, HttpContext context) =>
        await AnswerAsync(caller.Tenant, await subscriptions.CancelAsync(caller.Tenant, body.Value.When ?? ChangeTiming.PeriodEnd, body.Value.Reason, For(caller, context), CancellationToken.None), subscriptions, time, context);

    private static async Task<Ok<TenantPlanView>> ResumeAsync(Caller caller, SubscriptionService subscriptions, TimeProvider time, HttpContext context) =>
        await AnswerAsync(caller.Tenant, await subscriptions.ResumeAsync(caller.Tenant, For(caller, context), CancellationToken.None), subscriptions, time, context);

    private static async Task<Ok<TenantPlanView>> PutPayerAsync(JsonBody<PayerBody> body, Caller caller, SubscriptionService subscriptions, TimeProvider time, HttpContext context)
    {
        var payer = new Payer(body.Value.Name, body.Value.Address, body.Value.Email, body.Value.VatId, body.Value.PaymentMethod);
        return await AnswerAsync(caller.Tenant, await subscriptions.ChangePayerAsync(caller.Tenant, payer, new(caller.Tenant, caller.Actor, null, Correlation.Of(context)), CancellationToken.None), subscriptions, time, context);
    }

    private static async Task<Ok<TenantPlanView>> GetOfAsync(string tenant, TenantService tenants, SubscriptionService subscriptions, TimeProvider time, CancellationToken cancellationToken)
    {
        await RequireAsync(tenant, tenants, cancellationToken);
        return TypedResults.Ok(await ViewAsync(tenant, await subscriptions.OfAsync(tenant, cancellationToken), subscriptions, time, cancellationToken));
    }

    private static async Task<Ok<TenantPlanView>> PostOfAsync(string tenant, JsonBody<TenantPlanBody> body, Caller caller, TenantService tenants, SubscriptionService subscriptions, TimeProvider time, HttpContext context)
    {
        await RequireAsync(tenant, tenants, context.RequestAborted);
        var wanted = body.Value;
        var of = new CommandContext(tenant, caller.Actor, "platform:" + IdempotencyKey.Require(context), Correlation.Of(context));
        var result = (await subscriptions.OfAsync(tenant, context.RequestAborted)).IsStarted && wanted.TrialDays is null
            ? await subscriptions.ChangeAsync(tenant, wanted.Plan, wanted.Version, wanted.When ?? ChangeTiming.AtOnce, wanted.Reason, of, CancellationToken.None)
            : await subscriptions.StartAsync(tenant, wanted.Plan, wanted.Version, wanted.TrialDays, null, wanted.Reason, of, CancellationToken.None);
        return await AnswerAsync(tenant, result, subscriptions, time, context);
    }

    private static async Task<Ok<TenantPlanView>> PutSettingsAsync(string tenant, JsonBody<BillingSettingsBody> body, Caller caller, TenantService tenants, SubscriptionService subscriptions, TimeProvider time, HttpContext context)
    {
        await RequireAsync(tenant, tenants, context.RequestAborted);
        return await AnswerAsync(tenant, await subscriptions.ConfigureAsync(tenant, body.Value.Settings, new(tenant, caller.Actor, null, Correlation.Of(context)), CancellationToken.None), subscriptions, time, context);
    }

    private static async Task RequireAsync(string tenant, TenantService tenants, CancellationToken cancellationToken)
    {
        if (await tenants.FindAsync(tenant, cancellationToken) is null)
        {
            throw new DomainException(TenantErrors.Unknown(tenant));
        }
    }

    private static CommandContext For(Caller caller, HttpContext context) => new(caller.Tenant, caller.Actor, IdempotencyKey.Require(context), Correlation.Of(context));

    private static async Task<Ok<TenantPlanView>> AnswerAsync(string tenant, CommandResult<Subscription> result, SubscriptionService subscriptions, TimeProvider time, HttpContext context)
    {
        Freshness.Answer(context, result.Position);
        return TypedResults.Ok(await ViewAsync(tenant, result.State, subscriptions, time, CancellationToken.None));
    }

    private static async Task<TenantPlanView> ViewAsync(string tenant, Subscription subscription, SubscriptionService subscriptions, TimeProvider time, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var stay = subscription.PlanAt(now);
        var plan = await subscriptions.PlanOfAsync(stay.Plan, stay.Version, cancellationToken);
        return new(
            tenant,
            plan.Id,
            plan.Version,
            plan.Name,
            stay.From == DateTimeOffset.MinValue ? null : stay.From,
            stay.TrialUntil > now ? stay.TrialUntil : null,
            PeriodView.Of(subscription.Periods.At(now)),
            subscription.Change is { } change && change.Due > now ? new(change.Plan, change.Version, change.Due, change.Reason)
                : subscription.Cancellation is { } cancellation && cancellation.Due > now ? new(null, null, cancellation.Due, cancellation.Reason)
                : null,
            plan.Quotas,
            plan.Features,
            subscription.Settings);
    }

    private static PeriodPreviewView View(PeriodPreview preview) => new(
        PeriodView.Of(preview.Period),
        [.. preview.Lines.Select(l => new FeeLineView(l.Segment.From, l.Segment.To, l.Segment.Plan, l.Segment.Version, l.Segment.IsTrial, l.Segment.Seconds, l.Segment.PeriodSeconds, l.Fee, l.Amount, l.Text))],
        preview.Total);
}
