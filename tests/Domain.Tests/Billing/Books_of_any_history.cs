using System.Collections.Immutable;
using System.Text.Json;
using AIaaS.Domain.Pricing;
using AIaaS.EventStore;
using FsCheck;
using FsCheck.Fluent;

namespace AIaaS.Domain.Billing;

/// <summary>What holds for what is owed, in whatever order usage, prices, rates and disputes become known.</summary>
public sealed class Books_of_any_history
{
    private static readonly string[] Meters = ["calls", "bytes", "seats"];

    private static readonly Plan Team = new("team", 1, "Team", "USD") { RecurringFee = 49m, Prices = ["calls", "bytes", "seats"] };

    private static readonly BillingSettings Settings = new() { Taxes = [new("VAT 19 %", 19m), new("City", 1.3m)], Discounts = [new(7.5m, null, Bills.From, null, "Loyal"), new(null, Money.Usd(3m), Bills.From, null, "Voucher")] };

    private static Price[] Prices =>
    [
        Bills.PerUnit("calls", "calls", 0.0133m) with { FreeAllowance = 20m, Minimum = 1m },
        Bills.PerUnit("bytes", "bytes", 0m) with { Model = PriceModel.Graduated, Tiers = [new(100m, 0.031m), new(1_000m, 0.017m, 0.25m), new(null, 0.003m)] },
        Bills.PerUnit("seats", "seats", 1.07m, "EUR"),
    ];

    /// <summary>Something that becomes known: usage, a version of a price, a rate, a dispute; or a re-rating in between.</summary>
    private sealed record Step(int Kind, int A, int B, int C);

    private static Arbitrary<Step[]> Histories { get; } = (
        from size in Gen.Choose(1, 24)
        from steps in (from kind in Gen.Choose(0, 11) from a in Gen.Choose(0, 999) from b in Gen.Choose(0, 999) from c in Gen.Choose(1, 9_999) select new Step(kind, a, b, c)).ArrayOf(size)
        select steps).ToArbitrary();

