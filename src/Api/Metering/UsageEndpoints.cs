using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using AIaaS.Api.Http;
using AIaaS.Api.OpenApi;
using AIaaS.Commands.Metering;
using AIaaS.Domain.Metering;
using AIaaS.EventStore;
using AIaaS.Queries.Metering;
using Microsoft.AspNetCore.Http.Metadata;

namespace AIaaS.Api.Metering;

/// <summary>A CloudEvent (version 1.0) in JSON.</summary>
/// <param name="SpecVersion">1.0.</param>
/// <param name="Id">Unique for its source: sent again it changes nothing.</param>
/// <param name="Source">Who reports it.</param>
/// <param name="Type">Which meters count it.</param>
/// <param name="Subject">Whom or what it is about.</param>
/// <param name="Time">When it was used, RFC 3339; left out: now.</param>
/// <param name="DataContentType">application/json, or left out.</param>
/// <param name="Data">What the meters read.</param>
internal sealed record CloudEventBody(
    [property: System.Text.Json.Serialization.JsonPropertyName("specversion")] string SpecVersion,
    string Id,
    string Source,
    string Type,
    string? Subject = null,
    DateTimeOffset? Time = null,
    [property: System.Text.Json.Serialization.JsonPropertyName("datacontenttype")] string? DataContentType = null,
    JsonElement? Data = null);

/// <summary>What became of an event.</summary>
/// <param name="Id">Its id; null where it has none that can be read.</param>
/// <param name="Status">accepted, duplicate or refused.</param>
/// <param name="Sequence">Its number in the tenant's usage; of a duplicate that of the first. Not of a refused one.</param>
/// <param name="Code">Of a refused one: the kind of fault.</param>
/// <param name="Detail">Of a refused one: what is wrong.</param>
/// <param name="Hint">Of a refused one: how to mend it.</param>
internal sealed record UsageEventView(string? Id, string Status, long? Sequence = null, string? Code = null, string? Detail = null, string? Hint = null);

/// <summary>What became of usage events.</summary>
/// <param name="Accepted">How many are recorded.</param>
/// <param name="Duplicate">How many were recorded before, just so.</param>
/// <param name="Refused">How many are not recorded.</param>
/// <param name="Position">The log position that holds them all; also in the header Consistency-Token.</param>
/// <param name="Events">Each event, in the order in which they came.</param>
internal sealed record UsageIngestView(int Accepted, int Duplicate, int Refused, string Position, IReadOnlyList<UsageEventView> Events);

/// <summary>What was used: sent in, asked for, and taken along.</summary>
internal static class UsageEndpoints
{
    private const int MaxBytes = 8 * 1024 * 1024;

    private const int ExportPage = 100_000;

    private const string Event = """{ "specversion": "1.0", "id": "u1", "source": "/shop/uploads", "type": "com.example.upload", "subject": "customer-7", "time": "2026-01-31T09:30:00Z", "datacontenttype": "application/json", "data": { "bytes": 1048576, "region": "eu" } }""";

