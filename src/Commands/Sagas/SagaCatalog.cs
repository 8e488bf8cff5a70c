using System.Collections.Immutable;
using AIaaS.Domain.Sagas;

namespace AIaaS.Commands.Sagas;

/// <summary>The sagas of this program.</summary>
public sealed class SagaCatalog
{
    private readonly Dictionary<(string Name, string Version), SagaDefinition> definitions;

    /// <summary>Makes it.</summary>
    /// <exception cref="ArgumentException">A definition cannot be used, or is there twice.</exception>
    public SagaCatalog(IEnumerable<SagaDefinition> definitions)
    {
        All = [.. definitions];
        foreach (var definition in All)
        {
            Check(definition);
        }

        if (All.Where(d => d.IsCurrent).GroupBy(d => d.Name, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            throw new ArgumentException($"Two current versions of the saga '{twice.Key}' are registered. Set IsCurrent = false on the older one.", nameof(definitions));
        }

        this.definitions = All.ToDictionary(d => (d.Name, d.Version));
    }

    /// <summary>All of them, all versions.</summary>
    public ImmutableArray<SagaDefinition> All { get; }

    /// <summary>The definition of that name and version; null for none.</summary>
    public SagaDefinition? Find(string name, string version) => definitions.GetValueOrDefault((name, version));

    /// <summary>Whether a saga, <c>{name}.{id}</c>, is one of these.</summary>
    public bool Knows(string saga) => saga.IndexOf('.', StringComparison.Ordinal) is var dot and > 0 && All.Any(d => saga.AsSpan(0, dot).SequenceEqual(d.Name));

    private static void Check(SagaDefinition definition)
    {
        if (!IsName(definition.Name) || definition.Steps.Any(s => !IsName(s.Name) || s.Name.StartsWith(Saga.UndoPrefix, StringComparison.Ordinal)))
        {
            throw new ArgumentException($"The saga '{definition.Name}' or one of its steps has a name that cannot be used. Use lower-case letters, digits and dashes; '{Saga.UndoPrefix}' is kept for compensations.");
        }

        if (definition.Steps.IsEmpty || definition.Steps.Select(s => s.Name).Distinct(StringComparer.Ordinal).Count() != definition.Steps.Length)
        {
            throw new ArgumentException($"The saga '{definition.Name}' has no steps, or two of one name.");
        }

        if (definition.Steps.FirstOrDefault(s => s.Retries is < 0 or > 3) is { } step)
        {
            throw new ArgumentException($"Step '{step.Name}' of the saga '{definition.Name}' has {step.Retries} retries; 0 to 3 are possible.");
        }
    }

    private static bool IsName(string name) => name.Length is > 0 and <= 60 && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-');
}
