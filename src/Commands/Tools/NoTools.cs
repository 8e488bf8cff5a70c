using AIaaS.Domain.Tools;

namespace AIaaS.Commands.Tools;

/// <summary>Where no tools are set up.</summary>
internal sealed class NoTools : IToolRegistry, IToolExecutor
{
    public ITool? Find(string tenant, string name, string? version = null) => null;

    public IReadOnlyList<ToolManifest> List(string tenant) => [];

    public Task<ToolResult> ExecuteAsync(ITool tool, ToolCall call, CancellationToken cancellationToken) =>
        Task.FromResult(new ToolResult(new ToolOutcome.Failed("unknown-tool", "No tools are set up."), 0, 0));
}
