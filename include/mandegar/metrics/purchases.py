"""What customers bought: the invoices that count as purchases, and the revenue they make."""

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from mandegar.metrics.dimensions import Dimension, totals
from mandegar.metrics.mrr import PERIOD
from mandegar.metrics.refunds import net_refunds
from mandegar.money import MONEY


def purchases(invoices: ir.Table) -> ir.Table:
    """The invoices by which a customer is seen to buy.

    Grain: one row per invoice that is no credit note, not voided, and has an amount above 0 (a zero price is a gift).
    """
    return invoices.filter((invoices.kind != "credit") & invoices.voided_at.isnull() & (invoices.net_amount > 0))


def revenue_entries(invoices: ir.Table, payments: ir.Table, credited: ir.Table) -> ir.Table:
    """Everything that adds to or takes from revenue.

    Grain: one row per invoice not voided, credit note, and refunded payment. Columns: customer_id, at, amount (net of tax;
    credit notes and refunds negative whatever sign the source gives them), cost_of_goods (an invoice's cost_amount, of a credit
    note less, what came back; 0 where not known).
    Policy: refunds reduce revenue and do not move MRR (metrics.md), net of tax (refunds.net_refunds). A refund that a credit note
    tells of already counts once, as the credit note. credited: the payment_id of those refunds (refunds.credited).
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
    alone = net_refunds(invoices, payments).anti_join(credited, "payment_id")
    return ibis.union(billed, alone.select("customer_id", "at", amount=(-alone.amount).cast(MONEY), cost_of_goods=nothing))


def within(rows: ir.Table, at: str, periods: ir.Table) -> ir.Table:
    """Rows with the period (of every kind) in which they happened. Grain: one row per period and row within it."""
    spans = periods.select(*PERIOD, "starts_at", "ends_at")
    inside = rows.join(spans, [rows[at] >= spans.starts_at, rows[at] < spans.ends_at])
    return inside.select(*PERIOD, *rows.columns)


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
    joined = sums.join(buyers, [*PERIOD, "dimension", "dimension_value"], how="left")
    return joined.select(*sums.columns, customers_buying=joined.customers_buying.fill_null(0))
