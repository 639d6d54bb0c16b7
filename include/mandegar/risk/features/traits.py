"""What customers are like, as it was known on that evening, and how their neighbours fare."""

import json
import re

import ibis
import ibis.expr.types as ir

from mandegar.compute.engine import Engine
from mandegar.conform.history import REMEMBERED
from mandegar.risk.evening import Evening

NEIGHBOURS_WITHIN, FEWEST_NEIGHBOURS = 90, 20
OF_A_KIND = ("owner", "acquisition_channel")
TRAITS = ("kind", "country", "region", "language", "segment", "industry", "acquisition_channel", "owner", "strategic_role")
MOST_KEYS = 200
SAMPLED = 20_000  # customers whose attributes are looked at for their keys
PREFIX = "attribute_"


def traits(evening: Evening, engine: Engine) -> ir.Table:
    """What is known of each customer itself, one row per customer_id.

    Columns: those of TRAITS and `attribute_<key>` for each key of its attributes, as text, without the traits that company.yaml
    protects (protected_traits): nothing learns from these.
    """
    known = customers_known(evening)
    protected = set(evening.company.protected_traits)
    own = {name: known[name] for name in TRAITS if name not in protected}
    keys = attribute_keys(known, engine, protected)
    return known.select("customer_id", **own, **{column: engine.json_text(known.attributes, key) for column, key in keys.items()})


def customers_known(evening: Evening) -> ir.Table:
    """The customers as they were known when the day ended: what sources overwrote since is taken from the lake's memory."""
    now = evening.entities["customer"]
    if evening.customer_history is None:
        return now.select(*REMEMBERED)
    then = evening.customer_history
    before = then.filter((then.from_at < evening.now) & (then.until_at >= evening.now)).select(*REMEMBERED)
    return before.semi_join(now, "customer_id")


def attribute_keys(customers: ir.Table, engine: Engine, protected: set[str]) -> dict[str, str]:
    """The keys of customers' attributes by the column that holds them; of many keys the first by the alphabet."""
    filled = customers.filter(customers.attributes.notnull()).order_by("customer_id").limit(SAMPLED).select("attributes")
    found: set[str] = set()
    for batch in engine.batches(filled):
        for text in batch.column("attributes").to_pylist():
            found |= set(json.loads(text))
    columns: dict[str, str] = {}
    for key in sorted(found - protected - {name.removeprefix("attributes.") for name in protected})[:MOST_KEYS]:
        name = PREFIX + re.sub(r"\W+", "_", key.strip().lower())
        while name in columns:
            name += "_"
        columns[name] = key
    return columns


def neighbours(evening: Evening, there: ir.Table, gone: ir.Table) -> ir.Table:
    """How many of each customer's neighbours left in the past 90 days, in percent, one row per customer who can still leave.

    owner_churn_percent, channel_churn_percent, cohort_churn_percent: of those with the same owner, acquisition channel or quarter of
    signing up, there or gone since; empty where they are fewer than 20.
    """
    known = customers_known(evening)
    groups = {
        "owner_churn_percent": known.owner,
        "channel_churn_percent": known.acquisition_channel,
        "cohort_churn_percent": known.signed_up_at.truncate("Q").cast("string"),
    }
    marked = ibis.union(
        there.select("customer_id").mutate(left=ibis.literal(0.0)), gone.select("customer_id").mutate(left=ibis.literal(1.0))
    )
    described = marked.join(known.select("customer_id", **groups), "customer_id")
    shares = {}
    for name in groups:
        window = ibis.window(group_by=name)
        count = described["left"].count().over(window)
        enough = (count >= FEWEST_NEIGHBOURS) & described[name].notnull()
        shares[name] = enough.ifelse(100.0 * described["left"].sum().over(window) / count, ibis.null("float64"))
    return described.select("customer_id", "left", **shares).filter(lambda t: t["left"] == 0.0).drop("left")
