using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace AIaaS.Commands.Payments;

/// <summary>The signature scheme of Stripe's webhooks: <c>t={seconds},v1={HMAC-SHA-256 in hex over "t.body"}</c>. Several v1 may stand there while a secret is rolled.</summary>
internal static class WebhookSignature
{
    private const int MaxHeaderLength = 2_000;

    public static string Sign(string secret, ReadOnlySpan<byte> body, DateTimeOffset at)
    {
        var seconds = at.ToUnixTimeSeconds();
        return $"t={seconds.ToString(CultureInfo.InvariantCulture)},v1={Convert.ToHexStringLower(Mac(secret, seconds, body))}";
    }

    /// <exception cref="WebhookRefusedException">It does not hold.</exception>
    public static void Check(IReadOnlyList<string> secrets, ReadOnlySpan<byte> body, string? header, DateTimeOffset now, TimeSpan tolerance)
    {
        if (string.IsNullOrEmpty(header) || header.Length > MaxHeaderLength)
        {
            throw new WebhookRefusedException("The webhook carries no signature that can be read.");
        }

        long? seconds = null;
        List<byte[]> signatures = [];
        foreach (var part in header.Split(',', StringSplitOptions.TrimEntries))
        {
            if (part.StartsWith("t=", StringComparison.Ordinal))
            {
                if (seconds is not null || !long.TryParse(part.AsSpan(2), NumberStyles.None, CultureInfo.InvariantCulture, out var value) || value > 253_402_300_799)
                {
                    throw new WebhookRefusedException("The signature's time cannot be read.");
                }

                seconds = value;
            }
            else if (part.StartsWith("v1=", StringComparison.Ordinal) && part.Length == 67 && part.AsSpan(3).IndexOfAnyExcept("0123456789abcdef") < 0)
            {
                signatures.Add(Convert.FromHexString(part.AsSpan(3)));
            }
        }

        if (seconds is not { } at || signatures.Count == 0)
        {
            throw new WebhookRefusedException("The signature has no time or no v1.");
        }

        var isGenuine = false;
        foreach (var secret in secrets)
        {
            var expected = Mac(secret, at, body);
            foreach (var signature in signatures)
            {
                isGenuine |= CryptographicOperations.FixedTimeEquals(expected, signature);
            }
        }

        if (!isGenuine)
        {
            throw new WebhookRefusedException("The signature does not fit the body.");
        }

        if ((now - DateTimeOffset.FromUnixTimeSeconds(at)).Duration() > tolerance)
        {
            throw new WebhookRefusedException($"The signature's time is more than {tolerance.TotalSeconds:0} seconds away.");
        }
    }

    private static byte[] Mac(string secret, long seconds, ReadOnlySpan<byte> body)
    {
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret));
        hmac.AppendData(Encoding.ASCII.GetBytes(seconds.ToString(CultureInfo.InvariantCulture) + "."));
        hmac.AppendData(body);
        return hmac.GetHashAndReset();
    }
}
