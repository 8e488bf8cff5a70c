using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AIaaS.FarSide;

/// <summary>A call as it came.</summary>
/// <param name="Key">The idempotency key.</param>
/// <param name="Tool">What is to be done.</param>
/// <param name="Order">The order's number.</param>
/// <param name="Amount">How much: pieces or money.</param>
public sealed record Asked(string Key, string Tool, int Order, int Amount);

/// <summary>A line of the file: what was done, or declined.</summary>
/// <param name="Key">The idempotency key.</param>
/// <param name="Tool">What was done.</param>
/// <param name="Order">The order's number.</param>
/// <param name="Amount">How much.</param>
/// <param name="Done">False: declined for good.</param>
public sealed record Noted(string Key, string Tool, int Order, int Amount, bool Done);

[JsonSerializable(typeof(Asked))]
[JsonSerializable(typeof(Noted))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
public sealed partial class OutsideJson : JsonSerializerContext;

/// <summary>What an order's number makes the far side do.</summary>
public static class Modes
{
    public static bool Declines(int order) => order % 10 == 4;

    public static bool AnswersTooLate(int order) => order % 10 is 5 or 9;

    public static bool FailsToConfirm(int order) => order % 10 is 6 or 7;

    public static bool LosesLetters(int order) => order % 10 == 8;
}

/// <summary>The far side. Each line of its file is on disk before it answers.</summary>
internal static class Outside
{
    public static async Task<int> ServeAsync(string file)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration["Urls"] = "http://127.0.0.1:0";
        await using var app = builder.Build();
        var noted = new ConcurrentDictionary<string, Noted>(StringComparer.Ordinal);
        var seen = new ConcurrentDictionary<string, int>(StringComparer.Ordinal);
        using var gate = new SemaphoreSlim(1);
        await using var output = new FileStream(file, FileMode.Append, FileAccess.Write, FileShare.Read);
        app.MapPost("/call", async context =>
        {
            var asked = (await JsonSerializer.DeserializeAsync(context.Request.Body, OutsideJson.Default.Asked))!;
            var attempt = seen.AddOrUpdate(asked.Key, 1, (_, n) => n + 1);
            await gate.WaitAsync();
            Noted? answer;
            try
            {
                // Letters are not remembered by their key: each one that is asked for is sent.
                if (asked.Tool == "send_letter" || !noted.TryGetValue(asked.Key, out answer))
                {
                    var done = !(asked.Tool == "charge" && Modes.Declines(asked.Order)) && !(asked.Tool == "confirm" && Modes.FailsToConfirm(asked.Order));
                    answer = new(asked.Key, asked.Tool, asked.Order, asked.Amount, done);
                    noted[asked.Key] = answer;
                    await output.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(answer, OutsideJson.Default.Noted));
                    output.WriteByte((byte)'\n');
                    output.Flush(flushToDisk: true);
                }
            }
            finally
            {
                gate.Release();
            }

            if ((asked.Tool == "charge" && Modes.AnswersTooLate(asked.Order) && attempt == 1) || (asked.Tool == "send_letter" && Modes.LosesLetters(asked.Order)))
            {
                context.Abort();
                return;
            }

            context.Response.StatusCode = answer.Done ? 200 : 402;
        });
        await app.StartAsync();
        Console.WriteLine(app.Urls.First());
        await app.WaitForShutdownAsync();
        return 0;
    }
}
