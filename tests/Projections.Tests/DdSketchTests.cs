using FsCheck;
using FsCheck.Fluent;

namespace AIaaS.Projections.Tests;

public sealed class A_sketch_of_many_values
{
    private static readonly double[] Quantiles = [0, 0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 1];

    private static readonly Gen<double[]> Values =
        from scale in Gen.Choose(-4, 7)
        from values in Gen.Choose(0, 1_000_000).Select(v => v / 1_000_000.0 * Math.Pow(10, scale)).NonEmptyListOf()
        select values.ToArray();

    [Test]
    public void gives_each_quantile_within_one_percent() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(Soak.Count(300, full: 10_000)),
        Prop.ForAll(Values.ToArbitrary(), values => Holds(values)));

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(3)]
    public void of_a_long_tail_gives_each_quantile_within_one_percent(int seed)
    {
        var random = new Random(seed);
        Holds([.. Enumerable.Range(0, 50_000).Select(_ => Math.Exp(random.NextDouble() * random.NextDouble() * 14))]).Should().BeTrue();
    }

    [Test]
    public void is_the_merge_of_the_sketches_of_its_parts() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(Soak.Count(300, full: 10_000)),
        Prop.ForAll(Values.ToArbitrary(), Values.ToArbitrary(), (a, b) => Of(a).Merge(Of(b)).Equals(Of([.. a, .. b])) && Of(b).Merge(Of(a)).Equals(Of([.. a, .. b]))));

    [Test]
    public void is_the_same_whether_values_come_one_by_one_or_together() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(Soak.Count(100, full: 5_000)),
        Prop.ForAll(Values.ToArbitrary(), values => values.Aggregate(DdSketch.Empty, (sketch, value) => sketch.Add(value)).Equals(Of(values))));

    private static bool Holds(double[] values)
    {
        var (sketch, sorted) = (Of(values), values.Order().ToArray());
        return sketch.Count() == values.Length && Quantiles.All(q =>
        {
            var exact = sorted[(int)Math.Floor(q * (sorted.Length - 1))];
            return Math.Abs(sketch.Quantile(q)!.Value - exact) <= (exact * DdSketch.RelativeError * (1 + 1e-9)) + DdSketch.Least;
        });
    }

    private static DdSketch Of(double[] values)
    {
        var builder = new DdSketch.Builder(DdSketch.Empty);
        foreach (var value in values)
        {
            builder.Add(value);
        }

        return builder.Build();
    }
}

public sealed class A_sketch_of_no_values
{
    [Test]
    public void has_no_quantile() => DdSketch.Empty.Quantile(0.5).Should().BeNull();

    [Test]
    public void changes_nothing_in_a_merge() => DdSketch.Empty.Add(3).Merge(DdSketch.Empty).Should().Be(DdSketch.Empty.Add(3));

    [TestCase(-1)]
    [TestCase(double.NaN)]
    [TestCase(double.PositiveInfinity)]
    public void refuses_what_is_no_duration(double value) =>
        FluentActions.Invoking(() => DdSketch.Empty.Add(value)).Should().Throw<ArgumentOutOfRangeException>();
}
