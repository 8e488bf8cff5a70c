using Microsoft.Extensions.Configuration;

namespace AIaaS.Commands.Tools;

/// <summary>The secrets that adapters name: the settings <c>Tools__Secrets__{tenant}__{NAME}</c>. A tenant's tools see that tenant's only.</summary>
public sealed class ToolSecrets(IConfiguration configuration)
{
    private readonly IConfigurationSection secrets = configuration.GetSection("Tools:Secrets");

    /// <summary>The secret's value; null where the setting is missing.</summary>
    public string? Find(string tenant, string name) =>
        IsName(name) && tenant.Length > 0 && !tenant.Contains(':', StringComparison.Ordinal) && secrets[$"{tenant}:{name}"] is { Length: > 0 } value ? value : null;

    /// <summary>Whether a text can name a secret: upper-case letters, digits and underscores.</summary>
    public static bool IsName(string? text) => text is { Length: >= 1 and <= 64 } && char.IsAsciiLetterUpper(text[0]) && text.All(c => char.IsAsciiLetterUpper(c) || char.IsAsciiDigit(c) || c == '_');
}
