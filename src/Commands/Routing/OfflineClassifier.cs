using System.Collections.Immutable;
using System.Runtime.InteropServices;
using AIaaS.Commands.Knowledge;
using AIaaS.Domain.Agents;

namespace AIaaS.Commands.Routing;

/// <summary>
/// Says which label a message fits, by what the labels' descriptions and examples have in common with it. Words and pairs of words are
/// weighed by how few labels use them; each label is the mean of its examples, and labels that take each other's examples are pushed
/// apart. It learns from the request alone and the same request gives the same answer.
/// </summary>
internal sealed class OfflineClassifier
{
    private const int Rounds = 6;
    private const double Step = 0.1;
    private const double Margin = 0.1;
    private const double NameWorth = 0.6;
    private const double PairWorth = 0.8;
    private const double GenericWorth = 0.35;

    private readonly ImmutableArray<ModelLabel> labels;
    private readonly Dictionary<string, int> features = new(StringComparer.Ordinal);
    private readonly double[] worth;
    private readonly float[][] weights;

    public OfflineClassifier(ImmutableArray<ModelLabel> labels)
    {
        this.labels = labels;
        var texts = new List<(Dictionary<int, double> Features, int Label)>();
        for (var label = 0; label < labels.Length; label++)
        {
            texts.Add((Count(labels[label].Name.Replace('_', ' ') + ". " + labels[label].Description, learn: true), label));
            foreach (var example in labels[label].Examples.IsDefault ? [] : labels[label].Examples)
            {
                texts.Add((Count(example, learn: true), label));
            }
        }

        worth = Worth(texts);
        weights = new float[features.Count][];
        for (var i = 0; i < weights.Length; i++)
        {
            weights[i] = new float[labels.Length];
        }

        var vectors = texts.ConvertAll(t => (Vector: Vector(t.Features), t.Label));
        Centre(vectors);
        Separate(vectors);
    }

    /// <summary>The label that fits best, and how sure that is: how much of the message is known at all, and how far ahead the label is.</summary>
    public LabelReply Classify(string text)
    {
        var counts = Count(text, learn: false, out var unknown);
        var vector = Vector(counts);
        var scores = Scores(vector);
        var (first, second) = (0, -1);
        for (var i = 1; i < scores.Length; i++)
        {
            if (scores[i] > scores[first])
            {
                (first, second) = (i, first);
            }
            else if (second < 0 || scores[i] > scores[second])
            {
                second = i;
            }
        }

        if (vector.Count == 0 || scores[first] <= 0)
        {
            return new(labels[first].Name, 0);
        }

        var known = counts.Sum(c => c.Value * worth[c.Key]);
        var most = worth.Length == 0 ? 1 : worth.Max();
        var coverage = known / (known + (unknown * most * 0.5));
        var lead = second < 0 ? 1 : Math.Clamp((scores[first] - Math.Max(0, scores[second])) / scores[first], 0, 1);
        var closeness = Math.Min(1, scores[first] / 0.3);
        return new(labels[first].Name, Math.Round(Math.Clamp(coverage * closeness * (0.25 + (0.75 * Math.Min(1, lead * 2))), 0, 1), 3));
    }

    private double[] Worth(List<(Dictionary<int, double> Features, int Label)> texts)
    {
        var held = new int[features.Count];
        foreach (var (found, _) in texts)
        {
            foreach (var feature in found.Keys)
            {
                held[feature]++;
            }
        }

        return [.. held.Select(n => Math.Log(1 + ((double)texts.Count / Math.Max(1, n))))];
    }

    private Dictionary<int, double> Vector(Dictionary<int, double> counts)
    {
        var vector = new Dictionary<int, double>(counts.Count);
        var square = 0.0;
        foreach (var (feature, count) in counts)
        {
            var value = Math.Min(count, 1 + Math.Log(Math.Max(1, count))) * worth[feature];
            vector[feature] = value;
            square += value * value;
        }

        var length = Math.Sqrt(square);
        foreach (var feature in counts.Keys)
        {
            vector[feature] /= length;
        }

        return vector;
    }

    private void Centre(List<(Dictionary<int, double> Vector, int Label)> vectors)
    {
        var examples = new int[labels.Length];
        foreach (var (_, label) in vectors)
        {
            examples[label]++;
        }

        foreach (var (vector, label) in vectors)
        {
            foreach (var (feature, value) in vector)
            {
                weights[feature][label] += (float)(value / examples[label]);
            }
        }

        for (var label = 0; label < labels.Length; label++)
        {
            var square = 0.0;
            foreach (var row in weights)
            {
                square += row[label] * row[label];
            }

            var length = (float)Math.Sqrt(square);
            for (var i = 0; length > 0 && i < weights.Length; i++)
            {
                weights[i][label] /= length;
            }
        }
    }

    private void Separate(List<(Dictionary<int, double> Vector, int Label)> vectors)
    {
        for (var round = 0; round < Rounds && labels.Length > 1; round++)
        {
            var moved = false;
            foreach (var (vector, label) in vectors)
            {
                var scores = Scores(vector);
                var rival = label == 0 ? 1 : 0;
                for (var i = 0; i < scores.Length; i++)
                {
                    rival = i != label && scores[i] > scores[rival] ? i : rival;
                }

                if (scores[rival] + Margin <= scores[label])
                {
                    continue;
                }

                moved = true;
                foreach (var (feature, value) in vector)
                {
                    weights[feature][label] += (float)(Step * value);
                    weights[feature][rival] -= (float)(Step * value);
                }
            }

            if (!moved)
            {
                return;
            }
        }
    }

    private double[] Scores(Dictionary<int, double> vector)
    {
        var scores = new double[labels.Length];
        foreach (var (feature, value) in vector)
        {
            var row = weights[feature];
            for (var i = 0; i < row.Length; i++)
            {
                scores[i] += value * row[i];
            }
        }

        return scores;
    }

    private Dictionary<int, double> Count(string text, bool learn) => Count(text, learn, out _);

    private Dictionary<int, double> Count(string text, bool learn, out int unknown)
    {
        var counts = new Dictionary<int, double>();
        unknown = 0;
        string? before = null;
        foreach (var word in OfflineWords.Read(text))
        {
            if (!OfflineWords.SaysNothing(word))
            {
                var generic = EnglishWords.IsGeneric(word) && word.Length > 4 ? GenericWorth : 1;
                unknown += Add(counts, word, generic, learn) || generic < 1 ? 0 : 1;
                if (EnglishWords.GroupOf(word) is >= 0 and var group)
                {
                    Add(counts, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"={group}"), NameWorth, learn);
                }
            }

            if (before is not null)
            {
                Add(counts, before + " " + word, PairWorth, learn);
            }

            before = word;
        }

        return counts;
    }

    private bool Add(Dictionary<int, double> counts, string feature, double value, bool learn)
    {
        if (!features.TryGetValue(feature, out var id))
        {
            if (!learn)
            {
                return false;
            }

            features.Add(feature, id = features.Count);
        }

        CollectionsMarshal.GetValueRefOrAddDefault(counts, id, out _) += value;
        return true;
    }
}
