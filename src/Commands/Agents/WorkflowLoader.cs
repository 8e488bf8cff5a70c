namespace AIaaS.Commands.Agents;

/// <summary>Loads workflows from YAML. Every fault comes with file, line, column and a hint, and all faults come at once.</summary>
public static class WorkflowLoader
{
    /// <summary>The most nodes in one source.</summary>
    public const int MaxNodes = WorkflowSyntax.MaxNodes;

    /// <summary>The most nodes of a workflow with everything that it uses.</summary>
    public const int MaxLinkedNodes = WorkflowSyntax.MaxLinkedNodes;

    /// <summary>Loads a workflow that uses nothing but shipped fragments.</summary>
    /// <param name="file">The file's name, for the faults.</param>
    /// <param name="yaml">Its text.</param>
    public static WorkflowLoad Load(string file, string yaml)
    {
        var document = WorkflowDocument.Read(file, yaml);
        if (document.Kind == WorkflowDocumentKind.Workflow)
        {
            var compiled = new WorkflowCompiler([.. WorkflowFiles.Shipped.Where(d => d.Kind == WorkflowDocumentKind.Fragment), document], null, null).Compile(document.Name)!;
            return new(compiled.Linked, compiled.Faults);
        }

        var faults = document.Faults;
        return new(null, faults.IsEmpty ? [new(file, 1, 1, $"This is {(document.Kind == WorkflowDocumentKind.Fragment ? "a fragment" : "an overlay")}, no workflow.", "Begin with 'workflow: <name>'.")] : faults);
    }
}
