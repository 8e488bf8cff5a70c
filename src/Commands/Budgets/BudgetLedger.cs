using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using AIaaS.Domain;
using AIaaS.Domain.Budgets;
using AIaaS.EventStore;

namespace AIaaS.Commands.Budgets;

/// <summary>A call that money is wanted for.</summary>
/// <param name="Account">On whose account it goes.</param>
/// <param name="Amount">Its worst case.</param>
/// <param name="Caller">The stream of the run, saga or operator's call.</param>
/// <param name="CallerVersion">The version of that stream, as the caller knows it: the call's request can only be appended right behind it.</param>
/// <param name="Call">The call in that stream.</param>
/// <param name="At">When the call is asked for: decides the periods.</param>
/// <param name="Until">The deadline: from then on it is looked into whether the reservation was abandoned.</param>
/// <param name="CorrelationId">Groups everything that one outside request caused.</param>
public sealed record BudgetWish(BudgetAccount Account, Money Amount, string Caller, long CallerVersion, string Call, DateTimeOffset At, DateTimeOffset Until, string? CorrelationId = null)
{
    /// <summary>
    /// Whether the caller's stream names the call already, but not the reservation: a repetition is then the same reservation. Otherwise each try is a
    /// reservation of its own, and the call's request names the one that holds.
    /// </summary>
    public bool IsRequested { get; init; }

    /// <summary>Of a call that is made again since nobody knows what became of it: how many times nobody knew before. Each of these tries has a reservation of its own, and the outcomes in the stream end them in turn.</summary>
    public int Repetition { get; init; }
}

/// <summary>What the budgets said of a call.</summary>
/// <param name="Holds">What is reserved, budget by budget; null where none applies or one refused.</param>
/// <param name="Refused">Why a budget refused; null where none did.</param>
/// <param name="Available">What the budget that refused has left.</param>
public readonly record struct BudgetVerdict(ImmutableArray<BudgetHold>? Holds, DomainError? Refused, Money Available)
{
    /// <summary>No budget applies.</summary>
    public static BudgetVerdict Free { get; } = new(null, null, Money.Usd(0));

    /// <summary>Reservations of the same caller that were open in the budget that refused: they may be of a try that came to nothing.</summary>
    public ImmutableArray<BudgetReserved> Others { get; init; } = [];

    /// <summary>The budget that refused; null where none did.</summary>
    public BudgetHold? RefusedBy { get; init; }
}

/// <summary>
/// Reserves, settles and releases. For each period of a budget one writer in this process keeps its state warm, takes what is queued, decides on it in order,
/// and appends all that comes of it in one append at exactly the version that it decided on; where another process wrote meanwhile, it reads on and decides again.
/// So a hard budget is exact whoever reserves, and many reservations cost one durable append.
/// </summary>
public sealed class BudgetLedger(IEventStore log, EventTypes types, IdSource ids, TimeProvider time, BudgetCatalog catalog, BudgetOptions? options = null)
{
    private const int MaxWriters = 2_000;
    private static readonly TimeSpan IdleAfter = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<string, BudgetWriter> writers = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(BudgetInterval Interval, string Zone), BudgetSpan> spans = new();

    /// <summary>Which budgets there are.</summary>
    public BudgetCatalog Catalog => catalog;

    /// <summary>How much longer than its call may take a reservation lasts before it is looked into.</summary>
    public TimeSpan Grace { get; } = (options ?? new()).Grace;

    /// <summary>Reserves the worst case of a call at all budgets that apply, in the order of their ids. A refusal of one releases what was taken before it.</summary>
    public ValueTask<BudgetVerdict> ReserveAsync(BudgetWish wish, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(wish);
        return !catalog.Ready.IsCompleted ? WaitAndReserveAsync(wish, cancellationToken)
            : catalog.Applying(wish.Account) is { IsEmpty: false } applying ? new(ReserveAsync(wish, applying, cancellationToken))
            : new(BudgetVerdict.Free);
    }

    /// <summary>Whether a budget applies to what goes on this account.</summary>
    public async ValueTask<bool> AppliesAsync(BudgetAccount account, CancellationToken cancellationToken = default)
    {
        await catalog.Ready.WaitAsync(cancellationToken);
        return !catalog.Applying(account).IsEmpty;
    }

