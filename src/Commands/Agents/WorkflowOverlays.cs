namespace AIaaS.Commands.Agents;

/// <summary>A change to a workflow, for one tenant or in one environment.</summary>
/// <param name="Workflow">The workflow.</param>
/// <param name="Tenant">Only for this tenant; null for all.</param>
/// <param name="Environment">Only in this environment; null for all.</param>
/// <param name="Map">Its source.</param>
internal sealed record WorkflowOverlay(string Workflow, string? Tenant, string? Environment, YamlMap Map);

/// <summary>Applies overlays to the source of a workflow. A part that an overlay brings keeps its place in the overlay, so that what is wrong with it is found there.</summary>
internal static class WorkflowOverlays
{
    /// <summary>What an overlay's source says; null, with faults, where it says nothing that can be used.</summary>
    public static WorkflowOverlay? Read(WorkflowSource source, YamlMap map)
    {
        var before = source.Count;
        if (source.Fields(map, "an overlay", WorkflowSyntax.Overlay) is not { } fields)
        {
            return null;
        }

        var workflow = fields.Required("overlay");
        var (tenant, environment) = (fields.Text("tenant"), fields.Text("environment"));
        if (tenant is not null && !Domain.Tenants.Tenant.IsSlug(tenant))
        {
            fields.Fault("tenant", $"'{tenant}' cannot be a tenant's id.", "Use 2 to 40 lower-case letters, digits and inner '-'.");
        }

        _ = fields.Text("description");
        _ = fields.Text("fallback");
        if (!WorkflowSyntax.Overlay.Skip(4).Any(f => fields.Has(f.Name)))
        {
            source.Fault(map, "The overlay changes nothing.", "Give 'limits', 'fallback', 'change', 'remove' or 'add'.");
        }

        return source.Count == before ? new(workflow, tenant, environment, map) : null;
    }

    /// <summary>The source of a workflow with the overlay applied.</summary>
    public static YamlMap Apply(WorkflowSource source, YamlMap workflow, YamlMap overlay)
    {
        var fields = new WorkflowFields(source, overlay, WorkflowSyntax.Overlay);
        var entries = workflow.Entries.ToList();
        void Set(string name, YamlPart value)
        {
            var at = entries.FindIndex(e => e.Key.Value == name);
            var key = new YamlText(name, true, 0, value.File, value.Line, value.Column) { Composed = true };
            if (at < 0)
            {
                entries.Add((key, value));
            }
            else
            {
                entries[at] = (key, value);
            }
        }

        if (fields.Part("fallback") is { } fallback)
        {
            Set("fallback", fallback);
        }

        if (fields.Part("limits") is { } limits)
        {
            Set("limits", limits is YamlMap given && workflow.Find("limits") is YamlMap there ? Merge(there, given) : limits);
        }

        if (workflow.Find("nodes") is not YamlList nodes)
        {
            return workflow with { Entries = entries };
        }

        var list = nodes.Items.ToList();
        int Find(string id) => list.FindIndex(n => n is YamlMap node && node.Find("id") is YamlText there && there.Value == id);
        string[] Known() => [.. list.OfType<YamlMap>().Select(n => (n.Find("id") as YamlText)?.Value).OfType<string>()];
        var workflowName = (workflow.Find("workflow") as YamlText)?.Value;
        if (fields.Part("change") is { } change)
        {
            foreach (var (id, changes) in WorkflowFragments.Entries(source, change, "change", WorkflowSyntax.MaxNodes))
            {
                if (Find(id.Value) is var at && at < 0)
                {
                    source.Fault(id, $"The workflow '{workflowName}' has no node '{WorkflowSource.Cut(id.Value)}'.", WorkflowSource.Suggest(id.Value, Known()));
                }
                else if (changes is not YamlMap { Entries.Count: > 0 } map)
                {
                    source.Fault(changes, $"It is not said what changes in '{id.Value}'.", "Give fields with their new values.");
                }
                else if (map.Entries.FirstOrDefault(e => e.Key.Value == "id").Key is { } key)
                {
                    source.Fault(key, "A node's id cannot be changed.", "Remove the node and add another one.");
                }
                else
                {
                    list[at] = Merge((YamlMap)list[at], map);
                }
            }
        }

        foreach (var id in fields.Has("remove") ? WorkflowFragments.Names(source, fields, "remove") : [])
        {
            if (Find(id.Value) is var at && at < 0)
            {
                source.Fault(id, $"The workflow '{workflowName}' has no node '{id.Value}'.", WorkflowSource.Suggest(id.Value, Known()));
            }
            else
            {
                list.RemoveAt(at);
            }
        }

        list.AddRange(fields.List("add")?.Items ?? []);
        Set("nodes", nodes with { Items = list });
        return workflow with { Entries = entries };
    }

    /// <summary>A node with fields replaced; null takes one away.</summary>
    private static YamlMap Merge(YamlMap node, YamlMap changes)
    {
        var entries = node.Entries.ToList();
        foreach (var (key, value) in changes.Entries)
        {
            var at = entries.FindIndex(e => e.Key.Value == key.Value);
            var gone = value is YamlText { Plain: true } text && WorkflowValues.JsonOf(text.Value) == "null";
            if (at >= 0)
            {
                entries.RemoveAt(at);
            }

            if (!gone)
            {
                entries.Insert(at < 0 ? entries.Count : at, (key, value));
            }
        }

        return node with { Entries = entries };
    }
}
