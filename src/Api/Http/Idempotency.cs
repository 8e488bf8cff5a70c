using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using AIaaS.Api.Hosting;
using AIaaS.Domain.Audit;
using AIaaS.EventStore;

namespace AIaaS.Api.Http;

/// <summary>The header that makes repeating a request safe.</summary>
internal static class IdempotencyKey
{
    public const string Header = "Idempotency-Key";

    private static readonly object Open = new();

    /// <summary>
    /// Says that what was asked for has no outcome yet: the answer is not kept, so that the same key asks again how it stands. The handler must itself do the work
    /// once for each key.
    /// </summary>
    public static void LeaveOpen(HttpContext context) => context.Items[Open] = true;

    /// <summary>Whether the answer is one of those that are not kept.</summary>
    public static bool IsOpen(HttpContext context) => context.Items.ContainsKey(Open);

    private const int MaxLength = 128;

    /// <summary>The request's key; refuses a missing or malformed one.</summary>
    public static string Require(HttpContext context)
    {
        var sent = context.Request.Headers[Header];
        if (sent.Count == 0 || string.IsNullOrEmpty(sent[0]))
        {
            throw new ProblemException(400, "idempotency-key-missing", "A request that changes something needs an Idempotency-Key.", "Send the header 'Idempotency-Key' with a value of your own, new for each new request, for example a UUID. Repeat it to repeat the request safely.");
        }

        var key = sent[0]!;
        return sent.Count == 1 && key.Length <= MaxLength && key.All(c => c is > ' ' and < '\u007f')
            ? key
            : throw new ProblemException(400, "idempotency-key-invalid", $"The Idempotency-Key cannot be used: one value of 1 to {MaxLength} visible ASCII characters is needed.", "Use for example a UUID.");
    }

    /// <summary>A request under a key whose first sending is still being handled.</summary>
    public static ProblemException InFlight() => new(409, "request-in-flight", "The first request with this Idempotency-Key is still being handled.", "Repeat it a little later: you will get the first answer.", retryAfter: 1);

    /// <summary>A key that was used for something else.</summary>
    public static ProblemException Reused() => new(422, "idempotency-key-reused", "This Idempotency-Key was used before, for another request.", "Use a new key for a new request.");
}

/// <summary>The keys of requests that this process is handling now.</summary>
internal sealed class RequestsInFlight
{
    private readonly ConcurrentDictionary<(string Tenant, string Key), byte> keys = new();

    /// <summary>Enters a request; refuses a repetition of one that is still in.</summary>
    public Entry Enter(string tenant, string key) =>
        keys.TryAdd((tenant, key), 0) ? new(this, (tenant, key)) : throw IdempotencyKey.InFlight();

    internal readonly struct Entry(RequestsInFlight owner, (string, string) key) : IDisposable
    {
        public void Dispose() => owner.keys.TryRemove(key, out _);
    }
}

