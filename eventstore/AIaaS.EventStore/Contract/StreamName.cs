namespace AIaaS.EventStore;

/// <summary>
/// The name of a stream. Streams of the product are named <c>{category}-{tenant}_{id}</c>, for example
/// <c>agentRun-acme_0197f3…</c>; a name without that form is allowed for the platform's own streams.
/// </summary>
/// <param name="Value">1 to 200 characters, printable, no white space, not beginning with <c>$</c>.</param>
public readonly record struct StreamName(string Value)
{
    /// <summary>The name of a tenant's stream: <c>{category}-{tenant}_{id}</c>.</summary>
    /// <param name="category">Letters only, first one in lower case: <c>agentRun</c>.</param>
    /// <param name="tenant">A lower-case slug.</param>
    /// <param name="id">Opaque; in most cases a UUIDv7 in <c>N</c> format.</param>
    public static StreamName For(string category, string tenant, string id) => new($"{category}-{tenant}_{id}");

    /// <summary>What stands before the first <c>-</c>; the whole name where there is none.</summary>
    public string Category => Value.IndexOf('-') is var dash and >= 0 ? Value[..dash] : Value;

    /// <summary>The tenant in the name; empty where the name has none.</summary>
    public string Tenant
    {
        get
        {
            var dash = Value.IndexOf('-');
            var underscore = Value.IndexOf('_', dash + 1);
            return dash < 0 || underscore < 0 ? "" : Value[(dash + 1)..underscore];
        }
    }

    /// <summary>What stands behind the tenant; behind the category where there is no tenant.</summary>
    public string Id
    {
        get
        {
            var dash = Value.IndexOf('-');
            var underscore = Value.IndexOf('_', dash + 1);
            return underscore >= 0 && dash >= 0 ? Value[(underscore + 1)..] : Value[(dash + 1)..];
        }
    }

    /// <inheritdoc />
    public override string ToString() => Value;

    /// <summary>A stream name is its text.</summary>
    public static implicit operator string(StreamName name) => name.Value;
}
