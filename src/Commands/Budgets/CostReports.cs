using System.Globalization;
using AIaaS.Domain.Budgets;
using AIaaS.EventStore;
using AIaaS.Projections;
using AIaaS.Projections.Budgets;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIaaS.Commands.Budgets;

/// <summary>Records cost reports; each once.</summary>
public sealed class CostReportService : CommandService<CostReport>
{
    /// <summary>Makes the service.</summary>
    public CostReportService(IEventStore log, EventTypes types, IdSource ids)
        : base(log, types, ids) => On<MakeCostReport>().In(c => CostReport.Stream(c.Tenant, c.Report.Date)).Decide((report, command) => report.Make(command));
}

/// <summary>Makes a tenant's cost report of a day: once, whoever asks how often. Its alarms stand in it, go to the program's log and are counted.</summary>
public sealed class CostReporter(CostReportService service, ReadModel<CostDay> history, BudgetLedger budgets, IEventStore log, TimeProvider time, CostGuardOptions? options = null, ILogger<CostReporter>? logger = null, CostTelemetry? telemetry = null)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly string[] Kinds = ["run", "workflow", "model"];

    private readonly CostGuardOptions options = options ?? new();
    private readonly ILogger logger = logger ?? NullLogger<CostReporter>.Instance;

    /// <summary>Makes the report of a day, or returns the one that was made before.</summary>
    /// <exception cref="DomainException">The day has not been over for <see cref="CostReportJob.After"/>, or the read model is behind.</exception>
    public async Task<CommandResult<CostReport>> MakeAsync(string tenant, DateTimeOffset day, CommandContext context, CancellationToken cancellationToken = default)
    {
        var now = time.GetUtcNow();
        var date = day.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        if (day < DateTimeOffset.UnixEpoch)
        {
            throw new DomainException(new("no-such-day", $"The day {date} lies before everything that is recorded.", "Give a day such as 2026-01-30.", 422));
        }

        // A report is made once, so it waits for what belongs to the day and has not been metered yet.
        if (day.AddDays(1) + CostReportJob.After > now)
        {
            throw new DomainException(new("day-not-over", $"The day {date} (UTC) is not over, or has been for less than {CostReportJob.After.TotalMinutes} minutes.", "Ask for a day before today, or a little later.", 422));
        }

        var there = await service.LoadAsync(CostReport.Stream(tenant, date), cancellationToken);
        if (there.State.Made is not null)
        {
            return new(there.State, there.Version, there.Position, []);
        }

        if (!await history.WaitForAsync(await log.GetHeadAsync(cancellationToken), Patience, cancellationToken))
        {
            throw new DomainException(new("temporary-reduced-capacity", "The history of costs has not come up to the log yet.", "Try again in some seconds.", 503));
        }

        List<CostDay> days = [];
        foreach (var kind in Kinds)
        {
            await foreach (var one in history.OfAsync(tenant, kind, day.AddDays(-options.HistoryDays), day.AddDays(1), cancellationToken))
            {
                days.Add(one);
            }
        }

        await foreach (var one in history.OfAsync(tenant, "day", day.AddDays(-options.DayHistory), day.AddDays(1), cancellationToken))
        {
            days.Add(one);
        }

        var report = CostReporting.Make(day, days, await PacesAsync(tenant, cancellationToken), options, now);
        var made = await service.HandleAsync(new MakeCostReport(tenant, report), context, cancellationToken);
        if (!made.Events.IsEmpty)
        {
            telemetry?.Made(tenant, report);
            foreach (var finding in report.Findings)
            {
                logger.LogWarning("Costs of tenant {Tenant} have gone up on {Date}: {Finding}", tenant, date, finding.Text);
            }
        }

        return made;
    }

    private async Task<List<BudgetPace>> PacesAsync(string tenant, CancellationToken cancellationToken)
    {
        await budgets.Catalog.Ready.WaitAsync(cancellationToken);
        List<BudgetPace> paces = [];
        foreach (var budget in budgets.Catalog.Of(tenant).ToList())
        {
            if (await budgets.CurrentAsync(tenant, budget.State.Terms!, budget.Id, cancellationToken) is { Granted: { } granted } period)
            {
                paces.Add(new(budget.Id, period.Settled.Amount, granted.Limit.Amount, granted.From, granted.To));
            }
        }

        return paces;
    }
}

/// <summary>
/// Makes the reports of all tenants that had costs, some minutes after each midnight (UTC), and those of the last days that a program that was down has left out. Several processes may
/// do it: each report is made once.
/// </summary>
public sealed class CostReportJob(CostReporter reporter, CostReportService service, ReadModel<CostDay> history, TimeProvider time, ILogger<CostReportJob> logger) : BackgroundService
{
    private const string Actor = "cost-guard";
    private const int DaysBack = 7;

    /// <summary>How long after midnight a day is reported on: what belongs to it has then been metered.</summary>
    public static readonly TimeSpan After = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private DateTimeOffset reported;

    /// <summary>Makes what is due now and not made yet.</summary>
    /// <returns>How many reports were made.</returns>
    public async Task<int> RunOnceAsync(CancellationToken cancellationToken = default)
    {
        var now = time.GetUtcNow() - After;
        var last = CostDay.DayOf(now).AddDays(-1);
        if (last <= reported)
        {
            return 0;
        }

        var (made, isWhole) = (0, true);
        for (var day = last.AddDays(1 - DaysBack); day <= last; day = day.AddDays(1))
        {
            if (day <= reported)
            {
                continue;
            }

            var date = day.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
            foreach (var tenant in await history.TenantsAsync(day, cancellationToken))
            {
                try
                {
                    if ((await service.LoadAsync(CostReport.Stream(tenant, date), cancellationToken)).State.Made is null)
                    {
                        made += (await reporter.MakeAsync(tenant, day, new(tenant, Actor), cancellationToken)).Events.IsEmpty ? 0 : 1;
                    }
                }
                catch (DomainException e)
                {
                    isWhole = false;
                    logger.LogWarning("The cost report of tenant {Tenant} of {Date} could not be made: {Reason}", tenant, date, e.Message);
                }
            }
        }

        reported = isWhole ? last : reported;
        return made;
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            await Task.Delay(Interval, time, stoppingToken);
            try
            {
                await RunOnceAsync(stoppingToken);
            }
            catch (Exception e) when (e is ReadModelStoreException or EventStoreException or InvalidQueryException)
            {
                logger.LogWarning("Cost reports could not be made: {Reason}", e.Message);
            }
        }
    }
}
