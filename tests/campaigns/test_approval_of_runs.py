"""Approval: nothing leaves before somebody agrees, two people above a cost; who was not written to was not contacted."""

from collections.abc import Callable
from datetime import date, datetime

import pytest
import sqlalchemy as sa
from tests.campaigns.delivery.conftest import a_message, engine, states  # noqa: F401  # fixtures

from mandegar.campaigns import approval
from mandegar.campaigns.delivery import outbox
from mandegar.campaigns.delivery.outbox import Outgoing
from mandegar.campaigns.file.words import Campaign
from mandegar.errors import CampaignError
from mandegar.warehouse.tables import campaign_approval, campaign_run, contact_event

NIGHT, AT = date(2025, 3, 31), datetime(2025, 4, 1, 6)
FOUR_EYES = {"approval": {"four_eyes_above": 100}}


@pytest.fixture
def a_run(engine: sa.Engine, a_message: Callable[..., Outgoing]) -> Callable[..., None]:  # noqa: F811
    """A run of two mails that waits in the outbox."""

    def make(mode: str = "live", cost: float = 0.0, list_version: str = "v1") -> None:
        run = {"campaign_id": "renewal", "as_of": NIGHT, "mode": mode, "list_version": list_version, "considered": 2, "send": 2}
        messages = [a_message(1), a_message(2)]
        contact = {"mode": mode, "as_of": NIGHT, "campaign_id": "renewal", "channel": "email", "kind": "listed"}
        with engine.begin() as connection:
            connection.execute(campaign_run.insert().values(run | {"holdout": 0, "suppressed": 0, "control_salt": "", "cost": cost}))
            outbox.put(connection, messages, "renewal", NIGHT)
            for one in messages:
                about = {"dedupe_key": one.dedupe_key, "customer_id": one.customer_id, "person_key": one.person_key}
                connection.execute(contact_event.insert().values(contact | about))

    return make


def contacted(engine: sa.Engine) -> list[str]:  # noqa: F811
    with engine.begin() as connection:
        return sorted(connection.execute(sa.select(contact_event.c.customer_id)).scalars())


def test_what_is_approved_may_go_and_who_agreed_is_kept(engine, a_run, a_campaign, states):  # noqa: F811
    a_run()
    assert states() == {"c1": "held", "c2": "held"}
    assert approval.answer(engine, a_campaign(), NIGHT, "approved", "ana", AT) == "approved"
    assert (states(), contacted(engine)) == ({"c1": "queued", "c2": "queued"}, ["c1", "c2"])
    with engine.begin() as connection:
        assert connection.execute(sa.select(campaign_approval)).all() == [("renewal", NIGHT, "v1", 1, "approved", "ana", AT)]


@pytest.mark.parametrize(("answer", "who"), [("rejected", "ana"), ("expired", None)])
def test_what_is_rejected_or_not_answered_is_taken_back_and_nobody_was_contacted(engine, a_run, a_campaign, states, answer, who):  # noqa: F811
    a_run()
    assert approval.answer(engine, a_campaign(), NIGHT, answer, who, AT) == answer
    assert (states(), contacted(engine)) == ({"c1": "withdrawn", "c2": "withdrawn"}, [])
    with pytest.raises(CampaignError, match="nothing waits for an answer"):
        approval.answer(engine, a_campaign(), NIGHT, "approved", "ben", AT)


def test_above_a_cost_two_people_have_to_agree(engine, a_run, a_campaign: Callable[..., Campaign], states):  # noqa: F811
    a_run(cost=100.0)
    campaign = a_campaign(**FOUR_EYES)
    assert approval.answer(engine, campaign, NIGHT, "approved", "ana", AT) == "waiting"
    assert set(states().values()) == {"held"}
    with pytest.raises(CampaignError, match="ana has agreed already"):
        approval.answer(engine, campaign, NIGHT, "approved", "ana", AT)
    assert approval.answer(engine, campaign, NIGHT, "approved", "ben", AT) == "approved"
    assert set(states().values()) == {"queued"}


def test_the_second_may_still_say_no(engine, a_run, a_campaign, states):  # noqa: F811
    a_run(cost=100.0)
    approval.answer(engine, a_campaign(**FOUR_EYES), NIGHT, "approved", "ana", AT)
    assert approval.answer(engine, a_campaign(**FOUR_EYES), NIGHT, "rejected", "ben", AT) == "rejected"
    assert set(states().values()) == {"withdrawn"}


@pytest.mark.parametrize(("above", "cost", "people"), [(0, 99.99, 1), (1, 0.0, 1), (2, 0.0, 0), (2, 100.0, 2)])
def test_how_many_have_to_agree(a_campaign, above, cost, people):
    """Of two mails: nobody up to two contacts, yet two people where it costs a hundred."""
    assert approval.people_needed(a_campaign(approval={"above": above, "four_eyes_above": 100}), 2, cost) == people


def test_so_few_that_nobody_is_asked_go_by_themselves(engine, a_run, a_campaign, states):  # noqa: F811
    a_run()
    assert not approval.let_go_unasked(engine, a_campaign(), NIGHT)
    assert approval.let_go_unasked(engine, a_campaign(approval={"above": 2}), NIGHT)
    assert set(states().values()) == {"queued"}


def test_a_dry_run_waits_for_nobody(engine, a_run, a_campaign):  # noqa: F811
    a_run(mode="dry_run")
    assert approval.waiting(engine, a_campaign(), NIGHT) is None


def test_a_list_that_has_changed_since_is_asked_for_anew(engine, a_run, a_campaign):  # noqa: F811
    """Approved as v1; the night was run again before anything was done, and gives v2."""
    a_run()
    approval.answer(engine, a_campaign(), NIGHT, "rejected", "ana", AT)
    with engine.begin() as connection:
        connection.execute(campaign_run.update().values(list_version="v2"))
    assert approval.waiting(engine, a_campaign(), NIGHT).list_version == "v2"
