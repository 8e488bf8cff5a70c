using AIaaS.EventStore;

namespace AIaaS.Commands.Agents;

/// <summary>What the run engine and what stands around it refuse.</summary>
public static class RunErrors
{
    /// <summary>There is no such workflow.</summary>
    public static DomainError UnknownWorkflow(string name, IReadOnlyList<string> known) =>
        new("unknown-workflow", $"There is no workflow '{Shown(name)}'.", $"Use one of: {string.Join(", ", known)}.");

    /// <summary>There is no such run.</summary>
    public static DomainError UnknownRun(string run) => new("unknown-run", $"There is no run '{Shown(run)}'.", "Check the id; runs of other tenants are not visible.", 404);

    /// <summary>Too many runs at once.</summary>
    public static DomainError TooManyRuns(int most) =>
        new("temporary-reduced-capacity", $"{most} runs are being executed now.", "Send it again in a moment, with the same idempotency key.", 503);

    /// <summary>The run has not ended.</summary>
    public static DomainError StillRunning(string run) => new("run-not-completed", $"The run '{Shown(run)}' has not ended yet.", "Wait until it has, then ask again.", 409);

    /// <summary>The step cannot be forked from.</summary>
    public static DomainError UnknownStep(string step, IReadOnlyList<string> known) =>
        new("unknown-step", $"The run did not come to a step '{Shown(step)}'.", $"Fork from one of: {string.Join(", ", known)}.");

    /// <summary>The fork changes something that the step does not have.</summary>
    public static DomainError NothingToChange(string step) =>
        new("fork-not-a-model-step", $"'{Shown(step)}' is no model step: it has no prompt, tier or model.", "Fork from a model step, or give no prompt, tier and model.");

    /// <summary>There is no such model.</summary>
    public static DomainError UnknownModel(string model, IEnumerable<string> known) =>
        new("unknown-model", $"There is no model '{Shown(model)}'.", $"Use one of: {string.Join(", ", known)}.");

    /// <summary>The workflow that the run pinned is not kept.</summary>
    public static DomainError WorkflowVersionMissing(string workflow, string hash) =>
        new("workflow-version-missing", $"The version {hash} of the workflow '{Shown(workflow)}' is not in the log.", "Import the episode together with its workflow.", 409);

    /// <summary>The idempotency key was used for another request.</summary>
    public static DomainError KeyReused() =>
        new("idempotency-key-reused", "The idempotency key was used before, with another content.", "Use a new key for a new request; repeat a request with exactly the same content.");

    /// <summary>A field cannot be used.</summary>
    public static DomainError Invalid(string code, string message, string hint) => new(code, message, hint);

    private static string Shown(string text) => text.Length <= 100 ? text : text[..100] + "…";
}
