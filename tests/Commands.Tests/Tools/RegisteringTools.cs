using System.Collections.Immutable;
using System.Net;
using AIaaS.Commands.Agents;
using AIaaS.Commands.Tools;
using AIaaS.Domain;
using AIaaS.Domain.Agents;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;
using Commands.Tests.Support;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;

namespace Commands.Tests.Tools;

/// <summary>A process with its registry, on a log that others may share.</summary>
internal sealed class ToolWorld : IAsyncDisposable
{
    private readonly ToolNetwork network = new(new() { Allowed = [IPNetwork.Parse("127.0.0.0/8")] });
    private readonly McpSessions mcp;
    private readonly ToolTelemetry telemetry = new();

    public ToolWorld(IEventStore log, TimeProvider time, params ITool[] builtIn)
    {
        Log = log;
        Ids = IdSource.From(TimeProvider.System);
        var configuration = new ConfigurationBuilder().Build();
        var secrets = new ToolSecrets(configuration);
        mcp = new(network, secrets, configuration, NullLoggerFactory.Instance);
        Registry = new(builtIn, new(network, secrets, mcp, time), log, Types, new ParkingLot(log), time);
        Executor = new(time, telemetry);
        Service = new(log, Types, Ids, Registry);
        Operators = new(log, Types, Ids, time, Registry, Executor);
        Resolution = new(new(log, Types), log, Types, Ids, time, Registry);
    }

    public static EventTypes Types { get; } = DomainEventTypes.Create();

    public IEventStore Log { get; }

    public IdSource Ids { get; }

    public ToolRegistry Registry { get; }

    public ToolExecutor Executor { get; }

    public ToolService Service { get; }

    public OperatorCalls Operators { get; }

    public ToolResolution Resolution { get; }

    public static ToolAdapter Adapter(string url = "http://127.0.0.1:9/") => new(Http: new("POST", url));

    public static ToolManifest Manifest(string version = "1.0.0", string name = "crm") => new(name, version, "The CRM.", "true", "true") { SideEffect = true };

    public Task<CommandResult<RegisteredTool>> RegisterAsync(ToolManifest manifest, ToolAdapter? adapter = null, string tenant = "acme") =>
        Service.RegisterAsync(new(tenant, manifest, adapter ?? Adapter(), DateTimeOffset.UnixEpoch), new(tenant, "k1"));

    public async Task<List<object>> EventsAsync(string stream)
    {
        var events = new List<object>();
        await foreach (var recorded in Log.ReadStreamOrEmptyAsync(stream))
        {
            events.Add(Types.Read(recorded.Type, recorded.Data.Span));
        }

        return events;
    }

    public async ValueTask DisposeAsync()
    {
        await Executor.DisposeAsync();
        await mcp.DisposeAsync();
        network.Dispose();
        telemetry.Dispose();
    }
}

/// <summary>A log in a folder of its own, and a process on it.</summary>
public abstract class WithTools
{
    private TemporaryLog log = null!;

    internal ToolWorld World { get; private set; } = null!;

    internal ScriptedTool Charge { get; private set; } = null!;

    internal ScriptedTool Find { get; private set; } = null!;

    [SetUp]
    public async Task Open()
    {
        log = await TemporaryLog.OpenAsync();
        Charge = new(CallingATool.Writing with { Name = "charge", Output = """{"type":"object"}""" }, CallingATool.Silent);
        Find = new(CallingATool.Reading with { Name = "find" }, CallingATool.Succeeds());
        World = Another();
    }

    [TearDown]
    public async Task Close()
    {
        await World.DisposeAsync();
        await log.DisposeAsync();
    }

    internal ToolWorld Another() => new(log.Store, TimeProvider.System, Charge, Find);

    internal static async Task<DomainError> RefusalOfAsync(Func<Task> act) => (await FluentActions.Awaiting(act).Should().ThrowAsync<DomainException>()).Which.Error;
}

public sealed class A_registered_tool : WithTools
{
    [Test]
    public async Task is_found_at_once_by_its_tenant_only()
    {
        await World.RegisterAsync(ToolWorld.Manifest());
        World.Registry.Find("acme", "crm")!.Manifest.Should().Be(ToolWorld.Manifest());
        World.Registry.Find("other", "crm").Should().BeNull();
        World.Registry.List("other").Select(m => m.Name).Should().Equal("charge", "find");
    }

