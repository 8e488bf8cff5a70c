using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace AIaaS.Tests.Lines;

/// <summary>A TCP line to a real server that a test can cut and mend: to its client the server dies and comes back.</summary>
internal sealed class BreakableLine(string host, int port) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<TcpClient, byte> open = [];
    private TcpListener? listener;
    private Task accepting = Task.CompletedTask;

    /// <summary>Where the line begins.</summary>
    public int Port { get; private set; }

    /// <summary>Connects, also again after <see cref="CutAsync"/>, at the same port.</summary>
    public void Mend()
    {
        listener = new(IPAddress.Loopback, Port);
        listener.Start();
        Port = ((IPEndPoint)listener.LocalEndpoint).Port;
        accepting = AcceptAsync(listener);
    }

    /// <summary>Ends all connections, and refuses new ones.</summary>
    public async Task CutAsync()
    {
        listener?.Stop();
        await accepting;
        foreach (var client in open.Keys)
        {
            client.Dispose();
        }

        open.Clear();
    }

    public async ValueTask DisposeAsync() => await CutAsync();

    private async Task AcceptAsync(TcpListener from)
    {
        while (true)
        {
            TcpClient near;
            try
            {
                near = await from.AcceptTcpClientAsync();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException)
            {
                return;
            }

            open[near] = 0;
            _ = CarryAsync(near);
        }
    }

    private async Task CarryAsync(TcpClient near)
    {
        using var far = new TcpClient();
        open[far] = 0;
        try
        {
            await far.ConnectAsync(host, port);
            await Task.WhenAny(
                near.GetStream().CopyToAsync(far.GetStream()),
                far.GetStream().CopyToAsync(near.GetStream()));
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // A cut line looks like this from inside.
            await TestContext.Progress.FlushAsync();
        }
        finally
        {
            near.Dispose();
            open.TryRemove(near, out _);
            open.TryRemove(far, out _);
        }
    }
}
