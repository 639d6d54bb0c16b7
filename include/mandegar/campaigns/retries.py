"""When a failed payment is worth another attempt: by why it failed, and when there is money again (`retries` of company.yaml)."""

from collections.abc import Iterator
from datetime import date, timedelta

import pyarrow as pa

from mandegar.campaigns.audience.tonight import Tonight
from mandegar.campaigns.moments.payment import NO_INVOICE, failed_payments
from mandegar.campaigns.moments.window import Window
from mandegar.config.company import Company
from mandegar.config.settings import OTHER_CODE, PAYDAY
from mandegar.time.calendar import midnight, period_of

LOOKED_BACK = 60  # days; what failed earlier is not tried any more
COLUMNS = ("customer_id", "invoice_id", "payment_id", "failure_code", "failed_on", "amount", "currency", "retry_on", "attempt")


def retry_days(company: Company, code: str | None, failed_on: date) -> list[date]:
    """The days on which a payment is tried again, in order; none where another card is needed.

    Numbers are days after the first failure, `payday` the first payday after it, once more the one after that.
    """
    known = company.retries.codes
    plan = known.get((code or OTHER_CODE).lower(), known.get(OTHER_CODE, ()))
    paydays = (day for day in _paydays(company, failed_on) if day > failed_on)
    return sorted({next(paydays) if one == PAYDAY else failed_on + timedelta(days=int(one)) for one in plan})


def plans_its_own(company: Company) -> bool:
    """Whether the company states when it tries again: only then is it promised to customers, who are told what is really done."""
    return "retries" in company.model_fields_set


def next_retry(company: Company, code: str | None, failed_on: date, after: date) -> date | None:
    """The first day after another on which a payment is tried again; None where there is none."""
    return next((day for day in retry_days(company, code, failed_on) if day > after), None)


def schedule(tonight: Tonight) -> pa.Table:
    """For the system that collects: what is open on a night, and when to try it next, as text.

    Grain: one row per invoice, or payment without one, that failed within LOOKED_BACK days, is still open and is tried again; ordered by
    customer. Columns: COLUMNS; attempt is the place of the day in the plan of its failure code.
    """
    company = tonight.company
    window = Window(midnight(tonight.as_of - timedelta(days=LOOKED_BACK), company.zone), tonight.evening.closes)
    found = failed_payments(tonight.evening, window)
    rows = []
    for row in tonight.engine.arrow(found.filter(~found.already).order_by("customer_id", "about")).to_pylist():
        failed_on = row["event_at"].astimezone(company.zone).date()
        day = next_retry(company, row["code"], failed_on, tonight.as_of)
        if day is None:
            continue
        alone = row["about"].startswith(NO_INVOICE)
        told = {"customer_id": row["customer_id"], "invoice_id": "" if alone else row["about"]}
        told |= {"payment_id": row["about"].removeprefix(NO_INVOICE) if alone else "", "failure_code": row["code"] or ""}
        told |= {"failed_on": failed_on.isoformat(), "retry_on": day.isoformat()}
        told |= {"amount": "" if row["amount"] is None else f"{row['amount']:.2f}", "currency": row["currency"] or ""}
        rows.append(told | {"attempt": str(retry_days(company, row["code"], failed_on).index(day) + 1)})
    return pa.Table.from_pylist(rows, pa.schema([(name, pa.string()) for name in COLUMNS]))


def _paydays(company: Company, since: date) -> Iterator[date]:
    """The paydays from the month of a day on, in order; a month that is too short pays on its last day."""
    month = period_of(since, "month", company.calendar)
    while True:
        length = (month.end - month.start).days
        yield from sorted({month.start + timedelta(days=(length if day < 0 else min(day, length)) - 1) for day in company.retries.paydays})
        month = period_of(month.end, "month", company.calendar)
