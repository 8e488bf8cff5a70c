using System.Text;
using System.Text.Json;

namespace AIaaS.Commands.Routing;

/// <summary>What the offline model reads of a request.</summary>
internal sealed class OfflineRequest
{
    private const int MaxPassages = 50;

    public string Question { get; private set; } = "";

    public List<OfflinePassage> Passages { get; } = [];

    public bool WantsJson { get; private set; }

    /// <summary>The schema of a task other than answering; null where there is none.</summary>
    public string? Task { get; private set; }

    /// <summary>Whether tools are offered.</summary>
    public bool OffersTools { get; private set; }

    public int MaxOutputTokens { get; private set; } = int.MaxValue;

    /// <summary>Reads a request.</summary>
    /// <exception cref="ModelCallException">It is not a chat completion that an offline model can answer.</exception>
    public static OfflineRequest Read(string request)
    {
        var read = new OfflineRequest();
        string? content = null;
        try
        {
            var json = new Utf8JsonReader(Encoding.UTF8.GetBytes(request));
            Expect(ref json, JsonTokenType.StartObject, "The request");
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                if (json.ValueTextEquals("messages"u8))
                {
                    content = LastUserMessage(ref json);
                }
                else if (json.ValueTextEquals("max_completion_tokens"u8) || json.ValueTextEquals("max_tokens"u8))
                {
                    json.Read();
                    read.MaxOutputTokens = json.GetInt32();
                }
                else if (json.ValueTextEquals("response_format"u8))
                {
                    read.ReadFormat(ref json);
                }
                else
                {
                    read.OffersTools |= json.ValueTextEquals("tools"u8);
                    json.Skip();
                }
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new ModelCallException("The request is not a chat completion: " + e.Message, retryable: false, unknown: false, e);
        }

        content = content ?? throw new ModelCallException("The request holds no user message.", retryable: false, unknown: false);
        if (read is { Task: null, OffersTools: false })
        {
            read.ReadQuestion(content);
        }

        return read;
    }

    private static string? LastUserMessage(ref Utf8JsonReader json)
    {
        string? last = null;
        Expect(ref json, JsonTokenType.StartArray, "\"messages\"");
        while (json.Read() && json.TokenType == JsonTokenType.StartObject)
        {
            var isUser = false;
            string? content = null;
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                if (json.ValueTextEquals("role"u8))
                {
                    json.Read();
                    isUser = json.ValueTextEquals("user"u8);
                }
                else if (json.ValueTextEquals("content"u8))
                {
                    json.Read();
                    content = json.GetString();
                }
                else
                {
                    json.Skip();
                }
            }

            last = isUser ? content : last;
        }

        return last;
    }

    private void ReadFormat(ref Utf8JsonReader json)
    {
        var format = "";
        string? schema = null;
        Expect(ref json, JsonTokenType.StartObject, "\"response_format\"");
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("type"u8))
            {
                json.Read();
                format = json.GetString() ?? "";
            }
            else if (json.ValueTextEquals("json_schema"u8))
            {
                Expect(ref json, JsonTokenType.StartObject, "\"json_schema\"");
                while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
                {
                    if (json.ValueTextEquals("name"u8))
                    {
                        json.Read();
                        schema = json.GetString();
                    }
                    else
                    {
                        json.Skip();
                    }
                }
            }
            else
            {
                json.Skip();
            }
        }

        Task = schema is ModelTasks.Classification or ModelTasks.Extraction or ModelTasks.Critique ? schema : null;
        WantsJson = format switch
        {
            "text" => false,
            "json_schema" when schema == AnswerContract.SchemaName || Task is not null => true,
            "json_schema" => throw new ModelCallException($"The offline models answer by the schema '{AnswerContract.SchemaName}' only, not by '{schema}'. Map the tier to a remote model.", retryable: false, unknown: false),
            _ => throw new ModelCallException($"The offline models know no response format '{format}'.", retryable: false, unknown: false),
        };
    }

    private void ReadQuestion(string content)
    {
        try
        {
            var json = new Utf8JsonReader(Encoding.UTF8.GetBytes(content));
            if (json.Read() && json.TokenType == JsonTokenType.StartObject)
            {
                while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
                {
                    if (json.ValueTextEquals("question"u8))
                    {
                        json.Read();
                        Question = json.GetString() ?? "";
                    }
                    else if (json.ValueTextEquals("passages"u8))
                    {
                        ReadPassages(ref json);
                    }
                    else
                    {
                        json.Skip();
                    }
                }

                return;
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            Passages.Clear();
        }

        // Not the contract's JSON: then the message is a question without passages.
        Question = content;
    }

    private void ReadPassages(ref Utf8JsonReader json)
    {
        Expect(ref json, JsonTokenType.StartArray, "\"passages\"");
        while (json.Read() && json.TokenType == JsonTokenType.StartObject)
        {
            string article = "", title = "", text = "";
            double? score = null;
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                if (json.ValueTextEquals("article"u8))
                {
                    json.Read();
                    article = json.GetString() ?? "";
                }
                else if (json.ValueTextEquals("title"u8))
                {
                    json.Read();
                    title = json.GetString() ?? "";
                }
                else if (json.ValueTextEquals("text"u8))
                {
                    json.Read();
                    text = json.GetString() ?? "";
                }
                else if (json.ValueTextEquals("score"u8))
                {
                    json.Read();
                    score = json.GetDouble();
                }
                else
                {
                    json.Skip();
                }
            }

            if (Passages.Count < MaxPassages)
            {
                Passages.Add(new(article, title, text, score));
            }
        }
    }

    private static void Expect(ref Utf8JsonReader json, JsonTokenType type, string what)
    {
        if (!json.Read() || json.TokenType != type)
        {
            throw new JsonException($"{what} must be {(type == JsonTokenType.StartArray ? "an array" : "an object")}.");
        }
    }
}

/// <summary>A passage as it stands in a request.</summary>
internal sealed record OfflinePassage(string Article, string Title, string Text, double? Score);
