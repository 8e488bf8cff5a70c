using System.Text.Json;

namespace AIaaS.Domain.Json;

/// <summary>Makes schemas ready: finds resources and anchors, resolves references, and builds a node for each schema that is reached.</summary>
internal sealed class SchemaCompiler(JsonSchemaOptions options)
{
    private const string DefaultBase = "schema:///";
    private const string Draft = MetaSchema.Draft;
    private const int DeepestSchema = 128;
    private const int MostSchemas = 50_000;

    private static readonly string[] SingleSchemas = ["items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames", "unevaluatedItems", "unevaluatedProperties", "contentSchema"];
    private static readonly string[] SchemaLists = ["allOf", "anyOf", "oneOf", "prefixItems"];
    private static readonly string[] SchemaMaps = ["$defs", "properties", "patternProperties", "dependentSchemas"];

    private readonly List<JsonSchemaFault> faults = [];
    private readonly Dictionary<string, SchemaResource> resources = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SchemaNode> nodes = new(StringComparer.Ordinal);
    private readonly Queue<(SchemaNode Node, JsonElement Schema, SchemaResource Resource, string Pointer)> open = new();
    private readonly Dictionary<SchemaNode, List<SchemaNode>> inPlace = [];
    private readonly HashSet<string> dynamicNames = new(StringComparer.Ordinal);
    private readonly HashSet<string> loading = new(StringComparer.Ordinal);

    public IReadOnlyList<JsonSchemaFault> Faults => faults;

    public JsonSchema? Compile(string json)
    {
        var baseUri = options.BaseUri ?? DefaultBase;
        if (!Uri.TryCreate(baseUri, UriKind.Absolute, out _))
        {
            Fault("", "The base URI is not absolute", "Give one such as https://example.org/schemas/order.json.");
            return null;
        }

        if (Load(WithoutFragment(baseUri), json) is not { } resource || faults.Count > 0)
        {
            return null;
        }

        var root = NodeAt(resource, "");
        do
        {
            CompileOpen();
        }
        while (AddDynamicNodes());

        if (faults.Count == 0)
        {
            FindLoops();
        }

        return faults.Count == 0 ? new JsonSchema(root!, options, dynamicNames.Count > 0) : null;
    }

    // ---- documents and resources

    private SchemaResource? Load(string uri, string json)
    {
        if (json.Length > options.MaxSchemaLength)
        {
            Fault(Shown(uri), $"The schema has {json.Length} characters; at most {options.MaxSchemaLength} are allowed", "Split it, and refer to the parts with $ref.");
            return null;
        }

        JsonElement root;
        try
        {
            using var document = JsonDocument.Parse(json, new() { MaxDepth = DeepestSchema });
            root = document.RootElement.Clone();
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            Fault(Shown(uri), $"The schema is no JSON: {e.Message.TrimEnd('.')}", $"Check for commas and quotes; a schema is at most {DeepestSchema} levels deep.");
            return null;
        }

        try
        {
            var vocabularies = VocabulariesOf(root, Shown(uri), SchemaVocabularies.All);
            var outer = new SchemaResource(uri, root, vocabularies);
            resources.TryAdd(uri, outer);
            Scan(root, outer, "");
            return outer.Inner.GetValueOrDefault("") ?? outer;
        }
        catch (InvalidOperationException)
        {
            Fault(Shown(uri), "The schema holds a text with half a surrogate pair", "Remove it.");
            return null;
        }
    }

    private SchemaResource? ResourceOf(string uri)
    {
        if (resources.TryGetValue(uri, out var resource))
        {
            return resource;
        }

        var json = options.Documents.GetValueOrDefault(uri) ?? options.Documents.GetValueOrDefault(uri + "#") ?? MetaSchema.Find(uri);
        if (json is null || !loading.Add(uri))
        {
            return null;
        }

        Load(uri, json);
        return resources.GetValueOrDefault(uri) is { } loaded ? loaded.Inner.GetValueOrDefault("") ?? loaded : null;
    }

