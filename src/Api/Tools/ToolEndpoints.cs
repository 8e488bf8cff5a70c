using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using AIaaS.Api.Http;
using AIaaS.Api.OpenApi;
using AIaaS.Commands.Tools;
using AIaaS.Domain;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;
using Microsoft.AspNetCore.Http.HttpResults;

namespace AIaaS.Api.Tools;

/// <summary>A version of a tool to register.</summary>
/// <param name="Name">Begins with a lower-case letter; lower-case letters, digits, '_', '.' and '-', at most 100.</param>
/// <param name="Version">Three numbers, as in 1.0.0. A registered version never changes.</param>
/// <param name="Description">What it does, in words that a model can choose by.</param>
/// <param name="Input">JSON Schema (draft 2020-12) of the input.</param>
/// <param name="Output">JSON Schema (draft 2020-12) of the output.</param>
/// <param name="Adapter">How its calls reach the far side.</param>
/// <param name="SideEffect">Whether a call changes something in the world.</param>
/// <param name="Idempotent">Whether the far side does the work once however often it is called under one idempotency key.</param>
/// <param name="Compensation">The tool that undoes a call; null where nothing does.</param>
/// <param name="Access">Who may have it called.</param>
/// <param name="Authenticates">Whether a success proves who the customer is: the output is then the customer's id.</param>
/// <param name="Confirmation">Whether the customer must have confirmed exactly this call before.</param>
/// <param name="TimeoutMs">The longest a call may take, all attempts together: 1 to 600,000 ms.</param>
/// <param name="Bulkhead">The most calls at once in one process: 1 to 1,000.</param>
/// <param name="Price">What a call that succeeds costs, in USD; null for nothing. Budgets count it.</param>
/// <param name="Tenant">May name the caller's own tenant; better left out.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record ToolBody(
    string Name,
    string Version,
    string Description,
    JsonElement Input,
    JsonElement Output,
    ToolAdapter Adapter,
    bool SideEffect = false,
    bool Idempotent = false,
    string? Compensation = null,
    ToolAccess Access = ToolAccess.Public,
    bool Authenticates = false,
    bool Confirmation = false,
    int TimeoutMs = 30_000,
    int Bulkhead = 32,
    Money? Price = null,
    string? Tenant = null) : INamesTenant
{
    public ToolManifest Manifest() => new(Name, Version, Description, Input.GetRawText(), Output.GetRawText())
    {
        SideEffect = SideEffect,
        Idempotent = Idempotent,
        Compensation = Compensation,
        Access = Access,
        Authenticates = Authenticates,
        Confirmation = Confirmation,
        TimeoutMs = TimeoutMs,
        Bulkhead = Bulkhead,
        Price = Price,
    };
}

/// <summary>A version of a tool.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Version">Its version.</param>
/// <param name="Description">What it does.</param>
/// <param name="Input">JSON Schema of the input.</param>
/// <param name="Output">JSON Schema of the output.</param>
/// <param name="SideEffect">Whether a call changes something in the world.</param>
/// <param name="Idempotent">Whether an unknown outcome is tried again.</param>
/// <param name="Compensation">The tool that undoes a call; null where nothing does.</param>
/// <param name="Access">Who may have it called.</param>
/// <param name="Authenticates">Whether a success proves who the customer is.</param>
/// <param name="Confirmation">Whether the customer must have confirmed exactly this call before.</param>
/// <param name="TimeoutMs">The longest a call may take.</param>
/// <param name="Bulkhead">The most calls at once in one process.</param>
/// <param name="Deprecated">What to use instead, when this version should not be used any more; null while it should.</param>
/// <param name="Adapter">How its calls reach the far side, secrets by name; null for a tool of the platform.</param>
/// <param name="Price">What a call that succeeds costs; null for nothing.</param>
internal sealed record ToolView(
    string Name,
    string Version,
    string Description,
    JsonElement Input,
    JsonElement Output,
    bool SideEffect,
    bool Idempotent,
    string? Compensation,
    ToolAccess Access,
    bool Authenticates,
    bool Confirmation,
    int TimeoutMs,
    int Bulkhead,
    string? Deprecated,
    ToolAdapter? Adapter,
    Money? Price);

/// <summary>The tools of a tenant.</summary>
/// <param name="Items">By name, newest version first.</param>
internal sealed record ToolList(ImmutableArray<ToolView> Items);

/// <summary>The versions of one tool.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Versions">Newest first.</param>
internal sealed record ToolVersionsView(string Name, ImmutableArray<ToolView> Versions);

