using System.Text.Json;
using AIaaS.Api.Http;
using AIaaS.Api.OpenApi;
using AIaaS.Commands.Billing;
using AIaaS.Domain;
using AIaaS.Domain.Billing;
using AIaaS.EventStore;
using AIaaS.Projections;
using AIaaS.Projections.Billing;
using AIaaS.Queries.Billing;
using Microsoft.AspNetCore.Http.HttpResults;

namespace AIaaS.Api.Billing;

/// <summary>Corrections: re-rating, credit and debit notes, disputes; balance and books; what-if.</summary>
internal static class CorrectionEndpoints
{
    private const string Line = """{ "line": 2, "kind": "Usage", "description": "Output tokens", "from": "2026-01-01T00:00:00+00:00", "to": "2026-02-01T00:00:00+00:00", "before": 1, "after": 0.5, "difference": -0.5, "quantityBefore": 50000, "quantityAfter": 50000, "quantityDifference": 0, "priceVersionBefore": 1, "priceVersionAfter": 2, "reasons": [ "PriceCorrection" ], "arithmetic": "50,000 × 0.00001" }""";

    private const string ReRatedExample = $$"""{ "invoice": "5f0c6f0e0d1b4b7e8b530f9b7f0c2a11", "currency": "USD", "before": 10, "after": 9.5, "difference": -0.5, "lines": [ {{Line}} ], "throughVersion": 41, "knownAt": 2042, "note": "0b8c2f6e4c1d8a7e9f530f9b7f0c2a22", "number": "CN-2026-000007", "isCredit": true }""";

    private const string DisputeExample = """{ "dispute": "7d0c6f0e0d1b4b7e8b530f9b7f0c2a33", "line": 2, "reason": "The test on January 5 was agreed to be free.", "openedBy": "key:k7", "openedAt": "2026-02-03T09:30:00+00:00", "state": "Open", "adjustment": null, "answer": null, "closedBy": null, "closedAt": null }""";

    private const string DisputeViewExample = $$"""{ "invoice": "5f0c6f0e0d1b4b7e8b530f9b7f0c2a11", "dispute": {{DisputeExample}}, "note": null, "number": null, "credited": null }""";

    private const string NoteDocumentExample = """{ "note": "0b8c2f6e4c1d8a7e9f530f9b7f0c2a22", "tenant": "acme", "isCredit": true, "number": "CN-2026-000007", "state": "Issued", "invoice": "5f0c6f0e0d1b4b7e8b530f9b7f0c2a11", "invoiceNumber": "INV-2026-000042", "amount": { "amount": -0.50, "currency": "USD" }, "lines": 1, "reasons": [ "PriceCorrection" ], "from": "2026-01-01T00:00:00+00:00", "to": "2026-02-01T00:00:00+00:00", "madeAt": "2026-02-03T09:30:00+00:00" }""";

    private const string NoteExample = $$"""
        {
          "number": "CN-2026-000007", "state": "Issued", "isCredit": true, "issuedAt": "2026-02-03T09:30:00+00:00", "refund": null, "paid": null,
          "content": {
            "note": "0b8c2f6e4c1d8a7e9f530f9b7f0c2a22", "invoice": "5f0c6f0e0d1b4b7e8b530f9b7f0c2a11", "invoiceNumber": "INV-2026-000042", "sequence": 1, "currency": "USD",
            "lines": [ {{Line}} ], "amount": -0.5, "totalBefore": 10, "totalAfter": 9.5, "throughBefore": 41, "knownBefore": 1042,
            "draft": {
              "basis": { "tenant": "acme", "currency": "USD", "period": { "index": 312, "from": "2026-01-01T00:00:00+00:00", "to": "2026-02-01T00:00:00+00:00", "wholeFrom": "2026-01-01T00:00:00+00:00", "wholeTo": "2026-02-01T00:00:00+00:00" },
                "segments": [], "rates": [], "discounts": [], "taxes": [], "taxExemption": null, "knownAt": 2042, "adjustments": [] },
              "fromVersion": 0, "throughVersion": 41, "events": 1, "unpriced": 0, "lines": [], "subtotal": 9.5, "discount": 0, "tax": 0, "total": 9.5 },
            "seller": { "name": "AIaaS", "address": [ "1 Log Street" ], "email": null, "taxId": null }, "buyer": { "name": "Acme Outdoor", "address": [], "email": null, "taxId": null },
            "branding": -1, "actor": "platform", "at": "2026-02-03T09:30:00+00:00"
          }
        }
        """;

