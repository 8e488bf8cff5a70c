namespace AIaaS.Commands.Orders;

/// <summary>The JSON Schemas (draft 2020-12) of what the shop's tools take and return.</summary>
internal static class ShopSchemas
{
    public const string Text = """{"type":"string"}""";

    public const string Empty = """{"type":"object","additionalProperties":false}""";

    public const string Variant = """
        {"type":"object","required":["item_id","options","available","price"],"properties":{
        "item_id":{"type":"string"},"options":{"type":"object","additionalProperties":{"type":"string"}},"available":{"type":"boolean"},"price":{"type":"number","minimum":0}}}
        """;

    public const string Product = $$"""
        {"type":"object","required":["name","product_id","variants"],"properties":{
        "name":{"type":"string"},"product_id":{"type":"string"},"variants":{"type":"object","additionalProperties":{{Variant}} } } }
        """;

    public const string Customer = $$"""
        {"type":"object","required":["user_id","name","address","email","payment_methods","orders"],"properties":{
        "user_id":{"type":"string"},
        "name":{"type":"object","required":["first_name","last_name"],"properties":{"first_name":{"type":"string"},"last_name":{"type":"string"} } },
        "address":{{Address}},"email":{"type":"string"},
        "payment_methods":{"type":"object","additionalProperties":{"type":"object","required":["source","id"],"properties":{
        "source":{"enum":["gift_card","credit_card","paypal"]},"id":{"type":"string"},"brand":{"type":["string","null"]},"last_four":{"type":["string","null"]},"balance":{"type":"number","minimum":0} } } },
        "orders":{"type":"array","items":{"type":"string"} } } }
        """;

    public const string Order = $$"""
        {"type":"object","required":["order_id","user_id","address","items","status","fulfillments","payment_history"],"properties":{
        "order_id":{"type":"string"},"user_id":{"type":"string"},"address":{{Address}},
        "items":{"type":"array","items":{"type":"object","required":["name","product_id","item_id","price","options"],"properties":{
        "name":{"type":"string"},"product_id":{"type":"string"},"item_id":{"type":"string"},"price":{"type":"number","minimum":0},"options":{"type":"object","additionalProperties":{"type":"string"} } } } },
        "status":{"enum":["placing","pending","pending (item modified)","processed","delivered","cancelled","return requested","exchange requested","exchange received","exchanged","return received","returned"]},
        "fulfillments":{"type":"array","items":{"type":"object","required":["tracking_id","item_ids"]} },
        "payment_history":{"type":"array","items":{"type":"object","required":["transaction_type","amount","payment_method_id"],"properties":{
        "transaction_type":{"enum":["payment","refund"]},"amount":{"type":"number","minimum":0},"payment_method_id":{"type":"string"} } } },
        "cancel_reason":{"type":["string","null"]},"exchange_items":{{TextsOrNull}},"exchange_new_items":{{TextsOrNull}},
        "exchange_payment_method_id":{"type":["string","null"]},"exchange_price_difference":{"type":["number","null"]},
        "return_items":{{TextsOrNull}},"return_payment_method_id":{"type":["string","null"]} } }
        """;

    public const string NameAndZip = $$"""{"type":"object","additionalProperties":false,"required":["first_name","last_name","zip"],"properties":{"first_name":{{Line}},"last_name":{{Line}},"zip":{{Line}} } }""";

    public const string Email = $$"""{"type":"object","additionalProperties":false,"required":["email"],"properties":{"email":{{Line}} } }""";

    public const string UserId = $$"""{"type":"object","additionalProperties":false,"required":["user_id"],"properties":{"user_id":{{Id}} } }""";

    public const string OrderId = $$"""{"type":"object","additionalProperties":false,"required":["order_id"],"properties":{"order_id":{{Id}} } }""";

    public const string ProductId = $$"""{"type":"object","additionalProperties":false,"required":["product_id"],"properties":{"product_id":{{Id}} } }""";

    public const string ItemId = $$"""{"type":"object","additionalProperties":false,"required":["item_id"],"properties":{"item_id":{{Id}} } }""";

    public const string Expression = """{"type":"object","additionalProperties":false,"required":["expression"],"properties":{"expression":{"type":"string","maxLength":1000,"description":"Numbers, + - * /, parentheses and spaces."} } }""";

    public const string Cancel = $$"""{"type":"object","additionalProperties":false,"required":["order_id","reason"],"properties":{"order_id":{{Id}},"reason":{"type":"string","maxLength":200,"description":"'no longer needed' or 'ordered by mistake'."} } }""";

    public const string OrderAddress = $$"""{"type":"object","additionalProperties":false,"required":["order_id","address1","address2","city","state","country","zip"],"properties":{"order_id":{{Id}},{{AddressProperties}} } }""";

    public const string UserAddress = $$"""{"type":"object","additionalProperties":false,"required":["user_id","address1","address2","city","state","country","zip"],"properties":{"user_id":{{Id}},{{AddressProperties}} } }""";

    public const string Return = $$"""{"type":"object","additionalProperties":false,"required":["order_id","item_ids","payment_method_id"],"properties":{"order_id":{{Id}},"item_ids":{{Ids}},"payment_method_id":{{Id}} } }""";