    // Finds what has an $id or an anchor. Only where schemas stand: an $id within an enum is data.
    private void Scan(JsonElement schema, SchemaResource resource, string pointer)
    {
        if (schema.ValueKind is not JsonValueKind.Object)
        {
            return;
        }

        if (schema.TryGetProperty("$id", out var id))
        {
            if (id.ValueKind is not JsonValueKind.String || !TryResolve(resource.Uri, id.GetString()!, out var absolute, out var fragment) || fragment.Length > 0)
            {
                Fault(Location(resource, pointer) + "/$id", "$id is no URI without a fragment", "Write for example \"$id\": \"https://example.org/order\"; use $anchor to name a part.");
                return;
            }

            var inner = new SchemaResource(absolute, schema, VocabulariesOf(schema, absolute, resource.Vocabularies));
            if (resources.TryGetValue(absolute, out var other) && !(pointer.Length == 0 && absolute == resource.Uri) && !JsonElement.DeepEquals(other.Root, schema))
            {
                Fault(Location(resource, pointer) + "/$id", $"Two schemas have the $id {absolute}", "Give each its own.");
                return;
            }

            resources[absolute] = inner;
            resource.Inner[pointer] = inner;
            (resource, pointer) = (inner, "");
        }

        foreach (var keyword in (string[])["$anchor", "$dynamicAnchor"])
        {
            if (schema.TryGetProperty(keyword, out var anchor))
            {
                if (anchor.ValueKind is not JsonValueKind.String || !IsAnchor(anchor.GetString()!))
                {
                    Fault($"{Location(resource, pointer)}/{keyword}", $"{keyword} is no name", "Begin with a letter or _ and go on with letters, digits, - _ and dots.");
                    continue;
                }

                var name = anchor.GetString()!;
                if (!resource.Anchors.TryAdd(name, pointer) && resource.Anchors[name] != pointer)
                {
                    Fault($"{Location(resource, pointer)}/{keyword}", $"Two schemas have the anchor {name}", "Give each its own.");
                }

                if (keyword == "$dynamicAnchor")
                {
                    resource.DynamicAnchors.Add(name);
                }
            }
        }

        foreach (var member in schema.EnumerateObject())
        {
            var at = $"{pointer}/{JsonPointer.Escape(member.Name)}";
            if (SingleSchemas.Contains(member.Name))
            {
                Scan(member.Value, resource, at);
            }
            else if (SchemaLists.Contains(member.Name) && member.Value.ValueKind is JsonValueKind.Array)
            {
                var index = 0;
                foreach (var item in member.Value.EnumerateArray())
                {
                    Scan(item, resource, $"{at}/{index++}");
                }
            }
            else if (SchemaMaps.Contains(member.Name) && member.Value.ValueKind is JsonValueKind.Object)
            {
                foreach (var entry in member.Value.EnumerateObject())
                {
                    Scan(entry.Value, resource, $"{at}/{JsonPointer.Escape(entry.Name)}");
                }
            }
        }
    }

    private SchemaVocabularies VocabulariesOf(JsonElement schema, string location, SchemaVocabularies outer)
    {
        if (schema.ValueKind is not JsonValueKind.Object || !schema.TryGetProperty("$schema", out var named))
        {
            return outer;
        }

        if (named.ValueKind is not JsonValueKind.String)
        {
            Fault(location + "#/$schema", "$schema is no text", $"Write \"$schema\": \"{Draft}schema\".");
            return outer;
        }

        var uri = WithoutFragment(named.GetString()!);

        // Tools come with schemas that name an earlier draft; what those share with this one is most of them, and what they do not share is refused where it stands.
        if (uri == Draft + "schema" || uri.StartsWith("http://json-schema.org/", StringComparison.Ordinal) || uri.StartsWith("https://json-schema.org/", StringComparison.Ordinal))
        {
            return SchemaVocabularies.All;
        }

        var json = options.Documents.GetValueOrDefault(uri);
        if (json is null)
        {
            Fault(location + "#/$schema", $"The meta-schema {uri} is not known", $"Write \"$schema\": \"{Draft}schema\", or give the meta-schema among the options' documents.");
            return outer;
        }

        return VocabulariesNamedBy(json, uri, location);
    }

