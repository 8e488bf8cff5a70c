using System.Collections.Immutable;
using System.Globalization;

namespace AIaaS.Domain.Leads;

/// <summary>
/// The qualification rule: five factors, 100 points.
/// <list type="table">
/// <item><term>budget</term><description>25 from 10,000 up, 15 from 1,000 up, 5 below, 0 where unknown (units of its currency)</description></item>
/// <item><term>authority</term><description>25 decision maker, 15 influencer, 5 user, 0 where unknown</description></item>
/// <item><term>need</term><description>25 urgent, 20 clear, 8 vague, 0 none or unknown</description></item>
/// <item><term>timeline</term><description>15 within 30 days, 10 within 90, 5 within 180, 0 later or unknown</description></item>
/// <item><term>fit</term><description>10 for a company of 10 to 1,000 people, 5 for any other known size or a named company, 0 for none</description></item>
/// </list>
/// From 60 points up a lead is qualified. One without a need is disqualified, whatever its points.
/// </summary>
public static class LeadScore
{
    /// <summary>From so many points up a lead is qualified.</summary>
    public const int Qualified = 60;

    /// <summary>The points of each factor with their reasons.</summary>
    public static ImmutableArray<LeadPoints> Of(LeadFacts facts, string? company)
    {
        ArgumentNullException.ThrowIfNull(facts);
        return [Budget(facts.Budget), Authority(facts.Authority), Need(facts.Need), Timeline(facts.TimelineDays), Fit(facts.CompanySize, company)];
    }

    private static LeadPoints Budget(Money? budget) => budget switch
    {
        null => new("budget", 0, 25, "The budget is not known."),
        { Amount: >= 10_000 } m => new("budget", 25, 25, $"A budget of {Text(m)}: 10,000 or more."),
        { Amount: >= 1_000 } m => new("budget", 15, 25, $"A budget of {Text(m)}: 1,000 or more."),
        { } m => new("budget", 5, 25, $"A budget of {Text(m)}: less than 1,000."),
    };

    private static LeadPoints Authority(LeadAuthority authority) => authority switch
    {
        LeadAuthority.DecisionMaker => new("authority", 25, 25, "Decides about the purchase."),
        LeadAuthority.Influencer => new("authority", 15, 25, "Is asked before it is bought."),
        LeadAuthority.User => new("authority", 5, 25, "Would use it, and does not decide."),
        _ => new("authority", 0, 25, "Who decides is not known."),
    };

    private static LeadPoints Need(LeadNeed need) => need switch
    {
        LeadNeed.Urgent => new("need", 25, 25, "Needs it and cannot wait."),
        LeadNeed.Clear => new("need", 20, 25, "Knows what it is needed for."),
        LeadNeed.Vague => new("need", 8, 25, "Needs something of that kind."),
        LeadNeed.None => new("need", 0, 25, "Does not need it."),
        _ => new("need", 0, 25, "The need is not known."),
    };

    private static LeadPoints Timeline(int? days) => days switch
    {
        null => new("timeline", 0, 15, "When it is to be bought is not known."),
        <= 30 => new("timeline", 15, 15, "Within 30 days."),
        <= 90 => new("timeline", 10, 15, "Within 90 days."),
        <= 180 => new("timeline", 5, 15, "Within 180 days."),
        _ => new("timeline", 0, 15, "Later than in 180 days."),
    };

    private static LeadPoints Fit(int? size, string? company) => size switch
    {
        >= 10 and <= 1_000 => new("fit", 10, 10, $"A company of {size.Value.ToString(CultureInfo.InvariantCulture)} people."),
        not null => new("fit", 5, 10, $"A company of {size.Value.ToString(CultureInfo.InvariantCulture)} people: outside 10 to 1,000."),
        null when company is not null => new("fit", 5, 10, "A company whose size is not known."),
        null => new("fit", 0, 10, "No company is known."),
    };

    private static string Text(Money money) => string.Create(CultureInfo.InvariantCulture, $"{money.Amount:0.###} {money.Currency}");
}
