using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using AIaaS.Domain.Billing;
using AIaaS.Domain.Pricing;

namespace AIaaS.Commands.Billing;

/// <summary>What a verification found.</summary>
/// <param name="Differences">Where invoice and usage, or the invoice and its own arithmetic, differ; empty for an invoice that is right.</param>
/// <param name="Lines">Lines of the export.</param>
/// <param name="Events">Events of the invoice's period in it.</param>
/// <param name="Late">Events of the period that were taken in after the invoice was made, and so are not in it.</param>
public sealed record InvoiceVerification(ImmutableArray<InvoiceDifference> Differences, long Lines, long Events, long Late);

/// <summary>
/// Recomputes an invoice from an export of the usage log alone: JSON Lines, one event a line, in the order of the log. It streams: the export may be larger than
/// the memory. Reading, taking apart and adding up go on at the same time.
/// </summary>
public static class InvoiceVerifier
{
    private const int BlockBytes = 1024 * 1024;
    private const int MaxLineBytes = 64 * 1024 * 1024;
    private const int MaxAhead = 8;
    private const int MaxUnreadable = 10;

    /// <summary>Verifies an invoice.</summary>
    /// <param name="invoice">The invoice, as the API gives it as JSON.</param>
    /// <param name="usage">Opens the export; it is opened again where a difference is to be narrowed down.</param>
    /// <param name="first">The number in the usage log of the export's first event.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<InvoiceVerification> VerifyAsync(InvoiceStatement invoice, Func<Stream> usage, long first = 0, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(invoice);
        ArgumentNullException.ThrowIfNull(usage);
        var check = new InvoiceCheck(invoice);
        List<long> unreadable = [];
        var lines = await ReadAsync(check, usage, first, check.Add, unreadable, cancellationToken);
        List<InvoiceDifference> found = [.. unreadable.Order().Take(MaxUnreadable).Select(l => new InvoiceDifference(null, $"line {Words.Of(l)} of the export is no usage event"))];
        found.AddRange(check.Differences());
        if (found.Count > 0 && check.Searches() is { IsEmpty: false } searches)
        {
            await ReadAsync(check, usage, first, batch =>
            {
                foreach (var search in searches)
                {
                    search.Add(batch);
                }
            }, [], cancellationToken);
            found.AddRange(searches.Select(s => new InvoiceDifference(s.Line, s.Conclude(n => $"event {n.ToString(CultureInfo.InvariantCulture)} (line {Words.Of(n - first + 1)} of the export)"))));
        }

        return new([.. found.OrderBy(d => d.Line ?? int.MaxValue)], lines, check.Events, check.Late);
    }

    private static async Task<long> ReadAsync(InvoiceCheck check, Func<Stream> usage, long first, Action<UsageReadings> take, List<long> unreadable, CancellationToken cancellationToken)
    {
        await using var stream = usage();
        var sequence = first;
        var block = new byte[BlockBytes];
        var filled = 0;
        var isStart = true;
        var waiting = new Queue<Task>();
        var taken = Task.CompletedTask;
        while (true)
        {
            var read = await stream.ReadAtLeastAsync(block.AsMemory(filled), block.Length - filled, throwOnEndOfStream: false, cancellationToken);
            filled += read;
            var isEnd = filled < block.Length;
            var whole = isEnd ? filled : block.AsSpan(0, filled).LastIndexOf((byte)'\n') + 1;
            if (whole == 0 && !isEnd)
            {
                // A line that is longer than the block.
                Array.Resize(ref block, block.Length < MaxLineBytes ? block.Length * 2 : throw new InvalidDataException($"A line of the export has more than {MaxLineBytes} bytes; this is no export of usage."));
                continue;
            }

            var start = isStart && block.AsSpan(0, whole).StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]) ? 3 : 0;
            isStart = false;
            var (full, from) = (block, sequence);
            sequence += full.AsSpan(start, whole - start).Count((byte)'\n') + (isEnd && whole > start && full[whole - 1] != '\n' ? 1 : 0);
            taken = TakeAfterAsync(taken, Task.Run(() => Read(check, full.AsSpan(start, whole - start), from, first, unreadable), cancellationToken), take);
            if (isEnd)
            {
                await taken;
                return sequence - first;
            }

            block = new byte[full.Length];
            filled -= whole;
            full.AsSpan(whole, filled).CopyTo(block);
            waiting.Enqueue(taken);
            if (waiting.Count > MaxAhead)
            {
                await waiting.Dequeue();
            }
        }
    }

    private static UsageReadings Read(InvoiceCheck check, ReadOnlySpan<byte> lines, long sequence, long first, List<long> unreadable)
    {
        var into = new UsageReadings();
        var window = check.Window;
        while (!lines.IsEmpty)
        {
            var end = lines.IndexOf((byte)'\n');
            var line = end < 0 ? lines : lines[..end];
            lines = end < 0 ? [] : lines[(end + 1)..];
            if (line is [.., (byte)'\r'])
            {
                line = line[..^1];
            }

            if (!line.IsEmpty)
            {
                try
                {
                    check.Slots.Read(line, sequence, window, into);
                }
                catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
                {
                    into.Unreadable();
                    lock (unreadable)
                    {
                        unreadable.Add(sequence - first + 1);
                    }
                }
            }

            sequence++;
        }

        return into;
    }

    private static async Task TakeAfterAsync(Task before, Task<UsageReadings> reading, Action<UsageReadings> take)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        take(await reading);
    }
}
