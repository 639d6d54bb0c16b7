"""When a failed payment is tried again: by its code, the paydays of both calendars, and the reminder that goes before it."""

import json
from datetime import date
from decimal import Decimal
from types import SimpleNamespace

import pyarrow as pa
import pytest

from mandegar.campaigns.file.words import Step
from mandegar.campaigns.journeys.tonight import due_by
from mandegar.campaigns.retries import next_retry, plans_its_own, retry_days, schedule
from mandegar.config.company import Company
from mandegar.config.entities import ENTITIES
from mandegar.config.settings import Churn, Retries
from mandegar.quality.reading import entity_schema
from mandegar.risk.evening import Evening
from mandegar.time import calendar

FAILED = date(2025, 3, 10)


def company(locale_calendar: str = "gregorian", **retries) -> Company:
    return Company(
        name="Acme",
        time_zone="Asia/Tehran",
        currency="USD",
        calendar=locale_calendar,
        churn=Churn(kind="contract"),
        retries=Retries(**retries),
    )


@pytest.mark.parametrize(
    ("code", "days"),
    [
        ("insufficient_funds", [date(2025, 3, 31), date(2025, 4, 30)]),  # the last of this month, and of the next
        ("do_not_honor", [date(2025, 3, 11), date(2025, 3, 13), date(2025, 3, 17)]),
        (None, [date(2025, 3, 11), date(2025, 3, 13), date(2025, 3, 17)]),
        ("processing_error", [date(2025, 3, 11), date(2025, 3, 12)]),
        ("Expired_Card", []),
        ("fraud", []),
    ],
)
def test_the_code_says_when(code, days):
    assert retry_days(company(), code, FAILED) == days


@pytest.mark.parametrize(
    ("kind", "paydays", "failed", "day"),
    [
        ("gregorian", (1, 15), date(2025, 3, 10), date(2025, 3, 15)),
        ("gregorian", (1, 15), date(2025, 3, 15), date(2025, 4, 1)),  # today's payday has come and gone
        ("gregorian", (31,), date(2025, 2, 3), date(2025, 2, 28)),
        ("gregorian", (-1,), date(2024, 2, 28), date(2024, 2, 29)),
        ("jalali", (-1,), date(2025, 3, 10), date(2025, 3, 20)),  # 30 Esfand 1403, a leap year
        ("jalali", (25,), date(2025, 4, 20), date(2025, 5, 15)),  # 31 Farvardin: 25 Ordibehesht 1404
    ],
)
def test_payday_is_of_the_company_s_own_calendar(kind, paydays, failed, day):
    assert retry_days(company(kind, paydays=paydays), "insufficient_funds", failed)[0] == day


def test_a_day_is_promised_only_by_who_states_when_they_try_again():
    assert plans_its_own(company())
    assert not plans_its_own(Company(name="Acme", time_zone="UTC", currency="USD", churn=Churn(kind="contract")))


def test_the_next_one_lies_ahead():
    assert next_retry(company(), "other", FAILED, date(2025, 3, 11)) == date(2025, 3, 13)
    assert next_retry(company(), "other", FAILED, date(2025, 3, 17)) is None


@pytest.mark.parametrize(
    ("code", "due"),
    [
        ("insufficient_funds", date(2025, 3, 29)),  # two days before payday
        ("other", date(2025, 3, 15)),  # before the third attempt: of the second it would be the 11th, too soon after the first message
        ("card_expired", date(2025, 3, 12)),  # no attempt: after two days
    ],
)
def test_a_reminder_goes_before_the_next_attempt(code, due):
    step = Step(name="reminder", after_days=2, before_retry_days=2)
    facts = json.dumps({"reason_code": code, "event_on": FAILED.isoformat()})
    assert due_by(company())(step, facts, FAILED) == due


def test_only_a_failed_payment_has_a_next_attempt(a_campaign):
    steps = [{"name": "one"}, {"name": "two", "before_retry_days": 1}]
    with pytest.raises(ValueError, match="only a failed payment is tried again"):
        a_campaign(trigger={"after": "sign_up", "days": [0, 3]}, steps=steps)


def test_the_schedule_names_every_open_payment(duckdb):
    """Of c1 both open bills, of c2 the payment without a bill; c3 has paid since, c4's card is gone, c5's attempts are over."""

    def rows(entity, *found):
        return duckdb.table(pa.Table.from_pylist(list(found), entity_schema(ENTITIES[entity])))

    def tried(customer, invoice, day, code, status="failed"):
        at = calendar.midnight(day, company().zone)
        paid = {"amount": Decimal("12.5"), "currency": "USD", "status": status, "failure_code": code, "attempted_at": at}
        return {"payment_id": f"p{customer}{invoice}{day}", "customer_id": customer, "invoice_id": invoice, **paid}

    payments = (
        tried("c1", "i1", FAILED, "insufficient_funds"),
        tried("c1", "i2", date(2025, 3, 12), None),
        tried("c2", None, FAILED, "do_not_honor"),
        tried("c3", "i3", FAILED, "other"),
        tried("c3", "i3", date(2025, 3, 11), None, "succeeded"),
        tried("c4", "i4", FAILED, "card_expired"),
        tried("c5", "i5", date(2025, 2, 20), "other"),
    )
    entities = {"payment": rows("payment", *payments), "invoice": rows("invoice")}
    night = date(2025, 3, 14)
    evening = Evening(company(), night, calendar.day_end(night, company().zone), entities)
    found = schedule(SimpleNamespace(company=company(), evening=evening, engine=duckdb, as_of=night)).to_pylist()
    wanted = ("customer_id", "invoice_id", "payment_id", "failure_code", "failed_on", "amount", "retry_on", "attempt")
    assert [tuple(row[name] for name in wanted) for row in found] == [
        ("c1", "i1", "", "insufficient_funds", "2025-03-10", "12.50", "2025-03-31", "1"),
        ("c1", "i2", "", "", "2025-03-12", "12.50", "2025-03-15", "2"),
        ("c2", "", "pc2None2025-03-10", "do_not_honor", "2025-03-10", "12.50", "2025-03-17", "3"),
    ]
