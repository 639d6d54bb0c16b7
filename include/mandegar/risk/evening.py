"""One evening as risk sees it: the day that is over, and the entities as they stood then."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import ibis
import ibis.expr.types as ir

from mandegar.compute.engine import Engine
from mandegar.config.company import Company
from mandegar.config.entities import ENTITIES
from mandegar.conform import history
from mandegar.conform.conform import conformed, ensure_readable
from mandegar.conform.state import born_before, masked
from mandegar.storage.lake import Lake
from mandegar.time import calendar
from mandegar.time.calendar import midnight
from mandegar.time.seconds import seconds

DAY = 86_400.0  # seconds


@dataclass(frozen=True)
class Evening:
    """The end of a business day, and the entities as they stood then.

    customer_history: what nights up to the one that looked knew of the customers (conform.history), if they ever knew anything else.
    told_here: behaviours, and kinds of interactions, that the house knows of by itself, whatever sources tell (campaigns.audience.touches).
    """

    company: Company
    as_of: date
    closes: datetime
    entities: dict[str, ir.Table]
    customer_history: ir.Table | None = None
    told_here: frozenset[str] = frozenset()

    @property
    def now(self) -> ir.TimestampScalar:
        """The instant the day ended."""
        return ibis.literal(self.closes)

    def since(self, days: int) -> ir.TimestampScalar:
        """The midnight so many days before the day's end, as the company's clock shows it."""
        return ibis.literal(midnight(self.as_of + timedelta(days=1 - days), self.company.zone))

    def days_since(self, at: ir.TimestampValue) -> ir.FloatingValue:
        """How many days before the last one something happened: 0 on the last day itself."""
        return (((seconds(self.now) - seconds(at)) / DAY).ceil() - 1).cast("float64")

    def at(self, day: date) -> "Evening":
        """An earlier evening, by what this one knows: rows born later are not there, what was learnt later is empty."""
        closes = calendar.day_end(day, self.company.zone)
        earlier = {
            name: masked(born_before(rows, ENTITIES[name], day, closes), ENTITIES[name], closes) for name, rows in self.entities.items()
        }
        return Evening(self.company, day, closes, earlier, self.customer_history, self.told_here)


def evening_of(company: Company, lake: Lake, engine: Engine, as_of: date) -> Evening:
    """The evening of a night that was conformed, with every entity. Errors: BrokenTable when it was not."""
    ensure_readable(lake, as_of)
    entities = {name: conformed(lake, engine, name, as_of) for name in ENTITIES}
    known = history.spells(company, lake, engine, entities["customer"], as_of)
    return Evening(company, as_of, calendar.day_end(as_of, company.zone), entities, known)
