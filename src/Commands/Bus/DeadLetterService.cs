using System.Text.Json;
using AIaaS.Domain.Bus;
using AIaaS.EventStore;

namespace AIaaS.Commands.Bus;

/// <summary>What came to a dead end on the bus. It is kept in the log, not in the broker: so both buses show the same, and a restart loses none.</summary>
public sealed class DeadLetterService : CommandService<DeadLetter>
{
    private readonly IEventStore log;
    private readonly IdSource ids;
    private readonly TimeProvider time;
    private readonly Dictionary<string, WorkRoute> routes;

    /// <summary>Makes the service.</summary>
    public DeadLetterService(IEventStore log, EventTypes types, IdSource ids, TimeProvider time, BusOptions options, IEnumerable<WorkRoute> routes)
        : base(log, types, ids)
    {
        (this.log, this.ids, this.time) = (log, ids, time);
        this.routes = routes.ToDictionary(r => r.QueueOf(options), StringComparer.Ordinal);
        On<Receive>().In(c => DeadLetter.Stream(c.Tenant, c.Received.Id)).Decide((_, c) => c.Received);
        On<Fix>().In(c => DeadLetter.Stream(c.Tenant, c.Id)).Decide((letter, c) => letter.Fix(c.Id, c.Body, c.Actor, c.At));
        On<Replay>().In(c => DeadLetter.Stream(c.Tenant, c.Id)).Decide((letter, c) => letter.Replay(c.Id, c.Actor, c.At));
        On<Discard>().In(c => DeadLetter.Stream(c.Tenant, c.Id)).Decide((letter, c) => letter.Discard(c.Id, c.Actor, c.At));
    }

    /// <summary>Keeps work that failed for good.</summary>
    /// <param name="queue">The queue that it came from.</param>
    /// <param name="body">The work as it came.</param>
    /// <param name="code">Stable, lower-case, with dashes.</param>
    /// <param name="error">Why it failed.</param>
    /// <param name="attempts">Tries that were made.</param>
    /// <param name="message">The message; recording it twice changes nothing.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    public async Task<string> ReceiveAsync(string queue, string body, string code, string error, int attempts, string message, CancellationToken cancellationToken = default)
    {
        var tenant = TenantOf(queue, body);
        var id = DeadLetter.IdOf(queue, body);
        var received = new DeadLetterReceived(id, queue, body, code, error.Length <= 2_000 ? error : error[..2_000] + "…", attempts, time.GetUtcNow());
        var result = await HandleAsync(new Receive(tenant, received), new(tenant, "bus", $"{message}/{queue}"), cancellationToken);
        // The second one too: the process may have ended between the first one and its metadata.
        if (result.Version <= 1)
        {
            await log.SetStreamMetadataAsync(DeadLetter.Stream(tenant, id), new(MaxAge: DeadLetter.Kept), cancellationToken);
        }

        return id;
    }

    /// <summary>Changes the work before it is sent again.</summary>
    /// <exception cref="DomainException">There is no such dead letter, or the body is no work of its queue or tenant.</exception>
    public async Task<CommandResult<DeadLetter>> FixAsync(string id, string body, CommandContext context, CancellationToken cancellationToken = default)
    {
        var letter = await FindAsync(context.Tenant, id, cancellationToken);
        Read(context.Tenant, letter.Queue!, body);
        return await HandleAsync(new Fix(context.Tenant, id, body, context.Actor, time.GetUtcNow()), context, cancellationToken);
    }

    /// <summary>Sends the work to its queue again. Where that is not confirmed, the dead letter stays as it was.</summary>
    /// <exception cref="DomainException">There is no such dead letter, or its body is no work of its queue or tenant.</exception>
    /// <exception cref="BusUnavailableException">The broker did not confirm it.</exception>
    public async Task<CommandResult<DeadLetter>> ReplayAsync(string id, IWorkBus bus, CommandContext context, CancellationToken cancellationToken = default)
    {
        var letter = await FindAsync(context.Tenant, id, cancellationToken);
        var (route, work) = Read(context.Tenant, letter.Queue!, letter.Body);
        await route.PublishAsync(bus, work, cancellationToken);
        return await HandleAsync(new Replay(context.Tenant, id, context.Actor, time.GetUtcNow()), context with { IdempotencyKey = context.IdempotencyKey ?? ids.NewId().ToString("N") }, cancellationToken);
    }

    /// <summary>Gives it up.</summary>
    /// <exception cref="DomainException">There is no such dead letter.</exception>
    public async Task<CommandResult<DeadLetter>> DiscardAsync(string id, CommandContext context, CancellationToken cancellationToken = default)
    {
        await FindAsync(context.Tenant, id, cancellationToken);
        return await HandleAsync(new Discard(context.Tenant, id, context.Actor, time.GetUtcNow()), context, cancellationToken);
    }

    private async Task<DeadLetter> FindAsync(string tenant, string id, CancellationToken cancellationToken)
    {
        var letter = Guid.TryParseExact(id, "N", out _) ? (await LoadAsync(DeadLetter.Stream(tenant, id), cancellationToken)).State : DeadLetter.Initial;
        return letter.Queue is null ? throw new DomainException(DeadLetterErrors.Unknown(id)) : letter;
    }

    private (WorkRoute Route, IWork Work) Read(string tenant, string queue, string body)
    {
        if (!routes.TryGetValue(queue, out var route))
        {
            throw new DomainException(DeadLetterErrors.Unreadable(queue, "this program knows no such queue."));
        }

        try
        {
            var work = route.Read(body);
            return work.Tenant == tenant || tenant == DeadLetter.NoTenant ? (route, work) : throw new DomainException(DeadLetterErrors.OtherTenant(tenant));
        }
        catch (JsonException e)
        {
            throw new DomainException(DeadLetterErrors.Unreadable(queue, e.Message));
        }
    }

    private string TenantOf(string queue, string body)
    {
        try
        {
            var tenant = routes.TryGetValue(queue, out var route) ? route.Read(body).Tenant : null;
            return Domain.Tenants.Tenant.IsSlug(tenant) ? tenant! : DeadLetter.NoTenant;
        }
        catch (JsonException)
        {
            return DeadLetter.NoTenant;
        }
    }

    private sealed record Receive(string Tenant, DeadLetterReceived Received);

    private sealed record Fix(string Tenant, string Id, string Body, string Actor, DateTimeOffset At);

    private sealed record Replay(string Tenant, string Id, string Actor, DateTimeOffset At);

    private sealed record Discard(string Tenant, string Id, string Actor, DateTimeOffset At);
}
