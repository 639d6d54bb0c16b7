"""What customers bought: the invoices that count as purchases, and the revenue they make."""

from collections.abc import Sequence
from decimal import Decimal

import ibis
import ibis.expr.types as ir

from mandegar.metrics.dimensions import Dimension, totals
from mandegar.metrics.mrr import PERIOD
from mandegar.money import MONEY

SAME_DAYS = 7
SAME_AMOUNT = Decimal("0.01")


def purchases(invoices: ir.Table) -> ir.Table:
    """The invoices by which a customer is seen to buy.

    Grain: one row per invoice that is no credit note, not voided, and has an amount above 0 (a zero price is a gift).
    """
    return invoices.filter((invoices.kind != "credit") & invoices.voided_at.isnull() & (invoices.net_amount > 0))


def revenue_entries(invoices: ir.Table, payments: ir.Table) -> ir.Table:
    """Everything that adds to or takes from revenue.

    Grain: one row per invoice not voided, credit note, and refunded payment. Columns: customer_id, at, amount (net of tax;
    credit notes and refunds negative whatever sign the source gives them), cost_of_goods (an invoice's cost_amount, of a credit
    note less, what came back; 0 where not known).
    Policy: refunds reduce revenue and do not move MRR (metrics.md). A refund is paid with tax: its net part is taken in
    the proportion of its invoice, or whole when it names none. A refund for which the customer has a credit note of the
    same net amount, issued within SAME_DAYS of it, is the same event and counts once, as the credit note.
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
    refunds = _refunds(invoices, payments)
    credits = (
        valid.filter(valid.kind == "credit")
        .select(credit_to="customer_id", credited_at="issued_at", credited=valid.net_amount.abs())
        .view()
    )
    near = ibis.interval(days=SAME_DAYS)
    alone = refunds.anti_join(
        credits,
        [
            refunds.customer_id == credits.credit_to,
            refunds.amount >= credits.credited - SAME_AMOUNT,
            refunds.amount <= credits.credited + SAME_AMOUNT,
            credits.credited_at >= refunds["at"] - near,
            credits.credited_at <= refunds["at"] + near,
        ],
    )
    return ibis.union(billed, alone.select("customer_id", "at", amount=(-alone.amount).cast(MONEY), cost_of_goods=nothing))


def _refunds(invoices: ir.Table, payments: ir.Table) -> ir.Table:
    """Refunded payments with their net amount, positive."""
    refunds = payments.filter(payments.status == "refunded")
    shares = invoices.select(
        invoice_id=invoices.invoice_id,
        net=invoices.net_amount.cast("float64"),
        gross=(invoices.net_amount + invoices.tax_amount.fill_null(0)).cast("float64"),
    )
    matched = refunds.join(shares, "invoice_id", how="left")
    share = (matched.gross > 0).fill_null(False).ifelse(matched.net / matched.gross.nullif(0), 1.0)
    netted = matched.select("customer_id", at=matched.attempted_at, amount=(matched.amount.cast("float64") * share).round(4).cast(MONEY))
    return netted.filter(netted.amount > 0)


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
