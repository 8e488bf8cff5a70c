using AIaaS.Commands.Bus;
using AIaaS.Commands.Channels;
using AIaaS.Commands.Knowledge;

namespace AIaaS.Commands.Agents;

/// <summary>Takes up runs that another process accepted: executes them to their end or next wait, and brings what they say into their conversations.</summary>
public sealed class RunWorker(RunEngine engine, ConversationService conversations, IRetriever retriever) : IWorkHandler<ExecuteRun>
{
    private static readonly TimeSpan SearchPatience = TimeSpan.FromSeconds(2);

    /// <inheritdoc />
    public async Task HandleAsync(ExecuteRun work, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(work);
        var loaded = await engine.LoadAsync(work.Tenant, work.Run, cancellationToken);
        var run = loaded.State;
        if (run is { Completed: null, IsResting: false })
        {
            // The recovery looks after the run of a worker that may have died: nothing waits for that here.
            if (await engine.IsHeldElsewhereAsync(work.Tenant, work.Run, cancellationToken))
            {
                return;
            }

            // Who wrote an article and then asked about it may have done both in another process.
            if (run.Started is null && retriever is Bm25Retriever index)
            {
                await index.WaitForAsync(loaded.Position, SearchPatience, cancellationToken);
            }

            run = await engine.RestAsync(work.Tenant, work.Run, cancellationToken);
        }

        await conversations.SettleAsync(work.Tenant, run, cancellationToken);
    }
}
