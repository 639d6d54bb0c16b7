"""Messages: what is missing is told, nothing but facts can be reached, and everything is written as its reader writes it."""

from datetime import date
from decimal import Decimal

import pytest

from mandegar.campaigns.messages.facts import FACTS, amount_told, day_told, facts_of, reader, referral_code
from mandegar.campaigns.messages.render import html, render
from mandegar.campaigns.messages.sms import counted
from mandegar.campaigns.messages.template import DEFAULT, Message, load
from mandegar.config import company as companies
from mandegar.errors import CampaignError

SARA = {"name": "سارا کریمی", "kind": "person", "amount": Decimal("1250000"), "currency": "IRR", "owner": "Ali", "days": 7}
SARA |= {"event_on": date(2026, 3, 21), "reason_code": "too_expensive", "offer_code": "STAY10", "person_key": "p1", "risk_band": "high"}


@pytest.fixture
def facts(company):
    return lambda locale="fa", **other: facts_of(SARA | other, company, locale, date(2026, 4, 4), "https://acme.example/u/x")


@pytest.fixture
def company_with(make_company):
    """A company that has a message of its own."""

    def make(content: str):
        folder = make_company({"subscription.csv": "subscription_id\n"})
        (folder / "messages").mkdir()
        (folder / "messages" / "hello.yaml").write_text(content, encoding="utf-8")
        return companies.load(folder)

    return make


def told(text: str, facts: dict, locale: str = "fa") -> str:
    return render(Message.model_validate({"en": {"subject": "s", "text": text}}), "hello", facts, locale).text.rstrip("\n")


def test_every_fact_is_there_for_everybody(facts):
    assert facts().keys() == FACTS.keys()


@pytest.mark.parametrize(
    ("template", "fa", "en"),
    [
        ("{{ event_on }}", "۱ فروردین ۱۴۰۵", "21 March 2026"),
        ("{{ offer_expires_on }}", "۱۵ فروردین ۱۴۰۵", "4 April 2026"),
        ("{{ days }}", "۷", "7"),
        ("{{ amount }}", "۱٬۲۵۰٬۰۰۰ ریال", "1,250,000 IRR"),
        ("{{ risk }}", "زیاد", "high"),
        ("{{ first_name }}", "سارا", "سارا"),
        ("{{ company }} {{ offer_code }}", "\u2068Acme\u2069 \u2068STAY10\u2069", "Acme STAY10"),
        ("{{ unsubscribe_url }}", "https://acme.example/u/x", "https://acme.example/u/x"),
    ],
)
def test_everything_is_written_as_its_reader_writes_it(facts, template, fa, en):
    assert (told(template, facts("fa"), "fa"), told(template, facts("en"), "en")) == (fa, en)


def test_points_have_no_currency(facts):
    assert told("{{ points }}|{{ amount }}|", facts(currency=None)) == "۱٬۲۵۰٬۰۰۰||"


@pytest.mark.parametrize(
    ("amount", "currency", "shown"), [("1234.5", "USD", "1,234.50 USD"), ("0.005", "EUR", "0.00 EUR"), ("10", "JPY", "10 JPY")]
)
def test_amounts_have_their_places(amount, currency, shown):
    assert amount_told(Decimal(amount), currency, "en") == shown


def test_nowruz_is_the_first_of_farvardin():
    assert [day_told(day, "fa") for day in (date(2025, 3, 20), date(2025, 3, 21))] == ["۳۰ اسفند ۱۴۰۳", "۱ فروردین ۱۴۰۴"]


@pytest.mark.parametrize(
    ("language", "of_company", "locale"), [("fa-IR", "en", "fa"), ("en", "fa", "en"), ("de", "fa", "fa"), (None, "fa", "fa")]
)
def test_each_reads_their_own_language_else_the_company_s(company, language, of_company, locale):
    assert reader(language, company.model_copy(update={"locale": of_company})) == locale


