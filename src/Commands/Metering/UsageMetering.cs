using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using AIaaS.Domain.Agents;
using AIaaS.Domain.Knowledge;
using AIaaS.Domain.Metering;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;

namespace AIaaS.Commands.Metering;

/// <summary>What calls of tools cost.</summary>
public interface IToolPrices
{
    /// <summary>What a call that ended costs, in US dollars; null where the tool has no price.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="ended"><see cref="ToolCallSucceeded"/>, or a <see cref="ToolCallResolved"/> that says it succeeded.</param>
    decimal? Of(string tenant, DomainEvent ended);
}

/// <summary>
/// The platform measures itself, off the log: runs, model calls, tool calls, stored bytes. Each measurement's id is that of the event that caused it,
/// so that it is there once however often it is made. Forked runs and replays are not measured.
/// </summary>
public sealed class UsageMetering(UsageLog usage, IEventStore log, EventTypes types, IToolPrices? prices = null) : IEventHandler
{
    private const int MaxRuns = 20_000;

    private readonly ConcurrentDictionary<string, RunFacts> runs = new(StringComparer.Ordinal);
    private readonly StorageTotals storage = new(log, types);

    /// <inheritdoc />
    public string Name => "usage-metering";

    /// <inheritdoc />
    public EventFilter Filter { get; } = EventFilter.Types("agent.run.requested", "agent.run.completed", "model.call.completed", "tool.call.", "ingest.doc.");

    /// <inheritdoc />
    public string KeyOf(EventEnvelope envelope)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        // A tenant's articles change one total.
        return envelope.Event is ArticleProcessed or ArticleRemoved ? "storage:" + envelope.Tenant : envelope.Recorded.Stream;
    }

    /// <inheritdoc />
    public async Task HandleAsync(EventEnvelope envelope, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        if (envelope.Tenant.Length == 0)
        {
            return;
        }

        switch (envelope.Event)
        {
            case RunRequested e:
                Remember(envelope.Recorded.Stream, e);
                break;
            case RunCompleted e:
                runs.TryRemove(envelope.Recorded.Stream, out _);
                if (!e.Forked)
                {
                    await RecordAsync(envelope, "aiaas/run", BuiltInMeters.Run, e.At, w =>
                    {
                        w.WriteString("workflow"u8, e.Workflow);
                        w.WriteString("outcome"u8, e.Outcome.ToString());
                    });
                }

                break;
            case ModelCallCompleted e when await FactsAsync(envelope, cancellationToken) is { IsForked: false } facts:
                await RecordAsync(envelope, "aiaas/model", BuiltInMeters.ModelCall, e.At, w => Write(w, e, facts.Workflow));
                break;
            case ToolCallSucceeded e:
                await ToolCallAsync(envelope, e.Call, e.Tool, "succeeded", e.At, prices?.Of(envelope.Tenant, e), cancellationToken);
                break;
            case ToolCallFailed e:
                await ToolCallAsync(envelope, e.Call, e.Tool, "failed", e.At, null, cancellationToken);
                break;
            case ToolCallUnknown e:
                await ToolCallAsync(envelope, e.Call, e.Tool, "unknown", e.At, null, cancellationToken);
                break;
            case ToolCallResolved { Succeeded: true } e when prices?.Of(envelope.Tenant, e) is { } cost:
                // The call itself was counted when it became unknown; what it costs is known only now.
                await ToolCallAsync(envelope, e.Call, e.Tool, null, e.At, cost, cancellationToken);
                break;
            case ArticleProcessed or ArticleRemoved:
                var (at, bytes) = await storage.AfterAsync(envelope, cancellationToken);
                await RecordAsync(envelope, "aiaas/storage", BuiltInMeters.Storage, at, w => w.WriteNumber("bytes"u8, bytes), envelope.Tenant);
                break;
            default:
                break;
        }
    }

    private static void Write(Utf8JsonWriter writer, ModelCallCompleted e, string? workflow)
    {
        writer.WriteString("call"u8, e.Call);
        writer.WriteString("model"u8, e.Model);
        writer.WriteString("tier"u8, e.Tier.ToString());
        WriteWorkflow(writer, workflow);
        writer.WriteNumber("cost"u8, e.Cost.Amount);
        WriteTokens("uncachedInput"u8, e.Usage.UncachedInput);
        WriteTokens("cacheRead"u8, e.Usage.CacheRead);
        WriteTokens("cacheWrite"u8, e.Usage.CacheWrite);
        WriteTokens("output"u8, e.Usage.Output);
        WriteTokens("reasoning"u8, e.Usage.Reasoning);

        void WriteTokens(ReadOnlySpan<byte> name, long tokens)
        {
            if (tokens > 0)
            {
                writer.WriteNumber(name, tokens);
            }
        }
    }

    private static void WriteWorkflow(Utf8JsonWriter writer, string? workflow)
    {
        if (workflow is { Length: > 0 })
        {
            writer.WriteString("workflow"u8, workflow);
        }
    }

    private async Task ToolCallAsync(EventEnvelope envelope, string call, string tool, string? outcome, DateTimeOffset at, decimal? cost, CancellationToken cancellationToken)
    {
        var facts = await FactsAsync(envelope, cancellationToken);
        if (facts.IsForked)
        {
            return;
        }

        await RecordAsync(envelope, outcome is null ? "aiaas/tool/resolved" : "aiaas/tool", outcome is null ? BuiltInMeters.ToolCost : BuiltInMeters.ToolCall, at, w =>
        {
            w.WriteString("call"u8, call);
            w.WriteString("tool"u8, tool);
            if (outcome is not null)
            {
                w.WriteString("outcome"u8, outcome);
            }

            WriteWorkflow(w, facts.Workflow);
            if (cost is { } price)
            {
                w.WriteNumber("cost"u8, price);
            }
        });
    }

    private Task RecordAsync(EventEnvelope envelope, string source, string type, DateTimeOffset at, Action<Utf8JsonWriter> write, string? subject = null)
    {
        using var data = new MemoryStream();
        using (var writer = new Utf8JsonWriter(data))
        {
            writer.WriteStartObject();
            write(writer);
            writer.WriteEndObject();
        }

        var id = envelope.Recorded.Id.ToString("N");
        var metadata = new EventMetadata { CorrelationId = envelope.Metadata.CorrelationId, CausationId = id, Tenant = envelope.Tenant, Actor = Name };
        return usage.RecordAsync(envelope.Tenant, [new PlatformUsage(source, id, type, subject ?? new StreamName(envelope.Recorded.Stream).Id, at, data.ToArray())], metadata);
    }

    private async ValueTask<RunFacts> FactsAsync(EventEnvelope envelope, CancellationToken cancellationToken)
    {
        var stream = envelope.Recorded.Stream;
        if (!stream.StartsWith("agentRun-", StringComparison.Ordinal))
        {
            return new(null, false);
        }

        if (runs.TryGetValue(stream, out var known))
        {
            return known;
        }

        await foreach (var first in log.ReadStreamOrEmptyAsync(stream, ReadDirection.Forwards, 0, 1, cancellationToken))
        {
            if (types.Read(first.Type, first.Data.Span) is RunRequested requested)
            {
                return Remember(stream, requested);
            }
        }

        return new(null, false);
    }

    private RunFacts Remember(string stream, RunRequested requested)
    {
        if (runs.Count >= MaxRuns)
        {
            runs.Clear();
        }

        return runs[stream] = new(requested.Workflow, requested.Fork is not null);
    }

    private readonly record struct RunFacts(string? Workflow, bool IsForked);
}

