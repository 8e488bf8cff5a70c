namespace AIaaS.Domain.Json;

/// <summary>The public vectors, which lie in <c>../shared/data</c> beside the checkout.</summary>
internal static class SharedData
{
    /// <summary>The folder or file, or null where it is not there.</summary>
    public static string? Find(string relative)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var path = Path.Combine(folder.FullName, "shared", "data", relative);
            if (Path.Exists(path))
            {
                return path;
            }
        }

        return null;
    }
}