    private SchemaVocabularies VocabulariesNamedBy(string json, string uri, string location)
    {
        try
        {
            using var document = JsonDocument.Parse(json, new() { MaxDepth = DeepestSchema });
            if (document.RootElement.ValueKind is not JsonValueKind.Object || !document.RootElement.TryGetProperty("$vocabulary", out var listed) || listed.ValueKind is not JsonValueKind.Object)
            {
                return SchemaVocabularies.All;
            }

            var result = SchemaVocabularies.None;
            foreach (var vocabulary in listed.EnumerateObject())
            {
                result |= vocabulary.Name switch
                {
                    Draft + "vocab/applicator" => SchemaVocabularies.Applicator,
                    Draft + "vocab/validation" => SchemaVocabularies.Validation,
                    Draft + "vocab/unevaluated" => SchemaVocabularies.Unevaluated,
                    _ => SchemaVocabularies.None,
                };
                if (vocabulary.Value.ValueKind is JsonValueKind.True && !IsKnownVocabulary(vocabulary.Name))
                {
                    Fault(location + "#/$schema", $"The meta-schema {uri} requires the vocabulary {vocabulary.Name}, which is not known", "Use a meta-schema that does not require it.");
                }
            }

            return result;
        }
        catch (JsonException)
        {
            Fault(location + "#/$schema", $"The meta-schema {uri} is no JSON", "Mend it among the options' documents.");
            return SchemaVocabularies.All;
        }
    }

    private static bool IsKnownVocabulary(string name) =>
        name.StartsWith(Draft + "vocab/", StringComparison.Ordinal) && name[(Draft + "vocab/").Length..] is "core" or "applicator" or "validation" or "unevaluated" or "meta-data" or "format-annotation" or "content";

    // ---- references

    private SchemaNode? Resolve(SchemaResource from, string reference, string location, out string? dynamicAnchor)
    {
        dynamicAnchor = null;
        if (!TryResolve(from.Uri, reference, out var uri, out var fragment))
        {
            Fault(location, $"'{reference}' is no URI reference", "Write for example \"#/$defs/address\" or \"https://example.org/address\".");
            return null;
        }

        var resource = uri == from.Uri ? from : ResourceOf(uri);
        if (resource is null)
        {
            Fault(location, $"There is no schema {uri}", "Give it among the options' documents (nothing is fetched), or refer to a part of this schema with #/$defs/….");
            return null;
        }

        if (fragment.Length == 0 || fragment[0] == '/')
        {
            return NodeByPointer(resource, fragment, location, reference);
        }

        if (!resource.Anchors.TryGetValue(fragment, out var pointer))
        {
            var known = resource.Anchors.Keys.Order(StringComparer.Ordinal).ToArray();
            Fault(location, $"There is no anchor '{fragment}' in {Shown(resource.Uri)}", known.Length == 0 ? "Write #/$defs/… for a definition." : $"There are: {string.Join(", ", known)}.");
            return null;
        }

        dynamicAnchor = resource.DynamicAnchors.Contains(fragment) ? fragment : null;
        return NodeAt(resource, pointer);
    }

    private SchemaNode? NodeByPointer(SchemaResource resource, string pointer, string location, string reference)
    {
        if (nodes.TryGetValue(resource.Uri + "#" + pointer, out var known))
        {
            return known;
        }

        // A part with an $id of its own is a resource of its own: references in it are relative to that.
        var (element, within) = (resource.Root, "");
        var parts = pointer.Split('/').Skip(1).Select(JsonPointer.Unescape).ToArray();
        foreach (var part in parts)
        {
            JsonElement next = default;
            var found = element.ValueKind switch
            {
                JsonValueKind.Object => element.TryGetProperty(part, out next),
                JsonValueKind.Array when int.TryParse(part, System.Globalization.NumberStyles.None, null, out var index) && index < element.GetArrayLength() => (next = element[index]).ValueKind is not JsonValueKind.Undefined,
                _ => false,
            };
            if (!found)
            {
                var names = element.ValueKind is JsonValueKind.Object ? element.EnumerateObject().Select(p => p.Name).Take(20).ToArray() : [];
                Fault(location, $"'{reference}' leads nowhere: {Location(resource, within)} has no '{part}'", names.Length == 0 ? "Refer to a schema that is there." : $"It has: {string.Join(", ", names)}.");
                return null;
            }

            element = next;
            within = $"{within}/{JsonPointer.Escape(part)}";
            if (resource.Inner.TryGetValue(within, out var inner))
            {
                (resource, within) = (inner, "");
            }
        }

        return NodeAt(resource, within);
    }