    /// <summary>Settles a reservation with what its call has cost. One that is not open changes nothing.</summary>
    public Task<LogPosition> SettleAsync(string tenant, BudgetHold hold, Money actual, DateTimeOffset at, string? correlation = null)
    {
        ArgumentNullException.ThrowIfNull(hold);
        var command = new SettleBudget(hold.Reservation, actual, at);
        return PositionAsync(tenant, hold, p => p.Settle(command), correlation);
    }

    /// <summary>Releases a reservation under which nothing was spent. One that is not open changes nothing.</summary>
    public Task<LogPosition> ReleaseAsync(string tenant, BudgetHold hold, string reason, DateTimeOffset at, string? correlation = null)
    {
        ArgumentNullException.ThrowIfNull(hold);
        var command = new ReleaseBudget(hold.Reservation, reason, at);
        return PositionAsync(tenant, hold, p => p.Release(command), correlation);
    }

    /// <summary>Releases reservations whose calls will not be asked for, in the background; what fails here is found by the sweep.</summary>
    public void GiveBack(string tenant, ImmutableArray<BudgetHold> holds, DateTimeOffset at) =>
        _ = ForgetAsync(Task.WhenAll(holds.Select(h => ReleaseAsync(tenant, h, "not-made", at))));

    /// <summary>Settles or releases those reservations of which their caller's stream proves that no call is under way or can still leave under them. Says whether there were any.</summary>
    public async Task<bool> ClearAsync(string tenant, BudgetHold period, IEnumerable<BudgetReserved> reservations, DateTimeOffset at, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(period);
        ArgumentNullException.ThrowIfNull(reservations);
        var isAny = false;
        foreach (var reserved in reservations)
        {
            isAny |= await ClearAsync(tenant, period with { Reservation = reserved.Reservation }, reserved, at, cancellationToken);
        }

        return isAny;
    }

    internal async Task<bool> ClearAsync(string tenant, BudgetHold hold, BudgetReserved reserved, DateTimeOffset at, CancellationToken cancellationToken)
    {
        var verdict = await ReservationJudge.JudgeAsync(log, types, reserved, cancellationToken);
        if (verdict.Settle is { } cost)
        {
            await SettleAsync(tenant, hold, cost, at);
        }
        else if (verdict.Release is { } reason)
        {
            await ReleaseAsync(tenant, hold, reason, at);
        }
        else
        {
            return false;
        }

        return true;
    }

    /// <summary>Grants the current period of a budget its money by the newest version of it, and says where that stands.</summary>
    public async Task<(BudgetPeriod State, LogPosition Position)> GrantAsync(string tenant, string budget, CancellationToken cancellationToken = default)
    {
        var known = catalog.Find(tenant, budget) ?? throw new DomainException(BudgetErrors.Unknown(budget));
        var result = await WriterOf(tenant, known, time.GetUtcNow()).DoAsync(_ => Decision.Unchanged, null).WaitAsync(cancellationToken);
        return (result.State, result.Position);
    }

    /// <summary>How the current period of a budget stands; the state before its grant where it has not been used.</summary>
    public async Task<BudgetPeriod> CurrentAsync(string tenant, BudgetTerms terms, string budget, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(terms);
        var span = SpanOf(terms, time.GetUtcNow());
        return (await WriterOf(tenant, new(budget, span.Name, "")).DoAsync(_ => Decision.Unchanged, null).WaitAsync(cancellationToken)).State;
    }

    private async ValueTask<BudgetVerdict> WaitAndReserveAsync(BudgetWish wish, CancellationToken cancellationToken)
    {
        await catalog.Ready.WaitAsync(cancellationToken);
        return await ReserveAsync(wish, cancellationToken);
    }

