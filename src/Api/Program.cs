using AIaaS.Api.Cli;

if (args is ["catalog", var catalog])
{
    return await EventCatalog.WriteAsync(catalog);
}

var app = WebApplication.CreateBuilder(args).Build();
await app.RunAsync();
return 0;
