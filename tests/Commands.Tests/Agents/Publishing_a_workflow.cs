using AIaaS.Commands.Agents;
using AIaaS.Domain.Agents;
using AIaaS.EventStore;

namespace Commands.Tests.Agents;

public sealed class Publishing_a_workflow
{
    private const string Inner =
        """
        workflow: inner
        nodes:
          - { id: start, type: start, next: look }
          - { id: look, type: tool, tool: look_up, input: { q: "{{ $.input.q }}" }, next: done, failed: person }
          - { id: done, type: end, outcome: answered, text: "Found {{ $.steps.look.x }}", output: { x: "{{ $.steps.look.x }}" } }
          - { id: person, type: handoff, reason: no-luck, text: A colleague takes over. }
        """;

    private const string Outer =
        """
        workflow: outer
        nodes:
          - { id: start, type: start, next: run }
          - { id: run, type: workflow, workflow: inner, input: { q: "{{ $.input.text }}" }, next: done }
          - { id: done, type: end, outcome: answered, text: "{{ $.steps.run.x }}" }
        """;

    private const string Overlay =
        """
        overlay: inner
        change:
          look: { tool: look_up_better }
        """;

    private static async Task<(RunWorld World, WorkflowService Service)> OpenAsync(string? path = null)
    {
        var world = await RunWorld.OpenAsync(path: path);
        return (world, new(world.Log, world.Types, world.Ids, TimeProvider.System, world.Workflows));
    }

    private static Task<WorkflowChange> PutAsync(WorkflowService service, string name, string yaml, bool activate = true, WorkflowDocumentKind kind = WorkflowDocumentKind.Workflow) =>
        service.PutAsync(kind, name, yaml, activate, "a test", RunWorld.As());

    [Test]
    public async Task links_what_it_runs_and_links_it_anew_when_that_changes()
    {
        var (world, service) = await OpenAsync();
        await using var _ = world;
        await PutAsync(service, "inner", Inner);
        var first = await PutAsync(service, "outer", Outer);
        var workflow = await world.Workflows.GetAsync(RunWorld.Tenant, "outer");
        workflow.Hash.Should().Be(first.Version);
        workflow.Nodes.Select(n => n.Id).Should().Equal("start", "done", "run", "run.done", "run.look", "run.person", "run.start");
        ((SubWorkflowNode)workflow.Find("run")!).Entry.Should().Be("run.start");
        ((EndNode)workflow.Find("run.done")!).Should().Match<EndNode>(n => n.Next == "done" && n.Scope == "run");
        workflow.Find("run.person")!.Targets.Should().BeEmpty("a hand-off ends the whole run");

        var overlay = await PutAsync(service, "better", Overlay, kind: WorkflowDocumentKind.Overlay);
        overlay.Activated.Keys.Should().Equal("inner", "outer");
        var second = await world.Workflows.GetAsync(RunWorld.Tenant, "outer");
        second.Hash.Should().Be(overlay.Activated["outer"]).And.NotBe(first.Version);
        ((ToolNode)second.Find("run.look")!).Tool.Should().Be("look_up_better");
        (await world.Workflows.FindVersionAsync(RunWorld.Tenant, "outer", first.Version!))!.Hash.Should().Be(first.Version, "versions stay");

        var back = await service.RemoveAsync(WorkflowDocumentKind.Overlay, "better", "no longer", RunWorld.As());
        back.Activated["outer"].Should().Be(first.Version);
        (await service.VersionsAsync(RunWorld.Tenant, "outer")).Should().HaveCount(2).And.ContainSingle(v => v.Active).Which.Version.Should().Be(first.Version);
    }

    [Test]
    public async Task is_for_its_tenant_only()
    {
        var (world, service) = await OpenAsync();
        await using var _ = world;
        var change = await PutAsync(service, "inner", Inner);
        (await world.Workflows.FindAsync("other", "inner")).Should().BeNull();
        (await world.Workflows.FindVersionAsync("other", "inner", change.Version!)).Should().BeNull();
        (await service.VersionsAsync("other", "inner")).Should().BeEmpty();
    }

