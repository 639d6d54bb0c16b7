"""Those who were written to by the first channel and did not answer: after some days the other channel asks once more."""

from datetime import timedelta

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from mandegar.campaigns import goals, ledger
from mandegar.campaigns.audience.tonight import Tonight
from mandegar.campaigns.eligibility.past import known_keys
from mandegar.campaigns.file.words import AGAIN, Campaign

ANSWERS = ("opened", "clicked", "replied")


def with_follow_ups(tonight: Tonight, campaign: Campaign, rows: ir.Table, mode: str) -> ir.Table:
    """The candidates, with those among them who are followed up: their stage ends in AGAIN, and only_channel is the other channel.

    Grain and columns: those of rows (audience.candidates), and only_channel, empty for all others. Followed up is who got this very thing
    by the first channel `fall_back_after_days` ago or earlier, has neither opened, clicked nor replied since, and has not come to the goal.
    """
    alone = rows.mutate(only_channel=ibis.null("string"))
    if campaign.fall_back_after_days is None:
        return alone
    engine, night = tonight.engine, tonight.as_of
    last = night - timedelta(days=campaign.fall_back_after_days)
    silent = _silent(tonight, campaign, ledger.contacts_by(tonight.warehouse, campaign, campaign.channel, last, mode))
    if not len(silent):
        return alone
    sent = engine.table(silent)
    joined = rows.join(sent, rows.customer_id == sent.who).select(*rows.columns, "known_as", "sent_key")
    keyed = joined.mutate(same=joined.sent_key.isin(known_keys(campaign, joined.known_as, joined, engine)))
    again = engine.keep(keyed.filter(keyed.same).select("customer_id", followed=ibis.literal(True)).distinct())
    marked = alone.join(again, "customer_id", how="left").select(*alone.columns, "followed")
    follow = marked.followed.fill_null(False)
    stage = follow.ifelse(marked.stage + AGAIN, marked.stage)
    only = follow.ifelse(ibis.literal(str(campaign.fallback_channel)), ibis.null("string"))
    return engine.keep(marked.mutate(stage=stage, only_channel=only).drop("followed"))


def _silent(tonight: Tonight, campaign: Campaign, sent: pa.Table) -> pa.Table:
    """Of contacts (customer_id, person_key, dedupe_key, as_of) those that nothing came of. Columns: who, known_as, sent_key."""
    engine = tonight.engine
    touches = tonight.evening.entities["interaction"]
    seen = touches.filter(touches.kind.lower().isin(ANSWERS) & (touches.campaign_id == campaign.id))
    latest = seen.group_by("customer_id").agg(at=seen.occurred_at.max())
    answered = {row["customer_id"]: row["at"].astimezone(tonight.company.zone).date() for row in engine.arrow(latest).to_pylist()}
    answered_here = ledger.answered_here(tonight.warehouse, campaign)
    contacts = sent.to_pylist()
    done = goals.reached(tonight, campaign.goal, {row["customer_id"]: row["as_of"] for row in contacts})
    rows = [
        {"who": row["customer_id"], "known_as": row["person_key"], "sent_key": row["dedupe_key"]}
        for row in contacts
        if row["customer_id"] not in done
        and not (row["customer_id"] in answered and answered[row["customer_id"]] > row["as_of"])
        and row["dedupe_key"] not in answered_here
    ]
    return pa.Table.from_pylist(rows, pa.schema([(name, pa.string()) for name in ("who", "known_as", "sent_key")]))
