using AIaaS.Domain;
using AIaaS.Domain.Customers;

using static Domain.Tests.Orders.ShopSamples;

namespace Domain.Tests.Customers;

public sealed class Moving_money_on_gift_cards
{
    [Test]
    public void debits_and_credits_together() => Move("op", ("gift", -30), ("gift2", 30)).Events.Should().Equal(
        new GiftCardDebited("ann_example_1001", "gift", Money.Usd(30), Money.Usd(0), "op", At),
        new GiftCardCredited("ann_example_1001", "gift2", Money.Usd(30), Money.Usd(530), "op", At));

    [Test]
    public void happens_once_for_an_operation()
    {
        var after = Move("op", ("gift", -10)).Events.Aggregate(Customer, (c, e) => c.Evolve(e));
        after.Move(new("acme", "ann_example_1001", "op", [new("gift", Money.Usd(-10))], At)).Events.Should().BeEmpty();
    }

    [Test]
    public void beyond_the_balance_is_declined_for_good()
    {
        var after = Move("op", ("gift", -30.01m)).Events.Aggregate(Customer, (c, e) => c.Evolve(e));
        after.Declined("op").Should().Be("Insufficient gift card balance");
        var rich = after.Evolve(new GiftCardCredited("ann_example_1001", "gift", Money.Usd(100), Money.Usd(130), "other", At));
        rich.Move(new("acme", "ann_example_1001", "op", [new("gift", Money.Usd(-30.01m))], At)).Events.Should().BeEmpty();
    }

    [Test]
    public void declines_all_when_one_card_has_too_little() => Move("op", ("gift2", -1), ("gift", -31)).Events.Should().ContainSingle().Which.Should().BeOfType<GiftCardDeclined>();

    [Test]
    public void counts_two_movements_of_one_card_together() => Move("op", ("gift", -20), ("gift", -20)).Events.Should().ContainSingle().Which.Should().BeOfType<GiftCardDeclined>();

    [TestCase("card")]
    [TestCase("paypal")]
    [TestCase("nobody's")]
    public void of_what_is_no_gift_card_is_declined(string method) => Move("op", (method, 1)).Events.Should().ContainSingle().Which.Should().BeOfType<GiftCardDeclined>();

    [Test]
    public void in_another_currency_is_declined() =>
        Customer.Move(new("acme", "ann_example_1001", "op", [new("gift", new Money(1, "EUR"))], At)).Events.Should().ContainSingle().Which.Should().BeOfType<GiftCardDeclined>();

    [Test]
    public void of_nobody_is_refused() => Customer.Initial.Move(new("acme", "x", "op", [], At)).Error.Should().Be(CustomerErrors.NotFound);

    private static AIaaS.EventStore.Decision Move(string operation, params (string Card, decimal Amount)[] movements) =>
        Customer.Move(new("acme", "ann_example_1001", operation, [.. movements.Select(m => new GiftCardMovement(m.Card, Money.Usd(m.Amount)))], At));

    private static Customer Customer => Buyer;
}

public sealed class Changing_a_customers_address
{
    [Test]
    public void says_where_they_lived_before() =>
        Buyer.ChangeAddress(new("acme", "ann_example_1001", Home with { Zip = "1" }, At)).Events.Should().Equal(
            new CustomerAddressChanged("ann_example_1001", "Ann", "Example", Home, Home with { Zip = "1" }, At));

    [Test]
    public void to_the_same_changes_nothing() => Buyer.ChangeAddress(new("acme", "ann_example_1001", Home, At)).Events.Should().BeEmpty();

    [Test]
    public void names_all_faults() =>
        Buyer.ChangeAddress(new("acme", "ann_example_1001", new("", "x\ny", "", "IL", new('x', 201), ""), At)).Error!.Message
            .Should().Contain("address1").And.Contain("address2").And.Contain("city").And.Contain("country").And.Contain("zip");
}

public sealed class Finding_a_customer
{
    [Test]
    public void takes_no_notice_of_upper_and_lower_case() =>
        (CustomerIdentity.ByEmail("Ann@Example.com"), CustomerIdentity.ByNameAndZip("ANN", "example", "1")).Should().Be((CustomerIdentity.ByEmail("ann@example.COM"), CustomerIdentity.ByNameAndZip("Ann", "Example", "1")));

    [Test]
    public void tells_the_parts_of_a_name_apart() =>
        CustomerIdentity.ByNameAndZip("Ann", "Example1", "2").Should().NotBe(CustomerIdentity.ByNameAndZip("Ann", "Example", "12"));

    [Test]
    public void knows_all_whom_an_identity_stands_for()
    {
        var identity = new object[] { new CustomerIdentityLinked("a", At), new CustomerIdentityLinked("b", At), new CustomerIdentityUnlinked("a", At) }.Aggregate(CustomerIdentity.Initial, (i, e) => i.Evolve(e));
        identity.Customers.Should().Equal("b");
    }

    [Test]
    public void never_puts_a_customers_id_into_the_name_of_a_stream() =>
        AIaaS.Domain.Customers.Customer.Stream("acme", "ann_example_1001").Value.Should().NotContain("ann").And.MatchRegex("^customer-acme_[0-9a-f]{32}$");
}
