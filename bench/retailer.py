"""`make bench ARGS=retailer`: who of a real retailer's customers leaves, by the model, by recency alone, and by BG/NBD.

Everything is learnt from what was known on the evening of 2010-08-31, and judged by the 90 days after it. Nine months do not last
for the hold-out in time that lets a model go live, so the product refuses and tells cross-validated figures; here its learners are
fitted all the same, on the evenings whose 90 days were over by then, with customers apart for learning, calibrating and choosing.
"""

import json
import shutil
import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click
from measured import alone

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "online_retail" / "company.yaml"
FILE = "online_retail_2009_2010.parquet"
AS_OF, HORIZON = date(2010, 8, 31), 90
JUDGED_ON = AS_OF + timedelta(days=HORIZON)
LEFT, SILENT = "left (bought nothing for 90 days)", "bought nothing in the 90 days after"
PURPOSES = ("learn", "learn", "learn", "calibrate", "choose")  # of every five customers


@click.command("retailer")
@click.option("--data", type=click.Path(path_type=Path, exists=True), default=ROOT.parent / "shared" / "data" / FILE, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default="var/bench", show_default=True)
def retailer(data: Path, out: Path) -> None:
    """The model, the health score, recency and BG/NBD on a real retailer's year."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        done = alone(judged, Path(folder), data)
    (out / "retailer.json").write_text(json.dumps(done.result, indent=2) + "\n", encoding="utf-8")
    click.echo(f"{done.seconds:.0f} s, {done.peak_mb:,.0f} MB; training says: {done.result['training']}")
    for outcome, ways in done.result["outcomes"].items():
        click.echo(f"\n{outcome}: {ways['model']['left']:,} of {ways['model']['customers']:,} customers of {AS_OF}")
        click.echo("way                   AUC   PR AUC    Brier      ECE  lift of the first tenth")
        for way, told in ways.items():
            squared = f"{told['brier']:.4f}   {told['ece']:.4f}" if told["is_probability"] else "     –        –"
            click.echo(f"{way:16} {told['auc']:>8.4f} {told['pr_auc']:>8.4f}   {squared} {told['lift_10']:>8.2f}")


def judged(folder: Path, data: Path) -> dict:
    """Runs the night of the evening that is learnt from and one 90 days later, and holds all ways against what came."""
    import numpy as np

    from mandegar.compute import engine as engines
    from mandegar.config import company as companies
    from mandegar.metrics.purchases.purchase_history import buying_days, histories, last_observed
    from mandegar.metrics.run.measure import open_night
    from mandegar.pipeline.stages import Night, conform_stage, extract_stage, measure_stage, train_stage, validate_stage
    from mandegar.risk.evening import evening_of
    from mandegar.risk.model.judgement import figures
    from mandegar.risk.model.snapshots import HEALTH, LEFT_AFTER, snapshot_dates, snapshots
    from mandegar.storage.home import Home

    shutil.copy(EXAMPLE, folder / "company.yaml")
    (folder / FILE).symlink_to(data.resolve())
    company, home = companies.load(folder), Home(folder / "home")

    def night_of(day: date) -> Night:
        night = Night(company, home, day)
        for table in map(str, company.tables()):
            extract_stage(night, table)
            validate_stage(night, table)
        conform_stage(night)
        measure_stage(night)
        return night

    def quiet(_: str) -> None:
        """Nobody listens."""

    before = night_of(AS_OF)
    trained = train_stage(before)
    with engines.start("duckdb") as engine:
        opened = open_night(company, before.lake, engine, AS_OF)
        days = snapshot_dates(date(2009, 12, 31), AS_OF, HORIZON)
        known = snapshots(evening_of(company, before.lake, engine, AS_OF), opened, before.lake, engine, days, quiet).rows
        history = engine.arrow(histories(buying_days(opened), last_observed(opened))).to_pandas().set_index("customer_id")
    after = night_of(JUDGED_ON)
    with engines.start("duckdb") as engine:
        opened = open_night(company, after.lake, engine, JUDGED_ON)
        asked = snapshots(evening_of(company, after.lake, engine, JUDGED_ON), opened, after.lake, engine, [AS_OF], quiet).rows
        bought = engine.arrow(buying_days(opened)).to_pandas()
    again = set(bought.loc[bought["day"] > last_day(AS_OF), "customer_id"])
    outcomes = {
        LEFT: (asked[LEFT_AFTER].to_numpy() <= HORIZON).astype(float),
        SILENT: (~asked["customer_id"].isin(again)).to_numpy().astype(float),
    }
    # who took back all that was ever bought has no history for a buyer model: as who bought once, on the first day
    first = {"frequency": 0, "recency": 0, "age": history["age"].max(), "recency_days": history["age"].max()}
    everybody, history = history, history.reindex(asked["customer_id"]).fillna(first)
    alive, silent = by_buyer_model(everybody, history)
    ways = {
        "model": (by_model(known, asked), True),
        "health score": (100.0 - asked[HEALTH].to_numpy(), False),
        "recency": (history["recency_days"].to_numpy(dtype=float), False),
        "BG/NBD, gone": (1 - alive, True),
        "BG/NBD, silent": (silent, True),
    }
    told = {
        outcome: {way: vars(figures(np.asarray(risk), left)) | {"is_probability": proper} for way, (risk, proper) in ways.items()}
        for outcome, left in outcomes.items()
    }
    return {"training": training_said(trained), "outcomes": told}


def last_day(day: date) -> int:
    """The number of a day."""
    return (day - date(1970, 1, 1)).days


def by_model(known: "pd.DataFrame", asked: "pd.DataFrame") -> "np.ndarray":
    """The probability to leave within 90 days by the product's learners, fitted with customers apart for each purpose."""
    import numpy as np
    import pandas as pd

    from mandegar.risk.model.encoding import learn_encoding
    from mandegar.risk.model.fitting import Part, learnt_by
    from mandegar.risk.model.snapshots import BESIDE

    place = pd.factorize(known["customer_id"], sort=True)[0] % len(PURPOSES)
    purpose = np.array(PURPOSES)[place]
    encoding = learn_encoding(known[purpose == "learn"], without=BESIDE)
    parts = {name: Part(rows, encoding.matrix(rows)) for name in set(PURPOSES) for rows in [known[purpose == name]]}
    parts["judge"] = Part(asked, encoding.matrix(asked))
    (best, calibration), _ = learnt_by(encoding, parts, HORIZON)
    return calibration.of(best.raw(parts["judge"].matrix))


