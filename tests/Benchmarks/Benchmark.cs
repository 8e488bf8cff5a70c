namespace AIaaS.Benchmarks;

/// <summary>Which way a measure improves.</summary>
internal enum Better
{
    /// <summary>A rate.</summary>
    Higher,

    /// <summary>A latency or a size.</summary>
    Lower,
}

/// <summary>What a measure must reach; every part that is set must hold.</summary>
/// <param name="Value">At least (or at most) so much, in the measure's unit.</param>
/// <param name="Ratio">At least (or at most) so many times the floor of the same run.</param>
/// <param name="Beyond">At most so much more than the floor of the same run, in the measure's unit.</param>
internal sealed record Target(double? Value = null, double? Ratio = null, double? Beyond = null)
{
    public bool IsMet(Better better, double value, double? floor) =>
        (Value is not { } least || Reaches(better, value, least))
        && (Ratio is not { } ratio || (floor is { } f && Reaches(better, value, ratio * f)))
        && (Beyond is not { } beyond || (floor is { } b && value <= b + beyond));

    public string Describe(Better better, string unit)
    {
        var sign = better is Better.Higher ? "≥" : "≤";
        return string.Join(" and ", new[]
        {
            Value is { } value ? $"{sign} {Figures.Format(value)} {unit}" : null,
            Ratio is { } ratio ? $"{sign} {Figures.Format(ratio)} × floor" : null,
            Beyond is { } beyond ? $"≤ floor + {Figures.Format(beyond)} {unit}" : null,
        }.OfType<string>());
    }

    private static bool Reaches(Better better, double value, double bound) => better is Better.Higher ? value >= bound : value <= bound;
}

/// <summary>One line of the table.</summary>
/// <param name="Name">Dotted; <c>ONLY=</c> selects by prefix.</param>
/// <param name="Unit">For example <c>events/s</c>, <c>ms</c>, <c>MiB</c>.</param>
/// <param name="Better">Which way it improves.</param>
/// <param name="Target">What it must reach.</param>
/// <param name="Floor">What the floor is, in words; null for none.</param>
internal sealed record Measure(string Name, string Unit, Better Better, Target Target, string? Floor = null);

/// <summary>What one run gave for one measure.</summary>
/// <param name="Value">In the measure's unit.</param>
/// <param name="Floor">The floor, measured in the same run and given in the same unit; null for none.</param>
internal readonly record struct Sample(double Value, double? Floor = null);

/// <summary>Measures one or more lines of the table. A new instance is not made per run: keep no state between runs.</summary>
internal interface IBenchmark
{
    /// <summary>The lines that it gives.</summary>
    IReadOnlyList<Measure> Measures { get; }

    /// <summary>How often it runs; the table shows medians, so at least 3.</summary>
    int Runs => 3;

    /// <summary>Measures once, the floors included, in a fresh folder.</summary>
    /// <returns>A sample for each measure, by name.</returns>
    Task<IReadOnlyDictionary<string, Sample>> RunAsync(BenchmarkContext context, CancellationToken cancellationToken);
}

/// <summary>
/// A task that runs in a process of its own (<c>Benchmarks child NAME ARGS</c>): for a measure of resident memory,
/// or for a process that another one kills. What it writes to standard output is its result.
/// </summary>
internal interface IChildTask
{
    /// <summary>The name that <see cref="BenchmarkContext.RunChildAsync"/> starts it by.</summary>
    string Name { get; }

    /// <summary>Does the work.</summary>
    Task<int> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken);
}
