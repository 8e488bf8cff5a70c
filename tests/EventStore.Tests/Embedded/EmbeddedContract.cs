using EventStore.Tests.Contract;

namespace EventStore.Tests.Embedded;

public sealed class Embedded_appending : Appending<EmbeddedHarness>;
