using System.Collections.Immutable;
using AIaaS.Commands.Billing;
using AIaaS.Domain;
using AIaaS.Domain.Billing;
using AIaaS.Domain.Payments;
using AIaaS.Domain.Pricing;
using AIaaS.EventStore;

namespace Commands.Tests.Billing;

/// <summary>Corrections in a <see cref="BillingWorld"/>.</summary>
internal sealed class Corrector
{
    private static readonly EventTypes Types = DomainEventTypes.Create();

    private readonly BillingWorld world;
    private LogPosition next = LogPosition.Start;

    public Corrector(BillingWorld world, IEventStore? store = null)
    {
        this.world = world;
        store ??= world.Store;
        var ids = IdSource.From(world.Time);
        Closed = new(store, Types);
        Notes = new(store, Types, ids);
        Disputes = new(store, Types, ids);
        Credit = new(store, Types, Closed);
        Collector = new(store, Types, world.Invoices, world.Payments, world.Time, Credit);
        var prices = new PriceBooks(store, Types);
        Desk = new(store, Types, prices, new(store, Types, world.Time), world.Usage, world.Invoices, Collector, Notes, new(store, Types), Disputes, world.Desk, Closed, world.Time);
        WhatIf = new(prices, world.Usage, Desk, Closed, world.Time);
        Issuer = new(Desk, Notes, world.Time);
    }

    public ClosedPeriods Closed { get; }

    public NoteService Notes { get; }

    public DisputeService Disputes { get; }

    public TenantCredit Credit { get; }

    public InvoiceCollector Collector { get; }

    public CorrectionDesk Desk { get; }

    public WhatIfDesk WhatIf { get; }

    public NoteIssuer Issuer { get; }

    public static CommandContext Platform => new(BillingWorld.Tenant, "platform");

    /// <summary>Lets all that follows from the log happen.</summary>
    public async Task SettleAsync()
    {
        while (true)
        {
            await world.SettleAsync();
            List<RecordedEvent> fresh = [];
            await foreach (var recorded in world.Store.ReadAllAsync(ReadDirection.Forwards, next))
            {
                fresh.Add(recorded);
                next = new(recorded.Position.Value + 1);
            }

            if (fresh.Count == 0)
            {
                return;
            }

            foreach (var recorded in fresh.Where(r => Issuer.Filter.Matches(r.Stream, r.Type)))
            {
                await Issuer.HandleAsync(EventEnvelope.Read(Types, recorded), default);
            }
        }
    }

    /// <summary>What the tenant owes by all that is in the log.</summary>
    public async Task<decimal> BalanceAsync() => (await BooksAsync()).Balances.Select(b => b.Amount).SingleOrDefault();

    public async Task<Books> BooksAsync()
    {
        Dictionary<string, BooksAccount> accounts = [];
        await foreach (var recorded in world.Store.ReadAllAsync(ReadDirection.Forwards, LogPosition.Start, EventFilter.Types("billing.invoice.", "billing.credit-note.", "billing.debit-note.", "billing.note.")))
        {
            accounts[recorded.Stream] = accounts.GetValueOrDefault(recorded.Stream, BooksAccount.Initial).Apply(Types.Read(recorded.Type, recorded.Data.Span), recorded.Recorded, recorded.Position.Value);
        }

        return Books.Known(accounts.Values.SelectMany(a => a.Entries));
    }

    public async Task<List<string>> NumbersAsync(bool isCredit)
    {
        List<string> numbers = [];
        await foreach (var recorded in world.Store.ReadStreamOrEmptyAsync(NoteNumberAssigned.Stream(isCredit, 2026)))
        {
            numbers.Add(((NoteNumberAssigned)Types.Read(recorded.Type, recorded.Data.Span)).Text);
        }

        return numbers;
    }
}

/// <summary>What becomes of an invoice whose period turns out otherwise.</summary>
public sealed class Correcting_invoices
{
    private const string Tenant = BillingWorld.Tenant;

    private static readonly DateTimeOffset January = BillingWorld.February.AddMonths(-1);

    private static readonly string Id = Invoice.IdOf(Tenant, January);

    private BillingWorld world = null!;
    private Corrector corrector = null!;

    [SetUp]
    public async Task Open()
    {
        world = await BillingWorld.OpenAsync();
        corrector = new(world);
    }

    [TearDown]
    public async Task Close() => await world.DisposeAsync();

