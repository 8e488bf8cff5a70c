using System.Globalization;
using System.Net;
using System.Text;
using AIaaS.Domain.Billing;

namespace AIaaS.Api.Billing;

/// <summary>An invoice as a page that stands by itself: no script, nothing fetched, good on paper.</summary>
internal static class InvoiceHtml
{
    private const string Style = """
        :root { --brand: BRAND; }
        * { box-sizing: border-box; }
        body { font: 14px/1.45 system-ui, "DejaVu Sans", sans-serif; color: #222; margin: 0 auto; padding: 2rem; max-width: 60rem; background: #fff; }
        header { display: flex; justify-content: space-between; align-items: flex-start; gap: 2rem; border-bottom: 3px solid var(--brand); padding-bottom: 1rem; }
        header img { max-height: 4rem; max-width: 16rem; }
        h1 { color: var(--brand); font-size: 1.5rem; margin: 0; }
        h2 { color: var(--brand); font-size: 1rem; margin: 1.5rem 0 .4rem; }
        .parties { display: flex; gap: 3rem; margin: 1.5rem 0; flex-wrap: wrap; }
        .parties div { flex: 1 1 14rem; }
        dl { display: grid; grid-template-columns: auto 1fr; gap: .1rem 1rem; margin: 0; }
        dt { color: #666; } dd { margin: 0; }
        table { width: 100%; border-collapse: collapse; margin-top: 1rem; }
        th { text-align: left; border-bottom: 2px solid var(--brand); padding: .4rem .5rem; }
        td { border-bottom: 1px solid #ddd; padding: .4rem .5rem; vertical-align: top; }
        td.n, th.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
        small { color: #666; display: block; overflow-wrap: anywhere; }
        tfoot td { border: 0; } tfoot tr.total td { border-top: 2px solid var(--brand); font-weight: bold; font-size: 1.1rem; }
        code { font: 11px/1.3 ui-monospace, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
        footer { margin-top: 2rem; border-top: 1px solid #ddd; padding-top: .7rem; color: #666; white-space: pre-line; }
        @page { size: A4; margin: 16mm; }
        @media print { body { padding: 0; max-width: none; font-size: 11px; } tr, .parties { break-inside: avoid; } thead { display: table-header-group; } }
        """;

    public static byte[] Render(InvoiceStatement invoice, Branding branding)
    {
        var text = new StringBuilder();
        var title = InvoiceText.Title(invoice);
        var currency = invoice.Basis.Currency;
        text.Append(CultureInfo.InvariantCulture, $"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{E(title)}</title>\n<style>\n");
        text.Append(Style.Replace("BRAND", branding.Colour ?? "#222222", StringComparison.Ordinal)).Append("\n</style>\n</head>\n<body>\n<header>\n<div>\n");
        text.Append(CultureInfo.InvariantCulture, $"<h1>{E(title)}</h1>\n<p>{E(branding.Name ?? invoice.Seller.Name)}</p>\n</div>\n");
        if (branding.Logo is { } logo)
        {
            text.Append(CultureInfo.InvariantCulture, $"<img alt=\"{E(branding.Name ?? invoice.Seller.Name)}\" src=\"data:{E(logo.MediaType)};base64,{Convert.ToBase64String(logo.Data)}\">\n");
        }

        text.Append("</header>\n<section class=\"parties\">\n");
        Party(text, "From", invoice.Seller);
        Party(text, "To", invoice.Buyer);
        text.Append("<div>\n<h2>Details</h2>\n<dl>\n");
        Detail(text, "Period", $"{InvoiceText.Moment(invoice.Basis.Period.From)} until before {InvoiceText.Moment(invoice.Basis.Period.To)}");
        Detail(text, "Issued", invoice.IssuedAt is { } issued ? InvoiceText.Day(issued) : "not issued");
        Detail(text, "Due", InvoiceText.Day(invoice.DueAt));
        Detail(text, "State", InvoiceText.State(invoice.State));
        Detail(text, "Plan", string.Join(", ", invoice.Basis.Segments.Select(s => $"{s.Name} (version {s.Version.ToString(CultureInfo.InvariantCulture)}){(s.IsTrial ? ", trial" : "")}").Distinct(StringComparer.Ordinal)));
        text.Append(CultureInfo.InvariantCulture, $"</dl>\n</div>\n</section>\n<table>\n<thead><tr><th class=\"n\">No.</th><th>What for</th><th class=\"n\">Quantity</th><th class=\"n\">Amount ({E(currency)})</th></tr></thead>\n<tbody>\n");
        foreach (var line in InvoiceText.Shown(invoice))
        {
            text.Append(CultureInfo.InvariantCulture, $"<tr><td class=\"n\">{line.Number}</td><td>{E(line.Description)}<small>{E(line.Arithmetic)}</small>");
            if (line.Usage is { } use)
            {
                text.Append(CultureInfo.InvariantCulture, $"<small>{E(use.Price.Id)}, version {use.Price.Version}, {E(InvoiceText.Moment(line.From))} until before {E(InvoiceText.Moment(line.To))}</small>");
            }

            text.Append(CultureInfo.InvariantCulture, $"</td><td class=\"n\">{E(InvoiceText.Quantity(line))}</td><td class=\"n\">{E(InvoiceText.Amount(line.Amount, currency))}</td></tr>\n");
        }

        text.Append("</tbody>\n<tfoot>\n");
        Total(text, "Subtotal", invoice.Subtotal, currency, false);
        if (invoice.Discount != 0)
        {
            Total(text, "Discount", -invoice.Discount, currency, false);
        }

        Total(text, "Tax", invoice.Tax, currency, false);
        Total(text, $"Total ({currency})", invoice.Total, currency, true);
        if (invoice.Due > 0m && invoice.Due < invoice.Total)
        {
            Total(text, $"To be paid ({currency})", invoice.Due, currency, true);
        }

        text.Append("</tfoot>\n</table>\n");
        if (invoice.Basis.TaxExemption is { } exemption)
        {
            text.Append(CultureInfo.InvariantCulture, $"<p>{E(exemption)}</p>\n");
        }

        Refunds(text, invoice);
        Proof(text, invoice);
        if (branding.Footer is { } footer)
        {
            text.Append(CultureInfo.InvariantCulture, $"<footer>{E(footer)}</footer>\n");
        }

        return Encoding.UTF8.GetBytes(text.Append("</body>\n</html>\n").ToString());
    }

