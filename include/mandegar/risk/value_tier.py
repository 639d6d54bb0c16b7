"""Value tiers: who is worth much to the company, by their place among all who can still leave."""

import ibis
import ibis.expr.types as ir
from pydantic import Field, model_validator

from mandegar.config.settings import Strict

TIERS = ("high", "mid", "low")


class ValueTiers(Strict):
    """Which share of the customers, the most valuable first, is `high`, and which of the rest `mid`; all others are `low`."""

    high: float = Field(0.2, gt=0, lt=1)
    mid: float = Field(0.3, gt=0, lt=1)

    @model_validator(mode="after")
    def _leaves_some(self) -> "ValueTiers":
        if self.high + self.mid >= 1:
            raise ValueError(f"`high` and `mid` come to {self.high + self.mid:g} of all. Write shares that come to less than 1.")
        return self


def value_tier(annual_value: ir.NumericColumn, tiers: ValueTiers) -> ir.StringValue:
    """high, mid or low, by a customer's place among all rows; equal values are in one tier."""
    place = ibis.percent_rank().over(order_by=[annual_value.asc()])
    high, mid = round(1 - tiers.high, 9), round(1 - tiers.high - tiers.mid, 9)
    return ibis.cases((place >= high, "high"), (place >= mid, "mid"), else_="low")
