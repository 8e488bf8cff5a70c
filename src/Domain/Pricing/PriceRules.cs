using System.Collections.Immutable;
using AIaaS.Domain.Metering;
using AIaaS.Domain.Payments;

namespace AIaaS.Domain.Pricing;

/// <summary>What a price, a plan and an exchange rate must be, so that each amount can be calculated and explained.</summary>
public static class PriceRules
{
    /// <summary>The most that a single amount of a price may be.</summary>
    public const decimal MaxAmount = 1_000_000_000m;

    /// <summary>The most decimals of an amount for a unit.</summary>
    public const int MaxDecimals = 12;

    /// <summary>The most tiers.</summary>
    public const int MaxTiers = 100;

    private static readonly DateTimeOffset Earliest = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly DateTimeOffset Latest = new(2100, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>All that is wrong with a price; empty when nothing is.</summary>
    /// <param name="price">The price; its version is not looked at.</param>
    /// <param name="tierStarts">Where the sender said it: the quantity above which each tier begins, so that gaps and overlaps are seen; null where nobody did.</param>
    public static IReadOnlyList<string> Faults(Price price, IReadOnlyList<decimal?>? tierStarts = null)
    {
        ArgumentNullException.ThrowIfNull(price);
        var faults = new Found();
        faults.If(!IsId(price.Id), IdFault("id", price.Id));
        faults.If(!IsMeter(price.Meter), $"the meter '{PricingErrors.Shown(price.Meter)}' is no meter's name; use lower-case letters, digits, '_' and '.'");
        faults.If(!Enum.IsDefined(price.Model), $"the model is not one of {string.Join(", ", Enum.GetNames<PriceModel>())}");
        faults.If(Currencies.Decimals(price.Currency) is null, CurrencyFault(price.Currency));
        faults.If(price.From < Earliest || price.From >= Latest, $"'from' is {Words.Of(price.From)}; a time from 2000 to 2099 is needed");
        faults.If(price.To <= price.From, $"it ends at {(price.To is { } end ? Words.Of(end) : "")}, before or when it starts at {Words.Of(price.From)}");
        faults.Amount("unitAmount", price.UnitAmount);
        faults.Amount("freeAllowance", price.FreeAllowance, 1_000_000_000_000_000m);
        faults.If(price.Minimum is { } minimum && AmountFault(minimum, MaxAmount) is not null, $"'minimum' {AmountFault(price.Minimum ?? 0m, MaxAmount)}");
        faults.Text("description", price.Description, 500, true);
        if (price.Where is { } where)
        {
            faults.If(where.Count > 10, $"'where' has {where.Count} dimensions; at most 10 are possible");
            foreach (var (name, value) in where)
            {
                faults.If(name.Length is 0 or > 100 || name.Any(char.IsControl), $"the dimension '{PricingErrors.Shown(name)}' has no usable name");
                faults.If(value is null || value.Length > 200, $"the dimension '{PricingErrors.Shown(name)}' needs a value of at most 200 characters");
            }
        }

        faults.If(price.UnitAmount != 0m && price.Model is PriceModel.Graduated or PriceModel.Volume or PriceModel.Percentage, $"a price of the model {price.Model} has no 'unitAmount'");
        faults.If(price.Model == PriceModel.Package && (price.PackageSize <= 0m || price.PackageSize > 1_000_000_000_000m), $"'packageSize' is {Words.Of(price.PackageSize)}; a package has more than 0 and at most 1,000,000,000,000 units");
        faults.If(price.Model != PriceModel.Package && price.PackageSize != 0m, $"a price of the model {price.Model} has no 'packageSize'");
        if (price.Model is PriceModel.Graduated or PriceModel.Volume)
        {
            AddTierFaults(faults, price.Tiers, tierStarts);
        }
        else
        {
            faults.If(!price.Tiers.IsDefaultOrEmpty, $"a price of the model {price.Model} has no tiers");
        }

        if (price.Model == PriceModel.Percentage)
        {
            faults.If(price.Percent <= 0m || price.Percent > 10_000m || price.Percent.Scale > MaxDecimals, $"'percent' is {Words.Of(price.Percent)}; above 0 and at most 10,000 is possible, 100 for the amount itself");
            faults.If(BuiltInMeters.Find(price.Meter ?? "") is not null && price.Meter != BuiltInMeters.Cost, $"a percentage is taken of money, and the meter '{price.Meter}' counts none; '{BuiltInMeters.Cost}' does");
            faults.If(price.Meter == BuiltInMeters.Cost && price.Currency != "USD", $"the meter '{BuiltInMeters.Cost}' counts USD, so that a percentage of it is in USD and not in {PricingErrors.Shown(price.Currency)}");
        }
        else
        {
            faults.If(price.Percent != 0m, $"a price of the model {price.Model} has no 'percent'");
        }

        return faults.All;
    }

    /// <summary>What is wrong with another version of a price for the plans that name it, by the exchange rates that are known; empty when nothing is.</summary>
    public static IReadOnlyList<string> FaultsInPlans(Price price, PriceBookView book)
    {
        ArgumentNullException.ThrowIfNull(price);
        ArgumentNullException.ThrowIfNull(book);
        var faults = new Found();
        var plans = book.Plans.Values.SelectMany(v => v).Where(p => p.Prices.Contains(price.Id)).ToList();
        foreach (var (currency, name) in plans.Where(p => p.Currency != price.Currency && !book.Rates.ContainsKey($"{price.Currency}-{p.Currency}")).Select(p => (p.Currency, p.Id)).DistinctBy(p => p.Currency))
        {
            faults.Add($"the plan '{name}' is in {currency} and no exchange rate from {PricingErrors.Shown(price.Currency)} to {currency} is published; publish one first");
        }

        foreach (var plan in plans.Where(p => price.Model == PriceModel.Percentage && !CountsMoney(price, p)).Select(p => p.Id).Distinct(StringComparer.Ordinal).Take(3))
        {
            faults.Add($"it is a percentage of the meter '{PricingErrors.Shown(price.Meter)}', which counts no money in {PricingErrors.Shown(price.Currency)} in the plan '{plan}'");
        }

        return faults.All;
    }

    /// <summary>All that is wrong with a plan, by the prices and exchange rates that are known; empty when nothing is.</summary>
    public static IReadOnlyList<string> Faults(Plan plan, PriceBookView book)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(book);
        var faults = new Found();
        faults.If(!IsId(plan.Id), IdFault("id", plan.Id));
        faults.Text("name", plan.Name, 200, false);
        var decimals = Currencies.Decimals(plan.Currency);
        faults.If(decimals is null, CurrencyFault(plan.Currency));
        faults.Amount("recurringFee", plan.RecurringFee);
        faults.If(decimals is { } most && decimal.Round(plan.RecurringFee, most) != plan.RecurringFee, $"'recurringFee' {Words.Of(plan.RecurringFee)} has more decimals than {plan.Currency} has: {decimals}");
        faults.If(!Enum.IsDefined(plan.Interval), $"the interval is not one of {string.Join(", ", Enum.GetNames<BillingInterval>())}");
        var longest = plan.Interval switch { BillingInterval.Day => 366, BillingInterval.Week => 52, BillingInterval.Month => 36, BillingInterval.Year => 3, _ => 366 };
        faults.If(plan.IntervalCount < 1 || plan.IntervalCount > longest, $"'intervalCount' is {plan.IntervalCount}; 1 to {longest} are possible of the interval {plan.Interval}");
        faults.If(plan.TrialDays is < 0 or > 365, $"'trialDays' is {plan.TrialDays}; 0 to 365 are possible");
        faults.If(plan.SafeModePercent is < 1 or > 100, $"'safeModePercent' is {plan.SafeModePercent}; 1 to 100 are possible");
        faults.If(plan.Features.Length > 50 || plan.Features.Any(f => !IsMeter(f)), "'features' are at most 50 names of lower-case letters, digits, '_' and '.'");
        faults.If(plan.Features.Distinct(StringComparer.Ordinal).Count() != plan.Features.Length, "a feature is named twice");
        AddPriceFaults(faults, plan, book);
        foreach (var quota in plan.Quotas)
        {
            faults.If(!Enum.IsDefined(quota.Resource) || !Enum.IsDefined(quota.Window), "a quota's resource or window is not one of the possible values");
            faults.If(quota.Limit < 0, $"the quota of {quota.Resource} is {quota.Limit}; it must be 0 or more");
            faults.If(quota.Resource is QuotaResource.StorageBytes or QuotaResource.ConcurrentRuns != (quota.Window == QuotaWindow.Moment), $"the quota of {quota.Resource} cannot be for a {quota.Window}: StorageBytes and ConcurrentRuns are limited at each Moment, the others in a Minute, Hour, Day or Month");
        }

        faults.If(plan.Quotas.DistinctBy(q => (q.Resource, q.Window)).Count() != plan.Quotas.Length, "a quota is there twice");
        faults.If(plan.Meters.DistinctBy(m => m.Meter).Count() != plan.Meters.Length, "a meter is there twice");
        faults.If(plan.Meters.Length > 50, $"there are {plan.Meters.Length} meters; at most 50 are possible");
        foreach (var meter in plan.Meters.Take(50))
        {
            faults.All.AddRange(MeterRules.Faults(meter).Select(f => $"of the meter '{PricingErrors.Shown(meter.Meter)}': {f}"));
        }

        return faults.All;
    }

