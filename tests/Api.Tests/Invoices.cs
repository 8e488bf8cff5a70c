using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AIaaS.Api.Hosting;
using AIaaS.Commands.Billing;
using AIaaS.Domain;
using AIaaS.Domain.Audit;
using AIaaS.Domain.Billing;
using AIaaS.Domain.Metering;
using AIaaS.Domain.Pricing;
using AIaaS.EventStore;
using AngleSharp.Html.Parser;
using Microsoft.Extensions.DependencyInjection;

namespace AIaaS.Api.Tests;

public sealed class Invoices : ApiTest
{
    private static readonly DateTimeOffset Month = new(TimeProvider.System.GetUtcNow().Year - 1, 3, 1, 0, 0, 0, TimeSpan.Zero);

    private const string Hostile = "Calls <script>alert(1)</script> & \"more\", =1+1";

    [Test]
    public async Task A_preview_shows_what_would_be_owed_now()
    {
        var tenant = await NewTenantAsync();
        var preview = await GetAsync("/v1/invoices/preview", tenant.Key);
        preview.Status.Should().Be(HttpStatusCode.OK, preview.Text);
        preview.MediaType.Should().Be("application/json");
        preview.Body!["state"]!.GetValue<string>().Should().Be("Draft");
        preview.Body["total"]!.GetValue<decimal>().Should().Be(0m);
        preview.Body["basis"]!["segments"]![0]!["plan"]!.GetValue<string>().Should().Be("pay-as-you-go");
    }

    [Test]
    public async Task A_period_is_not_closed_before_its_end_nor_before_the_tenant_was_there()
    {
        var tenant = await NewTenantAsync();
        (await PostAsync("/v1/billing/close", tenant.Key, "{}")).ShouldBeProblem(409, "billing-period-open");
        (await PostAsync("/v1/billing/close", tenant.Key, """{ "at": "2020-01-01T00:00:00Z" }""")).ShouldBeProblem(404, "billing-period-unknown");
        (await PostAsync("/v1/billing/close", tenant.Key, """{ "at": "0001-01-01T00:00:00Z" }""")).ShouldBeProblem(422, "validation-failed");
        (await PostAsync($"/v1/tenants/{tenant.Id}/billing/close", RunningApi.AdminKey, "{}")).ShouldBeProblem(409, "billing-period-open");
        (await PostAsync($"/v1/tenants/{tenant.Id}/billing/close", tenant.Key, "{}")).Status.Should().Be(HttpStatusCode.Forbidden);
    }

    [Test]
    public async Task An_invoice_is_found_by_number_state_time_amount_and_words()
    {
        var tenant = await NewTenantAsync();
        var made = await MakeAsync(tenant);
        async Task<int> Count(string query)
        {
            var page = await GetAsync($"/v1/invoices?min-position={made.Position}{query}", tenant.Key);
            page.Status.Should().Be(HttpStatusCode.OK, page.Text);
            return page.Body!["items"]!.AsArray().Count;
        }

        (await Count("")).Should().Be(1);
        (await Count("&number=" + made.Number)).Should().Be(1);
        (await Count("&number=XYZ")).Should().Be(0);
        (await Count("&state=Issued")).Should().Be(1);
        (await Count("&state=PastDue")).Should().Be(0);
        (await Count($"&from={Month:yyyy-MM-dd}&to={Month.AddDays(1):yyyy-MM-dd}")).Should().Be(1);
        (await Count($"&from={Month.AddDays(1):yyyy-MM-dd}")).Should().Be(0);
        (await Count("&min-amount=61.88")).Should().Be(1);
        (await Count("&min-amount=61.89")).Should().Be(0);
        (await Count("&text=CALLS%20team")).Should().Be(1);
        (await Count("&text=elephants")).Should().Be(0);
        (await GetAsync("/v1/invoices?min-amount=-1&state=nothing", tenant.Key)).ShouldBeProblem(400, "invalid-parameter").Pointers.Should().HaveCount(2);
    }

