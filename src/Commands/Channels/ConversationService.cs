using System.Collections.Concurrent;
using AIaaS.Commands.Agents;
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
/// <param name="Workflow">The workflow that shall handle it.</param>
public sealed record SendMessage(string Text, string? Conversation = null, string? Customer = null, string Workflow = SendMessage.DefaultWorkflow)
{
    /// <summary>The workflow that handles a message which names none.</summary>
    public const string DefaultWorkflow = "faq_handling";

    /// <summary>The longest text, in characters.</summary>
    public const int MaxTextLength = 4_000;
}

/// <summary>A message that is durable; its run goes on by itself.</summary>
/// <param name="Conversation">The conversation.</param>
/// <param name="Message">The message's id.</param>
/// <param name="Run">The run that answers it.</param>
/// <param name="Position">The consistency token.</param>
/// <param name="Repeated">Whether the same message had been sent before under the same idempotency key.</param>
public sealed record MessageAccepted(string Conversation, string Message, string Run, LogPosition Position, bool Repeated);

/// <summary>The answer to a message, as it stands in its conversation.</summary>
/// <param name="Run">How the run ended.</param>
/// <param name="Position">The consistency token: read models behind it show the answer.</param>
public sealed record MessageReply(RunCompleted Run, LogPosition Position);

/// <summary>Takes customers' messages in and brings the answers into their conversations.</summary>
public sealed class ConversationService(RunEngine engine, WorkflowCatalog workflows, EventTypes types, IEventStore log, IdSource ids, TimeProvider time, ILogger<ConversationService>? logger = null)
{
    private const int MaxTries = 20;

    private readonly ILogger logger = logger ?? NullLogger<ConversationService>.Instance;
    private readonly AggregateStore states = new(log, types);
    private readonly SemaphoreSlim[] turns = [.. Enumerable.Range(0, 64).Select(_ => new SemaphoreSlim(1))];
    private readonly ConcurrentDictionary<string, Task<MessageReply>> replies = new(StringComparer.Ordinal);

    /// <summary>
    /// Takes a message in: when this returns, the message and the start of its run are durable, and the run goes on in the background.
    /// A repetition under the same idempotency key finds the first run.
    /// </summary>
    /// <exception cref="DomainException">The message cannot be taken: the error names every fault.</exception>
    public async Task<MessageAccepted> SendAsync(SendMessage command, CommandContext context, CancellationToken cancellationToken = default)
    {
        var workflow = Validate(command, context);
        var (tenant, key) = (context.Tenant, context.IdempotencyKey);
        var message = Id("message", tenant, key);
        var run = Id("run", tenant, key);
        var conversation = command.Conversation ?? Id("conversation", tenant, key);
        var at = time.GetUtcNow();
        var hash = RequestHash.Of("message", command.Text, command.Conversation, command.Customer, command.Workflow);
        var request = new RunRequested(run, conversation, message, command.Text, workflow.Name, hash, null, at) { Customer = command.Customer };
        var metadata = RunMetadata.For(context, ids);
        RunEngine.Begun begun;
        try
        {
            // The run's stream must be new: that is what tells a first sending from a repetition.
            begun = await engine.BeginAsync(tenant, workflow, [request], metadata, cancellationToken);
        }
        catch (WrongExpectedVersionException)
        {
            if (await FirstAsync(tenant, run, hash, cancellationToken) is not { } first)
            {
                // The first sending failed before anything of it was durable: this one takes its place.
                return await SendAsync(command, context, cancellationToken);
            }

            var received = await WriteAsync(tenant, first, null, metadata, -1, cancellationToken);
            return new(first.Conversation, first.Message, run, received.Position, true);
        }

        // Model call and this append go on at the same time; should the process die in between, the recovery records the message.
        var recorded = WriteAsync(tenant, request, null, metadata, command.Conversation is null ? -1 : null, CancellationToken.None);
        var reply = ReplyAsync(tenant, request, metadata, begun.Completion, recorded);
        var stream = Run.Stream(tenant, run).Value;
        replies[stream] = reply;
        _ = ForgetAsync(stream, reply);
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

        var completed = await engine.ExecuteAsync(tenant, run, cancellationToken);
        return new(completed, await CompleteAsync(tenant, run, cancellationToken));
    }

