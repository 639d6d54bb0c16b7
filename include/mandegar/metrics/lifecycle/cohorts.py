"""Cohorts: how many of those who came together are still there at each age, and what they still bring in."""

from collections.abc import Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from mandegar.compute import exchange_rates
from mandegar.compute.money import MONEY, SUM
from mandegar.metrics.contracts.ledger import mrr_intervals
from mandegar.metrics.frame.dimensions import column_of, totals, traits
from mandegar.metrics.frame.family import Family, Found, Given
from mandegar.metrics.frame.night import MeasuredNight
from mandegar.metrics.lifecycle.spells import spans, spells, today
from mandegar.metrics.lifecycle.survival import origins
from mandegar.metrics.purchases.purchases import purchase_days, revenue_entries_of
from mandegar.time import calendar
from mandegar.time.calendar import midnight
from mandegar.time.local_days import date_of, local_day, number

SIGNUP, FIRST_PAYMENT = "signup", "first_payment"
N_DAY, UNBOUNDED, BRACKETED = "n_day", "unbounded", "bracketed"
OPEN = 10_000_000  # the end of "day N or later"
COHORT = ("cohort_by", "cohort_start")
AGES = pa.schema([("method", pa.string()), ("age", pa.int64()), ("age_to", pa.int64())])


def cohort_retention(night: MeasuredNight) -> ir.Table:
    """How much of each cohort is left at each age, as of the night.

    Grain: one row per cohort_by, cohort_start, dimension, dimension_value, age_unit, method, age. A cohort is who signed up
    (signup), or first paid or bought (first_payment), in one period of the company's calendar; of dimensions by the
    customer's traits then. Columns: cohort_kind, calendar; age_to, the last age of a bracket (empty where it is open);
    customers, the cohort; reached, those of it who have reached the age; retained, those of these who are there;
    retention_rate; base_revenue, of the reached at age 0; revenue at the age (of a bracket on average per unit of age; empty
    for unbounded), both in the company's currency; revenue_retention_rate. Where nobody has reached the age all but customers
    is empty.
    Age: 0 is the period (or day) of the start, N the N-th after it, reached when it is over. With contracts a customer is there
    when it pays at the end of that period or day, and revenue is its MRR there, at the night's exchange rate; without, when it
    buys within, and revenue is what it then brought in.
    Methods: n_day, there at age N; unbounded, at age N or any time later; bracketed, at any age from `age` to `age_to`.
    Policy: who left and came back stays in its cohort; an account older than the data is in none.
    """
    starts = night.engine.keep(_starts(night))
    night.small_cells.speak_of(FAMILY.title, starts, keys=COHORT)
    found = ibis.union(*(_retention(night, starts, scale) for scale in _scales(night, starts)))
    return found.mutate(
        calendar=ibis.literal(night.company.calendar),
        cohort_kind=ibis.literal(night.company.cohorts.period),
        retention_rate=found.retained.cast("float64") / found.reached,
        revenue_retention_rate=found.revenue.cast("float64") / found.base_revenue.nullif(ibis.literal(0).cast(SUM)).cast("float64"),
    )


@dataclass(frozen=True)
class Scale:
    """What ages are counted in: the periods of the company's calendar, numbered from that of the first start; or days."""

    unit: str
    first_day: int
    """The first day that belongs to a unit."""
    over: int
    """The unit that holds the day after the night's: it is not over, all before it are."""
    ages: ir.Table
    """The ages asked for: method, age, age_to."""
    units: ir.Table | None = None
    """The period of every day: day, unit. None: a day is its own unit."""

    def place(self, rows: ir.Table, day: str, name: str) -> ir.Table:
        """The rows with the unit of one of their days; a day before the first unit has none, and its row goes."""
        if self.units is None:
            return rows.mutate(**{name: rows[day]})
        return rows.join(self.units.select(**{day: "day", name: "unit"}), day)


