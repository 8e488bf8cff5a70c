using AIaaS.Domain.Pricing;
using AIaaS.Domain.Tenants;
using AIaaS.EventStore;

namespace AIaaS.Commands.Pricing;

/// <summary>Publishes versions of prices.</summary>
public sealed class PriceService : CommandService<PriceVersions>
{
    /// <summary>Makes the service.</summary>
    public PriceService(IEventStore log, EventTypes types, IdSource ids)
        : base(log, types, ids) => On<PublishPrice>().In(c => PricePublished.Stream(PricingIds.Named(c.Price.Id))).Decide((versions, command) => versions.Publish(command));
}

/// <summary>Publishes versions of plans.</summary>
public sealed class PlanService : CommandService<PlanVersions>
{
    /// <summary>Makes the service.</summary>
    public PlanService(IEventStore log, EventTypes types, IdSource ids)
        : base(log, types, ids) => On<PublishPlan>().In(c => PlanPublished.Stream(PricingIds.Named(c.Plan.Id))).Decide((versions, command) => versions.Publish(command));
}

/// <summary>Publishes exchange rates.</summary>
public sealed class ExchangeRateService : CommandService<ExchangeRates>
{
    /// <summary>Makes the service.</summary>
    public ExchangeRateService(IEventStore log, EventTypes types, IdSource ids)
        : base(log, types, ids) => On<PublishExchangeRate>().In(c => ExchangeRatePublished.Stream(PricingIds.Currency(c.Base), PricingIds.Currency(c.Quote))).Decide((rates, command) => rates.Publish(command));
}

/// <summary>What the platform sells and for how much. What is published is known to this process's <see cref="PriceCatalog"/> when the command answers.</summary>
public sealed class PricingService(PriceService prices, PlanService plans, ExchangeRateService rates, PriceCatalog catalog)
{
    /// <summary>Publishes the next version of a price.</summary>
    /// <exception cref="DomainException">It cannot be published; all faults at once.</exception>
    public async Task<CommandResult<PriceVersions>> PublishAsync(PublishPrice command, CommandContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(command);
        command = command with { Book = catalog.Current };
        // What cannot name a stream is refused by the same words as everything else.
        return PriceRules.IsId(command.Price.Id)
            ? await KnownAsync(await prices.HandleAsync(command, Platform(context), cancellationToken), cancellationToken)
            : throw new DomainException(PriceVersions.Initial.Publish(command).Error!);
    }

    /// <summary>Publishes the next version of a plan.</summary>
    /// <exception cref="DomainException">It cannot be published; all faults at once.</exception>
    public async Task<CommandResult<PlanVersions>> PublishAsync(Plan plan, string? reason, DateTimeOffset at, CommandContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(plan);
        var command = new PublishPlan(plan, await catalog.ForAsync(plan.Prices, plan.Currency, cancellationToken), reason, at);
        return PriceRules.IsId(plan.Id)
            ? await KnownAsync(await plans.HandleAsync(command, Platform(context), cancellationToken), cancellationToken)
            : throw new DomainException(PlanVersions.Initial.Publish(command).Error!);
    }

    /// <summary>Publishes an exchange rate.</summary>
    /// <exception cref="DomainException">It cannot be published; all faults at once.</exception>
    public async Task<CommandResult<ExchangeRates>> PublishAsync(PublishExchangeRate command, CommandContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(command);
        return PricingIds.IsCurrency(command.Base) && PricingIds.IsCurrency(command.Quote)
            ? await KnownAsync(await rates.HandleAsync(command, Platform(context), cancellationToken), cancellationToken)
            : throw new DomainException(ExchangeRates.Initial.Publish(command).Error!);
    }

    private static CommandContext Platform(CommandContext context) => context with { Tenant = Tenant.Platform };

    private async Task<CommandResult<T>> KnownAsync<T>(CommandResult<T> result, CancellationToken cancellationToken)
    {
        await catalog.WaitForAsync(result.Position, PriceCatalog.Patience, cancellationToken);
        return result;
    }
}

internal static class PricingIds
{
    public static string Named(string id) => PriceRules.IsId(id) ? id : throw new ArgumentException($"'{id}' is no id of a price or a plan.", nameof(id));

    public static bool IsCurrency(string? text) => Domain.Payments.Currencies.Decimals(text) is not null;

    public static string Currency(string text) => IsCurrency(text) ? text : throw new ArgumentException($"'{text}' is no currency.", nameof(text));
}
