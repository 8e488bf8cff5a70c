using System.Collections.Immutable;
using AIaaS.EventStore;

namespace AIaaS.Domain.Customers;

/// <summary>Lets a customer be found by something that they know of themselves.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Key">From <see cref="CustomerIdentity.ByEmail"/> or <see cref="CustomerIdentity.ByNameAndZip"/>.</param>
/// <param name="Customer">The customer's id.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record LinkIdentity(string Tenant, string Key, string Customer, DateTimeOffset At);

/// <summary>Ends that a customer is found so.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Key">From <see cref="CustomerIdentity.ByEmail"/> or <see cref="CustomerIdentity.ByNameAndZip"/>.</param>
/// <param name="Customer">The customer's id.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record UnlinkIdentity(string Tenant, string Key, string Customer, DateTimeOffset At);

/// <summary>Whom an e-mail address, or a name with a postal code, stands for. A stream of its own, so that an authentication sees at once what was changed.</summary>
public sealed record CustomerIdentity : IState<CustomerIdentity>
{
    /// <summary>Nobody.</summary>
    public static CustomerIdentity Initial { get; } = new();

    /// <summary>The customers that it stands for, the first linked first. More than one: it does not tell who somebody is.</summary>
    public ImmutableArray<string> Customers { get; init; } = [];

    /// <summary>The stream of an identity.</summary>
    public static StreamName Stream(string tenant, string key) => StreamName.For("customerIdentity", tenant, key);

    /// <summary>The key of an e-mail address; upper and lower case are the same.</summary>
    public static string ByEmail(string email) => EventStore.NamedId.Of("email", Folded(email)).ToString("N");

    /// <summary>The key of a name with a postal code; upper and lower case are the same in the name.</summary>
    public static string ByNameAndZip(string firstName, string lastName, string zip) =>
        EventStore.NamedId.Of("name-zip", Folded(firstName), Folded(lastName), zip).ToString("N");

    /// <inheritdoc />
    public CustomerIdentity Evolve(object @event) => @event switch
    {
        CustomerIdentityLinked e => this with { Customers = Customers.Contains(e.Customer) ? Customers : Customers.Add(e.Customer) },
        CustomerIdentityUnlinked e => this with { Customers = Customers.Remove(e.Customer) },
        _ => this,
    };

    /// <summary>Links; again, it changes nothing.</summary>
    public Decision Link(LinkIdentity command) =>
        Customers.Contains(command.Customer) ? Decision.Unchanged : new CustomerIdentityLinked(command.Customer, command.At);

    /// <summary>Unlinks; again, it changes nothing.</summary>
    public Decision Unlink(UnlinkIdentity command) =>
        Customers.Contains(command.Customer) ? new CustomerIdentityUnlinked(command.Customer, command.At) : Decision.Unchanged;

    private static string Folded(string text) => text.ToLowerInvariant();
}
