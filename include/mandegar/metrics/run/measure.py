"""Measure: one night's numbers, from the conformed entities into lake/marts."""

import json
from datetime import date, datetime, timedelta

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from mandegar.compute.engine import Engine
from mandegar.config.company import Company
from mandegar.config.entities import ENTITIES
from mandegar.conform import history
from mandegar.conform.conform import conformed, ensure_readable
from mandegar.errors import BrokenTable
from mandegar.metrics.contracts import contract, retention
from mandegar.metrics.contracts.ledger import mrr_intervals
from mandegar.metrics.contracts.policies import Policies, conventions
from mandegar.metrics.frame import kpi
from mandegar.metrics.frame.dimensions import beside
from mandegar.metrics.frame.family import Given
from mandegar.metrics.frame.grain import CELL, DEFAULT, PERIOD, PERIOD_NAME
from mandegar.metrics.frame.night import MeasuredNight
from mandegar.metrics.frame.periods import named, within
from mandegar.metrics.lifecycle import customer_period
from mandegar.metrics.purchases import activity, purchases, repurchase
from mandegar.metrics.purchases.purchases import purchases_of, revenue_entries_of
from mandegar.metrics.run import changes, families, marts, restate
from mandegar.storage.lake import Lake
from mandegar.time import calendar

MOVEMENT_COLUMNS = (*PERIOD_NAME, "customer_id", "movement", "currency", "amount", "amount_reporting")


def measure(company: Company, lake: Lake, engine: Engine, as_of: date) -> dict[str, int]:
    """Computes the marts of a night and writes them to lake/marts; gives the rows computed per mart.

    Only the periods are computed that can be others than the last night measured (metrics.run.changes); the rest stands.
    Errors: IdentityBroken when movements do not add up (nothing of the night is then published), BrokenTable when the night was not
    conformed, or there is no fact to measure.
    """
    ensure_readable(lake, as_of)
    entities = {name: conformed(lake, engine, name, as_of) for name in ENTITIES}
    every = calendar.period_table(company, _first_day(company, engine, entities, as_of), as_of)
    if company.churn.estimated:
        estimated = repurchase.inactivity_days(_night(company, lake, engine, as_of, entities, every))
        company = _with_days(company, estimated)
    known = changes.basis(company, lake, as_of)
    stands_on = None if known is None or known.differs else known
    compared = changes.Compared(lake, engine, known.versions, changes.versions_at(lake, as_of)) if known else None
    periods, unsettled = (every, every) if stands_on is None or compared is None else _to_compute(company, compared, stands_on, every)
    night = _night(company, lake, engine, as_of, entities, periods)
    found = contract_marts(night) if night.contractual else inactivity_marts(night)
    counts = {}
    for name in marts.BY_PERIOD:
        if name in found:
            counts[name] = marts.write_periods(lake, engine, name, found.pop(name), periods, periods is every, as_of, night.closes)
    for name, rows in (("dim_customer", customer_period.dim_customer), ("customer_contact", customer_period.customer_contact)):
        before = marts.earlier(lake, engine, name, stands_on.as_of) if stands_on else None
        dated = marts.dated(rows(night.entities["customer"]), before, as_of)
        counts[name] = marts.write_customers(lake, engine, name, dated, as_of, night.closes)
    lately, whole = night.over(unsettled), night.over(every)
    slow, beside = families.computed("later", lately, Given())
    for name, rows in beside.items():
        before = marts.earlier(lake, engine, name, stands_on.as_of) if stands_on else None
        merged = marts.by_period_with_earlier(engine.keep(rows), before, lately.periods, as_of)
        counts[name] = marts.write_mart(lake, engine, name, engine.keep(merged), as_of, night.closes)
    timeless, others = families.computed("never", whole, Given())
    for name, rows in others.items():
        counts[name] = marts.write_mart(lake, engine, name, rows, as_of, night.closes)
        lake.forget("marts", name, marts.KEPT_NIGHTS, as_of)
    computed = [
        (night.periods, families.SETTLED),
        (lately.periods, families.UNSETTLED),
        (whole.periods, families.ENDLESS),
    ]
    fresh = engine.keep(families.together([found["kpi_period"], *slow, *timeless]).drop(*PERIOD))
    return counts | _write_figures(night, lake, known, compared, fresh, computed)