def _scales(night: MeasuredNight, starts: ir.Table) -> tuple[Scale, Scale]:
    settings, engine = night.company.cohorts, night.engine
    days = _period_of_days(night, starts)
    first, last = days["day"][0].as_py(), days["unit"][-1].as_py()
    over = {row["day"]: row["unit"] for row in days.to_pylist()}[today(night)]
    periods = _ages(range(min(settings.longest, last) + 1), settings.brackets, last)
    single = _ages(settings.day_ages, settings.day_brackets, today(night) - first)
    return (
        Scale(settings.period, first, over, engine.table(periods), engine.table(days.select(["day", "unit"]))),
        Scale("day", first, today(night), engine.table(single)),
    )


def _ages(ages: Sequence[int], brackets: Sequence[tuple[int, int]], longest: int) -> pa.Table:
    told = [(N_DAY, age, age) for age in ages] + [(UNBOUNDED, age, OPEN) for age in ages] + [(BRACKETED, *both) for both in brackets]
    rows = [{"method": method, "age": age, "age_to": until} for method, age, until in told if age <= longest]
    return pa.Table.from_pylist(rows, AGES)


def _period_of_days(night: MeasuredNight, starts: ir.Table) -> pa.Table:
    """The period of every day from that of the first start to that of the day after the night's: day, unit, cohort_start."""
    company = night.company
    found = night.engine.arrow(starts.agg(first=starts.start_day.min())).column("first")[0].as_py()
    first = date_of(today(night) if found is None else found)
    periods = calendar.periods(
        first, date_of(today(night)), company.cohorts.period, company.calendar, company.fiscal_year_start, company.week_start
    )
    rows = [
        {"day": day, "unit": unit, "cohort_start": period.start}
        for unit, period in enumerate(periods)
        for day in range(number(period.start), number(period.end))
    ]
    return pa.Table.from_pylist(rows, pa.schema([("day", pa.int64()), ("unit", pa.int64()), ("cohort_start", pa.date32())]))


def _starts(night: MeasuredNight) -> ir.Table:
    """Who belongs to which cohort: cohort_by, customer_id, start_day, cohort_start (a day), and the traits at the start."""
    known = origins(night)
    whole = known.filter(known.seen_day <= known.origin_day)
    older = known.filter(known.seen_day > known.origin_day).select("customer_id")
    customers = night.entities["customer"].anti_join(older, "customer_id")
    if night.company.data_from:
        customers = customers.filter(customers.signed_up_at >= ibis.literal(midnight(night.company.data_from, night.company.zone)))
    parts = {
        SIGNUP: customers.select("customer_id", start_at=customers.signed_up_at),
        FIRST_PAYMENT: whole.select("customer_id", start_at=whole.origin_at),
    }
    both = [part.mutate(cohort_by=ibis.literal(name)) for name, part in parts.items() if name in night.company.cohorts.by]
    described = night.with_traits(night.engine.keep(ibis.union(*both) if len(both) > 1 else both[0]), "start_at")
    dated = night.engine.keep(described.mutate(start_day=local_day(described.start_at, night.company.zone, night.closes)))
    days = night.engine.table(_period_of_days(night, dated)).select("cohort_start", start_day="day")
    return dated.join(days, "start_day").select(*COHORT, "customer_id", "start_day", *_traits(night))