    private static void Party(StringBuilder text, string role, InvoiceParty party)
    {
        text.Append(CultureInfo.InvariantCulture, $"<div>\n<h2>{role}</h2>\n<strong>{E(party.Name)}</strong>");
        foreach (var line in party.Address.Concat([party.Email, party.TaxId]).Where(l => !string.IsNullOrEmpty(l)))
        {
            text.Append(CultureInfo.InvariantCulture, $"<br>{E(line!)}");
        }

        text.Append("\n</div>\n");
    }

    private static void Detail(StringBuilder text, string name, string value) => text.Append(CultureInfo.InvariantCulture, $"<dt>{name}</dt><dd>{E(value)}</dd>\n");

    private static void Total(StringBuilder text, string name, decimal amount, string currency, bool isLast) =>
        text.Append(CultureInfo.InvariantCulture, $"<tr{(isLast ? " class=\"total\"" : "")}><td></td><td colspan=\"2\" class=\"n\">{E(name)}</td><td class=\"n\">{E(InvoiceText.Amount(amount, currency))}</td></tr>\n");

    private static void Refunds(StringBuilder text, InvoiceStatement invoice)
    {
        if (invoice.Refunds.IsEmpty)
        {
            return;
        }

        text.Append("<h2>Given back</h2>\n<ul>\n");
        foreach (var refund in invoice.Refunds)
        {
            text.Append(CultureInfo.InvariantCulture, $"<li>{E(InvoiceText.Amount(refund.Amount.Amount, refund.Amount.Currency))} {E(refund.Amount.Currency)} on {InvoiceText.Day(refund.At)}: {E(refund.Reason)}{(refund.Given switch { true => "", false => " (not possible)", null => " (under way)" })}</li>\n");
        }

        text.Append("</ul>\n");
    }

    private static void Proof(StringBuilder text, InvoiceStatement invoice)
    {
        text.Append(CultureInfo.InvariantCulture, $"<h2>Proof</h2>\n<p><small>The usage log up to event {invoice.ThroughVersion} holds {InvoiceText.Number(invoice.Events)} events of this period{(invoice.Unpriced > 0 ? $", of which {InvoiceText.Number(invoice.Unpriced)} have no price" : "")}. Each line carries the root of a Merkle tree (RFC 6962) over its events. To check it, export the usage and this invoice as JSON and run: <code>aiaas invoice verify INVOICE.json --usage USAGE.jsonl</code></small></p>\n<table>\n<tbody>\n");
        foreach (var line in InvoiceText.Shown(invoice).Where(l => l.Usage is { Events: > 0 }))
        {
            text.Append(CultureInfo.InvariantCulture, $"<tr><td class=\"n\">{line.Number}</td><td class=\"n\">{InvoiceText.Number(line.Usage!.Events)} events</td><td><code>{line.Usage.Root}</code></td></tr>\n");
        }

        text.Append("</tbody>\n</table>\n");
    }

    private static string E(string text) => WebUtility.HtmlEncode(text);
}
