"""DuckDB for one question, beside the engine of a night: quiet, with bounded memory, and with as many threads as the environment allows."""

import os
from pathlib import Path

import duckdb

from mandegar.errors import MandegarError

MEMORY = "2GB"
THREADS = "MANDEGAR_THREADS"
FUNCTIONS = ("MACRO whole_seconds(instant) AS CAST(floor(epoch(instant)) AS BIGINT)",)  # that expressions call by name


def threads() -> dict[str, int]:
    """The setting that bounds DuckDB's threads, where the environment does; else it takes one for each core.

    Errors: MandegarError when the variable holds no number of threads.
    """
    asked = os.environ.get(THREADS, "").strip()
    if not asked:
        return {}
    if not asked.isdecimal() or int(asked) == 0:
        raise MandegarError(f"{THREADS} is {asked!r}, which is no number of threads. Give it a whole number from 1 on, or take it away.")
    return {"threads": int(asked)}


def connected(scratch: Path | None = None) -> duckdb.DuckDBPyConnection:
    """A DuckDB of its own, to be closed after use. scratch: a folder that it may spill to."""
    settings = {"temp_directory": str(scratch)} if scratch else {}
    connection = duckdb.connect(config={"memory_limit": MEMORY, **settings, **threads()})
    connection.execute("SET enable_progress_bar = false")
    return connection