    private static readonly JsonWriterOptions Writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    public static void Map(RouteGroupBuilder v1)
    {
        var usage = v1.MapGroup("/usage").WithTags("Usage");
        usage.MapPost("/events", IngestAsync)
            .Describe("sendUsage", "Send usage", "CloudEvents 1.0 over HTTP: one event (structured), an array of up to 10,000 (batched, at most 8 MiB), or data with the attributes in ce- headers (binary). Each event is taken once: its source and id are remembered for 36 days, so that no Idempotency-Key is needed and sending everything again is safe. A bad event refuses itself, not the others. An event's data have at most 64 KiB. A single event that is refused is answered with 422. `Prefer: return=minimal` leaves accepted events out of the answer.")
            .ForTenants(Scopes.UsageWrite)
            .TakesUpTo(MaxBytes)
            .WithMetadata(new AcceptsMetadata([CloudEvents.Structured, CloudEvents.Batched, "application/json"], typeof(CloudEventBody), isOptional: true))
            .Header("Prefer", "return=minimal leaves accepted events out of the answer.", "return=minimal")
            .Produces<UsageIngestView>(200, "application/json")
            .Example(Event, """{ "accepted": 1, "duplicate": 0, "refused": 0, "position": "1042", "events": [ { "id": "u1", "status": "accepted", "sequence": 0 } ] }""");
        usage.MapGet("", GetAsync)
            .Describe("getUsage", "Get usage", "What a meter counted, by windows and dimensions; exact, and the same numbers that invoices count. Windows follow the time zone, also where its clocks are changed: a day then has 23 or 25 hours. Windows without usage are left out.")
            .ForTenants(Scopes.UsageRead)
            .Query("meter", "string", "The meter.", "runs")
            .Query("from", "string", "From when, on a quarter of an hour; a date is its midnight in the time zone. Default: 30 days before the end.", "2026-01-01", "date-time")
            .Query("to", "string", "Until when, exclusive. Default: now.", "2026-02-01", "date-time")
            .Query("window", "string", "By which stretches. Default: total.", "day", choices: ["total", "hour", "day", "month"])
            .Query("group-by", "string", "Dimensions that are told apart, with commas between.", "workflow,outcome")
            .Query("dimension.{name}", "string", "Only usage whose dimension of that name has this value.", "faq_handling")
            .Query("time-zone", "string", "IANA name. Default: UTC.", "Europe/Berlin")
            .Query("format", "string", "json or csv; csv also by 'Accept: text/csv'. Default: json.", "json", choices: ["json", "csv"])
            .Fresh()
            .Produces<UsageReport>(200, "application/json", "text/csv")
            .Example(response: """
                {
                  "meter": "runs", "aggregation": "Count", "unit": "runs", "from": "2026-01-01T00:00:00+01:00", "to": "2026-02-01T00:00:00+01:00", "window": "Day", "timeZone": "Europe/Berlin",
                  "rows": [ { "start": "2026-01-31T00:00:00+01:00", "end": "2026-02-01T00:00:00+01:00", "dimensions": { "workflow": "faq_handling" }, "value": 40, "events": 40 } ]
                }
                """);
        usage.MapGet("/events", ExportAsync)
            .Describe("exportUsage", "Export usage", "Usage as it is recorded, one line of JSON an event, byte for byte: what the proofs of invoices are made over. Events are numbered from 0 without gaps; the header Next-Sequence says where the next export goes on.")
            .ForTenants(Scopes.UsageRead)
            .Query("from-sequence", "integer", "The first event's number. Default: 0.", "0")
            .Query("limit", "integer", "The most events, 1 to 1,000,000. Default: 100,000.", "1000")
            .Produces<string>(200, "application/x-ndjson")
            .Example(response: """ "{\"source\":\"/shop/uploads\",\"id\":\"u1\",\"type\":\"com.example.upload\",\"subject\":null,\"time\":\"2026-01-31T09:30:00\\u002B00:00\",\"data\":{\"bytes\":1048576},\"readings\":[{\"meter\":\"uploaded_bytes\",\"value\":1048576}],\"at\":\"2026-01-31T09:30:01\\u002B00:00\"}" """);
    }

    private static async Task IngestAsync(HttpContext context, Caller caller, UsageLog usage)
    {
        var (body, length) = await BodyAsync(context);
        try
        {
            var correlation = Correlation.Of(context);
            using var batch = await usage.BeginAsync(caller.Tenant, new() { CorrelationId = correlation, CausationId = correlation, Tenant = caller.Tenant, Actor = caller.Actor }, context.RequestAborted);
            var events = new CloudEvents(batch);
            events.Read(context.Request, body.AsSpan(0, length));
            await usage.RecordAsync(batch);
            if (!events.IsBatch && batch[0].Error is { } error)
            {
                throw new ProblemException(422, error.Code, error.Message, error.Hint);
            }

            Freshness.Answer(context, batch.Position);
            context.Response.ContentType = "application/json; charset=utf-8";
            Write(context.Response.BodyWriter, batch, isMinimal: context.Request.Headers["Prefer"].ToString().Contains("return=minimal", StringComparison.OrdinalIgnoreCase));
            await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(body);
        }
    }

