using System.Globalization;
using AIaaS.Api.Http;
using AIaaS.Domain.Billing;
using PdfSharp.Drawing;
using PdfSharp.Fonts;
using PdfSharp.Pdf;

namespace AIaaS.Api.Billing;

/// <summary>The fonts of PDF files: DejaVu Sans, from a folder. It has letters of many scripts, and is free to be embedded.</summary>
internal sealed class PdfFonts : IFontResolver
{
    public const string Family = "DejaVu Sans";

    private const string Plain = "DejaVuSans.ttf";
    private const string Bold = "DejaVuSans-Bold.ttf";

    private static readonly string[] Folders =
    [
        "/usr/share/fonts/truetype/dejavu", "/usr/share/fonts/dejavu", "/usr/share/fonts/dejavu-sans-fonts", "/usr/share/fonts/TTF", "/usr/local/share/fonts", "/Library/Fonts", @"C:\Windows\Fonts",
    ];

    private static readonly Lock Setting = new();

    private readonly string folder;

    private PdfFonts(string folder) => this.folder = folder;

    /// <summary>Lets the PDF library, which has one place for all of the process, find the fonts.</summary>
    /// <exception cref="ProblemException">They are not there.</exception>
    public static void Require(string? configured)
    {
        lock (Setting)
        {
            if (GlobalFontSettings.FontResolver is PdfFonts)
            {
                return;
            }

            var found = (configured is null ? Folders : [configured]).FirstOrDefault(f => File.Exists(Path.Combine(f, Plain)) && File.Exists(Path.Combine(f, Bold)));
            GlobalFontSettings.FontResolver = found is not null
                ? new PdfFonts(found)
                : throw new ProblemException(
                    503,
                    "fonts-missing",
                    $"PDF files need the fonts {Plain} and {Bold}, which are not in {(configured is null ? string.Join(", ", Folders) : configured)}.",
                    "Install them (Debian: apt-get install fonts-dejavu-core), or set Billing__FontFolder to the folder that has them. HTML, CSV and JSON need none.");
        }
    }

    public FontResolverInfo? ResolveTypeface(string familyName, bool bold, bool italic) => new(bold ? Bold : Plain);

    public byte[] GetFont(string faceName) => File.ReadAllBytes(Path.Combine(folder, faceName));
}

/// <summary>An invoice as PDF, A4.</summary>
internal sealed class InvoicePdf
{
    private const double Margin = 48;
    private const double Bottom = 70;

    private readonly InvoiceStatement invoice;
    private readonly Branding branding;
    private readonly PdfDocument document = new();
    private readonly XBrush brand;
    private readonly XFont plain = new(PdfFonts.Family, 9);
    private readonly XFont small = new(PdfFonts.Family, 7);
    private readonly XFont bold = new(PdfFonts.Family, 9, XFontStyleEx.Bold);
    private readonly XFont heading = new(PdfFonts.Family, 16, XFontStyleEx.Bold);
    private XGraphics page = null!;
    private double width;
    private double height;
    private double y;