    [Test]
    public async Task takes_the_place_of_a_shipped_one_until_it_is_rolled_back()
    {
        var (world, service) = await OpenAsync();
        await using var _ = world;
        var shipped = world.Workflows.Get("faq_handling");
        var one = await PutAsync(service, "faq_handling", Inner.Replace("workflow: inner", "workflow: faq_handling", StringComparison.Ordinal));
        var two = await PutAsync(service, "faq_handling", Inner.Replace("workflow: inner", "workflow: faq_handling\ndescription: two", StringComparison.Ordinal), activate: false);
        (await world.Workflows.GetAsync(RunWorld.Tenant, "faq_handling")).Hash.Should().Be(one.Version, "the second one was not activated");
        await service.ActivateAsync("faq_handling", two.Version!, "now", RunWorld.As());
        (await world.Workflows.GetAsync(RunWorld.Tenant, "faq_handling")).Hash.Should().Be(two.Version);
        (await service.FindSourceAsync(RunWorld.Tenant, "faq_handling")).Should().Contain("description: two");

        (await service.RollBackAsync("faq_handling", "worse", RunWorld.As())).Version.Should().Be(one.Version);
        (await service.RollBackAsync("faq_handling", "worse, too", RunWorld.As())).Version.Should().Be(shipped.Hash);
        (await service.FindSourceAsync(RunWorld.Tenant, "faq_handling")).Should().Be(world.Workflows.FindSource("faq_handling"));
        await service.Invoking(s => s.RollBackAsync("faq_handling", "again", RunWorld.As())).Should().ThrowAsync<DomainException>().Where(e => e.Error.Code == "no-version-before");
        await service.Invoking(s => s.ActivateAsync("faq_handling", new('0', 64), "what", RunWorld.As())).Should().ThrowAsync<DomainException>().Where(e => e.Error.Code == "unknown-workflow-version");
        (await service.ActivateAsync("faq_handling", one.Version!, "after all", RunWorld.As())).Activated.Should().ContainKey("faq_handling");
    }

    [Test]
    public async Task goes_back_with_what_runs_it()
    {
        var (world, service) = await OpenAsync();
        await using var _ = world;
        string InnerOf(string tool) => Inner.Replace("tool: look_up", "tool: " + tool, StringComparison.Ordinal);
        async Task<string> LinkedAsync() => ((ToolNode)(await world.Workflows.GetAsync(RunWorld.Tenant, "outer")).Find("run.look")!).Tool;
        var one = await PutAsync(service, "inner", InnerOf("one"));
        var outer = await PutAsync(service, "outer", Outer);
        await PutAsync(service, "inner", InnerOf("two"));
        await PutAsync(service, "inner", InnerOf("three"));
        (await LinkedAsync()).Should().Be("three");

        var back = await service.RollBackAsync("inner", "worse", RunWorld.As());
        back.Activated.Keys.Should().Equal("inner", "outer");
        back.Warnings.Should().BeEmpty();
        (await LinkedAsync()).Should().Be("two");
        (await service.FindSourceAsync(RunWorld.Tenant, "inner")).Should().Contain("tool: two");
        (await service.RollBackAsync("inner", "worse, too", RunWorld.As())).Activated["outer"].Should().Be(outer.Version);
        (await LinkedAsync()).Should().Be("one");

        var three = (await PutAsync(service, "inner", InnerOf("three"))).Version!;
        (await service.ActivateAsync("inner", one.Version!, "after all", RunWorld.As())).Activated["outer"].Should().Be(outer.Version);
        (await service.ActivateAsync("inner", three, "no, the other", RunWorld.As())).Activated.Keys.Should().Equal("inner", "outer");
        (await LinkedAsync()).Should().Be("three");
    }

    [Test]
    public async Task goes_back_with_a_shipped_one_that_runs_it()
    {
        var (world, service) = await OpenAsync();
        await using var _ = world;
        var before = (await world.Workflows.GetAsync(RunWorld.Tenant, "customer_support")).Hash;
        var put = await PutAsync(service, "payment", Inner.Replace("workflow: inner", "workflow: payment", StringComparison.Ordinal));
        put.Activated.Keys.Should().Equal("customer_support", "payment");
        var back = await service.RollBackAsync("payment", "worse", RunWorld.As());
        back.Activated["customer_support"].Should().Be(before);
        (await world.Workflows.GetAsync(RunWorld.Tenant, "customer_support")).Hash.Should().Be(before);
        (await service.FindSourceAsync(RunWorld.Tenant, "payment")).Should().Be(world.Workflows.FindSource("payment"));
    }

    [Test]
    public async Task says_which_others_stay_linked_with_what_it_was()
    {
        var (world, service) = await OpenAsync();
        await using var _ = world;
        await PutAsync(service, "inner", Inner);
        await PutAsync(service, "outer", Outer);
        await PutAsync(service, "inner", Inner.Replace("tool: look_up", "tool: two", StringComparison.Ordinal));
        await service.RollBackAsync("outer", "only this one", RunWorld.As());
        await PutAsync(service, "inner", Inner.Replace("tool: look_up", "tool: three", StringComparison.Ordinal));
        var back = await service.RollBackAsync("inner", "worse", RunWorld.As());
        back.Activated.Keys.Should().Equal("inner");
        back.Warnings.Should().ContainSingle(w => w.Contains("The workflow 'outer' runs 'inner'", StringComparison.Ordinal));
    }

