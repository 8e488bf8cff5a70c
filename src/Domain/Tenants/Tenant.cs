using System.Collections.Immutable;
using AIaaS.EventStore;

namespace AIaaS.Domain.Tenants;

/// <summary>Creates a tenant.</summary>
/// <param name="Tenant">Its id.</param>
/// <param name="Name">The business's name.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record CreateTenant(string Tenant, string Name, DateTimeOffset At);

/// <summary>Issues an API key.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Key">The key's id.</param>
/// <param name="Name">What it is for.</param>
/// <param name="Hash">SHA-256 (hex) of its secret.</param>
/// <param name="Scopes">What it allows.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record IssueApiKey(string Tenant, string Key, string Name, string Hash, ImmutableArray<string> Scopes, DateTimeOffset At);

/// <summary>Revokes an API key.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Key">The key's id.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record RevokeApiKey(string Tenant, string Key, DateTimeOffset At);

/// <summary>A tenant: a business, and the API keys that act for it.</summary>
public sealed record Tenant : IState<Tenant>
{
    /// <summary>The most keys that are not revoked.</summary>
    public const int MaxKeys = 100;

    /// <summary>The platform's own streams use this name; no tenant can.</summary>
    public const string Platform = "platform";

    /// <summary>The tenant before it is created.</summary>
    public static Tenant Initial { get; } = new();

    /// <summary>Its id; null before it is created.</summary>
    public string? Id { get; init; }

    /// <summary>The business's name.</summary>
    public string Name { get; init; } = "";

    /// <summary>Keys that are not revoked, by id.</summary>
    public ImmutableDictionary<string, ApiKeyIssued> Keys { get; init; } = ImmutableDictionary<string, ApiKeyIssued>.Empty;

    /// <summary>Ids of revoked keys.</summary>
    public ImmutableHashSet<string> Revoked { get; init; } = [];

    /// <summary>The stream of a tenant.</summary>
    public static StreamName Stream(string tenant) => StreamName.For("tenant", tenant, "profile");

    /// <summary>Whether a text can be a tenant's id: a lower-case slug of 2 to 40 letters, digits and inner dashes.</summary>
    public static bool IsSlug(string? text) =>
        text is { Length: >= 2 and <= 40 }
        && text[0] != '-' && text[^1] != '-'
        && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-')
        && !text.Contains("--", StringComparison.Ordinal);

    /// <inheritdoc />
    public Tenant Evolve(object @event) => @event switch
    {
        TenantCreated e => this with { Id = e.Tenant, Name = e.Name },
        ApiKeyIssued e => this with { Keys = Keys.SetItem(e.Key, e) },
        ApiKeyRevoked e => this with { Keys = Keys.Remove(e.Key), Revoked = Revoked.Add(e.Key) },
        _ => this,
    };

    /// <summary>Creates the tenant once.</summary>
    public Decision Create(CreateTenant command) =>
        !IsSlug(command.Tenant) ? TenantErrors.InvalidId(command.Tenant)
        : command.Tenant == Platform ? TenantErrors.Reserved(command.Tenant)
        : FaultOfName(command.Name) is { } fault ? TenantErrors.InvalidName(fault)
        : Id is not null ? TenantErrors.Exists(command.Tenant)
        : new TenantCreated(command.Tenant, command.Name.Trim(), command.At);

    /// <summary>Issues a key.</summary>
    public Decision Issue(IssueApiKey command) =>
        Id is null ? TenantErrors.Unknown(command.Tenant)
        : FaultOfName(command.Name) is { } fault ? TenantErrors.InvalidName(fault)
        : command.Scopes.IsDefaultOrEmpty || command.Scopes.Length > 20 || command.Scopes.Any(s => string.IsNullOrWhiteSpace(s) || s.Length > 100) ? TenantErrors.InvalidScopes()
        : Keys.ContainsKey(command.Key) || Revoked.Contains(command.Key) ? TenantErrors.KeyExists(command.Key)
        : Keys.Count >= MaxKeys ? TenantErrors.TooManyKeys(MaxKeys)
        : new ApiKeyIssued(command.Key, command.Name.Trim(), command.Hash, command.Scopes, command.At);

    /// <summary>Revokes a key; revoking it again changes nothing.</summary>
    public Decision Revoke(RevokeApiKey command) =>
        Id is null ? TenantErrors.Unknown(command.Tenant)
        : Revoked.Contains(command.Key) ? Decision.Unchanged
        : !Keys.ContainsKey(command.Key) ? TenantErrors.UnknownKey(command.Key)
        : new ApiKeyRevoked(command.Key, command.At);

    private static string? FaultOfName(string? name) =>
        string.IsNullOrWhiteSpace(name) ? "The name is empty."
        : name.Trim().Length > 200 ? $"The name has {name.Trim().Length} characters."
        : name.Any(char.IsControl) ? "The name contains a control character."
        : null;
}
