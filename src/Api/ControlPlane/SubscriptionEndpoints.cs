using System.Text.Json;
using System.Text.Json.Serialization;
using AIaaS.Api.Http;
using AIaaS.Api.OpenApi;
using AIaaS.EventStore;
using Microsoft.AspNetCore.Http.HttpResults;

namespace AIaaS.Api.ControlPlane;

/// <summary>All subscriptions of this process.</summary>
/// <param name="Head">The newest position of the log.</param>
/// <param name="Subscriptions">By name.</param>
internal sealed record SubscriptionList(string Head, IReadOnlyList<SubscriptionView> Subscriptions);

/// <summary>How a subscription stands.</summary>
/// <param name="Name">Its name.</param>
/// <param name="State">Its state.</param>
/// <param name="Position">Everything up to here is done.</param>
/// <param name="LagEvents">Events that it has still to handle.</param>
/// <param name="LagSeconds">The age of the oldest of them; 0 when there is none.</param>
/// <param name="Restarts">How often it was started again.</param>
/// <param name="Parked">Events parked now.</param>
/// <param name="LastError">Its last failure, for the platform's administrator; null for none.</param>
/// <param name="LastErrorAt">When that was, in UTC; null for none.</param>
internal sealed record SubscriptionView(string Name, string State, string Position, long LagEvents, double LagSeconds, int Restarts, int Parked, string? LastError, DateTimeOffset? LastErrorAt);

/// <summary>Events set aside because they could not be handled.</summary>
/// <param name="ParkedEvents">In log order for each subscription.</param>
internal sealed record ParkedEventList(IReadOnlyList<ParkedEventView> ParkedEvents);

/// <summary>An event that could not be handled, or that waits behind one of the same key.</summary>
/// <param name="Subscription">Who could not handle it.</param>
/// <param name="Key">Events of this key wait behind it.</param>
/// <param name="Position">Its place in the log.</param>
/// <param name="EventId">Its id.</param>
/// <param name="Stream">Its stream.</param>
/// <param name="Version">Its version there.</param>
/// <param name="Type">Its type.</param>
/// <param name="Reason">Why it was parked.</param>
/// <param name="Attempts">How often it was tried.</param>
/// <param name="At">When it was parked.</param>
internal sealed record ParkedEventView(string Subscription, string Key, string Position, Guid EventId, string Stream, long Version, string Type, string Reason, int Attempts, DateTimeOffset At);

/// <summary>Which parked events to handle again.</summary>
/// <param name="Subscription">Whose.</param>
/// <param name="Key">Only those of one key; null for all of the caller's.</param>
/// <param name="Tenant">May name the caller's own tenant; better left out.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record ReplayParkedBody(string Subscription, string? Key = null, string? Tenant = null) : IValidated, INamesTenant
{
    public void Validate(Faults faults)
    {
        faults.Text("/subscription", Subscription, 1, 100);
        faults.Text("/key", Key, 0, 300);
    }
}

/// <summary>What a replay of parked events did.</summary>
/// <param name="Handled">How many were handled; those that failed again are still parked.</param>
/// <param name="StillParked">How many of the caller's are parked now.</param>
internal sealed record ParkedEventsReplayed(int Handled, int StillParked);

/// <summary>A rebuild that has begun.</summary>
/// <param name="Name">The read model's subscription.</param>
/// <param name="Status">Where to look how far it is.</param>
internal sealed record RebuildStarted(string Name, string Status);

/// <summary>Who runs the subscriptions: what the endpoints need of it.</summary>
internal interface IOperations
{
    Task<IReadOnlyList<SubscriptionStatus>> StatusAsync(CancellationToken cancellationToken);

    /// <summary>Handles parked events of a subscription again; null where there is no such subscription.</summary>
    Task<int?> ReplayParkedAsync(string subscription, string? key, CancellationToken cancellationToken);

    /// <summary>Begins to build a read model anew beside the one in use; false where there is no such read model.</summary>
    Task<bool> RebuildAsync(string name, CancellationToken cancellationToken);
}

/// <summary>What follows the log, how far it is, and what it set aside.</summary>
internal static class SubscriptionEndpoints
{
    private const string ListExample = """
        { "head": "1042", "subscriptions": [ { "name": "projection-Runs", "state": "live", "position": "1042", "lagEvents": 0, "lagSeconds": 0, "restarts": 0, "parked": 0, "lastError": null, "lastErrorAt": null } ] }
        """;

    private const string ParkedExample = """
        {
          "parkedEvents": [
            {
              "subscription": "projection-Runs", "key": "acme:019c1d2e3f4a7b8c9d0e1f2a3b4c5d6e", "position": "1040", "eventId": "019c1d2e-3f4a-7b8c-9d0e-1f2a3b4c5d6e",
              "stream": "agentRun-acme_019c1d2e3f4a7b8c9d0e1f2a3b4c5d6e", "version": 4, "type": "agent.run.completed.v9",
              "reason": "The event type 'agent.run.completed.v9' is not registered in this version of the program.", "attempts": 3, "at": "2026-01-31T09:30:00+00:00"
            }
          ]
        }
        """;

