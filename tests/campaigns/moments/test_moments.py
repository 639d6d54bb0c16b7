"""The audience: whose term ends within the stages, and who left within the days, on the evening of 31 March 2025 in Tehran."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest

from mandegar.campaigns.audience.refusals import bad_touches
from mandegar.campaigns.file.words import Trigger
from mandegar.campaigns.moments.contract import renewals
from mandegar.campaigns.moments.customer import earlier
from mandegar.campaigns.moments.departure import departed, silent
from mandegar.campaigns.moments.moments import MOMENTS
from mandegar.campaigns.moments.window import window_of
from mandegar.compute.engine import Engine
from mandegar.config.company import Company
from mandegar.config.entities import ENTITIES
from mandegar.config.settings import Churn
from mandegar.quality.reading import entity_schema
from mandegar.risk.evening import Evening
from mandegar.time import calendar

NIGHT = date(2025, 3, 31)
VERSION = {
    "subscription_id": "s1",
    "customer_id": "c1",
    "plan": "basic",
    "quantity": Decimal(2),
    "unit_price": Decimal(10),
    "currency": "USD",
    "interval_unit": "month",
    "interval_count": 1,
    "status": "active",
}
INVOICE = {"customer_id": "c1", "kind": "one_off", "currency": "USD"}
Rows = Callable[..., dict[str, dict]]


def at(day: str) -> datetime:
    """Noon of a day in Tehran."""
    return datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(hours=8, minutes=30)


def table(engine: Engine, entity: str, usual: dict, rows: tuple[dict, ...]):
    return engine.table(pa.Table.from_pylist([usual | row for row in rows], entity_schema(ENTITIES[entity])))


def evening(engine: Engine, company: Company, **rows: tuple[dict, ...]) -> Evening:
    """The evening of 31 March; a euro is 1.25 dollars since 1 March, a rial a millionth."""
    usual: dict[str, dict] = {name: {} for name in ENTITIES}
    usual |= {"subscription": VERSION | {"valid_from": at("2024-01-01"), "started_at": at("2024-01-01")}, "invoice": INVOICE, "fx_rate": {}}
    rates = ({"day": date(2025, 3, 1), "currency": "EUR", "rate": Decimal("1.25")},)
    rates += ({"day": date(2025, 3, 1), "currency": "IRR", "rate": Decimal("0.000001")},)
    told = dict.fromkeys(ENTITIES, ()) | {"fx_rate": rates} | rows
    entities = {name: table(engine, name, usual[name], found) for name, found in told.items()}
    return Evening(company, NIGHT, calendar.day_end(NIGHT, company.zone), entities)


@pytest.fixture
def renewing(duckdb: Engine, company: Company) -> Rows:
    """Who is in the audience of a renewal campaign with stages of 0 to 7 and 8 to 30 days."""

    def run(*versions: dict) -> dict[str, dict]:
        seen = evening(duckdb, company, subscription=versions)
        trigger = Trigger(before="renewal", days={"d30": (8, 30), "d7": (0, 7)})
        found = renewals(seen, window_of(seen, trigger), duckdb)
        return {row["customer_id"]: row for row in duckdb.arrow(found).to_pylist()}

    return run


@pytest.mark.parametrize(
    ("renews_at", "there"),
    [
        (datetime(2025, 3, 31, 20, 29, tzinfo=UTC), False),
        (datetime(2025, 3, 31, 20, 30, tzinfo=UTC), True),
        (datetime(2025, 4, 30, 20, 29, tzinfo=UTC), True),
        (datetime(2025, 4, 30, 20, 30, tzinfo=UTC), False),
    ],
)
def test_a_term_that_ends_within_thirty_days_is_there(renewing, renews_at, there):
    """From 1 April, the day after the night, until 30 April, 30 days after it; Tehran's midnight is 20:30 UTC."""
    assert ("c1" in renewing({"renews_at": renews_at})) is there


def test_a_renewal_is_worth_its_term_and_its_year(renewing):
    """2 seats at 10, less 5, every 3 months: 15 a term, 60 a year."""
    row = renewing({"renews_at": at("2025-04-20"), "interval_count": 3, "discount": Decimal(5)})["c1"]
    assert (row["amount"], row["value"], row["currency"]) == (Decimal(15), Decimal(60), "USD")