    [Test]
    public void end_with_what_would_be_owed_if_all_had_been_known_at_the_start() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(3_000),
        Prop.ForAll(Histories, steps =>
        {
            var world = World.Play(steps, closeAfter: steps.Length / 3);
            return world.Owed == world.Month.AllAtOnce().Total && world.Month.Billed.Total == world.Month.Billed.Current.Total && world.Month.Look().IsSame;
        }));

    [Test]
    public void do_not_depend_on_the_order_in_which_things_became_known() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(2_000),
        Prop.ForAll(Histories, Gen.Choose(0, int.MaxValue).ToArbitrary(), (steps, seed) =>
        {
            // Disputes are about the lines of the invoice, so that their outcome may depend on what it was made of; the rest may come in any order.
            var facts = steps.Where(s => s.Kind < 9).ToArray();
            var first = World.Play(facts, closeAfter: facts.Length / 2);
            var second = World.Play(Shuffled(facts, seed), closeAfter: seed % (facts.Length + 1));
            return first.Owed == second.Owed;
        }));

    [Test]
    public void say_later_of_a_past_moment_what_they_said_at_it() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(2_000),
        Prop.ForAll(Histories, steps =>
        {
            var world = World.Play(steps, closeAfter: steps.Length / 3);
            return world.Said.All(said =>
                Text(Books.Known(world.Entries, before: said.At)) == said.Text
                && Text(Books.Known(world.Entries, through: said.Position)) == said.Text);
        }));

    [Test]
    public void are_never_below_zero_by_what_disputes_take_off() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(1_000),
        Prop.ForAll(Histories, steps =>
        {
            var month = World.Play([.. steps, .. steps.Select(s => s with { Kind = 9 + (s.A % 3) })], closeAfter: steps.Length / 2).Month;
            return month.Billed.Total >= 0m && month.Billed.Current.Subtotal >= 0m;
        }));

    private static string Text(Books books) => JsonSerializer.Serialize(books);

    // Any order, but versions of one price and rates of one pair stay in theirs: which of two holds is what their order says.
    private static Step[] Shuffled(Step[] steps, int seed)
    {
        var random = new Random(seed);
        var order = steps.Select((s, i) => (Step: s, Key: random.Next(), Index: i)).ToArray();
        var kept = order.Where(o => o.Step.Kind is 6 or 7 or 8).OrderBy(o => o.Index).Select(o => o.Step).ToArray();
        var next = 0;
        return [.. order.OrderBy(o => o.Key).Select(o => o.Step.Kind is 6 or 7 or 8 ? kept[next++] : o.Step)];
    }

    /// <summary>A month, and the log of what was entered into the books.</summary>
    private sealed class World
    {
        private readonly Dictionary<string, BooksAccount> accounts = [];
        private readonly Dictionary<string, int> versions = [];
        private ulong position = 1;
        private DateTimeOffset now = Bills.To;

        public ClosedMonth Month { get; } = Start();

        public List<(DateTimeOffset At, ulong Position, string Text)> Said { get; } = [];

        public IEnumerable<BooksEntry> Entries => accounts.Values.SelectMany(a => a.Entries);

        public decimal Owed => Books.Known(Entries).Balances.Single().Amount;

        public static World Play(Step[] steps, int closeAfter)
        {
            var world = new World();
            for (var i = 0; i < steps.Length; i++)
            {
                if (i == closeAfter)
                {
                    world.Close();
                }

                world.Learn(steps[i], i >= closeAfter);
            }

            if (closeAfter >= steps.Length)
            {
                world.Close();
            }

            world.ReRate();
            return world;
        }

        private static ClosedMonth Start()
        {
            var month = new ClosedMonth(Team, Settings, Prices);
            month.Book = month.Book.Evolve(new ExchangeRatePublished("EUR", "USD", 1.0837m, Bills.From, null, Bills.From));
            return month;
        }

        private void Learn(Step step, bool isClosed)
        {
            switch (step.Kind)
            {
                case < 6:
                    // Each event has its own values, so that they are the same events whatever their order.
                    Month.Use(step.C, Bills.From.AddMinutes((step.A * 44) + (step.B % 44)), Meters[step.Kind % 3], step.C / 7m % 911m is var value ? decimal.Round(value, 6) : 0m);
                    break;
                case 6 or 7:
                    var id = Meters[step.A % 3];
                    var version = versions[id] = versions.GetValueOrDefault(id, 1) + 1;
                    var price = Prices[step.A % 3] with { Version = version, From = Bills.From.AddHours(step.B % 720) };
                    Month.Book = Month.Book.Evolve(new PricePublished(price.Model == PriceModel.Graduated ? price with { Tiers = [new(step.C, 0.02m), new(null, 0.01m)] } : price with { UnitAmount = step.C / 100_000m }, null, now));
                    break;
                case 8:
                    Month.Book = Month.Book.Evolve(new ExchangeRatePublished("EUR", "USD", 0.9m + (step.C / 50_000m), Bills.From.AddDays(step.A % 31), null, now));
                    break;
                case 9 or 10 when isClosed:
                    var lines = Month.Invoice.Lines.Where(l => l.Kind is InvoiceLineKind.Usage).ToList();
                    var line = lines[step.A % lines.Count];
                    Month.Dispute(line.Number, step.Kind == 9 ? decimal.Round((line.Usage!.Quantity * (step.B + 1) / 1_000m) + 0.001m, 3) : null, step.Kind == 9 ? null : decimal.Round((line.Amount * step.B / 1_000m) + 0.01m, 2));
                    break;
                case 11 when isClosed:
                    ReRate();
                    break;
            }
        }

        private void Close()
        {
            Month.Close();
            Enter("i1", new InvoiceGenerated("i1", Month.Invoice, Bills.Seller, Bills.Buyer, -1, now, now), new InvoiceNumbered("i1", "INV-1", now, now));
        }

        private void ReRate()
        {
            if (Month.ReRate() is { } note)
            {
                Enter(note.Note, BillingNote.Initial.Issue(new("acme", note)).Events.Single(), new NoteNumbered("N-" + note.Sequence, now));
            }
        }

        private void Enter(string document, params object[] events)
        {
            foreach (var @event in events)
            {
                position += 7;
                accounts[document] = accounts.GetValueOrDefault(document, BooksAccount.Initial).Apply(@event, now, position);
            }

            now = now.AddMinutes(5);
            Said.Add((now, position, Text(Books.Known(Entries))));
        }
    }
}

public sealed class Books_of_a_tenant
{
    private static readonly DateTimeOffset At = Bills.To.AddDays(1);

    private static BooksAccount Account(decimal total, params object[] events) => events.Aggregate(
        BooksAccount.Initial with { Document = "i1", Invoice = "i1", Number = "INV-1", Currency = "USD", Total = total, Effective = Bills.To },
        (account, e) => account.Apply(e, At, 10));

