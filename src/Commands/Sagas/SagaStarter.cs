using AIaaS.Domain.Sagas;
using AIaaS.EventStore;

namespace AIaaS.Commands.Sagas;

/// <summary>The process manager: starts the sagas that events of the business ask for. An event starts a saga once, however often it comes.</summary>
public sealed class SagaStarter(IEventStore log, EventTypes types, SagaCatalog catalog, TimeProvider time) : IEventHandler
{
    /// <inheritdoc />
    public string Name => "saga-starter";

    /// <inheritdoc />
    public EventFilter Filter { get; } = EventFilter.Types([.. catalog.All.SelectMany(d => types.NamesOf(d.Trigger)).Distinct(StringComparer.Ordinal)]);

    /// <summary>The id of a saga, <c>{name}.{id}</c>; of an id that no stream can be named by, its hash.</summary>
    public static string IdOf(string name, string id)
    {
        var saga = $"{name}.{id}";
        return saga.Length <= 140 && EventStoreLimits.NameFault(saga) is null && !saga.Contains('/', StringComparison.Ordinal) ? saga : $"{name}.{NamedId.Of("saga", name, id):N}";
    }

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
        foreach (var definition in catalog.All)
        {
            if (definition.IsCurrent && definition.Trigger == envelope.Event.GetType() && definition.Start(envelope.Event) is { } trigger)
            {
                await StartAsync(definition, trigger, envelope, cancellationToken);
            }
        }
    }

    private async Task StartAsync(SagaDefinition definition, SagaTrigger trigger, EventEnvelope cause, CancellationToken cancellationToken)
    {
        var stream = Saga.Stream(cause.Tenant, IdOf(definition.Name, trigger.Id));
        var causeId = cause.Recorded.Id.ToString("N");
        var started = new SagaStarted(definition.Name, definition.Version, cause.Recorded.Id, System.Text.Json.JsonElement.Parse(trigger.Input.ToJsonString()), time.GetUtcNow());
        var metadata = new EventMetadata
        {
            CorrelationId = cause.Metadata.CorrelationId ?? causeId,
            CausationId = causeId,
            Tenant = cause.Tenant,
            Actor = Name,
            TraceParent = cause.Metadata.TraceParent,
        };
        try
        {
            await log.AppendAsync(stream, ExpectedVersion.NoStream, [types.Write(NamedId.Of("saga-started", stream, causeId), started, metadata)], cancellationToken);
        }
        catch (WrongExpectedVersionException)
        {
            // It was started before: by this event, which came again, or by an earlier one that concerns the same.
        }
    }
}