def test_a_referral_code_is_a_person_s_own_and_the_same_every_time():
    codes = {referral_code(f"p{number}") for number in range(5_000)}
    assert len(codes) == 5_000
    assert referral_code("p1") == referral_code("p1")
    assert all(len(code) == 8 and not set(code) & set("01ILOU") - {"U"} for code in codes)


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{{ links.account }}", "has no attribute 'account'"),
        ("{{ ''.__class__.__mro__ }}", "hello.yaml"),
        ("{{ links.__init__.__globals__ }}", "hello.yaml"),
        ("{% for x in range(99999999) %}x{% endfor %}", "hello.yaml"),
        ("{{ amount / 0 }}", "hello.yaml"),
    ],
)
def test_what_is_missing_or_reaches_too_far_is_refused(facts, template, said):
    with pytest.raises(CampaignError, match=said):
        told(template, facts())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            "en: {subject: hi, text: '{{ fisrt_name }}'}\n",
            "messages/hello.yaml: en.text: nothing is known of `fisrt_name`. Known: first_name, name,",
        ),
        ("en: {subject: '{% if %}', text: hi}\n", "messages/hello.yaml: en.subject: line 1 is no template"),
        ("en: {subject: hi}\n", "messages/hello.yaml, line 1: en.text: is missing. Add it."),
        ("en: {subject: hi, text: hi}\nfa: {subject: س, text: '{{ nam }}'}\n", "messages/hello.yaml: fa.text: nothing is known of `nam`."),
    ],
)
def test_a_wrong_message_is_told_by_place_and_mend(company_with, content, said):
    with pytest.raises(CampaignError) as problem:
        load(company_with(content), "hello")
    assert said in str(problem.value)


def test_a_message_that_is_not_there_is_told_with_those_that_are(company_with):
    with pytest.raises(CampaignError, match=r"there is no such message\. Write it beside company\.yaml, or use one of: .*hello.*welcome"):
        load(company_with("en: {subject: hi, text: hi}\n"), "nothing")


@pytest.mark.parametrize(
    ("text", "encoding", "units", "segments"),
    [
        ("a" * 160, "gsm7", 160, 1),
        ("a" * 161, "gsm7", 161, 2),
        ("a" * 306, "gsm7", 306, 2),
        ("a" * 307, "gsm7", 307, 3),
        ("€" * 80, "gsm7", 160, 1),  # an escape and the letter
        ("€" * 81, "gsm7", 162, 2),
        ("س" * 70, "ucs2", 70, 1),
        ("س" * 71, "ucs2", 71, 2),
        ("س" * 134, "ucs2", 134, 2),
        ("س" * 135, "ucs2", 135, 3),
        ("a" * 159 + "س", "ucs2", 160, 3),
        ("😀" * 35, "ucs2", 70, 1),  # two units each
        ("", "gsm7", 0, 1),
    ],
)
def test_an_sms_is_counted_as_networks_do(text, encoding, units, segments):
    """3GPP TS 23.038: 160 septets or 70 units alone, 153 and 67 in each of several."""
    found = counted(text)
    assert (found.encoding, found.units, found.segments) == (encoding, units, segments)


def test_html_runs_the_right_way_and_takes_nothing_for_its_own():
    page = html("<s>", "سلام <b>سارا</b>\n\nhttps://acme.example/a?b=1&c=2.\n", "fa", "Acme & Co", "https://acme.example/u", "لغو")
    assert '<html lang="fa" dir="rtl">' in page
    assert "سلام &lt;b&gt;سارا&lt;/b&gt;" in page
    assert '<a href="https://acme.example/a?b=1&amp;c=2" dir="ltr">' in page
    assert "<bdi>Acme &amp; Co</bdi>" in page
    assert 'dir="ltr">' in html("s", "hi\n", "en", "Acme", "", "")
    assert "script" not in page
    assert "src=" not in page


@pytest.mark.parametrize("name", sorted(file.stem for file in DEFAULT.glob("*.yaml")))
@pytest.mark.parametrize("locale", ["en", "fa"])
def test_every_shipped_message_is_whole_with_and_without_what_may_be_missing(company, facts, name, locale):
    message = load(company, name)
    assert message.fa is not None
    full = render(
        message,
        name,
        facts(locale) | {"links": dict.fromkeys(("account", "billing", "plans", "survey", "help"), "https://a.example")},
        locale,
    )
    bare = render(message, name, facts(locale, amount=None, owner=None, offer_code=None, risk_band=None, kind="company"), locale)
    for told_ in (full, bare):
        assert told_.subject
        assert "\n\n\n" not in told_.text
        assert not {"{", "}", "None"} & {told_.text, *told_.text.split()}
    assert (message.en.sms is None) is (full.sms is None)