def as_measured(company: Company, lake: Lake, as_of: date) -> Company:
    """The company as a night measured it: with the days of inactivity that were estimated then, if they are."""
    receipt = lake.receipt("marts", changes.MART, as_of)
    if not company.churn.estimated or receipt is None or receipt.notes is None:
        return company
    return _with_days(company, json.loads(receipt.notes)["inactivity_days"])


def _with_days(company: Company, days: int) -> Company:
    return company.model_copy(update={"churn": company.churn.model_copy(update={"days": days})})


def _to_compute(company: Company, compared: changes.Compared, stands_on: changes.Basis, every: pa.Table) -> tuple[pa.Table, pa.Table]:
    """The periods that have to be computed again, of settled figures and of those that ripen; all when too much changed to follow."""
    found = changes.changes(company, compared)
    if found is None:
        return every, every
    closed = calendar.day_end(stands_on.as_of, company.zone)
    reached = changes.to_compute(every, closed, found.since, found.spans).to_pylist()
    wanted = {marts.chunk_name(row) for row in reached} | marts.rewritten(compared.lake, stands_on.as_of)
    periods = pa.Table.from_pylist([row for row in every.to_pylist() if marts.chunk_name(row) in wanted], every.schema)
    return periods, changes.to_compute(every, closed - families.SETTLED_AFTER, found.since, found.events)


def _write_figures(
    night: MeasuredNight,
    lake: Lake,
    known: changes.Basis | None,
    compared: changes.Compared | None,
    fresh: ir.Table,
    computed: list[tuple[ir.Table, tuple[str, ...]]],
) -> dict[str, int]:
    """Writes kpi_period, tonight's figures beside those that stand; what of closed periods is another now; and what follows.

    known: the last night, if there was one, and the entities of both nights, `compared`; its figures of the periods and metrics that were
    not `computed` tonight stand.
    """
    engine, as_of = night.engine, night.as_of
    made_of = changes.made_of(night.company)
    notes = {"entities": changes.versions_at(lake, as_of), "inactivity_days": night.company.churn.days, "made_of": made_of}
    rows, moved = fresh.mutate(**{marts.COMPUTED_ON: ibis.literal(as_of)}), None
    if known is not None:
        before = engine.keep(marts.earlier(lake, engine, "kpi_period", known.as_of))
        moved = _restated(lake, engine, known, fresh, before, computed, as_of)
        rows = rows if known.differs else marts.with_earlier(fresh, before, computed, as_of)
    rows = engine.keep(rows)
    moved = engine.keep(restate.none(rows) if moved is None else moved)
    sources = families.sources(night.company)
    named = engine.arrow(moved.filter(moved.metric.startswith("cohort ")).select("metric").distinct()).column("metric").to_pylist()
    sources |= families.sources_of_cohorts(night.company, named)
    moved = restate.with_reasons(night, known, compared, moved, sources)
    counts = {"restatement": marts.write_mart(lake, engine, "restatement", engine.keep(moved), as_of, night.closes)}
    for name, follows in families.from_figures(night, rows).items():
        counts[name] = marts.write_mart(lake, engine, name, follows, as_of, night.closes)
    return counts | {"kpi_period": marts.write_mart(lake, engine, "kpi_period", rows, as_of, night.closes, notes)}


def _restated(
    lake: Lake,
    engine: Engine,
    known: changes.Basis,
    fresh: ir.Table,
    before: ir.Table,
    computed: list[tuple[ir.Table, tuple[str, ...]]],
    as_of: date,
) -> ir.Table:
    """What an earlier night said of periods that were over, and is otherwise now: key figures and cohorts.

    Column settles_later: the figure can be another because time went on. Where everything was computed anew, only figures of which both
    nights have some are told: what a new dimension, convention or metric brings is no restatement.
    """
    closed = known.as_of + timedelta(days=1)
    settled_by = closed - families.SETTLED_AFTER
    if known.differs:
        fresh, before = (one.semi_join(other, restate.OF_A_KIND) for one, other in ((fresh, before), (before, fresh)))
    parts = []
    for periods, metrics in computed:
        then = before.filter(before.metric.isin(metrics)).semi_join(periods, PERIOD_NAME)
        found = restate.restated(fresh.filter(fresh.metric.isin(metrics)), then, closed)
        over = (
            found.period_end <= settled_by if known.differs and metrics == families.UNSETTLED else ibis.literal(metrics == families.SETTLED)
        )
        parts.append(found.mutate(settles_later=~over))
    if lake.exists("marts", "cohort_retention"):
        now, was = (marts.earlier(lake, engine, "cohort_retention", night) for night in (as_of, known.as_of))
        parts.append(restate.cohorts_restated(now, was).mutate(settles_later=ibis.literal(not known.differs)))
    return ibis.union(*parts)


