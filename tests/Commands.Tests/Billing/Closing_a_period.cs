using AIaaS.Commands.Billing;
using AIaaS.Domain;
using AIaaS.Domain.Billing;
using AIaaS.Domain.Metering;
using AIaaS.Domain.Pricing;
using AIaaS.EventStore;

namespace Commands.Tests.Billing;

/// <summary>A period is closed once, and its invoice is the same for whoever asks.</summary>
public sealed class Closing_a_period
{
    private BillingWorld world = null!;

    [SetUp]
    public async Task Open() => world = await BillingWorld.OpenAsync();

    [TearDown]
    public async Task Close() => await world.DisposeAsync();

    [Test]
    public async Task Waits_for_its_end()
    {
        var refused = await FluentActions.Invoking(() => world.Desk.CloseAsync(BillingWorld.Tenant, null, BillingWorld.Context)).Should().ThrowAsync<DomainException>();
        refused.Which.Error.Code.Should().Be("billing-period-open");
    }

    [Test]
    public async Task Without_a_subscription_bills_what_calls_cost()
    {
        await world.UseAsync(BuiltInMeters.Cost, 0.12345m, new(2026, 1, 20, 0, 0, 0, TimeSpan.Zero), 100);
        world.Time.Advance(TimeSpan.FromDays(1));
        var closed = await world.Desk.CloseAsync(BillingWorld.Tenant, null, BillingWorld.Context);
        closed.Invoice!.Number.Should().Be("INV-2026-000001");
        closed.Invoice.Total.Should().Be(Money.Usd(12.34m), "12.345 is rounded once, half to even");
        closed.Invoice.State.Should().Be(InvoiceState.Issued);
        closed.Invoice.Generated!.Buyer.Name.Should().Be("Acme Outdoor");
    }

    [Test]
    public async Task Without_a_subscription_and_usage_makes_no_invoice()
    {
        world.Time.Advance(TimeSpan.FromDays(1));
        (await world.Desk.CloseAsync(BillingWorld.Tenant, null, BillingWorld.Context)).Invoice.Should().BeNull();
        (await world.Desk.CloseAsync(BillingWorld.Tenant, null, BillingWorld.Context)).Invoice.Should().BeNull("asked again it is the same");
        (await world.Calendar.LoadAsync(BillingCalendar.Stream(BillingWorld.Tenant))).State.ClosedTo.Should().Be(BillingWorld.February);
    }

    [Test]
    public async Task Goes_on_where_a_change_of_the_plan_came_into_the_log_behind_the_closing_before_it()
    {
        await world.SubscribeAsync();
        world.Time.Advance(TimeSpan.FromDays(1));
        await world.SettleAsync();
        // Decided one second before the end of January, recorded behind its closing; each day is billed from then on.
        var from = BillingWorld.February.AddSeconds(-1);
        await world.WriteAsync(Subscription.Stream(BillingWorld.Tenant), new PlanChanged("team", 1, from, new(from, from, "UTC", BillingInterval.Day, 1, "USD"), null, from));
        await world.UseAsync("calls", 1m, BillingWorld.February.AddSeconds(-1));
        await world.UseAsync("calls", 1m, BillingWorld.February.AddHours(1));
        await world.SettleAsync();
        world.Time.Advance(TimeSpan.FromDays(2));
        await world.SettleAsync();

        List<InvoiceGenerated> invoices = [];
        await foreach (var recorded in world.Store.ReadAllAsync(filter: EventFilter.Types("billing.invoice.generated")))
        {
            invoices.Add((InvoiceGenerated)DomainEventTypes.Create().Read(recorded.Type, recorded.Data.Span));
        }

        invoices.Should().HaveCountGreaterThan(1, "closing goes on");
        invoices.Zip(invoices.Skip(1)).Should().OnlyContain(p => p.First.Draft.Basis.Period.To == p.Second.Draft.Basis.Period.From, "no moment is billed twice");
        invoices[1].Draft.Lines.Single(l => l.Usage is not null).Usage!.Quantity.Should().Be(1m);
    }

