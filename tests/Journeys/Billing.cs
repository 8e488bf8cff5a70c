using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json;

namespace AIaaS.Journeys;

/// <summary>
/// The process is killed (SIGKILL) at random instants while the periods of many tenants are closed, their invoices paid, and notes issued, and started again on the same folder, over
/// and over: numbers have no gap, no invoice is made or paid twice, and the processor, invoices and books give one number.
/// </summary>
public sealed class Invoices_of_a_process_that_is_killed
{
    private const int Tenants = 10;

    private static readonly DataFolder Folder = new();
    private static readonly ConcurrentDictionary<string, string> Keys = new();
    private static readonly Dictionary<string, List<JsonElement>> Invoices = [];
    private static readonly Dictionary<string, List<JsonElement>> Notes = [];
    private static readonly Dictionary<string, List<JsonElement>> Payments = [];
    private static readonly Dictionary<string, List<DateTimeOffset>> Used = [];
    private static ApiProcess? api;

    private static int Kills => Soak.Count(4, 100);

    [OneTimeSetUp]
    public static async Task Bills()
    {
        var seed = Environment.TickCount;
        await TestContext.Out.WriteLineAsync($"seed {seed}");
        var random = new Random(seed);
        api = await ApiProcess.StartAsync(Folder.Path);
        await PutAsync("/v1/prices/calls", new { meter = "calls", model = "PerUnit", currency = "USD", from = "2026-01-01T00:00:00Z", unitAmount = 0.5, description = "Calls" });
        await PutAsync("/v1/plans/team", new { name = "Team", currency = "USD", recurringFee = 0, prices = (string[])["calls"] });
        for (var i = 0; i < Tenants; i++)
        {
            var (tenant, key) = await api.NewTenantAsync($"shop{i}");
            Keys[tenant] = key;
            (await api.SendAsync(HttpMethod.Put, "/v1/meters/calls", key, new { eventType = "com.example.call", aggregation = "Count" })).Status.Should().Be(HttpStatusCode.OK);
            // Some pay by a card, one by a card whose answers do not come, and some by hand.
            var method = (i % 4) switch { 0 => "pm_card_visa", 1 => "sandbox_timeout_after_charge", 2 => "sandbox_duplicate_webhook", _ => null };
            await PutAsync($"/v1/tenants/{tenant}/billing-settings", new { dueDays = 14, paymentMethod = method });
        }

        for (var kill = 0; kill < Kills; kill++)
        {
            var running = api;
            var round = kill;
            var clients = Keys.Select(t => Task.Run(() => TryAsync(() => BillAsync(running, t.Key, t.Value, round)))).ToArray();
            await Task.Delay(random.Next(100, 1_500));
            await running.KillAsync();
            await Task.WhenAll(clients);
            await running.DisposeAsync();
            api = await ApiProcess.StartAsync(Folder.Path);
        }

        // What was left open is taken up; each has at least one invoice that is paid.
        foreach (var (tenant, key) in Keys)
        {
            (await TryAsync(() => BillAsync(api, tenant, key, Kills))).Should().BeTrue();
        }

        foreach (var (tenant, key) in Keys)
        {
            await UntilAsync(async () => (Invoices[tenant] = await FullAsync(tenant, key)).All(i => State(i) == "Paid"), $"all invoices of {tenant} are paid");
            Used[tenant] = [.. (await api.ReadStreamAsync($"usage-{tenant}_log", key)).Select(e => e.GetProperty("data")).Where(d => d.GetProperty("type").GetString() == "com.example.call").Select(d => d.GetProperty("time").GetDateTimeOffset())];
            await UntilAsync(async () => (Notes[tenant] = await api.ListAsync("/v1/billing/notes", key, await HeadAsync(key))).All(n => State(n) == "Refunded"), $"all credit of {tenant} is given back");
            Payments[tenant] = await api.ListAsync("/v1/payments", key, await HeadAsync(key));
        }

        await TestContext.Out.WriteLineAsync($"{Kills} kills, {Invoices.Values.Sum(i => i.Count)} invoices, {Notes.Values.Sum(n => n.Count)} notes, {Payments.Values.Sum(p => p.Count)} payments.");
    }

