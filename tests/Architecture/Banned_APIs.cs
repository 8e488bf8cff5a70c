using System.Diagnostics;
using System.Text.RegularExpressions;

namespace AIaaS.Architecture;

/// <summary>A project of this repository that uses every banned API, built by the real build.</summary>
public sealed partial class Banned_APIs
{
    private const string Culprit = """
        namespace Probe;

        /// <summary>Uses what must not be used.</summary>
        internal static class Culprit
        {
            internal static object[] Uses(Task<int> task)
            {
                Thread.Sleep(1);
                task.Wait();
                return
                [
                    DateTime.Now,
                    DateTimeOffset.UtcNow,
                    Guid.NewGuid(),
                    Random.Shared,
                    task.Result,
                ];
            }
        }
        """;

    private const int Uses = 7;

    private string folder = "";
    private string output = "";

    [OneTimeSetUp]
    public async Task Build()
    {
        // Below the repository, so that its Directory.Build.props, .editorconfig and list hold here as everywhere.
        folder = Directory.CreateDirectory(Repository.PathOf("artifacts/probe-" + Path.GetRandomFileName())).FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "Culprit.cs"), Culprit);
        await File.WriteAllTextAsync(Path.Combine(folder, "Probe.csproj"), """<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><ArtifactsPath>$(MSBuildProjectDirectory)/out</ArtifactsPath></PropertyGroup></Project>""");

        var start = new ProcessStartInfo("dotnet", ["build", "Probe.csproj", "-nologo", "-v", "quiet", "-nodeReuse:false", "-p:UseSharedCompilation=false"])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var inherited in start.Environment.Keys.Where(k => k.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToArray())
        {
            start.Environment.Remove(inherited);
        }

        start.Environment["DOTNET_CLI_UI_LANGUAGE"] = "en";
        using var build = Process.Start(start)!;
        var error = build.StandardError.ReadToEndAsync();
        output = await build.StandardOutput.ReadToEndAsync() + await error;
        await build.WaitForExitAsync();
    }

    [OneTimeTearDown]
    public void Remove() => Directory.Delete(folder, recursive: true);

    [Test]
    public void stop_the_build_wherever_they_are_used() =>
        BannedUse().Matches(output).Select(m => m.Groups[1].Value).Distinct().Should().HaveCount(Uses, "the build said: {0}", output);

    [Test]
    public void are_reported_with_what_to_use_instead() => output.Should().Contain("Take the time from TimeProvider").And.Contain("Await the task");

    [GeneratedRegex(@"Culprit\.cs\((\d+),\d+\): error RS0030")]
    private static partial Regex BannedUse();
}