    private const string NoteStateExample = """{ "note": "0b8c2f6e4c1d8a7e9f530f9b7f0c2a22", "number": "DN-2026-000003", "state": "Paid", "amount": { "amount": 4.20, "currency": "USD" } }""";

    private const string BalanceOf = """{ "currency": "USD", "invoiced": 10, "debited": 0, "credited": 0.5, "paid": 0, "refunded": 0, "writtenOff": 0, "amount": 9.5 }""";

    private const string BalanceExample = $$"""{ "tenant": "acme", "balances": [ {{BalanceOf}} ] }""";

    private const string BooksExample = $$"""
        {
          "tenant": "acme", "knownAt": "2026-03-01T00:00:00+00:00", "knownThrough": null, "effectiveBefore": null, "balances": [ {{BalanceOf}} ],
          "entries": [
            { "entry": { "kind": "Invoice", "document": "5f0c6f0e0d1b4b7e8b530f9b7f0c2a11", "number": "INV-2026-000042", "invoice": "5f0c6f0e0d1b4b7e8b530f9b7f0c2a11", "currency": "USD", "amount": 10, "effective": "2026-02-01T00:00:00+00:00", "recorded": "2026-02-01T01:00:00+00:00", "position": 1050, "text": "invoice" }, "balance": 10 },
            { "entry": { "kind": "CreditNote", "document": "0b8c2f6e4c1d8a7e9f530f9b7f0c2a22", "number": "CN-2026-000007", "invoice": "5f0c6f0e0d1b4b7e8b530f9b7f0c2a11", "currency": "USD", "amount": -0.5, "effective": "2026-02-01T00:00:00+00:00", "recorded": "2026-02-03T09:30:00+00:00", "position": 2050, "text": "credit note" }, "balance": 9.5 }
          ]
        }
        """;

    private const string WhatIfRequest = """{ "from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z", "prices": { "output-tokens": { "meter": "tokens.output", "model": "PerUnit", "currency": "USD", "from": "2026-01-01T00:00:00Z", "unitAmount": 0.00001 } } }""";

    private const string WhatIfExample = $$"""
        {
          "tenants": [ { "tenant": "acme", "periods": [ { "invoice": "5f0c6f0e0d1b4b7e8b530f9b7f0c2a11", "number": "INV-2026-000042", "from": "2026-01-01T00:00:00+00:00", "to": "2026-02-01T00:00:00+00:00", "currency": "USD", "billed": 10, "then": 9.5, "difference": -0.5, "lines": [ {{Line}} ], "problem": null } ] } ],
          "totals": [ { "currency": "USD", "periods": 1, "billed": 10, "then": 9.5, "difference": -0.5 } ], "nextAfter": null
        }
        """;

    public static void Map(RouteGroupBuilder v1)
    {
        MapTenants(v1);
        MapPlatform(v1);
    }

