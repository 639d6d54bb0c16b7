"""Writes the sample company: a folder with its databases and files, and the truth about it."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from mandegar.errors import MandegarError
from mandegar.sample.chunk import Numbers, tell, write
from mandegar.sample.manifest import write_manifest
from mandegar.sample.showcase import write_showcase
from mandegar.sample.truth import Movements, gregorian_months, jalali_months
from mandegar.sample.world import CHUNK, World
from mandegar.sample.writers import Files

LIMITS = {"customers": (1, 9_000_000), "months": (1, 240), "seed": (0, 2**63 - 1)}
LAST_YEAR = 2058


class SampleRefused(MandegarError, ValueError):
    """The sample cannot be written as asked; the text says what to do."""


@dataclass(frozen=True)
class SampleSummary:
    """What was written: the folder, the first and last day of history, rows by table (dirt included)."""

    out: Path
    data_from: date
    until: date
    rows: dict[str, int]


def write_sample(
    out: Path,
    customers: int = 2000,
    months: int = 24,
    seed: int = 1,
    until: date = date(2026, 10, 31),
    locale: str = "en",
    progress: Callable[[str], None] = print,
    usage_rows: int | None = None,
    cursors: bool = False,
    showing: bool = False,
) -> SampleSummary:
    """A made-up company with a known truth in the folder `out`.

    The same arguments give the same bytes. History is `months` calendar months, the last of them the one in which `until`
    lies. usage_rows: at most about so many rows of usage, by telling it of fewer customers (by default about 18 million, by
    fewer days of each); cursors: company.yaml names a cursor for every table but the customers; showing: with dimensions, two
    conventions, targets, spend, exchange rates and a late invoice (showcase). Everything is written into
    a folder beside `out` and renamed at the end; an earlier sample there is replaced.
    Errors: SampleRefused if `out` holds something else, or an argument makes no sense.
    """
    out = Path(out).absolute()
    world = _world(customers, months, seed, until, locale, usage_rows, cursors, showing)
    _refuse_foreign(out)
    unfinished = out.parent / f".{out.name}.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    out.parent.mkdir(parents=True, exist_ok=True)
    counts = _write(unfinished, world, progress)
    _put_in_place(unfinished, out)
    return SampleSummary(out, world.start, world.until, counts)


def _world(
    customers: int,
    months: int,
    seed: int,
    until: date,
    locale: str,
    usage_rows: int | None = None,
    cursors: bool = False,
    showing: bool = False,
) -> World:
    for name, value in (("customers", customers), ("months", months), ("seed", seed)):
        low, high = LIMITS[name]
        if not low <= value <= high:
            raise SampleRefused(f"{name} is {value}. Give a whole number from {low} to {high}.")
    if locale not in ("en", "fa"):
        raise SampleRefused(f"locale is {locale!r}. Give en or fa.")
    if usage_rows is not None and usage_rows < 0:
        raise SampleRefused(f"usage_rows is {usage_rows}. Give a whole number from 0 on, or leave it out.")
    world = World(customers, months, seed, until, locale, usage_rows, cursors, showing)
    if world.start.year < 2012 or until.year > LAST_YEAR:
        raise SampleRefused(f"history would run from {world.start} to {until}. Keep it between 2012 and {LAST_YEAR}.")
    return world


def _refuse_foreign(out: Path) -> None:
    if not out.exists() or (out / "truth" / "sample.json").is_file():
        return
    if out.is_dir() and not any(out.iterdir()):
        return
    raise SampleRefused(
        f"{out} exists and is not an earlier sample (it has no truth/sample.json), so it is left alone. "
        f"Name another folder with --out, or remove that one yourself."
    )


def _write(folder: Path, world: World, progress: Callable[[str], None]) -> dict[str, int]:
    months = {"mrr_monthly.csv": Movements(gregorian_months(world)), "mrr_monthly_jalali.csv": Movements(jalali_months(world))}
    numbers = Numbers()
    with Files(folder) as files:
        for chunk, first in enumerate(range(0, world.customers, CHUNK)):
            count = min(CHUNK, world.customers - first)
            chance = world.generator(chunk)
            story = tell(world, first + 1, count, chance)
            write(world, story, chunk, files, list(months.values()), numbers, chance)
            progress(f"{first + count:,} of {world.customers:,} customers written")
        files.index()
        counts = files.counts()
    if world.showing:
        shown = write_showcase(folder, world)
        counts |= {"invoices": counts["invoices"] + shown.pop("late"), **shown}
    for name, movements in months.items():
        (folder / "truth" / name).write_text("\n".join(movements.lines()) + "\n", encoding="utf-8")
    write_manifest(folder, world, counts)
    return counts


def _put_in_place(unfinished: Path, out: Path) -> None:
    earlier = out.parent / f".{out.name}.earlier"
    shutil.rmtree(earlier, ignore_errors=True)
    if out.exists():
        out.rename(earlier)
    unfinished.rename(out)
    shutil.rmtree(earlier, ignore_errors=True)
