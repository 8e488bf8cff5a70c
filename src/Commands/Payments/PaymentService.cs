using System.Collections.Frozen;
using AIaaS.Domain;
using AIaaS.Domain.Payments;
using AIaaS.EventStore;

namespace AIaaS.Commands.Payments;

/// <summary>Asks for money.</summary>
/// <param name="Operation">Charge or Authorize.</param>
/// <param name="Amount">How much.</param>
/// <param name="Method">The processor's token of the payment method.</param>
/// <param name="Customer">The customer's id at the tenant; null where unknown.</param>
/// <param name="Order">The order that is paid; null for none.</param>
/// <param name="Description">In words; null for none.</param>
public sealed record PaymentWish(PaymentOperation Operation, Money Amount, string Method, string? Customer = null, string? Order = null, string? Description = null);

/// <summary>What became of an operation on a payment.</summary>
/// <param name="Payment">The payment's id.</param>
/// <param name="State">The payment as it is now.</param>
/// <param name="Position">The consistency token.</param>
/// <param name="Operation">What was asked for.</param>
/// <param name="Refund">The refund's id; null for the others.</param>
/// <param name="Trouble">Why there is no outcome: unavailable (nothing was done) or unknown; null when there is one.</param>
public sealed record PaymentResult(string Payment, Payment State, LogPosition Position, PaymentOperation Operation, string? Refund, ProcessorAnswer? Trouble);

/// <summary>
/// Makes payments: what is asked for is durable before the processor hears of it, and the processor does it once under the idempotency key.
/// The same key again goes on where the first sending ended.
/// </summary>
public sealed class PaymentService : CommandService<Payment>
{
    private readonly FrozenDictionary<string, IPaymentProcessor> processors;
    private readonly PaymentOptions options;
    private readonly TimeProvider time;

    /// <summary>Makes the service.</summary>
    /// <exception cref="ArgumentException">The processor of new payments is not there.</exception>
    public PaymentService(IEventStore log, EventTypes types, IdSource ids, IEnumerable<IPaymentProcessor> processors, PaymentOptions options, TimeProvider time)
        : base(log, types, ids)
    {
        ArgumentNullException.ThrowIfNull(options);
        this.processors = processors.ToFrozenDictionary(p => p.Name, StringComparer.Ordinal);
        (this.options, this.time) = (options, time);
        if (!this.processors.ContainsKey(options.Processor))
        {
            throw new ArgumentException($"There is no payment processor '{options.Processor}'. Payments__Processor can be: {string.Join(", ", this.processors.Keys.Order(StringComparer.Ordinal))}; 'stripe' also needs Payments__Stripe__ApiKey and Payments__Stripe__WebhookSecret.", nameof(options));
        }

        On<RequestPayment>().In(c => Payment.Stream(c.Tenant, c.Payment)).Decide((payment, command) => payment.Ask(command));
        On<RequestCapture>().In(c => Payment.Stream(c.Tenant, c.Payment)).Decide((payment, command) => payment.Ask(command));
        On<RequestVoid>().In(c => Payment.Stream(c.Tenant, c.Payment)).Decide((payment, command) => payment.Ask(command));
        On<RequestRefund>().In(c => Payment.Stream(c.Tenant, c.Payment)).Decide((payment, command) => payment.Ask(command));
        On<ObservePayment>().In(c => Payment.Stream(c.Tenant, c.Payment)).Decide((payment, command) => payment.Observe(command));
        On<DoubtPayment>().In(c => Payment.Stream(c.Tenant, c.Payment)).Decide((payment, command) => payment.Doubted(command));
        On<ResolvePayment>().In(c => Payment.Stream(c.Tenant, c.Payment)).Decide((payment, command) => payment.Resolved(command));
        On<DeclinePayment>().In(c => Payment.Stream(c.Tenant, c.Payment)).Decide((payment, command) => payment.Refused(command));
    }

    /// <summary>The id of the payment that is asked for under a key.</summary>
    public static string PaymentId(string tenant, string key) => NamedId.Of("payment", tenant, key).ToString("N");

    /// <summary>The id of the refund that is asked for under a key.</summary>
    public static string RefundId(string tenant, string key) => NamedId.Of("refund", tenant, key).ToString("N");

    /// <summary>The processor of that name; null where there is none.</summary>
    public IPaymentProcessor? Processor(string name) => processors.GetValueOrDefault(name);

