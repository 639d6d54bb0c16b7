"""What customers say when asked: NPS, CSAT and CES with their confidence, and how soon a detractor hears from a human."""

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from mandegar.compute.money import SUM
from mandegar.metrics.frame.cells import beside
from mandegar.metrics.frame.dimensions import totals
from mandegar.metrics.frame.family import Family, Found, Given
from mandegar.metrics.frame.grain import CELL, PERIOD
from mandegar.metrics.frame.kpi import Metric
from mandegar.metrics.frame.night import MeasuredNight
from mandegar.metrics.frame.periods import named, within
from mandegar.metrics.service import confidence
from mandegar.metrics.service.reactions import detractors_wait
from mandegar.metrics.service.waiting import quantiles

PROMOTER = 9
DETRACTOR_BELOW = 7
CSAT_GOOD, CSAT_BAD = 4, 2
SCALES = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7)}
HOUR = 3600
FEEDBACK = (
    Metric("nps", "nps_points", "nps_answers", "promoters less detractors in points, -100 to 100, of the last answer of each"),
    Metric("nps_answers", "nps_answers", None, "respondents that the NPS stands on"),
    Metric("csat", "csat_good", "csat_answers", "share of satisfied answers (4 and 5 of five)"),
    Metric("csat_answers", "csat_answers", None, "answers that the CSAT stands on"),
    Metric("ces", "ces_sum", "ces_answers", "mean of the answers, 1 to 7"),
    Metric("ces_answers", "ces_answers", None, "answers that the CES stands on"),
    Metric("time_to_react_hours_median", "time_to_react_hours_median", None, "half of the detractors heard from a human within so many"),
    Metric("time_to_react_hours_p90", "time_to_react_hours_p90", None, "nine tenths of the detractors did within so many"),
    Metric("share_reacted_in_24_hours", "reacted_in_24_hours", "reacted_or_older_24", "of the detractors answered, or older than that"),
    Metric("share_reacted_in_48_hours", "reacted_in_48_hours", "reacted_or_older_48", "of the detractors answered, or older than that"),
)
REACTION = "time_to_react_hours"
HOURS = (f"{REACTION}_median", f"{REACTION}_p90")
BOUNDS = tuple(f"{kind}_{end}" for kind in SCALES for end in ("low", "high"))


def feedback(night: MeasuredNight) -> ir.Table:
    """What was answered, by the period of the answer.

    Grain: one row per period, dimension and dimension_value with an answer, and per period for the whole company; dimensions
    by the customer at the answer.
    Columns, counts (int64): nps_answers, nps_promoters, nps_passives, nps_detractors, nps_points; csat_answers, csat_good,
    csat_of_tickets; ces_answers; of detractors' answers detractor_answers, reacted, reacted_in_24_hours of
    reacted_or_older_24 (reacted to, or older than that when the night closes), and the same for 48. ces_sum (decimal(38,4)).
    Columns, float64: nps (points), csat (a share), ces (1 to 7) and BOUNDS, their 95 % confidence intervals, empty without
    answers (of ces also with one); HOURS, from a detractor's answer to the first human contact, censored where none came.
    NPS: last answer of each respondent within the period (one without an id is the customer); promoters 9 and 10, detractors
    0 to 6; nps_points = 100 x (promoters - detractors). Source: F. Reichheld, The One Number You Need to Grow, HBR 12/2003.
    CSAT: surveys of kind csat, and the ratings of tickets (counted when the ticket was solved; csat_of_tickets of them);
    good are 4 and 5 of five; csat_answers, what it is divided by, are all answers, or the good and the bad (1, 2) under the
    policy `feedback.csat: good_or_bad`. CES: mean of the answers.
    An answer outside the scale of its kind counts nowhere. Intervals: metrics.service.confidence; time to react: metrics.service.reactions.
    """
    engine = night.engine
    surveys = engine.keep(night.with_traits(_on_scale(night.entities["survey"]), "answered_at"))
    scores = engine.keep(within(surveys.filter(surveys.kind == "nps"), "answered_at", night.periods))
    efforts = within(surveys.filter(surveys.kind == "ces"), "answered_at", night.periods)
    waiting = engine.keep(detractors_wait(night, scores.filter(scores.score < DETRACTOR_BELOW)))
    counted = ((_latest(scores), _nps), (_ratings(night, surveys), _csat), (efforts, _ces), (waiting, _reactions))
    parts = [engine.keep(totals(rows, night.dimensions, aggregates, PERIOD)) for rows, aggregates in counted]
    for rows, aggregates in counted:
        if aggregates is not _reactions:  # of the answers that NPS counts
            night.small_cells.speak_of(FAMILY.title, rows)
    found = quantiles(waiting, {REACTION: ("wait", "ended")}, night.dimensions, PERIOD, engine)
    hours = {name: found[name].cast("float64") / HOUR for name in HOURS}
    wide = beside(night.periods, *parts, engine.keep(found.select(*CELL, **hours)))
    return engine.keep(engine.table(_with_intervals(engine.arrow(wide))))


