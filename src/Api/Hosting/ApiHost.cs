using AIaaS.Api.Budgets;
using AIaaS.Api.Http;
using AIaaS.Api.OpenApi;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Json;

namespace AIaaS.Api.Hosting;

/// <summary>The running program.</summary>
internal sealed partial class ApiHost : IAsyncDisposable
{
    private readonly IDisposable? telemetry;

    private ApiHost(WebApplication app, IDisposable? telemetry) => (App, this.telemetry) = (app, telemetry);

    public WebApplication App { get; }

    /// <summary>Where it listens.</summary>
    public Uri Url => new(App.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    /// <summary>Opens the stores and serves; a failure says what is wrong and how to mend it.</summary>
    public static async Task<ApiHost> StartAsync(string[] args, CancellationToken cancellationToken = default)
    {
        var builder = WebApplication.CreateBuilder(args);
        var settings = Settings.Read(builder.Configuration);
        Observability.AddLogs(builder, settings);
        var app = Build(builder, settings);
        var telemetry = Observability.Start(settings);
        try
        {
            await app.Services.GetRequiredService<Opened>().OpenAsync(settings, app.Services, cancellationToken);
            try
            {
                await app.StartAsync(cancellationToken);
            }
            catch
            {
                // What has begun already must end before its stores are closed; only the first failure tells the cause.
                await app.StopAsync(CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                throw;
            }

            var host = new ApiHost(app, telemetry);
            Serving(app.Logger, host.Url, settings.EventStore.Engine, settings.ReadModels.Engine);
            return host;
        }
        catch
        {
            await app.DisposeAsync();
            telemetry?.Dispose();
            throw;
        }
    }

    /// <summary>The program without its stores: enough to describe itself.</summary>
    public static WebApplication Describe()
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        var app = Build(builder, Settings.Read(builder.Configuration));

        // The description is made from the routes, which are otherwise handed over when the server starts.
        ((IApplicationBuilder)app).UseEndpoints(_ => { });
        return app;
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await App.StopAsync();
        }
        finally
        {
            // Whatever could not be stopped in time, the stores are closed.
            await App.DisposeAsync();
            telemetry?.Dispose();
        }
    }

    private static WebApplication Build(WebApplicationBuilder builder, Settings settings)
    {
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(k =>
        {
            k.AddServerHeader = false;
            k.Limits.MaxRequestBodySize = RequestBytes.DefaultLimit;
            k.Limits.MaxRequestHeaderCount = 64;
            k.Limits.MaxRequestHeadersTotalSize = 32 * 1024;
            k.Limits.MaxRequestLineSize = 8 * 1024;
            k.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
            k.Limits.KeepAliveTimeout = TimeSpan.FromMinutes(2);
            k.Limits.MaxConcurrentConnections = 10_000;
        });
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromSeconds(30));
        builder.Services.Configure<RouteHandlerOptions>(o => o.ThrowOnBadRequest = true);
        builder.Services.Configure<JsonOptions>(o =>
        {
            o.SerializerOptions.TypeInfoResolverChain.Clear();
            o.SerializerOptions.TypeInfoResolverChain.Add(ApiJson.Default);
            o.SerializerOptions.Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
            o.SerializerOptions.NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.Strict;
            o.SerializerOptions.RespectNullableAnnotations = true;
            o.SerializerOptions.RespectRequiredConstructorParameters = true;
        });
        OpenApiSetup.Add(builder.Services);
        Composition.AddServices(builder.Services, builder.Configuration, settings);

        var app = builder.Build();
        app.UseMiddleware<Correlation>();
        app.UseMiddleware<RequestCounting>();
        app.UseMiddleware<ProblemWriter>();
        app.UseRouting();
        app.UseMiddleware<ApiKeyAuthentication>();
        app.UseMiddleware<QuotaHeaders>();
        app.MapOpenApi($"/openapi/{OpenApiSetup.Document}.json");
        app.UseSwaggerUI(o =>
        {
            o.RoutePrefix = "docs";
            o.DocumentTitle = "AIaaS";
            o.SwaggerEndpoint("/openapi/v1.json", "AIaaS v1");
        });
        app.MapGet("/", () => Results.Redirect("/docs")).ExcludeFromDescription();
        Composition.MapEndpoints(app);
        return app;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Serving at {Url}; event log on {Log}, read models on {ReadModels}")]
    private static partial void Serving(ILogger logger, Uri url, string log, string readModels);
}
