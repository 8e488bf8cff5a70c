using System.Collections.Immutable;
using System.Text.Json.Serialization;
using AIaaS.Commands.Routing;
using AIaaS.Commands.Tools;
using AIaaS.Domain.Agents;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;

namespace AIaaS.Commands.Agents;

/// <summary>What became of one episode.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<DryRunResult>))]
public enum DryRunResult
{
    /// <summary>The candidate ends as the run did, with the same words.</summary>
    Same,

    /// <summary>The candidate ends, but otherwise.</summary>
    OtherOutcome,

    /// <summary>The candidate would do something that the record does not answer.</summary>
    Diverges,

    /// <summary>The record cannot be used for a dry run.</summary>
    NotUsable,
}

/// <summary>What the candidate would have asked for, and did not.</summary>
/// <param name="Step">The step.</param>
/// <param name="Kind"><c>model</c>, <c>tool</c> or <c>search</c>.</param>
/// <param name="Name">The model or tool; empty for a search.</param>
/// <param name="Request">The first 2,000 characters of what would be sent.</param>
public sealed record WouldCall(string Step, string Kind, string Name, string Request);

/// <summary>The dry run of one episode.</summary>
/// <param name="Run">The run.</param>
/// <param name="Result">What became of it.</param>
/// <param name="Step">Where it diverges; null where it does not.</param>
/// <param name="Recorded">How the run ended: <c>{outcome}: {reason}</c>.</param>
/// <param name="Candidate">How the candidate ends; null where it does not.</param>
/// <param name="Detail">In words; empty where there is nothing to say.</param>
/// <param name="WouldCall">What the candidate would have asked for.</param>
/// <param name="Path">The steps that the candidate went through.</param>
public sealed record DryRunEpisode(string Run, DryRunResult Result, string? Step, string Recorded, string? Candidate, string Detail, ImmutableArray<WouldCall> WouldCall, ImmutableArray<string> Path);

/// <summary>
/// Executes a candidate on recorded episodes, without any effect: nothing is written, no model, tool or search is asked. What the candidate asks
/// for exactly as it was asked for then is answered from the record.
/// </summary>
public sealed class DryRunner(EpisodeStore episodes, EventTypes types, ModelCatalog models, IToolRegistry? tools = null)
{
    private const int MaxMoves = 20_000;
    private const int MaxShown = 2_000;

    /// <summary>Runs the candidate on one episode.</summary>
    /// <exception cref="DomainException">There is no such run.</exception>
    public async Task<DryRunEpisode> RunAsync(string tenant, string run, Workflow candidate, CancellationToken cancellationToken = default)
    {
        var episode = await episodes.ExportAsync(tenant, run, cancellationToken);
        DomainEvent[] record;
        try
        {
            record = [.. episode.Events.Select(e => (DomainEvent)types.Read(e.Type, e.Data.Span))];
        }
        catch (UnreadableEventException e)
        {
            return new(run, DryRunResult.NotUsable, null, "", null, e.Message, [], []);
        }

        if (record is not [RunRequested request, .., RunCompleted completed] || !record.OfType<RunStarted>().Any())
        {
            return new(run, DryRunResult.NotUsable, null, "", null, "The run has not ended, or never started.", [], []);
        }

        var context = new DryRunContext(tenant, record, models, tools);
        var machine = new RunMachine(Run.Initial, candidate, context);
        var recorded = Words(completed);
        string? stopped = null;
        var detail = "";
        ImmutableArray<WouldCall> calls = [];
        try
        {
            machine.Take(request with { Workflow = candidate.Name });
            stopped = await GoAsync(machine, record, cancellationToken);
            detail = stopped is null ? "" : $"The candidate waits at '{stopped}' for something that did not come then.";
        }
        catch (DryRunStopException stop)
        {
            stopped = stop.Step;
            detail = $"The candidate would ask {(stop.Kind == "search" ? "the search" : $"the {stop.Kind} '{stop.Name}'")} for something that was not asked then.";
            calls = [new(stop.Step, stop.Kind, stop.Name, stop.Request.Length > MaxShown ? stop.Request[..MaxShown] + "…" : stop.Request)];
        }

        ImmutableArray<string> path = [.. context.Made.OfType<StepCompleted>().Select(s => s.Step)];
        return machine.Run.Completed is not { } ended ? new(run, DryRunResult.Diverges, stopped, recorded, null, detail, calls, path)
            : Same(ended, completed) ? new(run, DryRunResult.Same, null, recorded, Words(ended), "", [], path)
            : new(run, DryRunResult.OtherOutcome, null, recorded, Words(ended), ended.Answer == completed.Answer ? "" : "The customer is told something else.", [], path);
    }

    /// <summary>Goes on to the end; gives the step where the candidate waits for what the record does not have.</summary>
    private static async Task<string?> GoAsync(RunMachine machine, DomainEvent[] record, CancellationToken cancellationToken)
    {
        var outside = record.Where(e => e is RunSignalled or RunTimedOut or ToolCallResolved).ToList();
        var known = record.OfType<CustomerAuthenticated>().FirstOrDefault(e => e.Call is null);
        for (var moves = 0; machine.Run.Completed is null; moves++)
        {
            if (moves >= MaxMoves)
            {
                return machine.Run.Step ?? "";
            }

            cancellationToken.ThrowIfCancellationRequested();
            if (known is not null && machine.Run.Started is not null)
            {
                machine.Take(known);
                known = null;
            }

            if (await machine.MakeOneAsync(cancellationToken) || machine.Run.Completed is not null)
            {
                continue;
            }

            // It rests: what came from outside then comes now, where the candidate waits at the same step.
            var next = outside.FirstOrDefault(e => e switch
            {
                RunSignalled s => machine.Run.Waits.Any(w => w.Step == s.Step && w.Visit == s.Visit),
                RunTimedOut t => machine.Run.Waits.Any(w => w.Step == t.Step && w.Visit == t.Visit),
                ToolCallResolved r => machine.Run.UnknownCalls.Any(c => c.Call == r.Call),
                _ => false,
            });
            if (next is null)
            {
                return machine.Run.Waits.FirstOrDefault()?.Step ?? machine.Run.UnknownCalls.FirstOrDefault()?.Step ?? machine.Run.Step ?? "";
            }

            outside.Remove(next);
            machine.Take(next);
        }

        return null;
    }

    private static bool Same(RunCompleted a, RunCompleted b) => a.Outcome == b.Outcome && a.Reason == b.Reason && a.Answer == b.Answer && a.Citations.SequenceEqual(b.Citations) && a.Queue == b.Queue;

    private static string Words(RunCompleted completed) => $"{completed.Outcome}: {completed.Reason}";
}
