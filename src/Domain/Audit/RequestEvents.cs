using AIaaS.EventStore;

namespace AIaaS.Domain.Audit;

/// <summary>Type <c>http.request.accepted</c>, stream <c>idempotency-{tenant}_{hash}</c>: a changing request came in under an idempotency key.</summary>
/// <param name="RequestHash">SHA-256 (hex) of method, path and body: tells a repetition from another request under the same key.</param>
/// <param name="Worker">The process that handles it.</param>
/// <param name="Until">Until when that process alone may handle it; afterwards it is taken for dead.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record RequestAccepted(string RequestHash, string Worker, DateTimeOffset Until, DateTimeOffset At) : DomainEvent;

/// <summary>Type <c>http.request.answered</c>: what the request was answered with; a repetition is answered the same.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Location">The <c>Location</c> header; null where there was none.</param>
/// <param name="Position">The <c>Consistency-Token</c> header; null where there was none.</param>
/// <param name="Body">The body, without secrets.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record RequestAnswered(int Status, string? Location, string? Position, string Body, DateTimeOffset At) : DomainEvent;
