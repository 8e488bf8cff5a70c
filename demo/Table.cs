namespace AIaaS.Demo;

/// <summary>Prints rows in columns.</summary>
/// <param name="columns">Heading and width; a negative width aligns to the right.</param>
internal sealed class Table(params (string Heading, int Width)[] columns)
{
    public void Head()
    {
        Row([.. columns.Select(c => c.Heading)]);
        Row([.. columns.Select(c => new string('-', Math.Abs(c.Width)))]);
    }

    public void Row(params string[] cells) =>
        Console.WriteLine(string.Join("  ", cells.Select((cell, i) => Fit(cell, columns[i].Width))).TrimEnd());

    /// <summary>The text in one line of at most so many characters.</summary>
    public static string Shorten(string text, int width)
    {
        var line = string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return line.Length <= width ? line : line[..(width - 1)].TrimEnd() + "…";
    }

    private static string Fit(string cell, int width) =>
        width < 0 ? Shorten(cell, -width).PadLeft(-width) : Shorten(cell, width).PadRight(width);
}