def open_night(company: Company, lake: Lake, engine: Engine, as_of: date) -> MeasuredNight:
    """The entities of a night and all the periods it knows."""
    entities = {name: conformed(lake, engine, name, as_of) for name in ENTITIES}
    periods = calendar.period_table(company, _first_day(company, engine, entities, as_of), as_of)
    return _night(company, lake, engine, as_of, entities, periods)


def _night(company: Company, lake: Lake, engine: Engine, as_of: date, entities: dict[str, ir.Table], periods: pa.Table) -> MeasuredNight:
    known = history.spells(company, lake, engine, entities["customer"], as_of) if company.dimensions else None
    return MeasuredNight(
        company, engine, as_of, calendar.day_end(as_of, company.zone), entities, *over(engine, periods), known, mrr_intervals=mrr_intervals
    )


def open_period(company: Company, lake: Lake, engine: Engine, as_of: date, kind: str, day: date | None) -> MeasuredNight:
    """A night that looks at one period only: the one in which `day` falls; else the last that was complete then.

    Errors: BrokenTable when the night was not run, or measures no such period.
    """
    ensure_readable(lake, as_of)
    entities = {name: conformed(lake, engine, name, as_of) for name in ENTITIES}
    every = calendar.period_table(company, _first_day(company, engine, entities, as_of), as_of).to_pylist()
    of_kind = [row for row in every if row["period_kind"] == kind and row["calendar"] == company.calendar]
    if day is None:
        found = [row for row in of_kind if row["is_complete"]][-1:] or of_kind[-1:]
    else:
        found = [row for row in of_kind if row["period_start"] <= day < row["period_end"]]
    if not found:
        raise BrokenTable(f"The night of {as_of} measures no {kind} of {day or as_of}. Choose a day that it knows, or another --kind.")
    return _night(company, lake, engine, as_of, entities, pa.Table.from_pylist(found, calendar.PERIOD_SCHEMA))


def over(engine: Engine, periods: pa.Table) -> tuple[ir.Table, list[datetime]]:
    """Periods as a night takes them: the table, and the instants at which one starts or ends."""
    instants = sorted({*periods.column("starts_at").to_pylist(), *periods.column("ends_at").to_pylist()})
    return engine.keep(engine.table(periods)), instants


def contract_marts(night: MeasuredNight) -> dict[str, ir.Table]:
    """The marts of a company with contracts: MRR movements, customers by period, key figures under every convention."""
    known = conventions(night.company)
    own = contract.book(night, known[DEFAULT])
    entries = _entries(night)
    revenues = night.engine.keep(purchases.revenue(_of_months(night, entries)))
    wide = night.engine.keep(kpi.side_by_side(night.periods, own.logo(), own.money(), _revenue_totals(night, entries)))
    others = [convention_figures(night, known[name], name) for name in night.company.conventions if name != DEFAULT]
    figures = [kpi.tall(wide, kpi.LOGO + kpi.CONTRACT, night.periods), *_settled(night, own.presence, wide), *others]
    return {
        "fct_mrr_movement": named(own.moved, night.periods).select(*MOVEMENT_COLUMNS),
        "fct_customer_period": customer_period.contract(own.accounts, night.periods, revenues, _used(night), night.company),
        "kpi_period": night.small_cells.hide(families.together(figures), contract.CORE),
    }


def _settled(night: MeasuredNight, presence: ir.Table, wide: ir.Table) -> list[ir.Table]:
    """Figures of the core's own periods that follow from it, as rows of kpi_period."""
    return families.computed("with_its_rows", night, Given(presence, wide))[0]


def convention_figures(night: MeasuredNight, policies: Policies, name: str) -> ir.Table:
    """The key figures of contracts under one convention, as rows of kpi_period."""
    book = contract.book(night, policies)
    wide = night.engine.keep(kpi.side_by_side(night.periods, book.logo(), book.money()))
    return kpi.tall(wide, kpi.LOGO + kpi.CONTRACT, night.periods, name)


