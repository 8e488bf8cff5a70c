namespace AIaaS.EventStore;

/// <summary>On whose behalf a command comes.</summary>
/// <param name="Tenant">The caller's tenant, from its credential; empty for the platform's own streams.</param>
/// <param name="Actor">Who acts: an API key's id, a user, or a part of the platform.</param>
/// <param name="IdempotencyKey">
/// What makes two sendings the same command: the second one writes nothing and gets the first one's result. Null: each sending stands for itself.
/// </param>
/// <param name="CorrelationId">Groups everything that one outside request caused; null: the trace id of the current activity, or a new id.</param>
/// <param name="CausationId">The event or command that caused this one; null: the correlation id.</param>
public sealed record CommandContext(string Tenant, string Actor, string? IdempotencyKey = null, string? CorrelationId = null, string? CausationId = null);
