"""Referrals: who came by somebody's code, which messages give as `referral_code`."""

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from mandegar.campaigns.audience.tonight import Tonight
from mandegar.campaigns.messages.facts import referral_code

CODES = pa.schema([("code", pa.string()), ("referrer_key", pa.string())])
NOBODY = pa.schema(
    [*((name, pa.string()) for name in ("code", "referrer_key", "person_key", "customer_id")), ("at", pa.timestamp("us", "UTC"))]
)


def referrals(tonight: Tonight) -> ir.Table:
    """Everyone who came by a code, by the end of a night.

    Grain: one row per person_key of who came and code. Columns: customer_id, the first of their accounts; referrer_key, whose code it is;
    at, when they signed up. The code stands under attributes.<contacting.referral_attribute> of the new customer, in
    whatever case, with or without spaces around it. Nobody refers themselves, by another account of their own.
    """
    engine, name = tonight.engine, tonight.company.contacting.referral_attribute
    customers = tonight.evening.entities["customer"]
    stated = customers.select("customer_id", at="signed_up_at", code=engine.json_text(customers.attributes, name).strip().upper())
    came = engine.keep(stated.filter(stated.code.length() > 0))
    if not engine.count(came):
        return engine.table(NOBODY.empty_table())
    keys = engine.arrow(tonight.persons.select("person_key").distinct().order_by("person_key"))["person_key"].to_pylist()
    codes = engine.table(pa.Table.from_pylist([{"code": referral_code(key), "referrer_key": key} for key in keys], CODES))
    met = came.join(codes, "code").join(tonight.persons.select("customer_id", "person_key"), "customer_id")
    others = met.filter(met.person_key != met.referrer_key)
    return others.group_by("code", "referrer_key", "person_key").agg(customer_id=others.customer_id.min(), at=others["at"].min())


def made(tonight: Tonight) -> ir.Table:
    """The same from the other side: every referral, at each account of who made it. Columns: customer_id, at."""
    found = referrals(tonight).select("referrer_key", "at")
    own = tonight.persons.select("customer_id", referrer_key="person_key")
    return found.join(own, "referrer_key").select("customer_id", "at")


def counted(tonight: Tonight) -> list[dict]:
    """Referrals by who made them: referrer (the first of their accounts), code, people who came, last_at; who brought most first."""
    found = referrals(tonight)
    sums = found.group_by("referrer_key", "code").agg(people=found.count(), last_at=found["at"].max())
    own = tonight.persons.group_by("person_key").agg(referrer=tonight.persons.customer_id.min())
    named = sums.join(own, sums.referrer_key == own.person_key).select("referrer", "code", "people", "last_at")
    return tonight.engine.arrow(named.order_by(ibis.desc("people"), "referrer")).to_pylist()
