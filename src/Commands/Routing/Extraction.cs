using System.Collections.Immutable;
using System.Numerics;
using System.Text;
using AIaaS.Commands.Knowledge;
using AIaaS.Domain.Agents;

namespace AIaaS.Commands.Routing;

/// <summary>
/// Finds the sentences of the passages that answer a question: those that hold, themselves or by their headings, most of what it is about,
/// and the kind of fact that it asks for. What a tier does: the cheapest looks at the first passages and takes up to two sentences of one;
/// the next looks at all, sees past slips of spelling and takes up to three, and a second place of the same article where that says what
/// the first does not; the large one takes that second place from any article.
/// </summary>
internal sealed class Extraction(Tier tier)
{
    private const double HeadingShare = 0.75;
    private const double TitleShare = 0.75;
    private const double PassageShare = 0.2;
    private const double SearchShare = 0.7;
    private const double FactWorth = 0.9;
    private const double PriceOfSentence = 0.35;
    private const double TopicShare = 0.5;
    private const double PriceOfPronoun = 0.35;
    private const double SecondPlace = 0.9;
    private const double Doubt = 0.1;
    private const int MaxLength = 450;

    private readonly int passagesRead = tier == Tier.SLM_A ? 4 : int.MaxValue;
    private readonly int sentencesTaken = tier == Tier.SLM_A ? 2 : 3;

    public AnswerReply Answer(string text, List<OfflinePassage> passages)
    {
        if (Find(text, passages) is not { } found)
        {
            return new(AnswerAction.Handoff, AnswerReason.NoEvidence, "", [], 0);
        }

        // What may only be misspelt is not given up, but left to the next tier.
        var certainty = found.MayBeMisspelt ? Math.Max(found.Evidence.Certainty, Doubt) : found.Evidence.Certainty;
        return Write(found.Views, found.Places, Math.Round(certainty, 3));
    }

    /// <summary>The places that answer best, and what speaks for them; null where nothing does.</summary>
    internal Finding? Find(string text, List<OfflinePassage> passages)
    {
        var question = new Question(text);
        if (question.Specific == 0 || passages.Count == 0)
        {
            return null;
        }

        var views = View(question, passages);
        var (best, rival) = Best(question, views);
        if (best is not { } first)
        {
            return null;
        }

        var places = ImmutableArray.Create(first);
        if (tier != Tier.SLM_A && Further(question, views, first) is { } further)
        {
            places = further.View == first.View && further.First < first.First ? [further, first] : [first, further];
        }

        return new(views, places, Weigh(question, views, places, first, rival), tier == Tier.SLM_A && MayBeMisspelt(question, views));
    }

    private List<PassageView> View(Question question, List<OfflinePassage> passages)
    {
        var views = new List<PassageView>(passages.Count);
        foreach (var passage in passages)
        {
            views.Add(new(passage, question));
        }

        // A term that stands nowhere was misspelt, if there is one near it; the cheapest tier leaves that to the next.
        var exact = 0UL;
        foreach (var view in views)
        {
            exact |= view.All;
        }

        if (tier != Tier.SLM_A)
        {
            foreach (var view in views)
            {
                view.Correct(~exact);
            }
        }

        Discount(question, views);
        return views.Count > passagesRead ? views[..passagesRead] : views;
    }

    private static bool MayBeMisspelt(Question question, List<PassageView> views)
    {
        var (exact, near) = (0UL, 0UL);
        foreach (var view in views)
        {
            exact |= view.All;
            near |= view.Near;
        }

        return (near & ~exact & question.Specific) != 0;
    }

    private static void Discount(Question question, List<PassageView> views)
    {
        for (var bit = 0; views.Count > 2 && bit < question.Count; bit++)
        {
            var holding = 0;
            foreach (var view in views)
            {
                holding += (int)((view.All >> bit) & 1);
            }

            if (holding > 1)
            {
                question.Discount(bit, (holding - 1.0) / (views.Count - 1));
            }
        }
    }

    // The best place, and how good the best one of another article is.
    private (Place? Best, double Rival) Best(Question question, List<PassageView> views)
    {
        Place? best = null;
        Span<double> tops = stackalloc double[views.Count];
        for (var v = 0; v < views.Count; v++)
        {
            var view = views[v];
            var rank = (SearchShare * question.Whole * Found(view.Passage) / Found(views[0].Passage)) + (PassageShare * question.Worth(view.All)) + (TopicShare * question.Worth(view.Title) * (0.5 + view.Topic(question)));
            for (var s = 0; s < view.Sentences.Count; s++)
            {
                if (!view.CanStart(s))
                {
                    continue;
                }

                var place = Extend(question, view, v, s, rank);
                tops[v] = Math.Max(tops[v], place.Score);
                best = best is null || place.Score > best.Value.Score + 1e-9 ? place : best;
            }
        }

        var rival = 0.0;
        for (var v = 0; best is not null && v < views.Count; v++)
        {
            rival = views[v].Passage.Article != views[best.Value.View].Passage.Article ? Math.Max(rival, tops[v]) : rival;
        }

        return (best, rival);
    }

