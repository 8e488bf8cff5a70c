using AIaaS.Domain;
using AIaaS.Domain.Billing;
using AIaaS.EventStore;
using AIaaS.Projections.Billing;
using AIaaS.Projections.Tests.Engine;

namespace AIaaS.Projections.Tests.Models;

public sealed class An_invoice_whose_payment_was_reversed : ReadModelFixture
{
    private readonly InvoicesProjection invoices = new();

    [Test]
    public async Task is_past_due_until_the_money_comes_back()
    {
        var paid = World.Start.AddDays(3);
        await World.AppendAsync(
            "invoice-acme_i1",
            new InvoiceNumbered("i1", "INV-2026-000042", World.Start, World.Start),
            new InvoicePaid("i1", Money.Usd(11.90m), "p1", null, paid),
            new InvoiceRefunded("i1", "f1", Money.Usd(11.90m), World.Start),
            new InvoicePaymentReversed("i1", "fraud", World.Start));
        await World.CaughtUpAsync(World.Run(invoices));
        (await World.ReadAsync(invoices, "acme:i1")).Should().BeEquivalentTo(new { State = InvoiceState.PastDue, PaidAt = (DateTimeOffset?)null, Refunded = 11.90m });
        await World.AppendAsync("invoice-acme_i1", new InvoiceRefundReturned("i1", "f1", Money.Usd(11.90m), "returned", "It was none.", World.Start), new InvoicePaymentRestored("i1", paid, World.Start));
        await World.CaughtUpAsync(World.Run(invoices));
        (await World.ReadAsync(invoices, "acme:i1")).Should().BeEquivalentTo(new { State = InvoiceState.Paid, PaidAt = (DateTimeOffset?)paid, Refunded = 0m });
    }
}

public sealed class An_invoice_that_was_corrected : ReadModelFixture
{
    private readonly BillingNotesProjection notes = new();
    private readonly DisputesProjection disputes = new();
    private readonly BillingAccountsProjection accounts = new();

    // The catalogue's own examples: an invoice of 11.90, and a credit note on it.
    private static readonly InvoiceGenerated Invoiced = Example<InvoiceGenerated>();

    private static readonly CreditNoteIssued Credited = Example<CreditNoteIssued>();

    protected override async Task Given()
    {
        await World.AppendAsync("invoice-acme_i1", Invoiced, new InvoiceNumbered("i1", "INV-2026-000042", World.Start, World.Start), new InvoicePaid("i1", Money.Usd(11.90m), "p1", null, World.Start));
        await World.AppendAsync("billingNote-acme_n1", Credited, new NoteNumbered("CN-2026-000007", World.Start), new NoteRefundRequested("f1", Money.Usd(0.60m), World.Start), new NoteRefundSettled("f1", true, World.Start));
        await World.AppendAsync("invoice-acme_i1", new InvoiceRefunded("i1", "f1", new(-Credited.Content.Amount, "USD"), World.Start));
        await World.AppendAsync("billingDisputes-acme_i1", new DisputeOpened("d1", 2, "not ours", "key:k7", World.Start), new DisputeRejected("d1", "it was", "platform", World.Start), new DisputeOpened("d2", 1, "too much", "key:k7", World.Start));
        await World.CaughtUpAsync(World.Run(notes));
        await World.CaughtUpAsync(World.Run(disputes));
        await World.CaughtUpAsync(World.Run(accounts));
    }

    [Test]
    public async Task shows_its_note() => (await World.ReadAsync(notes, "acme:n1")).Should().BeEquivalentTo(new { Note = "n1", Tenant = "acme", IsCredit = true, Number = "CN-2026-000007", State = NoteState.Refunded, Invoice = "i1", Lines = 2, Reasons = new[] { NoteReason.PriceCorrection, NoteReason.FollowsOtherLines } });

    [Test]
    public async Task shows_each_dispute_with_what_became_of_it()
    {
        (await World.ReadAsync(disputes, "acme:d1")).Should().BeEquivalentTo(new { Invoice = "i1", Line = 2, State = DisputeState.Rejected, Answer = "it was" });
        (await World.ReadAsync(disputes, "acme:d2"))!.State.Should().Be(DisputeState.Open);
    }

    [Test]
    public async Task leaves_nothing_owed_when_its_credit_was_given_back()
    {
        var entries = (await World.ReadAsync(accounts, "acme:i1"))!.Account.Entries.AddRange((await World.ReadAsync(accounts, "acme:n1"))!.Account.Entries);
        entries.Select(e => e.Kind).Should().BeEquivalentTo([BooksEntryKind.Invoice, BooksEntryKind.Payment, BooksEntryKind.Refund, BooksEntryKind.CreditNote]);
        var books = Books.Known(entries);
        books.Balances.Should().ContainSingle().Which.Amount.Should().Be(0m);
        var early = entries.Single(e => e.Kind == BooksEntryKind.Payment).Position;
        Books.Known(entries, through: early).Lines.Select(l => l.Balance).Should().Equal(11.9m, 0m);
    }

    private static T Example<T>() => (T)DomainEventTypes.Create().All.Single(t => t.Clr == typeof(T)).Example;
}
