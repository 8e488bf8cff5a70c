using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace AIaaS.Demo;

/// <summary>A courier's server that does what it is asked for and then cuts the connection, so that nobody hears of it.</summary>
internal sealed class Courier : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly ConcurrentQueue<string> booked = new();
    private readonly Task serving;

    public Courier()
    {
        listener.Start();
        serving = ServeAsync();
    }

    public Uri Url => new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/parcels"));

    /// <summary>The idempotency keys of the requests that it did the work of, each as often as it came.</summary>
    public IReadOnlyCollection<string> Booked => booked;

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Dispose();
        await serving;
        stop.Dispose();
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                using var connection = await listener.AcceptTcpClientAsync(stop.Token);
                await BookAsync(connection.GetStream());
            }
        }
        catch (OperationCanceledException)
        {
            // The demo is over.
            return;
        }
    }

    /// <summary>Reads one request to its end and notes it; the connection is closed without an answer.</summary>
    private async Task BookAsync(NetworkStream stream)
    {
        using var reader = new StreamReader(stream, Encoding.ASCII);
        var (key, length) = ("", 0);
        while (await reader.ReadLineAsync(stop.Token) is { Length: > 0 } line)
        {
            if (line.Split(": ", 2) is [var name, var value])
            {
                key = name.Equals("Idempotency-Key", StringComparison.OrdinalIgnoreCase) ? value : key;
                length = name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase) ? int.Parse(value, CultureInfo.InvariantCulture) : length;
            }
        }

        await reader.ReadBlockAsync(new char[length], stop.Token);
        booked.Enqueue(key);
    }
}