    /// <summary>Takes or holds money.</summary>
    /// <exception cref="DomainException">It cannot be asked for so; nothing left.</exception>
    public async Task<PaymentResult> RequestAsync(PaymentWish wish, CommandContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(wish);
        var key = KeyOf(context);
        var id = PaymentId(context.Tenant, key);
        var asked = await HandleAsync(new RequestPayment(context.Tenant, id, wish.Operation, wish.Amount, wish.Method, wish.Customer, wish.Order, wish.Description, options.Processor, key, time.GetUtcNow()), Inner(context), cancellationToken);
        return await GoOnAsync(id, asked, wish.Operation, null, context, cancellationToken);
    }

    /// <summary>Takes what is held, or a part of it.</summary>
    /// <exception cref="DomainException">It cannot be asked for so; nothing left.</exception>
    public async Task<PaymentResult> CaptureAsync(string payment, Money? amount, CommandContext context, CancellationToken cancellationToken = default)
    {
        var asked = await HandleAsync(new RequestCapture(context.Tenant, Known(payment), amount, KeyOf(context), time.GetUtcNow()), Inner(context), cancellationToken);
        return await GoOnAsync(payment, asked, PaymentOperation.Capture, null, context, cancellationToken);
    }

    /// <summary>Gives a hold back.</summary>
    /// <exception cref="DomainException">It cannot be asked for so; nothing left.</exception>
    public async Task<PaymentResult> VoidAsync(string payment, CommandContext context, CancellationToken cancellationToken = default)
    {
        var asked = await HandleAsync(new RequestVoid(context.Tenant, Known(payment), KeyOf(context), time.GetUtcNow()), Inner(context), cancellationToken);
        return await GoOnAsync(payment, asked, PaymentOperation.Void, null, context, cancellationToken);
    }

    /// <summary>Gives money back: the amount, or all that is left.</summary>
    /// <exception cref="DomainException">It cannot be asked for so; nothing left.</exception>
    public async Task<PaymentResult> RefundAsync(string payment, Money? amount, string? reason, CommandContext context, CancellationToken cancellationToken = default)
    {
        var key = KeyOf(context);
        var refund = RefundId(context.Tenant, key);
        var asked = await HandleAsync(new RequestRefund(context.Tenant, Known(payment), refund, amount, reason, key, time.GetUtcNow()), Inner(context), cancellationToken);
        return await GoOnAsync(payment, asked, PaymentOperation.Refund, refund, context, cancellationToken);
    }

    /// <summary>One payment as it is now; null where there is none.</summary>
    public async Task<Loaded<Payment>?> FindAsync(string tenant, string payment, CancellationToken cancellationToken = default) =>
        IsId(payment) && await LoadAsync(Payment.Stream(tenant, payment), cancellationToken) is { State.Request: not null } loaded ? loaded : null;

    /// <summary>Asks the processor what became of a payment's open operations, and records it. Moves no money. The result's trouble says what is still not known.</summary>
    /// <exception cref="DomainException">There is no such payment.</exception>
    public async Task<PaymentResult> ReconcileAsync(string payment, CommandContext context, CancellationToken cancellationToken = default)
    {
        var loaded = await FindAsync(context.Tenant, payment, cancellationToken) ?? throw new DomainException(PaymentErrors.NotFound(payment));
        var (state, position) = (loaded.State, loaded.Position);
        var request = state.Request!;
        var answer = await LookUpAsync(context.Tenant, state, cancellationToken);
        if (answer is ProcessorAnswer.Known known)
        {
            (state, position) = await RecordAsync(new ObservePayment(context.Tenant, payment, known.Payment, time.GetUtcNow()), context);
        }

        if (answer is ProcessorAnswer.Known or ProcessorAnswer.NotFound)
        {
            // The processor tells all that it has: what it does not know of, and was asked for long enough ago, did not come about.
            (PaymentOperation Operation, string? Refund)[] open = [(request.Operation, null), (PaymentOperation.Capture, null), (PaymentOperation.Void, null), .. state.OpenRefunds.Select(r => (PaymentOperation.Refund, (string?)r))];
            foreach (var (operation, refund) in open.Where(o => state.IsOpen(o.Operation, o.Refund)))
            {
                if (time.GetUtcNow() - AskedAt(state, operation, refund) >= options.Grace)
                {
                    (state, position) = await RecordAsync(new DeclinePayment(context.Tenant, payment, operation, refund, "not-done", "The processor has nothing of it.", time.GetUtcNow()), context);
                }
            }
        }

        var isOpen = state.IsOpen(request.Operation, null) || state.OpenCapture is not null || state.OpenVoid is not null || !state.OpenRefunds.IsEmpty;
        return new(payment, state, position, request.Operation, null, !isOpen ? null : answer is ProcessorAnswer.Unavailable or ProcessorAnswer.Unknown ? answer : new ProcessorAnswer.Unknown("the processor may still be working on it"));
    }

