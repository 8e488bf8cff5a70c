namespace AIaaS.Commands.Routing;

/// <summary>What speaks for and against an answer, each from 0 to 1, and how sure that makes.</summary>
internal readonly record struct Evidence
{
    /// <summary>What share of the question the answer covers, itself or by its headings.</summary>
    public double Covered { get; init; }

    /// <summary>What share of the question the passage covers.</summary>
    public double Around { get; init; }

    /// <summary>How well the search found the article: a rare word weighs more than many common ones.</summary>
    public double Strength { get; init; }

    /// <summary>How far the next article stays behind in the search.</summary>
    public double Lead { get; init; }

    /// <summary>How far the best answer of another article stays behind.</summary>
    public double Margin { get; init; }

    /// <summary>How many of the question's words it holds.</summary>
    public double Words { get; init; }

    /// <summary>How many of them stand in the sentences themselves.</summary>
    public double InSentence { get; init; }

    /// <summary>How much of what the article is about the question names.</summary>
    public double Topic { get; init; }

    /// <summary>What share of what is asked it covers, the story around left aside.</summary>
    public double Core { get; init; }

    /// <summary>What share of the question stands in no passage at all.</summary>
    public double Missing { get; init; }

    /// <summary>How many of the facts that are asked for it gives.</summary>
    public double FactHeld { get; init; }

    /// <summary>How many of the facts that are asked for it does not give.</summary>
    public double FactMissing { get; init; }

    /// <summary>
    /// How sure it is that the answer answers the question: a logistic regression, fitted on the demo shop's messages and, for what must not be
    /// answered, on a bank's questions asked of the shop and the shop's asked of a bank; rounded, and moved so that 0.8 is where few are wrong.
    /// </summary>
    public double Certainty
    {
        get
        {
            var sum = -5.9 + (0.9 * Covered) + Around + (1.35 * Core) + (2.1 * Strength) + (0.4 * Lead) + (0.25 * Margin) + (1.2 * Words) + (2.05 * InSentence)
                + (3.8 * Topic) - (1.35 * Missing) + FactHeld - (1.05 * FactMissing);
            return Math.Min(0.99, 1 / (1 + Math.Exp(-sum)));
        }
    }
}
