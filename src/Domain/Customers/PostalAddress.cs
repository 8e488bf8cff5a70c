namespace AIaaS.Domain.Customers;

/// <summary>Where somebody lives, or where an order goes.</summary>
/// <param name="Address1">The first line.</param>
/// <param name="Address2">The second line; may be empty.</param>
/// <param name="City">The city.</param>
/// <param name="State">The state.</param>
/// <param name="Country">The country.</param>
/// <param name="Zip">The postal code.</param>
public sealed record PostalAddress(string Address1, string Address2, string City, string State, string Country, string Zip)
{
    /// <summary>The longest line.</summary>
    public const int MaxLineLength = 200;

    /// <summary>All that is wrong with it; empty when nothing is.</summary>
    public IReadOnlyList<string> Faults()
    {
        List<string> faults = [];
        foreach (var (name, value, mayBeEmpty) in new (string, string?, bool)[] { ("address1", Address1, false), ("address2", Address2, true), ("city", City, false), ("state", State, true), ("country", Country, false), ("zip", Zip, false) })
        {
            if (value is null || (!mayBeEmpty && string.IsNullOrWhiteSpace(value)))
            {
                faults.Add($"{name} is empty");
            }
            else if (!ShopText.IsLine(value, MaxLineLength))
            {
                faults.Add($"{name} must be one line of text of at most {MaxLineLength} characters");
            }
        }

        return faults;
    }
}
