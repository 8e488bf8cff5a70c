using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using AIaaS.Commands.Agents;

namespace Commands.Tests.Agents;

public sealed class Watching_runs
{
    [Test]
    public async Task shows_spans_of_the_run_its_steps_and_its_calls_and_counts_tokens_and_cost()
    {
        var spans = new ConcurrentQueue<Activity>();
        var counted = new ConcurrentDictionary<string, double>(StringComparer.Ordinal);
        using var listener = new ActivityListener
        {
            ShouldListenTo = s => s.Name == RunTelemetry.Name,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        using var meters = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Meter.Name == RunTelemetry.Name)
                {
                    self.EnableMeasurementEvents(instrument);
                }
            },
        };
        meters.SetMeasurementEventCallback<long>((i, value, _, _) => counted.AddOrUpdate(i.Name, value, (_, sum) => sum + value));
        meters.SetMeasurementEventCallback<double>((i, value, _, _) => counted.AddOrUpdate(i.Name, value, (_, sum) => sum + value));
        meters.Start();

        await using var world = await RunWorld.OpenAsync();
        var (accepted, run) = await world.AskAsync("How many days do I have to return an item?");

        var mine = spans.Where(s => (string?)s.GetTagItem("run_id") == accepted.Run).ToList();
        mine.Select(s => s.DisplayName).Should().BeEquivalentTo(
            "step start", "step retrieve", "chat offline-a", "step answer", "step check", "step done", "invoke_agent faq_handling");
        mine.Should().OnlyContain(s => (string?)s.GetTagItem("tenant_id") == RunWorld.Tenant && (string?)s.GetTagItem("workflow") == "faq_handling");
        var call = mine.Single(s => s.DisplayName == "chat offline-a");
        (call.GetTagItem("tier"), call.GetTagItem("step_id"), call.GetTagItem("gen_ai.request.model")).Should().Be(("SLM_A", "answer", "offline-a"));
        call.GetTagItem("gen_ai.usage.input_tokens").Should().Be(run.Usage.UncachedInput);
        counted["tokens_total"].Should().BeGreaterOrEqualTo(run.Usage.Total);
        counted["cost_usd_total"].Should().BeGreaterOrEqualTo((double)run.Cost.Amount);
    }
}
