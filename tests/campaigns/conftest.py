"""What the tests of campaigns share: a campaign, a candidate, and what was decided about one, in a few words."""

import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

from mandegar.campaigns import ledger
from mandegar.campaigns.audience.people import e164, match_email
from mandegar.campaigns.eligibility.decide import decide
from mandegar.campaigns.eligibility.past import Past
from mandegar.campaigns.file.words import Campaign
from mandegar.compute.engine import Engine
from mandegar.config.company import Company
from mandegar.config.settings import Churn

NIGHT = date(2025, 3, 31)
TOMORROW = date(2025, 4, 1)
AT = pa.timestamp("us", "UTC")
CANDIDATE = pa.schema(
    [
        *((name, pa.string()) for name in ("customer_id", "person_key", "stage", "event_key", "currency", "reason_code", "name", "kind")),
        ("event_on", pa.date32()),
        ("days", pa.int64()),
        *((name, pa.decimal128(24, 4)) for name in ("value", "amount")),
        *(
            (name, pa.string())
            for name in ("email", "phone", "language", "time_zone", "segment", "preferred_channel", "owner", "only_channel")
        ),
        ("preferred_hour", pa.int64()),
        *((name, pa.bool_()) for name in ("already", "email_opt_in", "sms_opt_in", "call_opt_in", "do_not_contact")),
        *((name, AT) for name in ("consent_at", "deleted_at")),
        *((name, pa.float64()) for name in ("health_score", "churn_probability")),
        *((name, pa.string()) for name in ("risk_band", "bad_email", "bad_sms", "bad_call", "critical_ticket")),
    ]
)


@pytest.fixture
def company() -> Company:
    return Company(
        name="Acme",
        time_zone="Asia/Tehran",
        currency="USD",
        churn=Churn(kind="contract"),
        unsubscribe_url="https://acme.example/u/{key}",
    )


@pytest.fixture
def a_campaign() -> Callable[..., Campaign]:
    """A renewal campaign by mail, without control group, that lets almost everything through."""

    def make(**other: Any) -> Campaign:
        usual = {
            "id": "renewal",
            "title": {"en": "Renewal", "fa": "تمدید"},
            "owner": "retention",
            "trigger": {"before": "renewal", "days": {"d30": [8, 30], "d7": [0, 7]}},
            "consent": "contract",
            "channel": "email",
            "limits": {"contacts": 3, "days": 30, "cool_down_days": 5},
            "control": {"share": 0},
        }
        return Campaign.model_validate(usual | other)

    return make


@pytest.fixture
def a_candidate() -> Callable[..., dict]:
    """Sara, whose term of 120 USD ends on 20 April 2025, 20 days after the night."""

    def make(customer_id: str = "c1", **other: Any) -> dict:
        usual = dict.fromkeys(CANDIDATE.names) | {
            "customer_id": customer_id,
            "stage": "d30",
            "event_key": f"s-{customer_id} 2025-04-20",
            "event_on": date(2025, 4, 20),
            "days": 20,
            "value": Decimal(120),
            "amount": Decimal(120),
            "currency": "USD",
            "reason_code": "term_ends",
            "already": False,
            "do_not_contact": False,
            "name": "Sara Karimi",
            "kind": "person",
            "email": f"{customer_id}@example.com",
        }
        assert not other.keys() - usual.keys()
        return usual | other

    return make


Decided = Callable[..., list[SimpleNamespace]]


@pytest.fixture
def members_of(company: Company, duckdb: Engine) -> Callable[..., pa.Table]:
    """What a campaign decides on the night of 31 March 2025, as a table; each customer is a person called p-<customer_id> unless told.

    contacts: rows as of eligibility.past.Past.contacts, of this campaign also with a dedupe_key; draws: as of Past.drawn.
    """

    def run(
        campaign: Campaign,
        *found: dict,
        contacts: tuple[dict, ...] = (),
        people: dict[str, str] | None = None,
        draws: tuple[dict, ...] = (),
        of: Company = company,
        send_on: date = TOMORROW,
    ) -> pa.Table:
        keys = {one["customer_id"]: f"p-{one['customer_id']}" for one in found} | (people or {})
        spelt = [
            one | {"person_key": keys[one["customer_id"]], "email": match_email(one["email"]), "phone": e164(one["phone"], "IR")}
            for one in found
        ]
        own = [{"held_out": False, **contact} for contact in contacts if contact["campaign_id"] == campaign.id and "dedupe_key" in contact]
        found_contacts = pa.Table.from_pylist(list(contacts), ledger.CONTACTS)
        found_draws = pa.Table.from_pylist([*draws, *own], ledger.DRAWN)
        with duckdb.forgetting():
            past = Past(duckdb.table(found_contacts), duckdb.table(found_draws))
            persons = duckdb.table(pa.table({"customer_id": list(keys), "person_key": list(keys.values())}))
            table = duckdb.table(pa.Table.from_pylist(spelt, CANDIDATE))
            decided = decide(of, campaign, table, persons, past, NIGHT, send_on, duckdb)
            return duckdb.arrow(decided.order_by("customer_id"))

    return run


@pytest.fixture
def decided(members_of: Callable[..., pa.Table]) -> Decided:
    """The same, one object for each candidate in the order in which they were given, with the rules' answers as a dictionary."""

    def run(campaign: Campaign, *found: dict, **other: Any) -> list[SimpleNamespace]:
        members = members_of(campaign, *found, **other)
        rules = [json.loads(told) for told in ledger._log(members)["rules"].to_pylist()]
        by_id = {row["customer_id"]: SimpleNamespace(**row | {"rules": told}) for row, told in zip(members.to_pylist(), rules, strict=True)}
        return [by_id[one["customer_id"]] for one in found]

    return run
