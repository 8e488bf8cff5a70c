using System.Globalization;
using System.Text.Json;
using AIaaS.Api.Hosting;
using AIaaS.Commands.Billing;
using AIaaS.Domain.Billing;
using AIaaS.Domain.Pricing;

namespace AIaaS.Api.Cli;

/// <summary>
/// Checks an invoice against a tenant's own export of its usage: readings become quantities, quantities amounts, amounts totals, and the events' bytes the roots
/// of the lines. It needs no log and no network.
/// </summary>
internal static class InvoiceVerify
{
    private const int MaxInvoiceBytes = 64 * 1024 * 1024;

    /// <returns>0 where all is right, 1 where something differs.</returns>
    public static async Task<int> RunAsync(string file, string[] options)
    {
        var (usage, first) = Read(options);
        var invoice = await ReadInvoiceAsync(file);
        if (!File.Exists(usage))
        {
            throw new StartupException($"There is no file '{usage}'. Export the usage as JSON Lines and give the file: --usage USAGE.jsonl.");
        }

        var start = TimeProvider.System.GetTimestamp();
        var found = await InvoiceVerifier.VerifyAsync(invoice, () => new FileStream(usage, new FileStreamOptions { Mode = FileMode.Open, Access = FileAccess.Read, Share = FileShare.ReadWrite, BufferSize = 0, Options = FileOptions.SequentialScan | FileOptions.Asynchronous }), first);
        var seconds = TimeProvider.System.GetElapsedTime(start).TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture);
        var name = invoice.Number ?? invoice.Invoice ?? "the preview";
        var late = found.Late > 0 ? $" {Words.Of(found.Late)} events of the period were taken in after it was made and are not in it." : "";
        if (found.Differences.IsEmpty)
        {
            await Console.Out.WriteLineAsync($"{name} is right: {Words.Of(found.Events)} events of {Words.Of(found.Lines)} in the export give its {Words.Of(invoice.Lines.Length)} lines and the total of {Words.Of(invoice.Total)} {invoice.Basis.Currency}, and the roots of its lines ({seconds} s).{late}");
            return 0;
        }

        await Console.Error.WriteLineAsync($"{name} and the export differ ({seconds} s):");
        foreach (var difference in found.Differences)
        {
            await Console.Error.WriteLineAsync(difference.Line is { } line ? $"  line {line.ToString(CultureInfo.InvariantCulture)}{Of(invoice, line)}: {difference.Text}" : $"  invoice: {difference.Text}");
        }

        if (late.Length > 0)
        {
            await Console.Error.WriteLineAsync(late.TrimStart());
        }

        return 1;
    }

    private static string Of(InvoiceStatement invoice, int line) => invoice.Lines.FirstOrDefault(l => l.Number == line) is { } found ? $" ({found.Description})" : "";

    private static async Task<InvoiceStatement> ReadInvoiceAsync(string file)
    {
        if (new FileInfo(file) is not { Exists: true } info)
        {
            throw new StartupException($"There is no file '{file}'. Get the invoice as JSON: GET /v1/invoices/{{id}}?format=json.");
        }

        if (info.Length > MaxInvoiceBytes)
        {
            throw new StartupException($"'{file}' has {info.Length} bytes; an invoice has at most {MaxInvoiceBytes}.");
        }

        try
        {
            return JsonSerializer.Deserialize(await File.ReadAllBytesAsync(file), InvoiceJson.Default.InvoiceStatement) is { Basis: not null, Lines.IsDefault: false } invoice
                ? invoice
                : throw new StartupException($"'{file}' is no invoice. Get it as JSON: GET /v1/invoices/{{id}}?format=json.");
        }
        catch (Exception e) when (e is JsonException or NotSupportedException or InvalidOperationException)
        {
            throw new StartupException($"'{file}' is no invoice: {e.Message} Get it as JSON: GET /v1/invoices/{{id}}?format=json.", e);
        }
    }

    private static (string Usage, long First) Read(string[] options)
    {
        string? usage = null;
        long first = 0;
        for (var i = 0; i < options.Length; i++)
        {
            var parts = options[i].Split('=', 2);
            if (parts[0] is not ("--usage" or "--first"))
            {
                throw new StartupException($"'{options[i]}' is not understood. Possible are --usage FILE and --first NUMBER.");
            }

            var value = parts.Length == 2 ? parts[1] : ++i < options.Length ? options[i] : throw new StartupException($"{parts[0]} has no value.");
            if (parts[0] == "--usage")
            {
                usage = value;
            }
            else
            {
                first = long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw new StartupException($"--first {value} is no number from 0 up: the number in the usage log of the export's first event.");
            }
        }

        return usage is null ? throw new StartupException("Say where the export of the usage is: --usage USAGE.jsonl.") : (usage, first);
    }
}
