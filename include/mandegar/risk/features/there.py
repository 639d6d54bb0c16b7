"""Who can still leave on the evening of a day, and what they are worth."""

import ibis
import ibis.expr.types as ir

from mandegar.compute import exchange_rates
from mandegar.compute.engine import Engine
from mandegar.compute.money import MONEY
from mandegar.metrics.contracts.ledger import ledger
from mandegar.metrics.contracts.policies import own_policies
from mandegar.metrics.purchases.purchases import purchases
from mandegar.risk.evening import Evening

YEAR = 365


def mrr_intervals_of(evening: Evening, engine: Engine) -> ir.Table | None:
    """The MRR ledger of a company with contracts, in the company's currency at the rate of the day; None without contracts."""
    if evening.company.churn.kind != "contract":
        return None
    versions, invoices = evening.entities["subscription"], evening.entities["invoice"]
    intervals = ledger(versions, own_policies(evening.company), engine, evening.closes, invoices)
    known = exchange_rates.known_rates(engine, evening.entities["fx_rate"])
    valued = exchange_rates.with_rate(evening.company, engine, intervals, evening.closes, known)
    return engine.keep(valued.mutate(mrr=exchange_rates.at_rate(valued.mrr, valued.rate)).select(*intervals.columns))


def invoices_of(evening: Evening, engine: Engine) -> ir.Table:
    """The invoices in the company's currency, at the rate of the day of each."""
    known = exchange_rates.known_rates(engine, evening.entities["fx_rate"])
    invoices = evening.entities["invoice"]
    return exchange_rates.in_own_currency(evening.company, engine, invoices, "issued_at", ("net_amount", "cost_amount"), known)


def paying_now(evening: Evening, intervals: ir.Table) -> ir.Table:
    """The intervals in which somebody pays as the day ends."""
    lasts = intervals.until_at.isnull() | (intervals.until_at >= evening.now)
    return intervals.filter((intervals.mrr > 0) & (intervals.from_at < evening.now) & lasts)


def customers_there(evening: Evening, intervals: ir.Table | None, invoices: ir.Table) -> ir.Table:
    """The customers who can still leave, with what they are worth in a year.

    Grain: one row per customer paying at the end of the day (contract), or with a purchase in the last N days
    (inactivity). Columns: annual_value: 12 x MRR, or the purchases of the last 365 days, in the company's currency.
    """
    if intervals is not None:
        there = paying_now(evening, intervals)
        return there.group_by("customer_id").agg(annual_value=(there.mrr.sum() * 12).cast(MONEY))
    bought = purchases(invoices)
    nothing = ibis.literal(0).cast(MONEY)
    in_year = (bought.issued_at >= evening.since(YEAR)).ifelse(bought.net_amount, nothing)
    sums = bought.group_by("customer_id").agg(annual_value=in_year.sum().cast(MONEY), last_at=bought.issued_at.max())
    return sums.filter(sums.last_at >= evening.since(evening.company.churn.days)).drop("last_at")


def gone_lately(evening: Evening, intervals: ir.Table | None, invoices: ir.Table, there: ir.Table, days: int) -> ir.Table:
    """The customers who left in the last days and are not back. Grain: one row per customer_id."""
    if intervals is not None:
        begun = intervals.filter(intervals.from_at < evening.now)
        paid = begun.filter((begun.mrr > 0) | (begun.standing == "paused"))
        last = paid.group_by("customer_id").agg(
            until_at=paid.until_at.max(), lasting=(paid.until_at.isnull() | (paid.until_at >= evening.now)).any()
        )
        gone = last.filter(~last.lasting & (last.until_at >= evening.since(days)))
    else:
        bought = purchases(invoices)
        last = bought.group_by("customer_id").agg(last_at=bought.issued_at.max())
        reach = evening.company.churn.days
        gone = last.filter((last.last_at >= evening.since(reach + days)) & (last.last_at < evening.since(reach)))
    return gone.select("customer_id").anti_join(there, "customer_id")
