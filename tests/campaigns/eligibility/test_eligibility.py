"""Eligibility: every rule is asked, in order; the first that says no decides, and what each said is kept."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from mandegar.campaigns.eligibility.rules import RULES

ORDER = [
    "opt_out",
    "bounce_or_complaint",
    "deleted",
    "open_critical_ticket",
    "already_renewed",
    "frequency_cap",
    "cool_down",
    "missing_consent",
    "unreachable",
    "too_late",
]


def contact(as_of: date, campaign_id: str = "other", customer_id: str = "c1", dedupe_key: str = "", channel: str = "email") -> dict:
    own = {"customer_id": customer_id, "person_key": f"p-{customer_id}", "campaign_id": campaign_id, "channel": channel, "as_of": as_of}
    return own | ({"dedupe_key": dedupe_key} if dedupe_key else {})


@dataclass(frozen=True)
class Case:
    """What makes one rule, and no other, say no; and what it says."""

    rule: str
    said: str
    candidate: dict = field(default_factory=dict)
    campaign: dict = field(default_factory=dict)
    contacts: tuple[dict, ...] = ()
    person: str = "p-c1"
    follows: dict = field(default_factory=dict)


CASES = [
    Case("opt_out", "wants no contact", {"do_not_contact": True}),
    Case(
        "bounce_or_complaint", "email bounced, and no other channel", {"bad_email": "bounced"}, follows={"unreachable": "no usable address"}
    ),
    Case("deleted", "deleted on 2025-03-01", {"deleted_at": datetime(2025, 3, 1, tzinfo=UTC)}),
    Case("open_critical_ticket", "ticket t7 is open", {"critical_ticket": "t7"}),
    Case("already_renewed", "renewed already", {"already": True}),
    Case(
        "frequency_cap",
        "1 contacts in 30 days",
        campaign={"limits": {"contacts": 1, "days": 30, "cool_down_days": 0}},
        contacts=(contact(date(2025, 3, 20)),),
    ),
    Case("cool_down", "contacted on 2025-03-28", contacts=(contact(date(2025, 3, 28), "renewal"),)),
    Case("missing_consent", "no consent to email", campaign={"consent": "opt_in"}),
    Case("unreachable", "no usable address", {"email": None}),
    Case("too_late", "can be sent on 2025-04-01 only", {"event_on": date(2025, 3, 31)}),
]


def test_there_is_a_case_for_every_rule():
    assert [case.rule for case in CASES] == list(RULES) == ORDER


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule)
def test_each_rule_alone_decides(a_campaign, a_candidate, decided, case):
    [member] = decided(a_campaign(**case.campaign), a_candidate(**case.candidate), contacts=case.contacts, people={"c1": case.person})
    assert (member.decision, member.deciding_rule) == ("suppressed", case.rule)
    assert {name: said for name, said in member.rules.items() if said != "ok"} == {case.rule: case.said} | case.follows


@pytest.mark.parametrize("place", range(len(ORDER) - 1))
def test_the_earlier_of_two_rules_decides(a_campaign, a_candidate, decided, place):
    """All rules from one place on say no at once: the first of them decides."""
    wrong = CASES[place:]
    candidate, campaign, contacts = {}, {}, ()
    for case in wrong:
        candidate |= case.candidate
        campaign |= case.campaign
        contacts += case.contacts
    if place < ORDER.index("unreachable") and place > ORDER.index("bounce_or_complaint"):
        candidate.pop("email")  # who cannot be reached is not asked for consent to a channel
    [member] = decided(a_campaign(**campaign), a_candidate(**candidate), contacts=contacts)
    assert member.deciding_rule == ORDER[place]


def test_the_log_holds_every_rule_s_answer_in_order(a_campaign, a_candidate, decided):
    [member] = decided(a_campaign(), a_candidate(do_not_contact=True, already=True))
    assert list(member.rules) == ORDER
    assert member.rules == dict.fromkeys(ORDER, "ok") | {"opt_out": "wants no contact", "already_renewed": "renewed already"}


def test_whom_no_rule_holds_back_is_sent_to(a_campaign, a_candidate, decided):
    [member] = decided(a_campaign(), a_candidate())
    assert (member.decision, member.deciding_rule, member.channel, member.email) == ("send", "eligible", "email", "c1@example.com")
    assert member.rules == dict.fromkeys([*ORDER, "same_person", "budget", "holdout"], "ok")


@pytest.mark.parametrize(
    ("candidate", "channel"),
    [
        ({"phone": "09121234567"}, "email"),
        ({"phone": "09121234567", "email_opt_in": False}, "sms"),
        ({"phone": "09121234567", "bad_email": "complained"}, "sms"),
        ({"phone": "09121234567", "email": None}, "sms"),
        ({"phone": "12", "email": None}, None),
    ],
)
def test_the_fall_back_channel_takes_over_where_the_first_is_closed(a_campaign, a_candidate, decided, candidate, channel):
    [member] = decided(a_campaign(fallback_channel="sms"), a_candidate(**candidate))
    assert member.channel == channel


def test_who_refused_every_channel_of_the_campaign_opted_out(a_campaign, a_candidate, decided):
    [member] = decided(a_campaign(fallback_channel="sms"), a_candidate(phone="09121234567", email_opt_in=False, sms_opt_in=False))
    assert (member.deciding_rule, member.rules["opt_out"]) == ("opt_out", "refused email and refused sms, and no other channel")


@pytest.mark.parametrize(("opted", "decision"), [(True, "send"), (None, "suppressed"), (False, "suppressed")])
def test_marketing_needs_a_yes_where_a_contract_does_not(a_campaign, a_candidate, decided, opted, decision):
    [member] = decided(a_campaign(consent="opt_in"), a_candidate(email_opt_in=opted))
    assert member.decision == decision


def test_a_day_between_two_stages_is_nobody_s(a_campaign, a_candidate, decided):
    [member] = decided(a_campaign(), a_candidate(stage="between stages"))
    assert (member.deciding_rule, member.rules["already_renewed"]) == ("already_renewed", "no stage covers this day")


@pytest.mark.parametrize(("day", "decision"), [(date(2025, 3, 1), "send"), (date(2025, 3, 2), "suppressed")])
def test_the_frequency_cap_counts_the_last_thirty_days(a_campaign, a_candidate, decided, day, decision):
    """31 March less 30 days is 1 March, which is out."""
    limits = {"contacts": 1, "days": 30, "cool_down_days": 0}
    [member] = decided(a_campaign(limits=limits), a_candidate(), contacts=(contact(day),))
    assert member.decision == decision


@pytest.mark.parametrize(("day", "decision"), [(date(2025, 3, 26), "send"), (date(2025, 3, 27), "suppressed")])
def test_the_cool_down_lasts_five_days(a_campaign, a_candidate, decided, day, decision):
    [member] = decided(a_campaign(), a_candidate(), contacts=(contact(day, "renewal"),))
    assert member.decision == decision


def test_the_cool_down_is_of_this_campaign_only(a_campaign, a_candidate, decided):
    [member] = decided(a_campaign(), a_candidate(), contacts=(contact(date(2025, 3, 30), "other"),))
    assert member.decision == "send"


def test_the_same_thing_is_never_sent_again_however_long_ago(a_campaign, a_candidate, decided):
    [first] = decided(a_campaign(), a_candidate())
    [again] = decided(a_campaign(), a_candidate(), contacts=(contact(date(2024, 1, 1), "renewal", dedupe_key=first.dedupe_key),))
    assert (again.deciding_rule, again.rules["cool_down"]) == ("cool_down", "had this one already")


def test_the_same_thing_is_not_sent_again_after_two_accounts_became_one_person(a_campaign, a_candidate, decided):
    """c2 was a person called p-c2 when it was contacted; since then it shares c1's number and is p-c1."""
    [first] = decided(a_campaign(), a_candidate("c2"))
    earlier = contact(date(2024, 1, 1), "renewal", "c2", first.dedupe_key)
    [again] = decided(a_campaign(), a_candidate("c2"), contacts=(earlier,), people={"c2": "p-c1"})
    assert again.rules["cool_down"] == "had this one already"