    private InvoicePdf(InvoiceStatement invoice, Branding branding)
    {
        (this.invoice, this.branding) = (invoice, branding);
        brand = branding.Colour is { } colour
            ? new XSolidBrush(XColor.FromArgb(int.Parse(colour.AsSpan(1, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture), int.Parse(colour.AsSpan(3, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture), int.Parse(colour.AsSpan(5, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture)))
            : XBrushes.Black;
    }

    /// <summary>Draws it.</summary>
    /// <exception cref="ProblemException">The fonts are not there.</exception>
    public static byte[] Render(InvoiceStatement invoice, Branding branding, string? fontFolder)
    {
        PdfFonts.Require(fontFolder);
        return new InvoicePdf(invoice, branding).Draw();
    }

    private double Right => width - Margin;

    private byte[] Draw()
    {
        document.Info.Title = InvoiceText.Title(invoice);
        document.Info.Author = invoice.Seller.Name;
        document.Info.CreationDate = invoice.MadeAt.UtcDateTime;
        NextPage();
        Header();
        Parties();
        TableHead();
        foreach (var line in InvoiceText.Shown(invoice))
        {
            Line(line);
        }

        Totals();
        Refunds();
        Proof();
        page.Dispose();
        Footers();
        using var buffer = new MemoryStream();
        document.Save(buffer, closeStream: false);
        return buffer.ToArray();
    }

    private void NextPage()
    {
        page?.Dispose();
        var next = document.AddPage();
        next.Size = PdfSharp.PageSize.A4;
        page = XGraphics.FromPdfPage(next);
        (width, height) = (next.Width.Point, next.Height.Point);
        y = Margin;
    }

    private bool Need(double room)
    {
        if (y + room <= height - Bottom)
        {
            return false;
        }

        NextPage();
        return true;
    }

    private void Header()
    {
        if (branding.Logo is { } logo)
        {
            try
            {
                using var stream = new MemoryStream(logo.Data);
                using var image = XImage.FromStream(stream);
                var scale = Math.Min(1.0, Math.Min(160 / image.PointWidth, 48 / image.PointHeight));
                page.DrawImage(image, Right - (image.PointWidth * scale), y, image.PointWidth * scale, image.PointHeight * scale);
            }
            catch (Exception e) when (e is InvalidOperationException or NotSupportedException or ArgumentException or IOException or FormatException or IndexOutOfRangeException or OverflowException)
            {
                // A picture that the PDF library does not take is left out; the invoice is the same without it.
            }
        }

        page.DrawString(InvoiceText.Title(invoice), heading, brand, Margin, y + 16);
        page.DrawString(branding.Name ?? invoice.Seller.Name, plain, XBrushes.Black, Margin, y + 34);
        y += 56;
        page.DrawLine(new XPen(((XSolidBrush)brand).Color, 1.5), Margin, y, Right, y);
        y += 16;
    }

    private void Parties()
    {
        var column = (Right - Margin) / 3;
        (string Role, IEnumerable<string> Lines)[] parts =
        [
            ("From", Party(invoice.Seller)),
            ("To", Party(invoice.Buyer)),
            ("Details",
            [
                $"From {InvoiceText.Moment(invoice.Basis.Period.From)}",
                $"until before {InvoiceText.Moment(invoice.Basis.Period.To)}",
                invoice.IssuedAt is { } issued ? $"Issued {InvoiceText.Day(issued)}" : "Not issued",
                $"Due {InvoiceText.Day(invoice.DueAt)}",
                $"State: {InvoiceText.State(invoice.State)}",
                .. invoice.Basis.Segments.Select(s => $"{s.Name} (version {s.Version.ToString(CultureInfo.InvariantCulture)})").Distinct(StringComparer.Ordinal).Take(4),
            ]),
        ];
        var lowest = y;
        for (var i = 0; i < parts.Length; i++)
        {
            var (x, at) = (Margin + (i * column), y + 9);
            page.DrawString(parts[i].Role, bold, brand, x, at);
            foreach (var line in parts[i].Lines.SelectMany(l => Wrapped(l, plain, column - 12)))
            {
                at += 12;
                page.DrawString(line, plain, XBrushes.Black, x, at);
            }

            lowest = Math.Max(lowest, at);
        }

        y = lowest + 22;
    }

    private static IEnumerable<string> Party(InvoiceParty party) => party.Address.Prepend(party.Name).Concat([party.Email ?? "", party.TaxId ?? ""]).Where(l => l.Length > 0);

    private void TableHead()
    {
        page.DrawString("No.", bold, brand, Margin, y + 9);
        page.DrawString("What for", bold, brand, Margin + 30, y + 9);
        AtRight("Quantity", bold, brand, Right - 100, y + 9);
        AtRight($"Amount ({invoice.Basis.Currency})", bold, brand, Right, y + 9);
        y += 14;
        page.DrawLine(new XPen(((XSolidBrush)brand).Color, 1), Margin, y, Right, y);
        y += 4;
    }

    private void Line(InvoiceLine line)
    {
        var room = Right - 190 - Margin - 30;
        List<string> what = [.. Wrapped(line.Description, plain, room)];
        List<string> how = [.. Wrapped(line.Arithmetic, small, room)];
        if (line.Usage is { } use)
        {
            how.AddRange(Wrapped($"{use.Price.Id}, version {use.Price.Version.ToString(CultureInfo.InvariantCulture)}, {InvoiceText.Moment(line.From)} until before {InvoiceText.Moment(line.To)}", small, room));
        }

        // A line whose arithmetic is longer than a page goes on without it on the next one.
        how = how.Count <= 40 ? how : [.. how.Take(39), "…"];
        if (Need((what.Count * 12) + (how.Count * 9) + 8))
        {
            TableHead();
        }

        page.DrawString(line.Number.ToString(CultureInfo.InvariantCulture), plain, XBrushes.Black, Margin, y + 9);
        AtRight(InvoiceText.Quantity(line), plain, XBrushes.Black, Right - 100, y + 9);
        AtRight(InvoiceText.Amount(line.Amount, invoice.Basis.Currency), plain, XBrushes.Black, Right, y + 9);
        foreach (var text in what)
        {
            page.DrawString(text, plain, XBrushes.Black, Margin + 30, y + 9);
            y += 12;
        }

        foreach (var text in how)
        {
            page.DrawString(text, small, XBrushes.DimGray, Margin + 30, y + 6);
            y += 9;
        }

        y += 3;
        page.DrawLine(new XPen(XColors.LightGray, 0.5), Margin, y, Right, y);
        y += 4;
    }

    private void Totals()
    {
        List<(string Name, decimal Amount)> totals = [("Subtotal", invoice.Subtotal)];
        if (invoice.Discount != 0)
        {
            totals.Add(("Discount", -invoice.Discount));
        }

        totals.Add(("Tax", invoice.Tax));
        Need((totals.Count * 14) + 54);
        y += 4;
        foreach (var (name, amount) in totals)
        {
            AtRight(name, plain, XBrushes.Black, Right - 100, y + 9);
            AtRight(InvoiceText.Amount(amount, invoice.Basis.Currency), plain, XBrushes.Black, Right, y + 9);
            y += 14;
        }

        page.DrawLine(new XPen(((XSolidBrush)brand).Color, 1), Right - 220, y, Right, y);
        y += 4;
        Total("Total", invoice.Total);
        if (invoice.Due > 0m && invoice.Due < invoice.Total)
        {
            Total("To be paid", invoice.Due);
        }

        y += 10;
        if (invoice.Basis.TaxExemption is { } exemption)
        {
            Text(exemption, plain);
        }
    }

    private void Total(string name, decimal amount)
    {
        AtRight($"{name} ({invoice.Basis.Currency})", bold, XBrushes.Black, Right - 100, y + 9);
        AtRight(InvoiceText.Amount(amount, invoice.Basis.Currency), bold, XBrushes.Black, Right, y + 9);
        y += 14;
    }

    private void Refunds()
    {
        foreach (var refund in invoice.Refunds)
        {
            Text($"Given back on {InvoiceText.Day(refund.At)}: {InvoiceText.Amount(refund.Amount.Amount, refund.Amount.Currency)} {refund.Amount.Currency}, {refund.Reason}{(refund.Given switch { true => "", false => " (not possible)", null => " (under way)" })}", plain);
        }
    }

    private void Proof()
    {
        Need(60);
        y += 6;
        page.DrawString("Proof", bold, brand, Margin, y + 9);
        y += 14;
        Text($"The usage log up to event {invoice.ThroughVersion.ToString(CultureInfo.InvariantCulture)} holds {InvoiceText.Number(invoice.Events)} events of this period{(invoice.Unpriced > 0 ? $", of which {InvoiceText.Number(invoice.Unpriced)} have no price" : "")}. Each line carries the root of a Merkle tree (RFC 6962) over its events. Check it with: aiaas invoice verify INVOICE.json --usage USAGE.jsonl", small);
        foreach (var line in InvoiceText.Shown(invoice).Where(l => l.Usage is { Events: > 0 }))
        {
            Text($"{line.Number.ToString(CultureInfo.InvariantCulture)}: {InvoiceText.Number(line.Usage!.Events)} events, {line.Usage.Root}", small);
        }
    }

    private void Text(string text, XFont font)
    {
        foreach (var line in Wrapped(text, font, Right - Margin))
        {
            Need(12);
            page.DrawString(line, font, XBrushes.Black, Margin, y + 8);
            y += 11;
        }
    }

    private void Footers()
    {
        for (var i = 0; i < document.PageCount; i++)
        {
            using var foot = XGraphics.FromPdfPage(document.Pages[i], XGraphicsPdfPageOptions.Append);
            var at = height - Bottom + 22;
            foot.DrawLine(new XPen(XColors.LightGray, 0.5), Margin, at - 10, Right, at - 10);
            foreach (var line in (branding.Footer ?? "").ReplaceLineEndings("\n").Split('\n').SelectMany(l => Wrapped(l, small, Right - Margin - 60, foot)).Take(4))
            {
                foot.DrawString(line, small, XBrushes.DimGray, Margin, at);
                at += 9;
            }

            var number = string.Create(CultureInfo.InvariantCulture, $"{i + 1} / {document.PageCount}");
            foot.DrawString(number, small, XBrushes.DimGray, Right - foot.MeasureString(number, small).Width, height - Bottom + 22);
        }
    }

    private void AtRight(string text, XFont font, XBrush brush, double right, double at) => page.DrawString(text, font, brush, right - page.MeasureString(text, font).Width, at);

    private IEnumerable<string> Wrapped(string text, XFont font, double room, XGraphics? on = null)
    {
        var graphics = on ?? page;
        var line = "";
        foreach (var word in text.Split([' ', '\t', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries).SelectMany(w => Broken(w, font, room, graphics)))
        {
            var longer = line.Length == 0 ? word : line + " " + word;
            if (line.Length > 0 && graphics.MeasureString(longer, font).Width > room)
            {
                yield return line;
                line = word;
            }
            else
            {
                line = longer;
            }
        }

        if (line.Length > 0)
        {
            yield return line;
        }
    }

    /// <summary>A word in parts that have room.</summary>
    private static IEnumerable<string> Broken(string word, XFont font, double room, XGraphics graphics)
    {
        while (word.Length > 8 && graphics.MeasureString(word, font).Width > room)
        {
            var fits = word.Length - 1;
            while (fits > 1 && graphics.MeasureString(word[..fits], font).Width > room)
            {
                fits--;
            }

            fits = char.IsHighSurrogate(word[fits - 1]) && fits > 1 ? fits - 1 : fits;
            yield return word[..fits];
            word = word[fits..];
        }

        yield return word;
    }
}
