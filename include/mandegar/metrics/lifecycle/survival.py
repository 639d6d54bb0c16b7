"""Survival: which share of customers is still there so many days after the first payment (Kaplan-Meier)."""

from statistics import NormalDist
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from mandegar.metrics.contracts import retention
from mandegar.metrics.contracts.ledger import first_payments, mrr_intervals
from mandegar.metrics.frame.dimensions import totals
from mandegar.metrics.frame.family import Family, Found, Given
from mandegar.metrics.frame.night import MeasuredNight, once_a_night
from mandegar.metrics.lifecycle.spells import customer_spells, today
from mandegar.metrics.purchases.purchases import purchases_of
from mandegar.time.calendar import midnight
from mandegar.time.local_days import local_day

if TYPE_CHECKING:
    import numpy as np

CAUSES = ("any", "voluntary", "involuntary")
CURVE = pa.schema(
    [
        ("dimension", pa.string()),
        ("dimension_value", pa.string()),
        ("cause", pa.string()),
        ("day", pa.int64()),
        ("at_risk", pa.int64()),
        ("events", pa.int64()),
        ("censored", pa.int64()),
        ("survival", pa.float64()),
        ("std_error", pa.float64()),
        ("lower_95", pa.float64()),
        ("upper_95", pa.float64()),
        ("median_days", pa.int64()),
    ]
)
Z = NormalDist().inv_cdf(0.975)
EXACT = 1e-12  # what rounding may add to a share that is exactly one half


def survival_curve(night: MeasuredNight) -> ir.Table:
    """The share of customers that stays for more than so many days, as of the night.

    Grain: one row per dimension, dimension_value (`all` for the whole company; the customer's traits when it first paid),
    cause and day on which somebody left, with day 0 and the last day anybody was seen. Columns: cause (any; with contracts
    also voluntary and involuntary, each with the other censored), day (of tenure, since the first payment or purchase),
    at_risk, events, censored (on that day and since the row before), survival, std_error, lower_95, upper_95, median_days
    (of the whole curve, empty where it is not reached).
    Formula: see `kaplan_meier`. Errors: none; an empty book gives no rows.
    """
    described = night.engine.keep(night.with_traits(tenures(night), "origin_at"))
    night.small_cells.speak_of(FAMILY.title, described.mutate(curve=ibis.literal("of all time")), keys=("curve",))
    moves = ibis.union(
        described.mutate(day=described.entry_day, entered=1, voluntarily=0, involuntarily=0, kept=0),
        described.mutate(
            day=described.tenure_days,
            entered=0,
            voluntarily=(described.left & ~described.involuntary).cast("int8"),
            involuntarily=(described.left & described.involuntary).cast("int8"),
            kept=(~described.left).cast("int8"),
        ),
    )
    columns = ("entered", "voluntarily", "involuntarily", "kept")
    counts = night.engine.arrow(
        totals(moves, night.dimensions, lambda rows: {name: rows[name].sum().cast("int64") for name in columns}, keys=("day",))
    )
    return night.engine.table(_curves(counts, CAUSES if night.contractual else CAUSES[:1]))


@once_a_night
def tenures(night: MeasuredNight) -> ir.Table:
    """How long each customer has been there, up to its first leaving.

    Grain: one row per customer_id that ever paid, and was not gone before the data begins. Columns: origin_at, the first
    payment or purchase; entry_day, the tenure at which it is first observed (above 0 where the account is older than the
    data: left-truncated); tenure_days, until it left or, censored, until the night; left; involuntary, of those who left.
    Policy: a later return starts no new life; a pause is not leaving. Whether an account is older than the data is told by
    company.yaml's data_from, and by a subscription that started before its first known version.
    """
    known = customer_spells(night)
    lived = known.filter(known.spell == 0).join(origins(night), "customer_id")
    over = today(night)
    ended = lived.mutate(
        left=lived.until_day < over,
        tenure_days=ibis.least(lived.until_day, over) - lived.origin_day,
        entry_day=ibis.greatest(lived.seen_day - lived.origin_day, 0),
    ).filter(lambda t: (t.tenure_days >= t.entry_day) & (t.tenure_days >= 0))
    columns = ("customer_id", "origin_at", "entry_day", "tenure_days", "left")
    if not night.contractual:
        return night.engine.keep(ended.select(*columns, involuntary=ibis.literal(False)))
    joined = ended.left_join(_reasons(night, ended), "customer_id")
    return night.engine.keep(joined.select(*columns, involuntary=joined.involuntary.fill_null(False)))


