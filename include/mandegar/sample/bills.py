"""Invoices and the attempts to pay them, from the log of bills."""

import numpy as np

from mandegar.sample import billlog, world
from mandegar.sample.instants import DAY, NONE, dates, month_number, month_start, numbered, stamps
from mandegar.sample.people import People, Table
from mandegar.sample.versions import FAR, Contracts
from mandegar.sample.world import World

RETRY_DAYS = (0, 3, 7, 14, 21)
KINDS = np.array(["subscription", "one_off", "credit"], dtype=object)
CREDIT = 2
STATUSES = np.array(["succeeded", "failed", "refunded"], dtype=object)
SUCCEEDED, FAILED, REFUNDED = range(3)
FAILURES = np.array([None, "card_expired", "insufficient_funds"], dtype=object)
CARD_LIFE = 48  # months


def invoices(
    world_: World, people: People, contracts: Contracts, log: billlog.BillLog, chance: np.random.Generator
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Invoices and payments as numbers, by instant; an attempt names its invoice by position."""
    bill = log.sorted(world_.cutoff)
    count = len(bill["issued"])
    card = contracts.card[bill["subscription"]]
    quick = bill["issued"] + chance.integers(60, 900, count)
    slow = bill["issued"] + chance.integers(1, 11, count) * DAY + chance.integers(-1800, 1800, count)
    settled = np.where(np.isin(bill["outcome"], (billlog.HICCUP, billlog.RECOVERED)), bill["settled"], np.where(card, quick, slow))
    settled = np.where(bill["outcome"] == billlog.LOST, NONE, settled)
    forgiven = (bill["outcome"] == billlog.LOST) & (chance.random(count) < 0.5)
    voided = np.where(forgiven, bill["failed"] + world.DUNNING_DAYS * DAY + 2 * 3600, NONE)
    bill |= {"due": bill["issued"] + np.where(card, 0, 14) * DAY, "paid": settled, "voided": voided, "card": card}
    bill = _with(
        bill,
        chance.random(count) < 0.002,
        outcome=billlog.LOST,
        paid=NONE,
        voided=lambda b: b["issued"] + 2 * DAY,
        card=False,
    )
    bill = _with(
        bill,
        bill["outcome"] == billlog.REFUNDED,
        kind=CREDIT,
        outcome=billlog.LOST,
        issued=lambda b: b["settled"],
        due=NONE,
        paid=NONE,
        voided=NONE,
        card=False,
    )
    bill = _cut(bill, bill["issued"] < world_.cutoff)
    for event in ("paid", "voided"):
        bill[event] = np.where(bill[event] < world_.cutoff, bill[event], NONE)
    bill["tax"] = (2 * bill["net"] + 10) // 20
    known_cost = chance.random(len(bill["net"])) < 0.6
    bill["cost"] = np.where(known_cost & (bill["kind"] != CREDIT), bill["net"] * chance.integers(22, 41, len(bill["net"])) // 100, -1)
    return bill, _attempts(world_, people, contracts, bill)


def _with(bill: dict, which: np.ndarray, **changes: object) -> dict:
    """The bills, and behind them a changed copy of those that `which` marks."""
    copy = _cut(bill, which)
    for name, change in changes.items():
        value = change(copy) if callable(change) else change
        copy[name] = np.broadcast_to(np.asarray(value), len(copy["issued"])).astype(bill[name].dtype)
    return {name: np.concatenate([values, copy[name]]) for name, values in bill.items()}


def _cut(table: dict[str, np.ndarray], which: np.ndarray) -> dict[str, np.ndarray]:
    return {name: values[which] for name, values in table.items()}


def _attempts(world_: World, people: People, contracts: Contracts, bill: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    number = np.arange(len(bill["issued"]))
    shown = _shown_card(people, contracts, bill)
    parts = []

    def attempt(
        which: np.ndarray, at: np.ndarray, status: int, failure: np.ndarray | int, card_until: np.ndarray, again: np.ndarray
    ) -> None:
        which = which & (at < world_.cutoff) & (at != NONE)
        columns = {"invoice": number, "at": at, "failure": np.broadcast_to(failure, len(number)), "card_until": card_until, "again": again}
        parts.append({name: values[which] for name, values in columns.items()} | {"status": np.full(which.sum(), status)})

    never = np.full(len(number), NONE)
    outcome, failed = bill["outcome"], bill["failed"]
    troubled = bill["card"] & np.isin(outcome, (billlog.HICCUP, billlog.RECOVERED, billlog.LOST))
    why = np.where(outcome == billlog.HICCUP, 2, 1)
    for place, days in enumerate(RETRY_DAYS):
        at = failed + days * DAY
        still = troubled & ((bill["paid"] == NONE) | (at < bill["paid"]))
        last = place + 1 == len(RETRY_DAYS)
        attempt(still, at, FAILED, why, shown, never if last else failed + RETRY_DAYS[place + 1] * DAY)
    renewed = np.where(outcome == billlog.RECOVERED, _month_end(bill["paid"] // DAY + 30 * 30, troubled), shown)
    attempt(bill["paid"] != NONE, bill["paid"], SUCCEEDED, 0, renewed, never)
    attempt(outcome == billlog.REFUNDED, bill["settled"], REFUNDED, 0, shown, never)
    table = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    order = np.lexsort((table["invoice"], table["at"]))
    return {name: values[order] for name, values in table.items()}


def _month_end(day: np.ndarray, known: np.ndarray) -> np.ndarray:
    safe = np.where(known & (day > 0), day, 0)
    return np.where(known, month_start(month_number(safe) + 1) - 1, NONE)


def _shown_card(people: People, contracts: Contracts, bill: dict[str, np.ndarray]) -> np.ndarray:
    """The last day of the card that is on file: the planted one, or one that was renewed in time."""
    day = bill["issued"] // DAY
    month = month_number(day)
    phase = people.number[contracts.customer[bill["subscription"]]] * 7919 % CARD_LIFE
    ahead = 2 + (phase - month) % CARD_LIFE
    ordinary = month_start(month + ahead) - 1
    planted = bill["card_until"] < FAR
    return np.where(bill["card"], np.where(planted, _month_end(bill["card_until"], planted), ordinary), NONE)


def invoice_table(world_: World, ids: np.ndarray, subscriptions: np.ndarray, bill: dict[str, np.ndarray], first: int) -> Table:
    """Rows of billing's table `invoices`; `ids` and `subscriptions` name the customer and subscription of each bill."""
    cost = world_.money(bill["cost"]).astype(object)
    cost[bill["cost"] < 0] = None
    return {
        "invoice_no": numbered("I-", first + np.arange(len(ids)), 8),
        "client": ids,
        "subscription_id": subscriptions,
        "kind": KINDS[bill["kind"]],
        "issued_at": stamps(bill["issued"]),
        "due_at": stamps(bill["due"]),
        "paid_at": stamps(bill["paid"]),
        "voided_at": stamps(bill["voided"]),
        "net": world_.money(bill["net"]),
        "tax": world_.money(bill["tax"]),
        "cost": cost,
        "currency": np.full(len(ids), world_.currency, dtype=object),
        "changed": stamps(np.maximum.reduce([bill["issued"], bill["paid"], bill["voided"]])),
    }


def payment_table(world_: World, invoice: Table, bill: dict[str, np.ndarray], attempt: dict[str, np.ndarray], first: int) -> Table:
    """Rows of billing's table `payments`."""
    which = attempt["invoice"]
    return {
        "payment_id": numbered("P-", first + np.arange(len(which)), 8),
        "client": invoice["client"][which],
        "invoice_no": invoice["invoice_no"][which],
        "attempted_at": stamps(attempt["at"]),
        "amount": world_.money((bill["net"] + bill["tax"])[which]),
        "currency": np.full(len(which), world_.currency, dtype=object),
        "status": STATUSES[attempt["status"]],
        "failure_code": FAILURES[attempt["failure"]],
        "method": np.where(bill["card"][which], "card", "transfer").astype(object),
        "card_expires_on": dates(attempt["card_until"]),
        "next_attempt_at": stamps(attempt["again"]),
        "changed": stamps(attempt["at"]),
    }