    // The best run of sentences that begins here.
    private Place Extend(Question question, PassageView view, int v, int start, double rank)
    {
        var text = view.Passage.Text;
        var (terms, facts) = (0UL, Facts.None);
        var best = default(Place);
        for (var end = start; end < view.Sentences.Count && end - start < sentencesTaken; end++)
        {
            if (end > start && (view.Sentences[end].IsHeading || view.Sentences[end].End - view.Sentences[start].Start > MaxLength || HasGap(view.Sentences[end].Of(text))))
            {
                break;
            }

            terms |= view.Terms[end];
            facts |= view.Facts[end];
            var heading = view.Headings[start] & ~terms;
            var title = view.Title & ~terms & ~heading;
            var score = question.Worth(terms) + (HeadingShare * question.Worth(heading)) + (TitleShare * question.Worth(title)) + (FactWorth * BitOperations.PopCount((uint)(facts & question.Asked)));
            var length = view.Sentences[end].End - view.Sentences[start].Start;
            score *= length < 25 ? 0.8 : 1;
            score *= text[view.Sentences[end].End - 1] == ':' ? 0.7 : 1;
            score *= SpeaksToStaff(view.Sentences[start].Of(text)) ? 0.6 : 1;
            score -= (PriceOfSentence * (end - start)) + (start > 0 && LeansOnTheOneBefore(view.Sentences[start].Of(text)) ? PriceOfPronoun : 0);
            score += rank;
            if (end == start || score > best.Score)
            {
                best = new(v, start, end, terms | heading | title, facts, score);
            }
        }

        return best;
    }

    // A place that says what is asked and the first one does not say.
    private Place? Further(Question question, List<PassageView> views, Place first)
    {
        var missing = ~first.Terms & question.Specific;
        var wanted = question.Asked & ~first.Facts;
        Place? best = null;
        var most = SecondPlace;
        for (var v = 0; v < views.Count; v++)
        {
            var view = views[v];
            if (tier == Tier.LLM ? v > 2 : view.Passage.Article != views[first.View].Passage.Article)
            {
                continue;
            }

            for (var s = 0; s < view.Sentences.Count; s++)
            {
                if (!view.CanStart(s) || (v == first.View && s >= first.First && s <= first.Last) || LeansOnTheOneBefore(view.Sentences[s].Of(view.Passage.Text)))
                {
                    continue;
                }

                var terms = view.Terms[s] | view.Headings[s];
                var own = (terms & question.Specific) != 0 || v == first.View;
                var gain = question.Worth(terms & missing) + (own ? 0.8 * FactWorth * BitOperations.PopCount((uint)(view.Facts[s] & wanted)) : 0) + (0.2 * question.Worth(terms & ~missing));
                if (gain > most)
                {
                    (best, most) = (new(v, s, s, terms | view.Title, view.Facts[s], gain), gain);
                }
            }
        }

        return best;
    }

    // A template's placeholder that nobody filled in tells a customer nothing.
    private static bool HasGap(ReadOnlySpan<char> sentence) => sentence.Contains("[[", StringComparison.Ordinal) || sentence.Contains("[value not available]", StringComparison.Ordinal);

    // An article may hold hints for its own staff between what customers are told.
    private static bool SpeaksToStaff(ReadOnlySpan<char> sentence) =>
        sentence.Contains("the customer", StringComparison.OrdinalIgnoreCase) || sentence.Contains("the user", StringComparison.OrdinalIgnoreCase) || sentence.Contains("inform customer", StringComparison.OrdinalIgnoreCase);

    // "It does not hold for …" says nothing without the sentence before.
    private static bool LeansOnTheOneBefore(ReadOnlySpan<char> sentence)
    {
        var space = sentence.IndexOf(' ');
        return space > 0 && sentence[..space].TrimEnd(',') is "It" or "They" or "This" or "These" or "Those" or "That" or "Otherwise" or "Then" or "However" or "Also" or "After" && !(sentence.StartsWith("After ") && !sentence.StartsWith("After that"));
    }