/// <summary>A registered version.</summary>
/// <param name="Name">The tool's name.</param>
/// <param name="Version">Its version.</param>
/// <param name="ContentHash">SHA-256 (hex) over manifest and adapter.</param>
/// <param name="Changed">False when it was registered already, just so.</param>
internal sealed record ToolRegisteredView(string Name, string Version, string ContentHash, bool Changed);

/// <summary>Why a version should not be used any more.</summary>
/// <param name="Instead">What to use instead, in words.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record DeprecationBody(string Instead) : IValidated
{
    public void Validate(Faults faults) => faults.Text("/instead", Instead, 1, 500);
}

/// <summary>A call of a tool.</summary>
/// <param name="Input">The input, valid against the tool's schema.</param>
/// <param name="Version">The version; null for the newest that is not deprecated.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record ToolCallBody(JsonElement Input, string? Version = null);

/// <summary>What became of a call.</summary>
/// <param name="Id">Its id on the ledger (GET /v1/side-effects/{id}).</param>
/// <param name="Tool">The tool.</param>
/// <param name="Version">Its version.</param>
/// <param name="State">succeeded, failed or unknown; resolved where somebody settled it since.</param>
/// <param name="Output">What the tool returned; null unless it succeeded.</param>
/// <param name="Code">Why it failed, as a stable code; null otherwise.</param>
/// <param name="Reason">Why it failed or is unknown; null otherwise.</param>
/// <param name="Retryable">Whether another try later may help.</param>
/// <param name="Attempts">Attempts that were made; null where that is not known.</param>
/// <param name="Deprecated">What to use instead of this version; null while it should be used.</param>
internal sealed record ToolCallView(string Id, string Tool, string Version, ToolCallState State, JsonElement? Output, string? Code, string? Reason, bool Retryable, int? Attempts, string? Deprecated);

/// <summary>An MCP server to look at.</summary>
/// <param name="Url">Its address (streamable HTTP); null where a server is named.</param>
/// <param name="Server">A server that the platform's settings start as a process; null where an address is given.</param>
/// <param name="Headers">Headers beside those of the protocol, secrets by name.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record McpDiscoveryBody(string? Url = null, string? Server = null, ImmutableSortedDictionary<string, string>? Headers = null);

/// <summary>A tool that an MCP server offers: what to register it with.</summary>
/// <param name="Tool">Its name there.</param>
/// <param name="Description">What it does, in the server's words.</param>
/// <param name="Input">JSON Schema of the input.</param>
/// <param name="Output">JSON Schema of the output.</param>
/// <param name="SideEffect">Whether the server does not say that it only reads.</param>
/// <param name="Idempotent">Whether the server says that repeating a call changes nothing more.</param>
internal sealed record McpOfferView(string Tool, string Description, JsonElement Input, JsonElement Output, bool SideEffect, bool Idempotent);

/// <summary>What an MCP server offers.</summary>
/// <param name="Items">In the server's order, at most 200.</param>
internal sealed record McpOfferList(ImmutableArray<McpOfferView> Items);

/// <summary>Tools: what there is, registration, and operators' calls.</summary>
internal static class ToolEndpoints
{
    private const string Hash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

    private const string Common = """
        "name": "find_customer", "version": "1.0.0", "description": "Finds a customer in the CRM by e-mail address.",
        "input": { "type": "object", "properties": { "email": { "type": "string" } }, "required": [ "email" ] }, "output": { "type": "object" }
        """;

    private const string Adapter = """{ "http": { "method": "GET", "url": "https://crm.example.com/customers?email={{ $.input.email }}", "headers": { "Authorization": "Bearer ${CRM_TOKEN}" } } }""";

    private static readonly string View = $$"""
        { {{Common}}, "sideEffect": false, "idempotent": false, "compensation": null, "access": "Public", "authenticates": false, "confirmation": false, "timeoutMs": 30000, "bulkhead": 32, "deprecated": null, "adapter": {{Adapter}}, "price": null }
        """;

