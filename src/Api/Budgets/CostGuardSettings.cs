using System.Globalization;
using AIaaS.Api.Hosting;
using AIaaS.Domain.Budgets;

namespace AIaaS.Api.Budgets;

/// <summary>The settings of the cost guard; what cannot be used stops the start.</summary>
internal static class CostGuardSettings
{
    private const string Section = "CostGuard";

    private static readonly string[] Names =
    [
        nameof(CostGuardOptions.Alpha), nameof(CostGuardOptions.HistoryDays), nameof(CostGuardOptions.DayHistory), nameof(CostGuardOptions.LeastNow), nameof(CostGuardOptions.LeastBefore),
        nameof(CostGuardOptions.LeastEffect), nameof(CostGuardOptions.LeastExcess), nameof(CostGuardOptions.LeastRunsPerTier),
    ];

    /// <exception cref="StartupException">A setting is not known, is no number, or is out of its range.</exception>
    public static CostGuardOptions Read(IConfiguration configuration)
    {
        var section = configuration.GetSection(Section);
        if (section.GetChildren().FirstOrDefault(c => !Names.Contains(c.Key, StringComparer.OrdinalIgnoreCase)) is { } unknown)
        {
            throw new StartupException($"{Section}__{unknown.Key} is no setting. Those of the cost guard are {string.Join(", ", Names)}.");
        }

        var standard = new CostGuardOptions();
        var history = Whole(section, nameof(standard.HistoryDays), standard.HistoryDays, 1, 365);
        return new()
        {
            Alpha = (double)Number(section, nameof(standard.Alpha), (decimal)standard.Alpha, 0.0001m, 0.2m),
            HistoryDays = history,
            DayHistory = Whole(section, nameof(standard.DayHistory), Math.Max(standard.DayHistory, history), history, 2_000),
            LeastNow = Whole(section, nameof(standard.LeastNow), standard.LeastNow, 2, 1_000_000),
            LeastBefore = Whole(section, nameof(standard.LeastBefore), standard.LeastBefore, 2, 1_000_000),
            LeastEffect = (double)Number(section, nameof(standard.LeastEffect), (decimal)standard.LeastEffect, 0, 1_000),
            LeastExcess = Number(section, nameof(standard.LeastExcess), standard.LeastExcess, 0, 1_000_000_000),
            LeastRunsPerTier = Whole(section, nameof(standard.LeastRunsPerTier), standard.LeastRunsPerTier, 1, 1_000_000),
        };
    }

    private static int Whole(IConfigurationSection section, string name, int standard, int least, int most) =>
        Number(section, name, standard, least, most) is var value && decimal.IsInteger(value) ? (int)value : throw Refused(section, name, $"a whole number from {least} to {most}");

    private static decimal Number(IConfigurationSection section, string name, decimal standard, decimal least, decimal most) =>
        section[name] is not { Length: > 0 } text ? standard
        : decimal.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most ? value
        : throw Refused(section, name, string.Create(CultureInfo.InvariantCulture, $"a number from {least} to {most}"));

    private static StartupException Refused(IConfigurationSection section, string name, string possible) => new($"{Section}__{name}={section[name]} is not {possible}.");
}
