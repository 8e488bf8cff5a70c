namespace AIaaS.Commands.Knowledge;

/// <summary>Hears phrases whose words do not say what they mean: "the money comes back" is a refund, "send it back" is a return.</summary>
/// <param name="inArticle">Whether an article is read: there other things come back too.</param>
internal struct BackPhrase(bool inArticle)
{
    private const int Longest = 4;

    private int sinceMoving = Longest;
    private int sinceMoney = Longest;

    /// <summary>Hears the next term.</summary>
    /// <returns>The term that the phrase which ends here means; null where none does.</returns>
    public string? Hear(ReadOnlySpan<char> term)
    {
        if (term is "back")
        {
            return sinceMoney < Longest ? "refund" : sinceMoving < Longest ? "return" : null;
        }

        sinceMoving = term is "send" or "sent" || (!inArticle && term is "bring" or "give" or "ship" or "take" or "took") ? 0 : sinceMoving + 1;
        sinceMoney = term is "money" ? 0 : sinceMoney + 1;
        return null;
    }
}
