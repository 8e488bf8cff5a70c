using System.Collections.Immutable;
using System.Reflection;

namespace AIaaS.Api.Http;

/// <summary>Who asks: taken from the credential, never from path or body.</summary>
/// <param name="Tenant">The tenant; empty for the platform's administrator.</param>
/// <param name="Key">The API key's id: the actor of what the request records.</param>
/// <param name="Scopes">What the key allows.</param>
internal sealed record Caller(string Tenant, string Key, ImmutableArray<string> Scopes) : IBindableFromHttpContext<Caller>
{
    private static readonly object Item = new();

    /// <summary>The platform's administrator: manages tenants, keys and operations, and sees no tenant's content.</summary>
    public static Caller Platform { get; } = new("", "platform", []);

    public bool IsPlatform => Tenant.Length == 0;

    public string Actor => IsPlatform ? "platform" : "key:" + Key;

    public bool May(string scope) => Scopes.Contains("*") || Scopes.Contains(scope);

    public void Enter(HttpContext context) => context.Items[Item] = this;

    public static Caller? Find(HttpContext context) => context.Items.TryGetValue(Item, out var caller) ? (Caller)caller! : null;

    public static ValueTask<Caller?> BindAsync(HttpContext context, ParameterInfo parameter) => new(Find(context));
}

/// <summary>What keys can allow.</summary>
internal static class Scopes
{
    public const string MessagesWrite = "messages:write";
    public const string ConversationsRead = "conversations:read";
    public const string RunsRead = "runs:read";
    public const string RunsWrite = "runs:write";
    public const string KpisRead = "kpis:read";
    public const string ArticlesRead = "articles:read";
    public const string ArticlesWrite = "articles:write";
    public const string WorkflowsRead = "workflows:read";
    public const string OrdersRead = "orders:read";
    public const string OrdersWrite = "orders:write";
    public const string ProductsRead = "products:read";
    public const string CustomersRead = "customers:read";
    public const string WorkflowsWrite = "workflows:write";
    public const string PaymentsRead = "payments:read";
    public const string PaymentsWrite = "payments:write";
    public const string LeadsRead = "leads:read";
    public const string LeadsWrite = "leads:write";
    public const string ComplaintsRead = "complaints:read";
    public const string ComplaintsWrite = "complaints:write";
    public const string HandoffsRead = "handoffs:read";
    public const string HandoffsWrite = "handoffs:write";
    public const string UsageRead = "usage:read";
    public const string UsageWrite = "usage:write";
    public const string MetersRead = "meters:read";
    public const string MetersWrite = "meters:write";
    public const string BillingRead = "billing:read";
    public const string BillingWrite = "billing:write";
    public const string BudgetsRead = "budgets:read";
    public const string BudgetsWrite = "budgets:write";
    public const string AuditRead = "audit:read";
    public const string ToolsRead = "tools:read";
    public const string ToolsWrite = "tools:write";
    public const string ToolsCall = "tools:call";
    public const string SideEffectsRead = "side-effects:read";
    public const string SideEffectsWrite = "side-effects:write";
    public const string OperationsRead = "operations:read";
    public const string OperationsWrite = "operations:write";

    public static readonly ImmutableArray<string> All =
    [
        "*", MessagesWrite, ConversationsRead, RunsRead, RunsWrite, KpisRead, ArticlesRead, ArticlesWrite, WorkflowsRead, OrdersRead, OrdersWrite, ProductsRead, CustomersRead, AuditRead, ToolsRead, ToolsWrite, ToolsCall, SideEffectsRead, SideEffectsWrite, OperationsRead, OperationsWrite, WorkflowsWrite,
        PaymentsRead, PaymentsWrite, LeadsRead, LeadsWrite, ComplaintsRead, ComplaintsWrite, HandoffsRead, HandoffsWrite,
        UsageRead, UsageWrite, MetersRead, MetersWrite, BillingRead, BillingWrite, BudgetsRead, BudgetsWrite,
    ];
}

/// <summary>On an endpoint: who may call it.</summary>
/// <param name="Scope">The scope that a tenant's key needs; null where tenants' keys are not taken.</param>
/// <param name="Platform">Whether the platform's administrator may call it.</param>
internal sealed record Access(string? Scope, bool Platform);

/// <summary>On an endpoint: it takes requests without an API key, and proves by other means where they come from.</summary>
internal sealed class NoApiKey;
