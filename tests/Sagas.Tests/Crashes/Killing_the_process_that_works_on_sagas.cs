using System.Diagnostics;
using System.Text.Json;
using AIaaS.Domain;
using AIaaS.Domain.Sagas;
using AIaaS.EventStore;
using AIaaS.FarSide;
using Microsoft.Extensions.Logging.Abstractions;
using Sagas.Tests.Bus;
using Sagas.Tests.Support;

namespace Sagas.Tests.Crashes;

/// <summary>Kills the process at random instants while it works on orders of which some are declined, answered too late, fail, or lose their letters.</summary>
[TestFixture("memory")]
[TestFixture("rabbitmq")]
public sealed class Killing_the_process_that_works_on_sagas(string bus)
{
    private static readonly int Kills = Soak.Count(6, full: 200);

    [Test]
    public async Task leaves_each_effect_once_and_each_saga_ended_or_listed()
    {
        if (bus == "rabbitmq" && new RabbitMq().Missing is { } missing)
        {
            Assert.Ignore(missing);
        }

        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "far-side.jsonl");
        var data = Path.Combine(folder.Path, "data");
        var broker = bus == "memory" ? bus : $"{RabbitMq.Address}|crash-{Environment.ProcessId}-{TimeProvider.System.GetTimestamp() % 1_000_000}";
        var count = 30 + (Kills * 10);
        using var farSide = Start("serve", file);
        try
        {
            var url = (await LineAsync(farSide))!;
            var random = new Random(20260131);
            for (var kill = 0; kill < Kills; kill++)
            {
                using var shop = Start("shop", data, url, count.ToString(System.Globalization.CultureInfo.InvariantCulture), broker);
                (await LineAsync(shop)).Should().Be("started");
                await (kill % 2 == 0 ? ForAsync(shop, TimeSpan.FromMilliseconds(random.Next(0, 1_200))) : UntilLengthAsync(shop, file, new FileInfo(file).Length + random.Next(0, 4_000)));
                shop.Kill();
                await shop.WaitForExitAsync(CancellationToken.None);
            }

            new FileInfo(file).Length.Should().BePositive("there was work under way to be killed");
            using var last = Start("shop", data, url, count.ToString(System.Globalization.CultureInfo.InvariantCulture), broker);
            (await LineAsync(last)).Should().Be("started");
            await RestAsync(last, data);
        }
        finally
        {
            farSide.Kill();
            await farSide.WaitForExitAsync(CancellationToken.None);
        }

