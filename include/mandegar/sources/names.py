"""The names of a source's tables and columns: what the lake and its engines can tell apart, and what they keep for themselves."""

import difflib
from collections.abc import Iterator

import pyarrow as pa

from mandegar.config.company import Company
from mandegar.config.systems import TableId
from mandegar.errors import SourceError
from mandegar.sources.rows import ROW, UNREADABLE

OWN = (ROW.name, UNREADABLE.name)
RESERVED = (*OWN, "as_of")  # the lake's own columns
MOST_COLUMNS = 2_000
LONGEST = 500  # letters of a name


def kept(shown: object, names: list[str]) -> list[int]:
    """The places of the columns that are taken: not those without a name, nor those whose name is the lake's own.

    shown: how the message names the source. Errors: SourceError if two names are one to an engine, or there are too many.
    """
    places = [place for place, name in enumerate(names) if name and not is_reserved(name)]
    if len(places) > MOST_COLUMNS:
        raise SourceError(
            f"{shown}: has {len(places):,} columns, and at most {MOST_COLUMNS:,} are taken. Leave out what is not needed; "
            "where values have become names of columns, write them as rows."
        )
    seen: dict[str, str] = {}
    for place in places:
        name = names[place]
        if len(name) > LONGEST:
            raise SourceError(
                f"{shown}: a column is named with {len(name):,} letters ({name[:40]!r} …). Is the first row really the header?"
            )
        other = seen.setdefault(name.lower(), name)
        if other is name:
            continue
        if other == name:
            raise SourceError(f"{shown}: the header names {name!r} twice. Rename one of the two columns.")
        raise SourceError(
            f"{shown}: the header names {other!r} and {name!r}, which differ by case alone and are one name to SQL. "
            "Rename one of the two columns, or leave it out."
        )
    return places


def is_reserved(name: str) -> bool:
    """Whether a name is one that the lake gives to columns of its own."""
    return name.lower() in RESERVED


def fitting(shown: object, schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """The rows of any source with the columns that are taken, and the reader's own. Errors: as of kept."""
    own = [place for place, name in enumerate(schema.names) if name in OWN]
    if any(schema.names.count(name) > 1 for name in OWN):
        raise SourceError(f"{shown}: a column is called {ROW.name!r} or {UNREADABLE.name!r}, names of the lake's own. Rename it there.")
    places = sorted({*kept(shown, schema.names), *own})
    if places == list(range(len(schema))):
        return schema, batches
    return pa.schema([schema.field(place) for place in places]), (batch.select(places) for batch in batches)


def where(company: Company, table: TableId) -> str:
    """How messages name a source table: the file, or the table of the database."""
    if table.table.file:
        return table.table.file if "://" in table.table.file else str(company.folder / table.table.file)
    return f"{table.source_name}: {table.table.table or table.table.resource or 'query'}"


def lacks(shown: object, column: str, schema: pa.Schema, wanted_for: str) -> SourceError:
    """The message for a column that a source does not have. wanted_for: `entity.column`, or what else needs it."""
    if is_reserved(column):
        return SourceError(
            f"{shown}: column {column!r}, needed for {wanted_for}, has a name that the lake keeps for itself. Give it another there, "
            f"in a database by `query: SELECT {column} AS stated_{column.strip('_')}, …`."
        )
    there = [name for name in schema.names if not name.startswith("_")]
    close = difflib.get_close_matches(column, there, n=1, cutoff=0.5)
    guess = close[0] if close else "its name there"
    entity, _, name = wanted_for.partition(".")
    mend = f"If it is called otherwise there, map it in company.yaml, under columns of {entity}: `{name or column}: {guess}`."
    return SourceError(f"{shown}: has no column {column!r}, needed for {wanted_for}. It has: {', '.join(there)}. {mend}")
