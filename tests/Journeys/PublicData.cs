using System.Text;
using System.Text.Json;

namespace AIaaS.Journeys;

/// <summary>The public data beside the checkout.</summary>
public static class PublicData
{
    /// <summary>The lines of a file, or the test is skipped by name.</summary>
    public static string Require(string file)
    {
        for (var folder = new DirectoryInfo(TestContext.CurrentContext.TestDirectory); folder is not null; folder = folder.Parent)
        {
            var path = Path.Combine(folder.FullName, "shared", "data", file);
            if (File.Exists(path))
            {
                return path;
            }
        }

        Assert.Ignore($"The file shared/data/{file} is not beside the checkout.");
        return "";
    }

    /// <summary>The articles of the bank; those whose title begins with "Internal" are for staff.</summary>
    public static IReadOnlyList<(string Article, string Title, string Content, string Audience)> BankingArticles()
    {
        List<(string, string, string, string)> articles = [];
        foreach (var line in File.ReadLines(Require("banking/documents.jsonl")).Where(l => l.Length > 0))
        {
            using var document = JsonDocument.Parse(line);
            string Member(string name) => document.RootElement.GetProperty(name).GetString()!;
            articles.Add((Member("id"), Member("title"), Member("content"), Member("title").StartsWith("Internal", StringComparison.Ordinal) ? "Staff" : "Customer"));
        }

        return articles;
    }

    /// <summary>The first column of the first rows of a CSV file (RFC 4180) behind its header.</summary>
    public static IReadOnlyList<string> Questions(int count)
    {
        using var reader = new StreamReader(Require("banking77/train.csv"), Encoding.UTF8);
        return [.. Rows(reader).Skip(1).Take(count).Select(r => r[0].Trim())];
    }

    private static IEnumerable<IReadOnlyList<string>> Rows(TextReader reader)
    {
        List<string> row = [];
        var field = new StringBuilder();
        var isQuoted = false;
        int next;
        while ((next = reader.Read()) >= 0)
        {
            var c = (char)next;
            if (isQuoted)
            {
                if (c != '"')
                {
                    field.Append(c);
                }
                else if (reader.Peek() == '"')
                {
                    field.Append((char)reader.Read());
                }
                else
                {
                    isQuoted = false;
                }
            }
            else if (c == '"')
            {
                isQuoted = true;
            }
            else if (c is ',' or '\n')
            {
                row.Add(field.ToString());
                field.Clear();
                if (c == '\n')
                {
                    yield return row;
                    row = [];
                }
            }
            else if (c != '\r')
            {
                field.Append(c);
            }
        }

        if (field.Length > 0 || row.Count > 0)
        {
            row.Add(field.ToString());
            yield return row;
        }
    }
}