def test_contacts_of_another_account_of_the_person_count(a_campaign, a_candidate, decided):
    limits = {"contacts": 1, "days": 30, "cool_down_days": 0}
    earlier = contact(date(2025, 3, 30), customer_id="c2")
    [member] = decided(a_campaign(limits=limits), a_candidate("c1"), contacts=(earlier,), people={"c1": "one", "c2": "one"})
    assert member.deciding_rule == "frequency_cap"


ONE = {"c1": "one", "c2": "one", "c3": "one"}


def test_of_one_person_s_accounts_the_most_valuable_stays(a_campaign, a_candidate, decided):
    found = (a_candidate("c1", value=Decimal(10)), a_candidate("c2", value=Decimal(30)), a_candidate("c3", value=Decimal(20)))
    members = decided(a_campaign(), *found, people=ONE)
    assert [(one.customer_id, one.decision, one.deciding_rule) for one in members] == [
        ("c1", "suppressed", "same_person"),
        ("c2", "send", "eligible"),
        ("c3", "suppressed", "same_person"),
    ]
    assert members[0].rules["same_person"] == "same person as c2"


def test_of_accounts_worth_the_same_the_smaller_id_stays(a_campaign, a_candidate, decided):
    members = decided(a_campaign(), a_candidate("c2"), a_candidate("c1"), people=ONE)
    assert [one.customer_id for one in members if one.decision == "send"] == ["c1"]


