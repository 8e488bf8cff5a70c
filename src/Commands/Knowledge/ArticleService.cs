using AIaaS.Domain.Knowledge;
using AIaaS.EventStore;

namespace AIaaS.Commands.Knowledge;

/// <summary>Adds, replaces and removes the articles of tenants.</summary>
public sealed class ArticleService : CommandService<Article>
{
    // So many appends share their durable commits.
    private const int Parallel = 32;

    /// <summary>Makes the service.</summary>
    public ArticleService(IEventStore log, EventTypes types, IdSource ids)
        : base(log, types, ids)
    {
        On<PutArticle>().In(c => Article.Stream(c.Tenant, Named(c.Article))).Decide((article, command) => article.Put(command));
        On<RemoveArticle>().In(c => Article.Stream(c.Tenant, Named(c.Article))).Decide((article, command) => article.Remove(command));
    }

    /// <summary>Adds or replaces an article; the same content again writes nothing.</summary>
    /// <exception cref="DomainException">Something is wrong with it; the error names all of it.</exception>
    public Task<CommandResult<Article>> PutAsync(PutArticle command, CommandContext context, CancellationToken cancellationToken = default)
    {
        Refuse(Article.Faults(command));
        return HandleAsync(command, context, cancellationToken);
    }

    /// <summary>Removes an article.</summary>
    /// <exception cref="DomainException">There is none of that id.</exception>
    public Task<CommandResult<Article>> RemoveAsync(RemoveArticle command, CommandContext context, CancellationToken cancellationToken = default) =>
        Article.IsId(command.Article)
            ? HandleAsync(command, context, cancellationToken)
            : throw new DomainException(ArticleErrors.Unknown(command.Article));

    /// <summary>
    /// Adds or replaces many articles. All are checked before the first is written; each is written by itself, so after a crash the same import
    /// is sent again and goes on where it was.
    /// </summary>
    /// <exception cref="DomainException">Something is wrong with some of them; the error names each, and nothing was written.</exception>
    public async Task<ArticlesPut> PutManyAsync(IReadOnlyList<PutArticle> commands, CommandContext context, CancellationToken cancellationToken = default)
    {
        var twice = commands.GroupBy(c => c.Article, StringComparer.Ordinal).Where(g => g.Count() > 1).Select(g => $"{g.Key}: it is there more than once");
        Refuse([.. commands.SelectMany((c, i) => Article.Faults(c).Select(f => $"{(Article.IsId(c.Article) ? c.Article : $"number {i + 1}")}: {f}")), .. twice]);
        var written = 0;
        var position = 0UL;
        await System.Threading.Tasks.Parallel.ForEachAsync(commands, new ParallelOptions { MaxDegreeOfParallelism = Parallel, CancellationToken = cancellationToken }, async (command, ended) =>
        {
            var result = await HandleAsync(command, context, ended);
            Interlocked.Add(ref written, result.Events.IsEmpty || result.Repeated ? 0 : 1);
            for (var seen = Volatile.Read(ref position); result.Position.Value > seen;)
            {
                var before = Interlocked.CompareExchange(ref position, result.Position.Value, seen);
                if (before == seen)
                {
                    break;
                }

                seen = before;
            }
        });
        return new(written, commands.Count - written, new(position));
    }

    private static void Refuse(IReadOnlyList<string> faults)
    {
        if (faults.Count > 0)
        {
            throw new DomainException(ArticleErrors.Invalid(faults));
        }
    }

    private static string Named(string article) => Article.IsId(article) ? article : throw new DomainException(ArticleErrors.Unknown(article));
}

/// <summary>What an import did.</summary>
/// <param name="Written">Articles that were added or replaced.</param>
/// <param name="Unchanged">Articles that were there already, just so.</param>
/// <param name="Position">The position behind the last of them: the consistency token.</param>
public sealed record ArticlesPut(int Written, int Unchanged, LogPosition Position);