    [Test]
    public async Task has_several_versions_of_which_the_newest_is_taken()
    {
        foreach (var version in new[] { "1.10.0", "1.9.0", "1.2.11" })
        {
            await World.RegisterAsync(ToolWorld.Manifest(version));
        }

        World.Registry.Find("acme", "crm")!.Manifest.Version.Should().Be("1.10.0");
        World.Registry.Find("acme", "crm", "1.9.0")!.Manifest.Version.Should().Be("1.9.0");
        World.Registry.Find("acme", "crm", "2.0.0").Should().BeNull();
    }

    [Test]
    public async Task never_changes_under_one_version()
    {
        await World.RegisterAsync(ToolWorld.Manifest());
        (await World.RegisterAsync(ToolWorld.Manifest())).Events.Should().BeEmpty();
        (await RefusalOfAsync(() => World.RegisterAsync(ToolWorld.Manifest() with { Description = "Another." }))).Code.Should().Be("tool-version-taken");
        (await RefusalOfAsync(() => World.RegisterAsync(ToolWorld.Manifest(), ToolWorld.Adapter("http://127.0.0.1:10/")))).Status.Should().Be(409);
    }

    [Test]
    public async Task that_is_deprecated_says_what_to_use_instead_and_gives_way_to_another_version()
    {
        await World.RegisterAsync(ToolWorld.Manifest());
        await World.RegisterAsync(ToolWorld.Manifest("2.0.0"));
        await World.Service.DeprecateAsync(new("acme", "crm", "2.0.0", "version 1.0.0", DateTimeOffset.UnixEpoch), new("acme", "k1"));
        World.Registry.Find("acme", "crm")!.Manifest.Version.Should().Be("1.0.0");
        World.Registry.Find("acme", "crm", "2.0.0")!.Manifest.Deprecated.Should().Be("version 1.0.0");
    }

    [Test]
    public async Task that_is_removed_is_gone_and_keeps_its_number()
    {
        await World.RegisterAsync(ToolWorld.Manifest());
        await World.Service.RemoveAsync(new("acme", "crm", "1.0.0", DateTimeOffset.UnixEpoch), new("acme", "k1"));
        World.Registry.Find("acme", "crm").Should().BeNull();
        (await RefusalOfAsync(() => World.RegisterAsync(ToolWorld.Manifest() with { Description = "Another." }))).Code.Should().Be("tool-version-taken");
        await World.RegisterAsync(ToolWorld.Manifest());
        World.Registry.Find("acme", "crm").Should().NotBeNull();
    }

    [Test]
    public async Task is_found_in_another_process()
    {
        await World.RegisterAsync(ToolWorld.Manifest());
        await using var other = Another();
        other.Registry.Find("acme", "crm").Should().BeNull();
        (await other.Registry.FindAsync("acme", "crm"))!.Manifest.Version.Should().Be("1.0.0");
    }

    [Test]
    public async Task is_followed_by_other_processes()
    {
        await using var other = Another();
        using var stop = new CancellationTokenSource();
        var following = other.Registry.RunAsync(stop.Token);
        await World.RegisterAsync(ToolWorld.Manifest());
        var last = await World.Service.DeprecateAsync(new("acme", "crm", "1.0.0", "nothing", DateTimeOffset.UnixEpoch), new("acme", "k1"));
        (await other.Registry.WaitForAsync(last.Position, TimeSpan.FromSeconds(10))).Should().BeTrue();
        other.Registry.Find("acme", "crm")!.Manifest.Deprecated.Should().Be("nothing");
        await stop.CancelAsync();
        await following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    [Test]
    public async Task cannot_take_the_name_of_a_tool_of_the_platform() =>
        (await RefusalOfAsync(() => World.RegisterAsync(ToolWorld.Manifest(name: "charge")))).Code.Should().Be("tool-name-taken");
}

public sealed class A_registration_that_cannot_be_used : WithTools
{
    private static readonly ToolManifest Good = ToolWorld.Manifest();