    [Test]
    public async Task Late_usage_becomes_a_debit_note_once()
    {
        await IssueAsync();
        var before = await StreamAsync(Invoice.Stream(Tenant, Id));
        await world.UseAsync("calls", 500m, January.AddDays(20));
        var head = await world.Store.GetHeadAsync();
        (await corrector.Desk.LookAsync(Tenant, Id)).Result.Amount.Should().Be(5m);
        (await world.Store.GetHeadAsync()).Should().Be(head, "a look writes nothing");

        var rated = await corrector.Desk.ReRateAsync(Tenant, Id, Corrector.Platform);
        rated.Note!.Number.Should().Be("DN-2026-000001");
        (rated.Note.Content!.Amount, rated.Note.Content.Lines.Single().Reasons.Single()).Should().Be((5m, NoteReason.LateUsage));
        (await corrector.Desk.ReRateAsync(Tenant, Id, Corrector.Platform)).Note.Should().BeNull();
        await corrector.SettleAsync();
        (await corrector.Desk.BilledAsync(Tenant, Id)).Notes.Should().HaveCount(1);
        (await StreamAsync(Invoice.Stream(Tenant, Id))).Should().Equal(before, "an issued invoice never changes");
        (await corrector.BalanceAsync()).Should().Be(49m + 10m + 5m);
        await corrector.Notes.HandleAsync(new PayNote(Tenant, rated.Note.Content.Note, "bank transfer", world.Time.GetUtcNow()), Corrector.Platform);
        (await corrector.BalanceAsync()).Should().Be(59m);
    }

    [Test]
    public async Task A_price_that_was_too_dear_is_refunded_where_the_invoice_was_paid_by_a_payment()
    {
        await IssueAsync(new() { PaymentMethod = "pm_card_visa" });
        (await world.InvoiceAsync(Id)).State.Should().Be(InvoiceState.Paid);
        await PriceAsync(2, 0.004m);
        var rated = await corrector.Desk.ReRateAsync(Tenant, Id, Corrector.Platform);
        (rated.Note!.Number, rated.Note.State, rated.Note.Content!.Amount).Should().Be(("CN-2026-000001", NoteState.Refunded, -6m));
        await corrector.SettleAsync();
        var invoice = await world.InvoiceAsync(Id);
        invoice.Refunds.Should().ContainSingle().Which.Should().Match<InvoiceRefund>(r => r.Amount == Money.Usd(6m) && r.Given == true && r.Reason.Contains("CN-2026-000001"));
        (await corrector.BalanceAsync()).Should().Be(0m);
    }

    [Test]
    public async Task A_note_whose_refund_did_not_arrive_is_credit_again()
    {
        await IssueAsync(new() { PaymentMethod = "pm_card_visa" });
        await PriceAsync(2, 0.004m);
        var note = (await corrector.Desk.ReRateAsync(Tenant, Id, Corrector.Platform)).Note!;
        await corrector.SettleAsync();
        var payment = (await world.InvoiceAsync(Id)).Paid!.Payment!;
        var state = (await world.Payments.FindAsync(Tenant, payment))!.State;
        var given = state.Refunds.Values.Single();
        ProcessorPayment seen = new(state.Reference!, Tenant, payment, ProcessorStatus.Captured, "USD", state.Captured, [new(given.Reference, given.Refund, given.Amount.Amount, ProcessorRefundStatus.Failed, "closed", "The card was closed.")]);
        await world.Payments.HandleAsync(new ObservePayment(Tenant, payment, seen, world.Time.GetUtcNow()), Corrector.Platform);
        await corrector.SettleAsync();
        (await corrector.Notes.GetAsync(Tenant, note.Content!.Note)).State.State.Should().Be(NoteState.Issued);
        (await corrector.BalanceAsync()).Should().Be(-6m);
    }

