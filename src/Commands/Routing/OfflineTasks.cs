using System.Collections.Immutable;
using System.Text.Json;
using AIaaS.Domain.Agents;

namespace AIaaS.Commands.Routing;

/// <summary>Answers the requests of <see cref="ModelTasks"/> by rules. What the customer wrote, what tools returned and what articles say is matter to work on; none of it is obeyed.</summary>
internal static class OfflineTasks
{
    /// <summary>The reply to a request of a task.</summary>
    /// <exception cref="ModelCallException">It is not one.</exception>
    public static string Reply(string request, string? schema)
    {
        try
        {
            var read = JsonSerializer.Deserialize(request, ModelTaskJson.Default.JsonElement);
            var messages = read.GetProperty("messages");
            if (schema is null)
            {
                return ModelTasks.WriteAgent(OfflineAgent.Reply(messages, read.GetProperty("tools")));
            }

            var content = messages.EnumerateArray().Last(m => m.GetProperty("role").ValueEquals("user")).GetProperty("content").GetString()!;
            var user = JsonSerializer.Deserialize(content, ModelTaskJson.Default.JsonElement);
            return schema switch
            {
                ModelTasks.Classification => Classify(user),
                ModelTasks.Extraction => OfflineExtractor.Extract(Text(user, "text"), read.GetProperty("response_format").GetProperty("json_schema").GetProperty("schema")).ToJsonString(ModelTasks.Written),
                _ => Judge(user),
            };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new ModelCallException("The request is not one of the known tasks: " + e.Message, retryable: false, unknown: false, e);
        }
    }

    private static string Classify(JsonElement user)
    {
        var labels = ImmutableArray.CreateBuilder<ModelLabel>();
        foreach (var label in user.GetProperty("labels").EnumerateArray())
        {
            labels.Add(new(Text(label, "name"), Text(label, "description"), [.. label.GetProperty("examples").EnumerateArray().Select(e => e.GetString()!)]));
        }

        return labels.Count == 0
            ? throw new JsonException("there are no labels")
            : ModelTasks.Write(new OfflineClassifier(labels.ToImmutable()).Classify(Text(user, "text")));
    }

    private static string Judge(JsonElement user) => ModelTasks.Write(OfflineCritic.Judge(
        Text(user, "question"),
        Text(user, "answer"),
        [.. user.GetProperty("passages").EnumerateArray().Select(p => Text(p, "title") + "\n" + Text(p, "text"))]));

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString() ?? "";
}
