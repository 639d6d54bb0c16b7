"""This moment, between two nights, as campaigns see it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property

import ibis.expr.types as ir
import pyarrow as pa

from mandegar.campaigns.audience.tonight import Tonight
from mandegar.campaigns.between.fresh import with_fresh
from mandegar.risk.evening import Evening
from mandegar.risk.features import payments, service
from mandegar.risk.features.kept import kept_features

# What is known of a customer by these entities alone, known anew when they have moved.
SIGNALS: dict[str, tuple[Callable[[Evening], ir.Table], ...]] = {
    "survey": (service.feedback,),
    "ticket": (service.support,),
    "payment": (payments.payments,),
    "invoice": (payments.bills,),
}


@dataclass
class Moment(Tonight):
    """This moment, as campaigns see it: what the last night knew and judged, and what was said since.

    as_of: the day that still runs. last: the night. fresh: of some entities what was said since (between.fresh).
    """

    last: date
    now: datetime
    fresh: dict[str, pa.Table] = field(default_factory=dict)

    @cached_property
    def night(self) -> Evening:
        """The evening of the last night."""
        return Tonight(self.company, self.lake, self.engine, self.warehouse, self.last).evening

    @cached_property
    def evening(self) -> Evening:
        """This moment."""
        return with_fresh(self.night, self.engine, self.fresh, self.now, self.as_of)

    @cached_property
    def risk(self) -> ir.Table:
        """The last night's customer_risk."""
        return self.engine.read(self.lake, "marts", "customer_risk", [self.last])

    @cached_property
    def features(self) -> ir.Table:
        """What the last night knew of everyone, and of what has moved what is known by now."""
        known = kept_features(self.night, self.lake, self.engine)
        for part in (signals(self.evening) for name in self.fresh for signals in SIGNALS[name]):
            told = [name for name in part.columns if name in known.columns and name != "customer_id"]
            joined = known.join(part.select("customer_id", *told), "customer_id", how="left", rname="{name}_now")
            named = {name: joined[f"{name}_now" if name in told else name] for name in known.columns}
            known = self.engine.keep(joined.select(**named))
        return known
