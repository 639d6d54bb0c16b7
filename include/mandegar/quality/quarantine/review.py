"""What a person does with the quarantine: see what waits and since when, look at rows, give mended ones back, drop rubbish.

`mandegar quarantine …` is these functions at a terminal.
"""

import csv
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq

from mandegar.config.company import Company
from mandegar.config.entities import ENTITIES
from mandegar.config.systems import TableId
from mandegar.errors import CompanyError, SourceError
from mandegar.quality.quarantine import corrections, quarantine
from mandegar.quality.quarantine.quarantine import Waiting
from mandegar.quality.row_filter import RowFilter
from mandegar.quality.suites import suites
from mandegar.quality.validate import conditions, in_utc
from mandegar.storage.lake import Lake

ID = "waiting_id"
TOLD = (ID, "night", "row", "column", "rule", "reason")
ORPHANED = "customer_known"


@dataclass(frozen=True)
class Pile:
    """Rows of one source table that wait for one reason: how many, of them mended or dropped already, and since which night."""

    source: str
    rule: str
    reason: str
    rows: int
    mended: int
    dropped: int
    since: date


def piles(company: Company, lake: Lake) -> list[Pile]:
    """What waits now, per source table and rule; rows that are mended come in with the next night, dropped ones go.

    Counted as the lines are read: memory does not grow with them.
    """
    found = []
    for source in _sources(company, lake):
        rows: Counter[str] = Counter()
        told: dict[str, tuple[date, str]] = {}  # the first night on which rows wait for it, and the last words for it
        nights = _nights(lake, source)
        for night in nights:
            for line in quarantine.lines(lake, source, night, ("rule", "reason")):
                rows[line["rule"]] += 1
                told[line["rule"]] = told.get(line["rule"], (night, ""))[0], line["reason"]
        known = corrections.known_corrections(lake, source)
        mended: Counter[str] = Counter()
        dropped: Counter[str] = Counter()
        for row in quarantine.waiting(lake, source, nights, corrections.fingerprints(known)) if known else []:
            if row.id in known:
                (dropped if known[row.id] is None else mended).update(line["rule"] for line in row.reasons)
        for rule, (first, reason) in sorted(told.items()):
            begun = min(first, since(lake, source, rule, first))
            found.append(Pile(source, rule, reason, rows[rule], mended[rule], dropped[rule], begun))
    return found


def dropped_now(company: Company, lake: Lake) -> list[tuple[str, date, str, int]]:
    """The rows that are left out because a person dropped them: source table, on which night, for what reason, how many."""
    return [(source, *one) for source in _sources(company, lake) for one in corrections.drops(lake, source)]


def waiting_now(company: Company, lake: Lake, source: str) -> list[Waiting]:
    """The rows of a source table that wait: in every window that counts on the last night it came in.

    Rows that wait for their customer (conform.<entity>) are those of the last night. Errors: CompanyError if there is no
    such source table.
    """
    if source not in _sources(company, lake):
        raise CompanyError(f"There is no source table {source!r}. Known: {', '.join(_sources(company, lake))}.")
    return quarantine.waiting(lake, source, _nights(lake, source))


def _nights(lake: Lake, source: str) -> list[date]:
    """The nights whose windows hold the rows that wait now."""
    last = _last(lake, source)
    return last if source.startswith("conform.") else [night for day in last for night in quarantine.counting(lake, source, day)]


def _last(lake: Lake, source: str) -> list[date]:
    """The last night on which a source table came in."""
    if source.startswith("conform."):
        return lake.windows("quality", source)[-1:]
    return [receipt.as_of for receipt in lake.receipts("valid", source)][-1:]


def since(lake: Lake, source: str, rule: str, night: date) -> date:
    """The first night of those without a break, up to a night, on which the rule was broken."""
    rows = [
        (day, row["unexpected"])
        for day in lake.windows("quality", source)
        if day <= night
        for file in lake.files("quality", source, [day])
        for row in pq.ParquetFile(file).read().to_pylist()
        if row["rule"] == rule
    ]
    return first_of_run(rows, night)


def first_of_run(counts: list[tuple[date, int]], night: date) -> date:
    """The first of the nights, up to the last, on which something was counted night after night; `night` if there is none."""
    first = night
    for day, count in sorted(counts, reverse=True):
        if not count:
            break
        first = day
    return first


def export(rows: list[Waiting], table: TableId, path: Path) -> int:
    """Writes rows that wait as a CSV for a person to mend: why each waits, then the entity's columns as they were found.

    The file holds personal data. Gives the number of rows.
    """
    columns = ENTITIES[table.entity].names
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow([*TOLD, *columns])
        for row in rows:
            record = row.record or {}
            why = [", ".join(dict.fromkeys(str(line[name]) for line in row.reasons if line[name])) for name in ("column", "rule", "reason")]
            writer.writerow([row.id, row.as_of, row.row, *why, *(_cell(record.get(name)) for name in columns)])
    return len(rows)