    public static void Map(RouteGroupBuilder v1)
    {
        var tools = v1.MapGroup("/tools").WithTags("Tools");
        tools.MapGet("", ListAsync)
            .Describe("listTools", "List tools", "Those of the platform and the tenant's own, all versions, by name.")
            .ForTenants(Scopes.ToolsRead).Fresh()
            .Example(response: $$"""{ "items": [ {{View}} ] }""");
        tools.MapGet("/{name}", GetAsync)
            .Describe("getTool", "Get a tool", "All its versions, newest first.")
            .ForTenants(Scopes.ToolsRead).Fresh()
            .Example(response: $$"""{ "name": "find_customer", "versions": [ {{View}} ] }""");
        tools.MapPost("", RegisterAsync)
            .Describe("registerTool", "Register a tool", "Registers a version of a tool with its adapter. A version never changes: the same content again changes nothing, another content is refused with 409. Secrets are named, never given.")
            .ForTenants(Scopes.ToolsWrite).Idempotent()
            .Example($$"""{ {{Common}}, "adapter": {{Adapter}} }""", $$"""{ "name": "find_customer", "version": "1.0.0", "contentHash": "{{Hash}}", "changed": true }""");
        tools.MapPost("/{name}/versions/{version}/deprecation", DeprecateAsync)
            .Describe("deprecateTool", "Deprecate a version of a tool", "It still works; answers say what to use instead, and calls without a version get another one.")
            .ForTenants(Scopes.ToolsWrite).Idempotent()
            .Example("""{ "instead": "version 2.0.0" }""", $$"""{ "name": "find_customer", "version": "1.0.0", "contentHash": "{{Hash}}", "changed": true }""");
        tools.MapDelete("/{name}/versions/{version}", RemoveAsync)
            .Describe("removeTool", "Remove a version of a tool", "It can no longer be called. Its number is never given to another content.")
            .ForTenants(Scopes.ToolsWrite);
        tools.MapPost("/{name}/calls", CallAsync)
            .Describe("callTool", "Call a tool", "A trusted operator's direct call: no customer's authentication and no confirmation is asked for. It stands on the side-effect ledger like any other. An unknown outcome is an answer, not an error: look at 'state'. The same Idempotency-Key later tells what became of it.")
            .ForTenants(Scopes.ToolsCall).Idempotent()
            .Example("""{ "input": { "email": "ada@example.com" } }""", $$"""{ "id": "019c1d2e3f4a7b8c9d0e1f2a3b4c5d70", "tool": "find_customer", "version": "1.0.0", "state": "succeeded", "output": { "id": "c1" }, "code": null, "reason": null, "retryable": false, "attempts": 1, "deprecated": null }""");
        tools.MapPost("/mcp/discovery", DiscoverAsync)
            .Describe("discoverMcpTools", "See what an MCP server offers", "Opens a session with the server and lists its tools, with what registering them needs. Nothing is registered.")
            .ForTenants(Scopes.ToolsWrite)
            .Example("""{ "url": "https://mcp.example.com/mcp" }""", """{ "items": [ { "tool": "search", "description": "Searches the catalogue.", "input": { "type": "object" }, "output": true, "sideEffect": false, "idempotent": true } ] }""");
    }

    private static async Task<Ok<ToolList>> ListAsync(Caller caller, Freshness freshness, ToolRegistry registry, HttpContext context, CancellationToken cancellationToken)
    {
        new QueryReader(context).Done();
        await WaitAsync(registry, freshness, cancellationToken);
        return TypedResults.Ok(new ToolList([.. registry.List(caller.Tenant).Select(m => ViewOf(m, registry.AdapterOf(caller.Tenant, m.Name, m.Version)))]));
    }

    private static async Task<Ok<ToolVersionsView>> GetAsync(string name, Caller caller, Freshness freshness, ToolRegistry registry, CancellationToken cancellationToken)
    {
        Ids.Require("tool", name);
        await WaitAsync(registry, freshness, cancellationToken);
        var versions = registry.List(caller.Tenant).Where(m => m.Name == name).ToList();
        return versions.Count == 0
            ? throw Problems.NotFound("tool", name)
            : TypedResults.Ok(new ToolVersionsView(name, [.. versions.Select(m => ViewOf(m, registry.AdapterOf(caller.Tenant, m.Name, m.Version)))]));
    }

    private static async Task<Ok<ToolRegisteredView>> RegisterAsync(JsonBody<ToolBody> body, Caller caller, ToolService tools, TimeProvider time, HttpContext context)
    {
        var manifest = body.Value.Manifest();
        var result = await tools.RegisterAsync(new(caller.Tenant, manifest, body.Value.Adapter, time.GetUtcNow()), ContextOf(caller, context), CancellationToken.None);
        Freshness.Answer(context, result.Position);
        return TypedResults.Ok(new ToolRegisteredView(manifest.Name, manifest.Version, result.State.Versions[manifest.Version].ContentHash, !result.Events.IsEmpty));
    }

