using System.Globalization;

namespace AIaaS.Benchmarks;

/// <summary>Statistics and number formats.</summary>
internal static class Figures
{
    /// <summary>The value below which the share <paramref name="q"/> of the values lies (nearest rank). Sorts in place.</summary>
    public static double Percentile(double[] values, double q)
    {
        Array.Sort(values);
        return values.Length == 0 ? double.NaN : values[Math.Clamp((int)Math.Ceiling(q * values.Length) - 1, 0, values.Length - 1)];
    }

    /// <summary>The middle value; of an even number, the mean of the two middle ones.</summary>
    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length switch
        {
            0 => double.NaN,
            var n when n % 2 == 1 => sorted[n / 2],
            var n => (sorted[(n / 2) - 1] + sorted[n / 2]) / 2,
        };
    }

    /// <summary>Three or four significant digits, thousands separated.</summary>
    public static string Format(double value) => value switch
    {
        double.NaN => "n/a",
        >= 100 => value.ToString("#,##0", CultureInfo.InvariantCulture),
        >= 10 => value.ToString("0.#", CultureInfo.InvariantCulture),
        >= 1 => value.ToString("0.##", CultureInfo.InvariantCulture),
        _ => value.ToString("0.###", CultureInfo.InvariantCulture),
    };
}
