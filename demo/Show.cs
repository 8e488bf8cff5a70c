using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace AIaaS.Demo;

/// <summary>Shows the product at work for a made-up shop, over HTTP: from an empty data folder to replayed episodes.</summary>
internal static class Show
{
    private const string Tenant = "larkfell";
    private const string TenantName = "Larkfell Outdoor";
    private const string Usage = """
        Demo --api PROGRAM [--stay] [--data FOLDER] [--port NUMBER]
          --api PROGRAM   the API's built program (AIaaS.Api.dll)
          --stay          load the articles and stay up, until Ctrl-C
          --data FOLDER   where the data lies; default: a new folder that is removed at the end
          --port NUMBER   default: a free one
        """;

    private sealed record Options(string Api, bool Stay, string? Data, int? Port);

    public static async Task<int> RunAsync(string[] args)
    {
        if (Parse(args) is not { } options)
        {
            Console.Error.WriteLine(Usage);
            return 2;
        }

        using var stop = new CancellationTokenSource();
        using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        var folder = options.Data ?? Directory.CreateTempSubdirectory("aiaas-demo-").FullName;
        try
        {
            var admin = "demo-" + RandomNumberGenerator.GetHexString(48, lowercase: true);
            await OrdersShow.ImportAsync(Path.GetFullPath(options.Api), Path.GetFullPath(folder), Tenant, TenantName, stop.Token);
            await using var api = await ApiProcess.StartAsync(Command(options), Path.GetFullPath(folder), options.Port ?? ApiProcess.FreePort(), admin, stop.Token);
            var key = await OpenShopAsync(api, admin, stop.Token);
            return options.Stay ? await StayAsync(api, key, admin, stop.Token) : await ShowAsync(Path.GetFullPath(options.Api), api, key, stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return options.Stay ? 0 : 130;
        }
        catch (Exception e) when (e is DemoException or HttpRequestException)
        {
            Console.Error.WriteLine(e.Message);
            return 1;
        }
        finally
        {
            if (options.Data is null)
            {
                Directory.Delete(folder, recursive: true);
            }
        }

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.Cancel();
        }
    }

    /// <summary>The API; where the demo is shown it may call the courier, which is a server of this process.</summary>
    private static string[] Command(Options options)
    {
        var api = Path.GetFullPath(options.Api);
        return options.Stay ? [api] : [api, "--Tools:AllowedNetworks:0=127.0.0.1/32"];
    }

    private static Options? Parse(string[] args)
    {
        var options = new Options("", false, null, null);
        for (var i = 0; i < args.Length; i++)
        {
            var value = i + 1 < args.Length ? args[i + 1] : null;
            switch (args[i])
            {
                case "--stay":
                    options = options with { Stay = true };
                    continue;
                case "--api" when value is not null:
                    options = options with { Api = value };
                    break;
                case "--data" when value is not null:
                    options = options with { Data = value };
                    break;
                case "--port" when int.TryParse(value, CultureInfo.InvariantCulture, out var port):
                    options = options with { Port = port };
                    break;
                default:
                    return null;
            }

            i++;
        }

        return options.Api.Length > 0 ? options : null;
    }

    /// <summary>Creates the tenant with a key and loads its articles.</summary>
    private static async Task<string> OpenShopAsync(ApiProcess api, string admin, CancellationToken cancellationToken)
    {
        using var platform = new ShopClient(api.Url, admin);
        await platform.CreateTenantAsync(Tenant, TenantName, cancellationToken);
        await LedgerShow.OpenAsync(platform, Tenant, cancellationToken);
        var key = await platform.IssueKeyAsync(Tenant, "demo", cancellationToken);

        using var shop = new ShopClient(api.Url, key);
        var articles = Material.Articles();
        var position = "0";
        foreach (var article in articles)
        {
            position = await shop.PutArticleAsync(article, cancellationToken);
        }

        var shown = await shop.CountArticlesAsync(position, cancellationToken);
        Console.WriteLine($"The API runs at {api.Url}.");
        Console.WriteLine($"Tenant {Tenant} ({TenantName}): {articles.Count} articles loaded, {articles.Count(a => a.IsStaff)} of them for staff only.");
        return shown >= articles.Count ? key : throw new DemoException($"The read model shows {shown} of {articles.Count} articles.");
    }