    public const string Exchange = $$"""{"type":"object","additionalProperties":false,"required":["order_id","item_ids","new_item_ids","payment_method_id"],"properties":{"order_id":{{Id}},"item_ids":{{Ids}},"new_item_ids":{{Ids}},"payment_method_id":{{Id}} } }""";

    public const string OrderPayment = $$"""{"type":"object","additionalProperties":false,"required":["order_id","payment_method_id"],"properties":{"order_id":{{Id}},"payment_method_id":{{Id}} } }""";

    public const string Place = $$"""
        {"type":"object","additionalProperties":false,"required":["user_id","items","payment_method_id"],"properties":{
        "user_id":{{Id}},"items":{{Lines}},"payment_method_id":{{Id}},"order_id":{{Id}},
        "address":{"type":"object","additionalProperties":false,"required":["address1","address2","city","state","country","zip"],"properties":{ {{AddressProperties}} } } } }
        """;

    public const string Placed = $$"""
        {"type":"object","required":["order_id","user_id","status","items","payment_method_id","payment_source","total","currency"],"properties":{
        "order_id":{{Id}},"user_id":{{Id}},"status":{"const":"placing"},"items":{{Lines}},"payment_method_id":{{Id}},
        "payment_source":{"enum":["gift_card","credit_card","paypal"]},"total":{"type":"number","minimum":0},"currency":{"type":"string"} } }
        """;

    public const string Reservation = $$"""{"type":"object","additionalProperties":false,"required":["reservation","items"],"properties":{"reservation":{{Id}},"items":{{Lines}} } }""";

    public const string ReducedReservation = $$"""{"type":"object","additionalProperties":false,"required":["reservation","items","reference"],"properties":{"reservation":{{Id}},"items":{{Lines}},"reference":{{Line}} } }""";

    public const string Restock = $$"""{"type":"object","additionalProperties":false,"required":["items","reference"],"properties":{"items":{{Lines}},"reference":{{Line}} } }""";

    public const string OrderChange = $$"""{"type":"object","additionalProperties":false,"required":["order_id","operation"],"properties":{"order_id":{{Id}},"operation":{{Id}},"reason":{"type":"string","minLength":1} } }""";

    public const string GiftCard = $$"""
        {"type":"object","additionalProperties":false,"required":["user_id","payment_method_id","amount","currency","reference"],"properties":{
        "user_id":{{Id}},"payment_method_id":{{Id}},"amount":{{Amount}},"currency":{{Currency}},"reference":{{Line}} } }
        """;

    public const string GiftCardMoved = $$"""
        {"type":"object","required":["user_id","payment_method_id","amount","currency","reference","balance"],"properties":{
        "user_id":{{Id}},"payment_method_id":{{Id}},"amount":{{Amount}},"currency":{{Currency}},"reference":{{Line}},"balance":{"type":"number","minimum":0} } }
        """;

    public const string Confirm = $$"""
        {"type":"object","additionalProperties":false,"required":["order_id","payment_method_id","amount","currency"],"properties":{
        "order_id":{{Id}},"payment_method_id":{{Id}},"amount":{"type":"number","minimum":0},"currency":{{Currency}} } }
        """;

    public const string CancelPlacement = $$"""{"type":"object","additionalProperties":false,"required":["order_id"],"properties":{"order_id":{{Id}},"reason":{{Line}} } }""";

    public const string ExchangeReceived = $$"""
        {"type":"object","required":["order_id","user_id","items","new_items","payment_method_id","payment_source","difference","currency"],"properties":{
        "order_id":{{Id}},"user_id":{{Id}},"items":{{Ids}},"new_items":{{Lines}},"payment_method_id":{{Id}},
        "payment_source":{"enum":["gift_card","credit_card","paypal"]},"difference":{"type":"number"},"currency":{"type":"string"} } }
        """;

    /// <summary>The schema of a tool that undoes another one: its own input, or the call that is to be undone.</summary>
    public static string Undoing(string own) =>
        $$"""{"anyOf":[{{own}},{"type":"object","required":["input","output"],"properties":{"input":{"type":"object"} } }]}""";

    private const string Id = """{"type":"string","minLength":1,"maxLength":100}""";

    private const string Line = """{"type":"string","minLength":1,"maxLength":200}""";

    private const string Ids = $$"""{"type":"array","minItems":1,"maxItems":200,"items":{{Id}} }""";

    private const string Lines = $$"""{"type":"array","minItems":1,"maxItems":200,"items":{"type":"object","additionalProperties":false,"required":["item_id","quantity"],"properties":{"item_id":{{Id}},"quantity":{"type":"integer","minimum":1,"maximum":10000} } } }""";

    private const string Amount = """{"type":"number","exclusiveMinimum":0,"maximum":1000000000}""";

    private const string Currency = """{"type":"string","pattern":"^[A-Z]{3}$"}""";

    private const string TextsOrNull = """{"type":["array","null"],"items":{"type":"string"} }""";

    private const string AddressProperties = """
        "address1":{"type":"string","minLength":1,"maxLength":200},"address2":{"type":"string","maxLength":200},"city":{"type":"string","minLength":1,"maxLength":200},"state":{"type":"string","maxLength":200},"country":{"type":"string","minLength":1,"maxLength":200},"zip":{"type":"string","minLength":1,"maxLength":200}
        """;

    private const string Address = $$"""{"type":"object","required":["address1","address2","city","country","state","zip"],"properties":{ {{AddressProperties}} } }""";
}
