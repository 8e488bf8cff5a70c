using System.Net;
using System.Text;
using System.Text.Json;
using AIaaS.Commands.Tools;
using AIaaS.Domain.Leads;
using AIaaS.Domain.Tools;

namespace AIaaS.Commands.Leads;

/// <summary>How the CRM is reached.</summary>
public sealed record CrmOptions
{
    /// <summary>Where its API is, with a slash at the end; null: no CRM is set up.</summary>
    public Uri? BaseUrl { get; init; }

    /// <summary>Sent as a bearer token; null for none.</summary>
    public string? ApiKey { get; init; }
}

/// <summary>
/// A CRM over HTTP: <c>POST contacts</c> with the lead's id as <c>external_id</c> creates a contact or changes it, once under an
/// Idempotency-Key, and answers <c>{ id, created, previous }</c>; <c>DELETE contacts/{id}</c> and <c>PUT contacts/{id}</c> take that back.
/// </summary>
internal sealed class CrmClient(HttpClient http, CrmOptions options)
{
    private const int MaxAnswerBytes = 1024 * 1024;

    public async Task<(JsonElement? Json, ToolOutcome? Trouble)> SendAsync(HttpMethod method, string path, string key, string? body, CancellationToken cancellationToken)
    {
        if (options.BaseUrl is not { } url)
        {
            return (null, new ToolOutcome.Failed("crm-not-set-up", "No CRM is set up. Crm__BaseUrl says where its API is."));
        }

        using var request = new HttpRequestMessage(method, new Uri(url, path));
        request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        if (options.ApiKey is { } apiKey)
        {
            request.Headers.Authorization = new("Bearer", apiKey);
        }

        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        }

        try
        {
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            await response.Content.LoadIntoBufferAsync(MaxAnswerBytes, cancellationToken);
            var bytes = await response.Content.ReadAsByteArrayAsync(cancellationToken);
            return (int)response.StatusCode switch
            {
                404 when method == HttpMethod.Delete => (Empty, null),
                >= 200 and < 300 => (bytes.Length == 0 ? Empty : JsonDocument.Parse(bytes).RootElement, null),
                (int)HttpStatusCode.TooManyRequests => (null, new ToolOutcome.Failed("crm-busy", "The CRM takes no more requests now.", Retryable: true)),
                >= 500 or 408 or 409 => (null, new ToolOutcome.Unknown($"the CRM answered {(int)response.StatusCode}")),
                _ => (null, new ToolOutcome.Failed("crm-refused", $"The CRM answered {(int)response.StatusCode}.")),
            };
        }
        catch (HttpRequestException e) when (e.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError)
        {
            return (null, new ToolOutcome.Failed("crm-unreachable", "The CRM cannot be reached: " + e.Message, Retryable: true));
        }
        catch (Exception e) when (e is HttpRequestException or IOException or JsonException)
        {
            return (null, new ToolOutcome.Unknown("the CRM's answer did not come through: " + e.Message));
        }
        catch (OperationCanceledException)
        {
            return (null, new ToolOutcome.Unknown("the CRM did not answer in time"));
        }
    }

    private static JsonElement Empty { get; } = JsonSerializer.Deserialize<JsonElement>("{}");
}

/// <summary><c>crm_upsert_lead</c>: the lead as a contact of the CRM.</summary>
internal sealed class CrmUpsertTool(LeadService leads, CrmClient crm) : ITool
{
    public ToolManifest Manifest { get; } = new(
        "crm_upsert_lead",
        "1.0.0",
        "Creates or changes the lead's contact in the CRM.",
        """{ "type": "object", "properties": { "lead_id": { "type": "string", "minLength": 1, "maxLength": 100, "pattern": "^[A-Za-z0-9._-]+$" } }, "required": ["lead_id"], "additionalProperties": false }""",
        """
        {
          "type": "object",
          "properties": { "contact_id": { "type": "string" }, "created": { "type": "boolean" }, "previous": { "description": "The contact before; null where it was created." } },
          "required": ["contact_id", "created", "previous"],
          "additionalProperties": false
        }
        """)
    {
        SideEffect = true,
        Idempotent = true,
        Compensation = "crm_revert_lead",
    };

