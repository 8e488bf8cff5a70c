namespace AIaaS.EventStore;

/// <summary>What a command service refuses by itself, before or after the state decides.</summary>
public static class CommandErrors
{
    /// <summary>Others wrote to the stream between each load and append.</summary>
    public static DomainError ConcurrentChange(string stream, int tries) => new(
        "concurrent-change",
        $"'{stream}' was changed by others during each of {tries} tries; nothing was written.",
        "Send the command again, with the same idempotency key.",
        409);

    /// <summary>The command's stream is not the caller's.</summary>
    public static DomainError OtherTenant(string tenant) => new(
        "other-tenant",
        $"What the command changes does not belong to tenant '{tenant}'.",
        "Use a credential of the tenant that owns it.",
        403);
}
