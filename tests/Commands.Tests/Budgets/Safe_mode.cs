using AIaaS.Commands.Budgets;
using AIaaS.Domain;
using AIaaS.Domain.Budgets;
using AIaaS.EventStore;

namespace Commands.Tests.Budgets;

public sealed class The_guard_of_the_safe_mode
{
    private sealed class Plans(int? percent) : ISafeModePlans
    {
        public ValueTask<SafeModeTerms> OfAsync(string tenant, DateTimeOffset at, LogPosition known, CancellationToken cancellationToken = default) => new(new SafeModeTerms("pro", 1, percent));
    }

    private static async Task SpendAsync(BudgetParts process, decimal amount, string call)
    {
        var verdict = await process.Ledger.ReserveAsync(BudgetWorld.Wish(amount, call: call));
        foreach (var hold in verdict.Holds!.Value)
        {
            await process.Ledger.SettleAsync("acme", hold, Money.Usd(amount), TimeProvider.System.GetUtcNow());
        }
    }

    private static async Task FollowAsync(BudgetWorld world, SafeModeGuard guard)
    {
        // All of it, and all of it once more: a guard sees events at least once.
        for (var i = 0; i < 2; i++)
        {
            await foreach (var recorded in world.Log.ReadAllAsync(filter: guard.Filter))
            {
                await guard.HandleAsync(EventEnvelope.Read(world.Types, recorded), default);
            }
        }
    }

    [Test]
    public async Task enters_once_at_the_plans_percentage_and_leaves_when_the_limit_is_raised()
    {
        await using var world = await BudgetWorld.OpenAsync();
        await using var process = world.Process(settles: false);
        var service = new SafeModeService(world.Log, world.Types, IdSource.From(TimeProvider.System));
        var guard = new SafeModeGuard(world.Log, world.Types, service, process.Catalog, new Plans(90), TimeProvider.System);
        await process.Service.DefineAsync("acme", "yearly", BudgetWorld.Terms(10, hard: false), false, BudgetWorld.As());
        await SpendAsync(process, 8.9m, "a/1/1");
        await FollowAsync(world, guard);
        (await service.LoadAsync(SafeMode.Stream("acme"))).State.Active.Should().BeEmpty();
        await SpendAsync(process, 0.1m, "a/1/2");
        await FollowAsync(world, guard);
        var mode = await service.LoadAsync(SafeMode.Stream("acme"));
        mode.State.Active["yearly"].Settled.Should().Be(Money.Usd(9));
        mode.Version.Should().Be(1, "it was entered once, with its timer");
        await process.Service.DefineAsync("acme", "yearly", BudgetWorld.Terms(20, hard: false), false, BudgetWorld.As());
        await FollowAsync(world, guard);
        (await service.LoadAsync(SafeMode.Stream("acme"))).State.Active.Should().BeEmpty();
    }

    [Test]
    public async Task leaves_when_the_budget_is_removed_and_enters_nothing_where_the_plan_has_none()
    {
        await using var world = await BudgetWorld.OpenAsync();
        await using var process = world.Process(settles: false);
        var service = new SafeModeService(world.Log, world.Types, IdSource.From(TimeProvider.System));
        await process.Service.DefineAsync("acme", "yearly", BudgetWorld.Terms(10), false, BudgetWorld.As());
        await SpendAsync(process, 10m, "a/1/1");
        await FollowAsync(world, new(world.Log, world.Types, service, process.Catalog, new Plans(null), TimeProvider.System));
        (await service.LoadAsync(SafeMode.Stream("acme"))).Version.Should().Be(-1);
        var guard = new SafeModeGuard(world.Log, world.Types, service, process.Catalog, new Plans(100), TimeProvider.System);
        await FollowAsync(world, guard);
        (await service.LoadAsync(SafeMode.Stream("acme"))).State.Active.Should().ContainKey("yearly");
        await process.Service.RemoveAsync("acme", "yearly", BudgetWorld.As());
        await FollowAsync(world, guard);
        (await service.LoadAsync(SafeMode.Stream("acme"))).State.Active.Should().BeEmpty();
    }
}
