using System.Collections.Immutable;
using AIaaS.EventStore;

namespace AIaaS.Domain.Orders;

/// <summary>What is to be chosen of a product.</summary>
/// <param name="Name">The option, for example <c>color</c>.</param>
/// <param name="Value">The choice, for example <c>blue</c>.</param>
public sealed record ItemOption(string Name, string Value);

/// <summary>One form of a product that can be bought.</summary>
/// <param name="Item">The item's id, as the shop shows it.</param>
/// <param name="Options">What is chosen.</param>
/// <param name="Price">For one.</param>
/// <param name="Available">Whether the shop offers it.</param>
/// <param name="Stock">How many the shop has, those reserved included.</param>
public sealed record Variant(string Item, ImmutableArray<ItemOption> Options, Money Price, bool Available, int Stock);

/// <summary>How many of an item.</summary>
/// <param name="Item">The item's id.</param>
/// <param name="Quantity">At least one.</param>
public sealed record StockLine(string Item, int Quantity);

/// <summary>Type <c>product.imported</c>, stream <c>product-{tenant}_{hash of the id}</c>: a product came from the shop's data.</summary>
/// <param name="Product">The product's id.</param>
/// <param name="Name">What it is.</param>
/// <param name="Variants">Its variants.</param>
/// <param name="ContentHash">SHA-256 (hex) of what was imported.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ProductImported(string Product, string Name, ImmutableArray<Variant> Variants, string ContentHash, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>product.stock.reserved</c>: items are kept for somebody.</summary>
/// <param name="Product">The product's id.</param>
/// <param name="Reservation">For what: in most cases an order's id.</param>
/// <param name="Lines">The items.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record StockReserved(string Product, string Reservation, ImmutableArray<StockLine> Lines, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>product.stock.released</c>: a reservation ended, and its items can be bought again. Without lines: nothing was reserved, and nothing can be any more.</summary>
/// <param name="Product">The product's id.</param>
/// <param name="Reservation">The reservation.</param>
/// <param name="Lines">The items that it held.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record StockReleased(string Product, string Reservation, ImmutableArray<StockLine> Lines, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>product.stock.reduced</c>: a reservation holds less than before; the rest of it stands.</summary>
/// <param name="Product">The product's id.</param>
/// <param name="Reservation">The reservation.</param>
/// <param name="Lines">The items that it holds no more.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record StockReservationReduced(string Product, string Reservation, ImmutableArray<StockLine> Lines, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>product.stock.restocked</c>: items are on the shelf again.</summary>
/// <param name="Product">The product's id.</param>
/// <param name="Reference">Where they came from, such as an order's return.</param>
/// <param name="Lines">The items.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record StockRestocked(string Product, string Reference, ImmutableArray<StockLine> Lines, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>product.stock.committed</c>: a reservation ended, and its items have left the shop.</summary>
/// <param name="Product">The product's id.</param>
/// <param name="Reservation">The reservation.</param>
/// <param name="Lines">The items that it held.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record StockCommitted(string Product, string Reservation, ImmutableArray<StockLine> Lines, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>product.item.listed</c>, stream <c>productItem-{tenant}_{hash of the item's id}</c>: an item belongs to a product.</summary>
/// <param name="Item">The item's id.</param>
/// <param name="Product">The product's id.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ItemListed(string Item, string Product, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>catalog.product.listed</c>, stream <c>catalog-{tenant}_products</c>: the shop has a product.</summary>
/// <param name="Product">The product's id.</param>
/// <param name="Name">What it is.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ProductListed(string Product, string Name, DateTimeOffset At) : DomainEvent;
