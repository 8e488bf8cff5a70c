using System.Globalization;
using System.Text;
using AIaaS.Api.Http;
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
            Csv.Row(
                text,
                note.Number,
                content.InvoiceNumber,
                line.Line?.ToString(CultureInfo.InvariantCulture),
                line.Kind.ToString().ToLowerInvariant(),
                line.Description,
                Csv.Time(line.From),
                Csv.Time(line.To),
                Csv.Plain(line.Before),
                Csv.Plain(line.After),
                Csv.Plain(line.Difference),
                content.Currency,
                Csv.Plain(line.QuantityBefore),
                Csv.Plain(line.QuantityAfter),
                Csv.Plain(line.QuantityDifference),
                Csv.Plain(line.PriceVersionBefore),
                Csv.Plain(line.PriceVersionAfter),
                string.Join(' ', line.Reasons),
                line.Arithmetic);
        }

        Csv.Row(text, note.Number, content.InvoiceNumber, null, "total", null, Csv.Time(content.Draft.Basis.Period.From), Csv.Time(content.Draft.Basis.Period.To), Csv.Plain(content.TotalBefore), Csv.Plain(content.TotalAfter), Csv.Plain(content.Amount), content.Currency, null, null, null, null, null, null, null);
        return Encoding.UTF8.GetBytes(text.ToString());
    }
}
