using System.Text.Json;
using AIaaS.Domain.Tools;

namespace AIaaS.Commands.Tools;

/// <summary>A tool: a manifest, and the adapter that carries a call to where the work is done.</summary>
public interface ITool
{
    /// <summary>What the platform knows about it.</summary>
    ToolManifest Manifest { get; }

    /// <summary>
    /// Makes one attempt. What the far side refuses is a <see cref="ToolOutcome.Failed"/>; a call that left and did not answer is a
    /// <see cref="ToolOutcome.Unknown"/>. An exception, too, counts as unknown for a tool with side effects.
    /// </summary>
    Task<ToolOutcome> InvokeAsync(ToolCall call, CancellationToken cancellationToken);
}

/// <summary>A call on its way to a tool.</summary>
/// <param name="Tenant">On whose behalf.</param>
/// <param name="Caller">The stream of the run or saga that calls.</param>
/// <param name="Call">The call's id in that stream.</param>
/// <param name="IdempotencyKey">The far side does the work once under it.</param>
/// <param name="RequestHash">SHA-256 (hex) of tool, version and input.</param>
/// <param name="Input">Valid against the manifest's input schema.</param>
/// <param name="Customer">The authenticated customer whose data alone may be touched; empty where a run has not authenticated one, so that no data of any customer may be; null for a trusted caller (an operator, a saga, an import).</param>
/// <param name="CorrelationId">Groups everything that one outside request caused.</param>
public sealed record ToolCall(string Tenant, string Caller, string Call, string IdempotencyKey, string RequestHash, JsonElement Input, string? Customer, string? CorrelationId)
{
    /// <summary>The caller's own limit for all attempts together, where it is shorter than the manifest's: 5 s on the critical path. Null for the manifest's alone.</summary>
    public TimeSpan? TimeLimit { get; init; }
}

/// <summary>What became of a call.</summary>
public abstract record ToolOutcome
{
    private ToolOutcome()
    {
    }

    /// <summary>The far side did it.</summary>
    /// <param name="Output">What it returned.</param>
    public sealed record Succeeded(JsonElement Output) : ToolOutcome
    {
        /// <summary>Why the output is not what the tool should return, although the work was done; null where it is.</summary>
        public string? Flag { get; init; }
    }

    /// <summary>The far side did not do it, and that is certain.</summary>
    /// <param name="Code">Stable, lower-case, with dashes; <c>tool-error</c> for a refusal by the tool's own rules.</param>
    /// <param name="Reason">What the tool said.</param>
    /// <param name="Retryable">Whether another try later may help.</param>
    public sealed record Failed(string Code, string Reason, bool Retryable = false) : ToolOutcome
    {
        /// <summary>When the far side wants to be asked again; null where it did not say.</summary>
        public TimeSpan? RetryAfter { get; init; }

        /// <summary>The refusal in full, where the tool's own rules refused it; not recorded.</summary>
        public EventStore.DomainError? Error { get; init; }
    }

    /// <summary>The call left and nobody knows what became of it.</summary>
    /// <param name="Reason">Why.</param>
    public sealed record Unknown(string Reason) : ToolOutcome;
}

/// <summary>Where tools are found.</summary>
public interface IToolRegistry
{
    /// <summary>The newest version that is not deprecated, or the one asked for; null where there is none for that tenant.</summary>
    ITool? Find(string tenant, string name, string? version = null);

    /// <summary>All tools of a tenant, all versions: the built-in ones and its own.</summary>
    IReadOnlyList<ToolManifest> List(string tenant);
}

/// <summary>Calls tools: schema check of input and output, and the Polly pipeline (time-out, at most 3 attempts, circuit, bulkhead) around the adapter.</summary>
public interface IToolExecutor
{
    /// <summary>
    /// Makes a call that its caller has already recorded as requested. An unknown outcome is tried again only where the manifest says that
    /// the tool is idempotent or has no side effect.
    /// </summary>
    Task<ToolResult> ExecuteAsync(ITool tool, ToolCall call, CancellationToken cancellationToken);
}

/// <summary>What became of a call, all attempts together.</summary>
/// <param name="Outcome">The last attempt's outcome.</param>
/// <param name="Attempts">Attempts that were made; 0 when nothing left (circuit open, bulkhead full, invalid input).</param>
/// <param name="LatencyMs">All attempts together, in milliseconds.</param>
public sealed record ToolResult(ToolOutcome Outcome, int Attempts, double LatencyMs)
{
    /// <summary>
    /// Whether it leaves open what an earlier call under the same key did, whose worker stopped: that the far side could not be asked now
    /// says nothing about then. Only its own refusal does.
    /// </summary>
    public bool SaysNothingOfBefore => Outcome is ToolOutcome.Failed failed && (failed.Retryable || Attempts == 0 || failed.Code == "unauthorized");
}
