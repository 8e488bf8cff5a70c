using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using AIaaS.Domain.Tenants;
using AIaaS.EventStore;

namespace AIaaS.Commands.Tenants;

/// <summary>An API key that was just issued.</summary>
/// <param name="Key">The key's id.</param>
/// <param name="Name">What it is for.</param>
/// <param name="Scopes">What it allows.</param>
/// <param name="ApiKey">The key itself, shown this once; null on a repetition, since it is stored nowhere.</param>
/// <param name="Position">The consistency token.</param>
public sealed record IssuedApiKey(string Key, string Name, ImmutableArray<string> Scopes, string? ApiKey, LogPosition Position);

/// <summary>Whom an API key stands for.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Key">The key's id.</param>
/// <param name="Scopes">What it allows.</param>
public sealed record ApiKeyIdentity(string Tenant, string Key, ImmutableArray<string> Scopes);

/// <summary>Creates tenants, and issues, revokes and verifies their API keys (<c>aiaas_{tenant}_{key}_{secret}</c>).</summary>
public sealed class TenantService : CommandService<Tenant>
{
    private const string Prefix = "aiaas";
    private const int SecretBytes = 32;
    private const int MaxRemembered = 10_000;

    /// <summary>How long a verification may rely on what was loaded before: a key revoked in another process stops working within this time.</summary>
    public static readonly TimeSpan Freshness = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, (Tenant Tenant, long Version, long Loaded)> remembered = new(StringComparer.Ordinal);
    private readonly IdSource ids;
    private readonly TimeProvider time;

    /// <summary>Makes the service.</summary>
    public TenantService(IEventStore log, EventTypes types, IdSource ids, TimeProvider time)
        : base(log, types, ids)
    {
        (this.ids, this.time) = (ids, time);
        On<CreateTenant>().In(c => Stream(c.Tenant)).Decide((tenant, command) => tenant.Create(command));
        On<IssueApiKey>().In(c => Stream(c.Tenant)).Decide((tenant, command) => tenant.Issue(command));
        On<RevokeApiKey>().In(c => Stream(c.Tenant)).Decide((tenant, command) => tenant.Revoke(command));
    }

    /// <summary>Creates a tenant.</summary>
    /// <exception cref="DomainException">The id or the name cannot be used, or there is such a tenant.</exception>
    public Task<CommandResult<Tenant>> CreateAsync(string tenant, string name, CommandContext context, CancellationToken cancellationToken = default) =>
        RememberAsync(tenant, HandleAsync(new CreateTenant(Slug(tenant), name, time.GetUtcNow()), context with { Tenant = tenant }, cancellationToken));

    /// <summary>Issues an API key. The key is in the result and nowhere else.</summary>
    /// <exception cref="DomainException">There is no such tenant, it has too many keys, or name or scopes cannot be used.</exception>
    public async Task<IssuedApiKey> IssueApiKeyAsync(string tenant, string name, ImmutableArray<string> scopes, CommandContext context, CancellationToken cancellationToken = default)
    {
        var key = ids.NewId().ToString("N")[^12..];
        var secret = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(SecretBytes));
        var result = await RememberAsync(tenant, HandleAsync(new IssueApiKey(Slug(tenant), key, name, HashOf(secret), scopes, time.GetUtcNow()), context with { Tenant = tenant }, cancellationToken));
        var issued = result.Events.OfType<ApiKeyIssued>().First();
        return new(issued.Key, issued.Name, issued.Scopes, issued.Key == key ? $"{Prefix}_{tenant}_{key}_{secret}" : null, result.Position);
    }

    /// <summary>Revokes an API key. It stops working at once in this process, and in others within <see cref="Freshness"/>.</summary>
    /// <exception cref="DomainException">There is no such tenant or key.</exception>
    public Task<CommandResult<Tenant>> RevokeApiKeyAsync(string tenant, string key, CommandContext context, CancellationToken cancellationToken = default) =>
        RememberAsync(tenant, HandleAsync(new RevokeApiKey(Slug(tenant), key, time.GetUtcNow()), context with { Tenant = tenant }, cancellationToken));

    /// <summary>The tenant; null where there is none.</summary>
    public async Task<Tenant?> FindAsync(string tenant, CancellationToken cancellationToken = default) =>
        Tenant.IsSlug(tenant) && (await LoadAsync(Stream(tenant), cancellationToken)).State is { Id: not null } found ? found : null;

    /// <summary>Whom a key stands for; null for one that is malformed, unknown or revoked.</summary>
    public ValueTask<ApiKeyIdentity?> VerifyApiKeyAsync(string? apiKey, CancellationToken cancellationToken = default)
    {
        if (apiKey is not { Length: <= 200 } || apiKey.Split('_') is not [Prefix, var tenant, { Length: > 0 } key, { Length: SecretBytes * 2 } secret] || !Tenant.IsSlug(tenant))
        {
            return new((ApiKeyIdentity?)null);
        }

        return remembered.TryGetValue(tenant, out var known) && time.GetElapsedTime(known.Loaded) < Freshness
            ? new(Verify(known.Tenant, tenant, key, secret))
            : new(LoadAndVerifyAsync(tenant, key, secret, cancellationToken));
    }

    private static StreamName Stream(string tenant) => Tenant.Stream(tenant);

    private static string HashOf(string secret) => Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(secret)));

    private static string Slug(string tenant) => Tenant.IsSlug(tenant) ? tenant : throw new DomainException(TenantErrors.InvalidId(tenant));

    private static ApiKeyIdentity? Verify(Tenant tenant, string id, string key, string secret)
    {
        var hash = Encoding.ASCII.GetBytes(HashOf(secret));
        return tenant.Keys.TryGetValue(key, out var issued) && CryptographicOperations.FixedTimeEquals(hash, Encoding.ASCII.GetBytes(issued.Hash))
            ? new(id, key, issued.Scopes)
            : null;
    }

    private async Task<ApiKeyIdentity?> LoadAndVerifyAsync(string tenant, string key, string secret, CancellationToken cancellationToken)
    {
        var loaded = await LoadAsync(Stream(tenant), cancellationToken);
        Remember(tenant, loaded.State, loaded.Version);
        return Verify(loaded.State, tenant, key, secret);
    }

    private async Task<CommandResult<Tenant>> RememberAsync(string tenant, Task<CommandResult<Tenant>> command)
    {
        var result = await command;
        Remember(tenant, result.State, result.Version);
        return result;
    }

    private void Remember(string tenant, Tenant state, long version)
    {
        if (remembered.Count >= MaxRemembered)
        {
            remembered.Clear();
        }

        // A load that was overtaken by a revocation must not bring the key back.
        var loaded = time.GetTimestamp();
        remembered.AddOrUpdate(tenant, (state, version, loaded), (_, known) => known.Version > version ? known : (state, version, loaded));
    }
}
