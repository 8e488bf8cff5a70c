using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using AIaaS.Domain.Agents;
using AIaaS.Domain.Knowledge;
using AIaaS.Domain.Metering;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;

namespace AIaaS.Commands.Metering;

/// <summary>
/// The platform measures itself, off the log: runs, model calls, tool calls, stored bytes. Each measurement's id is that of the event that caused it,
/// so that it is there once however often it is made. A call is dated at its request, as budgets date it. Forked runs and replays are not measured.
/// </summary>
public sealed class UsageMetering(UsageLog usage, IEventStore log, EventTypes types) : IEventHandler
{
    private const int MaxStreams = 20_000;

    private readonly ConcurrentDictionary<string, StreamFacts> streams = new(StringComparer.Ordinal);
    private readonly StorageTotals storage = new(log, types);

    /// <inheritdoc />
    public string Name => "usage-metering";

    /// <inheritdoc />
    public EventFilter Filter { get; } = EventFilter.Types("agent.run.requested", "agent.run.completed", "model.call.requested", "model.call.completed", "tool.call.", "ingest.doc.");

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
                Remember(envelope.Recorded.Stream, new StreamFacts().Take(e));
                break;
            case RunCompleted e:
                streams.TryRemove(envelope.Recorded.Stream, out _);
                if (!e.Forked)
                {
                    await RecordAsync(envelope, "aiaas/run", BuiltInMeters.Run, e.At, w =>
                    {
                        w.WriteString("workflow"u8, e.Workflow);
                        w.WriteString("outcome"u8, e.Outcome.ToString());
                    });
                }

                break;
            case ModelCallRequested e:
                (await FactsAsync(envelope, cancellationToken)).Requested[e.Call] = e.At;
                break;
            case ToolCallRequested e:
                (await FactsAsync(envelope, cancellationToken)).Requested[e.Call] = e.At;
                break;
            case ModelCallCompleted e:
                await CallAsync(envelope, e.Call, "aiaas/model", BuiltInMeters.ModelCall, e.At, (w, workflow) => Write(w, e, workflow), cancellationToken);
                break;
            case ToolCallSucceeded e:
                await CallAsync(envelope, e.Call, "aiaas/tool", BuiltInMeters.ToolCall, e.At, (w, workflow) => Write(w, e.Call, e.Tool, "succeeded", workflow, e.Cost?.Amount), cancellationToken);
                break;
            case ToolCallFailed e:
                await CallAsync(envelope, e.Call, "aiaas/tool", BuiltInMeters.ToolCall, e.At, (w, workflow) => Write(w, e.Call, e.Tool, "failed", workflow, null), cancellationToken);
                break;
            case ToolCallUnknown e:
                await CallAsync(envelope, e.Call, "aiaas/tool", BuiltInMeters.ToolCall, e.At, (w, workflow) => Write(w, e.Call, e.Tool, "unknown", workflow, null), cancellationToken);
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

    private static void Write(Utf8JsonWriter writer, string call, string tool, string outcome, string? workflow, decimal? cost)
    {
        writer.WriteString("call"u8, call);
        writer.WriteString("tool"u8, tool);
        writer.WriteString("outcome"u8, outcome);
        WriteWorkflow(writer, workflow);
        if (cost is { } price)
        {
            writer.WriteNumber("cost"u8, price);
        }
    }

    private async Task CallAsync(EventEnvelope envelope, string call, string source, string type, DateTimeOffset endedAt, Action<Utf8JsonWriter, string?> write, CancellationToken cancellationToken)
    {
        var facts = await FactsAsync(envelope, cancellationToken);
        if (!facts.IsForked)
        {
            var at = facts.Requested.TryGetValue(call, out var requested) ? requested : endedAt;
            await RecordAsync(envelope, source, type, at, w => write(w, facts.Workflow));
            if (envelope.Event is not ToolCallUnknown)
            {
                // What nobody knows can still come out, and is then dated at its request too.
                facts.Requested.TryRemove(call, out _);
            }
        }
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

    /// <summary>What is known of the stream that an event stands in. Events of one stream come one by one, so that it changes under nobody's hands.</summary>
    private async ValueTask<StreamFacts> FactsAsync(EventEnvelope envelope, CancellationToken cancellationToken)
    {
        var stream = envelope.Recorded.Stream;
        if (streams.TryGetValue(stream, out var known))
        {
            return known;
        }

        var facts = new StreamFacts();
        await foreach (var recorded in log.ReadStreamOrEmptyAsync(stream, ReadDirection.Forwards, 0, envelope.Recorded.Version, cancellationToken))
        {
            if (recorded.Type is "agent.run.requested" or "model.call.requested" or "tool.call.requested")
            {
                facts.Take(types.Read(recorded));
            }
        }

        return Remember(stream, facts);
    }

    private StreamFacts Remember(string stream, StreamFacts facts)
    {
        if (streams.Count >= MaxStreams)
        {
            streams.Clear();
        }

        return streams[stream] = facts;
    }

    private sealed class StreamFacts
    {
        public string? Workflow { get; private set; }

        public bool IsForked { get; private set; }

        public ConcurrentDictionary<string, DateTimeOffset> Requested { get; } = new(StringComparer.Ordinal);

        public StreamFacts Take(object @event)
        {
            switch (@event)
            {
                case RunRequested e:
                    (Workflow, IsForked) = (e.Workflow, e.Fork is not null);
                    break;
                case ModelCallRequested e:
                    Requested[e.Call] = e.At;
                    break;
                case ToolCallRequested e:
                    Requested[e.Call] = e.At;
                    break;
                default:
                    break;
            }

            return this;
        }
    }
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
