using System.Text;

namespace Commands.Tests.Orders;

/// <summary>The data of a small shop of two customers.</summary>
internal static class SmallShop
{
    public const string Json = """
        {
          "products": {
            "100": { "name": "Water Bottle", "product_id": "100", "variants": {
              "101": { "item_id": "101", "options": { "color": "blue" }, "available": true, "price": 10.1 },
              "102": { "item_id": "102", "options": { "color": "red" }, "available": true, "price": 20.2 },
              "103": { "item_id": "103", "options": { "color": "grün" }, "available": false, "price": 5.0 } } },
            "200": { "name": "Lamp", "product_id": "200", "variants": {
              "201": { "item_id": "201", "options": {}, "available": true, "price": 99.99 } } }
          },
          "users": {
            "ann_1": { "user_id": "ann_1", "name": { "first_name": "Ann", "last_name": "Example" }, "email": "ann@example.com",
              "address": { "address1": "1 Main Street", "address2": "", "city": "Springfield", "country": "USA", "state": "IL", "zip": "62701" },
              "payment_methods": { "card_1": { "source": "credit_card", "id": "card_1", "brand": "visa", "last_four": "1234" }, "gift_1": { "source": "gift_card", "id": "gift_1", "balance": 50.0 } },
              "orders": ["#W1", "#W2"] },
            "bob_2": { "user_id": "bob_2", "name": { "first_name": "Bob", "last_name": "Sample" }, "email": "bob@example.com",
              "address": { "address1": "2 Main Street", "address2": "", "city": "Springfield", "country": "USA", "state": "IL", "zip": "62701" },
              "payment_methods": { "paypal_2": { "source": "paypal", "id": "paypal_2" } },
              "orders": ["#W3"] }
          },
          "orders": {
            "#W1": { "order_id": "#W1", "user_id": "ann_1", "status": "pending", "fulfillments": [],
              "address": { "address1": "1 Main Street", "address2": "", "city": "Springfield", "country": "USA", "state": "IL", "zip": "62701" },
              "items": [ { "name": "Water Bottle", "product_id": "100", "item_id": "101", "price": 10.1, "options": { "color": "blue" } } ],
              "payment_history": [ { "transaction_type": "payment", "amount": 10.1, "payment_method_id": "card_1" } ] },
            "#W2": { "order_id": "#W2", "user_id": "ann_1", "status": "delivered", "fulfillments": [ { "tracking_id": ["1"], "item_ids": ["101"] } ],
              "address": { "address1": "1 Main Street", "address2": "", "city": "Springfield", "country": "USA", "state": "IL", "zip": "62701" },
              "items": [ { "name": "Water Bottle", "product_id": "100", "item_id": "101", "price": 10.1, "options": { "color": "blue" } } ],
              "payment_history": [ { "transaction_type": "payment", "amount": 10.1, "payment_method_id": "gift_1" } ] },
            "#W3": { "order_id": "#W3", "user_id": "bob_2", "status": "pending", "fulfillments": [],
              "address": { "address1": "2 Main Street", "address2": "", "city": "Springfield", "country": "USA", "state": "IL", "zip": "62701" },
              "items": [ { "name": "Lamp", "product_id": "200", "item_id": "201", "price": 99.99, "options": {} } ],
              "payment_history": [ { "transaction_type": "payment", "amount": 99.99, "payment_method_id": "paypal_2" } ] }
          }
        }
        """;

    public static byte[] Bytes(string json = Json) => Encoding.UTF8.GetBytes(json);

    public static async Task<ShopWorld> OpenAsync()
    {
        var world = await ShopWorld.OpenAsync();
        await world.Importer.ImportAsync(ShopWorld.Tenant, Bytes(), ShopWorld.Context, stock: 5);
        return world;
    }
}