    private static IEnumerable<TestCaseData> Manifests()
    {
        yield return new TestCaseData(Good with { Name = "Crm" }).SetArgDisplayNames("name");
        yield return new TestCaseData(Good with { Name = new('a', 101) }).SetArgDisplayNames("long name");
        yield return new TestCaseData(Good with { Name = "a_b/../c" }).SetArgDisplayNames("path in name");
        yield return new TestCaseData(Good with { Version = "1.0" }).SetArgDisplayNames("version");
        yield return new TestCaseData(Good with { Version = "01.0.0" }).SetArgDisplayNames("leading zero");
        yield return new TestCaseData(Good with { Version = "99999999999.0.0" }).SetArgDisplayNames("large version");
        yield return new TestCaseData(Good with { Input = """{"type":"nonsense"}""" }).SetArgDisplayNames("schema");
        yield return new TestCaseData(Good with { Output = "{" }).SetArgDisplayNames("no JSON");
        yield return new TestCaseData(Good with { Input = """{"$ref":"https://example.com/schema"}""" }).SetArgDisplayNames("remote reference");
        yield return new TestCaseData(Good with { Input = "{\"not\":" + string.Concat(Enumerable.Repeat("{\"not\":", 5_000)) + "{}" + new string('}', 5_001) }).SetArgDisplayNames("deep schema");
        yield return new TestCaseData(Good with { Input = $$"""{"description":"{{new string('x', 70_000)}}"}""" }).SetArgDisplayNames("huge schema");
        yield return new TestCaseData(Good with { TimeoutMs = 0 }).SetArgDisplayNames("time-out");
        yield return new TestCaseData(Good with { Bulkhead = 1_001 }).SetArgDisplayNames("bulkhead");
        yield return new TestCaseData(Good with { SideEffect = false, Compensation = "undo" }).SetArgDisplayNames("compensation of nothing");
        yield return new TestCaseData(Good with { Deprecated = "x" }).SetArgDisplayNames("deprecated from the start");
    }

    private static IEnumerable<TestCaseData> Adapters()
    {
        yield return Case("none", new());
        yield return Case("two", new(Http: new("GET", "http://a.example/"), Webhook: new("http://a.example/", "X")));
        yield return Case("method", new(Http: new("TRACE", "http://a.example/")));
        yield return Case("file", new(Http: new("GET", "file:///etc/passwd")));
        yield return Case("host by template", new(Http: new("GET", "http://{{ $.input.host }}/")));
        yield return Case("host begun by template", new(Http: new("GET", "http://a{{ $.input.host }}/")));
        yield return Case("port by template", new(Http: new("GET", "http://a.example:{{ $.input.port }}/")));
        yield return Case("user in address", new(Http: new("GET", "http://user:secret@a.example/")));
        yield return Case("secret in the log", Header("Authorization", "Bearer abc"));
        yield return Case("header of the platform", Header("Idempotency-Key", "x"));
        yield return Case("host header", Header("Host", "x"));
        yield return Case("header name", Header("X\r\nY", "x"));
        yield return Case("header value", Header("X-Y", "a\r\nb: c"));
        yield return Case("header template", Header("X-Y", "{{ $.input. }}"));
        yield return Case("body template", new(Http: new("POST", "http://a.example/") { Body = CallingATool.Json("""{"a":"{{ nope( }}"}""") }));
        yield return Case("status", new(Http: new("POST", "http://a.example/") { Statuses = ImmutableSortedDictionary<string, string>.Empty.Add("409", "fine") }));
        yield return Case("webhook secret", new(Webhook: new("http://a.example/", "whsec_abc")));
        yield return Case("MCP without place", new(Mcp: new("x")));
        yield return Case("mail password in the clear", new(Email: new("mail.example", 25, "a@b.example", "x", "y", "z") { Security = MailSecurity.None, User = "u", Password = "P" }));
        yield return Case("mail sender", new(Email: new("mail.example", 25, "a@b.example>\r\nX: y", "x", "y", "z")));

        static TestCaseData Case(string name, ToolAdapter adapter) => new TestCaseData(adapter).SetArgDisplayNames(name);

        static ToolAdapter Header(string name, string value) => new(Http: new("GET", "http://a.example/") { Headers = ImmutableSortedDictionary<string, string>.Empty.Add(name, value) });
    }

    [TestCaseSource(nameof(Manifests))]
    public async Task for_its_manifest_is_refused(ToolManifest manifest)
    {
        (await RefusalOfAsync(() => World.RegisterAsync(manifest))).Code.Should().Be("tool-invalid");
        (await World.EventsAsync(RegisteredTool.Stream("acme", "crm"))).Should().BeEmpty();
    }

