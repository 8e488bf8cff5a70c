using AIaaS.Domain;
using AIaaS.Domain.Billing;
using AIaaS.Domain.Payments;
using AIaaS.EventStore;

namespace Commands.Tests.Billing;

/// <summary>Whatever the processor says of an invoice's payments, whenever it says it: the books say in the end what is there.</summary>
public sealed class Any_course_of_payments
{
    private static readonly string Id = Invoice.IdOf(BillingWorld.Tenant, BillingWorld.February.AddMonths(-1));

    private static readonly string[] Methods = ["pm_card_visa", "pm_card_visa_chargeDeclined", "sandbox_timeout_before_charge", "sandbox_timeout_after_charge"];

    [Test]
    public async Task ends_in_books_that_agree_with_the_processor()
    {
        for (var seed = 0; seed < Soak.Count(25, full: 1_000); seed++)
        {
            await PlayAsync(seed);
        }
    }

    private static async Task PlayAsync(int seed)
    {
        await using var world = await BillingWorld.OpenAsync();
        var random = new Random(seed);
        await world.SubscribeAsync(new() { DueDays = 14, PaymentMethod = (seed % 3) switch { 0 => null, 1 => "pm_card_visa", _ => "pm_card_visa_chargeDeclined" } });
        world.Time.Advance(TimeSpan.FromDays(1));
        await world.SettleAsync();
        for (var step = 0; step < 20; step++)
        {
            try
            {
                await StepAsync(world, random, step);
            }
            catch (DomainException)
            {
                // It was refused as things stood; that is one way of going on.
            }
        }

        for (var looks = 0; looks < 2; looks++)
        {
            world.Time.Advance(TimeSpan.FromMinutes(15));
            await world.SettleAsync();
        }

        var invoice = await world.InvoiceAsync(Id);
        var payments = await PaymentsAsync(world);
        var books = (await new Corrector(world).BooksAsync()).Balances.Single();
        books.Paid.Should().Be(payments.Sum(p => p.Captured) + invoice.Received.Where(r => r.Payment is null).Sum(r => r.Amount.Amount), "seed {0}", seed);
        books.Refunded.Should().Be(payments.Sum(p => p.Refunded), "seed {0}", seed);
        (invoice.State is InvoiceState.Paid).Should().Be(invoice.Needed is { } needed && invoice.Kept >= needed, "seed {0}: {1}", seed, invoice.State);
        if (invoice.State is InvoiceState.Paid)
        {
            books.Amount.Should().BeLessThanOrEqualTo(invoice.Refunds.Where(r => r.Given == true && r.Actor != Invoice.Processor).Sum(r => r.Amount.Amount), "what was not given back on purpose is there, seed {0}", seed);
        }

        if (invoice.State is InvoiceState.PastDue)
        {
            invoice.Due.Amount.Should().BeInRange(0.01m, Math.Max(0.01m, books.Amount + books.WrittenOff), "what is asked for is owed, seed {0}", seed);
        }

        var before = await LastAsync(world);
        await world.Again().SettleAsync();
        (await LastAsync(world)).Should().Be(before, "what is delivered a second time changes nothing, seed {0}", seed);
    }

    private static async Task StepAsync(BillingWorld world, Random random, int step)
    {
        var payments = await PaymentsAsync(world);
        var one = payments.Count == 0 ? null : payments[random.Next(payments.Count)];
        var left = one is null ? 0 : (int)(one.Captured - one.Refunded);
        switch (random.Next(10))
        {
            case 0 or 1:
                await world.Collector.TakeAsync(BillingWorld.Tenant, Id, Methods[random.Next(Methods.Length)], null, BillingWorld.Context);
                break;
            case 2 when one is not null:
                await SeenAsync(world, one, one.Request!.Amount.Amount);
                break;
            case 3 when left > 0:
                await SeenAsync(world, one!, one!.Captured, new ProcessorRefund($"dispute-{step}", null, random.Next(2) == 0 ? left : random.Next(1, left + 1), ProcessorRefundStatus.Done));
                break;
            case 4 when one is { Refunds.Count: > 0 }:
                var given = one.Refunds.Values.OrderBy(r => r.Reference, StringComparer.Ordinal).ElementAt(random.Next(one.Refunds.Count));
                await SeenAsync(world, one, one.Captured, new ProcessorRefund(given.Reference, given.Refund, given.Amount.Amount, ProcessorRefundStatus.Failed, "closed", "The card was closed."));
                break;
            case 5:
                await world.Collector.RefundAsync(BillingWorld.Tenant, Id, $"f{step}", random.Next(2) == 0 ? null : Money.Usd(random.Next(1, 50)), "goodwill", BillingWorld.Context);
                break;
            case 6 when random.Next(4) == 0:
                await world.Invoices.HandleAsync(new WriteInvoiceOff(BillingWorld.Tenant, Id, "closed", "platform", world.Time.GetUtcNow()), BillingWorld.Context);
                break;
            case 7 when random.Next(4) == 0:
                await world.Invoices.HandleAsync(new RecordInvoicePayment(BillingWorld.Tenant, Id, $"transfer {step}", world.Time.GetUtcNow()), BillingWorld.Context);
                break;
            case 8:
                await world.SettleAsync();
                break;
            default:
                world.Time.Advance(TimeSpan.FromMinutes(random.Next(20)));
                await world.SettleAsync();
                break;
        }
    }

    private static async Task SeenAsync(BillingWorld world, Payment payment, decimal captured, params ProcessorRefund[] refunds)
    {
        ProcessorPayment seen = new(payment.Reference ?? "ch_late", BillingWorld.Tenant, payment.Request!.Payment, ProcessorStatus.Captured, "USD", captured, [.. refunds]);
        await world.Payments.HandleAsync(new ObservePayment(BillingWorld.Tenant, payment.Request.Payment, seen, world.Time.GetUtcNow()), BillingWorld.Context);
    }

    private static async Task<List<Payment>> PaymentsAsync(BillingWorld world)
    {
        List<Payment> payments = [];
        for (var attempt = 1; attempt <= (await world.InvoiceAsync(Id)).Attempts; attempt++)
        {
            if (await world.Payments.FindAsync(BillingWorld.Tenant, Invoice.PaymentId(BillingWorld.Tenant, Id, attempt)) is { State: var state })
            {
                payments.Add(state);
            }
        }

        return payments;
    }

    private static async Task<LogPosition> LastAsync(BillingWorld world)
    {
        var last = LogPosition.Start;
        await foreach (var recorded in world.Store.ReadAllAsync())
        {
            last = recorded.Position;
        }

        return last;
    }
}