    [Test]
    public async Task runs_in_other_processes_without_a_restart_and_after_one()
    {
        var folder = Directory.CreateTempSubdirectory("aiaas-publish-");
        try
        {
            string version;
            var (world, service) = await OpenAsync(folder.FullName);
            await using (world)
            {
                // Another catalogue on the same log stands for another process.
                var other = new WorkflowCatalog(world.Log, world.Types, world.Ids, TimeProvider.System);
                var watch = new WorkflowWatch(world.Log, other, TimeProvider.System);
                using var stop = new CancellationTokenSource();
                var watching = watch.RunAsync(stop.Token);
                (await other.FindAsync(RunWorld.Tenant, "inner")).Should().BeNull();
                version = (await PutAsync(service, "inner", Inner)).Version!;
                using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
                while ((await other.FindAsync(RunWorld.Tenant, "inner"))?.Hash != version)
                {
                    await Task.Delay(20, deadline.Token);
                }

                await stop.CancelAsync();
                await watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            var (again, _) = await OpenAsync(folder.FullName);
            await using (again)
            {
                (await again.Workflows.GetAsync(RunWorld.Tenant, "inner")).Hash.Should().Be(version);
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Test]
    public async Task is_refused_where_it_has_faults_or_breaks_what_uses_it()
    {
        var (world, service) = await OpenAsync();
        await using var _ = world;
        async Task<WorkflowFault> RefusedAsync(string name, string yaml, WorkflowDocumentKind kind = WorkflowDocumentKind.Workflow) =>
            (await service.Invoking(s => s.PutAsync(kind, name, yaml, true, "a test", RunWorld.As())).Should().ThrowAsync<InvalidWorkflowException>()).Which.Faults[0];

        (await RefusedAsync("outer", Outer)).Message.Should().Contain("There is no workflow 'inner'");
        await PutAsync(service, "inner", Inner);
        await PutAsync(service, "outer", Outer);
        var circle = await RefusedAsync("inner", Outer.Replace("workflow: inner", "workflow: outer", StringComparison.Ordinal).Replace("workflow: outer\nnodes", "workflow: inner\nnodes", StringComparison.Ordinal));
        circle.Message.Should().MatchRegex("in a circle: (inner → outer → inner|outer → inner → outer)\\.|has faults of its own");
        (await RefusedAsync("better", Overlay.Replace("look:", "lok:", StringComparison.Ordinal), WorkflowDocumentKind.Overlay)).Should().Match<WorkflowFault>(f => f.File == "overlays/better.yaml" && f.Line == 3 && f.Column == 3 && f.Hint.Contains("'look'"));
        (await RefusedAsync("better", Overlay.Replace("tool: look_up_better", "tol: x", StringComparison.Ordinal), WorkflowDocumentKind.Overlay)).Should().Match<WorkflowFault>(f => f.File == "overlays/better.yaml" && f.Line == 3 && f.Column == 11);
        (await RefusedAsync("better", Overlay + "\ntenant: other-tenant", WorkflowDocumentKind.Overlay)).Message.Should().Contain("for the tenant 'other-tenant'");
        (await RefusedAsync("better", Overlay.Replace("inner", "innr", StringComparison.Ordinal), WorkflowDocumentKind.Overlay)).Hint.Should().Contain("Did you mean 'inner'?");
        (await RefusedAsync("outer", Inner)).Message.Should().Contain("is named 'inner', and is put as 'outer'");
        (await RefusedAsync("outer", Overlay)).Message.Should().Contain("This is an overlay; a workflow is expected here.");
        var check = await service.CheckAsync(RunWorld.Tenant, Outer.Replace("next: done }\n  - { id: done", "next: don }\n  - { id: done", StringComparison.Ordinal));
        check.Faults.Should().ContainSingle().Which.Should().Match<WorkflowFault>(f => f.Line == 4 && f.Hint.Contains("'done'"));
        check.Workflow.Should().BeNull();
    }

    [Test]
    public async Task by_many_at_once_loses_none()
    {
        var (world, service) = await OpenAsync();
        await using var _ = world;
        await Task.WhenAll(Enumerable.Range(0, 4).Select(i => PutAsync(service, $"inner{i}", Inner.Replace("workflow: inner", $"workflow: inner{i}", StringComparison.Ordinal))));
        foreach (var i in Enumerable.Range(0, 4))
        {
            (await world.Workflows.FindAsync(RunWorld.Tenant, $"inner{i}")).Should().NotBeNull();
        }
    }
}