/// <summary>How many bytes of articles each tenant stores: what the log says up to the first change that is seen, and each change from then on.</summary>
internal sealed class StorageTotals(IEventStore log, EventTypes types)
{
    private readonly SemaphoreSlim gate = new(1);
    private readonly Dictionary<string, Stored> tenants = new(StringComparer.Ordinal);
    private LogPosition read;

    /// <summary>The tenant's total after an event, and the event's time.</summary>
    public async Task<(DateTimeOffset At, long Bytes)> AfterAsync(EventEnvelope envelope, CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken);
        try
        {
            if (read == LogPosition.Start)
            {
                await foreach (var before in log.ReadAllAsync(ReadDirection.Forwards, LogPosition.Start, EventFilter.Types("ingest.doc."), long.MaxValue, cancellationToken))
                {
                    if (before.Position >= envelope.Recorded.Position)
                    {
                        break;
                    }

                    if (types.Knows(before.Type))
                    {
                        Apply(EventEnvelope.Read(types, before));
                    }
                }

                read = envelope.Recorded.Position;
            }

            return (Apply(envelope), tenants[envelope.Tenant].Total);
        }
        finally
        {
            gate.Release();
        }
    }

    private DateTimeOffset Apply(EventEnvelope envelope)
    {
        if (!tenants.TryGetValue(envelope.Tenant, out var stored))
        {
            tenants.Add(envelope.Tenant, stored = new());
        }

        switch (envelope.Event)
        {
            case ArticleProcessed e:
                stored.Set(envelope.Recorded, Encoding.UTF8.GetByteCount(e.Title) + Encoding.UTF8.GetByteCount(e.Content));
                return e.At;
            case ArticleRemoved e:
                stored.Set(envelope.Recorded, 0);
                return e.At;
            default:
                return envelope.Recorded.Recorded;
        }
    }

    private sealed class Stored
    {
        private readonly Dictionary<string, (long Version, long Bytes)> articles = new(StringComparer.Ordinal);

        public long Total { get; private set; }

        public void Set(RecordedEvent recorded, long bytes)
        {
            var known = articles.GetValueOrDefault(recorded.Stream, (-1, 0));
            if (recorded.Version > known.Version)
            {
                articles[recorded.Stream] = (recorded.Version, bytes);
                Total += bytes - known.Bytes;
            }
        }
    }
}