    private SchemaNode? NodeAt(SchemaResource resource, string pointer)
    {
        var element = resource.Root;
        foreach (var part in pointer.Split('/').Skip(1).Select(JsonPointer.Unescape))
        {
            element = element.ValueKind is JsonValueKind.Array ? element[int.Parse(part, System.Globalization.CultureInfo.InvariantCulture)] : element.GetProperty(part);
        }

        return NodeOf(element, resource, pointer);
    }

    private SchemaNode NodeOf(JsonElement schema, SchemaResource resource, string pointer)
    {
        if (resource.Inner.TryGetValue(pointer, out var inner))
        {
            (resource, pointer) = (inner, "");
        }

        var location = Location(resource, pointer);
        var key = resource.Uri + "#" + pointer;
        if (!nodes.TryGetValue(key, out var node))
        {
            node = new(location, resource);
            nodes.Add(key, node);
            if (nodes.Count > MostSchemas)
            {
                if (nodes.Count == MostSchemas + 1)
                {
                    Fault(location, $"There are more than {MostSchemas} schemas in it", "Make it smaller.");
                }

                return node;
            }

            open.Enqueue((node, schema, resource, pointer));
        }

        return node;
    }

    private bool AddDynamicNodes()
    {
        foreach (var resource in resources.Values.ToArray())
        {
            foreach (var name in resource.DynamicAnchors.Where(n => dynamicNames.Contains(n) && !resource.DynamicNodes.ContainsKey(n)).ToArray())
            {
                resource.DynamicNodes.Add(name, NodeAt(resource, resource.Anchors[name])!);
            }
        }

        return open.Count > 0;
    }

    // A schema that leads back to itself without going into the value would never end.
    private void FindLoops()
    {
        var done = new HashSet<SchemaNode>();
        foreach (var start in inPlace.Keys)
        {
            var active = new HashSet<SchemaNode>();
            var stack = new Stack<(SchemaNode Node, int Next)>();
            stack.Push((start, 0));
            while (stack.TryPop(out var top))
            {
                var (node, next) = top;
                if (next == 0 && (done.Contains(node) || !active.Add(node)))
                {
                    continue;
                }

                var targets = inPlace.GetValueOrDefault(node) ?? [];
                if (next == targets.Count)
                {
                    active.Remove(node);
                    done.Add(node);
                    continue;
                }

                stack.Push((node, next + 1));
                if (active.Contains(targets[next]))
                {
                    Fault(node.Location, $"The schema leads back to itself ({targets[next].Location}) for the same value, without end", "Let the reference stand within properties, items or the like, or remove it.");
                    return;
                }

                stack.Push((targets[next], 0));
            }
        }
    }

    // ---- keywords

    private void CompileOpen()
    {
        while (open.TryDequeue(out var next) && faults.Count < 100)
        {
            try
            {
                Compile(next.Node, next.Schema, next.Resource, next.Pointer);
            }
            catch (InvalidOperationException)
            {
                Fault(next.Node.Location, "The schema holds a text with half a surrogate pair", "Remove it.");
            }
        }
    }

    private void Compile(SchemaNode node, JsonElement schema, SchemaResource resource, string pointer)
    {
        if (schema.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            node.Constant = schema.ValueKind is JsonValueKind.True;
            return;
        }

        if (schema.ValueKind is not JsonValueKind.Object)
        {
            Fault(node.Location, $"A schema is an object, true or false, but this is {Kind(schema)}", "Write for example {\"type\": \"string\"}.");
            return;
        }

        new KeywordCompiler(this, node, schema, resource, pointer).Run();
    }

    /// <summary>Reads the keywords of one schema.</summary>
    private sealed class KeywordCompiler(SchemaCompiler compiler, SchemaNode node, JsonElement schema, SchemaResource resource, string pointer)
    {
        private readonly List<string> names = [];
        private readonly Dictionary<string, SchemaNode> properties = new(StringComparer.Ordinal);
        private readonly List<(string, SchemaNode)> all = [];
        private readonly List<SchemaNode> same = [];
        private readonly List<NumberBound> bounds = [];

