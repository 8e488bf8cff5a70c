using System.Collections.Frozen;
using System.Collections.Immutable;
using AIaaS.Domain;
using AIaaS.Domain.Agents;

namespace AIaaS.Commands.Routing;

/// <summary>Which model each tier maps to, how each model is reached, and what it costs.</summary>
public sealed class ModelCatalog
{
    private readonly FrozenDictionary<string, IModelClient> clients;
    private ImmutableArray<PriceBook> books;

    /// <summary>Makes a catalogue.</summary>
    /// <param name="tiers">The model of each tier; all tiers must be there.</param>
    /// <param name="clients">How each model is reached.</param>
    /// <param name="books">The versions of the prices. The newest must price every model.</param>
    /// <exception cref="ArgumentException">Something is missing; the message names all of it.</exception>
    public ModelCatalog(IReadOnlyDictionary<Tier, string> tiers, IReadOnlyDictionary<string, IModelClient> clients, IReadOnlyList<PriceBook> books)
    {
        this.clients = clients.ToFrozenDictionary(StringComparer.Ordinal);
        this.books = [.. books.OrderBy(b => b.EffectiveFrom)];
        List<string> faults = [];
        if (books.Count == 0)
        {
            faults.Add("There is no version of the price book.");
        }

        faults.AddRange(books.GroupBy(b => b.Version, StringComparer.Ordinal).Where(g => g.Count() > 1).Select(g => $"Version '{g.Key}' of the price book is there more than once."));
        faults.AddRange(Enum.GetValues<Tier>().Where(t => !tiers.ContainsKey(t)).Select(t => $"The tier {t} maps to no model. Set Models:Tiers:{t}."));
        faults.AddRange(tiers.Where(t => !clients.ContainsKey(t.Value)).Select(t => $"The tier {t.Key} maps to the model '{t.Value}', which is not known. Known are {string.Join(", ", clients.Keys.Order(StringComparer.Ordinal))}; add it under Models:Remote."));
        faults.AddRange(this.books.TakeLast(1).SelectMany(b => clients.Keys.Order(StringComparer.Ordinal).Where(m => !b.Knows(m)).Select(m => $"The model '{m}' has no price in version '{b.Version}' of the price book. Add it under Models:Prices.")));
        if (faults.Count > 0)
        {
            throw new ArgumentException("The models cannot be used. " + string.Join(" ", faults));
        }

        Tiers = tiers.ToImmutableSortedDictionary(t => t.Key.ToString(), t => t.Value, StringComparer.Ordinal);
        byTier = tiers.ToFrozenDictionary();
    }

    private readonly FrozenDictionary<Tier, string> byTier;

    /// <summary>The model of each tier, as a run pins it.</summary>
    public ImmutableSortedDictionary<string, string> Tiers { get; }

    /// <summary>The versions of the prices, in the order of the time from which they hold.</summary>
    public IReadOnlyList<PriceBook> Books => books;

    /// <summary>The names of all models, in order.</summary>
    public IEnumerable<string> Models => clients.Keys.Order(StringComparer.Ordinal);

    /// <summary>The offline models on all tiers, at their default prices.</summary>
    public static ModelCatalog Offline() => new(OfflineModels.Tiers, OfflineModels.Clients, [OfflineModels.Prices]);

    /// <summary>The model that a tier maps to.</summary>
    public string ModelOf(Tier tier) => byTier[tier];

    /// <summary>How a model is reached; null where it is not known.</summary>
    public IModelClient? Find(string model) => clients.GetValueOrDefault(model);

    /// <summary>The version of the prices that holds at a time.</summary>
    /// <exception cref="InvalidOperationException">None holds as early as that.</exception>
    public PriceBook PricesAt(DateTimeOffset at)
    {
        var known = books;
        for (var i = known.Length - 1; i >= 0; i--)
        {
            if (known[i].EffectiveFrom <= at)
            {
                return known[i];
            }
        }

        throw new InvalidOperationException($"No version of the price book holds at {at:u}; the first one holds from {known[0].EffectiveFrom:u}.");
    }

    /// <summary>The version of that name; null where there is none.</summary>
    public PriceBook? Prices(string version) => books.FirstOrDefault(b => b.Version == version);

    /// <summary>
    /// Takes a version that was published; one of a name that is known changes nothing. Of several from one moment the last that was taken holds. A model that was
    /// added to the configuration after it was published has the price that stands there.
    /// </summary>
    public void Take(PriceBook published)
    {
        var prices = published.Models.ToDictionary(m => m, published.Of, StringComparer.Ordinal);
        foreach (var model in clients.Keys.Where(m => !published.Knows(m)))
        {
            if (books.LastOrDefault(b => b.Knows(model)) is { } other)
            {
                prices.Add(model, other.Of(model));
            }
        }

        var taken = new PriceBook(published.Version, published.EffectiveFrom, prices);
        ImmutableInterlocked.Update(ref books, (known, book) => known.Any(b => b.Version == book.Version) ? known : [.. known.Append(book).OrderBy(b => b.EffectiveFrom)], taken);
    }

    /// <summary>Sees to it that a version that a run has pinned is known here, though it was published in another process a moment ago.</summary>
    public Task LearnAsync(string version, CancellationToken cancellationToken = default) =>
        Prices(version) is null && ReadPublished is { } read ? read(cancellationToken) : Task.CompletedTask;

    /// <summary>Reads on what was published; null where nothing is.</summary>
    internal Func<CancellationToken, Task>? ReadPublished { get; set; }

    /// <summary>The most that a call can cost, by a version of the prices.</summary>
    /// <exception cref="KeyNotFoundException">The model is not known or not priced.</exception>
    public Money WorstCase(PriceBook prices, string model, string request, int maxOutputTokens) =>
        prices.WorstCase(model, clients[model].MostInputTokens(request), maxOutputTokens);
}
