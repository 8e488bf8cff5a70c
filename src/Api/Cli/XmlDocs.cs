using System.Reflection;
using System.Text;
using System.Xml.Linq;

namespace AIaaS.Api.Cli;

/// <summary>The documentation comments of assemblies, as the compiler wrote them beside each, in Markdown.</summary>
internal sealed class XmlDocs
{
    private readonly Dictionary<string, XElement> members;

    private XmlDocs(Dictionary<string, XElement> members) => this.members = members;

    /// <summary>Reads them.</summary>
    /// <exception cref="FileNotFoundException">An assembly was built or published without its documentation.</exception>
    public static XmlDocs Of(IReadOnlyCollection<Assembly> assemblies)
    {
        var members = new Dictionary<string, XElement>(StringComparer.Ordinal);
        foreach (var assembly in assemblies)
        {
            var file = Path.Combine(AppContext.BaseDirectory, assembly.GetName().Name + ".xml");
            if (!File.Exists(file))
            {
                throw new FileNotFoundException($"The documentation of {assembly.GetName().Name} is missing beside the program ({file}). Build the solution with 'make build'.", file);
            }

            foreach (var member in XDocument.Load(file).Descendants("member"))
            {
                members[(string)member.Attribute("name")!] = member;
            }
        }

        return new(members);
    }

    /// <summary>What a type is.</summary>
    public string Summary(Type type) => Find(type)?.Element("summary") is { } summary ? Markdown(summary) : "";

    /// <summary>What a parameter of a record's primary constructor is.</summary>
    public string Parameter(Type type, string name) =>
        Find(type)?.Elements("param").FirstOrDefault(p => (string?)p.Attribute("name") == name) is { } parameter ? Markdown(parameter) : "";

    private XElement? Find(Type type) => members.GetValueOrDefault("T:" + type.FullName!.Replace('+', '.'));

    private static string Markdown(XElement element)
    {
        var text = new StringBuilder();
        foreach (var node in element.Nodes())
        {
            text.Append(node switch
            {
                XText plain => plain.Value,
                XElement { Name.LocalName: "see" or "seealso" } see => $"`{ShortName((string?)see.Attribute("cref") ?? (string?)see.Attribute("langword") ?? "")}`",
                XElement { Name.LocalName: "paramref" } reference => $"`{(string?)reference.Attribute("name")}`",
                XElement code => $"`{code.Value}`",
                _ => "",
            });
        }

        return string.Join(' ', text.ToString().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).Replace("|", "\\|", StringComparison.Ordinal);
    }

    private static string ShortName(string cref)
    {
        var name = cref[(cref.IndexOf(':', StringComparison.Ordinal) + 1)..];
        return name[(name.LastIndexOf('.') + 1)..];
    }
}