        public void Run()
        {
            foreach (var keyword in schema.EnumerateObject())
            {
                Core(keyword.Name, keyword.Value);
                if (resource.Vocabularies.HasFlag(SchemaVocabularies.Applicator))
                {
                    Applicator(keyword.Name, keyword.Value);
                }

                if (resource.Vocabularies.HasFlag(SchemaVocabularies.Validation))
                {
                    Validation(keyword.Name, keyword.Value);
                }

                if (resource.Vocabularies.HasFlag(SchemaVocabularies.Unevaluated) && keyword.Name is "unevaluatedItems" or "unevaluatedProperties")
                {
                    var rest = Schema(keyword.Name, keyword.Value);
                    (node.UnevaluatedItems, node.UnevaluatedProperties) = keyword.Name is "unevaluatedItems" ? (rest, node.UnevaluatedProperties) : (node.UnevaluatedItems, rest);
                }
            }

            node.AllOf = [.. all];
            node.Bounds = [.. bounds];
            if (names.Count > 0)
            {
                node.Names = new NameTable(names);
                node.Properties = [.. names.Select(n => properties.GetValueOrDefault(n))];
            }

            if (node.If is null)
            {
                (node.Then, node.Else) = (null, null);
            }

            if (same.Count > 0)
            {
                compiler.inPlace[node] = same;
            }

            node.Seal();
        }

        private void Core(string keyword, JsonElement value)
        {
            switch (keyword)
            {
                case "$ref" when Text(keyword, value) is { } reference && compiler.Resolve(resource, reference, At(keyword), out _) is { } target:
                    all.Add((keyword, target));
                    same.Add(target);
                    break;
                case "$dynamicRef" when Text(keyword, value) is { } reference && compiler.Resolve(resource, reference, At(keyword), out var anchor) is { } target:
                    node.Dynamic = target;
                    node.DynamicAnchor = anchor;
                    if (anchor is not null)
                    {
                        compiler.dynamicNames.Add(anchor);
                    }

                    break;
                case "$defs":
                    Map(keyword, value);
                    break;
                case "$recursiveRef" or "$recursiveAnchor":
                    compiler.Fault(At(keyword), $"{keyword} is of an earlier draft", "Write $dynamicRef and $dynamicAnchor.");
                    break;
            }
        }

        private void Applicator(string keyword, JsonElement value)
        {
            switch (keyword)
            {
                case "allOf":
                    all.AddRange(InPlace(List(keyword, value)).Select(s => (keyword, s)));
                    break;
                case "anyOf":
                    node.AnyOf = InPlace(List(keyword, value));
                    break;
                case "oneOf":
                    node.OneOf = InPlace(List(keyword, value));
                    break;
                case "not":
                    node.Not = InPlace([Schema(keyword, value)])[0];
                    break;
                case "if":
                    node.If = InPlace([Schema(keyword, value)])[0];
                    break;
                case "then":
                    node.Then = Schema(keyword, value);
                    break;
                case "else":
                    node.Else = Schema(keyword, value);
                    break;
                case "items" when value.ValueKind is JsonValueKind.Array:
                    compiler.Fault(At(keyword), "items is an array, as in an earlier draft", "Write prefixItems for the schemas of the first items, and items for the rest (additionalItems of old).");
                    break;
                case "items":
                    node.Items = Schema(keyword, value);
                    break;
                case "prefixItems":
                    node.PrefixItems = List(keyword, value);
                    break;
                case "contains":
                    node.Contains = Schema(keyword, value);
                    break;
                case "properties":
                    foreach (var (name, property) in Map(keyword, value))
                    {
                        properties[name] = property;
                        Name(name);
                    }

                    break;
                case "patternProperties":
                    node.PatternProperties = [.. Map(keyword, value).Select(p => (Pattern: Pattern($"{keyword}/{JsonPointer.Escape(p.Key)}", p.Key), p.Value)).Where(p => p.Pattern is not null).Select(p => new PatternSchema(p.Pattern!, p.Value))];
                    break;
                case "additionalProperties":
                    node.AdditionalProperties = Schema(keyword, value);
                    break;
                case "propertyNames":
                    node.PropertyNames = Schema(keyword, value);
                    break;
                case "dependentSchemas":
                    node.DependentSchemas = [.. Map(keyword, value).Select(s => (Name(s.Key), s.Value))];
                    break;
            }
        }

