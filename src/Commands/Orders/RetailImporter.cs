using System.Collections.Concurrent;
using AIaaS.Domain.Customers;
using AIaaS.Domain.Orders;
using AIaaS.EventStore;

namespace AIaaS.Commands.Orders;

/// <summary>How an import goes on.</summary>
/// <param name="Done">What is in the log.</param>
/// <param name="Total">What is in the file.</param>
public readonly record struct RetailProgress(int Done, int Total);

/// <summary>What became of entries of one kind.</summary>
/// <param name="Imported">Written now.</param>
/// <param name="Unchanged">There already, from an import of the same data.</param>
/// <param name="Refused">There already, from other data; left as they are.</param>
public sealed record RetailCount(int Imported, int Unchanged, int Refused)
{
    /// <summary>All of them.</summary>
    public int Total => Imported + Unchanged + Refused;
}

/// <summary>What an import did.</summary>
/// <param name="Products">The products.</param>
/// <param name="Customers">The customers.</param>
/// <param name="Orders">The orders.</param>
/// <param name="Refusals">Why entries were refused; none where none was.</param>
/// <param name="Position">The position behind the last of them: the consistency token.</param>
public sealed record RetailImport(RetailCount Products, RetailCount Customers, RetailCount Orders, IReadOnlyList<string> Refusals, LogPosition Position);

/// <summary>
/// Imports a shop's data into a tenant. All is checked before the first entry is written. Each entry is a command that finds what it wrote
/// before, so that a second import changes nothing, and one that was killed goes on where it was.
/// </summary>
public sealed class RetailImporter(Shop shop)
{
    /// <summary>How many of an available item the shop has when its data do not say.</summary>
    public const int DefaultStock = 1_000;

    // So many appends share their durable commits.
    private const int Parallel = 128;

    /// <summary>Imports.</summary>
    /// <param name="tenant">Whose shop it is.</param>
    /// <param name="json">The shop's data: <c>products</c>, <c>users</c> and <c>orders</c>.</param>
    /// <param name="context">On whose behalf; its idempotency key is not used.</param>
    /// <param name="currency">The currency of all amounts.</param>
    /// <param name="stock">How many of each available item there are.</param>
    /// <param name="progress">Is told how it goes on; may be called from several threads.</param>
    /// <param name="cancellationToken">Ends the import; what is written stays.</param>
    /// <exception cref="InvalidRetailFileException">The data have faults; nothing was written.</exception>
    public async Task<RetailImport> ImportAsync(string tenant, ReadOnlyMemory<byte> json, CommandContext context, string currency = "USD", int stock = DefaultStock, Action<RetailProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(stock);
        var at = shop.Time.GetUtcNow();
        var file = RetailFile.Read(json, currency, stock, at);

        // Whether an entry was there just so is for its state to decide.
        var unkeyed = context with { IdempotencyKey = null };
        var all = new Running(file.Products.Count + file.Customers.Count + file.Orders.Count, progress);

        // Products before orders and customers last, so that whoever can be authenticated has all their orders.
        var products = await EachAsync(file.Products, async (product, ended) =>
        {
            var imported = await shop.Products.HandleAsync(new ImportProduct(tenant, product), unkeyed, ended);
            foreach (var variant in product.Variants)
            {
                all.Reached((await shop.Items.HandleAsync(new ListItem(tenant, variant.Item, product.Product, at), Keyed(context, "item", variant.Item), ended)).Position);
            }

            return (imported.Events.IsEmpty, imported.Position);
        }, all, cancellationToken);
        if (file.Products.Count > 0)
        {
            all.Reached((await shop.Catalog.HandleAsync(new ListProducts(tenant, [.. file.Products.Select(p => KeyValuePair.Create(p.Product, p.Name))], at), unkeyed, cancellationToken)).Position);
        }

        var orders = await EachAsync(file.Orders, async (order, ended) =>
        {
            var imported = await shop.Orders.HandleAsync(new ImportOrder(tenant, order), unkeyed, ended);
            return (imported.Events.IsEmpty, imported.Position);
        }, all, cancellationToken);
        var customers = await EachAsync(file.Customers, async (customer, ended) =>
        {
            var named = Keyed(context, "customer", customer.Customer);
            var imported = await shop.Customers.HandleAsync(new ImportCustomer(tenant, customer), unkeyed, ended);
            all.Reached((await shop.Identities.HandleAsync(new LinkIdentity(tenant, CustomerIdentity.ByEmail(customer.Email), customer.Customer, at), named, ended)).Position);
            all.Reached((await shop.Identities.HandleAsync(new LinkIdentity(tenant, CustomerIdentity.ByNameAndZip(customer.FirstName, customer.LastName, customer.Address.Zip), customer.Customer, at), named, ended)).Position);
            return (imported.Events.IsEmpty, imported.Position);
        }, all, cancellationToken);
        return new(products, customers, orders, [.. all.Refusals.Order(StringComparer.Ordinal)], new(all.Position));
    }

    // What was linked before and unlinked since stays unlinked.
    private static CommandContext Keyed(CommandContext context, string kind, string id) => context with { IdempotencyKey = $"import/{kind}/{id}" };

    private static async Task<RetailCount> EachAsync<T>(IReadOnlyCollection<T> entries, Func<T, CancellationToken, Task<(bool Unchanged, LogPosition Position)>> write, Running all, CancellationToken cancellationToken)
    {
        var (imported, unchanged, refused) = (0, 0, 0);
        await System.Threading.Tasks.Parallel.ForEachAsync(entries, new ParallelOptions { MaxDegreeOfParallelism = Parallel, CancellationToken = cancellationToken }, async (entry, ended) =>
        {
            try
            {
                var (wasThere, position) = await write(entry, ended);
                Interlocked.Increment(ref wasThere ? ref unchanged : ref imported);
                all.Reached(position);
            }
            catch (DomainException e) when (e.Error.Status == 409 && e.Error.Code != "concurrent-change")
            {
                Interlocked.Increment(ref refused);
                all.Refusals.Add(e.Error.Message);
            }

            all.Step();
        });
        return new(imported, unchanged, refused);
    }

    private sealed class Running(int total, Action<RetailProgress>? progress)
    {
        private int done;
        private ulong position;

        public ConcurrentBag<string> Refusals { get; } = [];

        public ulong Position => Volatile.Read(ref position);

        public void Step()
        {
            var now = Interlocked.Increment(ref done);
            progress?.Invoke(new(now, total));
        }

        public void Reached(LogPosition reached)
        {
            for (var seen = Volatile.Read(ref position); reached.Value > seen;)
            {
                var before = Interlocked.CompareExchange(ref position, reached.Value, seen);
                if (before == seen)
                {
                    return;
                }

                seen = before;
            }
        }
    }
}
