"""Exports of single events, counted: how often each customer used each feature on each of the company's days."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from mandegar.compute import duck
from mandegar.errors import SourceError
from mandegar.sources.rest.rest import Reach, Record
from mandegar.sources.rest.rest_config import NEVER

LONGEST_EVENT = 64 << 20  # bytes of one event; DuckDB's own limit is 16 MiB
BATCH_ROWS = 10_000


@dataclass(frozen=True)
class Shape:
    """Where an event says what. customer, feature, insert_id: paths of JSON; at: SQL over `event` that gives the instant; same: paths that,
    equal together with insert_id, make two events one."""

    customer: str
    feature: str
    insert_id: str
    at: str
    same: tuple[str, ...]


def path(dotted: str) -> str:
    """A path of JSON from names with dots between them; a name may hold signs such as $."""
    return "$" + "".join(f'."{part}"' for part in dotted.split("."))


def spans(reach: Reach, zone: ZoneInfo) -> Iterator[tuple[date, date]]:
    """The days to ask for, in the export's own zone, first and last of each request.

    The first night goes back `history_days`; a request takes `days_at_once`.
    """
    window, size = reach.window, int(reach.options["days_at_once"])
    if window.ends_at.year >= NEVER:  # only to see whether anybody answers
        yield date(2020, 1, 1), date(2020, 1, 1)
        return
    starts = window.starts_at or window.ends_at - timedelta(days=int(reach.options["history_days"]))
    first, last = starts.astimezone(zone).date(), (window.ends_at - timedelta(microseconds=1)).astimezone(zone).date()
    while first <= last:
        yield first, min(first + timedelta(days=size - 1), last)
        first += timedelta(days=size)


def counted(reach: Reach, files: list[Path], shape: Shape) -> Iterator[Record]:
    """Events of files of JSON lines, gzipped or not, counted within the window.

    Grain: customer_id, day (of the company), feature, per call. Columns: events. An event that stands there twice, with one insert_id,
    counts once; one without a customer not at all. DuckDB counts, on disk where memory is short.
    Errors: SourceError if a line is not JSON.
    """
    if not files:
        return
    window = reach.window
    starts = window.starts_at or datetime(1970, 1, 1, tzinfo=UTC)
    equal = ", ".join(f"json_extract_string(event, ${number})" for number in range(8, 8 + len(shape.same)))
    query = f"""
        WITH told AS (
            SELECT json_extract_string(event, $4) AS customer_id, json_extract_string(event, $5) AS feature, {shape.at} AS happened,
                coalesce(json_extract_string(event, $6), uuid()::VARCHAR) AS insert_id, concat_ws(chr(31), {equal}) AS same
            FROM (SELECT json AS event FROM read_ndjson_objects($1, maximum_object_size = {LONGEST_EVENT}))),
        once AS (SELECT DISTINCT * FROM told WHERE happened >= $2 AND happened < $3 AND customer_id <> '' AND feature <> '')
        SELECT customer_id, strftime(timezone($7, happened), '%Y-%m-%d') AS day, feature, count(*) AS events
        FROM once GROUP BY ALL ORDER BY ALL"""  # noqa: S608 - what stands in it is the vendors' modules' own
    given = [[str(file) for file in files], starts, window.ends_at, *map(path, (shape.customer, shape.feature, shape.insert_id))]
    with duck.connected() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        try:
            rows = connection.execute(query, [*given, reach.zone.key, *map(path, shape.same)])
            while some := rows.fetchmany(BATCH_ROWS):
                for row in some:
                    yield dict(zip(("customer_id", "day", "feature", "events"), row, strict=True))
        except duckdb.Error as problem:
            said = reach.session.speaker.told(str(problem).partition("\n")[0])
            raise SourceError(f"{reach.table}: the export cannot be read as JSON lines ({said}). Run the night again.") from None
