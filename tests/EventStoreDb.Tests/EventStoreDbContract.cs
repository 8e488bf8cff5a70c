using EventStore.Tests.Contract;

namespace AIaaS.EventStoreDb.Tests;

public sealed class EventStoreDb_appending : Appending<EventStoreDbHarness>;

public sealed class EventStoreDb_reading : Reading<EventStoreDbHarness>;

public sealed class EventStoreDb_deleting : Deleting<EventStoreDbHarness>;

public sealed class EventStoreDb_keeping_by_metadata : Keeping_by_metadata<EventStoreDbHarness>;

public sealed class EventStoreDb_subscribing : Subscribing<EventStoreDbHarness>;

public sealed class EventStoreDb_consuming_in_groups : Consuming_in_groups<EventStoreDbHarness>;
