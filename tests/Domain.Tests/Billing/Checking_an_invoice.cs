using AIaaS.Domain.Pricing;

namespace AIaaS.Domain.Billing;

/// <summary>An invoice against an export of the usage: whatever was touched, the line is named.</summary>
public sealed class Checking_an_invoice
{
    private const int Count = 3_000;

    private static readonly Plan Team = new("team", 1, "Team", "USD") { RecurringFee = 49m, Prices = ["calls", "bytes"] };

    private static readonly BillingKnowledge Knowledge = Bills.Knowledge(Bills.Book(Team, Bills.PerUnit("calls", "calls", 0.01m), Bills.PerUnit("bytes", "bytes", 0.0003m)), Team, new() { Taxes = [new("VAT", 19m)], Discounts = [new(10m, null, Bills.From, null, "Welcome")] });

    private static readonly byte[][] Usage = [.. Enumerable.Range(0, Count).Select(i => Bills.Event(i, Bills.From.AddMinutes(i), Bills.Reading(i % 3 == 0 ? "bytes" : "calls", 1 + (i % 5))))];

    private static readonly InvoiceStatement Invoice = Bills.Statement(Knowledge, Usage);

    [Test]
    public void finds_nothing_where_all_is_right() => Bills.Check(Invoice, Usage).Should().BeEmpty();

    [Test]
    public void names_the_line_of_a_changed_event([Values(0, 1, 2, 1_500, Count - 1)] int at)
    {
        var changed = Usage.ToArray();
        changed[at] = Bills.Event(at, Bills.From.AddMinutes(at), Bills.Reading(at % 3 == 0 ? "bytes" : "calls", 77m));
        var found = Bills.Check(Invoice, changed);
        found.Should().Contain(d => d.StartsWith($"line {LineOf(at)}: the events give", StringComparison.Ordinal));
        found.Should().Contain(d => d.StartsWith($"line {LineOf(at)}: its", StringComparison.Ordinal));
        found.Where(d => d.StartsWith("line", StringComparison.Ordinal) && !d.StartsWith($"line {LineOf(at)}", StringComparison.Ordinal) && !d.StartsWith("line 4", StringComparison.Ordinal) && !d.StartsWith("line 5", StringComparison.Ordinal)).Should().BeEmpty("no other usage line differs");
    }

    [Test]
    public void names_the_line_of_an_event_that_is_changed_without_changing_the_amount([Values(0, 4, 2_000)] int at)
    {
        var changed = Usage.ToArray();
        changed[at] = Bills.Event(at + 100_000, Bills.From.AddMinutes(at), Bills.Reading(at % 3 == 0 ? "bytes" : "calls", 1 + (at % 5)));
        var found = Bills.Check(Invoice, changed);
        found.Should().NotBeEmpty();
        found.Should().OnlyContain(d => d.StartsWith($"line {LineOf(at)}", StringComparison.Ordinal));
    }

    [Test]
    public void names_the_line_of_a_dropped_event([Values(0, 1, 1_499, Count - 1)] int at)
    {
        var found = Bills.Check(Invoice, [.. Usage[..at], .. Usage[(at + 1)..]]);
        found.Should().Contain(d => d.StartsWith($"line {LineOf(at)}: the usage has 1 event fewer", StringComparison.Ordinal));
        found.Should().Contain(d => d.StartsWith($"line {LineOf(at)}: ", StringComparison.Ordinal) && d.Contains("missing", StringComparison.Ordinal));
    }

    [Test]
    public void names_an_added_event_itself([Values(0, 1, 1_500, 2_998, Count)] int at, [Values("calls", "bytes")] string meter)
    {
        var added = Bills.Event(5_000_000, Bills.From.AddMinutes(3), Bills.Reading(meter, 2m));
        var found = Bills.Check(Invoice, [.. Usage[..at], added, .. Usage[at..]]);
        var line = meter == "calls" ? 2 : 3;
        found.Should().Contain(d => d.StartsWith($"line {line}: the usage has 1 event more", StringComparison.Ordinal));
        found.Should().Contain(d => d == $"line {line}: event {at} was added" || d == $"line {line}: what was added begins with event {at}");
    }

    [Test]
    public void names_neighbours_that_changed_places([Values(1, 4, 1_501)] int at)
    {
        var changed = Usage.ToArray();
        (changed[at], changed[at + 1]) = (changed[at + 1], changed[at]);
        Bills.Check(Invoice, changed).Should().Equal(
            "line 2: its 2,000 events are not the ones of the invoice: at least one was changed, or they are in another order",
            $"line 2: event {at} and event {at + 1} changed places");
    }

    [Test]
    public void names_the_line_of_events_far_apart_that_changed_places()
    {
        var changed = Usage.ToArray();
        (changed[3], changed[2_700]) = (changed[2_700], changed[3]);
        var found = Bills.Check(Invoice, changed);
        found.Should().HaveCount(2).And.OnlyContain(d => d.StartsWith("line 3", StringComparison.Ordinal));
    }

