"""Every moment that a trigger can name, and the function that finds it."""

from collections.abc import Callable

import ibis.expr.types as ir

from mandegar.campaigns.file.words import Trigger
from mandegar.campaigns.moments import complement, contract, customer, departure, loyalty, payment, service
from mandegar.campaigns.moments.window import Window, window_of
from mandegar.compute.engine import Engine
from mandegar.risk.evening import Evening

MOMENTS: dict[str, Callable[[Evening, Window, Engine], ir.Table]] = {
    "renewal": contract.renewals,
    "trial_end": contract.trial_ends,
    "card_expiry": payment.card_expiries,
    "payment_failure": payment.failures,
    "departure": departure.departures,
    "sign_up": customer.sign_ups,
    "anniversary": customer.anniversaries,
    "birthday": customer.birthdays,
    "purchase": customer.last_purchases,
    "ticket_solved": service.solved_tickets,
    "answer": service.answers,
    "complement": complement.complements,
    "points_expiry": loyalty.expiring_points,
}


def occasions(evening: Evening, trigger: Trigger, engine: Engine, present: ir.Table) -> ir.Table:
    """Whom a trigger is about on an evening, and because of what. Grain and columns as moments.window says.

    present: customer_id of those who can still leave.
    """
    if trigger.day is not None:
        return customer.day_of_year(evening, trigger.day, present)
    if trigger.every is not None:
        return customer.every_night(evening, present)
    return MOMENTS[trigger.moment](evening, window_of(evening, trigger), engine)