    [Test]
    public async Task A_note_that_was_given_back_in_money_is_not_taken_off_again_when_the_rest_of_the_payment_is_gone()
    {
        await IssueAsync(new() { PaymentMethod = "pm_card_visa" });
        await PriceAsync(2, 0.004m);
        await corrector.Desk.ReRateAsync(Tenant, Id, Corrector.Platform);
        await corrector.SettleAsync();
        var payment = (await world.InvoiceAsync(Id)).Paid!.Payment!;
        var state = (await world.Payments.FindAsync(Tenant, payment))!.State;
        ProcessorPayment seen = new(state.Reference!, Tenant, payment, ProcessorStatus.Captured, "USD", state.Captured, [new("dispute-1", null, state.Captured - 6m, ProcessorRefundStatus.Done)]);
        await world.Payments.HandleAsync(new ObservePayment(Tenant, payment, seen, world.Time.GetUtcNow()), Corrector.Platform);
        await corrector.SettleAsync();
        var owed = await corrector.BalanceAsync();
        (owed, (await world.InvoiceAsync(Id)).Due.Amount).Should().Be((state.Captured - 6m, state.Captured - 6m));
        await corrector.Collector.TakeAsync(Tenant, Id, "pm_card_mastercard", null, Corrector.Platform);
        (await corrector.BalanceAsync()).Should().Be(0m);
    }

    [Test]
    public async Task Credit_pays_the_next_attempt()
    {
        await IssueAsync();
        await PriceAsync(2, 0.004m);
        await corrector.Desk.ReRateAsync(Tenant, Id, Corrector.Platform);
        (await corrector.Credit.ForAsync(Tenant, Id, Money.Usd(59m))).Should().Be(6m);
        var paid = await corrector.Collector.TakeAsync(Tenant, Id, "pm_card_visa", null, BillingWorld.Context);
        (paid.State.State, paid.State.Paid!.Amount).Should().Be((InvoiceState.Paid, Money.Usd(53m)));
        (await corrector.BalanceAsync()).Should().Be(0m);
    }

    [Test]
    public async Task Credit_that_is_left_over_goes_towards_the_next_invoice()
    {
        await IssueAsync();
        await world.Invoices.HandleAsync(new RecordInvoicePayment(Tenant, Id, "bank transfer", world.Time.GetUtcNow()), Corrector.Platform);
        await DisputeAsync(1, null, 49m);
        await corrector.SettleAsync();
        (await corrector.BalanceAsync()).Should().Be(-49m, "what came by a bank transfer is not given back by itself");
        world.Time.Advance(TimeSpan.FromDays(29));
        await corrector.SettleAsync();
        var second = Invoice.IdOf(Tenant, BillingWorld.February);
        (await corrector.Credit.ForAsync(Tenant, second, Money.Usd(49m))).Should().Be(49m);
        var paid = await corrector.Collector.TakeAsync(Tenant, second, "pm_card_visa", null, BillingWorld.Context);
        (paid.State.State, paid.State.Paid!.Amount.Amount).Should().Be((InvoiceState.Paid, 0m));
        (await corrector.BalanceAsync()).Should().Be(0m);
    }

    [Test]
    public async Task Credit_is_not_used_up_twice_while_an_attempt_is_under_way()
    {
        var (second, third) = await CreditOfTwentyAsync();
        (await corrector.Collector.TakeAsync(Tenant, second, "sandbox_timeout_before_charge", null, BillingWorld.Context)).State.Open!.Amount.Should().Be(Money.Usd(29m));
        var paid = await corrector.Collector.TakeAsync(Tenant, third, "pm_card_visa", null, BillingWorld.Context);
        paid.State.Paid!.Amount.Should().Be(Money.Usd(49m), "the attempt for the other invoice has used it up");
    }

    [Test]
    public async Task Credit_is_not_used_up_twice_by_attempts_at_once()
    {
        var (second, third) = await CreditOfTwentyAsync();
        var paid = await Task.WhenAll(((string[])[second, third]).Select(i => Task.Run(() => corrector.Collector.TakeAsync(Tenant, i, "pm_card_visa", null, BillingWorld.Context))));
        paid.Sum(p => p.State.Paid!.Amount.Amount).Should().Be(78m);
        (await corrector.BalanceAsync()).Should().Be(0m);
    }

    [Test]
    public async Task Several_processes_that_re_rate_at_once_issue_one_note()
    {
        await IssueAsync();
        await world.UseAsync("calls", 500m, January.AddDays(20));
        var others = Enumerable.Range(0, 6).Select(_ => new Corrector(world.Again())).ToList();
        var notes = await Task.WhenAll(others.Select(o => o.Desk.ReRateAsync(Tenant, Id, Corrector.Platform)));
        notes.Count(n => n.Note is not null).Should().Be(1);
        (await corrector.Desk.BilledAsync(Tenant, Id)).Notes.Should().HaveCount(1);
        (await corrector.NumbersAsync(false)).Should().Equal("DN-2026-000001");
    }

