using System.Collections.Immutable;
using AIaaS.Domain.Customers;
using AIaaS.EventStore;

namespace AIaaS.Domain.Orders;

/// <summary>Brings a product of the shop's data in.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Imported">All that is known of the product.</param>
public sealed record ImportProduct(string Tenant, ProductImported Imported);

/// <summary>Keeps items of one product for somebody, all or none.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Product">The product's id.</param>
/// <param name="Reservation">For what.</param>
/// <param name="Lines">The items.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ReserveProductStock(string Tenant, string Product, string Reservation, ImmutableArray<StockLine> Lines, DateTimeOffset At);

/// <summary>Ends a reservation: its items can be bought again.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Product">The product's id.</param>
/// <param name="Reservation">The reservation.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ReleaseProductStock(string Tenant, string Product, string Reservation, DateTimeOffset At);

/// <summary>Ends a reservation: its items have left the shop.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Product">The product's id.</param>
/// <param name="Reservation">The reservation.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record CommitProductStock(string Tenant, string Product, string Reservation, DateTimeOffset At);

/// <summary>Lets go of a part of what a reservation holds.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Product">The product's id.</param>
/// <param name="Reservation">The reservation.</param>
/// <param name="Lines">The items.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ReduceReservation(string Tenant, string Product, string Reservation, ImmutableArray<StockLine> Lines, DateTimeOffset At);

/// <summary>Puts items on the shelf again.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Product">The product's id.</param>
/// <param name="Reference">Where they came from.</param>
/// <param name="Lines">The items.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record RestockProduct(string Tenant, string Product, string Reference, ImmutableArray<StockLine> Lines, DateTimeOffset At);

/// <summary>A product with its variants, and how many of each there are.</summary>
public sealed record Product : IState<Product>
{
    /// <summary>The most of one item in one reservation.</summary>
    public const int MaxQuantity = 10_000;

    // A reservation that ended before so many others is recognised by the ids of its events.
    private const int RememberedReservations = 1_000;

    /// <summary>The product before the import.</summary>
    public static Product Initial { get; } = new();

    /// <summary>The product's id; null when there is none.</summary>
    public string? Id { get; init; }

    /// <summary>What it is.</summary>
    public string Name { get; init; } = "";

    /// <summary>Its variants.</summary>
    public ImmutableArray<Variant> Variants { get; init; } = [];

    /// <summary>The hash of what was imported.</summary>
    public string ContentHash { get; init; } = "";

    /// <summary>The reservations that hold items now.</summary>
    public ImmutableDictionary<string, ImmutableArray<StockLine>> Reservations { get; init; } = ImmutableDictionary<string, ImmutableArray<StockLine>>.Empty;

    /// <summary>The newest reservations that ended.</summary>
    public ImmutableQueue<string> Ended { get; init; } = [];

    /// <summary>The same as a set: whether it was committed.</summary>
    public ImmutableDictionary<string, bool> EndedBy { get; init; } = ImmutableDictionary<string, bool>.Empty;

    /// <summary>How many of each item are reserved; an item without reservations is not in it.</summary>
    public ImmutableDictionary<string, int> Reserved { get; init; } = ImmutableDictionary<string, int>.Empty;

    /// <summary>The stream of a product.</summary>
    public static StreamName Stream(string tenant, string product) => StreamName.For("product", tenant, ShopText.StreamId("product", product));

    /// <summary>The variant of that item; null when the product has none.</summary>
    public Variant? Find(string item) => Variants.FirstOrDefault(v => v.Item == item);

    /// <summary>How many of a variant can be bought now.</summary>
    public int Free(Variant variant) => variant.Available ? variant.Stock - Reserved.GetValueOrDefault(variant.Item) : 0;

    /// <summary>Whether a variant can be bought now.</summary>
    public bool IsAvailable(Variant variant) => Free(variant) > 0;

