namespace AIaaS.Architecture;

public sealed class The_domain
{
    private static IReadOnlyList<string> Types { get; } = AssemblyContents.ReferencedTypes("AIaaS.Domain");

    [TestCase("System.IO.")]
    [TestCase("System.Net.")]
    [TestCase("System.Data.")]
    [TestCase("System.Diagnostics.Process")]
    [TestCase("System.Console")]
    [TestCase("System.Environment")]
    [TestCase("Microsoft.Data.")]
    [TestCase("Microsoft.AspNetCore.")]
    public void does_no_input_or_output(string prefix) => Types.Where(t => t.StartsWith(prefix, StringComparison.Ordinal)).Should().BeEmpty();

    [TestCase("Microsoft.Extensions.")]
    [TestCase("System.IServiceProvider")]
    public void knows_no_container_and_no_configuration(string prefix) => Types.Where(t => t.StartsWith(prefix, StringComparison.Ordinal)).Should().BeEmpty();

    [TestCase("System.TimeProvider")]
    [TestCase("System.Random")]
    [TestCase("System.Diagnostics.Stopwatch")]
    [TestCase("System.Threading.")]
    [TestCase("AIaaS.EventStore.IdSource")]
    public void has_no_clock_no_draws_and_no_threads(string prefix) => Types
        .Where(t => t.StartsWith(prefix, StringComparison.Ordinal) && !t.EndsWith("Attribute", StringComparison.Ordinal))
        .Should().BeEmpty("a fold or a decision depends on its arguments alone");

    [TestCase("AIaaS.EventStore.IEventStore")]
    [TestCase("AIaaS.EventStore.IConsumerGroups")]
    [TestCase("AIaaS.EventStore.EventStoreEngines")]
    [TestCase("AIaaS.EventStore.ISubscription")]
    public void uses_the_words_of_the_log_and_not_the_log(string type) => Types.Should().NotContain(type);
}
