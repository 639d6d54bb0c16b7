"""What the sample company shows beside its customers: dimensions, two conventions, targets, spend in two currencies with their rates,
and an invoice that is written down weeks late."""

import csv
import sqlite3
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from mandegar.sample.instants import day_of, month_start
from mandegar.sample.world import SOURCES, World

DIMENSIONS = ("plan", "country", "segment", "acquisition_channel")
CONVENTIONS = ("default", "stripe")
BOUGHT = tuple(channel for channel in SOURCES if channel not in ("referral", "partner"))  # the others cost nothing
ABROAD = "event"  # paid in another currency
COST = {"search": 38.0, "event": 61.0, "social": 44.0, "outbound": 83.0}  # of one new customer and month, in dollars
RIALS = 620_000  # of a dollar, when history begins
EUROS = 1.09  # dollars of a euro, when history begins
DRIFT = 0.012  # by which rates move from month to month
LATE_BY = 45  # days
TARGETS = """\
targets:
  {churn}:
    metric: logo_churn_rate
    target: 0.02
    every: month
  {kept}:
    metric: net_revenue_retention
    target: 1.0
    every: month
"""
ARABIC = {"churn": "ریزش هر ماه", "kept": "حفظ درآمد هر ماه"}
ENGLISH = {"churn": "churn in every month", "kept": "keep what they pay"}


def company_lines() -> list[str]:
    """The lines of company.yaml that ask for it."""
    return [f"dimensions: [{', '.join(DIMENSIONS)}]", f"conventions: [{', '.join(CONVENTIONS)}]"]


def source_lines() -> list[str]:
    """The source of spend and rates."""
    return [
        "  finance:",
        "    kind: files",
        "    tables:",
        "      spend: {file: spend.csv}",
        "      fx_rate: {file: rates.csv}",
    ]


def write_showcase(folder: Path, world: World) -> dict[str, int]:
    """Writes spend.csv, rates.csv and targets.yaml, and one late invoice into billing.db; gives the rows by table."""
    words = ARABIC if world.persian else ENGLISH
    (folder / "targets.yaml").write_text(TARGETS.format(**words), encoding="utf-8")
    chance = np.random.Generator(np.random.PCG64(np.random.SeedSequence([world.seed, 7])))
    firsts = [day_of(int(month_start(np.array([world.first_month + month]))[0])) for month in range(world.months)]
    rates = _rates(world, firsts, chance)
    spend = _spend(world, firsts, chance)
    _write(folder / "rates.csv", ("day", "currency", "rate"), rates)
    _write(folder / "spend.csv", ("day", "channel", "amount", "currency"), spend)
    late = _late_invoice(folder / "billing.db", world)
    return {"spend": len(spend), "rates": len(rates), "late": late}


def _write(path: Path, header: tuple[str, ...], rows: list[tuple]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def _foreign(world: World) -> str:
    return "USD" if world.persian else "EUR"


def _rates(world: World, firsts: list[date], chance: np.random.Generator) -> list[tuple]:
    """The foreign currency's rate from the first of every month on."""
    rate, rows = float(RIALS if world.persian else EUROS), []
    for first in firsts:
        rows.append((first.isoformat(), _foreign(world), f"{rate:.4f}"))
        rate *= 1 + DRIFT * float(chance.normal())
    return rows


def _spend(world: World, firsts: list[date], chance: np.random.Generator) -> list[tuple]:
    """What was spent on every channel that is paid for, on the first of every month."""
    a_month = world.customers / max(world.months, 1) / len(SOURCES)
    rows = []
    for first in firsts:
        for channel in BOUGHT:
            dollars = COST[channel] * a_month * float(chance.uniform(0.8, 1.2))
            own = channel != ABROAD
            amount = dollars * RIALS if own and world.persian else dollars / EUROS if not own and not world.persian else dollars
            rows.append((first.isoformat(), channel, f"{amount:.0f}" if own and world.persian else f"{amount:.2f}", _currency(world, own)))
    return rows


def _currency(world: World, own: bool) -> str:
    return world.currency if own else _foreign(world)


def _late_invoice(path: Path, world: World) -> int:
    """One invoice of weeks ago that is written down on the last day only: whoever looked the night before had published without it."""
    until = day_of(world.last_day)
    connection = sqlite3.connect(path)
    try:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(invoices)")]
        # an invoice paid on the last day was there the night before: only the late one is to be news
        day = (until.isoformat(), until.isoformat())
        connection.execute("UPDATE invoices SET changed = issued_at WHERE issued_at < ? AND changed >= ?", day)
        found = connection.execute(
            "SELECT * FROM invoices WHERE kind = 'subscription' AND voided_at IS NULL AND issued_at < ? "
            "ORDER BY issued_at DESC, invoice_no LIMIT 1",
            ((until - timedelta(days=LATE_BY)).isoformat(),),
        ).fetchone()
        if found is None:
            return 0
        row = dict(zip(columns, found, strict=True)) | {"invoice_no": "LATE-0000001", "kind": "one_off", "subscription_id": None}
        row |= {"changed": f"{until.isoformat()} 12:00:00"}
        marks = ", ".join("?" * len(columns))
        connection.execute(f"INSERT INTO invoices VALUES ({marks})", [row[name] for name in columns])  # noqa: S608  # nothing from outside
        connection.commit()
    finally:
        connection.close()
    return 1
