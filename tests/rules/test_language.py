"""Every word of the language, on both engines: each rule beside the initials of the customers who meet it (book.py)."""

from datetime import date

import pytest
from tests.rules.book import tehran, who_meets
from tests.small_tables import Row, company

from mandegar.compute.engine import Engine

PRICED = {"visited": "pricing", "in_days": 30}
PRICED_TWICE = PRICED | {"at_least": 2}
CASES: dict[str, tuple[Row, str]] = {
    # numbers: ava 100.10, ben 100, cyrus 50, dina unknown
    "at least": ({"field": "mrr", "at_least": 100}, "ab"),
    "as written, to the last decimal": ({"field": "mrr", "at_least": 100.1}, "a"),
    "above": ({"field": "mrr", "above": 100}, "a"),
    "at most": ({"field": "mrr", "at_most": 100}, "bc"),
    "below": ({"field": "mrr", "below": 100}, "c"),
    "between, both ends": ({"field": "mrr", "between": [50, 100]}, "bc"),
    "several comparisons hold all": ({"field": "mrr", "at_least": 50, "below": 100}, "c"),
    "is a number": ({"field": "mrr", "is": 100.1}, "a"),
    "is none of these numbers": ({"field": "mrr", "none_of": [100, 50]}, "a"),
    "the largest third": ({"field": "mrr", "top_share": 0.34}, "a"),
    "the largest half": ({"field": "mrr", "top_share": 0.5}, "ab"),  # of three that are known: 1, 1/2 and 0
    # texts
    "is": ({"field": "country", "is": "IR"}, "ac"),
    "letters large or small": ({"field": "plan", "is": "team"}, "a"),
    "is not": ({"field": "country", "is_not": "IR"}, "b"),
    "one of": ({"field": "plan", "one_of": ["TEAM", "basic"]}, "ab"),
    "none of": ({"field": "plan", "none_of": ["team", "pro"]}, "bc"),
    "Arabic letters in the data": ({"field": "city", "is": "کرج"}, "b"),
    "Arabic letters in the rule": ({"field": "city", "is": "تهران"}, "a"),
    "Persian digits": ({"field": "plan", "is": "گروه 2"}, "c"),
    "Arabic digits": ({"field": "plan", "is": "گروه ٢"}, "c"),
    # what is unknown
    "known": ({"field": "country", "known": True}, "abc"),
    "not known": ({"field": "country", "known": False}, "d"),
    "an empty text is not known": ({"field": "phone", "known": True}, "a"),
    "the opposite of the unknown is unknown": ({"not": {"field": "country", "is": "IR"}}, "b"),
    "unknown and false is false": ({"not": {"all": [{"field": "country", "is": "IR"}, {"field": "customer_id", "is": "ava"}]}}, "bcd"),
    "unknown or true is true": ({"any": [{"field": "country", "is": "IR"}, {"field": "customer_id", "is": "dina"}]}, "acd"),
    "the unknown asked for": ({"any": [{"field": "country", "is_not": "IR"}, {"field": "country", "known": False}]}, "bd"),
    "a field that nothing is measured of": ({"field": "risk_band", "is": "high"}, ""),
    "its opposite": ({"not": {"field": "risk_band", "is": "high"}}, ""),
    # yes and no
    "yes": ({"field": "email_opt_in", "is": True}, "a"),
    "no": ({"field": "email_opt_in", "is": False}, "b"),
    "not yes": ({"field": "email_opt_in", "is_not": True}, "b"),
    # attributes
    "an attribute": ({"field": "attributes.tier", "is": "طلایی"}, "c"),
    "an attribute that is a number": ({"field": "attributes.seats", "at_least": 7}, "cd"),
    "is that number": ({"field": "attributes.seats", "is": 12}, "c"),
    "an attribute that is true": ({"field": "attributes.vip", "is": True}, "c"),
    "an attribute that is known": ({"field": "attributes.tier", "known": True}, "cd"),
    "a text is no number": ({"field": "attributes.tier", "above": 0}, ""),
    # times: ava signed up at midnight 30 days ago, ben a minute before, cyrus in the last minute of the day
    "in the last days": ({"field": "signed_up_at", "in_days": 30}, "ac"),
    "before them": ({"field": "signed_up_at", "days_before": 30}, "bd"),
    "between two spans": ({"field": "signed_up_at", "in_days": 31, "days_before": 30}, "b"),
    "on a day": ({"field": "signed_up_at", "is": date(2026, 2, 9)}, "a"),
    "on any other": ({"field": "signed_up_at", "is_not": date(2026, 2, 9)}, "bcd"),
    "from a day on": ({"field": "signed_up_at", "at_least": date(2026, 2, 9)}, "ac"),
    "up to a day": ({"field": "signed_up_at", "at_most": date(2026, 2, 8)}, "bd"),
    "after a day": ({"field": "signed_up_at", "above": date(2026, 2, 9)}, "c"),
    "before a day": ({"field": "signed_up_at", "below": date(2026, 2, 9)}, "bd"),
    "between two days": ({"field": "signed_up_at", "between": [date(2026, 2, 8), date(2026, 2, 9)]}, "ab"),
    "born from a day on": ({"field": "birth_date", "at_least": date(1990, 3, 11)}, "a"),
    "born long ago": ({"field": "birth_date", "days_before": 30}, "ab"),
    # use
    "used in 60 days": ({"used": "export", "in_days": 60}, "ac"),
    "used in 61 days": ({"used": "export", "in_days": 61}, "abc"),
    "not used": ({"not": {"used": "export", "in_days": 60}}, "bd"),
    "at most 0 times": ({"used": "export", "in_days": 60, "at_most": 0}, "bd"),
    "used before": ({"used": "export", "days_before": 60}, "b"),
    "used then and not since": ({"all": [{"used": "export", "days_before": 60}, {"not": {"used": "export", "in_days": 60}}]}, "b"),
    "times are events": ({"used": "export", "at_least": 4}, "bc"),
    "days": ({"used": "export", "count": "days", "at_least": 2}, "c"),
    "any feature": ({"used": "anything", "at_least": 6}, "c"),
    "a feature in Persian": ({"used": "گزارش 1"}, "c"),
    "one of two features": ({"used": ["گزارش 1", "import"]}, "c"),
    "the largest quarter by use": ({"used": "anything", "top_share": 0.25}, "c"),
    # touches
    "visited": ({"visited": "pricing", "in_days": 30}, "ac"),
    "visited twice": (PRICED_TWICE, "a"),
    "visited exactly once": ({"visited": "pricing", "is": 1}, "bc"),
    "visited on one or two days": ({"visited": "anything", "count": "days", "between": [1, 2]}, "abc"),
    "opened": ({"opened": "win_back"}, "c"),
    "opened by any other channel": ({"opened": {"channel": "sms"}}, ""),
    "clicked": ({"clicked": {"topic": "offer", "campaign": "win_back"}}, "c"),
    "another touch": ({"interaction": {"kind": "Webinar", "direction": "in"}}, "d"),
    # purchases: ava 100 dollars and 100 euros, 220 dollars; ben 219; cyrus' is void
    "bought": ({"bought": "anything", "in_days": 30}, "ab"),
    "bought of a category": ({"bought": "shoes"}, "a"),
    "one invoice of two lines is one purchase": ({"bought": "shoes", "at_least": 2}, ""),
    "bought a product": ({"bought": {"product": "boot"}}, "a"),
    "bought for": ({"bought": "anything", "count": "amount", "at_least": 220}, "a"),
    "bought of a category for": ({"bought": "کفش", "count": "amount", "is": 120}, "a"),
    "paid": ({"paid": "card", "at_least": 2}, "a"),
    "paid in two currencies": ({"paid": "card", "count": "amount", "between": [22, 22]}, "a"),
    "failed": ({"payment_failed": "card_expired", "in_days": 10}, "b"),
    "failed twice": ({"payment_failed": "anything", "at_least": 2}, "b"),
    # support
    "tickets about a topic": ({"ticket": "billing", "in_days": 30, "at_least": 2}, "a"),
    "critical tickets": ({"ticket": {"topic": "billing", "priority": ["critical", "high"]}}, "a"),
    "open tickets": ({"ticket": {"open": True}}, "a"),
    "closed tickets": ({"ticket": {"open": False}}, "ab"),
    "answered": ({"answered": "nps", "in_days": 30}, "d"),
    # plans: ava up, ben down, cyrus up and then down by the month, dina by another currency
    "changed plan": ({"plan_changed": "anything"}, "abcd"),
    "up": ({"plan_changed": "up"}, "ac"),
    "down": ({"plan_changed": "down", "in_days": 90}, "bc"),
    "to a plan": ({"plan_changed": {"to": "pro"}}, "ad"),
    "from a plan": ({"plan_changed": {"from": "pro", "direction": "down"}}, "b"),
    # since: ava looked from 9 February on and went up on the 1st; cyrus looked on 1 March and went up on the 2nd
    "went up since": ({"plan_changed": "up", "since": {"visited": "pricing"}}, "c"),
    "looked twice, and did not": ({"all": [PRICED_TWICE, {"not": {"plan_changed": "up", "since": PRICED}}]}, "a"),
    "since what never was": ({"plan_changed": "up", "since": {"opened": "spring"}}, ""),
    "used since, by days": ({"used": "export", "since": {"visited": "pricing", "in_days": 30}}, "c"),
    "visited since use, by days": ({"visited": "pricing", "since": {"used": "export"}}, "abc"),
    # named rules
    "stands on another": ({"segment": "iranians"}, "ac"),
    "stands on one that stands on another": ({"segment": "iranian_users"}, "c"),
}  # fmt: skip
NAMED = {
    "iranians": {"field": "country", "is": "ir"},
    "iranian_users": {"all": [{"segment": "iranians"}, {"used": "export", "at_least": 4}]},
}


