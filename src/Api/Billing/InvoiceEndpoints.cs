using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using AIaaS.Api.Http;
using AIaaS.Api.OpenApi;
using AIaaS.Commands.Billing;
using AIaaS.Domain.Billing;
using AIaaS.EventStore;
using AIaaS.Projections;
using AIaaS.Queries.Billing;
using Microsoft.AspNetCore.Http.HttpResults;

namespace AIaaS.Api.Billing;

/// <summary>What an invoice can be written as.</summary>
internal enum InvoiceFormat
{
    Json,
    Csv,
    Html,
    Pdf,
}

/// <summary>Invoices: previews, closing, history, proofs, payment; and how they look.</summary>
internal static class InvoiceEndpoints
{
    private const string Hash = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";

    private const string Period = """ "index": 312, "from": "2026-01-01T00:00:00+00:00", "to": "2026-02-01T00:00:00+00:00", "wholeFrom": "2026-01-01T00:00:00+00:00", "wholeTo": "2026-02-01T00:00:00+00:00" """;

    private const string StatementExample = $$"""
        {
          "invoice": "5f0c6f0e0d1b4b7e8b530f9b7f0c2a11", "number": "INV-2026-000042", "state": "Paid",
          "seller": { "name": "AIaaS", "address": [ "1 Log Street", "10115 Berlin" ], "email": "billing@example.com", "taxId": "DE123456789" },
          "buyer": { "name": "Acme Outdoor", "address": [ "2 Tent Road", "12345 Springfield" ], "email": null, "taxId": null },
          "madeAt": "2026-02-01T01:00:00+00:00", "issuedAt": "2026-02-01T01:00:00+00:00", "dueAt": "2026-02-15T01:00:00+00:00",
          "basis": { "tenant": "acme", "currency": "USD", "period": { {{Period}} },
            "segments": [ { "from": "2026-01-01T00:00:00+00:00", "to": "2026-02-01T00:00:00+00:00", "plan": "team", "version": 1, "name": "Team", "isTrial": false, "seconds": 2678400, "periodSeconds": 2678400, "fee": { "amount": 9, "currency": "USD" } } ],
            "rates": [], "discounts": [], "taxes": [ { "name": "VAT 19 %", "percent": 19 } ], "taxExemption": null, "knownAt": 1042 },
          "fromVersion": 0, "throughVersion": 41, "events": 1, "unpriced": 0,
          "lines": [
            { "number": 1, "kind": "Fee", "description": "Team, recurring fee", "from": "2026-01-01T00:00:00+00:00", "to": "2026-02-01T00:00:00+00:00", "arithmetic": "9", "exact": 9, "amount": 9, "usage": null },
            { "number": 2, "kind": "Usage", "description": "Output tokens", "from": "2026-01-01T00:00:00+00:00", "to": "2026-02-01T00:00:00+00:00", "arithmetic": "50,000 × 0.00002", "exact": 1, "amount": 1,
              "usage": { "plan": "team", "planVersion": 1, "isTrial": false, "share": 1,
                "price": { "id": "output-tokens", "version": 1, "meter": "tokens.output", "model": "PerUnit", "currency": "USD", "from": "2026-01-01T00:00:00+00:00", "to": null, "where": null, "unitAmount": 0.00002, "packageSize": 0, "tiers": [], "percent": 0, "freeAllowance": 0, "minimum": null, "description": "Output tokens" },
                "unit": "tokens", "percentile": null, "aggregation": "Sum", "quantity": 50000, "steps": [ { "quantity": 50000, "unitAmount": 0.00002, "amount": 1, "text": "50,000 × 0.00002" } ], "priceAmount": { "amount": 1, "currency": "USD" },
                "events": 1, "first": 41, "last": 41, "root": "{{Hash}}", "blockSize": 1, "blocks": [ "{{Hash}}" ] } },
            { "number": 3, "kind": "Tax", "description": "VAT 19 %", "from": "2026-01-01T00:00:00+00:00", "to": "2026-02-01T00:00:00+00:00", "arithmetic": "10 × 19 %", "exact": 1.9, "amount": 1.9, "usage": null }
          ],
          "subtotal": 10, "discount": 0, "tax": 1.9, "total": 11.9,
          "payment": "019c1d2e3f4a7b8c9d0e1f2a3b4c5d6e", "paidAt": "2026-02-01T01:00:02+00:00", "refunds": [], "trouble": null, "nextAttempt": null, "due": 0
        }
        """;

