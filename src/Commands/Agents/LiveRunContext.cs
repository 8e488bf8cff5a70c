using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using AIaaS.Commands.Budgets;
using AIaaS.Commands.Knowledge;
using AIaaS.Commands.Routing;
using AIaaS.Commands.Tools;
using AIaaS.Domain;
using AIaaS.Domain.Agents;
using AIaaS.Domain.Budgets;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;

namespace AIaaS.Commands.Agents;

/// <summary>Asks the world, and appends what it hears to the run's stream.</summary>
internal sealed class LiveRunContext : RunContext
{
    private const int AppendTries = 5;

    private readonly RunEngine.Services services;
    private readonly string tenant;
    private readonly string stream;
    private readonly string worker;
    private readonly Guid execution;
    private readonly EventMetadata metadata;
    private readonly byte[] plain;
    private readonly List<NewEvent> pending = new(8);
    private RunRequested? request;
    private DateTimeOffset since;
    private readonly List<BudgetHold> holding = [];
    private byte[] chain;
    private long version;
    private string? origin;

    public LiveRunContext(RunEngine.Services services, string tenant, string run, string worker, EventMetadata metadata, long version, byte[]? chain)
    {
        (this.services, this.tenant, this.worker, this.metadata, this.version) = (services, tenant, worker, metadata with { Chain = null, Schema = 1 }, version);
        execution = services.Ids.NewId();
        plain = this.metadata.ToUtf8();
        origin = version < 0 ? metadata.Actor ?? "" : null;
        stream = Run.Stream(tenant, run);
        this.chain = chain ?? EpisodeChain.Begin(stream);
    }

    public override string Tenant => tenant;

    public override string Worker => worker;

    /// <summary>The request, for the telemetry of a run that was loaded.</summary>
    public RunRequested? Request
    {
        get => request;
        set => request = value;
    }

    /// <summary>The position of the last durable append; the start when there was none.</summary>
    public LogPosition Position { get; private set; }

    public override DateTimeOffset Now() => services.Time.GetUtcNow();

    public override (ImmutableSortedDictionary<string, string> Models, string PriceBook, string Engine) Pins() =>
        (services.Models.Tiers, services.Models.PricesAt(Now()).Version, RunRules.Version);

    public override ValueTask<bool> SafeModeAsync(Run run, CancellationToken cancellationToken) =>
        services.SafeMode is not { } registry || run.Request!.Fork is not null ? new(false)
        : registry.Ready.IsCompletedSuccessfully && registry.Of(tenant).Active.IsEmpty ? new(false)
        : new(IsSafeAsync(registry, run, cancellationToken));

    private async Task<bool> IsSafeAsync(SafeModeRegistry registry, Run run, CancellationToken cancellationToken)
    {
        await registry.Ready.WaitAsync(cancellationToken);
        var mode = registry.Of(tenant);
        if (mode.Active.Values.Any(b => b.Scope == BudgetScope.Key))
        {
            origin ??= await OriginAsync(cancellationToken);
        }

        return mode.Covers(run.Request!.Workflow, run.Request.Customer, BudgetAccount.KeyOf(origin), Now());
    }

    public override ImmutableSortedDictionary<string, string>? PinTools(IReadOnlyCollection<(string Name, string? Version)> tools)
    {
        var pins = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var (name, version) in tools)
        {
            if (services.Tools.Find(tenant, name, version) is not { } tool)
            {
                continue;
            }

            pins[version is null ? name : $"{name}@{version}"] = tool.Manifest.Version;
            if (tool.Manifest.Compensation is { } undo && !pins.ContainsKey(undo) && services.Tools.Find(tenant, undo) is { } undoing)
            {
                pins[undo] = undoing.Manifest.Version;
            }
        }

