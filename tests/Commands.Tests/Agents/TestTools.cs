using System.Collections.Concurrent;
using System.Text.Json;
using AIaaS.Commands.Tools;
using AIaaS.Domain.Tools;

namespace Commands.Tests.Agents;

/// <summary>Tools whose work a test decides, and a far side that keeps what it was asked to do, once under each idempotency key.</summary>
internal sealed class TestTools : IToolRegistry
{
    private readonly Dictionary<string, ITool> tools = new(StringComparer.Ordinal);

    /// <summary>Calls as they arrived.</summary>
    public ConcurrentQueue<ToolCall> Calls { get; } = new();

    /// <summary>What the far side has done, by idempotency key.</summary>
    public ConcurrentDictionary<string, string> Done { get; } = new(StringComparer.Ordinal);

    public TestTools Add(string name, Func<ToolCall, CancellationToken, Task<ToolOutcome>> work, Func<ToolManifest, ToolManifest>? manifest = null)
    {
        var own = new ToolManifest(name, "1.0.0", "A tool of a test.", "{}", "{}");
        tools[name] = new Tool(manifest?.Invoke(own) ?? own, (call, cancellation) =>
        {
            Calls.Enqueue(call);
            return work(call, cancellation);
        });
        return this;
    }

    /// <summary>A tool that returns JSON.</summary>
    public TestTools Returns(string name, string json, Func<ToolManifest, ToolManifest>? manifest = null) =>
        Add(name, (_, _) => Task.FromResult<ToolOutcome>(new ToolOutcome.Succeeded(Json(json))), manifest);

    /// <summary>A tool that fails.</summary>
    public TestTools Fails(string name, string reason = "no", Func<ToolManifest, ToolManifest>? manifest = null) =>
        Add(name, (_, _) => Task.FromResult<ToolOutcome>(new ToolOutcome.Failed("tool-error", reason)), manifest);

    /// <summary>A tool that changes something, once under each key, and returns the key's call.</summary>
    public TestTools Changes(string name, Func<ToolManifest, ToolManifest>? manifest = null) => Add(
        name,
        (call, _) =>
        {
            Done[call.IdempotencyKey] = call.Input.GetRawText();
            return Task.FromResult<ToolOutcome>(new ToolOutcome.Succeeded(Json($$"""{"done":"{{call.Call}}"}""")));
        },
        m => (manifest?.Invoke(m) ?? m) with { SideEffect = true, Idempotent = true });

    public ITool? Find(string tenant, string name, string? version = null) => tools.GetValueOrDefault(name);

    public IReadOnlyList<ToolManifest> List(string tenant) => [.. tools.Values.Select(t => t.Manifest)];

    public static JsonElement Json(string json) => JsonSerializer.Deserialize<JsonElement>(json);

    private sealed class Tool(ToolManifest manifest, Func<ToolCall, CancellationToken, Task<ToolOutcome>> work) : ITool
    {
        public ToolManifest Manifest => manifest;

        public Task<ToolOutcome> InvokeAsync(ToolCall call, CancellationToken cancellationToken) => work(call, cancellationToken);
    }
}