def _retention(night: MeasuredNight, starts: ir.Table, scale: Scale) -> ir.Table:
    """Retention at the ages of one scale."""
    engine, ages = night.engine, scale.ages
    placed = engine.keep(scale.place(starts, "start_day", "start"))
    groups = engine.keep(_groups(placed, night))
    members = engine.keep(placed.join(groups, [*COHORT, "start", *_traits(night)]).select("customer_id", "start", "cohort_group"))
    there = engine.keep(_aged(members, _presence(night, scale)))
    money = engine.keep(_summed(_aged(members, _money(night, scale))))
    last = there.group_by("customer_id", "cohort_group").agg(since=there.since.min(), until=there.until.max())
    inside = _hits(there, ages.filter(ages.method == BRACKETED)).select("customer_id", "cohort_group", *AGES.names).distinct()
    counted = (
        _hits(_summed(there), ages.filter(ages.method == N_DAY)),
        _hits(_summed(last), ages.filter(ages.method == UNBOUNDED)),
        inside.group_by("cohort_group", *AGES.names).agg(people=inside.count().cast("int64")),
    )
    paid = _hits(money, ages.filter(ages.method != UNBOUNDED))
    shared = (ibis.least(paid.until, paid.age_to) - ibis.greatest(paid.since, paid.age) + 1).cast("decimal(19, 0)")
    spent = paid.mutate(amount=(paid.amount * shared).cast(SUM), people=ibis.literal(0).cast("int64"))
    columns = ("cohort_group", *AGES.names, "people", "amount")
    nothing = ibis.literal(0).cast(SUM)
    hits = ibis.union(*(part.mutate(amount=nothing).select(*columns) for part in counted), spent.select(*columns))
    found = hits.join(groups, "cohort_group")
    found = engine.keep(found.filter(found.start + _until_age(found) < scale.over))
    keys = (*COHORT, *AGES.names)
    retained = totals(found, night.dimensions, lambda rows: {"retained": rows.people.sum(), "revenue": rows.amount.sum().cast(SUM)}, keys)
    return _beside(engine.keep(_cohorts(night, groups, money, scale)), engine.keep(retained), scale)


def _groups(placed: ir.Table, night: MeasuredNight) -> ir.Table:
    """Who started in the same unit of the same cohort with the same traits, as one number, `cohort_group`; with how many they are."""
    columns = (*COHORT, "start", *_traits(night))
    counted = placed.group_by(*columns).agg(people=placed.count().cast("int64"))
    return counted.mutate(cohort_group=ibis.row_number().over(order_by=list(columns)).cast("int64"))


def _cohorts(night: MeasuredNight, groups: ir.Table, money: ir.Table, scale: Scale) -> ir.Table:
    """The cohorts at every age: how many they are, how many have reached it, and what these brought in at age 0."""
    nothing, nobody = ibis.literal(0).cast(SUM), ibis.literal(0).cast("int64")
    at_first = money.filter((money.since <= 0) & (money.until >= 0))
    base = at_first.group_by("cohort_group").agg(amount=at_first.amount.sum().cast(SUM))
    joined = groups.left_join(base, "cohort_group")
    both = joined.select(*groups.columns, amount=joined.amount.fill_null(nothing)).cross_join(scale.ages)
    reached = both.start + _until_age(both) < scale.over
    flagged = both.mutate(there=reached.ifelse(both.people, nobody), base=reached.ifelse(both.amount, nothing).cast(SUM))
    return totals(
        flagged,
        night.dimensions,
        lambda rows: {"customers": rows.people.sum(), "reached": rows.there.sum(), "base_revenue": rows.base.sum().cast(SUM)},
        (*COHORT, *AGES.names),
    )


def _beside(whole: ir.Table, retained: ir.Table, scale: Scale) -> ir.Table:
    """The cohorts with what is left of them; what nobody has reached is empty."""
    cell = [*COHORT, *AGES.names, "dimension", "dimension_value"]
    joined = whole.left_join(retained, cell)
    seen, counts_money = joined.reached > 0, joined.method != UNBOUNDED
    none, no_money = ibis.null("int64"), ibis.null(SUM)
    revenue = joined.revenue.fill_null(ibis.literal(0).cast(SUM))
    mean = (revenue / (joined.age_to - joined.age + 1)).round(4).cast(SUM)
    return joined.select(
        *COHORT,
        "dimension",
        "dimension_value",
        "method",
        "age",
        age_to=joined.age_to.nullif(OPEN),
        age_unit=ibis.literal(scale.unit),
        customers=joined.customers.cast("int64"),
        reached=joined.reached.nullif(0).cast("int64"),
        retained=seen.ifelse(joined.retained.fill_null(0).cast("int64"), none),
        base_revenue=(seen & counts_money).ifelse(joined.base_revenue, no_money),
        revenue=(seen & counts_money).ifelse((joined.method == BRACKETED).ifelse(mean, revenue), no_money),
    )


