using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;

namespace AIaaS.Demo;

/// <summary>Shows what acts: an order cancelled on the customer's yes, a saga that undoes what it did, the ledger of side effects, and a workflow's graph.</summary>
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

        var unknown = (JsonArray)(await shop.GetAsync("/v1/side-effects?state=unknown", cancellationToken))["items"]!;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  unresolved now: {unknown.Count}"));
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
