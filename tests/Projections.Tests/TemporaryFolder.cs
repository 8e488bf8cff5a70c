namespace AIaaS.Projections.Tests;

/// <summary>A folder of the test's own, deleted with what is in it.</summary>
public sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("aiaas-projections-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