    /// <summary>Records what a person found out about an operation without an outcome. What the processor says now goes before it.</summary>
    /// <exception cref="DomainException">There is no such payment, or its outcome is known and is not that.</exception>
    public async Task<PaymentResult> ResolveAsync(string payment, PaymentOperation operation, string? refund, bool succeeded, string reason, CommandContext context, CancellationToken cancellationToken = default)
    {
        var state = (await FindAsync(context.Tenant, payment, cancellationToken) ?? throw new DomainException(PaymentErrors.NotFound(payment))).State;
        if (state.IsOpen(operation, refund) && await LookUpAsync(context.Tenant, state, cancellationToken) is ProcessorAnswer.Known known)
        {
            await RecordAsync(new ObservePayment(context.Tenant, payment, known.Payment, time.GetUtcNow()), context);
        }

        (state, var position) = await RecordAsync(new ResolvePayment(context.Tenant, payment, operation, refund, succeeded, reason, time.GetUtcNow()), context);
        return new(payment, state, position, operation, refund, null);
    }

    /// <summary>Whether a text can be a payment's id.</summary>
    public static bool IsId(string? text) => text is { Length: >= 1 and <= 100 } && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');

    private static string Known(string payment) => IsId(payment) ? payment : throw new DomainException(PaymentErrors.NotFound(payment));

    private static string KeyOf(CommandContext context) => context.IdempotencyKey is { Length: >= 1 and <= 500 } key ? key : throw new ArgumentException("A payment needs an idempotency key of 1 to 500 characters.", nameof(context));

    // A payment decides by what it holds; the key is one of those facts.
    private static CommandContext Inner(CommandContext context) => context with { IdempotencyKey = null };

    private static DateTimeOffset AskedAt(Payment state, PaymentOperation operation, string? refund) => operation switch
    {
        PaymentOperation.Capture => state.OpenCapture!.At,
        PaymentOperation.Void => state.OpenVoid!.At,
        PaymentOperation.Refund => state.RefundRequests[refund!].At,
        _ => state.Request!.At,
    };

    private static ProcessorRequest RequestOf(string tenant, PaymentRequested r) => new(tenant, r.Payment, r.Key, r.Operation == PaymentOperation.Charge, r.Amount, r.Method, r.Description, r.At);

    private async Task<PaymentResult> GoOnAsync(string id, CommandResult<Payment> asked, PaymentOperation operation, string? refund, CommandContext context, CancellationToken cancellationToken)
    {
        var (state, position) = (asked.State, asked.Position);
        if (!state.IsOpen(operation, refund))
        {
            return new(id, state, position, operation, refund, null);
        }

        var request = state.Request!;
        var tenant = context.Tenant;
        if (Processor(request.Processor) is not { } processor)
        {
            return new(id, state, position, operation, refund, new ProcessorAnswer.Unavailable($"the payment's processor '{request.Processor}' is not set up here"));
        }

        var reference = state.Reference ?? "";
        var answer = await CallAsync(
            operation switch
            {
                PaymentOperation.Capture => ct => processor.CaptureAsync(new(tenant, id, reference, state.OpenCapture!.Key, state.OpenCapture.Amount), ct),
                PaymentOperation.Void => ct => processor.VoidAsync(new(tenant, id, reference, state.OpenVoid!.Key, request.Amount), ct),
                PaymentOperation.Refund => ct => processor.RefundAsync(new(tenant, id, reference, state.RefundRequests[refund!].Key, state.RefundRequests[refund!].Amount, refund, state.RefundRequests[refund!].Reason), ct),
                _ => ct => processor.RequestAsync(RequestOf(tenant, request), ct),
            },
            cancellationToken);
        if (answer is ProcessorAnswer.Unknown doubt)
        {
            (state, position) = await RecordAsync(new DoubtPayment(tenant, id, operation, refund, doubt.Reason, time.GetUtcNow()), context);
            if (state.IsOpen(operation, refund) && !cancellationToken.IsCancellationRequested && await LookUpAsync(tenant, state, cancellationToken) is ProcessorAnswer.Known found)
            {
                (state, position) = await RecordAsync(new ObservePayment(tenant, id, found.Payment, time.GetUtcNow()), context);
            }
        }
        else if (answer is ProcessorAnswer.Known known)
        {
            (state, position) = await RecordAsync(new ObservePayment(tenant, id, known.Payment, time.GetUtcNow()), context);
        }
        else if (answer is ProcessorAnswer.Refused refused)
        {
            (state, position) = await RecordAsync(new DeclinePayment(tenant, id, operation, refund, refused.Code, refused.Reason, time.GetUtcNow()), context);
        }
        else if (answer is ProcessorAnswer.NotFound)
        {
            (state, position) = await RecordAsync(new DeclinePayment(tenant, id, operation, refund, "resource_missing", "The processor knows no such payment.", time.GetUtcNow()), context);
        }

        return new(id, state, position, operation, refund, !state.IsOpen(operation, refund) ? null : answer is ProcessorAnswer.Unavailable or ProcessorAnswer.Unknown ? answer : new ProcessorAnswer.Unknown("the processor's answer does not tell what became of it"));
    }

