using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace AIaaS.Commands.Tools;

/// <summary>What the platform lets tools of tenants reach; the configuration's section <c>Tools</c>.</summary>
public sealed record ToolNetworkOptions
{
    /// <summary>
    /// Networks that may be reached although they are private, loopback or link-local, for example <c>10.2.0.0/16</c> or <c>127.0.0.1/32</c>. Default: none.
    /// </summary>
    public IReadOnlyList<IPNetwork> Allowed { get; init; } = [];

    /// <summary>How long a connection may take to come about. Default: 3 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>The most bytes of an answer that are read. Default: 1 MiB.</summary>
    public int MaxAnswerBytes { get; init; } = 1024 * 1024;
}

/// <summary>A tool may not reach this address.</summary>
public sealed class AddressRefusedException(string host) : IOException($"'{host}' has no address that tools may reach: private, loopback and link-local addresses are refused unless the platform's settings allow them.");

/// <summary>
/// Connections of tools to the outside. The address is checked when the connection is made, after the name was resolved, and the connection goes to exactly
/// the address that was checked: a name that changes its address in between gains nothing.
/// </summary>
public sealed class ToolNetwork : IDisposable
{
    private static readonly IPNetwork[] NotPublic =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16",
            "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
            "::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/9", "ff00::/8",
        }.Select(n => IPNetwork.Parse(n)),
    ];

    private readonly ToolNetworkOptions options;

    /// <summary>Makes the connections' rules.</summary>
    public ToolNetwork(ToolNetworkOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        this.options = options;
        Shared = Client(TimeSpan.FromMinutes(2));
        Single = Client(TimeSpan.Zero);
    }

    /// <summary>For requests that may be repeated: connections are kept and used again.</summary>
    internal HttpClient Shared { get; }

    /// <summary>
    /// For requests that may not: each has a connection of its own. On a kept connection that the far side is just closing, the client would
    /// send the request a second time by itself.
    /// </summary>
    internal HttpClient Single { get; }

    internal int MaxAnswerBytes => options.MaxAnswerBytes;

    /// <summary>Whether a tool may reach an address.</summary>
    public bool Allows(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        var plain = Plain(address);
        return options.Allowed.Any(n => n.Contains(plain)) || (!NotPublic.Any(n => n.Contains(plain)) && (Inner(plain) is not { } inner || Allows(inner)));
    }

    /// <summary>Connects to the first address of a host that may be reached and answers.</summary>
    /// <exception cref="AddressRefusedException">None of its addresses may be reached.</exception>
    /// <exception cref="SocketException">It could not be connected to; nothing was sent.</exception>
    public async Task<Stream> ConnectAsync(string host, int port, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(options.ConnectTimeout);
        try
        {
            var addresses = IPAddress.TryParse(host, out var literal) ? [literal] : await Dns.GetHostAddressesAsync(host, limit.Token);
            var allowed = addresses.Where(Allows).ToArray();
            if (allowed.Length == 0)
            {
                throw new AddressRefusedException(host);
            }

            for (var i = 0; ; i++)
            {
                var socket = new Socket(allowed[i].AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                try
                {
                    await socket.ConnectAsync(new IPEndPoint(allowed[i], port), limit.Token);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch (SocketException) when (i + 1 < allowed.Length)
                {
                    socket.Dispose();
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new SocketException((int)SocketError.TimedOut);
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        Shared.Dispose();
        Single.Dispose();
    }

    /// <summary>A client whose answers are bounded, that follows no redirects, sends no cookies, unpacks nothing and knows no proxy.</summary>
    private HttpClient Client(TimeSpan lifetime) => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        AutomaticDecompression = DecompressionMethods.None,
        PooledConnectionLifetime = lifetime,
        MaxResponseHeadersLength = 32,
        MaxResponseDrainSize = 0,
        ConnectTimeout = options.ConnectTimeout * 2,
        ActivityHeadersPropagator = null,
        ConnectCallback = async (context, ended) => await ConnectAsync(context.DnsEndPoint.Host, context.DnsEndPoint.Port, ended),
    })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4()
        : address.AddressFamily == AddressFamily.InterNetworkV6 && address.ScopeId != 0 ? new IPAddress(address.GetAddressBytes()) : address;

    /// <summary>The IPv4 address that an address of a transition mechanism leads to (NAT64, 6to4); null for any other.</summary>
    private static IPAddress? Inner(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return null;
        }

        var bytes = address.GetAddressBytes();
        return BinaryPrimitives.ReadUInt32BigEndian(bytes) == 0x0064FF9B && bytes.AsSpan(4, 8).IndexOfAnyExcept((byte)0) < 0 ? new(bytes.AsSpan(12, 4))
            : BinaryPrimitives.ReadUInt16BigEndian(bytes) == 0x2002 ? new(bytes.AsSpan(2, 4))
            : null;
    }
}
