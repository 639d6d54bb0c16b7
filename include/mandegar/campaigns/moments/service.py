"""Questions that were solved, and answers to surveys."""

import ibis.expr.types as ir

from mandegar.campaigns.moments.window import Window, one_each, told
from mandegar.compute.engine import Engine
from mandegar.risk.evening import Evening


def solved_tickets(evening: Evening, window: Window, engine: Engine) -> ir.Table:
    """The customers whose ticket was last solved in that time, the latest one. Grain and columns as moments.window says."""
    tickets = evening.entities["ticket"]
    solved = tickets.filter(window.holds(tickets.solved_at))
    last = one_each(solved, solved.solved_at.desc(), solved.ticket_id.desc())
    return told(last, last.solved_at, last.ticket_id, "ticket_solved")


def answers(evening: Evening, window: Window, engine: Engine) -> ir.Table:
    """The customers who answered a survey in that time, the latest answer. Grain and columns as moments.window says."""
    surveys = evening.entities["survey"]
    given = surveys.filter(window.holds(surveys.answered_at))
    last = one_each(given, given.answered_at.desc(), given.response_id.desc())
    return told(last, last.answered_at, last.response_id, last.kind + "_answer")