    [Test]
    public async Task Again_gives_the_same_invoice_whatever_came_in_between()
    {
        await world.SubscribeAsync();
        await world.UseAsync("calls", 1m, new(2026, 1, 20, 0, 0, 0, TimeSpan.Zero), 100);
        world.Time.Advance(TimeSpan.FromDays(1));
        var first = await world.Desk.CloseAsync(BillingWorld.Tenant, null, BillingWorld.Context);
        await world.UseAsync("calls", 1m, new(2026, 1, 21, 0, 0, 0, TimeSpan.Zero), 100);
        await world.WriteAsync(PricePublished.Stream("calls"), new PricePublished(new("calls", 2, "calls", PriceModel.PerUnit, "USD", BillingWorld.February.AddYears(-1)) { UnitAmount = 9m }, null, BillingWorld.February));
        var second = await world.Again().Desk.CloseAsync(BillingWorld.Tenant, new(2026, 1, 15, 0, 0, 0, TimeSpan.Zero), BillingWorld.Context);

        second.Invoice!.Number.Should().Be(first.Invoice!.Number);
        second.Invoice.Total.Should().Be(Money.Usd(50m));
        second.Invoice.Generated!.Draft.ThroughVersion.Should().Be(99);
        (await world.Desk.PreviewAsync(BillingWorld.Tenant, new(2026, 1, 15, 0, 0, 0, TimeSpan.Zero))).Events.Should().Be(200, "a preview is by what is known now");
    }

    [Test]
    public async Task Refuses_a_time_before_the_tenant_was_there()
    {
        var refused = await FluentActions.Invoking(() => world.Desk.CloseAsync(BillingWorld.Tenant, new(2025, 11, 5, 0, 0, 0, TimeSpan.Zero), BillingWorld.Context)).Should().ThrowAsync<DomainException>();
        refused.Which.Error.Code.Should().Be("billing-period-unknown");
    }

    [Test]
    public async Task Closes_those_before_it_too()
    {
        await world.SubscribeAsync();
        world.Time.Advance(TimeSpan.FromDays(80));
        var march = await world.Desk.CloseAsync(BillingWorld.Tenant, new(2026, 3, 15, 0, 0, 0, TimeSpan.Zero), BillingWorld.Context);
        march.Invoice!.Number.Should().Be("INV-2026-000003");
        (await world.Desk.CloseAsync(BillingWorld.Tenant, new(2026, 2, 15, 0, 0, 0, TimeSpan.Zero), BillingWorld.Context)).Invoice!.Number.Should().Be("INV-2026-000002");
        (await world.Desk.CloseAsync(BillingWorld.Tenant, null, BillingWorld.Context)).Invoice!.Number.Should().Be("INV-2026-000003");
    }

    [Test]
    public async Task Refuses_an_unknown_tenant() =>
        (await FluentActions.Invoking(() => world.Desk.CloseAsync("nobody", null, new("nobody", "platform"))).Should().ThrowAsync<DomainException>()).Which.Error.Status.Should().Be(404);

    [Test]
    public async Task Happens_by_itself_at_its_end_and_the_hours_of_grace()
    {
        await world.SubscribeAsync(new() { GraceHours = 6 });
        await world.SettleAsync();
        world.Time.Advance(BillingWorld.February.AddHours(5) - world.Time.GetUtcNow());
        await world.SettleAsync();
        (await world.Invoices.FindAsync(BillingWorld.Tenant, Invoice.IdOf(BillingWorld.Tenant, BillingWorld.February.AddMonths(-1)))).Should().BeNull("late usage is waited for");

        world.Time.Advance(TimeSpan.FromHours(1));
        await world.SettleAsync();
        (await world.InvoiceAsync(Invoice.IdOf(BillingWorld.Tenant, BillingWorld.February.AddMonths(-1)))).Total.Should().Be(Money.Usd(49m));

        world.Time.Advance(TimeSpan.FromDays(60));
        await world.SettleAsync();
        var calendar = (await world.Calendar.LoadAsync(BillingCalendar.Stream(BillingWorld.Tenant))).State;
        calendar.ClosedTo.Should().Be(BillingWorld.February.AddMonths(2), "what was missed is closed one after the other");
        (await world.InvoiceAsync(Invoice.IdOf(BillingWorld.Tenant, BillingWorld.February.AddMonths(1)))).Number.Should().Be("INV-2026-000003");
        calendar.Next!.From.Should().Be(BillingWorld.February.AddMonths(2));
    }

