using System.Diagnostics;
using AIaaS.Commands.Bus;

namespace Sagas.Tests.Bus;

/// <summary>A bus that the contract is run on.</summary>
public abstract class BusHarness
{
    /// <summary>Why the contract cannot be run on it here; null where it can.</summary>
    public virtual string? Missing => null;

    /// <summary>Whether what is published outlives the process, and the broker can be stopped and started.</summary>
    public virtual bool HasBroker => false;

    /// <summary>The settings, with names that no other test uses.</summary>
    public abstract BusOptions Options(string prefix);

    public virtual Task StopBrokerAsync() => Task.CompletedTask;

    public virtual Task StartBrokerAsync() => Task.CompletedTask;
}

public sealed class InMemory : BusHarness
{
    public override BusOptions Options(string prefix) => new() { Prefix = prefix };
}

/// <summary>
/// RabbitMQ at the address that AIAAS_TEST_RABBITMQ names, for example amqp://guest:guest@localhost:5672. AIAAS_TEST_RABBITMQ_STOP and
/// AIAAS_TEST_RABBITMQ_START may name shell commands that stop the broker, and start it again and return when it answers.
/// </summary>
public sealed class RabbitMq : BusHarness
{
    public const string AddressVariable = "AIAAS_TEST_RABBITMQ";
    private const string StopVariable = "AIAAS_TEST_RABBITMQ_STOP";
    private const string StartVariable = "AIAAS_TEST_RABBITMQ_START";

    public static string? Address => Variable(AddressVariable);

    public override string? Missing => Address is null ? $"{AddressVariable} is not set: the contract of the bus was not run on RabbitMQ. Set it to an address, for example amqp://guest:guest@localhost:5672." : null;

    public override bool HasBroker => Variable(StopVariable) is not null && Variable(StartVariable) is not null;

    public override BusOptions Options(string prefix) => OptionsOf(Address!, prefix);

    public static BusOptions OptionsOf(string address, string prefix)
    {
        var uri = new Uri(address);
        var user = uri.UserInfo.Split(':');
        return new()
        {
            Engine = "rabbitmq",
            Prefix = prefix,
            RabbitMq = new()
            {
                Host = uri.Host,
                Port = uri.Port > 0 ? (ushort)uri.Port : (ushort)5672,
                VirtualHost = uri.AbsolutePath.Trim('/') is { Length: > 0 } path ? Uri.UnescapeDataString(path) : "/",
                Username = user is [{ Length: > 0 } name, ..] ? name : "guest",
                Password = user is [_, var password] ? password : "guest",
            },
        };
    }

    public override Task StopBrokerAsync() => RunAsync(StopVariable);

    public override Task StartBrokerAsync() => RunAsync(StartVariable);

    private static async Task RunAsync(string variable)
    {
        using var shell = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", Variable(variable)! + " > /dev/null 2>&1"]))!;
        await shell.WaitForExitAsync();
        shell.ExitCode.Should().Be(0, "the command in {0} must succeed", variable);
    }

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
