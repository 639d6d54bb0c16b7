"""Rows in a currency that no rate converts wait in quarantine until one does, as they do where there is no fx_rate source at all.

So a single amount in a currency of which nobody knows the rate, or one that at its rate has more digits than an amount may
have, costs its own row and not the night.
"""

import math
from datetime import date

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from mandegar.compute import money
from mandegar.compute.engine import Engine
from mandegar.config.company import Company
from mandegar.config.entities import Entity
from mandegar.errors import BrokenTable
from mandegar.language.catalogue import Said, said
from mandegar.quality.suites import suites

RULE = "rate_known"
UNKNOWN = Said("has no rate in fx_rate; the row waits until there is one")
BEYOND = said("has a rate at which the amount has more than {} digits; correct the amount or the rate", str(money.READ_DIGITS))
MAGNITUDES = pa.schema([("currency", pa.string()), ("most", pa.float64())])
Rates = dict[str, int]  # by currency, the order of magnitude of its highest rate: a power of ten that no rate of it is above


def known(company: Company, engine: Engine, rates: ir.Table) -> Rates:
    """The currencies that can be converted, the company's own among them. rates: fx_rate as the night knows it."""
    highest = engine.arrow(rates.filter(rates.rate > 0).group_by("currency").agg(rate=rates.rate.max())).to_pylist()
    found = {row["currency"]: math.ceil(math.log10(row["rate"])) for row in highest}
    return dict(sorted((found | {company.currency: 0}).items()))


def matter(company: Company, entity: Entity) -> bool:
    """Whether rows of an entity have to be converted by fx_rate; without that source validation has refused other currencies."""
    return "currency" in entity.names and entity.name != "fx_rate" and company.has("fx_rate")


def marked(engine: Engine, rows: ir.Table, entity: Entity, rates: Rates) -> ir.Table:
    """The rows with `unrated` (their currency has no rate) and `beyond` (at its rate they have too many digits)."""
    most = [{"currency": currency, "most": money.READ_LIMIT / 10.0**magnitude} for currency, magnitude in rates.items()]
    given = engine.table(pa.Table.from_pylist(most, MAGNITUDES)).rename(of="currency")
    placed = rows.left_join(given, rows.currency == given.of)
    beyond = ibis.literal(False)
    for amount in _amounts(placed, entity):
        beyond = beyond | (amount.abs() >= placed.most).fill_null(False)
    return placed.mutate(unrated=placed.most.isnull(), beyond=beyond).drop("of", "most")


def _amounts(rows: ir.Table, entity: Entity) -> list[ir.FloatingValue]:
    """What is converted, as doubles: nobody asks whether the digits before the point are eighteen or a bit more."""
    if entity.name == "subscription":
        in_a_month = ibis.cases((rows.interval_unit == "day", 31.0), (rows.interval_unit == "week", 5.0), else_=1.0)
        return [rows.quantity.cast("float64") * rows.unit_price.cast("float64") * in_a_month]
    names = [column.name for column in entity.columns if column.type == "decimal" and column.name.endswith("amount")]
    return [rows[name].cast("float64") for name in names]


def enough(company: Company, entity: Entity, rows: int, waiting: int, as_of: date) -> None:
    """What churn is measured on is not nearly all in currencies without a rate. Errors: BrokenTable."""
    core = "subscription" if company.churn.kind == "contract" else "invoice"
    if entity.name == core and waiting > (rows + waiting) * suites.load(company).of_entity(core).refused_at_most:
        raise BrokenTable(
            f"fx_rate: {waiting:,} of {rows + waiting:,} rows of {core} are in currencies without a rate on {as_of}, and everything "
            f"is measured on them. Add rates of their currencies to fx_rate, or mend its source."
        )