/// <summary>
/// Answers a repeated request as the first one, from the log: a stream for each key holds the request's hash and its answer.
/// What a request does must itself be safe to repeat (its ids derive from the key), for a process may die between doing and answering.
/// </summary>
internal sealed class RepeatedRequests(IEventStore log, EventTypes types, RequestsInFlight inFlight, WorkerId worker, Settings settings, TimeProvider time)
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);

    public async Task AnswerAsync(HttpContext context, Caller caller, string key, string requestHash, Func<Task<IResult>> handle)
    {
        using var entry = inFlight.Enter(caller.Tenant, key);
        var stream = StreamOf(caller, key);
        var metadata = new EventMetadata { Tenant = caller.IsPlatform ? null : caller.Tenant, Actor = caller.Actor, CorrelationId = Correlation.Of(context), TraceParent = System.Diagnostics.Activity.Current?.Id };
        var now = time.GetUtcNow();
        var accepted = new RequestAccepted(requestHash, worker.Value, now + Lease, now);
        var version = 0L;
        try
        {
            await log.AppendAsync(stream, ExpectedVersion.NoStream, [types.Write(NamedId.Of(stream, "accepted", worker.Value, now.ToString("O")), accepted, metadata)], context.RequestAborted);
        }
        catch (WrongExpectedVersionException)
        {
            (version, var first, var answer) = await ReadAsync(stream, context.RequestAborted);
            if (first.RequestHash != requestHash)
            {
                throw IdempotencyKey.Reused();
            }

            if (answer is not null)
            {
                await WriteAsync(context, answer);
                return;
            }

            // Where the log belongs to one process alone, another worker's request died with it.
            if (!settings.OwnsLog && first.Worker != worker.Value && now < first.Until)
            {
                throw IdempotencyKey.InFlight();
            }
        }

        var result = await handle();
        var (recorded, sent) = await CaptureAsync(context, result);
        if (IdempotencyKey.IsOpen(context))
        {
            await WriteAsync(context, recorded with { Body = sent });
            return;
        }

        try
        {
            await log.AppendAsync(stream, ExpectedVersion.Exact(version), [types.Write(NamedId.Of(stream, "answered", worker.Value), recorded, metadata)], CancellationToken.None);
        }
        catch (WrongExpectedVersionException)
        {
            if ((await ReadAsync(stream, context.RequestAborted)).Answer is { } earlier)
            {
                await WriteAsync(context, earlier);
                return;
            }
        }

        await WriteAsync(context, recorded with { Body = sent });
    }

    private static string StreamOf(Caller caller, string key) =>
        StreamName.For("idempotency", caller.IsPlatform ? "platform" : caller.Tenant, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key))));

    private static async Task WriteAsync(HttpContext context, RequestAnswered answer)
    {
        var response = context.Response;
        response.StatusCode = answer.Status;
        if (answer.Location is not null)
        {
            response.Headers.Location = answer.Location;
        }

        if (answer.Position is not null)
        {
            response.Headers[Freshness.Header] = answer.Position;
        }

        if (answer.Body.Length > 0)
        {
            var bytes = Encoding.UTF8.GetBytes(answer.Body);
            response.ContentType = "application/json; charset=utf-8";
            response.ContentLength = bytes.Length;
            await response.Body.WriteAsync(bytes, context.RequestAborted);
        }
    }

    private async Task<(RequestAnswered Recorded, string Sent)> CaptureAsync(HttpContext context, IResult result)
    {
        var response = context.Response;
        var (recordable, secret) = result is OnceOnly once ? (once.Repeated, once.First) : (result, null);
        var body = await RenderAsync(context, recordable);
        var answer = new RequestAnswered(response.StatusCode, NullIfEmpty(response.Headers.Location), NullIfEmpty(response.Headers[Freshness.Header]), body, time.GetUtcNow());
        return (answer, secret is null ? body : await RenderAsync(context, secret));
    }

    private static async Task<string> RenderAsync(HttpContext context, IResult result)
    {
        var original = context.Response.Body;
        using var buffer = new MemoryStream();
        context.Response.Body = buffer;
        try
        {
            await result.ExecuteAsync(context);
        }
        finally
        {
            context.Response.Body = original;
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    private static string? NullIfEmpty(Microsoft.Extensions.Primitives.StringValues values) => values.Count == 0 ? null : values.ToString();

    private async Task<(long Version, RequestAccepted Accepted, RequestAnswered? Answer)> ReadAsync(string stream, CancellationToken cancellationToken)
    {
        RequestAccepted? accepted = null;
        RequestAnswered? answer = null;
        var version = -1L;
        await foreach (var recorded in log.ReadStreamAsync(stream, cancellationToken: cancellationToken))
        {
            version = recorded.Version;
            switch (types.Read(recorded))
            {
                case RequestAccepted e:
                    accepted = e;
                    break;
                case RequestAnswered e:
                    answer = e;
                    break;
                default:
                    throw new InvalidOperationException($"Stream '{stream}' holds an event of type '{recorded.Type}', which does not belong there.");
            }
        }

        return (version, accepted ?? throw new InvalidOperationException($"Stream '{stream}' does not begin with an accepted request."), answer);
    }
}

/// <summary>An answer that holds a secret: the first time with it, repeated without it, so that the secret is stored nowhere.</summary>
internal sealed class OnceOnly(IResult first, IResult repeated) : IResult
{
    public IResult First => first;

    public IResult Repeated => repeated;

    public Task ExecuteAsync(HttpContext httpContext) => first.ExecuteAsync(httpContext);
}

/// <summary>This process, by name: new at each start.</summary>
/// <param name="Value">The name.</param>
internal sealed record WorkerId(string Value);

/// <summary>A body that knows its request's hash.</summary>
internal interface IHashedRequest
{
    string Hash { get; }
}

/// <summary>On an endpoint: it takes an idempotency key.</summary>
internal sealed class NeedsIdempotencyKey;

/// <summary>Puts <see cref="RepeatedRequests"/> before an endpoint.</summary>
internal sealed class IdempotencyFilter : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        var key = IdempotencyKey.Require(http);
        var hash = context.Arguments.OfType<IHashedRequest>().FirstOrDefault()?.Hash
            ?? RequestBytes.Hash(http.Request, Encoding.UTF8.GetBytes(http.Request.QueryString.Value ?? ""));
        await http.RequestServices.GetRequiredService<RepeatedRequests>().AnswerAsync(http, Caller.Find(http)!, key, hash, async () => (IResult)(await next(context))!);
        return Results.Empty;
    }
}
