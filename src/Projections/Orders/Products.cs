using System.Collections.Immutable;
using System.Text.Json.Serialization.Metadata;
using AIaaS.Domain;
using AIaaS.Domain.Orders;
using AIaaS.EventStore;

namespace AIaaS.Projections.Orders;

/// <summary>A variant of a product as it is shown.</summary>
/// <param name="Item">The item's id.</param>
/// <param name="Options">What is chosen.</param>
/// <param name="Price">For one.</param>
/// <param name="Offered">Whether the shop offers it.</param>
/// <param name="Stock">How many the shop has, those reserved included.</param>
/// <param name="Reserved">How many of them are reserved.</param>
/// <param name="Available">Whether it can be bought now.</param>
public sealed record VariantDocument(string Item, ImmutableArray<ItemOption> Options, Money Price, bool Offered, int Stock, int Reserved, bool Available);

/// <summary>A product as it is shown.</summary>
public sealed record ProductDocument
{
    /// <summary>The product's id, as the shop shows it.</summary>
    public required string Product { get; init; }

    /// <summary>The tenant.</summary>
    public required string Tenant { get; init; }

    /// <summary>What it is.</summary>
    public string Name { get; init; } = "";

    /// <summary>Its variants.</summary>
    public ImmutableArray<VariantDocument> Variants { get; init; } = [];

    /// <summary>When product or stock changed last.</summary>
    public DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>One document a product.</summary>
public sealed class ProductsProjection : Projection<ProductDocument>
{
    /// <inheritdoc />
    public override string Name => "Products";

    /// <inheritdoc />
    public override int Version => 1;

    /// <inheritdoc />
    public override IReadOnlyList<string> EventTypePrefixes { get; } = ["product.imported", "product.stock."];

    /// <inheritdoc />
    public override JsonTypeInfo<ProductDocument> Json => Documents.Default.ProductDocument;

    /// <inheritdoc />
    public override IReadOnlyDictionary<string, FieldKind> Fields { get; } = new Dictionary<string, FieldKind>
    {
        ["tenant"] = FieldKind.Text,
        ["name"] = FieldKind.Text,
        ["updatedAt"] = FieldKind.Text,
    };

    /// <inheritdoc />
    public override IReadOnlyList<IReadOnlyList<string>> Indexes { get; } = [["tenant", "name"], ["tenant", "updatedAt"]];

    /// <inheritdoc />
    public override IEnumerable<string> KeysOf(EventEnvelope envelope) => DocumentId.OfStream(envelope) is { } id ? [id] : [];

    /// <inheritdoc />
    public override ProductDocument? Apply(string id, ProductDocument? document, EventEnvelope envelope) => envelope.Event switch
    {
        ProductImported e => new()
        {
            Product = e.Product,
            Tenant = envelope.Tenant,
            Name = e.Name,
            Variants = [.. e.Variants.Select(v => new VariantDocument(v.Item, v.Options, v.Price, v.Available, v.Stock, 0, v.Available && v.Stock > 0))],
            UpdatedAt = e.At,
        },
        StockReserved e => Counted(document, e.Lines, stock: 0, reserved: 1, e.At),
        StockReleased e => Counted(document, e.Lines, stock: 0, reserved: -1, e.At),
        StockReservationReduced e => Counted(document, e.Lines, stock: 0, reserved: -1, e.At),
        StockRestocked e => Counted(document, e.Lines, stock: 1, reserved: 0, e.At),
        StockCommitted e => Counted(document, e.Lines, stock: -1, reserved: -1, e.At),
        _ => document,
    };

    private static ProductDocument? Counted(ProductDocument? document, ImmutableArray<StockLine> lines, int stock, int reserved, DateTimeOffset at) => document is null ? null : document with
    {
        Variants = [.. document.Variants.Select(v =>
        {
            var quantity = lines.Where(l => l.Item == v.Item).Sum(l => l.Quantity);
            var counted = v with { Stock = v.Stock + (stock * quantity), Reserved = v.Reserved + (reserved * quantity) };
            return counted with { Available = counted.Offered && counted.Stock > counted.Reserved };
        })],
        UpdatedAt = at,
    };
}
