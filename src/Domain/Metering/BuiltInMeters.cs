using System.Collections.Immutable;

namespace AIaaS.Domain.Metering;

/// <summary>What the platform measures of each tenant by itself. Their event types begin with <c>aiaas.</c>, which nobody else may send.</summary>
public static class BuiltInMeters
{
    /// <summary>What the types of the platform's own usage begin with.</summary>
    public const string Reserved = "aiaas.";

    /// <summary>A run ended.</summary>
    public const string Run = "aiaas.run";

    /// <summary>A model answered.</summary>
    public const string ModelCall = "aiaas.model.call";

    /// <summary>A tool call ended.</summary>
    public const string ToolCall = "aiaas.tool.call";

    /// <summary>How much a tenant stores has changed.</summary>
    public const string Storage = "aiaas.storage";

    /// <summary>API requests of one kind within a second.</summary>
    public const string ApiRequest = "aiaas.api.request";

    /// <summary>The meter of money: the exact cost of model calls and of tools that have a price, in US dollars.</summary>
    public const string Cost = "cost";

    /// <summary>
    /// All of them. <c>cost</c> is there twice: of model calls and of tool calls. A path that finds nothing gives no reading, so that a token class
    /// without tokens leaves none.
    /// </summary>
    public static ImmutableArray<MeterDefinition> All { get; } =
    [
        new("api_requests", ApiRequest, Aggregation.Sum) { Value = "$.requests", Dimensions = Of("route", "status"), Unit = "requests", Description = "API requests, by route and status." },
        new(Cost, ModelCall, Aggregation.Sum) { Value = "$.cost", Dimensions = Of("model", "tier", "tool", "workflow"), Unit = "USD", Description = "What model calls and tools with a price cost." },
        new(Cost, ToolCall, Aggregation.Sum) { Value = "$.cost", Dimensions = Of("model", "tier", "tool", "workflow"), Unit = "USD", Description = "What model calls and tools with a price cost." },
        new("model_calls", ModelCall, Aggregation.Count) { Dimensions = Of("model", "tier", "workflow"), Unit = "calls", Description = "Answers of models." },
        new("runs", Run, Aggregation.Count) { Dimensions = Of("outcome", "workflow"), Unit = "runs", Description = "Runs that ended." },
        new("storage_bytes", Storage, Aggregation.Max) { Value = "$.bytes", Unit = "bytes", Description = "Bytes of all articles, the most that there were." },
        Tokens("cache_read", "cacheRead", "Input tokens that came from a cache."),
        Tokens("cache_write", "cacheWrite", "Input tokens that were written to a cache."),
        Tokens("output", "output", "Output tokens that can be seen."),
        Tokens("reasoning", "reasoning", "Output tokens spent on reasoning."),
        Tokens("uncached_input", "uncachedInput", "Input tokens that came from no cache."),
        new("tool_calls", ToolCall, Aggregation.Count) { Dimensions = Of("outcome", "tool", "workflow"), Unit = "calls", Description = "Tool calls, by how they came out." },
    ];

    /// <summary>The built-in meter of that name; null for none.</summary>
    public static MeterDefinition? Find(string meter) => All.FirstOrDefault(m => m.Meter == meter);

    private static MeterDefinition Tokens(string name, string member, string description) =>
        new("tokens." + name, ModelCall, Aggregation.Sum) { Value = "$." + member, Dimensions = Of("model", "tier", "workflow"), Unit = "tokens", Description = description };

    private static ImmutableSortedDictionary<string, string> Of(params IEnumerable<string> names) => names.ToImmutableSortedDictionary(n => n, n => "$." + n, StringComparer.Ordinal);
}
