using AIaaS.Commands.Bus;
using AIaaS.EventStore;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIaaS.Commands.Sagas;

/// <summary>
/// Puts sagas that have something to do on the bus. The log is the outbox: an event counts as handled when the broker has confirmed the
/// work, so that a broker which is away delays sagas and loses none.
/// </summary>
public sealed partial class SagaDispatcher(IWorkBus bus, SagaCatalog catalog, TimeProvider time, ILogger<SagaDispatcher>? logger = null) : IEventHandler
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly ILogger logger = logger ?? NullLogger<SagaDispatcher>.Instance;

    /// <inheritdoc />
    public string Name => "saga-dispatcher";

    /// <inheritdoc />
    public EventFilter Filter { get; } = EventFilter.Types("saga.started", "saga.resumed", "tool.call.resolved", "timer.elapsed");

    /// <inheritdoc />
    public string KeyOf(EventEnvelope envelope)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        return envelope.Recorded.Stream;
    }

    /// <inheritdoc />
    public async Task HandleAsync(EventEnvelope envelope, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        var name = new StreamName(envelope.Recorded.Stream);
        if (name.Category != "saga" || !catalog.Knows(name.Id))
        {
            return;
        }

        while (true)
        {
            try
            {
                await bus.PublishAsync(new ExecuteSaga(name.Tenant, name.Id), cancellationToken);
                return;
            }
            catch (BusUnavailableException e)
            {
                // Parking it would need a person for what passes by itself.
                Waits(logger, name.Id, e.Message);
                await Task.Delay(Pause, time, cancellationToken);
            }
        }
    }

    [LoggerMessage(LogLevel.Debug, "Saga {Saga} waits for the bus: {Reason}")]
    private static partial void Waits(ILogger logger, string saga, string reason);
}
