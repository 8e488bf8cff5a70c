using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using AIaaS.Commands.Customers;
using AIaaS.Domain.Customers;
using AIaaS.Domain.Orders;
using AIaaS.EventStore;

namespace AIaaS.Commands.Orders;

/// <summary>
/// What the shop does that spans streams. The stream that decides is written first; what follows from it goes under keys that are made
/// of what was decided, so that <see cref="OrderFollowUps"/> completes after a crash what was begun here, and nothing is done twice.
/// </summary>
public sealed class Shop(
    OrderService orders,
    CustomerService customers,
    CustomerIdentityService identities,
    ProductService products,
    ProductItemService items,
    CatalogService catalog,
    TimeProvider time)
{
    internal OrderService Orders => orders;

    internal CustomerService Customers => customers;

    internal CustomerIdentityService Identities => identities;

    internal ProductService Products => products;

    internal ProductItemService Items => items;

    internal CatalogService Catalog => catalog;

    internal TimeProvider Time => time;

    /// <summary>The order as the log has it now.</summary>
    /// <exception cref="DomainException">There is none.</exception>
    public async Task<Order> OrderAsync(string tenant, string order, CancellationToken cancellationToken = default) =>
        await orders.FindAsync(tenant, order, cancellationToken) is { Id: not null } found ? found : throw new DomainException(OrderErrors.NotFound);

    /// <summary>The customer as the log has it now.</summary>
    /// <exception cref="DomainException">There is none.</exception>
    public async Task<Customer> CustomerAsync(string tenant, string customer, CancellationToken cancellationToken = default) =>
        await customers.FindAsync(tenant, customer, cancellationToken) is { Id: not null } found ? found : throw new DomainException(CustomerErrors.NotFound);

    /// <summary>The product as the log has it now.</summary>
    /// <exception cref="DomainException">There is none.</exception>
    public async Task<Product> ProductAsync(string tenant, string product, CancellationToken cancellationToken = default) =>
        await products.FindAsync(tenant, product, cancellationToken) is { Id: not null } found ? found : throw new DomainException(ProductErrors.NotFound);

    /// <summary>The product of an item as the log has it now.</summary>
    /// <exception cref="DomainException">There is none.</exception>
    public async Task<Product> ProductOfAsync(string tenant, string item, CancellationToken cancellationToken = default) =>
        await items.FindProductAsync(tenant, item, cancellationToken) is { } product
        && await products.FindAsync(tenant, product, cancellationToken) is { Id: not null } found
            ? found
            : throw new DomainException(ProductErrors.ItemNotFound);

    /// <summary>The products of an order, by id; one that is not known is left out.</summary>
    public async Task<IReadOnlyDictionary<string, Product>> ProductsOfAsync(string tenant, Order order, CancellationToken cancellationToken = default)
    {
        var found = new Dictionary<string, Product>(StringComparer.Ordinal);
        foreach (var id in order.Items.Select(i => i.Product).Distinct(StringComparer.Ordinal))
        {
            if (await products.FindAsync(tenant, id, cancellationToken) is { Id: not null } product)
            {
                found.Add(id, product);
            }
        }

        return found;
    }

    /// <summary>The only customer that an identity stands for.</summary>
    /// <exception cref="DomainException">There is none, or more than one.</exception>
    public async Task<string> IdentifyAsync(string tenant, string key, CancellationToken cancellationToken = default) =>
        (await identities.FindAsync(tenant, key, cancellationToken)).Customers switch
        {
            [] => throw new DomainException(CustomerErrors.NotFound),
            [var only] => only,
            _ => throw new DomainException(CustomerErrors.Ambiguous),
        };

    /// <summary>Places an order and adds it to its customer's.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="order">The order's id; null: one is made of the idempotency key.</param>
    /// <param name="customer">The customer's id.</param>
    /// <param name="lines">What is wanted.</param>
    /// <param name="method">The payment method.</param>
    /// <param name="address">Where it goes; null: the customer's default address.</param>
    /// <param name="context">On whose behalf, with an idempotency key.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="DomainException">There is no such customer, payment method or item, or too few of one.</exception>
    public async Task<CommandResult<Order>> PlaceAsync(string tenant, string? order, string customer, ImmutableArray<StockLine> lines, string method, PostalAddress? address, CommandContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        var known = await CustomerAsync(tenant, customer, cancellationToken);
        var wanted = new Dictionary<string, Product>(StringComparer.Ordinal);
        foreach (var item in lines.Select(l => l.Item).Distinct(StringComparer.Ordinal))
        {
            wanted.Add(item, await ProductOfAsync(tenant, item, cancellationToken));
        }

        var now = time.GetUtcNow();
        var placed = await orders.HandleAsync(new PlaceOrder(tenant, order ?? IdOf(tenant, context.IdempotencyKey), known, lines, wanted, method, address, now), context, cancellationToken);
        await AddToCustomerAsync(tenant, placed.State.Id!, placed.State.Customer, now, context, cancellationToken);
        return placed;
    }

    // Twelve digits of a hash: an id that is taken refuses the order, and nothing is lost.
    private static string IdOf(string tenant, string? idempotencyKey) => idempotencyKey is null
        ? throw new ArgumentException("An order without an id needs an idempotency key to make one of.", nameof(idempotencyKey))
        : "#W" + (BinaryPrimitives.ReadUInt64BigEndian(NamedId.Of("order-id", tenant, idempotencyKey).ToByteArray(bigEndian: true)) % 1_000_000_000_000).ToString("D12", CultureInfo.InvariantCulture);

    /// <summary>Adds an order to its customer's; again, it changes nothing.</summary>
    internal async Task AddToCustomerAsync(string tenant, string order, string customer, DateTimeOffset at, CommandContext context, CancellationToken cancellationToken) =>
        await customers.HandleAsync(new AddCustomerOrder(tenant, customer, order, at), context with { IdempotencyKey = "order-added/" + order }, cancellationToken);

    /// <summary>Changes an order and moves what the change moves on gift cards; a change that a gift card cannot bear is taken back.</summary>
    /// <param name="command">The change.</param>
    /// <param name="declined">The refusal when the gift card cannot bear it.</param>
    /// <param name="context">On whose behalf.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="DomainException">The order refuses it, or the gift card cannot bear it.</exception>
    public async Task<CommandResult<Order>> ChangeAsync<TCommand>(TCommand command, DomainError declined, CommandContext context, CancellationToken cancellationToken = default)
        where TCommand : class
    {
        var changed = await orders.HandleAsync(command, context, cancellationToken);
        foreach (var @event in changed.Events)
        {
            if (SettlementOf(@event) is var (order, settlement) && await SettleAsync(context, order, settlement, cancellationToken) is not null)
            {
                throw new DomainException(declined);
            }
        }

        return changed;
    }

    /// <summary>Moves money on gift cards, once for each operation.</summary>
    /// <returns>Why it was declined; null where it was not.</returns>
    internal async Task<(string? Declined, Customer Customer)> MoveAsync(CommandContext context, string customer, string operation, ImmutableArray<GiftCardMovement> movements, CancellationToken cancellationToken)
    {
        var moved = await customers.HandleAsync(
            new MoveGiftCards(context.Tenant, customer, operation, movements, time.GetUtcNow()),
            context with { IdempotencyKey = "gift-cards/" + operation },
            cancellationToken);
        return (moved.Events.OfType<GiftCardDeclined>().FirstOrDefault()?.Reason ?? moved.State.Declined(operation), moved.State);
    }

    /// <summary>Completes a change of an order: gift cards first, then the order is told what became of it. Again, it changes nothing.</summary>
    /// <returns>Why the gift card could not bear it; null where it did.</returns>
    internal async Task<string?> SettleAsync(CommandContext context, string order, Settlement settlement, CancellationToken cancellationToken)
    {
        if (settlement.Movements.IsEmpty)
        {
            return null;
        }

        var (declined, _) = await MoveAsync(context, settlement.Customer, settlement.Operation, settlement.Movements, cancellationToken);
        if (settlement.CanBeDeclined)
        {
            await orders.HandleAsync(
                new SettleOrderChange(context.Tenant, order, settlement.Operation, declined, time.GetUtcNow()),
                context with { IdempotencyKey = "settled/" + settlement.Operation },
                cancellationToken);
        }

        return declined;
    }

    /// <summary>What an order's event moves on gift cards; null for other events.</summary>
    internal static (string Order, Settlement Settlement)? SettlementOf(object @event) => @event switch
    {
        OrderCancelled e => (e.Order, e.Settlement),
        OrderItemsChanged e => (e.Order, e.Settlement),
        OrderPaymentChanged e => (e.Order, e.Settlement),
        _ => null,
    };

    /// <summary>Changes a customer's address and what the customer is found by.</summary>
    public async Task<CommandResult<Customer>> ChangeAddressAsync(ChangeCustomerAddress command, CommandContext context, CancellationToken cancellationToken = default)
    {
        var changed = await customers.HandleAsync(command, context, cancellationToken);
        foreach (var @event in changed.Events.OfType<CustomerAddressChanged>())
        {
            await RelinkAsync(context, @event, changed.Version, cancellationToken);
        }

        return changed;
    }

    /// <summary>Lets a customer be found by the new postal code and no more by the old one. Again, it changes nothing.</summary>
    internal async Task RelinkAsync(CommandContext context, CustomerAddressChanged changed, long version, CancellationToken cancellationToken)
    {
        var from = CustomerIdentity.ByNameAndZip(changed.FirstName, changed.LastName, changed.From.Zip);
        var to = CustomerIdentity.ByNameAndZip(changed.FirstName, changed.LastName, changed.Address.Zip);
        if (from == to)
        {
            return;
        }

        var named = context with { IdempotencyKey = $"{Customer.Stream(context.Tenant, changed.Customer)}@{version}" };
        await identities.HandleAsync(new LinkIdentity(context.Tenant, to, changed.Customer, changed.At), named, cancellationToken);
        await identities.HandleAsync(new UnlinkIdentity(context.Tenant, from, changed.Customer, changed.At), named, cancellationToken);
    }

    /// <summary>Reserves items of several products, all or none.</summary>
    /// <exception cref="DomainException">There are too few of one of them, or the reservation has ended.</exception>
    internal async Task ReserveAsync(string reservation, ImmutableArray<StockLine> lines, CommandContext context, CancellationToken cancellationToken)
    {
        var byProduct = await ByProductAsync(context.Tenant, lines, cancellationToken);
        var begun = 0;
        try
        {
            foreach (var (product, wanted) in byProduct)
            {
                var reserved = await products.HandleAsync(new ReserveProductStock(context.Tenant, product, reservation, wanted, time.GetUtcNow()), context, cancellationToken);
                begun++;
                if (reserved.Repeated && (await products.FindAsync(context.Tenant, product, cancellationToken)).EndedBy.TryGetValue(reservation, out var committed) && !committed)
                {
                    throw new DomainException(ProductErrors.ReservationEnded(reservation));
                }
            }
        }
        catch (DomainException e) when (e.Error.Status is not (409 or 429 or 503))
        {
            foreach (var (product, _) in byProduct.Take(begun))
            {
                await products.HandleAsync(new ReleaseProductStock(context.Tenant, product, reservation, time.GetUtcNow()), context with { IdempotencyKey = context.IdempotencyKey + "/back" }, cancellationToken);
            }

            throw;
        }
    }

    /// <summary>Ends a reservation; what is not known of it is left alone.</summary>
    internal async Task ReleaseAsync(string reservation, ImmutableArray<StockLine> lines, CommandContext context, CancellationToken cancellationToken)
    {
        foreach (var (product, _) in await ByProductAsync(context.Tenant, lines, cancellationToken))
        {
            await products.HandleAsync(new ReleaseProductStock(context.Tenant, product, reservation, time.GetUtcNow()), context, cancellationToken);
        }
    }

    /// <summary>Ends a reservation, whose items leave the shop.</summary>
    internal async Task CommitAsync(string reservation, ImmutableArray<StockLine> lines, CommandContext context, CancellationToken cancellationToken)
    {
        foreach (var (product, _) in await ByProductAsync(context.Tenant, lines, cancellationToken))
        {
            await products.HandleAsync(new CommitProductStock(context.Tenant, product, reservation, time.GetUtcNow()), context, cancellationToken);
        }
    }

    /// <summary>Lets go of a part of what a reservation holds, once for each reference.</summary>
    internal async Task ReduceAsync(string reservation, string reference, ImmutableArray<StockLine> lines, CommandContext context, CancellationToken cancellationToken)
    {
        foreach (var (product, some) in await ByProductAsync(context.Tenant, lines, cancellationToken))
        {
            await products.HandleAsync(new ReduceReservation(context.Tenant, product, reservation, some, time.GetUtcNow()), context with { IdempotencyKey = "reduced/" + reference }, cancellationToken);
        }
    }

    /// <summary>Puts items on the shelf again, once for each reference.</summary>
    internal async Task RestockAsync(string reference, ImmutableArray<StockLine> lines, CommandContext context, CancellationToken cancellationToken)
    {
        foreach (var (product, some) in await ByProductAsync(context.Tenant, lines, cancellationToken))
        {
            await products.HandleAsync(new RestockProduct(context.Tenant, product, reference, some, time.GetUtcNow()), context with { IdempotencyKey = "restocked/" + reference }, cancellationToken);
        }
    }

    // In one order for all, so that two who want the last of two products meet at the first of them.
    private async Task<IReadOnlyList<KeyValuePair<string, ImmutableArray<StockLine>>>> ByProductAsync(string tenant, ImmutableArray<StockLine> lines, CancellationToken cancellationToken)
    {
        var found = new SortedDictionary<string, ImmutableArray<StockLine>>(StringComparer.Ordinal);
        foreach (var line in lines)
        {
            var product = await items.FindProductAsync(tenant, line.Item, cancellationToken) ?? throw new DomainException(ProductErrors.ItemNotFound);
            found[product] = found.GetValueOrDefault(product, []).Add(line);
        }

        return [.. found];
    }
}