    private static ValueTask<(byte[] Buffer, int Length)> BodyAsync(HttpContext context) =>
        // In binary mode an event may have no data, and then no media type.
        context.Request is { ContentLength: null or 0, ContentType: null } && !context.Request.Headers.TransferEncoding.Any() ? new((ArrayPool<byte>.Shared.Rent(1), 0)) : RequestBytes.ReadAsync(context);

    private static void Write(IBufferWriter<byte> output, UsageBatch batch, bool isMinimal)
    {
        Span<int> counts = stackalloc int[3];
        for (var i = 0; i < batch.Count; i++)
        {
            counts[(int)batch[i].Status]++;
        }

        using var writer = new Utf8JsonWriter(output, Writing);
        writer.WriteStartObject();
        writer.WriteNumber("accepted"u8, counts[(int)UsageStatus.Accepted]);
        writer.WriteNumber("duplicate"u8, counts[(int)UsageStatus.Duplicate]);
        writer.WriteNumber("refused"u8, counts[(int)UsageStatus.Refused]);
        writer.WriteString("position"u8, batch.Position.ToString());
        writer.WriteStartArray("events"u8);
        for (var i = 0; i < batch.Count; i++)
        {
            var (_, id, status, sequence, error) = batch[i];
            if (isMinimal && status == UsageStatus.Accepted)
            {
                continue;
            }

            writer.WriteStartObject();
            writer.WriteString("id"u8, id);
            writer.WriteString("status"u8, status switch { UsageStatus.Accepted => "accepted"u8, UsageStatus.Duplicate => "duplicate"u8, _ => "refused"u8 });
            if (error is null)
            {
                writer.WriteNumber("sequence"u8, sequence);
            }
            else
            {
                writer.WriteString("code"u8, error.Code);
                writer.WriteString("detail"u8, error.Message);
                writer.WriteString("hint"u8, error.Hint);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.Flush();
    }

    private static async Task<IResult> GetAsync(Caller caller, Freshness freshness, UsageQueries usage, MeterRegistry meters, TimeProvider time, HttpContext context, CancellationToken cancellationToken)
    {
        var query = new QueryReader(context);
        var name = query.Text("meter");
        if (name is null)
        {
            query.Fault("meter", "is missing; GET /v1/meters lists them");
        }

        var zone = TimeZoneInfo.Utc;
        if (query.Text("time-zone") is { } zoneName && (!TimeZoneInfo.TryFindSystemTimeZoneById(zoneName, out zone!) || zone is null))
        {
            query.Fault("time-zone", "is not the IANA name of a time zone, for example Europe/Berlin");
            zone = TimeZoneInfo.Utc;
        }

        var now = time.GetUtcNow();
        var slot = TimeSpan.FromMinutes(15).Ticks;
        var to = LocalTime(query, context, "to", zone) ?? new DateTimeOffset(((now.UtcTicks / slot) + 1) * slot, TimeSpan.Zero);
        var from = LocalTime(query, context, "from", zone) ?? (to - DateTimeOffset.UnixEpoch > TimeSpan.FromDays(60) ? to.AddDays(-30) : DateTimeOffset.UnixEpoch);
        var window = query.Choice<UsageWindow>("window") ?? UsageWindow.Total;
        var groups = query.Text("group-by")?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Distinct(StringComparer.Ordinal) ?? [];
        var where = context.Request.Query.Keys.Where(k => k.StartsWith("dimension.", StringComparison.Ordinal))
            .Select(k => (Name: k["dimension.".Length..], Value: query.Text(k, 500) ?? "")).ToArray();
        var format = query.Text("format");
        if (format is not (null or "json" or "csv"))
        {
            query.Fault("format", "is not one of json, csv");
        }

        query.Done();
        var (own, ofPlan) = await meters.DefinitionsAsync(caller.Tenant, cancellationToken);
        var meter = MeterEndpoints.Find(own, ofPlan, name!) ?? throw new DomainException(MeterErrors.NotFound(name!));
        var question = new UsageQuestion(TimeZoneInfo.ConvertTime(from, zone), TimeZoneInfo.ConvertTime(to, zone))
        {
            Window = window,
            TimeZone = zone,
            GroupBy = [.. groups],
            Where = System.Collections.Immutable.ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal, where.Select(w => KeyValuePair.Create(w.Name, w.Value))),
        };
        var report = Answer.One("meter", name!, await usage.GetAsync(caller.Tenant, meter, question, freshness.Wanted, cancellationToken), freshness);
        var isCsv = format is null ? context.Request.Headers.Accept.ToString().StartsWith("text/csv", StringComparison.OrdinalIgnoreCase) : format == "csv";
        return isCsv ? TypedResults.Text(UsageCsv.Write(report.Value!, question.GroupBy), "text/csv; charset=utf-8", Encoding.UTF8) : report;
    }

    private static async Task ExportAsync(HttpContext context, Caller caller, UsageExport export, CancellationToken cancellationToken)
    {
        var query = new QueryReader(context);
        var first = query.Long("from-sequence", 0);
        var limit = query.Number("limit", ExportPage, 1, 1_000_000);
        query.Done();
        var range = await export.RangeAsync(caller.Tenant, first, limit, cancellationToken);
        context.Response.ContentType = "application/x-ndjson";
        context.Response.Headers["Next-Sequence"] = range.Next.ToString(CultureInfo.InvariantCulture);
        var output = context.Response.BodyWriter;
        var unflushed = 0;
        await foreach (var line in export.ReadAsync(caller.Tenant, range, cancellationToken))
        {
            output.Write(line.Span);
            output.Write("\n"u8);
            unflushed += line.Length + 1;
            if (unflushed >= 65_536)
            {
                await output.FlushAsync(cancellationToken);
                unflushed = 0;
            }
        }

        await output.FlushAsync(cancellationToken);
    }

    /// <summary>A time; a date alone is its midnight in the time zone, or where clocks skip that the first moment after.</summary>
    private static DateTimeOffset? LocalTime(QueryReader query, HttpContext context, string name, TimeZoneInfo zone)
    {
        if (!DateTime.TryParseExact(context.Request.Query[name].ToString(), "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date))
        {
            return query.Time(name) is { } time && IsPossible(time.Year) ? time : null;
        }

        _ = query.Text(name);
        if (!IsPossible(date.Year))
        {
            return null;
        }

        while (zone.IsInvalidTime(date))
        {
            date = date.AddMinutes(15);
        }

        // Where midnight comes twice it is the first one, which has the larger offset.
        var offset = zone.IsAmbiguousTime(date) ? zone.GetAmbiguousTimeOffsets(date).Max() : zone.GetUtcOffset(date);
        return new DateTimeOffset(date, offset);

        // Nothing is used outside of these, and no time zone leads from within them out of what a calendar holds.
        bool IsPossible(int year)
        {
            if (year is >= 1970 and < 9000)
            {
                return true;
            }

            query.Fault(name, "must lie between 1970 and 9000");
            return false;
        }
    }
}

/// <summary>Usage as CSV (RFC 4180).</summary>
internal static class UsageCsv
{
    private const string Time = "yyyy-MM-dd'T'HH:mm:sszzz";

    public static string Write(UsageReport report, IReadOnlyList<string> dimensions)
    {
        var text = new StringBuilder();
        Csv.Row(text, ["start", "end", .. dimensions, "value", "events"]);
        foreach (var row in report.Rows)
        {
            Csv.Row(
                text,
            [
                row.Start.ToString(Time, CultureInfo.InvariantCulture),
                row.End.ToString(Time, CultureInfo.InvariantCulture),
                .. dimensions.Select(d => row.Dimensions[d]),
                row.Value.ToString(CultureInfo.InvariantCulture),
                row.Events.ToString(CultureInfo.InvariantCulture),
            ]);
        }

        return text.ToString();
    }
}
