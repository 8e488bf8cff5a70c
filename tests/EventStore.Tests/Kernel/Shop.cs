using System.Collections.Immutable;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace AIaaS.EventStore.Tests;

internal sealed record Granted(int Amount) : DomainEvent;

internal sealed record Reserved(string Reservation, int Amount) : DomainEvent;

internal sealed record Released(string Reservation) : DomainEvent;

internal sealed record OrderPlaced(string Order, int Total) : DomainEvent;

internal sealed record PaymentAwaited(string Order, int Total) : DomainEvent;

internal sealed record PaymentReceived(string Order) : DomainEvent;

internal sealed record PaymentRefused(string Order, string Reason) : DomainEvent;

internal sealed record OrderGivenUp(string Order) : DomainEvent;

internal sealed record Renamed(string First, string Last) : DomainEvent;

internal sealed record Moved(string Customer, Address? To, int? Floor, string? Note) : DomainEvent;

internal sealed record Address(string Street, string? House);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, RespectRequiredConstructorParameters = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(Granted))]
[JsonSerializable(typeof(Reserved))]
[JsonSerializable(typeof(Released))]
[JsonSerializable(typeof(OrderPlaced))]
[JsonSerializable(typeof(PaymentAwaited))]
[JsonSerializable(typeof(PaymentReceived))]
[JsonSerializable(typeof(PaymentRefused))]
[JsonSerializable(typeof(OrderGivenUp))]
[JsonSerializable(typeof(Renamed))]
[JsonSerializable(typeof(Moved))]
[JsonSerializable(typeof(Budget))]
internal sealed partial class ShopJson : JsonSerializerContext;

internal static class Shop
{
    public static EventTypes Types { get; } = PlatformEventTypes.Register(new EventTypes.Builder())
        .Add("budget.granted", ShopJson.Default.Granted, "budget", new(10))
        .Add("budget.reserved", ShopJson.Default.Reserved, "budget", new("r1", 3))
        .Add("budget.released", ShopJson.Default.Released, "budget", new("r1"))
        .Add("order.placed", ShopJson.Default.OrderPlaced, "order", new("o1", 12))
        .Add("payment.awaited", ShopJson.Default.PaymentAwaited, "saga", new("o1", 12))
        .Add("payment.received", ShopJson.Default.PaymentReceived, "order", new("o1"))
        .Add("payment.refused", ShopJson.Default.PaymentRefused, "saga", new("o1", "no money"))
        .Add("order.given-up", ShopJson.Default.OrderGivenUp, "saga", new("o1"))
        .Add("customer.renamed.v3", ShopJson.Default.Renamed, "customer", new("Ada", "Byron"))
        .Add("customer.moved", ShopJson.Default.Moved, "customer", new("c1", new("Mill Lane", null), null, null))
        .Upcast("customer.renamed", "customer.renamed.v2", old => new() { ["name"] = old["n"]!.GetValue<string>() })
        .Upcast("customer.renamed.v2", "customer.renamed.v3", old => old["name"]!.GetValue<string>().Split(' ') is [var first, var last]
            ? new JsonObject { ["first"] = first, ["last"] = last }
            : throw new FormatException("A name has two words."))
        .Build();

    public static NewEvent New(object @event, params string[] id) => Types.Write(NamedId.Of(["new", .. id]), @event, new EventMetadata { Tenant = "acme" });
}

internal sealed record Grant(string Tenant, string Period, int Amount);

internal sealed record Reserve(string Tenant, string Period, string Reservation, int Amount);

internal sealed record Release(string Tenant, string Period, string Reservation);

/// <summary>A tenant's money for one period.</summary>
internal sealed record Budget : IState<Budget>
{
    public static Budget Initial { get; } = new();

    public int Limit { get; init; }

    public ImmutableSortedDictionary<string, int> Open { get; init; } = ImmutableSortedDictionary<string, int>.Empty;

    [JsonIgnore]
    public int Available => Limit - Open.Values.Sum();

    public static StreamName Stream(string tenant, string period) => StreamName.For("budget", tenant, period);

    public Budget Evolve(object @event) => @event switch
    {
        Granted e => this with { Limit = Limit + e.Amount },
        Reserved e => this with { Open = Open.SetItem(e.Reservation, e.Amount) },
        Released e => this with { Open = Open.Remove(e.Reservation) },
        _ => this,
    };

    public Decision Reserve(Reserve command) =>
        Open.ContainsKey(command.Reservation) ? Decision.Unchanged
        : command.Amount > Available ? new DomainError("budget-exhausted", $"{Available} is left.", "Wait for the next period.", 429)
        : new Reserved(command.Reservation, command.Amount);

    public string Text => $"{Limit}: {string.Join(", ", Open.Select(o => $"{o.Key}={o.Value}"))}";
}

internal sealed class BudgetService : CommandService<Budget>
{
    private readonly SnapshotPolicy<Budget>? policy;

    public BudgetService(IEventStore log, IdSource? ids = null, SnapshotPolicy<Budget>? policy = null)
        : base(log, Shop.Types, ids ?? IdSource.From(TimeProvider.System), "north")
    {
        this.policy = policy;
        On<Grant>().In(c => Budget.Stream(c.Tenant, c.Period)).Decide((_, command) => new Granted(command.Amount));
        On<Reserve>().In(c => Budget.Stream(c.Tenant, c.Period)).Decide((budget, command) => budget.Reserve(command));
        On<Release>().In(c => Budget.Stream(c.Tenant, c.Period)).Decide((budget, command) => budget.Open.ContainsKey(command.Reservation) ? Decision.Of(new Released(command.Reservation), new Granted(0)) : Decision.Unchanged);
    }

    protected override SnapshotPolicy<Budget>? Snapshots => policy;
}
