"""What a draft may say: each kind of lie is found in both languages, and an honest draft passes."""

import copy
from collections.abc import Callable

import pytest

from mandegar.campaigns.drafting.check import findings
from mandegar.campaigns.file.words import Campaign
from mandegar.campaigns.messages.template import Message

HONEST = {
    "en": {
        "subject": "Your term ends on {{ event_on }}",
        "text": "{% if first_name %}Dear {{ first_name }},{% else %}Hello,{% endif %}\n\nyour term with {{ company }} ends soon.\n"
        "{% if offer_code %}The code {{ offer_code }} gives you 10 % off the next year until {{ offer_expires_on }}.{% endif %}\n",
        "sms": "{{ company }}: your term ends on {{ event_on }}.",
    },
    "fa": {
        "subject": "قرارداد شما {{ event_on }} به پایان می‌رسد",
        "text": "{% if first_name %}{{ first_name }} عزیز، سلام.{% else %}سلام.{% endif %}\n\nقرارداد شما {{ days }} روز دیگر تمام می‌شود.\n"
        "{% if offer_code %}کد {{ offer_code }} تا {{ offer_expires_on }} ده درصد تخفیف سال بعد است.{% endif %}\n",
        "sms": "{{ company }}: قرارداد شما {{ event_on }} تمام می‌شود.",
    },
}
TERMS = {"en": "10 % off the next year, a discount for those who renew", "fa": "۱۰ درصد تخفیف سال بعد"}
Found = Callable[..., list[str]]


@pytest.fixture
def campaign(a_campaign) -> Campaign:
    return a_campaign(offer={"code": "STAY10", "days": 14, "terms": TERMS}, fallback_channel="sms")


@pytest.fixture
def found(company, campaign) -> Found:
    """What is found in the honest draft, with something said beside."""

    def run(at: str = "en.text", said: str = "", of: Campaign = campaign, **whole) -> list[str]:
        told = copy.deepcopy(HONEST) | whole
        locale, part = at.split(".")
        if said:
            told[locale][part] = f"{told[locale][part]} {said}"
        return [f"{one.at}: {one.said}" for one in findings(Message.model_validate(told), company, of, "d30")]

    return run


def test_an_honest_draft_passes(found):
    assert found() == []


@pytest.mark.parametrize(
    ("at", "said", "told"),
    [
        ("en.text", "You save 25 dollars.", "says '25', which no fact says"),
        ("en.text", "You save twenty dollars.", "says 'twenty', which no fact says"),
        ("fa.text", "شما ۲۵ هزار تومان سود می‌کنید.", "says '25', which no fact says"),
        ("fa.text", "شما بیست هزار تومان سود می‌کنید.", "says 'بیست', which no fact says"),
        ("en.text", "It is free.", "says 'free'"),
        ("en.text", "We guarantee it.", "says 'guarantee'"),
        ("en.text", "Your money back.", "says 'money back'"),
        ("fa.text", "این رایگان است.", "says 'رایگان'"),
        ("fa.text", "تضمین می‌کنیم.", "says 'تضمین'"),
        ("fa.text", "يك هدية داريم: هديه", "says 'هدیه'"),  # Arabic letters
        ("en.subject", "Last chance", "says 'last chance'"),
        ("fa.subject", "فقط امروز", "says 'فقط امروز'"),
        ("en.text", "Use STAY10 now.", "says 'STAY10'"),
        ("en.text", "See https://acme.example/x for more.", "found 'https://acme.example/x'"),
        ("en.text", "Write to ali@acme.example please.", "found 'ali@acme.example'"),
        ("fa.text", "تماس: ۰۲۱-۸۸۷۷۶۶۵۵", "found '021-88776655'"),
        ("en.text", "Our adviser Sara looks forward to it.", "names 'Sara'"),
        ("en.text", "{{ 'half price' }}", "found \"{{ 'half price' }}\""),
        ("en.text", "{{ secret }}", "nothing is known of `secret`. Known: "),
        ("en.text", "{% for x in links %}x{% endfor %}", "found '{% for x in links %}'"),
    ],
)
def test_each_kind_of_lie_is_found(found, at, said, told):
    [first, *_] = found(at, said)
    assert first.startswith(f"{at}: {told}")


def test_without_an_offer_nothing_of_it_may_be_said(found, a_campaign):
    told = found(of=a_campaign(fallback_channel="sms"))
    assert "en.text: speaks of an offer, and there is none" in told
    assert "en.text: says '10', which no fact says" in told
    assert "fa.text: says 'تخفیف'" in told


def test_terms_of_one_language_promise_nothing_in_the_other(found, a_campaign):
    only = a_campaign(offer={"code": "STAY10", "days": 14, "terms": {"en": TERMS["en"]}}, fallback_channel="sms")
    assert sorted(found(of=only)) == ["fa.text: says 'تخفیف'", "fa.text: says 'درصد'", "fa.text: says 'ده', which no fact says"]


def test_both_languages_and_every_channel_are_wanted(found):
    assert found(fa=None) == ["fa: is missing"]
    assert found(en=HONEST["en"] | {"sms": None}) == ["en.sms: is missing"]
    assert found(en=HONEST["en"] | {"subject": "word " * 20}) == ["en.subject: has more than 78 letters"]
    assert found(fa=HONEST["fa"] | {"sms": "سلام " * 60}) == ["fa.sms: takes more than 4 messages"]