def test_an_account_that_is_suppressed_leaves_its_place_to_another_of_the_person(a_campaign, a_candidate, decided):
    members = decided(a_campaign(), a_candidate("c1", value=Decimal(99), already=True), a_candidate("c2"), people=ONE)
    assert [one.customer_id for one in members if one.decision == "send"] == ["c2"]


TEXTS = {"fallback_channel": "sms", "channel": "email"}


@pytest.mark.parametrize(
    ("candidate", "channel", "rule"),
    [
        ({"bad_sms": "unsubscribed", "email": None}, None, "opt_out"),
        ({"bad_sms": "bounced", "email": None}, None, "bounce_or_complaint"),
        ({"bad_email": "unsubscribed", "bad_sms": "unsubscribed"}, None, "opt_out"),
        ({"bad_email": "unsubscribed"}, "sms", "eligible"),
        ({"bad_email": "unsubscribed", "phone": None}, None, "opt_out"),
        ({"bad_sms": "unsubscribed"}, "email", "eligible"),
    ],
)
def test_every_channel_s_unsubscribes_count(a_campaign, a_candidate, decided, candidate, channel, rule):
    [member] = decided(a_campaign(**TEXTS), a_candidate(**{"phone": "09121234567", **candidate}))
    assert (member.channel, member.deciding_rule) == (channel, rule)


def test_where_consent_is_asked_for_the_channel_that_has_it_is_taken(a_campaign, a_candidate, decided):
    [member] = decided(a_campaign(**TEXTS, consent="opt_in"), a_candidate(phone="09121234567", sms_opt_in=True))
    assert (member.decision, member.channel) == ("send", "sms")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule)
def test_nobody_is_held_out_who_could_not_have_been_sent_to(a_campaign, a_candidate, decided, case):
    """p4 is in the control group of a tenth (tests/campaigns/test_control.py)."""
    campaign = a_campaign(**case.campaign, control={"share": 0.1})
    [member] = decided(campaign, a_candidate(**case.candidate), contacts=case.contacts, people={"c1": "p4"})
    assert (member.decision, "holdout" in member.rules) == ("suppressed", False)
    [free] = decided(campaign, a_candidate(email_opt_in=True), people={"c1": "p4"})
    assert (free.decision, free.deciding_rule) == ("holdout", "holdout")


def draw(held_out: bool, day: int = 1, customer_id: str = "c1", dedupe_key: str = "other", salt: str = "", person: str = "p4") -> dict:
    own = {"customer_id": customer_id, "person_key": person, "dedupe_key": dedupe_key, "as_of": date(2025, 1, day)}
    return own | {"held_out": held_out, "salt": salt}


@pytest.mark.parametrize(
    ("draws", "decision"),
    [
        ((), "holdout"),
        ((draw(False),), "send"),
        ((draw(True), draw(False, day=2)), "holdout"),
        ((draw(False, salt="2024"),), "holdout"),
    ],
)
def test_who_was_drawn_stays_on_that_side_whatever_the_share(a_campaign, a_candidate, decided, draws, decision):
    """By hash p4 is held out; sent to once, it is sent to again, unless another salt draws anew; the first draw counts."""
    [member] = decided(a_campaign(control={"share": 0.1}), a_candidate(), draws=draws, people={"c1": "p4"})
    assert member.decision == decision


def test_who_was_held_out_stays_so_when_the_share_becomes_smaller(a_campaign, a_candidate, decided):
    [member] = decided(a_campaign(control={"share": 0}), a_candidate(), draws=(draw(True),), people={"c1": "p4"})
    assert member.decision == "holdout"


