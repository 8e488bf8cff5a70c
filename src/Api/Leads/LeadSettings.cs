using AIaaS.Api.Hosting;
using AIaaS.Commands.Leads;

namespace AIaaS.Api.Leads;

/// <summary>The settings of leads; what cannot be used stops the start.</summary>
internal static class LeadSettings
{
    public static CrmOptions Read(IConfiguration configuration)
    {
        var url = configuration["Crm:BaseUrl"];
        if (string.IsNullOrEmpty(url))
        {
            return new();
        }

        return Uri.TryCreate(url.EndsWith('/') ? url : url + "/", UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
            ? new() { BaseUrl = uri, ApiKey = configuration["Crm:ApiKey"] }
            : throw new StartupException($"Crm__BaseUrl={url} is not an http or https URL, for example http://localhost:4000/api/.");
    }
}