    private static Evidence Weigh(Question question, List<PassageView> views, ImmutableArray<Place> places, Place first, double rival)
    {
        var (own, heading, title, around, held, facts) = (0UL, 0UL, 0UL, 0UL, 0UL, Facts.None);
        foreach (var view in views)
        {
            held |= view.All;
        }

        foreach (var place in places)
        {
            var view = views[place.View];
            for (var s = place.First; s <= place.Last; s++)
            {
                own |= view.Terms[s];
                facts |= view.Facts[s];
            }

            heading |= view.Headings[place.First];
            title |= view.Title;
            around |= view.All;
        }

        var whole = question.Worth(held) + question.Missing(question.All & ~held);
        var near = own | heading;
        var covered = question.Worth(own) + (0.9 * question.Worth(heading & ~own)) + (0.8 * question.Worth(title & ~near));
        var chosen = views[first.View];
        double found = 0, other = 0;
        foreach (var view in views)
        {
            if (view.Passage.Article == chosen.Passage.Article)
            {
                found = Math.Max(found, Found(view.Passage));
            }
            else
            {
                other = Math.Max(other, Found(view.Passage));
            }
        }

        var asked = BitOperations.PopCount((uint)question.Asked);
        return new()
        {
            Covered = covered / whole,
            Around = question.Worth(around | own) / whole,
            Strength = found / (found + 6),
            Lead = (found - other) / Math.Max(found, other),
            Margin = Math.Max(0, first.Score - rival) / first.Score,
            Words = Math.Min(1, BitOperations.PopCount((near | title) & question.Specific) / (double)Math.Clamp(BitOperations.PopCount(question.Specific), 2, 4)),
            InSentence = Math.Min(3, BitOperations.PopCount(near & question.Specific)) / 3.0,
            Topic = chosen.Topic(question),
            Core = question.Worth((near | title) & question.Core) / question.Worth(question.Core),
            Missing = question.Missing(question.Specific & ~held) / whole,
            FactHeld = asked == 0 ? 0 : BitOperations.PopCount((uint)(facts & question.Asked)) / (double)asked,
            FactMissing = asked == 0 ? 0 : BitOperations.PopCount((uint)(question.Asked & ~facts)) / (double)asked,
        };
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

    /// <summary>A run of sentences of a passage.</summary>
    internal readonly record struct Place(int View, int First, int Last, ulong Terms, Facts Facts, double Score);

    /// <summary>What was found.</summary>
    internal sealed record Finding(List<PassageView> Views, ImmutableArray<Place> Places, Evidence Evidence, bool MayBeMisspelt);

    /// <summary>A passage as a question sees it.</summary>
    internal sealed class PassageView
    {
        private readonly List<ulong> near = new(16);
        private readonly ulong nearTitle;

        public PassageView(OfflinePassage passage, Question question)
        {
            Passage = passage;
            (Title, nearTitle, TitleLength) = question.In(passage.Title);
            AIaaS.Commands.Knowledge.Sentences.Split(passage.Text, Sentences);
            All = Title;
            Near = nearTitle;
            var (heading, nearHeading) = (0UL, 0UL);
            for (var i = 0; i < Sentences.Count; i++)
            {
                var sentence = Sentences[i];
                var matches = question.In(sentence.Of(passage.Text));

                // A question in an article stands over its answer as a heading does.
                if (sentence.IsHeading || passage.Text[sentence.End - 1] == '?')
                {
                    (heading, nearHeading) = (matches.Terms, matches.Near);
                    Sentences[i] = sentence with { IsHeading = true };
                }

                Terms.Add(matches.Terms);
                near.Add(matches.Near | nearHeading);
                Near |= near[i];
                Headings.Add(heading);
                Facts.Add(question.Asked == Routing.Facts.None ? Routing.Facts.None : FactReader.HeldIn(sentence.Of(passage.Text)));
                All |= matches.Terms;
            }
        }

        public OfflinePassage Passage { get; }

        public ulong Title { get; private set; }

        public int TitleLength { get; }

        public ulong All { get; private set; }

        /// <summary>Terms that stand in it but for a slip of spelling.</summary>
        public ulong Near { get; private set; }

        public List<Sentence> Sentences { get; } = new(16);

        public List<ulong> Terms { get; } = new(16);

        public List<ulong> Headings { get; } = new(16);

        public List<Facts> Facts { get; } = new(16);

        /// <summary>How much of what the title says the question names.</summary>
        public double Topic(Question question) => Math.Min(1, BitOperations.PopCount(Title & question.Specific) / (double)Math.Clamp(TitleLength, 2, 4));

        public bool CanStart(int sentence) => !Sentences[sentence].IsHeading && !HasGap(Sentences[sentence].Of(Passage.Text));

        /// <summary>Takes what is only near for the word itself.</summary>
        public void Correct(ulong misspelt)
        {
            Title |= nearTitle & misspelt;
            All |= Title;
            for (var i = 0; i < Terms.Count; i++)
            {
                Terms[i] |= near[i] & misspelt;
                All |= Terms[i];
            }
        }
    }
}
