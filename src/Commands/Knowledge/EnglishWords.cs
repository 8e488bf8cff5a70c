using System.Collections.Frozen;

namespace AIaaS.Commands.Knowledge;

/// <summary>What searching and answering know about the English of customers: words that say little, and words that mean the same.</summary>
internal static class EnglishWords
{
    /// <summary>What a word that says little counts, against 1 for any other.</summary>
    public const double GenericWorth = 0.3;

    private const double WishWorth = 1.4;

    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> Generic = Stems(
        "help need want know tell question problem issue happen work use make way thing mean long much many lot time new still already possible able sure " +
        "give gave given take took taken go going gone come came see saw look find found try trying tried say said ask asked show understand let think thought wonder " +
        "currently now today tomorrow yesterday yet even really soon something anything someone anyone somebody anybody everything everyone nobody nothing keep kept put " +
        "well good right wrong correct different same other another more most less least few little bit only never ever always often sometimes again " +
        "information info detail explain available actually allow come expect back one two three four five six seven eight nine ten first last next " +
        "day week month year hour minute ago morning afternoon evening night monday tuesday wednesday thursday friday january february march april june july august september october november december " +
        "up over through thru around enough though although however without within during before until since upon each every both either else own pair piece couple bunch away whatever whether else " +
        "hey dear sir madam yes okay ok kind kindly hope guess seem looking reason case sort especially maybe perhaps instead anymore people person " +
        "rather cause matter happened doing became become got gotten gonna wanna im ive id cant wont")
        .ToFrozenSet(StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();

    // Nearly every article of a business names its goods and these; what a customer wants done tells its articles apart better than the goods do.
    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> Wishes = Stems(
        "return refund exchange cancel delivery ship pay payment warranty guarantee repair rent hire track tracking invoice receipt password login subscribe unsubscribe " +
        "membership discount voucher damaged broken missing lost stolen late declined delete activate withdraw transfer verify block replace recall recycle price cheaper")
        .ToFrozenSet(StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();

    private static readonly string[][] Groups =
    [
        .. new[]
        {
            "refund reimburse reimbursement",
            "delivery deliver ship shipping shipment arrive arrival",
            "parcel package",
            "fee charge cost price",
            "cancel revoke",
            "close terminate delete deactivate",
            "stolen steal stole theft",
            "lost lose missing",
            "broken break broke damage damaged faulty defective fault crushed dent dented cracked torn",
            "purchase buy bought",
            "sell sold",
            "pay payment paid",
            "phone telephone mobile",
            "change update edit modify amend",
            "passcode password pin",
            "begin start",
            "fix repair mend",
            "send sent",
            "email mail",
            "exchange swap",
            "voucher coupon",
            "promo promotion promotional",
            "decline declined reject rejected refused denied",
            "transfer wire",
            "limit maximum cap",
            "age old",
            "freeze lock block",
            "verify verification identity",
            "atm withdrawal withdraw",
            "wait waiting pending",
            "app application",
            "rent rental hire",
            "warranty guarantee",
            "gift present",
            "wash clean",
            "dry dries",
            "store shop branch",
            "colour color",
            "member membership join",
            "invoice bill",
            "child kid children daughter son",
            "abroad international overseas foreign",
            "expire expiry valid",
            "twice double duplicate",
            "instalment installment",
            "register subscribe enrol",
            "wear worn wore",
            "employee staff",
            "trouser pant",
        }.Select(g => Stems(g).Distinct(StringComparer.Ordinal).ToArray()),
    ];

    private static readonly FrozenDictionary<string, int> GroupOfTerm = Members();

    private static readonly FrozenDictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> GroupLookup = GroupOfTerm.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>Whether a term says little about what a question is about.</summary>
    public static bool IsGeneric(ReadOnlySpan<char> term) => Generic.Contains(term) || (term.Length <= 4 && term.IndexOfAnyExceptInRange('0', '9') < 0) || term.Length == 1;

    /// <summary>What a term counts by itself.</summary>
    public static double WorthOf(string term, bool isGeneric) => isGeneric ? GenericWorth : Wishes.Contains(term) ? WishWorth : 1;

    /// <summary>The group of terms that mean the same, or -1.</summary>
    public static int GroupOf(ReadOnlySpan<char> term) => GroupLookup.TryGetValue(term, out var group) ? group : -1;

    /// <summary>The terms of a group.</summary>
    public static ReadOnlySpan<string> MembersOf(int group) => Groups[group];

    /// <summary>The known term that a misspelt one was meant to be; null where none is near.</summary>
    public static string? Correct(ReadOnlySpan<char> term)
    {
        string? best = null;
        foreach (var known in GroupOfTerm.Keys)
        {
            if (Spelling.IsNear(term, known) && (best is null || string.CompareOrdinal(known, best) < 0))
            {
                best = known;
            }
        }

        return best;
    }

    /// <summary>The terms of a text, one after another.</summary>
    public static List<string> Stems(string words)
    {
        var stems = new List<string>();
        Span<char> buffer = stackalloc char[TermReader.BufferSize];
        var reader = new TermReader(words, buffer);
        while (reader.Read())
        {
            stems.Add(reader.Term.ToString());
        }

        return stems;
    }

    private static FrozenDictionary<string, int> Members()
    {
        var all = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var group = 0; group < Groups.Length; group++)
        {
            foreach (var stem in Groups[group])
            {
                all.TryAdd(stem, group);
            }
        }

        return all.ToFrozenDictionary(StringComparer.Ordinal);
    }
}