    private const string SummaryExample = """{ "invoice": "5f0c6f0e0d1b4b7e8b530f9b7f0c2a11", "number": "INV-2026-000042", "state": "Paid", "total": { "amount": 11.90, "currency": "USD" }, "refunded": 0, "lines": 3, "from": "2026-01-01T00:00:00+00:00", "to": "2026-02-01T00:00:00+00:00", "madeAt": "2026-02-01T01:00:00+00:00", "dueAt": "2026-02-15T01:00:00+00:00", "paidAt": "2026-02-01T01:00:02+00:00", "dunning": 0 }""";

    private const string ViewExample = """{ "invoice": "5f0c6f0e0d1b4b7e8b530f9b7f0c2a11", "number": "INV-2026-000042", "state": "Paid", "total": { "amount": 11.90, "currency": "USD" }, "due": { "amount": 0, "currency": "USD" }, "refunded": 2.00, "trouble": null, "nextAttempt": null, "refund": "019c1d2e3f4a7b8c9d0e1f2a3b4c5d6e" }""";

    private const string ClosedExample = """{ "from": "2026-01-01T00:00:00+00:00", "to": "2026-02-01T00:00:00+00:00", "invoice": "5f0c6f0e0d1b4b7e8b530f9b7f0c2a11", "number": "INV-2026-000042", "state": "Issued", "total": { "amount": 11.90, "currency": "USD" } }""";

    private const string BrandingExample = """{ "name": "Acme Outdoor", "colour": "#1a4f8b", "footer": "Thank you.", "logo": null }""";

    private const string EventText = """{\"source\":\"/shop\",\"id\":\"e1\",\"type\":\"com.example.used\",\"subject\":null,\"time\":\"2026-01-05T00:00:00+00:00\",\"data\":{},\"readings\":[],\"at\":\"2026-01-05T00:00:01+00:00\"}""";

    private const string ProofExample = $$"""
        {
          "invoice": "5f0c6f0e0d1b4b7e8b530f9b7f0c2a11", "number": "INV-2026-000042", "algorithm": "RFC 6962, SHA-256", "fromVersion": 0, "throughVersion": 41,
          "lines": [ { "line": 2, "description": "Output tokens", "events": 1, "first": 41, "last": 41, "root": "{{Hash}}", "blockSize": 1, "blocks": [ "{{Hash}}" ] } ],
          "event": { "sequence": 41, "data": "{{EventText}}", "leaf": "{{Hash}}", "lines": [ { "line": 2, "index": 0, "events": 1, "root": "{{Hash}}", "proof": [] } ] }
        }
        """;

