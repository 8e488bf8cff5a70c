using System.Text.Json.Nodes;
using AIaaS.Api.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace AIaaS.Api.OpenApi;

/// <summary>The API's own description, OpenAPI 3.1, made from what stands on the endpoints.</summary>
internal static class OpenApiSetup
{
    public const string Document = "v1";

    private const string Scheme = "apiKey";

    private static readonly Dictionary<int, string> Statuses = new()
    {
        [400] = "The request cannot be read, or a parameter cannot be used.",
        [401] = "No API key, or one that is not known.",
        [403] = "The key does not allow this.",
        [404] = "There is no such thing for this tenant.",
        [409] = "The first request with this key is still being handled, or the state does not allow it.",
        [410] = "It was deleted for good.",
        [413] = "The body is too large.",
        [415] = "The body is not JSON in UTF-8.",
        [422] = "The body has faults, or the idempotency key was used for another request.",
        [500] = "Something went wrong on our side.",
        [503] = "No room, no fresh answer or no way to reach the log now; Retry-After says when to try again.",
    };

    public static void Add(IServiceCollection services) => services.AddOpenApi(Document, o =>
    {
        o.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
        o.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new()
            {
                Title = "AIaaS",
                Version = "1",
                Description = "Customer conversations answered by workflows on models of three price tiers. Every fact is an event in one log; what is shown, billed, replayed or proven is a fold of it. Errors are RFC 9457 problem details with a stable `type`. A request that changes something needs an `Idempotency-Key` and answers with a `Consistency-Token` that queries can wait for.",
            };
            document.Servers = [new() { Url = "/" }];
            document.Components ??= new();
            document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>();
            document.Components.SecuritySchemes[Scheme] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = "bearer",
                BearerFormat = "aiaas_{tenant}_{key}_{secret}",
                Description = "An API key of a tenant; the tenant is taken from it. Also taken as the header X-Api-Key.",
            };
            return Task.CompletedTask;
        });
        o.AddOperationTransformer(DescribeAsync);
    });

    private static async Task DescribeAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        operation.Parameters = [.. (operation.Parameters ?? []).Where(p => p.In == ParameterLocation.Path)];
        foreach (var parameter in operation.Parameters.OfType<OpenApiParameter>())
        {
            parameter.Description ??= $"The id: {parameter.Name}.";
            parameter.Example ??= JsonValue.Create(PathExample(parameter.Name));
        }

        foreach (var doc in metadata.OfType<ParameterDoc>())
        {
            operation.Parameters.Add(Parameter(doc));
        }

        if (metadata.OfType<Access>().Any())
        {
            operation.Security = [new() { [new OpenApiSecuritySchemeReference(Scheme, context.Document)] = [] }];
        }

        var examples = metadata.OfType<Examples>().LastOrDefault();
        if (examples?.Request is { } request && operation.RequestBody?.Content is { } body)
        {
            foreach (var content in body.Values)
            {
                content.Example = JsonNode.Parse(request);
            }
        }

        foreach (var (status, response) in operation.Responses ?? [])
        {
            var special = metadata.OfType<StatusExample>().FirstOrDefault(e => status == e.Status.ToString(System.Globalization.CultureInfo.InvariantCulture))?.Response;
            if ((special ?? (status.StartsWith('2') ? examples?.Response : null)) is { } example && response.Content is { } contents)
            {
                foreach (var content in contents.Values)
                {
                    content.Example = JsonNode.Parse(example);
                }
            }

            if (status.StartsWith('2') && (metadata.OfType<NeedsIdempotencyKey>().Any() || context.Description.HttpMethod is "PUT" or "DELETE") && response is OpenApiResponse plain)
            {
                plain.Headers ??= new Dictionary<string, IOpenApiHeader>();
                plain.Headers[Freshness.Header] = new OpenApiHeader
                {
                    Description = "The log position that was written; give it to a query as min-position to read your own write.",
                    Schema = new OpenApiSchema { Type = JsonSchemaType.String },
                };
            }
        }

        if (metadata.OfType<NoApiKey>().Any())
        {
            // One requirement that asks for nothing: OpenAPI's way to say that anybody may call it.
            operation.Security = [new()];
        }

        if (metadata.Any(m => m is Access or NoApiKey))
        {
            await AddProblemsAsync(operation, context, metadata, cancellationToken);
        }
    }

    private static async Task AddProblemsAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, IList<object> metadata, CancellationToken cancellationToken)
    {
        var document = context.Document!;
        if (document.Components?.Schemas?.ContainsKey(nameof(Http.Problem)) != true)
        {
            document.AddComponent(nameof(Http.Problem), await context.GetOrCreateSchemaAsync(typeof(Problem), null, cancellationToken));
        }

        var statuses = new SortedSet<int>(metadata.OfType<ProblemDocs>().SelectMany(p => p.Statuses)) { 500, 503 };
        if (operation.Parameters?.Any(p => p.In == ParameterLocation.Path) == true)
        {
            statuses.Add(404);
        }

        if (metadata.OfType<IAcceptsMetadata>().Any())
        {
            statuses.UnionWith([400, 413, 415, 422]);
        }

        operation.Responses ??= [];
        foreach (var status in statuses)
        {
            operation.Responses[status.ToString(System.Globalization.CultureInfo.InvariantCulture)] = new OpenApiResponse
            {
                Description = Statuses.GetValueOrDefault(status, "A problem."),
                Content = new Dictionary<string, OpenApiMediaType>
                {
                    [Http.Problem.MediaType] = new() { Schema = new OpenApiSchemaReference(nameof(Http.Problem), document) },
                },
            };
        }
    }

    private static OpenApiParameter Parameter(ParameterDoc doc) => new()
    {
        Name = doc.Name,
        In = doc.In == "header" ? ParameterLocation.Header : ParameterLocation.Query,
        Required = doc.Required,
        Description = doc.Description,
        Schema = new OpenApiSchema
        {
            Type = doc.Type == "integer" ? JsonSchemaType.Integer : JsonSchemaType.String,
            Format = doc.Format,
            Enum = doc.Choices is null ? null : [.. doc.Choices.Select(c => (JsonNode)JsonValue.Create(c))],
        },
        Example = doc.Type == "integer" ? JsonValue.Create(int.Parse(doc.Example, System.Globalization.CultureInfo.InvariantCulture)) : JsonValue.Create(doc.Example),
    };

    private static string PathExample(string? name) => name switch
    {
        "tenant" => "acme",
        "article" => "returns-policy",
        "workflow" => "faq_handling",
        "stream" => "agentRun-acme_019c1d2e3f4a7b8c9d0e1f2a3b4c5d6e",
        "name" => "projection-Runs",
        "key" => "k7",
        "line" => "2",
        _ => "019c1d2e3f4a7b8c9d0e1f2a3b4c5d6e",
    };
}
