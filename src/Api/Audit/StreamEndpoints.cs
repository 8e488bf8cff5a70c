using System.Security.Cryptography;
using System.Text.Json;
using AIaaS.Api.Http;
using AIaaS.Api.OpenApi;
using AIaaS.EventStore;
using Microsoft.AspNetCore.Http.HttpResults;

namespace AIaaS.Api.Audit;

/// <summary>A page of a stream.</summary>
/// <param name="Stream">The stream.</param>
/// <param name="Events">In the order that was asked for.</param>
/// <param name="Next">The version to read on from; null when this was the last page.</param>
internal sealed record StreamPage(string Stream, IReadOnlyList<StreamEvent> Events, long? Next);

/// <summary>An event as the log holds it.</summary>
/// <param name="Position">Its place in the whole log.</param>
/// <param name="Version">Its place in the stream, from 0.</param>
/// <param name="Id">Its id.</param>
/// <param name="Type">Its type; docs/events.md says what each type means.</param>
/// <param name="RecordedAt">When the log recorded it, UTC.</param>
/// <param name="Data">The data, where they are JSON.</param>
/// <param name="DataBase64">The data's exact bytes, where asked for by raw=true or where they are not JSON.</param>
/// <param name="DataSha256">SHA-256 (hex) of the data's exact bytes.</param>
/// <param name="Metadata">The metadata.</param>
internal sealed record StreamEvent(string Position, long Version, Guid Id, string Type, DateTimeOffset RecordedAt, JsonElement? Data, string? DataBase64, string DataSha256, JsonElement? Metadata);

/// <summary>An auditor reads any stream of the own tenant.</summary>
internal static class StreamEndpoints
{
    private const string PageExample = """
        {
          "stream": "tenant-acme_profile",
          "events": [
            {
              "position": "1", "version": 0, "id": "019c1d2e-3f4a-7b8c-9d0e-1f2a3b4c5d6e", "type": "tenant.created", "recordedAt": "2026-01-31T09:30:00+00:00",
              "data": { "tenant": "acme", "name": "Acme Outdoor", "at": "2026-01-31T09:30:00+00:00" }, "dataBase64": null,
              "dataSha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
              "metadata": { "tenant": "acme", "actor": "platform", "schema": 1 }
            }
          ],
          "next": null
        }
        """;

    public static void Map(RouteGroupBuilder v1)
    {
        var streams = v1.MapGroup("/streams").WithTags("Audit");
        streams.MapGet("/{stream}", ReadAsync)
            .Describe("readStream", "Read a stream", "Every fact about a tenant lies in a stream of the log, for example `agentRun-{tenant}_{run}`, `conversation-{tenant}_{conversation}`, `article-{tenant}_{article}`, `tenant-{tenant}_profile`. The events come as recorded.")
            .ForTenants(Scopes.AuditRead)
            .Query("from", "integer", "The version to begin at: 0 for the start. Default: the start, or the end for direction=backwards.", "0")
            .Query("limit", "integer", "The most events of the page, 1 to 500. Default: 100.", "100")
            .Query("direction", "string", "Oldest or newest first. Default: forwards.", "forwards", choices: ["forwards", "backwards"])
            .Query("raw", "string", "true: the data's exact bytes come as Base64 beside the JSON.", "true", choices: ["true", "false"])
            .Example(response: PageExample);
    }

    private static async Task<Ok<StreamPage>> ReadAsync(string stream, Caller caller, IEventStore log, HttpContext context, CancellationToken cancellationToken)
    {
        var query = new QueryReader(context);
        var direction = query.Choice<ReadDirection>("direction") ?? ReadDirection.Forwards;
        var from = query.Long("from", direction == ReadDirection.Forwards ? 0 : long.MaxValue);
        var limit = query.Number("limit", 100, 1, 500);
        var raw = query.Flag("raw") == true;
        query.Done();
        if (EventStoreLimits.NameFault(stream) is not null || new StreamName(stream).Tenant != caller.Tenant)
        {
            throw Problems.NotFound("stream", stream.Length > 100 ? stream[..100] + "…" : stream);
        }

        try
        {
            var events = new List<StreamEvent>();
            long? next = null;
            await foreach (var recorded in log.ReadStreamAsync(stream, direction, from, limit + 1, cancellationToken))
            {
                if (events.Count == limit)
                {
                    next = recorded.Version;
                    break;
                }

                events.Add(View(recorded, raw));
            }

            return TypedResults.Ok(new StreamPage(stream, events, next));
        }
        catch (StreamNotFoundException)
        {
            throw Problems.NotFound("stream", stream);
        }
    }

    internal static StreamEvent View(RecordedEvent recorded, bool raw)
    {
        var data = Parse(recorded.Data);
        return new(
            recorded.Position.ToString(),
            recorded.Version,
            recorded.Id,
            recorded.Type,
            recorded.Recorded,
            data,
            raw || data is null ? Convert.ToBase64String(recorded.Data.Span) : null,
            Convert.ToHexStringLower(SHA256.HashData(recorded.Data.Span)),
            Parse(recorded.Metadata));
    }

    private static JsonElement? Parse(ReadOnlyMemory<byte> utf8)
    {
        try
        {
            var reader = new Utf8JsonReader(utf8.Span);
            return utf8.IsEmpty ? null : JsonElement.ParseValue(ref reader);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
