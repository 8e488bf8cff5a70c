using System.Diagnostics;
using System.Text.Json.Nodes;

namespace AIaaS.Demo;

/// <summary>Shows what acts: an order cancelled on the customer's yes, a saga that undoes what it did, the ledger of side effects with a call that nobody heard of again, and a workflow's graph.</summary>
internal static class OrdersShow
{
    /// <summary>Imports the small shop beside the program into the tenant, before the API opens the data folder.</summary>
    public static async Task ImportAsync(string api, string folder, string tenant, string name, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo("dotnet", [api, "import", "retail", Path.Combine(AppContext.BaseDirectory, "shop.json"), "--tenant", tenant, "--create-tenant", name])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["DataFolder"] = folder },
        };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync(cancellationToken);
        await process.StandardOutput.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        if (process.ExitCode != 0)
        {
            throw new DemoException("The shop could not be imported: " + await errors);
        }
    }

    public static async Task ShowAsync(ShopClient shop, CancellationToken cancellationToken)
    {
        var run = await TalkAsync(shop, cancellationToken);
        await LedgerAsync(shop, run, cancellationToken);
        await UnknownAsync(shop, cancellationToken);
        await SagaAsync(shop, cancellationToken);
        await GraphAsync(shop, run, cancellationToken);
    }

    private static async Task<string> TalkAsync(ShopClient shop, CancellationToken cancellationToken)
    {
        Console.WriteLine("\nA customer cancels an order (workflow customer_support):");
        string? conversation = null;
        var run = "";
        foreach (var text in (string[])["I want to cancel my order #W0000006, I no longer need it", "customer.d@example.com", "yes, please"])
        {
            var answer = await shop.SayAsync(conversation, text, "customer_support", cancellationToken);
            (conversation, run) = (answer["conversation"]!.GetValue<string>(), answer["run"]!.GetValue<string>());
            Console.WriteLine($"  customer  {text}\n  shop      {answer["answer"]}");
        }

        return run;
    }

    private static async Task LedgerAsync(ShopClient shop, string run, CancellationToken cancellationToken)
    {
        Console.WriteLine("\nWhat that run did to the world (the side-effect ledger), and what it only looked up:");
        var calls = (JsonArray)(await shop.GetAsync($"/v1/side-effects?run={run}&min-position={shop.Position}", cancellationToken))["items"]!;
        foreach (var call in calls.Reverse())
        {
            Console.WriteLine($"  {call!["call"],-28} {call["tool"],-24} {call["state"],-10} {(call["sideEffect"]!.GetValue<bool>() ? "changes" : "looks up")}");
        }
    }

    /// <summary>A call whose answer is lost: it waits on the ledger until somebody settles it, and is never sent again.</summary>
    private static async Task UnknownAsync(ShopClient shop, CancellationToken cancellationToken)
    {
        Console.WriteLine("\nA courier books a parcel and cuts the connection before it answers. Its tool says that it is not idempotent:");
        await using var courier = new Courier();
        var tool = JsonNode.Parse("""
            {
              "name": "book_courier", "version": "1.0.0", "description": "Books a courier for a parcel.", "sideEffect": true, "idempotent": false,
              "input": { "type": "object", "properties": { "order": { "type": "string" } }, "required": ["order"] }, "output": true,
              "adapter": { "http": { "method": "POST", "body": { "order": "{{ $.input.order }}" } } }
            }
            """)!;
        tool["adapter"]!["http"]!["url"] = courier.Url.ToString();
        await shop.PostAsync("/v1/tools", tool, cancellationToken);

        var input = JsonNode.Parse("""{ "input": { "order": "#W0000002" } }""")!;
        var key = ShopClient.NewKey();
        var call = await shop.PostAsync("/v1/tools/book_courier/calls", input, cancellationToken, key);
        Console.WriteLine($"  called               {call["state"]}: {call["reason"]}");
        await ListUnknownAsync(shop, cancellationToken);

        var again = await shop.PostAsync("/v1/tools/book_courier/calls", input, cancellationToken, key);
        Console.WriteLine($"  called again         {again["state"]}: the same call, nothing was sent");
        const string Reason = "the courier's list of the day has the parcel";
        await shop.PostAsync($"/v1/side-effects/{call["id"]}/resolution", new JsonObject { ["outcome"] = "succeeded", ["reason"] = Reason }, cancellationToken);
        var settled = await shop.GetAsync($"/v1/side-effects/{call["id"]}?min-position={shop.Position}", cancellationToken);
        Console.WriteLine($"  settled by a person  {settled["state"]}, succeeded {settled["succeeded"]}: {settled["reason"]}");
        await shop.PostAsync("/v1/tools/book_courier/calls", input, cancellationToken, key);
        var left = await ListUnknownAsync(shop, cancellationToken);
        Console.WriteLine($"  the courier's books  {courier.Booked.Count} parcel, after three times the same call");
        if (call["state"]!.GetValue<string>() != "unknown" || settled["state"]!.GetValue<string>() != "resolved" || left != 0 || courier.Booked.Count != 1)
        {
            throw new DemoException("The ledger does not show what happened.");
        }
    }

    private static async Task<int> ListUnknownAsync(ShopClient shop, CancellationToken cancellationToken)
    {
        var unknown = (JsonArray)(await shop.GetAsync($"/v1/side-effects?state=unknown&min-position={shop.Position}", cancellationToken))["items"]!;
        var tools = unknown.Count == 0 ? "nothing" : string.Join(", ", unknown.Select(u => $"{u!["tool"]}"));
        Console.WriteLine($"  ?state=unknown       {tools}");
        return unknown.Count;
    }

    private static async Task SagaAsync(ShopClient shop, CancellationToken cancellationToken)
    {
        Console.WriteLine("\nAn order is placed with a card that will be declined; the saga undoes what it had done:");
        await shop.PostAsync("/v1/orders", JsonNode.Parse("""{"customer":"customer_c","items":[{"item":"3000000006","quantity":2}],"paymentMethod":"pm_card_chargeDeclined"}""")!, cancellationToken);
        var since = Stopwatch.StartNew();
        while (since.Elapsed < TimeSpan.FromSeconds(20))
        {
            var sagas = (JsonArray)(await shop.GetAsync("/v1/sagas?name=order-placement", cancellationToken))["items"]!;
            if (sagas.FirstOrDefault() is { } saga && saga["endedAt"] is not null)
            {
                var timeline = (JsonArray)(await shop.GetAsync($"/v1/sagas/{Uri.EscapeDataString(saga["saga"]!.GetValue<string>())}/timeline", cancellationToken))["entries"]!;
                foreach (var entry in timeline.Where(e => e!["type"]!.GetValue<string>() is not "tool.call.requested"))
                {
                    Console.WriteLine($"  {entry!["type"],-28} {entry["step"],-12} {entry["data"]?["tool"]} {entry["data"]?["reason"]}");
                }

                Console.WriteLine($"  {saga["saga"]}: {saga["state"]}");
                return;
            }

            await Task.Delay(50, cancellationToken);
        }

        throw new DemoException("The saga has not ended within 20 s.");
    }

    private static async Task GraphAsync(ShopClient shop, string run, CancellationToken cancellationToken)
    {
        var file = Path.GetFullPath("artifacts/run-graph.svg");
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        await File.WriteAllTextAsync(file, await shop.GetTextAsync($"/v1/runs/{run}/graph", cancellationToken), cancellationToken);
        Console.WriteLine("\nThe workflow with the way that the run took: artifacts/run-graph.svg");
    }
}
