using System.Xml.Linq;

namespace AIaaS.Architecture;

/// <summary>The checkout that the tests were built from.</summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    /// <summary>The projects of the product, by name, with the projects that each one names.</summary>
    public static IReadOnlyDictionary<string, string[]> ProductProjects { get; } = ProjectFiles
        .Where(f => Relative(f).StartsWith("src/", StringComparison.Ordinal) || Relative(f).StartsWith("eventstore/", StringComparison.Ordinal))
        .ToDictionary(
            f => Path.GetFileNameWithoutExtension(f),
            f => XDocument.Load(f).Descendants("ProjectReference").Select(r => Path.GetFileNameWithoutExtension((string)r.Attribute("Include")!)).ToArray());

    public static IEnumerable<string> ProjectFiles => Files("*.csproj");

    public static string PathOf(string relative) => Path.Combine(Root, relative);

    public static string Read(string relative) => File.ReadAllText(PathOf(relative));

    public static string Relative(string path) => Path.GetRelativePath(Root, path).Replace('\\', '/');

    /// <summary>The files of the checkout that a person wrote.</summary>
    public static IEnumerable<string> Files(string pattern) => Directory
        .EnumerateFiles(Root, pattern, SearchOption.AllDirectories)
        .Where(f => !Relative(f).Split('/').Any(part => part is "artifacts" or "bin" or "obj" or ".git"))
        .Order(StringComparer.Ordinal);

    private static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "AIaaS.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException("The tests do not lie below a folder that holds AIaaS.sln.");
    }
}
