using System.Text;

namespace AIaaS.Projections;

/// <summary>What every engine refuses alike, before it asks its database.</summary>
public static class QueryRules
{
    /// <summary>The largest page.</summary>
    public const int MaxLimit = 1_000;

    /// <summary>The longest id, in characters.</summary>
    public const int MaxIdLength = 200;

    /// <summary>Refuses a collection name, a field or an index that is not possible.</summary>
    /// <exception cref="ArgumentException">It names the fault.</exception>
    public static void Check(CollectionSchema schema)
    {
        ArgumentNullException.ThrowIfNull(schema);
        if (schema.Collection.Length is 0 or > 100 || !schema.Collection.All(c => char.IsAsciiLetterOrDigit(c) || c == '_'))
        {
            throw new ArgumentException($"'{schema.Collection}' cannot be a collection: use 1 to 100 letters, digits and underscores.", nameof(schema));
        }

        foreach (var field in schema.Fields.Keys)
        {
            if (!field.Split('.').All(part => part.Length > 0 && part.All(c => char.IsAsciiLetterOrDigit(c) || c == '_')))
            {
                throw new ArgumentException($"'{field}' cannot be a searchable field: use letters, digits and underscores, with dots between the members of a path.", nameof(schema));
            }
        }

        foreach (var field in schema.Indexes.SelectMany(i => i).Where(f => !schema.Fields.ContainsKey(f)))
        {
            throw new ArgumentException($"An index of '{schema.Collection}' names the field '{field}', which is not declared.", nameof(schema));
        }
    }

    /// <summary>Refuses a query that the schema does not allow.</summary>
    /// <exception cref="InvalidQueryException">It names the fault and what is possible.</exception>
    public static void Check(CollectionSchema schema, DocumentQuery query)
    {
        ArgumentNullException.ThrowIfNull(schema);
        ArgumentNullException.ThrowIfNull(query);
        if (query.Limit is < 1 or > MaxLimit)
        {
            throw new InvalidQueryException($"A page has 1 to {MaxLimit} documents, not {query.Limit}.");
        }

        if (query.SortBy is not null)
        {
            KindOf(schema, query.SortBy);
        }

        foreach (var condition in query.Where)
        {
            var kind = KindOf(schema, condition.Field);
            var fits = kind switch
            {
                FieldKind.Text => condition.Value is string,
                FieldKind.Number => condition.Value is int or long or double && condition.Comparison is not Comparison.StartsWith,
                FieldKind.Boolean => condition.Value is bool && condition.Comparison is Comparison.Equal or Comparison.NotEqual,
                _ => false,
            };
            if (!fits)
            {
                throw new InvalidQueryException($"The condition {condition.Field} {condition.Comparison} {condition.Value} does not fit the field, which is a {kind}.");
            }
        }
    }

    private static FieldKind KindOf(CollectionSchema schema, string field) => schema.Fields.TryGetValue(field, out var kind)
        ? kind
        : throw new InvalidQueryException($"'{field}' is not a searchable field. Possible are: {string.Join(", ", schema.Fields.Keys.Order(StringComparer.Ordinal))}.");

    /// <summary>The least text behind all texts that begin so, by code point, which is how both databases compare; null where there is none.</summary>
    public static string? EndOfPrefix(string prefix)
    {
        var runes = prefix.EnumerateRunes().ToArray();
        for (var i = runes.Length - 1; i >= 0; i--)
        {
            if (runes[i].Value < 0x10FFFF)
            {
                var next = runes[i].Value == 0xD7FF ? 0xE000 : runes[i].Value + 1;
                return string.Concat(runes.Take(i).Select(r => r.ToString())) + new Rune(next);
            }
        }

        return null;
    }
}
