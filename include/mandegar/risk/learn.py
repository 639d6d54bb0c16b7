"""Learning: what a company's own history says of texts, of who leaves, and of what goes together with leaving."""

from collections.abc import Callable
from datetime import date, datetime
from typing import TYPE_CHECKING

from mandegar.compute.engine import Engine
from mandegar.config.company import Company
from mandegar.language.catalogue import Said
from mandegar.metrics.run.measure import as_measured, open_night
from mandegar.risk.drivers.drivers import Drivers, drivers
from mandegar.risk.evening import evening_of
from mandegar.risk.model import settings as model_settings
from mandegar.risk.model.registry import Registry
from mandegar.risk.model.settings import HORIZONS
from mandegar.risk.model.snapshots import LEFT_AFTER, OBSERVED, SNAPSHOT, Snapshots, snapshot_dates, snapshots
from mandegar.risk.model.train import Trained, left_within, train_on
from mandegar.risk.sentiment.model import Sentiment
from mandegar.risk.sentiment.model import learn as learn_sentiment
from mandegar.risk.sentiment.saved import save
from mandegar.storage.home import Home
from mandegar.storage.lake import Lake
from mandegar.storage.receipts import Receipt
from mandegar.time.calendar import day_end

if TYPE_CHECKING:
    import pandas as pd

LEARNT, DRIVERS = "learnt", "churn_driver"  # the table in the lake of the drivers last learnt
OVER = Said("the night of {night} was scored since: learn from that one")
DRIVER_SNAPSHOTS = 12
DRIVER_ROWS = 60_000
# one signal of each kind: adjusted for another measure of the same thing, none of them would show
SIGNALS = (
    *("cancel_requested", "failed_payments", "card_days_left", "days_since_rise", "discount_percent", "days_to_renewal", "auto_renew"),
    *("tenure_days", "seats_percent_of_before", "usage_percent_of_before", "days_since_key_feature", "features_used"),
    *("response_hours", "response_unanswered", "tickets", "reopened", "nps_last", "ticket_sentiment"),
    *("mails_opened_percent", "price_visits", "plan", "segment", "acquisition_channel"),
    *("days_since_purchase", "percent_of_own_cycle", "purchase_days", "spend_percent_of_before", "credits_in_year"),
)


def learn(company: Company, home: Home, lake: Lake, engine: Engine, as_of: date, say: Callable[[str], None]) -> Trained:
    """Learns from what is known after a night: of texts, of who leaves, of what goes together with leaving.

    Everything counts from the next night on. So that no night that stands would come out otherwise, nothing is learnt from a night after
    which another one was scored. Errors: BrokenTable when the night's entities are not in the lake.
    """
    later = [receipt.as_of for receipt in Lake(lake.root).receipts("marts", "customer_risk") if receipt.as_of > as_of]
    if later:
        return Trained(as_of, refused=OVER.of(night=max(later).isoformat()))
    company = as_measured(company, lake, as_of)
    settings = model_settings.load(company)
    say("what texts say")
    feeling = learn_sentiment(company, lake, engine, as_of)
    if isinstance(feeling, Sentiment):
        save(feeling, home)
    else:
        say(f"  {feeling.told()}")
    evening, night = evening_of(company, lake, engine, as_of), open_night(company, lake, engine, as_of)
    starts = [row["starts_at"] for row in engine.arrow(night.periods).to_pylist()]
    first = min(starts, default=evening.closes).astimezone(company.zone).date()
    dates = snapshot_dates(first, as_of, min(HORIZONS))
    say(f"snapshots: {len(dates)}")
    found = snapshots(evening, night, lake, engine, dates, say, feeling if isinstance(feeling, Sentiment) else None)
    trained = train_on(found, Registry(home.churn_models), as_of, settings, say)
    say("what goes together with leaving")
    keep_drivers(lake, engine, drivers(driver_rows(found, settings.horizon_days), company.locale), as_of, day_end(as_of, company.zone))
    return trained


def driver_rows(found: Snapshots, horizon: int) -> "pd.DataFrame":
    """The snapshots of the last twelve months whose horizon is over, with one signal of each kind; of many, some customers."""
    import pandas as pd

    rows = found.rows
    known = rows[rows[OBSERVED] >= horizon] if len(rows) else rows
    recent = known[known[SNAPSHOT].isin(sorted(known[SNAPSHOT].unique())[-DRIVER_SNAPSHOTS:])]
    if len(recent) > DRIVER_ROWS:
        customers = recent["customer_id"].drop_duplicates().sort_values()
        step = -(-len(recent) // DRIVER_ROWS)
        recent = recent[recent["customer_id"].isin(customers.iloc[::step])]
    signals = [name for name in recent.columns if name in SIGNALS]
    table = recent[["customer_id", *signals]].copy()
    table["as_of"] = pd.to_datetime(recent[SNAPSHOT], unit="D").dt.date
    table["left"] = left_within(recent, horizon) > 0 if LEFT_AFTER in recent.columns else False
    return table


def keep_drivers(lake: Lake, engine: Engine, found: Drivers, as_of: date, closes: datetime) -> None:
    """Keeps what was learnt of drivers on a night, for the nights after it."""
    lake.withdraw(LEARNT, DRIVERS, as_of)
    count = engine.write_window(lake, LEARNT, DRIVERS, as_of, engine.table(found.rows))
    lake.sign(LEARNT, DRIVERS, Receipt(as_of, "all", None, closes, count))


def drivers_known(lake: Lake, engine: Engine, as_of: date) -> Drivers | None:
    """The drivers that were learnt last before a night; None if none were."""
    before = [receipt.as_of for receipt in lake.receipts(LEARNT, DRIVERS) if receipt.as_of < as_of]
    if not before:
        return None
    return Drivers(engine.arrow(engine.read(lake, LEARNT, DRIVERS, [max(before)])))
