using System.Globalization;

namespace AIaaS.EventStore.Embedded;

/// <summary>Keeps a second process away from the data folder. The system drops the lock when the process ends, however it ends.</summary>
internal sealed class FolderLock : IDisposable
{
    private readonly FileStream file;

    private FolderLock(FileStream file) => this.file = file;

    internal static FolderLock Take(string folder)
    {
        var path = Path.Combine(folder, "eventlog.lock");
        var owner = Path.Combine(folder, "eventlog.owner");
        FileStream file;
        try
        {
            file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 1);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new EventStoreOpenException($"The data folder '{folder}' cannot be written: {e.Message} Give this process the right to write there, or set EventStore__DataFolder to another folder.", e);
        }
        catch (IOException e) when (IsLocked(path))
        {
            throw new EventStoreOpenException($"The data folder '{folder}' is in use by another process{OwnerOf(owner)}. Stop that process, or set EventStore__DataFolder to another folder.", e);
        }
        catch (IOException e)
        {
            throw new EventStoreOpenException($"The data folder '{folder}' cannot be written: {e.Message} Free its disk or make it writable, or set EventStore__DataFolder to another folder.", e);
        }

        try
        {
            File.WriteAllText(owner, Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            file.Dispose();
            throw new EventStoreOpenException($"The data folder '{folder}' cannot be written: {e.Message} Free its disk or make it writable, or set EventStore__DataFolder to another folder.", e);
        }

        return new(file);
    }

    public void Dispose() => file.Dispose();

    private static bool IsLocked(string path)
    {
        try
        {
            using var probe = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            return false;
        }
        catch (IOException)
        {
            return File.Exists(path);
        }
    }

    private static string OwnerOf(string path)
    {
        try
        {
            return $" (process {File.ReadAllText(path).Trim()})";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