    private static void MapTenants(RouteGroupBuilder v1)
    {
        var invoices = v1.MapGroup("/invoices/{invoice}").WithTags("Billing");
        invoices.MapPost("/re-rate", LookAsync)
            .Describe("previewReRating", "Preview a re-rating", "What would be owed for the invoice's period by all that is known now (late usage, corrected prices and rates, accepted disputes), and how it differs from what was billed, line by line. Nothing is recorded: 'dryRun' must be true; the platform issues the note, at the latest with its daily look.")
            .ForTenants(Scopes.BillingRead).Problem(404, 409, 422)
            .Example("""{ "dryRun": true }""", ReRatedExample.Replace("\"0b8c2f6e4c1d8a7e9f530f9b7f0c2a22\"", "null", StringComparison.Ordinal).Replace("\"CN-2026-000007\"", "null", StringComparison.Ordinal));
        invoices.MapPost("/disputes", OpenAsync)
            .Describe("disputeInvoiceLine", "Dispute a line of an invoice", "Says which line is wrong and why; the platform accepts or rejects it with a reason. The invoice stays as it is: what is accepted comes back by a credit note.")
            .ForTenants(Scopes.BillingWrite).Idempotent().Problem(404)
            .Example("""{ "line": 2, "reason": "The test on January 5 was agreed to be free." }""", DisputeViewExample);
        invoices.MapGet("/disputes", DisputesAsync)
            .Describe("listDisputesOfInvoice", "List the disputes about an invoice", "With their history: who said what when, and what was taken off.")
            .ForTenants(Scopes.BillingRead).Problem(404)
            .Example(response: $$"""{ "invoice": "5f0c6f0e0d1b4b7e8b530f9b7f0c2a11", "disputes": [ {{DisputeExample}} ] }""");
        invoices.MapPost("/disputes/{dispute}/withdraw", WithdrawAsync)
            .Describe("withdrawDispute", "Withdraw a dispute", "As long as it is not decided.")
            .ForTenants(Scopes.BillingWrite).Idempotent().Problem(404)
            .Example(response: DisputeViewExample.Replace("\"Open\"", "\"Withdrawn\"", StringComparison.Ordinal));

        var billing = v1.MapGroup("/billing").WithTags("Billing");
        billing.MapGet("/notes", NotesAsync)
            .Describe("listBillingNotes", "List credit and debit notes", "The newest first.")
            .ForTenants(Scopes.BillingRead)
            .Query("invoice", "string", "Only those that correct this invoice.", "5f0c6f0e0d1b4b7e8b530f9b7f0c2a11")
            .Query("state", "string", "Only those that stand so.", "Issued", choices: Enum.GetNames<NoteState>())
            .Query("credit", "boolean", "true for credit notes only, false for debit notes only.", "true")
            .Query("number", "string", "Only those whose number begins so.", "CN-2026-")
            .Query("sort", "string", "madeAt or number, with '-' before it for the largest first. Default: -madeAt.", "-number")
            .Paged().Fresh()
            .Example(response: $$"""{ "items": [ {{NoteDocumentExample}} ], "nextCursor": null }""");
        billing.MapGet("/notes/{note}", NoteAsync)
            .Describe("getBillingNote", "Get a credit or debit note", "What changes and why, line by line, with the whole period as it is known now: its usage lines carry Merkle roots as an invoice's do. As JSON or CSV; as 'statement' it is the whole period in the form that `aiaas invoice verify` reads.")
            .ForTenants(Scopes.BillingRead).Problem(404)
            .Query("format", "string", "Default: json.", "csv", choices: ["json", "csv", "statement"])
            .Produces<NoteView>(200, "application/json")
            .Example(response: NoteExample);
        billing.MapGet("/disputes", ListDisputesAsync)
            .Describe("listDisputes", "List disputes", "The newest first: of a tenant its own, for the platform those of all tenants.")
            .ForTenantsAndPlatform(Scopes.BillingRead)
            .Query("invoice", "string", "Only those about this invoice.", "5f0c6f0e0d1b4b7e8b530f9b7f0c2a11")
            .Query("state", "string", "Only those that stand so.", "Open", choices: Enum.GetNames<DisputeState>())
            .Query("sort", "string", "openedAt, with '-' before it for the newest first. Default: -openedAt.", "openedAt")
            .Paged().Fresh()
            .Example(response: """{ "items": [ { "dispute": "7d0c6f0e0d1b4b7e8b530f9b7f0c2a33", "tenant": "acme", "invoice": "5f0c6f0e0d1b4b7e8b530f9b7f0c2a11", "line": 2, "state": "Open", "reason": "The test on January 5 was agreed to be free.", "answer": null, "openedAt": "2026-02-03T09:30:00+00:00", "closedAt": null } ], "nextCursor": null }""");
        billing.MapGet("/balance", BalanceAsync)
            .Describe("getBalance", "Get the balance", "What is owed now, by currency: invoices and debit notes, less credit notes and payments, with refunds and what was given up. Below zero it is credit, which goes towards the next invoice.")
            .ForTenants(Scopes.BillingRead).Fresh()
            .Example(response: BalanceExample);
        billing.MapGet("/books", BooksAsync)
            .Describe("getBooks", "Get the books", "Each entry with two times: since when it is so (effective), and since when it is known (recorded). With 'known-at' the books as they were known at that time: nothing that was recorded then or later is in them, so that the answer for a past time never changes.")
            .ForTenants(Scopes.BillingRead).BooksParameters().Fresh()
            .Example(response: BooksExample);
        billing.MapPost("/what-if", WhatIfAsync)
            .Describe("askWhatIf", "Calculate past periods under another plan or other prices", "Differences per tenant and line, with totals. Tenants ask for themselves, the platform for one tenant ('of') or for all, a page of tenants at a time. Nothing is recorded.")
            .ForTenantsAndPlatform(Scopes.BillingRead).Problem(400, 404, 422).TakesUpTo(1024 * 1024)
            .Example(WhatIfRequest, WhatIfExample);
    }

