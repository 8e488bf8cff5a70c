using AIaaS.Commands.Pricing;
using AIaaS.Domain.Pricing;
using AIaaS.EventStore;

namespace AIaaS.Commands.Billing;

/// <summary>
/// The price book together with the position of the log up to which it is known: what an invoice says it was made by. From the catalogue that follows the log;
/// where there is none it reads the log itself, on from where it read to last.
/// </summary>
public sealed class PriceBooks(IEventStore log, EventTypes types, PriceCatalog? catalog = null)
{
    private static readonly EventFilter Published = EventFilter.Types("price.", "plan.", "exchange-rate.");

    private readonly SemaphoreSlim gate = new(1);
    private readonly List<(LogPosition Position, object Event)> publications = [];
    private PriceBookView book = PriceBookView.Initial;
    private LogPosition next = LogPosition.Start;

    /// <summary>The book as it is now, with all that was in the log when it was asked for.</summary>
    /// <exception cref="DomainException">The catalogue does not come up to the log in time.</exception>
    public async ValueTask<(PriceBookView Book, LogPosition KnownAt)> NowAsync(CancellationToken cancellationToken = default)
    {
        var head = await log.GetHeadAsync(cancellationToken);
        if (catalog is null)
        {
            return (await ReadOnAsync(head, cancellationToken), head);
        }

        if (!await catalog.WaitForAsync(head, PriceCatalog.Patience, cancellationToken))
        {
            throw new DomainException(new("pricing-behind", $"The prices are not known up to position {head} yet.", "Try again a little later.", 503));
        }

        // What was published since then is left out, so that book and position belong together.
        var known = catalog.Current;
        return (catalog.Publications.Any(p => p.Position > head) ? await catalog.AsOfAsync(head, cancellationToken) : known, head);
    }

    /// <summary>The book as it was known at a position of the log.</summary>
    /// <exception cref="DomainException">The catalogue does not come up to the position in time.</exception>
    public async ValueTask<PriceBookView> AtAsync(LogPosition knownAt, CancellationToken cancellationToken = default)
    {
        if (catalog is not null)
        {
            return await catalog.AsOfAsync(knownAt, cancellationToken);
        }

        await ReadOnAsync(await log.GetHeadAsync(cancellationToken), cancellationToken);
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

    private async Task<PriceBookView> ReadOnAsync(LogPosition head, CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken);
        try
        {
            await foreach (var recorded in log.ReadAllAsync(ReadDirection.Forwards, next, Published, cancellationToken: cancellationToken))
            {
                if (recorded.Position > head)
                {
                    break;
                }

                var published = types.Read(recorded);
                publications.Add((recorded.Position, published));
                book = book.Evolve(published);
                next = new(recorded.Position.Value + 1);
            }

            next = next.Value > head.Value ? next : new(head.Value + 1);
            return book;
        }
        finally
        {
            gate.Release();
        }
    }
}
