using System.Globalization;
using System.Text;
using AIaaS.EventStore;
using Microsoft.Extensions.Logging.Abstractions;

// Appends to the log of a folder until it is killed: CrashWriter FOLDER ROUND. After each acknowledged append it writes one line,
// "stream first-version last-version position id,id,...". The crash test reads the lines, kills this process, and looks whether the log holds what it promised.
const int Writers = 64;
var (folder, round) = (args[0], int.Parse(args[1], CultureInfo.InvariantCulture));
var ids = IdSource.From(TimeProvider.System);
await using var store = await EventStoreEngines.OpenAsync(new() { DataFolder = folder }, TimeProvider.System, NullLoggerFactory.Instance);
await using var output = Console.OpenStandardOutput();
using var gate = new SemaphoreSlim(1);

await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
{
    var random = new Random((round * Writers) + writer);
    var stream = $"crash-acme_{writer:D2}";
    while (true)
    {
        var events = Enumerable.Range(0, random.Next(1, 6)).Select(_ => Event(random)).ToArray();
        var result = await store.AppendAsync(stream, ExpectedVersion.Any, events);
        var line = $"{stream} {result.Version - events.Length + 1} {result.Version} {result.Position} {string.Join(',', events.Select(e => e.Id.ToString("N")))}\n";
        await gate.WaitAsync();
        try
        {
            await output.WriteAsync(Encoding.UTF8.GetBytes(line));
        }
        finally
        {
            gate.Release();
        }
    }
})));

NewEvent Event(Random random)
{
    // The bytes follow from the id, so that half an event can be told.
    var id = ids.NewId();
    var data = new byte[random.Next(1, 2000)];
    new Random(id.GetHashCode()).NextBytes(data);
    return new(id, "crash.written", data, "{}"u8.ToArray(), IsJson: false);
}
