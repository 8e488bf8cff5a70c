using System.Diagnostics;
using AIaaS.EventStore;
using EventStore.Tests.Contract;

namespace AIaaS.EventStoreDb.Tests;

/// <summary>
/// EventStoreDB at the address that AIAAS_TEST_EVENTSTOREDB names. AIAAS_TEST_EVENTSTOREDB_RESTART may name a shell command that stops
/// the server, starts it again on the same data, and returns when it answers; tests that need it are skipped by name without it.
/// </summary>
public sealed class EventStoreDbHarness : EventStoreHarness
{
    public const string AddressVariable = "AIAAS_TEST_EVENTSTOREDB";
    public const string RestartVariable = "AIAAS_TEST_EVENTSTOREDB_RESTART";

    public static string? Address => Variable(AddressVariable);

    public override bool CanRestart => Variable(RestartVariable) is not null;

    protected override string Engine => "eventstoredb";

    protected override string? Missing => Address is null
        ? $"{AddressVariable} is not set: the contract of the log was not run against EventStoreDB. Set it to a connection string, for example esdb://localhost:2113?tls=false."
        : null;

    protected override EventStoreOptions Options => base.Options with { ConnectionString = Address! };

    public override async Task RestartAsync()
    {
        await RestartServerAsync();
        await base.RestartAsync();
    }

    /// <summary>Restarts the server under its clients.</summary>
    public static async Task RestartServerAsync()
    {
        using var shell = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", Variable(RestartVariable)!]) { RedirectStandardOutput = true })!;
        await shell.WaitForExitAsync();
        shell.ExitCode.Should().Be(0, "the server must be up again after the command in {0}", RestartVariable);
    }

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
