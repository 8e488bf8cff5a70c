using System.ComponentModel.DataAnnotations;

namespace AIaaS.Commands.Bus;

/// <summary>The settings of the bus (configuration section <c>Bus</c>).</summary>
public sealed record BusOptions
{
    /// <summary><c>memory</c> (default): within this process. <c>rabbitmq</c>: between processes.</summary>
    public string Engine { get; init; } = "memory";

    /// <summary>Where RabbitMQ is.</summary>
    public RabbitMqOptions RabbitMq { get; init; } = new();

    /// <summary>What leads the names of all queues and exchanges, so that several installations can share a broker. Default <c>aiaas</c>.</summary>
    [RegularExpression("^[a-z0-9-]{1,40}$")]
    public string Prefix { get; init; } = "aiaas";

    /// <summary>Whether this process takes work, or only publishes it. Default: it does.</summary>
    public bool TakesWork { get; init; } = true;

    /// <summary>How much work of each queue is done at once in this process; null: as each queue says.</summary>
    [Range(1, 1_000)]
    public int? Concurrency { get; init; }

    /// <summary>How long a broker may take to confirm. Default 10 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:05:00")]
    public TimeSpan ConfirmWithin { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The waits before the second, third and fourth try, each up to a fifth longer; none is longer than 30 s. Default: 1, 5 and 25 s.</summary>
    public IReadOnlyList<TimeSpan> Retries { get; init; } = [TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(25)];
}

/// <summary>Where RabbitMQ is (configuration section <c>Bus:RabbitMq</c>).</summary>
public sealed record RabbitMqOptions
{
    /// <summary>Its host. Default <c>localhost</c>.</summary>
    public string Host { get; init; } = "localhost";

    /// <summary>Its port. Default 5672.</summary>
    [Range(1, 65_535)]
    public ushort Port { get; init; } = 5672;

    /// <summary>The virtual host. Default <c>/</c>.</summary>
    public string VirtualHost { get; init; } = "/";

    /// <summary>The user. Default <c>guest</c>.</summary>
    public string Username { get; init; } = "guest";

    /// <summary>The user's password. Default <c>guest</c>.</summary>
    public string Password { get; init; } = "guest";
}
