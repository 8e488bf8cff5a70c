using System.Diagnostics.Metrics;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace AIaaS.EventStore.Tests.Subscriptions;

internal sealed class ScriptedSubscription(string name) : ISubscription
{
    public Func<int, CancellationToken, Task> Run { get; set; } = (_, ct) => Task.Delay(Timeout.Infinite, ct);

    public SubscriptionStatus Status { get; set; } = new(name, SubscriptionState.Live, new(5), 0, 0, 0, 0, null);

    public int Starts => starts;

    private int starts;

    public string Name => name;

    public Task RunAsync(CancellationToken cancellationToken) => Run(Interlocked.Increment(ref starts), cancellationToken);

    public Task<SubscriptionStatus> GetStatusAsync(CancellationToken cancellationToken = default) => Task.FromResult(Status);

    public Task<int> ReplayParkedAsync(string? key = null, CancellationToken cancellationToken = default) => Task.FromResult(0);
}

internal abstract class Given_a_host
{
    protected ManualTimeProvider Time { get; private set; } = null!;

    protected ScriptedSubscription Mails { get; private set; } = null!;

    protected ScriptedSubscription Notes { get; private set; } = null!;

    protected KernelMetrics Metrics { get; private set; } = null!;

    protected SubscriptionHost Host { get; private set; } = null!;

    [SetUp]
    public async Task Start()
    {
        Time = new();
        Mails = new("mails");
        Notes = new("notes");
        Metrics = new();
        Host = new([Notes, Mails], Time, metrics: Metrics);
        Prepare();
        await Host.StartAsync(CancellationToken.None);
    }

    [TearDown]
    public async Task Stop()
    {
        await Host.StopAsync(CancellationToken.None);
        Host.Dispose();
        Metrics.Dispose();
    }

    protected virtual void Prepare()
    {
    }

    protected async Task<SubscriptionStatus> StatusOf(string name) => (await Host.GetStatusAsync()).Single(s => s.Name == name);

    protected Task<HealthCheckResult> Health() => new SubscriptionHealthCheck(Host).CheckHealthAsync(new());
}

internal sealed class A_subscription_that_fails : Given_a_host
{
    protected override void Prepare() => Mails.Run = (start, ct) => start <= 2 ? Task.FromException(new TimeoutException($"failure {start}")) : Task.Delay(Timeout.Infinite, ct);

    [Test]
    public async Task is_started_again_with_growing_delays_and_counted()
    {
        await Eventually.BeAsync(async () => (await StatusOf("mails")).State == SubscriptionState.Restarting, "it waits for its restart");
        (await StatusOf("mails")).LastError.Should().Be("TimeoutException: failure 1");
        (await Health()).Status.Should().Be(HealthStatus.Degraded);
        Time.Advance(TimeSpan.FromMilliseconds(200));
        await Eventually.BeAsync(() => Mails.Starts == 2, "the first restart");
        await Eventually.BeAsync(async () => (await StatusOf("mails")).LastError == "TimeoutException: failure 2", "it failed again");
        Time.Advance(TimeSpan.FromMilliseconds(200));
        Mails.Starts.Should().Be(2, "the second delay is longer");
        Time.Advance(TimeSpan.FromMilliseconds(200));
        await Eventually.BeAsync(() => Mails.Starts == 3, "the second restart");
        await Eventually.BeAsync(async () => (await StatusOf("mails")).State == SubscriptionState.Live, "it runs");
        (await StatusOf("mails")).Restarts.Should().Be(2);
        (await StatusOf("notes")).Should().Match<SubscriptionStatus>(s => s.Restarts == 0 && s.State == SubscriptionState.Live);
        (await Health()).Status.Should().Be(HealthStatus.Healthy);
    }

    [Test]
    public async Task tells_when_it_failed_last_however_long_ago()
    {
        var first = Time.GetUtcNow();
        await Eventually.BeAsync(async () => (await StatusOf("mails")).State == SubscriptionState.Restarting, "it waits for its restart");
        (await StatusOf("mails")).LastErrorAt.Should().Be(first);
        await Eventually.BeAsync(() => Time.WaitingTimers == 2, "the watch and its restart wait");
        Time.Advance(TimeSpan.FromMilliseconds(200));
        await Eventually.BeAsync(async () => (await StatusOf("mails")).LastError == "TimeoutException: failure 2", "it failed again");
        await Eventually.BeAsync(() => Time.WaitingTimers == 2, "the watch and its restart wait");
        Time.Advance(TimeSpan.FromHours(3));
        await Eventually.BeAsync(() => Mails.Starts == 3, "the second restart");
        (await StatusOf("mails")).LastErrorAt.Should().Be(first.AddMilliseconds(200));
        (await StatusOf("notes")).LastErrorAt.Should().BeNull("it never failed");
    }

