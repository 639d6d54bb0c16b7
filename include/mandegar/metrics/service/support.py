"""Support: how soon tickets are answered and solved, and how many are open."""

from datetime import timedelta

import ibis
import ibis.expr.types as ir

from mandegar.metrics.frame.cells import beside
from mandegar.metrics.frame.dimensions import NONE, Dimension, column_of, totals
from mandegar.metrics.frame.family import Family, Found, Given
from mandegar.metrics.frame.grain import CELL, PERIOD
from mandegar.metrics.frame.kpi import Metric
from mandegar.metrics.frame.night import MeasuredNight
from mandegar.metrics.frame.periods import named, within
from mandegar.metrics.service.waiting import quantiles
from mandegar.time.seconds import seconds
from mandegar.time.working_time import clock, worked_seconds

TICKET_TRAITS = ("channel", "priority", "topic")
ANSWER_WITHIN = 15 * 60
SOLVE_WITHIN = 4 * 3600
WAITS = ("first_response", "first_resolution", "resolution")
MINUTES = tuple(f"{wait}{kind}_minutes_{quantile}" for wait in WAITS for kind in ("", "_business") for quantile in ("median", "p90"))
SUPPORT = (
    Metric("tickets_opened", "tickets_opened", None, "tickets opened"),
    Metric("tickets_solved", "tickets_solved", None, "tickets solved for the last time"),
    Metric("tickets_open", "tickets_open", None, "tickets open at the end"),
    Metric("first_response_minutes_median", "first_response_minutes_median", None, "half are answered within so many minutes"),
    Metric("first_response_minutes_p90", "first_response_minutes_p90", None, "nine tenths are answered within so many minutes"),
    Metric("first_response_business_minutes_median", "first_response_business_minutes_median", None, "… of working time"),
    Metric("first_response_business_minutes_p90", "first_response_business_minutes_p90", None, "… of working time"),
    Metric("first_resolution_minutes_median", "first_resolution_minutes_median", None, "half are first solved within so many minutes"),
    Metric("first_resolution_minutes_p90", "first_resolution_minutes_p90", None, "nine tenths are first solved within so many minutes"),
    Metric("first_resolution_business_minutes_median", "first_resolution_business_minutes_median", None, "… of working time"),
    Metric("first_resolution_business_minutes_p90", "first_resolution_business_minutes_p90", None, "… of working time"),
    Metric("resolution_minutes_median", "resolution_minutes_median", None, "half are solved for good within so many minutes"),
    Metric("resolution_minutes_p90", "resolution_minutes_p90", None, "nine tenths are solved for good within so many minutes"),
    Metric("resolution_business_minutes_median", "resolution_business_minutes_median", None, "… of working time"),
    Metric("resolution_business_minutes_p90", "resolution_business_minutes_p90", None, "… of working time"),
    Metric("share_answered_in_15_minutes", "answered_in_15_minutes", "answered_or_older", "of the tickets answered, or older than that"),
    Metric("share_solved_in_4_hours", "solved_in_4_hours", "solved_or_older", "first solved, of the tickets solved, or older than that"),
    Metric("reopened_rate", "reopened", "reopened_of", "of the solved tickets, those opened again"),
    Metric("replies_per_ticket", "replies", "replies_of", "public replies of agents per ticket"),
)


def support(night: MeasuredNight) -> ir.Table:
    """How support did, by the period in which tickets were opened.

    Grain: one row per period, dimension and dimension_value with a ticket, and per period for the whole company. Dimensions:
    the company's, by the customer at the opening, and the ticket's own TICKET_TRAITS.
    Columns, counts (int64), of the tickets opened in the period unless said otherwise: tickets_opened; tickets_answered;
    tickets_resolved, solved at least once; tickets_solved, solved for the last time within the period, whenever opened;
    tickets_open, opened and not solved for good by its end; answered_in_15_minutes of answered_or_older (answered, or older
    than 15 minutes when the night closes); solved_in_4_hours of solved_or_older, the same of the first solution;
    reopened of reopened_of (solved, and known whether reopened); replies of replies_of (tickets with a known number).
    Columns, minutes (float64): MINUTES, quantiles of the three waits from the opening, by the calendar and by working time:
    first response (first public reply of an agent), first resolution (first solved), resolution (last solved).
    Formula: metrics.service.waiting; a ticket not answered or solved is censored when the night closes (or, of the answer, when it was
    solved without one), so that it is neither 0 nor forgotten.
    """
    engine, periods = night.engine, night.periods
    tickets = engine.keep(with_waits(night))
    dimensions = (*night.dimensions, *map(Dimension, TICKET_TRAITS))
    opened, solved = (engine.keep(within(tickets, at, periods)) for at in ("opened_at", "last_solved_at"))
    open_still = tickets.join(
        periods.select(*PERIOD, "ends_at"),
        [tickets.opened_at < periods.ends_at, tickets.last_solved_at.isnull() | (tickets.last_solved_at >= periods.ends_at)],
    )
    parts = [
        engine.keep(totals(opened, dimensions, _counts, PERIOD)),
        engine.keep(totals(solved, dimensions, lambda rows: {"tickets_solved": rows.count()}, PERIOD)),
        engine.keep(totals(open_still, dimensions, lambda rows: {"tickets_open": rows.count()}, PERIOD)),
    ]
    for rows in (opened, solved, open_still):
        night.small_cells.speak_of(FAMILY.title, rows, dimensions)
    minutes = engine.keep(_minutes(night, opened, dimensions))
    return engine.keep(beside(periods, *parts, minutes))


def figures(wide: ir.Table) -> ir.Table:
    """The rows of `support` that belong into kpi_period: those of the company's dimensions."""
    return wide.filter(wide.dimension.notin(TICKET_TRAITS))


