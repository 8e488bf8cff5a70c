using AIaaS.Commands.Bus;
using AIaaS.Commands.Customers;
using AIaaS.Commands.Tools;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace AIaaS.Commands.Orders;

/// <summary>Registers the shop: orders, customers, products and its tools.</summary>
public static class OrderServices
{
    /// <summary>
    /// Registers the commands, the tools (each as <see cref="ITool"/>), and what completes changes that span streams, as a subscription. Needs the
    /// log, the event types, an id source, a checkpoint store and a parking lot.
    /// </summary>
    public static IServiceCollection AddOrders(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<CustomerService>();
        services.AddSingleton<CustomerIdentityService>();
        services.AddSingleton<OrderService>();
        services.AddSingleton<ProductService>();
        services.AddSingleton<ProductItemService>();
        services.AddSingleton<CatalogService>();
        services.AddSingleton<Shop>();
        services.AddSingleton<RetailImporter>();
        services.AddSingleton<OrderFollowUps>();
        services.AddHandler<OrderFollowUps>();
        services.AddSingleton<ShopTools>();
        foreach (var name in OrderTools.Names)
        {
            services.AddSingleton(p => p.GetRequiredService<ShopTools>().All().First(t => t.Manifest.Name == name));
        }

        return services;
    }
}
