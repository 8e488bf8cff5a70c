using AIaaS.Projections.Tests.Store;

namespace AIaaS.Projections.MongoDb.Tests;

public sealed class MongoDb_new_collection : A_new_collection<MongoDbHarness>;

public sealed class MongoDb_written_documents : Written_documents<MongoDbHarness>;

public sealed class MongoDb_collection_that_moves_on : A_collection_that_moves_on<MongoDbHarness>;

public sealed class MongoDb_deleted_document : A_deleted_document<MongoDbHarness>;

public sealed class MongoDb_filter : A_filter<MongoDbHarness>;

public sealed class MongoDb_sorting_and_paging : Sorting_and_paging<MongoDbHarness>;

public sealed class MongoDb_dropped_collection : A_dropped_collection<MongoDbHarness>;

public sealed class MongoDb_active_collection : The_active_collection<MongoDbHarness>;

public sealed class MongoDb_readers_beside_writers : Readers_beside_writers<MongoDbHarness>;
