using System.Text.Json;
using AIaaS.Domain.Knowledge;

namespace Commands.Tests.Support;

/// <summary>The public data beside the checkout.</summary>
internal static class SharedData
{
    public static string Find(string file)
    {
        if (TryFind(file) is { } found)
        {
            return found;
        }

        Assert.Ignore($"Skipped: ../shared/data/{file} is not there.");
        return "";
    }

    public static string? TryFind(string file)
    {
        for (var folder = new DirectoryInfo(TestContext.CurrentContext.TestDirectory); folder is not null; folder = folder.Parent)
        {
            var path = Path.Combine(folder.FullName, "shared", "data", file);
            if (File.Exists(path))
            {
                return path;
            }
        }

        return null;
    }

    public static IEnumerable<PutArticle> BankingDocuments(string tenant)
    {
        foreach (var line in File.ReadLines(Find("banking/documents.jsonl")))
        {
            using var json = JsonDocument.Parse(line);
            var title = json.RootElement.GetProperty("title").GetString()!;
            yield return new(
                tenant,
                json.RootElement.GetProperty("id").GetString()!,
                title,
                json.RootElement.GetProperty("content").GetString()!,
                title.Contains("Internal", StringComparison.Ordinal) ? Audience.Staff : Audience.Customer,
                DateTimeOffset.UnixEpoch);
        }
    }

    public static IEnumerable<string> BankingQuestions() =>
        File.ReadLines(Find("banking77/train.csv")).Skip(1)
            .Where(l => l.LastIndexOf(',') > 0)
            .Select(l => l[..l.LastIndexOf(',')].Trim('"').Replace("\"\"", "\"", StringComparison.Ordinal));
}
