using AIaaS.EventStore;
using Microsoft.Extensions.Logging.Abstractions;

namespace EventStore.Tests.Contract;

/// <summary>
/// Opens one engine for the contract tests. A server can be shared, so that its whole log holds other streams too:
/// tests use only streams and types that begin with <see cref="Prefix"/>.
/// </summary>
public abstract class EventStoreHarness : IAsyncDisposable
{
    private readonly IdSource ids = IdSource.From(TimeProvider.System);
    private int streams;

    protected EventStoreHarness() => Prefix = "t" + ids.NewId().ToString("N");

    /// <summary>What all streams and types of this test begin with.</summary>
    public string Prefix { get; }

    public IEventStore Store { get; private set; } = null!;

    /// <summary>The value of <see cref="EventStoreOptions.Engine"/>.</summary>
    protected abstract string Engine { get; }

    /// <summary>Whether <see cref="RestartAsync"/> restarts the engine; otherwise tests that need it are skipped by name.</summary>
    public virtual bool CanRestart => false;

    /// <summary>Why the engine cannot be tested here; null when it can.</summary>
    protected virtual string? Missing => null;

    protected virtual EventStoreOptions Options => new() { Engine = Engine };

    public async Task OpenAsync()
    {
        if (Missing is { } reason)
        {
            Assert.Ignore(reason);
        }

        if (EventStoreEngines.Find(Engine) is null)
        {
            Assert.Ignore($"This build holds no engine '{Engine}': its driver is not on the package feed.");
        }

        Store = await EventStoreEngines.OpenAsync(Options, TimeProvider.System, NullLoggerFactory.Instance);
    }

    public virtual async Task RestartAsync()
    {
        await Store.DisposeAsync();
        Store = await EventStoreEngines.OpenAsync(Options, TimeProvider.System, NullLoggerFactory.Instance);
    }

    public string NewStream() => $"{Prefix}-acme_{streams++:D4}";

    public Guid NewId() => ids.NewId();

    public NewEvent NewEvent(string data = "{}", string type = "happened", bool isJson = true) =>
        new(ids.NewId(), $"{Prefix}.{type}", System.Text.Encoding.UTF8.GetBytes(data), "{\"tenant\":\"acme\"}"u8.ToArray(), isJson);

    public NewEvent[] NewEvents(int count, string type = "happened") =>
        [.. Enumerable.Range(0, count).Select(i => NewEvent($"{{\"n\":{i}}}", type))];

    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (Store is not null)
        {
            await Store.DisposeAsync();
        }
    }
}

/// <summary>The embedded engine in a folder of its own.</summary>
public sealed class EmbeddedHarness : EventStoreHarness
{
    private readonly TempFolder folder = new();

    public override bool CanRestart => true;

    protected override string Engine => "embedded";

    protected override EventStoreOptions Options => base.Options with { DataFolder = folder.Path };

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        folder.Dispose();
    }
}
