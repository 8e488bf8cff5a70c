using AIaaS.EventStore.Tests.ProcessManagers;

namespace AIaaS.EventStore.Tests;

/// <summary>What a test starts as a process of its own, in order to kill it.</summary>
internal static class Program
{
    private static Task Main(string[] args) => args switch
    {
        [SagaWorker.Verb, var folder] => SagaWorker.RunAsync(folder),
        _ => Task.CompletedTask,
    };
}
