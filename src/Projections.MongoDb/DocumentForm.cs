using System.Text.Json;
using AIaaS.EventStore;
using MongoDB.Bson;

namespace AIaaS.Projections.MongoDb;

/// <summary>
/// How a document lies in MongoDB: <c>_id</c>; <c>p</c>, its position; <c>j</c>, its JSON byte by byte (so that decimals and the order of
/// members survive); <c>f</c>, the searchable fields with their types. A deleted document leaves <c>_id</c>, <c>p</c> and <c>d</c> behind,
/// so that an older write does not bring it back.
/// </summary>
internal static class DocumentForm
{
    public const string Id = "_id";
    public const string Position = "p";
    public const string Json = "j";
    public const string Fields = "f";
    public const string Deleted = "d";

    /// <summary>The place of a searchable field. A dot would be a path to MongoDB, and no field's name has a tilde.</summary>
    public static string Field(string name) => $"{Fields}.{Key(name)}";

    /// <summary>The same inside <c>f</c>.</summary>
    public static string Key(string name) => name.Replace('.', '~');

    public static BsonDocument Of(CollectionSchema schema, DocumentWrite write)
    {
        var document = new BsonDocument { { Id, write.Id }, { Position, checked((long)write.Position.Value) } };
        if (write.Json is { } json)
        {
            document.Add(Json, new BsonBinaryData(json.ToArray()));
            document.Add(Fields, SearchableOf(schema, json, write.Id));
        }
        else
        {
            document.Add(Deleted, true);
        }

        return document;
    }

    public static StoredDocument Of(BsonDocument document) =>
        new(document[Id].AsString, document[Json].AsByteArray, PositionOf(document[Position]));

    public static LogPosition PositionOf(BsonValue value) => new((ulong)value.ToInt64());

    /// <summary>The value of a searchable field as cursors hold it; null where it is missing.</summary>
    public static object? ValueOf(BsonDocument document, string field) => document[Fields].AsBsonDocument.GetValue(Key(field), BsonNull.Value) switch
    {
        BsonString text => text.AsString,
        BsonInt64 whole => whole.AsInt64,
        BsonDouble number => number.AsDouble,
        BsonBoolean flag => flag.AsBoolean,
        _ => null,
    };

    /// <summary>A value of a condition or cursor as MongoDB compares it.</summary>
    public static BsonValue Bson(object value) => value switch
    {
        string text => new BsonString(text),
        int whole => new BsonInt64(whole),
        long whole => new BsonInt64(whole),
        double number => new BsonDouble(number),
        bool flag => BsonBoolean.Create(flag),
        _ => throw new InvalidQueryException($"A value of type {value.GetType().Name} cannot be compared; use text, a number or a truth value."),
    };

    /// <summary>The searchable fields of a document; what is missing, null or of another kind than declared is left out.</summary>
    public static BsonDocument SearchableOf(CollectionSchema schema, ReadOnlyMemory<byte> json, string id)
    {
        var searchable = new BsonDocument();
        if (schema.Fields.Count == 0)
        {
            return searchable;
        }

        try
        {
            using var document = JsonDocument.Parse(json);
            foreach (var (field, kind) in schema.Fields)
            {
                if (Find(document.RootElement, field) is { } value && Typed(value, kind) is { } typed)
                {
                    searchable.Add(Key(field), typed);
                }
            }

            return searchable;
        }
        catch (JsonException e)
        {
            throw new ArgumentException($"Document '{id}' is not JSON: {e.Message}", nameof(json), e);
        }
    }

    private static JsonElement? Find(JsonElement element, string path)
    {
        foreach (var member in path.Split('.'))
        {
            if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(member, out element))
            {
                return null;
            }
        }

        return element;
    }

    private static BsonValue? Typed(JsonElement value, FieldKind kind) => (kind, value.ValueKind) switch
    {
        (FieldKind.Text, JsonValueKind.String) => new BsonString(value.GetString()!),
        (FieldKind.Number, JsonValueKind.Number) => value.TryGetInt64(out var whole) ? new BsonInt64(whole) : new BsonDouble(value.GetDouble()),
        (FieldKind.Boolean, JsonValueKind.True) => BsonBoolean.True,
        (FieldKind.Boolean, JsonValueKind.False) => BsonBoolean.False,
        _ => null,
    };
}
