using System.Collections.Concurrent;
using System.Text.Json;
using AIaaS.Commands.Orders;
using AIaaS.Commands.Tools;
using Commands.Tests.Support;

namespace Commands.Tests.Orders;

/// <summary>The 74 tasks of the public retail data, each on a fresh copy of the imported shop: every call gives what was recorded, and afterwards just what was recorded has changed.</summary>
public sealed class The_recorded_tasks
{
    private string folder = "";
    private Dictionary<string, JsonElement> documents = [];

    private static IEnumerable<TestCaseData> Tasks()
    {
        var file = SharedData.TryFind("retail/gold.json");
        return file is null
            ? [new TestCaseData(null).SetArgDisplayNames("gold.json")]
            : JsonSerializer.Deserialize<JsonElement[]>(File.ReadAllBytes(file))!.Select(t => new TestCaseData(t).SetArgDisplayNames(t.GetProperty("id").GetString()!));
    }

    [OneTimeSetUp]
    public async Task ImportAsync()
    {
        var data = await File.ReadAllBytesAsync(SharedData.Find("retail/db.json"));
        documents = Documents(JsonSerializer.Deserialize<JsonElement>(data));
        documents.Should().HaveCount(1_550);
        folder = ShopWorld.NewFolder();
        await using var world = await ShopWorld.OpenAsync(folder, keep: true);
        var import = await world.Importer.ImportAsync(ShopWorld.Tenant, data, ShopWorld.Context);
        (import.Products.Imported, import.Customers.Imported, import.Orders.Imported).Should().Be((50, 500, 1_000));
    }

    [OneTimeTearDown]
    public void Delete()
    {
        if (folder.Length > 0)
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [TestCaseSource(nameof(Tasks))]
    public async Task give_the_recorded_results_and_leave_the_recorded_state(JsonElement? task)
    {
        SharedData.Find("retail/gold.json");
        var expected = new Dictionary<string, JsonElement>(documents);
        foreach (var (id, document) in Documents(task!.Value.GetProperty("changed")))
        {
            expected[id] = document;
        }

        await using var world = await ShopWorld.CopyAsync(folder);
        await CallAllAsync(world, task.Value);
        await CompareAsync(world, expected);
        var events = await world.EventsAsync();

        // Again under the same keys: the same answers, and nothing is written.
        await CallAllAsync(world, task.Value, changesOnly: true);
        (await world.EventsAsync()).Should().Be(events);
    }

    [Test]
    public void are_365_calls() =>
        JsonSerializer.Deserialize<JsonElement[]>(File.ReadAllBytes(SharedData.Find("retail/gold.json")))!.Sum(t => t.GetProperty("calls").GetArrayLength()).Should().Be(365);

    private static async Task CallAllAsync(ShopWorld world, JsonElement task, bool changesOnly = false)
    {
        var number = 0;
        string? customer = null;
        foreach (var call in task.GetProperty("calls").EnumerateArray())
        {
            number++;
            var name = call.GetProperty("name").GetString()!;
            if (changesOnly && !world.Tools[name].Manifest.SideEffect)
            {
                continue;
            }

            var outcome = await world.CallAsync(name, call.GetProperty("arguments"), $"acme/task/{number}/{name}", world.Tools[name].Manifest.Authenticates ? null : customer);
            if (call.TryGetProperty("error", out var error))
            {
                outcome.Should().Be(new ToolOutcome.Failed("tool-error", error.GetString()!), $"call {number} ({name}) was refused");
                continue;
            }

            var output = outcome.Should().BeOfType<ToolOutcome.Succeeded>($"call {number} ({name}) succeeded: {outcome}").Which.Output;
            if (world.Tools[name].Manifest.Authenticates)
            {
                // From here on only this customer's data may be touched, as in a conversation.
                customer = output.GetString();
            }

            JsonElement.DeepEquals(output, call.GetProperty("result")).Should().BeTrue($"call {number} ({name}) gave\n{call.GetProperty("result").GetRawText()}\nand not\n{output.GetRawText()}");
        }
    }

    private static async Task CompareAsync(ShopWorld world, Dictionary<string, JsonElement> expected)
    {
        var different = new ConcurrentBag<string>();
        await Parallel.ForEachAsync(expected, async (document, ended) =>
        {
            var id = document.Key[(document.Key.IndexOf(' ') + 1)..];
            var now = document.Key[0] switch
            {
                'p' => ShopJson.Of(await world.Products.FindAsync(ShopWorld.Tenant, id, ended)),
                'u' => ShopJson.Of(await world.Customers.FindAsync(ShopWorld.Tenant, id, ended)),
                _ => ShopJson.Of(await world.Orders.FindAsync(ShopWorld.Tenant, id, ended)),
            };
            if (!JsonElement.DeepEquals(now, document.Value))
            {
                different.Add($"{document.Key}: {now.GetRawText()} and not {document.Value.GetRawText()}");
            }
        });
        different.Should().BeEmpty();
    }

    private static Dictionary<string, JsonElement> Documents(JsonElement shop) => shop.EnumerateObject()
        .SelectMany(section => section.Value.EnumerateObject().Select(d => ($"{section.Name} {d.Name}", d.Value)))
        .ToDictionary(d => d.Item1, d => d.Value);
}
