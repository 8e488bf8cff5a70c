using System.Buffers;
using System.Globalization;
using System.Text.Json;
using AIaaS.Domain.Json;

namespace AIaaS.Domain.Agents;

/// <summary>
/// The state that the expressions and templates of a step see: <c>$.input</c>, <c>$.steps</c>, <c>$.vars</c>, <c>$.loop</c> and <c>$.run</c>. It is put
/// together out of what the steps gave, without copying it, and only when an expression asks. An expression that cannot be evaluated gives
/// nothing: the language is total.
/// </summary>
public sealed class RunState
{
    private static readonly JsonElement NullJson = JsonSerializer.Deserialize<JsonElement>("null");

    private readonly Run run;
    private readonly Workflow workflow;
    private readonly RunCursor cursor;
    private readonly string? scope;
    private ExpressionValue? root;

    private RunState(Run run, Workflow workflow, RunCursor cursor, string? scope) => (this.run, this.workflow, this.cursor, this.scope) = (run, workflow, cursor, scope);

    private ExpressionValue Root => root ??= Build();

    /// <summary>What a step sees.</summary>
    public static RunState Of(Run run, Workflow workflow, RunCursor cursor, WorkflowNode node) => new(run, workflow, cursor, node.Scope);

    /// <summary>What a step gives when it failed: <c>{"error": {"code": …, "reason": …}}</c>.</summary>
    public static JsonElement Error(string code, string reason) => Write(json =>
    {
        json.WriteStartObject();
        json.WriteStartObject("error"u8);
        json.WriteString("code"u8, code);
        json.WriteString("reason"u8, reason);
        json.WriteEndObject();
        json.WriteEndObject();
    });

    /// <summary>A round of a loop; the first one keeps the items.</summary>
    internal static JsonElement Round(int index, JsonElement? items) => Write(json =>
    {
        json.WriteStartObject();
        json.WriteNumber("index"u8, index);
        if (items is { } list)
        {
            json.WritePropertyName("items"u8);
            list.WriteTo(json);
        }

        json.WriteEndObject();
    });

    /// <summary>What a loop gives when it ends.</summary>
    internal static JsonElement Rounds(int rounds) => Write(json =>
    {
        json.WriteStartObject();
        json.WriteNumber("rounds"u8, rounds);
        json.WriteEndObject();
    });

    /// <summary>What a wait gives: the payload's members, and <c>accepted</c> and <c>actor</c>.</summary>
    internal static JsonElement Heard(RunSignalled signal) => Write(json =>
    {
        json.WriteStartObject();
        if (signal.Payload is { ValueKind: JsonValueKind.Object } members)
        {
            foreach (var member in members.EnumerateObject())
            {
                if (member.Name is not ("accepted" or "actor"))
                {
                    member.WriteTo(json);
                }
            }
        }
        else if (signal.Payload is { } payload)
        {
            json.WritePropertyName("payload"u8);
            payload.WriteTo(json);
        }

        if (signal.Accepted is { } accepted)
        {
            json.WriteBoolean("accepted"u8, accepted);
        }

        json.WriteString("actor"u8, signal.Actor);
        json.WriteEndObject();
    });

    /// <summary>Whether an expression is true.</summary>
    public bool IsTrue(string expression) => workflow.Code.Expression(expression) is { } e && e.IsTrue(Root);

    /// <summary>The list that an expression gives; null where it gives none.</summary>
    public JsonElement? List(string expression) =>
        workflow.Code.Expression(expression) is { } e && e.Evaluate(Root) is { Error: null, Value.Kind: ExpressionValueKind.Array } list ? list.Value.ToJson() : null;

    /// <summary>The text of a template.</summary>
    public string Text(string template) =>
        workflow.Code.Template(template) is not { } t ? template
        : t.IsConstant ? t.Source
        : t.Render(Root) is { Error: null } text ? text.Value.ToText() : "";

    /// <summary>JSON whose texts are templates, filled in.</summary>
    public JsonElement Json(string document) =>
        workflow.Code.Json(document) is not { } d ? NullJson
        : d.Constant ?? (d.Template.Evaluate(Root) is { Error: null } json ? json.Value.ToJson() : NullJson);

