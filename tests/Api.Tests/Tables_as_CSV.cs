using System.Text;
using AIaaS.Api.Http;

namespace AIaaS.Api.Tests;

public sealed class Tables_as_CSV
{
    [TestCase("plain", "plain")]
    [TestCase("a,b", "\"a,b\"")]
    [TestCase("say \"no\"", "\"say \"\"no\"\"\"")]
    [TestCase("two\r\nlines", "\"two\r\nlines\"")]
    [TestCase("=HYPERLINK(\"x\")", "\"'=HYPERLINK(\"\"x\"\")\"")]
    [TestCase("@sum", "'@sum")]
    [TestCase("-1+2", "'-1+2")]
    [TestCase("-12.5", "-12.5")]
    [TestCase(null, "")]
    public void hold_any_text_in_one_cell_and_no_formula(string? cell, string written)
    {
        var text = new StringBuilder();
        Csv.Row(text, "first", cell);
        text.ToString().Should().Be($"first,{written}\r\n");
    }

    [Test]
    public void write_numbers_whole_and_times_in_UTC()
    {
        Csv.Plain(1.50m).Should().Be("1.5");
        Csv.Plain(0.0000000000000000000000000001m).Should().Be("0.0000000000000000000000000001");
        Csv.Plain(null).Should().BeEmpty();
        Csv.Time(new(2026, 1, 31, 1, 0, 0, TimeSpan.FromHours(2))).Should().Be("2026-01-30T23:00:00Z");
    }
}
