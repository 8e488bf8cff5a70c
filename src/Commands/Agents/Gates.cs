using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using AIaaS.Commands.Routing;
using AIaaS.Domain.Agents;
using AIaaS.Domain.Budgets;

namespace AIaaS.Commands.Agents;

/// <summary>What the gates said of an answer.</summary>
/// <param name="Result"><c>passed</c> or <c>rejected</c>.</param>
/// <param name="Handoff">Whether the model itself wants a person to take over.</param>
/// <param name="Detail"><c>{code}: {in words}</c>; empty when passed.</param>
internal readonly record struct Verdict(string Result, bool Handoff, string Detail)
{
    public static readonly Verdict Passed = new("passed", false, "");

    /// <summary>The gate that needs another model's judgement first; null where none does.</summary>
    public Gate? Critic { get; init; }

    public static Verdict Rejected(string code, string words) => new("rejected", false, $"{code}: {words}");
}

/// <summary>Holds a model's answer against a step's gates. Pure.</summary>
internal static class Gates
{
    /// <summary>The most output tokens of a judgement.</summary>
    public const int CriticTokens = 300;

    /// <summary>Holds an answer against the gates, in their order; the first one that refuses decides. In safe mode no other model is asked: that gate passes, and the detail says so.</summary>
    public static Verdict Check(ValidateNode node, Run run, Workflow workflow, RunCursor cursor, ModelCallCompleted answer)
    {
        AnswerReply? reply = null;
        if (workflow.Find(answer.Step) is not ModelNode { Task: not ModelTask.Answer })
        {
            var parsed = AnswerContract.Parse(answer.Response);
            if (parsed.Reply is null)
            {
                // Nothing else can be held against an answer that cannot be read, whichever gates the workflow names.
                return Verdict.Rejected("invalid-answer", parsed.Fault ?? "the answer cannot be read");
            }

            reply = parsed.Reply;
            if (reply.Action == AnswerAction.Handoff)
            {
                return reply.Reason == AnswerReason.PersonRequested
                    ? new("rejected", true, "asked-for-person: the customer asks for a person")
                    : new("rejected", true, "no-evidence: the passages do not answer the question");
            }
        }

        var passages = cursor.Found?.Passages ?? [];
        var judged = 0;
        var isSkipped = false;
        foreach (var gate in node.Gates)
        {
            var verdict = gate.Kind switch
            {
                GateKind.JsonSchema => gate.Schema is { } schema && SchemaFault(schema, answer.Response) is { } fault ? Verdict.Rejected("invalid-answer", fault) : Verdict.Passed,
                GateKind.Factuality when reply is not null => Factuality(reply, run.Request!.Text, passages, claims: !run.IsFirstVersion),
                GateKind.Factuality => Claims.Uncarried(TextOf(workflow, answer), passages) is { } claim ? Uncarried(claim) : Verdict.Passed,
                GateKind.ScoreThreshold => Score(reply?.Confidence ?? ScoreOf(answer.Response), gate.Threshold ?? 0.8m),
                GateKind.CriticCall when run.Started is { SafeMode: true } => Verdict.Passed,
                GateKind.CriticCall => judged < cursor.Judgements.Count ? Judge(cursor.Judgements[judged++], gate.Threshold ?? 0.8m) : Verdict.Passed with { Critic = gate },
                _ => throw new InvalidOperationException($"The run engine does not know the gate {gate.Kind}."),
            };
            if (verdict.Result != "passed" || verdict.Critic is not null)
            {
                return verdict;
            }

            isSkipped |= gate.Kind == GateKind.CriticCall && run.Started is { SafeMode: true };
        }

        return isSkipped ? Verdict.Passed with { Detail = SafeModeRules.Code } : Verdict.Passed;
    }

    /// <summary>What the customer would be told by an answer, and the answer where it rests on passages; nothing where it cannot be read or is no answer.</summary>
    public static (string? Text, AnswerReply? Reply) Said(Workflow workflow, ModelCallCompleted answer)
    {
        switch (workflow.Find(answer.Step))
        {
            case ModelNode { Task: ModelTask.Agent } agent:
                return (ModelTasks.ParseAgent(answer.Response, agent.Tools ?? []).Reply?.Text, null);
            case ModelNode { Task: not ModelTask.Answer }:
                return default;
            default:
                var reply = AnswerContract.Parse(answer.Response).Reply;
                return (reply?.Answer, reply);
        }
    }

    /// <summary>The text of an answer that gates judge.</summary>
    public static string TextOf(Workflow workflow, ModelCallCompleted answer) => Said(workflow, answer).Text ?? answer.Response;

    /// <summary>What is wrong with an answer that shall be JSON of a schema; null where nothing is.</summary>
    public static string? SchemaFault(string schema, string response)
    {
        try
        {
            var value = JsonSerializer.Deserialize(response, Domain.DomainJson.Default.JsonElement);
            return AnswerSchemas.Fault(schema, value);
        }
        catch (JsonException e)
        {
            return "the answer is not JSON: " + e.Message;
        }
    }

    private static Verdict Judge(ModelCallCompleted judgement, decimal threshold)
    {
        var (reply, fault) = ModelTasks.ParseCritique(judgement.Response);
        return reply is null ? Verdict.Rejected("critic-unavailable", fault!)
            : (decimal)reply.Score >= threshold ? Verdict.Passed
            : Verdict.Rejected("critic-refused", string.Create(CultureInfo.InvariantCulture, $"the score {reply.Score:0.###} is below {threshold}: {reply.Reason}"));
    }

    private static double ScoreOf(string response)
    {
        try
        {
            var json = JsonSerializer.Deserialize(response, Domain.DomainJson.Default.JsonElement);
            return json.ValueKind == JsonValueKind.Object && (json.TryGetProperty("confidence", out var score) || json.TryGetProperty("score", out score)) && score.ValueKind == JsonValueKind.Number ? score.GetDouble() : 0;
        }
        catch (JsonException)
        {
            return 0;
        }
    }

    private static Verdict Uncarried(string claim) => Verdict.Rejected("unsupported-claim", $"no cited passage carries '{(claim.Length <= 120 ? claim : claim[..120] + "…")}'");

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

    private static Verdict Factuality(AnswerReply reply, string question, ImmutableArray<Passage> passages, bool claims)
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

        return claims && reply.Reason == AnswerReason.Answered && Claims.Uncarried(reply.Answer, [.. passages.Where(p => reply.Citations.Any(c => c.Article == p.Article))]) is { } claim
            ? Uncarried(claim)
            : Verdict.Passed;
    }

    private static Verdict Score(double confidence, decimal threshold) => (decimal)confidence >= threshold
        ? Verdict.Passed
        : Verdict.Rejected("low-confidence", string.Create(CultureInfo.InvariantCulture, $"the confidence {confidence:0.###} is below {threshold}"));
}
