using AIaaS.Projections;
using AIaaS.Projections.Embedded;
using Microsoft.Extensions.Logging;

[assembly: ReadModelEngine("embedded", typeof(EmbeddedReadModelEngine))]

namespace AIaaS.Projections.Embedded;

/// <summary>Read models in one SQLite file, <c>read-models.db</c>, in the data folder. Needs no set-up.</summary>
public sealed class EmbeddedReadModelEngine : IReadModelEngine
{
    /// <inheritdoc />
    public Task<IReadModelStore> OpenAsync(ReadModelOptions options, ILoggerFactory logging, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult<IReadModelStore>(EmbeddedReadModelStore.Open(options.DataFolder));
    }
}
