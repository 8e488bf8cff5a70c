using System.Collections.Immutable;
using System.Numerics;
using System.Text;
using AIaaS.Commands.Knowledge;
using AIaaS.Domain.Agents;

namespace AIaaS.Commands.Routing;

/// <summary>
/// Finds the sentences of the passages that answer a question: those that hold, themselves or by their headings, most of what it is about.
/// What a tier does: the cheapest looks at the first passages and takes up to two sentences of one; the next looks at all, knows words of the
/// same meaning and takes up to three; the large one adds a second place that covers what the first does not.
/// </summary>
internal sealed class Extraction(Tier tier)
{
    private const double HeadingShare = 0.75;
    private const double TitleShare = 0.65;
    private const double SearchShare = 0.5;
    private const double Neighbour = 0.3;
    private const int MaxLength = 450;

    private readonly int passagesRead = tier == Tier.SLM_A ? 3 : int.MaxValue;
    private readonly int sentencesTaken = tier == Tier.SLM_A ? 2 : 3;

    public AnswerReply Answer(string text, List<OfflinePassage> passages)
    {
        var question = new Question(text, withSynonyms: tier != Tier.SLM_A);
        if (question.Specific == 0 || passages.Count == 0)
        {
            return Handoff(0);
        }

        var views = View(question, passages);
        var first = Best(question, views, 0);
        if (first is null)
        {
            return Handoff(0);
        }

        var places = ImmutableArray.Create(first.Value);
        if (tier == Tier.LLM && Best(question, views, first.Value.Terms) is { } second && second.View != first.Value.View
            && question.Worth(second.Terms & question.Specific & ~first.Value.Terms) >= 1)
        {
            places = places.Add(second);
        }

        var confidence = Confidence(question, views, passages, places);
        return Write(views, places, confidence);
    }

    private static AnswerReply Handoff(double confidence) => new(AnswerAction.Handoff, AnswerReason.NoEvidence, "", [], confidence);

    private List<PassageView> View(Question question, List<OfflinePassage> passages)
    {
        var views = new List<PassageView>(passages.Count);
        var everywhere = ulong.MaxValue;
        foreach (var passage in passages)
        {
            var title = question.In(passage.Title);
            var view = new PassageView(passage, title);
            everywhere &= view.Read(question);
            views.Add(view);
        }

        if (views.Count > 2)
        {
            question.Discount(everywhere & ((1UL << question.Count) - 1));
        }

        return views.Count > passagesRead ? views[..passagesRead] : views;
    }

    private Place? Best(Question question, List<PassageView> views, ulong covered)
    {
        Place? best = null;
        for (var v = 0; v < views.Count; v++)
        {
            var view = views[v];
            var rank = SearchShare * question.Whole * Found(view.Passage) / Found(views[0].Passage);
            for (var s = 0; s < view.Sentences.Count; s++)
            {
                if (view.Sentences[s].IsHeading || HasGap(view.Sentences[s].Of(view.Passage.Text)))
                {
                    continue;
                }

                var place = Extend(question, view, v, s, covered);
                if (place.Score > 0)
                {
                    place = place with { Score = place.Score + rank };
                    best = best is null || place.Score > best.Value.Score + 1e-9 ? place : best;
                }
            }
        }

        return best;
    }

    private Place Extend(Question question, PassageView view, int v, int start, ulong covered)
    {
        var terms = view.Terms[start];
        var heading = view.Headings[start];
        var score = Score(question, terms & ~covered, heading & ~covered, view.Title & ~covered);
        var end = start;
        while (score > 0 && end + 1 < view.Sentences.Count && end + 1 - start < sentencesTaken && !view.Sentences[end + 1].IsHeading
            && view.Sentences[end + 1].End - view.Sentences[start].Start <= MaxLength)
        {
            var next = view.Terms[end + 1] & ~terms;
            var opens = view.Passage.Text[view.Sentences[end].End - 1] == ':';
            if (!opens && question.Worth(next & question.Specific) < Neighbour && question.Worth(heading & question.Specific) < 1)
            {
                break;
            }

            end++;
            terms |= next;
        }

        // What more sentences add counts a little less than what one says by itself.
        score += 0.8 * (Score(question, terms & ~covered, heading & ~covered, view.Title & ~covered) - score);
        var words = view.Sentences[end].End - view.Sentences[start].Start;
        score *= words < 25 ? 0.8 : 1;
        score *= view.Passage.Text[view.Sentences[end].End - 1] == ':' ? 0.7 : 1;
        score *= SpeaksToStaff(view.Sentences[start].Of(view.Passage.Text)) ? 0.6 : 1;
        return new(v, start, end, terms | heading | view.Title, score);
    }

    // A template's placeholder that nobody filled in tells a customer nothing.
    private static bool HasGap(ReadOnlySpan<char> sentence) => sentence.Contains("[[", StringComparison.Ordinal) || sentence.Contains("[value not available]", StringComparison.Ordinal);

    // An article may hold hints for its own staff between what customers are told.
    private static bool SpeaksToStaff(ReadOnlySpan<char> sentence) =>
        sentence.Contains("the customer", StringComparison.OrdinalIgnoreCase) || sentence.Contains("the user", StringComparison.OrdinalIgnoreCase) || sentence.Contains("inform customer", StringComparison.OrdinalIgnoreCase);

