using System.Diagnostics;
using Serilog.Context;

namespace AIaaS.Api.Http;

/// <summary>The id that ties a request to its log lines, traces and events: taken from the client, or the trace's id.</summary>
internal sealed class Correlation(RequestDelegate next)
{
    public const string Header = "X-Correlation-Id";

    private const int MaxLength = 100;

    private static readonly object Key = new();

    public async Task InvokeAsync(HttpContext context)
    {
        var id = Of(context);
        context.Response.Headers[Header] = id;
        using (LogContext.PushProperty("CorrelationId", id))
        {
            await next(context);
        }
    }

    /// <summary>The request's correlation id. A client's one is used where it has the form of an id; it is data of the client and would else let text into logs.</summary>
    public static string Of(HttpContext context)
    {
        if (context.Items.TryGetValue(Key, out var known))
        {
            return (string)known!;
        }

        var sent = context.Request.Headers[Header].ToString();
        var id = Ids.IsValid(sent, MaxLength) ? sent : Activity.Current?.TraceId.ToHexString() ?? context.TraceIdentifier.Replace(':', '-');
        context.Items[Key] = id;
        return id;
    }
}