    private static void MapPlatform(RouteGroupBuilder v1)
    {
        var tenants = v1.MapGroup("/tenants/{tenant}").WithTags("Billing");
        tenants.MapPost("/invoices/{invoice}/re-rate", ReRateAsync)
            .Describe("reRateInvoice", "Re-rate an invoice's period", "With 'dryRun' only the differences; without it what differs becomes a credit or debit note. The invoice stays as it is. Where nothing differs there is no note. The money of a credit note goes back by the payment port where the invoice was paid by it; else it counts towards what is owed next.")
            .ForPlatform().Idempotent().Problem(404)
            .Example("""{ "dryRun": false }""", ReRatedExample);
        tenants.MapGet("/invoices/{invoice}/disputes", DisputesOfAsync)
            .Describe("listDisputesOfTenantInvoice", "List the disputes about a tenant's invoice", "With their history.")
            .ForPlatform().Problem(404)
            .Example(response: $$"""{ "invoice": "5f0c6f0e0d1b4b7e8b530f9b7f0c2a11", "disputes": [ {{DisputeExample}} ] }""");
        tenants.MapPost("/invoices/{invoice}/disputes/{dispute}/accept", AcceptAsync)
            .Describe("acceptDispute", "Accept a dispute", "Takes units or an amount off the disputed line, at most what is left of it, and issues the credit note. Units are rated by the price, also by one that is corrected later.")
            .ForPlatform().Idempotent().Problem(404)
            .Example("""{ "quantity": 25000, "reason": "test on January 5" }""", $$"""{ "invoice": "5f0c6f0e0d1b4b7e8b530f9b7f0c2a11", "dispute": { "dispute": "7d0c6f0e0d1b4b7e8b530f9b7f0c2a33", "line": 2, "reason": "The test on January 5 was agreed to be free.", "openedBy": "key:k7", "openedAt": "2026-02-03T09:30:00+00:00", "state": "Accepted", "adjustment": { "dispute": "7d0c6f0e0d1b4b7e8b530f9b7f0c2a33", "plan": "team", "planVersion": 1, "price": "output-tokens", "from": "2026-01-01T00:00:00+00:00", "to": "2026-02-01T00:00:00+00:00", "quantity": 25000, "amount": null, "reason": "test on January 5" }, "answer": "test on January 5", "closedBy": "platform", "closedAt": "2026-02-04T09:30:00+00:00" }, "note": "0b8c2f6e4c1d8a7e9f530f9b7f0c2a22", "number": "CN-2026-000007", "credited": { "amount": 0.50, "currency": "USD" } }""");
        tenants.MapPost("/invoices/{invoice}/disputes/{dispute}/reject", RejectAsync)
            .Describe("rejectDispute", "Reject a dispute", "With a reason; the line stays as it is.")
            .ForPlatform().Idempotent().Problem(404)
            .Example("""{ "reason": "The test was not agreed." }""", DisputeViewExample.Replace("\"Open\"", "\"Rejected\"", StringComparison.Ordinal));
        tenants.MapPost("/billing/catch-up", CatchUpAsync)
            .Describe("catchUpBilling", "Bill what came late", "Looks for usage and corrections of the tenant's periods that were closed in the last 36 days, as the platform does by itself once a day, and bills them.")
            .ForPlatform().Idempotent()
            .Example(response: """{ "made": 1 }""");
        tenants.MapPost("/billing/notes/{note}/payments", PayAsync)
            .Describe("recordNotePayment", "Record the payment of a debit note", "For example by a bank transfer.")
            .ForPlatform().Idempotent().Problem(404)
            .Example("""{ "reference": "bank transfer of 2026-02-10" }""", NoteStateExample);
        tenants.MapGet("/billing/balance", BalanceOfAsync)
            .Describe("getBalanceOf", "Get a tenant's balance", "As the tenant sees it.")
            .ForPlatform().Fresh()
            .Example(response: BalanceExample);
        tenants.MapGet("/billing/books", BooksOfAsync)
            .Describe("getBooksOf", "Get a tenant's books", "As the tenant sees them.")
            .ForPlatform().BooksParameters().Fresh()
            .Example(response: BooksExample);
    }

