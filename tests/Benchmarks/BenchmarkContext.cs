using System.Diagnostics;

namespace AIaaS.Benchmarks;

/// <summary>What a run of a benchmark is given.</summary>
/// <param name="Folder">A fresh, empty folder on the same disk for all benchmarks; removed after the run.</param>
/// <param name="Run">Which run it is, from 1.</param>
internal sealed record BenchmarkContext(string Folder, int Run)
{
    /// <summary>The clock.</summary>
    public TimeProvider Time => TimeProvider.System;

    /// <summary>Draws that are the same in each run.</summary>
    public Random Random { get; } = new(20260131);

    /// <summary>A new folder inside <see cref="Folder"/>.</summary>
    public string NewFolder(string name) => Directory.CreateDirectory(Path.Combine(Folder, name)).FullName;

    /// <summary>A line of progress, on standard error.</summary>
    public void Say(string text) => Console.Error.WriteLine($"    {text}");

    /// <summary>Runs a child task to its end.</summary>
    /// <returns>What it wrote to standard output.</returns>
    /// <exception cref="InvalidOperationException">It failed.</exception>
    public async Task<string> RunChildAsync(string task, IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        foreach (var argument in Self().Concat(["child", task]).Concat(arguments))
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        try
        {
            var output = await process.StandardOutput.ReadToEndAsync(cancellationToken);
            await process.WaitForExitAsync(cancellationToken);
            return process.ExitCode == 0 ? output : throw new InvalidOperationException($"The child task '{task}' ended with exit code {process.ExitCode}.");
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    private static string[] Self() => Path.GetFileNameWithoutExtension(Environment.ProcessPath) is "dotnet" ? [typeof(BenchmarkContext).Assembly.Location] : [];
}
