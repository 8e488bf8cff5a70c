using System.Text;

namespace AIaaS.Domain.Json;

/// <summary>Names by their UTF-8 bytes, each with its number: found without making a string.</summary>
internal sealed class NameTable
{
    private readonly byte[][] names;
    private readonly int[] slots;
    private readonly int mask;

    public NameTable(IReadOnlyList<string> texts)
    {
        Texts = texts;
        names = [.. texts.Select(Encoding.UTF8.GetBytes)];
        var size = 4;
        while (size < names.Length * 2)
        {
            size *= 2;
        }

        mask = size - 1;
        slots = new int[size];
        for (var i = 0; i < names.Length; i++)
        {
            var at = Hash(names[i]) & mask;
            while (slots[at] != 0)
            {
                at = (at + 1) & mask;
            }

            slots[at] = i + 1;
        }
    }

    public IReadOnlyList<string> Texts { get; }

    public int Count => names.Length;

    /// <summary>The name's number, or -1.</summary>
    public int Find(ReadOnlySpan<byte> name)
    {
        for (var at = Hash(name) & mask; slots[at] != 0; at = (at + 1) & mask)
        {
            if (name.SequenceEqual(names[slots[at] - 1]))
            {
                return slots[at] - 1;
            }
        }

        return -1;
    }

    private static int Hash(ReadOnlySpan<byte> name)
    {
        var hash = 2166136261u;
        foreach (var b in name)
        {
            hash = (hash ^ b) * 16777619;
        }

        return (int)(hash ^ (hash >> 15));
    }
}