    /// <inheritdoc />
    public Product Evolve(object @event) => @event switch
    {
        ProductImported e => this with { Id = e.Product, Name = e.Name, Variants = e.Variants, ContentHash = e.ContentHash },
        StockReserved e => this with { Reservations = Reservations.SetItem(e.Reservation, e.Lines), Reserved = Counted(e.Lines, 1) },
        StockReservationReduced e => this with { Reservations = Reservations.SetItem(e.Reservation, Less(Reservations.GetValueOrDefault(e.Reservation, []), e.Lines)), Reserved = Counted(e.Lines, -1) },
        StockRestocked e => this with { Variants = [.. Variants.Select(v => v with { Stock = v.Stock + e.Lines.Where(l => l.Item == v.Item).Sum(l => l.Quantity) })] },
        StockReleased e => this.End(e.Reservation, e.Lines, committed: false),
        StockCommitted e => this.End(e.Reservation, e.Lines, committed: true) with
        {
            Variants = [.. Variants.Select(v => v with { Stock = v.Stock - e.Lines.Where(l => l.Item == v.Item).Sum(l => l.Quantity) })],
        },
        _ => this,
    };

    /// <summary>Imports; the same data again changes nothing, other data is refused.</summary>
    public Decision Import(ImportProduct command) =>
        Id is null ? command.Imported
        : ContentHash == command.Imported.ContentHash ? Decision.Unchanged
        : ProductErrors.ImportedOtherwise(Id);

    /// <summary>Keeps items; the same reservation again changes nothing, and one that ended is not made again.</summary>
    public Decision Reserve(ReserveProductStock command)
    {
        if (Id is null)
        {
            return ProductErrors.NotFound;
        }

        if (Reservations.ContainsKey(command.Reservation))
        {
            return Decision.Unchanged;
        }

        if (EndedBy.ContainsKey(command.Reservation))
        {
            return ProductErrors.ReservationEnded(command.Reservation);
        }

        var lines = command.Lines.GroupBy(l => l.Item, StringComparer.Ordinal).Select(g => new StockLine(g.Key, Total(g))).ToImmutableArray();
        foreach (var line in lines)
        {
            if (Find(line.Item) is not { } variant)
            {
                return ProductErrors.ItemNotFound;
            }

            if (line.Quantity is < 1 or > MaxQuantity || command.Lines.Any(l => l.Quantity < 1))
            {
                return ProductErrors.InvalidQuantity(line.Item);
            }

            if (Free(variant) < line.Quantity)
            {
                return ProductErrors.OutOfStock(line.Item, line.Quantity, Free(variant));
            }
        }

        return new StockReserved(Id, command.Reservation, lines, command.At);
    }

    /// <summary>Ends a reservation. One that was never made is ended too, so that a late request for it comes to nothing.</summary>
    public Decision Release(ReleaseProductStock command) =>
        Id is null ? ProductErrors.NotFound
        : EndedBy.TryGetValue(command.Reservation, out var committed) ? committed ? ProductErrors.ReservationEnded(command.Reservation) : Decision.Unchanged
        : new StockReleased(Id, command.Reservation, Reservations.GetValueOrDefault(command.Reservation, []), command.At);

    /// <summary>Ends a reservation, whose items leave the shop.</summary>
    public Decision Commit(CommitProductStock command) =>
        Id is null ? ProductErrors.NotFound
        : Reservations.TryGetValue(command.Reservation, out var lines) ? new StockCommitted(Id, command.Reservation, lines, command.At)
        : EndedBy.TryGetValue(command.Reservation, out var committed) && committed ? Decision.Unchanged
        : ProductErrors.NotReserved(command.Reservation);

    /// <summary>Lets go of a part of what a reservation holds; of what it does not hold, nothing.</summary>
    public Decision Reduce(ReduceReservation command)
    {
        if (Id is null)
        {
            return ProductErrors.NotFound;
        }

        if (!Reservations.TryGetValue(command.Reservation, out var held))
        {
            return EndedBy.ContainsKey(command.Reservation) ? Decision.Unchanged : ProductErrors.NotReserved(command.Reservation);
        }

        var lines = command.Lines.GroupBy(l => l.Item, StringComparer.Ordinal)
            .Select(g => new StockLine(g.Key, Math.Min(Total(g), held.Where(h => h.Item == g.Key).Sum(h => h.Quantity))))
            .Where(l => l.Quantity > 0).ToImmutableArray();
        return lines.IsEmpty ? Decision.Unchanged : new StockReservationReduced(Id, command.Reservation, lines, command.At);
    }

