using AIaaS.Domain.Billing;
using AIaaS.EventStore;

namespace AIaaS.Commands.Billing;

/// <summary>How an invoice looks: as its tenant's invoices looked when it was made.</summary>
public sealed class InvoiceLooks(IEventStore log, EventTypes types)
{
    /// <summary>The branding of a version of a tenant's branding stream; nothing special for none.</summary>
    public async Task<Branding> OfAsync(string tenant, long version, CancellationToken cancellationToken = default)
    {
        if (version < 0)
        {
            return new();
        }

        await foreach (var recorded in log.ReadStreamOrEmptyAsync(Branding.Stream(tenant), ReadDirection.Forwards, version, 1, cancellationToken))
        {
            return types.Read(recorded) is BrandingSet set ? set.Branding : new();
        }

        return new();
    }
}