    public static void Map(RouteGroupBuilder v1)
    {
        var operations = v1.MapGroup("").WithTags("Operations");
        operations.MapGet("/subscriptions", ListAsync)
            .Describe("listSubscriptions", "List subscriptions with their lag", "Everything that follows the log: read models and event handlers, each with its lag in events and seconds.")
            .ForTenantsAndPlatform(Scopes.OperationsRead)
            .Example(response: ListExample);
        operations.MapPost("/subscriptions/{name}/rebuild", RebuildAsync)
            .Describe("rebuildReadModel", "Build a read model anew", "Builds the read model from the log beside the one in use and switches when it has caught up. Queries go on meanwhile; nothing else happens twice.")
            .ForPlatform()
            .Idempotent()
            .Example(response: """{ "name": "projection-Runs", "status": "/v1/subscriptions" }""");
        operations.MapGet("/parked-events", ParkedAsync)
            .Describe("listParkedEvents", "List parked events", "Events that could not be handled after several tries, and those that wait behind one of the same key. They are never skipped: mend the cause and replay them. A tenant sees its own.")
            .ForTenantsAndPlatform(Scopes.OperationsRead)
            .Query("subscription", "string", "Only those of one subscription.", "projection-Runs")
            .Example(response: ParkedExample);
        operations.MapPost("/parked-events/replay", ReplayAsync)
            .Describe("replayParkedEvents", "Handle parked events again", "In log order; what fails again stays parked. A tenant replays its own.")
            .ForTenantsAndPlatform(Scopes.OperationsWrite)
            .Idempotent()
            .Example("""{ "subscription": "projection-Runs", "key": "acme:019c1d2e3f4a7b8c9d0e1f2a3b4c5d6e" }""", """{ "handled": 1, "stillParked": 0 }""");
    }

    private static async Task<Ok<SubscriptionList>> ListAsync(Caller caller, IOperations operations, IEventStore log, CancellationToken cancellationToken)
    {
        var statuses = await operations.StatusAsync(cancellationToken);
        var head = await log.GetHeadAsync(cancellationToken);
        return TypedResults.Ok(new SubscriptionList(head.ToString(), [.. statuses.OrderBy(s => s.Name, StringComparer.Ordinal).Select(s => View(s, caller))]));
    }

    private static async Task<Accepted<RebuildStarted>> RebuildAsync(string name, IOperations operations, CancellationToken cancellationToken) =>
        await operations.RebuildAsync(name, cancellationToken)
            ? TypedResults.Accepted("/v1/subscriptions", new RebuildStarted(name, "/v1/subscriptions"))
            : throw Problems.NotFound("read model", name.Length > 100 ? name[..100] + "…" : name);

    private static async Task<Ok<ParkedEventList>> ParkedAsync(Caller caller, IOperations operations, IParkingLot parking, HttpContext context, CancellationToken cancellationToken)
    {
        var query = new QueryReader(context);
        var only = query.Text("subscription");
        query.Done();
        var parked = new List<ParkedEvent>();
        foreach (var status in await operations.StatusAsync(cancellationToken))
        {
            if (only is null || only == status.Name)
            {
                parked.AddRange(await OwnAsync(caller, status.Name, parking, cancellationToken));
            }
        }

        return TypedResults.Ok(new ParkedEventList([.. parked.Select(p => new ParkedEventView(p.Subscription, p.Key, p.Position.ToString(), p.EventId, p.Stream, p.Version, p.Type, p.Reason, p.Attempts, p.At))]));
    }

    private static async Task<Ok<ParkedEventsReplayed>> ReplayAsync(JsonBody<ReplayParkedBody> body, Caller caller, IOperations operations, IParkingLot parking, CancellationToken cancellationToken)
    {
        var (subscription, key) = (body.Value.Subscription, body.Value.Key);
        var own = await OwnAsync(caller, subscription, parking, cancellationToken);
        if (key is not null && own.All(p => p.Key != key))
        {
            throw Problems.NotFound("parked event of the key", key);
        }

        if ((await operations.StatusAsync(cancellationToken)).All(s => s.Name != subscription))
        {
            throw Problems.NotFound("subscription", subscription);
        }

        var handled = 0;
        string?[] keys = key is not null ? [key] : caller.IsPlatform ? [null] : [.. own.Select(p => p.Key).Distinct(StringComparer.Ordinal)];
        foreach (var one in keys)
        {
            handled += await operations.ReplayParkedAsync(subscription, one, cancellationToken) ?? 0;
        }

        return TypedResults.Ok(new ParkedEventsReplayed(handled, (await OwnAsync(caller, subscription, parking, cancellationToken)).Count));
    }

    private static async Task<IReadOnlyList<ParkedEvent>> OwnAsync(Caller caller, string subscription, IParkingLot parking, CancellationToken cancellationToken)
    {
        var all = await parking.ListAsync(subscription, cancellationToken);
        return caller.IsPlatform ? all : [.. all.Where(p => new StreamName(p.Stream).Tenant == caller.Tenant)];
    }

    private static SubscriptionView View(SubscriptionStatus status, Caller caller) => new(
        status.Name,
        JsonNamingPolicy.KebabCaseLower.ConvertName(status.State.ToString()),
        status.Position.ToString(),
        status.LagEvents,
        Math.Round(status.LagSeconds, 3),
        status.Restarts,
        status.Parked,
        caller.IsPlatform ? status.LastError : null,
        caller.IsPlatform ? status.LastErrorAt : null);
}
