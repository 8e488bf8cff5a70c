using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using AIaaS.Commands.Agents;
using AIaaS.Commands.Handoffs;
using AIaaS.Domain;
using AIaaS.Domain.Agents;
using AIaaS.Domain.Channels;
using AIaaS.EventStore;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIaaS.Commands.Channels;

/// <summary>A customer's message.</summary>
/// <param name="Text">1 to 4,000 characters.</param>
/// <param name="Conversation">The conversation that it belongs to; null opens a new one.</param>
/// <param name="Customer">The customer's id at the tenant; null where unknown.</param>
/// <param name="Workflow">The workflow that shall handle it; null: the one of the conversation's last message, or else <see cref="DefaultWorkflow"/>.</param>
public sealed record SendMessage(string Text, string? Conversation = null, string? Customer = null, string? Workflow = null)
{
    /// <summary>The workflow that handles a conversation's first message where it names none.</summary>
    public const string DefaultWorkflow = "faq_handling";

    /// <summary>The longest text, in characters.</summary>
    public const int MaxTextLength = 4_000;
}

/// <summary>A message that is durable; its run goes on by itself, or a person has it.</summary>
/// <param name="Conversation">The conversation.</param>
/// <param name="Message">The message's id.</param>
/// <param name="Run">The run that answers it; empty where a person has the conversation.</param>
/// <param name="Position">The consistency token.</param>
/// <param name="Repeated">Whether the same message had been sent before under the same idempotency key.</param>
/// <param name="Handoff">The hand-off by which a person has the conversation, so that no run was started; null where a run answers.</param>
public sealed record MessageAccepted(string Conversation, string Message, string Run, LogPosition Position, bool Repeated, string? Handoff = null);

/// <summary>What a message has led to, as it stands in its conversation: an answer, a question back, or, with neither, a run that waits for somebody else.</summary>
/// <param name="Completed">How the run ended; null while it waits.</param>
/// <param name="Question">What the run asks the customer; null where it has ended or waits for somebody else.</param>
/// <param name="State">The run.</param>
/// <param name="Position">The consistency token: read models behind it show the answer.</param>
public sealed record MessageReply(RunCompleted? Completed, MessageAsked? Question, Run State, LogPosition Position)
{
    /// <summary>How the run ended.</summary>
    /// <exception cref="InvalidOperationException">It waits.</exception>
    public RunCompleted Run => Completed ?? throw new InvalidOperationException("The run has not ended: it waits" + (Question is { } question ? $" for the customer's answer to '{question.Text}'." : "."));
}

/// <summary>Takes customers' messages in and brings the answers into their conversations.</summary>
public sealed class ConversationService(RunEngine engine, WorkflowCatalog workflows, EventTypes types, IEventStore log, IdSource ids, TimeProvider time, ILogger<ConversationService>? logger = null)
{
    private const int MaxTries = 20;

    private readonly ILogger logger = logger ?? NullLogger<ConversationService>.Instance;
    private readonly AggregateStore states = new(log, types);
    private readonly ConversationCustomers customers = new(log, types, ids, time);
    private readonly RunSignals signals = new(engine, log, types, ids, time);
    private readonly SemaphoreSlim[] turns = [.. Enumerable.Range(0, 64).Select(_ => new SemaphoreSlim(1))];
    private readonly ConcurrentDictionary<string, Task<MessageReply>> replies = new(StringComparer.Ordinal);