    private static readonly InvoiceJson Plain = new(new(InvoiceJson.Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    public static void Map(RouteGroupBuilder v1)
    {
        var invoices = v1.MapGroup("/invoices").WithTags("Billing");
        invoices.MapGet("", ListAsync)
            .Describe("listInvoices", "List invoices", "The newest period first.")
            .ForTenants(Scopes.BillingRead)
            .Query("number", "string", "Only those whose number begins so.", "INV-2026-")
            .Query("state", "string", "Only those that stand so.", "PastDue", choices: Enum.GetNames<InvoiceState>())
            .Query("from", "string", "Of periods that begin at this time or later.", "2026-01-01T00:00:00Z", "date-time")
            .Query("to", "string", "Of periods that begin before this time.", "2026-02-01T00:00:00Z", "date-time")
            .Query("min-amount", "string", "With this total or more, in the invoice's currency.", "10.50")
            .Query("text", "string", "With all these words in number, buyer, plan or lines. A page may then have fewer entries than there is room for.", "output tokens")
            .Query("sort", "string", "from, number, total or dueAt, with '-' before it for the largest first. Default: -from.", "-total")
            .Paged().Fresh()
            .Example(response: $$"""{ "items": [ {{SummaryExample}} ], "nextCursor": null }""");
        invoices.MapGet("/preview", PreviewAsync)
            .Describe("previewInvoice", "Preview an invoice", "What would be owed for the billing period that runs, or for the one that a moment lies in, if it were closed now: by the usage, prices and plans as they are known. Nothing is recorded.")
            .ForTenants(Scopes.BillingRead)
            .Query("at", "string", "A moment in the period. Default: now.", "2026-01-15T00:00:00Z", "date-time")
            .Formats().Problem(404, 409, 422)
            .Example(response: StatementExample);
        invoices.MapGet("/{invoice}", GetAsync)
            .Describe("getInvoice", "Get an invoice", "As JSON it is what `aiaas invoice verify` reads; also as CSV, HTML and PDF with the tenant's branding. What is owed never changes; only the state, payment and refunds do.")
            .ForTenants(Scopes.BillingRead).Formats()
            .Example(response: StatementExample);
        invoices.MapGet("/{invoice}/proof", ProveAsync)
            .Describe("proveInvoice", "Prove an invoice", "The Merkle root of each line, over the events' exact bytes as the usage export gives them; with a sequence also the proof that this event is in the invoice.")
            .ForTenants(Scopes.BillingRead)
            .Query("sequence", "integer", "The number of a usage event in the log.", "41")
            .Example(response: ProofExample);
        invoices.MapGet("/{invoice}/lines/{line}/events", EventsAsync)
            .Describe("listLineEvents", "List the usage behind a line", "The events behind the amount, in the order of the usage log, with their exact text. A page may have fewer entries than there is room for.")
            .ForTenants(Scopes.BillingRead)
            .Paged()
            .Example(response: $$"""{ "items": [ { "sequence": 41, "data": "{{EventText}}", "leaf": "{{Hash}}" } ], "nextCursor": null }""");
        invoices.MapPost("/{invoice}/pay", PayAsync)
            .Describe("payInvoice", "Pay an invoice", "At once, by the payment method given or the subscription's. A decline is an answer (state PastDue, with 'trouble'); the platform tries again after 1, 3, 5 and 7 days.")
            .ForTenants(Scopes.BillingWrite).Idempotent()
            .Example("""{ "method": "pm_card_visa" }""", ViewExample);

        var billing = v1.MapGroup("/billing").WithTags("Billing");
        billing.MapPost("/close", CloseAsync)
            .Describe("closeBillingPeriod", "Close a billing period", "Makes the invoice of a period that has ended; closing it again gives the same invoice. Without this, periods close by themselves at their end and the hours of grace.")
            .ForTenants(Scopes.BillingWrite).Idempotent()
            .Example("""{ "at": "2026-01-15T00:00:00Z" }""", ClosedExample);
        billing.MapGet("/branding", GetBrandingAsync)
            .Describe("getBranding", "Get the branding of invoices", "Name, colour, footer and logo.")
            .ForTenants(Scopes.BillingRead)
            .Example(response: BrandingExample);
        billing.MapPost("/branding", SetBrandingAsync)
            .Describe("setBranding", "Set the branding of invoices", "Invoices that are made from now on look so; those that are made keep their look. A logo is PNG or JPEG, in Base64, of at most 256 KiB.")
            .ForTenants(Scopes.BillingWrite).Idempotent().TakesUpTo(512 * 1024)
            .Example(BrandingExample, BrandingExample);

        var tenants = v1.MapGroup("/tenants/{tenant}").WithTags("Billing");
        tenants.MapPost("/billing/close", CloseForAsync)
            .Describe("closeBillingPeriodOf", "Close a tenant's billing period", "As the tenant can; for the platform's administrator.")
            .ForPlatform().Idempotent()
            .Example("""{ "at": "2026-01-15T00:00:00Z" }""", ClosedExample);
        tenants.MapPost("/invoices/{invoice}/payments", RecordPaymentAsync)
            .Describe("recordInvoicePayment", "Record a payment that came in another way", "For example by a bank transfer: the invoice is paid with it.")
            .ForPlatform().Idempotent()
            .Example("""{ "reference": "bank transfer of 2026-02-10" }""", ViewExample);
        tenants.MapPost("/invoices/{invoice}/refunds", RefundAsync)
            .Describe("refundInvoice", "Refund an invoice", "Gives back a part or all that is left: never more, all refunds together, than was paid. The reason and who asked for it are recorded. The platform decides it, not whoever paid.")
            .ForPlatform().Idempotent()
            .Example("""{ "amount": { "amount": 2.00, "currency": "USD" }, "reason": "goodwill" }""", ViewExample);
        tenants.MapPost("/invoices/{invoice}/write-off", WriteOffAsync)
            .Describe("writeInvoiceOff", "Write an invoice off", "Gives the money up, with a reason; the invoice itself stays as it is.")
            .ForPlatform().Idempotent()
            .Example("""{ "reason": "the business has closed" }""", ViewExample);
    }

    private static async Task<Ok<Page<InvoiceSummary>>> ListAsync(Caller caller, Freshness freshness, InvoiceQueries invoices, HttpContext context, CancellationToken cancellationToken)
    {
        var query = new QueryReader(context);
        var least = query.Text("min-amount", 40);
        decimal amount = 0;
        if (least is not null && !decimal.TryParse(least, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out amount))
        {
            query.Fault("min-amount", "is not an amount from 0 up, for example 10.50");
        }

        var filter = new InvoiceFilter
        {
            Number = query.Text("number"),
            State = query.Choice<InvoiceState>("state"),
            From = query.Time("from"),
            To = query.Time("to"),
            MinAmount = least is null ? null : amount,
            Text = query.Text("text"),
        };
        var page = query.Page();
        query.Done();
        return Http.Answer.List(await invoices.ListAsync(caller.Tenant, filter, page, freshness.Wanted, cancellationToken), freshness);
    }

    private static async Task<IResult> PreviewAsync(Caller caller, BillingDesk desk, BrandingService branding, BillingOptions options, HttpContext context, CancellationToken cancellationToken)
    {
        var query = new QueryReader(context);
        var at = query.Time("at");
        if (at is { UtcDateTime.Year: < 1971 or > 8999 })
        {
            query.Fault("at", "is not from 1971 to 8999");
        }

        var format = FormatOf(query, context);
        query.Done();
        var invoice = await desk.PreviewAsync(caller.Tenant, at, cancellationToken);
        return Write(invoice, format, format is InvoiceFormat.Html or InvoiceFormat.Pdf ? (await branding.LoadAsync(Branding.Stream(caller.Tenant), cancellationToken)).State.Branding : new(), options, context);
    }

    private static async Task<IResult> GetAsync(string invoice, Caller caller, InvoiceService invoices, InvoiceLooks looks, BillingOptions options, HttpContext context, CancellationToken cancellationToken)
    {
        var query = new QueryReader(context);
        var format = FormatOf(query, context);
        query.Done();
        var found = (await invoices.GetAsync(caller.Tenant, Ids.Require("invoice", invoice), cancellationToken)).State;
        var branding = format is InvoiceFormat.Html or InvoiceFormat.Pdf ? await looks.OfAsync(caller.Tenant, found.Generated!.Branding, cancellationToken) : new();
        return Write(InvoiceStatement.Of(found), format, branding, options, context);
    }

    private static async Task<Ok<InvoiceProofView>> ProveAsync(string invoice, Caller caller, InvoiceService invoices, InvoiceProofs proofs, HttpContext context, CancellationToken cancellationToken)
    {
        var query = new QueryReader(context);
        var sequence = query.Long("sequence", -1);
        query.Done();
        var found = (await invoices.GetAsync(caller.Tenant, Ids.Require("invoice", invoice), cancellationToken)).State;
        var draft = found.Generated!.Draft;
        EventInclusionView? inclusion = null;
        if (sequence >= 0)
        {
            var proof = await proofs.ProveAsync(caller.Tenant, found, sequence, cancellationToken);
            inclusion = new(proof.Event.Sequence, Encoding.UTF8.GetString(proof.Event.Data.Span), proof.Event.Leaf, [.. proof.Lines.Select(l => new InclusionView(l.Line, l.Index, l.Events, l.Root, l.Proof))]);
        }

        return TypedResults.Ok(new InvoiceProofView(
            found.Generated.Invoice,
            found.Number,
            "RFC 6962, SHA-256",
            draft.FromVersion,
            draft.ThroughVersion,
            [.. draft.Lines.Where(l => l.Usage is not null).Select(l => new LineProof(l.Number, l.Description, l.Usage!.Events, l.Usage.First, l.Usage.Last, l.Usage.Root, l.Usage.BlockSize, l.Usage.Blocks))],
            inclusion));
    }

    private static async Task<Ok<LineEventPage>> EventsAsync(string invoice, string line, Caller caller, InvoiceService invoices, InvoiceProofs proofs, HttpContext context, CancellationToken cancellationToken)
    {
        var query = new QueryReader(context);
        var limit = query.Number("limit", 50, 1, 200);
        var after = query.Long("cursor", -1);
        query.Done();
        var found = (await invoices.GetAsync(caller.Tenant, Ids.Require("invoice", invoice), cancellationToken)).State;
        var number = int.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out var parsed) ? parsed : throw Problems.NotFound("invoice line", line.Length > 20 ? line[..20] + "…" : line);
        var page = await proofs.EventsAsync(caller.Tenant, found, number, after, limit, cancellationToken);
        return TypedResults.Ok(new LineEventPage([.. page.Events.Select(e => new LineEventView(e.Sequence, Encoding.UTF8.GetString(e.Data.Span), e.Leaf))], page.Next?.ToString(CultureInfo.InvariantCulture)));
    }

    // What may have begun is carried to its end even when the client leaves.
    private static async Task<Ok<InvoiceView>> PayAsync(string invoice, JsonBody<PayInvoiceBody> body, Caller caller, InvoiceService invoices, InvoiceCollector collector, HttpContext context)
    {
        var id = Ids.Require("invoice", invoice);
        var paid = await collector.TakeAsync(caller.Tenant, id, body.Value.Method, null, For(caller, caller.Tenant, context), CancellationToken.None);
        return paid.State.State == InvoiceState.Issued && paid.State.Attempts == 0
            ? throw new DomainException(InvoiceErrors.NoMethod(paid.State.Number!))
            : View(paid, null, context);
    }

    private static async Task<Ok<InvoiceView>> RefundAsync(string tenant, string invoice, JsonBody<RefundInvoiceBody> body, Caller caller, InvoiceCollector collector, HttpContext context)
    {
        var refund = InvoiceCollector.RefundId(Slug(tenant), IdempotencyKey.Require(context));
        return View(await collector.RefundAsync(tenant, Ids.Require("invoice", invoice), refund, body.Value.Amount, body.Value.Reason, For(caller, tenant, context), CancellationToken.None), refund, context);
    }

    private static Task<Ok<PeriodClosedView>> CloseAsync(JsonBody<ClosePeriodBody> body, Caller caller, BillingDesk desk, HttpContext context) => ClosePeriodAsync(caller.Tenant, body.Value, caller, desk, context);

    private static Task<Ok<PeriodClosedView>> CloseForAsync(string tenant, JsonBody<ClosePeriodBody> body, Caller caller, BillingDesk desk, HttpContext context) => ClosePeriodAsync(Slug(tenant), body.Value, caller, desk, context);

    private static async Task<Ok<PeriodClosedView>> ClosePeriodAsync(string tenant, ClosePeriodBody body, Caller caller, BillingDesk desk, HttpContext context)
    {
        var closed = await desk.CloseAsync(tenant, body.At?.ToUniversalTime(), For(caller, tenant, context), CancellationToken.None);
        Freshness.Answer(context, closed.Position);
        return TypedResults.Ok(new PeriodClosedView(closed.Period.From, closed.Period.To, closed.Invoice?.Generated?.Invoice, closed.Invoice?.Number, closed.Invoice?.State, closed.Invoice?.Total));
    }

    private static async Task<Ok<BrandingBody>> GetBrandingAsync(Caller caller, BrandingService branding, CancellationToken cancellationToken) =>
        TypedResults.Ok(View((await branding.LoadAsync(Branding.Stream(caller.Tenant), cancellationToken)).State.Branding));

    private static async Task<Ok<BrandingBody>> SetBrandingAsync(JsonBody<BrandingBody> body, Caller caller, BrandingService branding, TimeProvider time, HttpContext context)
    {
        var b = body.Value;
        var result = await branding.HandleAsync(new SetBranding(caller.Tenant, new() { Name = b.Name, Colour = b.Colour, Footer = b.Footer, Logo = b.Logo }, time.GetUtcNow()), For(caller, caller.Tenant, context) with { IdempotencyKey = IdempotencyKey.Require(context) }, CancellationToken.None);
        Freshness.Answer(context, result.Position);
        return TypedResults.Ok(View(result.State.Branding));
    }

    private static async Task<Ok<InvoiceView>> RecordPaymentAsync(string tenant, string invoice, JsonBody<OutsidePaymentBody> body, Caller caller, InvoiceService invoices, TimeProvider time, HttpContext context)
    {
        var result = await invoices.HandleAsync(new RecordInvoicePayment(Slug(tenant), Ids.Require("invoice", invoice), body.Value.Reference, time.GetUtcNow()), For(caller, tenant, context), CancellationToken.None);
        return View(new(result.State, result.Version, result.Position), null, context);
    }

    private static async Task<Ok<InvoiceView>> WriteOffAsync(string tenant, string invoice, JsonBody<WriteOffBody> body, Caller caller, InvoiceService invoices, TimeProvider time, HttpContext context)
    {
        var result = await invoices.HandleAsync(new WriteInvoiceOff(Slug(tenant), Ids.Require("invoice", invoice), body.Value.Reason, caller.Actor, time.GetUtcNow()), For(caller, tenant, context), CancellationToken.None);
        return View(new(result.State, result.Version, result.Position), null, context);
    }

    private static RouteHandlerBuilder Formats(this RouteHandlerBuilder endpoint) => endpoint
        .Query("format", "string", "What it is written as. Default: as the header Accept says, else json.", "pdf", choices: ["json", "csv", "html", "pdf"])
        .Produces<InvoiceStatement>(200, "application/json")
        .Problem(503);

    private static InvoiceFormat FormatOf(QueryReader query, HttpContext context)
    {
        if (query.Choice<InvoiceFormat>("format") is { } asked)
        {
            return asked;
        }

        var accepted = context.Request.GetTypedHeaders().Accept.OrderByDescending(a => a.Quality ?? 1).Select(a => a.MediaType.Value?.ToLowerInvariant());
        foreach (var type in accepted)
        {
            switch (type)
            {
                case "application/json" or "*/*" or "application/*":
                    return InvoiceFormat.Json;
                case "text/html" or "text/*":
                    return InvoiceFormat.Html;
                case "text/csv":
                    return InvoiceFormat.Csv;
                case "application/pdf":
                    return InvoiceFormat.Pdf;
                default:
                    break;
            }
        }

        return InvoiceFormat.Json;
    }

    private static IResult Write(InvoiceStatement invoice, InvoiceFormat format, Branding branding, BillingOptions options, HttpContext context)
    {
        context.Response.Headers.Vary = "Accept";
        context.Response.Headers.CacheControl = "private, no-cache";
        switch (format)
        {
            case InvoiceFormat.Json:
                return Results.Bytes(JsonSerializer.SerializeToUtf8Bytes(invoice, Plain.InvoiceStatement), "application/json");
            case InvoiceFormat.Csv:
                return Results.Bytes(InvoiceCsv.Render(invoice), "text/csv; charset=utf-8", InvoiceText.FileName(invoice, "csv"));
            case InvoiceFormat.Html:
                // Nothing in it runs, and nothing is fetched.
                context.Response.Headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";
                return Results.Bytes(InvoiceHtml.Render(invoice, branding), "text/html; charset=utf-8");
            case InvoiceFormat.Pdf:
                return Results.Bytes(InvoicePdf.Render(invoice, branding, options.FontFolder), "application/pdf", InvoiceText.FileName(invoice, "pdf"));
            default:
                throw new InvalidOperationException($"The format {format} is not known.");
        }
    }

    private static Ok<InvoiceView> View(Loaded<Invoice> loaded, string? refund, HttpContext context)
    {
        Freshness.Answer(context, loaded.Position);
        var statement = InvoiceStatement.Of(loaded.State);
        var failed = refund is null ? null : loaded.State.Refunds.FirstOrDefault(r => r.Refund == refund)?.Trouble;
        return TypedResults.Ok(new InvoiceView(statement.Invoice!, statement.Number, statement.State, loaded.State.Total, loaded.State.Due, loaded.State.Refunded, failed ?? statement.Trouble, statement.NextAttempt, refund));
    }

    private static BrandingBody View(Branding branding) => new(branding.Name, branding.Colour, branding.Footer, branding.Logo);

    private static string Slug(string tenant) => Domain.Tenants.Tenant.IsSlug(tenant) ? tenant : throw Problems.NotFound("tenant", tenant.Length > 60 ? tenant[..60] + "…" : tenant);

    private static CommandContext For(Caller caller, string tenant, HttpContext context) => new(tenant, caller.Actor, null, Correlation.Of(context));
}
