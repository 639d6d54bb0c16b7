"""What the tests of campaigns share: a campaign, a candidate and a member of a few words."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from mandegar.campaigns.audience import Candidate
from mandegar.campaigns.eligibility import Contact, Draw, Member, decide
from mandegar.campaigns.spec import Campaign
from mandegar.config.company import Company
from mandegar.config.settings import Churn

NIGHT = date(2025, 3, 31)


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
            "kind": "renewal",
            "stages": {"d30": [8, 30], "d7": [0, 7]},
            "consent": "contract",
            "channel": "email",
            "limits": {"contacts": 3, "days": 30, "cool_down_days": 5},
            "control": {"share": 0},
        }
        return Campaign.model_validate(usual | other)

    return make


@pytest.fixture
def a_candidate() -> Callable[..., Candidate]:
    """Sara, whose term of 120 USD ends on 20 April 2025, 20 days after the night."""

    def make(customer_id: str = "c1", **other: Any) -> Candidate:
        usual = dict.fromkeys(Candidate.__dataclass_fields__)
        usual |= {
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
            "name": "Sara Karimi",
            "kind": "person",
            "email": f"{customer_id}@example.com",
        }
        return Candidate(**usual | other)

    return make


Decided = Callable[..., list[Member]]


@pytest.fixture
def decided(company: Company) -> Decided:
    """What a campaign decides on the night of 31 March 2025; each customer is a person called p-<customer_id> unless told."""

    def run(
        campaign: Campaign,
        *found: Candidate,
        contacts: tuple[Contact, ...] = (),
        people: dict[str, str] | None = None,
        draws: tuple[Draw, ...] = (),
    ) -> list[Member]:
        own = {one.customer_id: f"p-{one.customer_id}" for one in found} | (people or {})
        return decide(company, campaign, list(found), own, list(contacts), NIGHT, draws)

    return run
