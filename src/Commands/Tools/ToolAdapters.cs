using AIaaS.Domain.Tools;

namespace AIaaS.Commands.Tools;

/// <summary>Makes tools of manifests and adapters.</summary>
public sealed class ToolAdapters(ToolNetwork network, ToolSecrets secrets, McpSessions mcp, TimeProvider time)
{
    /// <summary>A tool whose calls go where its adapter says.</summary>
    /// <exception cref="ArgumentException">The adapter is none that <see cref="ToolRules"/> lets through.</exception>
    public ITool Make(ToolManifest manifest, ToolAdapter adapter)
    {
        ArgumentNullException.ThrowIfNull(adapter);
        return adapter switch
        {
            { Http: { } http } => new HttpTool(manifest, http, network, secrets, time),
            { Webhook: { } webhook } => new WebhookTool(manifest, webhook, network, secrets, time),
            { Mcp: { } server } => new McpTool(manifest, server, mcp),
            { Email: { } email } => new EmailTool(manifest, email, network, secrets, time),
            _ => throw new ArgumentException($"The adapter of '{manifest.Name}' is none.", nameof(adapter)),
        };
    }
}
