using System.Globalization;
using System.Text;
using AIaaS.Domain.Billing;

namespace AIaaS.Api.Billing;

/// <summary>A note as CSV (RFC 4180): one row a line, then the total.</summary>
internal static class NoteCsv
{
    private const string Header = "number,invoice,line,kind,description,from,to,before,after,difference,currency,quantity_before,quantity_after,quantity_difference,price_version_before,price_version_after,reasons,arithmetic";

    public static byte[] Render(BillingNote note)
    {
        var content = note.Content!;
        var text = new StringBuilder(Header).Append("\r\n");
        foreach (var line in content.Lines)
        {
            Row(
                text,
                note.Number,
                content.InvoiceNumber,
                line.Line?.ToString(CultureInfo.InvariantCulture),
                line.Kind.ToString().ToLowerInvariant(),
                line.Description,
                Time(line.From),
                Time(line.To),
                Plain(line.Before),
                Plain(line.After),
                Plain(line.Difference),
                content.Currency,
                Plain(line.QuantityBefore),
                Plain(line.QuantityAfter),
                Plain(line.QuantityDifference),
                Plain(line.PriceVersionBefore),
                Plain(line.PriceVersionAfter),
                string.Join(' ', line.Reasons),
                line.Arithmetic);
        }

        Row(text, note.Number, content.InvoiceNumber, null, "total", null, Time(content.Draft.Basis.Period.From), Time(content.Draft.Basis.Period.To), Plain(content.TotalBefore), Plain(content.TotalAfter), Plain(content.Amount), content.Currency, null, null, null, null, null, null, null);
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static void Row(StringBuilder text, params ReadOnlySpan<string?> cells)
    {
        for (var i = 0; i < cells.Length; i++)
        {
            text.Append(i == 0 ? "" : ",").Append(Cell(cells[i] ?? ""));
        }

        text.Append("\r\n");
    }

    private static string Cell(string value)
    {
        // A spreadsheet takes a text that begins so for a formula; numbers are left alone.
        if (value.Length > 0 && value[0] is '=' or '+' or '-' or '@' or '\t' or '\r' && !decimal.TryParse(value, NumberStyles.Number, CultureInfo.InvariantCulture, out _))
        {
            value = "'" + value;
        }

        return value.AsSpan().IndexOfAny(",\"\r\n") < 0 ? value : $"\"{value.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }

    private static string Plain(decimal? number) => number?.ToString("0.############################", CultureInfo.InvariantCulture) ?? "";

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