def test_a_renewal_in_euros_is_worth_dollars_and_told_in_euros(renewing):
    """2 seats at 10 euros a month: 240 euros a year, 300 dollars at 1.25."""
    row = renewing({"renews_at": at("2025-04-20"), "currency": "EUR"})["c1"]
    assert (row["amount"], row["currency"], row["value"]) == (Decimal(20), "EUR", Decimal(300))


@pytest.mark.parametrize(("ends", "amount"), [("2025-04-19", 20), ("2025-04-20", 20), ("2025-04-21", 15), (None, 15)])
def test_a_discount_counts_only_if_it_lasts_beyond_the_renewal(renewing, ends, amount):
    row = renewing({"renews_at": at("2025-04-20"), "discount": Decimal(5), "discount_ends_at": ends and at(ends)})["c1"]
    assert row["amount"] == Decimal(amount)


@pytest.mark.parametrize(("auto_renew", "reason"), [(True, "term_ends_auto"), (False, "term_ends"), (None, "term_ends")])
def test_the_reason_says_whether_it_renews_by_itself(renewing, auto_renew, reason):
    assert renewing({"renews_at": at("2025-04-20"), "auto_renew": auto_renew})["c1"]["reason_code"] == reason


def test_of_two_terms_the_first_to_end_counts(renewing):
    late = {"subscription_id": "s2", "plan": "extra", "renews_at": at("2025-04-25")}
    assert renewing(late, {"renews_at": at("2025-04-20")})["c1"]["event_key"] == "s1"


def test_who_has_a_longer_term_of_the_same_plan_has_renewed_already(renewing):
    longer = {"subscription_id": "s2", "renews_at": at("2026-04-20")}
    assert renewing({"renews_at": at("2025-04-20")}, longer)["c1"]["already"] is True
    assert renewing({"renews_at": at("2025-04-20")}, longer | {"plan": "extra"})["c1"]["already"] is False


@pytest.mark.parametrize("other", [{"status": "paused"}, {"status": "trialing"}, {"status": "ended"}, {"valid_to": at("2025-03-30")}])
def test_only_a_paying_present_version_renews(renewing, other):
    assert renewing({"renews_at": at("2025-04-20")} | other) == {}


@pytest.fixture
def leaving(duckdb: Engine, company: Company) -> Rows:
    """Who is in the audience of a win-back campaign for those who left 7 to 120 days ago."""

    def run(*versions: dict) -> dict[str, dict]:
        seen = evening(duckdb, company, subscription=versions)
        found = departed(seen, window_of(seen, Trigger(after="departure", days={"once": (7, 120)})), duckdb)
        return {row["customer_id"]: row for row in duckdb.arrow(found).to_pylist()}

    return run


@pytest.mark.parametrize(
    ("left", "there"), [("2025-03-25", False), ("2025-03-24", True), ("2024-12-01", True), ("2024-11-30", False), ("2025-05-01", False)]
)
def test_who_left_seven_to_a_hundred_and_twenty_days_ago_is_there(leaving, left, there):
    """24 March is 7 days before 31 March, 1 December 120 days."""
    assert ("c1" in leaving({"valid_to": at(left), "ended_reason": "cancelled"})) is there


def test_who_left_is_worth_what_was_paid_then(leaving):
    row = leaving({"valid_to": at("2025-03-01"), "ended_reason": "payment_failed"})["c1"]
    assert (row["amount"], row["value"], row["reason_code"], row["event_at"]) == (
        Decimal(20),
        Decimal(240),
        "payment_failed",
        at("2025-03-01"),
    )


def test_who_gave_no_reason_is_there_too(leaving):
    assert leaving({"valid_to": at("2025-03-01")})["c1"]["reason_code"] == "not_given"


def test_a_value_in_rials_is_told_in_dollars(leaving):
    """2 seats at 10,000 rials a month: 240,000 rials a year, 0.24 dollars."""
    found = leaving({"valid_to": at("2025-03-01"), "unit_price": Decimal(10_000), "currency": "IRR"})["c1"]
    assert (found["value"], found["amount"], found["currency"]) == (Decimal("0.24"), Decimal(20_000), "IRR")


