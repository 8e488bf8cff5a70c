using System.Globalization;
using AIaaS.Api.Hosting;
using AIaaS.Commands.Orders;
using AIaaS.Commands.Tenants;
using AIaaS.Domain;
using AIaaS.Domain.Tenants;
using AIaaS.EventStore;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIaaS.Api.Cli;

/// <summary>Imports a shop's data into a tenant, with a progress bar. It opens the log by itself, so that the API with an embedded log must not run.</summary>
internal static class RetailImport
{
    private const int MaxBytes = 512 * 1024 * 1024;

    public static async Task<int> RunAsync(string file, string[] options)
    {
        var (tenant, create, currency, stock, settings) = Read(options);
        if (new FileInfo(file) is { Exists: true, Length: > MaxBytes } large)
        {
            throw new StartupException($"'{file}' has {large.Length} bytes; at most {MaxBytes} are possible. Split it.");
        }

        var json = await File.ReadAllBytesAsync(file);
        using var ended = new CancellationTokenSource();
        Console.CancelKeyPress += (_, e) =>
        {
            e.Cancel = true;
            ended.Cancel();
        };
        var types = DomainEventTypes.Create();
        var time = TimeProvider.System;
        var ids = IdSource.From(time);
        await using var log = await EventStoreEngines.OpenAsync(settings.EventStore, time, NullLoggerFactory.Instance, ended.Token);
        await FindTenantAsync(new(log, types, ids, time), tenant, create, ended.Token);
        var shop = new Shop(new(log, types, ids), new(log, types, ids), new(log, types, ids), new(log, types, ids), new(log, types, ids), new(log, types, ids), time);
        var start = time.GetTimestamp();
        using var bar = new ProgressBar(time);
        Commands.Orders.RetailImport import;
        try
        {
            import = await new RetailImporter(shop).ImportAsync(tenant, json, new(tenant, "import"), currency, stock, bar.Show, ended.Token);
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            bar.Dispose();
            throw new StartupException("The import was stopped. What was written stays; run it again and it goes on.");
        }

        bar.Dispose();
        var seconds = time.GetElapsedTime(start).TotalSeconds;
        await Console.Out.WriteLineAsync($"Imported into tenant '{tenant}' in {seconds.ToString("0.0", CultureInfo.InvariantCulture)} s:");
        Print("products", import.Products);
        Print("customers", import.Customers);
        Print("orders", import.Orders);
        foreach (var refusal in import.Refusals.Take(20))
        {
            await Console.Error.WriteLineAsync("  " + refusal);
        }

        return import.Refusals.Count == 0 ? 0 : 1;
    }

    private static void Print(string what, RetailCount count) => Console.WriteLine(
        $"  {what,-10} {count.Total,7}   {count.Imported} imported, {count.Unchanged} there already{(count.Refused > 0 ? $", {count.Refused} there with other data and left alone" : "")}");

    private static async Task FindTenantAsync(TenantService tenants, string tenant, string? create, CancellationToken cancellationToken)
    {
        if (await tenants.FindAsync(tenant, cancellationToken) is not null)
        {
            return;
        }

        if (create is null)
        {
            throw new StartupException($"There is no tenant '{tenant}'. Create it over the API, or give --create-tenant NAME.");
        }

        await tenants.CreateAsync(tenant, create, new("", "import"), cancellationToken);
    }

    private static (string Tenant, string? Create, string Currency, int Stock, Settings Settings) Read(string[] options)
    {
        string? tenant = null, create = null;
        var currency = "USD";
        var stock = RetailImporter.DefaultStock;
        var rest = new List<string>();
        for (var i = 0; i < options.Length; i++)
        {
            var parts = options[i].Split('=', 2);
            if (parts[0] is not ("--tenant" or "--create-tenant" or "--currency" or "--stock"))
            {
                rest.Add(options[i]);
                continue;
            }

            var value = parts.Length == 2 ? parts[1] : ++i < options.Length ? options[i] : throw new StartupException($"{parts[0]} has no value.");
            switch (parts[0])
            {
                case "--tenant":
                    tenant = value;
                    break;
                case "--create-tenant":
                    create = value;
                    break;
                case "--currency":
                    currency = value is { Length: 3 } && value.All(char.IsAsciiLetterUpper) ? value : throw new StartupException($"--currency {value} is no currency. Give three capital letters, for example USD.");
                    break;
                default:
                    stock = int.TryParse(value, CultureInfo.InvariantCulture, out var number) && number is >= 0 and <= 1_000_000_000 ? number : throw new StartupException($"--stock {value} is no number from 0 to 1,000,000,000.");
                    break;
            }
        }

        if (tenant is null || !Tenant.IsSlug(tenant))
        {
            throw new StartupException(tenant is null ? "Say whose shop it is: --tenant ID." : $"'{tenant}' is no tenant's id: lower-case letters, digits and dashes are possible.");
        }

        return (tenant, create, currency, stock, Settings.Read(WebApplication.CreateBuilder([.. rest]).Configuration));
    }

    /// <summary>A bar on a terminal; a line for each tenth where the output goes to a file.</summary>
    private sealed class ProgressBar(TimeProvider time) : IDisposable
    {
        private const int Width = 40;
        private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(100);

        private readonly Lock drawing = new();
        private long drawnAt;
        private int drawn = -1;
        private bool open;

        public void Show(RetailProgress progress)
        {
            lock (drawing)
            {
                var isLast = progress.Done == progress.Total;
                var tenth = progress.Done * 10 / Math.Max(progress.Total, 1);
                if (progress.Done <= drawn || (Console.IsErrorRedirected ? tenth == Math.Max(drawn, 0) * 10 / Math.Max(progress.Total, 1) && !isLast : !isLast && time.GetElapsedTime(drawnAt) < Every))
                {
                    return;
                }

                (drawn, drawnAt) = (progress.Done, time.GetTimestamp());
                var share = progress.Total == 0 ? 1 : (double)progress.Done / progress.Total;
                var filled = (int)(share * Width);
                var text = $"[{new string('#', filled)}{new string('.', Width - filled)}] {share.ToString("0%", CultureInfo.InvariantCulture),4}  {progress.Done} of {progress.Total}";
                if (Console.IsErrorRedirected)
                {
                    Console.Error.WriteLine(text);
                    return;
                }

                open = true;
                Console.Error.Write("\r" + text);
            }
        }

        public void Dispose()
        {
            lock (drawing)
            {
                if (open)
                {
                    Console.Error.WriteLine();
                    open = false;
                }
            }
        }
    }
}