    [Test]
    public void names_a_line_whose_text_time_or_number_was_changed()
    {
        Bills.Check(With(l => l with { Description = "something else" }), Usage).Should().Equal("line 2: it is for 'calls'; the invoice says 'something else'");
        Bills.Check(With(l => l with { Number = 7 }), Usage).Should().Equal("line 7: it is line 2");
        Bills.Check(Invoice with { Lines = Invoice.Lines.SetItem(0, Invoice.Lines[0] with { To = Bills.From.AddDays(3) }) }, Usage).Should().ContainSingle().Which.Should().StartWith("line 1: it is for ");

        static InvoiceStatement With(Func<InvoiceLine, InvoiceLine> change) => Invoice with { Lines = Invoice.Lines.SetItem(1, change(Invoice.Lines[1])) };
    }

    [Test]
    public void says_that_an_invoice_cannot_be_calculated()
    {
        var period = Invoice.Basis.Period;
        Bills.Check(Invoice with { Basis = Invoice.Basis with { Period = period with { WholeTo = period.WholeFrom }, Segments = [.. Invoice.Basis.Segments.Select(s => s with { Seconds = 0 })] } }, Usage)
            .Should().ContainSingle().Which.Should().Contain("the invoice itself was changed");
    }

    [Test]
    public void takes_usage_that_a_process_with_a_clock_that_goes_before_took_in_for_a_part_of_the_invoice()
    {
        // The events are taken in at the latest a moment after their time: the clock of the process that makes the invoice is seconds behind.
        var made = Bills.From.AddMinutes(Count - 1).AddSeconds(-5);
        Bills.Check(Invoice with { MadeAt = made }, Usage).Should().BeEmpty();
    }

    [Test]
    public void sees_an_event_that_belongs_to_no_line()
    {
        Bills.Check(Invoice, [.. Usage, Bills.Event(9, Bills.From, Bills.Reading("other", 1m))]).Should().Equal("invoice: 1 events of the period belong to no line; the invoice says 0");
    }

    [Test]
    public void leaves_out_what_came_after_the_invoice_was_made()
    {
        var late = Usage.Append(Bills.Event(9, Bills.From.AddDays(3), Bills.Reading("calls", 1m))).ToArray();
        Bills.Check(Invoice, late).Should().NotBeEmpty("it says that it was taken in before");
        var usage = System.Text.Json.JsonSerializer.Deserialize(late[^1], Metering.MeteringJson.Default.UsageMetered)! with { At = Invoice.MadeAt.AddHours(1) };
        late[^1] = System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(usage, Metering.MeteringJson.Default.UsageMetered);
        Bills.Check(Invoice, late).Should().BeEmpty();
        Bills.Check(Invoice, [.. late, Bills.Event(10, Bills.To.AddDays(3), Bills.Reading("calls", 1m))]).Should().BeEmpty("the next month is another invoice's");
    }

    [Test]
    public void names_the_line_whose_amount_was_changed([Values(0, 1, 2, 3, 4)] int line)
    {
        var lines = Invoice.Lines.SetItem(line, Invoice.Lines[line] with { Amount = Invoice.Lines[line].Amount + 0.01m });
        var found = Bills.Check(Invoice with { Lines = lines }, Usage);
        found.Should().Contain(d => d.StartsWith($"line {line + 1}: the amount is", StringComparison.Ordinal));
        found.Should().Contain("invoice: the amounts of the lines do not add up to the totals of the invoice");
    }

    [Test]
    public void sees_an_amount_that_was_changed_with_all_totals()
    {
        var lines = Invoice.Lines.SetItem(1, Invoice.Lines[1] with { Amount = Invoice.Lines[1].Amount + 1m, Exact = Invoice.Lines[1].Exact + 1m });
        var found = Bills.Check(Invoice with { Lines = lines, Subtotal = Invoice.Subtotal + 1m, Total = Invoice.Total + 1m }, Usage);
        found.Should().Contain(d => d.StartsWith("line 2: the amount is", StringComparison.Ordinal));
    }

    [Test]
    public void sees_a_changed_price_quantity_root_tax_and_total()
    {
        Found(1, u => u with { Price = u.Price with { UnitAmount = 0.02m } }).Should().Contain(d => d.StartsWith("line 2: by the price the events cost", StringComparison.Ordinal));
        Found(2, u => u with { Quantity = u.Quantity + 1 }).Should().Contain(d => d.StartsWith("line 3: the events give", StringComparison.Ordinal));
        Found(2, u => u with { Root = Audit.MerkleTree.EmptyRoot }).Should().Contain(d => d.StartsWith("line 3: the roots of its blocks", StringComparison.Ordinal));
        Bills.Check(Invoice with { Basis = Invoice.Basis with { Taxes = [new("VAT", 7m)] } }, Usage).Should().Contain(d => d.StartsWith("line 5", StringComparison.Ordinal));
        Bills.Check(Invoice with { Total = 1m }, Usage).Should().Contain(d => d.StartsWith("invoice: the total is", StringComparison.Ordinal));
        Bills.Check(Invoice with { Lines = Invoice.Lines.RemoveAt(2) }, Usage).Should().NotBeEmpty();
    }

    private static IReadOnlyList<string> Found(int line, Func<UsagePart, UsagePart> change) =>
        Bills.Check(Invoice with { Lines = Invoice.Lines.SetItem(line, Invoice.Lines[line] with { Usage = change(Invoice.Lines[line].Usage!) }) }, Usage);

    private static int LineOf(int number) => number % 3 == 0 ? 3 : 2;
}
