using System.Text;
using AIaaS.Commands.Budgets;
using AIaaS.Domain;
using AIaaS.Domain.Budgets;
using AIaaS.EventStore;

namespace Commands.Tests.Budgets;

/// <summary>What is kept in memory as a fold of the log, where an event of it cannot be read: the safe modes of tenants stand for all such folds.</summary>
public sealed class Following_the_log_in_memory
{
    private static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();

    private static SafeModeEntered Entered(string budget) => new(budget, "p", BudgetScope.Tenant, null, Money.Usd(9), Money.Usd(10), 90, "pro", 1, Now.AddHours(1), Now);

    [Test]
    public async Task parks_what_cannot_be_read_and_all_behind_it_in_its_stream_and_goes_on_with_the_others()
    {
        await using var world = await BudgetWorld.OpenAsync();
        await world.WriteAsync(SafeMode.Stream("acme"), -1, Entered("one"));
        await world.Log.AppendAsync(SafeMode.Stream("acme"), ExpectedVersion.Exact(0), [new(IdSource.From(TimeProvider.System).NewId(), "cost.safe-mode.left", Encoding.UTF8.GetBytes("""{"budget":7}"""), default)]);
        await world.WriteAsync(SafeMode.Stream("acme"), 1, Entered("two"));
        var last = await world.WriteAsync(SafeMode.Stream("other"), -1, Entered("theirs"));

        // The second time as after a restart.
        for (var start = 1; start <= 2; start++)
        {
            using var stop = new CancellationTokenSource();
            var registry = new SafeModeRegistry(world.Log, world.Types, new ParkingLot(world.Log), TimeProvider.System);
            var running = registry.RunAsync(stop.Token);
            await registry.Ready.WaitAsync(TimeSpan.FromSeconds(20));
            (await registry.WaitForAsync(last.Position, TimeSpan.FromSeconds(20))).Should().BeTrue();
            registry.Of("acme").Active.Keys.Should().Equal(["one"], "what was known holds on");
            registry.Of("other").Active.Keys.Should().Equal("theirs");
            (await registry.GetStatusAsync()).Parked.Should().Be(2);
            (await new ParkingLot(world.Log).ListAsync(registry.Name)).Select(p => p.Version).Should().Equal(1, 2);
            (await registry.ReplayParkedAsync()).Should().Be(0, "it still cannot be read");
            await stop.CancelAsync();
            await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    [Test]
    public async Task takes_what_its_own_process_wrote_once_though_it_is_told_of_it_twice()
    {
        await using var world = await BudgetWorld.OpenAsync();
        await using var process = world.Process(settles: false);
        for (var i = 1; i <= 5; i++)
        {
            await process.Service.DefineAsync("acme", "yearly", BudgetWorld.Terms(10 * i), false, BudgetWorld.As());
            process.Catalog.Find("acme", "yearly")!.State.Terms!.Limit.Should().Be(Money.Usd(10 * i), "it holds at once");
        }

        var head = await world.Log.GetHeadAsync();
        (await process.Catalog.WaitForAsync(head, TimeSpan.FromSeconds(20))).Should().BeTrue();
        await using var other = world.Process(settles: false);
        (await other.Catalog.WaitForAsync(head, TimeSpan.FromSeconds(20))).Should().BeTrue();
        process.Catalog.Find("acme", "yearly").Should().BeEquivalentTo(other.Catalog.Find("acme", "yearly"));
        other.Catalog.Find("acme", "yearly")!.Revision.Should().Be(4);
    }
}