    /// <summary>Puts items on the shelf again.</summary>
    public Decision Restock(RestockProduct command) =>
        Id is null ? ProductErrors.NotFound
        : command.Lines.FirstOrDefault(l => l.Quantity is < 1 or > MaxQuantity) is { } faulty ? ProductErrors.InvalidQuantity(faulty.Item)
        : command.Lines.Any(l => Find(l.Item) is null) ? ProductErrors.ItemNotFound
        : new StockRestocked(Id, command.Reference, command.Lines, command.At);

    private static ImmutableArray<StockLine> Less(ImmutableArray<StockLine> held, ImmutableArray<StockLine> lines) =>
        [.. held.Select(h => h with { Quantity = h.Quantity - lines.Where(l => l.Item == h.Item).Sum(l => l.Quantity) }).Where(h => h.Quantity > 0)];

    private static int Total(IEnumerable<StockLine> lines) => (int)Math.Clamp(lines.Sum(l => (long)l.Quantity), int.MinValue, int.MaxValue);

    private Product End(string reservation, ImmutableArray<StockLine> lines, bool committed)
    {
        var ended = this with
        {
            Reservations = Reservations.Remove(reservation),
            Reserved = Counted(lines, -1),
            Ended = Ended.Enqueue(reservation),
            EndedBy = EndedBy.SetItem(reservation, committed),
        };
        return ended.EndedBy.Count <= RememberedReservations ? ended : ended with { Ended = ended.Ended.Dequeue(out var oldest), EndedBy = ended.EndedBy.Remove(oldest) };
    }

    private ImmutableDictionary<string, int> Counted(ImmutableArray<StockLine> lines, int sign)
    {
        var counts = Reserved;
        foreach (var (item, quantity) in lines)
        {
            var now = counts.GetValueOrDefault(item) + (sign * quantity);
            counts = now == 0 ? counts.Remove(item) : counts.SetItem(item, now);
        }

        return counts;
    }
}

/// <summary>What can be refused of products.</summary>
public static class ProductErrors
{
    /// <summary>There is no such product.</summary>
    public static DomainError NotFound { get; } = new("product-unknown", "Product not found", "List the products to see their ids.", 404);

    /// <summary>There is no such item.</summary>
    public static DomainError ItemNotFound { get; } = new("item-unknown", "Item not found", "Look the product up to see its items.", 404);

    /// <summary>The product has no such variant.</summary>
    public static DomainError VariantNotFound { get; } = new("variant-unknown", "Variant not found", "Look the product up to see its items.");

    /// <summary>There are too few of an item.</summary>
    public static DomainError OutOfStock(string item, int wanted, int free) =>
        new("out-of-stock", $"Item {item}: {wanted} wanted, {free} free", "Take fewer, or another item.");

    /// <summary>A quantity that cannot be.</summary>
    public static DomainError InvalidQuantity(string item) =>
        new("quantity-invalid", $"Item {item}: the quantity must be from 1 to {Product.MaxQuantity}", "Change the quantity.");

    /// <summary>The reservation ended; it is not made again.</summary>
    public static DomainError ReservationEnded(string reservation) =>
        new("reservation-ended", $"The reservation '{reservation}' has ended", "Reserve under another name.");

    /// <summary>Nothing is reserved so.</summary>
    public static DomainError NotReserved(string reservation) =>
        new("not-reserved", $"Nothing is reserved as '{reservation}'", "Reserve the items first.");

    /// <summary>The product was imported before with other data.</summary>
    public static DomainError ImportedOtherwise(string product) =>
        new("product-imported-otherwise", $"Product '{product}' was imported before with other data; nothing was changed.", "Import into another tenant.", 409);

    /// <summary>The item belongs to another product.</summary>
    public static DomainError ItemOfAnother(string item, string product) =>
        new("item-of-another-product", $"Item '{item}' belongs to product '{product}' already.", "Give each item an id of its own.", 409);
}
