namespace AIaaS.Architecture;

public sealed class Dependencies_between_projects
{
    // What each project may name; through these it may use what they use.
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["AIaaS.EventStore"] = [],
        ["AIaaS.EventStore.EventStoreDb"] = ["AIaaS.EventStore"],
        ["AIaaS.Domain"] = ["AIaaS.EventStore"],
        ["AIaaS.Projections"] = ["AIaaS.Domain"],
        ["AIaaS.Projections.MongoDb"] = ["AIaaS.Projections"],
        ["AIaaS.Commands"] = ["AIaaS.Projections"],
        ["AIaaS.Queries"] = ["AIaaS.Projections"],
        ["AIaaS.Api"] = ["AIaaS.Commands", "AIaaS.Queries", "AIaaS.Projections.MongoDb", "AIaaS.EventStore.EventStoreDb"],
    };

    private static IEnumerable<string> Projects => Allowed.Keys;

    [Test]
    public void Every_project_of_the_product_has_its_place_in_the_rule() =>
        Repository.ProductProjects.Keys.Should().BeEquivalentTo(Allowed.Keys);

    [TestCaseSource(nameof(Projects))]
    public void A_project_names_only_what_lies_below_it(string project) =>
        Repository.ProductProjects[project].Should().BeSubsetOf(WithEverythingBelow(project));

    [TestCaseSource(nameof(Projects))]
    public void An_assembly_uses_only_what_lies_below_it(string project) =>
        AssemblyContents.ReferencedAssemblies(project).Where(a => a.StartsWith("AIaaS.", StringComparison.Ordinal))
            .Should().BeSubsetOf(WithEverythingBelow(project));

    [Test]
    public void The_drivers_of_production_engines_are_used_by_their_adapters_alone() =>
        Allowed.Keys
            .Where(p => p is not ("AIaaS.Projections.MongoDb" or "AIaaS.EventStore.EventStoreDb"))
            .SelectMany(p => AssemblyContents.ReferencedAssemblies(p).Where(a => a.StartsWith("MongoDB.", StringComparison.Ordinal) || a.StartsWith("EventStore.Client", StringComparison.Ordinal)).Select(a => $"{p} uses {a}"))
            .Should().BeEmpty();

    [Test]
    public void Queries_never_write()
    {
        string[] writes = ["AppendAsync", "SetStreamMetadataAsync", "DeleteStreamAsync", "TombstoneStreamAsync", "WriteAsync", "DropAsync", "SetActiveAsync"];
        AssemblyContents.ReferencedMembers("AIaaS.Queries")
            .Where(m => m.StartsWith("AIaaS.", StringComparison.Ordinal) && writes.Contains(m[(m.LastIndexOf('.') + 1)..]))
            .Should().BeEmpty("the read side shows what is; it changes nothing");
    }

    [Test]
    public void Every_project_lies_in_the_solution()
    {
        var solution = Repository.Read("AIaaS.sln").Replace('\\', '/');
        Repository.ProjectFiles.Select(Repository.Relative).Where(f => !solution.Contains($"\"{f}\"", StringComparison.Ordinal)).Should().BeEmpty();
    }

    [Test]
    public void Every_project_of_the_product_has_a_test_project_of_its_own()
    {
        var tests = Repository.ProjectFiles.Select(Repository.Relative).Where(f => f.StartsWith("tests/", StringComparison.Ordinal)).ToArray();
        Repository.ProductProjects.Keys
            .Select(p => p.Replace("AIaaS.EventStore.EventStoreDb", "EventStoreDb", StringComparison.Ordinal).Replace("AIaaS.", "", StringComparison.Ordinal) + ".Tests")
            .Select(t => $"tests/{t}/{t}.csproj")
            .Should().BeSubsetOf(tests);
    }

    private static IReadOnlyCollection<string> WithEverythingBelow(string project)
    {
        var below = new HashSet<string>();
        var open = new Queue<string>(Allowed[project]);
        while (open.TryDequeue(out var next))
        {
            if (below.Add(next))
            {
                foreach (var further in Allowed[next])
                {
                    open.Enqueue(further);
                }
            }
        }

        return below;
    }
}
