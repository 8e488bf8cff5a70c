using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text.Json;
using AIaaS.EventStore;

namespace AIaaS.Domain.Tools;

/// <summary>Registers a version of a tool.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Manifest">What the platform knows about it.</param>
/// <param name="Adapter">How its calls reach the far side.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record RegisterTool(string Tenant, ToolManifest Manifest, ToolAdapter Adapter, DateTimeOffset At);

/// <summary>Says that a version should not be used any more.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Tool">The tool's name.</param>
/// <param name="Version">The version.</param>
/// <param name="Instead">What to use instead, in words.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record DeprecateTool(string Tenant, string Tool, string Version, string Instead, DateTimeOffset At);

/// <summary>Removes a version.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Tool">The tool's name.</param>
/// <param name="Version">The version.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record RemoveTool(string Tenant, string Tool, string Version, DateTimeOffset At);

/// <summary>A version of a registered tool.</summary>
/// <param name="Manifest">What the platform knows about it, its deprecation included.</param>
/// <param name="Adapter">How its calls reach the far side.</param>
/// <param name="ContentHash">SHA-256 (hex) over manifest and adapter as registered.</param>
/// <param name="Removed">Whether it can no longer be called.</param>
public sealed record RegisteredVersion(ToolManifest Manifest, ToolAdapter Adapter, string ContentHash, bool Removed);

/// <summary>A tool that a tenant registered, with its versions.</summary>
public sealed record RegisteredTool : IState<RegisteredTool>
{
    /// <summary>The most versions of one tool.</summary>
    public const int MaxVersions = 100;

    /// <summary>The tool before it is registered.</summary>
    public static RegisteredTool Initial { get; } = new();

    /// <summary>Its versions, removed ones included.</summary>
    public ImmutableSortedDictionary<string, RegisteredVersion> Versions { get; init; } = ImmutableSortedDictionary.Create<string, RegisteredVersion>(StringComparer.Ordinal);

    /// <summary>The stream of a tool.</summary>
    public static StreamName Stream(string tenant, string tool) => StreamName.For("tool", tenant, tool);

    /// <inheritdoc />
    public RegisteredTool Evolve(object @event) => @event switch
    {
        ToolRegistered e => this with { Versions = Versions.SetItem(e.Manifest.Version, new(e.Manifest, e.Adapter, e.ContentHash, Removed: false)) },
        ToolDeprecated e when Versions.TryGetValue(e.Version, out var version) => this with { Versions = Versions.SetItem(e.Version, version with { Manifest = version.Manifest with { Deprecated = e.Instead } }) },
        ToolRemoved e when Versions.TryGetValue(e.Version, out var version) => this with { Versions = Versions.SetItem(e.Version, version with { Removed = true }) },
        _ => this,
    };

    /// <summary>Registers a version; the same content again changes nothing, another one is refused for ever.</summary>
    public Decision Register(RegisterTool command)
    {
        var hash = Hash(command.Manifest, command.Adapter);
        if (Versions.TryGetValue(command.Manifest.Version, out var known))
        {
            return known.ContentHash != hash ? ToolErrors.VersionTaken(command.Manifest.Name, command.Manifest.Version)
                : known.Removed ? new ToolRegistered(command.Manifest, command.Adapter, hash, command.At)
                : Decision.Unchanged;
        }

        return Versions.Count >= MaxVersions
            ? ToolErrors.TooManyVersions(command.Manifest.Name)
            : new ToolRegistered(command.Manifest, command.Adapter, hash, command.At);
    }

    /// <summary>Says that a version should not be used any more.</summary>
    public Decision Deprecate(DeprecateTool command) =>
        !Versions.TryGetValue(command.Version, out var version) || version.Removed ? ToolErrors.Unknown(command.Tool, command.Version)
        : version.Manifest.Deprecated == command.Instead ? Decision.Unchanged
        : new ToolDeprecated(command.Tool, command.Version, command.Instead, command.At);

    /// <summary>Removes a version.</summary>
    public Decision Remove(RemoveTool command) =>
        !Versions.TryGetValue(command.Version, out var version) ? ToolErrors.Unknown(command.Tool, command.Version)
        : version.Removed ? Decision.Unchanged
        : new ToolRemoved(command.Tool, command.Version, command.At);

    /// <summary>SHA-256 (hex) over manifest and adapter.</summary>
    public static string Hash(ToolManifest manifest, ToolAdapter adapter) => Convert.ToHexStringLower(SHA256.HashData(
        [.. JsonSerializer.SerializeToUtf8Bytes(manifest, ToolJson.Default.ToolManifest), 0, .. JsonSerializer.SerializeToUtf8Bytes(adapter, ToolJson.Default.ToolAdapter)]));
}

/// <summary>What can be refused of tools and their calls.</summary>
public static class ToolErrors
{
    /// <summary>All that is wrong with a registration.</summary>
    public static DomainError Invalid(IReadOnlyList<string> faults) =>
        new("tool-invalid", "The tool cannot be registered: " + string.Join("; ", faults) + ".", "Change what is named and send it again.");

    /// <summary>A version stands for one content for ever.</summary>
    public static DomainError VersionTaken(string tool, string version) =>
        new("tool-version-taken", $"Version {version} of the tool '{tool}' is registered with another content.", "A version never changes: register the new content under a new version.", 409);

    /// <summary>The name belongs to a tool of the platform.</summary>
    public static DomainError NameTaken(string tool) =>
        new("tool-name-taken", $"'{tool}' is a tool of the platform.", "Use another name.", 409);

    /// <summary>Too many versions.</summary>
    public static DomainError TooManyVersions(string tool) =>
        new("tool-versions-exhausted", $"The tool '{tool}' has {RegisteredTool.MaxVersions} versions, the most that are possible.", "Register a tool under another name.", 409);

    /// <summary>Too many tools.</summary>
    public static DomainError TooManyTools(int most) =>
        new("tools-exhausted", $"There are {most} registered tools, the most that are possible.", "Remove tools that are not used.", 409);

    /// <summary>There is no such tool.</summary>
    public static DomainError Unknown(string tool, string? version = null) =>
        new("unknown-tool", version is null ? $"There is no tool '{Shown(tool)}'." : $"There is no version {Shown(version)} of the tool '{Shown(tool)}'.", "GET /v1/tools lists the tools with their versions.", 404);

    /// <summary>There is no such call.</summary>
    public static DomainError UnknownCall(string call) => new("unknown-side-effect", $"There is no tool call '{Shown(call)}'.", "GET /v1/side-effects lists the calls.", 404);

    /// <summary>Only what is unknown can be resolved.</summary>
    public static DomainError NotUnknown(string call, string state) =>
        new("side-effect-not-unknown", $"The outcome of the call '{Shown(call)}' is not unknown: it is {state}.", "Only a call whose outcome is unknown can be resolved.", 409);

    /// <summary>The call belongs to something that takes no resolution.</summary>
    public static DomainError Invalid(string message, string hint) => new("resolution-invalid", message, hint);

    private static string Shown(string text) => text.Length <= 100 ? text : text[..100] + "…";
}
