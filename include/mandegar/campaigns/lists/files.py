"""Writing the lists: send, holdout and suppressed, each in three forms, and a manifest written last."""

import functools
import hashlib
import io
import json
import os
import re
import tempfile
from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from mandegar.campaigns.file.words import Campaign
from mandegar.campaigns.lists.presets import SMS, opt_outs, preset_rows, sms_rows
from mandegar.campaigns.lists.rows import Lists, tuples
from mandegar.campaigns.lists.words import COLUMNS, DECIDING_RULE, DECISIONS

MANIFEST = "manifest.json"
STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")
RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff]")
UNFINISHED = ".unfinished-"
MOST_IN_A_SHEET = 20_000  # rows that a person looks through; more are in the CSV files alone


def write_lists(
    folder: Path,
    campaign: Campaign,
    lists: Lists,
    as_of: date,
    mode: str,
    presets: Sequence[str] = (),
    texts: dict[str, str] | None = None,
    beside: dict[str, pa.Table] | None = None,
) -> Path:
    """Writes the lists and, last, their manifest; gives the manifest's path.

    presets: importers whose own columns are written too (lists.presets). texts: what an SMS says, by dedupe_key.
    beside: further files of texts, by name.

    A reader waits for manifest.json and compares the hashes in it. Written again with the same rows, every file has the
    same bytes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST).unlink(missing_ok=True)
    for left_behind in folder.glob(f".*{UNFINISHED}*"):  # by one that was killed
        left_behind.unlink(missing_ok=True)
    files = {}
    for decision in DECISIONS:
        rows = lists.of(decision)
        columns = [*COLUMNS, *([DECIDING_RULE] if decision == "suppressed" else [])]
        forms: dict[str, Callable[[list[str], pa.Table], bytes]] = {f"{decision}.csv": _spreadsheet_csv, f"{decision}.api.csv": _api_csv}
        if len(rows) <= MOST_IN_A_SHEET:
            forms[f"{decision}.xlsx"] = lambda columns, rows: _xlsx(columns, rows, as_of)
        else:
            (folder / f"{decision}.xlsx").unlink(missing_ok=True)
        for name, form in forms.items():
            content = form(columns, rows)
            _write_whole(folder / name, content)
            files[name] = {"rows": len(rows), "sha256": hashlib.sha256(content).hexdigest()}
    for name, rows in (_for_importers(lists, presets, texts or {}) | (beside or {})).items():
        content = _api_csv(rows.column_names, rows)
        _write_whole(folder / name, content)
        files[name] = {"rows": len(rows), "sha256": hashlib.sha256(content).hexdigest()}
    manifest = {
        "campaign_id": campaign.id,
        "as_of": as_of.isoformat(),
        "mode": mode,
        "list_version": lists.version,
        "rows": {decision: len(lists.of(decision)) for decision in DECISIONS},
        "files": files,
    }
    _write_whole(folder / MANIFEST, (json.dumps(manifest, ensure_ascii=False, indent=2) + "\n").encode())
    return folder / MANIFEST


def _for_importers(lists: Lists, presets: Sequence[str], texts: dict[str, str]) -> dict[str, pa.Table]:
    """The files of importers, by name."""
    found = {f"send.{name}.csv": sms_rows(lists.send, texts) if name == SMS else preset_rows(name, lists.send) for name in presets}
    return found | ({"optouts.hubspot.csv": opt_outs(lists.suppressed)} if "hubspot" in presets else {})


def mode_of(folder: Path) -> str | None:
    """Whether the lists in a folder are a dry run's or a live run's; None while they are not complete."""
    manifest = folder / MANIFEST
    return json.loads(manifest.read_text(encoding="utf-8"))["mode"] if manifest.is_file() else None


def neutral(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return "'" + cell if cell.startswith(STARTS_A_FORMULA) else cell


def _spreadsheet_csv(columns: list[str], rows: pa.Table) -> bytes:
    """For a spreadsheet: UTF-8 with BOM, CRLF, no cell that could run."""
    safe = [_neutral_column(rows[name]) for name in rows.column_names]
    return b"\xef\xbb\xbf" + _csv(columns, pa.Table.from_arrays(safe, names=rows.column_names), "\r\n")


def _api_csv(columns: list[str], rows: pa.Table) -> bytes:
    """For a program: plain UTF-8, cells as they are."""
    return _csv(columns, rows, "\n")


def _neutral_column(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    """What `neutral` makes of every cell."""
    runs = functools.reduce(pc.or_, (pc.starts_with(cells, start) for start in STARTS_A_FORMULA))
    return pc.if_else(runs, pc.binary_join_element_wise("'", cells, ""), cells) if pc.any(runs).as_py() else cells


def _csv(columns: list[str], rows: pa.Table, line_end: str) -> bytes:
    """Cells are quoted where they have to be (RFC 4180)."""
    cells = [_quoted(rows[name]) for name in rows.column_names]
    lines = pc.binary_join_element_wise(*cells, ",").to_pylist() if len(rows) else []
    return "".join(line + line_end for line in (",".join(columns), *lines)).encode()


def _quoted(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    """Cells that hold a comma, a quote or the end of a line, in quotes."""
    special = pc.match_substring_regex(cells, '[",\\r\\n]')
    if not pc.any(special).as_py():
        return cells
    return pc.if_else(special, pc.binary_join_element_wise('"', pc.replace_substring(cells, '"', '""'), '"', ""), cells)


def _xlsx(columns: list[str], rows: pa.Table, as_of: date) -> bytes:
    """For a person: every cell text, the header fixed, the same bytes every time."""
    import xlsxwriter

    content = io.BytesIO()
    book = xlsxwriter.Workbook(
        content, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    )
    book.set_properties({"created": datetime(as_of.year, as_of.month, as_of.day)})
    sheet = book.add_worksheet("list")
    bold, text = book.add_format({"bold": True}), book.add_format({"num_format": "@"})
    right_to_left = book.add_format({"num_format": "@", "reading_order": 2})
    sheet.freeze_panes(1, 0)
    for place, column in enumerate(columns):
        seen = rows[column].slice(0, 500).to_pylist() if column in rows.column_names else []
        longest = max([len(column), *map(len, seen)])
        sheet.set_column(place, place, min(longest + 2, 40), text)
        sheet.write_string(0, place, column, bold)
    for line, row in enumerate(tuples(rows), start=1):
        for place, cell in enumerate(row):
            sheet.write_string(line, place, neutral(cell), right_to_left if RIGHT_TO_LEFT.search(cell) else text)
    book.close()
    return content.getvalue()


def _write_whole(path: Path, content: bytes) -> None:
    """The file appears with all its bytes or not at all."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}{UNFINISHED}", delete=False) as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
        os.fchmod(stream.fileno(), 0o644)
    Path(stream.name).replace(path)