    [OneTimeTearDown]
    public static async Task Ends()
    {
        if (api is not null)
        {
            await api.DisposeAsync();
        }

        Folder.Dispose();
    }

    [Test]
    public void have_numbers_without_a_gap_and_none_twice() =>
        Invoices.Values.SelectMany(i => i).Select(i => i.GetProperty("number").GetString()![^6..]).Order(StringComparer.Ordinal).Should().Equal(Enumerable.Range(1, Invoices.Values.Sum(i => i.Count)).Select(n => $"{n:000000}"));

    [Test]
    public void as_their_notes_have() =>
        Notes.Values.SelectMany(n => n).Select(n => n.GetProperty("number").GetString()![^6..]).Order(StringComparer.Ordinal).Should().Equal(Enumerable.Range(1, Notes.Values.Sum(n => n.Count)).Select(n => $"{n:000000}"));

    [Test]
    public void bill_each_event_once_and_each_moment_once()
    {
        foreach (var (tenant, invoices) in Invoices)
        {
            var ordered = invoices.OrderBy(i => Period(i, "from")).ToList();
            ordered.Zip(ordered.Skip(1)).Should().NotContain(p => Period(p.First, "to") > Period(p.Second, "from"), tenant);
            foreach (var line in ordered.SelectMany(i => i.GetProperty("lines").EnumerateArray()).Where(l => l.GetProperty("description").GetString() == "Calls"))
            {
                var (from, to) = (line.GetProperty("from").GetDateTimeOffset(), line.GetProperty("to").GetDateTimeOffset());
                line.GetProperty("usage").GetProperty("quantity").GetDecimal().Should().Be(Used[tenant].Count(u => u >= from && u < to), tenant);
            }
        }

        Invoices.Values.SelectMany(i => i).Sum(i => i.GetProperty("total").GetDecimal()).Should().BePositive();
    }

    [Test]
    public void are_paid_once_each_at_the_processor()
    {
        foreach (var (tenant, invoices) in Invoices)
        {
            var taken = Payments[tenant].Where(p => p.GetProperty("captured").GetDecimal() > 0).ToList();
            var paid = invoices.Where(i => i.GetProperty("payment").ValueKind == JsonValueKind.String).ToList();
            taken.Select(p => p.GetProperty("payment").GetString()).Should().BeEquivalentTo(paid.Select(i => i.GetProperty("payment").GetString()), "each invoice of {0} has one payment", tenant);
            foreach (var invoice in paid)
            {
                taken.Single(p => p.GetProperty("payment").GetString() == invoice.GetProperty("payment").GetString()).GetProperty("captured").GetDecimal().Should().Be(invoice.GetProperty("total").GetDecimal());
            }
        }
    }

    [Test]
    public void give_back_what_notes_credit_and_no_more()
    {
        foreach (var (tenant, notes) in Notes)
        {
            Payments[tenant].Sum(p => p.GetProperty("refunded").GetDecimal()).Should().Be(-notes.Sum(n => n.GetProperty("amount").GetProperty("amount").GetDecimal()), tenant);
        }
    }

    [Test]
    public async Task leave_nothing_owed_in_the_books()
    {
        foreach (var (tenant, key) in Keys)
        {
            var (status, body, _) = await api!.SendAsync(HttpMethod.Get, "/v1/billing/balance", key, token: await HeadAsync(key));
            status.Should().Be(HttpStatusCode.OK, body.ToString());
            body.GetProperty("balances").EnumerateArray().Should().OnlyContain(b => b.GetProperty("amount").GetDecimal() == 0m, tenant);
        }
    }