    private static RouteHandlerBuilder BooksParameters(this RouteHandlerBuilder endpoint) => endpoint
        .Query("known-at", "string", "As they were known at this time. Default: now.", "2026-03-01T00:00:00Z", "date-time")
        .Query("known-through", "string", "As they were known at this position of the log, for example a Consistency-Token.", "1042")
        .Query("effective-before", "string", "Of what was known only what is so since before this time.", "2026-02-15T00:00:00Z", "date-time");

    private static async Task<Ok<ReRatedView>> LookAsync(string invoice, JsonBody<ReRateBody> body, Caller caller, CorrectionDesk desk, CancellationToken cancellationToken) => !body.Value.DryRun
        ? throw new DomainException(new("dry-run-only", "'dryRun' is false, and a tenant cannot issue a note to itself.", "Leave it out to see the differences; the platform bills them, at the latest with its daily look.", 403))
        : TypedResults.Ok(View(invoice, await desk.LookAsync(caller.Tenant, Ids.Require("invoice", invoice), cancellationToken)));

    private static async Task<Ok<ReRatedView>> ReRateAsync(string tenant, string invoice, JsonBody<ReRateBody> body, Caller caller, CorrectionDesk desk, HttpContext context, CancellationToken cancellationToken)
    {
        var rated = body.Value.DryRun
            ? await desk.LookAsync(Slug(tenant), Ids.Require("invoice", invoice), cancellationToken)
            : await desk.ReRateAsync(Slug(tenant), Ids.Require("invoice", invoice), For(caller, tenant, context), CancellationToken.None);
        Freshness.Answer(context, rated.Position);
        return TypedResults.Ok(View(invoice, rated));
    }

    private static async Task<Ok<DisputeView>> OpenAsync(string invoice, JsonBody<DisputeBody> body, Caller caller, CorrectionDesk desk, HttpContext context)
    {
        var id = DisputeService.DisputeId(caller.Tenant, IdempotencyKey.Require(context));
        var opened = await desk.OpenAsync(caller.Tenant, Ids.Require("invoice", invoice), id, body.Value.Line, body.Value.Reason, For(caller, caller.Tenant, context), CancellationToken.None);
        Freshness.Answer(context, opened.Position);
        return TypedResults.Ok(View(invoice, opened.State, id, null));
    }

    private static async Task<Ok<DisputeList>> DisputesAsync(string invoice, Caller caller, CorrectionDesk desk, CancellationToken cancellationToken) =>
        TypedResults.Ok(new DisputeList(invoice, (await desk.DisputesAsync(caller.Tenant, Ids.Require("invoice", invoice), cancellationToken)).All));

    private static async Task<Ok<DisputeList>> DisputesOfAsync(string tenant, string invoice, CorrectionDesk desk, CancellationToken cancellationToken) =>
        TypedResults.Ok(new DisputeList(invoice, (await desk.DisputesAsync(Slug(tenant), Ids.Require("invoice", invoice), cancellationToken)).All));

    private static async Task<Ok<DisputeView>> WithdrawAsync(string invoice, string dispute, Caller caller, DisputeService disputes, TimeProvider time, HttpContext context) =>
        Answer(invoice, dispute, await disputes.HandleAsync(new WithdrawDispute(caller.Tenant, Ids.Require("invoice", invoice), Ids.Require("dispute", dispute), caller.Actor, time.GetUtcNow()), For(caller, caller.Tenant, context), CancellationToken.None), context);

    private static async Task<Ok<DisputeView>> RejectAsync(string tenant, string invoice, string dispute, JsonBody<RejectDisputeBody> body, Caller caller, DisputeService disputes, TimeProvider time, HttpContext context) =>
        Answer(invoice, dispute, await disputes.HandleAsync(new RejectDispute(Slug(tenant), Ids.Require("invoice", invoice), Ids.Require("dispute", dispute), body.Value.Reason, caller.Actor, time.GetUtcNow()), For(caller, tenant, context), CancellationToken.None), context);

    private static async Task<Ok<DisputeView>> AcceptAsync(string tenant, string invoice, string dispute, JsonBody<AcceptDisputeBody> body, Caller caller, CorrectionDesk desk, HttpContext context, CancellationToken cancellationToken)
    {
        var (disputes, rated) = await desk.AcceptAsync(Slug(tenant), Ids.Require("invoice", invoice), Ids.Require("dispute", dispute), body.Value.Quantity, body.Value.Amount, body.Value.Reason, For(caller, tenant, context), cancellationToken);
        Freshness.Answer(context, rated.Position);
        return TypedResults.Ok(View(invoice, disputes, dispute, rated.Note));
    }

