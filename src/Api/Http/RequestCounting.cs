using System.Runtime.CompilerServices;
using AIaaS.Commands.Metering;

namespace AIaaS.Api.Http;

/// <summary>Counts the requests of tenants by route and status: they are usage.</summary>
internal sealed class RequestCounting(RequestDelegate next, RequestMeter meter)
{
    private const string NoRoute = "none";

    private readonly ConditionalWeakTable<Endpoint, string> routes = [];

    public async Task InvokeAsync(HttpContext context)
    {
        await next(context);
        if (Caller.Find(context) is { IsPlatform: false } caller)
        {
            meter.Count(caller.Tenant, context.GetEndpoint() is RouteEndpoint endpoint ? RouteOf(context, endpoint) : NoRoute, context.Response.StatusCode);
        }
    }

    /// <summary>Method and template; never the path itself, which may hold what is personal.</summary>
    private string RouteOf(HttpContext context, RouteEndpoint endpoint) =>
        routes.TryGetValue(endpoint, out var known) ? known : routes.GetValue(endpoint, _ => $"{context.Request.Method} {endpoint.RoutePattern.RawText}");
}
