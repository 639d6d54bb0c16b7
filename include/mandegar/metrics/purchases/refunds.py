"""Refunds: what was given back net of tax, and which refund and credit note tell of one event."""

from collections import defaultdict
from datetime import datetime, timedelta
from decimal import Decimal

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from mandegar.compute.engine import Engine
from mandegar.compute.money import MONEY

SAME_DAYS = 7
SAME_AMOUNT = Decimal("0.01")
PAYMENTS = pa.schema([("payment_id", pa.string())])


def net_refunds(invoices: ir.Table, payments: ir.Table) -> ir.Table:
    """Refunded payments with their net amount, positive.

    Grain: one row per refunded payment of an amount above 0. Columns: payment_id, customer_id, currency, at, amount.
    Policy: a refund is paid with tax: its net part is taken in the proportion of its invoice, or whole when it names none.
    """
    refunds = payments.filter(payments.status == "refunded")
    shares = invoices.select(
        invoice_id=invoices.invoice_id,
        net=invoices.net_amount.cast("float64"),
        gross=(invoices.net_amount + invoices.tax_amount.fill_null(0)).cast("float64"),
    )
    matched = refunds.join(shares, "invoice_id", how="left")
    share = (matched.gross > 0).fill_null(False).ifelse(matched.net / matched.gross.nullif(0), 1.0)
    netted = matched.select(
        "payment_id",
        "customer_id",
        "currency",
        at=matched.attempted_at,
        amount=(matched.amount.cast("float64") * share).round(4).cast(MONEY),
    )
    return netted.filter(netted.amount > 0)


def credited(invoices: ir.Table, payments: ir.Table, engine: Engine) -> ir.Table:
    """The refunds that a credit note tells of already.

    Grain: one row per payment_id. invoices, payments: in their own currencies, since a rate may move between the two.
    Policy: a refund and a credit note of one customer, one currency and one net amount (to a hundredth), within SAME_DAYS of each
    other, are one event. A credit note is one event only: of several refunds that it could stand for the first takes the
    first one that is left, so that as many pairs are found as there are.
    """
    refunds = net_refunds(invoices, payments)
    notes = invoices.filter(invoices.voided_at.isnull() & (invoices.kind == "credit"))
    notes = notes.select("invoice_id", "issued_at", who="customer_id", in_currency="currency", size=notes.net_amount.abs()).view()
    near = ibis.interval(days=SAME_DAYS)
    pairs = refunds.join(
        notes,
        [
            refunds.customer_id == notes.who,
            refunds.currency == notes.in_currency,
            refunds.amount >= notes.size - SAME_AMOUNT,
            refunds.amount <= notes.size + SAME_AMOUNT,
            notes.issued_at >= refunds["at"] - near,
            notes.issued_at <= refunds["at"] + near,
        ],
    ).select("payment_id", "at", "invoice_id", "issued_at")
    counted = engine.keep(
        pairs.mutate(
            of_refund=ibis._.count().over(group_by="payment_id"),
            of_note=ibis._.count().over(group_by="invoice_id"),
        )
    )
    alone = (counted.of_refund == 1) & (counted.of_note == 1)
    contested = engine.arrow(counted.filter(~alone)).to_pylist()
    paired = [{"payment_id": payment} for payment in _paired(contested)]
    return ibis.union(counted.filter(alone).select("payment_id"), engine.table(pa.Table.from_pylist(paired, PAYMENTS)))


def _paired(pairs: list[dict]) -> list[str]:
    """Of the pairs that could be, the refunds that get a credit note: in the order of time, each the first one left."""
    notes: dict[tuple[datetime, str], list[tuple[datetime, str]]] = defaultdict(list)
    for pair in pairs:
        notes[pair["at"], pair["payment_id"]].append((pair["issued_at"], pair["invoice_id"]))
    taken: set[str] = set()
    found = []
    for (_, payment), possible in sorted(notes.items()):
        left = [note for _, note in sorted(possible) if note not in taken]
        if left:
            taken.add(left[0])
            found.append(payment)
    return found


def chains(events: list[tuple[str, datetime]], touched: set[tuple[str, datetime]]) -> list[tuple[datetime, datetime]]:
    """How far in time a changed refund or credit note can reach: the events of its customer that follow one another within SAME_DAYS.

    events: customer_id and instant of every refund and credit note of the customers concerned; touched: those that changed.
    Gives from the first to the last of every such run that holds a changed one.
    """
    found: list[tuple[datetime, datetime]] = []
    run: list[datetime] = []
    last_of, hit = "", False
    near = timedelta(days=SAME_DAYS)
    for customer, instant in sorted({*events, *touched}):
        if run and (customer != last_of or instant - run[-1] > near):
            if hit:
                found.append((run[0], run[-1]))
            run, hit = [], False
        run.append(instant)
        hit, last_of = hit or (customer, instant) in touched, customer
    if hit:
        found.append((run[0], run[-1]))
    return found
