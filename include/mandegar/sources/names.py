"""The names of a source's columns: what the lake and its engines can tell apart, and what they keep for themselves."""

from collections.abc import Iterator

import pyarrow as pa

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
