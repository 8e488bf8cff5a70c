using AIaaS.EventStore;

namespace AIaaS.Domain.Tools;

/// <summary>Type <c>tool.registered</c>, stream <c>tool-{tenant}_{name}</c>: a version of a tool was registered. It never changes.</summary>
/// <param name="Manifest">What the platform knows about it.</param>
/// <param name="Adapter">How its calls reach the far side; secrets by name only.</param>
/// <param name="ContentHash">SHA-256 (hex) over both.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ToolRegistered(ToolManifest Manifest, ToolAdapter Adapter, string ContentHash, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>tool.deprecated</c>: a version should not be used any more; it still works.</summary>
/// <param name="Tool">The tool's name.</param>
/// <param name="Version">The version.</param>
/// <param name="Instead">What to use instead, in words.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ToolDeprecated(string Tool, string Version, string Instead, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>tool.removed</c>: a version can no longer be called. Its number is not given to anything else.</summary>
/// <param name="Tool">The tool's name.</param>
/// <param name="Version">The version.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ToolRemoved(string Tool, string Version, DateTimeOffset At) : DomainEvent;
