"""What all campaigns of a night look at, computed once: the evening, the people, and what is known of each customer."""

from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

import ibis
import ibis.expr.types as ir
import sqlalchemy as sa

from mandegar.campaigns import ledger
from mandegar.campaigns.audience import refusals
from mandegar.campaigns.audience.persons import persons
from mandegar.campaigns.audience.touches import TOLD, own_touches, with_own
from mandegar.campaigns.file.words import CHANNELS
from mandegar.compute.engine import Engine
from mandegar.compute.money import MONEY
from mandegar.config.company import Company
from mandegar.conform.conform import ensure_readable
from mandegar.metrics.run.measure import as_measured
from mandegar.risk import segment_file
from mandegar.risk.evening import Evening, evening_of
from mandegar.risk.features.kept import kept_features
from mandegar.risk.segment_fields import wide_table
from mandegar.rules.check import Named
from mandegar.storage.lake import Lake

CUSTOMER = (
    "name",
    "kind",
    "language",
    "time_zone",
    "segment",
    "preferred_channel",
    "preferred_hour",
    "consent_at",
    "deleted_at",
    "owner",
)
RISK = ("health_score", "risk_band", "churn_probability")


@dataclass
class Tonight:
    """A night that was scored, as its campaigns see it. Grain of every table: one row per customer_id."""

    company: Company
    lake: Lake
    engine: Engine
    warehouse: sa.Engine
    as_of: date

    @cached_property
    def evening(self) -> Evening:
        """The evening, with amounts in the currencies they were billed in, and what readers did with the house's own messages."""
        found = evening_of(as_measured(self.company, self.lake, self.as_of), self.lake, self.engine, self.as_of)
        own = own_touches(self.warehouse, found.closes)
        if not len(own):
            return found
        touches = with_own(found.entities["interaction"], own, self.engine)
        return replace(found, entities=found.entities | {"interaction": touches}, told_here=frozenset(TOLD))

    def look(self) -> None:
        """Computes now what every campaign looks at, so that it outlives the first of them."""
        _ = self.described, self.wide

    @cached_property
    def persons(self) -> ir.Table:
        """customer_id, person_key, email, phone of every customer."""
        customers = self.evening.entities["customer"].select("customer_id", "email", "phone").order_by("customer_id")
        found = persons(self.engine.arrow(customers), self.company.default_country, self.company.name, ledger.known_people(self.warehouse))
        return self.engine.table(found)

    @cached_property
    def risk(self) -> ir.Table:
        """The night's customer_risk: everyone who can still leave."""
        return self.engine.read(self.lake, "marts", "customer_risk", [self.as_of])

    @cached_property
    def features(self) -> ir.Table:
        """What was known of everyone who can still leave."""
        return kept_features(self.evening, self.lake, self.engine)

    @cached_property
    def wide(self) -> ir.Table:
        """All that a rule's field can be."""
        return wide_table(self.evening, self.features, self.risk)

    @cached_property
    def named(self) -> Named:
        """The rules of the company's segments."""
        return segment_file.load(self.company).rules

    @cached_property
    def described(self) -> ir.Table:
        """Every customer with the person behind, what that person refused, health, worth, and open critical tickets."""
        entities = self.evening.entities
        customers = entities["customer"]
        told_here = self.engine.table(ledger.refusals_here(self.warehouse, self.as_of))
        refused = refusals.refusals(customers, entities["interaction"], self.persons, told_here, self.engine)
        opted = customers.select("customer_id", *CUSTOMER, *(f"{channel}_opt_in" for channel in CHANNELS))
        asked = entities["ticket"]
        critical = asked.filter((asked.priority == "critical") & asked.solved_at.isnull())
        tickets = critical.group_by("customer_id").agg(critical_ticket=critical.ticket_id.min())
        worth = self.features.select("customer_id", worth=self.features.annual_value.cast(MONEY))
        wide = opted.join(self.persons, "customer_id").join(refused, "person_key")
        for part in (self.risk.select("customer_id", *RISK), tickets, worth):
            joined = wide.join(part, "customer_id", how="left")
            wide = joined.select(*wide.columns, *(name for name in part.columns if name != "customer_id"))
        person_says = {
            f"{channel}_opt_in": wide[f"refused_{channel}"].ifelse(ibis.literal(False), wide[f"{channel}_opt_in"]) for channel in CHANNELS
        }
        return self.engine.keep(wide.mutate(**person_says).drop(*(f"refused_{channel}" for channel in CHANNELS)))


def tonight(company: Company, lake: Lake, engine: Engine, warehouse: sa.Engine, as_of: date) -> Tonight:
    """A night's campaigns. Errors: BrokenTable when the night has not been computed, or so long ago that its entities are gone."""
    ensure_readable(lake, as_of)
    return Tonight(company, lake, engine, warehouse, as_of)
