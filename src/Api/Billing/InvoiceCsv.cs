using System.Text;
using AIaaS.Api.Http;
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
            Csv.Row(text, invoice.Number, Csv.Plain(line.Number), line.Kind.ToString().ToLowerInvariant(), line.Description, Csv.Time(line.From), Csv.Time(line.To), use?.Plan, use?.Price.Meter, use?.Price.Id, use is null ? null : Csv.Plain(use.Price.Version), use is null ? null : Csv.Plain(use.Quantity), use?.Unit, Csv.Plain(line.Exact), Csv.Plain(line.Amount), currency, use is null ? null : Csv.Plain(use.Events), use?.Root.ToString(), line.Arithmetic);
        }

        foreach (var (name, amount) in new[] { ("subtotal", invoice.Subtotal), ("discount", -invoice.Discount), ("tax", invoice.Tax), ("total", invoice.Total) })
        {
            Csv.Row(text, invoice.Number, null, name, null, Csv.Time(invoice.Basis.Period.From), Csv.Time(invoice.Basis.Period.To), null, null, null, null, null, null, null, Csv.Plain(amount), currency, null, null, null);
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }
}
