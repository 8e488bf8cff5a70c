using AIaaS.EventStore;

namespace AIaaS.Domain.Sagas;

/// <summary>What sagas refuse.</summary>
public static class SagaErrors
{
    /// <summary>There is no such saga.</summary>
    public static DomainError Unknown(string saga) => new("unknown-saga", $"There is no saga '{saga}'.", "GET /v1/sagas lists the sagas of the tenant.", 404);

    /// <summary>The program does not hold the definition that the saga is on.</summary>
    public static DomainError UnknownDefinition(string saga, string name, string version) => new(
        "unknown-saga-definition",
        $"Saga '{saga}' is on version {version} of '{name}', which this program does not hold.",
        "Start a version of the program that does, then replay the dead letter.",
        422);

    /// <summary>What the step should have found out is needed by the steps behind it.</summary>
    public static DomainError OnlyLooksUp(string saga, string step) => new(
        "saga-step-needed",
        $"Step '{step}' of saga '{saga}' looks up what later steps work with; it cannot be seen to by other means.",
        "See to what kept it from answering, then resume with \"undone\": false, which looks it up again.",
        409);

    /// <summary>The saga is not parked.</summary>
    public static DomainError NotParked(string saga, SagaStatus status) => new(
        "saga-not-parked",
        $"Saga '{saga}' is {status.ToString().ToLowerInvariant()}, not parked, so there is nothing to resume.",
        "Parked is a saga whose compensation, or a step that must succeed, failed at each try. One that waits for an unknown call goes on when that call is resolved on the side-effect ledger.",
        409);
}
