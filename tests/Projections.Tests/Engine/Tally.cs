using System.Collections.Immutable;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using AIaaS.Domain.Tenants;
using AIaaS.EventStore;

namespace AIaaS.Projections.Tests.Engine;

/// <summary>A document that shows in which order which events came: any lost, doubled or swapped one changes it.</summary>
public sealed record Tally(string Tenant, int Count, ImmutableArray<string> Names);

[JsonSerializable(typeof(Tally))]
internal sealed partial class TallyJson : JsonSerializerContext;

/// <summary>One document a stream, and one that all streams of a tenant touch; fails at events that are named poison.</summary>
public sealed class TallyProjection(int version = 1, Func<string, bool>? isPoison = null, string prefix = "") : Projection<Tally>
{
    public const string Shared = "shared";

    public override string Name => "Tally";

    public override int Version => version;

    public override IReadOnlyList<string> EventTypePrefixes { get; } = ["tenant.created"];

    public override JsonTypeInfo<Tally> Json => TallyJson.Default.Tally;

    public override IReadOnlyDictionary<string, FieldKind> Fields { get; } = new Dictionary<string, FieldKind> { ["Tenant"] = FieldKind.Text, ["Count"] = FieldKind.Number };

    public override IReadOnlyList<IReadOnlyList<string>> Indexes { get; } = [["Tenant", "Count"]];

    public override IEnumerable<string> KeysOf(EventEnvelope envelope) =>
        [DocumentId.OfStream(envelope)!, .. envelope.Recorded.Stream.EndsWith("shared", StringComparison.Ordinal) ? [DocumentId.Of(envelope.Tenant, Shared)] : Array.Empty<string>()];

    public override Tally? Apply(string id, Tally? document, EventEnvelope envelope)
    {
        var name = ((TenantCreated)envelope.Event).Name;
        if (isPoison?.Invoke(name) is true)
        {
            throw new InvalidOperationException($"{name} cannot be handled");
        }

        var before = document ?? new(envelope.Tenant, 0, []);
        return name == "delete" ? null : before with { Count = before.Count + 1, Names = before.Names.Add(prefix + name) };
    }
}