    [Test]
    public async Task Shows_and_proves_the_usage_behind_a_line()
    {
        await world.SubscribeAsync();
        await world.UseAsync(Enumerable.Range(0, 500).Select(i => (i % 5 == 0 ? "other" : "calls", 1m, new DateTimeOffset(2026, 1, 20, 0, 0, 0, TimeSpan.Zero).AddSeconds(i))));
        world.Time.Advance(TimeSpan.FromDays(1));
        var invoice = (await world.Desk.CloseAsync(BillingWorld.Tenant, null, BillingWorld.Context)).Invoice!;
        var export = await world.ExportAsync();

        List<LineEvent> seen = [];
        long? after = -1;
        while (after is { } from)
        {
            var page = await world.Proofs.EventsAsync(BillingWorld.Tenant, invoice, 2, from, 150);
            seen.AddRange(page.Events);
            after = page.Next;
        }

        seen.Should().HaveCount(400);
        seen.All(e => e.Data.ToArray().SequenceEqual(export[(int)e.Sequence])).Should().BeTrue();
        var line = invoice.Generated!.Draft.Lines[1].Usage!;
        AIaaS.Domain.Audit.MerkleTree.Root([.. seen.Select(e => e.Leaf)]).Should().Be(line.Root);

        var proof = await world.Proofs.ProveAsync(BillingWorld.Tenant, invoice, 333);
        proof.Lines.Should().ContainSingle().Which.Line.Should().Be(2);
        AIaaS.Domain.Audit.MerkleTree.IsIncluded((ulong)proof.Lines[0].Index, (ulong)proof.Lines[0].Events, proof.Event.Leaf, proof.Lines[0].Proof, line.Root).Should().BeTrue();
        (await FluentActions.Invoking(() => world.Proofs.ProveAsync(BillingWorld.Tenant, invoice, 335)).Should().ThrowAsync<DomainException>()).Which.Error.Code.Should().Be("invoice-event-not-found");
        (await FluentActions.Invoking(() => world.Proofs.EventsAsync(BillingWorld.Tenant, invoice, 1, -1, 5)).Should().ThrowAsync<DomainException>()).Which.Error.Code.Should().Be("invoice-line-not-found");
    }

    [Test]
    public async Task Survives_the_end_of_the_process_at_any_append_and_leaves_no_gap_in_the_numbers()
    {
        const int tenants = 40;
        var random = new Random(4711);
        for (var i = 0; i < tenants; i++)
        {
            await world.WriteAsync(AIaaS.Domain.Tenants.Tenant.Stream($"t{i:00}"), new AIaaS.Domain.Tenants.TenantCreated($"t{i:00}", $"Tenant {i}", new(2026, 1, 10, 12, 0, 0, TimeSpan.Zero)));
            await world.WriteAsync(UsageMetered.Stream($"t{i:00}"), new UsageMetered("/tests", "e1", "com.example.used", null, new(2026, 1, 20, 0, 0, 0, TimeSpan.Zero), System.Text.Json.JsonSerializer.SerializeToElement(1), [new(BuiltInMeters.Cost, 1m + i)], new(2026, 1, 20, 0, 0, 0, TimeSpan.Zero)));
        }

        world.Time.Advance(TimeSpan.FromDays(1));
        // Three processes at a time, each of which dies now and then and is started anew.
        await Task.WhenAll(Enumerable.Range(0, 3).Select(async process =>
        {
            for (var i = 0; i < tenants; i++)
            {
                var tenant = $"t{(i + (process * 13)) % tenants:00}";
                for (var isDone = false; !isDone;)
                {
                    try
                    {
                        await world.Again(new DyingLog(world.Store, random, 0.25)).Desk.CloseAsync(tenant, null, new(tenant, "platform"));
                        isDone = true;
                    }
                    catch (KilledException)
                    {
                        // The next process goes on.
                    }
                }
            }
        }));

        List<InvoiceNumberAssigned> numbers = [];
        var types = DomainEventTypes.Create();
        await foreach (var recorded in world.Store.ReadStreamOrEmptyAsync(InvoiceNumberAssigned.Stream(2026)))
        {
            numbers.Add((InvoiceNumberAssigned)types.Read(recorded.Type, recorded.Data.Span));
        }

        numbers.Select(n => n.Number).Should().Equal(Enumerable.Range(1, tenants).Select(n => (long)n));
        numbers.Select(n => n.Invoice).Should().OnlyHaveUniqueItems();
        foreach (var number in numbers)
        {
            var invoice = (await world.Invoices.GetAsync(number.Tenant, number.Invoice)).State;
            invoice.Number.Should().Be(number.Text);
            invoice.Total.Amount.Should().Be(1m + int.Parse(number.Tenant[1..]));
        }
    }

    [Test]
    public async Task Numbers_an_invoice_whose_process_ended_before_it_could()
    {
        await world.UseAsync(BuiltInMeters.Cost, 1m, new(2026, 1, 20, 0, 0, 0, TimeSpan.Zero));
        world.Time.Advance(TimeSpan.FromDays(1));
        var preview = await world.Desk.PreviewAsync(BillingWorld.Tenant, new(2026, 1, 20, 0, 0, 0, TimeSpan.Zero));
        var id = Invoice.IdOf(BillingWorld.Tenant, preview.Basis.Period.From);
        await world.WriteAsync(Invoice.Stream(BillingWorld.Tenant, id), new InvoiceGenerated(id, preview.ToDraft(), preview.Seller, preview.Buyer, -1, preview.DueAt, world.Time.GetUtcNow()));
        await world.SettleAsync();
        (await world.InvoiceAsync(id)).Number.Should().Be("INV-2026-000001");
    }
}
