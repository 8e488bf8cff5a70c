using AIaaS.EventStore;

namespace AIaaS.Domain.Agents;

/// <summary>What changing workflows refuses.</summary>
public static class WorkflowErrors
{
    /// <summary>Somebody else changed the tenant's workflows.</summary>
    public static DomainError ChangedMeanwhile() => new("workflows-changed-meanwhile", "The workflows were changed while this change was compiled.", "Send it again.", 409);

    /// <summary>Too many documents.</summary>
    public static DomainError TooMany(int most) => new("too-many-workflows", $"There are {most} workflows, fragments and overlays already.", "Remove some first.", 409);

    /// <summary>There is no such document.</summary>
    public static DomainError UnknownDocument(string kind, string name) => new($"unknown-{kind}", $"There is no {kind} '{name}' of this tenant.", "Check the name; what is shipped cannot be removed.", 404);

    /// <summary>There is no such version.</summary>
    public static DomainError UnknownVersion(string workflow, string version) =>
        new("unknown-workflow-version", $"There is no version '{version}' of the workflow '{workflow}'.", "List the versions of the workflow, and give the hash of one of them.", 404);

    /// <summary>There is nothing to go back to.</summary>
    public static DomainError NothingBefore(string workflow) =>
        new("no-version-before", $"No version of '{workflow}' was active before this one.", "Activate a version by its hash instead.", 409);

    /// <summary>The run cannot be moved.</summary>
    public static DomainError CannotMove(string reasons) => new("run-cannot-be-moved", reasons, "Let the run end on its version, or publish a version that keeps these steps.", 422);
}
