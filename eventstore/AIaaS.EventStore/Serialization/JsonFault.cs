using System.Text.Json;
using System.Text.RegularExpressions;

namespace AIaaS.EventStore;

/// <summary>What is wrong with JSON, for readers who know nothing of the program's types.</summary>
internal static partial class JsonFault
{
    /// <summary>The fault's message without the names of the program's types.</summary>
    public static string Of(Exception fault) => fault is JsonException ? TypeNames().Replace(fault.Message, "what belongs there") : fault.Message;

    [GeneratedRegex(@"(type )?'?\b(AIaaS|System)\.[\w+`]+(\.[\w+`]+)*(\[[^\]]*\]+)?'?")]
    private static partial Regex TypeNames();
}
