using AIaaS.Commands.Billing;
using AIaaS.Domain.Billing;

namespace Commands.Tests.Billing;

/// <summary>An invoice against the export of the usage, as a file.</summary>
public sealed class Verifying_an_invoice
{
    private BillingWorld world = null!;
    private InvoiceStatement invoice = null!;
    private List<byte[]> export = null!;

    [OneTimeSetUp]
    public async Task Open()
    {
        world = await BillingWorld.OpenAsync();
        await world.SubscribeAsync(new() { Taxes = [new("VAT", 19m)] });
        await world.UseAsync(Enumerable.Range(0, 12_000).Select(i => (i % 4 == 0 ? "other" : "calls", 1m + (i % 3), new DateTimeOffset(2026, 1, 12, 0, 0, 0, TimeSpan.Zero).AddSeconds(i))));
        world.Time.Advance(TimeSpan.FromDays(1));
        invoice = InvoiceStatement.Of((await world.Desk.CloseAsync(BillingWorld.Tenant, null, BillingWorld.Context)).Invoice!);
        export = await world.ExportAsync();
    }

    [OneTimeTearDown]
    public async Task Close() => await world.DisposeAsync();

    [Test]
    public async Task Finds_nothing_where_all_is_right()
    {
        var found = await VerifyAsync(export);
        found.Differences.Should().BeEmpty();
        (found.Lines, found.Events, found.Late).Should().Be((12_000L, 12_000L, 0L));
    }

    [TestCase("\r\n", true, false)]
    [TestCase("\n", true, true)]
    [TestCase("\n", false, true)]
    public async Task Takes_files_with_other_line_ends_and_a_byte_order_mark(string end, bool isLast, bool mark) => (await VerifyAsync(export, end, isLast, mark)).Differences.Should().BeEmpty();

    [Test]
    public async Task Names_the_line_of_a_changed_event()
    {
        var changed = export.ToList();
        changed[6_001] = [.. System.Text.Encoding.UTF8.GetBytes(System.Text.Encoding.UTF8.GetString(changed[6_001]).Replace("\"value\":", "\"value\":1", StringComparison.Ordinal))];
        var found = await VerifyAsync(changed);
        found.Differences.Should().Contain(d => d.Line == 2 && d.Text.Contains("the events give", StringComparison.Ordinal));
        found.Differences.Should().Contain(d => d.Line == 2 && d.Text.Contains("the first difference lies", StringComparison.Ordinal));
    }

    [Test]
    public async Task Names_the_place_of_an_added_and_of_a_dropped_event()
    {
        var added = export.ToList();
        added.Insert(7_002, export[17]);
        (await VerifyAsync(added)).Differences.Should().Contain(d => d.Line == 2 && d.Text == "event 7002 (line 7,003 of the export) was added");

        var dropped = export.ToList();
        dropped.RemoveAt(9_001);
        (await VerifyAsync(dropped)).Differences.Should().Contain(d => d.Line == 2 && d.Text.StartsWith("the usage has 1 event fewer", StringComparison.Ordinal));
    }

    [Test]
    public async Task Says_which_line_of_the_export_cannot_be_read()
    {
        var broken = export.ToList();
        broken[4_000] = broken[4_000][..30];
        var found = await VerifyAsync(broken);
        found.Differences.Should().Contain(d => d.Text == "line 4,001 of the export is no usage event");
    }

    [Test]
    public async Task Takes_an_export_that_begins_later()
    {
        var found = await InvoiceVerifier.VerifyAsync(invoice, () => new MemoryStream(File(export[100..], "\n", true, false)), 100);
        found.Differences.Should().Contain(d => d.Line == 2 && d.Text.StartsWith("the usage has 75 events fewer", StringComparison.Ordinal));
    }

    [Test]
    public async Task Leaves_out_what_was_taken_in_later()
    {
        var late = System.Text.Encoding.UTF8.GetString(export[5]).Replace("\"at\":\"2026-01-12", "\"at\":\"2026-02-12", StringComparison.Ordinal).Replace("\"id\":\"e6\"", "\"id\":\"late\"", StringComparison.Ordinal);
        var found = await VerifyAsync([.. export, System.Text.Encoding.UTF8.GetBytes(late)]);
        found.Differences.Should().BeEmpty();
        found.Late.Should().Be(1);
    }

    private Task<InvoiceVerification> VerifyAsync(List<byte[]> lines, string end = "\n", bool isLast = true, bool mark = false)
    {
        var file = File(lines, end, isLast, mark);
        return InvoiceVerifier.VerifyAsync(invoice, () => new MemoryStream(file));
    }

    private static byte[] File(List<byte[]> lines, string end, bool isLast, bool mark)
    {
        using var buffer = new MemoryStream();
        if (mark)
        {
            buffer.Write([0xEF, 0xBB, 0xBF]);
        }

        for (var i = 0; i < lines.Count; i++)
        {
            buffer.Write(lines[i]);
            if (isLast || i < lines.Count - 1)
            {
                buffer.Write(System.Text.Encoding.UTF8.GetBytes(end));
            }
        }

        return buffer.ToArray();
    }
}
