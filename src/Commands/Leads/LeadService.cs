using AIaaS.Domain.Leads;
using AIaaS.EventStore;

namespace AIaaS.Commands.Leads;

/// <summary>Captures, scores and follows leads up.</summary>
public sealed class LeadService : CommandService<Lead>
{
    /// <summary>Makes the service.</summary>
    public LeadService(IEventStore log, EventTypes types, IdSource ids)
        : base(log, types, ids)
    {
        On<CaptureLead>().In(c => Lead.Stream(c.Tenant, Named(c.Lead))).Decide((lead, command) => lead.Capture(command));
        On<QualifyLead>().In(c => Lead.Stream(c.Tenant, Named(c.Lead))).Decide((lead, command) => lead.Qualify(command));
        On<ChangeLeadStatus>().In(c => Lead.Stream(c.Tenant, Named(c.Lead))).Decide((lead, command) => lead.Change(command));
        On<ScheduleFollowUp>().In(c => Lead.Stream(c.Tenant, Named(c.Lead))).Decide((lead, command) => lead.Schedule(command));
        On<RemindOfFollowUp>().In(c => Lead.Stream(c.Tenant, Named(c.Lead))).Decide((lead, command) => lead.Remind(command));
        On<CloseFollowUp>().In(c => Lead.Stream(c.Tenant, Named(c.Lead))).Decide((lead, command) => lead.Close(command));
    }

    /// <summary>The id of the lead that is captured under a key.</summary>
    public static string LeadId(string tenant, string key) => NamedId.Of("lead", tenant, key).ToString("N");

    /// <summary>The id of the follow-up that is scheduled under a key.</summary>
    public static string FollowUpId(string tenant, string key) => NamedId.Of("follow-up", tenant, key).ToString("N");

    private static string Named(string lead) => lead is { Length: >= 1 and <= 100 } && lead.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-') ? lead : throw new DomainException(LeadErrors.NotFound(lead ?? ""));
}

/// <summary>Makes follow-ups appear when their time has come: off the timers that stand beside them.</summary>
public sealed class FollowUpTimers(LeadService leads) : IEventHandler
{
    /// <inheritdoc />
    public string Name => "lead-follow-ups";

    /// <inheritdoc />
    public EventFilter Filter { get; } = EventFilter.Types("timer.elapsed");

    /// <inheritdoc />
    public string KeyOf(EventEnvelope envelope)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        return envelope.Recorded.Stream;
    }

    /// <inheritdoc />
    public Task HandleAsync(EventEnvelope envelope, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        var stream = new StreamName(envelope.Recorded.Stream);
        return envelope.Event is TimerElapsed elapsed && stream.Category == "lead" && Lead.FollowUpOf(elapsed.Timer) is { } followUp
            ? leads.HandleAsync(new RemindOfFollowUp(stream.Tenant, stream.Id, followUp, elapsed.Due), new(stream.Tenant, Name, null, envelope.Metadata.CorrelationId, envelope.Recorded.Id.ToString("N")), cancellationToken)
            : Task.CompletedTask;
    }
}
