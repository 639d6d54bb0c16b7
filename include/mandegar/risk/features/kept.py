"""The table of features in the lake: what was known of each customer on every night, so that training computes no history again."""

import hashlib
import json
from datetime import date, timedelta

import ibis.expr.types as ir

from mandegar.compute import code_version
from mandegar.compute.engine import Engine
from mandegar.config.company import Company
from mandegar.metrics.contracts.policies import own_policies
from mandegar.risk.evening import Evening
from mandegar.risk.features.wide import features
from mandegar.risk.sentiment.model import Sentiment
from mandegar.storage.lake import Lake
from mandegar.storage.receipts import Receipt

STAGE, NAME = "features", "customer"
CODE = ("risk.features", "metrics.contracts", "metrics.purchases.purchases", "compute", "conform.history")
KEPT_DAYS = 40  # every night; of older ones the last of each month
KEPT_MONTHS = 40


def kept_features(evening: Evening, lake: Lake, engine: Engine, feeling: Sentiment | None = None) -> ir.Table:
    """The features of an evening (wide.features): from the lake if they stand there as this code computes them, else made and kept.

    A night made again apart from the present keeps none: training learns from what was known on the night itself. feeling: by which texts
    are read where features are made; those kept were made by what was learnt of texts then.
    """
    made_of = _made_of(evening.company)
    receipt = lake.receipt(STAGE, NAME, evening.as_of)
    if receipt is not None and receipt.made_of == made_of and lake.past is None:
        rows = engine.read(lake, STAGE, NAME, [evening.as_of])
        return rows.select(*json.loads(receipt.notes or "[]"))
    return make_features(evening, lake, engine, feeling)


def make_features(evening: Evening, lake: Lake, engine: Engine, feeling: Sentiment | None = None) -> ir.Table:
    """The features of an evening, computed and kept in the lake."""
    rows = engine.keep(features(evening, engine, feeling))
    if lake.past is None:
        lake.withdraw(STAGE, NAME, evening.as_of)
        count = engine.write_window(lake, STAGE, NAME, evening.as_of, rows)
        made_of, notes = _made_of(evening.company), json.dumps(list(rows.columns))
        lake.sign(STAGE, NAME, Receipt(evening.as_of, "all", None, evening.closes, count, made_of=made_of, notes=notes))
    return rows


def forget_old(lake: Lake, as_of: date) -> None:
    """Drops nights older than 40 days but the last of each month, and these after 40 months."""
    oldest = as_of - timedelta(days=31 * KEPT_MONTHS)
    old = [
        day
        for day in (lake.windows(STAGE, NAME) if lake.exists(STAGE, NAME) else [])
        if day < as_of - timedelta(days=KEPT_DAYS) and (not is_month_end(day) or day < oldest)
    ]
    for day in old:
        lake.withdraw(STAGE, NAME, day)
    lake.drop(STAGE, NAME, old)


def is_month_end(day: date) -> bool:
    """Whether a day is the last of its Gregorian month."""
    return (day + timedelta(days=1)).day == 1


def _made_of(company: Company) -> str:
    """A hash of the code and the settings that features depend on."""
    settings = company.model_dump(mode="json", include={"time_zone", "currency", "churn", "protected_traits"})
    told = json.dumps([code_version.fingerprint(*CODE), settings, own_policies(company).model_dump(mode="json")], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:16]