    private async Task<ProcessorAnswer> LookUpAsync(string tenant, Payment state, CancellationToken cancellationToken) =>
        Processor(state.Request!.Processor) is { } processor
            ? await CallAsync(ct => processor.LookUpAsync(RequestOf(tenant, state.Request!), ct), cancellationToken)
            : new ProcessorAnswer.Unavailable($"the payment's processor '{state.Request!.Processor}' is not set up here");

    /// <summary>A call that ends in time, whatever happens to it.</summary>
    private async Task<ProcessorAnswer> CallAsync(Func<CancellationToken, Task<ProcessorAnswer>> call, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(options.Timeout, time);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            return await call(ended.Token);
        }
        catch (OperationCanceledException)
        {
            return new ProcessorAnswer.Unknown(limit.IsCancellationRequested ? $"no answer within {options.Timeout.TotalSeconds:0.###} s" : "the call was cut off before its answer came");
        }
    }

    /// <summary>What has become of money is recorded even when the caller has left.</summary>
    private async Task<(Payment State, LogPosition Position)> RecordAsync<TCommand>(TCommand command, CommandContext context)
        where TCommand : class
    {
        var result = await HandleAsync(command, Inner(context), CancellationToken.None);
        return (result.State, result.Position);
    }
}

/// <summary>Takes the webhooks of payment processors in: genuine ones only, each as often as it likes to come, in any order.</summary>
public sealed class PaymentWebhooks(PaymentService payments, TimeProvider time)
{
    /// <summary>What became of a webhook.</summary>
    /// <param name="IsOurs">Whether it told of a payment of ours.</param>
    /// <param name="Changed">Whether it told something new.</param>
    /// <param name="Position">The consistency token.</param>
    public sealed record Received(bool IsOurs, bool Changed, LogPosition Position);

    /// <summary>Takes a webhook in.</summary>
    /// <exception cref="WebhookRefusedException">It is forged, too old or cannot be read.</exception>
    /// <exception cref="DomainException">There is no such processor; or it cannot be looked up now what it tells of (503), so that it must come again.</exception>
    public async Task<Received> ReceiveAsync(string processor, ReadOnlyMemory<byte> body, string? signature, CancellationToken cancellationToken)
    {
        var from = payments.Processor(processor) ?? throw new DomainException(new("not-found", $"There is no payment processor '{(processor.Length > 60 ? processor[..60] + "…" : processor)}'.", "Check the webhook's address.", 404));
        if (from.Verify(body.Span, signature) is not { } notification)
        {
            return new(false, false, LogPosition.Start);
        }

        var seen = notification.Payment;
        if (seen is null)
        {
            switch (await from.LookUpAsync(notification.Tenant ?? "", notification.Reference, cancellationToken))
            {
                case ProcessorAnswer.Known known:
                    seen = known.Payment;
                    break;
                case ProcessorAnswer.NotFound:
                    return new(false, false, LogPosition.Start);
                case var trouble:
                    var reason = trouble switch { ProcessorAnswer.Unavailable u => u.Reason, ProcessorAnswer.Unknown u => u.Reason, _ => "no answer" };
                    throw new DomainException(new("temporary-reduced-capacity", $"The payment cannot be looked up now: {reason}.", "Send the webhook again.", 503));
            }
        }

        if (!Domain.Tenants.Tenant.IsSlug(seen.Tenant) || await payments.FindAsync(seen.Tenant, seen.Payment, cancellationToken) is not { State.Request: { } request } || request.Processor != processor)
        {
            return new(false, false, LogPosition.Start);
        }

        var result = await payments.HandleAsync(new ObservePayment(seen.Tenant, seen.Payment, seen, time.GetUtcNow()), new CommandContext(seen.Tenant, "processor:" + processor, null, notification.Id, notification.Id), cancellationToken);
        return new(true, !result.Events.IsEmpty, result.Position);
    }
}
