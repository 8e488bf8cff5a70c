using System.Buffers.Binary;
using AIaaS.EventStore;

namespace AIaaS.Domain.Billing;

/// <summary>A picture.</summary>
/// <param name="MediaType"><c>image/png</c> or <c>image/jpeg</c>.</param>
/// <param name="Data">Its bytes.</param>
public sealed record BrandLogo(string MediaType, byte[] Data)
{
    /// <inheritdoc />
    public bool Equals(BrandLogo? other) => other is not null && MediaType == other.MediaType && Data.AsSpan().SequenceEqual(other.Data);

    /// <inheritdoc />
    public override int GetHashCode() => HashCode.Combine(MediaType, Data.Length);
}

/// <summary>How a tenant's invoices look.</summary>
public sealed record Branding
{
    /// <summary>The largest logo in bytes, and in pixels along one side.</summary>
    public const int MaxLogoBytes = 256 * 1024;

    /// <summary>The longest side of a logo, in pixels.</summary>
    public const int MaxLogoSide = 4_000;

    /// <summary>The name at the top; null for the seller's.</summary>
    public string? Name { get; init; }

    /// <summary>The colour of headings: <c>#</c> and six hexadecimal digits; null for black.</summary>
    public string? Colour { get; init; }

    /// <summary>What stands at the foot of each page; null for nothing.</summary>
    public string? Footer { get; init; }

    /// <summary>The logo; null for none.</summary>
    public BrandLogo? Logo { get; init; }

    /// <summary>The stream of a tenant's branding.</summary>
    public static StreamName Stream(string tenant) => StreamName.For("branding", tenant, "invoices");

    /// <summary>All that is wrong with it; empty when nothing is.</summary>
    public IReadOnlyList<string> Faults()
    {
        List<string> faults = [];
        if (TextRules.Fault("name", Name, 200) is { } name)
        {
            faults.Add(name);
        }

        if (TextRules.Fault("footer", Footer, 1_000) is { } footer)
        {
            faults.Add(footer);
        }

        if (Colour is not null && !(Colour.Length == 7 && Colour[0] == '#' && Colour.AsSpan(1).IndexOfAnyExcept("0123456789abcdefABCDEF") < 0))
        {
            faults.Add($"the colour '{(Colour.Length <= 20 ? Colour : Colour[..20] + "…")}' is not '#' and six hexadecimal digits, for example #1a4f8b");
        }

        if (Logo is { } logo && LogoFault(logo) is { } fault)
        {
            faults.Add(fault);
        }

        return faults;
    }

    private static string? LogoFault(BrandLogo logo)
    {
        if (logo.Data.Length == 0 || logo.Data.Length > MaxLogoBytes)
        {
            return $"the logo has {logo.Data.Length} bytes; 1 to {MaxLogoBytes} are possible";
        }

        var size = logo.MediaType switch
        {
            "image/png" => PngSize(logo.Data),
            "image/jpeg" => JpegSize(logo.Data),
            _ => (-1, -1),
        };
        return size switch
        {
            (-1, -1) => "the logo is neither image/png nor image/jpeg",
            null => $"the logo's bytes are no {logo.MediaType}",
            ( > 0 and <= MaxLogoSide, > 0 and <= MaxLogoSide) => null,
            var (width, height) => $"the logo has {width} by {height} pixels; at most {MaxLogoSide} by {MaxLogoSide} are possible",
        };
    }

    private static (int Width, int Height)? PngSize(ReadOnlySpan<byte> data) =>
        data.Length > 24 && data.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A]) && data[12..].StartsWith("IHDR"u8)
            ? (BinaryPrimitives.ReadInt32BigEndian(data[16..]), BinaryPrimitives.ReadInt32BigEndian(data[20..]))
            : null;

    private static (int Width, int Height)? JpegSize(ReadOnlySpan<byte> data)
    {
        if (data.Length < 4 || data[0] != 0xFF || data[1] != 0xD8)
        {
            return null;
        }

        for (var at = 2; at + 9 < data.Length && data[at] == 0xFF;)
        {
            var marker = data[at + 1];
            if (marker is >= 0xC0 and <= 0xCF and not (0xC4 or 0xC8 or 0xCC))
            {
                return (BinaryPrimitives.ReadUInt16BigEndian(data[(at + 7)..]), BinaryPrimitives.ReadUInt16BigEndian(data[(at + 5)..]));
            }

            at += marker == 0xFF ? 1 : 2 + BinaryPrimitives.ReadUInt16BigEndian(data[(at + 2)..]);
        }

        return null;
    }
}

/// <summary>Type <c>billing.branding.set</c> in <c>branding-{tenant}_invoices</c>: how invoices look from now on. Those that are made already keep their look.</summary>
/// <param name="Branding">All of it.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record BrandingSet(Branding Branding, DateTimeOffset At) : DomainEvent;

/// <summary>Sets how a tenant's invoices look.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Branding">All of it.</param>
/// <param name="At">Business time, UTC.</param>
public sealed record SetBranding(string Tenant, Branding Branding, DateTimeOffset At);

/// <summary>How a tenant's invoices look now.</summary>
public sealed record BrandingBook : IState<BrandingBook>
{
    /// <summary>Before anybody said anything.</summary>
    public static BrandingBook Initial { get; } = new();

    /// <summary>How they look.</summary>
    public Branding Branding { get; init; } = new();

    /// <inheritdoc />
    public BrandingBook Evolve(object @event) => @event is BrandingSet e ? this with { Branding = e.Branding } : this;

    /// <summary>Sets it; the same again changes nothing.</summary>
    public Decision Set(SetBranding command) =>
        command.Branding.Faults() is { Count: > 0 } faults ? BrandingErrors.Invalid(faults)
        : command.Branding == Branding ? Decision.Unchanged
        : new BrandingSet(command.Branding, command.At);
}

/// <summary>What branding refuses.</summary>
public static class BrandingErrors
{
    /// <summary>All faults at once.</summary>
    public static DomainError Invalid(IReadOnlyList<string> faults) => new("branding-invalid", $"The branding cannot be used: {string.Join("; ", faults)}.", "Correct what is named and send it again.");
}
