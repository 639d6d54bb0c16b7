"""One night as the families of metrics see it: the day, its engine, the entities as they stood, the periods to compute."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property, wraps

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from mandegar.compute import exchange_rates
from mandegar.compute.engine import Engine
from mandegar.compute.exchange_rates import FOREVER
from mandegar.config.company import Company
from mandegar.metrics.frame.dimensions import NONE, PLAN, TENURE, Dimension, column_of, customer_traits, main_plan, tenure, traits
from mandegar.metrics.frame.grain import PERIOD
from mandegar.metrics.frame.small_cells import SmallCells

OF_ENTITIES = ("known_rates", "customer_traits", "dimensions")
Made = Callable[["MeasuredNight"], ir.Table]


def once_a_night(make: Made) -> Made:
    """A table made of a night's entities that several families need: made when first asked for, and shared by all its periods."""
    name = f"{make.__module__}.{make.__qualname__}"

    @wraps(make)
    def made(night: "MeasuredNight") -> ir.Table:
        if name not in night.made:
            night.made[name] = make(night)
        return night.made[name]

    return made


@dataclass(frozen=True)
class MeasuredNight:
    """What every family of metrics is computed from. What several families need is computed once, when first asked for.

    entities: every entity by name, as it stood when `as_of` was over (without rows where no source gives it).
    periods: the periods to compute (calendar.PERIOD_SCHEMA), which need not be all there are. instants: their boundaries.
    customer_history: what earlier nights knew of the customers (conform.history), if they knew anything else.
    mrr_intervals: what was paid for which plan, from when until when (ledger.mrr_intervals), which the dimension `plan` asks for.
    made: what was made of the entities so far (once_a_night).
    """

    company: Company
    engine: Engine
    as_of: date
    closes: datetime
    entities: Mapping[str, ir.Table]
    periods: ir.Table
    instants: list[datetime]
    customer_history: ir.Table | None = None
    mrr_intervals: Made | None = field(default=None, kw_only=True)
    made: dict[str, ir.Table] = field(default_factory=dict, kw_only=True, repr=False)

    def over(self, periods: pa.Table) -> "MeasuredNight":
        """The same night over other periods; what was computed of the entities is not computed again."""
        instants = sorted({*periods.column("starts_at").to_pylist(), *periods.column("ends_at").to_pylist()})
        other = replace(self, periods=self.engine.keep(self.engine.table(periods)), instants=instants)
        vars(other).update({name: value for name, value in vars(self).items() if name in OF_ENTITIES})
        return other

    @property
    def now(self) -> ir.TimestampScalar:
        """The instant the day ended."""
        return ibis.literal(self.closes)

    @cached_property
    def boundaries(self) -> ir.Table:
        """The instants at which a period to compute starts or ends. Column: at."""
        return self.engine.table(pa.table({"at": pa.array(self.instants, pa.timestamp("us", "UTC"))}))

    @cached_property
    def known_rates(self) -> exchange_rates.Known:
        """The exchange rates known."""
        return exchange_rates.known_rates(self.engine, self.entities["fx_rate"])

    def in_own_currency(self, entity: str, at: str, *amounts: str) -> ir.Table:
        """An entity with its amounts in the company's currency, at the rate of the day on which they happened."""
        return exchange_rates.in_own_currency(self.company, self.engine, self.entities[entity], at, amounts, self.known_rates)

    @property
    def contractual(self) -> bool:
        """Whether customers are there by contract; else they are there while they buy."""
        return self.company.churn.kind == "contract"

    @cached_property
    def dimensions(self) -> tuple[Dimension, ...]:
        """What the company wants figures broken down by."""
        return tuple(map(Dimension, self.company.dimensions))

    @cached_property
    def small_cells(self) -> SmallCells:
        """Which cells are hidden because their figures speak of few customers."""
        return SmallCells(self.engine, self.dimensions, self.company.hide_cells_below)

    @cached_property
    def customer_traits(self) -> ir.Table:
        """What was known of each customer, and from when until when.

        Grain: one row per customer_id and spell in which nothing of it changed. Columns: from_at, until_at (excluded),
        signed_up_at, and the traits that a customer has by itself.
        """
        if self.customer_history is None:
            known = self.entities["customer"].mutate(from_at=ibis.literal(FOREVER[0]), until_at=ibis.literal(FOREVER[1]))
        else:
            known = self.customer_history
        return self.engine.keep(customer_traits(known, traits(self.dimensions), self.engine))

    def with_traits(self, rows: ir.Table, at: str) -> ir.Table:
        """Rows with customer_id and a time, and beside them the traits of their customer at that time.

        Grain: that of rows. Further columns: `of <trait>` for every trait that the dimensions stand on, never empty; one
        that the rows have already stays as it is.
        """
        wanted = [column_of(trait) for trait in traits(self.dimensions)]
        missing = [name for name in wanted if name not in rows.columns]
        if not missing:
            return rows
        known = self.customer_traits
        own = [name for name in known.columns if name in missing]
        if PLAN in missing:
            rows = self._with_plan(rows, at)
        if not own and TENURE not in missing:
            return rows
        same = known.select(who="customer_id", known_from="from_at", known_until="until_at", since="signed_up_at", **{n: n for n in own})
        spans = [rows[at] >= same.known_from, rows[at] < same.known_until] if self.customer_history is not None else []
        joined = rows.left_join(same, [rows.customer_id == same.who, *spans])
        found = {name: joined[name].fill_null(NONE) for name in own}
        if TENURE in missing:
            found[TENURE] = tenure(joined.since.fill_null(joined[at]), joined[at])
        return joined.select(*rows.columns, **found)

    def ever_seen(self, first_seen: ir.Table) -> ir.Table:
        """Every period with the customers first seen before it, and their traits at its start.

        Grain: one row per period and customer_id. first_seen: customer_id, first_at. The plan is `(none)`: these are looked
        at for having left.
        """
        spans = self.periods.select(*PERIOD, "starts_at")
        seen = first_seen.join(spans, first_seen.first_at < spans.starts_at)
        return self.as_they_began(seen.select(*PERIOD, "customer_id"))

    def as_they_stood(self, rows: ir.Table, before: ir.BooleanValue) -> ir.Table:
        """Rows of a period and a customer with the traits of its start, or of its end for those who were not there `before`.

        A boundary looks at what was so just before it, as the ledger does. A plan that the rows have stays.
        """
        if not self.dimensions:
            return rows
        dated = rows.mutate(was_there=before).join(self._eves(), list(PERIOD))
        plan = {PLAN: dated[PLAN].fill_null(NONE)} if PLAN in rows.columns else {}
        seen = dated.select(
            *(name for name in rows.columns if name not in plan),
            **plan,
            seen_at=dated.was_there.ifelse(dated.eve_of_start, dated.eve_of_end),
        )
        return self.with_traits(seen.view(), "seen_at").drop("seen_at")

    def as_they_began(self, rows: ir.Table) -> ir.Table:
        """Rows of a period and a customer who has left, or is set against those, with the traits just before the period.

        Their plan is `(none)`.
        """
        plan = {PLAN: ibis.literal(NONE)} if "plan" in traits(self.dimensions) else {}
        seen = rows.join(self._eves(), list(PERIOD)).select(*rows.columns, seen_at="eve_of_start").mutate(**plan)
        return self.with_traits(seen.view(), "seen_at").drop("seen_at")

    def as_they_ended(self, rows: ir.Table) -> ir.Table:
        """Rows of a period and a customer with the traits at its end; those that the rows have already stay."""
        seen = rows.join(self._eves(), list(PERIOD)).select(*rows.columns, seen_at="eve_of_end")
        return self.with_traits(seen.view(), "seen_at").drop("seen_at")

    def _eves(self) -> ir.Table:
        """The last moments before a period starts and ends. Made of the few periods: for millions of rows engines take seconds."""
        moment = ibis.interval(microseconds=1)
        return self.periods.select(*PERIOD, eve_of_start=self.periods.starts_at - moment, eve_of_end=self.periods.ends_at - moment)

    def _with_plan(self, rows: ir.Table, at: str) -> ir.Table:
        """The rows with what most was paid for at their time."""
        assert self.mrr_intervals, "a night that breaks figures down by plan is told what was paid"
        intervals = self.mrr_intervals(self)
        paid = intervals.filter(intervals.mrr > 0).select("plan", "mrr", "from_at", "until_at", who="customer_id")
        numbered = self.engine.keep(rows.mutate(row_of=ibis.row_number()))
        timed = numbered.select("row_of", "customer_id", at_=numbered[at])
        there = timed.join(
            paid, [timed.customer_id == paid.who, timed.at_ >= paid.from_at, paid.until_at.isnull() | (timed.at_ < paid.until_at)]
        )
        plans = there.group_by("row_of").agg(**{PLAN: main_plan(there)})
        joined = numbered.join(plans, "row_of", how="left")
        return joined.select(*rows.columns, **{PLAN: joined[PLAN].fill_null(NONE)})
