using System.Runtime.InteropServices;
using System.Text.Json;

namespace AIaaS.Domain.Json;

/// <summary>Equality of JSON values as JSON Schema has it: numbers by value, objects without order.</summary>
internal static class JsonEquality
{
    /// <summary>Whether both are equal. Each value looked at is paid for; where no more may be paid the answer is false and the context says so.</summary>
    public static bool AreEqual(JsonElement left, JsonElement right, SchemaRun run, int depth = 0)
    {
        if (left.ValueKind != right.ValueKind || !run.Enter(depth))
        {
            return false;
        }

        switch (left.ValueKind)
        {
            case JsonValueKind.Number:
                return AreEqualNumbers(left, right);
            case JsonValueKind.String:
                return AreEqualStrings(left, right);
            case JsonValueKind.Array:
                if (left.GetArrayLength() != right.GetArrayLength())
                {
                    return false;
                }

                using (var other = right.EnumerateArray())
                {
                    foreach (var item in left.EnumerateArray())
                    {
                        if (!other.MoveNext() || !AreEqual(item, other.Current, run, depth + 1))
                        {
                            return false;
                        }
                    }
                }

                return true;
            case JsonValueKind.Object:
                return AreEqualObjects(left, right, run, depth);
            default:
                return true;
        }
    }

    public static bool AreEqualNumbers(JsonElement left, JsonElement right)
    {
        var a = JsonMarshal.GetRawUtf8Value(left);
        var b = JsonMarshal.GetRawUtf8Value(right);
        return a.SequenceEqual(b) || ExactNumber.Parse(a).Equals(ExactNumber.Parse(b));
    }

    public static int Hash(JsonElement value, SchemaRun run, int depth = 0)
    {
        if (!run.Enter(depth))
        {
            return 0;
        }

        var hash = new HashCode();
        hash.Add(value.ValueKind);
        switch (value.ValueKind)
        {
            case JsonValueKind.Number:
                hash.Add(ExactNumber.Of(value));
                break;
            case JsonValueKind.String:
                var raw = JsonMarshal.GetRawUtf8Value(value);
                if (raw.Contains((byte)'\\'))
                {
                    hash.AddBytes(System.Text.Encoding.UTF8.GetBytes(value.GetString()!));
                }
                else
                {
                    hash.AddBytes(raw[1..^1]);
                }

                break;
            case JsonValueKind.Array:
                foreach (var item in value.EnumerateArray())
                {
                    hash.Add(Hash(item, run, depth + 1));
                }

                break;
            case JsonValueKind.Object:
                // The order of members does not count.
                var members = 0;
                foreach (var member in value.EnumerateObject())
                {
                    members += HashCode.Combine(string.GetHashCode(member.Name, StringComparison.Ordinal), Hash(member.Value, run, depth + 1));
                }

                hash.Add(members);
                break;
        }

        return hash.ToHashCode();
    }

    private static bool AreEqualStrings(JsonElement left, JsonElement right)
    {
        var a = JsonMarshal.GetRawUtf8Value(left);
        var b = JsonMarshal.GetRawUtf8Value(right);
        return a.SequenceEqual(b) || ((a.Contains((byte)'\\') || b.Contains((byte)'\\')) && left.GetString() == right.GetString());
    }

    private static bool AreEqualObjects(JsonElement left, JsonElement right, SchemaRun run, int depth)
    {
        var members = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var member in right.EnumerateObject())
        {
            members[member.Name] = member.Value;
        }

        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var member in left.EnumerateObject())
        {
            names.Add(member.Name);
            if (!members.TryGetValue(member.Name, out var other) || !AreEqual(member.Value, other, run, depth + 1))
            {
                return false;
            }
        }

        return names.Count == members.Count;
    }
}
