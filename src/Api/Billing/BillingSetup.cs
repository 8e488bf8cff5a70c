using AIaaS.Api.Hosting;
using AIaaS.Commands.Billing;

namespace AIaaS.Api.Billing;

/// <summary>The settings of invoices; what cannot be used stops the start.</summary>
internal static class BillingSetup
{
    public static BillingOptions Read(IConfiguration configuration)
    {
        var section = configuration.GetSection("Billing");
        var standard = new BillingOptions();
        var prefix = section["NumberPrefix"] ?? standard.NumberPrefix;
        if (prefix.Length > 20 || prefix.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '.' or '_' or '/')))
        {
            throw new StartupException($"Billing__NumberPrefix={prefix} cannot be used: at most 20 letters, digits, '-', '.', '_' and '/' are possible, for example INV-.");
        }

        var folder = section["FontFolder"] is { Length: > 0 } given ? given : null;
        return folder is not null && !Directory.Exists(folder)
            ? throw new StartupException($"Billing__FontFolder={folder} is no folder. It must hold DejaVuSans.ttf and DejaVuSans-Bold.ttf; leave it out to use those of the system.")
            : new()
            {
                SellerName = section["SellerName"] is { Length: > 0 } name ? name : standard.SellerName,
                // One line for each part between semicolons.
                SellerAddress = [.. (section["SellerAddress"] ?? "").Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)],
                SellerEmail = section["SellerEmail"] is { Length: > 0 } email ? email : null,
                SellerTaxId = section["SellerTaxId"] is { Length: > 0 } tax ? tax : null,
                NumberPrefix = prefix,
                FontFolder = folder,
            };
    }
}
