using System.Reflection;
using AIaaS.EventStore;
using AIaaS.Queries;

namespace AIaaS.Api.Http;

/// <summary>
/// How fresh a query's answer must be: a position that a command answered with, from the query parameter <c>min-position</c>
/// or the header <c>Consistency-Token</c>. With it a client reads its own writes.
/// </summary>
/// <param name="Position">The position; <see cref="LogPosition.Start"/> where the client asked for none.</param>
internal sealed record Freshness(LogPosition Position) : IBindableFromHttpContext<Freshness>
{
    public const string Header = "Consistency-Token";

    public const string Parameter = "min-position";

    private static readonly Freshness Any = new(LogPosition.Start);

    /// <summary>How long a query waits for its read model.</summary>
    public static TimeSpan Patience { get; } = TimeSpan.FromSeconds(5);

    public static ValueTask<Freshness?> BindAsync(HttpContext context, ParameterInfo parameter)
    {
        var query = context.Request.Query[Parameter];
        var sent = query.Count > 0 ? query.ToString() : context.Request.Headers[Header].ToString();
        return sent.Length == 0 ? new(Any)
            : LogPosition.TryParse(sent, out var position) && position != LogPosition.End ? new(new Freshness(position))
            : throw Problems.InvalidParameter(new Fault("?" + Parameter, "is not a position; give the Consistency-Token that a command answered with"));
    }

    /// <summary>What a query waits for.</summary>
    public Consistency Wanted => new(Position, Patience);

    /// <summary>The read model has not come so far in time.</summary>
    public ProblemException Behind() => Problems.Busy($"The read model has not reached position {Position} within {Patience.TotalSeconds:0} seconds.", "Try again, or leave the position out for what is known now. GET /v1/subscriptions shows the lag.");

    /// <summary>Tells the client what to wait for in later queries.</summary>
    public static void Answer(HttpContext context, LogPosition position) => context.Response.Headers[Header] = position.ToString();
}
