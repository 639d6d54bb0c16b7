"""The pages of a night: one for the night, one for each source table; written into reports/data_docs/<as_of>.

Great Expectations' own site fetches its styles and scripts from other hosts; these pages need nothing but themselves, so they
open without a network, say nothing to anybody, and read from right to left where the company's language does.
"""

import json
import shutil
from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import sqlalchemy as sa
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from mandegar.config.company import Company
from mandegar.quality.drift import profile
from mandegar.quality.quarantine import quarantine
from mandegar.quality.suites import suites
from mandegar.reporting.alerts.findings import Counted, Finding, counted, findings, owner_of, told
from mandegar.reporting.datadocs.model_checks import model_checks
from mandegar.reporting.datadocs.words import PageWords
from mandegar.storage.home import Home
from mandegar.storage.lake import Lake

SHOWN_ROWS = 25
SHOWN_NIGHTS = 28
COUNTS = "wrong.json"  # beside the pages of a night: how much is wrong, by status, for the list of nights
GRAVE = ("failed", "quarantined", "warned", "no history", "passed")


@dataclass(frozen=True)
class RuleLine:
    """One rule of a table: what it counted, and what it says."""

    result: Counted
    column: str | None
    reason: str
    mend: str
    since: date | None


@dataclass(frozen=True)
class Sheet:
    """One source table, entity or mart: its rules, the gravest status among them, and of a source table the rows of the night."""

    name: str
    entity: str
    owner: str | None
    status: str
    lines: list[RuleLine]
    rows: int | None = None
    refused: int | None = None
    page: str | None = None
    came: bool = True

    @property
    def published(self) -> bool:
        """Whether it is a table of the warehouse."""
        return self.name.startswith("warehouse.")


@dataclass(frozen=True)
class Bar:
    """One night of a table's history: rows that came, as a height between 0 and 100; hours behind."""

    night: date
    rows: float
    height: int
    behind: float | None


def write_pages(company: Company, home: Home, lake: Lake, warehouse: sa.Engine, as_of: date) -> int:
    """Writes the pages of a night, and the list of the nights that are kept; gives how many. The same night gives the same pages.

    They are written beside and put in place whole, so that a reader never finds half of them. Of the nights up to this one the
    last `keep.pages` stay (quality.yaml); the list loses a night before its pages go.
    """
    with warehouse.begin() as connection:
        found = findings(company, lake, connection, as_of)
        results = counted(lake, connection, as_of)
        checks = model_checks(connection, as_of, company.locale)
    words = PageWords(company)
    root = home.data_docs
    beside, place = root / f".{as_of}", root / as_of.isoformat()
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    sheets = _sheets(company, lake, results, found, as_of)
    looks = {"company": company, "words": words, "as_of": as_of}
    for sheet in sheets:
        if sheet.page:
            text = _page("table", **looks, sheet=sheet, bars=_bars(lake, sheet.name, as_of), waiting=_waiting(lake, sheet.name, as_of))
            (beside / sheet.page).write_text(text, encoding="utf-8")
    (beside / "index.html").write_text(_page("night", **looks, sheets=sheets, findings=found, checks=checks), encoding="utf-8")
    written = sum(1 for _ in beside.iterdir())
    (beside / COUNTS).write_text(json.dumps(Counter(one.status for one in found), sort_keys=True), encoding="utf-8")
    shutil.rmtree(place, ignore_errors=True)
    beside.rename(place)
    nights = sorted(date.fromisoformat(path.name) for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))
    gone = [night for night in nights if night <= as_of][: -suites.load(company).file.keep.pages]
    listed = _page("nights", **looks, nights={night: _wrong(root, night) for night in sorted(set(nights) - set(gone), reverse=True)})
    (root / ".index.html").write_text(listed, encoding="utf-8")
    (root / ".index.html").rename(root / "index.html")
    for night in gone:
        shutil.rmtree(root / night.isoformat())
    return written


def _wrong(root: Path, night: date) -> dict[str, int] | None:
    """How much is wrong on a night, by status, the gravest first; None of pages that an earlier release wrote."""
    file = root / night.isoformat() / COUNTS
    if not file.is_file():
        return None
    counts = json.loads(file.read_text(encoding="utf-8"))
    return {status: counts[status] for status in GRAVE if status in counts}


def _page(template: str, **values: object) -> str:
    return _looks().get_template(f"{template}.html.j2").render(**values)


@cache
def _looks() -> Environment:
    """The templates; each is compiled once, however many tables there are."""
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _sheets(company: Company, lake: Lake, results: list[Counted], found: list[Finding], as_of: date) -> list[Sheet]:
    every = suites.load(company)
    since = {(one.source, one.rule): one.since for one in found}
    by_source: dict[str, list[Counted]] = {str(table): [] for table in company.tables()}
    for one in results:
        by_source.setdefault(".".join(one.source.split(".")[:2]), []).append(one)  # conform.<entity>.keys too stands with its entity
    tables = {str(table): table for table in company.tables()}
    sheets = []
    for name, some in by_source.items():
        receipt = lake.receipt("valid", name, as_of)
        came = receipt is not None or name not in tables
        lines = [RuleLine(one, *told(company, every, one, as_of), since.get((one.source, one.rule))) for one in some]
        lines.sort(key=lambda line: (GRAVE.index(line.result.status), line.result.rule))
        counts = Counter(line.result.status for line in lines)
        status = next((status for status in GRAVE if counts[status] and status != "no history"), "passed") if came else "failed"
        owner, _ = owner_of(company, every, name)
        entity = tables[name].entity if name in tables else some[0].entity
        sheet = Sheet(name, entity, owner.name if owner else None, status, lines, page=f"{name}.html", came=came)
        sheets.append(replace(sheet, rows=receipt.rows, refused=receipt.refused) if receipt else sheet)
    return sheets


def _bars(lake: Lake, source: str, as_of: date) -> list[Bar]:
    """The last nights of a source table up to this one, oldest first."""
    receipts = [one for one in lake.receipts("valid", source) if as_of - timedelta(days=SHOWN_NIGHTS) < one.as_of <= as_of]
    facts = [(one.as_of, some[0]) for one in receipts if (some := profile.profiles(lake, source, [one]))]
    most = max((fact.of("", "rows") or 0 for _, fact in facts), default=0) or 1
    return [Bar(night, rows := fact.of("", "rows") or 0, round(100 * rows / most), fact.of("", "hours_behind")) for night, fact in facts]


def _waiting(lake: Lake, source: str, as_of: date) -> list[dict]:
    """The first lines of the night's quarantine; values of personal columns are not in them."""
    return quarantine.first(lake, source, as_of, SHOWN_ROWS)
