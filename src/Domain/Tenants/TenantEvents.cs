using System.Collections.Immutable;
using AIaaS.EventStore;

namespace AIaaS.Domain.Tenants;

/// <summary>Type <c>tenant.created</c>, first event of <c>tenant-{tenant}_profile</c>.</summary>
/// <param name="Tenant">The tenant's id: a lower-case slug of 2 to 40 letters, digits and inner dashes.</param>
/// <param name="Name">The business's name.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record TenantCreated(string Tenant, string Name, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>tenant.api-key.issued</c>: the key itself was shown once and is stored nowhere.</summary>
/// <param name="Key">The key's id; it is part of the key.</param>
/// <param name="Name">What it is for.</param>
/// <param name="Hash">SHA-256 (hex) of the key's secret part (256 random bits, so that no slow hash is needed).</param>
/// <param name="Scopes">What it allows.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ApiKeyIssued(string Key, string Name, string Hash, ImmutableArray<string> Scopes, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>tenant.api-key.revoked</c>.</summary>
/// <param name="Key">The key's id.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record ApiKeyRevoked(string Key, DateTimeOffset At) : DomainEvent;
