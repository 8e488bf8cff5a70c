using System.Text.Json.Serialization;

namespace AIaaS.Domain.Tools;

/// <summary>Who may have a tool called on their behalf.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ToolAccess>))]
public enum ToolAccess
{
    /// <summary>Anybody: it shows and changes nothing personal.</summary>
    Public,

    /// <summary>A customer who has been authenticated in this conversation, for their own data only.</summary>
    Customer,
}

/// <summary>What the platform knows about a tool. A name and a version stand for one manifest for ever.</summary>
/// <param name="Name">Lower-case letters, digits, <c>_</c>, <c>.</c> and <c>-</c>; up to 100 characters.</param>
/// <param name="Version">Three numbers, as in <c>1.0.0</c>.</param>
/// <param name="Description">What it does, in words that a model can choose by.</param>
/// <param name="Input">JSON Schema (draft 2020-12) of the input, as JSON text.</param>
/// <param name="Output">JSON Schema (draft 2020-12) of the output, as JSON text.</param>
public sealed record ToolManifest(string Name, string Version, string Description, string Input, string Output)
{
    /// <summary>Whether a call changes something in the world.</summary>
    public bool SideEffect { get; init; }

    /// <summary>Whether the far side does the work once however often it is called under one idempotency key. Only then is an unknown outcome tried again.</summary>
    public bool Idempotent { get; init; }

    /// <summary>The tool that undoes a call; null where nothing does. It gets <c>{"input": …, "output": …}</c> of the call as its input.</summary>
    public string? Compensation { get; init; }

    /// <summary>Who may have it called.</summary>
    public ToolAccess Access { get; init; }

    /// <summary>Whether a success proves who the customer is: the output is then the customer's id.</summary>
    public bool Authenticates { get; init; }

    /// <summary>Whether the customer must have confirmed exactly this call before.</summary>
    public bool Confirmation { get; init; }

    /// <summary>The longest a call may take, all attempts together, in milliseconds: 1 to 600,000. Default: 30,000 (DESIGN, section 6).</summary>
    public int TimeoutMs { get; init; } = 30_000;

    /// <summary>The most calls at once in one process, 1 to 1,000. Default: 32.</summary>
    public int Bulkhead { get; init; } = 32;

    /// <summary>What to use instead, when this version should not be used any more; null while it should.</summary>
    public string? Deprecated { get; init; }

    /// <summary>What a call that succeeds costs, in US dollars; null for nothing. It is reserved at budgets before the call, and metered as cost after it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Money? Price { get; init; }
}