def test_who_paid_in_two_currencies_is_worth_both_together(leaving):
    """20 dollars and 20 euros a month, which are 25 dollars: 45 a month, 540 a year."""
    gone = {"valid_to": at("2025-03-01")}
    row = leaving(gone, gone | {"subscription_id": "s2", "currency": "EUR"})["c1"]
    assert (row["value"], row["amount"], row["currency"]) == (Decimal(540), Decimal(45), "USD")


def test_who_still_pays_another_subscription_has_not_left(leaving):
    assert leaving({"valid_to": at("2025-03-01")}, {"subscription_id": "s2"}) == {}


def test_who_paused_is_not_won_back(leaving):
    paused = {"valid_from": at("2025-03-01"), "status": "paused"}
    assert leaving({"valid_to": at("2025-03-01")}, paused) == {}


def test_who_paused_and_then_left_is_won_back(leaving):
    paused = {"valid_from": at("2025-02-01"), "valid_to": at("2025-03-01"), "status": "paused"}
    assert list(leaving({"valid_to": at("2025-02-01")}, paused)) == ["c1"]


@pytest.fixture
def quiet(duckdb: Engine, company: Company) -> Rows:
    """Who fell silent 7 to 30 days ago, where 90 days without a purchase are silence."""

    def run(*invoices: dict) -> dict[str, dict]:
        buying = company.model_copy(update={"churn": Churn(kind="inactivity", days=90)})
        rows = tuple({"invoice_id": f"i{n}", **row} for n, row in enumerate(invoices))
        seen = evening(duckdb, buying, invoice=rows)
        found = silent(seen, window_of(seen, Trigger(after="departure", days={"once": (7, 30)})), duckdb)
        return {row["customer_id"]: row for row in duckdb.arrow(found).to_pylist()}

    return run


@pytest.mark.parametrize(("bought", "there"), [("2024-12-25", False), ("2024-12-24", True), ("2024-12-01", True), ("2024-11-30", False)])
def test_who_last_bought_ninety_days_and_the_campaign_s_days_ago_is_there(quiet, bought, there):
    """24 December + 90 days = 24 March, 7 days before the night; 1 December + 90 days = 1 March, 30 days before it."""
    assert ("c1" in quiet({"issued_at": at(bought), "net_amount": Decimal(10)})) is there


def test_the_silent_are_worth_what_they_bought_in_their_last_year(quiet):
    """The purchase of November 2023 is more than 365 days before the last."""
    amounts = (("2023-11-01", 500), ("2024-06-01", 30), ("2024-12-10", 10))
    row = quiet(*({"issued_at": at(day), "net_amount": Decimal(amount)} for day, amount in amounts))["c1"]
    assert (row["value"], row["amount"], row["reason_code"], row["event_at"]) == (Decimal(40), Decimal(10), "silent", at("2025-03-10"))


def test_the_silent_who_bought_in_rials_are_worth_dollars(quiet):
    """30,000,000 rials are 30 dollars, told as rials; the euro of the year before is 1.25."""
    bought = ({"issued_at": at("2024-06-01"), "net_amount": Decimal(1), "currency": "EUR"},)
    bought += ({"issued_at": at("2024-12-10"), "net_amount": Decimal(30_000_000), "currency": "IRR"},)
    row = quiet(*bought)["c1"]
    assert (row["value"], row["amount"], row["currency"]) == (Decimal("31.25"), Decimal(30_000_000), "IRR")


def moment(duckdb, company, name: str, days: tuple[int, int], ahead: bool = False, **rows) -> dict[str, dict]:
    """Whom a moment is about on the evening of 31 March, so many days after it, or before."""
    seen = evening(duckdb, company, **rows)
    trigger = Trigger(before=name, days={"once": days}) if ahead else Trigger(after=name, days={"once": days})
    found = MOMENTS[name](seen, window_of(seen, trigger), duckdb)
    return {row["customer_id"]: row for row in duckdb.arrow(found).to_pylist()}


FAILED = {"payment_id": "p1", "customer_id": "c1", "invoice_id": "i1", "amount": Decimal(20), "currency": "USD", "status": "failed"}
FAILED |= {"failure_code": "insufficient_funds", "attempted_at": at("2025-03-30")}
BILL = {"invoice_id": "i1", "kind": "subscription", "issued_at": at("2025-03-29"), "net_amount": Decimal(20)}