    /// <summary>All that is wrong with an exchange rate; empty when nothing is.</summary>
    public static IReadOnlyList<string> Faults(string @base, string quote, decimal rate, DateTimeOffset from)
    {
        var faults = new Found();
        faults.If(Currencies.Decimals(@base) is null, CurrencyFault(@base));
        faults.If(Currencies.Decimals(quote) is null, CurrencyFault(quote));
        faults.If(@base == quote, $"{PricingErrors.Shown(@base)} is always worth 1 {PricingErrors.Shown(quote)}");
        faults.If(rate <= 0m, $"the rate {Words.Of(rate)} is not more than 0");
        faults.If(rate > 0m && (rate < 0.000000001m || rate > MaxAmount || rate.Scale > MaxDecimals), $"the rate {Words.Of(rate)} is absurd; 0.000000001 to 1,000,000,000 with at most {MaxDecimals} decimals is possible");
        faults.If(from < Earliest || from >= Latest, $"'from' is {Words.Of(from)}; a time from 2000 to 2099 is needed");
        return faults.All;
    }

    /// <summary>Whether a text can be the id of a price or a plan: a lower-case slug of 2 to 60 letters, digits and inner dashes.</summary>
    public static bool IsId(string? text) =>
        text is { Length: >= 2 and <= 60 }
        && text[0] != '-' && text[^1] != '-'
        && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-')
        && !text.Contains("--", StringComparison.Ordinal);

