using System.Text.Json;

namespace AIaaS.Domain.Json;

/// <summary>A schema with a URI of its own: a document, or a part of one that has an $id.</summary>
internal sealed class SchemaResource(string uri, JsonElement root, SchemaVocabularies vocabularies)
{
    /// <summary>The absolute URI without a fragment.</summary>
    public string Uri => uri;

    public JsonElement Root => root;

    public SchemaVocabularies Vocabularies => vocabularies;

    /// <summary>Where the anchors stand, $dynamicAnchor included: JSON Pointers from the resource's root.</summary>
    public Dictionary<string, string> Anchors { get; } = new(StringComparer.Ordinal);

    public HashSet<string> DynamicAnchors { get; } = new(StringComparer.Ordinal);

    /// <summary>The schemas of those dynamic anchors that some reference asks for.</summary>
    public Dictionary<string, SchemaNode> DynamicNodes { get; } = new(StringComparer.Ordinal);

    /// <summary>The schemas with an $id within this one, by where they stand.</summary>
    public Dictionary<string, SchemaResource> Inner { get; } = new(StringComparer.Ordinal);
}

/// <summary>Which vocabularies a meta-schema turns on.</summary>
[Flags]
internal enum SchemaVocabularies
{
    None = 0,
    Applicator = 1,
    Validation = 2,
    Unevaluated = 4,
    All = 7,
}