def inactivity_marts(night: MeasuredNight) -> dict[str, ir.Table]:
    """The marts of a company without contracts: customers by period and key figures by purchases."""
    engine, days = night.engine, night.company.churn.days
    bought = engine.keep(purchases_of(night))
    active = engine.keep(activity.active_at(bought, engine.table(_cutoffs(night, days)), days))
    silent_days = night.company.churn.silent_days
    lately = activity.active_at(bought, engine.table(_cutoffs(night, silent_days)), silent_days)
    there = activity.presence(active, bought, night.periods)
    presence = engine.keep(night.as_they_stood(there, there.before))
    entries = _entries(night)
    revenues = engine.keep(purchases.revenue(_of_months(night, entries)))
    wide = engine.keep(kpi.side_by_side(night.periods, _logos(night, presence, bought), _revenue_totals(night, entries)))
    for rows in (presence, presence.filter(presence.before), presence.filter(presence.after)):
        night.small_cells.speak_of(contract.CORE, rows)
    figures = [kpi.tall(wide, kpi.LOGO, night.periods), *_settled(night, presence, wide)]
    return {
        "fct_customer_period": customer_period.inactivity(presence, night.periods, revenues, lately, night.company),
        "kpi_period": night.small_cells.hide(families.together(figures), contract.CORE),
    }


def _first_day(company: Company, engine: Engine, entities: dict[str, ir.Table], as_of: date) -> date:
    """The first day that is measured: `data_from`, or the day of the first subscription version or invoice."""
    if company.data_from:
        first = company.data_from
    else:
        facts = [(entities["subscription"], "valid_from"), (entities["invoice"], "issued_at")]
        found = [engine.arrow(rows.agg(first=rows[column].min())).column("first")[0].as_py() for rows, column in facts]
        known = [instant for instant in found if instant is not None]
        if not known:
            raise BrokenTable(
                f"There is no subscription and no invoice on or before {as_of}. Choose a later --as-of, or look into quarantine."
            )
        first = min(known).astimezone(company.zone).date()
    if first > as_of:
        raise BrokenTable(f"The data begins on {first}, after {as_of}. Choose a later --as-of.")
    return first


def _cutoffs(night: MeasuredNight, days: int) -> pa.Table:
    """For every boundary the midnight so many days before it, in the company's time zone."""
    zone = night.company.zone
    since = [calendar.midnight(instant.astimezone(zone).date() - timedelta(days=days), zone) for instant in night.instants]
    return pa.table({"at": pa.array(night.instants, pa.timestamp("us", "UTC")), "cutoff_at": pa.array(since, pa.timestamp("us", "UTC"))})


def _entries(night: MeasuredNight) -> ir.Table:
    """Revenue entries within their periods."""
    return within(night.with_traits(revenue_entries_of(night), "at"), "at", night.periods)


def _of_months(night: MeasuredNight, rows: ir.Table) -> ir.Table:
    return rows.semi_join(night.periods.filter(night.periods.period_kind == "month"), list(PERIOD))


def _revenue_totals(night: MeasuredNight, entries: ir.Table) -> ir.Table:
    buyers = purchases.buyers(within(purchases_of(night), "issued_at", night.periods))
    bought = night.with_traits(buyers, "first_at")
    for rows in (entries, bought):
        night.small_cells.speak_of(purchases.FAMILY.title, rows)
    return purchases.revenue_totals(entries, bought, night.dimensions)


def _used(night: MeasuredNight) -> ir.Table | None:
    """Who used the product lately, if the company says what is used."""
    if not night.company.has("usage"):
        return None
    months = night.periods.filter((night.periods.period_kind == "month") & (night.periods.calendar == night.company.calendar))
    return activity.used_lately(night.entities["usage"], months, night.company.churn.silent_days)


def _logos(night: MeasuredNight, presence: ir.Table, bought: ir.Table) -> ir.Table:
    first_seen = bought.group_by("customer_id").agg(first_at=bought.issued_at.min())
    there = presence.filter(presence.after).select(*PERIOD, "customer_id")
    at_end = night.as_they_ended(there) if night.dimensions else there
    return beside(CELL, retention.logo(presence, at_end, night.dimensions), contract.pool(night, presence, first_seen))