    /// <summary>
    /// Takes a message in: when this returns, the message and the start of its run are durable, and the run goes on in the background.
    /// While a person has the conversation the message is recorded for them, and no run is started. A repetition under the same idempotency key finds the first run.
    /// </summary>
    /// <exception cref="DomainException">The message cannot be taken: the error names every fault.</exception>
    public async Task<MessageAccepted> SendAsync(SendMessage command, CommandContext context, CancellationToken cancellationToken = default)
    {
        Validate(command, context);
        if (command.Workflow is { } named)
        {
            await workflows.GetAsync(context.Tenant, named, cancellationToken);
        }

        var (tenant, key) = (context.Tenant, context.IdempotencyKey);
        var message = Id("message", tenant, key);
        Conversation? before = null;
        if (command.Conversation is { } existing)
        {
            before = await customers.LoadAsync(tenant, existing, cancellationToken);
            if (await PassAsync(command, context, before, message, cancellationToken) is { } passed)
            {
                return passed;
            }

            if (await RouteAsync(command, context, before, message, cancellationToken) is { } routed)
            {
                return routed;
            }
        }

        var workflow = await workflows.GetAsync(tenant, command.Workflow ?? before?.Workflow ?? SendMessage.DefaultWorkflow, cancellationToken);
        var run = Id("run", tenant, key);
        var conversation = command.Conversation ?? Id("conversation", tenant, key);
        var at = time.GetUtcNow();
        var hash = HashOf(command);
        var request = new RunRequested(run, conversation, message, command.Text, workflow.Name, hash, null, at) { Customer = command.Customer };
        var metadata = RunMetadata.For(context, ids);
        RunEngine.Begun begun;
        try
        {
            // The run's stream must be new: that is what tells a first sending from a repetition.
            DomainEvent[] first = before?.Customer is { } known ? [request, new CustomerAuthenticated("", known, null, at)] : [request];
            begun = await engine.BeginAsync(tenant, workflow, first, metadata, cancellationToken);
        }
        catch (WrongExpectedVersionException)
        {
            if (await FirstAsync(tenant, run, hash, cancellationToken) is not { } sent)
            {
                // The first sending failed before anything of it was durable: this one takes its place.
                return await SendAsync(command, context, cancellationToken);
            }

            var received = await WriteAsync(tenant, sent, null, null, metadata, -1, cancellationToken);
            return new(sent.Conversation, sent.Message, run, received.Position, true);
        }

        // Model call and this append go on at the same time; should the process die in between, the recovery records the message.
        var recorded = WriteAsync(tenant, request, null, null, metadata, command.Conversation is null ? -1 : null, CancellationToken.None);
        if (begun.Rest is { } rest)
        {
            var reply = ReplyAsync(tenant, metadata, rest, recorded);
            var stream = Run.Stream(tenant, run).Value;
            replies[stream] = reply;
            _ = ForgetAsync(stream, reply);
        }

        var written = await recorded;
        return new(conversation, message, run, written.Position > begun.Position ? written.Position : begun.Position, false);
    }

    /// <summary>Waits for the answer to a message that was taken in, here or elsewhere, now or earlier.</summary>
    /// <exception cref="DomainException">There is no such run.</exception>
    public async Task<MessageReply> WaitAsync(string tenant, string run, CancellationToken cancellationToken = default)
    {
        if (replies.TryGetValue(Run.Stream(tenant, run), out var reply))
        {
            try
            {
                return await reply.WaitAsync(cancellationToken);
            }
            catch (WrongExpectedVersionException)
            {
                // Another worker has taken the run over: its answer is waited for below.
            }
        }

        return await SettleAsync(tenant, await engine.RestAsync(tenant, run, cancellationToken), MetadataOf(tenant, run), null, cancellationToken);
    }

    /// <summary>
    /// Brings the answer of a run that has ended, or the question of one that waits for the customer, into its conversation, and the message
    /// too where that is missing. Doing it again changes nothing. A fork's answer goes nowhere.
    /// </summary>
    /// <exception cref="DomainException">There is no such run, or it neither has ended nor waits.</exception>
    public async Task<LogPosition> CompleteAsync(string tenant, string run, CancellationToken cancellationToken = default)
    {
        var loaded = await engine.LoadAsync(tenant, run, cancellationToken);
        if (loaded.State.Request!.Fork is not null)
        {
            return loaded.Position;
        }

        return loaded.State.Completed is null && !loaded.State.Waits.Any() && !loaded.State.UnknownCalls.Any()
            ? throw new DomainException(RunErrors.StillRunning(run))
            : (await SettleAsync(tenant, loaded.State, MetadataOf(tenant, run), null, cancellationToken)).Position;
    }

    // The workflow as it was asked for: what the conversation adds may differ when the same message is sent again.
    private static string HashOf(SendMessage command) => RequestHash.Of("message", command.Text, command.Conversation, command.Customer, command.Workflow ?? SendMessage.DefaultWorkflow);

    private static EventMetadata MetadataOf(string tenant, string run) => new() { Tenant = tenant, Actor = "runs", CorrelationId = run, CausationId = run };

    private static MessageReceived Received(RunRequested request) =>
        new(request.Conversation, request.Message, request.Customer, request.Text, request.Workflow, request.Run, request.At);

