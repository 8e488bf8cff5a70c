using AIaaS.Domain;
using AIaaS.Domain.Complaints;
using AIaaS.EventStore;
using AIaaS.Projections;
using AIaaS.Projections.Complaints;

namespace AIaaS.Commands.Complaints;

/// <summary>What a complaint says.</summary>
/// <param name="Category">What it is about.</param>
/// <param name="Text">What the customer says.</param>
/// <param name="Customer">The customer's id at the tenant; null where unknown.</param>
/// <param name="Order">The order; null for none.</param>
/// <param name="Conversation">The conversation that it comes from; null for none.</param>
/// <param name="AtStake">The money that it is about; null for none.</param>
public sealed record ComplaintText(ComplaintCategory Category, string Text, string? Customer = null, string? Order = null, string? Conversation = null, Money? AtStake = null);

/// <summary>How many complaints a customer had before.</summary>
public interface IEarlierComplaints
{
    /// <summary>So many, as far as the read models know; counted up to where the severity rule stops counting.</summary>
    Task<int> CountAsync(string tenant, string customer, CancellationToken cancellationToken);
}

/// <summary>Counts in the read model.</summary>
internal sealed class EarlierComplaints(ReadModel<ComplaintDocument> complaints) : IEarlierComplaints
{
    public async Task<int> CountAsync(string tenant, string customer, CancellationToken cancellationToken) =>
        (await complaints.QueryAsync(
            new()
            {
                Where = [new("tenant", Comparison.Equal, tenant), new("customer", Comparison.Equal, customer)],
                SortBy = "openedAt",
                Limit = ComplaintRule.ManyComplaints,
            },
            cancellationToken)).Items.Length;
}

/// <summary>A tenant's deadlines.</summary>
public sealed class ComplaintDeadlineService : CommandService<ComplaintDeadlines>
{
    /// <summary>Makes the service.</summary>
    public ComplaintDeadlineService(IEventStore log, EventTypes types, IdSource ids)
        : base(log, types, ids) =>
        On<SetComplaintDeadlines>().In(c => ComplaintDeadlines.Stream(c.Tenant)).Decide((deadlines, command) => deadlines.Set(command));

    /// <summary>What holds for a tenant now.</summary>
    public async Task<ComplaintDeadlines> GetAsync(string tenant, CancellationToken cancellationToken = default) => (await LoadAsync(ComplaintDeadlines.Stream(tenant), cancellationToken)).State;
}

/// <summary>Opens complaints, passes them up and settles them.</summary>
public sealed class ComplaintService : CommandService<Complaint>
{
    private readonly ComplaintDeadlineService deadlines;
    private readonly IEarlierComplaints earlier;
    private readonly TimeProvider time;

    /// <summary>Makes the service.</summary>
    public ComplaintService(IEventStore log, EventTypes types, IdSource ids, ComplaintDeadlineService deadlines, IEarlierComplaints earlier, TimeProvider time)
        : base(log, types, ids)
    {
        (this.deadlines, this.earlier, this.time) = (deadlines, earlier, time);
        On<OpenComplaint>().In(c => Complaint.Stream(c.Tenant, Named(c.Complaint))).Decide((complaint, command) => complaint.Open(command));
        On<EscalateComplaint>().In(c => Complaint.Stream(c.Tenant, Named(c.Complaint))).Decide((complaint, command) => complaint.Escalate(command));
        On<ResolveComplaint>().In(c => Complaint.Stream(c.Tenant, Named(c.Complaint))).Decide((complaint, command) => complaint.Resolve(command));
    }

    /// <summary>The id of the complaint that is opened under a key.</summary>
    public static string ComplaintId(string tenant, string key) => NamedId.Of("complaint", tenant, key).ToString("N");

    /// <summary>Opens a complaint: severity by the rule, deadline by the tenant's settings.</summary>
    /// <exception cref="DomainException">Something is wrong with it.</exception>
    public async Task<CommandResult<Complaint>> OpenAsync(string complaint, ComplaintText text, CommandContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(context);
        var before = text.Customer is { Length: >= 1 and <= 200 } customer ? await earlier.CountAsync(context.Tenant, customer, cancellationToken) : 0;
        return await HandleAsync(
            new OpenComplaint(context.Tenant, complaint, text.Category, text.Text, text.Customer, text.Order, text.Conversation, text.AtStake, before, await deadlines.GetAsync(context.Tenant, cancellationToken), time.GetUtcNow()),
            context,
            cancellationToken);
    }

    /// <summary>Passes a complaint up one level.</summary>
    /// <param name="complaint">The complaint.</param>
    /// <param name="reason">Why; null for a deadline that has passed.</param>
    /// <param name="due">Of a deadline that has passed: which one.</param>
    /// <param name="context">On whose behalf.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="DomainException">It is settled, or at the last level.</exception>
    public async Task<CommandResult<Complaint>> EscalateAsync(string complaint, string? reason, DateTimeOffset? due, CommandContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        return await HandleAsync(new EscalateComplaint(context.Tenant, complaint, reason, due, await deadlines.GetAsync(context.Tenant, cancellationToken), time.GetUtcNow()), context, cancellationToken);
    }

    private static string Named(string complaint) => complaint is { Length: >= 1 and <= 100 } && complaint.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-') ? complaint : throw new DomainException(ComplaintErrors.NotFound(complaint ?? ""));
}

/// <summary>Passes complaints up when their deadlines have passed: off the timers that stand beside them.</summary>
public sealed class ComplaintTimers(ComplaintService complaints) : IEventHandler
{
    /// <inheritdoc />
    public string Name => "complaint-deadlines";

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
        return envelope.Event is TimerElapsed { Timer: Complaint.DeadlineTimer } elapsed && stream.Category == "complaint"
            ? complaints.EscalateAsync(stream.Id, null, elapsed.Due, new(stream.Tenant, Name, null, envelope.Metadata.CorrelationId, envelope.Recorded.Id.ToString("N")), cancellationToken)
            : Task.CompletedTask;
    }
}
