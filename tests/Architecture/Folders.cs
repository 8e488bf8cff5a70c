namespace AIaaS.Architecture;

public sealed class Folders
{
    private static readonly string[] Capabilities =
    [
        "Agents", "Routing", "Tools", "Orders", "Billing", "Tenants", "ControlPlane", "Knowledge", "Privacy", "Capacity", "Evaluation", "Channels", "Audit",
        "Customers", "Payments", "Leads", "Complaints", "Handoffs", "Sagas", "Bus", "Metering", "Pricing", "Budgets",
    ];

    // What a layer needs beside its capabilities: the port of the read models with its engine and what runs projections, what makes a host of the API, and the languages that the domain speaks.
    private static readonly Dictionary<string, string[]> Layers = new()
    {
        ["Domain"] = ["Json"],
        ["Commands"] = [],
        ["Projections"] = ["Store", "Embedded", "Engine"],
        ["Queries"] = [],
        ["Api"] = ["Cli", "Hosting", "Http", "OpenApi", "Properties"],
    };

    private static IEnumerable<string> LayerNames => Layers.Keys;

    [TestCaseSource(nameof(LayerNames))]
    public void of_a_layer_are_named_after_the_capabilities(string layer) =>
        Directory.EnumerateDirectories(Repository.PathOf($"src/{layer}"))
            .Select(Path.GetFileName)
            .Where(f => f is not ("bin" or "obj"))
            .Should().BeSubsetOf(Capabilities.Concat(Layers[layer]));

    [TestCaseSource(nameof(LayerNames))]
    public void and_namespaces_of_a_layer_agree(string layer)
    {
        var wrong = Repository.Files("*.cs")
            .Select(Repository.Relative)
            .Where(f => f.StartsWith($"src/{layer}/", StringComparison.Ordinal))
            .Select(f => (File: f, Namespace: NamespaceOf(f)))
            .Where(f => f.Namespace is { } name && name != $"AIaaS.{layer}" && name != $"AIaaS.{layer}.{f.File.Split('/')[2]}" && !name.StartsWith($"AIaaS.{layer}.{f.File.Split('/')[2]}.", StringComparison.Ordinal));
        wrong.Should().BeEmpty();
    }

    private static string? NamespaceOf(string file) => File.ReadLines(Repository.PathOf(file))
        .FirstOrDefault(l => l.StartsWith("namespace ", StringComparison.Ordinal))?["namespace ".Length..].TrimEnd(';', ' ');
}
