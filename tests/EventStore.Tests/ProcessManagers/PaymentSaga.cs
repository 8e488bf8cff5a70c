using System.Collections.Concurrent;

namespace AIaaS.EventStore.Tests.ProcessManagers;

internal sealed record PaymentState : IState<PaymentState>
{
    public static PaymentState Initial { get; } = new();

    public string? Order { get; init; }

    public bool IsOver { get; init; }

    public PaymentState Evolve(object @event) => @event switch
    {
        PaymentAwaited e => this with { Order = e.Order },
        PaymentReceived or PaymentRefused or OrderGivenUp => this with { IsOver = true },
        _ => this,
    };
}

/// <summary>Asks for the money of an order; gives the order up when none has come in 30 minutes.</summary>
internal sealed class PaymentSaga : ProcessManager<PaymentState>
{
    public PaymentSaga(IEventStore log, DateTimeOffset placedAt, Func<PaymentAwaited, CommandContext, CancellationToken, Task> takePayment)
        : base("payment", log, Shop.Types, "north")
    {
        On<OrderPlaced>().By(e => e.Total < 0 ? null : e.Order).Record((saga, e) => saga.Order is null
            ? Decision.Of(new PaymentAwaited(e.Order, e.Total), new TimerScheduled("deadline", placedAt.AddMinutes(30)))
            : Decision.Unchanged);
        On<PaymentReceived>().By(e => e.Order).Record((saga, e) => saga.IsOver ? Decision.Unchanged : Decision.Of(e, new TimerCancelled("deadline")));
        OnTimer("deadline").Record((saga, _) => saga.IsOver ? Decision.Unchanged : new OrderGivenUp(saga.Order!));
        After<PaymentAwaited>().Do("take-payment", takePayment, (e, error) => new PaymentRefused(e.Order, error.Code));
        After<OrderGivenUp>().Do("note", (e, _, _) =>
        {
            GivenUp.Enqueue(e.Order);
            return Task.CompletedTask;
        });
    }

    public ConcurrentQueue<string> GivenUp { get; } = new();
}