        private void Validation(string keyword, JsonElement value)
        {
            switch (keyword)
            {
                case "type":
                    node.Types = Types(value);
                    break;
                case "const":
                    node.Const = value;
                    break;
                case "enum":
                    Enumeration(value);
                    break;
                case "minimum" or "maximum" or "exclusiveMinimum" or "exclusiveMaximum":
                    if (value.ValueKind is JsonValueKind.Number)
                    {
                        bounds.Add(new(keyword, value, keyword.EndsWith("inimum", StringComparison.Ordinal), keyword.StartsWith("excl", StringComparison.Ordinal)));
                    }
                    else
                    {
                        Wrong(keyword, value, "a number");
                    }

                    break;
                case "multipleOf":
                    if (value.ValueKind is JsonValueKind.Number && ExactNumber.Of(value).IsPositive)
                    {
                        node.MultipleOf = new(value);
                    }
                    else
                    {
                        Wrong(keyword, value, "a number above 0");
                    }

                    break;
                case "minLength":
                    node.MinLength = Count(keyword, value);
                    break;
                case "maxLength":
                    node.MaxLength = Count(keyword, value);
                    break;
                case "pattern":
                    node.Pattern = Text(keyword, value) is { } source ? Pattern(keyword, source) : null;
                    break;
                case "minItems":
                    node.MinItems = Count(keyword, value);
                    break;
                case "maxItems":
                    node.MaxItems = Count(keyword, value);
                    break;
                case "minContains":
                    node.MinContains = Count(keyword, value);
                    break;
                case "maxContains":
                    node.MaxContains = Count(keyword, value);
                    break;
                case "uniqueItems":
                    node.UniqueItems = value.ValueKind is JsonValueKind.True;
                    if (value.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
                    {
                        Wrong(keyword, value, "true or false");
                    }

                    break;
                case "minProperties":
                    node.MinProperties = Count(keyword, value);
                    break;
                case "maxProperties":
                    node.MaxProperties = Count(keyword, value);
                    break;
                case "required":
                    node.Required = NamesOf(keyword, value);
                    break;
                case "dependentRequired":
                    DependentRequired(value);
                    break;
            }
        }

        private void DependentRequired(JsonElement value)
        {
            if (value.ValueKind is not JsonValueKind.Object)
            {
                Wrong("dependentRequired", value, "an object of arrays of names");
                return;
            }

            node.DependentRequired = [.. value.EnumerateObject().Select(p => (Name(p.Name), NamesOf($"dependentRequired/{JsonPointer.Escape(p.Name)}", p.Value)))];
        }

        private void Enumeration(JsonElement value)
        {
            if (value.ValueKind is not JsonValueKind.Array)
            {
                Wrong("enum", value, "an array of values");
                return;
            }

            node.Enum = [.. value.EnumerateArray()];
            if (node.Enum.Length > 0 && node.Enum.All(e => e.ValueKind is JsonValueKind.String))
            {
                node.EnumTexts = new NameTable([.. node.Enum.Select(e => e.GetString()!).Distinct(StringComparer.Ordinal)]);
            }
        }

        private SchemaTypes Types(JsonElement value)
        {
            var result = SchemaTypes.None;
            foreach (var name in value.ValueKind is JsonValueKind.Array && value.GetArrayLength() > 0 ? value.EnumerateArray().ToArray() : [value])
            {
                var type = name.ValueKind is not JsonValueKind.String ? SchemaTypes.None : name.GetString() switch
                {
                    "null" => SchemaTypes.Null,
                    "boolean" => SchemaTypes.Boolean,
                    "object" => SchemaTypes.Object,
                    "array" => SchemaTypes.Array,
                    "number" => SchemaTypes.Number,
                    "string" => SchemaTypes.String,
                    "integer" => SchemaTypes.Integer,
                    _ => SchemaTypes.None,
                };
                if (type is SchemaTypes.None)
                {
                    compiler.Fault(At("type"), $"There is no type {Short(name)}", "There are: string, number, integer, boolean, object, array, null; several stand in an array.");
                }

                result |= type;
            }

            return result;
        }

        private int[] NamesOf(string keyword, JsonElement value)
        {
            if (value.ValueKind is not JsonValueKind.Array || value.EnumerateArray().Any(v => v.ValueKind is not JsonValueKind.String))
            {
                Wrong(keyword, value, "an array of members' names");
                return [];
            }

            return [.. value.EnumerateArray().Select(v => Name(v.GetString()!)).Distinct()];
        }

        private readonly Dictionary<string, int> numbers = new(StringComparer.Ordinal);

        private int Name(string name)
        {
            if (!numbers.TryGetValue(name, out var number))
            {
                numbers.Add(name, number = names.Count);
                names.Add(name);
            }

            return number;
        }

        private SchemaPattern? Pattern(string keyword, string source)
        {
            if (Patterns.Compile(source, PatternDialect.Ecma, whole: false, out var error) is { } regex)
            {
                return new(source, regex);
            }

            compiler.Fault(At(keyword), $"The pattern {(source.Length > 80 ? source[..80] + "…" : source)} is wrong: {error}", "Patterns are regular expressions of ECMA-262 with the u flag.");
            return null;
        }

        private int Count(string keyword, JsonElement value)
        {
            if (value.ValueKind is JsonValueKind.Number)
            {
                var number = ExactNumber.Of(value);
                if (number.IsInteger && number.CompareTo(ExactNumber.Of(0m)) >= 0)
                {
                    return number.ToCount();
                }
            }

            Wrong(keyword, value, "a whole number of 0 or more");
            return 0;
        }

        private string? Text(string keyword, JsonElement value)
        {
            if (value.ValueKind is JsonValueKind.String)
            {
                return value.GetString();
            }

            Wrong(keyword, value, "a text");
            return null;
        }

        private SchemaNode Schema(string keyword, JsonElement value) => compiler.NodeOf(value, resource, $"{pointer}/{keyword}");

        private SchemaNode[] List(string keyword, JsonElement value)
        {
            if (value.ValueKind is not JsonValueKind.Array || value.GetArrayLength() == 0)
            {
                Wrong(keyword, value, "an array of one schema or more");
                return [];
            }

            return [.. value.EnumerateArray().Select((s, i) => compiler.NodeOf(s, resource, $"{pointer}/{keyword}/{i}"))];
        }

        private Dictionary<string, SchemaNode> Map(string keyword, JsonElement value)
        {
            var result = new Dictionary<string, SchemaNode>(StringComparer.Ordinal);
            if (value.ValueKind is not JsonValueKind.Object)
            {
                Wrong(keyword, value, "an object of schemas");
                return result;
            }

            foreach (var entry in value.EnumerateObject())
            {
                result[entry.Name] = compiler.NodeOf(entry.Value, resource, $"{pointer}/{keyword}/{JsonPointer.Escape(entry.Name)}");
            }

            return result;
        }

        private SchemaNode[] InPlace(SchemaNode[] schemas)
        {
            same.AddRange(schemas);
            return schemas;
        }

        private void Wrong(string keyword, JsonElement value, string expected) =>
            compiler.Fault(At(keyword), $"{keyword.Split('/')[0]} must be {expected}, but is {Short(value)}", $"Write {expected}.");

        private string At(string keyword) => $"{node.Location}/{keyword}";
    }