    /// <summary>The hand-off of a run that left its customer to a person; null where it answered.</summary>
    private static ConversationHandedOff? HandedOff(string tenant, RunRequested request, RunCompleted completed) =>
        HandoffProcess.NeedsPerson(completed) ? new(HandoffService.HandoffId(tenant, Run.Stream(tenant, request.Run)), completed.At) : null;

    private static MessageAnswered Answered(RunRequested request, RunCompleted completed, string message) =>
        new(message, request.Run, completed.Outcome, completed.Answer, completed.Citations, completed.At);

    /// <summary>The question of a run that waits for the customer; null where it waits for somebody else.</summary>
    private static RunWaiting? QuestionOf(Run run) => run.Waits.LastOrDefault(w => w.For is WaitKind.Message or WaitKind.Confirmation);

    /// <summary>Brings what a run at rest says into its conversation. Doing it again changes nothing.</summary>
    internal Task SettleAsync(string tenant, Run run, CancellationToken cancellationToken) => SettleAsync(tenant, run, MetadataOf(tenant, run.Request!.Run), null, cancellationToken);

    /// <summary>Brings what a run at rest says into its conversation.</summary>
    private async Task<MessageReply> SettleAsync(string tenant, Run run, EventMetadata metadata, long? assumed, CancellationToken cancellationToken)
    {
        var request = run.Request!;
        if (request.Conversation.Length == 0 || request.Fork is not null)
        {
            return new(run.Completed, null, run, LogPosition.Start);
        }

        MessageAsked? asked = null;
        Func<string, DomainEvent>? reply = run.Completed is { } completed ? message => Answered(request, completed, message)
            : QuestionOf(run) is { } waiting ? message => asked = new MessageAsked(message, request.Run, waiting.Step, waiting.Visit, waiting.Prompt ?? "", waiting.At)
            : null;
        var handoff = run.Completed is { } ended ? HandedOff(tenant, request, ended) : null;
        var written = await WriteAsync(tenant, request, reply, handoff, metadata, handoff is null || assumed == 0 ? assumed : null, cancellationToken);
        return new(run.Completed, asked, run, written.Position);
    }

    /// <summary>Records a message for the person who has the conversation. Null where the agent has it, so that a run is to handle it.</summary>
    private async Task<MessageAccepted?> PassAsync(SendMessage command, CommandContext context, Conversation conversation, string message, CancellationToken cancellationToken)
    {
        var id = command.Conversation!;
        if (conversation.ForStaff.TryGetValue(message, out var first))
        {
            return first.Text == command.Text && first.Customer == command.Customer ? new(id, message, "", LogPosition.Start, true, first.Handoff) : throw new DomainException(RunErrors.KeyReused());
        }

        if (conversation.Handoff is not { } handoff || conversation.Messages.ContainsKey(message))
        {
            return null;
        }

        // What a run has got already, sent again, is no new message.
        if (context.IdempotencyKey is { } key && await FirstAsync(context.Tenant, Id("run", context.Tenant, key), HashOf(command), cancellationToken) is not null)
        {
            return null;
        }

        var passed = new MessageForStaff(id, message, command.Customer, command.Text, handoff, time.GetUtcNow());
        return await WriteAsync(context.Tenant, id, message, state => state.Pass(passed), RunMetadata.For(context, ids), cancellationToken) is { } written
            ? new(id, message, "", written.Position, false, handoff)
            : null;
    }

    /// <summary>Gives a message to the run that waits for it. Null where none waits, so that a run of its own is to handle it.</summary>
    private async Task<MessageAccepted?> RouteAsync(SendMessage command, CommandContext context, Conversation conversation, string message, CancellationToken cancellationToken)
    {
        var (tenant, id) = (context.Tenant, command.Conversation!);
        if (conversation.Messages.TryGetValue(message, out var earlier) && conversation.Routed.TryGetValue(message, out var question))
        {
            await SignalAsync(tenant, earlier, id, message, command.Text, question, context, cancellationToken);
            return new(id, message, earlier, LogPosition.Start, true);
        }

        if (conversation.Open is not { } open || conversation.Messages.ContainsKey(message)
            || (await engine.LoadAsync(tenant, open.Run, cancellationToken)).State is not { Completed: null } run || QuestionOf(run) is not { } asked)
        {
            return null;
        }

        // Recorded first, so that the message is not lost when the process ends in between: the recovery then signals it.
        var received = new MessageReceived(id, message, command.Customer, command.Text, run.Request!.Workflow, open.Run, time.GetUtcNow()) { Step = asked.Step, Visit = asked.Visit };
        var metadata = RunMetadata.For(context, ids);
        var written = await WriteAsync(tenant, id, message, state => state.Route(received), metadata, cancellationToken);
        if (written is null)
        {
            return null;
        }

        var signalled = await SignalAsync(tenant, open.Run, id, message, command.Text, (asked.Step, asked.Visit), context, cancellationToken);
        return new(id, message, open.Run, signalled > written.Value.Position ? signalled : written.Value.Position, false);
    }

