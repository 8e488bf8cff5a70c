using MongoDB.Bson;
using MongoDB.Driver;

namespace AIaaS.Projections.MongoDb;

/// <summary>A query as MongoDB takes it.</summary>
internal static class QueryForm
{
    private static FilterDefinitionBuilder<BsonDocument> Where => Builders<BsonDocument>.Filter;

    /// <summary>All documents that are not deleted.</summary>
    public static FilterDefinition<BsonDocument> Alive => Where.Exists(DocumentForm.Deleted, false);

    public static FilterDefinition<BsonDocument> Filter(DocumentQuery query, DocumentCursor? cursor)
    {
        List<FilterDefinition<BsonDocument>> all = [Alive, .. query.Where.Select(Condition)];
        if (cursor is not null)
        {
            all.Add(Behind(query, cursor));
        }

        return Where.And(all);
    }

    public static SortDefinition<BsonDocument> Sort(DocumentQuery query)
    {
        var sort = Builders<BsonDocument>.Sort;
        SortDefinition<BsonDocument> By(string field) => query.Descending ? sort.Descending(field) : sort.Ascending(field);
        return query.SortBy is null ? By(DocumentForm.Id) : sort.Combine(By(DocumentForm.Field(query.SortBy)), By(DocumentForm.Id));
    }

    private static FilterDefinition<BsonDocument> Condition(Condition condition)
    {
        var field = DocumentForm.Field(condition.Field);
        var value = DocumentForm.Bson(condition.Value);
        return condition.Comparison switch
        {
            Comparison.Equal => Where.Eq(field, value),
            Comparison.NotEqual => Where.Ne(field, value),
            Comparison.Less => Where.Lt(field, value),
            Comparison.LessOrEqual => Where.Lte(field, value),
            Comparison.Greater => Where.Gt(field, value),
            Comparison.GreaterOrEqual => Where.Gte(field, value),
            Comparison.StartsWith => QueryRules.EndOfPrefix(value.AsString) is { } end
                ? Where.And(Where.Gte(field, value), Where.Lt(field, end))
                : Where.Gte(field, value),
            _ => throw new InvalidQueryException($"The comparison {condition.Comparison} is not known."),
        };
    }

    /// <summary>What comes behind the cursor in the query's order; a missing value is less than all others.</summary>
    private static FilterDefinition<BsonDocument> Behind(DocumentQuery query, DocumentCursor cursor)
    {
        var idBehind = query.Descending ? Where.Lt(DocumentForm.Id, cursor.Id) : Where.Gt(DocumentForm.Id, cursor.Id);
        if (query.SortBy is null)
        {
            return idBehind;
        }

        var field = DocumentForm.Field(query.SortBy);
        var missing = Where.Eq(field, BsonNull.Value);
        if (cursor.Value is null)
        {
            var missingBehind = Where.And(missing, idBehind);
            return query.Descending ? missingBehind : Where.Or(missingBehind, Where.Ne(field, BsonNull.Value));
        }

        var value = DocumentForm.Bson(cursor.Value);
        var equalBehind = Where.And(Where.Eq(field, value), idBehind);
        return query.Descending
            ? Where.Or(Where.Lt(field, value), equalBehind, missing)
            : Where.Or(Where.Gt(field, value), equalBehind);
    }
}
