using AIaaS.Domain.Customers;
using AIaaS.EventStore;

namespace AIaaS.Commands.Customers;

/// <summary>The commands of customers.</summary>
public sealed class CustomerService : CommandService<Customer>
{
    /// <summary>Makes the service.</summary>
    public CustomerService(IEventStore log, EventTypes types, IdSource ids)
        : base(log, types, ids)
    {
        On<ImportCustomer>().In(c => Customer.Stream(c.Tenant, c.Imported.Customer)).Decide((customer, command) => customer.Import(command));
        On<ChangeCustomerAddress>().In(c => Customer.Stream(c.Tenant, c.Customer)).Decide((customer, command) => customer.ChangeAddress(command));
        On<AddCustomerOrder>().In(c => Customer.Stream(c.Tenant, c.Customer)).Decide((customer, command) => customer.AddOrder(command));
        On<MoveGiftCards>().In(c => Customer.Stream(c.Tenant, c.Customer)).Decide((customer, command) => customer.Move(command));
    }

    /// <summary>The customer as the log has it now; the initial state where there is none.</summary>
    public async Task<Customer> FindAsync(string tenant, string customer, CancellationToken cancellationToken = default) =>
        (await LoadAsync(Customer.Stream(tenant, customer), cancellationToken)).State;
}

/// <summary>The commands of what customers are found by.</summary>
public sealed class CustomerIdentityService : CommandService<CustomerIdentity>
{
    /// <summary>Makes the service.</summary>
    public CustomerIdentityService(IEventStore log, EventTypes types, IdSource ids)
        : base(log, types, ids)
    {
        On<LinkIdentity>().In(c => CustomerIdentity.Stream(c.Tenant, c.Key)).Decide((identity, command) => identity.Link(command));
        On<UnlinkIdentity>().In(c => CustomerIdentity.Stream(c.Tenant, c.Key)).Decide((identity, command) => identity.Unlink(command));
    }

    /// <summary>Whom a key stands for, as the log has it now.</summary>
    public async Task<CustomerIdentity> FindAsync(string tenant, string key, CancellationToken cancellationToken = default) =>
        (await LoadAsync(CustomerIdentity.Stream(tenant, key), cancellationToken)).State;
}
