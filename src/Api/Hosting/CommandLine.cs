using AIaaS.Commands.Agents;
using AIaaS.Commands.Bus;
using AIaaS.Commands.Orders;
using AIaaS.EventStore;
using AIaaS.Projections;
using Microsoft.AspNetCore.Connections;

namespace AIaaS.Api.Hosting;

/// <summary>What the program does: serve, or one of the verbs that write documents for the build.</summary>
internal static class CommandLine
{
    private const string Usage = """
        aiaas                       serves the API; settings come from appsettings.json, environment variables and --Name=value
        aiaas openapi FILE          writes the API's description (OpenAPI 3.1)
        aiaas openapi-lint FILE     checks such a description
        aiaas catalog FILE          writes the catalogue of event types
        aiaas import retail FILE --tenant ID [--create-tenant NAME] [--currency USD] [--stock 1000] [--Name=value]
                                    imports a shop's products, customers and orders; can be repeated and goes on where it was
        aiaas workflow-schema FILE  writes the JSON Schema of the workflow language
        aiaas invoice verify INVOICE.json --usage USAGE.jsonl [--first NUMBER]
                                    recomputes an invoice from an export of the usage alone; says which line differs
        """;

    public static async Task<int> RunAsync(string[] args)
    {
        try
        {
            return args switch
            {
                ["--help" or "-h" or "-?" or "/?" or "help"] => Help(),
                ["openapi", var file] => await OpenApi.OpenApiFile.WriteAsync(file),
                ["openapi-lint", var file] => await OpenApi.OpenApiLint.RunAsync(file),
                ["catalog", var file] => await Cli.EventCatalog.WriteAsync(file),
                ["import", "retail", var file, .. var options] => await Cli.RetailImport.RunAsync(file, options),
                ["invoice", "verify", var file, .. var options] => await Cli.InvoiceVerify.RunAsync(file, options),
                ["workflow-schema", var file] => await WriteSchemaAsync(file),
                [] or [['-', '-', ..], ..] or [['/', ..], ..] => await ServeAsync(args),
                _ => Fail($"'{string.Join(' ', args)}' is not understood.\n{Usage}", 2),
            };
        }
        catch (Exception e)
        {
            return Fail(Explain(e), 1);
        }
    }

    private static async Task<int> WriteSchemaAsync(string file)
    {
        await File.WriteAllTextAsync(file, WorkflowSchema.Text);
        return 0;
    }

    private static async Task<int> ServeAsync(string[] args)
    {
        await using var host = await ApiHost.StartAsync(args);
        await host.App.WaitForShutdownAsync();
        return 0;
    }

    /// <summary>A failure in words that say how to mend it; a stack trace helps nobody who starts a program.</summary>
    private static string Explain(Exception exception) => exception switch
    {
        EventStoreException or ReadModelStoreException or StartupException or InvalidWorkflowException or BusOptionsException or InvalidRetailFileException or DomainException => exception.Message,
        IOException { InnerException: AddressInUseException } => "The port is in use by another process. Stop that process, or set Urls, for example Urls=http://127.0.0.1:8081.",
        IOException => exception.Message + " Check that the path exists, that this user may write there, and that the disk has room.",
        UnauthorizedAccessException => exception.Message + " Give this user the right to write there, or set DataFolder to another folder.",
        System.Net.Sockets.SocketException => $"The API cannot listen: {exception.Message}. Set Urls to an address and port of this machine that this user may use.",
        FormatException or InvalidDataException => $"A setting cannot be read: {exception.Message}",
        ArgumentException or InvalidOperationException { InnerException: FormatException or ArgumentException } => $"A setting cannot be used: {exception.Message}",
        _ => $"The program failed: {exception.GetType().Name}: {exception.Message}",
    };

    private static int Help()
    {
        Console.WriteLine(Usage);
        return 0;
    }

    private static int Fail(string message, int code)
    {
        Console.Error.WriteLine(message);
        return code;
    }
}

/// <summary>The program cannot start so; the message says why and how to mend it.</summary>
internal sealed class StartupException(string message, Exception? inner = null) : Exception(message, inner);