        var noted = (await File.ReadAllLinesAsync(file)).Select(l => JsonSerializer.Deserialize(l, OutsideJson.Default.Noted)!).ToList();
        var sagas = await SagasAsync(data);
        sagas.Should().HaveCount(count);
        Check(sagas, noted);
    }

    /// <summary>Until all sagas have come to rest, as long as more and more do. Where they do not, what each of them waits for is said.</summary>
    private static async Task RestAsync(Process shop, string data)
    {
        string? line = null;
        try
        {
            do
            {
                line = await LineAsync(shop);
            }
            while (line?.EndsWith("at rest", StringComparison.Ordinal) is true);
        }
        catch (OperationCanceledException)
        {
            line = null;
        }

        if (line != "done")
        {
            shop.Kill();
        }

        await shop.WaitForExitAsync(CancellationToken.None);
        if (line != "done")
        {
            var sagas = await SagasAsync(data);
            var open = sagas.Where(s => s.Value.Status is SagaStatus.Running or SagaStatus.Compensating)
                .Select(s => $"{s.Key}: {s.Value.Status}, worker {s.Value.Worker ?? "none"}, timer {s.Value.Timer?.Timer ?? "none"}, last call {s.Value.Last?.Request.Call ?? "none"} {s.Value.Last?.State}");
            Assert.Fail($"Not all sagas came to rest ({sagas.Count} were begun): {string.Join("; ", open)}");
        }
    }

    private static void Check(Dictionary<int, Saga> sagas, List<Noted> noted)
    {
        noted.GroupBy(n => n.Key, StringComparer.Ordinal).Where(g => g.Count() > 1).Select(g => g.Key).Should().BeEmpty("each effect has happened once by its key");
        var effects = noted.Where(n => n.Done).GroupBy(n => (n.Order, n.Tool)).ToDictionary(g => g.Key, g => g.ToList());
        effects.Where(e => e.Value.Count > 1).Select(e => e.Key).Should().BeEmpty("no order has an effect twice, whatever its keys");
        int Of(int order, string tool) => effects.TryGetValue((order, tool), out var found) ? found.Sum(n => n.Amount) : 0;
        foreach (var (order, saga) in sagas)
        {
            var (stock, money, letters) = (Of(order, "reserve") - Of(order, "release"), Of(order, "charge") - Of(order, "refund"), Of(order, "send_letter"));
            switch (saga.Status)
            {
                case SagaStatus.Completed:
                    (stock, money, letters, Of(order, "close")).Should().Be((2, 10, 1, 1), "order {0} is completed", order);
                    break;
                case SagaStatus.Compensated:
                    (stock, money, letters).Should().Be((0, 0, 0), "order {0} is undone", order);
                    (Modes.Declines(order) || Modes.FailsToConfirm(order)).Should().BeTrue("order {0} had a reason to be undone", order);
                    break;
                case SagaStatus.Unresolved:
                    (stock, money).Should().Be((2, 10), "order {0} waits after its payment", order);
                    saga.Last!.Request.Tool.Should().Be("send_letter", "only letters cannot be asked for again");
                    letters.Should().BeInRange(0, 1);
                    break;
                default:
                    Assert.Fail($"Order {order} is {saga.Status}.");
                    break;
            }
        }

        sagas.Values.Count(s => s.Status == SagaStatus.Completed).Should().BePositive();
        sagas.Values.Count(s => s.Status == SagaStatus.Compensated).Should().Be(sagas.Keys.Count(o => Modes.Declines(o) || Modes.FailsToConfirm(o)));
        sagas.Values.Count(s => s.Status == SagaStatus.Unresolved).Should().BeGreaterThanOrEqualTo(sagas.Keys.Count(Modes.LosesLetters));
        noted.Where(n => n.Done && n.Tool == "charge").Sum(n => n.Amount).Should().Be(
            noted.Where(n => n.Done && n.Tool == "refund").Sum(n => n.Amount) + (10 * sagas.Values.Count(s => s.Status is SagaStatus.Completed or SagaStatus.Unresolved)),
            "the money adds up");
        TestContext.Out.WriteLine(string.Join(", ", sagas.Values.GroupBy(s => s.Status).Select(g => $"{g.Count()} {g.Key}")));
    }

    private static async Task<Dictionary<int, Saga>> SagasAsync(string data)
    {
        var types = DomainEventTypes.Create();
        Dictionary<int, Saga> sagas = [];
        await using var log = await EventStoreEngines.OpenAsync(new() { DataFolder = data }, TimeProvider.System, NullLoggerFactory.Instance);
        await foreach (var e in log.ReadAllAsync(filter: EventFilter.Streams("saga-")))
        {
            var order = int.Parse(new StreamName(e.Stream).Id.Split('.')[1], System.Globalization.CultureInfo.InvariantCulture);
            sagas[order] = sagas.GetValueOrDefault(order, Saga.Initial).Evolve(types.Read(e));
        }

        return sagas;
    }

    private static async Task ForAsync(Process shop, TimeSpan time)
    {
        using var ended = new CancellationTokenSource(time);
        await shop.WaitForExitAsync(ended.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Until the far side has noted so much more. By the clock alone a process on a slow machine would be killed before it has done anything.</summary>
    private static async Task UntilLengthAsync(Process shop, string file, long length)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (new FileInfo(file).Length < length && !shop.HasExited && !deadline.IsCancellationRequested)
        {
            await ForAsync(shop, TimeSpan.FromMilliseconds(5));
        }
    }

    private static Process Start(params string[] arguments)
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", [Path.Combine(AppContext.BaseDirectory, "FarSide.dll"), .. arguments]) { RedirectStandardOutput = true };
        return Process.Start(start)!;
    }

    private static async Task<string?> LineAsync(Process process)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        return await process.StandardOutput.ReadLineAsync(deadline.Token);
    }
}
