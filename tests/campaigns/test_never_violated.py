"""Random histories of retries, backfills, changed files and accounts that merge: nobody is contacted against their wish, too often, twice
for the same thing, or out of the control group. Every single contact is looked at, by other means than those that decide."""

import os
import random
from collections.abc import Callable
from datetime import date, timedelta

import pyarrow as pa
import pytest
import sqlalchemy as sa
from tests.campaigns.conftest import CANDIDATE

from mandegar.campaigns import ledger
from mandegar.campaigns.audience.people import person_keys
from mandegar.campaigns.eligibility.decide import decide
from mandegar.campaigns.eligibility.past import Past
from mandegar.campaigns.file.words import Campaign
from mandegar.compute.engine import Engine
from mandegar.config.company import Company
from mandegar.config.settings import ChannelCap, Contacting, GlobalControl
from mandegar.warehouse.connect import warehouse

pytestmark = pytest.mark.slow

CUSTOMERS = [f"c{number}" for number in range(14)]
FIRST = date(2025, 3, 1)
SEEDS = range(40) if os.environ.get("MANDEGAR_CHAOS") == "all" else range(3)
STEPS = 14


class History:
    """A company's campaigns, lived through at random. What is checked is kept apart from what decides."""

    def __init__(self, seed: int, company: Company, duckdb: Engine, engine: sa.Engine, a_campaign: Callable[..., Campaign]) -> None:
        self.chance = random.Random(seed)
        self.duckdb, self.engine, self.a_campaign = duckdb, engine, a_campaign
        settings = Contacting(channels={"sms": ChannelCap(contacts=1, days=9)}, global_control=GlobalControl(share=0.1, salt=str(seed)))
        self.company = company.model_copy(update={"contacting": settings})
        self.email = {one: f"{one}@example.com" for one in CUSTOMERS}
        self.phone = {one: f"+9891212345{number:02d}" for number, one in enumerate(CUSTOMERS)}
        self.refused: set[tuple[str, str]] = set()
        self.contacts: list[tuple[str, str, str, date, str]] = []  # campaign, customer, channel, night, dedupe key
        self.sides: dict[str, dict[str, tuple[date, bool]]] = {"one": {}, "two": {}}  # of each account, as it was first drawn
        self.checked = 0

    def campaign(self, name: str) -> Campaign:
        """The file of a campaign, changed at random between nights."""
        limits = {
            "contacts": self.chance.choice((1, 2, 3)),
            "days": self.chance.choice((5, 12)),
            "cool_down_days": self.chance.choice((0, 2, 6)),
        }
        share = self.chance.choice((0.0, 0.3, 0.6))
        return self.a_campaign(
            id=name, limits=limits, control={"share": share}, fallback_channel="sms", consent=self.chance.choice(("contract", "opt_in"))
        )

    def people(self) -> dict[str, str]:
        """Who is one person today, by the keys that they were first recorded with."""
        accounts = [(one, self.email[one], self.phone[one]) for one in CUSTOMERS]
        return person_keys(accounts, self.company.name, ledger.known_people(self.engine))

    def happens(self) -> None:
        """Somebody refuses a channel, or two accounts turn out to be one person."""
        if self.chance.random() < 0.4:
            self.refused.add((self.chance.choice(CUSTOMERS), self.chance.choice(("email", "sms", "all"))))
        if self.chance.random() < 0.3:
            one, other = self.chance.sample(CUSTOMERS, 2)
            self.email[one] = self.email[other]

    def night(self, night: date, name: str, ahead: list[str]) -> None:
        """One campaign decides for a night, live; every contact that comes of it is looked at."""
        campaign, people = self.campaign(name), self.people()
        refused = {(people[one], channel) for one, channel in self.refused}
        rows = []
        for one in self.chance.sample(CUSTOMERS, self.chance.randint(3, len(CUSTOMERS))):
            person = people[one]
            no = {channel: (person, channel) in refused for channel in ("email", "sms", "all")}
            about = f"s-{one} {FIRST + timedelta(days=self.chance.randint(0, 3))}"
            rows.append(
                dict.fromkeys(CANDIDATE.names)
                | {"customer_id": one, "person_key": person, "stage": "d30", "event_key": about, "event_on": date(2025, 12, 1), "days": 9}
                | {"value": self.chance.randint(1, 5), "already": False, "do_not_contact": no["all"], "reason_code": "term_ends"}
                | {"email": self.email[one], "phone": self.phone[one], "email_opt_in": not no["email"], "sms_opt_in": not no["sms"]}
            )
        contacts = ledger.earlier_contacts(self.engine, self.company, campaign, ahead, night, ledger.LIVE)
        drawn = ledger.earlier_draws(self.engine, campaign, night, ledger.LIVE)
        past = Past(self.duckdb.table(contacts), self.duckdb.table(drawn))
        persons = self.duckdb.table(pa.table({"customer_id": list(people), "person_key": list(people.values())}))
        candidates = self.duckdb.table(pa.Table.from_pylist(rows, CANDIDATE))
        found = decide(self.company, campaign, candidates, persons, past, night, night + timedelta(days=1), self.duckdb)
        members = self.duckdb.arrow(found.order_by("customer_id"))
        self.contacts = [one for one in self.contacts if (one[0], one[3]) != (name, night)]  # a run again takes the place of the first
        self.look_at(campaign, members.to_pylist(), people, refused, night)
        ledger.record(self.engine, campaign, members, "v", night, ledger.LIVE)

    def look_at(self, campaign: Campaign, members: list[dict], people: dict[str, str], refused: set[tuple[str, str]], night: date) -> None:
        sent = [one for one in members if one["decision"] == "send"]
        assert len({one["person_key"] for one in sent}) == len(sent), "one person twice on a night"
        for one in sent:
            self.checked += 1
            person, channel = one["person_key"], one["channel"]
            mine = [contact for contact in self.contacts if people[contact[1]] == person]
            assert (person, "all") not in refused, "wants no contact"
            assert (person, channel) not in refused, "refused the channel"
            lately = [contact for contact in mine if contact[3] > night - timedelta(days=campaign.limits.days)]
            assert len(lately) < campaign.limits.contacts, "too often"
            texts = [contact for contact in mine if contact[2] == "sms" and contact[3] > night - timedelta(days=9)]
            assert channel != "sms" or not texts, "more texts than the company allows"
            same = [contact for contact in mine if contact[0] == campaign.id]
            assert all(contact[3] <= night - timedelta(days=campaign.limits.cool_down_days) for contact in same), "too soon again"
            assert one["dedupe_key"] not in {contact[4] for contact in self.contacts}, "the same thing twice"
        for one in members:
            if one["deciding_rule"] not in ("eligible", "holdout"):
                continue
            held = one["deciding_rule"] == "holdout"
            drawn_before = [
                (side[0], account, side[1])
                for account, side in self.sides[campaign.id].items()
                if people[account] == one["person_key"] and side[0] != night
            ]
            if drawn_before:
                assert held == min(drawn_before)[2], "changed sides"
        for one in members:
            if one["deciding_rule"] in ("eligible", "holdout"):
                drawn = (night, one["deciding_rule"] == "holdout")
                known = self.sides[campaign.id].get(one["customer_id"])
                if known is None or known[0] == night or drawn < known:
                    self.sides[campaign.id][one["customer_id"]] = drawn
        self.contacts += [(campaign.id, one["customer_id"], one["channel"], night, one["dedupe_key"]) for one in sent]


@pytest.mark.parametrize("seed", SEEDS)
def test_no_cap_opt_out_or_control_group_is_ever_violated(
    seed: int, company: Company, duckdb: Engine, a_campaign: Callable[..., Campaign], tmp_path
) -> None:
    with warehouse(f"sqlite:///{tmp_path / 'w.db'}") as engine:
        history = History(seed, company, duckdb, engine, a_campaign)
        nights = [FIRST + timedelta(days=days) for days in range(STEPS)]
        backfilled = set(history.chance.sample(nights, 3))
        order = [night for night in nights if night not in backfilled] + sorted(backfilled)
        for night in order:
            history.happens()
            for name, ahead in (("one", []), ("two", ["one"])):
                if history.chance.random() < 0.8:
                    with duckdb.forgetting():
                        history.night(night, name, ahead)
        assert history.checked > 15