@once_a_night
def origins(night: MeasuredNight) -> ir.Table:
    """When each customer's life began, and from when on it is observed.

    Grain: one row per customer_id that ever paid or bought. Columns: origin_at; origin_day, seen_day in days since 1970-01-01.
    """
    zone, until = night.company.zone, night.closes
    if night.contractual:
        versions = night.entities["subscription"]
        known = versions.group_by("customer_id").agg(known_at=versions.valid_from.min(), started_at=versions.started_at.min())
        paid = first_payments(night).join(known, "customer_id")
        older = (paid.started_at < paid.known_at) & (paid.first_paid_at <= paid.known_at)
        found = paid.select("customer_id", origin_at=older.ifelse(paid.started_at, paid.first_paid_at), seen_at=paid.first_paid_at)
    else:
        bought = purchases_of(night)
        found = bought.group_by("customer_id").agg(origin_at=bought.issued_at.min(), seen_at=bought.issued_at.min())
    if night.company.data_from:
        begins = ibis.literal(midnight(night.company.data_from, zone))
        found = found.mutate(seen_at=ibis.greatest(found.seen_at, begins))
    days = {"origin_day": local_day(found.origin_at, zone, until), "seen_day": local_day(found.seen_at, zone, until)}
    return night.engine.keep(found.select("customer_id", "origin_at", **days))


def kaplan_meier(days: "np.ndarray", entered: "np.ndarray", events: "np.ndarray", censored: "np.ndarray") -> "dict[str, np.ndarray]":
    """The product-limit curve of one group from counts per day of tenure.

    days: ascending, each once; entered: how many are first observed on that day, counted among those at risk on it;
    events, censored: how many leave or are lost sight of on it, both still at risk on it.
    Gives at_risk, survival, std_error, lower_95, upper_95 per day.
    Formula: n = entered so far - gone before; S = prod(1 - d/n); variance S^2 x sum d/(n(n - d)) (Greenwood); the interval
    S^exp(+-1.96 x sqrt(sum d/(n(n - d))) / ln S), on the scale of log(-log S). At S = 1 and S = 0 there is no interval, and
    at S = 0 no standard error: NaN.
    Source: Kaplan and Meier 1958; Greenwood 1926; Kalbfleisch and Prentice 1980; delayed entry: Klein and Moeschberger 2003, 4.6.
    """
    import numpy as np

    gone = events + censored
    at_risk = np.cumsum(entered) - (np.cumsum(gone) - gone)
    with np.errstate(divide="ignore", invalid="ignore"):
        lost = np.where(events > 0, events / at_risk, 0.0)
        survival = np.cumprod(np.where(events >= at_risk, np.where(events > 0, 0.0, 1.0), 1.0 - lost))
        spread = np.cumsum(np.where(events > 0, events / (at_risk * (at_risk - events)), 0.0))
        std_error = np.where(survival > 0, survival * np.sqrt(spread), np.nan)
        width = Z * np.sqrt(spread) / np.abs(np.log(survival))
        inside = (survival > 0) & (survival < 1)
        lower, upper = (np.where(inside, survival ** np.exp(sign * width), np.nan) for sign in (1, -1))
    return {"at_risk": at_risk, "survival": survival, "std_error": std_error, "lower_95": lower, "upper_95": upper}


