"""Contracts under one convention: the ledger at the boundaries of periods, its movements, and the figures made of them."""

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from mandegar.compute import exchange_rates
from mandegar.compute.money import MONEY
from mandegar.errors import IdentityBroken
from mandegar.metrics.contracts import movements, mrr, retention
from mandegar.metrics.contracts.ledger import first_paid, first_payments, ledger, mrr_intervals, returns
from mandegar.metrics.contracts.policies import Policies, own_policies
from mandegar.metrics.frame.dimensions import NONE, PLAN, beside, traits
from mandegar.metrics.frame.grain import CELL, PERIOD, PERIOD_NAME
from mandegar.metrics.frame.night import MeasuredNight
from mandegar.metrics.frame.periods import named

CORE = "core"


@dataclass(frozen=True)
class Book:
    """What the subscriptions of a night come to under one set of policies, each part kept by the engine.

    intervals: ledger.ledger; accounts: mrr.accounts with the traits that the dimensions stand on; moved: movements.movements;
    at_end: the accounts paying at the end of each period, with their traits then; presence: retention.contract_presence;
    first_paid: ledger.first_paid.
    """

    night: MeasuredNight
    policies: Policies
    intervals: ir.Table
    first_paid: ir.Table
    accounts: ir.Table
    at_end: ir.Table
    moved: ir.Table
    presence: ir.Table

    def logo(self) -> ir.Table:
        """How many customers came, stayed and went, and the pool of those who had left (retention.logo, churned_pool)."""
        counts = retention.logo(self.presence, self.at_end, self.night.dimensions, self.policies)
        first_seen = self.first_paid.select("customer_id", first_at=self.first_paid.first_paid_at)
        return beside(CELL, counts, pool(self.night, self.presence, first_seen))

    def money(self) -> ir.Table:
        """MRR, its movements, and what of it was kept (retention.money)."""
        return retention.money(self.accounts, self.at_end, self.moved, self.night.dimensions)


def book(night: MeasuredNight, policies: Policies) -> Book:
    """The book of a night under a set of policies.

    Errors: IdentityBroken when the movements of a period do not add up to the last decimal, or one is unknown.
    """
    engine, periods = night.engine, night.periods
    versions = night.entities["subscription"]
    if policies == own_policies(night.company):
        intervals, paid_first = mrr_intervals(night), first_payments(night)
    else:
        intervals = engine.keep(ledger(versions, policies, engine, night.closes, night.entities["invoice"]))
        paid_first = engine.keep(first_paid(intervals))
    currencies = exchange_rates.currencies_in(engine, versions)
    rates = engine.table(exchange_rates.rates_at(night.company, night.instants, currencies, night.known_rates))
    with_plan = "plan" in traits(night.dimensions)
    standing = engine.keep(mrr.standing_at(intervals, night.boundaries, with_plan))
    alone = currencies == [night.company.currency]
    held = mrr.positions(standing, periods, None if alone else rates)
    if not alone:
        held = engine.keep(held)
    there = mrr.accounts(held, periods, paid_first, alone)
    if policies.new_after_days is not None or policies.reactivation_after_days:
        there = mrr.with_returns(engine.keep(there), returns(intervals), policies)
    there = engine.keep(night.as_they_stood(there, there.was_paying))
    engine.forget(standing)
    if alone:
        held = mrr.positions_of(there, night.company.currency)
    switched = None
    if len(currencies) > 1:
        daily = exchange_rates.daily_rates(night.company, engine, currencies, night.known_rates)
        switched = engine.keep(movements.switches(held, intervals, periods, daily))
    paused = engine.keep(movements.newly_paused(intervals, periods))
    moved = movements.movements(held, there, paused, switched)
    passed = engine.keep(night.with_traits(mrr.passing(paid_first, intervals, there, periods, rates), "first_paid_at"))
    if policies.new_and_gone == "counted":
        moved = ibis.union(moved, *(_moved(passed, name, sign, moved.columns) for name, sign in (("new", 1), ("churn", -1))))
    moved = engine.keep(moved)
    engine.forget(paused, *([] if alone else [held]), *([switched] if switched is not None else []))
    _balanced(night, there, moved)
    presence = engine.keep(retention.contract_presence(there, retention.endings(versions, intervals, night.closes), passed, periods))
    book = Book(night, policies, intervals, paid_first, there, _at_end(night, there), moved, presence)
    for rows in (presence, presence.filter(presence.before), presence.filter(presence.after), book.at_end):
        night.small_cells.speak_of(CORE, rows)
    return book


def pool(night: MeasuredNight, presence: ir.Table, first_seen: ir.Table) -> ir.Table:
    """Who could be brought back, and who was (retention.churned_pool). first_seen: customer_id, first_at."""
    there, back = (night.as_they_began(rows) for rows in (retention.there_at_start(presence), retention.came_back(presence)))
    return retention.churned_pool(retention.Pool(night.ever_seen(first_seen), there, back), night.dimensions)


def _at_end(night: MeasuredNight, there: ir.Table) -> ir.Table:
    """The accounts paying at the end of a period, with their MRR and their traits then."""
    paying = there.filter(there.is_paying)
    plan = {PLAN: paying[mrr.PLAN_AT_END].fill_null(NONE)} if mrr.PLAN_AT_END in there.columns else {}
    rows = paying.select(*PERIOD, "customer_id", "after", **plan)
    return night.engine.keep(night.as_they_ended(rows)) if night.dimensions else rows


def _moved(passed: ir.Table, movement: str, sign: int, columns: tuple[str, ...]) -> ir.Table:
    """Who came and went within a period, as a movement of its own."""
    return passed.mutate(
        movement=ibis.literal(movement),
        amount=(passed.amount * sign).cast(MONEY),
        amount_reporting=(passed.amount_reporting * sign).cast(MONEY),
    ).select(*columns)


def _balanced(night: MeasuredNight, there: ir.Table, moved: ir.Table) -> None:
    wrong = night.engine.arrow(named(movements.unbalanced(there, moved), night.periods).order_by(*PERIOD_NAME)).to_pylist()
    if wrong:
        row = wrong[0]
        raise IdentityBroken(
            f"MRR movements do not add up in {len(wrong)} periods, first in the {row['period_kind']} of {row['period_start']}: "
            f"{row['r0']} + {row['moved']} is not {row['r1']}. Nothing is published; this is a defect of Mandegar, please report it."
        )
