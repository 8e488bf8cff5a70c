using AIaaS.EventStore;

namespace AIaaS.Domain.Tenants;

/// <summary>What a tenant refuses.</summary>
public static class TenantErrors
{
    /// <summary>The id is no slug.</summary>
    public static DomainError InvalidId(string? id) => new("invalid-tenant-id", $"'{Shown(id)}' cannot be a tenant's id.", "Use 2 to 40 lower-case letters, digits and single inner dashes, for example 'acme-outdoor'.");

    /// <summary>The id is the platform's.</summary>
    public static DomainError Reserved(string id) => new("tenant-id-reserved", $"'{id}' is kept for the platform itself.", "Choose another id.");

    /// <summary>The name cannot be used.</summary>
    public static DomainError InvalidName(string fault) => new("invalid-name", fault, "Give a name of 1 to 200 characters without control characters.");

    /// <summary>The tenant is there already.</summary>
    public static DomainError Exists(string id) => new("tenant-exists", $"There is a tenant '{id}' already.", "Choose another id, or use the one that is there.", 409);

    /// <summary>There is no such tenant.</summary>
    public static DomainError Unknown(string id) => new("unknown-tenant", $"There is no tenant '{Shown(id)}'.", "Create it first, or check the id.", 404);

    /// <summary>The scopes cannot be used.</summary>
    public static DomainError InvalidScopes() => new("invalid-scopes", "The scopes are missing, too many, or one is empty or too long.", "Give 1 to 20 scopes of at most 100 characters; '*' allows everything.");

    /// <summary>The key is there already.</summary>
    public static DomainError KeyExists(string key) => new("api-key-exists", $"There is or was an API key '{key}' already.", "Issue one with another id.", 409);

    /// <summary>There is no such key.</summary>
    public static DomainError UnknownKey(string key) => new("unknown-api-key", $"There is no API key '{Shown(key)}'.", "List the tenant's keys and use one of their ids.", 404);

    /// <summary>Too many keys.</summary>
    public static DomainError TooManyKeys(int most) => new("too-many-api-keys", $"The tenant has {most} keys that are not revoked.", "Revoke keys that are no longer used.", 409);

    private static string Shown(string? text) => text is null ? "" : text.Length <= 60 ? text : text[..60] + "…";
}