    private static double Score(Question question, ulong sentence, ulong heading, ulong title)
    {
        var own = question.Worth(sentence);
        var near = question.Worth(heading & ~sentence);
        return own + (HeadingShare * near) + (TitleShare * question.Worth(title & ~sentence & ~heading));
    }

    // What one sentence says by itself is worth most; what its heading, the article's title, its neighbours and the rest of the passage
    // add is worth less and less, since words that stand far apart may have nothing to do with each other.
    private static double Confidence(Question question, List<PassageView> views, List<OfflinePassage> passages, ImmutableArray<Place> places)
    {
        ulong own = 0, heading = 0, title = 0, near = 0, around = 0;
        foreach (var place in places)
        {
            var view = views[place.View];
            var (best, top) = (0UL, -1.0);
            for (var s = place.First; s <= place.Last; s++)
            {
                near |= view.Terms[s];
                if (question.Worth(view.Terms[s] | view.Headings[s]) is var worth && worth > top)
                {
                    (best, top) = (view.Terms[s], worth);
                }
            }

            own |= best;
            heading |= view.Headings[place.First];
            title |= view.Title;
            around |= view.All;
        }

        if (((own | heading) & question.Specific) == 0)
        {
            return 0;
        }

        var words = BitOperations.PopCount((own | heading) & question.Specific);
        heading &= ~own;
        title &= ~(own | heading);
        near &= ~(own | heading | title);
        around &= ~(own | heading | title | near);
        var covered = question.Worth(own) + (0.9 * question.Worth(heading)) + (0.8 * question.Worth(title)) + (0.5 * question.Worth(near)) + (0.25 * question.Worth(around));

        return Math.Round(Math.Clamp(Weigh(covered / question.Whole, words, views, passages, places[0].View), 0, 0.99), 3);
    }

    // Fitted by hand on the demo shop's messages, whose articles are known, and checked on banking77: how much of the question is covered,
    // how well the search found the article (a rare word weighs more than many common ones), and how far the next article stays behind.
    private static double Weigh(double covered, int words, List<PassageView> views, List<OfflinePassage> passages, int chosen)
    {
        var passage = views[chosen].Passage;
        double own = 0, other = 0;
        foreach (var p in passages)
        {
            if (p.Article == passage.Article)
            {
                own = Math.Max(own, Found(p));
            }
            else
            {
                other = Math.Max(other, Found(p));
            }
        }

        var strength = own / (own + 6);
        var lead = (own - other) / Math.Max(own, other);
        var certainty = 0.14 + (0.6 * covered) + (0.5 * strength) + (0.5 * lead * strength);

        // One or two words that match may mean anything, unless no other article has them.
        return lead > 0.3 ? certainty : certainty * (words switch { <= 1 => 0.75, 2 => 0.9, _ => 1 });
    }

    private static double Found(OfflinePassage passage) => Math.Max(0.01, passage.Score ?? 9);

    private static AnswerReply Write(List<PassageView> views, ImmutableArray<Place> places, double confidence)
    {
        var answer = new StringBuilder();
        var citations = ImmutableArray.CreateBuilder<AnswerCitation>();
        foreach (var place in places)
        {
            var view = views[place.View];
            for (var s = place.First; s <= place.Last; s++)
            {
                var sentence = view.Sentences[s].Of(view.Passage.Text);
                if (answer.Length > 0)
                {
                    answer.Append(' ');
                }

                var from = answer.Length;
                answer.Append(sentence.Trim("| ")).Replace("**", "", from, answer.Length - from).Replace("`", "", from, answer.Length - from).Replace(" | ", ", ", from, answer.Length - from);
                if (!char.IsPunctuation(answer[^1]))
                {
                    answer.Append('.');
                }

                citations.Add(new(view.Passage.Article, sentence.ToString()));
            }
        }

        return new(AnswerAction.Answer, AnswerReason.Answered, answer.ToString(), citations.DrainToImmutable(), confidence);
    }

    private readonly record struct Place(int View, int First, int Last, ulong Terms, double Score);

    private sealed class PassageView(OfflinePassage passage, ulong title)
    {
        public OfflinePassage Passage => passage;

        public ulong Title => title;

        public ulong All { get; private set; }

        public List<Sentence> Sentences { get; } = new(16);

        public List<ulong> Terms { get; } = new(16);

        public List<ulong> Headings { get; } = new(16);

        public ulong Read(Question question)
        {
            AIaaS.Commands.Knowledge.Sentences.Split(passage.Text, Sentences);
            All = title;
            var heading = 0UL;
            for (var i = 0; i < Sentences.Count; i++)
            {
                var sentence = Sentences[i];
                var terms = question.In(sentence.Of(passage.Text));

                // A question in an article stands over its answer as a heading does.
                if (sentence.IsHeading || passage.Text[sentence.End - 1] == '?')
                {
                    heading = terms;
                    Sentences[i] = sentence with { IsHeading = true };
                }

                Terms.Add(terms);
                Headings.Add(heading);
                All |= terms;
            }

            return All;
        }
    }
}