    [Test]
    public void give_up_what_is_left_of_an_invoice_and_its_notes()
    {
        var invoice = Account(100m, new InvoiceNumbered("i1", "INV-1", At, At)).Apply(new InvoiceWrittenOff("i1", "closed", "platform", At), At.AddDays(2), 30);
        var note = (BooksAccount.Initial with { Document = "n1", Invoice = "i1", Kind = BooksEntryKind.CreditNote, Currency = "USD", Total = -20m, Effective = Bills.To }).Apply(new NoteNumbered("CN-1", At), At.AddDays(1), 20);
        var books = Books.Known([.. invoice.Entries, .. note.Entries]);
        books.Balances.Should().Equal(new Balance("USD", 100m, 0m, 20m, 0m, 0m, 80m, 0m));
        books.Lines.Select(l => l.Balance).Should().Equal(100m, 80m, 0m);
    }

    [Test]
    public void make_no_credit_of_what_comes_in_for_a_claim_that_was_given_up()
    {
        var invoice = Account(100m, new InvoiceNumbered("i1", "INV-1", At, At))
            .Apply(new InvoicePaid("i1", Money.Usd(100m), "p1", null, At), At, 20)
            .Apply(new InvoiceRefunded("i1", "f1", Money.Usd(100m), At), At, 30)
            .Apply(new InvoicePaymentReversed("i1", "fraud", At), At, 31)
            .Apply(new InvoiceWrittenOff("i1", "fraud", "platform", At), At, 40)
            .Apply(new InvoiceRefundReturned("i1", "f1", Money.Usd(100m), "returned", "it was none", At), At, 50)
            .Apply(new InvoicePaymentRestored("i1", At, At), At, 51);
        var note = (BooksAccount.Initial with { Document = "n1", Invoice = "i1", Kind = BooksEntryKind.CreditNote, Currency = "USD", Total = -20m, Effective = Bills.To }).Apply(new NoteNumbered("CN-1", At), At, 60);
        Books.Known(invoice.Entries).Balances.Should().Equal(new Balance("USD", 100m, 0m, 0m, 100m, 0m, 0m, 0m));
        Books.Known([.. invoice.Entries, .. note.Entries]).Balances.Should().Equal(new Balance("USD", 100m, 0m, 20m, 100m, 0m, 0m, -20m));
        Books.Known([.. invoice.Entries, .. note.Entries.Select(e => e with { Position = 45 })], through: 45).Balances.Should().Equal(new Balance("USD", 100m, 0m, 20m, 100m, 100m, 80m, 0m));
        Books.Known(invoice.Entries, through: 40).Lines.Select(l => l.Balance).Should().Equal(100m, 0m, 100m, 0m);
        Books.Known([.. invoice.Entries, .. note.Entries.Select(e => e with { Position = 45 })], through: 45, effectiveBefore: At).Balances.Should().Equal([new Balance("USD", 100m, 0m, 20m, 0m, 0m, 0m, 80m)], "what takes a write-off back is not so before the write-off is");
    }

    [Test]
    public void make_no_credit_of_a_note_that_was_given_back_in_money()
    {
        var reversed = Account(100m, new InvoiceNumbered("i1", "INV-1", At, At), new InvoicePaid("i1", Money.Usd(100m), "p1", null, At), new InvoiceRefunded("i1", "f1", Money.Usd(30m), At), new InvoiceRefunded("i1", "f2", Money.Usd(70m), At), new InvoicePaymentReversed("i1", "fraud", At));
        var note = (BooksAccount.Initial with { Document = "n1", Invoice = "i1", Kind = BooksEntryKind.CreditNote, Currency = "USD", Total = -30m }).Apply(new NoteNumbered("CN-1", At), At, 20).Apply(new NoteRefundRequested("f1", Money.Usd(30m), At), At, 21);
        var given = note.Apply(new NoteRefundSettled("f1", true, At), At, 22);
        Credit.For([reversed, given], "i1", Money.Usd(70m)).Should().Be(0m);
        Credit.For([reversed, given.Apply(new NoteRefundSettled("f1", false, At), At, 23)], "i1", Money.Usd(70m)).Should().Be(30m);
        Credit.For([reversed, note.Apply(new NoteRefundSettled("f1", false, At), At, 22).Apply(new NoteRefundSettled("f1", true, At), At, 23)], "i1", Money.Usd(70m)).Should().Be(0m);
    }

