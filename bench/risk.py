"""`make bench ARGS=risk`: the model of who leaves, against the best that anybody could know, on made-up companies of several seeds."""

import json
import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np
from measured import alone
from oracle import chances

if TYPE_CHECKING:
    import pandas as pd

    from mandegar.compute.engine import Engine
    from mandegar.pipeline.stages import Night

UNTIL = date(2026, 10, 31)
AS_OF = UNTIL - timedelta(days=1)
HORIZON = 90
TOP = 10
NONSENSE = ("region", "industry", "owner", "language", "kind", "country", "strategic_role", "acquisition_channel")  # nothing hangs on them
# what shows of each planted cause, the strongest first: of those whose card fails 62 % are lost, three raise the hazard sixfold each,
# the plan by a quarter at the most (sample/world.py)
CAUSES = {
    "card": (
        "failed_payments",
        "failed_in_year",
        "days_since_failure",
        "days_past_due",
        "days_overdue",
        "bills_overdue",
        "card_days_expired",
    ),
    "price": ("price_rise_percent", "last_rise_percent", "days_since_rise", "mrr", "annual_value"),
    "answers": (
        "response_hours",
        "response_unanswered",
        "response_hours_before",
        "ticket_csat",
        "ticket_sentiment",
        "nps_last",
        "reopened",
    ),
    "use": ("usage_percent_of_before", "events_a_week", "usage_percent_in_fortnight", "days_of_use", "minutes_a_week", "days_since_usage"),
    "plan": ("plan",),
}


@click.command("risk")
@click.option("--seeds", type=int, default=10, show_default=True)
@click.option("--customers", type=int, default=10_000, show_default=True)
@click.option("--months", type=int, default=36, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default="var/bench", show_default=True)
def risk(seeds: int, customers: int, months: int, out: Path) -> None:
    """The model's ranking as a share of the oracle's, its calibration error, and what counts most, seed by seed."""
    out.mkdir(parents=True, exist_ok=True)
    told = []
    click.echo("seed   left   model  oracle  share  error  training    memory  nonsense among the top ten")
    for seed in range(1, seeds + 1):
        with tempfile.TemporaryDirectory() as folder:
            done = alone(judged, Path(folder), customers, months, seed)
        row = done.result | {"seed": seed, "seconds": round(done.result["seconds"], 1), "peak_mb": round(done.peak_mb)}
        told.append(row)
        click.echo(
            f"{seed:>4} {row['left']:>6,} {row['auc']:>7.4f} {row['oracle']:>7.4f} {row['auc'] / row['oracle']:>6.3f} {row['ece']:>6.4f} "
            f"{row['seconds']:>7.0f} s {row['peak_mb']:>5,} MB  {', '.join(row['nonsense']) or 'none'}"
        )
        click.echo(
            "     best place of what shows each planted cause: " + ", ".join(f"{cause} {place}" for cause, place in row["places"].items())
        )
        (out / "risk.json").write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    shares = [row["auc"] / row["oracle"] for row in told]
    click.echo(f"share of the oracle's AUC: {min(shares):.3f} to {max(shares):.3f}; error: at most {max(row['ece'] for row in told):.4f}")


def judged(folder: Path, customers: int, months: int, seed: int) -> dict:
    """Makes a company up, runs its night as far as learning needs, learns, and holds the judged months against the oracle."""
    import time

    from sklearn.metrics import roc_auc_score

    from mandegar.compute import engine as engines
    from mandegar.config import company as companies
    from mandegar.pipeline.stages import Night, conform_stage, extract_stage, measure_stage, train_stage, validate_stage
    from mandegar.risk.model.registry import Registry
    from mandegar.risk.model.snapshots import LEFT_AFTER
    from mandegar.sample import write_sample
    from mandegar.sample.world import World
    from mandegar.storage.home import Home

    write_sample(folder / "company", customers, months, seed, UNTIL, "en", lambda _: None, showing=False)
    night = Night(companies.load(folder / "company"), Home(folder / "home"), AS_OF)
    for table in map(str, night.company.tables()):
        extract_stage(night, table)
        validate_stage(night, table)
    conform_stage(night)
    measure_stage(night)
    began = time.monotonic()
    trained = train_stage(night)
    seconds = time.monotonic() - began
    card = trained.card
    days = [date.fromisoformat(day) for day in card["periods"]["judge"]]
    world = World(customers=customers, months=months, seed=seed, until=UNTIL, locale="en")
    places = {day: day.year * 12 + day.month - 1 - 1970 * 12 - world.first_month for day in days}
    known = chances(world, list(places.values()), HORIZON)
    with engines.start("duckdb") as engine:
        rows = _snapshots(night, engine, days)
    model = Registry(night.home.churn_models).model(str(trained.version))
    told = model.probabilities(model.matrix(rows))[HORIZON]
    left = (rows[LEFT_AFTER].to_numpy() <= HORIZON).astype(float)
    by_day = {(day - date(1970, 1, 1)).days: known[place] for day, place in places.items()}
    best = np.array([by_day[day].get(who, np.nan) for day, who in zip(rows["snapshot"], rows["customer_id"], strict=True)])
    there = ~np.isnan(best)
    names = [one["name"] for one in card["features"]]
    top = names[:TOP]
    return {
        "left": int(left[there].sum()),
        "auc": float(roc_auc_score(left[there], told[there])),
        "oracle": float(roc_auc_score(left[there], best[there])),
        "ece": card["figures"][card["kind"]]["ece"],
        "top": top,
        "places": {cause: min(names.index(name) + 1 for name in shows if name in names) for cause, shows in CAUSES.items()},
        "nonsense": [name for name in top if name in NONSENSE],
        "seconds": seconds,
    }


def _snapshots(night: "Night", engine: "Engine", days: list[date]) -> "pd.DataFrame":
    from mandegar.metrics.run.measure import open_night
    from mandegar.risk.evening import evening_of
    from mandegar.risk.model.snapshots import snapshots

    evening = evening_of(night.company, night.lake, engine, night.as_of)
    return snapshots(evening, open_night(night.company, night.lake, engine, night.as_of), night.lake, engine, days, lambda _: None).rows
