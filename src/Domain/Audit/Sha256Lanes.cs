using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace AIaaS.Domain.Audit;

/// <summary>
/// SHA-256 (FIPS 180-4) of eight messages of equal length at once, one in each lane of the vectors. A tree over a million events is millions of hashes of some
/// hundred bytes, where a call for each costs as much again as the hash. It is for public data only: nothing here is secret.
/// </summary>
internal static class Sha256Lanes
{
    /// <summary>How many messages are hashed at once.</summary>
    public const int Lanes = 8;

    /// <summary>A padded message is a multiple of so many bytes.</summary>
    public const int BlockBytes = 64;

    private const int Rounds = 64;
    private const int Words = 8;

    private static readonly uint[] Constants =
    [
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
        0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
        0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
        0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
    ];

    private static readonly uint[] Initial = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];

    /// <summary>Whether this machine has vectors wide enough; where not, messages are hashed one after the other.</summary>
    public static bool IsSupported => Avx2.IsSupported && BitConverter.IsLittleEndian;

    /// <summary>How many blocks a message of so many bytes has once it is padded.</summary>
    public static int BlocksOf(int bytes) => ((bytes + 8) / BlockBytes) + 1;

    /// <summary>Pads a message.</summary>
    /// <param name="message">Its whole blocks (<see cref="BlocksOf"/>); what is behind the message is overwritten.</param>
    /// <param name="bytes">How long it is.</param>
    public static void Pad(Span<byte> message, int bytes)
    {
        message[bytes] = 0x80;
        message[(bytes + 1)..^8].Clear();
        BinaryPrimitives.WriteUInt64BigEndian(message[^8..], (ulong)bytes * 8);
    }

    /// <summary>Hashes eight messages. Only where <see cref="IsSupported"/>.</summary>
    /// <param name="messages">The padded messages, one behind the other.</param>
    /// <param name="blocks">How many blocks each of them has.</param>
    /// <param name="hashes">Takes the eight hashes.</param>
    public static void Hash(ReadOnlySpan<byte> messages, int blocks, Span<MerkleHash> hashes)
    {
        Span<Vector256<uint>> schedule = stackalloc Vector256<uint>[Rounds];
        Span<Vector256<uint>> state = stackalloc Vector256<uint>[Words];
        for (var i = 0; i < Words; i++)
        {
            state[i] = Vector256.Create(Initial[i]);
        }

        for (var block = 0; block < blocks; block++)
        {
            for (var half = 0; half < 2; half++)
            {
                var words = schedule.Slice(half * Words, Words);
                for (var lane = 0; lane < Lanes; lane++)
                {
                    words[lane] = Turn(Vector256.Create(messages.Slice((((lane * blocks) + block) * BlockBytes) + (half * Words * sizeof(uint)), Words * sizeof(uint))));
                }

                Transpose(words);
            }

            Compress(state, schedule);
        }

        Transpose(state);
        var bytes = MemoryMarshal.AsBytes(hashes[..Lanes]);
        for (var lane = 0; lane < Lanes; lane++)
        {
            Turn(state[lane].AsByte()).AsByte().CopyTo(bytes[(lane * MerkleHash.Size)..]);
        }
    }

    private static void Compress(Span<Vector256<uint>> state, Span<Vector256<uint>> schedule)
    {
        for (var t = 16; t < Rounds; t++)
        {
            var (two, fifteen) = (schedule[t - 2], schedule[t - 15]);
            schedule[t] = (Right(two, 17) ^ Right(two, 19) ^ (two >>> 10)) + schedule[t - 7] + (Right(fifteen, 7) ^ Right(fifteen, 18) ^ (fifteen >>> 3)) + schedule[t - 16];
        }

        var (a, b, c, d, e, f, g, h) = (state[0], state[1], state[2], state[3], state[4], state[5], state[6], state[7]);
        for (var t = 0; t < Rounds; t += Words)
        {
            // Eight rounds at once, so that every value stays in its place.
            h = Mix(h, e, f, g, schedule, t);
            d += h;
            h = Close(h, a, b, c);
            g = Mix(g, d, e, f, schedule, t + 1);
            c += g;
            g = Close(g, h, a, b);
            f = Mix(f, c, d, e, schedule, t + 2);
            b += f;
            f = Close(f, g, h, a);
            e = Mix(e, b, c, d, schedule, t + 3);
            a += e;
            e = Close(e, f, g, h);
            d = Mix(d, a, b, c, schedule, t + 4);
            h += d;
            d = Close(d, e, f, g);
            c = Mix(c, h, a, b, schedule, t + 5);
            g += c;
            c = Close(c, d, e, f);
            b = Mix(b, g, h, a, schedule, t + 6);
            f += b;
            b = Close(b, c, d, e);
            a = Mix(a, f, g, h, schedule, t + 7);
            e += a;
            a = Close(a, b, c, d);
        }

        state[0] += a;
        state[1] += b;
        state[2] += c;
        state[3] += d;
        state[4] += e;
        state[5] += f;
        state[6] += g;
        state[7] += h;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Mix(Vector256<uint> h, Vector256<uint> e, Vector256<uint> f, Vector256<uint> g, ReadOnlySpan<Vector256<uint>> schedule, int t) =>
        h + schedule[t] + Vector256.Create(Constants[t]) + (Right(e, 6) ^ Right(e, 11) ^ Right(e, 25)) + (g ^ (e & (f ^ g)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Close(Vector256<uint> mixed, Vector256<uint> a, Vector256<uint> b, Vector256<uint> c) =>
        mixed + (Right(a, 2) ^ Right(a, 13) ^ Right(a, 22)) + ((a & b) | (c & (a | b)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Right(Vector256<uint> value, [ConstantExpected] byte bits) =>
        Avx512F.VL.IsSupported ? Avx512F.VL.RotateRight(value, bits) : (value >>> bits) | (value << (32 - bits));

    /// <summary>Turns the bytes of each word around.</summary>
    private static Vector256<uint> Turn(Vector256<byte> bytes) =>
        Avx2.Shuffle(bytes, Vector256.Create((byte)3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12)).AsUInt32();

    /// <summary>Makes rows of eight words columns.</summary>
    private static void Transpose(Span<Vector256<uint>> rows)
    {
        var (a, b) = Pairs(rows[0], rows[1], rows[2], rows[3]);
        var (c, d) = Pairs(rows[4], rows[5], rows[6], rows[7]);
        (rows[0], rows[4]) = Halves(a.Low, c.Low);
        (rows[1], rows[5]) = Halves(a.High, c.High);
        (rows[2], rows[6]) = Halves(b.Low, d.Low);
        (rows[3], rows[7]) = Halves(b.High, d.High);
    }

    /// <summary>Of four rows the first, second, third and fourth words of either half together.</summary>
    private static ((Vector256<ulong> Low, Vector256<ulong> High) First, (Vector256<ulong> Low, Vector256<ulong> High) Second) Pairs(Vector256<uint> a, Vector256<uint> b, Vector256<uint> c, Vector256<uint> d)
    {
        var (lowAb, lowCd) = (Avx2.UnpackLow(a, b).AsUInt64(), Avx2.UnpackLow(c, d).AsUInt64());
        var (highAb, highCd) = (Avx2.UnpackHigh(a, b).AsUInt64(), Avx2.UnpackHigh(c, d).AsUInt64());
        return ((Avx2.UnpackLow(lowAb, lowCd), Avx2.UnpackHigh(lowAb, lowCd)), (Avx2.UnpackLow(highAb, highCd), Avx2.UnpackHigh(highAb, highCd)));
    }

    private static (Vector256<uint> Low, Vector256<uint> High) Halves(Vector256<ulong> a, Vector256<ulong> b) =>
        (Avx2.Permute2x128(a, b, 0x20).AsUInt32(), Avx2.Permute2x128(a, b, 0x31).AsUInt32());
}
