using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using AIaaS.Domain.Agents;
using AIaaS.EventStore;

namespace AIaaS.Commands.Agents;

/// <summary>An event of an episode, as it was recorded.</summary>
/// <param name="Number">Its version in the run's stream.</param>
/// <param name="Id">Its id.</param>
/// <param name="Type">Its type.</param>
/// <param name="Data">Its data, byte for byte.</param>
/// <param name="Metadata">Its metadata, byte for byte.</param>
public sealed record EpisodeEvent(long Number, Guid Id, string Type, ReadOnlyMemory<byte> Data, ReadOnlyMemory<byte> Metadata);

/// <summary>The recorded events of one run, and the workflow that it pinned: everything that a replay needs.</summary>
/// <param name="Stream">The run's stream.</param>
/// <param name="Events">In order.</param>
/// <param name="Workflow">The canonical form of the pinned workflow; null where it is not known.</param>
public sealed record Episode(string Stream, ImmutableArray<EpisodeEvent> Events, string? Workflow)
{
    /// <summary>The name of the file format.</summary>
    public const string Format = "aiaas.episode.v1";

    /// <summary>The largest file that is read, in bytes.</summary>
    public const int MaxBytes = 64 * 1024 * 1024;

    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    /// <summary>The tenant in the stream's name.</summary>
    public string Tenant => new StreamName(Stream).Tenant;

    /// <summary>The run in the stream's name.</summary>
    public string Run => new StreamName(Stream).Id;

    /// <summary>Writes the episode as JSON, in UTF-8.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(
        new EpisodeFile(Format, Stream, Workflow, [.. Events.Select(e => new EpisodeFileEvent(e.Number, e.Id, e.Type, TextOf(e.Data), BytesOf(e.Data), TextOf(e.Metadata), BytesOf(e.Metadata)))]),
        EpisodeJson.Default.EpisodeFile);

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <exception cref="DomainException">It is no episode; the message says where it fails.</exception>
    public static Episode FromJson(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length > MaxBytes)
        {
            throw Invalid($"The file has {utf8.Length} bytes; at most {MaxBytes} are possible.");
        }

        EpisodeFile file;
        try
        {
            file = JsonSerializer.Deserialize(utf8, EpisodeJson.Default.EpisodeFile) ?? throw Invalid("The file is null.");
        }
        catch (JsonException e)
        {
            throw Invalid(e.Message);
        }

        if (file.Format != Format)
        {
            throw Invalid($"The format is '{file.Format}', not '{Format}'.");
        }

        if (string.IsNullOrEmpty(file.Stream) || file.Events.IsDefaultOrEmpty)
        {
            throw Invalid("The stream or the events are missing.");
        }

        var events = ImmutableArray.CreateBuilder<EpisodeEvent>(file.Events.Length);
        foreach (var e in file.Events)
        {
            if (e?.Type is null || (e.Data is null) == (e.DataBase64 is null) || (e.Metadata is null) == (e.MetadataBase64 is null))
            {
                throw Invalid($"Event {events.Count} lacks its type, data or metadata, or has them twice.");
            }

            events.Add(new(e.Number, e.Id, e.Type, e.DataBase64 ?? Encoding.UTF8.GetBytes(e.Data!), e.MetadataBase64 ?? Encoding.UTF8.GetBytes(e.Metadata!)));
        }

        return new(file.Stream, events.MoveToImmutable(), file.Workflow);
    }

    private static string? TextOf(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            return Strict.GetString(bytes.Span);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    private static byte[]? BytesOf(ReadOnlyMemory<byte> bytes) => TextOf(bytes) is null ? bytes.ToArray() : null;

    private static DomainException Invalid(string what) =>
        new(RunErrors.Invalid("invalid-episode", "This is no episode: " + what, $"Send a file as the export wrote it (format {Format}, UTF-8)."));
}

/// <summary>Reads episodes from the log.</summary>
public sealed class EpisodeStore(IEventStore log, EventTypes types, WorkflowCatalog workflows)
{
    /// <summary>The episode of a run, as far as it has been recorded.</summary>
    /// <exception cref="DomainException">There is no such run.</exception>
    public async Task<Episode> ExportAsync(string tenant, string run, CancellationToken cancellationToken = default)
    {
        var stream = Domain.Agents.Run.Stream(tenant, run);
        if (EventStoreLimits.NameFault(stream) is not null)
        {
            throw new DomainException(RunErrors.UnknownRun(run));
        }

        var events = ImmutableArray.CreateBuilder<EpisodeEvent>();
        (string Name, string Hash)? pinned = null;
        RunRequested? request = null;
        try
        {
            await foreach (var e in log.ReadStreamAsync(stream, cancellationToken: cancellationToken))
            {
                events.Add(new(e.Version, e.Id, e.Type, e.Data, e.Metadata));
                if (events.Count <= 3 && pinned is null && types.Knows(e.Type))
                {
                    var @event = types.Read(e);
                    request ??= @event as RunRequested;
                    pinned = @event is RunStarted started && request is not null ? (request.Workflow, started.Pins.Workflow) : null;
                }
            }
        }
        catch (StreamNotFoundException)
        {
            throw new DomainException(RunErrors.UnknownRun(run));
        }

        var workflow = pinned is { } p ? await workflows.FindVersionAsync(tenant, p.Name, p.Hash, cancellationToken) : null;
        return new(stream, events.ToImmutable(), workflow?.Canonical);
    }
}

internal sealed record EpisodeFile(string Format, string Stream, string? Workflow, ImmutableArray<EpisodeFileEvent> Events);

internal sealed record EpisodeFileEvent(long Number, Guid Id, string Type, string? Data, byte[]? DataBase64, string? Metadata, byte[]? MetadataBase64);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    WriteIndented = true)]
[JsonSerializable(typeof(EpisodeFile))]
internal sealed partial class EpisodeJson : JsonSerializerContext;
