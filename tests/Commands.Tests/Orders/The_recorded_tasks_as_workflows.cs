using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using AIaaS.Commands.Agents;
using AIaaS.Commands.Customers;
using AIaaS.Commands.Orders;
using AIaaS.Domain.Agents;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;
using Commands.Tests.Support;

namespace Commands.Tests.Orders;

/// <summary>
/// The 74 tasks of the public retail data as workflows: each call a step, each change behind its customer's confirmation, all of it through the run
/// engine and its guards. Every call gives what was recorded, and afterwards just what was recorded has changed.
/// </summary>
public sealed class The_recorded_tasks_as_workflows
{
    private const string Tenant = "acme";

    private static readonly string[] Lookups = ["find_user_id_by_email", "find_user_id_by_name_zip", "get_order_details", "get_user_details", "get_product_details", "get_item_details", "calculate", "list_all_product_types"];

    private string template = "";
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
        template = ShopWorld.NewFolder();
        await using var world = await ShopWorld.OpenAsync(template, keep: true);
        await world.Importer.ImportAsync(Tenant, data, ShopWorld.Context);
    }

    [OneTimeTearDown]
    public void Delete()
    {
        if (template.Length > 0)
        {
            Directory.Delete(template, recursive: true);
        }
    }

    [TestCaseSource(nameof(Tasks))]
    public async Task give_the_recorded_results_and_leave_the_recorded_state(JsonElement? task)
    {
        SharedData.Find("retail/gold.json");
        var calls = task!.Value.GetProperty("calls").EnumerateArray().Where(c => c.GetProperty("name").GetString() != "transfer_to_human_agents").ToArray();
        var expected = new Dictionary<string, JsonElement>(documents);
        foreach (var (id, document) in Documents(task.Value.GetProperty("changed")))
        {
            expected[id] = document;
        }

        var folder = Directory.CreateTempSubdirectory("aiaas-task-");
        try
        {
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, "task.yaml"), Yaml(calls));
            await using var world = await SupportWorld.OpenAsync(template, workflows: folder.FullName);
            await RunAsync(world, calls);
            await CompareAsync(world, expected);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private async Task RunAsync(SupportWorld world, JsonElement[] calls)
    {
        const string run = "task";
        List<DomainEvent> first = [new RunRequested(run, "", "m", "do the task", "task", new('0', 64), null, DateTimeOffset.UnixEpoch)];
        if (!calls.Any(c => c.GetProperty("name").GetString()!.StartsWith("find_user_id", StringComparison.Ordinal)) && calls.Length > 0)
        {
            // The recording begins behind the authentication: the customer is known.
            first.Add(new CustomerAuthenticated("", CustomerOf(calls), null, DateTimeOffset.UnixEpoch));
        }

        var begun = await world.Engine.BeginAsync(Tenant, world.Get<WorkflowCatalog>().Get("task"), first, new EventMetadata { Tenant = Tenant, Actor = "tests" }, default);
        var state = await begun.Rest!;
        for (var yes = 1; state.Completed is null; yes++)
        {
            yes.Should().BeLessThanOrEqualTo(calls.Length);
            var wait = state.Waits.Should().ContainSingle().Which;
            wait.For.Should().Be(WaitKind.Confirmation);
            await world.Get<RunSignals>().SignalAsync(new(run, $"yes-{yes}", wait.Step, true), new(Tenant, "customer"));
            state = await world.Engine.RestAsync(Tenant, run);
        }

        state.Completed.Outcome.Should().Be(RunOutcome.Answered, state.Completed.Reason);
        var outcomes = (await world.EventsAsync(Tenant, run)).Where(e => e is ToolCallSucceeded or ToolCallFailed or ToolCallRefused or ToolCallUnknown).ToArray();
        outcomes.Should().HaveSameCount(calls);
        foreach (var (outcome, call) in outcomes.Zip(calls))
        {
            if (call.TryGetProperty("error", out var error))
            {
                outcome.Should().BeOfType<ToolCallFailed>(call.ToString()).Which.Reason.Should().Be(error.GetString());
                continue;
            }

            var output = outcome.Should().BeOfType<ToolCallSucceeded>($"{call.GetProperty("name")} succeeded: {outcome}").Which.Output;
            JsonElement.DeepEquals(output, call.GetProperty("result")).Should().BeTrue($"{call.GetProperty("name")} gave\n{output}\nand not\n{call.GetProperty("result")}");
        }
    }

    private string CustomerOf(JsonElement[] calls)
    {
        foreach (var arguments in calls.Select(c => c.GetProperty("arguments")))
        {
            if (arguments.TryGetProperty("user_id", out var user))
            {
                return user.GetString()!;
            }

            if (arguments.TryGetProperty("order_id", out var order) && documents.TryGetValue("orders " + order.GetString(), out var document))
            {
                return document.GetProperty("user_id").GetString()!;
            }
        }

        return "nobody";
    }

    private static string Yaml(JsonElement[] calls)
    {
        var yaml = new StringBuilder("workflow: task\nlimits: { steps: 200 }\nnodes:\n  - { id: start, type: start, next: ").Append(calls.Length == 0 ? "done" : Entry(calls, 0)).Append(" }\n");
        for (var i = 0; i < calls.Length; i++)
        {
            var next = i + 1 < calls.Length ? Entry(calls, i + 1) : "done";
            if (IsChange(calls[i]))
            {
                yaml.Append($"  - {{ id: ask{i}, type: wait, for: confirmation, of: call{i}, prompt: Shall I do that?, timeout: 1d, next: call{i}, timed_out: done }}\n");
            }

            yaml.Append($"  - {{ id: call{i}, type: tool, tool: {calls[i].GetProperty("name").GetString()}, next: {next}, failed: {next}, input: {calls[i].GetProperty("arguments").GetRawText()} }}\n");
        }

        return yaml.Append("  - { id: done, type: end, outcome: answered, text: Done. }\n").ToString();
    }

    private static string Entry(JsonElement[] calls, int i) => (IsChange(calls[i]) ? "ask" : "call") + i.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private static bool IsChange(JsonElement call) => !Lookups.Contains(call.GetProperty("name").GetString());

    private static async Task CompareAsync(SupportWorld world, Dictionary<string, JsonElement> expected)
    {
        List<string> different = [];
        foreach (var (key, document) in expected)
        {
            var id = key[(key.IndexOf(' ') + 1)..];
            var now = key[0] switch
            {
                'p' => ShopJson.Of(await world.Get<ProductService>().FindAsync(Tenant, id)),
                'u' => ShopJson.Of(await world.Get<CustomerService>().FindAsync(Tenant, id)),
                _ => ShopJson.Of(await world.Get<OrderService>().FindAsync(Tenant, id)),
            };
            if (!JsonElement.DeepEquals(now, document))
            {
                different.Add($"{key}: {now.GetRawText()} and not {document.GetRawText()}");
            }
        }

        different.Should().BeEmpty();
    }

    private static Dictionary<string, JsonElement> Documents(JsonElement shop) => shop.EnumerateObject()
        .SelectMany(section => section.Value.EnumerateObject().Select(d => ($"{section.Name} {d.Name}", d.Value)))
        .ToDictionary(d => d.Item1, d => d.Value);
}
