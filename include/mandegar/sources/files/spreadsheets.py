"""XLSX: the first sheet, its first row the names of the columns; unpacked within bounds, read row by row."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from mandegar.errors import SourceError
from mandegar.sources import names
from mandegar.sources.files.packed import refuse_bomb
from mandegar.sources.rows import BATCH_ROWS, ROW, as_text

TEXTS_BYTES = 256 << 20  # of the table of texts, which is held in memory
FREE_BYTES, TIMES = 32 << 20, 100  # how far it may unpack (sources.files.packed): a cell takes thirty times its bytes in memory


def open_xlsx(path: Path) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """The columns of the first sheet and its rows in batches. Errors: SourceError if it unpacks to more than it may."""
    _is_bounded(path)
    from openpyxl import load_workbook

    sheet = load_workbook(path, read_only=True, data_only=True).worksheets[0]
    sheet.reset_dimensions()  # what it says of its own size is not to be trusted: every row would be filled up to it
    rows = sheet.iter_rows(values_only=True)
    header = {place: str(name).strip() for place, name in enumerate(next(rows, ())) if name is not None}
    if not header:
        raise SourceError(f"{path}: the first row of the first sheet is empty; it has to hold the column names.")
    places, given = list(header), list(header.values())
    header = {places[place]: given[place] for place in names.kept(path, given)}
    schema = pa.schema([*((name, pa.string()) for name in header.values()), ROW])
    return schema, _batches(rows, header, schema)


def _is_bounded(path: Path) -> None:
    with zipfile.ZipFile(path) as packed:
        members = packed.infolist()
    refuse_bomb(str(path), path.stat().st_size, sum(member.file_size for member in members), FREE_BYTES, TIMES)
    texts = sum(member.file_size for member in members if member.filename.endswith("sharedStrings.xml"))
    if texts > TEXTS_BYTES:
        raise SourceError(
            f"{path}: its texts come to {texts >> 20:,} MB, and at most {TEXTS_BYTES >> 20} MB are held. Export it as CSV or Parquet."
        )


def _batches(rows: Iterator[tuple], header: dict[int, str], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    batch: list[dict] = []
    for number, cells in enumerate(rows, start=2):
        if any(cell is not None for cell in cells):
            batch.append({name: as_text(cells[place]) for place, name in header.items() if place < len(cells)} | {"_row": number})
        if len(batch) == BATCH_ROWS:
            yield pa.RecordBatch.from_pylist(batch, schema=schema)
            batch = []
    if batch:
        yield pa.RecordBatch.from_pylist(batch, schema=schema)
