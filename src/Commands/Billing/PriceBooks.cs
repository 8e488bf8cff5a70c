using AIaaS.Domain.Pricing;
using AIaaS.EventStore;

namespace AIaaS.Commands.Billing;

/// <summary>The price book as the log has it: read on from where it was read to last.</summary>
public sealed class PriceBooks(IEventStore log, EventTypes types)
{
    private static readonly EventFilter Published = EventFilter.Types("price.", "plan.", "exchange-rate.");

    private readonly SemaphoreSlim gate = new(1);
    private PriceBookView book = PriceBookView.Initial;
    private LogPosition next = LogPosition.Start;

    /// <summary>The book as it is now, and up to where the log was read.</summary>
    public async ValueTask<(PriceBookView Book, LogPosition KnownAt)> NowAsync(CancellationToken cancellationToken = default)
    {
        await gate.WaitAsync(cancellationToken);
        try
        {
            var head = await log.GetHeadAsync(cancellationToken);
            await foreach (var recorded in log.ReadAllAsync(ReadDirection.Forwards, next, Published, cancellationToken: cancellationToken))
            {
                if (recorded.Position > head)
                {
                    break;
                }

                book = book.Evolve(types.Read(recorded.Type, recorded.Data.Span));
            }

            next = new(head.Value + 1);
            return (book, head);
        }
        finally
        {
            gate.Release();
        }
    }
}