    /// <summary>
    /// Brings the answer of a run that has ended into its conversation, and the message too where that is missing. Doing it again changes
    /// nothing. A fork's answer goes nowhere.
    /// </summary>
    /// <exception cref="DomainException">There is no such run, or it has not ended.</exception>
    public async Task<LogPosition> CompleteAsync(string tenant, string run, CancellationToken cancellationToken = default)
    {
        var loaded = await engine.LoadAsync(tenant, run, cancellationToken);
        var request = loaded.State.Request!;
        if (request.Fork is not null)
        {
            return loaded.Position;
        }

        var completed = loaded.State.Completed ?? throw new DomainException(RunErrors.StillRunning(run));
        var metadata = new EventMetadata { Tenant = tenant, Actor = "runs", CorrelationId = run, CausationId = run };
        return (await WriteAsync(tenant, request, Answered(request, completed), metadata, null, cancellationToken)).Position;
    }

    private static MessageReceived Received(RunRequested request) =>
        new(request.Conversation, request.Message, request.Customer, request.Text, request.Workflow, request.Run, request.At);

    private static MessageAnswered Answered(RunRequested request, RunCompleted completed) =>
        new(request.Message, request.Run, completed.Outcome, completed.Answer, completed.Citations, completed.At);

    private Workflow Validate(SendMessage command, CommandContext context)
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

        return workflows.Get(command.Workflow);
    }

    private static bool IsWellFormed(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\0')
            {
                return false;
            }

            if (char.IsSurrogate(text[i]) && !(i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1]) && ++i > 0))
            {
                return false;
            }
        }

        return true;
    }

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

    private async Task<MessageReply> ReplyAsync(string tenant, RunRequested request, EventMetadata metadata, Task<RunCompleted> completion, Task<AppendResult> recorded)
    {
        var completed = await completion;
        var received = await recorded;
        var written = await WriteAsync(tenant, request, Answered(request, completed), metadata, received.Version, CancellationToken.None);
        return new(completed, written.Position);
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
    /// Records the message, and the answer where there is one, each once. <paramref name="assumed"/> is the version at which nothing of it
    /// is recorded but what came before; where that does not hold, or is not known, the conversation is loaded and decides.
    /// </summary>
    private async Task<AppendResult> WriteAsync(string tenant, RunRequested request, MessageAnswered? answer, EventMetadata metadata, long? assumed, CancellationToken cancellationToken)
    {
        var stream = Conversation.Stream(tenant, request.Conversation).Value;
        var bytes = metadata.ToUtf8();
        if (assumed is { } version)
        {
            try
            {
                return await log.AppendAsync(stream, ExpectedVersion.Exact(version), [Event(stream, answer is null ? Received(request) : answer, request.Message, bytes)], cancellationToken);
            }
            catch (WrongExpectedVersionException)
            {
                // Others wrote to the conversation: it decides below.
            }
        }

        // Writers of this process into one conversation go one by one, so that each of them comes through.
        var turn = turns[(uint)string.GetHashCode(stream, StringComparison.Ordinal) % (uint)turns.Length];
        await turn.WaitAsync(cancellationToken);
        try
        {
            for (var tries = 1; ; tries++)
            {
                var loaded = await states.LoadAsync<Conversation>(stream, cancellationToken: cancellationToken);
                var decision = answer is null
                    ? loaded.State.Receive(new(Received(request)))
                    : loaded.State.Answer(new(Received(request), answer));
                if (decision.Events.IsEmpty)
                {
                    return new(loaded.Version, loaded.Position, true);
                }

                try
                {
                    return await log.AppendAsync(stream, ExpectedVersion.Exact(loaded.Version), [.. decision.Events.Select(e => Event(stream, e, request.Message, bytes))], cancellationToken);
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
        return types.Write(NamedId.Of("conversation-event", stream, message, type.Name), @event, metadata);
    }
}