    private static async Task<Ok<ToolRegisteredView>> DeprecateAsync(string name, string version, JsonBody<DeprecationBody> body, Caller caller, ToolService tools, TimeProvider time, HttpContext context)
    {
        var result = await tools.DeprecateAsync(new(caller.Tenant, Ids.Require("tool", name), Ids.Require("version", version), body.Value.Instead, time.GetUtcNow()), ContextOf(caller, context), CancellationToken.None);
        Freshness.Answer(context, result.Position);
        return TypedResults.Ok(new ToolRegisteredView(name, version, result.State.Versions[version].ContentHash, !result.Events.IsEmpty));
    }

    private static async Task<NoContent> RemoveAsync(string name, string version, Caller caller, ToolService tools, TimeProvider time, HttpContext context)
    {
        var result = await tools.RemoveAsync(new(caller.Tenant, Ids.Require("tool", name), Ids.Require("version", version), time.GetUtcNow()), ContextOf(caller, context), CancellationToken.None);
        Freshness.Answer(context, result.Position);
        return TypedResults.NoContent();
    }

    private static async Task<Ok<ToolCallView>> CallAsync(string name, JsonBody<ToolCallBody> body, Caller caller, OperatorCalls calls, ToolRegistry registry, HttpContext context)
    {
        // A client that goes away does not stop a call that has left.
        var key = IdempotencyKey.Require(context);
        var made = await calls.CallAsync(Ids.Require("tool", name), body.Value.Version, body.Value.Input, ContextOf(caller, context) with { IdempotencyKey = key }, CancellationToken.None);
        Freshness.Answer(context, made.Position);
        if (made.Entry.State == ToolCallState.Unknown)
        {
            IdempotencyKey.LeaveOpen(context);
        }

        var requested = made.Entry.Requested;
        var id = Projections.Tools.SideEffectsProjection.IdOf(OperatorCalls.Stream(caller.Tenant, made.Id), requested.Call);
        var deprecated = (await registry.FindAsync(caller.Tenant, requested.Tool, requested.Version))?.Manifest.Deprecated;
        var view = new ToolCallView(id, requested.Tool, requested.Version, made.Entry.State, null, null, null, false, null, deprecated);
        return TypedResults.Ok(made.Entry.Outcome switch
        {
            ToolCallSucceeded e => view with { Output = e.Output, Attempts = e.Attempts },
            ToolCallFailed e => view with { Code = e.Code, Reason = e.Reason, Retryable = e.Retryable, Attempts = e.Attempts },
            ToolCallUnknown e => view with { Reason = e.Reason },
            ToolCallResolved e => view with { Output = e.Output, Reason = e.Reason },
            _ => view,
        });
    }

    private static async Task<Ok<McpOfferList>> DiscoverAsync(JsonBody<McpDiscoveryBody> body, Caller caller, McpSessions sessions, CancellationToken cancellationToken)
    {
        var adapter = new McpAdapter("any") { Url = body.Value.Url, Server = body.Value.Server, Headers = body.Value.Headers };
        if (ToolRules.Faults(new ToolAdapter(Mcp: adapter)) is { Count: > 0 } faults)
        {
            throw new DomainException(ToolErrors.Invalid(faults));
        }

        try
        {
            var offers = await sessions.DiscoverAsync(caller.Tenant, adapter, cancellationToken);
            return TypedResults.Ok(new McpOfferList([.. offers.Select(o => new McpOfferView(o.Name, o.Description, Json(o.Input), Json(o.Output), o.SideEffect, o.Idempotent))]));
        }
        catch (McpUnreachableException e)
        {
            throw new ProblemException(422, "mcp-server-unreachable", $"No session with the MCP server came about: {e.Message}", "Check its address and what the platform's settings allow tools to reach.");
        }
    }

    private static async Task WaitAsync(ToolRegistry registry, Freshness freshness, CancellationToken cancellationToken)
    {
        if (freshness.Position > LogPosition.Start && !await registry.WaitForAsync(freshness.Position, Freshness.Patience, cancellationToken))
        {
            throw freshness.Behind();
        }
    }

    private static CommandContext ContextOf(Caller caller, HttpContext context) => new(caller.Tenant, caller.Actor, null, Correlation.Of(context));

    private static ToolView ViewOf(ToolManifest m, ToolAdapter? adapter) => new(
        m.Name, m.Version, m.Description, Json(m.Input), Json(m.Output), m.SideEffect, m.Idempotent, m.Compensation, m.Access, m.Authenticates, m.Confirmation, m.TimeoutMs, m.Bulkhead, m.Deprecated, adapter, m.Price);

    private static JsonElement Json(string text)
    {
        using var document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }
}
