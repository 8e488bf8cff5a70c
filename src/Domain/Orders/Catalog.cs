using System.Collections.Immutable;
using AIaaS.Domain.Customers;
using AIaaS.EventStore;

namespace AIaaS.Domain.Orders;

/// <summary>Puts products on the list of what the shop has.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Products">Ids and names.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ListProducts(string Tenant, ImmutableArray<KeyValuePair<string, string>> Products, DateTimeOffset At);

/// <summary>Says which product an item belongs to.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Item">The item's id.</param>
/// <param name="Product">The product's id.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ListItem(string Tenant, string Item, string Product, DateTimeOffset At);

/// <summary>The list of what the shop has.</summary>
public sealed record Catalog : IState<Catalog>
{
    /// <summary>The empty list.</summary>
    public static Catalog Initial { get; } = new();

    /// <summary>Names by id.</summary>
    public ImmutableDictionary<string, string> Products { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>The stream of a tenant's list.</summary>
    public static StreamName Stream(string tenant) => StreamName.For("catalog", tenant, "products");

    /// <inheritdoc />
    public Catalog Evolve(object @event) => @event is ProductListed e ? this with { Products = Products.SetItem(e.Product, e.Name) } : this;

    /// <summary>Adds what is not on the list yet.</summary>
    public Decision List(ListProducts command) => Decision.Of(command.Products
        .Where(p => Products.GetValueOrDefault(p.Key) != p.Value)
        .Select(p => new ProductListed(p.Key, p.Value, command.At)));
}

/// <summary>Which product an item belongs to. A stream of its own, so that an item is found at once however many products there are.</summary>
public sealed record ProductItem : IState<ProductItem>
{
    /// <summary>An item that is not known.</summary>
    public static ProductItem Initial { get; } = new();

    /// <summary>The product's id; null when there is no such item.</summary>
    public string? Product { get; init; }

    /// <summary>The stream of an item.</summary>
    public static StreamName Stream(string tenant, string item) => StreamName.For("productItem", tenant, ShopText.StreamId("item", item));

    /// <inheritdoc />
    public ProductItem Evolve(object @event) => @event is ItemListed e ? this with { Product = e.Product } : this;

    /// <summary>Says which product it belongs to, once and for all.</summary>
    public Decision List(ListItem command) =>
        Product is null ? new ItemListed(command.Item, command.Product, command.At)
        : Product == command.Product ? Decision.Unchanged
        : ProductErrors.ItemOfAnother(command.Item, Product);
}
