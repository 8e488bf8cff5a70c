using AIaaS.Commands.Agents;

namespace AIaaS.Api.Hosting;

/// <summary>On shutdown, lets the runs that are under way end; what is left after a while goes on from the log at the next start.</summary>
internal sealed partial class RunDrain(RunEngine engine, TimeProvider time, ILogger<RunDrain> log) : IHostedService
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        var since = time.GetTimestamp();
        while (engine.Active > 0 && time.GetElapsedTime(since) < Patience && !cancellationToken.IsCancellationRequested)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), time, CancellationToken.None);
        }

        if (engine.Active > 0)
        {
            HandedOver(log, engine.Active);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} runs are under way at shutdown; they go on from the log at the next start")]
    private static partial void HandedOver(ILogger log, int count);
}
