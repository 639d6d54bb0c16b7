"""What a draft may say: each kind of lie is found in both languages, and an honest draft passes."""

import pytest
from tests.campaigns.drafting.honest import HONEST, TERMS


def test_an_honest_draft_passes(found):
    assert found() == []


@pytest.mark.parametrize(
    ("at", "said", "told"),
    [
        ("en.text", "You save 25 dollars.", "says '25', which no fact says"),
        ("en.text", "You save twenty dollars.", "says 'twenty', which no fact says"),
        ("fa.text", "شما ۲۵ هزار تومان سود می‌کنید.", "says '25 هزار', which no fact says"),
        ("fa.text", "شما بیست هزار تومان سود می‌کنید.", "says 'بیست هزار', which no fact says"),
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
        ("en.text", "It is complimentary.", "says 'complimentary'"),
        ("en.text", "This is risk-free.", "says 'free'"),
        ("en.text", "You will be refunded.", "says 'refunded'"),
        ("en.text", "Nothing to pay.", "says 'nothing to pay'"),
        ("en.text", "It is fr\u00adee.", "says 'free'"),  # a hyphen that is not seen
        ("en.text", "It is fr\u200cee.", "says 'free'"),  # a half-space within a word
        ("fa.text", "رای\u200cگان است", "says 'رایگان'"),
        ("en.text", "It is \uff46\uff52\uff45\uff45.", "says 'free'"),  # wide letters
        ("en.text", "It is fr\u0435\u0435.", "holds 'fr\u0435\u0435'"),  # Cyrillic letters
        ("en.text", "این رایگان است.", "holds 'این', 'رایگان', 'است'"),
        ("fa.text", "It is free.", "holds 'It', 'is', 'free'"),
        ("fa.text", "هدیه‌ای برای شما", "says 'هدیه'"),
        ("fa.text", "تخفیف‌های ویژه", "says 'تخفیف'"),
        ("fa.text", "تخفیفات ویژه", "says 'تخفیفات'"),
        ("fa.text", "هدیۀ ما", "says 'هدیه'"),
        ("fa.text", "مجّانی است", "says 'مجانی'"),
        ("fa.text", "هـدیـه", "says 'هدیه'"),
        ("fa.text", "ارزان‌تر از همیشه", "says 'ارزان'"),
        ("en.text", "Renew by Friday.", "says 'friday'"),
        ("en.text", "Renew before March.", "names 'March'"),
        ("en.text", "The offer ends tomorrow.", "says 'tomorrow'"),
        ("en.text", "Your account will be closed.", "says 'will be closed'"),
        ("fa.text", "تا جمعه تمدید کنید.", "says 'جمعه'"),
        ("fa.text", "تا فردا تمدید کنید.", "says 'فردا'"),
        ("en.text", "Use stay_10 now.", "says 'STAY10'"),
        ("en.text", "Use S T A Y 1 0 now.", "says 'STAY10'"),
        ("en.text", "See acme.example/renew for more.", "found 'acme.example/renew'"),
        ("en.text", "See bit.ly/abc please.", "found 'bit.ly/abc'"),
        ("en.text", "Write to ali [at] acme please.", "found 'ali [at] acme'"),
        ("en.text", "We are @acme too.", "found '@acme'"),
        ("en.text", "We spoke with Sara's team.", "names 'Sara'"),
        ("en.text", "We work with NASA too.", "names 'NASA'"),
        ("en.text", "Ask mr rahimi.", "names 'mr'"),
        ("fa.text", "با آقای رضایی صحبت کنید.", "names 'آقای'"),
        ("en.text", "{{ name.upper }}", "found '{{ name.upper }}'"),
        ("en.text", "{{ company|upper }}", "found '{{ company|upper }}'"),
        ("en.text", "{# free #}", "found '{# free #}'"),
        ("en.text", "fr{% if name %}ee{% endif %}", "found 'r{% if name %}e'"),
        ("en.text", "{% for x in links %}x{% endfor %}", "found '{% for x in links %}'"),
    ],
)
def test_each_kind_of_lie_is_found(found, at, said, told):
    [first, *_] = found(at, said)
    assert first.startswith(f"{at}: {told}")


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("en.text", "Feel free to answer this mail; I'd like to hear from you."),
        ("en.text", 'You asked: "May we call?" Yours, {{ company }}'),
        ("en.text", "Happy Nowruz to you and yours. The Acme team"),
        ("en.text", "One of us reads every answer. At first it may look new."),
        ("fa.text", "نه فقط امسال؛ خوشحال می‌شویم پاسخ شما را ببینیم."),
        ("fa.text", "نوروزتان پیروز! با آرزوی سالی خوش برای شما و خانواده‌تان."),
    ],
)
def test_what_promises_nothing_may_be_said(found, at, said):
    assert found(at, said) == []


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


def test_lengths_are_those_of_what_is_read(found):
    """65 letters, a space and the name of 13 are 79; of who has a shorter name they would be fewer."""
    assert found(en=HONEST["en"] | {"subject": "s" * 65 + " {{ name }}"}) == ["en.subject: has more than 78 letters"]
    assert found(en=HONEST["en"] | {"subject": "s" * 64 + " {{ name }}"}) == []


def test_links_that_the_company_does_not_have_are_found(found):
    [told] = found("en.text", "{{ links.shop }}")
    assert told.startswith("en: cannot be filled: 'dict object' has no attribute 'shop'.")
    assert found("en.text", "{% if links.shop is defined %}{{ links.shop }}{% endif %}") == []


def test_what_a_campaign_waits_for_is_never_empty(found, a_campaign):
    expiring = a_campaign(trigger={"before": "points_expiry", "days": [1, 30]}, channel="sms", fallback_channel=None)
    words = {"subject": "Hello", "text": "Hello.", "sms": "{{ points }} are there."}
    persian = {"subject": "سلام", "text": "سلام.", "sms": "{{ points }} امتیاز دارید."}
    assert found(of=expiring, en=words, fa=persian) == []
    told = found(en=words, fa=persian)
    assert told == ["en.sms: points may be empty", "fa.sms: points may be empty"]