    private static async Task<int> StayAsync(ApiProcess api, string key, string admin, CancellationToken cancellationToken)
    {
        const string Body = """{"text":"How long is a gift card valid?"}""";
        Console.WriteLine($"""

            URL        {api.Url.ToString().TrimEnd('/')}   (described at {new Uri(api.Url, "/docs")})
            API key    {key}
            admin key  {admin}   (of this start)

            curl -s {new Uri(api.Url, "/v1/messages")} -H 'Authorization: Bearer {key}' -H "Idempotency-Key: $(date +%s%N)" -H 'Content-Type: application/json' -d '{Body}'

            Ctrl-C stops it.
            """);
        await api.WaitAsync(cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        throw new DemoException("The API ended:\n" + api.Said());
    }

    private static async Task<int> ShowAsync(string program, ApiProcess api, string key, CancellationToken cancellationToken)
    {
        using var shop = new ShopClient(api.Url, key);
        var messages = Material.Messages();
        var answers = await AskAsync(shop, messages, cancellationToken);
        var kpisAgree = await ShowKpisAsync(shop, answers, cancellationToken);
        var exact = await ReplayAsync(shop, answers, cancellationToken);
        await OrdersShow.ShowAsync(shop, cancellationToken);
        await LedgerShow.ShowAsync(program, shop, cancellationToken);
        Console.WriteLine($"Resident memory of the API at the end: {api.ResidentMiB:0} MiB");
        return exact == answers.Count && kpisAgree ? 0 : 1;
    }

    private static async Task<IReadOnlyList<Answered>> AskAsync(ShopClient shop, IReadOnlyList<CustomerMessage> messages, CancellationToken cancellationToken)
    {
        var staff = Material.Articles().Where(a => a.IsStaff).Select(a => a.Id).ToHashSet();
        var table = new Table(("message", 44), ("answer", 60), ("cited article", 26), ("tier", 5), ("tokens", -6), ("cost $", -9), ("events", -6), ("ms", -6));
        Console.WriteLine();
        table.Head();
        var answers = new List<Answered>();
        var expected = 0;
        foreach (var message in messages)
        {
            var answer = await shop.AskAsync(message.Text, cancellationToken);
            var events = await shop.CountEventsAsync(answer, cancellationToken);
            answers.Add(answer);
            var handedOff = answer.Outcome != "Answered";
            expected += handedOff ? Has(message, Material.HandOff) : answer.Cited.Any(c => message.Expected.Contains(c)) ? 1 : 0;
            if (answer.Cited.FirstOrDefault(staff.Contains) is { } leaked)
            {
                throw new DemoException($"The staff-only article '{leaked}' was cited to a customer.");
            }

            table.Row(
                message.Text,
                answer.Text,
                handedOff ? "(to a person)" : string.Join(", ", answer.Cited),
                answer.Tier,
                Number(answer.Tokens, "0"),
                Number((double)answer.Cost, "0.000000"),
                Number(events, "0"),
                Number(answer.Milliseconds, "0.0"));
        }

        Console.WriteLine();
        Console.WriteLine($"{answers.Count(a => a.Outcome == "Answered")} of {answers.Count} messages were answered with a citation, {answers.Count(a => a.Outcome != "Answered")} went to a person.");
        Console.WriteLine($"{expected} of {answers.Count} ended as the author of the messages expected: by one of the articles named in demo/messages.txt, or with a person.");
        return answers;
    }

    private static int Has(CustomerMessage message, string expected) => message.Expected.Contains(expected) ? 1 : 0;

    private static async Task<bool> ShowKpisAsync(ShopClient shop, IReadOnlyList<Answered> answers, CancellationToken cancellationToken)
    {
        var total = (await shop.KpisAsync(answers[^1].Position, cancellationToken))["total"]!;
        Console.WriteLine("\nKPIs of the tenant, from the read model, no older than the last answer:");
        Console.WriteLine($"  runs          {total["runs"]}  ({Pairs(total["outcomes"]!)})");
        Console.WriteLine($"  success rate  {Number(total["successRate"]!.GetValue<double>() * 100, "0.0")} %");
        Console.WriteLine($"  latency ms    {Pairs(total["latencyMs"]!)}");
        Console.WriteLine($"  tokens        {Pairs(total["tokens"]!)}");
        Console.WriteLine($"  model calls   {total["modelCalls"]}");
        Console.WriteLine($"  cost          {Pairs(total["cost"]!)}");
        Console.WriteLine($"  tiers         {Pairs(total["tiers"]!)}");

        var runs = total["runs"]!.GetValue<long>();
        var cost = total["cost"]!["USD"]!.GetValue<decimal>();
        if (runs == answers.Count && cost == answers.Sum(a => a.Cost))
        {
            return true;
        }

        Console.Error.WriteLine($"The KPIs say {runs} runs and ${cost}; the answers were {answers.Count} and ${answers.Sum(a => a.Cost)}.");
        return false;
    }

    private static string Pairs(JsonNode json) => string.Join(", ", json.AsObject().Select(m => $"{m.Key} {m.Value!.GetValue<decimal>().ToString("#,##0.######", CultureInfo.InvariantCulture)}"));

    private static async Task<int> ReplayAsync(ShopClient shop, IReadOnlyList<Answered> answers, CancellationToken cancellationToken)
    {
        var exact = 0;
        foreach (var answer in answers)
        {
            if (await shop.ReplayAsync(answer.Run, cancellationToken) is { } difference)
            {
                Console.Error.WriteLine($"Run {answer.Run} did not replay: {difference}");
            }
            else
            {
                exact++;
            }
        }

        Console.WriteLine($"\nReplayed {answers.Count} episodes: {exact} bit-exact.");
        return exact;
    }

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
