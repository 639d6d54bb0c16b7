"""From new to retained: which of last period's new customers are still customers at this one's end."""

from datetime import timedelta

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from mandegar.metrics.contracts.ledger import first_payments, mrr_intervals
from mandegar.metrics.frame.dimensions import totals
from mandegar.metrics.frame.family import Family, Found, Given
from mandegar.metrics.frame.grain import PERIOD, PERIOD_NAME
from mandegar.metrics.frame.kpi import Metric
from mandegar.metrics.frame.night import MeasuredNight
from mandegar.metrics.purchases.purchases import purchases_of
from mandegar.time.calendar import LONGEST, midnight, period_of
from mandegar.time.spans import falling

AGAIN = timedelta(days=1)  # two invoices of one day are one visit
NEW_CUSTOMERS = (
    Metric("new_customers_before", "new_customers", None, "customers who came for the first time in the period before"),
    Metric("new_customer_retention_rate", "retained", "new_customers", "of them, those who are still customers at the end"),
)


def new_customers(night: MeasuredNight) -> ir.Table:
    """How many of the customers who came in the period before were kept.

    Grain: one row per period, dimension and dimension_value with such a customer; dimensions by the customer when it came.
    Columns (int64): new_customers, who first paid (without contracts: first bought) in the period before, those who left at once
    among them; retained, of them those who pay at the end of this period (without contracts: who bought again, a
    day or more later, before its end). A pause at the end does not count as kept. Of a running period: so far.
    """
    if night.contractual:
        came = first_payments(night).select("customer_id", came_at="first_paid_at")
    else:
        bought = purchases_of(night).select("customer_id", "issued_at")
        came = bought.group_by("customer_id").agg(came_at=bought.issued_at.min())
    spans = night.engine.table(_with_period_before(night))
    described = night.engine.keep(night.with_traits(came, "came_at"))
    new = falling(described, "came_at", spans, "before_at", "starts_at", LONGEST)
    new = night.engine.keep(new.select(*PERIOD, "ends_at", *described.columns))
    kept = _paying(night, new) if night.contractual else _buying_again(night, new)
    joined = new.left_join(kept.distinct().mutate(stayed=ibis.literal(True)), [*PERIOD, "customer_id"])
    marked = joined.select(*new.columns, stayed=joined.stayed.fill_null(False))
    night.small_cells.speak_of(FAMILY.title, marked)
    return totals(
        marked, night.dimensions, lambda rows: {"new_customers": rows.count(), "retained": rows.stayed.cast("int64").sum()}, PERIOD
    )


def _with_period_before(night: MeasuredNight) -> pa.Table:
    """The periods, each with the instant at which the one before began."""
    company = night.company
    periods = night.engine.arrow(night.periods.select(*PERIOD, *PERIOD_NAME, "starts_at", "ends_at"))
    before = [
        midnight(
            period_of(
                row["period_start"] - timedelta(days=1), row["period_kind"], row["calendar"], company.fiscal_year_start, company.week_start
            ).start,
            company.zone,
        )
        for row in periods.to_pylist()
    ]
    return periods.drop_columns(list(PERIOD_NAME)).append_column("before_at", pa.array(before, pa.timestamp("us", "UTC")))


def _paying(night: MeasuredNight, new: ir.Table) -> ir.Table:
    paid = mrr_intervals(night).filter(mrr_intervals(night).mrr > 0).select("from_at", "until_at", who="customer_id")
    there = new.join(
        paid, [new.customer_id == paid.who, paid.from_at < new.ends_at, paid.until_at.isnull() | (paid.until_at >= new.ends_at)]
    )
    return there.select(*PERIOD, "customer_id")


def _buying_again(night: MeasuredNight, new: ir.Table) -> ir.Table:
    bought = purchases_of(night).select("issued_at", who="customer_id")
    timed = new.mutate(again_at=new.came_at + ibis.interval(days=AGAIN.days))
    there = timed.join(bought, [timed.customer_id == bought.who, bought.issued_at >= timed.again_at, bought.issued_at < timed.ends_at])
    return there.select(*PERIOD, "customer_id")


def _family(night: MeasuredNight, _: Given) -> Found:
    return Found(night.engine.keep(new_customers(night)))


FAMILY = Family("New customers", "lifecycle.new_customers.new_customers", NEW_CUSTOMERS, _family, settles="later", reaches_on=True)
