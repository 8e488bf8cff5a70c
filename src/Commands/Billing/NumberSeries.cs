using System.Collections.Concurrent;
using AIaaS.Domain.Tenants;
using AIaaS.EventStore;

namespace AIaaS.Commands.Billing;

/// <summary>
/// Gives numbers one after the other, without gaps, in each of several series. A number is an event of the series' stream that names what it was given to, so that one that was
/// given is found again after a crash, whichever process asks.
/// </summary>
/// <param name="log">The log.</param>
/// <param name="types">The event types.</param>
/// <param name="of">To what a number was given.</param>
/// <typeparam name="TAssigned">The event.</typeparam>
internal sealed class NumberSeries<TAssigned>(IEventStore log, EventTypes types, Func<TAssigned, (string Tenant, string Id)> of)
    where TAssigned : DomainEvent
{
    private readonly ConcurrentDictionary<StreamName, Series> all = new();

    /// <summary>The number of something: the one that it has in the series, or the next.</summary>
    /// <param name="stream">The series' stream.</param>
    /// <param name="tenant">Whose it is.</param>
    /// <param name="id">Its id.</param>
    /// <param name="kind">What the event's id is made of, beside the tenant and the id.</param>
    /// <param name="give">The event of a number, 1 for the first.</param>
    /// <param name="context">On whose behalf.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<TAssigned> AssignAsync(StreamName stream, string tenant, string id, string kind, Func<long, TAssigned> give, CommandContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var series = all.GetOrAdd(stream, _ => new());
        await series.Gate.WaitAsync(cancellationToken);
        try
        {
            while (true)
            {
                await foreach (var recorded in log.ReadStreamOrEmptyAsync(stream, ReadDirection.Forwards, series.Version + 1, long.MaxValue, cancellationToken))
                {
                    var assigned = (TAssigned)types.Read(recorded);
                    series.Given[of(assigned)] = assigned;
                    series.Version = recorded.Version;
                }

                if (series.Given.TryGetValue((tenant, id), out var given))
                {
                    return given;
                }

                var metadata = new EventMetadata { Tenant = Tenant.Platform, Actor = context.Actor, CorrelationId = context.CorrelationId, CausationId = context.CausationId };
                try
                {
                    await log.AppendAsync(stream, ExpectedVersion.Exact(series.Version), [types.Write(NamedId.Of(kind, tenant, id), give(series.Version + 2), metadata)], cancellationToken);
                }
                catch (WrongExpectedVersionException)
                {
                    // Another process gave the number to something else, or to this.
                }
            }
        }
        finally
        {
            series.Gate.Release();
        }
    }

    private sealed class Series
    {
        public SemaphoreSlim Gate { get; } = new(1);

        public Dictionary<(string Tenant, string Id), TAssigned> Given { get; } = [];

        public long Version { get; set; } = -1;
    }
}
