using System.Globalization;

namespace AIaaS.EventStore;

/// <summary>The ids of a command's events: a function of the idempotency key, so that a repetition is recognised by them.</summary>
public static class CommandEventId
{
    /// <summary>The id of the event with this index among those that the command writes to the stream.</summary>
    public static Guid Of(string stream, string idempotencyKey, int index) =>
        NamedId.Of("command", stream, idempotencyKey, index == 0 ? "0" : index.ToString(CultureInfo.InvariantCulture));
}
