using System.Globalization;
using System.Text;
using System.Text.Json;

namespace AIaaS.Benchmarks;

/// <summary>Runs the benchmarks that were asked for, prints the table, and writes <c>bench.json</c>.</summary>
internal static class Harness
{
    private const string Usage = """
        Benchmarks [--only PREFIX] [--out FILE] [--list]
          --only PREFIX   the measures whose name begins so
          --out FILE      where the results go as JSON; default: artifacts/bench.json
          --list          the names only
        """;

    private static readonly JsonWriterOptions Indented = new() { Indented = true };

    private sealed record Line(Measure Measure, double Value, double? Floor)
    {
        public double? Ratio => Floor is { } floor and not 0 ? Value / floor : null;

        public bool Met => Measure.Target.IsMet(Measure.Better, Value, Floor);
    }

    public static async Task<int> RunAsync(IReadOnlyList<IBenchmark> benchmarks, IReadOnlyList<string> args, CancellationToken cancellationToken)
    {
        var (only, output) = ("", Path.Combine("artifacts", "bench.json"));
        for (var i = 0; i < args.Count; i++)
        {
            switch (args[i])
            {
                case "--only" when i + 1 < args.Count:
                    only = args[++i];
                    break;
                case "--out" when i + 1 < args.Count:
                    output = args[++i];
                    break;
                case "--list":
                    Console.WriteLine(string.Join('\n', benchmarks.SelectMany(b => b.Measures).Select(m => m.Name)));
                    return 0;
                default:
                    Console.Error.WriteLine(Usage);
                    return 2;
            }
        }

        var selected = benchmarks.Where(b => b.Measures.Any(m => IsSelected(m, only))).ToArray();
        if (selected.Length == 0)
        {
            Console.Error.WriteLine($"No benchmark's name begins with '{only}'. There are: {string.Join(", ", benchmarks.SelectMany(b => b.Measures).Select(m => m.Name))}.");
            return 2;
        }

        var lines = new List<Line>();
        foreach (var benchmark in selected)
        {
            lines.AddRange(await MeasureAsync(benchmark, only, cancellationToken));
        }

        Console.WriteLine();
        Console.WriteLine(Table(lines));
        foreach (var note in lines.Where(l => l.Measure.Floor is not null).Select(l => $"floor of {l.Measure.Name}: {l.Measure.Floor}").Distinct())
        {
            Console.WriteLine(note);
        }

        await WriteAsync(lines, output, cancellationToken);
        Console.WriteLine($"\n{lines.Count(l => l.Met)} of {lines.Count} targets met; written to {output}");
        return 0;
    }

    private static async Task<IReadOnlyList<Line>> MeasureAsync(IBenchmark benchmark, string only, CancellationToken cancellationToken)
    {
        var wanted = benchmark.Measures.Where(m => IsSelected(m, only)).ToArray();
        var runs = Math.Max(3, benchmark.Runs);
        var samples = new List<IReadOnlyDictionary<string, Sample>>();
        for (var run = 1; run <= runs; run++)
        {
            Console.Error.WriteLine($"{string.Join(", ", wanted.Select(m => m.Name))}: run {run} of {runs}");
            var folder = Directory.CreateTempSubdirectory("aiaas-bench-").FullName;
            try
            {
                samples.Add(await benchmark.RunAsync(new(folder, run), cancellationToken));
            }
            finally
            {
                Directory.Delete(folder, recursive: true);
            }

            // What one run leaves behind must not be paid for by the next one.
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }

        return [.. wanted.Select(m => MedianOf(m, [.. samples.Select(s => s[m.Name])]))];
    }

    // The run with the median value, with the floor of that same run: a ratio of two medians could mix two moods of the machine.
    private static Line MedianOf(Measure measure, Sample[] samples)
    {
        if (samples.Length % 2 == 1)
        {
            var middle = samples.OrderBy(s => s.Value).ElementAt(samples.Length / 2);
            return new(measure, middle.Value, middle.Floor);
        }

        return new(
            measure,
            Figures.Median(samples.Select(s => s.Value)),
            samples.All(s => s.Floor is not null) ? Figures.Median(samples.Select(s => s.Floor!.Value)) : null);
    }

    private static bool IsSelected(Measure measure, string only) => measure.Name.StartsWith(only, StringComparison.Ordinal);

    private static string Table(IReadOnlyList<Line> lines)
    {
        string[][] rows =
        [
            ["name", "value", "unit", "floor", "ratio", "required", "met"],
            .. lines.Select(l => new[]
            {
                l.Measure.Name,
                Figures.Format(l.Value),
                l.Measure.Unit,
                l.Floor is { } floor ? Figures.Format(floor) : "",
                l.Ratio is { } ratio ? ratio.ToString("0.00", CultureInfo.InvariantCulture) : "",
                l.Measure.Target.Describe(l.Measure.Better, l.Measure.Unit),
                l.Met ? "yes" : "NO",
            }),
        ];
        var widths = Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(r => r[column].Length)).ToArray();
        bool[] right = [false, true, false, true, true, false, false];
        var text = new StringBuilder();
        for (var i = 0; i < rows.Length; i++)
        {
            text.AppendLine(string.Join("  ", rows[i].Select((cell, c) => right[c] ? cell.PadLeft(widths[c]) : cell.PadRight(widths[c]))).TrimEnd());
            if (i == 0)
            {
                text.AppendLine(string.Join("  ", widths.Select(w => new string('-', w))));
            }
        }

        return text.ToString();
    }

    private static async Task WriteAsync(IReadOnlyList<Line> lines, string output, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(output))!);
        await using var file = File.Create(output);
        await using var json = new Utf8JsonWriter(file, Indented);
        json.WriteStartArray();
        foreach (var line in lines)
        {
            json.WriteStartObject();
            json.WriteString("name", line.Measure.Name);
            json.WriteNumber("value", Math.Round(line.Value, 4));
            json.WriteString("unit", line.Measure.Unit);
            WriteOrNull("floor", line.Floor);
            WriteOrNull("ratio", line.Ratio);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        await json.FlushAsync(cancellationToken);

        void WriteOrNull(string name, double? value)
        {
            if (value is { } number && double.IsFinite(number))
            {
                json.WriteNumber(name, Math.Round(number, 4));
            }
            else
            {
                json.WriteNull(name);
            }
        }
    }
}
