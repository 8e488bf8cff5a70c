using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace AIaaS.Architecture;

/// <summary>What an assembly uses of others, read from its metadata.</summary>
internal static class AssemblyContents
{
    public static IReadOnlyList<string> ReferencedAssemblies(string assembly) =>
        [.. Assembly.Load(assembly).GetReferencedAssemblies().Select(a => a.Name!).Order(StringComparer.Ordinal)];

    /// <summary>The full names of all types of other assemblies that the code uses.</summary>
    public static IReadOnlyList<string> ReferencedTypes(string assembly) => Read(assembly, metadata =>
        metadata.TypeReferences.Select(handle => FullName(metadata, metadata.GetTypeReference(handle))));

    /// <summary>The members of other assemblies that the code uses: <c>Namespace.Type.Member</c>.</summary>
    public static IReadOnlyList<string> ReferencedMembers(string assembly) => Read(assembly, metadata =>
        metadata.MemberReferences
            .Select(metadata.GetMemberReference)
            .Where(m => m.Parent.Kind is HandleKind.TypeReference)
            .Select(m => FullName(metadata, metadata.GetTypeReference((TypeReferenceHandle)m.Parent)) + "." + metadata.GetString(m.Name)));

    private static IReadOnlyList<string> Read(string assembly, Func<MetadataReader, IEnumerable<string>> select)
    {
        using var file = File.OpenRead(Assembly.Load(assembly).Location);
        using var image = new PEReader(file);
        return [.. select(image.GetMetadataReader()).Distinct().Order(StringComparer.Ordinal)];
    }

    private static string FullName(MetadataReader metadata, TypeReference type)
    {
        var name = metadata.GetString(type.Name);
        return type.ResolutionScope.Kind is HandleKind.TypeReference
            ? FullName(metadata, metadata.GetTypeReference((TypeReferenceHandle)type.ResolutionScope)) + "+" + name
            : type.Namespace.IsNil ? name : metadata.GetString(type.Namespace) + "." + name;
    }
}
