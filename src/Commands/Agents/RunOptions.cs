using System.ComponentModel.DataAnnotations;

namespace AIaaS.Commands.Agents;

/// <summary>The settings of runs (configuration section <c>Runs</c>).</summary>
public sealed record RunOptions
{
    /// <summary>The most runs executed at once in this process; one more is refused with 503. Default 2,000.</summary>
    [Range(1, 100_000)]
    public int MaxActive { get; init; } = 2_000;

    /// <summary>
    /// How long an open run may stand still before another worker takes it up. Longer than any step can take: default 30 s.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often open runs are looked at. Default 1 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:10:00")]
    public TimeSpan RecoveryInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Whether this process is the only one on the log, as with the embedded engine: runs that were open when it started are then
    /// taken up at once.
    /// </summary>
    public bool OwnsLog { get; init; } = true;

    /// <summary>
    /// Whether this process executes runs. One that does not records what comes and leaves the work to those that do, by the bus; should the bus
    /// be away, they find it in the log.
    /// </summary>
    public bool Executes { get; init; } = true;
}
