using System.Collections.Immutable;
using System.Text.Json.Serialization;
using AIaaS.Api.Http;
using AIaaS.Api.OpenApi;
using AIaaS.Commands.Tenants;
using AIaaS.Domain.Tenants;
using AIaaS.EventStore;
using Microsoft.AspNetCore.Http.HttpResults;

namespace AIaaS.Api.Tenants;

/// <summary>A tenant to create.</summary>
/// <param name="Tenant">Its id: a lower-case slug of 2 to 40 letters, digits and inner dashes.</param>
/// <param name="Name">The business's name.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record TenantBody(string Tenant, string Name) : IValidated
{
    public void Validate(Faults faults)
    {
        if (!Domain.Tenants.Tenant.IsSlug(Tenant))
        {
            faults.Add("/tenant", "is not a tenant's id: 2 to 40 lower-case letters, digits and single inner dashes are possible");
        }

        faults.Text("/name", Name, 1, 200);
    }
}

/// <summary>A tenant.</summary>
/// <param name="Tenant">Its id.</param>
/// <param name="Name">The business's name.</param>
internal sealed record TenantView(string Tenant, string Name);

/// <summary>A key to issue.</summary>
/// <param name="Name">What it is for.</param>
/// <param name="Scopes">What it allows; * for everything.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record ApiKeyBody(string Name, IReadOnlyList<string> Scopes) : IValidated
{
    public void Validate(Faults faults)
    {
        faults.Text("/name", Name, 1, 200);
        if (Scopes.Count is 0 or > 20)
        {
            faults.Add("/scopes", $"has {Scopes.Count} entries; 1 to 20 are possible");
        }

        for (var i = 0; i < Scopes.Count; i++)
        {
            if (!Http.Scopes.All.Contains(Scopes[i]))
            {
                faults.Add($"/scopes/{i}", $"is not a scope; possible are: {string.Join(", ", Http.Scopes.All)}");
            }
        }
    }
}

/// <summary>A key that was issued.</summary>
/// <param name="Key">The key's id.</param>
/// <param name="Name">What it is for.</param>
/// <param name="Scopes">What it allows.</param>
/// <param name="ApiKey">The key itself, shown this once; null on a repetition, since it is stored nowhere.</param>
internal sealed record ApiKeyIssuedView(string Key, string Name, ImmutableArray<string> Scopes, string? ApiKey);

/// <summary>A tenant's keys.</summary>
/// <param name="Keys">Those that are not revoked.</param>
internal sealed record ApiKeyList(IReadOnlyList<ApiKeyView> Keys);

/// <summary>A key in a list.</summary>
/// <param name="Key">The key's id.</param>
/// <param name="Name">What it is for.</param>
/// <param name="Scopes">What it allows.</param>
/// <param name="IssuedAt">When it was issued.</param>
internal sealed record ApiKeyView(string Key, string Name, ImmutableArray<string> Scopes, DateTimeOffset IssuedAt);

/// <summary>The platform's administrator creates tenants and issues their keys.</summary>
internal static class TenantEndpoints
{
    private const string TenantExample = """{ "tenant": "acme", "name": "Acme Outdoor" }""";

