using AIaaS.Domain;
using AIaaS.Domain.Customers;
using AIaaS.Domain.Orders;
using AIaaS.Queries.Customers;
using AIaaS.Queries.Orders;

namespace Queries.Tests;

public sealed class A_shop_after_a_sale : QueryFixture
{
    private const string Tenant = "acme";
    private static readonly PostalAddress Home = new("1 Main Street", "", "Springfield", "IL", "USA", "62701");
    private static readonly OrderItem Bottle = new("Water Bottle", "100", "101", Money.Usd(10), []);

    protected override async Task Given()
    {
        await AppendAsync(Product.Stream(Tenant, "100"),
            new ProductImported("100", "Water Bottle", [new("101", [], Money.Usd(10), true, 3)], "h", Start),
            new StockReserved("100", "#1", [new("101", 2)], Start),
            new StockReserved("100", "#2", [new("101", 1)], Start),
            new StockCommitted("100", "#1", [new("101", 2)], Start.AddHours(1)));
        await AppendAsync(Order.Stream(Tenant, "#1"),
            new OrderPlaced("#1", "ann", Home, [Bottle, Bottle], Money.Usd(20), "gift", PaymentSource.GiftCard, Start),
            new OrderConfirmed("#1", "ann", new(OrderPaymentKind.Payment, Money.Usd(20), "gift"), Start.AddHours(1)));
        await AppendAsync(Order.Stream(Tenant, "#2"), new OrderPlaced("#2", "ann", Home, [Bottle], Money.Usd(10), "gift", PaymentSource.GiftCard, Start.AddHours(2)));
        await AppendAsync(Order.Stream("other", "#1"), new OrderPlaced("#1", "ann", Home, [Bottle], Money.Usd(10), "gift", PaymentSource.GiftCard, Start));
        await AppendAsync(Customer.Stream(Tenant, "ann"),
            new CustomerImported("ann", "Ann", "Example", "ann@example.com", Home, [new("gift", PaymentSource.GiftCard, null, null, Money.Usd(50))], [], "h", Start),
            new CustomerOrderAdded("ann", "#1", Start),
            new GiftCardDebited("ann", "gift", Money.Usd(20), Money.Usd(30), "op", Start.AddHours(1)));
    }

    [Test]
    public async Task lists_the_orders_of_a_tenant_newest_first() =>
        (await Get<OrderQueries>().ListAsync(Tenant, "ann", null, new(), Now)).Value!.Items.Select(o => o.Order).Should().Equal("#2", "#1");

    [Test]
    public async Task lists_them_by_status() =>
        (await Get<OrderQueries>().ListAsync(Tenant, null, OrderStatus.Placing, new(), Now)).Value!.Items.Should().ContainSingle().Which.Order.Should().Be("#2");

    [Test]
    public async Task shows_an_order_with_what_was_paid()
    {
        var order = (await Get<OrderQueries>().GetAsync(Tenant, "#1", Now)).Value!;
        (order.Status, order.Total, order.Paid, order.CreatedAt, order.UpdatedAt).Should().Be((OrderStatus.Pending, Money.Usd(20), Money.Usd(20), Start, Start.AddHours(1)));
        order.Details.Items.Should().HaveCount(2);
    }

    [Test]
    public async Task shows_the_stock()
    {
        var variant = (await Get<ProductQueries>().GetAsync(Tenant, "100", Now)).Value!.Variants.Single();
        (variant.Stock, variant.Reserved, variant.Available).Should().Be((1, 1, false));
    }

    [Test]
    public async Task shows_the_customer_with_the_balance()
    {
        var customer = (await Get<CustomerQueries>().GetAsync(Tenant, "ann", Now)).Value!;
        customer.Orders.Should().Equal("#1");
        customer.PaymentMethods.Single().Balance.Should().Be(Money.Usd(30));
    }

    [Test]
    public async Task shows_nothing_to_another_tenant() =>
        (await Get<CustomerQueries>().GetAsync("other", "ann", Now)).Value.Should().BeNull();
}