    [Test]
    public void use_no_credit_for_other_invoices_that_a_reversed_payment_made()
    {
        var reversed = Account(100m, new InvoiceNumbered("i1", "INV-1", At, At), new InvoicePaid("i1", Money.Usd(100m), "p1", null, At), new InvoiceRefunded("i1", "f1", Money.Usd(100m), At), new InvoicePaymentReversed("i1", "fraud", At));
        var paid = (BooksAccount.Initial with { Document = "i0", Invoice = "i0", Currency = "USD", Total = 50m }).Apply(new InvoiceNumbered("i0", "INV-0", At, At), At, 5).Apply(new InvoicePaid("i0", Money.Usd(80m), null, "transfer", At), At, 6);
        var next = (BooksAccount.Initial with { Document = "i2", Invoice = "i2", Currency = "USD", Total = 20m }).Apply(new InvoiceNumbered("i2", "INV-2", At, At), At, 30);
        Credit.For([reversed, paid, next], "i2", Money.Usd(20m)).Should().Be(20m, "what is owed for another invoice stays with it");
        Credit.For([reversed, paid, next], "i1", Money.Usd(100m)).Should().Be(30m, "it is to be paid again, and credit pays of it");
    }

    [Test]
    public void tell_what_is_so_from_what_is_known()
    {
        var invoice = Account(100m, new InvoiceNumbered("i1", "INV-1", At, At)).Apply(new InvoicePaid("i1", Money.Usd(100m), "p1", null, At.AddDays(3)), At.AddDays(5), 20);
        Books.Known(invoice.Entries, before: At.AddDays(5)).Balances.Single().Amount.Should().Be(100m, "the payment was not known then");
        Books.Known(invoice.Entries, before: At.AddDays(6), effectiveBefore: At.AddDays(3)).Balances.Single().Amount.Should().Be(100m, "it was not made then");
        Books.Known(invoice.Entries).Balances.Single().Should().Be(new Balance("USD", 100m, 0m, 0m, 100m, 0m, 0m, 0m));
    }

    [Test]
    public void let_credit_of_a_settled_invoice_pay_the_next_one()
    {
        var paid = Account(100m, new InvoiceNumbered("i1", "INV-1", At, At), new InvoicePaid("i1", Money.Usd(100m), null, "transfer", At));
        var note = (BooksAccount.Initial with { Document = "n1", Invoice = "i1", Kind = BooksEntryKind.CreditNote, Currency = "USD", Total = -30m }).Apply(new NoteNumbered("CN-1", At), At, 20);
        BooksAccount Next(string id) => (BooksAccount.Initial with { Document = id, Invoice = id, Currency = "USD", Total = 20m }).Apply(new InvoiceNumbered(id, id, At, At), At, 30);
        Credit.For([paid, note, Next("i2")], "i2", Money.Usd(20m)).Should().Be(20m);
        var second = Next("i2").Apply(new InvoicePaid("i2", Money.Usd(0m), null, "credit", At), At, 40);
        Credit.For([paid, note, second, Next("i3")], "i3", Money.Usd(20m)).Should().Be(10m, "20 of the 30 went to the invoice before");
        Credit.For([paid, note, Next("i3")], "i3", new(20m, "EUR")).Should().Be(0m);
    }
}

public sealed class What_if
{
    private static readonly Plan Team = new("team", 1, "Team", "USD") { RecurringFee = 49m, Prices = ["calls", "bytes"] };

    private static readonly Plan Pro = new("pro", 1, "Pro", "USD") { RecurringFee = 99m, Prices = ["calls"] };

