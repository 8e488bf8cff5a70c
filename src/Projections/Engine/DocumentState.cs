using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using AIaaS.EventStore;

namespace AIaaS.Projections.Engine;

/// <summary>
/// A document on its way through the fold. <paramref name="Late"/> holds the events that came in behind their turn, when a parked
/// event was replayed: they lie in the document itself, so that no crash applies one twice, on any engine.
/// </summary>
internal sealed record DocumentState<TDocument>(TDocument? Document, LogPosition Position, ImmutableArray<ulong> Late, int Bytes)
    where TDocument : class
{
    private static ReadOnlySpan<byte> LateMember => "\"$late\":"u8;

    public static readonly DocumentState<TDocument> None = new(null, LogPosition.Start, [], 0);

    public bool Reflects(LogPosition position) => position <= Position || Late.Contains(position.Value);

    public static DocumentState<TDocument> Read(StoredDocument stored, JsonTypeInfo<TDocument> json)
    {
        var bytes = stored.Json.Span;
        ImmutableArray<ulong> late = [];

        // Inside JSON text a quote is always escaped, so that this can only be the member itself.
        if (bytes.IndexOf(LateMember) >= 0)
        {
            using var document = JsonDocument.Parse(stored.Json);
            late = [.. document.RootElement.GetProperty("$late").EnumerateArray().Select(p => p.GetUInt64())];
        }

        return new(JsonSerializer.Deserialize(bytes, json), stored.Position, late, bytes.Length);
    }

    public byte[]? Write(JsonTypeInfo<TDocument> json)
    {
        if (Document is null)
        {
            return null;
        }

        var bytes = JsonSerializer.SerializeToUtf8Bytes(Document, json);
        if (Late.IsEmpty)
        {
            return bytes;
        }

        var tail = Encoding.UTF8.GetBytes($"{(bytes.Length > 2 ? "," : "")}\"$late\":[{string.Join(',', Late.Select(p => p.ToString(CultureInfo.InvariantCulture)))}]}}");
        return [.. bytes.AsSpan(0, bytes.Length - 1), .. tail];
    }
}

/// <summary>Recently written documents, bounded in bytes: two generations, of which the older one is dropped whole.</summary>
internal sealed class HotDocuments<TDocument>(int bytes)
    where TDocument : class
{
    private Dictionary<string, DocumentState<TDocument>> young = new(StringComparer.Ordinal);
    private Dictionary<string, DocumentState<TDocument>> old = new(StringComparer.Ordinal);
    private int youngBytes;

    public bool TryGet(string id, out DocumentState<TDocument> state) => young.TryGetValue(id, out state!) || old.TryGetValue(id, out state!);

    public void Set(string id, DocumentState<TDocument> state)
    {
        youngBytes += state.Bytes - (young.TryGetValue(id, out var before) ? before.Bytes : 0);
        young[id] = state;
        old.Remove(id);
        if (youngBytes > bytes / 2)
        {
            (old, young, youngBytes) = (young, new(StringComparer.Ordinal), 0);
        }
    }
}
