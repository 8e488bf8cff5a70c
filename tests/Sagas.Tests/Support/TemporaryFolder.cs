namespace Sagas.Tests.Support;

/// <summary>A folder of its own, deleted at the end.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("aiaas-sagas-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

/// <summary>Waits for a condition with a deadline.</summary>
internal static class Eventually
{
    public static async Task BeAsync(Func<Task<bool>> condition, string what, int seconds = 30)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        while (!await condition())
        {
            if (deadline.IsCancellationRequested)
            {
                Assert.Fail($"After {seconds} s still not so: {what}.");
            }

            await Task.Delay(10);
        }
    }

    public static Task BeAsync(Func<bool> condition, string what, int seconds = 30) => BeAsync(() => Task.FromResult(condition()), what, seconds);
}