    /// <summary>
    /// Gives a recorded message to the run that waited for it. Doing it again changes nothing; neither does a run that asks something else by now: a yes
    /// to one question must not become a yes to the next.
    /// </summary>
    internal async Task<LogPosition> SignalAsync(string tenant, string run, string conversation, string message, string text, (string Step, int Visit) question, CommandContext context, CancellationToken cancellationToken)
    {
        var state = (await engine.LoadAsync(tenant, run, cancellationToken)).State;
        if (state.Signals.Contains(message) || QuestionOf(state) is not { } waiting || (waiting.Step, waiting.Visit) != question)
        {
            return LogPosition.Start;
        }

        var accepted = waiting.For == WaitKind.Confirmation ? Consent.Read(text, waiting.Prompt ?? "") == true : (bool?)null;
        var payload = JsonSerializer.SerializeToElement(new Dictionary<string, string>(StringComparer.Ordinal) { ["text"] = text, ["message"] = message, ["conversation"] = conversation }, ChannelJson.Default.DictionaryStringString);
        try
        {
            return (await signals.SignalAsync(new(run, message, waiting.Step, accepted, payload) { Visit = waiting.Visit }, context with { Actor = "customer", IdempotencyKey = null }, cancellationToken)).Position;
        }
        catch (DomainException e) when (e.Error.Code is "run-not-waiting" or "run-completed")
        {
            // The time was up just now: the run has gone on without the message, and its answer says so.
            return LogPosition.Start;
        }
    }

    private static void Validate(SendMessage command, CommandContext context)
    {
        List<string> faults = [];
        if (string.IsNullOrWhiteSpace(command.Text) || command.Text.Length > SendMessage.MaxTextLength)
        {
            faults.Add($"The text has {command.Text?.Length ?? 0} characters; it must have 1 to {SendMessage.MaxTextLength}, not only white space.");
        }
        else if (!IsWellFormed(command.Text))
        {
            faults.Add("The text contains half of a surrogate pair or a NUL character.");
        }

        if (command.Conversation is { } conversation && (conversation.Length is 0 or > 100 || !conversation.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_')))
        {
            faults.Add("The conversation's id must have 1 to 100 letters, digits, '.', '-' or '_'.");
        }

        if (command.Customer is { } customer && (customer.Length is 0 or > 200 || customer.Any(char.IsControl) || !IsWellFormed(customer)))
        {
            faults.Add("The customer's id must have 1 to 200 characters without control characters.");
        }

        if (context.IdempotencyKey is { } key && (key.Length is 0 or > 200 || !IsWellFormed(key)))
        {
            faults.Add("The idempotency key must have 1 to 200 characters.");
        }

        if (faults.Count > 0)
        {
            throw new DomainException(RunErrors.Invalid("invalid-message", string.Join(" ", faults), "Correct what is named and send it again."));
        }
    }

    private static bool IsWellFormed(string text) => !text.Contains('\0', StringComparison.Ordinal) && TextRules.IsWellFormed(text);

    private string Id(string kind, string tenant, string? key) => (key is null ? ids.NewId() : NamedId.Of(kind, tenant, key)).ToString("N");

    private async Task<RunRequested?> FirstAsync(string tenant, string run, string hash, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                var there = (await engine.LoadAsync(tenant, run, cancellationToken)).State.Request!;
                return there.RequestHash == hash ? there : throw new DomainException(RunErrors.KeyReused());
            }
            catch (DomainException e) when (e.Error.Status == 404)
            {
                if (!engine.IsActive(Run.Stream(tenant, run)))
                {
                    return null;
                }

                // The first sending is on its way into the log in this process.
                await Task.Delay(TimeSpan.FromMilliseconds(2), time, cancellationToken);
            }
        }
    }