def by_buyer_model(everybody: "pd.DataFrame", history: "pd.DataFrame") -> tuple["np.ndarray", "np.ndarray"]:
    """Of each customer the probability to be still one, and to buy nothing in the 90 days after, by BG/NBD of everybody who ever bought.

    Formula: nothing is bought by who is gone, or is there and does not buy: 1 - alive (1 - ((alpha + T) / (alpha + T + t))^(r + x)).
    """
    from mandegar.metrics.purchases.buyer_model import BGNBD, WEEK, fit_bgnbd, p_alive

    def told(of: "pd.DataFrame") -> tuple["np.ndarray", "np.ndarray", "np.ndarray"]:
        return of["frequency"].to_numpy(), of["recency"].to_numpy() / WEEK, of["age"].to_numpy() / WEEK

    x, t_x, age = told(everybody)
    model = fit_bgnbd(x, t_x, age, x * 0 + 1)
    if not isinstance(model, BGNBD):
        raise SystemExit(f"There is no BG/NBD of this retailer: {model.reason}")
    x, t_x, age = told(history)
    alive = p_alive(model, x, t_x, age)
    idle = ((model.alpha + age) / (model.alpha + age + HORIZON / WEEK)) ** (model.r + x)
    return alive, 1 - alive * (1 - idle)


def training_said(trained: object) -> str:
    """What the product's own training says of so short a history."""
    found = trained.cross_validated  # type: ignore[attr-defined]
    beside = f"; cross-validated on {found.evening}: AUC {found.figures.auc:.4f}" if found else ""
    return f"{trained.refused or trained.version}{beside}"  # type: ignore[attr-defined]
