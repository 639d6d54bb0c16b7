"""Refusals: what one account of a person refused, the person refused, on whatever way the refusal came."""

from datetime import UTC, datetime

import pyarrow as pa
import pytest

from mandegar.campaigns.audience.refusals import refusals
from mandegar.campaigns.ledger import REFUSED
from mandegar.config.entities import ENTITIES
from mandegar.quality.reading import entity_schema

AT = datetime(2025, 3, 1, tzinfo=UTC)
FREE = {"do_not_contact": False} | {f"refused_{channel}": False for channel in ("email", "sms", "call")}


@pytest.fixture
def refused(duckdb):
    """What the person behind c1 and c2 refused, and the one behind c3."""

    def run(customers: dict[str, dict] | None = None, touches: tuple[dict, ...] = (), here: tuple[dict, ...] = ()) -> dict[str, dict]:
        told = [{"customer_id": one, "name": one, "signed_up_at": AT, **(customers or {}).get(one, {})} for one in ("c1", "c2", "c3")]
        touched = [{"interaction_id": f"t{n}", "channel": "email", "occurred_at": AT, **touch} for n, touch in enumerate(touches)]
        tables = [
            duckdb.table(pa.Table.from_pylist(rows, entity_schema(ENTITIES[entity])))
            for entity, rows in (("customer", told), ("interaction", touched))
        ]
        persons = duckdb.table(pa.table({"customer_id": ["c1", "c2", "c3"], "person_key": ["one", "one", "three"]}))
        found = refusals(*tables, persons, duckdb.table(pa.Table.from_pylist(list(here), REFUSED)), duckdb)
        return {row.pop("person_key"): row for row in duckdb.arrow(found).to_pylist()}

    return run


@pytest.mark.parametrize(
    ("told", "as_told"),
    [
        ({"customers": {"c2": {"do_not_contact": True}}}, {"do_not_contact": True}),
        ({"customers": {"c2": {"email_opt_in": False}}}, {"refused_email": True}),
        ({"customers": {"c1": {"sms_opt_in": True}, "c2": {"sms_opt_in": False}}}, {"refused_sms": True}),
        ({"touches": ({"customer_id": "c2", "kind": "unsubscribed"},)}, {"bad_email": "unsubscribed"}),
        ({"touches": ({"customer_id": "c2", "kind": "Bounced", "channel": "پیامک"},)}, {"bad_sms": "bounced"}),
        ({"here": ({"person_key": "one", "channel": "sms", "kind": "unsubscribed"},)}, {"bad_sms": "unsubscribed"}),
        (
            {"here": ({"person_key": "one", "channel": "all", "kind": "unsubscribed"},)},
            dict.fromkeys(("bad_email", "bad_sms", "bad_call"), "unsubscribed"),
        ),
        (
            {
                "touches": ({"customer_id": "c1", "kind": "bounced"},),
                "here": ({"person_key": "one", "channel": "email", "kind": "complained"},),
            },
            {"bad_email": "complained"},
        ),
    ],
)
def test_what_one_account_refused_the_person_refused_and_nobody_else(refused, told, as_told):
    nothing = FREE | dict.fromkeys(("bad_email", "bad_sms", "bad_call"))
    assert refused(**told) == {"one": nothing | as_told, "three": nothing}


def test_the_first_word_said_by_several_accounts_is_the_gravest(refused):
    touches = tuple({"customer_id": one, "kind": kind} for one, kind in (("c1", "complained"), ("c2", "unsubscribed"), ("c3", "bounced")))
    found = refused(touches=touches)
    assert (found["one"]["bad_email"], found["three"]["bad_email"]) == ("unsubscribed", "bounced")