    /// <summary>A price with each number in one form, so that what is the same is recorded the same.</summary>
    public static Price Normal(Price price)
    {
        ArgumentNullException.ThrowIfNull(price);
        return price with
        {
            From = price.From.ToUniversalTime(),
            To = price.To?.ToUniversalTime(),
            UnitAmount = Words.Normal(price.UnitAmount),
            PackageSize = Words.Normal(price.PackageSize),
            Percent = Words.Normal(price.Percent),
            FreeAllowance = Words.Normal(price.FreeAllowance),
            Minimum = price.Minimum is { } minimum ? Words.Normal(minimum) : null,
            Where = price.Where is { Count: > 0 } ? price.Where : null,
            Tiers = price.Tiers.IsDefaultOrEmpty ? [] : [.. price.Tiers.Select(t => new PriceTier(t.UpTo is { } end ? Words.Normal(end) : null, Words.Normal(t.UnitAmount), Words.Normal(t.FlatAmount)))],
        };
    }

    internal static string CurrencyFault(string? currency) => $"'{PricingErrors.Shown(currency)}' is no currency of ISO 4217; three capital letters such as USD are needed";

    private static void AddTierFaults(Found faults, ImmutableArray<PriceTier> tiers, IReadOnlyList<decimal?>? starts)
    {
        if (tiers.IsDefaultOrEmpty || tiers.Length > MaxTiers)
        {
            faults.Add($"there are {(tiers.IsDefault ? 0 : tiers.Length)} tiers; 1 to {MaxTiers} are needed");
            return;
        }

        var end = 0m;
        for (var i = 0; i < tiers.Length; i++)
        {
            var tier = tiers[i];
            var isLast = i == tiers.Length - 1;
            faults.Amount($"tiers[{i}].unitAmount", tier.UnitAmount);
            faults.Amount($"tiers[{i}].flatAmount", tier.FlatAmount);
            if (starts is not null && i < starts.Count && starts[i] is { } start && start != end)
            {
                faults.Add(start < end
                    ? $"tier {i + 1} begins at {Words.Of(start)} while tier {i} goes up to {Words.Of(end)}: they overlap"
                    : $"tier {i + 1} begins at {Words.Of(start)} while what is before it ends at {Words.Of(end)}: there is a gap");
            }

            if (tier.UpTo is not { } upTo)
            {
                faults.If(!isLast, $"tier {i + 1} has no end ('upTo' is null), so that tier {i + 2} overlaps with it; only the last tier has none");
                continue;
            }

            faults.If(upTo <= 0m, $"tier {i + 1} goes up to {Words.Of(upTo)}; it must be more than 0");
            faults.If(i > 0 && upTo > 0m && upTo <= end, $"tier {i + 1} goes up to {Words.Of(upTo)} and tier {i} up to {Words.Of(end)}: they overlap; tiers go from the lowest up");
            faults.If(isLast, $"the last tier ends at {Words.Of(upTo)}: what is above has no price; leave its 'upTo' out");
            end = Math.Max(end, upTo);
        }
    }

