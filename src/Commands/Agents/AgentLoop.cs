using System.Buffers;
using System.Collections.Immutable;
using System.Text.Json;
using AIaaS.Commands.Routing;
using AIaaS.Domain.Agents;

namespace AIaaS.Commands.Agents;

/// <summary>The work of a model with tools, as it follows from the replies and calls of one visit. Pure.</summary>
internal static class AgentLoop
{
    private static readonly JsonElement Nothing = JsonSerializer.Deserialize<JsonElement>("null");

    /// <summary>The replies that asked for calls, with what came of them. Replies that could not be read are left out.</summary>
    public static ImmutableArray<AgentTurn> Turns(RunCursor cursor, ModelNode node)
    {
        var turns = ImmutableArray.CreateBuilder<AgentTurn>();
        foreach (var reply in cursor.Replies)
        {
            if (ModelTasks.ParseAgent(reply.Call.Response, node.Tools ?? []).Reply is { Calls.IsEmpty: false } asked)
            {
                turns.Add(new(reply.Call.Response, [.. asked.Calls.Select((call, i) => new AgentResult(call.Id, ContentOf(cursor.Calls.ElementAtOrDefault(reply.ToolCalls + i))))]));
            }
        }

        return turns.ToImmutable();
    }

    /// <summary>How many replies of a visit, up to the last one, could not be used.</summary>
    public static int Unusable(RunCursor cursor, ModelNode node) =>
        node.Task != ModelTask.Agent ? cursor.Replies.Count : cursor.Replies.Reverse().TakeWhile(r => ModelTasks.ParseAgent(r.Call.Response, node.Tools ?? []).Reply is null).Count();

    /// <summary>What an agent step gives: <c>{"answer": …, "tool_calls": …}</c>.</summary>
    public static JsonElement Output(string answer, int calls) => Write(json =>
    {
        json.WriteStartObject();
        json.WriteString("answer"u8, answer);
        json.WriteNumber("tool_calls"u8, calls);
        json.WriteEndObject();
    });

    /// <summary>The input of a compensation: <c>{"input": …, "output": …}</c> of the call that it undoes.</summary>
    public static JsonElement Undo(JsonElement input, JsonElement? output) => Write(json =>
    {
        json.WriteStartObject();
        json.WritePropertyName("input"u8);
        input.WriteTo(json);
        json.WritePropertyName("output"u8);
        (output ?? Nothing).WriteTo(json);
        json.WriteEndObject();
    });

    private static string ContentOf(RunToolCall? call) => call switch
    {
        { Output: { } output } => output.GetRawText(),
        { Code: { } code } => RunState.Error(code, call.Reason ?? "").GetRawText(),
        _ => "null",
    };

    private static JsonElement Write(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer))
        {
            write(json);
        }

        var reader = new Utf8JsonReader(buffer.WrittenSpan);
        return JsonElement.ParseValue(ref reader);
    }
}