    [Test]
    public async Task A_crash_anywhere_leaves_nothing_undone_and_nothing_twice()
    {
        await IssueAsync(new() { PaymentMethod = "pm_card_visa" });
        for (var round = 1; round <= 12; round++)
        {
            // Dearer and cheaper in turn, with late usage in between.
            await PriceAsync(round + 1, 0.01m + (round % 2 == 0 ? 0.002m : -0.002m));
            await world.UseAsync("calls", 10m, January.AddDays(15));
            var dying = new DyingLog(world.Store, new(round), 0.25);
            for (var tries = 0; tries < 200; tries++)
            {
                try
                {
                    await new Corrector(world.Again(dying), dying).Desk.ReRateAsync(Tenant, Id, Corrector.Platform);
                    break;
                }
                catch (KilledException)
                {
                    // The process is started again.
                }
            }

            await corrector.SettleAsync();
        }

        var billed = await corrector.Desk.BilledAsync(Tenant, Id);
        billed.Notes.Should().HaveCount(12).And.OnlyContain(n => n.Number != null);
        billed.Notes.Where(n => n.IsCredit).Should().OnlyContain(n => n.State == NoteState.Refunded);
        (await corrector.NumbersAsync(true)).Should().Equal(Enumerable.Range(1, 6).Select(n => $"CN-2026-{n:000000}"));
        (await corrector.NumbersAsync(false)).Should().Equal(Enumerable.Range(1, 6).Select(n => $"DN-2026-{n:000000}"));
        billed.Period.Total.Should().Be(billed.Period.Current.Total);
        (await corrector.Desk.LookAsync(Tenant, Id)).Result.IsSame.Should().BeTrue();
    }

    [Test]
    public async Task An_accepted_dispute_becomes_a_note_even_where_the_process_ends_behind_the_decision()
    {
        await IssueAsync();
        var invoice = (await world.InvoiceAsync(Id)).Generated!.Draft;
        await corrector.Desk.OpenAsync(Tenant, Id, "d1", 2, "not ours", BillingWorld.Context);
        await corrector.Disputes.HandleAsync(new AcceptDispute(Tenant, Id, invoice, invoice, "d1", 100m, null, "agreed", "platform", world.Time.GetUtcNow()), Corrector.Platform);
        await corrector.SettleAsync();
        var note = (await corrector.Desk.BilledAsync(Tenant, Id)).Notes.Should().ContainSingle().Which;
        (note.Number, note.Content!.Amount, note.Content.Lines[0].Line, note.Content.Lines[0].Reasons[0]).Should().Be(("CN-2026-000001", -1m, 2, NoteReason.Dispute));
    }

    [Test]
    public async Task A_dispute_can_take_off_what_is_there_and_no_more()
    {
        await IssueAsync();
        var (_, rated) = await DisputeAsync(2, 1_000m, null);
        rated.Note!.Content!.Amount.Should().Be(-10m);
        await FluentActions.Awaiting(() => DisputeAsync(2, 1m, null)).Should().ThrowAsync<DomainException>().Where(e => e.Error.Code == "adjustment-beyond-line");
        await FluentActions.Awaiting(() => DisputeAsync(7, 1m, null)).Should().ThrowAsync<DomainException>().Where(e => e.Error.Code == "invoice-line-not-found");
    }

    [Test]
    public async Task Late_usage_of_a_period_that_had_no_invoice_gets_one()
    {
        world.Time.Advance(TimeSpan.FromDays(2));
        await corrector.SettleAsync();
        (await world.Invoices.FindAsync(Tenant, Id)).Should().BeNull();
        await world.UseAsync("cost", 3m, January.AddDays(20));
        (await corrector.Desk.CatchUpAsync(Tenant, Corrector.Platform)).Should().Be(1);
        (await world.InvoiceAsync(Id)).Total.Should().Be(Money.Usd(3m));
        await world.UseAsync("cost", 2m, January.AddDays(21));
        (await corrector.Desk.CatchUpAsync(Tenant, Corrector.Platform)).Should().Be(1);
        (await corrector.Desk.CatchUpAsync(Tenant, Corrector.Platform)).Should().Be(0);
        await corrector.SettleAsync();
        (await corrector.BalanceAsync()).Should().Be(5m);
    }