    private async Task<BudgetVerdict> ReserveAsync(BudgetWish wish, ImmutableArray<KnownBudget> applying, CancellationToken cancellationToken)
    {
        // A call that failed can be asked for again under its name, and one of which nothing is known can be made again: that is a reservation of its own, whether or not the one
        // before is released yet.
        var reservation = (wish.IsRequested
            ? NamedId.Of("reservation", wish.Caller, wish.Call, wish.At.UtcTicks.ToString(CultureInfo.InvariantCulture), wish.Repetition.ToString(CultureInfo.InvariantCulture))
            : ids.NewId()).ToString("N");
        var command = new ReserveBudget(reservation, wish.Amount, wish.Caller, wish.CallerVersion, wish.Call, wish.Until, wish.At);
        var holds = ImmutableArray.CreateBuilder<BudgetHold>(applying.Length);
        for (var i = 0; i < applying.Length; i++)
        {
            var writer = WriterOf(wish.Account.Tenant, applying[i], wish.At);
            BudgetWriter.Result result;
            try
            {
                result = await writer.DoAsync(p => p.Reserve(command), wish.CorrelationId).WaitAsync(cancellationToken);
            }
            catch
            {
                // Whether it was taken is not known; what was before it is given back, and the sweep finds the rest.
                _ = GiveBackAsync(wish, holds.ToImmutable());
                throw;
            }

            if (result.Refused is { } refused)
            {
                if (refused.Code != BudgetErrors.ExhaustedCode)
                {
                    await GiveBackAsync(wish, holds.ToImmutable());
                    throw new DomainException(refused);
                }

                if (!result.State.IsExhausted)
                {
                    await ForgetAsync(writer.DoAsync(p => p.Exhaust(wish.Amount, wish.At), wish.CorrelationId));
                }

                await GiveBackAsync(wish, holds.ToImmutable());
                return new(null, refused, result.State.Available)
                {
                    RefusedBy = new(writer.Budget, writer.Period, reservation),
                    Others = [.. result.State.Open.Values.Where(r => r.Caller == wish.Caller)],
                };
            }

            holds.Add(new(writer.Budget, writer.Period, reservation));
        }

        return new(holds.DrainToImmutable(), null, Money.Usd(0));
    }

    /// <summary>
    /// Of a try that came to nothing before its call was asked for. Not so where the caller's stream names the call: another try may rely on the same reservation, and the
    /// call's outcome releases it.
    /// </summary>
    private async Task GiveBackAsync(BudgetWish wish, ImmutableArray<BudgetHold> holds)
    {
        if (!wish.IsRequested)
        {
            await ForgetAsync(Task.WhenAll(holds.Select(h => ReleaseAsync(wish.Account.Tenant, h, "refused-elsewhere", wish.At, wish.CorrelationId))));
        }
    }

    /// <summary>What fails here is found by the sweep.</summary>
    private static Task ForgetAsync(Task task) => task.ContinueWith(static t => _ = t.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

    private async Task<LogPosition> PositionAsync(string tenant, BudgetHold hold, Func<BudgetPeriod, Decision> decide, string? correlation)
    {
        var result = await WriterOf(tenant, hold).DoAsync(decide, correlation);
        return result.Refused is { } refused ? throw new DomainException(refused) : result.Position;
    }

    private BudgetSpan SpanOf(BudgetTerms terms, DateTimeOffset at)
    {
        if (spans.TryGetValue((terms.Interval, terms.TimeZone), out var last) && last.From <= at && at < last.To)
        {
            return last;
        }

        return spans[(terms.Interval, terms.TimeZone)] = BudgetCalendar.Of(terms.Interval, terms.TimeZone, at);
    }

    private BudgetWriter WriterOf(string tenant, KnownBudget known, DateTimeOffset at)
    {
        var terms = known.State.Terms!;
        var span = SpanOf(terms, at);
        var writer = WriterOf(tenant, new(known.Id, span.Name, ""));
        writer.Grant(new(known.Id, known.State.Version, terms, span, at));
        return writer;
    }

    private BudgetWriter WriterOf(string tenant, BudgetHold hold)
    {
        var stream = BudgetPeriod.Stream(tenant, hold.Budget, hold.Period).Value;
        if (writers.TryGetValue(stream, out var writer) && writer.Use())
        {
            return writer;
        }

        if (writers.Count >= MaxWriters)
        {
            foreach (var (name, idle) in writers)
            {
                if (idle.IsIdle(IdleAfter))
                {
                    writers.TryRemove(new(name, idle));
                }
            }
        }

        while (true)
        {
            writer = writers.GetOrAdd(stream, static (s, a) => new(a.Log, a.Types, a.Ids, a.Time, a.Tenant, a.Hold.Budget, a.Hold.Period, s), (Log: log, Types: types, Ids: ids, Time: time, Tenant: tenant, Hold: hold));
            if (writer.Use())
            {
                return writer;
            }

            writers.TryRemove(new(stream, writer));
        }
    }
}
