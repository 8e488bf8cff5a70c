using System.Globalization;

namespace AIaaS.Api.Http;

/// <summary>What the client would like (RFC 7240): <c>respond-async</c>, <c>wait=N</c>; anything else is ignored, as the standard says.</summary>
/// <param name="Time">How long the request waits for its run.</param>
/// <param name="Applied">What of it was taken, for the header <c>Preference-Applied</c>; null for nothing.</param>
internal readonly record struct Preference(TimeSpan Time, string? Applied)
{
    public static Preference Of(HttpRequest request, TimeSpan most)
    {
        var wait = new Preference(most, null);
        foreach (var sent in request.Headers["Prefer"].SelectMany(h => (h ?? "").Split(',')))
        {
            // Parameters of a preference (behind ';') are none that this server knows; white space around '=' and quotes change nothing.
            var preference = sent.Split(';')[0].Replace(" ", "", StringComparison.Ordinal).Replace("\t", "", StringComparison.Ordinal).Replace("\"", "", StringComparison.Ordinal);
            if (preference.Equals("respond-async", StringComparison.OrdinalIgnoreCase))
            {
                return new(TimeSpan.Zero, "respond-async");
            }

            if (preference.StartsWith("wait=", StringComparison.OrdinalIgnoreCase)
                && int.TryParse(preference.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
                && TimeSpan.FromSeconds(seconds) <= most)
            {
                wait = new(TimeSpan.FromSeconds(seconds), $"wait={seconds}");
            }
        }

        return wait;
    }
}