    [TestCaseSource(nameof(Adapters))]
    public async Task for_its_adapter_is_refused(ToolAdapter adapter)
    {
        (await RefusalOfAsync(() => World.RegisterAsync(Good, adapter))).Code.Should().Be("tool-invalid");
        (await World.EventsAsync(RegisteredTool.Stream("acme", "crm"))).Should().BeEmpty();
    }
}

public sealed class A_call_by_an_operator : WithTools
{
    private static CommandContext By(string key) => new("acme", "key:k1", key, "c1");

    [Test]
    public async Task is_recorded_before_it_leaves_and_after_it()
    {
        var call = await World.Operators.CallAsync("find", null, CallingATool.Json("""{"a":1}"""), By("a"));
        var events = await World.EventsAsync(OperatorCalls.Stream("acme", call.Id));
        events.Select(e => e.GetType()).Should().Equal(typeof(ToolCallRequested), typeof(ToolCallSucceeded));
        ((ToolCallRequested)events[0]).RequestHash.Should().Be(ToolRequest.Hash("find", "1.0.0", CallingATool.Json("""{"a":1}""")));
    }

    [Test]
    public async Task that_is_repeated_is_made_once()
    {
        var first = await World.Operators.CallAsync("charge", null, CallingATool.Json("{}"), By("a"));
        var again = await World.Operators.CallAsync("charge", null, CallingATool.Json("{}"), By("a"));
        (again.Id, again.Entry.State, Charge.Calls).Should().Be((first.Id, ToolCallState.Unknown, 1));
    }

    [Test]
    public async Task under_a_key_of_another_call_is_refused()
    {
        await World.Operators.CallAsync("find", null, CallingATool.Json("{}"), By("a"));
        (await RefusalOfAsync(() => World.Operators.CallAsync("find", null, CallingATool.Json("""{"b":1}"""), By("a")))).Code.Should().Be("idempotency-key-reused");
        (await RefusalOfAsync(() => World.Operators.CallAsync("charge", null, CallingATool.Json("{}"), By("a")))).Code.Should().Be("idempotency-key-reused");
    }

    [Test]
    public async Task that_was_interrupted_is_unknown_where_it_may_have_done_something()
    {
        var stream = await InterruptedAsync("charge", sideEffect: true);
        var call = await World.Operators.CallAsync("charge", null, CallingATool.Json("{}"), By("a"));
        (call.Entry.State, Charge.Calls, stream).Should().Be((ToolCallState.Unknown, 0, OperatorCalls.Stream("acme", call.Id).Value));
    }

    [Test]
    public async Task that_was_interrupted_is_made_again_where_it_changes_nothing()
    {
        await InterruptedAsync("find", sideEffect: false);
        (await World.Operators.CallAsync("find", null, CallingATool.Json("{}"), By("a"))).Entry.State.Should().Be(ToolCallState.Succeeded);
    }

    private async Task<string> InterruptedAsync(string tool, bool sideEffect)
    {
        var stream = OperatorCalls.Stream("acme", NamedId.Of("tool-call", "acme", "a").ToString("N"));
        var requested = new ToolCallRequested("call/1/1", "call", tool, "1.0.0", CallingATool.Json("{}"), ToolRequest.Hash(tool, "1.0.0", CallingATool.Json("{}")), "key", sideEffect, false, null, DateTimeOffset.UnixEpoch);
        await World.Log.AppendAsync(stream, ExpectedVersion.NoStream, [ToolWorld.Types.Write(World.Ids.NewId(), requested, new EventMetadata { Tenant = "acme" })]);
        return stream;
    }
}

public sealed class An_unknown_call : WithTools
{
    private static readonly CommandContext By = new("acme", "key:k1", "r1");
    private StreamName stream;

    [SetUp]
    public async Task Make()
    {
        var call = await World.Operators.CallAsync("charge", null, CallingATool.Json("{}"), new("acme", "key:k1", "a"));
        stream = OperatorCalls.Stream("acme", call.Id);
    }

