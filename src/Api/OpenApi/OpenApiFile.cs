using System.Text;
using AIaaS.Api.Hosting;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace AIaaS.Api.OpenApi;

/// <summary>Writes the description to a file, without a server or a data folder.</summary>
internal static class OpenApiFile
{
    public static async Task<int> WriteAsync(string file)
    {
        await using var app = ApiHost.Describe();
        await File.WriteAllTextAsync(file, await TextAsync(app.Services), new UTF8Encoding(false));
        return 0;
    }

    public static async Task<string> TextAsync(IServiceProvider services)
    {
        var document = await services.GetRequiredKeyedService<IOpenApiDocumentProvider>(OpenApiSetup.Document).GetOpenApiDocumentAsync();
        return await document.SerializeAsJsonAsync(OpenApiSpecVersion.OpenApi3_1) + "\n";
    }
}
