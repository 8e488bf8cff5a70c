namespace EventStore.Tests;

/// <summary>A folder that is there for one test.</summary>
public sealed class TempFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("aiaas-").FullName;

    public string this[string file] => System.IO.Path.Combine(Path, file);

    public void Dispose()
    {
        if (Directory.Exists(Path))
        {
            Directory.Delete(Path, recursive: true);
        }
    }
}
