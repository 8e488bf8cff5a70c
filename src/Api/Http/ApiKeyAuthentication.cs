using System.Security.Cryptography;
using System.Text;
using AIaaS.Commands.Tenants;

namespace AIaaS.Api.Http;

/// <summary>Finds out whom an API key belongs to.</summary>
internal interface IApiKeys
{
    /// <summary>The caller; null for a key that is unknown, wrong or revoked.</summary>
    ValueTask<Caller?> VerifyAsync(string key, CancellationToken cancellationToken);
}

/// <summary>
/// Takes the API key from <c>Authorization: Bearer</c> or <c>X-Api-Key</c>, and holds endpoints to their <see cref="Access"/>.
/// Everything under /v1 needs a key, also paths that do not exist, so that nobody learns from outside what there is.
/// </summary>
internal sealed class ApiKeyAuthentication(RequestDelegate next, IApiKeys keys)
{
    private const int MaxKeyLength = 200;

    public async Task InvokeAsync(HttpContext context)
    {
        if (context.Request.Path.StartsWithSegments("/v1", StringComparison.OrdinalIgnoreCase) && context.GetEndpoint()?.Metadata.GetMetadata<NoApiKey>() is null)
        {
            var caller = await keys.VerifyAsync(KeyOf(context.Request), context.RequestAborted)
                ?? throw new ProblemException(401, "unauthenticated", "The API key is not known, or it was revoked.", "Send a valid key as 'Authorization: Bearer aiaas_…'.");
            caller.Enter(context);
            if (context.GetEndpoint()?.Metadata.GetMetadata<Access>() is { } access)
            {
                Check(caller, access);
            }
        }

        await next(context);
    }

    private static void Check(Caller caller, Access access)
    {
        if (caller.IsPlatform)
        {
            if (!access.Platform)
            {
                throw new ProblemException(403, "tenant-key-needed", "The platform's key sees no tenant's content.", "Use an API key of the tenant.");
            }
        }
        else if (access.Scope is null)
        {
            throw new ProblemException(403, "platform-key-needed", "Only the platform's administrator may do this.", "Use the platform's key (Admin__ApiKey).");
        }
        else if (!caller.May(access.Scope))
        {
            throw Problems.MissingScope(access.Scope);
        }
    }

    private static string KeyOf(HttpRequest request)
    {
        var bearer = request.Headers.Authorization.ToString();
        var key = bearer.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? bearer[7..].Trim() : request.Headers["X-Api-Key"].ToString();
        if (key.Length == 0)
        {
            throw new ProblemException(401, "unauthenticated", "The request carries no API key.", "Send it as 'Authorization: Bearer aiaas_…' or as 'X-Api-Key: aiaas_…'.");
        }

        return key.Length <= MaxKeyLength ? key : throw new ProblemException(401, "unauthenticated", "What the request carries is no API key.", "Keys look like 'aiaas_{tenant}_{key}_{secret}'.");
    }
}

/// <summary>Keys of tenants, and the platform's.</summary>
internal sealed class ApiKeys(TenantService tenants, PlatformKey platform) : IApiKeys
{
    public async ValueTask<Caller?> VerifyAsync(string key, CancellationToken cancellationToken) =>
        await tenants.VerifyApiKeyAsync(key, cancellationToken) is { } identity ? new(identity.Tenant, identity.Key, identity.Scopes)
        : platform.Matches(key) ? Caller.Platform
        : null;
}

/// <summary>The key of the platform's administrator; only its hash is held.</summary>
internal sealed class PlatformKey
{
    private readonly byte[] hash;

    private PlatformKey(byte[] hash) => this.hash = hash;

    public static PlatformKey Of(string key) => new(HashOf(key));

    public static PlatformKey OfHash(string hex) => new(Convert.FromHexString(hex));

    public static byte[] HashOf(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));

    public bool Matches(string key) => CryptographicOperations.FixedTimeEquals(HashOf(key), hash);
}
