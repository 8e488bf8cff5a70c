using System.Text.Json;
using AIaaS.Commands.Agents;
using AIaaS.Commands.Budgets;
using AIaaS.EventStore;
using AIaaS.Projections;

namespace AIaaS.Api.Http;

/// <summary>Turns every refusal and every failure into problem details; what went wrong inside never shows.</summary>
internal sealed partial class ProblemWriter(RequestDelegate next, ILogger<ProblemWriter> log)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            context.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
            return;
        }
        catch (Exception e)
        {
            var problem = Of(e);
            if (problem.Status == StatusCodes.Status503ServiceUnavailable)
            {
                // The route, not the path: that may name people.
                var route = (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "(no route)";
                var what = e is EventStoreException or ReadModelStoreException ? e.Message : problem.Message;
                Unavailable(log, context.Request.Method, route, problem.Status, problem.Code, what.ReplaceLineEndings(" "), Correlation.Of(context));
            }
            else if (problem.Status >= 500)
            {
                Failed(log, e, context.Request.Method, problem.Status, Correlation.Of(context));
            }
            else
            {
                Refused(log, context.Request.Method, problem.Status, problem.Code);
            }

            if (context.Response.HasStarted)
            {
                context.Abort();
                return;
            }

            await WriteAsync(context, problem);
            return;
        }

        if (!context.Response.HasStarted && context.Response.StatusCode >= 400 && context.Response.ContentLength is null && context.Response.ContentType is null)
        {
            await WriteAsync(context, OfStatus(context));
        }
    }

    /// <summary>Answers with a problem.</summary>
    public static Task WriteAsync(HttpContext context, ProblemException problem)
    {
        var response = context.Response;
        var allow = response.Headers.Allow;
        var body = new Problem(
            Problem.TypePrefix + problem.Code,
            Problems.Title(problem.Code),
            problem.Status,
            problem.Message,
            problem.Hint,
            context.Request.Path.Value,
            Correlation.Of(context),
            problem.Errors);
        var bytes = JsonSerializer.SerializeToUtf8Bytes(body, ApiJson.Plain.Problem);
        response.StatusCode = problem.Status;
        response.ContentType = Problem.MediaType;
        response.ContentLength = bytes.Length;
        response.Headers.CacheControl = "no-store";
        if (problem.RetryAfter is { } seconds)
        {
            response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        if (problem.Status == 401)
        {
            response.Headers.WWWAuthenticate = "Bearer realm=\"aiaas\"";
        }

        if (problem.Status == 405)
        {
            response.Headers.Allow = allow;
        }

        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : response.Body.WriteAsync(bytes, context.RequestAborted).AsTask();
    }

    internal static ProblemException Of(Exception exception) => exception switch
    {
        ProblemException e => e,
        DomainException e => new(e.Error.Status, e.Error.Code, e.Error.Message, e.Error.Hint, retryAfter: e.Error.Status is 429 or 503 ? 1 : null),
        QuotaExceededException e => new(e.Error.Status, e.Error.Code, e.Error.Message, e.Error.Hint, retryAfter: (int)Math.Ceiling(Math.Max(1, e.RetryAfter.TotalSeconds))),
        InvalidWorkflowException e => Agents.WorkflowEndpoints.Faulty(e.Faults),
        InvalidQueryException e => new(400, "invalid-parameter", e.Message, "Change what the detail names; a cursor is only good for the query that gave it."),
        WrongExpectedVersionException => new(409, "conflict", "Others kept writing to the same place at the same time.", "Try again with the same Idempotency-Key.", retryAfter: 1),
        InvalidAppendException => new(422, "too-large-to-record", "What the request asks for is too large for one record of the log.", "Make the content smaller or split it."),
        EventStoreReadOnlyException => Problems.Busy("The log cannot be written now: the disk is full or read-only. Nothing of this request was recorded.", "Make room on the disk or make it writable; then try again with the same Idempotency-Key.", 30),
        EventStoreUnavailableException => Problems.Busy("The log cannot be reached now.", "Try again with the same Idempotency-Key: what was recorded is not recorded twice.", 5),
        StreamTombstonedException => new(410, "gone", "It was deleted for good.", "Use another id."),
        ReadModelStoreException => Problems.Busy("The read models cannot be reached now. Nothing is lost: the log has the facts.", "Try again.", 5),
        BadHttpRequestException { StatusCode: 413 } => TooLarge(null),
        BadHttpRequestException { StatusCode: 408 } => new(408, "request-timeout", "The request's body came too slowly.", "Send it again over a better connection."),
        BadHttpRequestException e => new(e.StatusCode is >= 400 and < 500 ? e.StatusCode : 400, "bad-request", "The request cannot be read.", "Check that path, query, headers and body have the form that /openapi/v1.json describes."),
        _ => new(500, "internal-error", "Something went wrong on our side. The request may or may not have taken effect.", "Try again with the same Idempotency-Key; if it stays, report the correlationId."),
    };

    internal static ProblemException TooLarge(long? limit) => new(
        413,
        "request-too-large",
        limit is { } bytes ? $"The body is larger than {bytes} bytes." : "The body is larger than this endpoint takes.",
        "Send less at once; a bulk import can be split into several requests.");

    private static ProblemException OfStatus(HttpContext context) => context.Response.StatusCode switch
    {
        404 => new(404, "not-found", $"There is nothing at {context.Request.Method} {context.Request.Path.Value}.", "See /openapi/v1.json or /docs for what there is."),
        405 => new(405, "method-not-allowed", $"{context.Request.Method} is not possible here.", $"Possible: {context.Response.Headers.Allow}."),
        415 => new(415, "unsupported-media-type", "The body's media type is not one that this endpoint takes.", "Send 'Content-Type: application/json' with a body in UTF-8."),
        413 => TooLarge(null),
        var status => new(status, status >= 500 ? "internal-error" : "bad-request", $"The request was answered with status {status}.", "Check method, path and headers against /openapi/v1.json."),
    };

    [LoggerMessage(Level = LogLevel.Error, Message = "{Method} failed with {Status}; correlation {CorrelationId}")]
    private static partial void Failed(ILogger log, Exception exception, string method, int status, string correlationId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Method} {Route} answered with {Status} {Code}: {What}; correlation {CorrelationId}")]
    private static partial void Unavailable(ILogger log, string method, string route, int status, string code, string what, string correlationId);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Method} refused with {Status} {Code}")]
    private static partial void Refused(ILogger log, string method, int status, string code);
}
