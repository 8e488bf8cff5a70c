using System.Collections.Immutable;

namespace AIaaS.Commands.Agents;

/// <summary>The documents that do not come from a tenant: those that are shipped, and those of the configured folder.</summary>
internal static class WorkflowFiles
{
    /// <summary>The documents that are part of the program.</summary>
    public static ImmutableArray<WorkflowDocument> Shipped => field.IsDefault ? field = ReadShipped() : field;

    /// <summary>The documents of a folder; none where no folder is given.</summary>
    /// <exception cref="InvalidWorkflowException">There is no such folder.</exception>
    public static IEnumerable<WorkflowDocument> In(string? folder)
    {
        if (folder is not { Length: > 0 })
        {
            yield break;
        }

        if (!Directory.Exists(folder))
        {
            throw new InvalidWorkflowException([new(folder, 1, 1, "The folder of Workflows:Folder does not exist.", "Create it, or leave the setting out.")]);
        }

        foreach (var file in Directory.EnumerateFiles(folder, "*.yaml", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            // A file that is far too large is not read; the reader says so of any text of its length.
            yield return WorkflowDocument.Read(file, new FileInfo(file).Length > 4 * WorkflowYaml.MaxLength ? new string('#', WorkflowYaml.MaxLength + 1) : File.ReadAllText(file));
        }
    }

    private static ImmutableArray<WorkflowDocument> ReadShipped()
    {
        var assembly = typeof(WorkflowFiles).Assembly;
        var documents = ImmutableArray.CreateBuilder<WorkflowDocument>();
        foreach (var name in assembly.GetManifestResourceNames().Where(n => n.StartsWith("workflows/", StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
            documents.Add(WorkflowDocument.Read(name, reader.ReadToEnd()));
        }

        return documents.ToImmutable();
    }
}