    [Test]
    public async Task The_daily_look_bills_what_came_late()
    {
        await IssueAsync();
        await world.UseAsync("calls", 500m, January.AddDays(20));
        using var job = new CorrectionJob(corrector.Closed, corrector.Desk, world.Time, Microsoft.Extensions.Logging.Abstractions.NullLogger<CorrectionJob>.Instance);
        (await job.RunOnceAsync()).Should().Be(1);
        (await job.RunOnceAsync()).Should().Be(0);
    }

    [Test]
    public async Task The_daily_look_does_not_wait_for_a_whole_day_that_the_process_may_not_live()
    {
        var watch = new Watch();
        using var job = new CorrectionJob(corrector.Closed, corrector.Desk, watch, Microsoft.Extensions.Logging.Abstractions.NullLogger<CorrectionJob>.Instance);
        await job.StartAsync(default);
        (await watch.First.Task.WaitAsync(TimeSpan.FromMinutes(1))).Should().BeLessThan(TimeSpan.FromHours(1));
        await job.StopAsync(default);
    }

    [Test]
    public async Task What_cannot_be_re_rated_is_refused()
    {
        (await RefusalAsync(() => corrector.Desk.LookAsync(Tenant, "none"))).Should().Be("invoice-not-found");
        (await RefusalAsync(() => corrector.Desk.LookAsync("other", Id))).Should().Be("invoice-not-found");
        (await RefusalAsync(() => corrector.Desk.OpenAsync(Tenant, "none", "d1", 1, "why", BillingWorld.Context))).Should().Be("invoice-not-found");
        await IssueAsync();
        (await RefusalAsync(() => corrector.Desk.LookAsync("other", Id))).Should().Be("invoice-not-found", "it is another tenant's");
        (await RefusalAsync(() => corrector.Notes.GetAsync("other", BillingNote.IdOf(Tenant, Id, 1)))).Should().Be("billing-note-not-found");
        await world.WriteAsync(PricePublished.Stream("calls"), new PricePublished(new("calls", 2, "calls", PriceModel.PerUnit, "EUR", January.AddYears(-1)) { UnitAmount = 0.01m }, null, January));
        (await RefusalAsync(() => corrector.Desk.LookAsync(Tenant, Id))).Should().Be("exchange-rate-missing");
        await world.Invoices.HandleAsync(new WriteInvoiceOff(Tenant, Id, "closed", "platform", world.Time.GetUtcNow()), Corrector.Platform);
        (await RefusalAsync(() => corrector.Desk.LookAsync(Tenant, Id))).Should().Be("invoice-written-off");
    }

    [Test]
    public async Task What_if_writes_nothing_and_the_same_again_is_the_same()
    {
        await IssueAsync(new() { Taxes = [new("VAT", 19m)] });
        await world.UseAsync("calls", 500m, January.AddDays(20));
        await corrector.Desk.ReRateAsync(Tenant, Id, Corrector.Platform);
        await world.UseAsync("calls", 1m, January.AddDays(21));
        await PriceAsync(2, 0.5m);
        var head = await world.Store.GetHeadAsync();

        var same = await corrector.WhatIf.AskAsync(Question(new()));
        var period = same.Tenants.Should().ContainSingle().Which.Periods.Should().ContainSingle().Which;
        (period.Billed, period.Then, period.Lines.Length, period.Problem).Should().Be((76.16m, 76.16m, 0, null));
        same.Totals.Should().Equal(new WhatIfTotal("USD", 1, 76.16m, 76.16m, 0m));

        var cheaper = await corrector.WhatIf.AskAsync(Question(new() { Prices = [new("calls", 1, "calls", PriceModel.PerUnit, "USD", January) { UnitAmount = 0.002m }] }));
        cheaper.Totals.Single().Difference.Should().Be(-12m - 2.28m);
        await world.WriteAsync(PlanPublished.Stream("flat"), new PlanPublished(new("flat", 1, "Flat", "USD") { RecurringFee = 70m }, null, January));
        head = await world.Store.GetHeadAsync();
        var flat = await corrector.WhatIf.AskAsync(Question(new() { Plan = "flat" }) with { Tenant = null });
        flat.Totals.Single().Then.Should().Be(83.3m);
        (flat.NextAfter, flat.Tenants.Single().Tenant).Should().Be((null, Tenant));
        (await RefusalAsync(() => corrector.WhatIf.AskAsync(Question(new() { Plan = "none" })))).Should().Be("what-if-invalid");
        (await RefusalAsync(() => corrector.WhatIf.AskAsync(Question(new()) with { From = BillingWorld.February }))).Should().Be("no-closed-period");
        (await world.Store.GetHeadAsync()).Should().Be(head);
    }

