using System.Text.Json.Serialization;
using AIaaS.Domain.Orders;
using AIaaS.EventStore;

namespace AIaaS.Commands.Orders;

/// <summary>The commands of products and their stock.</summary>
public sealed class ProductService : CommandService<Product>
{
    /// <summary>Makes the service.</summary>
    public ProductService(IEventStore log, EventTypes types, IdSource ids)
        : base(log, types, ids)
    {
        On<ImportProduct>().In(c => Product.Stream(c.Tenant, c.Imported.Product)).Decide((product, command) => product.Import(command));
        On<ReserveProductStock>().In(c => Product.Stream(c.Tenant, c.Product)).Decide((product, command) => product.Reserve(command));
        On<ReleaseProductStock>().In(c => Product.Stream(c.Tenant, c.Product)).Decide((product, command) => product.Release(command));
        On<ReduceReservation>().In(c => Product.Stream(c.Tenant, c.Product)).Decide((product, command) => product.Reduce(command));
        On<RestockProduct>().In(c => Product.Stream(c.Tenant, c.Product)).Decide((product, command) => product.Restock(command));
        On<CommitProductStock>().In(c => Product.Stream(c.Tenant, c.Product)).Decide((product, command) => product.Commit(command));
    }

    /// <summary>Every sale touches a product, so that its stream grows without end.</summary>
    protected override SnapshotPolicy<Product>? Snapshots { get; } = new(200, 1, ProductSnapshots.Default.Product);

    /// <summary>The product as the log has it now; the initial state where there is none.</summary>
    public async Task<Product> FindAsync(string tenant, string product, CancellationToken cancellationToken = default) =>
        (await LoadAsync(Product.Stream(tenant, product), cancellationToken)).State;
}

/// <summary>The commands of the list of products.</summary>
public sealed class CatalogService : CommandService<Catalog>
{
    /// <summary>Makes the service.</summary>
    public CatalogService(IEventStore log, EventTypes types, IdSource ids)
        : base(log, types, ids) =>
        On<ListProducts>().In(c => Catalog.Stream(c.Tenant)).Decide((catalog, command) => catalog.List(command));

    /// <summary>The list as the log has it now.</summary>
    public async Task<Catalog> FindAsync(string tenant, CancellationToken cancellationToken = default) =>
        (await LoadAsync(Catalog.Stream(tenant), cancellationToken)).State;
}

/// <summary>The commands of items: which product each belongs to.</summary>
public sealed class ProductItemService : CommandService<ProductItem>
{
    /// <summary>Makes the service.</summary>
    public ProductItemService(IEventStore log, EventTypes types, IdSource ids)
        : base(log, types, ids) =>
        On<ListItem>().In(c => ProductItem.Stream(c.Tenant, c.Item)).Decide((item, command) => item.List(command));

    /// <summary>The product of an item as the log has it now; null where there is none.</summary>
    public async Task<string?> FindProductAsync(string tenant, string item, CancellationToken cancellationToken = default) =>
        (await LoadAsync(ProductItem.Stream(tenant, item), cancellationToken)).State.Product;
}

/// <summary>The JSON contract of the products' snapshots.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Product))]
internal sealed partial class ProductSnapshots : JsonSerializerContext;