def test_accounts_that_merge_keep_the_side_of_the_first_draw(a_campaign, a_candidate, decided):
    """c1 was sent to in January, c2 held out the day after; since then they are one person."""
    draws = (draw(False, 1, "c1", person="p-c1"), draw(True, 2, "c2", person="p-c2"))
    members = decided(a_campaign(control={"share": 0.1}), a_candidate("c2"), draws=draws, people={"c1": "p4", "c2": "p4"})
    assert [member.decision for member in members] == ["send"]


def test_an_occasion_is_held_out_once_as_it_is_sent_once(a_campaign, a_candidate, decided):
    campaign = a_campaign(control={"share": 0.1})
    [first] = decided(campaign, a_candidate(), people={"c1": "p4"})
    again = draw(True, dedupe_key=first.dedupe_key)
    [second] = decided(campaign, a_candidate(), draws=(again,), people={"c1": "p4"})
    assert (first.decision, second.decision, second.rules["cool_down"]) == ("holdout", "suppressed", "had this one already")


def test_the_cool_down_of_who_was_held_out_is_that_of_who_was_sent_to(a_campaign, a_candidate, decided):
    late = draw(True) | {"as_of": date(2025, 3, 28)}
    [member] = decided(a_campaign(control={"share": 0.1}), a_candidate(), draws=(late,), people={"c1": "p4"})
    assert (member.deciding_rule, member.rules["cool_down"]) == ("cool_down", "held out on 2025-03-28")


@pytest.mark.parametrize(
    ("reason", "band", "offer", "made"),
    [
        ("term_ends", "low", {}, True),
        ("term_ends_auto", "low", {}, False),
        ("term_ends_auto", None, {}, False),
        ("term_ends_auto", "medium", {}, True),
        ("term_ends_auto", "high", {}, True),
        ("term_ends_auto", "low", {"to_auto_renewing": True}, True),
    ],
)
def test_who_stays_anyway_gets_no_offer(a_campaign, a_candidate, decided, reason, band, offer, made):
    campaign = a_campaign(offer={"code": "STAY10", "days": 14, **offer})
    [member] = decided(campaign, a_candidate(reason_code=reason, risk_band=band))
    assert (member.decision, member.offer_code is not None) == ("send", made)
    assert member.rules["offer"] == ("ok" if made else "renews by itself and is not at risk")


def test_a_person_held_out_is_held_out_once(a_campaign, a_candidate, decided):
    campaign = a_campaign(control={"share": 0.1})
    members = decided(campaign, a_candidate("c1"), a_candidate("c2"), people={"c1": "p4", "c2": "p4"})
    assert [one.decision for one in members] == ["holdout", "suppressed"]


def within(decided, campaign, *found: dict) -> list[str]:
    """Who of some candidates is within the budget of a night, in the order in which they were given."""
    return [member.customer_id for member in decided(campaign, *found) if member.deciding_rule == "eligible"]


@pytest.mark.parametrize(
    ("leaving", "reached"),
    [
        ((0.9, 0.2, 0.1), ["c1", "c3"]),  # at stake: 90 of 100, 60 of 300, 80 of 800
        ((None, None, None), ["c2", "c3"]),  # nobody's chance is known: 100, 300, 800
        ((0.9, 0.01, None), ["c1", "c3"]),  # 90, 3, 800
    ],
)
def test_the_budget_goes_where_most_is_at_stake(a_campaign, a_candidate, decided, leaving, reached):
    worth = (100, 300, 800)
    found = [a_candidate(f"c{n}", value=Decimal(v), churn_probability=p) for n, v, p in zip((1, 2, 3), worth, leaving, strict=True)]
    assert within(decided, a_campaign(cost={"email": 1}, budget=2), *found) == reached


def test_a_budget_is_spent_to_the_last_tenth(a_campaign, a_candidate, decided):
    """Three messages of 0.1 cost 0.3; in binary fractions they would cost a little more."""
    found = [a_candidate(f"c{n}") for n in (1, 2, 3, 4)]
    assert within(decided, a_campaign(cost={"email": 0.1}, budget=0.3), *found) == ["c1", "c2", "c3"]


def test_who_is_refused_costs_nothing(a_campaign, a_candidate, decided):
    found = [a_candidate("c1", value=Decimal(900), do_not_contact=True), a_candidate("c2"), a_candidate("c3", value=Decimal(5))]
    members = decided(a_campaign(cost={"email": 1}, budget=1), *found)
    assert [member.deciding_rule for member in members] == ["opt_out", "eligible", "budget"]
    assert members[2].rules["budget"] == "beyond the budget of 1"