    [Test]
    public async Task A_note_is_proven_by_the_usage_as_an_invoice_is()
    {
        await IssueAsync();
        await world.UseAsync("calls", 500m, January.AddDays(20));
        await corrector.Desk.ReRateAsync(Tenant, Id, Corrector.Platform);
        await DisputeAsync(2, 100m, null);
        var note = (await corrector.Desk.BilledAsync(Tenant, Id)).Notes[^1];
        var draft = note.Content!.Draft;
        var totals = await world.Usage.OfAsync(Tenant, draft.Slots, draft.Basis.Period.From, draft.Basis.Period.To, draft.FromVersion, draft.ThroughVersion);
        var again = InvoiceCalculator.Draft(draft.Basis, totals);
        again.Total.Should().Be(draft.Total).And.Be(49m + 15m - 1m);
        again.Lines.Select(l => l.Usage?.Root).Should().Equal(draft.Lines.Select(l => l.Usage?.Root));
    }

    /// <summary>Credit of 20, and the invoices of the next two months, of 49 each.</summary>
    private async Task<(string Second, string Third)> CreditOfTwentyAsync()
    {
        await IssueAsync();
        await world.Invoices.HandleAsync(new RecordInvoicePayment(Tenant, Id, "bank transfer", world.Time.GetUtcNow()), Corrector.Platform);
        await DisputeAsync(1, null, 20m);
        world.Time.Advance(TimeSpan.FromDays(60));
        await corrector.SettleAsync();
        return (Invoice.IdOf(Tenant, BillingWorld.February), Invoice.IdOf(Tenant, BillingWorld.February.AddMonths(1)));
    }

    private static WhatIfQuestion Question(WhatIfChange change) => new(change, null, null, Tenant, null, 50);

    private static async Task<string> RefusalAsync(Func<Task> ask) => (await FluentActions.Awaiting(ask).Should().ThrowAsync<DomainException>()).Which.Error.Code;

    private async Task<(InvoiceDisputes Disputes, ReRated ReRated)> DisputeAsync(int line, decimal? quantity, decimal? amount)
    {
        var id = "d" + (await corrector.Desk.DisputesAsync(Tenant, Id)).All.Length;
        await corrector.Desk.OpenAsync(Tenant, Id, id, line, "not ours", BillingWorld.Context);
        try
        {
            return await corrector.Desk.AcceptAsync(Tenant, Id, id, quantity, amount is { } money ? Money.Usd(money) : null, "agreed", Corrector.Platform);
        }
        catch (DomainException)
        {
            await corrector.Disputes.HandleAsync(new RejectDispute(Tenant, Id, id, "cannot be", "platform", world.Time.GetUtcNow()), Corrector.Platform);
            throw;
        }
    }

    private Task PriceAsync(int version, decimal amount) =>
        world.WriteAsync(PricePublished.Stream("calls"), new PricePublished(new("calls", version, "calls", PriceModel.PerUnit, "USD", January.AddYears(-1)) { UnitAmount = amount, Description = "Calls" }, "corrected", world.Time.GetUtcNow()));

    /// <summary>January with 1,000 calls, closed.</summary>
    private async Task IssueAsync(BillingSettings? settings = null)
    {
        await world.SubscribeAsync(settings);
        await world.UseAsync("calls", 1_000m, January.AddDays(12));
        world.Time.Advance(TimeSpan.FromDays(2));
        await corrector.SettleAsync();
    }

    private async Task<ImmutableArray<Guid>> StreamAsync(string stream)
    {
        var events = ImmutableArray.CreateBuilder<Guid>();
        await foreach (var recorded in world.Store.ReadStreamOrEmptyAsync(stream))
        {
            events.Add(recorded.Id);
        }

        return events.ToImmutable();
    }

    /// <summary>A clock whose timers never fire, which tells how long the first one is to wait.</summary>
    private sealed class Watch : TimeProvider
    {
        public TaskCompletionSource<TimeSpan> First { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            First.TrySetResult(dueTime);
            return base.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }
}
