using AIaaS.Commands.Agents;
using AIaaS.Commands.Budgets;
using AIaaS.Commands.Knowledge;
using AIaaS.Commands.Routing;
using AIaaS.Commands.Tools;
using AIaaS.Domain;
using AIaaS.Domain.Agents;
using AIaaS.Domain.Budgets;
using AIaaS.Domain.Tools;
using AIaaS.EventStore;
using Commands.Tests.Agents;
using static Commands.Tests.Budgets.BudgetWorld;

namespace Commands.Tests.Budgets;

/// <summary>Runs whose money budgets limit.</summary>
public sealed class A_run_with_a_budget
{
    private const string Question = "How many days do I have to return an item?";

    private const string Buying =
        """
        workflow: work
        nodes:
          - { id: start, type: start, next: buy }
          - { id: buy, type: tool, tool: buy, input: { n: 1 }, next: again, failed: sorry }
          - { id: again, type: tool, tool: buy, input: { n: 2 }, next: done }
          - { id: done, type: end, outcome: answered, text: "Bought." }
          - { id: sorry, type: end, outcome: answered, text: "Not bought: {{ $.steps.buy.error.code }}" }
        """;

    private RunWorld world = null!;
    private BudgetParts budgets = null!;
    private RunEngine engine = null!;

    private static DecidedModel Answers() => new((_, _, _) => Task.FromResult(DecidedModel.Cited("returns-policy", "You can return an item within 30 days of delivery.", 0.95)));

    private async Task OpenAsync(IModelClient? model = null, string? yaml = null, IToolRegistry? tools = null)
    {
        world = await RunWorld.OpenAsync(model, yaml: yaml, tools: tools);
        budgets = new(world.Log, world.Types);
        engine = new(world.Log, world.Types, world.Workflows, world.Models, world.Retriever, world.Ids, TimeProvider.System, world.Telemetry, null, null, tools, world.Executor, null, null, budgets.Ledger);
    }

    [TearDown]
    public async Task Close()
    {
        await engine.DisposeAsync();
        await budgets.DisposeAsync();
        await world.DisposeAsync();
    }

    private async Task<RunCompleted> RunAsync(string workflow = "faq_handling", string text = Question, string actor = "key:k1", string? customer = null)
    {
        var accepted = await new RunStarter(engine, world.Workflows, world.Ids, TimeProvider.System).StartAsync(new(workflow, Text: text, Customer: customer), new(RunWorld.Tenant, actor));
        Last = accepted.Run;
        return await engine.ExecuteAsync(RunWorld.Tenant, accepted.Run);
    }

    private string Last { get; set; } = "";

    private async Task<BudgetPeriod> SettledAsync(string budget)
    {
        var state = BudgetPeriod.Initial;
        await UntilAsync(
            async () =>
            {
                state = BudgetPeriod.Initial;
                await foreach (var e in world.Log.ReadAllAsync(filter: EventFilter.Streams($"budgetPeriod-{RunWorld.Tenant}_{budget}.")))
                {
                    state = state.Evolve(world.Types.Read(e.Type, e.Data.Span));
                }

                return state.Open.IsEmpty;
            },
            "no reservation is open");
        return state;
    }

    [Test]
    public async Task reserves_before_each_call_and_settles_what_it_cost()
    {
        await OpenAsync(Answers());
        await budgets.Service.DefineAsync(RunWorld.Tenant, "all", Terms(1), false, As());
        var run = await RunAsync();
        run.Outcome.Should().Be(RunOutcome.Answered);
        var asked = (await world.RunEventsAsync(Last)).OfType<ModelCallRequested>().Single();
        asked.Reserved!.Value.Should().ContainSingle().Which.Budget.Should().Be("all");
        (await SettledAsync("all")).Settled.Should().Be(run.Cost);
        await world.ReplaysAsync(Last);
    }

    [Test]
    public async Task is_made_cheaper_where_the_money_runs_low_and_replays_bit_exact()
    {
        await OpenAsync(Answers());
        await RunAsync();
        var whole = (await world.RunEventsAsync(Last)).OfType<ModelCallRequested>().First().WorstCase;
        await budgets.Service.DefineAsync(RunWorld.Tenant, "all", Terms(decimal.Round(whole.Amount * 0.8m, 9)), false, As());
        (await RunAsync()).Outcome.Should().Be(RunOutcome.Answered);
        var asked = (await world.RunEventsAsync(Last)).OfType<ModelCallRequested>().First();
        asked.Degraded.Should().StartWith("budget-exhausted: ").And.Contain("budget 'all'");
        asked.WorstCase.Amount.Should().BeLessThan(whole.Amount);
        await world.ReplaysAsync(Last);
    }