    [Test]
    public async Task An_invoice_as_json_is_what_the_program_verifies()
    {
        var tenant = await NewTenantAsync();
        var made = await MakeAsync(tenant);
        var json = await GetAsync($"/v1/invoices/{made.Id}", tenant.Key);
        json.Status.Should().Be(HttpStatusCode.OK, json.Text);
        var folder = Directory.CreateTempSubdirectory("aiaas-verify-").FullName;
        try
        {
            var (invoice, usage) = (Path.Combine(folder, "invoice.json"), Path.Combine(folder, "usage.jsonl"));
            await File.WriteAllTextAsync(invoice, json.Text);
            await File.WriteAllBytesAsync(usage, [.. made.Usage.SelectMany(u => u.Append((byte)'\n'))]);
            (await CommandLine.RunAsync(["invoice", "verify", invoice, "--usage", usage])).Should().Be(0);

            await File.WriteAllBytesAsync(usage, [.. made.Usage.Skip(1).SelectMany(u => u.Append((byte)'\n'))]);
            (await CommandLine.RunAsync(["invoice", "verify", invoice, $"--usage={usage}"])).Should().Be(1);

            await File.WriteAllBytesAsync(usage, [.. made.Usage.SelectMany(u => u.Append((byte)'\n'))]);
            await File.WriteAllTextAsync(invoice, json.Text.Replace("\"amount\":2.0,", "\"amount\":2.01,", StringComparison.Ordinal).Replace("\"amount\":2,", "\"amount\":2.01,", StringComparison.Ordinal));
            (await CommandLine.RunAsync(["invoice", "verify", invoice, "--usage", usage])).Should().Be(1);
            (await CommandLine.RunAsync(["invoice", "verify", usage, "--usage", usage])).Should().Be(1);
            (await CommandLine.RunAsync(["invoice", "verify", invoice])).Should().Be(1);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Test]
    public async Task An_invoice_as_html_stands_by_itself_and_runs_nothing()
    {
        var tenant = await NewTenantAsync();
        (await PostAsync("/v1/billing/branding", tenant.Key, JsonSerializer.Serialize(new { name = "Acme <b>Outdoor</b>", colour = "#1a4f8b", footer = "Thank you </footer>", logo = new { mediaType = "image/png", data = Pixel } }))).Status.Should().Be(HttpStatusCode.OK);
        var made = await MakeAsync(tenant);
        var html = await CallAsync(HttpMethod.Get, $"/v1/invoices/{made.Id}", tenant.Key, headers: ("Accept", "text/html"));
        html.Status.Should().Be(HttpStatusCode.OK, html.Text);
        html.MediaType.Should().Be("text/html");
        html.Header("Content-Security-Policy").Should().Contain("default-src 'none'");
        var document = new HtmlParser().ParseDocument(html.Text);
        document.Scripts.Should().BeEmpty();
        document.QuerySelectorAll("link, iframe, b").Should().BeEmpty();
        document.QuerySelector("h1")!.TextContent.Should().Be($"Invoice {made.Number}");
        document.QuerySelectorAll("tbody tr td:nth-child(2)").Select(c => c.FirstChild!.TextContent).Should().Contain(Hostile);
        document.QuerySelector("tr.total")!.TextContent.Should().Contain("61.88");
        document.QuerySelector("img")!.GetAttribute("src").Should().StartWith("data:image/png;base64,");
        document.QuerySelector("footer")!.TextContent.Should().Be("Thank you </footer>");
        document.QuerySelectorAll("code").Select(c => c.TextContent).Should().Contain(made.Root.ToString());
    }

    [Test]
    public async Task An_invoice_as_csv_has_a_row_for_each_line_and_no_formulas()
    {
        var tenant = await NewTenantAsync();
        var made = await MakeAsync(tenant);
        var csv = await GetAsync($"/v1/invoices/{made.Id}?format=csv", tenant.Key);
        csv.MediaType.Should().Be("text/csv");
        csv.Header("Content-Disposition").Should().Contain(made.Number + ".csv");
        var rows = csv.Text.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        rows.Should().HaveCount(1 + 3 + 4);
        rows[0].Should().StartWith("number,line,kind");
        rows[2].Should().Contain("\"Calls <script>alert(1)</script> & \"\"more\"\", =1+1\"");
        rows[^1].Should().Contain(",total,").And.Contain("61.88");
    }

    [Test]
    public async Task An_invoice_as_pdf_can_be_read()
    {
        var tenant = await NewTenantAsync();
        await PostAsync("/v1/billing/branding", tenant.Key, JsonSerializer.Serialize(new { name = "Größe 東京", colour = "#1a4f8b", footer = "Thank you", logo = new { mediaType = "image/png", data = Pixel } }));
        var made = await MakeAsync(tenant);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/invoices/{made.Id}?format=pdf");
        request.Headers.Authorization = new("Bearer", tenant.Key);
        using var response = await Client.SendAsync(request);
        var bytes = await response.Content.ReadAsByteArrayAsync();
        response.StatusCode.Should().Be(HttpStatusCode.OK, Encoding.UTF8.GetString(bytes));
        response.Content.Headers.ContentType!.MediaType.Should().Be("application/pdf");
        Encoding.ASCII.GetString(bytes, 0, 5).Should().Be("%PDF-");
        var text = await TextOfAsync(bytes);
        text.Should().Contain($"Invoice {made.Number}").And.Contain("61.88").And.Contain(made.Root.ToString()[..32]).And.MatchRegex("1 ?/ ?1");
    }

    [Test]
    public async Task A_proof_holds_for_each_event_of_a_line()
    {
        var tenant = await NewTenantAsync();
        var made = await MakeAsync(tenant);
        var page = await GetAsync($"/v1/invoices/{made.Id}/lines/2/events?limit=150", tenant.Key);
        page.Status.Should().Be(HttpStatusCode.OK, page.Text);
        page.Body!["items"]!.AsArray().Should().HaveCount(150);
        var rest = await GetAsync($"/v1/invoices/{made.Id}/lines/2/events?limit=150&cursor={page.Body["nextCursor"]!.GetValue<string>()}", tenant.Key);
        rest.Body!["items"]!.AsArray().Should().HaveCount(50);
        rest.Body["nextCursor"].Should().BeNull();
        Encoding.UTF8.GetBytes(page.Body["items"]![7]!["data"]!.GetValue<string>()).Should().Equal(made.Usage[7]);

        var proof = await GetAsync($"/v1/invoices/{made.Id}/proof?sequence=7", tenant.Key);
        proof.Status.Should().Be(HttpStatusCode.OK, proof.Text);
        var inclusion = proof.Body!["event"]!["lines"]![0]!;
        MerkleTree.IsIncluded(
            (ulong)inclusion["index"]!.GetValue<long>(),
            (ulong)inclusion["events"]!.GetValue<long>(),
            MerkleTree.HashLeaf(Encoding.UTF8.GetBytes(proof.Body["event"]!["data"]!.GetValue<string>())),
            [.. inclusion["proof"]!.AsArray().Select(h => Hash(h!))],
            Hash(proof.Body["lines"]![0]!["root"]!)).Should().BeTrue();
        (await GetAsync($"/v1/invoices/{made.Id}/proof?sequence=999999", tenant.Key)).ShouldBeProblem(404, "invoice-event-not-found");
        (await GetAsync($"/v1/invoices/{made.Id}/lines/2/events?cursor={long.MaxValue}", tenant.Key)).Body!["items"]!.AsArray().Should().BeEmpty("nothing lies behind the last");
        (await GetAsync($"/v1/invoices/{made.Id}/lines/1/events", tenant.Key)).ShouldBeProblem(404, "invoice-line-not-found");
        (await GetAsync($"/v1/invoices/{made.Id}/lines/first/events", tenant.Key)).ShouldBeProblem(404, "not-found");
    }

    [Test]
    public async Task An_invoice_is_paid_refunded_and_belongs_to_its_tenant()
    {
        var tenant = await NewTenantAsync();
        var made = await MakeAsync(tenant);
        (await PostAsync($"/v1/invoices/{made.Id}/pay", tenant.Key, "{}")).ShouldBeProblem(422, "payment-method-missing");
        var declined = await PostAsync($"/v1/invoices/{made.Id}/pay", tenant.Key, """{ "method": "pm_card_visa_chargeDeclined" }""");
        declined.Body!["state"]!.GetValue<string>().Should().Be("PastDue", declined.Text);
        declined.Body["trouble"]!.GetValue<string>().Should().Contain("declined");
        (await PostAsync($"/v1/tenants/{tenant.Id}/invoices/{made.Id}/refunds", RunningApi.AdminKey, """{ "reason": "goodwill" }""")).ShouldBeProblem(409, "nothing-to-refund");
        var paid = await PostAsync($"/v1/invoices/{made.Id}/pay", tenant.Key, """{ "method": "pm_card_visa" }""");
        paid.Body!["state"]!.GetValue<string>().Should().Be("Paid", paid.Text);

        var mine = (await GetAsync($"/v1/invoices/{made.Id}", tenant.Key)).Body!["payment"]!.GetValue<string>();
        (await PostAsync($"/v1/tenants/{tenant.Id}/invoices/{made.Id}/refunds", tenant.Key, """{ "reason": "mine" }""")).ShouldBeProblem(403, "platform-key-needed");
        (await PostAsync($"/v1/payments/{mine}/refunds", tenant.Key, """{ "reason": "mine" }""")).ShouldBeProblem(403, "payment-of-invoice");
        (await PostAsync("/v1/tools/refund_payment/calls", tenant.Key, $$"""{ "input": { "payment_id": "{{mine}}" } }""")).Text.Should().Contain("payment-of-invoice");

        var refund = await PostAsync($"/v1/tenants/{tenant.Id}/invoices/{made.Id}/refunds", RunningApi.AdminKey, """{ "reason": "goodwill", "amount": { "amount": 1.88, "currency": "USD" } }""", "refund-" + made.Id);
        refund.Body!["refunded"]!.GetValue<decimal>().Should().Be(1.88m, refund.Text);
        (await PostAsync($"/v1/tenants/{tenant.Id}/invoices/{made.Id}/refunds", RunningApi.AdminKey, """{ "reason": "goodwill", "amount": { "amount": 1.88, "currency": "USD" } }""", "refund-" + made.Id)).Text.Should().Be(refund.Text);
        (await PostAsync($"/v1/tenants/{tenant.Id}/invoices/{made.Id}/refunds", RunningApi.AdminKey, """{ "reason": "more", "amount": { "amount": 60.01, "currency": "USD" } }""")).ShouldBeProblem(409, "refund-too-large");
        var again = await GetAsync($"/v1/invoices/{made.Id}", tenant.Key);
        again.Body!["refunds"]!.AsArray().Should().ContainSingle().Which!["actor"]!.GetValue<string>().Should().Be("platform");
        again.Body["total"]!.GetValue<decimal>().Should().Be(61.88m, "what is owed never changes");

        var other = await NewTenantAsync();
        (await GetAsync($"/v1/invoices/{made.Id}", other.Key)).ShouldBeProblem(404, "invoice-not-found");
        (await GetAsync($"/v1/invoices/{made.Id}", await NewKeyAsync(tenant.Id, "leads:read"))).ShouldBeProblem(403, "missing-scope");
    }

    [Test]
    public async Task An_invoice_is_paid_in_another_way_or_written_off_by_the_platform()
    {
        var tenant = await NewTenantAsync();
        var made = await MakeAsync(tenant);
        (await PostAsync($"/v1/tenants/{tenant.Id}/invoices/{made.Id}/write-off", RunningApi.AdminKey, """{ "reason": " " }""")).ShouldBeProblem(422, "invoice-request-invalid");
        var paid = await PostAsync($"/v1/tenants/{tenant.Id}/invoices/{made.Id}/payments", RunningApi.AdminKey, """{ "reference": "bank transfer 7" }""");
        paid.Body!["state"]!.GetValue<string>().Should().Be("Paid", paid.Text);
        (await PostAsync($"/v1/tenants/{tenant.Id}/invoices/{made.Id}/write-off", RunningApi.AdminKey, """{ "reason": "closed" }""")).ShouldBeProblem(409, "invoice-paid");
        (await PostAsync($"/v1/tenants/{tenant.Id}/invoices/{made.Id}/payments", tenant.Key, """{ "reference": "mine" }""")).Status.Should().Be(HttpStatusCode.Forbidden);
    }

    [Test]
    public async Task Branding_that_cannot_be_used_is_refused_with_all_faults()
    {
        var tenant = await NewTenantAsync();
        (await PostAsync("/v1/billing/branding", tenant.Key, """{ "colour": "red", "logo": { "mediaType": "image/svg+xml", "data": "PHN2Zz4=" } }""")).ShouldBeProblem(422, "branding-invalid").Text.Should().Contain("colour").And.Contain("neither image/png");
        (await GetAsync("/v1/billing/branding", tenant.Key)).Body!["colour"].Should().BeNull();
    }

    // A PNG of one pixel.
    private const string Pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

    private static MerkleHash Hash(JsonNode node) => MerkleHash.TryParse(node.GetValue<string>(), out var hash) ? hash : throw new FormatException(node.ToJsonString());

    private static async Task<string> TextOfAsync(byte[] pdf)
    {
        var file = Path.Combine(RunningApi.Folder, $"invoice-{RunningApi.Next()}.pdf");
        await File.WriteAllBytesAsync(file, pdf);
        try
        {
            using var process = Process.Start(new ProcessStartInfo("pdftotext", ["-layout", file, "-"]) { RedirectStandardOutput = true, StandardOutputEncoding = Encoding.UTF8 })!;
            var text = await process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync();
            process.ExitCode.Should().Be(0);
            return text;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Ignore("pdftotext (Debian: poppler-utils) is not there.");
            return "";
        }
    }

    /// <summary>An invoice of a month of last year: a fee of 50, 200 calls for 2, and tax.</summary>
    private static async Task<(string Id, string Number, MerkleHash Root, List<byte[]> Usage, LogPosition Position)> MakeAsync(Tenant tenant)
    {
        var services = RunningApi.Host.App.Services;
        var (log, types) = (services.GetRequiredService<IEventStore>(), services.GetRequiredService<EventTypes>());
        NewEvent[] usage =
        [
            .. Enumerable.Range(0, 200).Select(i => types.Write(NamedId.Of("used", tenant.Id, i.ToString(CultureInfo.InvariantCulture)), new UsageMetered("/tests", "e" + i, "com.example.call", null, Month.AddHours(i), JsonSerializer.SerializeToElement(new { i, text = "ü" }), [new("calls", 1m)], Month.AddHours(i)), new EventMetadata { Tenant = tenant.Id })),
        ];
        await log.AppendAsync(UsageMetered.Stream(tenant.Id), ExpectedVersion.NoStream, usage);
        var plan = new Plan("team", 1, "Team", "USD") { RecurringFee = 50m, Prices = ["calls"] };
        var book = PriceBookView.Initial.Evolve(new PlanPublished(plan, null, Month)).Evolve(new PricePublished(new("calls", 1, "calls", PriceModel.PerUnit, "USD", Month) { UnitAmount = 0.01m, Description = Hostile }, null, Month));
        var period = new BillingPeriod(1, Month, Month.AddMonths(1), Month, Month.AddMonths(1), "USD");
        var knowledge = new BillingKnowledge(tenant.Id, period, [new(period.From, period.To, "team", 1, false, period.WholeSeconds, period.WholeSeconds)], book, new() { Taxes = [new("VAT 19 %", 19m)] }, ImmutableDictionary<string, MeterDefinition>.Empty, await log.GetHeadAsync());
        var totals = await services.GetRequiredService<UsageFold>().OfAsync(tenant.Id, InvoiceCalculator.Slots(knowledge), period.From, period.To);
        var id = Invoice.IdOf(tenant.Id, period.From);
        var branding = (await services.GetRequiredService<BrandingService>().LoadAsync(Branding.Stream(tenant.Id))).Version;
        var now = TimeProvider.System.GetUtcNow();
        var draft = InvoiceCalculator.Draft(knowledge, totals);
        await services.GetRequiredService<InvoiceService>().HandleAsync(new GenerateInvoice(tenant.Id, new(id, draft, new("AIaaS", [], null, null), new("Tenant", [], null, null), branding, now.AddDays(14), now)), new(tenant.Id, "test"));
        var numbered = await services.GetRequiredService<BillingDesk>().NumberAsync(tenant.Id, id, new(tenant.Id, "test"));
        return (id, numbered.State.Number!, draft.Lines[1].Usage!.Root, [.. usage.Select(u => u.Data.ToArray())], numbered.Position);
    }
}