def support_period(wide: ir.Table, periods: ir.Table) -> ir.Table:
    """The mart: `support` with period_end and is_complete, and the shares that follow from its counts.

    Grain: that of support. Further columns (float64, empty where the denominator is 0): share_answered_in_15_minutes,
    share_solved_in_4_hours, reopened_rate, replies_per_ticket.
    """
    dated = named(wide, periods, "period_end", "is_complete")
    shares = {
        metric.name: dated[metric.numerator].cast("float64") / dated[metric.denominator].nullif(0).cast("float64")
        for metric in SUPPORT
        if metric.denominator
    }
    return dated.drop(*PERIOD).mutate(**shares)


def with_waits(night: MeasuredNight) -> ir.Table:
    """The tickets with what each waited for, as far as the night's periods need them.

    Grain: one row per ticket. Columns: opened_at, last_solved_at; per wait, in seconds: <wait> by the calendar and
    <wait>_business of working time, int64, never negative, and <wait>_ended, false if it was cut off; age, seconds from the
    opening to the end of the night; reopened_count, replies; the traits.
    Policies: a ticket that was never reopened was first and last solved at the same time, whichever of the two is given;
    of a reopened one the first solution is taken for the last one's time if only that is given.
    """
    tickets = night.entities["ticket"]
    once = tickets.reopened_count.fill_null(0) == 0
    first_solved = tickets.first_solved_at.coalesce(tickets.solved_at)
    last_solved = tickets.solved_at.coalesce(once.ifelse(tickets.first_solved_at, ibis.null("timestamp('UTC')")))
    ends = {
        "first_response": (tickets.first_response_at, first_solved),
        "first_resolution": (first_solved, ibis.null("timestamp('UTC')")),
        "resolution": (last_solved, ibis.null("timestamp('UTC')")),
    }
    rows = tickets.select(
        "customer_id",
        "opened_at",
        "reopened_count",
        "replies",
        last_solved_at=last_solved,
        age=seconds(night.now) - seconds(tickets.opened_at),
        **{column_of(name): tickets[name].nullif("").fill_null(NONE) for name in TICKET_TRAITS},
        **{f"{name}_ended": happened.notnull() for name, (happened, _) in ends.items()},
        **{
            f"{name}_at": ibis.greatest(happened.coalesce(cut_off, night.now), tickets.opened_at)
            for name, (happened, cut_off) in ends.items()
        },
    )
    since = ibis.literal(night.instants[0])
    rows = rows.filter(rows.last_solved_at.isnull() | (rows.last_solved_at >= since) | (rows.opened_at >= since))
    return _timed(night, night.with_traits(rows, "opened_at"))


def _timed(night: MeasuredNight, rows: ir.Table) -> ir.Table:
    """The rows with their waits in seconds, by the calendar and of working time."""
    rows = night.engine.keep(rows)
    zone = night.company.zone
    earliest = night.engine.arrow(rows.agg(opened_at=rows.opened_at.min())).column("opened_at")[0].as_py() or night.closes
    day = timedelta(days=1)
    ticking = night.engine.keep(
        night.engine.table(clock(night.company, earliest.astimezone(zone).date() - day, night.closes.astimezone(zone).date() + day))
    )
    read = rows
    for name in ("opened", *WAITS):
        read = worked_seconds(read, ticking, f"{name}_at", f"{name}_worked")
    return read.select(
        *(name for name in rows.columns if name.removesuffix("_at") not in WAITS),
        **{wait: seconds(read[f"{wait}_at"]) - seconds(read.opened_at) for wait in WAITS},
        **{f"{wait}_business": read[f"{wait}_worked"] - read.opened_worked for wait in WAITS},
    )


def _counts(rows: ir.Table) -> dict[str, ir.Value]:
    answered, solved, known = rows.first_response_ended, rows.first_resolution_ended, rows.reopened_count.notnull()
    return {
        "tickets_opened": rows.count(),
        "tickets_answered": answered.sum(),
        "tickets_resolved": solved.sum(),
        "answered_in_15_minutes": (answered & (rows.first_response <= ANSWER_WITHIN)).sum(),
        "answered_or_older": (answered | (rows.age > ANSWER_WITHIN)).sum(),
        "solved_in_4_hours": (solved & (rows.first_resolution <= SOLVE_WITHIN)).sum(),
        "solved_or_older": (solved | (rows.age > SOLVE_WITHIN)).sum(),
        "reopened": (solved & (rows.reopened_count.fill_null(0) > 0)).sum(),
        "reopened_of": (solved & known).sum(),
        "replies": rows.replies.fill_null(0).sum(),
        "replies_of": rows.replies.notnull().sum(),
    }


def _minutes(night: MeasuredNight, opened: ir.Table, dimensions: tuple[Dimension, ...]) -> ir.Table:
    """The quantiles of every wait, side by side. Grain: one row per CELL with a ticket."""
    waits = {f"{wait}{kind}_minutes": (f"{wait}{kind}", f"{wait}_ended") for wait in WAITS for kind in ("", "_business")}
    found = quantiles(opened, waits, dimensions, PERIOD, night.engine)
    return found.select(*CELL, **{name: found[name].cast("float64") / 60.0 for name in MINUTES})


def _family(night: MeasuredNight, _: Given) -> Found:
    wide = night.engine.keep(support(night))
    return Found(figures(wide), {"support_period": support_period(night.small_cells.without(wide, FAMILY.title), night.periods)})


FAMILY = Family(
    "Support",
    "service.support.support",
    SUPPORT,
    _family,
    needs=("ticket",),
    settles="later",
    stands_on=("ticket",),
    of_customers=False,
)