    /// <summary>Uses something, ends the period by taking the tenant off its plan, closes it twice at once, pays, and disputes a part of it.</summary>
    private static async Task BillAsync(ApiProcess to, string tenant, string key, int round)
    {
        await SendAsync(to, HttpMethod.Post, "/v1/subscription/change", key, new { plan = "team", when = "AtOnce" });
        for (var i = 0; i < 3; i++)
        {
            await SendAsync(to, HttpMethod.Post, "/v1/usage/events", key, new { specversion = "1.0", id = $"{round}-{i}", source = "/journey", type = "com.example.call", data = new { i } }, "application/cloudevents+json");
        }

        await Task.Delay(1_100);
        var cancelled = await SendAsync(to, HttpMethod.Post, "/v1/subscription/cancel", key, new { when = "AtOnce" });
        var last = new { at = cancelled.GetProperty("since").GetDateTimeOffset().AddSeconds(-1) };
        await Task.WhenAll(SendAsync(to, HttpMethod.Post, "/v1/billing/close", key, last), SendAsync(to, HttpMethod.Post, $"/v1/tenants/{tenant}/billing/close", ApiProcess.AdminKey, last), SendAsync(to, HttpMethod.Post, "/v1/billing/close", key, last));
        foreach (var invoice in await to.ListAsync("/v1/invoices", key, await HeadAsync(key)))
        {
            var id = invoice.GetProperty("invoice").GetString();
            await Task.WhenAll(SendAsync(to, HttpMethod.Post, $"/v1/invoices/{id}/pay", key, new { method = "pm_card_visa" }), SendAsync(to, HttpMethod.Post, $"/v1/invoices/{id}/pay", key, new { method = "pm_card_visa" }));
            var (_, now, _) = await to.SendAsync(HttpMethod.Get, $"/v1/invoices/{id}", key);
            if (now.GetProperty("payment").ValueKind != JsonValueKind.String)
            {
                continue;
            }

            var opened = await SendAsync(to, HttpMethod.Post, $"/v1/invoices/{id}/disputes", key, new { line = 1, reason = "a test" }, idempotencyKey: $"dispute-{id}");
            if (opened.TryGetProperty("dispute", out var dispute))
            {
                await SendAsync(to, HttpMethod.Post, $"/v1/tenants/{tenant}/invoices/{id}/disputes/{dispute.GetProperty("dispute").GetString()}/accept", ApiProcess.AdminKey, new { quantity = 1, reason = "agreed" });
            }
        }
    }

    private static async Task<JsonElement> SendAsync(ApiProcess to, HttpMethod method, string path, string key, object body, string type = "application/json", string? idempotencyKey = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = new StringContent(JsonSerializer.Serialize(body), System.Text.Encoding.UTF8, type) };
        request.Headers.Authorization = new("Bearer", key);
        request.Headers.Add("Idempotency-Key", idempotencyKey ?? Convert.ToHexString(RandomNumberGenerator.GetBytes(16)));
        using var response = await to.Client.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        // What is there already is refused with 409, what has nothing to dispute with 404 or 422: no more than that.
        ((int)response.StatusCode).Should().BeOneOf([200, 404, 409, 422, 503], text);
        using var document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }

    /// <summary>False when the process is gone.</summary>
    private static async Task<bool> TryAsync(Func<Task> act)
    {
        try
        {
            await act();
            return true;
        }
        catch (Exception e) when (e is HttpRequestException or IOException or JsonException)
        {
            return false;
        }
    }

    private static async Task<List<JsonElement>> FullAsync(string tenant, string key)
    {
        List<JsonElement> full = [];
        foreach (var invoice in await api!.ListAsync("/v1/invoices", key, await HeadAsync(key)))
        {
            var (status, body, _) = await api.SendAsync(HttpMethod.Get, $"/v1/invoices/{invoice.GetProperty("invoice").GetString()}", key);
            status.Should().Be(HttpStatusCode.OK, "{0} {1}", tenant, body);
            full.Add(body);
        }

        return full;
    }

    private static string State(JsonElement document) => document.GetProperty("state").GetString()!;

    private static DateTimeOffset Period(JsonElement invoice, string end) => invoice.GetProperty("basis").GetProperty("period").GetProperty(end).GetDateTimeOffset();

    private static async Task<string> HeadAsync(string key) => (await api!.SendAsync(HttpMethod.Get, "/v1/subscriptions", key)).Body.GetProperty("head").GetString()!;

    private static async Task PutAsync(string path, object body)
    {
        var (status, answer, _) = await api!.SendAsync(HttpMethod.Put, path, ApiProcess.AdminKey, body);
        status.Should().Be(HttpStatusCode.OK, answer.ToString());
    }

    private static async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (!await condition())
        {
            deadline.IsCancellationRequested.Should().BeFalse("within two minutes this should be so: {0}", what);
            await Task.Delay(200);
        }
    }
}
