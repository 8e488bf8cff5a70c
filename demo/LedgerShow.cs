using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;

namespace AIaaS.Demo;

/// <summary>Shows what usage becomes: a table, a budget that stops a run, an invoice that anybody can check against the usage, and what the check says when an event is altered.</summary>
internal static class LedgerShow
{
    private const string Monthly = "shop";
    private const string Yearly = "shop-yearly";

    /// <summary>Puts the tenant on a plan: a fee, model calls at cost with a fifth on top, and parcels by the piece.</summary>
    public static async Task OpenAsync(ShopClient platform, string tenant, CancellationToken cancellationToken)
    {
        await platform.PutAsync("/v1/prices/model-calls", JsonNode.Parse("""{ "meter": "cost", "model": "Percentage", "currency": "USD", "from": "2026-01-01T00:00:00Z", "percent": 120, "description": "Model calls, cost plus 20 %" }""")!, cancellationToken);
        await platform.PutAsync("/v1/prices/parcels", JsonNode.Parse("""{ "meter": "parcels", "model": "Graduated", "currency": "USD", "from": "2026-01-01T00:00:00Z", "tiers": [ { "upTo": 100, "unitAmount": 0.05 }, { "unitAmount": 0.03 } ], "freeAllowance": 10, "description": "Parcels" }""")!, cancellationToken);
        const string Meter = """{ "meter": "parcels", "eventType": "com.larkfell.parcel.sent", "aggregation": "Sum", "value": "$.parcels", "dimensions": { "carrier": "$.carrier" }, "unit": "parcels" }""";
        foreach (var (plan, interval, fee) in ((string, string, int)[])[(Monthly, "Month", 9), (Yearly, "Year", 90)])
        {
            var body = JsonNode.Parse($$"""{ "name": "Shop, by the {{interval.ToLowerInvariant()}}", "currency": "USD", "recurringFee": {{fee}}, "interval": "{{interval}}", "prices": [ "model-calls", "parcels" ], "meters": [ {{Meter}} ] }""")!;
            await platform.PutAsync($"/v1/plans/{plan}", body, cancellationToken);
        }

        await platform.PostAsync($"/v1/tenants/{tenant}/subscription", new JsonObject { ["plan"] = Monthly, ["reason"] = "the demo" }, cancellationToken);
    }

    public static async Task ShowAsync(string api, ShopClient shop, CancellationToken cancellationToken)
    {
        await ReportAsync(shop, cancellationToken);
        await UsageAsync(shop, cancellationToken);
        await BudgetAsync(shop, cancellationToken);
        await InvoiceAsync(api, shop, cancellationToken);
    }

    /// <summary>The shop reports parcels of its own as CloudEvents, all of them twice.</summary>
    private static async Task ReportAsync(ShopClient shop, CancellationToken cancellationToken)
    {
        var at = TimeProvider.System.GetUtcNow().AddSeconds(-2).ToString("O", CultureInfo.InvariantCulture);
        var events = new JsonArray();
        for (var i = 1; i <= 250; i++)
        {
            events.Add(JsonNode.Parse($$"""{ "specversion": "1.0", "source": "/larkfell/warehouse", "id": "parcel-{{i}}", "type": "com.larkfell.parcel.sent", "time": "{{at}}", "data": { "parcels": {{1 + (i % 3)}}, "carrier": "{{(i % 4 == 0 ? "swift" : "post")}}" } }"""));
        }

        Console.WriteLine("\nThe shop's warehouse reports parcels as CloudEvents, and, not sure that they came, all of them again:");
        for (var time = 1; time <= 2; time++)
        {
            var taken = await shop.PostAsync("/v1/usage/events", events.DeepClone(), cancellationToken, type: "application/cloudevents-batch+json");
            Console.WriteLine($"  sent {(time == 1 ? "once " : "again")}  accepted {taken["accepted"],3}, duplicate {taken["duplicate"],3}, refused {taken["refused"],3}");
        }
    }

    private static async Task UsageAsync(ShopClient shop, CancellationToken cancellationToken)
    {
        Console.WriteLine("\nWhat was used, by meter (GET /v1/usage):");
        var table = new Table(("meter", 24), ("by", 22), ("unit", 10), ("value", -14), ("events", -8));
        table.Head();
        foreach (var (meter, dimension) in ((string, string)[])[("runs", "workflow"), ("model_calls", "tier"), ("tokens.uncached_input", "tier"), ("tokens.output", "tier"), ("cost", "tier"), ("tool_calls", "outcome"), ("parcels", "carrier")])
        {
            var report = await shop.GetAsync($"/v1/usage?meter={meter}&group-by={dimension}&min-position={shop.Position}", cancellationToken);
            foreach (var row in (JsonArray)report["rows"]!)
            {
                var by = string.Join(", ", row!["dimensions"]!.AsObject().Select(d => d.Value!.GetValue<string>()));
                table.Row(meter, by, report["unit"]!.GetValue<string>(), row["value"]!.GetValue<decimal>().ToString("#,##0.######", CultureInfo.InvariantCulture), $"{row["events"]}");
            }
        }
    }

