using AIaaS.EventStore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace AIaaS.Commands.Knowledge;

/// <summary>Registers the articles and their search.</summary>
public static class KnowledgeServices
{
    /// <summary>
    /// Registers the search, as a subscription too, and the article commands. Needs the log, the event types, an id source and a parking lot.
    /// </summary>
    public static IServiceCollection AddKnowledge(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<Bm25Retriever>();
        services.AddSingleton<IRetriever>(p => p.GetRequiredService<Bm25Retriever>());
        services.AddSingleton<ISubscription>(p => p.GetRequiredService<Bm25Retriever>());
        services.AddSingleton<ArticleService>();
        return services;
    }
}
