using EventStore.Tests.Contract;

namespace EventStore.Tests.Embedded;

public sealed class Embedded_appending : Appending<EmbeddedHarness>;

public sealed class Embedded_reading : Reading<EmbeddedHarness>;

public sealed class Embedded_deleting : Deleting<EmbeddedHarness>;

public sealed class Embedded_keeping_by_metadata : Keeping_by_metadata<EmbeddedHarness>;

public sealed class Embedded_subscribing : Subscribing<EmbeddedHarness>;

public sealed class Embedded_consuming_in_groups : Consuming_in_groups<EmbeddedHarness>;