    public static void Map(RouteGroupBuilder v1)
    {
        var tenants = v1.MapGroup("/tenants").WithTags("Tenants");
        tenants.MapPost("", CreateAsync)
            .Describe("createTenant", "Create a tenant", "A tenant is a business whose customers' conversations are handled; what belongs to one is never seen by another.")
            .ForPlatform().Idempotent()
            .Produces<TenantView>(201, "application/json")
            .Example(TenantExample, TenantExample);
        tenants.MapGet("/{tenant}", GetAsync)
            .Describe("getTenant", "Get a tenant", "Its name.")
            .ForPlatform().Example(response: TenantExample);
        tenants.MapPost("/{tenant}/api-keys", IssueAsync)
            .Describe("issueApiKey", "Issue an API key", "The key is shown in this answer and stored nowhere; a repetition under the same Idempotency-Key answers without it.")
            .ForPlatform().Idempotent()
            .Produces<ApiKeyIssuedView>(201, "application/json")
            .Example("""{ "name": "shop back end", "scopes": [ "messages:write", "conversations:read" ] }""", """{ "key": "k7", "name": "shop back end", "scopes": [ "messages:write", "conversations:read" ], "apiKey": "aiaas_acme_k7_…" }""");
        tenants.MapGet("/{tenant}/api-keys", ListKeysAsync)
            .Describe("listApiKeys", "List a tenant's API keys", "Those that are not revoked, without the keys themselves.")
            .ForPlatform()
            .Example(response: """{ "keys": [ { "key": "k7", "name": "shop back end", "scopes": [ "messages:write" ], "issuedAt": "2026-01-31T09:30:00+00:00" } ] }""");
        tenants.MapDelete("/{tenant}/api-keys/{key}", RevokeAsync)
            .Describe("revokeApiKey", "Revoke an API key", "It stops working at once; revoking it again changes nothing.")
            .ForPlatform();
    }

    private static async Task<IResult> CreateAsync(JsonBody<TenantBody> body, Caller caller, TenantService tenants, HttpContext context, CancellationToken cancellationToken)
    {
        var result = await tenants.CreateAsync(body.Value.Tenant, body.Value.Name, Context(caller, context), cancellationToken);
        Freshness.Answer(context, result.Position);
        return TypedResults.Created("/v1/tenants/" + body.Value.Tenant, new TenantView(body.Value.Tenant, result.State.Name));
    }

    private static async Task<Ok<TenantView>> GetAsync(string tenant, TenantService tenants, CancellationToken cancellationToken) =>
        await tenants.FindAsync(tenant, cancellationToken) is { } found ? TypedResults.Ok(new TenantView(tenant, found.Name)) : throw Unknown(tenant);

    private static async Task<IResult> IssueAsync(string tenant, JsonBody<ApiKeyBody> body, Caller caller, TenantService tenants, HttpContext context, CancellationToken cancellationToken)
    {
        if (!Tenant.IsSlug(tenant))
        {
            throw Unknown(tenant);
        }

        var issued = await tenants.IssueApiKeyAsync(tenant, body.Value.Name, [.. body.Value.Scopes.Distinct(StringComparer.Ordinal)], Context(caller, context), cancellationToken);
        Freshness.Answer(context, issued.Position);
        var view = new ApiKeyIssuedView(issued.Key, issued.Name, issued.Scopes, issued.ApiKey);
        var location = $"/v1/tenants/{tenant}/api-keys";
        return new OnceOnly(TypedResults.Created(location, view), TypedResults.Created(location, view with { ApiKey = null }));
    }

    private static async Task<Ok<ApiKeyList>> ListKeysAsync(string tenant, TenantService tenants, CancellationToken cancellationToken) =>
        await tenants.FindAsync(tenant, cancellationToken) is { } found
            ? TypedResults.Ok(new ApiKeyList([.. found.Keys.Values.OrderBy(k => k.At).ThenBy(k => k.Key, StringComparer.Ordinal).Select(k => new ApiKeyView(k.Key, k.Name, k.Scopes, k.At))]))
            : throw Unknown(tenant);

    private static async Task<NoContent> RevokeAsync(string tenant, string key, Caller caller, TenantService tenants, HttpContext context, CancellationToken cancellationToken)
    {
        if (!Tenant.IsSlug(tenant))
        {
            throw Unknown(tenant);
        }

        var result = await tenants.RevokeApiKeyAsync(tenant, Ids.Require("API key", key), new(tenant, caller.Actor, null, Correlation.Of(context)), cancellationToken);
        Freshness.Answer(context, result.Position);
        return TypedResults.NoContent();
    }

    private static CommandContext Context(Caller caller, HttpContext context) =>
        new("", caller.Actor, "platform:" + IdempotencyKey.Require(context), Correlation.Of(context));

    private static ProblemException Unknown(string tenant) => Problems.NotFound("tenant", tenant.Length > 60 ? tenant[..60] + "…" : tenant);
}