    public async Task<ToolOutcome> InvokeAsync(ToolCall call, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(call);
        var id = call.Input.GetProperty("lead_id").GetString()!;
        var lead = (await leads.LoadAsync(Lead.Stream(call.Tenant, id), cancellationToken)).State;
        if (lead.Captured is not { Contact: var contact })
        {
            return new ToolOutcome.Failed("lead-not-found", LeadErrors.NotFound(id).Message);
        }

        if (call.Customer is not null && contact.Customer is { } customer && customer != call.Customer)
        {
            return new ToolOutcome.Failed("not-yours", "This lead belongs to another customer.");
        }

        var body = Json.Write(json =>
        {
            json.WriteString("external_id", $"{call.Tenant}/{id}");
            json.WriteString("name", contact.Name);
            json.WriteString("email", contact.Email);
            json.WriteString("phone", contact.Phone);
            json.WriteString("company", contact.Company);
            json.WriteString("interest", contact.Interest);
            json.WriteString("status", lead.Status.ToString());
            json.WritePropertyName("score");
            if (lead.Score is { } score)
            {
                json.WriteNumberValue(score.Score);
            }
            else
            {
                json.WriteNullValue();
            }
        });
        var (answer, trouble) = await crm.SendAsync(HttpMethod.Post, "contacts", call.IdempotencyKey, Encoding.UTF8.GetString(body), cancellationToken);
        if (answer is not { } given)
        {
            return trouble!;
        }

        if (given.ValueKind != JsonValueKind.Object || !given.TryGetProperty("id", out var contactId) || contactId.ValueKind != JsonValueKind.String)
        {
            return new ToolOutcome.Unknown("the CRM's answer names no contact");
        }

        var previous = given.TryGetProperty("previous", out var before) && before.ValueKind == JsonValueKind.Object ? before : (JsonElement?)null;
        var output = Json.Write(json =>
        {
            json.WriteString("contact_id", contactId.GetString());
            json.WriteBoolean("created", previous is null);
            json.WritePropertyName("previous");
            if (previous is { } p)
            {
                p.WriteTo(json);
            }
            else
            {
                json.WriteNullValue();
            }
        });
        return new ToolOutcome.Succeeded(JsonSerializer.Deserialize<JsonElement>(output));
    }
}

/// <summary><c>crm_revert_lead</c>: takes back what <c>crm_upsert_lead</c> did: deletes a contact that it created, restores one that it changed.</summary>
internal sealed class CrmRevertTool(CrmClient crm) : ITool
{
    public ToolManifest Manifest { get; } = new(
        "crm_revert_lead",
        "1.0.0",
        "Takes a change of the CRM back: deletes the contact that was created, or restores the one that was changed.",
        """
        {
          "type": "object",
          "properties": { "input": { "type": "object" }, "output": { "type": ["object", "null"] } },
          "required": ["output"],
          "additionalProperties": false
        }
        """,
        """{ "type": "object", "properties": { "contact_id": { "type": "string" }, "reverted": { "enum": ["deleted", "restored"] } }, "required": ["contact_id", "reverted"], "additionalProperties": false }""")
    {
        SideEffect = true,
        Idempotent = true,
    };

    public async Task<ToolOutcome> InvokeAsync(ToolCall call, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(call);
        var output = call.Input.GetProperty("output");
        if (output.ValueKind != JsonValueKind.Object || !output.TryGetProperty("contact_id", out var id) || id.ValueKind != JsonValueKind.String)
        {
            return new ToolOutcome.Failed("crm-contact-unknown", "What the call returned is not known, so that nobody knows which contact to revert.");
        }

        var contact = id.GetString()!;
        var path = "contacts/" + Uri.EscapeDataString(contact);
        var isRestored = output.TryGetProperty("previous", out var previous) && previous.ValueKind == JsonValueKind.Object;
        var (answer, trouble) = isRestored
            ? await crm.SendAsync(HttpMethod.Put, path, call.IdempotencyKey, previous.GetRawText(), cancellationToken)
            : await crm.SendAsync(HttpMethod.Delete, path, call.IdempotencyKey, null, cancellationToken);
        return answer is null
            ? trouble!
            : new ToolOutcome.Succeeded(JsonSerializer.Deserialize<JsonElement>(Json.Write(json =>
            {
                json.WriteString("contact_id", contact);
                json.WriteString("reverted", isRestored ? "restored" : "deleted");
            })));
    }
}

/// <summary>Writes small JSON objects.</summary>
internal static class Json
{
    public static byte[] Write(Action<Utf8JsonWriter> members)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }
}
