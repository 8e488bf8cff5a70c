using System.Collections.Immutable;
using AIaaS.Domain.Billing;
using AIaaS.Domain.Pricing;

namespace Commands.Tests.Billing;

/// <summary>What is kept and read on is what a first reading gives.</summary>
public sealed class Folding_usage
{
    private static readonly DateTimeOffset January = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly ImmutableArray<LineSlot> Slots =
    [
        new(January, BillingWorld.February, "team", 1, false, 1m, new("calls", 1, "calls", PriceModel.PerUnit, "USD", January) { UnitAmount = 1m }, "", null),
        new(January, BillingWorld.February, "team", 1, false, 1m, new("bytes", 1, "bytes", PriceModel.PerUnit, "USD", January) { UnitAmount = 1m }, "", null),
    ];

    private BillingWorld world = null!;

    [SetUp]
    public async Task Open() => world = await BillingWorld.OpenAsync();

    [TearDown]
    public async Task Close() => await world.DisposeAsync();

    [Test]
    public async Task Reads_on_as_if_it_had_read_all_at_once()
    {
        var random = new Random(5);
        var all = 0;
        foreach (var count in new[] { 0, 1, 1_023, 1_024, 1_025, 5_000, 0, 3 })
        {
            await world.UseAsync(Enumerable.Range(0, count).Select(_ => (random.Next(3) switch { 0 => "calls", 1 => "bytes", _ => "other" }, (decimal)random.Next(1_000) / 7 is var v ? Math.Round(v, 9) : 0m, January.AddMinutes(random.Next(-1_000, 60_000)))));
            all += count;
            Same(await world.Usage.NowAsync(BillingWorld.Tenant, Slots, January, BillingWorld.February), await world.Again().Usage.OfAsync(BillingWorld.Tenant, Slots, January, BillingWorld.February));
        }

        (await world.Usage.HeadAsync(BillingWorld.Tenant)).Should().Be(all - 1);
    }

    [Test]
    public async Task Adds_up_any_part_of_the_log()
    {
        await world.UseAsync("calls", 1m, January, 3_000);
        var part = await world.Usage.OfAsync(BillingWorld.Tenant, Slots, January, BillingWorld.February, 1_000, 1_999);
        (part.Lines[0].Quantity, part.Lines[0].First, part.Lines[0].Last, part.ThroughVersion).Should().Be((1_000m, 1_000L, 1_999L, 1_999L));
        (await world.Usage.OfAsync(BillingWorld.Tenant, Slots, January, BillingWorld.February, 0, -1)).Events.Should().Be(0);
    }

    [Test]
    public async Task Begins_anew_when_the_lines_are_others()
    {
        await world.UseAsync("calls", 1m, January, 10);
        await world.UseAsync("bytes", 1m, January, 20);
        (await world.Usage.NowAsync(BillingWorld.Tenant, Slots[..1], January, BillingWorld.February)).Unpriced.Should().Be(20);
        (await world.Usage.NowAsync(BillingWorld.Tenant, Slots, January, BillingWorld.February)).Unpriced.Should().Be(0);
        var dearer = Slots.SetItem(0, Slots[0] with { Price = Slots[0].Price with { UnitAmount = 9m } });
        (await world.Usage.NowAsync(BillingWorld.Tenant, dearer, January, BillingWorld.February)).Lines[0].Slot.Price.UnitAmount.Should().Be(9m);
    }

    [Test]
    public async Task Is_asked_by_many_at_once()
    {
        await world.UseAsync("calls", 1m, January, 4_000);
        var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => world.Usage.NowAsync(BillingWorld.Tenant, Slots, January, BillingWorld.February)));
        answers.Should().OnlyContain(a => a.Lines[0].Quantity == 4_000m && a.Lines[0].Root == answers[0].Lines[0].Root);
    }

    private static void Same(UsageTotals kept, UsageTotals anew)
    {
        (kept.FromVersion, kept.ThroughVersion, kept.Events, kept.Unpriced).Should().Be((anew.FromVersion, anew.ThroughVersion, anew.Events, anew.Unpriced));
        kept.Lines.Select(l => (l.Quantity, l.Events, l.First, l.Last, l.Root, l.Blocks)).Should().Equal(anew.Lines.Select(l => (l.Quantity, l.Events, l.First, l.Last, l.Root, l.Blocks)));
    }
}
