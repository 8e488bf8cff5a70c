using System.Globalization;
using System.Text;
using AIaaS.Domain.Billing;

namespace AIaaS.Api.Billing;

/// <summary>An invoice as CSV (RFC 4180): one row a line, then the totals.</summary>
internal static class InvoiceCsv
{
    private const string Header = "number,line,kind,description,from,to,plan,meter,price,price_version,quantity,unit,exact,amount,currency,events,merkle_root,arithmetic";

    public static byte[] Render(InvoiceStatement invoice)
    {
        var text = new StringBuilder(Header).Append("\r\n");
        var currency = invoice.Basis.Currency;
        foreach (var line in invoice.Lines)
        {
            var use = line.Usage;
            Row(text, invoice.Number, Plain(line.Number), line.Kind.ToString().ToLowerInvariant(), line.Description, Time(line.From), Time(line.To), use?.Plan, use?.Price.Meter, use?.Price.Id, use is null ? null : Plain(use.Price.Version), use is null ? null : Plain(use.Quantity), use?.Unit, Plain(line.Exact), Plain(line.Amount), currency, use is null ? null : Plain(use.Events), use?.Root.ToString(), line.Arithmetic);
        }

        foreach (var (name, amount) in new[] { ("subtotal", invoice.Subtotal), ("discount", -invoice.Discount), ("tax", invoice.Tax), ("total", invoice.Total) })
        {
            Row(text, invoice.Number, null, name, null, Time(invoice.Basis.Period.From), Time(invoice.Basis.Period.To), null, null, null, null, null, null, null, Plain(amount), currency, null, null, null);
        }

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

    private static string Plain(decimal number) => number.ToString("0.############################", CultureInfo.InvariantCulture);

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