def give_back(company: Company, lake: Lake, table: TableId, path: Path) -> int:
    """Takes an exported CSV whose rows a person has mended; they come in with the next night. Gives how many were mended.

    Rows that read as they were exported are left waiting. Errors: SourceError, naming file, line, column and mend, when the
    file is not such a CSV, a row does not wait any more, or a mended row still breaks a rule; then nothing is taken.
    """
    source, entity = str(table), ENTITIES[table.entity]
    rows = {row.id: row for row in waiting_now(company, lake, source)}
    known = corrections.known_corrections(lake, source)
    mended: dict[str, tuple[Waiting, dict[str, str]]] = {}
    places: dict[str, int] = {}
    for line, given in _lines(path, entity.names):
        name = given[ID]
        if name not in rows:
            if name in known and known[name] == _record(given, entity.names):
                continue  # given back before, and in by now
            raise SourceError(
                f"{path}, line {line}: no row of {source} waits under {name!r}. It is mended, or its source changed it. Export again."
            )
        record = _record(given, entity.names)
        if record != {column: _cell(value) for column, value in (rows[name].record or {}).items() if column in entity.names}:
            mended[name], places[name] = (rows[name], record), line
    if mended:
        _are_right(company, table, path, mended, places)
        corrections.remember(lake, source, _last(lake, source)[0], mended)
    return len(mended)


def drop(company: Company, lake: Lake, table: TableId, rule: str | None, row: int | None, reason: str) -> int:
    """Rows that wait are left out from the next night on, for a reason; gives how many.

    rule, row: as in `picked`. A row that its source changes comes back. Errors: SourceError if no such row waits.
    """
    source = str(table)
    rows = picked(waiting_now(company, lake, source), rule, row)
    if not rows:
        raise SourceError(f"{source}: no such row waits. See what does: mandegar quarantine show {source}")
    corrections.drop(lake, source, _last(lake, source)[0], rows, reason)
    return len(rows)


def picked(rows: list[Waiting], rule: str | None, row: int | None) -> list[Waiting]:
    """Of rows that wait those that break a rule, or stand at a place of the source; None: whichever."""
    return [one for one in rows if row in (None, one.row) and (rule is None or any(line["rule"] == rule for line in one.reasons))]


def _are_right(
    company: Company, table: TableId, path: Path, mended: dict[str, tuple[Waiting, dict[str, str]]], places: dict[str, int]
) -> None:
    """Mended rows meet every `fail` rule. Errors: SourceError, one line for each thing that is still wrong."""
    last = max(row.as_of for row, _ in mended.values())
    rules = suites.load(company).rules(table, last)
    zone = table.table.time_zone or company.time_zone
    entity = ENTITIES[table.entity]
    numbered = list(mended)
    records = [(place, mended[name][1]) for place, name in enumerate(numbered)]
    with closing(RowFilter(table, entity, rules, ZoneInfo(zone), {}, "en")) as row_filter:
        row_filter.sift(in_utc(corrections.typed(entity, records, zone, conditions(rules))))
        still = [line for batch in row_filter.buffer.batches() for line in batch.to_pylist()]
    if still:
        raise SourceError(
            "\n".join(
                f"{path}, line {places[numbered[line['row']]]}: {line['column']} {line['reason']}. Mend it, and give the file back again."
                for line in still
            )
        )


def _lines(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a CSV that was exported, each with its line."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            if missing := [name for name in (ID, *columns) if name not in (reader.fieldnames or ())]:
                raise SourceError(f"{path}: has no column {missing[0]!r}. Give back a file that `mandegar quarantine show --out` wrote.")
            for row in reader:
                if None in row or None in row.values():
                    raise SourceError(f"{path}, line {reader.line_num}: has another number of cells than the header. Mend the line.")
                yield reader.line_num, row
    except OSError as problem:
        raise SourceError(f"{path}: cannot be read ({problem.strerror}). Name the CSV that holds the mended rows.") from problem
    except UnicodeDecodeError as problem:
        raise SourceError(f"{path}: is not UTF-8. Save it as CSV UTF-8.") from problem


def _record(given: dict[str, str], columns: tuple[str, ...]) -> dict[str, str]:
    return {name: given[name] for name in columns if given[name] != ""}


def _cell(value: object) -> str:
    """A value of a record as the CSV has it."""
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _sources(company: Company, lake: Lake) -> list[str]:
    """The source tables that came in, and the entities whose rows wait for their customer."""
    orphans = [f"conform.{entity}" for entity in ENTITIES if company.has(entity)]
    return [name for name in (*map(str, company.tables()), *orphans) if lake.exists("quarantine", name)]
