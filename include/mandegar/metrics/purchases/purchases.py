"""What customers bought: the invoices that count as purchases, and the revenue they make."""

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from mandegar.compute.money import MONEY
from mandegar.metrics.frame.dimensions import Dimension, totals
from mandegar.metrics.frame.family import Family, Found, Given
from mandegar.metrics.frame.grain import CELL, PERIOD
from mandegar.metrics.frame.kpi import REVENUE
from mandegar.metrics.frame.night import MeasuredNight, once_a_night
from mandegar.metrics.purchases.refunds import credited, net_refunds
from mandegar.time.local_days import local_day


def purchases(invoices: ir.Table) -> ir.Table:
    """The invoices by which a customer is seen to buy.

    Grain: one row per invoice that is no credit note, not voided, and has an amount above 0 (a zero price is a gift).
    """
    return invoices.filter((invoices.kind != "credit") & invoices.voided_at.isnull() & (invoices.net_amount > 0))


@once_a_night
def invoices_of(night: MeasuredNight) -> ir.Table:
    """The invoices of a night, in the company's currency at the rate of their day."""
    return night.in_own_currency("invoice", "issued_at", "net_amount", "tax_amount", "cost_amount")


@once_a_night
def purchases_of(night: MeasuredNight) -> ir.Table:
    """The purchases of a night (purchases), in the company's currency."""
    return purchases(invoices_of(night))


@once_a_night
def revenue_entries_of(night: MeasuredNight) -> ir.Table:
    """Everything that adds to or takes from revenue on a night (revenue_entries), in the company's currency."""
    twice = credited(night.entities["invoice"], night.entities["payment"], night.engine)
    paid = night.in_own_currency("payment", "attempted_at", "amount")
    return night.engine.keep(revenue_entries(invoices_of(night), paid, twice))


@once_a_night
def purchase_days(night: MeasuredNight) -> ir.Table:
    """The days on which customers bought. Grain: one row per customer_id and day. Column: day, since 1970-01-01."""
    bought = purchases_of(night)
    return night.engine.keep(bought.select("customer_id", day=local_day(bought.issued_at, night.company.zone, night.closes)).distinct())


def revenue_entries(invoices: ir.Table, payments: ir.Table, twice: ir.Table) -> ir.Table:
    """Everything that adds to or takes from revenue.

    Grain: one row per invoice not voided, credit note, and refunded payment. Columns: customer_id, at, amount (net of tax;
    credit notes and refunds negative whatever sign the source gives them), cost_of_goods (an invoice's cost_amount, of a credit
    note less, what came back; 0 where not known).
    Policy: refunds reduce revenue and do not move MRR (metrics.md), net of tax (refunds.net_refunds). A refund that a credit note
    tells of already counts once, as the credit note. twice: the payment_id of those refunds (refunds.credited).
    """
    valid = invoices.filter(invoices.voided_at.isnull())
    nothing = ibis.literal(0).cast(MONEY)
    cost = valid.cost_amount.fill_null(nothing)
    billed = valid.select(
        "customer_id",
        at=valid.issued_at,
        amount=(valid.kind == "credit").ifelse(-valid.net_amount.abs(), valid.net_amount).cast(MONEY),
        cost_of_goods=(valid.kind == "credit").ifelse(-cost.abs(), cost).cast(MONEY),
    )
    alone = net_refunds(invoices, payments).anti_join(twice, "payment_id")
    return ibis.union(billed, alone.select("customer_id", "at", amount=(-alone.amount).cast(MONEY), cost_of_goods=nothing))


def revenue(inside: ir.Table) -> ir.Table:
    """Revenue per period and customer.

    Grain: one row per period and customer_id with any entry. Columns: revenue, in the company's currency.
    inside: revenue entries within their periods.
    """
    return inside.group_by(*PERIOD, "customer_id").agg(revenue=inside.amount.sum().cast(MONEY))


def buyers(inside: ir.Table) -> ir.Table:
    """Who bought in a period. Grain: one row per period and customer_id; column first_at, the first purchase within it."""
    return inside.group_by(*PERIOD, "customer_id").agg(first_at=inside.issued_at.min())


def revenue_totals(entries: ir.Table, bought: ir.Table, dimensions: Sequence[Dimension] = ()) -> ir.Table:
    """What was taken in, and how many bought.

    Grain: one row per period, dimension and dimension_value. Columns: revenue, in the company's currency;
    customers_buying, a count. entries: within their periods; bought: the buyers; both with the traits of their time.
    """
    sums = totals(entries, dimensions, lambda rows: {"revenue": rows.amount.sum()}, PERIOD)
    buyers = totals(bought, dimensions, lambda rows: {"customers_buying": rows.count()}, PERIOD)
    joined = sums.join(buyers, list(CELL), how="left")
    return joined.select(*sums.columns, customers_buying=joined.customers_buying.fill_null(0))


def _family(night: MeasuredNight, given: Given) -> Found:
    return Found(given.wide)


FAMILY = Family(
    "Revenue",
    "purchases.purchases.revenue_totals",
    REVENUE,
    _family,
    needs=("invoice",),
    stands_on=("invoice", "payment"),
    of_customers=False,
    of_money=True,
)