    [Test]
    public async Task tells_its_own_failure_and_its_time_unless_it_ended_later_of_another()
    {
        var first = Time.GetUtcNow();
        await Eventually.BeAsync(async () => (await StatusOf("mails")).State == SubscriptionState.Restarting, "it waits for its restart");
        Mails.Status = Mails.Status with { LastFailure = new("its own", first) };
        (await StatusOf("mails")).LastFailure.Should().Be(new SubscriptionFailure("its own", first));
        await Eventually.BeAsync(() => Time.WaitingTimers == 2, "the watch and its restart wait");
        Time.Advance(TimeSpan.FromMilliseconds(200));
        await Eventually.BeAsync(async () => (await StatusOf("mails")).LastFailure == new SubscriptionFailure("TimeoutException: failure 2", first.AddMilliseconds(200)), "the later one is told");
    }
}

internal sealed class A_subscription_that_ends_by_itself : Given_a_host
{
    protected override void Prepare() => Mails.Run = (_, _) => Task.CompletedTask;

    [Test]
    public async Task is_started_again_too()
    {
        await Eventually.BeAsync(async () => (await StatusOf("mails")).State == SubscriptionState.Restarting, "it waits for its restart");
        (await StatusOf("mails")).LastError.Should().Be("It ended by itself.");
        Time.Advance(TimeSpan.FromSeconds(1));
        await Eventually.BeAsync(() => Mails.Starts > 1, "the restart");
    }
}

internal sealed class A_subscription_that_has_work_and_does_not_move : Given_a_host
{
    [Test]
    public async Task is_reported_by_the_health_check_until_it_moves()
    {
        Mails.Status = Mails.Status with { LagEvents = 3, LagSeconds = 10 };
        await Eventually.BeAsync(() => Mails.Starts == 1, "it runs");
        Time.Advance(TimeSpan.FromSeconds(55));
        (await StatusOf("mails")).State.Should().Be(SubscriptionState.Live);
        Time.Advance(TimeSpan.FromSeconds(10));
        (await StatusOf("mails")).State.Should().Be(SubscriptionState.Stalled);
        var health = await Health();
        health.Status.Should().Be(HealthStatus.Unhealthy);
        health.Description.Should().Contain("mails has stalled at 5 with 3 events").And.NotContain("notes");
        Mails.Status = Mails.Status with { Position = new(6), LagEvents = 2 };
        (await Health()).Status.Should().Be(HealthStatus.Healthy);
    }

    [Test]
    public async Task is_not_reported_when_it_has_no_work()
    {
        await Eventually.BeAsync(() => Mails.Starts == 1, "it runs");
        Time.Advance(TimeSpan.FromHours(1));
        (await Health()).Status.Should().Be(HealthStatus.Healthy);
    }

    [Test]
    public async Task shows_its_lag_as_metrics()
    {
        Dictionary<string, double> seen = [];
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter.Name == KernelMetrics.MeterName)
            {
                l.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Note(instrument, value, tags));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Note(instrument, value, tags));
        listener.Start();
        Mails.Status = Mails.Status with { LagEvents = 3, LagSeconds = 10.5 };
        await Host.GetStatusAsync();
        listener.RecordObservableInstruments();
        seen.Should().Contain("subscription_lag_events/mails", 3).And.Contain("subscription_lag_seconds/mails", 10.5).And.Contain("subscription_lag_events/notes", 0);

        void Note(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            if (instrument.IsObservable && tags.Length == 1)
            {
                seen[$"{instrument.Name}/{tags[0].Value}"] = value;
            }
        }
    }
}

internal sealed class Two_subscriptions_of_one_name
{
    [Test]
    public void are_refused() =>
        FluentActions.Invoking(() => new SubscriptionHost([new ScriptedSubscription("a"), new ScriptedSubscription("a")], TimeProvider.System))
            .Should().Throw<ArgumentException>().WithMessage("*named 'a'*");
}