    /// <summary>Where a switch leads.</summary>
    public string Choose(SwitchNode node)
    {
        var on = workflow.Code.Expression(node.On)?.Evaluate(Root) is { Error: null } value ? value.Value : ExpressionValue.Absent;
        foreach (var @case in node.Cases)
        {
            if (workflow.Code.Json(@case.Is) is { Constant: { } constant } && ExpressionValue.From(constant) == on)
            {
                return @case.Next;
            }
        }

        return node.Default;
    }

    private static JsonElement Write(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(128);
        using (var json = new Utf8JsonWriter(buffer))
        {
            write(json);
        }

        var reader = new Utf8JsonReader(buffer.WrittenSpan);
        return JsonElement.ParseValue(ref reader);
    }

    private ExpressionValue Build() => ExpressionValue.Object(
    [
        new("input", Input()),
        new("steps", ExpressionValue.Object(Steps())),
        new("vars", ExpressionValue.Object([])),
        new("loop", Loop()),
        new("run", ExpressionValue.Object(
        [
            new("id", ExpressionValue.From(run.Request!.Run)),
            new("workflow", ExpressionValue.From(workflow.Name)),
            new("steps", ExpressionValue.From((decimal)run.Steps)),
            new("customer", ExpressionValue.From(run.Customer)),
            new("said", ExpressionValue.From(string.Join('\n', run.Said.Prepend(run.Request.Text)))),
            new("setback", ExpressionValue.From(cursor.Setback?.Detail)),
            new("now", ExpressionValue.From(cursor.Since.ToString("O", CultureInfo.InvariantCulture))),
        ])),
    ]);

    private ExpressionValue Input()
    {
        var request = run.Request!;
        List<KeyValuePair<string, ExpressionValue>> members =
        [
            new("text", ExpressionValue.From(request.Text)),
            new("customer", ExpressionValue.From(request.Customer)),
            new("conversation", ExpressionValue.From(request.Conversation.Length == 0 ? null : request.Conversation)),
        ];
        var own = scope is null ? request.Input : run.Inputs.TryGetValue(scope, out var given) ? given : null;
        if (own is { ValueKind: JsonValueKind.Object } json)
        {
            foreach (var member in json.EnumerateObject())
            {
                members.RemoveAll(m => m.Key == member.Name);
                members.Add(new(member.Name, ExpressionValue.From(member.Value)));
            }
        }

        return ExpressionValue.Object(members);
    }

    private List<KeyValuePair<string, ExpressionValue>> Steps()
    {
        List<KeyValuePair<string, ExpressionValue>> steps = [];
        foreach (var (step, output) in run.Outputs.OrderBy(o => o.Key, StringComparer.Ordinal))
        {
            if (workflow.Find(step) is { } node && node.Scope == scope)
            {
                steps.Add(new(scope is null ? step : step[(scope.Length + 1)..], output.Json is { } json ? ExpressionValue.From(json) : Parsed(output.Text!)));
            }
        }

        return steps;
    }

    private static ExpressionValue Parsed(string text)
    {
        try
        {
            return ExpressionValue.From(JsonSerializer.Deserialize<JsonElement>(text));
        }
        catch (JsonException)
        {
            return ExpressionValue.From(text);
        }
    }

    private ExpressionValue Loop()
    {
        for (var i = cursor.Loops.Count - 1; i >= 0; i--)
        {
            var loop = cursor.Loops[i];
            if (workflow.Find(loop.Loop) is { } node && node.Scope == scope)
            {
                return ExpressionValue.Object(
                [
                    new("index", ExpressionValue.From((decimal)loop.Index)),
                    new("item", loop.Items is { ValueKind: JsonValueKind.Array } items && loop.Index < items.GetArrayLength() ? ExpressionValue.From(items[loop.Index]) : ExpressionValue.Null),
                ]);
            }
        }

        return ExpressionValue.Null;
    }
}
