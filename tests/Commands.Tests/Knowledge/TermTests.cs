using AIaaS.Commands.Knowledge;

namespace Commands.Tests.Knowledge;

public sealed class English_words
{
    // From the sample vocabulary that Snowball publishes for Porter2.
    [TestCase("consigned", "consign")]
    [TestCase("consignment", "consign")]
    [TestCase("consistency", "consist")]
    [TestCase("consistently", "consist")]
    [TestCase("consolatory", "consolatori")]
    [TestCase("consolidating", "consolid")]
    [TestCase("consolingly", "consol")]
    [TestCase("conspicuously", "conspicu")]
    [TestCase("conspiracy", "conspiraci")]
    [TestCase("conspirators", "conspir")]
    [TestCase("constable", "constabl")]
    [TestCase("knackeries", "knackeri")]
    [TestCase("knavish", "knavish")]
    [TestCase("kneading", "knead")]
    [TestCase("knightly", "knight")]
    [TestCase("knives", "knive")]
    [TestCase("knotted", "knot")]
    [TestCase("generously", "generous")]
    [TestCase("hoping", "hope")]
    [TestCase("hopping", "hop")]
    [TestCase("cries", "cri")]
    [TestCase("ties", "tie")]
    [TestCase("gas", "gas")]
    [TestCase("gaps", "gap")]
    [TestCase("agreed", "agre")]
    [TestCase("refunding", "refund")]
    [TestCase("as", "as")]
    public void have_the_stem_that_Porter2_gives(string word, string stem)
    {
        var buffer = new char[word.Length + 1];
        word.CopyTo(buffer);
        new string(buffer, 0, EnglishStemmer.Stem(buffer, word.Length)).Should().Be(stem);
    }
}

public sealed class The_terms_of_a_text
{
    [TestCase("Where is my REFUND?", "refund")]
    [TestCase("The customer's cards can't be used", "custom card use")]
    [TestCase("Café Über naïve", "cafe uber naiv")]
    [TestCase("Cafe\u0301", "cafe")]
    [TestCase("Fee of $10,000.50 or 5.5%", "fee 10000.50 5.5")]
    [TestCase("カード再発行", "カ ー ド 再 発 行")]
    [TestCase("Возврат денег", "возврат денег")]
    [TestCase("e-mail: a@b.example", "e mail b exampl")]
    [TestCase("😀 \0 ...", "")]
    public void are_folded_stemmed_and_without_stop_words(string text, string terms)
    {
        var found = new List<string>();
        var reader = new TermReader(text, new char[TermReader.BufferSize]);
        while (reader.Read())
        {
            found.Add(reader.Term.ToString());
        }

        string.Join(' ', found).Should().Be(terms);
    }

    [Test]
    public void never_outgrow_the_buffer()
    {
        var reader = new TermReader(new string('é', 500), new char[TermReader.BufferSize]);
        reader.Read().Should().BeTrue();
        reader.Term.Length.Should().BeLessThan(TermReader.BufferSize);
        reader.Read().Should().BeFalse();
    }
}

public sealed class A_misspelt_word
{
    [TestCase("shiping", "shipping")]
    [TestCase("recieved", "received")]
    [TestCase("adress", "address")]
    [TestCase("conformation", "confirmation")]
    [TestCase("reccomendation", "recommendation")]
    public void is_near_the_right_one(string misspelt, string right) => Spelling.IsNear(misspelt, right).Should().BeTrue();

    [TestCase("share", "shape")]
    [TestCase("lake", "take")]
    [TestCase("food", "hood")]
    [TestCase("2026", "2025")]
    [TestCase("order", "order")]
    [TestCase("delivery", "discovery")]
    public void is_not_every_word_that_looks_like_it(string word, string other) => Spelling.IsNear(word, other).Should().BeFalse();

    [Test]
    public void finds_what_was_meant()
    {
        using var index = new TenantIndex();
        index.Put(new("invoice", "Invoices", "The invoice comes with the parcel.", AIaaS.Domain.Knowledge.Audience.Customer, "", default));
        index.Search("where is my invioce", AIaaS.Domain.Knowledge.Audience.Customer, 5).Select(p => p.Article).Should().Equal("invoice");
    }
}

public sealed class A_message_with_a_story
{
    [Test]
    public void counts_what_it_asks_before_the_story()
    {
        var terms = QuestionTerms.Read("I bought a red kettle last summer. How do I pay an invoice?");
        terms.Single(t => t.Text == "invoic").Share.Should().BeGreaterThan(terms.Single(t => t.Text == "kettl").Share);
    }

    [TestCase("Can I send it back?", "return")]
    [TestCase("Do I get my money back?", "refund")]
    [TestCase("The red one is sold out", "stock")]
    public void says_what_its_phrases_mean(string message, string term) => QuestionTerms.Read(message).Should().Contain(t => t.Text == term);
}
