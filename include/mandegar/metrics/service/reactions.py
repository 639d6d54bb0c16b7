"""How long a dissatisfied customer waits until a human gets in touch."""

import ibis
import ibis.expr.types as ir

from mandegar.metrics.frame.night import MeasuredNight
from mandegar.time.seconds import seconds

# where two people speak; an email or a message may as well come from a machine
HUMAN_CHANNELS = ("call", "phone", "chat", "video", "visit", "meeting")
# what a person of the company does, whatever the channel is called
HUMAN_KINDS = ("called", "phoned", "visited", "met", "talked", "replied")
# a try that reached nobody, or something that has not taken place
NOT_REACHED = ("no_answer", "missed", "busy", "voicemail", "failed", "bounced", "scheduled", "cancelled")


def human_contacts(night: MeasuredNight) -> ir.Table:
    """When a human of the company and a customer were in touch.

    Grain: one row per contact. Columns: customer_id, contact_at. A contact is an interaction in one of HUMAN_CHANNELS, by
    whoever began it, or an outgoing one of HUMAN_KINDS in any channel, unless it is NOT_REACHED; or the first public reply of
    an agent to a ticket. Mailings, opens and clicks, and a customer's visit to a website, are none.
    """
    touches, tickets = night.entities["interaction"], night.entities["ticket"]
    channel, kind = touches.channel.lower(), touches.kind.lower()
    spoken = channel.isin(HUMAN_CHANNELS) | (kind.isin(HUMAN_KINDS) & (touches.direction == "out").fill_null(False))
    met = touches.filter(spoken & kind.notin(NOT_REACHED)).select("customer_id", contact_at="occurred_at")
    answered = tickets.filter(tickets.first_response_at.notnull()).select("customer_id", contact_at="first_response_at")
    return ibis.union(met, answered)


def detractors_wait(night: MeasuredNight, answers: ir.Table) -> ir.Table:
    """How long after each answer the first human contact came.

    Grain: that of answers (response_id, customer_id, answered_at; one may stand in several periods). Further columns: wait,
    seconds from the answer to the first contact after it, int64, or to the end of the night where none has come yet; ended,
    false for the latter (censored).
    """
    contacts = human_contacts(night)
    asked = answers.select("response_id", "answered_at", who="customer_id").distinct()
    later = asked.join(contacts, [asked.who == contacts.customer_id, contacts.contact_at > asked.answered_at])
    first = later.group_by("response_id").agg(contact_at=later.contact_at.min())
    joined = answers.join(first, "response_id", how="left")
    wait = seconds(joined.contact_at.coalesce(night.now)) - seconds(joined.answered_at)
    return joined.select(*answers.columns, wait=wait.cast("int64"), ended=joined.contact_at.notnull())
