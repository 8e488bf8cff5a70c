using AIaaS.Api.Hosting;
using AIaaS.Api.Http;
using AIaaS.Commands.Channels;
using AIaaS.Commands.Knowledge;
using AIaaS.Domain.Agents;
using AIaaS.Domain.Channels;

namespace AIaaS.Api.Channels;

/// <summary>Takes a message in and waits for its answer, as long as the client wants and the server allows.</summary>
internal sealed class MessageDesk(ConversationService conversations, Bm25Retriever search, Opened opened, RequestsInFlight inFlight, Settings settings)
{
    public async Task<IResult> HandleAsync(string? conversation, MessageBody body, Caller caller, Freshness freshness, HttpContext context, CancellationToken cancellationToken)
    {
        var key = IdempotencyKey.Require(context);
        var preference = Preference.Of(context.Request, settings.MaxWait);
        using var entry = inFlight.Enter(caller.Tenant, key);
        await RequireSearchAsync(freshness, cancellationToken);
        var command = new SendMessage(body.Text, conversation, body.Customer, body.Workflow);

        // The message is taken in even when the client leaves meanwhile: it may have been recorded already.
        var accepted = await conversations.SendAsync(command, new(caller.Tenant, caller.Actor, key, Correlation.Of(context)), CancellationToken.None);
        if (accepted.Handoff is { } handoff)
        {
            Freshness.Answer(context, accepted.Position);
            var status = "/v1/conversations/" + accepted.Conversation;
            return TypedResults.Accepted(status, new MessagePending(accepted.Conversation, accepted.Message, null, status, MessagePending.WithPerson, handoff));
        }

        if (preference.Time > TimeSpan.Zero)
        {
            try
            {
                var reply = await conversations.WaitAsync(caller.Tenant, accepted.Run, cancellationToken).WaitAsync(preference.Time, cancellationToken);
                Freshness.Answer(context, reply.Position);
                if (reply.Completed is { } completed)
                {
                    return TypedResults.Ok(View(accepted, completed));
                }

                if (reply.Question is { } question)
                {
                    return TypedResults.Ok(View(accepted, question, reply.State));
                }
            }
            catch (TimeoutException)
            {
                // The run takes longer than the request may wait; it goes on.
            }
        }

        if (preference.Applied is { } applied)
        {
            context.Response.Headers["Preference-Applied"] = applied;
        }

        Freshness.Answer(context, accepted.Position);
        var location = "/v1/runs/" + accepted.Run;
        return TypedResults.Accepted(location, new MessagePending(accepted.Conversation, accepted.Message, accepted.Run, location, MessagePending.Running));
    }

    /// <summary>The search index lies in memory: after a start it must have read what the log holds, or answers would rest on less than there is.</summary>
    private async ValueTask RequireSearchAsync(Freshness freshness, CancellationToken cancellationToken)
    {
        var needed = freshness.Position > opened.HeadAtStart ? freshness.Position : opened.HeadAtStart;
        if (search.Position < needed && !await search.WaitForAsync(needed, Freshness.Patience, cancellationToken))
        {
            throw Problems.Busy($"The search over the articles has not reached position {needed} yet.", "Try again with the same Idempotency-Key. GET /v1/subscriptions shows how far it is.");
        }
    }

    private static MessageAnswerView View(MessageAccepted accepted, MessageAsked question, Run run) => new(
        accepted.Conversation,
        accepted.Message,
        accepted.Run,
        null,
        "waiting",
        question.Text,
        [],
        run.Request!.Workflow,
        run.Answer?.Tier,
        run.Steps,
        run.ModelCalls,
        run.Usage,
        run.Cost,
        (question.At - run.Request.At).TotalMilliseconds,
        question.Step);

    private static MessageAnswerView View(MessageAccepted accepted, RunCompleted run) => new(
        accepted.Conversation,
        accepted.Message,
        accepted.Run,
        run.Outcome,
        run.Reason,
        run.Answer,
        run.Citations,
        run.Workflow,
        run.Tier,
        run.Steps,
        run.ModelCalls,
        run.Usage,
        run.Cost,
        run.DurationMs);
}
