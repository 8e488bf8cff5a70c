using System.Collections.Immutable;
using System.Globalization;
using AIaaS.Commands.Routing;
using AIaaS.Domain.Agents;

namespace AIaaS.Commands.Agents;

/// <summary>What the gates said of an answer.</summary>
/// <param name="Result"><c>passed</c> or <c>rejected</c>.</param>
/// <param name="Handoff">Whether the model itself wants a person to take over.</param>
/// <param name="Detail"><c>{code}: {in words}</c>; empty when passed.</param>
internal readonly record struct Verdict(string Result, bool Handoff, string Detail)
{
    public static readonly Verdict Passed = new("passed", false, "");

    public static Verdict Rejected(string code, string words) => new("rejected", false, $"{code}: {words}");
}

/// <summary>Holds a model's answer against a step's gates. Pure.</summary>
internal static class Gates
{
    public static Verdict Check(ValidateNode node, string question, string response, ImmutableArray<Passage> passages)
    {
        var parsed = AnswerContract.Parse(response);
        if (parsed.Reply is not { } reply)
        {
            // Nothing else can be held against an answer that cannot be read, whichever gates the workflow names.
            return Verdict.Rejected("invalid-answer", parsed.Fault ?? "the answer cannot be read");
        }

        if (reply.Action == AnswerAction.Handoff)
        {
            return reply.Reason == AnswerReason.PersonRequested
                ? new("rejected", true, "asked-for-person: the customer asks for a person")
                : new("rejected", true, "no-evidence: the passages do not answer the question");
        }

        foreach (var gate in node.Gates)
        {
            var verdict = gate.Kind switch
            {
                GateKind.JsonSchema => Verdict.Passed,
                GateKind.Factuality => Factuality(reply, question, passages),
                GateKind.ScoreThreshold => Score(reply, gate.Threshold ?? 0.8m),
                _ => throw new InvalidOperationException($"The run engine does not know the gate {gate.Kind}."),
            };
            if (verdict.Result != "passed")
            {
                return verdict;
            }
        }

        return Verdict.Passed;
    }

    /// <summary>The citations of an answer, with the titles of the articles as they were retrieved.</summary>
    public static ImmutableArray<Citation> Cite(AnswerReply reply, ImmutableArray<Passage> passages)
    {
        if (reply.Citations.IsDefaultOrEmpty)
        {
            return [];
        }

        var citations = ImmutableArray.CreateBuilder<Citation>(reply.Citations.Length);
        foreach (var citation in reply.Citations)
        {
            var title = "";
            foreach (var passage in passages)
            {
                if (passage.Article == citation.Article)
                {
                    title = passage.Title;
                    break;
                }
            }

            citations.Add(new(citation.Article, title, citation.Quote));
        }

        return citations.MoveToImmutable();
    }

    private static Verdict Factuality(AnswerReply reply, string question, ImmutableArray<Passage> passages)
    {
        // The one kind of answer without citations: a model that was talked into it must not answer a question so.
        if (reply.Reason == AnswerReason.SmallTalk && !Intents.MayBeSmallTalk(question))
        {
            return Verdict.Rejected("unsupported-answer", "the message asks for more than small talk, and the answer cites nothing");
        }

        foreach (var citation in reply.Citations.IsDefault ? [] : reply.Citations)
        {
            var (retrieved, quoted) = (false, false);
            foreach (var passage in passages)
            {
                if (passage.Article == citation.Article)
                {
                    retrieved = true;
                    quoted |= passage.Text.Contains(citation.Quote, StringComparison.Ordinal);
                }
            }

            if (!retrieved)
            {
                return Verdict.Rejected("unsupported-answer", $"the article '{citation.Article}' was not among the passages");
            }

            if (!quoted)
            {
                return Verdict.Rejected("unsupported-answer", $"a quote does not stand in the passage of '{citation.Article}'");
            }
        }

        return Verdict.Passed;
    }

    private static Verdict Score(AnswerReply reply, decimal threshold) => (decimal)reply.Confidence >= threshold
        ? Verdict.Passed
        : Verdict.Rejected("low-confidence", string.Create(CultureInfo.InvariantCulture, $"the confidence {reply.Confidence:0.###} is below {threshold}"));
}