    [Test]
    public async Task is_resolved_by_a_person_once()
    {
        await World.Resolution.ResolveAsync(stream, "call/1/1", true, CallingATool.Json("""{"payment":"p1"}"""), "seen in the console", By);
        var resolved = (await World.EventsAsync(stream)).Last().Should().BeOfType<ToolCallResolved>().Subject;
        (resolved.Succeeded, resolved.Reason, resolved.Actor).Should().Be((true, "seen in the console", "key:k1"));
        (await World.Resolution.ResolveAsync(stream, "call/1/1", true, CallingATool.Json("""{"payment":"p1"}"""), "seen in the console", By)).Repeated.Should().BeTrue();
        var refused = await RefusalOfAsync(() => World.Resolution.ResolveAsync(stream, "call/1/1", false, null, "no", By with { IdempotencyKey = "r2" }));
        (refused.Code, refused.Status).Should().Be(("side-effect-not-unknown", 409));
    }

    [Test]
    public async Task is_resolved_once_by_many_at_the_same_time()
    {
        var tries = await Task.WhenAll(Enumerable.Range(0, 20).Select(async i =>
        {
            try
            {
                await World.Resolution.ResolveAsync(stream, "call/1/1", i % 2 == 0, null, "seen", By with { IdempotencyKey = $"r{i}" });
                return true;
            }
            catch (DomainException)
            {
                return false;
            }
        }));
        tries.Count(t => t).Should().Be(1);
        (await World.EventsAsync(stream)).OfType<ToolCallResolved>().Should().ContainSingle();
    }

    [Test]
    public async Task takes_no_output_that_is_none_of_the_tools()
    {
        (await RefusalOfAsync(() => World.Resolution.ResolveAsync(stream, "call/1/1", true, CallingATool.Json("7"), "seen", By))).Code.Should().Be("resolution-invalid");
        (await RefusalOfAsync(() => World.Resolution.ResolveAsync(stream, "call/1/1", false, CallingATool.Json("{}"), "seen", By))).Code.Should().Be("resolution-invalid");
    }

    [Test]
    public async Task of_another_tenant_is_none() =>
        (await RefusalOfAsync(() => World.Resolution.ResolveAsync(stream, "call/1/1", true, null, "seen", By with { Tenant = "other" }))).Status.Should().Be(404);

    [Test]
    public async Task is_sought_in_streams_of_calls_only() =>
        (await RefusalOfAsync(() => World.Resolution.ResolveAsync(RegisteredTool.Stream("acme", "crm"), "call/1/1", true, null, "seen", By))).Status.Should().Be(404);
}

public sealed class An_event_from_outside : WithTools
{
    [Test]
    public async Task carries_the_hash_chain_of_a_run_on()
    {
        var stream = Run.Stream("acme", "r1");
        var chain = EpisodeChain.Begin(stream);
        var metadata = new EventMetadata { Tenant = "acme", Actor = "worker" };
        DomainEvent[] events =
        [
            new ToolCallRequested("a/1/1", "a", "charge", "1.0.0", CallingATool.Json("{}"), new('0', 64), "key", true, false, null, DateTimeOffset.UnixEpoch),
            new ToolCallUnknown("a/1/1", "a", "charge", "no answer", DateTimeOffset.UnixEpoch),
        ];
        var written = new List<NewEvent>();
        foreach (var @event in events)
        {
            var plain = ToolWorld.Types.Write(World.Ids.NewId(), @event, metadata);
            (chain, var linked) = EpisodeChain.Seal(chain, plain.Type, plain.Data.Span, metadata);
            written.Add(plain with { Metadata = linked });
        }

        await World.Log.AppendAsync(stream, ExpectedVersion.NoStream, written);
        await World.Resolution.ResolveAsync(stream, "a/1/1", false, null, "asked by telephone", new("acme", "key:k1", "r1"));
        var value = EpisodeChain.Begin(stream);
        var types = new List<string>();
        await foreach (var recorded in World.Log.ReadStreamAsync(stream))
        {
            var read = EventMetadata.Read(recorded.Metadata.Span);
            (value, var linked) = EpisodeChain.Seal(value, recorded.Type, recorded.Data.Span, read);
            recorded.Metadata.ToArray().Should().Equal(linked);
            types.Add(recorded.Type);
        }

        types.Should().Equal("tool.call.requested", "tool.call.unknown", "tool.call.resolved");
    }
}
