using AIaaS.Benchmarks;

// Each benchmark is a line here; a file of its own holds it.
IBenchmark[] benchmarks =
[
    new LogAppendBatch500(),
    new LogAppendSingle64(),
    new LogAppendSerial(),
    new LogCatchUp(),
    new ProjectionRebuild(),
    new ProjectionMemory(),
    new RunFaq(),
    new WorkflowSteps(),
    new RunRecovery10k(),
    new SchemaValidate2k(),
    new SagaOrder(),
    new UsageIngest(),
    new BudgetReserve(),
    new InvoiceMillion(),
];
IChildTask[] children =
[
    new ProjectionMemory(),
    new BareKestrel(),
];

using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, e) =>
{
    e.Cancel = true;
    stop.Cancel();
};

return args switch
{
    ["child", var name, .. var rest] => await children.Single(c => c.Name == name).RunAsync(rest, stop.Token),
    _ => await Harness.RunAsync(benchmarks, args, stop.Token),
};