    // ---- URIs and locations

    private static bool TryResolve(string from, string reference, out string uri, out string fragment)
    {
        var hash = reference.IndexOf('#');
        fragment = hash < 0 ? "" : Uri.UnescapeDataString(reference[(hash + 1)..]);
        var path = hash < 0 ? reference : reference[..hash];
        uri = from;
        if (path.Length == 0)
        {
            return true;
        }

        if (!Uri.TryCreate(new Uri(from, UriKind.Absolute), path, out var result))
        {
            return false;
        }

        uri = WithoutFragment(result.AbsoluteUri);
        return true;
    }

    private static string WithoutFragment(string uri)
    {
        var hash = uri.IndexOf('#');
        var plain = hash < 0 ? uri : uri[..hash];
        return Uri.TryCreate(plain, UriKind.Absolute, out var absolute) ? absolute.AbsoluteUri : plain;
    }

    private static bool IsAnchor(string name) =>
        name.Length > 0 && (char.IsAsciiLetter(name[0]) || name[0] == '_') && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');

    private static string Shown(string uri) => uri == DefaultBase ? "" : uri;

    private static string Location(SchemaResource resource, string pointer) => $"{Shown(resource.Uri)}#{pointer}";

    private static string Kind(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => "an array",
        JsonValueKind.Null => "null",
        _ => Short(value),
    };

    private static string Short(JsonElement value)
    {
        var text = value.GetRawText();
        return text.Length > 60 ? text[..60] + "…" : text;
    }

    private void Fault(string location, string message, string hint) => faults.Add(new(location.Length == 0 ? "#" : location, message, hint));
}
