using AIaaS.EventStore;
using AIaaS.Projections;

namespace AIaaS.Api.Hosting;

/// <summary>The settings of the program, read once at the start; what cannot be used stops it.</summary>
internal sealed record Settings
{
    /// <summary>Where the embedded engines keep their files.</summary>
    public required string DataFolder { get; init; }

    public required EventStoreOptions EventStore { get; init; }

    public required ReadModelOptions ReadModels { get; init; }

    /// <summary>What this process does.</summary>
    public Roles Roles { get; init; } = Roles.All;

    /// <summary>Whether no other process can write this log.</summary>
    public bool OwnsLog => EventStore.Engine == "embedded";

    /// <summary>The key of the platform's administrator; null: one is made at the first start and printed once.</summary>
    public string? AdminKey { get; init; }

    /// <summary>Where traces, metrics and logs go over OTLP; null: nowhere.</summary>
    public Uri? OtlpEndpoint { get; init; }

    /// <summary>Where this process runs, for the events' metadata.</summary>
    public string? Region { get; init; }

    /// <summary>How long a request waits for its run before it is answered with 202.</summary>
    public TimeSpan MaxWait { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The most runs under way at once; what comes on top is refused with 503 before it is recorded.</summary>
    public int MaxRuns { get; init; } = 1_000;

    public static Settings Read(IConfiguration configuration)
    {
        var folder = configuration["DataFolder"] ?? "data";
        var log = configuration.GetSection("EventStore").Get<EventStoreOptions>() ?? new();
        var models = configuration.GetSection("ReadModels").Get<ReadModelOptions>() ?? new();
        var admin = configuration["Admin:ApiKey"];
        if (admin is { Length: > 0 and < 20 })
        {
            throw new StartupException("Admin__ApiKey has fewer than 20 characters. Give a long random one, or leave it out: one is then made and printed at the first start.");
        }

        foreach (var url in (configuration["Urls"] ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            CheckUrl(url);
        }

        var roles = RoleRules.Read(configuration["Roles"]);
        RoleRules.Check(roles, log.Engine, models.Engine);
        Bus.BusSetup.Check(roles, configuration["Bus:Engine"]);
        return new()
        {
            Roles = roles,
            DataFolder = folder,
            EventStore = configuration["EventStore:DataFolder"] is null ? log with { DataFolder = folder } : log,
            ReadModels = configuration["ReadModels:DataFolder"] is null ? models with { DataFolder = folder } : models,
            AdminKey = string.IsNullOrEmpty(admin) ? null : admin,
            OtlpEndpoint = Endpoint(configuration["Otlp:Endpoint"] ?? configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]),
            Region = configuration["Region"],
            MaxWait = TimeSpan.FromSeconds(Number(configuration, "Runs:MaxWaitSeconds", 30, 1, 300)),
            MaxRuns = (int)Number(configuration, "Runs:MaxConcurrent", 1_000, 1, 100_000),
        };
    }

    /// <summary>Before anything is opened: a listener's fault would come after the subscriptions have started.</summary>
    private static void CheckUrl(string url)
    {
        try
        {
            if (BindingAddress.Parse(url) is { Scheme: "http" or "https", Port: >= 0 and <= 65535 })
            {
                return;
            }
        }
        catch (FormatException)
        {
            // Refused below, in the words of the setting.
        }

        throw new StartupException($"Urls={url} is no address to listen at. Give for example http://127.0.0.1:5000; several are separated by ';'.");
    }

    private static Uri? Endpoint(string? text) => string.IsNullOrEmpty(text) ? null
        : Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" ? uri
        : throw new StartupException($"The OTLP endpoint '{text}' is not an http or https URL, for example http://localhost:4317.");

    private static double Number(IConfiguration configuration, string name, double standard, double min, double max) => configuration[name] is not { Length: > 0 } text ? standard
        : double.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out var value) && value >= min && value <= max ? value
        : throw new StartupException($"{name.Replace(":", "__", StringComparison.Ordinal)}={text} is not a number from {min} to {max}.");
}