    private static async Task BudgetAsync(ShopClient shop, CancellationToken cancellationToken)
    {
        Console.WriteLine("\nA hard budget of $0.0004 a day for the workflow faq_handling, and the same question until it is spent:");
        await shop.PutAsync("/v1/budgets/faq-daily", JsonNode.Parse("""{ "interval": "Day", "limit": { "amount": 0.0004, "currency": "USD" }, "scope": "Workflow", "of": "faq_handling", "hard": true, "alerts": [ 80, 100 ], "name": "Questions, daily" }""")!, cancellationToken);
        var stopped = false;
        for (var i = 1; i <= 6 && !stopped; i++)
        {
            var answer = await shop.PostAsync("/v1/messages", new JsonObject { ["text"] = "How long is a gift card valid?" }, cancellationToken);
            var budget = await SettledAsync(shop, cancellationToken);
            stopped = answer["reason"]!.GetValue<string>().StartsWith("budget", StringComparison.Ordinal);
            Console.WriteLine($"  {i}  {answer["outcome"],-9} {answer["reason"],-18} settled {Amount(budget["settled"])}, available {Amount(budget["available"])}");
        }

        await shop.DeleteAsync("/v1/budgets/faq-daily", cancellationToken);
        if (!stopped)
        {
            throw new DemoException("The budget stopped no run.");
        }
    }

    /// <summary>The budget when nothing of it is reserved: settling follows the answer by some milliseconds.</summary>
    private static async Task<JsonNode> SettledAsync(ShopClient shop, CancellationToken cancellationToken)
    {
        for (var i = 0; i < 500; i++)
        {
            var budget = await shop.GetAsync("/v1/budgets/faq-daily", cancellationToken);
            if (budget["open"]!.GetValue<int>() == 0)
            {
                return budget;
            }

            await Task.Delay(20, cancellationToken);
        }

        throw new DemoException("Money stays reserved though no run is open.");
    }

    /// <summary>The tenant goes over to the yearly plan, so that its month ends now, and gets the invoice of it.</summary>
    private static async Task InvoiceAsync(string api, ShopClient shop, CancellationToken cancellationToken)
    {
        // Plans hold from a full second on; what was used in this one belongs to the time before.
        await Task.Delay(TimeSpan.FromSeconds(1.1), cancellationToken);
        await shop.PostAsync("/v1/subscription/change", new JsonObject { ["plan"] = Yearly, ["when"] = "AtOnce", ["reason"] = "the shop stays" }, cancellationToken);
        var closed = await shop.PostAsync("/v1/billing/close", new JsonObject(), cancellationToken);
        var invoice = await shop.GetAsync($"/v1/invoices/{closed["invoice"]}", cancellationToken);
        Console.WriteLine($"\nThe shop goes over to the yearly plan; the invoice {invoice["number"]} of the time before, to the second:");
        foreach (var line in (JsonArray)invoice["lines"]!)
        {
            Console.WriteLine($"  {line!["number"],2}  {Table.Shorten(line["description"]!.GetValue<string>(), 30),-30} {Table.Shorten(line["arithmetic"]!.GetValue<string>(), 64),-64} {line["amount"]!.GetValue<decimal>().ToString("0.00", CultureInfo.InvariantCulture),8}  {(line["usage"] is { } usage ? $"{usage["events"]} events, root {usage["root"]!.GetValue<string>()[..12]}…" : "")}");
        }

        Console.WriteLine($"      total {invoice["total"]!.GetValue<decimal>().ToString("0.00", CultureInfo.InvariantCulture)} {invoice["basis"]!["currency"]}");

        var folder = Directory.CreateDirectory(Path.GetFullPath("artifacts/invoice")).FullName;
        var (file, usageFile, altered) = (Path.Combine(folder, "invoice.json"), Path.Combine(folder, "usage.jsonl"), Path.Combine(folder, "altered.jsonl"));
        await File.WriteAllTextAsync(file, await shop.GetTextAsync($"/v1/invoices/{closed["invoice"]}", cancellationToken), cancellationToken);
        await File.WriteAllTextAsync(Path.Combine(folder, "invoice.html"), await shop.GetTextAsync($"/v1/invoices/{closed["invoice"]}?format=html", cancellationToken), cancellationToken);
        var export = await shop.GetTextAsync("/v1/usage/events", cancellationToken);
        await File.WriteAllTextAsync(usageFile, export, cancellationToken);
        Console.WriteLine("\naiaas invoice verify artifacts/invoice/invoice.json --usage artifacts/invoice/usage.jsonl   (no server, no key: the tenant's own export)");
        var right = await VerifyAsync(api, file, usageFile, cancellationToken);

        const string Reading = "\"meter\":\"parcels\",\"value\":3";
        var at = export.IndexOf(Reading, StringComparison.Ordinal);
        await File.WriteAllTextAsync(altered, at < 0 ? export : export[..at] + Reading.Replace('3', '4') + export[(at + Reading.Length)..], cancellationToken);
        Console.WriteLine("\nThe same with one digit of one event altered, three parcels turned into four (--usage artifacts/invoice/altered.jsonl):");
        var wrong = await VerifyAsync(api, file, altered, cancellationToken);
        if (right != 0 || wrong == 0)
        {
            throw new DemoException("The check of the invoice did not tell the true usage from the altered one.");
        }
    }

    private static async Task<int> VerifyAsync(string api, string invoice, string usage, CancellationToken cancellationToken)
    {
        using var process = Process.Start(new ProcessStartInfo("dotnet", [api, "invoice", "verify", invoice, "--usage", usage]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEndAsync(cancellationToken);
        var said = await process.StandardOutput.ReadToEndAsync(cancellationToken) + await errors;
        await process.WaitForExitAsync(cancellationToken);
        foreach (var line in said.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            Console.WriteLine("  " + line);
        }

        return process.ExitCode;
    }

    private static string Amount(JsonNode? money) => string.Create(CultureInfo.InvariantCulture, $"${money!["amount"]!.GetValue<decimal>():0.######}");
}