    private static void AddPriceFaults(Found faults, Plan plan, PriceBookView book)
    {
        faults.If(plan.Prices.Length > 200, $"there are {plan.Prices.Length} prices; at most 200 are possible");
        faults.If(plan.Prices.Distinct(StringComparer.Ordinal).Count() != plan.Prices.Length, "a price is named twice");
        foreach (var id in plan.Prices.Distinct(StringComparer.Ordinal).Take(200))
        {
            if (!book.Prices.TryGetValue(id ?? "", out var versions))
            {
                faults.Add($"there is no price '{PricingErrors.Shown(id)}'; publish it first");
                continue;
            }

            foreach (var currency in versions.Select(v => v.Currency).Distinct(StringComparer.Ordinal))
            {
                faults.If(
                    currency != plan.Currency && Currencies.Decimals(plan.Currency) is not null && !book.Rates.ContainsKey($"{currency}-{plan.Currency}"),
                    $"the price '{id}' is in {currency} and no exchange rate from {currency} to {plan.Currency} is published; publish one first");
            }

            var price = versions[^1];
            faults.If(
                price.Model == PriceModel.Percentage && !CountsMoney(price, plan),
                $"the price '{id}' is a percentage of the meter '{price.Meter}', which counts no money in {price.Currency}: use '{BuiltInMeters.Cost}', or give the plan that meter with the unit '{price.Currency}'");
        }
    }

    private static bool CountsMoney(Price price, Plan plan) => price.Meter == BuiltInMeters.Cost || plan.Meters.Any(m => m.Meter == price.Meter && m.Unit == price.Currency);

    private static bool IsMeter(string? text) => text is { Length: >= 1 and <= 100 } && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '_' or '.') && text[0] != '.' && text[^1] != '.';

    private static string IdFault(string name, string? id) => $"'{PricingErrors.Shown(id)}' cannot be its {name}: use 2 to 60 lower-case letters, digits and single inner dashes";

    private static string? AmountFault(decimal amount, decimal most) =>
        amount < 0m ? $"is {Words.Of(amount)}, less than 0"
        : amount > most ? $"is {Words.Of(amount)}, more than {Words.Of(most)}"
        : Words.Normal(amount).Scale > MaxDecimals ? $"is {Words.Of(amount)}, with more than {MaxDecimals} decimals"
        : null;

    private sealed class Found
    {
        public List<string> All { get; } = [];

        public void Add(string fault) => All.Add(fault);

        public void If(bool isWrong, string fault)
        {
            if (isWrong)
            {
                All.Add(fault);
            }
        }

        public void Amount(string name, decimal amount, decimal most = MaxAmount)
        {
            if (AmountFault(amount, most) is { } fault)
            {
                All.Add($"'{name}' {fault}");
            }
        }

        public void Text(string name, string? text, int most, bool mayBeEmpty)
        {
            if (string.IsNullOrWhiteSpace(text))
            {
                If(!mayBeEmpty || text is null, $"the {name} is missing");
            }
            else if (TextRules.Fault(name, text, most) is { } fault)
            {
                All.Add(fault);
            }
        }
    }
}
