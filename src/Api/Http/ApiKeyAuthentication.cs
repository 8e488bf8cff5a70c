using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;

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
        if (context.Request.Path.StartsWithSegments("/v1", StringComparison.OrdinalIgnoreCase))
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

/// <summary>
/// Remembers verified keys for a short time, by their hash, so that a request does not read the log for its key.
/// A revocation in this process takes effect at once, one in another process within <see cref="Lifetime"/>.
/// </summary>
internal sealed class CachedApiKeys(Func<string, CancellationToken, ValueTask<Caller?>> verify, PlatformKey platform, TimeProvider time) : IApiKeys
{
    private const int MaxEntries = 10_000;

    private readonly ConcurrentDictionary<Hash, (Caller Caller, long At)> known = new();

    public static TimeSpan Lifetime { get; } = TimeSpan.FromSeconds(10);

    public async ValueTask<Caller?> VerifyAsync(string key, CancellationToken cancellationToken)
    {
        var hash = Hash.Of(key);
        if (known.TryGetValue(hash, out var entry) && time.GetElapsedTime(entry.At) < Lifetime)
        {
            return entry.Caller;
        }

        if (platform.Matches(key))
        {
            return Caller.Platform;
        }

        var read = time.GetTimestamp();
        var caller = await verify(key, cancellationToken);
        if (caller is null)
        {
            known.TryRemove(hash, out _);
            return null;
        }

        if (known.Count >= MaxEntries)
        {
            known.Clear();
        }

        known[hash] = (caller, read);
        return caller;
    }

    /// <summary>Forgets all keys of a tenant.</summary>
    public void Forget(string tenant)
    {
        foreach (var (hash, entry) in known)
        {
            if (entry.Caller.Tenant == tenant)
            {
                known.TryRemove(hash, out _);
            }
        }
    }

    private readonly record struct Hash(UInt128 High, UInt128 Low)
    {
        public static Hash Of(string key)
        {
            Span<byte> digest = stackalloc byte[32];
            Span<byte> utf8 = stackalloc byte[800];
            SHA256.HashData(utf8[..Encoding.UTF8.GetBytes(key, utf8)], digest);
            return new(System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(digest), System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(digest[16..]));
        }
    }
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
