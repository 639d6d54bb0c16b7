"""What a campaign is for, and when it came to that: a payment, a purchase, a return, an answer, or a rule that is met."""

from collections.abc import Callable
from datetime import date, timedelta

import ibis.expr.types as ir
import pyarrow as pa

from mandegar.campaigns.audience.candidates import RULE, whether
from mandegar.campaigns.audience.tonight import Tonight
from mandegar.campaigns.file.words import Goal
from mandegar.campaigns.results import referrals
from mandegar.metrics.purchases.purchases import purchases
from mandegar.rules.compile import column_of
from mandegar.time import calendar


def payments(tonight: Tonight) -> ir.Table:
    """Every payment that succeeded. Grain: one row per payment. Columns: customer_id, at."""
    paid = tonight.evening.entities["payment"].filter(lambda t: t.status == "succeeded")
    return paid.select("customer_id", at="attempted_at")


def bought(tonight: Tonight) -> ir.Table:
    """Every purchase. Grain: one row per invoice. Columns: customer_id, at."""
    return purchases(tonight.evening.entities["invoice"]).select("customer_id", at="issued_at")


def returns(tonight: Tonight) -> ir.Table:
    """Every beginning of a subscription that is paid, or every purchase without contracts. Columns: customer_id, at."""
    if tonight.company.churn.kind == "inactivity":
        return bought(tonight)
    versions = tonight.evening.entities["subscription"]
    begun = versions.filter((versions.status == "active") & (versions.unit_price > 0))
    return begun.group_by("customer_id", "subscription_id").agg(at=begun.valid_from.min()).select("customer_id", "at")


def answers(tonight: Tonight) -> ir.Table:
    """Every answer to a survey. Grain: one row per answer. Columns: customer_id, at."""
    return tonight.evening.entities["survey"].select("customer_id", at="answered_at")


EVENTS: dict[str, Callable[[Tonight], ir.Table]] = {
    "pays": payments,
    "buys": bought,
    "comes_back": returns,
    "answers": answers,
    "refers": referrals.made,
}


def reached(tonight: Tonight, goal: Goal, since: dict[str, date]) -> set[str]:
    """Who has come to a goal by the end of a night. since: of each customer the night after which it counts.

    Whose goal is to stay has never come to it: that is seen when the time is over (campaigns.results).
    """
    if not since:
        return set()
    engine = tonight.engine
    if goal.rule is not None:
        rows = engine.table(pa.table({"customer_id": list(since)}))
        meets = whether(tonight, rows, {RULE: goal.rule})
        return set(engine.arrow(meets.filter(meets[column_of(RULE)]).select("customer_id"))["customer_id"].to_pylist())
    if goal.is_ not in EVENTS:
        return set()
    zone = tonight.company.zone
    after = [calendar.midnight(night + timedelta(days=1), zone) for night in since.values()]
    asked = engine.table(pa.table({"who": pa.array(list(since)), "after": pa.array(after, pa.timestamp("us", "UTC"))}))
    events = EVENTS[goal.is_](tonight)
    met = events.join(asked, events.customer_id == asked.who).filter(lambda t: t["at"] >= t.after)
    return set(engine.arrow(met.select("customer_id").distinct())["customer_id"].to_pylist())