def test_a_payment_failed_when_it_was_first_tried_and_is_told_as_it_was_tried_last(duckdb, company):
    """Tried on 30 and, for less, on 31 March: a day ago, not today."""
    again = FAILED | {"payment_id": "p2", "attempted_at": at("2025-03-31"), "amount": Decimal(15), "failure_code": "card_expired"}
    row = moment(duckdb, company, "payment_failure", (0, 2), payment=(FAILED, again), invoice=(BILL,))["c1"]
    assert (row["event_at"], row["event_key"], row["amount"], row["reason_code"], row["already"]) == (
        at("2025-03-30"),
        "i1",
        Decimal(15),
        "card_expired",
        False,
    )


@pytest.mark.parametrize(
    ("payments", "bill"),
    [
        ((FAILED, FAILED | {"payment_id": "p2", "status": "succeeded", "attempted_at": at("2025-03-31")}), BILL),
        ((FAILED,), BILL | {"paid_at": at("2025-03-31")}),
        ((FAILED,), BILL | {"voided_at": at("2025-03-31")}),
    ],
)
def test_what_was_paid_since_is_paid_already(duckdb, company, payments, bill):
    assert moment(duckdb, company, "payment_failure", (0, 2), payment=payments, invoice=(bill,))["c1"]["already"] is True


@pytest.mark.parametrize(("tried", "there"), [("2025-03-31", True), ("2025-03-29", True), ("2025-03-28", False)])
def test_a_payment_that_failed_two_days_ago_is_there_and_three_days_ago_is_not(duckdb, company, tried, there):
    found = moment(duckdb, company, "payment_failure", (0, 2), payment=(FAILED | {"attempted_at": at(tried)},), invoice=(BILL,))
    assert ("c1" in found) is there


def test_of_two_invoices_the_one_that_still_fails_counts(duckdb, company):
    other = FAILED | {"payment_id": "p2", "invoice_id": "i2", "attempted_at": at("2025-03-31")}
    paid, open_ = BILL | {"paid_at": at("2025-03-31")}, BILL | {"invoice_id": "i2"}
    assert moment(duckdb, company, "payment_failure", (0, 2), payment=(FAILED, other), invoice=(paid, open_))["c1"]["event_key"] == "i2"


@pytest.mark.parametrize(("expires", "there"), [(date(2025, 4, 1), True), (date(2025, 4, 30), True), (date(2025, 5, 1), False)])
def test_the_card_of_the_last_payment_expires(duckdb, company, expires, there):
    old = FAILED | {"attempted_at": at("2025-01-01"), "card_expires_on": date(2025, 4, 10)}
    last = FAILED | {"payment_id": "p2", "status": "succeeded", "card_expires_on": expires}
    assert ("c1" in moment(duckdb, company, "card_expiry", (0, 30), ahead=True, payment=(old, last))) is there


PERSON = {"customer_id": "c1", "name": "Sara", "signed_up_at": at("2023-04-01")}


@pytest.mark.parametrize(
    ("calendar_", "born", "there"),
    [
        ("gregorian", date(1990, 4, 1), True),
        ("gregorian", date(1990, 4, 2), False),
        ("jalali", date(1990, 4, 1), True),  # 12 Farvardin 1369, and 1 April 2025 is 12 Farvardin 1404
        ("jalali", date(1996, 3, 31), True),  # 12 Farvardin 1375: by the Gregorian calendar it is a day earlier
        ("gregorian", date(1996, 3, 31), False),
    ],
)
def test_a_birthday_comes_round_by_the_company_s_calendar(duckdb, company, calendar_, born, there):
    own = company.model_copy(update={"calendar": calendar_})
    found = moment(duckdb, own, "birthday", (1, 1), ahead=True, customer=(PERSON | {"birth_date": born},))
    assert ("c1" in found) is there


@pytest.mark.parametrize(
    ("on", "of", "began"),
    [
        (date(2025, 3, 1), "gregorian", [date(2024, 2, 29), date(2024, 3, 1)]),  # 2025 has no 29 February
        (date(2024, 3, 1), "gregorian", [date(2023, 3, 1)]),
        (date(2025, 3, 21), "jalali", [date(2024, 3, 20)]),  # 1 Farvardin 1404; 1403 is a leap year and has a 30 Esfand of its own
        (date(2026, 3, 21), "jalali", [date(2025, 3, 20), date(2025, 3, 21)]),  # 1404 has no 30 Esfand, 1403 had one
    ],
)
def test_a_leap_day_comes_round_on_the_day_after(on, of, began):
    year_before = [day for day, years in earlier(on, of) if years in (1, 0) or day.year >= on.year - 2]
    assert sorted(day for day in year_before if (on - day).days < 400) == began