    private static async Task<Ok<CaughtUpView>> CatchUpAsync(string tenant, Caller caller, CorrectionDesk desk, IEventStore log, HttpContext context)
    {
        var made = await desk.CatchUpAsync(Slug(tenant), For(caller, tenant, context), CancellationToken.None);
        Freshness.Answer(context, await log.GetHeadAsync(CancellationToken.None));
        return TypedResults.Ok(new CaughtUpView(made));
    }

    private static async Task<Ok<Page<BillingNoteDocument>>> NotesAsync(Caller caller, Freshness freshness, CorrectionQueries corrections, HttpContext context, CancellationToken cancellationToken)
    {
        var query = new QueryReader(context);
        var filter = new NoteFilter { Invoice = query.Text("invoice"), State = query.Choice<NoteState>("state"), IsCredit = query.Flag("credit"), Number = query.Text("number") };
        var page = query.Page();
        query.Done();
        return Http.Answer.List(await corrections.NotesAsync(caller.Tenant, filter, page, freshness.Wanted, cancellationToken), freshness);
    }

    private static async Task<IResult> NoteAsync(string note, Caller caller, NoteService notes, HttpContext context, CancellationToken cancellationToken)
    {
        var query = new QueryReader(context);
        var format = query.Choice<NoteFormat>("format") ?? (context.Request.GetTypedHeaders().Accept.Any(a => a.MediaType.Value == "text/csv") ? NoteFormat.Csv : NoteFormat.Json);
        query.Done();
        var found = (await notes.GetAsync(caller.Tenant, Ids.Require("note", note), cancellationToken)).State;
        context.Response.Headers.Vary = "Accept";
        return format switch
        {
            NoteFormat.Csv => Results.Bytes(NoteCsv.Render(found), "text/csv; charset=utf-8", $"{found.Number ?? note}.csv"),
            NoteFormat.Statement => Results.Bytes(JsonSerializer.SerializeToUtf8Bytes(Statement(found), InvoiceJson.Default.InvoiceStatement), "application/json"),
            _ => Results.Bytes(JsonSerializer.SerializeToUtf8Bytes(new NoteView(found.Number, found.State, found.IsCredit, found.IssuedAt, found.Refund, found.Paid, found.Content!), ApiJson.Plain.NoteView), "application/json"),
        };
    }

    private static InvoiceStatement Statement(BillingNote note)
    {
        var content = note.Content!;
        return InvoiceStatement.Preview(content.Seller, content.Buyer, content.At, content.At, content.Draft) with { Invoice = content.Note, Number = note.Number, State = InvoiceState.Issued, IssuedAt = note.IssuedAt };
    }

    private static async Task<Ok<Page<DisputeDocument>>> ListDisputesAsync(Caller caller, Freshness freshness, CorrectionQueries corrections, HttpContext context, CancellationToken cancellationToken)
    {
        var query = new QueryReader(context);
        var filter = new DisputeFilter { Invoice = query.Text("invoice"), State = query.Choice<DisputeState>("state") };
        var page = query.Page();
        query.Done();
        var found = caller.IsPlatform
            ? await corrections.AllDisputesAsync(filter, page, freshness.Wanted, cancellationToken)
            : await corrections.DisputesAsync(caller.Tenant, filter, page, freshness.Wanted, cancellationToken);
        return Http.Answer.List(found, freshness);
    }

    private static async Task<Ok<NoteStateView>> PayAsync(string tenant, string note, JsonBody<NotePaymentBody> body, Caller caller, NoteService notes, TimeProvider time, HttpContext context)
    {
        var result = await notes.HandleAsync(new PayNote(Slug(tenant), Ids.Require("note", note), body.Value.Reference, time.GetUtcNow()), For(caller, tenant, context), CancellationToken.None);
        Freshness.Answer(context, result.Position);
        return TypedResults.Ok(new NoteStateView(note, result.State.Number, result.State.State, new(result.State.Content!.Amount, result.State.Content.Currency)));
    }

    private static Task<Ok<BalanceView>> BalanceAsync(Caller caller, Freshness freshness, BooksQueries books, HttpContext context, CancellationToken cancellationToken) =>
        ShowBalanceAsync(caller.Tenant, freshness, books, context, cancellationToken);