def _presence(night: MeasuredNight, scale: Scale) -> ir.Table:
    """In which units each customer was there, no unit twice: customer_id, from_unit, to_unit (included)."""
    if not night.contractual:
        bought = scale.place(purchase_days(night), "day", "unit_of")
        return bought.select("customer_id", from_unit="unit_of", to_unit="unit_of").distinct()
    rows = spans(night)
    return _ends_within(night, spells(rows.filter(rows.paid)), scale).select("customer_id", "from_unit", "to_unit")


def _money(night: MeasuredNight, scale: Scale) -> ir.Table:
    """What customers brought in: customer_id, from_unit, to_unit (included), amount in each of them."""
    zone, until = night.company.zone, night.closes
    if not night.contractual:
        entries = revenue_entries_of(night)
        dated = scale.place(entries.mutate(day=local_day(entries["at"], zone, until)), "day", "unit_of")
        summed = dated.group_by("customer_id", "unit_of").agg(amount=dated.amount.sum().cast(MONEY))
        return summed.select("customer_id", from_unit="unit_of", to_unit="unit_of", amount="amount")
    paid = mrr_intervals(night).filter(mrr_intervals(night).mrr > 0)
    valued = exchange_rates.with_rate(night.company, night.engine, paid, night.closes, night.known_rates)
    dated = valued.select(
        "customer_id",
        from_day=local_day(valued.from_at, zone, until),
        until_day=valued.until_at.isnull().ifelse(OPEN, local_day(valued.until_at.fill_null(night.now), zone, until)).cast("int64"),
        amount=exchange_rates.at_rate(valued.mrr, valued.rate),
    )
    return _ends_within(night, dated, scale).select("customer_id", "from_unit", "to_unit", "amount")


def _ends_within(night: MeasuredNight, rows: ir.Table, scale: Scale) -> ir.Table:
    """Spans of days as the units whose last day they contain, of those that are over."""
    clipped = rows.mutate(from_day=ibis.greatest(rows.from_day, scale.first_day), until_day=ibis.least(rows.until_day, today(night)))
    there = clipped.filter(clipped.until_day > clipped.from_day)
    placed = scale.place(scale.place(there, "from_day", "from_unit"), "until_day", "next_unit")
    return placed.mutate(to_unit=placed.next_unit - 1).filter(lambda t: t.to_unit >= t.from_unit)


def _aged(members: ir.Table, rows: ir.Table) -> ir.Table:
    """Units as ages of the members: customer_id, cohort_group, since, until (included), and amount where the rows have it."""
    joined = members.join(rows, "customer_id")
    own = [name for name in ("amount",) if name in rows.columns]
    return joined.select("customer_id", "cohort_group", *own, since=joined.from_unit - joined.start, until=joined.to_unit - joined.start)


def _summed(rows: ir.Table) -> ir.Table:
    """Customers of the same cohort_group and ages together: people, or amount."""
    total = {"amount": rows.amount.sum().cast(SUM)} if "amount" in rows.columns else {"people": rows.count().cast("int64")}
    return rows.group_by("cohort_group", "since", "until").agg(**total)


def _hits(rows: ir.Table, ages: ir.Table) -> ir.Table:
    """The rows at every age that they cover."""
    return rows.join(ages, [rows.until >= ages.age, rows.since <= ages.age_to])


def _until_age(rows: ir.Table) -> ir.IntegerValue:
    """The age that has to be over before a row counts."""
    return (rows.method == UNBOUNDED).ifelse(rows.age, rows.age_to)


def _traits(night: MeasuredNight) -> tuple[str, ...]:
    return tuple(map(column_of, traits(night.dimensions)))


def _family(night: MeasuredNight, _: Given) -> Found:
    found = cohort_retention(night)
    return Found(marts={"cohort_retention": night.small_cells.without(found, FAMILY.title)})


FAMILY = Family("Cohorts", "lifecycle.cohorts.cohort_retention", compute=_family, settles="never")