def feedback_period(wide: ir.Table, periods: ir.Table) -> ir.Table:
    """The mart: `feedback` with period_end and is_complete, and the two shares of detractors that a human reacted to in time.

    Grain: that of feedback. Further columns (float64): share_reacted_in_24_hours, share_reacted_in_48_hours.
    """
    dated = named(wide, periods, "period_end", "is_complete")
    shares = {
        f"share_reacted_in_{hours}_hours": dated[f"reacted_in_{hours}_hours"].cast("float64")
        / dated[f"reacted_or_older_{hours}"].nullif(0).cast("float64")
        for hours in (24, 48)
    }
    return dated.drop(*PERIOD).mutate(**shares)


def _on_scale(surveys: ir.Table) -> ir.Table:
    low, high = (surveys.kind.cases(*((kind, scale[end]) for kind, scale in SCALES.items())) for end in (0, 1))
    return surveys.filter((surveys.score >= low) & (surveys.score <= high))


def _latest(answers: ir.Table) -> ir.Table:
    """The last answer of each respondent in each period; of two at one time the one with the greater id."""
    place = ibis.row_number().over(
        group_by=[*PERIOD, answers.customer_id, answers.respondent_id.fill_null("")],
        order_by=[answers.answered_at.desc(), answers.response_id.desc()],
    )
    return answers.mutate(place=place).filter(lambda rows: rows.place == 0)


def _ratings(night: MeasuredNight, surveys: ir.Table) -> ir.Table:
    """Every rating of a service, by a survey or of a ticket: score, of_ticket, the period and the traits."""
    tickets = night.entities["ticket"]
    low, high = SCALES["csat"]
    rated = tickets.filter(tickets.csat_score.between(low, high)).select(
        "customer_id",
        score=tickets.csat_score.cast("float64"),
        of_ticket=ibis.literal(True),
        answered_at=tickets.solved_at.coalesce(tickets.first_solved_at, tickets.opened_at),
    )
    described = night.engine.keep(night.with_traits(rated, "answered_at"))
    asked = surveys.filter(surveys.kind == "csat").mutate(score=surveys.score.cast("float64"), of_ticket=ibis.literal(False))
    ratings = ibis.union(described, asked.select(*described.columns))
    if night.company.feedback.csat == "good_or_bad":
        ratings = ratings.filter((ratings.score >= CSAT_GOOD) | (ratings.score <= CSAT_BAD))
    return within(ratings, "answered_at", night.periods)


def _nps(rows: ir.Table) -> dict[str, ir.Value]:
    promoter, detractor = rows.score >= PROMOTER, rows.score < DETRACTOR_BELOW
    return {
        "nps_answers": rows.count(),
        "nps_promoters": promoter.sum(),
        "nps_passives": (~promoter & ~detractor).sum(),
        "nps_detractors": detractor.sum(),
        "nps_points": ibis.cases((promoter, 100), (detractor, -100), else_=0).sum(),
    }


def _csat(rows: ir.Table) -> dict[str, ir.Value]:
    return {"csat_answers": rows.count(), "csat_good": (rows.score >= CSAT_GOOD).sum(), "csat_of_tickets": rows.of_ticket.sum()}


def _ces(rows: ir.Table) -> dict[str, ir.Value]:
    score = rows.score.cast("float64")
    return {"ces_answers": rows.count(), "ces_sum": rows.score.cast(SUM).sum(), "ces_squares": (score * score).sum()}


def _reactions(rows: ir.Table) -> dict[str, ir.Value]:
    counts = {"detractor_answers": rows.count(), "reacted": rows.ended.sum()}
    for hours in (24, 48):
        counts[f"reacted_in_{hours}_hours"] = (rows.ended & (rows.wait <= hours * HOUR)).sum()
        counts[f"reacted_or_older_{hours}"] = (rows.ended | (rows.wait > hours * HOUR)).sum()
    return counts


def _with_intervals(wide: pa.Table) -> pa.Table:
    """The figures and their confidence, from the counts of every cell."""
    import numpy as np

    def of(name: str) -> np.ndarray:
        return np.array(wide.column(name).to_pylist(), dtype=float)

    def quotient(numerator: str, denominator: str) -> np.ndarray:
        answers = of(denominator)
        return np.where(answers > 0, of(numerator) / np.where(answers > 0, answers, 1), np.nan)

    found = {"nps": quotient("nps_points", "nps_answers"), "csat": quotient("csat_good", "csat_answers")}
    found["ces"] = quotient("ces_sum", "ces_answers")
    bounds = {
        "nps": confidence.nps(of("nps_promoters"), of("nps_detractors"), of("nps_answers")),
        "csat": confidence.share(of("csat_good"), of("csat_answers")),
        "ces": confidence.mean(of("ces_answers"), of("ces_sum"), of("ces_squares"), SCALES["ces"]),
    }
    found |= {f"{kind}_{end}": values for kind, pair in bounds.items() for end, values in zip(("low", "high"), pair, strict=True)}
    kept = wide.drop_columns(["ces_squares"])
    for name, values in found.items():
        kept = kept.append_column(name, pa.array(values, pa.float64(), from_pandas=True))  # NaN is empty
    return kept


def _family(night: MeasuredNight, _: Given) -> Found:
    wide = night.engine.keep(feedback(night))
    return Found(wide, {"feedback_period": feedback_period(night.small_cells.without(wide, FAMILY.title), night.periods)})


FAMILY = Family(
    "Feedback",
    "service.feedback.feedback",
    FEEDBACK,
    _family,
    needs=("survey",),
    settles="later",
    stands_on=("survey", "ticket", "interaction"),
    of_customers=False,
)