    private async Task<MessageReply> ReplyAsync(string tenant, EventMetadata metadata, Task<Run> rest, Task<AppendResult> recorded)
    {
        var run = await rest;
        var received = await recorded;
        return await SettleAsync(tenant, run, metadata, received.Version, CancellationToken.None);
    }

    private async Task ForgetAsync(string stream, Task<MessageReply> reply)
    {
        await ((Task)reply).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        replies.TryRemove(stream, out _);
        if (reply.Exception?.InnerException is { } e and not WrongExpectedVersionException)
        {
            logger.LogWarning(e, "The answer of {Stream} is not in its conversation yet; the recovery brings it there", stream);
        }
    }

    /// <summary>
    /// Records the message, and the reply to it where there is one, each once. <paramref name="assumed"/> is the version at which nothing of it
    /// is recorded but what came before; where that does not hold, or is not known, the conversation is loaded and decides.
    /// </summary>
    private async Task<AppendResult> WriteAsync(string tenant, RunRequested request, Func<string, DomainEvent>? reply, ConversationHandedOff? handoff, EventMetadata metadata, long? assumed, CancellationToken cancellationToken)
    {
        var stream = Conversation.Stream(tenant, request.Conversation).Value;
        if (assumed is { } version)
        {
            try
            {
                var bytes = metadata.ToUtf8();
                NewEvent[] events = [Event(stream, reply is null ? Received(request) : reply(request.Message), request.Message, bytes), .. handoff is null ? Array.Empty<NewEvent>() : [Event(stream, handoff, request.Message, bytes)]];
                return await log.AppendAsync(stream, ExpectedVersion.Exact(version), events, cancellationToken);
            }
            catch (WrongExpectedVersionException)
            {
                // Others wrote to the conversation: it decides below.
            }
        }

        return (await WriteAsync(
            tenant,
            request.Conversation,
            request.Message,
            state => reply?.Invoke(state.LastMessages.GetValueOrDefault(request.Run, request.Message)) switch
            {
                null => state.Receive(new(Received(request))),
                MessageAsked asked => state.Ask(new(Received(request), asked)),
                MessageAnswered answered => state.Answer(new(Received(request), answered, handoff)),
                var other => throw new InvalidOperationException($"A {other.GetType().Name} is no reply."),
            },
            metadata,
            cancellationToken))!.Value;
    }

    /// <summary>Writes what the conversation decides. Null where it refuses.</summary>
    private async Task<AppendResult?> WriteAsync(string tenant, string conversation, string message, Func<Conversation, Decision> decide, EventMetadata metadata, CancellationToken cancellationToken)
    {
        var stream = Conversation.Stream(tenant, conversation).Value;
        var bytes = metadata.ToUtf8();

        // Writers of this process into one conversation go one by one, so that each of them comes through.
        var turn = turns[(uint)string.GetHashCode(stream, StringComparison.Ordinal) % (uint)turns.Length];
        await turn.WaitAsync(cancellationToken);
        try
        {
            for (var tries = 1; ; tries++)
            {
                var loaded = await states.LoadAsync<Conversation>(stream, cancellationToken: cancellationToken);
                var decision = decide(loaded.State);
                if (decision.Error is not null)
                {
                    return null;
                }

                if (decision.Events.IsEmpty)
                {
                    return new(loaded.Version, loaded.Position, true);
                }

                try
                {
                    return await log.AppendAsync(stream, ExpectedVersion.Exact(loaded.Version), [.. decision.Events.Select(e => Event(stream, e, message, bytes))], cancellationToken);
                }
                catch (WrongExpectedVersionException) when (tries < MaxTries)
                {
                    // Load again and decide again.
                }
            }
        }
        finally
        {
            turn.Release();
        }
    }

    private NewEvent Event(string stream, object @event, string message, byte[] metadata)
    {
        var type = types.Of(@event);
        var name = @event switch
        {
            MessageAsked asked => string.Create(CultureInfo.InvariantCulture, $"{asked.Run}/{asked.Step}/{asked.Visit}"),
            MessageAnswered answered => answered.Message,
            ConversationHandedOff handedOff => handedOff.Handoff,
            _ => message,
        };
        return types.Write(NamedId.Of("conversation-event", stream, name, type.Name), @event, metadata);
    }
}

[JsonSerializable(typeof(Dictionary<string, string>))]
internal sealed partial class ChannelJson : JsonSerializerContext;