def median_days(days: "np.ndarray", survival: "np.ndarray") -> int | None:
    """The first day on which half of the customers or fewer are left; None while more are."""
    import numpy as np

    reached = np.flatnonzero(survival <= 0.5 + EXACT)
    return int(days[reached[0]]) if reached.size else None


def _reasons(night: MeasuredNight, ended: ir.Table) -> ir.Table:
    """Whether who left did so against its will, by the last ending known of its life. One row per customer_id that has one."""
    zone, until = night.company.zone, night.closes
    told = retention.endings(night.entities["subscription"], mrr_intervals(night), night.closes)
    dated = told.select("customer_id", "stated", "involuntary", ending=local_day(told["at"], zone, until))
    left = ended.filter(ended.left).select("customer_id", "from_day", "until_day")
    of_life = dated.join(left, "customer_id")
    of_life = of_life.filter((of_life.ending >= of_life.from_day) & (of_life.ending <= of_life.until_day + 1))
    last = ibis.row_number().over(
        group_by="customer_id", order_by=[of_life.ending.desc(), of_life.stated.desc(), of_life.involuntary.desc()]
    )
    return of_life.mutate(place=last).filter(lambda t: t.place == 0).select("customer_id", "involuntary")


def _curves(counts: pa.Table, causes: tuple[str, ...]) -> pa.Table:
    """The curves of all groups, from counts per dimension, dimension_value and day."""
    import numpy as np

    if not len(counts):
        return CURVE.empty_table()
    ordered = counts.sort_by([("dimension", "ascending"), ("dimension_value", "ascending"), ("day", "ascending")])
    columns = {name: ordered[name].to_numpy(zero_copy_only=False) for name in ordered.column_names}
    group = np.array([columns["dimension"], columns["dimension_value"]])
    starts = np.flatnonzero(np.r_[True, np.any(group[:, 1:] != group[:, :-1], axis=0)])
    parts = []
    for begin, end in zip(starts, [*starts[1:], len(counts)], strict=True):
        mine = {name: column[begin:end] for name, column in columns.items()}
        parts += [_curve(mine, cause) for cause in causes]
    return pa.concat_tables(parts)


def _curve(counts: "dict[str, np.ndarray]", cause: str) -> pa.Table:
    import numpy as np

    days, left = counts["day"], counts["voluntarily"] + counts["involuntarily"]
    events = {"any": left, "voluntary": counts["voluntarily"], "involuntary": counts["involuntarily"]}[cause]
    censored = counts["kept"] + left - events
    curve = kaplan_meier(days, counts["entered"], events, censored)
    shown = (events > 0) | (days == days[-1])
    since = np.cumsum(censored)[shown]
    start = not shown[0] or days[0] > 0  # nobody left on day 0: the curve still begins there, at 1
    figures: dict[str, object] = {
        "day": days[shown],
        "events": events[shown],
        "censored": np.diff(since, prepend=0),
        **{name: values[shown] for name, values in curve.items()},
    }
    if start:
        there = curve["at_risk"][0] if days[0] == 0 else 0
        first = {"day": 0, "events": 0, "censored": 0, "at_risk": there, "survival": 1.0, "std_error": 0.0}
        figures = {name: np.r_[first.get(name, np.nan), values] for name, values in figures.items()}
    named = {"dimension": counts["dimension"][0], "dimension_value": counts["dimension_value"][0], "cause": cause}
    length = len(figures["day"])  # type: ignore[arg-type]
    return pa.table(
        {
            field.name: pa.array(
                [named[field.name]] * length if field.name in named else figures.get(field.name), field.type, from_pandas=True
            )
            if field.name != "median_days"
            else pa.array([median_days(days, curve["survival"])] * length, field.type)
            for field in CURVE
        }
    )


def _family(night: MeasuredNight, _: Given) -> Found:
    found = survival_curve(night)
    return Found(marts={"survival_curve": night.small_cells.without(found, FAMILY.title)})


FAMILY = Family("Survival", "lifecycle.survival.survival_curve", compute=_family, settles="never")