    [Test]
    public async Task is_cut_by_name_where_there_is_none_and_replays_bit_exact()
    {
        await OpenAsync(Answers());
        await budgets.Service.DefineAsync(RunWorld.Tenant, "tiny", Terms(0.000001m), false, As());
        var run = await RunAsync();
        (run.Outcome, run.Reason).Should().Be((RunOutcome.Cut, "budget-exhausted"));
        run.Detail.Should().Contain("0.000001 USD are left in the budget 'tiny'");
        (await world.RunEventsAsync(Last)).OfType<ModelCallRequested>().Should().BeEmpty("nothing left");
        await world.ReplaysAsync(Last);
        (await SettledAsync("tiny")).IsExhausted.Should().BeTrue();
    }

    [Test]
    public async Task is_limited_by_those_of_its_key_its_workflow_and_its_customer_alone()
    {
        await OpenAsync(Answers());
        await budgets.Service.DefineAsync(RunWorld.Tenant, "key", Terms(0.000001m, scope: BudgetScope.Key, of: "k2"), false, As());
        await budgets.Service.DefineAsync(RunWorld.Tenant, "customer", Terms(0.000001m, scope: BudgetScope.Customer, of: "ada"), false, As());
        await budgets.Service.DefineAsync(RunWorld.Tenant, "flow", Terms(0.000001m, scope: BudgetScope.Workflow, of: "other"), false, As());
        (await RunAsync()).Outcome.Should().Be(RunOutcome.Answered);
        (await RunAsync(actor: "key:k2")).Detail.Should().Contain("'key'");
        (await RunAsync(customer: "ada")).Detail.Should().Contain("'customer'");
        (await RunAsync(customer: "bob")).Outcome.Should().Be(RunOutcome.Answered);
    }

    [Test]
    public async Task spends_nothing_when_it_is_forked()
    {
        await OpenAsync(Answers());
        await budgets.Service.DefineAsync(RunWorld.Tenant, "all", Terms(1), false, As());
        var run = await RunAsync();
        var forker = new Forker(engine, world.Episodes, world.Types, world.Workflows, world.Models, world.Ids, TimeProvider.System);
        var fork = await forker.ForkAsync(new(Last, "answer"), RunWorld.As());
        await engine.ExecuteAsync(RunWorld.Tenant, fork.Run);
        (await world.RunEventsAsync(fork.Run)).OfType<ModelCallRequested>().Should().OnlyContain(e => e.Reserved == null);
        (await SettledAsync("all")).Settled.Should().Be(run.Cost);
        await world.ReplaysAsync(fork.Run);
    }

    [Test]
    public async Task pays_for_tools_that_have_a_price()
    {
        var tools = new TestTools().Changes("buy", m => m with { Price = Money.Usd(0.25m) });
        await OpenAsync(yaml: Buying, tools: tools);
        await budgets.Service.DefineAsync(RunWorld.Tenant, "all", Terms(0.5m), false, As());
        (await RunAsync("work")).Answer.Should().Be("Bought.");
        (await world.RunEventsAsync(Last)).OfType<ToolCallSucceeded>().Select(e => e.Cost).Should().AllBeEquivalentTo(Money.Usd(0.25m));
        (await SettledAsync("all")).Settled.Should().Be(Money.Usd(0.5m));
        await world.ReplaysAsync(Last);
        (await RunAsync("work")).Answer.Should().Be("Not bought: budget-exhausted");
        tools.Done.Should().HaveCount(2);
        await world.ReplaysAsync(Last);
    }

    [Test]
    public async Task ends_where_a_tool_that_it_cannot_pay_leads_nowhere_else()
    {
        await OpenAsync(yaml: Buying, tools: new TestTools().Changes("buy", m => m with { Price = Money.Usd(0.25m) }));
        await budgets.Service.DefineAsync(RunWorld.Tenant, "all", Terms(0.3m), false, As());
        var run = await RunAsync("work");
        (run.Outcome, run.Reason).Should().Be((RunOutcome.Cut, "budget-exhausted"));
        run.Detail.Should().Contain("budget 'all'");
        await world.ReplaysAsync(Last);
    }

    [Test]
    public async Task is_billed_nothing_for_a_call_that_nobody_knows_the_outcome_of()
    {
        await OpenAsync(yaml: Buying, tools: new TestTools().Add("buy", (_, _) => Task.FromResult<ToolOutcome>(new ToolOutcome.Unknown("no answer")), m => m with { Price = Money.Usd(0.25m), SideEffect = true }));
        await budgets.Service.DefineAsync(RunWorld.Tenant, "all", Terms(0.3m), false, As());
        var accepted = await new RunStarter(engine, world.Workflows, world.Ids, TimeProvider.System).StartAsync(new("work"), RunWorld.As());
        await engine.RestAsync(RunWorld.Tenant, accepted.Run);
        var state = await SettledAsync("all");
        (state.Settled, state.Reserved).Should().Be((Money.Usd(0), Money.Usd(0)));
    }
}
