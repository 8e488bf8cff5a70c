using AIaaS.Domain.Agents;

namespace AIaaS.Commands.Routing;

/// <summary>
/// A model that needs no network and no key and gives the same answer to the same request: it quotes the sentences of the passages that
/// answer the question (<see cref="AnswerContract"/>), says how much of the question they cover, and hands off what they do not. The tasks of
/// <see cref="ModelTasks"/> it does by rules.
/// </summary>
/// <param name="name">The model's name.</param>
/// <param name="tier">How much it does.</param>
public sealed class OfflineModel(string name, Tier tier) : IModelClient
{
    private const double NothingFound = 0.3;

    // The cheapest model leaves what the next one may still find to the next one.
    private readonly double nothingFound = tier == Tier.SLM_A ? NothingFound / 15 : NothingFound;
    private readonly Extraction extraction = new(tier);

    /// <summary>The model's name.</summary>
    public string Name => name;

    /// <summary>How much it does.</summary>
    public Tier Tier => tier;

    /// <inheritdoc />
    public long MostInputTokens(string request) => TokenCounter.Count(request);

    /// <inheritdoc />
    public Task<ModelAnswer> CompleteAsync(string request, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            return Task.FromResult(Complete(request));
        }
        catch (ModelCallException e)
        {
            return Task.FromException<ModelAnswer>(e);
        }
    }

    private ModelAnswer Complete(string request)
    {
        var read = OfflineRequest.Read(request);
        var content = read.Task is not null || read.OffersTools ? OfflineTasks.Reply(request, read.Task) : Answer(read);
        var output = TokenCounter.Count(content);
        return output <= read.MaxOutputTokens
            ? new(content, new(TokenCounter.Count(request), 0, 0, output, 0))
            : throw new ModelCallException($"The answer would have {output} tokens; the request allows {read.MaxOutputTokens}. Raise max_completion_tokens.", retryable: false, unknown: false);
    }

    private string Answer(OfflineRequest request)
    {
        var reply = Reply(request);
        return request.WantsJson ? AnswerContract.Write(reply) : reply.Answer;
    }

    private AnswerReply Reply(OfflineRequest request)
    {
        if (Intents.AsksForPerson(request.Question))
        {
            return new(AnswerAction.Handoff, AnswerReason.PersonRequested, "I am passing you on to a colleague.", [], 1);
        }

        if (Intents.IsGreeting(request.Question))
        {
            return new(AnswerAction.Answer, AnswerReason.SmallTalk, "Hello! What can I do for you?", [], 1);
        }

        var reply = extraction.Answer(request.Question, request.Passages);
        return reply.Action == AnswerAction.Answer && reply.Confidence < nothingFound
            ? new(AnswerAction.Handoff, AnswerReason.NoEvidence, "I could not find this in our articles, so I am passing you on to a colleague.", [], Math.Round(1 - reply.Confidence, 3))
            : reply.Action == AnswerAction.Handoff
                ? reply with { Answer = "I could not find this in our articles, so I am passing you on to a colleague.", Confidence = 1 }
                : reply;
    }
}
