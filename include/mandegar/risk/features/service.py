"""What support and surveys show: how long customers wait, how often they ask, and what they say."""

import ibis
import ibis.expr.types as ir

from mandegar.risk.evening import Evening
from mandegar.time.seconds import seconds

ASKED_WITHIN, ASKED_BEFORE, TOLD_WITHIN = 60, 180, 180


def support(evening: Evening) -> ir.Table:
    """What tickets show, one row per customer_id that asked in the past 180 days.

    response_hours: the slower of the last two answers of the past 60 days; a question not yet answered counts until now;
    response_unanswered: 1 where a question of the past 60 days has waited for more than a day; response_hours_before: the mean of all of
    the past 180 days; tickets, of the past 60 days, and tickets_before: of the 120 before;
    tickets_open; critical_open: of them, those of critical priority; reopened: solved again after they were solved, of the past 180
    days; days_since_ticket; ticket_csat: the mean rating of the past 180 days.
    """
    asked = evening.entities["ticket"]
    told = asked.filter(asked.opened_at >= evening.since(ASKED_BEFORE))
    waited = (seconds(told.first_response_at.coalesce(evening.now)) - seconds(told.opened_at)) / 3600.0
    place = ibis.row_number().over(group_by="customer_id", order_by=[told.opened_at.desc(), told.ticket_id.desc()])
    recent = told.opened_at >= evening.since(ASKED_WITHIN)
    seen = told.mutate(hours=waited, place=place, recent=recent)
    open_ = seen.solved_at.isnull() & seen.first_solved_at.isnull()
    return seen.group_by("customer_id").agg(
        response_hours=seen.hours.max(where=seen.recent & (seen.place < 2)),
        response_unanswered=(seen.recent & seen.first_response_at.isnull() & (seen.hours > 24.0)).any().cast("float64"),
        response_hours_before=seen.hours.mean(),
        tickets=seen.recent.sum().cast("float64"),
        tickets_before=(~seen.recent).sum().cast("float64"),
        tickets_open=open_.sum().cast("float64"),
        critical_open=(open_ & (seen.priority == "critical").fill_null(False)).sum().cast("float64"),
        reopened=(seen.solved_at > seen.first_solved_at).fill_null(False).sum().cast("float64"),
        days_since_ticket=evening.days_since(seen.opened_at.max()),
        ticket_csat=seen.csat_score.cast("float64").mean(),
    )


def feedback(evening: Evening) -> ir.Table:
    """What answers to surveys of the past 180 days show.

    nps_last: the last NPS answer; nps_change: against the one before; csat_last, ces_last: the last answers of those kinds;
    days_since_survey.
    """
    answers = evening.entities["survey"]
    recent = answers.filter(answers.answered_at >= evening.since(TOLD_WITHIN))
    order = [recent.answered_at.desc(), recent.response_id.desc()]
    ranked = recent.mutate(
        place=ibis.row_number().over(group_by=["customer_id", "kind"], order_by=order), given=recent.score.cast("float64")
    )

    def of(kind: str, place: int) -> ir.FloatingScalar:
        return ranked.given.max(where=(ranked.kind == kind) & (ranked.place == place))

    wide = ranked.group_by("customer_id").agg(
        nps_last=of("nps", 0),
        nps_before=of("nps", 1),
        csat_last=of("csat", 0),
        ces_last=of("ces", 0),
        days_since_survey=evening.days_since(ranked.answered_at.max()),
    )
    return wide.mutate(nps_change=wide.nps_last - wide.nps_before).drop("nps_before")
