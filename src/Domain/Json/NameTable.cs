using System.Runtime.InteropServices;
using System.Text;

namespace AIaaS.Domain.Json;

/// <summary>Names by their UTF-8 bytes, each with its number: found without making a string.</summary>
internal sealed class NameTable
{
    private const ulong Multiplier = 0x9E3779B97F4A7C15;

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
        var hash = (ulong)name.Length * Multiplier;
        while (name.Length > sizeof(ulong))
        {
            hash = Mix(hash, MemoryMarshal.Read<ulong>(name));
            name = name[sizeof(ulong)..];
        }

        // What is left is read in two pieces that may overlap.
        var rest = name.Length switch
        {
            sizeof(ulong) => MemoryMarshal.Read<ulong>(name),
            >= sizeof(uint) => MemoryMarshal.Read<uint>(name) | ((ulong)MemoryMarshal.Read<uint>(name[^sizeof(uint)..]) << 32),
            > 0 => name[0] | ((ulong)name[name.Length / 2] << 8) | ((ulong)name[^1] << 16),
            _ => 0UL,
        };
        return (int)(Mix(hash, rest) >> 32);
    }

    private static ulong Mix(ulong hash, ulong word)
    {
        hash = (hash ^ word) * Multiplier;
        return hash ^ (hash >> 29);
    }
}
