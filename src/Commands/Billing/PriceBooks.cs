using AIaaS.Domain.Pricing;
using AIaaS.EventStore;

namespace AIaaS.Commands.Billing;

/// <summary>The price book as the log has it: read on from where it was read to last.</summary>
public sealed class PriceBooks(IEventStore log, EventTypes types)
{
    private static readonly EventFilter Published = EventFilter.Types("price.", "plan.", "exchange-rate.");

    private readonly SemaphoreSlim gate = new(1);
    private PriceBookView book = PriceBookView.Initial;
    private readonly List<(LogPosition Position, object Event)> publications = [];
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

                var published = types.Read(recorded.Type, recorded.Data.Span);
                publications.Add((recorded.Position, published));
                book = book.Evolve(published);
                next = new(recorded.Position.Value + 1);
            }

            next = new(head.Value + 1);
            return (book, head);
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>The book as it was known at a position of the log.</summary>
    public async ValueTask<PriceBookView> AtAsync(LogPosition knownAt, CancellationToken cancellationToken = default)
    {
        await NowAsync(cancellationToken);
        await gate.WaitAsync(cancellationToken);
        try
        {
            return publications.TakeWhile(p => p.Position <= knownAt).Aggregate(PriceBookView.Initial, (known, p) => known.Evolve(p.Event));
        }
        finally
        {
            gate.Release();
        }
    }
}
