using AIaaS.Commands.Knowledge;

namespace AIaaS.Commands.Routing;

/// <summary>
/// Judges an answer by what can be counted: how much of each of its sentences stands in one passage, whether each of its numbers does, and
/// how much of the question it takes up.
/// </summary>
internal static class OfflineCritic
{
    private const double Everyday = 0.3;
    private const double QuestionShare = 0.3;
    private const double StrangeNumber = 0.2;

    public static CriticReply Judge(string question, string answer, IReadOnlyList<string> passages)
    {
        var sentences = answer.Split(['.', '!', '?', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var held = passages.Select(p => OfflineWords.Read(p).ToHashSet(StringComparer.Ordinal)).ToArray();
        if (sentences.Length == 0)
        {
            return new(0, "There is no answer.");
        }

        var worst = 1.0;
        foreach (var sentence in sentences)
        {
            var words = OfflineWords.Read(sentence);
            var whole = words.Sum(Worth);
            var best = held.Select(p => words.Sum(w => p.Contains(w) ? Worth(w) : 0)).DefaultIfEmpty(0).Max();
            worst = Math.Min(worst, whole > 0 ? best / whole : 1);
        }

        var all = string.Join('\n', passages);
        if (OfflineMentions.Numbers(answer).Except(OfflineMentions.Numbers(all)).Any())
        {
            return new(Math.Round(Math.Min(worst, StrangeNumber), 3), "A number in the answer stands in no passage.");
        }

        var asked = OfflineWords.Read(question).Where(w => !OfflineWords.SaysNothing(w)).Distinct(StringComparer.Ordinal).ToArray();
        var said = OfflineWords.Read(answer).ToHashSet(StringComparer.Ordinal);
        var taken = asked.Length == 0 ? 1 : asked.Sum(w => said.Contains(w) || IsSaidOtherwise(w, said) ? Worth(w) : 0) / asked.Sum(Worth);
        var score = Math.Round(worst * (1 - (QuestionShare * (1 - taken))), 3);
        return new(score, worst < 0.8 ? "Part of the answer stands in no passage." : taken < 0.3 ? "The answer is carried, but takes up little of the question." : "The passages carry the answer.");
    }

    private static double Worth(string word) => OfflineWords.SaysNothing(word) || EnglishWords.IsGeneric(word) ? Everyday : 1;

    private static bool IsSaidOtherwise(string word, HashSet<string> said) =>
        EnglishWords.GroupOf(word) is >= 0 and var group && EnglishWords.MembersOf(group).ToArray().Any(said.Contains);
}
