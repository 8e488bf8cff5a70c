using AIaaS.Domain.Agents;

namespace AIaaS.Commands.Routing;

/// <summary>A model without network.</summary>
public sealed class OfflineModel(string name, Tier tier) : IModelClient
{
    /// <summary>The model's name.</summary>
    public string Name => name;

    /// <summary>Its tier.</summary>
    public Tier Tier => tier;

    /// <inheritdoc />
    public long MostInputTokens(string request) => TokenCounter.Count(request);

    /// <inheritdoc />
    public Task<ModelAnswer> CompleteAsync(string request, CancellationToken cancellationToken = default)
    {
        var content = AnswerContract.Write(new(AnswerAction.Handoff, AnswerReason.NoEvidence, "", [], 0));
        return Task.FromResult(new ModelAnswer(content, new(TokenCounter.Count(request), 0, 0, TokenCounter.Count(content), 0)));
    }
}
