using System.Collections.Immutable;
using AIaaS.Commands.Routing;
using AIaaS.Domain.Agents;
using Commands.Tests.Support;

namespace Commands.Tests.Routing;

/// <summary>Ten thousand real questions of a bank's customers, every fifth held out: what the classification of the offline model is worth.</summary>
public sealed class Telling_77_intents_apart
{
    private static readonly Lazy<(ImmutableArray<ModelLabel> Labels, List<(string Text, string Intent)> HeldOut)> Data = new(Load);

    [Test]
    public void is_right_for_most_held_out_questions()
    {
        var (labels, heldOut) = Data.Value;
        var classifier = new OfflineClassifier(labels);
        var right = heldOut.Select(q => (Reply: classifier.Classify(q.Text), q.Intent)).ToArray();
        var accuracy = (double)right.Count(r => r.Reply.Label == r.Intent) / right.Length;
        var sure = right.Where(r => r.Reply.Confidence >= 0.5).ToArray();
        var precision = (double)sure.Count(r => r.Reply.Label == r.Intent) / sure.Length;
        TestContext.Out.WriteLine($"{heldOut.Count} held-out questions, 77 intents: {accuracy:P1} right; of the {(double)sure.Length / right.Length:P1} with a confidence of 0.5 or more {precision:P1}.");
        accuracy.Should().BeGreaterThan(0.85);
        precision.Should().BeGreaterThan(accuracy);
    }

    private static (ImmutableArray<ModelLabel>, List<(string, string)>) Load()
    {
        var examples = new SortedDictionary<string, ImmutableArray<string>.Builder>(StringComparer.Ordinal);
        List<(string, string)> heldOut = [];
        var row = 0;
        foreach (var line in Lines(File.ReadAllText(SharedData.Find("banking77/train.csv"))).Skip(1))
        {
            var comma = line.LastIndexOf(',');
            if (comma < 0)
            {
                continue;
            }

            var text = line[..comma].Trim('"').Replace("\"\"", "\"", StringComparison.Ordinal).Trim();
            var intent = line[(comma + 1)..].Trim();
            if (row++ % 5 == 0)
            {
                heldOut.Add((text, intent));
                continue;
            }

            if (!examples.TryGetValue(intent, out var known))
            {
                examples.Add(intent, known = ImmutableArray.CreateBuilder<string>());
            }

            known.Add(text);
        }

        return ([.. examples.Select(e => new ModelLabel(e.Key, "", e.Value.ToImmutable()))], heldOut);
    }

    // A quoted text may hold line ends.
    private static IEnumerable<string> Lines(string csv)
    {
        var (start, isQuoted) = (0, false);
        for (var i = 0; i < csv.Length; i++)
        {
            isQuoted ^= csv[i] == '"';
            if (csv[i] == '\n' && !isQuoted)
            {
                yield return csv[start..i].TrimEnd('\r');
                start = i + 1;
            }
        }

        if (start < csv.Length)
        {
            yield return csv[start..];
        }
    }
}