        return pins.Count == 0 ? null : pins.ToImmutable();
    }

    public override ImmutableArray<ToolManifest> Offer(RunPins pins, ImmutableArray<string> tools)
    {
        var offered = ImmutableArray.CreateBuilder<ToolManifest>(tools.Length);
        foreach (var name in tools)
        {
            if (pins.Tools?.GetValueOrDefault(name) is { } version && services.Tools.Find(tenant, name, version) is { } tool)
            {
                offered.Add(tool.Manifest);
            }
        }

        return offered.ToImmutable();
    }

    public override ToolVerdict Guard(Run run, ToolWish wish)
    {
        if (wish.Version is null || services.Tools.Find(tenant, wish.Tool, wish.Version) is not { Manifest: { } manifest })
        {
            return new("unknown-tool", $"There is no tool '{wish.Tool}'{(wish.Version is null ? "" : " of version " + wish.Version)}.");
        }

        // What undoes a call was allowed together with it.
        return manifest.SideEffect && run.Request!.Fork is not null ? new("forked", "A fork changes nothing in the world.")
            : wish.Compensates is not null ? ToolVerdict.Allow(manifest)
            : manifest.Authenticates && run.Request!.Conversation.Length > 0 && !IsStated(run, wish.Input) ? new("not-stated", "The customer has not stated by what they are to be recognized.")
            : manifest.Access == ToolAccess.Customer && run.Customer is null ? new("not-authenticated", "The customer has not been authenticated in this conversation.")
            : manifest.Confirmation && !run.Confirmed.Contains(wish.Hash) ? new("not-confirmed", "The customer has not confirmed this call.")
            : ToolVerdict.Allow(manifest);
    }

    /// <summary>
    /// Whether all that a customer is to be recognized by stands in what they wrote: a model that guesses, or that takes it from elsewhere, makes nobody out of a
    /// stranger.
    /// </summary>
    private static bool IsStated(Run run, JsonElement input) =>
        input.ValueKind == JsonValueKind.Object
        && input.EnumerateObject().All(m => m.Value.ValueKind == JsonValueKind.String && m.Value.GetString() is { Length: > 0 } value
            && (run.Request!.Text.Contains(value, StringComparison.OrdinalIgnoreCase) || run.Said.Exists(s => s.Contains(value, StringComparison.OrdinalIgnoreCase))));

    public override async Task<ToolResult> CallToolAsync(ToolCallRequested call, string customer, CancellationToken cancellationToken)
    {
        if (services.Tools.Find(tenant, call.Tool, call.Version) is not { } tool)
        {
            return new(new ToolOutcome.Failed("unknown-tool", $"There is no tool '{call.Tool}' of version {call.Version} any more."), 0, 0);
        }

        if (request!.Fork is not null && call.SideEffect)
        {
            return new(new ToolOutcome.Failed("forked", "A fork changes nothing in the world."), 0, 0);
        }

        try
        {
            return await services.Executor.ExecuteAsync(tool, new(tenant, stream, call.Call, call.IdempotencyKey, call.RequestHash, call.Input, customer, metadata.CorrelationId), cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            return new(new ToolOutcome.Unknown(Cut("the executor failed: " + e.Message)), 1, 0);
        }
    }

    public override async ValueTask<bool> AuthenticateAsync(Run run, string customer, CancellationToken cancellationToken) =>
        run.Request!.Conversation.Length == 0 || run.Request.Fork is not null || await services.Customers.ClaimAsync(tenant, run.Request.Conversation, customer, run.Request.Run, metadata, cancellationToken);

    public override string? Arrived() => null;

    public override async ValueTask<RunReservation> ReserveAsync(Run run, CallNeed need, CancellationToken cancellationToken)
    {
        if (services.Budgets is not { } budgets || run.Request!.Fork is not null || need.Amount.Amount == 0)
        {
            return default;
        }

        origin ??= await OriginAsync(cancellationToken);
        var account = new BudgetAccount(tenant, BudgetAccount.KeyOf(origin), run.Request.Workflow, run.Request.Customer);
        if (!await budgets.AppliesAsync(account, cancellationToken))
        {
            return default;
        }

        if (version < 0)
        {
            // Money is set aside only for a run that the recovery knows: its stream tells what became of the call, whatever happens here.
            await FlushAsync(cancellationToken);
        }

        var wish = new BudgetWish(account, need.Amount, stream, version, need.Call, need.At, need.At + need.Lasts + budgets.Grace, metadata.CorrelationId);
        var verdict = await budgets.ReserveAsync(wish, cancellationToken);
        if (verdict is { RefusedBy: { } by, Others.IsEmpty: false })
        {
            // A worker that stopped may have left a reservation of this run behind. What is flushed now proves that nothing comes of it any more.
            await FlushAsync(cancellationToken);
            if (await budgets.ClearAsync(tenant, by, verdict.Others, need.At, cancellationToken))
            {
                verdict = await budgets.ReserveAsync(wish with { CallerVersion = version }, cancellationToken);
            }
        }

        holding.AddRange(verdict.Holds ?? []);
        return new(verdict.Holds, verdict.Refused?.Message, verdict.Refused is null ? null : verdict.Available);
    }

    /// <summary>Goes on behind what others have written meanwhile.</summary>
    public void Rebase(long version, byte[] chain)
    {
        pending.Clear();
        if (holding.Count > 0)
        {
            // The requests that name these have not been written, and will not be.
            services.Budgets!.GiveBack(tenant, [.. holding], Now());
            holding.Clear();
        }

        (this.version, this.chain) = (version, chain);
    }

    public override async ValueTask<Retrieval> RetrieveAsync(RetrieveNode node, string query, CancellationToken cancellationToken)
    {
        try
        {
            return await services.Retriever.RetrieveAsync(tenant, query, node.Audience, node.Top, cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            throw new RetrievalFailedException(e);
        }
    }

    public override Money? WorstCase(string priceBook, string model, string request, int maxOutputTokens) =>
        services.Models.Find(model) is not null && services.Models.Prices(priceBook) is { } prices && prices.Knows(model)
            ? services.Models.WorstCase(prices, model, request, maxOutputTokens)
            : null;

    public override Money Cost(string priceBook, string model, TokenUsage usage) => services.Models.Prices(priceBook)!.Cost(model, usage);

    public override async Task<CallOutcome> CallAsync(ModelCallRequested call, TimeSpan timeout, CancellationToken cancellationToken)
    {
        if (services.Models.Find(call.Model) is not { } client)
        {
            return new(null, $"the model '{call.Model}' is not set up here", false, false);
        }

        if (timeout <= TimeSpan.Zero)
        {
            return new(null, "no time was left in the step", true, false);
        }

        using var span = services.Telemetry.StartCall(tenant, request!, call);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var timer = services.Time.CreateTimer(static s => ((CancellationTokenSource)s!).Cancel(), deadline, timeout, Timeout.InfiniteTimeSpan);
        try
        {
            var answer = await client.CompleteAsync(call.Request, deadline.Token);
            span?
                .SetTag("gen_ai.usage.input_tokens", answer.Usage.UncachedInput + answer.Usage.CacheRead + answer.Usage.CacheWrite)
                .SetTag("gen_ai.usage.output_tokens", answer.Usage.Output + answer.Usage.Reasoning);
            return new(answer, "", false, false);
        }
        catch (ModelCallException e)
        {
            span?.SetStatus(ActivityStatusCode.Error, e.Message);
            return new(null, Cut(e.Message), e.Retryable, e.Unknown);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            span?.SetStatus(ActivityStatusCode.Error, "timed out");
            return new(null, string.Create(CultureInfo.InvariantCulture, $"timed out after {timeout.TotalMilliseconds:0} ms"), true, true);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // A client that throws what it should not: whether the far side did the work is not known.
            span?.SetStatus(ActivityStatusCode.Error, e.Message);
            return new(null, Cut("the model's client failed: " + e.Message), true, true);
        }
    }

    public override async Task PauseAsync(TimeSpan delay, CancellationToken cancellationToken)
    {
        await FlushAsync(cancellationToken);
        await Task.Delay(delay, services.Time, cancellationToken);
    }

    public override void Record(DomainEvent @event)
    {
        var type = services.Types.Of(@event);
        var data = JsonSerializer.SerializeToUtf8Bytes(@event, type.Json);
        (chain, var linked) = EpisodeChain.Seal(chain, type.Name, data, type.Schema == 1 ? plain : (metadata with { Schema = type.Schema }).ToUtf8());
        pending.Add(new(IdOf(chain), type.Name, data, linked));
        switch (@event)
        {
            case RunRequested e:
                (request, since) = (e, e.At);
                break;
            case ModelCallCompleted e:
                services.Telemetry.Called(tenant, request!, e);
                break;
            case StepCompleted e:
                services.Telemetry.Stepped(tenant, request!, e, since == default ? e.At : since);
                since = e.At;
                break;
        }
    }

    public override async Task FlushAsync(CancellationToken cancellationToken)
    {
        if (pending.Count == 0)
        {
            return;
        }

        for (var tries = 1; ; tries++)
        {
            try
            {
                var result = await services.Log.AppendAsync(stream, ExpectedVersion.Exact(version), pending, cancellationToken);
                version = result.Version;
                Position = result.Position;
                pending.Clear();
                holding.Clear();
                return;
            }
            catch (EventStoreUnavailableException) when (tries < AppendTries)
            {
                // The same ids at the same version: should the first try have come through, this one finds it.
                await Task.Delay(TimeSpan.FromMilliseconds(100 * (1 << tries)), services.Time, cancellationToken);
            }
        }
    }

    /// <summary>Who asked for the run, as its first event says.</summary>
    private async Task<string> OriginAsync(CancellationToken cancellationToken)
    {
        await foreach (var first in services.Log.ReadStreamAsync(stream, ReadDirection.Forwards, 0, 1, cancellationToken))
        {
            return EventMetadata.Read(first.Metadata.Span).Actor ?? "";
        }

        return "";
    }

    /// <summary>The event's id: its link in the chain, so that the same try has the same one, and this execution, so that another worker's has not.</summary>
    private Guid IdOf(ReadOnlySpan<byte> link)
    {
        Span<byte> id = stackalloc byte[16];
        Span<byte> own = stackalloc byte[16];
        execution.TryWriteBytes(own);
        for (var i = 0; i < id.Length; i++)
        {
            id[i] = (byte)(link[i] ^ own[i]);
        }

        id[6] = (byte)((id[6] & 0x0F) | 0x80);
        id[8] = (byte)((id[8] & 0x3F) | 0x80);
        return new(id, bigEndian: true);
    }

    private static string Cut(string text) => text.Length <= 500 ? text : text[..500] + "…";
}
