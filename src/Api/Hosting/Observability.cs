using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Serilog;
using Serilog.Events;
using Serilog.Formatting.Json;

namespace AIaaS.Api.Hosting;

/// <summary>Logs, traces and metrics.</summary>
internal static class Observability
{
    private const string Text = "{Timestamp:HH:mm:ss.fff} {Level:u3} {Message:lj} {CorrelationId}{NewLine}{Exception}";

    /// <summary>Structured logs to the console: JSON in production, text elsewhere; over OTLP too where an endpoint is set.</summary>
    public static void AddLogs(WebApplicationBuilder builder, Settings settings)
    {
        var configuration = new LoggerConfiguration()
            .MinimumLevel.Information()
            .MinimumLevel.Override("Microsoft", LogEventLevel.Warning)
            .MinimumLevel.Override("Microsoft.Extensions.Hosting.Internal.Host", LogEventLevel.Fatal)
            .MinimumLevel.Override("System", LogEventLevel.Warning)
            .Enrich.FromLogContext()
            .ReadFrom.Configuration(builder.Configuration);
        var json = builder.Configuration["Logs:Format"] is { } format ? format == "json" : builder.Environment.IsProduction();
        _ = json ? configuration.WriteTo.Console(new JsonFormatter(renderMessage: true)) : configuration.WriteTo.Console(outputTemplate: Text, formatProvider: System.Globalization.CultureInfo.InvariantCulture);
        builder.Logging.ClearProviders().AddSerilog(configuration.CreateLogger(), dispose: true);
        if (settings.OtlpEndpoint is { } endpoint)
        {
            builder.Logging.AddOpenTelemetry(o =>
            {
                o.SetResourceBuilder(Resource());
                o.AddOtlpExporter(e => Direct(e, endpoint, "v1/logs"));
            });
        }
    }

    /// <summary>Traces and metrics over OTLP; nothing where no endpoint is set.</summary>
    public static IDisposable? Start(Settings settings)
    {
        if (settings.OtlpEndpoint is not { } endpoint)
        {
            return null;
        }

        var traces = Sdk.CreateTracerProviderBuilder()
            .SetResourceBuilder(Resource())
            .AddSource("AIaaS.*", "Microsoft.AspNetCore", "System.Net.Http")
            .AddOtlpExporter(e => Direct(e, endpoint, "v1/traces"))
            .Build();
        var metrics = Sdk.CreateMeterProviderBuilder()
            .SetResourceBuilder(Resource())
            .AddMeter("AIaaS.*", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Net.Http", "System.Runtime")
            .AddOtlpExporter(e => Direct(e, endpoint, "v1/metrics"))
            .Build();
        return new Both(traces, metrics);
    }

    private static ResourceBuilder Resource() => ResourceBuilder.CreateDefault().AddService("aiaas", serviceVersion: typeof(Observability).Assembly.GetName().Version?.ToString(3));

    /// <summary>Port 4318 speaks OTLP over HTTP, any other one over gRPC, unless OTEL_EXPORTER_OTLP_PROTOCOL says otherwise.</summary>
    private static void Direct(OtlpExporterOptions options, Uri endpoint, string path)
    {
        if (endpoint.Port == 4318)
        {
            options.Protocol = OtlpExportProtocol.HttpProtobuf;
        }

        options.Endpoint = options.Protocol == OtlpExportProtocol.HttpProtobuf ? new(endpoint, path) : endpoint;
    }

    private sealed class Both(IDisposable first, IDisposable second) : IDisposable
    {
        public void Dispose()
        {
            first.Dispose();
            second.Dispose();
        }
    }
}