@pytest.fixture(scope="module", params=["duckdb", "spark"])
def found(request: pytest.FixtureRequest) -> dict[str, str]:
    """Who meets each rule, on both engines."""
    return who_meets(request.getfixturevalue(request.param), {name: rule for name, (rule, _) in CASES.items()}, NAMED)


@pytest.mark.parametrize("case", CASES)
def test_who_meets_a_rule(found: dict[str, str], case: str) -> None:
    assert found[case] == CASES[case][1]


def test_behaviour_that_no_source_tells_of_is_unknown(duckdb: Engine) -> None:
    """Without a source of usage nobody is told not to use the product."""
    files = {"subscription": {"file": "subscription.csv"}, "interaction": {"file": "interaction.csv"}}
    without = company(time_zone="Asia/Tehran", sources={"files": {"kind": "files", "tables": files}})
    rules = {
        "not used": {"not": {"used": "export", "in_days": 60}},
        "never used": {"used": "export", "at_most": 0},
        "not used since": {"not": {"used": "export", "since": {"visited": "anything"}}},
        "not visited": {"not": {"visited": "anything"}},
    }
    assert who_meets(duckdb, rules, of=without) == {"not used": "", "never used": "", "not used since": "", "not visited": "d"}


def test_days_are_those_of_the_company(duckdb: Engine) -> None:
    """In UTC the last 30 days begin at midnight of 9 February there: ava's first look at prices lies before it."""
    rules = {"twice": PRICED_TWICE}
    assert (who_meets(duckdb, rules, of=tehran()), who_meets(duckdb, rules, of=company())) == ({"twice": "a"}, {"twice": ""})


def test_an_earlier_evening_knows_what_was_known_then(duckdb: Engine) -> None:
    """On 2 March nobody has visited anything later, and the tickets that were solved on the 3rd are open."""
    rules = {
        "open": {"ticket": {"open": True}},
        "visited": {"visited": "anything", "in_days": 1},
        "used in 52 days": {"used": "export", "in_days": 52},
        "opened": {"opened": "anything"},
        "signed up in 23 days": {"field": "signed_up_at", "in_days": 23},
    }
    found = who_meets(duckdb, rules, on=date(2026, 3, 2))
    assert found == {"open": "ab", "visited": "b", "used in 52 days": "ac", "opened": "", "signed up in 23 days": "ab"}
