using AIaaS.Api.Http;
using Microsoft.AspNetCore.Http.Metadata;

namespace AIaaS.Api.OpenApi;

/// <summary>Examples of an endpoint, as JSON.</summary>
/// <param name="Request">The body; null where there is none.</param>
/// <param name="Response">The answer's body; null where there is none.</param>
internal sealed record Examples(string? Request, string? Response);

/// <summary>The example of an answer with another status than the usual one.</summary>
/// <param name="Status">The status.</param>
/// <param name="Response">The answer's body.</param>
internal sealed record StatusExample(int Status, string Response);

/// <summary>A parameter that the endpoint reads itself.</summary>
/// <param name="Name">Its name.</param>
/// <param name="In">query or header.</param>
/// <param name="Type">integer or string.</param>
/// <param name="Description">What it does.</param>
/// <param name="Example">A value.</param>
/// <param name="Required">Whether it must be there.</param>
/// <param name="Format">For example date-time.</param>
/// <param name="Choices">The possible values; null for any.</param>
internal sealed record ParameterDoc(string Name, string In, string Type, string Description, string Example, bool Required = false, string? Format = null, IReadOnlyList<string>? Choices = null);

/// <summary>Problems that an endpoint can answer beyond those that all can.</summary>
/// <param name="Statuses">HTTP statuses.</param>
internal sealed record ProblemDocs(params int[] Statuses);

/// <summary>A body that the endpoint reads as a stream of bytes.</summary>
internal sealed record BodyLimit(long? MaxRequestBodySize) : IRequestSizeLimitMetadata;

/// <summary>On an endpoint: what it is given counts as the tenant's storage.</summary>
internal sealed class StoresContent;

/// <summary>What stands on an endpoint besides its handler.</summary>
internal static class EndpointDocs
{
    /// <summary>Name (the operation's id), summary and description.</summary>
    public static RouteHandlerBuilder Describe(this RouteHandlerBuilder endpoint, string name, string summary, string description) =>
        endpoint.WithName(name).WithSummary(summary).WithDescription(description);

    /// <summary>Tenants' keys with this scope may call it.</summary>
    public static RouteHandlerBuilder ForTenants(this RouteHandlerBuilder endpoint, string scope) => endpoint.WithMetadata(new Access(scope, Platform: false)).Problem(401, 403);

    /// <summary>Tenants' keys with this scope, and the platform's administrator, may call it.</summary>
    public static RouteHandlerBuilder ForTenantsAndPlatform(this RouteHandlerBuilder endpoint, string scope) => endpoint.WithMetadata(new Access(scope, Platform: true)).Problem(401, 403);

    /// <summary>Only the platform's administrator may call it.</summary>
    public static RouteHandlerBuilder ForPlatform(this RouteHandlerBuilder endpoint) => endpoint.WithMetadata(new Access(null, Platform: true)).Problem(401, 403);

    public static RouteHandlerBuilder Example(this RouteHandlerBuilder endpoint, string? request = null, string? response = null) => endpoint.WithMetadata(new Examples(request, response));

    public static RouteHandlerBuilder Problem(this RouteHandlerBuilder endpoint, params int[] statuses) => endpoint.WithMetadata(new ProblemDocs(statuses));

    public static RouteHandlerBuilder Query(this RouteHandlerBuilder endpoint, string name, string type, string description, string example, string? format = null, IReadOnlyList<string>? choices = null) =>
        endpoint.WithMetadata(new ParameterDoc(name, "query", type, description, example, Format: format, Choices: choices)).Problem(400);

    public static RouteHandlerBuilder Header(this RouteHandlerBuilder endpoint, string name, string description, string example, bool required = false) =>
        endpoint.WithMetadata(new ParameterDoc(name, "header", "string", description, example, required));

    /// <summary>A query that can wait for a position of the log.</summary>
    public static RouteHandlerBuilder Fresh(this RouteHandlerBuilder endpoint) =>
        endpoint.Query(Freshness.Parameter, "string", "A Consistency-Token that a command answered with: the answer reflects at least what the command did. Also taken as the header Consistency-Token.", "1042").Problem(503);

    /// <summary>A list that is paged by cursor.</summary>
    public static RouteHandlerBuilder Paged(this RouteHandlerBuilder endpoint) => endpoint
        .Query("limit", "integer", "The most entries of the page, 1 to 200. Default: 50.", "50")
        .Query("cursor", "string", "Where the last page ended: its 'nextCursor'. Leave it out for the first page.", "eyJwIjoxfQ");

    /// <summary>It needs an idempotency key, and reads it itself.</summary>
    public static RouteHandlerBuilder TakesIdempotencyKey(this RouteHandlerBuilder endpoint) => endpoint
        .WithMetadata(new NeedsIdempotencyKey())
        .Header(IdempotencyKey.Header, "A value of your own, new for each new request: repeating the request with it does it once and answers the same.", "5f0c6f0e-0d1b-4b7e-8b53-0f9b7f0c2a11", required: true)
        .Problem(400, 409, 422, 503);

    /// <summary>It needs an idempotency key; a repetition is answered from the log.</summary>
    public static RouteHandlerBuilder Idempotent(this RouteHandlerBuilder endpoint) => endpoint.TakesIdempotencyKey().AddEndpointFilter<IdempotencyFilter>();

    /// <summary>It stores what it is given: refused where the tenant's storage is used up.</summary>
    public static RouteHandlerBuilder StoresContent(this RouteHandlerBuilder endpoint) => endpoint.WithMetadata(new StoresContent());

    /// <summary>It takes bodies up to this size.</summary>
    public static RouteHandlerBuilder TakesUpTo(this RouteHandlerBuilder endpoint, int bytes) => endpoint.WithMetadata(new BodyLimit(bytes));
}
