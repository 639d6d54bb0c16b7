"""Features look at nothing that was not known on the evening: whatever is dated later may say what it likes."""

import random
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from mandegar.compute.engine import Engine, start
from mandegar.config import company as companies
from mandegar.config.entities import ENTITIES
from mandegar.pipeline.stages import Night, conform_stage, extract_stage, validate_stage
from mandegar.risk.evening import Evening, evening_of
from mandegar.risk.features.wide import features
from mandegar.sample import write_sample
from mandegar.storage.home import Home
from mandegar.storage.lake import Lake

pytestmark = pytest.mark.slow

EARLY, LATE = date(2026, 5, 20), date(2026, 6, 30)


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A made-up company, and the home in which its nights of 20 May and 30 June were conformed."""
    folder, home = tmp_path_factory.mktemp("company"), tmp_path_factory.mktemp("home")
    write_sample(
        folder, customers=120, months=14, seed=5, until=LATE, locale="en", progress=lambda _: None, usage_rows=20_000, showing=False
    )
    for day in (EARLY, LATE):
        night = Night(companies.load(folder), Home(home), day)
        for table in map(str, night.company.tables()):
            extract_stage(night, table)
            validate_stage(night, table)
        conform_stage(night)
    return folder, home


def rows_of(evening: Evening, engine: Engine) -> list[dict[str, Any]]:
    return sorted(engine.arrow(features(evening, engine)).to_pylist(), key=lambda row: row["customer_id"])


def test_a_past_evening_looks_today_as_it_did_on_that_day(nights: tuple[Path, Path]) -> None:
    folder, home = nights
    company = companies.load(folder)
    with start("duckdb") as engine:
        then = rows_of(evening_of(company, Lake(home / "lake"), engine, EARLY), engine)
        today = rows_of(evening_of(company, Lake(home / "lake"), engine, LATE).at(EARLY), engine)
    assert len(then) > 50
    different = {
        name for one, other in zip(then, today, strict=True) for name in one if one[name] != pytest.approx(other[name], nan_ok=True)
    }
    assert different == set()


def test_rows_dated_later_may_say_what_they_like(nights: tuple[Path, Path]) -> None:
    folder, home = nights
    company = companies.load(folder)
    with start("duckdb") as engine:
        evening = evening_of(company, Lake(home / "lake"), engine, LATE)
        honest = rows_of(evening.at(EARLY), engine)
        lying, changed = scrambled(evening, EARLY, engine)
        assert changed > 1000
        told = rows_of(Evening(company, LATE, evening.closes, lying).at(EARLY), engine)
    assert len(told) == len(honest)
    different = {name for one, two in zip(honest, told, strict=True) for name in one if one[name] != pytest.approx(two[name], nan_ok=True)}
    assert different == set()


def scrambled(evening: Evening, day: date, engine: Engine) -> tuple[dict, int]:
    """The entities with every row born after a day made up anew, and every event learnt after it moved; and how many cells that changed."""
    chance, closes, changed, found = random.Random(3), evening.at(day).closes, 0, {}
    for name, table in evening.entities.items():
        entity, rows = ENTITIES[name], engine.arrow(table).to_pylist()
        for row in rows:
            born = row[entity.born] if entity.born else None
            later = born is not None and (born > day if isinstance(born, date) and not isinstance(born, datetime) else born >= closes)
            for column in row:
                if column in entity.key or column == "customer_id":
                    continue
                together = next((event for event, others in entity.learnt.items() if column in (event, *others)), None)
                unknown = together is not None and row[together] is not None and row[together] >= closes
                if (later and column != entity.born) or unknown:
                    if column != together or later:
                        row[column] = other(row[column], chance)
                        changed += 1
                    else:
                        row[column] += timedelta(days=chance.randint(1, 400))
                        changed += 1
        found[name] = engine.table(pa.Table.from_pylist(rows, engine.arrow(table.limit(0)).schema))
    return found, changed


def other(value: Any, chance: random.Random) -> Any:
    """Another value of the same type."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, str):
        return chance.choice(["IRR", "active", "failed", "x"]) if value.isupper() or len(value) < 10 else value[::-1]
    if isinstance(value, datetime | date):
        return value + timedelta(days=chance.randint(1, 400))
    return value * 3 + 1 if value is not None else None