    [Test]
    public void nothing_changed_every_invoice_is_the_same() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(1_000),
        Prop.ForAll(ArbMap.Default.ArbFor<(PositiveInt Value, bool IsCall)[]>(), Gen.Choose(0, 3).ToArbitrary(), (uses, kind) =>
        {
            var settings = new BillingSettings { Taxes = [new("VAT", 19m)], Discounts = [new(3m, null, Bills.From, null, "Loyal")] };
            var month = new ClosedMonth(Team, settings, Bills.PerUnit("calls", "calls", 0.0133m), Bills.PerUnit("bytes", "bytes", 0.07m));
            for (var i = 0; i < uses.Length; i++)
            {
                month.Use(i, Bills.From.AddMinutes(i), uses[i].IsCall ? "calls" : "bytes", uses[i].Value.Get / 3m is var v ? decimal.Round(v, 6) : 0m);
            }

            month.Close();
            var billed = ReRating.Knowledge(month.Invoice, month.Book, ImmutableDictionary<string, Metering.MeterDefinition>.Empty, new LogPosition(month.Invoice.Basis.KnownAt));
            // The same said in other ways: nothing, the plan that it is on, the prices that hold.
            var change = kind switch
            {
                0 => new WhatIfChange(),
                1 => new WhatIfChange { Plan = "team", PlanVersion = 1 },
                2 => new WhatIfChange { Plan = "team" },
                _ => new WhatIfChange { Rates = [new("EUR", "GBP", 0.9m, Bills.From)] },
            };
            var knowledge = WhatIf.Knowledge(billed, change, month.Book);
            var draft = ReRating.Draft(knowledge, WhatIf.Reused(month.Invoice, InvoiceCalculator.Slots(knowledge))!, []);
            return Text(draft) == Text(month.Invoice);
        }));

    [Test]
    public void another_plan_had_held_from_the_first_day()
    {
        var month = new ClosedMonth(Team, null, Bills.PerUnit("calls", "calls", 0.01m), Bills.PerUnit("bytes", "bytes", 0.1m));
        month.Use(1, Bills.From, "calls", 1_000m);
        month.Use(2, Bills.From, "bytes", 1_000m);
        month.Close();
        var book = month.Book.Evolve(new PlanPublished(Pro, null, Bills.To));
        var result = Change(month, new() { Plan = "pro" }, book);
        result.Lines.Sum(l => l.Difference).Should().Be(result.Amount).And.Be(99m + 10m - 49m - 10m - 100m);
    }

    [Test]
    public void another_price_had_held_only_its_line_differs()
    {
        var month = new ClosedMonth(Team, null, Bills.PerUnit("calls", "calls", 0.01m), Bills.PerUnit("bytes", "bytes", 0.1m));
        month.Use(1, Bills.From, "calls", 1_000m);
        month.Close();
        var result = Change(month, new() { Prices = [Bills.PerUnit("calls", "calls", 0.03m)] }, month.Book);
        result.Lines.Should().ContainSingle().Which.Difference.Should().Be(20m);
        month.Book.FindPrice("calls", 2).Should().BeNull("nothing is published by it");
    }

    [Test]
    public void what_is_proposed_is_wrong_all_of_it_is_said()
    {
        var book = Bills.Book(Team, Bills.PerUnit("calls", "calls", 0.01m));
        var tiers = Bills.PerUnit("bytes", "bytes", 0m) with { Model = PriceModel.Graduated, Tiers = [new(100m, 1m), new(50m, 2m), new(null, 1m)] };
        var faults = WhatIf.Faults(new() { Plan = "none", PlanVersion = 3, Prices = [tiers], Rates = [new("EUR", "XXX", -1m, Bills.From)] }, book);
        faults.Should().Contain(f => f.Contains("no version 3 of a plan 'none'")).And.Contain(f => f.Contains("'bytes'")).And.Contain(f => f.Contains("XXX")).And.Contain(f => f.Contains("not more than 0"));
        WhatIf.Faults(new() { Plan = "team", ProposedPlan = Pro }, book).Should().ContainSingle(f => f.Contains("either"));
        WhatIf.Faults(new() { ProposedPlan = Pro with { Prices = ["unknown"] } }, book).Should().ContainSingle(f => f.Contains("unknown"));
    }

    private static ReRatingResult Change(ClosedMonth month, WhatIfChange change, PriceBookView book)
    {
        WhatIf.Faults(change, book).Should().BeEmpty();
        var billed = ReRating.Knowledge(month.Invoice, month.Book, ImmutableDictionary<string, Metering.MeterDefinition>.Empty, new LogPosition(7));
        var knowledge = WhatIf.Knowledge(billed, change, book);
        var slots = InvoiceCalculator.Slots(knowledge);
        var usage = WhatIf.Reused(month.Invoice, slots) ?? month.Fold(knowledge);
        return ReRating.Compare(month.Invoice, month.Invoice, ReRating.Draft(knowledge, usage, []));
    }

    private static string Text(InvoiceDraft draft) => JsonSerializer.Serialize(InvoiceStatement.Preview(Bills.Seller, Bills.Buyer, Bills.To, Bills.To, draft), InvoiceJson.Default.InvoiceStatement);
}