    private static Task<Ok<BalanceView>> BalanceOfAsync(string tenant, Freshness freshness, BooksQueries books, HttpContext context, CancellationToken cancellationToken) =>
        ShowBalanceAsync(Slug(tenant), freshness, books, context, cancellationToken);

    private static async Task<Ok<BalanceView>> ShowBalanceAsync(string tenant, Freshness freshness, BooksQueries books, HttpContext context, CancellationToken cancellationToken)
    {
        new QueryReader(context).Done();
        var found = Http.Answer.One("books", tenant, await books.GetAsync(tenant, consistency: freshness.Wanted, cancellationToken: cancellationToken), freshness).Value!;
        return TypedResults.Ok(new BalanceView(tenant, found.Balances));
    }

    private static Task<Ok<BooksView>> BooksAsync(Caller caller, Freshness freshness, BooksQueries books, HttpContext context, CancellationToken cancellationToken) =>
        ShowBooksAsync(caller.Tenant, freshness, books, context, cancellationToken);

    private static Task<Ok<BooksView>> BooksOfAsync(string tenant, Freshness freshness, BooksQueries books, HttpContext context, CancellationToken cancellationToken) =>
        ShowBooksAsync(Slug(tenant), freshness, books, context, cancellationToken);

    private static async Task<Ok<BooksView>> ShowBooksAsync(string tenant, Freshness freshness, BooksQueries books, HttpContext context, CancellationToken cancellationToken)
    {
        var query = new QueryReader(context);
        var (knownAt, effective) = (query.Time("known-at"), query.Time("effective-before"));
        var text = query.Text("known-through", 20);
        ulong? through = LogPosition.TryParse(text, out var position) ? position.Value : null;
        if (text is not null && through is null)
        {
            query.Fault("known-through", "is not a position of the log");
        }

        query.Done();
        var found = Http.Answer.One("books", tenant, await books.GetAsync(tenant, knownAt, through, effective, freshness.Wanted, cancellationToken), freshness).Value!;
        return TypedResults.Ok(new BooksView(tenant, knownAt, through, effective, found.Balances, found.Lines));
    }

    private static async Task<Ok<WhatIfAnswer>> WhatIfAsync(JsonBody<WhatIfBody> body, Caller caller, WhatIfDesk desk, CancellationToken cancellationToken)
    {
        var asked = body.Value;
        if (!caller.IsPlatform && (asked.Of ?? asked.After) is not null)
        {
            throw Problems.Invalid([new Fault(asked.Of is not null ? "/of" : "/after", "is for the platform's administrator; a tenant asks for itself")]);
        }

        return TypedResults.Ok(await desk.AskAsync(new(asked.Change(), asked.From, asked.To, caller.IsPlatform ? asked.Of : caller.Tenant, asked.After, asked.Limit ?? 50), cancellationToken));
    }

    private static ReRatedView View(string invoice, ReRated rated)
    {
        var (before, after) = (rated.Result.Before, rated.Result.After);
        return new(invoice, after.Basis.Currency, before.Total, after.Total, rated.Result.Amount, rated.Result.Lines, after.ThroughVersion, after.Basis.KnownAt, rated.Note?.Content!.Note, rated.Note?.Number, rated.Result.IsSame ? null : rated.Result.IsCredit);
    }

    private static Ok<DisputeView> Answer(string invoice, string dispute, CommandResult<InvoiceDisputes> result, HttpContext context)
    {
        Freshness.Answer(context, result.Position);
        return TypedResults.Ok(View(invoice, result.State, dispute, null));
    }

    private static DisputeView View(string invoice, InvoiceDisputes disputes, string dispute, BillingNote? note) =>
        new(invoice, disputes.Find(dispute)!, note?.Content!.Note, note?.Number, note is { IsCredit: true } ? new Money(-note.Content!.Amount, note.Content.Currency) : null);

    private static string Slug(string tenant) => Domain.Tenants.Tenant.IsSlug(tenant) ? tenant : throw Problems.NotFound("tenant", tenant.Length > 60 ? tenant[..60] + "…" : tenant);

    private static CommandContext For(Caller caller, string tenant, HttpContext context) => new(tenant, caller.Actor, null, Correlation.Of(context));
}

/// <summary>What a note can be written as.</summary>
internal enum NoteFormat
{
    Json,
    Csv,
    Statement,
}

/// <summary>What a look for late usage made.</summary>
/// <param name="Made">How many invoices and notes.</param>
internal sealed record CaughtUpView(int Made);