def test_full_years_are_told_with_their_number(duckdb, company):
    row = moment(duckdb, company, "anniversary", (1, 1), ahead=True, customer=(PERSON,))["c1"]
    assert (row["event_key"], row["reason_code"]) == ("anniversary 2", "anniversary")


def test_what_goes_with_a_purchase_is_what_its_buyers_also_bought(duckdb, company):
    """Six bought cup and pot, four only cup, ten only lamp. Of the four, pot: 6 x 20 / (10 x 6) = 2; lamps stand alone."""
    baskets = {f"a{n}": ("cup", "pot") for n in range(6)} | {f"b{n}": ("cup",) for n in range(4)} | {f"d{n}": ("lamp",) for n in range(10)}
    bills = tuple({"invoice_id": who, "customer_id": who, "issued_at": at("2025-03-30"), "net_amount": Decimal(1)} for who in baskets)
    lines = tuple(
        {"invoice_line_id": f"{who} {product}", "invoice_id": who, "product": product, "quantity": 1, "unit_price": 1, "net_amount": 1}
        for who, products in baskets.items()
        for product in products
    )
    found = moment(duckdb, company, "complement", (0, 14), invoice=bills, invoice_line=lines)
    assert {who: row["reason_code"] for who, row in found.items()} == {f"b{n}": "pot" for n in range(4)}


def test_points_expire_a_year_after_they_were_earned_less_what_was_spent(duckdb, company):
    """120.90 dollars on 10 April 2024 are 120 points, 30 euros in July 37; 100 were spent: of the 120 that go first 20 are left."""
    bills = (
        {"invoice_id": "i1", "issued_at": at("2024-04-10"), "net_amount": Decimal("120.90")},
        {"invoice_id": "i2", "issued_at": at("2024-07-01"), "net_amount": Decimal(30), "currency": "EUR"},
    )
    spent = {"interaction_id": "t1", "customer_id": "c1", "channel": "web", "kind": "points_spent", "topic": "100"}
    touch = (spent | {"occurred_at": at("2024-12-01")},)
    row = moment(duckdb, company, "points_expiry", (1, 30), ahead=True, invoice=bills, interaction=touch)["c1"]
    assert (row["amount"], row["event_at"]) == (Decimal(20), at("2025-04-10"))
    assert moment(duckdb, company, "points_expiry", (1, 9), ahead=True, invoice=bills, interaction=touch) == {}


@pytest.mark.parametrize(
    ("channel", "kind", "bad"),
    [
        ("email", "bounced", ("bounced", None, None)),
        ("SMS", "unsubscribed", (None, "unsubscribed", None)),
        ("phone", "complained", (None, None, "complained")),
        ("پیامک", "Unsubscribed", (None, "unsubscribed", None)),
        ("push", "unsubscribed", ("unsubscribed", "unsubscribed", "unsubscribed")),
        ("push", "bounced", (None, None, None)),
        ("email", "opened", None),
    ],
)
def test_what_came_back_counts_for_its_channel(duckdb, channel, kind, bad):
    touch = {"interaction_id": "t1", "customer_id": "c1", "channel": channel, "kind": kind, "occurred_at": at("2025-01-01")}
    found = duckdb.arrow(bad_touches(table(duckdb, "interaction", {}, (touch,)))).to_pylist()
    assert [(row["bad_email"], row["bad_sms"], row["bad_call"]) for row in found] == ([bad] if bad else [])


def test_of_two_things_that_came_back_the_graver_counts(duckdb):
    touches = tuple(
        {"interaction_id": f"t{n}", "customer_id": "c1", "channel": "sms", "kind": kind, "occurred_at": at("2025-01-01")}
        for n, kind in enumerate(("unsubscribed", "bounced", "complained"))
    )
    [row] = duckdb.arrow(bad_touches(table(duckdb, "interaction", {}, touches))).to_pylist()
    assert (row["bad_email"], row["bad_sms"]) == (None, "unsubscribed")
