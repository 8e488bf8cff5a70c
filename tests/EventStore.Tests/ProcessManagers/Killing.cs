using System.Diagnostics;

namespace AIaaS.EventStore.Tests.ProcessManagers;

/// <summary>The process is killed (SIGKILL) at random while sagas run; <c>AIAAS_SOAK=1</c> kills more often.</summary>
internal sealed class Killing_the_process_while_sagas_run
{
    private const int OrdersAKill = 400;

    private static readonly int Kills = Soak.Count(4, full: 50);

    [Test]
    public async Task leaves_each_reaction_each_timer_and_each_effect_done_once()
    {
        var folder = Directory.CreateTempSubdirectory("aiaas-kernel-").FullName;
        try
        {
            var random = new Random(20260301);
            var cutShort = 0;
            for (var kill = 0; kill < Kills; kill++)
            {
                await using (var log = await SagaWorker.OpenAsync(folder))
                {
                    cutShort += kill > 0 && await CountAsync(log, "order.given-up") < kill * OrdersAKill ? 1 : 0;
                    await log.AppendAsync("order-acme_all", ExpectedVersion.Any, [.. Enumerable.Range(kill * OrdersAKill, OrdersAKill).Select(i => Shop.New(new OrderPlaced($"o{i}", i), $"{i}"))]);
                }

                await KillAsync(folder, random.Next(20, 250));
            }

            await using (var log = await SagaWorker.OpenAsync(folder))
            {
                using var host = await SagaWorker.StartAsync(log);
                await Eventually.BeAsync(
                    async () => (await host.GetStatusAsync()).All(s => s is { State: SubscriptionState.Live, LagEvents: 0 }) && await CountAsync(log, "saga.effect.done") == 2 * Kills * OrdersAKill,
                    "all sagas are over",
                    60);
                await host.StopAsync(CancellationToken.None);
                await CheckAsync(log);
            }

            cutShort.Should().BeGreaterThan(0, "a kill must hit work in progress");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task KillAsync(string folder, int afterMilliseconds)
    {
        var assembly = typeof(SagaWorker).Assembly.Location;
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true };
        foreach (var argument in (string[])["exec", assembly, SagaWorker.Verb, folder])
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        (await process.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(30))).Should().Be("ready");
        await Task.Delay(afterMilliseconds);
        process.Kill();
        await process.WaitForExitAsync();
    }

    private static async Task<int> CountAsync(IEventStore log, string type)
    {
        var count = 0;
        await foreach (var recorded in log.ReadAllAsync(filter: EventFilter.Types(type)))
        {
            count++;
        }

        return count;
    }

    private static async Task CheckAsync(IEventStore log)
    {
        Dictionary<string, List<string>> streams = [];
        await foreach (var recorded in log.ReadAllAsync(filter: EventFilter.Streams("saga-", "budget-", "parked-")))
        {
            if (!streams.TryGetValue(recorded.Stream, out var types))
            {
                streams.Add(recorded.Stream, types = []);
            }

            types.Add(recorded.Type);
        }

        streams.Should().HaveCount(2 * Kills * OrdersAKill);
        for (var i = 0; i < Kills * OrdersAKill; i++)
        {
            streams[$"budget-acme_o{i}"].Should().Equal("budget.granted");
            // The timer may elapse before the payment is noted.
            streams[$"saga-acme_payment.o{i}"].Should().BeEquivalentTo("payment.awaited", "timer.scheduled", "saga.effect.done", "timer.elapsed", "order.given-up", "saga.effect.done");
        }
    }
}
