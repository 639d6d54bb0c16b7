"""Who reads what is said of an offer: only those who get it, and of several offers only what all of them say."""

import pytest

OFFERED = "{{% if offer_code %}}{} {{{{ offer_code }}}}{{% endif %}}"
EN = {"en": "10 % off for 14 days", "fa": "۱۰ درصد تخفیف"}


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("You get 10 %.", "says '10 %', which no fact says"),
        ("It holds for 14 days.", "says '14 days', which no fact says"),
        ("There is a discount.", "says 'discount'"),
        ("Use {{ offer_code }}.", "offer_code may be empty"),
        ("By {{ offer_expires_on }}.", "offer_expires_on may be empty"),
        ("{% if first_name %}Use {{ offer_code }}.{% endif %}", "offer_code may be empty"),
        ("{% if not offer_code %}You get 10 %.{% endif %}", "says '10 %', which no fact says"),
        ("{% if offer_code %} ok {% else %} a discount {% endif %}", "says 'discount'"),
        ("Ask {{ owner }}.", "owner may be empty"),
    ],
)
def test_who_gets_no_offer_reads_nothing_of_it(found, said, told):
    [one, *_] = found("en.text", said)
    assert one == f"en.text: {told}"


def test_the_offer_is_said_where_it_is_made(found):
    for said in ("You get 10 %", "It holds for fourteen days", "There is a discount, 10 percent off", "It is a 14-day offer"):
        assert found("en.text", OFFERED.format(said)) == []
    assert found("en.text", "{% if not offer_code %}Hello.{% else %}You get 10 %.{% endif %}") == []


@pytest.mark.parametrize("said", ["14 %", "10 days", "ten months", "10", "10 dollars", "10.14 %"])
def test_a_number_of_the_offer_counts_nothing_else(found, said):
    """The offer is 10 % for 14 days, not 14 % for 10 days."""
    [one] = found("en.text", OFFERED.format(f"You get {said}"))
    assert one.endswith("which no fact says")


def test_a_message_of_two_stages_says_what_both_offer(found, a_campaign):
    steps = [
        {"name": name, "message": "same", "offer": {"code": code, "days": days, "terms": {"en": terms, "fa": "تخفیف ده درصد"}}}
        for name, code, days, terms in (("d30", "STAY10", 14, "10 % discount off"), ("d7", "STAY20", 14, "20 % discount off"))
    ]
    both = a_campaign(trigger={"before": "renewal", "days": [0, 30]}, steps=steps, fallback_channel="sms")
    assert found(of=both) == ["en.text: says '10', which no fact says"]
    assert "en.text: says 'STAY20'" in found("en.text", "Use STAY20.", of=both)


def test_a_gift_of_one_offer_is_none_of_the_other(found, a_campaign):
    steps = [
        {"name": name, "message": "same", "offer": {"code": f"CODE-{name}", "days": 14, "terms": EN | {"en": f"10 % discount off{more}"}}}
        for name, more in (("d30", ""), ("d7", " and a gift"))
    ]
    both = a_campaign(trigger={"before": "renewal", "days": [0, 30]}, steps=steps, fallback_channel="sms")
    assert found(of=both) == []
    assert found("en.text", OFFERED.format("A gift"), of=both) == ["en.text: says 'gift'"]


def test_numbers_of_the_title_may_be_said_to_everyone(found, a_campaign):
    titled = a_campaign(
        title={"en": "Three months with us", "fa": "سه ماه با شما"},
        offer={"code": "STAY10", "days": 14, "terms": EN | {"en": "10 % discount off"}},
        fallback_channel="sms",
    )
    assert found("en.text", "You have been here for 3 months.", of=titled) == []
    assert found("fa.text", "سه ماه است که با ما هستید.", of=titled) == []
    assert found("en.text", "You have been here for 3 years.", of=titled) == ["en.text: says '3', which no fact says"]


def test_of_offers_to_choose_from_only_the_code_may_be_said(found, a_campaign):
    choices = ({"code": "A-MONTH", "days": 14, "cost": 0.1}, {"code": "STAY10", "days": 7, "cost": 0.1, "terms": EN})
    several = a_campaign(offers=["A-MONTH", "STAY10"], choices=choices, fallback_channel="sms")
    plain = {
        locale: words | {"text": "{% if offer_code %}" + words["sms"] + " {{ offer_code }}{% endif %}"}
        for locale, words in {
            "en": {"subject": "Hello", "sms": "Until {{ offer_expires_on }}:"},
            "fa": {"subject": "سلام", "sms": "تا {{ offer_expires_on }}:"},
        }.items()
    }
    for words in plain.values():
        words["sms"] = words["text"]
    assert found(of=several, **plain) == []
    assert found("en.text", OFFERED.format("A discount"), of=several, **plain) == ["en.text: says 'discount'"]
