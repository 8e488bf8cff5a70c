using System.Collections.Immutable;
using System.Text.Json;
using AIaaS.Domain.Metering;
using AIaaS.Domain.Pricing;
using AIaaS.EventStore;

namespace AIaaS.Domain.Billing;

/// <summary>A month of a tenant, with usage.</summary>
internal static class Bills
{
    public static readonly DateTimeOffset From = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static readonly DateTimeOffset To = new(2026, 2, 1, 0, 0, 0, TimeSpan.Zero);

    public static readonly InvoiceParty Seller = new("AIaaS", ["1 Log Street"], null, "DE1");

    public static readonly InvoiceParty Buyer = new("Acme", ["2 Tent Road"], null, null);

    public static Price PerUnit(string id, string meter, decimal amount, string currency = "USD") =>
        new(id, 1, meter, PriceModel.PerUnit, currency, From.AddYears(-1)) { UnitAmount = amount, Description = id };

    public static PriceBookView Book(Plan plan, params IEnumerable<Price> prices) => prices.Aggregate(
        PriceBookView.Initial.Evolve(new PlanPublished(plan, null, From)),
        (book, price) => book.Evolve(new PricePublished(price, null, From)));

    public static BillingKnowledge Knowledge(PriceBookView book, Plan plan, BillingSettings? settings = null, params ImmutableArray<PlanSegment> segments)
    {
        var period = new BillingPeriod(1, From, To, From, To, plan.Currency);
        var seconds = period.WholeSeconds;
        return new("acme", period, segments.IsDefaultOrEmpty ? [new(From, To, plan.Id, plan.Version, false, seconds, seconds)] : segments, book, settings ?? BillingSettings.Default, ImmutableDictionary<string, MeterDefinition>.Empty, new LogPosition(7));
    }

    public static MeterReading Reading(string meter, decimal value, params (string Name, string Value)[] dimensions) => new(meter, value)
    {
        Dimensions = dimensions.Length == 0 ? null : dimensions.ToImmutableSortedDictionary(d => d.Name, d => d.Value, StringComparer.Ordinal),
    };

    public static byte[] Event(int number, DateTimeOffset time, params ImmutableArray<MeterReading> readings) => JsonSerializer.SerializeToUtf8Bytes(
        new UsageMetered("/tests", "e" + number, "com.example.used", null, time, JsonSerializer.SerializeToElement(new { number, text = "ü \"quoted\"" }), readings, time.AddSeconds(1)),
        MeteringJson.Default.UsageMetered);

    public static UsageTotals Fold(BillingKnowledge knowledge, IReadOnlyList<byte[]> events)
    {
        var slots = new UsageSlots(InvoiceCalculator.Slots(knowledge));
        var tally = new UsageTally(slots.Slots.Length);
        var batch = new UsageReadings();
        for (var i = 0; i < events.Count; i++)
        {
            slots.Read(events[i], i, new UsageWindow(knowledge.Period.From, knowledge.Period.To), batch);
        }

        tally.Add(batch);
        return tally.ToTotals(slots.Slots, 0, events.Count - 1);
    }

    public static InvoiceStatement Statement(BillingKnowledge knowledge, IReadOnlyList<byte[]> events) =>
        InvoiceStatement.Preview(Seller, Buyer, To.AddHours(1), To.AddDays(14), InvoiceCalculator.Draft(knowledge, Fold(knowledge, events))) with { Invoice = "i1", Number = "INV-2026-000001", State = InvoiceState.Issued };

    /// <summary>What a check of an invoice against an export says.</summary>
    public static IReadOnlyList<string> Check(InvoiceStatement invoice, IReadOnlyList<byte[]> export)
    {
        var check = new InvoiceCheck(invoice);
        var batch = Read(check, export);
        check.Add(batch);
        var found = check.Differences().Select(d => $"{(d.Line is { } line ? $"line {line}" : "invoice")}: {d.Text}").ToList();
        foreach (var search in check.Searches())
        {
            search.Add(batch);
            found.Add($"line {search.Line}: {search.Conclude(s => $"event {s}")}");
        }

        return found;
    }

    private static UsageReadings Read(InvoiceCheck check, IReadOnlyList<byte[]> export)
    {
        var batch = new UsageReadings();
        for (var i = 0; i < export.Count; i++)
        {
            check.Slots.Read(export[i], i, check.Window, batch);
        }

        return batch;
    }
}
